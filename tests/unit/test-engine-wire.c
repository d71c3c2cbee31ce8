/* The engine watches a unit by a wire at the next level, and by timer where a wire would not do. */
#include "engine-play.h"

/* On a limit of 200M: 150M and 180M. */
#define POLICY                                                                                                         \
        "[Match]\nUnit=*\n[Policy]\nMode=act\n"                                                                        \
        "[Rung ask]\nUsage=75%\nAction=signal SIGUSR1\nAction=notify\n"                                                \
        "[Rung restart]\nUsage=90%\nAction=restart\n"

static void a_wire_stands_at_the_next_level(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        expect(&rig, "high=150M [armed wire]");
        assert_int_equal(play_view(&rig).watch, WATCH_WIRE);
        assert_int_equal(play_view(&rig).wire, 150 * MIB);
        /* Nothing else happens, however long it stays there, but for a reading a minute that its growth is judged by. */
        rig_wait(&rig, 10 * USEC_PER_MINUTE);
        rig.n_samples = 0;
        rig_wait(&rig, 10 * USEC_PER_MINUTE);
        assert_int_equal(rig.n_samples, 10);
        assert_int_equal(engine_next_deadline(rig.engine) % USEC_PER_MINUTE, 0);
        expect(&rig, "");
        rig_done(&rig);
}

static void a_hit_at_the_level_takes_the_rung_and_moves_the_wire(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_hit(&rig, 151 * MIB, 0);
        expect(&rig, "[rung ask taken] do(signal SIGUSR1 main) [action notify done] high=180M");
        assert_int_equal(play_view(&rig).state, LADDER_SETTLING);
        rig_done(&rig);
}

static void a_hit_by_cache_moves_the_wire_up(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_hit(&rig, 140 * MIB, 12 * MIB);
        expect(&rig, "high=162M");
        assert_int_equal(play_view(&rig).rung, -1);
        /* Up to half of what is left above the level, and not a byte higher. */
        play_hit(&rig, 138 * MIB, 25 * MIB);
        expect(&rig, "high=175M");
        play_hit(&rig, 149 * MIB, 26 * MIB);
        expect(&rig, "[cache cache] high-back=unlimited");
        rig_done(&rig);
}

static void a_wire_is_never_placed_below_what_is_used(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        /* Room for its cache above the level: the wire goes there. */
        rig.worlds[0].cache = 20 * MIB;
        play_found(&rig, 135 * MIB);
        expect(&rig, "high=170M [armed wire]");
        rig_done(&rig);

        rig_init(&rig, POLICY);
        /* None: the write would make the kernel drop cache, so there is no write. */
        rig.worlds[0].cache = 95 * MIB;
        play_found(&rig, 100 * MIB);
        expect(&rig, "[cache cache] [armed timer]");
        rig_done(&rig);
}

static void the_limits_of_a_fresh_run_are_no_news(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_fresh_start(&rig, 1 * MIB);
        (void) play_log(&rig);
        play_foreign_high(&rig, 170 * MIB);
        expect(&rig, "high=150M");
        rig_wait(&rig, 2 * USEC_PER_SEC);
        (void) play_log(&rig);
        play_foreign_high(&rig, 160 * MIB);
        expect(&rig, "high=150M [rearmed]");
        rig_done(&rig);
}

static void a_reading_with_cache_that_hit_nothing_leaves_the_wire(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        play_reading(&rig, 100 * MIB, 40 * MIB);
        expect(&rig, "");
        rig_done(&rig);
}

static void what_cache_hits_all_the_time_is_read_by_timer_until_the_cache_has_gone(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 100 * MIB, 90 * MIB);
        expect(&rig, "high=150M [armed wire] [cache cache] high-back=unlimited");
        assert_int_equal(play_view(&rig).watch, WATCH_TIMER);
        /* Read on, more and more slowly. */
        rig.n_samples = 0;
        rig_wait(&rig, 10 * USEC_PER_MINUTE);
        assert_in_range(rig.n_samples, 38, 110);
        expect(&rig, "");
        /* The timer sees a level as well. */
        rig.worlds[0].ws = 155 * MIB;
        rig.worlds[0].cache = 40 * MIB;
        rig_wait(&rig, 16 * USEC_PER_SEC);
        assert_true(strstr(play_log(&rig), "[rung ask taken]"));
        rig.worlds[0].ws = 100 * MIB;
        rig_wait(&rig, USEC_PER_MINUTE);
        (void) play_log(&rig);
        rig.worlds[0].cache = 5 * MIB;
        rig_wait(&rig, USEC_PER_MINUTE);
        expect(&rig, "high=155M");
        assert_int_equal(play_view(&rig).watch, WATCH_WIRE);
        rig_done(&rig);
}

static void the_record_of_the_cache_names_what_was_just_read(void **state) {
        ActionList actions = {0};
        Event event;
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        rig.worlds[0].n_high++;
        rig.worlds[0].ws = 120 * MIB;
        rig.worlds[0].cache = 77 * MIB;
        event = play_event(&rig.worlds[0], EVENT_SAMPLE);
        event.time = rig.now;
        event.sample = rig_reading(&rig, &rig.worlds[0]);
        engine_step(rig.engine, &event, &actions);
        assert_int_equal(actions.items[0].record.kind, RECORD_CACHE);
        assert_non_null(strstr(actions.items[0].record.text, "77M"));
        assert_non_null(strstr(actions.items[0].record.text, "120M"));
        rig_done(&rig);
}

