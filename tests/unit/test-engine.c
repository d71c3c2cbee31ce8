/* The engine follows units, operators and policies as they come and go. */
#include "engine-play.h"

#define ACT "[Match]\nUnit=*\n[Policy]\nMode=act\n"
#define POLICY ACT "[Rung ask]\nUsage=60%\nAction=signal SIGUSR1\n[Rung restart]\nUsage=90%\nAction=restart\n"

static void a_pause_lifts_the_wires_and_a_resume_places_them(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_pause(&rig, true);
        expect(&rig, "high-back=unlimited");
        assert_true(engine_is_paused(rig.engine));
        assert_true(play_view(&rig).paused);
        play_pause(&rig, false);
        expect(&rig, "high=120M");
        rig_done(&rig);
}

static void a_pause_undoes_a_throttle(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung brake]\nUsage=60%\nAction=throttle 10s\nAction=freeze 20s\n");
        rig.swap_free = GIB;
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 121 * MIB, 0);
        (void) play_log(&rig);
        play_pause(&rig, true);
        expect(&rig, "[undone throttle paused] thaw [undone freeze paused] high-back=unlimited");
        rig_done(&rig);
        /* Also that of one unit alone. */
        rig_init(&rig, ACT "[Rung brake]\nUsage=60%\nAction=throttle 10s\n");
        rig.swap_free = GIB;
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 121 * MIB, 0);
        (void) play_log(&rig);
        assert_int_equal(play_feed(&rig, EVENT_PAUSE), 0);
        expect(&rig, "[undone throttle paused] high-back=unlimited [paused]");
        rig_done(&rig);
}

/* What was withheld because of the pause is not lost: the memory has not gone down by itself. */
static void what_a_pause_withheld_is_done_after_it(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        play_pause(&rig, true);
        rig.worlds[0].ws = 190 * MIB;
        (void) play_log(&rig);
        rig_wait(&rig, 20 * USEC_PER_SEC);
        expect(&rig, "[rung restart emergency] [withheld restart paused] [verified restart no-help]");
        play_pause(&rig, false);
        rig_wait(&rig, USEC_PER_SEC);
        expect(&rig, "do(restart) spend");
        rig_done(&rig);
}

static void what_a_pause_withheld_is_dropped_by_calm(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        play_pause(&rig, true);
        rig.worlds[0].ws = 190 * MIB;
        rig_wait(&rig, 20 * USEC_PER_SEC);
        rig.worlds[0].ws = 125 * MIB;
        rig_wait(&rig, USEC_PER_MINUTE);
        assert_int_equal(play_view(&rig).rung, 0);
        (void) play_log(&rig);
        play_pause(&rig, false);
        rig_wait(&rig, USEC_PER_MINUTE);
        expect(&rig, "high=180M");
        rig_done(&rig);
}

static void one_unit_alone_can_be_paused(void **state) {
        Event event;
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        event = play_event(&rig.worlds[0], EVENT_PAUSE);
        assert_int_equal(rig_feed(&rig, &event), 0);
        expect(&rig, "high-back=unlimited [paused]");
        play_reading(&rig, 121 * MIB, 0);
        expect(&rig, "[rung ask taken] [withheld signal SIGUSR1 main paused]");
        assert_false(engine_is_paused(rig.engine));
        /* Also in its next run. */
        play_stop(&rig);
        play_fresh_start(&rig, 20 * MIB);
        assert_true(play_view(&rig).paused);
        assert_int_equal(rig.worlds[0].high, BYTES_INFINITY);
        (void) play_log(&rig);
        event = play_event(&rig.worlds[0], EVENT_RESUME);
        assert_int_equal(rig_feed(&rig, &event), 0);
        expect(&rig, "high=120M [resumed]");
        event = play_event(&rig.worlds[0], EVENT_PAUSE);
        assert_int_equal(rig_feed(&rig, &event), 0);
        rig.worlds[0].ws = 121 * MIB;
        rig_wait(&rig, 20 * USEC_PER_SEC);
        event = play_event(&rig.worlds[0], EVENT_RESUME);
        assert_int_equal(rig_feed(&rig, &event), 0);
        (void) play_log(&rig);
        rig_wait(&rig, USEC_PER_MSEC);
        expect(&rig, "do(signal SIGUSR1 main)");
        rig_done(&rig);
}

