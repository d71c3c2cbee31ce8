/* The engine keeps its place on the ladder when the policies change under it. */
#include "engine-play.h"

#define ACT "[Match]\nUnit=*\n[Policy]\nMode=act\n"
#define OBSERVE "[Match]\nUnit=*\n[Policy]\nMode=observe\n"
#define ASK "[Rung ask]\nUsage=60%\nAction=signal SIGUSR1\n"
#define RESTART "[Rung restart]\nUsage=90%\nAction=restart\n"

static void reload(Rig *rig, const char *text) {
        PolicySet *before = rig->set;

        rig->set = rig_policies(text);
        assert_int_equal(engine_set_policies(rig->engine, rig->set, rig->now), 0);
        policy_set_free(before);
        rig_wait(rig, 0);
}

static void a_rung_of_the_same_name_keeps_its_place(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT ASK RESTART);
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 121 * MIB, 0);
        rig_wait(&rig, 6 * USEC_PER_SEC);
        (void) play_log(&rig);
        reload(&rig, ACT "[Rung early]\nUsage=30%\nAction=notify\n" ASK RESTART);
        expect(&rig, "");
        assert_int_equal(play_view(&rig).rung, 1);
        assert_int_equal(play_view(&rig).state, LADDER_STANDING);
        reload(&rig, ACT RESTART);
        assert_int_equal(play_view(&rig).rung, -1);
        assert_int_equal(play_view(&rig).state, LADDER_CALM);
        expect(&rig, "");
        rig_done(&rig);
}

static void a_new_level_moves_the_wire(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT RESTART);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        reload(&rig, ACT "[Rung restart]\nUsage=80%\nAction=restart\n");
        expect(&rig, "high=160M");
        rig_done(&rig);
}

static void observing_takes_the_wire_away(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT RESTART);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        reload(&rig, OBSERVE RESTART);
        expect(&rig, "high-back=unlimited");
        assert_int_equal(play_view(&rig).watch, WATCH_TIMER);
        rig_done(&rig);
}

static void what_observing_withheld_is_done_when_it_may_be(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, OBSERVE RESTART);
        play_found(&rig, 185 * MIB);
        expect(&rig, "[rung restart taken] [withheld restart observe]");
        rig_wait(&rig, 10 * USEC_PER_SEC);
        (void) play_log(&rig);
        reload(&rig, ACT RESTART);
        rig_wait(&rig, USEC_PER_SEC);
        expect(&rig, "do(restart) spend");
        rig_done(&rig);
}

/* The service is saying goodbye, whatever its policy is called now. */
static void no_wire_comes_back_during_a_restart(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT RESTART);
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 185 * MIB, 0);
        (void) play_log(&rig);
        reload(&rig, ACT "[Rung again]\nUsage=95%\nAction=restart\n");
        rig_wait(&rig, USEC_PER_MINUTE);
        expect(&rig, "");
        play_answer(&rig, VERB_RESTART, -EREMOTEIO);
        expect(&rig, "[action restart failed] high=190M");
        assert_int_equal(play_view(&rig).rung, -1);
        assert_int_equal(play_view(&rig).state, LADDER_CALM);
        rig_wait(&rig, USEC_PER_MINUTE);
        expect(&rig, "");
        rig_done(&rig);
}

static void a_unit_without_a_policy_is_left_alone(void **state) {
        UnitView view;
        Rig rig;

        (void) state;
        rig_init(&rig, ACT RESTART);
        play_found(&rig, 100 * MIB);
        (void) play_log(&rig);
        reload(&rig, "[Match]\nUnit=other.service\n[Policy]\nMode=act\n" RESTART);
        assert_int_equal(engine_get_unit(rig.engine, rig.worlds[0].path, &view), -ENOENT);
        assert_int_equal(engine_next_deadline(rig.engine), USEC_INFINITY);
        assert_int_equal(play_feed(&rig, EVENT_SAMPLE), 1);
        play_stop(&rig);
        expect(&rig, "");
        rig_done(&rig);
}

static void a_throttle_outlives_no_reload(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, ACT "[Rung brake]\nUsage=60%\nAction=throttle 10s\n" RESTART);
        rig.swap_free = GIB;
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 121 * MIB, 0);
        reload(&rig, OBSERVE RESTART);
        rig_wait(&rig, 10 * USEC_PER_SEC);
        assert_int_equal(rig.worlds[0].high, BYTES_INFINITY);
        rig_done(&rig);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_rung_of_the_same_name_keeps_its_place),
                cmocka_unit_test(a_new_level_moves_the_wire),
                cmocka_unit_test(observing_takes_the_wire_away),
                cmocka_unit_test(what_observing_withheld_is_done_when_it_may_be),
                cmocka_unit_test(no_wire_comes_back_during_a_restart),
                cmocka_unit_test(a_unit_without_a_policy_is_left_alone),
                cmocka_unit_test(a_throttle_outlives_no_reload),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
