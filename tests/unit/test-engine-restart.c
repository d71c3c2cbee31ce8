/* The engine restarts cleanly, within its budget, and never in a loop. */
#include "engine-play.h"

#define POLICY                                                                                                         \
        "[Match]\nUnit=*\n[Policy]\nMode=act\nRestartBudget=2/10min\n"                                                 \
        "[Rung restart]\nUsage=90%\nAction=restart\n"

/* Up to the level, so that the restart begins. */
static void run_up(Rig *rig) {
        play_found(rig, 100 * MIB);
        (void) play_log(rig);
        play_hit(rig, 181 * MIB, 0);
}

/* A restart from its beginning to a fresh run in a new cgroup. */
static void restart_once(Rig *rig) {
        rig->worlds[0].n_high++;
        play_reading(rig, 181 * MIB, 0);
        rig->now += 100 * USEC_PER_MSEC;
        play_stop(rig);
        rig->now += 100 * USEC_PER_MSEC;
        play_fresh_start(rig, 20 * MIB);
        play_answer(rig, VERB_RESTART, 0);
}

static void the_wire_is_lifted_before_the_restart(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        run_up(&rig);
        expect(&rig, "[rung restart taken] high-back=unlimited do(restart) spend");
        assert_int_equal(play_view(&rig).state, LADDER_ACTING);
        assert_int_equal(play_view(&rig).budget_spent, 1);
        /* While it runs there is no wire and no second action, whatever is read. */
        play_hit(&rig, 199 * MIB, 0);
        rig_wait(&rig, 30 * USEC_PER_SEC);
        play_hit(&rig, 100 * MIB, 0);
        expect(&rig, "");
        rig_done(&rig);
}

static void the_new_run_starts_calm_with_a_wire(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        run_up(&rig);
        (void) play_log(&rig);
        play_stop(&rig);
        expect(&rig, "");
        play_fresh_start(&rig, 20 * MIB);
        expect(&rig, "high=180M [armed wire]");
        play_answer(&rig, VERB_RESTART, 0);
        expect(&rig, "[action restart done]");
        assert_int_equal(play_view(&rig).rung, -1);
        assert_int_equal(play_view(&rig).state, LADDER_CALM);
        rig_done(&rig);
}

/* systemd says that the job is done before the new cgroup has been seen. */
static void the_answer_may_come_before_the_new_run(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        run_up(&rig);
        (void) play_log(&rig);
        play_stop(&rig);
        play_answer(&rig, VERB_RESTART, 0);
        expect(&rig, "[action restart done]");
        play_fresh_start(&rig, 20 * MIB);
        expect(&rig, "high=180M [armed wire]");
        assert_int_equal(play_view(&rig).state, LADDER_CALM);
        rig_done(&rig);
}

static void a_restart_that_failed_is_tried_again(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        run_up(&rig);
        (void) play_log(&rig);
        play_answer(&rig, VERB_RESTART, -EREMOTEIO);
        expect(&rig, "[action restart failed]");
        rig_wait(&rig, 11 * USEC_PER_SEC);
        expect(&rig, "do(restart) spend");
        rig_done(&rig);
}

static void no_answer_is_a_failure_in_the_end(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        run_up(&rig);
        (void) play_log(&rig);
        rig_wait(&rig, 14 * USEC_PER_MINUTE);
        expect(&rig, "");
        rig_wait(&rig, 90 * USEC_PER_SEC);
        expect(&rig, "[action restart failed] do(restart) spend");
        rig_done(&rig);
}

static void the_operators_wall_is_lifted_for_the_goodbye_and_put_back(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        rig.worlds[0].high = rig.worlds[0].operator_high = 185 * MIB;
        run_up(&rig);
        expect(&rig, "[rung restart taken] high=unlimited do(restart) spend");
        assert_int_equal(rig.worlds[0].high, BYTES_INFINITY);
        play_answer(&rig, VERB_RESTART, -ETIMEDOUT);
        expect(&rig, "[action restart failed] high-back=185M");
        assert_int_equal(rig.worlds[0].high, 185 * MIB);
        rig_done(&rig);
}

static void a_wall_that_is_rewritten_meanwhile_is_lifted_again(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        rig.worlds[0].high = rig.worlds[0].operator_high = 185 * MIB;
        run_up(&rig);
        (void) play_log(&rig);
        play_foreign_high(&rig, 185 * MIB);
        expect(&rig, "high=unlimited");
        play_answer(&rig, VERB_RESTART, -ETIMEDOUT);
        expect(&rig, "[action restart failed] high-back=185M");
        rig_done(&rig);
}

static void the_budget_is_spent_and_said_so_once(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 20 * MIB);
        restart_once(&rig);
        restart_once(&rig);
        (void) play_log(&rig);
        play_hit(&rig, 181 * MIB, 0);
        expect(&rig, "[rung restart taken] [alert restart budget] high-back=unlimited");
        rig_wait(&rig, 9 * USEC_PER_MINUTE);
        expect(&rig, "[verified restart no-help]");
        /* The first of the two is ten minutes old: one more is allowed. */
        rig_wait(&rig, 2 * USEC_PER_MINUTE);
        expect(&rig, "do(restart) spend");
        rig_done(&rig);
}

/* One alert a window, however often the rung comes back. */
static void an_alert_is_not_repeated_when_the_rung_comes_back(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        play_found(&rig, 20 * MIB);
        restart_once(&rig);
        restart_once(&rig);
        play_hit(&rig, 181 * MIB, 0);
        rig.worlds[0].ws = 50 * MIB;
        rig_wait(&rig, USEC_PER_MINUTE);
        (void) play_log(&rig);
        play_hit(&rig, 181 * MIB, 0);
        expect(&rig, "[rung restart taken] high-back=unlimited");
        rig_done(&rig);
}

