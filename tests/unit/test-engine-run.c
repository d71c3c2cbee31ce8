/* The engine begins anew with each run, also where a process that was left behind keeps the old cgroup. */
#include "engine-play.h"

#define POLICY(actions)                                                                                                \
        "[Match]\nUnit=*\n[Policy]\nMode=act\nLoan=64M\n[Rung brake]\nUsage=75%\n" actions                             \
        "[Rung restart]\nUsage=90%\nAction=restart\n"

/* A new run with nothing undone on the cgroup before. */
static void run_again(Rig *rig, uint64_t ws) {
        rig->worlds[0].ws = ws;
        assert_int_equal(play_start_of(rig, &rig->worlds[0], /* fresh= */ true), 0);
}

static void up_to(Rig *rig, const char *policy, uint64_t ws) {
        rig_init(rig, policy);
        rig->swap_free = GIB;
        play_found(rig, 100 * MIB);
        play_hit(rig, ws, 0);
        (void) play_log(rig);
}

static void it_starts_calm_and_with_a_wire(void **state) {
        Rig rig;

        (void) state;
        up_to(&rig, POLICY("Action=notify\n"), 152 * MIB);
        run_again(&rig, 20 * MIB);
        expect(&rig, "high-back=unlimited high=150M [armed wire]");
        assert_int_equal(play_view(&rig).rung, -1);
        rig_done(&rig);
}

static void it_is_neither_throttled_nor_frozen(void **state) {
        Rig rig;

        (void) state;
        up_to(&rig, POLICY("Action=throttle 1min\nAction=freeze 1min\n"), 152 * MIB);
        run_again(&rig, 20 * MIB);
        expect(&rig, "[undone throttle ended] thaw [undone freeze ended] high-back=unlimited high=150M [armed wire]");
        assert_false(rig.worlds[0].frozen);
        rig_done(&rig);
}

static void it_has_the_operators_wall(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY("Action=notify\n"));
        rig.worlds[0].high = rig.worlds[0].operator_high = 140 * MIB;
        play_found(&rig, 100 * MIB);
        play_hit(&rig, 185 * MIB, 0);
        assert_int_equal(rig.worlds[0].high, BYTES_INFINITY);
        (void) play_log(&rig);
        run_again(&rig, 20 * MIB);
        expect(&rig, "high-back=140M [armed wire]");
        rig_done(&rig);
}

static void its_loan_is_not_forgotten(void **state) {
        Rig rig;

        (void) state;
        up_to(&rig, POLICY("Action=notify\n"), 185 * MIB);
        assert_int_equal(rig.worlds[0].max, 264 * MIB);
        run_again(&rig, 20 * MIB);
        play_answer(&rig, VERB_RESTART, 0);
        rig_wait(&rig, 20 * USEC_PER_SEC);
        assert_int_equal(rig.worlds[0].max, 200 * MIB);
        rig_done(&rig);
}

static void what_the_cgroup_counted_before_is_no_news(void **state) {
        static const char policy[] = "[Match]\nUnit=*\n[Policy]\nMode=act\n"
                                     "[Rung restart]\nEvent=oom-kill 2/10min\nAction=restart\n";
        Rig rig;

        (void) state;
        rig_init(&rig, policy);
        play_found(&rig, 100 * MIB);
        rig.worlds[0].n_oom_kill = 1;
        play_reading(&rig, 100 * MIB, 0);
        run_again(&rig, 20 * MIB);
        assert_int_equal(play_view(&rig).rung, -1);
        /* In a cgroup made anew everything is. */
        play_stop(&rig);
        rig.worlds[0].n_oom_kill = 1;
        run_again(&rig, 20 * MIB);
        assert_int_equal(play_view(&rig).rung, 0);
        rig_done(&rig);
}

static void it_is_heard_again_after_a_storm(void **state) {
        Rig rig;

        (void) state;
        up_to(&rig, POLICY("Action=notify\n"), 110 * MIB);
        for (int i = 0; i < 16; i++) {
                rig.worlds[0].n_max++;
                play_reading(&rig, 110 * MIB, 0);
        }
        assert_true(rig.worlds[0].muted);
        run_again(&rig, 20 * MIB);
        assert_false(rig.worlds[0].muted);
        rig_done(&rig);
}

static void its_name_may_come_later(void **state) {
        Event event;
        Rig rig;

        (void) state;
        up_to(&rig, POLICY("Action=notify\n"), 110 * MIB);
        event = play_event(&rig.worlds[0], EVENT_NAMED);
        memset(event.named.invocation, 'a', INVOCATION_MAX - 1);
        assert_int_equal(rig_feed(&rig, &event), 0);
        assert_string_equal(play_view(&rig).invocation, event.named.invocation);
        rig_done(&rig);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_starts_calm_and_with_a_wire),
                cmocka_unit_test(it_is_neither_throttled_nor_frozen),
                cmocka_unit_test(it_has_the_operators_wall),
                cmocka_unit_test(its_loan_is_not_forgotten),
                cmocka_unit_test(what_the_cgroup_counted_before_is_no_news),
                cmocka_unit_test(it_is_heard_again_after_a_storm),
                cmocka_unit_test(its_name_may_come_later),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
