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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(many_that_are_due_at_once_are_all_told),
                cmocka_unit_test(an_old_count_found_at_a_reload_is_no_news),
                cmocka_unit_test(a_run_in_the_same_cgroup_leaves_the_one_before_behind),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
