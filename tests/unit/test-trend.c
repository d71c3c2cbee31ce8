/* A leak is told once with its forecast, fires TimeToLimit= in time, and nothing calm is read more than once a minute. */
#include "engine-play.h"
#include "incident.h"

#define OBSERVE "[Match]\nUnit=*\n"
#define FOREWARN "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung warn]\nTimeToLimit=10min\nAction=notify\n"

static char told[4096];   /* sentences of incidents and of records of growth */
static unsigned n_leaks;
static Incident last;

static void listen_to(Rig *rig, const Event *event, const ActionList *actions, int result) {
        (void) rig;
        (void) event;
        (void) result;
        for (unsigned i = 0; i < actions->n_items; i++) {
                const Record *record = &actions->items[i].record;

                if (actions->items[i].kind != ACTION_RECORD ||
                    (record->kind != RECORD_INCIDENT && record->kind != RECORD_GROWTH))
                        continue;
                if (record->kind == RECORD_INCIDENT && record->incident->verdict == VERDICT_LEAK) {
                        n_leaks++;
                        last = *record->incident;
                }
                snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s\n", record->text);
        }
}

static void begin(Rig *rig, const char *policy) {
        rig_init(rig, policy);
        rig->watcher = listen_to;
        rig->now = 1200 * USEC_PER_SEC;
        told[0] = 0;
        n_leaks = 0;
}

/* Grows by so much a second until it has so much; the engine reads when it wants to. */
static void grow(Rig *rig, double rate, uint64_t until) {
        World *world = &rig->worlds[0];
        double held = (double) world->ws;

        while (world->ws < until) {
                rig_wait(rig, USEC_PER_SEC);
                held += rate;
                world->ws = (uint64_t) held;
        }
}

static void a_leak_is_told_once_and_its_end_too(void **state) {
        Rig rig;

        (void) state;
        begin(&rig, OBSERVE);
        play_fresh_start(&rig, 20 * MIB);
        grow(&rig, 25e3, 110 * MIB); /* an hour for 90M of the 180M that there are */
        assert_int_equal(n_leaks, 0);
        assert_true(play_view(&rig).growth.forecasts);
        grow(&rig, 25e3, 150 * MIB);
        assert_int_equal(n_leaks, 1);
        assert_int_equal(play_view(&rig).growth.class, GROWTH_LEAK);
        assert_int_equal(last.confidence, CONFIDENCE_LIKELY);
        assert_int_equal(last.n_evidence, 2);
        assert_non_null(strstr(told, "api.service: probably a leak: in 1 h"));
        assert_non_null(strstr(told, "at this rate it reaches its limit of 200M in "));
        told[0] = 0;
        rig_wait(&rig, 30 * USEC_PER_MINUTE);
        assert_string_equal(told, "api.service does not grow as a leak does any more: its working set is 150M, and its growth "
                                  "is judged to be: warm-up.\n");
        /* In this run not as an incident again, but in the next. */
        told[0] = 0;
        grow(&rig, 25e3, 195 * MIB);
        assert_int_equal(n_leaks, 1);
        assert_memory_equal(told, "api.service leaks again: at ", strlen("api.service leaks again: at "));
        assert_non_null(strstr(told, "it reaches its limit of 200M in "));
        play_stop(&rig);
        play_fresh_start(&rig, 20 * MIB);
        assert_int_equal(play_view(&rig).growth.class, GROWTH_UNKNOWN);
        grow(&rig, 25e3, 190 * MIB);
        assert_int_equal(n_leaks, 2);
        rig_done(&rig);
}

/* Where the Python module says whose growth it is, the incident does. */
static void a_leak_says_whose_growth_it_is(void **state) {
        World *world;
        Rig rig;

        (void) state;
        begin(&rig, OBSERVE);
        world = &rig.worlds[0];
        play_fresh_start(&rig, 20 * MIB);
        while (n_leaks == 0 && world->ws < 170 * MIB) {
                play_beat(&rig, UINT64_MAX, world->ws / 64, world->ws);
                grow(&rig, 25e3, world->ws + 30 * 25000);
        }
        assert_int_equal(n_leaks, 1);
        assert_int_equal(last.n_evidence, 3);
        assert_int_equal(last.evidence[2].source, WITNESS_MODULE);
        assert_non_null(strstr(last.evidence[2].text, "Process 7 grew by "));
        rig_done(&rig);
}

