/* The engine climbs by every kind of condition, one verified rung after the other, and says what it leaves out. */
#include "engine-play.h"

#define ACT "[Match]\nUnit=*\n[Policy]\nMode=act\n"
#define THREE                                                                                                          \
        ACT "[Rung ask]\nUsage=60%\nAction=signal SIGUSR1\n[Rung drop]\nUsage=75%\nAction=reclaim 10%\n"               \
            "[Rung restart]\nUsage=90%\nAction=restart\n"

static void it_sheds_and_the_ladder_relaxes(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, THREE);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_hit(&rig, 121 * MIB, 0);
        expect(&rig, "[rung ask taken] do(signal SIGUSR1 main) high=150M");
        rig_wait(&rig, 200 * USEC_PER_MSEC);
        play_answer(&rig, VERB_SIGNAL, 0);
        expect(&rig, "[action signal SIGUSR1 main done]");
        rig.worlds[0].ws = 60 * MIB;
        rig_wait(&rig, 30 * USEC_PER_SEC);
        expect(&rig, "[verified ask helped] [relaxed ask calm] high=120M");
        assert_int_equal(play_view(&rig).state, LADDER_CALM);
        rig_done(&rig);
}

static void a_later_rung_within_the_settling_time_is_an_emergency(void **state) {
        ActionList actions = {0};
        Event event;
        Rig rig;

        (void) state;
        rig_init(&rig, THREE);
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 121 * MIB, 0);
        rig.now += USEC_PER_SEC;
        event = play_event(&rig.worlds[0], EVENT_SAMPLE);
        rig.worlds[0].ws = 185 * MIB;
        event.time = rig.now;
        event.sample = rig_reading(&rig, &rig.worlds[0]);
        engine_step(rig.engine, &event, &actions);
        assert_string_equal(actions.items[0].record.result, "emergency");
        assert_string_equal(actions.items[0].record.rung, "restart");
        assert_non_null(strstr(actions.items[0].record.text, "the verify of rung 'ask' was skipped"));
        assert_non_null(strstr(actions.items[0].record.text, "1 rung before it was left out"));
        rig_done(&rig);
}

static void one_rung_after_the_other_is_none(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, THREE);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_hit(&rig, 121 * MIB, 0);
        rig_wait(&rig, 6 * USEC_PER_SEC);
        play_hit(&rig, 151 * MIB, 0);
        rig_wait(&rig, 6 * USEC_PER_SEC);
        play_hit(&rig, 181 * MIB, 0);
        expect(&rig, "[rung ask taken] do(signal SIGUSR1 main) high=150M [verified ask no-help] "
                     "[rung drop taken] do(reclaim 10%) high=180M [verified drop no-help] "
                     "[rung restart taken] high-back=unlimited do(restart) spend");
        rig_done(&rig);
}

static void a_hold_is_waited_for_and_told_once(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung ask]\nUsage=60%\nHold=30s\nAction=signal SIGUSR1\n");
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_hit(&rig, 121 * MIB, 0);
        expect(&rig, "[withheld ask hold] high-back=unlimited");
        for (int i = 0; i < 29; i++) {
                rig_wait(&rig, USEC_PER_SEC);
                play_reading(&rig, 122 * MIB, 0);
        }
        expect(&rig, "");
        rig_wait(&rig, USEC_PER_SEC);
        expect(&rig, "[rung ask taken] do(signal SIGUSR1 main)");
        rig_done(&rig);
}

static void a_hold_above_a_rung_just_taken_is_told_once_as_well(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig,
                 ACT "[Rung ask]\nUsage=60%\nAction=notify\n[Rung drop]\nUsage=75%\nHold=30s\nAction=reclaim 10%\n");
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_hit(&rig, 151 * MIB, 0);
        expect(&rig, "[withheld drop hold] [rung ask taken] [action notify done] high-back=unlimited");
        rig_done(&rig);
}

