/* A unit that stands still at a limit is read every few seconds, told of and acted on; no other is read for that. */
#include "engine-play.h"

#define WALL "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung restart]\nEvent=limit-stall 1/10min\nAction=restart\n"
#define WATCHED "[Match]\nUnit=*\n"

static Rig rig;

/* What the trend asks for in an hour of a unit that has moved once; a suspect is read three times as often. */
#define TREND_HOURLY 300

/* Found at its operator's MemoryHigh= of 100M, where it is held from now on. */
static void stuck(const char *policy) {
        World *world;

        rig_init(&rig, policy);
        world = &rig.worlds[0];
        world->high = world->operator_high = 100 * MIB;
        world->lost = 95;
        world->strain_at = rig.now;
        play_found(&rig, 101 * MIB);
        (void) play_log(&rig);
        rig.n_samples = 0;
}

static void it_is_told_once_and_within_30_seconds(void **state) {
        (void) state;
        stuck(WATCHED);
        play_hit(&rig, 101 * MIB, 0);
        rig_wait(&rig, 15 * USEC_PER_SEC);
        expect(&rig, "");
        rig_wait(&rig, 2 * USEC_PER_SEC);
        expect(&rig, "[incident limit-stall]");
        assert_in_range(rig.n_samples, 3, 10); /* some are the trend's */
        rig_wait(&rig, 60 * USEC_PER_MINUTE);
        expect(&rig, "");
        /* By then as slowly as anything calm. */
        assert_in_range(rig.n_samples, 4 * 60 - 2, 4 * 60 + 6);
        rig_done(&rig);
}

static char told_over[RECORD_TEXT_MAX]; /* the end of the last stall */
static unsigned n_over;

static void listen_to(Rig *from, const Event *event, const ActionList *actions, int result) {
        (void) from, (void) event, (void) result;
        for (unsigned i = 0; i < actions->n_items; i++) {
                const Record *record = &actions->items[i].record;

                if (actions->items[i].kind != ACTION_RECORD || record->kind != RECORD_STALL_OVER)
                        continue;
                n_over++;
                memcpy(told_over, record->text, sizeof(told_over));
        }
}

/* Once, when it has lasted: a short rest is no end. */
static void when_it_is_over_that_is_told_and_nothing_is_read_any_more(void **state) {
        unsigned n;

        (void) state;
        stuck(WATCHED);
        n_over = 0;
        rig.watcher = listen_to;
        play_hit(&rig, 101 * MIB, 0);
        rig_wait(&rig, 17 * USEC_PER_SEC);
        rig.worlds[0].lost = 0;
        rig.worlds[0].busy = 30;
        rig_wait(&rig, 35 * USEC_PER_SEC);
        rig.worlds[0].lost = 95;
        rig.worlds[0].busy = 0;
        rig_wait(&rig, 5 * USEC_PER_MINUTE);
        assert_int_equal(n_over, 0);
        expect(&rig, "[incident limit-stall]");
        rig.worlds[0].lost = 0;
        rig.worlds[0].busy = 30;
        rig_wait(&rig, 2 * USEC_PER_MINUTE);
        assert_int_equal(n_over, 1);
        assert_memory_equal(told_over, "api.service runs again: it stood still at a memory limit for 5 min ",
                            strlen("api.service runs again: it stood still at a memory limit for 5 min "));
        expect(&rig, "[stall over]");
        n = rig.n_samples;
        rig_wait(&rig, 60 * USEC_PER_MINUTE);
        assert_in_range(rig.n_samples - n, 0, 62 + 3 * 3); /* the trend's, that of a young unit */
        (void) play_log(&rig);
        rig.worlds[0].lost = 95;
        rig.worlds[0].busy = 0;
        play_hit(&rig, 101 * MIB, 0);
        rig_wait(&rig, 20 * USEC_PER_SEC);
        expect(&rig, "[incident limit-stall]");
        rig_done(&rig);
}

