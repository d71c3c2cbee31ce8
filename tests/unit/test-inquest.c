/* Whatever order the witnesses come in, one incident is told once, for what it was */
#include "unit/court.h"

/* The main process is killed by its own limit, and each of the witnesses alone is enough. */
static void a_kill_is_told_by_any_of_its_witnesses(void **state) {
        static const char *const expected[] = {
                "kernel-oom-unit - restarted certain 42 x1\n", "kernel-oom-unit - restarted certain 42 x1\n",
                "kernel-oom-unit - restarted certain 42 x1\n", "kernel-oom-unit - restarted likely 42 x1\n",
        };
        (void) state;
        for (unsigned which = 0; which < 4; which++) {
                Court court;

                court_open(&court);
                if (which == 0)
                        witness(&court, API, kill_line(42, API));
                if (which == 1)
                        counts(&court, API, 1, 1);
                ended(&court, 42, which == 2 ? "oom-kill" : "signal", 2, 9);
                if (which == 2)
                        witness(&court, "", (Witness){.source = WITNESS_SYSTEMD, .fact = FACT_OOM_SAID, .unit = "api.service"});
                ledger(&court, "/system.slice", 11, 21, 0);
                stop(&court, API);
                pass(&court, 100 * MS);
                start(&court, API, true);
                court_close(&court, expected[which]);
        }
}

static void all_witnesses_are_one_incident(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        counts(&court, API, 1, 1);
        pass(&court, 5 * MS);
        witness(&court, API, kill_line(42, API));
        witness(&court, API, kill_line(42, API));
        ended(&court, 42, "signal", 2, 9);
        ended(&court, 42, "oom-kill", 2, 9);
        ledger(&court, "/system.slice", 11, 21, 0);
        stop(&court, API);
        pass(&court, 100 * MS);
        start(&court, API, true);
        /* The journal is late, and speaks of the run before. */
        pass(&court, 600 * MS);
        witness(&court, "", (Witness){.source = WITNESS_SYSTEMD, .fact = FACT_OOM_SAID, .unit = "api.service",
                                      .at = court.now - 700 * MS});
        pass(&court, 20 * SEC);
        witness(&court, "", (Witness){.source = WITNESS_SYSTEMD, .fact = FACT_OOM_SAID, .unit = "api.service",
                                      .at = court.now - 20700 * MS});
        court_close(&court, "kernel-oom-unit - restarted certain 42 x1\n");
}

static void fifty_kills_are_fifty_incidents(void **state) {
        char expected[4096] = "";
        Court court;

        (void) state;
        court_open(&court);
        for (int i = 0; i < 50; i++) {
                ended(&court, 100 + i, i % 2 ? "oom-kill" : "signal", 2, 9);
                ledger(&court, "/system.slice", 11 + (uint64_t) i, 21 + (uint64_t) i, 0);
                stop(&court, API);
                pass(&court, 100 * MS);
                start(&court, API, true);
                pass(&court, 300 * MS);
                snprintf(expected + strlen(expected), sizeof(expected) - strlen(expected),
                         "kernel-oom-unit - restarted likely %d x1\n", 100 + i);
        }
        court_close(&court, expected);
}

static void whose_limit_it_was_is_known_without_the_kernels_line(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        counts(&court, API, 1, 0);
        ledger(&court, "/system.slice", 11, 21, 1);
        court_close(&court, "kernel-oom-ancestor - worker-died certain 0 x1\n");
        court_open(&court);
        counts(&court, API, 1, 0);
        ledger(&court, "/system.slice", 10, 21, 0);
        court_close(&court, "kernel-oom-host - worker-died certain 0 x1\n");
        court_open(&court);
        witness(&court, API, kill_line(43, "/system.slice"));
        court_close(&court, "kernel-oom-ancestor - worker-died certain 43 x1\n");
        court_open(&court);
        witness(&court, API "/worker", kill_line(43, API "/worker"));
        court_close(&court, "kernel-oom-unit - worker-died certain 43 x1\n");
}