static void a_budget_from_before_is_respected(void **state) {
        Budget budget = {.n_times = 2};
        const Budget *kept;
        const char *path;
        unsigned iterator = 0;
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        budget.times[0] = budget.times[1] = rig.now - USEC_PER_MINUTE;
        assert_int_equal(engine_restore_budget(rig.engine, rig.worlds[0].path, &budget), 0);
        run_up(&rig);
        expect(&rig, "[rung restart taken] [alert restart budget] high-back=unlimited");
        assert_int_equal(engine_next_budget(rig.engine, &iterator, &path, &kept), 1);
        assert_string_equal(path, rig.worlds[0].path);
        assert_int_equal(kept->n_times, 2);
        assert_int_equal(engine_next_budget(rig.engine, &iterator, &path, &kept), 0);
        rig_done(&rig);
}

static void a_fresh_start_above_the_rung_is_not_restarted_again(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        run_up(&rig);
        play_stop(&rig);
        (void) play_log(&rig);
        play_fresh_start(&rig, 185 * MIB);
        play_answer(&rig, VERB_RESTART, 0);
        assert_non_null(strstr(play_log(&rig), "[withheld fresh-start]"));
        rig_wait(&rig, 20 * USEC_PER_MINUTE);
        assert_null(strstr(play_log(&rig), "do("));
        /* Once it has been below, it may be restarted for a new leak. */
        rig.worlds[0].ws = 178 * MIB;
        rig_wait(&rig, 20 * USEC_PER_SEC);
        assert_null(strstr(play_log(&rig), "do("));
        rig.worlds[0].ws = 190 * MIB;
        rig_wait(&rig, 20 * USEC_PER_SEC);
        assert_non_null(strstr(play_log(&rig), "do(restart)"));
        rig_done(&rig);
}

static void a_fresh_start_above_is_seen_when_the_answer_was_first(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        run_up(&rig);
        play_stop(&rig);
        play_answer(&rig, VERB_RESTART, 0);
        (void) play_log(&rig);
        play_fresh_start(&rig, 185 * MIB);
        assert_non_null(strstr(play_log(&rig), "[withheld restart fresh-start]"));
        rig_wait(&rig, 20 * USEC_PER_MINUTE);
        assert_null(strstr(play_log(&rig), "do("));
        rig_done(&rig);
}

/* A dry run tells each time that the rung is reached what it would do: no new run has begun, that could be judged. */
static void a_restart_that_was_only_played_is_no_fresh_start(void **state) {
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        run_up(&rig);
        (void) play_log(&rig);
        play_answer(&rig, VERB_RESTART, DONE_PLAYED);
        expect(&rig, "[action restart done]");
        play_reading(&rig, 185 * MIB, 0);
        rig_wait(&rig, 20 * USEC_PER_MINUTE);
        assert_null(strstr(play_log(&rig), "withheld"));
        rig.worlds[0].ws = 100 * MIB;
        rig_wait(&rig, 2 * USEC_PER_MINUTE);
        (void) play_log(&rig);
        play_hit(&rig, 185 * MIB, 0);
        assert_non_null(strstr(play_log(&rig), "do(restart)"));
        rig_done(&rig);
}

/* Starts one more unit far above its level: is it restarted? */
static bool restart_another(Rig *rig, unsigned i) {
        World *world = &rig->worlds[0];
        bool restarted;

        snprintf(world->path, sizeof(world->path), "/system.slice/web@%u.service", i);
        world->ws = 185 * MIB;
        assert_int_equal(play_start_of(rig, world, /* fresh= */ false), 0);
        restarted = strstr(play_log(rig), "do(restart)");
        if (restarted)
                play_answer(rig, VERB_RESTART, -EIO);
        play_stop(rig);
        return restarted;
}

/* Restarts that cannot be kept account of are not made; and what is out of its window needs none. */
static void a_storm_of_restarts_is_bounded(void **state) {
        unsigned n = 0;
        Rig rig;

        (void) state;
        rig_init(&rig, POLICY);
        while (n < ENGINE_UNITS_MAX && restart_another(&rig, n))
                n++;
        assert_in_range(n, 256, ENGINE_UNITS_MAX - 1);
        rig.now += USEC_PER_MINUTE;
        assert_false(restart_another(&rig, n));
        rig.now += 10 * USEC_PER_MINUTE;
        assert_true(restart_another(&rig, n + 1));
        rig_done(&rig);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_wire_is_lifted_before_the_restart),
                cmocka_unit_test(the_new_run_starts_calm_with_a_wire),
                cmocka_unit_test(the_answer_may_come_before_the_new_run),
                cmocka_unit_test(a_restart_that_failed_is_tried_again),
                cmocka_unit_test(no_answer_is_a_failure_in_the_end),
                cmocka_unit_test(the_operators_wall_is_lifted_for_the_goodbye_and_put_back),
                cmocka_unit_test(a_wall_that_is_rewritten_meanwhile_is_lifted_again),
                cmocka_unit_test(the_budget_is_spent_and_said_so_once),
                cmocka_unit_test(an_alert_is_not_repeated_when_the_rung_comes_back),
                cmocka_unit_test(a_budget_from_before_is_respected),
                cmocka_unit_test(a_storm_of_restarts_is_bounded),
                cmocka_unit_test(a_fresh_start_above_the_rung_is_not_restarted_again),
                cmocka_unit_test(a_fresh_start_above_is_seen_when_the_answer_was_first),
                cmocka_unit_test(a_restart_that_was_only_played_is_no_fresh_start),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