static void a_leak_that_hurries_is_told_anew(void **state) {
        Rig rig;

        (void) state;
        begin(&rig, OBSERVE);
        rig.worlds[0].operator_max = rig.worlds[0].max = GIB;
        play_fresh_start(&rig, 20 * MIB);
        grow(&rig, 50e3, 750 * MIB);
        assert_int_equal(n_leaks, 1);
        told[0] = 0;
        /* The limit is lowered: the way is shorter than was told. */
        rig.worlds[0].operator_max = rig.worlds[0].max = 850 * MIB;
        grow(&rig, 50e3, 800 * MIB);
        assert_int_equal(n_leaks, 1);
        assert_non_null(strstr(told, "api.service leaks, and reaches its limit of 850M sooner than was told: at "));
        rig_done(&rig);
}

/* It leaks for a while, and then not for three times as long; again and again, each time for twice as long and with more
 * room. The eight changes that may be told at once are used up on the first day. */
static void what_becomes_of_a_leak_is_told_for_as_long_as_it_runs(void **state) {
        unsigned n_again = 0, n_over = 0;
        World *world;
        Rig rig;

        (void) state;
        begin(&rig, OBSERVE);
        world = &rig.worlds[0];
        play_fresh_start(&rig, 20 * MIB);
        for (unsigned minutes = 8; minutes < 8 << 11; minutes *= 2) {
                uint64_t more = world->ws * 4 / 10 / minutes / 6;

                told[0] = 0;
                world->operator_max = world->max = world->ws * 145 / 100;
                for (unsigned i = 0; i < minutes * 24; i++) {
                        rig_wait(&rig, 10 * USEC_PER_SEC);
                        world->ws += i < minutes * 6 ? more : 0;
                }
                n_again += strstr(told, "leaks again") != NULL;
                n_over += strstr(told, "does not grow as a leak") != NULL;
        }
        assert_int_equal(n_leaks, 1);
        assert_in_range(n_again, 7, 10);
        assert_in_range(n_over, 7, 11);
        rig_done(&rig);
}

static void a_rung_is_taken_in_time(void **state) {
        uint64_t left;
        Rig rig;

        (void) state;
        begin(&rig, FOREWARN);
        play_fresh_start(&rig, 20 * MIB);
        (void) play_log(&rig);
        while (!strstr(rig.log, "[rung warn taken]")) {
                assert_true(rig.worlds[0].ws < 198 * MIB);
                grow(&rig, 20e3, rig.worlds[0].ws + 100000);
        }
        left = 200 * MIB - rig.worlds[0].ws;
        assert_in_range(left / 20000, 8 * 60, 11 * 60);
        rig_done(&rig);
}

/* A leak of 10 MiB an hour that pauses in the evening of the fifth day: 100 minutes are left, for as long as nothing grows. */
static void a_pause_fires_nothing(void **state) {
        World *world;
        Rig rig;

        (void) state;
        begin(&rig, FOREWARN);
        world = &rig.worlds[0];
        world->operator_max = world->max = 1317 * MIB;
        play_fresh_start(&rig, 100 * MIB);
        for (unsigned i = 1; i <= 120 * 60; i++) {
                rig_wait(&rig, USEC_PER_MINUTE);
                world->ws = 100 * MIB + i * MIB / 6;
        }
        assert_int_equal(n_leaks, 1);
        rig_wait(&rig, USEC_PER_MINUTE);
        assert_in_range(play_view(&rig).growth.time_to_limit / USEC_PER_MINUTE, 80, 110);
        rig.n_samples = 0;
        for (unsigned i = 0; i < 8 * 60; i++) {
                UnitView view;

                rig_wait(&rig, USEC_PER_MINUTE);
                view = play_view(&rig);
                if (view.growth.forecasts)
                        assert_in_range(view.growth.time_to_limit / USEC_PER_MINUTE, 80, 120);
        }
        assert_in_range(rig.n_samples, 8 * 60 - 1, 8 * 4 * 60); /* no more than the warning of ten minutes asks for */
        assert_null(strstr(rig.log, "[rung warn taken]"));
        /* It goes on in the morning, and the warning comes in time. */
        while (!strstr(rig.log, "[rung warn taken]")) {
                assert_true(world->ws < 1316 * MIB + MIB / 2);
                rig_wait(&rig, USEC_PER_MINUTE);
                world->ws += MIB / 6;
        }
        rig_done(&rig);
}