static void a_neighbours_kill_is_not_ours(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, "/system.slice/docker-1.scope", kill_line(77, "/system.slice/docker-1.scope"));
        ledger(&court, "/system.slice", 11, 21, 0);
        ended(&court, 42, "signal", 2, 9);
        stop(&court, API);
        court_close(&court, "killed - killed likely 42 x1\n");
}

/* Read while this one's case settles, before the kernel's line about the neighbour has come. */
static void nor_is_one_that_was_counted_after_our_end(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        ended(&court, 42, "signal", 2, 9);
        ledger(&court, "/system.slice", 10, 20, 0);
        stop(&court, API);
        pass(&court, 7 * SEC);
        ledger(&court, "/system.slice", 11, 21, 0);
        pass(&court, 2 * SEC);
        witness(&court, "/system.slice/docker-1.scope", kill_line(77, "/system.slice/docker-1.scope"));
        court_close(&court, "killed - killed likely 42 x1\n");
}

/* No line of the kernel, and the second run's counters went before anybody read them. */
static void in_a_loop_of_kills_the_slice_alone_may_know_of_one(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        for (unsigned i = 0; i < 6; i++) {
                if (i != 1)
                        counts(&court, API, 1, 1);
                ledger(&court, "/system.slice", 11 + i, 21 + i, 0);
                pass(&court, 10 * MS);
                ended(&court, 42 + (int) i, i != 1 ? "oom-kill" : "signal", 2, 9);
                stop(&court, API);
                pass(&court, 300 * MS);
                start(&court, API, true);
                pass(&court, 300 * MS);
        }
        court_close(&court, "kernel-oom-unit - restarted certain 42 x1\n"
                            "kernel-oom-unit - restarted certain 44 x1\n"
                            "kernel-oom-unit - restarted certain 45 x1\n"
                            "kernel-oom-unit - restarted certain 46 x1\n"
                            "kernel-oom-unit - restarted certain 47 x1\n"
                            "kernel-oom-unit - restarted likely 43 x1\n");
}

static void a_kill_whose_cgroup_was_not_named_is_found_by_its_pid(void **state) {
        Witness line = kill_line(42, NULL);
        Court court;

        (void) state;
        line.scope = SCOPE_UNKNOWN;
        court_open(&court);
        witness(&court, "", line);
        ended(&court, 42, "signal", 2, 9);
        ledger(&court, "/system.slice", 11, 21, 0);
        stop(&court, API);
        court_close(&court, "kernel-oom-unit - killed certain 42 x1\n");
}

static void a_caught_error_is_told_at_once_and_once(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        assert_int_equal(court.n_sighted, 1);
        look(&court, 50, false, 200 * MIB, BYTES_INFINITY);
        pass(&court, 400 * MS);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 50, .site = "a.py:1 in f"));
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 50, .weak = true));
        look(&court, 50, false, 200 * MIB, BYTES_INFINITY);
        court_close(&court, "memory-error rlimit-as survived certain 50 x1\n");
}

/* Before its traceback is printed, in the same moment as the probe's hit; alone it is likely only. */
static void what_the_module_reports_is_the_same_error(void **state) {
        Witness report = SAW(FACT_MEMORY_ERROR, .source = WITNESS_MODULE, .pid = 50, .site = "a.py:1 in f", .word = "MemoryError");
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        witness(&court, API, report);
        look(&court, 50, false, 200 * MIB, BYTES_INFINITY);
        pass(&court, 400 * MS);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 50, .site = "a.py:1 in f"));
        look(&court, 50, false, 200 * MIB, BYTES_INFINITY);
        court_close(&court, "memory-error rlimit-as survived certain 50 x1\n");
        court_open(&court);
        witness(&court, API, report);
        look(&court, 50, false, 0, 0);
        pass(&court, 400 * MS);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 50, .site = "a.py:1 in f"));
        court_close(&court, "memory-error unknown survived likely 50 x1\n");
}