static void a_drill_takes_a_rung_and_relaxes(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 50 * MIB);
        (void) play_log(&rig);
        assert_int_equal(play_drill(&rig, "nonsense"), -ENOENT);
        expect(&rig, "");
        assert_int_equal(play_drill(&rig, "ask"), 0);
        expect(&rig, "[rung ask drill] do(signal SIGUSR1 main) high=180M");
        rig_wait(&rig, 20 * USEC_PER_SEC);
        expect(&rig, "[verified ask helped] [relaxed ask calm] high=120M");
        assert_int_equal(play_drill(&rig, "restart"), 0);
        assert_int_equal(play_drill(&rig, "ask"), -EBUSY);
        rig_done(&rig);
}

static void the_protected_are_watched_and_left_alone(void **state) {
        static const char *const paths[] = {"/init.scope", "/system.slice/systemd-journald.service",
                                            "/system.slice/dbus.service", "/system.slice"};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                Rig rig;

                rig_init(&rig, POLICY);
                snprintf(rig.worlds[0].path, sizeof(rig.worlds[0].path), "%s", paths[i]);
                play_found(&rig, 100 * MIB);
                expect(&rig, "[armed timer]");
                rig.worlds[0].ws = 190 * MIB;
                rig_wait(&rig, 20 * USEC_PER_SEC);
                expect(&rig, "[rung restart emergency] [withheld restart protected] [verified restart no-help]");
                assert_int_equal(play_drill(&rig, "restart"), 0);
                expect(&rig, "[rung restart drill] [withheld restart protected]");
                rig_done(&rig);
        }
}

static void what_cannot_be_started_again_is_not_restarted(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, "[Match]\nUnit=*.scope\nCgroup=/lxc/**\n[Policy]\nMode=act\n"
                       "[Rung restart]\nUsage=90%\nAction=restart\n");
        snprintf(rig.worlds[0].path, sizeof(rig.worlds[0].path), "/user.slice/session-2.scope");
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_hit(&rig, 181 * MIB, 0);
        assert_non_null(strstr(play_log(&rig), "[withheld restart no-manager]"));
        rig_add(&rig, "/lxc/web");
        rig.worlds[1].ws = 185 * MIB;
        assert_int_equal(play_start_of(&rig, &rig.worlds[1], false), 0);
        assert_non_null(strstr(play_log(&rig), "[withheld restart no-manager]"));
        rig_done(&rig);
}

static void who_is_not_watched_is_told_so(void **state) {
        static const EventKind kinds[] = {EVENT_STOP, EVENT_SAMPLE, EVENT_PRESSURE, EVENT_HIGH,
                                          EVENT_DONE, EVENT_DRILL,  EVENT_PAUSE,    EVENT_STRAIN};
        Rig rig;

        (void) state;
        rig_init(&rig, "[Match]\nUnit=other.service\n[Rung ask]\nUsage=60%\nAction=notify\n");
        assert_int_equal(play_start_of(&rig, &rig.worlds[0], false), 1);
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                assert_int_equal(play_feed(&rig, kinds[i]), 1);
        rig.worlds[0].path[0] = 0;
        assert_int_equal(play_start_of(&rig, &rig.worlds[0], false), -EINVAL);
        expect(&rig, "");
        rig_done(&rig);
}

static void a_time_that_cannot_be_is_refused(void **state) {
        Event event = {.kind = EVENT_TICK, .time = USEC_INFINITY};
        ActionList actions = {0};
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        assert_int_equal(engine_step(rig.engine, &event, &actions), -EINVAL);
        /* And has not moved the engine's own time. */
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 121 * MIB, 0);
        assert_in_range(engine_next_deadline(rig.engine), rig.now + 1, rig.now + 5 * USEC_PER_SEC);
        rig_done(&rig);
}

static void a_clock_that_falls_moves_nothing_back(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        rig.now -= 100 * USEC_PER_SEC;
        play_hit(&rig, 121 * MIB, 0);
        assert_in_range(engine_next_deadline(rig.engine), rig.now + 100 * USEC_PER_SEC, rig.now + 105 * USEC_PER_SEC);
        rig_done(&rig);
}