/* A slow leak after a long calm, in a unit that nothing else reads. */
static void a_leak_after_calm_is_seen(void **state) {
        Rig rig;

        (void) state;
        begin(&rig, FOREWARN);
        play_fresh_start(&rig, 40 * MIB);
        rig_wait(&rig, 20 * 60 * USEC_PER_MINUTE);
        rig.n_samples = 0;
        rig_wait(&rig, 60 * USEC_PER_MINUTE);
        assert_int_equal(rig.n_samples, 60);
        assert_int_equal(play_view(&rig).growth.class, GROWTH_STEADY);
        (void) play_log(&rig);
        grow(&rig, 20e3, 195 * MIB);
        assert_int_equal(n_leaks, 1);
        assert_non_null(strstr(rig.log, "[rung warn taken]"));
        rig_done(&rig);
}

static void a_saw_and_cache_fire_nothing(void **state) {
        Rig rig;

        (void) state;
        begin(&rig, FOREWARN);
        play_fresh_start(&rig, 40 * MIB);
        (void) play_log(&rig);
        for (unsigned i = 0; i < 30; i++) {
                grow(&rig, 60e3, 120 * MIB);
                rig.worlds[0].ws = 40 * MIB;
        }
        assert_int_equal(play_view(&rig).growth.class, GROWTH_SAW);
        play_stop(&rig);
        play_fresh_start(&rig, 40 * MIB);
        for (rig.worlds[0].cache = 0; rig.worlds[0].cache < 150 * MIB; rig.worlds[0].cache += 100000)
                rig_wait(&rig, USEC_PER_SEC);
        assert_int_equal(play_view(&rig).growth.class, GROWTH_CACHE);
        assert_int_equal(n_leaks, 0);
        assert_null(strstr(rig.log, "[rung"));
        rig_done(&rig);
}

/* However many: all at the same moments. */
static void calm_units_share_their_readings(void **state) {
        unsigned n_wakeups = 0;
        usec_t until, due, before = 0;
        Rig rig;

        (void) state;
        begin(&rig, FOREWARN);
        for (unsigned i = 1; i < 6; i++) {
                char path[64];

                snprintf(path, sizeof(path), "/system.slice/other%u.service", i);
                rig_add(&rig, path);
        }
        for (unsigned i = 0; i < 6; i++) {
                rig_wait(&rig, 7 * USEC_PER_SEC);
                play_start_of(&rig, &rig.worlds[i], /* fresh= */ true);
        }
        until = rig.now + 10 * USEC_PER_MINUTE;
        while ((due = engine_next_deadline(rig.engine)) <= until) {
                n_wakeups += due > before + USEC_PER_SEC;
                before = due;
                rig_run_until(&rig, due);
        }
        assert_in_range(n_wakeups, 10, 10 + 5 * 4);
        rig_done(&rig);
}

#define CALM 1000
#define YOUNG 7

/* Unit i, so long after its start; what comes after CALM starts while the engine runs. */
typedef uint64_t Course(unsigned i, usec_t age);

static Event fleet_event(EventKind kind, unsigned i, Course *course, usec_t now, usec_t began) {
        uint64_t held = i < CALM ? 5 * MIB : course(i - CALM, now - began);
        Event event = {.kind = kind, .time = now};
        Sample sample = {.current = held, .working_set = held, .anon = held, .limit = GIB, .own_max = GIB,
                         .high = BYTES_INFINITY, .available = 4 * GIB};

        snprintf(event.path, sizeof(event.path), "/system.slice/u%u.service", i);
        if (kind == EVENT_START) {
                event.start.fresh = i >= CALM;
                event.start.operator_high = BYTES_INFINITY;
                event.start.sample = sample;
        } else
                event.sample = sample;
        return event;
}

/* The engine's turn at a moment: everything that is due is read and answered at once. */
static void fleet_turn(Engine *engine, Course *course, usec_t now, const usec_t *began) {
        static ActionList asked, ignored;

        while (engine_next_deadline(engine) <= now) {
                Event tick = {.kind = EVENT_TICK, .time = now};

                asked.n_items = asked.n_dropped = 0;
                assert_true(engine_step(engine, &tick, &asked) >= 0);
                for (unsigned k = 0; k < asked.n_items; k++) {
                        Event reading;
                        unsigned i;

                        if (asked.items[k].kind != ACTION_SAMPLE)
                                continue;
                        assert_int_equal(sscanf(asked.items[k].path, "/system.slice/u%u.service", &i), 1);
                        reading = fleet_event(EVENT_SAMPLE, i, course, now, began[i]);
                        ignored.n_items = ignored.n_dropped = 0;
                        assert_true(engine_step(engine, &reading, &ignored) >= 0);
                }
        }
}