static void a_hold_that_was_interrupted_begins_anew(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung ask]\nUsage=60%\nHold=30s\nAction=signal SIGUSR1\n");
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 121 * MIB, 0);
        rig_wait(&rig, 20 * USEC_PER_SEC);
        play_reading(&rig, 100 * MIB, 0);
        play_hit(&rig, 121 * MIB, 0);
        rig_wait(&rig, 20 * USEC_PER_SEC);
        assert_int_equal(play_view(&rig).rung, -1);
        rig_wait(&rig, 11 * USEC_PER_SEC);
        assert_int_equal(play_view(&rig).rung, 0);
        rig_done(&rig);
}

static void counted_events_fire_and_are_spent(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung restart]\nEvent=max 3/1min\nAction=signal SIGUSR1\n");
        play_found(&rig, 100 * MIB);
        assert_int_equal(play_view(&rig).watch, WATCH_NONE);
        (void) play_log(&rig);
        rig.worlds[0].n_max += 2;
        play_reading(&rig, 100 * MIB, 0);
        expect(&rig, "");
        /* Two minutes later they are forgotten. */
        rig.now += 2 * USEC_PER_MINUTE;
        rig.worlds[0].n_max += 2;
        play_reading(&rig, 100 * MIB, 0);
        expect(&rig, "");
        rig.worlds[0].n_max++;
        play_reading(&rig, 100 * MIB, 0);
        expect(&rig, "[rung restart taken] do(signal SIGUSR1 main)");
        rig_wait(&rig, 20 * USEC_PER_SEC);
        expect(&rig, "[verified restart helped] [relaxed restart calm]");
        rig_done(&rig);
}

static void a_rung_spends_its_own_events_only(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung ask]\nUsage=60%\nAction=notify\n[Rung restart]\nEvent=max 3/1min\nAction=restart\n");
        play_found(&rig, 100 * MIB);
        rig.worlds[0].n_max += 2;
        play_reading(&rig, 100 * MIB, 0);
        play_hit(&rig, 121 * MIB, 0);
        assert_int_equal(play_view(&rig).rung, 0);
        rig_wait(&rig, 6 * USEC_PER_SEC);
        rig.worlds[0].n_max++;
        play_reading(&rig, 121 * MIB, 0);
        assert_int_equal(play_view(&rig).rung, 1);
        rig_done(&rig);
}

/* A deadline that has passed is not forgotten because something else happens before its tick. */
static void what_is_overdue_stays_due(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, THREE);
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 121 * MIB, 0);
        (void) play_log(&rig);
        rig.now += USEC_PER_MINUTE;
        play_foreign_high(&rig, BYTES_INFINITY);
        rig_wait(&rig, 0);
        expect(&rig, "high=150M [verified ask no-help]");
        rig_done(&rig);
}

static void what_was_counted_before_we_looked_is_no_news(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung restart]\nEvent=oom-kill 1/1min\nAction=signal SIGUSR1\n");
        rig.worlds[0].n_oom_kill = 7;
        play_found(&rig, 100 * MIB);
        expect(&rig, "[armed events]");
        rig.worlds[0].n_oom_kill = 8;
        play_reading(&rig, 100 * MIB, 0);
        expect(&rig, "[rung restart taken] do(signal SIGUSR1 main)");
        rig_done(&rig);
}

/* Those of our own wire say nothing about the service, also those that come in while it is being lifted. */
static void high_events_of_our_own_wire_are_not_counted(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung ask]\nUsage=60%\nAction=notify\n[Rung restart]\nEvent=high 5/1min\nAction=restart\n");
        play_found(&rig, 100 * MIB);
        rig.worlds[0].n_high += 20;
        play_hit(&rig, 121 * MIB, 0);
        assert_int_equal(rig.worlds[0].high, BYTES_INFINITY);
        rig.worlds[0].n_high += 20;
        play_reading(&rig, 121 * MIB, 0);
        rig_wait(&rig, 20 * USEC_PER_SEC);
        assert_int_equal(play_view(&rig).rung, 0);
        /* Nothing of ours is there any more: these are the operator's wall. */
        rig.worlds[0].n_high += 20;
        rig_wait(&rig, 20 * USEC_PER_SEC);
        assert_int_equal(play_view(&rig).rung, 1);
        rig_done(&rig);
}