static void a_storm_of_wakes_is_muted_and_heard_again_when_it_is_over(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung restart]\nUsage=90%\nAction=restart\n");
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        for (int i = 0; i < 16; i++) {
                rig.now += 10 * USEC_PER_MSEC;
                rig.worlds[0].n_max++;
                play_reading(&rig, 100 * MIB, 0);
        }
        expect(&rig, "high-back=unlimited mute");
        rig_wait(&rig, 35 * USEC_PER_SEC);
        expect(&rig, "listen high=180M");
        rig_done(&rig);
}

static void the_operators_own_high_is_respected(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        rig.worlds[0].high = rig.worlds[0].operator_high = 160 * MIB;
        play_found(&rig, 100 * MIB);
        expect(&rig, "high=150M [armed wire]");
        /* Above it there is no wire of ours: theirs is one, and comes first. */
        play_hit(&rig, 151 * MIB, 0);
        expect(&rig, "[rung ask taken] do(signal SIGUSR1 main) [action notify done] high-back=160M");
        rig_done(&rig);
}

static void a_foreign_write_is_learned_and_the_wire_placed_again(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        /* daemon-reload on systemd 252. */
        play_foreign_high(&rig, BYTES_INFINITY);
        expect(&rig, "high=150M");
        play_foreign_high(&rig, 170 * MIB);
        expect(&rig, "high=150M [rearmed]");
        play_foreign_high(&rig, 120 * MIB);
        expect(&rig, "[rearmed]");
        assert_int_equal(play_view(&rig).operator_high, 120 * MIB);
        play_foreign_high(&rig, BYTES_INFINITY);
        expect(&rig, "high=150M [rearmed]");
        rig_done(&rig);
}

static void who_fights_over_the_file_gets_it(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        for (int i = 0; i < 60; i++) {
                rig.now += 500 * USEC_PER_MSEC;
                play_foreign_high(&rig, BYTES_INFINITY);
        }
        assert_int_equal(play_view(&rig).watch, WATCH_TIMER);
        assert_int_equal(rig.worlds[0].high, BYTES_INFINITY);
        (void) play_log(&rig);
        rig_wait(&rig, USEC_PER_MINUTE);
        expect(&rig, "high=150M");
        rig_done(&rig);
}

static void observing_writes_nothing(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, "[Match]\nUnit=*\n[Rung brake]\nUsage=50%\nAction=throttle 10s\nAction=freeze 1s\n"
                       "[Rung restart]\nUsage=90%\nAction=notify\nAction=restart\n");
        play_found(&rig, 60 * MIB);
        expect(&rig, "");
        assert_int_equal(play_view(&rig).watch, WATCH_TIMER);
        rig.worlds[0].cache = 50 * MIB;
        rig.worlds[0].ws = 120 * MIB;
        rig_wait(&rig, 16 * USEC_PER_SEC);
        expect(&rig, "[rung brake taken] [withheld throttle 10s observe] [withheld freeze 1s observe] "
                     "[verified brake no-help]");
        rig.worlds[0].ws = 190 * MIB;
        rig_wait(&rig, 16 * USEC_PER_SEC);
        expect(&rig, "[rung restart taken] [action notify done] [withheld restart observe] [verified restart no-help]");
        rig.worlds[0].ws = 60 * MIB;
        rig_wait(&rig, USEC_PER_MINUTE);
        expect(&rig, "[relaxed restart calm]");
        rig_done(&rig);
}

static void a_limit_that_moves_moves_the_wire(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        rig.worlds[0].max = 400 * MIB;
        play_reading(&rig, 100 * MIB, 0);
        expect(&rig, "high=150M [armed wire] high=300M");
        /* Without a limit there is nothing that a share could be of. */
        rig.worlds[0].max = BYTES_INFINITY;
        play_reading(&rig, 100 * MIB, 0);
        expect(&rig, "high-back=unlimited");
        rig_done(&rig);
}

static void a_reading_without_a_limit_of_its_own_means_nothing(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        rig.worlds[0].max = 0;
        play_reading(&rig, 0, 0);
        assert_null(strstr(play_log(&rig), "rung"));
        assert_int_equal(play_view(&rig).rung, -1);
        rig_done(&rig);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_wire_stands_at_the_next_level),
                cmocka_unit_test(a_hit_at_the_level_takes_the_rung_and_moves_the_wire),
                cmocka_unit_test(a_hit_by_cache_moves_the_wire_up),
                cmocka_unit_test(a_reading_with_cache_that_hit_nothing_leaves_the_wire),
                cmocka_unit_test(what_cache_hits_all_the_time_is_read_by_timer_until_the_cache_has_gone),
                cmocka_unit_test(the_record_of_the_cache_names_what_was_just_read),
                cmocka_unit_test(a_storm_of_wakes_is_muted_and_heard_again_when_it_is_over),
                cmocka_unit_test(the_operators_own_high_is_respected),
                cmocka_unit_test(a_foreign_write_is_learned_and_the_wire_placed_again),
                cmocka_unit_test(who_fights_over_the_file_gets_it),
                cmocka_unit_test(observing_writes_nothing),
                cmocka_unit_test(a_wire_is_never_placed_below_what_is_used),
                cmocka_unit_test(the_limits_of_a_fresh_run_are_no_news),
                cmocka_unit_test(a_limit_that_moves_moves_the_wire),
                cmocka_unit_test(a_reading_without_a_limit_of_its_own_means_nothing),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
