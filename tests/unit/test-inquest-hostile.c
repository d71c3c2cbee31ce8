/* Witnesses that come late, in numbers, for nothing or about another run mislead no verdict */
#include "unit/court.h"

/* Errors and a kill that are due at once, in a tick that has asked for much already (the units come first): each is told. */
static void many_that_are_due_at_once_are_all_told(void **state) {
        unsigned n = 0;
        Court court;
        Event tick;

        (void) state;
        court_open(&court);
        for (int pid = 100; pid < 112; pid++)
                witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = pid));
        witness(&court, API, kill_line(42, API));
        ended(&court, 42, "oom-kill", 2, 9);
        stop(&court, API);
        tick = about(&court, EVENT_TICK, "");
        for (unsigned i = 0; i < 100; i++) {
                tick.time = court.now += SEC;
                memset(court.actions.items, 0, sizeof(court.actions.items));
                court.actions.n_items = 40;
                assert_int_equal(engine_step(court.engine, &tick, &court.actions), 0);
                assert_int_equal(court.actions.n_dropped, 0);
                for (unsigned k = 40; k < court.actions.n_items; k++)
                        note(&court, &court.actions.items[k]);
        }
        for (const char *at = court.told; (at = strchr(at, '\n')); at++)
                n++;
        assert_int_equal(n, 13);
        assert_non_null(strstr(court.told, "x1\nkernel-oom-unit - killed certain 42 x1\n"));
        court_close(&court, court.told);
}

/* A policy that comes later finds a unit with kills of long ago: that is no news. */
static void an_old_count_found_at_a_reload_is_no_news(void **state) {
        Event past, found;
        Court court;

        (void) state;
        court_open(&court);
        engine_free(court.engine);
        assert_int_equal(engine_new(&court.engine), 0);
        past = about(&court, EVENT_NAMED, "/system.slice/other.service");
        memset(past.named.invocation, 'a', INVOCATION_MAX - 1);
        assert_int_equal(engine_restore_past(court.engine, &past), 0);
        assert_int_equal(engine_set_policies(court.engine, court.set, court.now), 0);
        engine_forget_past(court.engine);
        pass(&court, 60 * SEC);
        found = about(&court, EVENT_START, API);
        found.start.operator_high = BYTES_INFINITY;
        found.start.sample = sample(5, 5);
        feed(&court, &found);
        court_close(&court, "");
}

/* A process that was left behind keeps the cgroup: the next run begins in it, and the end of the one before is spoken of late. */
static void a_run_in_the_same_cgroup_leaves_the_one_before_behind(void **state) {
        Witness late = SAW(FACT_OOM_SAID, .source = WITNESS_SYSTEMD, .unit = "api.service");
        Event named;
        Court court;

        (void) state;
        court_open(&court);
        named = about(&court, EVENT_NAMED, API);
        memset(named.named.invocation, 'a', INVOCATION_MAX - 1);
        feed(&court, &named);
        witness(&court, API, kill_line(42, API));
        ended(&court, 42, "signal", 2, 9);
        late.at = court.now;
        memset(late.invocation, 'a', INVOCATION_MAX - 1);
        pass(&court, 100 * MS);
        start(&court, API, true);
        named.time = court.now;
        memset(named.named.invocation, 'b', INVOCATION_MAX - 1);
        feed(&court, &named);
        pass(&court, 500 * MS);
        witness(&court, "", late);
        court_close(&court, "kernel-oom-unit - restarted certain 42 x1\n");
}

/* A unit whose policy went away is ours no more, and pids are used again. */
static void a_run_of_long_ago_is_not_spoken_of(void **state) {
        Witness line = kill_line(42, NULL);
        Court court;

        (void) state;
        court_open(&court);
        ended(&court, 42, "success", 1, 0);
        stop(&court, API);
        pass(&court, 600 * SEC);
        witness(&court, API, kill_line(43, API));
        line.scope = SCOPE_UNKNOWN;
        witness(&court, "", line);
        court_close(&court, "");
        /* The pid of a main process of long ago is a worker's now. */
        court_open(&court);
        ended(&court, 42, "success", 1, 0);
        stop(&court, API);
        pass(&court, 600 * SEC);
        start(&court, API, true);
        pass(&court, 600 * SEC);
        witness(&court, API, kill_line(42, API));
        court_close(&court, "kernel-oom-unit - worker-died certain 42 x1\n");
}

/* A line that does not name the limit takes nothing back of one that did, and a group's kill may be told after its end. */
static void whose_limit_it_was_is_not_forgotten(void **state) {
        Witness line = kill_line(43, "/system.slice"), bare = kill_line(43, "");
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, line);
        witness(&court, API, bare);
        court_close(&court, "kernel-oom-ancestor - worker-died certain 43 x1\n");
        court_open(&court);
        bare.scope = SCOPE_UNKNOWN;
        witness(&court, API, bare);
        line.pid = 42;
        witness(&court, API, line);
        ended(&court, 42, "oom-kill", 2, 9);
        court_close(&court, "kernel-oom-ancestor - killed certain 43 x2\n");
}

static void a_victim_that_is_named_after_the_end_is_of_the_same_kill(void **state) {
        Court court;

        (void) state;
        for (unsigned late = 0; late < 2; late++) {
                Witness line = kill_line(42, API);

                court_open(&court);
                witness(&court, API, kill_line(43, API));
                ended(&court, 42, "oom-kill", 2, 9);
                line.at = court.now;
                stop(&court, API);
                pass(&court, late ? 10 * SEC : 100 * MS);
                witness(&court, API, line);
                court_close(&court, late ? "kernel-oom-unit - killed certain 43 x1\n" : "kernel-oom-unit - killed certain 43 x2\n");
        }
        /* Both were named before: one of the two is named again. */
        court_open(&court);
        witness(&court, API, kill_line(43, API));
        witness(&court, API, kill_line(42, API));
        ended(&court, 42, "oom-kill", 2, 9);
        stop(&court, API);
        witness(&court, "", SAW(FACT_USERSPACE, .source = WITNESS_OOMD, .unit = "api.service", .pid = 42, .word = "earlyoom"));
        court_close(&court, "kernel-oom-unit - killed certain 43 x2\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(many_that_are_due_at_once_are_all_told),
                cmocka_unit_test(an_old_count_found_at_a_reload_is_no_news),
                cmocka_unit_test(a_run_in_the_same_cgroup_leaves_the_one_before_behind),
                cmocka_unit_test(a_run_of_long_ago_is_not_spoken_of),
                cmocka_unit_test(whose_limit_it_was_is_not_forgotten),
                cmocka_unit_test(a_victim_that_is_named_after_the_end_is_of_the_same_kill),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