/* Calm units that were found running, and young ones that start within the first ten seconds, none at the same moment as
 * another: the wakeups of each of three minutes. */
static void count_wakeups(Course *course, unsigned n_wakeups[3]) {
        PolicySet *set = rig_policies(FOREWARN);
        usec_t began[CALM + YOUNG], from = 1203 * USEC_PER_SEC, due;
        static ActionList ignored;
        unsigned n = 0;
        Engine *engine;

        assert_int_equal(engine_new(&engine), 0);
        engine_set_policies(engine, set, 0);
        for (unsigned i = 0; i < CALM + YOUNG; i++)
                began[i] = i < CALM ? from : from + (i - CALM) * 1370 * USEC_PER_MSEC;
        memset(n_wakeups, 0, 3 * sizeof(*n_wakeups));
        for (;;) {
                due = MIN(engine_next_deadline(engine), n < CALM + YOUNG ? began[n] : USEC_INFINITY);
                if (due >= from + 3 * USEC_PER_MINUTE)
                        break;
                if (n < CALM + YOUNG && due == began[n]) {
                        Event start = fleet_event(EVENT_START, n, course, due, due);

                        ignored.n_items = ignored.n_dropped = 0;
                        assert_true(engine_step(engine, &start, &ignored) >= 0);
                        n++;
                        continue;
                }
                n_wakeups[(due - from) / USEC_PER_MINUTE]++;
                fleet_turn(engine, course, due, began);
        }
        engine_free(engine);
        policy_set_free(set);
}

static uint64_t starts(unsigned i, usec_t age) {
        return age < 2 * USEC_PER_SEC ? 0 : (20 + i) * MIB;
}

static uint64_t moves_once(unsigned i, usec_t age) {
        return age < (5 + i) * USEC_PER_SEC ? 20 * MIB : 50 * MIB;
}

static uint64_t rises(unsigned i, usec_t age) {
        return 20 * MIB + (1 + i) * age / 8;
}

static void a_start_costs_no_wakeup(void **state) {
        unsigned n_wakeups[3];

        (void) state;
        count_wakeups(starts, n_wakeups);
        for (unsigned minute = 0; minute < 3; minute++)
                assert_in_range(n_wakeups[minute], 1, 4);
}

static void who_has_moved_once_is_calm_again(void **state) {
        unsigned n_wakeups[3];

        (void) state;
        count_wakeups(moves_once, n_wakeups);
        assert_in_range(n_wakeups[0], 5, 20);
        assert_in_range(n_wakeups[1], 1, 6);
        assert_in_range(n_wakeups[2], 1, 6);
}

/* All together as often as one: every 1.9 s, every 3.8 s when they are a minute old. */
static void who_grows_shares_wakeups_too(void **state) {
        unsigned n_wakeups[3];

        (void) state;
        count_wakeups(rises, n_wakeups);
        assert_in_range(n_wakeups[0], 16, 32);
        assert_in_range(n_wakeups[1], 8, 32); /* some are younger */
        assert_in_range(n_wakeups[2], 4, 12);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_leak_is_told_once_and_its_end_too),
                cmocka_unit_test(a_leak_says_whose_growth_it_is),
                cmocka_unit_test(a_leak_that_hurries_is_told_anew),
                cmocka_unit_test(what_becomes_of_a_leak_is_told_for_as_long_as_it_runs),
                cmocka_unit_test(a_rung_is_taken_in_time),
                cmocka_unit_test(a_pause_fires_nothing),
                cmocka_unit_test(a_leak_after_calm_is_seen),
                cmocka_unit_test(a_saw_and_cache_fire_nothing),
                cmocka_unit_test(calm_units_share_their_readings),
                cmocka_unit_test(a_start_costs_no_wakeup),
                cmocka_unit_test(who_has_moved_once_is_calm_again),
                cmocka_unit_test(who_grows_shares_wakeups_too),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