static void a_unit_that_is_gone_needs_nothing(void **state) {
        UnitView view;
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 121 * MIB, 0);
        (void) play_log(&rig);
        play_stop(&rig);
        expect(&rig, "");
        assert_int_equal(engine_next_deadline(rig.engine), USEC_INFINITY);
        assert_int_equal(engine_get_unit(rig.engine, rig.worlds[0].path, &view), -ENOENT);
        play_fresh_start(&rig, 20 * MIB);
        expect(&rig, "high=120M [armed wire]");
        rig_done(&rig);
}

static void more_units_than_there_is_room_for_are_refused(void **state) {
        unsigned iterator = 0, n = 0;
        UnitView view;
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        for (unsigned i = 0; i < ENGINE_UNITS_MAX + 10; i++) {
                World *world = &rig.worlds[0];

                snprintf(world->path, sizeof(world->path), "/system.slice/web@%u.service", i);
                assert_int_equal(play_start_of(&rig, world, false), i < ENGINE_UNITS_MAX ? 0 : -ENOSPC);
                rig.n_log = 0;
        }
        while (engine_next_unit(rig.engine, &iterator, &view) > 0)
                n++;
        assert_int_equal(n, ENGINE_UNITS_MAX);
        /* All of them follow a pause, in as many ticks as the action list's bound asks for. */
        play_pause(&rig, true);
        for (iterator = 0; engine_next_unit(rig.engine, &iterator, &view) > 0;)
                assert_int_equal(view.wire, BYTES_INFINITY);
        /* A place that is given back is taken again. */
        snprintf(rig.worlds[0].path, sizeof(rig.worlds[0].path), "/system.slice/web@7.service");
        play_stop(&rig);
        snprintf(rig.worlds[0].path, sizeof(rig.worlds[0].path), "/system.slice/web@9999.service");
        assert_int_equal(play_start_of(&rig, &rig.worlds[0], false), 0);
        rig_done(&rig);
}

/* Its memory controller was taken away, say: it is asked for on, but not for ever at the pace of one that is just going. */
static void a_unit_that_cannot_be_read_is_asked_for_ever_more_rarely(void **state) {
        Rig rig;
        unsigned n;

        (void) state;
        rig_init(&rig, "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung a]\nUsage=90%\nAction=restart\n[Rung b]\nPressureSome=300ms/1s\n"
                       "Action=notify\n");
        play_found(&rig, 60 * MIB);
        rig.deaf = true;
        for (unsigned i = 0; i < 3; i++) { /* something wants it read */
                play_stalled(&rig, 400 * USEC_PER_MSEC);
                rig_wait(&rig, 500 * USEC_PER_MSEC);
        }
        n = rig.n_samples;
        rig_wait(&rig, 10 * USEC_PER_SEC);
        assert_in_range(rig.n_samples, n + 2, n + 5);
        rig_wait(&rig, USEC_PER_MINUTE);
        n = rig.n_samples;
        rig_wait(&rig, 10 * USEC_PER_MINUTE);
        assert_in_range(rig.n_samples, n + 38, n + 41);
        assert_true(engine_next_deadline(rig.engine) % (15 * USEC_PER_SEC) == 0);
        rig.deaf = false;
        rig_wait(&rig, 20 * USEC_PER_SEC);
        n = rig.n_samples;
        rig_wait(&rig, 10 * USEC_PER_MINUTE);
        assert_in_range(rig.n_samples, n, n + 10); /* it was answered */
        rig_done(&rig);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_pause_lifts_the_wires_and_a_resume_places_them),
                cmocka_unit_test(a_pause_undoes_a_throttle),
                cmocka_unit_test(what_a_pause_withheld_is_done_after_it),
                cmocka_unit_test(what_a_pause_withheld_is_dropped_by_calm),
                cmocka_unit_test(one_unit_alone_can_be_paused),
                cmocka_unit_test(a_drill_takes_a_rung_and_relaxes),
                cmocka_unit_test(the_protected_are_watched_and_left_alone),
                cmocka_unit_test(what_cannot_be_started_again_is_not_restarted),
                cmocka_unit_test(who_is_not_watched_is_told_so),
                cmocka_unit_test(a_time_that_cannot_be_is_refused),
                cmocka_unit_test(a_clock_that_falls_moves_nothing_back),
                cmocka_unit_test(a_unit_that_is_gone_needs_nothing),
                cmocka_unit_test(more_units_than_there_is_room_for_are_refused),
                cmocka_unit_test(a_unit_that_cannot_be_read_is_asked_for_ever_more_rarely),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