static void pressure_is_a_condition_like_any_other(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung ask]\nPressureSome=300ms/1s\nAction=signal SIGUSR1\n");
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_stalled(&rig, 0);
        rig_wait(&rig, 500 * USEC_PER_MSEC);
        play_stalled(&rig, 299 * USEC_PER_MSEC);
        expect(&rig, "");
        play_stalled(&rig, USEC_PER_MSEC);
        expect(&rig, "[rung ask taken] do(signal SIGUSR1 main)");
        for (int i = 0; i < 20; i++) {
                rig_wait(&rig, USEC_PER_SEC);
                play_stalled(&rig, 0);
        }
        expect(&rig, "[verified ask helped] [relaxed ask calm]");
        rig_done(&rig);
}

/* The shell stops reading when the directory is calm. What was last read is no evidence for ever. */
static void pressure_that_is_read_no_more_holds_no_more(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung ask]\nPressureSome=300ms/1s\nHold=1min\nAction=signal SIGUSR1\n");
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_stalled(&rig, 0);
        rig_wait(&rig, 500 * USEC_PER_MSEC);
        play_stalled(&rig, 400 * USEC_PER_MSEC);
        expect(&rig, "[withheld ask hold]");
        rig_wait(&rig, 5 * USEC_PER_MINUTE);
        expect(&rig, "");
        rig_done(&rig);
}

static void a_hit_wire_makes_no_pressure_rung(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung ask]\nUsage=60%\nPressureSome=300ms/1s\nAction=signal SIGUSR1\n");
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_stalled(&rig, 0);
        rig_wait(&rig, 200 * USEC_PER_MSEC);
        play_hit(&rig, 110 * MIB, 12 * MIB);
        play_stalled(&rig, 500 * USEC_PER_MSEC);
        rig_wait(&rig, 500 * USEC_PER_MSEC);
        play_stalled(&rig, 500 * USEC_PER_MSEC);
        assert_int_equal(play_view(&rig).rung, -1);
        rig_done(&rig);
}

/* Answers that are lost must not use up the room for good. */
static void more_actions_than_there_is_room_for_are_refused_for_a_while(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, THREE);
        play_found(&rig, 50 * MIB);
        for (int i = 0; i < 128; i++)
                assert_int_equal(play_drill(&rig, "ask"), 0);
        (void) play_log(&rig);
        assert_int_equal(play_drill(&rig, "ask"), 0);
        expect(&rig, "[rung ask drill] [withheld signal SIGUSR1 main too-many]");
        rig_wait(&rig, 20 * USEC_PER_MINUTE);
        (void) play_log(&rig);
        assert_int_equal(play_drill(&rig, "ask"), 0);
        expect(&rig, "[rung ask drill] do(signal SIGUSR1 main) high=150M");
        rig_done(&rig);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_sheds_and_the_ladder_relaxes),
                cmocka_unit_test(a_later_rung_within_the_settling_time_is_an_emergency),
                cmocka_unit_test(one_rung_after_the_other_is_none),
                cmocka_unit_test(a_hold_is_waited_for_and_told_once),
                cmocka_unit_test(a_hold_above_a_rung_just_taken_is_told_once_as_well),
                cmocka_unit_test(a_hold_that_was_interrupted_begins_anew),
                cmocka_unit_test(counted_events_fire_and_are_spent),
                cmocka_unit_test(a_rung_spends_its_own_events_only),
                cmocka_unit_test(what_is_overdue_stays_due),
                cmocka_unit_test(what_was_counted_before_we_looked_is_no_news),
                cmocka_unit_test(high_events_of_our_own_wire_are_not_counted),
                cmocka_unit_test(pressure_is_a_condition_like_any_other),
                cmocka_unit_test(pressure_that_is_read_no_more_holds_no_more),
                cmocka_unit_test(a_hit_wire_makes_no_pressure_rung),
                cmocka_unit_test(more_actions_than_there_is_room_for_are_refused_for_a_while),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