static void an_error_ends_the_main_process_or_a_worker(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 42));
        look(&court, 42, false, BYTES_INFINITY, 100 * MIB);
        ended(&court, 42, "exit-code", 1, 1);
        stop(&court, API);
        court_close(&court, "memory-error rlimit-data exited certain 42 x1\n");
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 51));
        look(&court, 51, true, 0, 0);
        court_close(&court, "memory-error unknown worker-died certain 51 x1\n");
        /* Only the text, after the end. */
        court_open(&court);
        ended(&court, 42, "exit-code", 1, 1);
        stop(&court, API);
        pass(&court, 500 * MS);
        witness(&court, "", SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 42, .unit = "api.service"));
        court_close(&court, "memory-error unknown exited possible 42 x1\n");
}

static void the_cause_is_what_is_proved(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        look(&court, 50, false, 200 * MIB, BYTES_INFINITY);
        witness(&court, API, SAW(FACT_REFUSED, .source = WITNESS_KERNEL, .pid = 50, .bytes = 10000 * GIB));
        court_close(&court, "memory-error request-size survived certain 50 x1\n");
        court_open(&court);
        witness(&court, API, SAW(FACT_DATA_LIMIT, .source = WITNESS_KERNEL, .pid = 50));
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        court_close(&court, "memory-error rlimit-data survived certain 50 x1\n");
}

/* Lines alone never make it sure, and a name in a log makes nothing at all. */
static void forged_lines_reach_possible_at_most(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 50));
        court_close(&court, "memory-error unknown survived possible 50 x1\n");
        court_open(&court);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 50, .weak = true));
        witness(&court, API, SAW(FACT_REFUSED, .source = WITNESS_KERNEL, .pid = 51, .bytes = 5));
        court_close(&court, "");
        /* Nor do they move a rung. */
        court_open(&court);
        for (int i = 0; i < 4; i++) {
                witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 60 + i));
                pass(&court, 20 * SEC);
        }
        assert_int_equal(court.n_rungs, 0);
        engine_free(court.engine);
        policy_set_free(court.set);
}

static void an_error_and_a_later_kill_are_two(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 42));
        pass(&court, 1 * SEC);
        witness(&court, API, kill_line(42, API));
        ended(&court, 42, "oom-kill", 2, 9);
        stop(&court, API);
        court_close(&court, "memory-error unknown survived certain 42 x1\nkernel-oom-unit - killed certain 42 x1\n");
}

static void other_ends_are_what_they_are(void **state) {
        static const struct {
                const char *result;
                int code, status;
                const char *told;
        } rows[] = {
                {"signal", 2, 9, "killed - killed likely 42 x1\n"},
                {"timeout", 2, 9, "killed - killed certain 42 x1\n"},
                {"watchdog", 2, 6, ""},
                {"watchdog", 2, 9, "killed - killed certain 42 x1\n"},
                {"exit-code", 1, 137, "exit-137 - exited likely 42 x1\n"},
                {"exit-code", 1, 1, ""},
                {"signal", 2, 6, ""},
                {"success", 1, 0, ""},
                {"success", 2, 15, ""},
                {"oom-kill", 2, 9, "userspace-oom - killed likely 42 x1\n"},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(rows); i++) {
                Court court;

                court_open(&court);
                ended(&court, 42, rows[i].result, rows[i].code, rows[i].status);
                ledger(&court, "/system.slice", 10, 20, 0);
                stop(&court, API);
                court_close(&court, rows[i].told);
        }
}