/* Who runs costs one more reading, and then only looks at readings that are made anyway. */
static void who_runs_costs_no_wakeup(void **state) {
        (void) state;
        stuck(WATCHED);
        rig.worlds[0].lost = 10;
        rig.worlds[0].busy = 3;
        for (unsigned i = 0; i < 1000; i++) {
                play_hit(&rig, 60 * MIB, 39 * MIB);
                rig.now += 10 * USEC_PER_MSEC;
        }
        rig_wait(&rig, 60 * USEC_PER_MINUTE);
        expect(&rig, "");
        assert_in_range(rig.n_samples, 0, TREND_HOURLY);
        rig_done(&rig);
}

/* It slows down first, and memory.events wakes us no more when it stands. */
static void one_that_slows_down_first_is_found_too(void **state) {
        (void) state;
        stuck(WATCHED);
        rig.worlds[0].lost = 20;
        play_hit(&rig, 101 * MIB, 0);
        rig_wait(&rig, 5 * USEC_PER_SEC);
        rig.worlds[0].lost = 95;
        rig_wait(&rig, 24 * USEC_PER_SEC);
        expect(&rig, "[incident limit-stall]");
        rig_done(&rig);
}

/* cgroup.pressure=0: the files are not there. */
static void who_can_t_be_judged_costs_no_wakeup(void **state) {
        (void) state;
        stuck(WATCHED);
        rig.no_strain = true;
        for (unsigned i = 0; i < 1000; i++) {
                play_hit(&rig, 101 * MIB, 0);
                rig.now += 10 * USEC_PER_MSEC;
        }
        rig_wait(&rig, 60 * USEC_PER_MINUTE);
        expect(&rig, "");
        assert_in_range(rig.n_samples, 0, TREND_HOURLY);
        rig_done(&rig);
}

static void a_rung_restarts_it_with_its_wall_lifted(void **state) {
        (void) state;
        stuck(WALL);
        play_hit(&rig, 101 * MIB, 0);
        rig_wait(&rig, 18 * USEC_PER_SEC);
        expect(&rig, "[incident limit-stall] [rung restart taken] high=unlimited do(restart) spend");
        rig_wait(&rig, 14 * USEC_PER_SEC);
        expect(&rig, "");
        play_stop(&rig);
        rig.worlds[0].operator_high = 100 * MIB;
        play_fresh_start(&rig, 101 * MIB);
        play_answer(&rig, VERB_RESTART, 0);
        (void) play_log(&rig);
        play_hit(&rig, 101 * MIB, 0);
        rig_wait(&rig, 20 * USEC_PER_SEC);
        assert_non_null(strstr(play_log(&rig), "do(restart)"));
        rig_done(&rig);
}

/* A rung whose action did not help may try again while it goes on. */
static void a_stall_that_goes_on_is_counted_again(void **state) {
        (void) state;
        stuck("[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung ask]\nEvent=limit-stall 3/10min\nAction=notify\n");
        play_hit(&rig, 101 * MIB, 0);
        rig_wait(&rig, 100 * USEC_PER_SEC);
        expect(&rig, "[incident limit-stall]");
        rig_wait(&rig, 60 * USEC_PER_SEC);
        assert_non_null(strstr(play_log(&rig), "[rung ask taken]"));
        rig_done(&rig);
}

static void what_we_do_ourselves_is_no_stall(void **state) {
        (void) state;
        rig_init(&rig, "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung brake]\nUsage=50%\nAction=throttle 1min\n");
        rig.swap_free = GIB;
        play_found(&rig, 90 * MIB);
        play_hit(&rig, 101 * MIB, 0);
        rig.worlds[0].lost = 95;
        rig.worlds[0].strain_at = rig.now;
        assert_non_null(strstr(play_log(&rig), "do(throttle 1min)"));
        for (unsigned i = 0; i < 14; i++) {
                play_hit(&rig, 101 * MIB, 0);
                rig_wait(&rig, 4 * USEC_PER_SEC);
        }
        assert_null(strstr(play_log(&rig), "incident"));
        rig_done(&rig);
}