static void several_victims_of_one_end_are_one(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        counts(&court, API, 4, 1);
        witness(&court, API, kill_line(43, API));
        witness(&court, API, kill_line(44, API));
        witness(&court, API, kill_line(42, API));
        ended(&court, 42, "oom-kill", 2, 9);
        stop(&court, API);
        court_close(&court, "kernel-oom-unit - killed certain 43 x3\n");
        /* Two workers of a unit that lives on are two. */
        court_open(&court);
        witness(&court, API, kill_line(43, API));
        witness(&court, API, kill_line(44, API));
        counts(&court, API, 2, 2);
        court_close(&court, "kernel-oom-unit - worker-died certain 43 x1\nkernel-oom-unit - worker-died certain 44 x1\n");
}

/* A pool's worker sends its MemoryError to its parent, which makes it anew, and logs it. */
static void an_error_that_travels_is_its_origins(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        pass(&court, 900 * MS);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 42, .weak = true));
        pass(&court, 300 * MS);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 42, .site = "a.py:1 in f"));
        court_close(&court, "memory-error unknown survived certain 50 x1\n");
        /* Two that were refused are two. */
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 51));
        court_close(&court, "memory-error unknown survived certain 50 x1\nmemory-error unknown survived certain 51 x1\n");
}

/* An earlier run is spoken of by the kernel first, and by the journal half a second later. */
static void what_happened_before_our_time_is_one_too(void **state) {
        Court court;
        Event past;

        (void) state;
        memset(&court, 0, sizeof(court));
        court_open(&court);
        engine_free(court.engine);
        assert_int_equal(engine_new(&court.engine), 0);
        past = about(&court, EVENT_LEDGER, "/system.slice");
        past.time -= 10 * SEC; /* written down before that */
        past.ledger.inode = 7;
        past.ledger.oom_kill = 20;
        assert_int_equal(engine_restore_past(court.engine, &past), 0);
        assert_int_equal(engine_set_policies(court.engine, court.set, court.now), 0);
        start(&court, API, false);
        engine_forget_past(court.engine);
        {
                Witness line = kill_line(41, API), said = SAW(FACT_OOM_SAID, .unit = "api.service", .at = court.now - 3 * SEC);

                line.at = court.now - 3 * SEC;
                memset(said.invocation, 'a', INVOCATION_MAX - 1);
                witness(&court, API, line);
                pass(&court, 400 * MS);
                witness(&court, "", said);
        }
        court_close(&court, "kernel-oom-unit - restarted certain 41 x1\n");
}

/* systemd's journal record of an end has no pid; the limits of what printed the error before it are asked for all the same. */
static void the_limits_of_who_is_gone_are_asked_for(void **state) {
        unsigned n_looks = 0;
        Court court;

        (void) state;
        court_open(&court);
        ended(&court, 0, "", 1, 1);
        stop(&court, API);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 42));
        for (unsigned i = 0; i < court.actions.n_items; i++)
                n_looks += court.actions.items[i].kind == ACTION_LOOK && court.actions.items[i].pid == 42;
        assert_int_equal(n_looks, 1);
        court_close(&court, "memory-error unknown exited possible 42 x1\n");
}

/* What may be the rest of a torn start of an interpreter is nothing by itself, and backs what is printed. */
static void a_start_is_no_error(void **state) {
        Witness start = {.source = WITNESS_UPROBE, .fact = FACT_RAISED, .pid = 50, .weak = true, .status = 1};
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, start);
        assert_int_equal(court.n_sighted, 0);
        court_close(&court, "");
        court_open(&court);
        witness(&court, API, start);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 50));
        court_close(&court, "memory-error unknown survived likely 50 x1\n");
}

/* Below an eval() it is the parser's, unless something that could have refused memory shows. */
static void the_parser_is_not_out_of_memory(void **state) {
        Witness parser = {.source = WITNESS_JOURNAL, .fact = FACT_NOT_MEMORY, .pid = 50, .weak = true};
        Court court;

        (void) state;
        for (int limited = 0; limited < 2; limited++) {
                court_open(&court);
                witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
                look(&court, 50, false, limited ? 200 * MIB : BYTES_INFINITY, BYTES_INFINITY);
                witness(&court, API, parser);
                court_close(&court, limited ? "memory-error rlimit-as survived certain 50 x1\n" : "");
        }
}