/* memory.events of the unit says nothing then: whoever sees the parent's tells of the strain below it. */
static void a_limit_above_is_named(void **state) {
        Event event;

        (void) state;
        stuck(WATCHED);
        rig.worlds[0].high = rig.worlds[0].operator_high = BYTES_INFINITY;
        rig.worlds[0].stuck_above = true;
        event = rig_strain(&rig, &rig.worlds[0]);
        assert_int_equal(rig_feed(&rig, &event), 0);
        rig_wait(&rig, 17 * USEC_PER_SEC);
        expect(&rig, "[incident limit-stall]");
        rig_done(&rig);
}

static void many_suspects_take_turns(void **state) {
        Event event = {.kind = EVENT_STRAIN};

        (void) state;
        rig_init(&rig, WATCHED);
        for (unsigned i = 0; i < 3 * 64; i++) {
                Event start = {.kind = EVENT_START};

                snprintf(start.path, sizeof(start.path), "/system.slice/u%u.service", i);
                start.start.sample = rig_reading(&rig, &rig.worlds[0]);
                start.start.operator_high = BYTES_INFINITY;
                assert_int_equal(rig_feed(&rig, &start), 0);
        }
        /* All of them run, at a full cache; none is left out for good, and one that stands still finds room among them. */
        for (unsigned round = 0; round < 8; round++) {
                for (unsigned i = 0; i < 3 * 64; i++) {
                        snprintf(event.path, sizeof(event.path), "/system.slice/u%u.service", i);
                        assert_int_equal(rig_feed(&rig, &event), 0);
                }
                rig_wait(&rig, 5 * USEC_PER_SEC);
        }
        rig.worlds[0].high = rig.worlds[0].operator_high = 100 * MIB;
        rig.worlds[0].lost = 95;
        rig.worlds[0].strain_at = rig.now;
        play_found(&rig, 101 * MIB);
        (void) play_log(&rig);
        for (unsigned i = 0; i < 30; i++) {
                play_hit(&rig, 101 * MIB, 0);
                rig_wait(&rig, USEC_PER_SEC);
        }
        expect(&rig, "[incident limit-stall]");
        rig_done(&rig);
}

/* Slowed down, but it gets on, as it says itself. */
static void who_says_that_it_gets_on_is_believed(void **state) {
        (void) state;
        stuck(WALL);
        for (unsigned i = 0; i < 12; i++) {
                play_beat(&rig, 100 + i, UINT64_MAX, 90 * MIB);
                play_hit(&rig, 101 * MIB, 0);
                rig_wait(&rig, 10 * USEC_PER_SEC);
        }
        expect(&rig, "");
        /* It beats, and gets on no more. */
        for (unsigned i = 0; i < 4; i++) {
                play_beat(&rig, 112, UINT64_MAX, 90 * MIB);
                play_hit(&rig, 101 * MIB, 0);
                rig_wait(&rig, 10 * USEC_PER_SEC);
        }
        assert_non_null(strstr(play_log(&rig), "[incident limit-stall]"));
        rig_done(&rig);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_is_told_once_and_within_30_seconds),
                cmocka_unit_test(when_it_is_over_that_is_told_and_nothing_is_read_any_more),
                cmocka_unit_test(who_runs_costs_no_wakeup),
                cmocka_unit_test(one_that_slows_down_first_is_found_too),
                cmocka_unit_test(who_can_t_be_judged_costs_no_wakeup),
                cmocka_unit_test(a_rung_restarts_it_with_its_wall_lifted),
                cmocka_unit_test(a_stall_that_goes_on_is_counted_again),
                cmocka_unit_test(what_we_do_ourselves_is_no_stall),
                cmocka_unit_test(a_limit_above_is_named),
                cmocka_unit_test(many_suspects_take_turns),
                cmocka_unit_test(who_says_that_it_gets_on_is_believed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