/* Nobody looked at the process while it lived: what systemd allowed it is known all the same. */
static void the_units_own_limits_will_do(void **state) {
        Witness limits = {.source = WITNESS_SYSTEMD, .fact = FACT_LOOK, .pid = 42, .code = 1};
        Court court;

        (void) state;
        court_open(&court);
        ended(&court, 42, "exit-code", 1, 1);
        stop(&court, API);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 42));
        look(&court, 42, true, 0, 0);
        limits.look.as_limit = 200 * MIB;
        limits.look.data_limit = BYTES_INFINITY;
        witness(&court, API, limits);
        court_close(&court, "memory-error rlimit-as exited possible 42 x1\n");
}

/* PID 1 tells of a failed service's end again at every reload, also to a daemon that was not there. */
static void what_was_told_before_our_time_is_not_told_again(void **state) {
        Witness end = {.source = WITNESS_SYSTEMD, .fact = FACT_ENDED, .unit = "api.service", .pid = 41, .code = 2, .status = 9};
        Court court;

        (void) state;
        court_open(&court);
        end.at = 900 * SEC;
        witness(&court, "", end);
        court_close(&court, "");
}

/* Errors that come one after the other are each told, and the process has survived all but the last. */
static void an_error_that_is_followed_by_another_was_survived(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        for (int i = 0; i < 3; i++) {
                witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
                pass(&court, 3 * SEC);
        }
        ended(&court, 50, "exit-code", 1, 1);
        assert_int_equal(court.n_sighted, 3);
        court_close(&court, "memory-error unknown survived certain 50 x1\nmemory-error unknown survived certain 50 x1\n"
                            "memory-error unknown exited certain 50 x1\n");
}

static void a_rung_counts_them(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(court.n_rungs, 0);
                witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
                pass(&court, 10 * SEC);
        }
        assert_int_equal(court.n_rungs, 1);
        court_close(&court, "memory-error unknown survived certain 50 x1\nmemory-error unknown survived certain 50 x1\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_kill_is_told_by_any_of_its_witnesses),
                cmocka_unit_test(all_witnesses_are_one_incident),
                cmocka_unit_test(fifty_kills_are_fifty_incidents),
                cmocka_unit_test(whose_limit_it_was_is_known_without_the_kernels_line),
                cmocka_unit_test(a_neighbours_kill_is_not_ours),
                cmocka_unit_test(nor_is_one_that_was_counted_after_our_end),
                cmocka_unit_test(in_a_loop_of_kills_the_slice_alone_may_know_of_one),
                cmocka_unit_test(a_kill_whose_cgroup_was_not_named_is_found_by_its_pid),
                cmocka_unit_test(a_caught_error_is_told_at_once_and_once),
                cmocka_unit_test(what_the_module_reports_is_the_same_error),
                cmocka_unit_test(an_error_ends_the_main_process_or_a_worker),
                cmocka_unit_test(the_cause_is_what_is_proved),
                cmocka_unit_test(forged_lines_reach_possible_at_most),
                cmocka_unit_test(an_error_and_a_later_kill_are_two),
                cmocka_unit_test(other_ends_are_what_they_are),
                cmocka_unit_test(several_victims_of_one_end_are_one),
                cmocka_unit_test(an_error_that_travels_is_its_origins),
                cmocka_unit_test(what_happened_before_our_time_is_one_too),
                cmocka_unit_test(the_limits_of_who_is_gone_are_asked_for),
                cmocka_unit_test(a_start_is_no_error),
                cmocka_unit_test(the_parser_is_not_out_of_memory),
                cmocka_unit_test(the_units_own_limits_will_do),
                cmocka_unit_test(what_was_told_before_our_time_is_not_told_again),
                cmocka_unit_test(an_error_that_is_followed_by_another_was_survived),
                cmocka_unit_test(a_rung_counts_them),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
