/* Witnesses that come late, in numbers, for nothing or about another run mislead no verdict */
#include "unit/court.h"
#include "utf8.h"

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

/* The name of an error in a log, or an allocation that the kernel refused somebody, explains no end. */
static void a_mention_hides_no_other_end(void **state) {
        static const struct {
                Fact fact;
                bool weak;
        } rows[] = {{FACT_MEMORY_ERROR, true}, {FACT_REFUSED, false}, {FACT_DATA_LIMIT, false}};
        Court court;

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(rows); i++) {
                court_open(&court);
                ended(&court, 42, "oom-kill", 2, 15);
                stop(&court, API);
                witness(&court, API, SAW(rows[i].fact, .source = WITNESS_JOURNAL, .pid = 50, .weak = rows[i].weak));
                court_close(&court, "userspace-oom - killed likely 42 x1\n");
        }
}

/* What the kernel refused one process is no reason for what another one says. */
static void an_error_travels_from_an_error_only(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_REFUSED, .source = WITNESS_KERNEL, .pid = 50, .bytes = 5 * GIB));
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 51));
        court_close(&court, "memory-error unknown survived possible 51 x1\n");
}

/* What fills the limits is freed when the error unwinds: the second look finds them empty. */
static void the_first_look_counts(void **state) {
        Witness full = SAW(FACT_LOOK, .source = WITNESS_PROC, .pid = 50);
        Court court;

        (void) state;
        full.look = (ProcessLook){.start = 5, .as_limit = BYTES_INFINITY, .data_limit = BYTES_INFINITY, .maps = 65528,
                                  .maps_limit = 65530, .ram_and_swap = GIB};
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        witness(&court, API, full);
        pass(&court, 3 * SEC);
        full.look.maps = 60;
        witness(&court, API, full);
        court_close(&court, "memory-error map-count survived certain 50 x1\n");
}

/* A restart that was refused, or only played (--dry-run), ends nothing: what ends the run later is not our doing. */
static void an_action_that_failed_explains_no_later_end(void **state) {
        static const struct {
                int result;
                bool ends_first;
                usec_t later;
                const char *told;
        } rows[] = {
                {-ENOTCONN, false, 1 * SEC, ""},
                {DONE_PLAYED, false, 0, ""},
                {DONE_PLAYED, false, 5 * SEC, ""},
                {0, false, 60 * SEC, ""},
                {0, true, 0, "memguard - exited certain 42 x1\n"},
                {0, false, 5 * SEC, "memguard - exited certain 42 x1\n"},
                {-EIO, true, 0, "memguard - exited certain 42 x1\n"}, /* it was stopped, and did not start again */
                {-ETIMEDOUT, false, 5 * SEC, "memguard - exited certain 42 x1\n"},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(rows); i++) {
                Event drill, done;
                Court court;

                court_open(&court);
                drill = about(&court, EVENT_DRILL, API);
                snprintf(drill.drill.rung, sizeof(drill.drill.rung), "c");
                feed(&court, &drill);
                done = about(&court, EVENT_DONE, API);
                for (unsigned k = 0; k < court.actions.n_items; k++)
                        if (court.actions.items[k].kind == ACTION_DO)
                                done.done.id = court.actions.items[k].id;
                assert_true(done.done.id != 0);
                pass(&court, 100 * MS);
                if (rows[i].ends_first)
                        ended(&court, 42, "exit-code", 1, 1);
                done.time = court.now;
                done.done.result = rows[i].result;
                feed(&court, &done);
                pass(&court, rows[i].later);
                if (!rows[i].ends_first)
                        ended(&court, 42, "exit-code", 1, 1);
                stop(&court, API);
                court_close(&court, rows[i].told);
        }
}

/* What a witness may have missed stands among the evidence: once for each, and of this unit only. */
static void blindness_is_told(void **state) {
        Witness kernel = SAW(FACT_BLIND, .source = WITNESS_KERNEL, .text = "Records of the kernel's log are missing.");
        Witness muted = SAW(FACT_BLIND, .source = WITNESS_JOURNAL, .unit = "api.service"), other = muted;
        Court court;

        (void) state;
        snprintf(other.unit, sizeof(other.unit), "other.service");
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        witness(&court, "", other);
        court_close(&court, "memory-error unknown survived certain 50 x1\n");
        assert_int_equal(court.n_evidence, 1);
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        for (unsigned i = 0; i < 20; i++) {
                snprintf(kernel.text, sizeof(kernel.text), "%u callbacks suppressed", i);
                witness(&court, "", kernel);
                witness(&court, "", muted);
        }
        court_close(&court, "memory-error unknown survived certain 50 x1\n");
        assert_int_equal(court.n_evidence, 3);
}

/* Areas are counted a moment after the rest, as that may wait for the process; of the process that had been looked at. */
static void the_areas_come_later(void **state) {
        Witness first = SAW(FACT_LOOK, .source = WITNESS_PROC, .pid = 50), counted;
        Court court;

        (void) state;
        first.look = (ProcessLook){.start = 5, .as_limit = BYTES_INFINITY, .data_limit = BYTES_INFINITY, .maps_limit = 65530,
                                   .ram_and_swap = GIB};
        for (uint64_t start = 5; start <= 6; start++) {
                counted = first;
                counted.look.start = start;
                counted.look.maps = 65528;
                court_open(&court);
                witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
                witness(&court, API, first);
                witness(&court, API, counted);
                court_close(&court, start == 5 ? "memory-error map-count survived certain 50 x1\n"
                                               : "memory-error unknown survived certain 50 x1\n");
        }
}

/* 0 is a setting of vm.overcommit_memory, and what is not known: the size is to blame only where the setting is known. */
static void no_setting_is_guessed(void **state) {
        Witness gone = SAW(FACT_LOOK, .source = WITNESS_PROC, .pid = 50, .code = 1);
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        witness(&court, API, SAW(FACT_REFUSED, .source = WITNESS_KERNEL, .pid = 50));
        court_close(&court, "memory-error unknown survived certain 50 x1\n");
        /* A process that is gone leaves the host's settings to be read. */
        gone.look = (ProcessLook){.overcommit = 2, .ram_and_swap = GIB};
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        witness(&court, API, SAW(FACT_REFUSED, .source = WITNESS_KERNEL, .pid = 50));
        witness(&court, API, gone);
        court_close(&court, "memory-error overcommit worker-died certain 50 x1\n");
}

/* user.oomd_kill on a delegated cgroup can be set by its user: of an end that was no kill it says nothing. */
static void a_forged_mark_makes_no_kill(void **state) {
        Witness mark = SAW(FACT_USERSPACE, .source = WITNESS_OOMD, .weak = true, .word = "systemd-oomd");
        Court court;

        (void) state;
        court_open(&court);
        ended(&court, 42, "success", 1, 0);
        witness(&court, API, mark);
        stop(&court, API);
        court_close(&court, "");
        court_open(&court);
        ended(&court, 42, "signal", 2, 9);
        witness(&court, API, mark);
        stop(&court, API);
        court_close(&court, "userspace-oom - killed likely 42 x1\n");
        court_open(&court); /* a scope has no main process */
        witness(&court, API, mark);
        stop(&court, API);
        court_close(&court, "userspace-oom - killed likely 0 x1\n");
}

/* A line break in the command line of earlyoom's victim makes a line that names whom the victim likes. */
static void a_killers_line_may_be_its_victims(void **state) {
        Witness line = SAW(FACT_USERSPACE, .source = WITNESS_OOMD, .unit = "api.service", .pid = 42, .word = "earlyoom");
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, "", line);
        look(&court, 42, /* gone= */ false, BYTES_INFINITY, BYTES_INFINITY);
        court_close(&court, "userspace-oom - worker-died possible 42 x1\n");
        court_open(&court);
        witness(&court, "", line);
        look(&court, 42, /* gone= */ false, BYTES_INFINITY, BYTES_INFINITY);
        look(&court, 42, /* gone= */ true, BYTES_INFINITY, BYTES_INFINITY);
        court_close(&court, "userspace-oom - worker-died likely 42 x1\n");
        court_open(&court);
        witness(&court, "", line);
        look(&court, 42, /* gone= */ false, BYTES_INFINITY, BYTES_INFINITY);
        ended(&court, 42, "signal", 2, 15);
        stop(&court, API);
        court_close(&court, "userspace-oom - killed certain 42 x1\n");
}

/* earlyoom names a pid alone; its line may come when the cgroup is gone and PID 1 has not yet said how the process ended. */
static void a_killer_that_names_a_pid_is_heard_between_the_two(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_STARTED, .source = WITNESS_SYSTEMD, .pid = 42));
        stop(&court, API);
        witness(&court, "", SAW(FACT_USERSPACE, .source = WITNESS_OOMD, .pid = 42, .word = "earlyoom"));
        ended(&court, 42, "signal", 2, 9);
        court_close(&court, "userspace-oom - killed certain 42 x1\n");
}

/* One service whose workers all fail leaves room for the incidents of others. */
static void one_service_does_not_fill_the_table(void **state) {
        static const char other[] = "/system.slice/other.service";
        Court court;

        (void) state;
        court_open(&court);
        start(&court, other, true);
        for (int pid = 1000; pid < 1200; pid++)
                witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = pid));
        witness(&court, other, kill_line(7, other));
        pass(&court, 60 * SEC);
        assert_non_null(strstr(court.told, "kernel-oom-unit - worker-died certain 7 x1\n"));
        court_close(&court, court.told);
}

#define USERS "/user.slice/user-1000.slice/user@1000.service/app.slice/"

/* Users may start as many units as they like, and make them say what they like: the system's services are still judged. */
static void users_do_not_fill_the_table(void **state) {
        Court court;

        (void) state;
        for (unsigned a_unit = 1; a_unit <= 16; a_unit += 15) {
                unsigned n_units = a_unit == 1 ? 60 : 4;
                char path[96];

                court_open(&court);
                for (unsigned i = 0; i < n_units; i++) {
                        Witness raised = SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 1000 + 20 * (int) i);

                        (void) snprintf(path, sizeof(path), USERS "u%u.service", i);
                        start(&court, path, true);
                        for (unsigned k = 0; k < a_unit; k++, raised.pid++)
                                witness(&court, path, raised);
                }
                /* Not even the case of a service that is open already is hurried by them. */
                witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
                for (int pid = 5000; pid < 5100; pid++)
                        witness(&court, path, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = pid));
                witness(&court, API, kill_line(42, API));
                ended(&court, 42, "oom-kill", 2, 9);
                stop(&court, API);
                pass(&court, 60 * SEC);
                assert_non_null(strstr(court.told, "kernel-oom-unit - killed certain 42 x1\n"));
                assert_non_null(strstr(court.told, "memory-error unknown survived certain 50 x1\n"));
                assert_true(engine_n_lost(court.engine) > 100);
                court_close(&court, court.told);
        }
}

/* Where the table is full all the same, what units say of themselves makes room for what is sure, and is counted as lost. */
static void claims_make_room_for_what_is_sure(void **state) {
        Court court;

        (void) state;
        for (unsigned sure = 0; sure < 2; sure++) {
                Witness said = SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL);
                char path[64];

                court_open(&court);
                for (unsigned i = 0; i < 48; i++) {
                        (void) snprintf(path, sizeof(path), "/system.slice/s%u.service", i);
                        start(&court, path, true);
                        said.pid = 1000 + (int) i;
                        witness(&court, path, said);
                }
                assert_int_equal(engine_n_lost(court.engine), 0);
                witness(&court, API, sure ? kill_line(42, API) : said);
                assert_int_equal(engine_n_lost(court.engine), 1);
                pass(&court, 60 * SEC);
                assert_int_equal(strstr(court.told, "kernel-oom-unit - worker-died certain 42 x1\n") != NULL, sure);
                assert_int_equal(strstr(court.told, " 1000 x1\n") == NULL, sure);
                court_close(&court, court.told);
        }
}

/* What finds no place is counted and told: at once, then once a minute at most, and never when nothing was lost. */
static void what_finds_no_place_is_told(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        for (int pid = 1000; pid < 1016; pid++)
                witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = pid));
        pass(&court, 30 * SEC);
        assert_int_equal(engine_n_lost(court.engine), 0);
        assert_int_equal(court.n_crowded, 0);
        for (unsigned i = 0; i < 9; i++) {
                for (int pid = 2000; pid < 2020; pid++)
                        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = pid + (int) i * 20));
                pass(&court, 10 * SEC);
        }
        assert_int_equal(engine_n_lost(court.engine), 9 * 4);
        assert_int_equal(court.n_crowded, 2);
        pass(&court, 600 * SEC);
        assert_int_equal(court.n_crowded, 3);
        assert_true(engine_next_deadline(court.engine) > court.now + 5 * SEC);
        court_close(&court, court.told);
}

/* Kills that two witnesses saw are not owed to anybody: nor more of them than there were. */
static void a_kill_is_accounted_for_once(void **state) {
        static const char other[] = "/system.slice/other.service";
        Court court;

        (void) state;
        for (unsigned order = 0; order < 2; order++) {
                court_open(&court);
                start(&court, other, true);
                if (order == 0)
                        counts(&court, API, 2, 2);
                witness(&court, API, kill_line(43, API));
                witness(&court, API, kill_line(44, API));
                if (order == 1)
                        counts(&court, API, 2, 2);
                ledger(&court, "/system.slice", 13, 23, 0); /* and one more */
                witness(&court, "", SAW(FACT_ENDED, .source = WITNESS_SYSTEMD, .unit = "other.service", .pid = 7, .code = 2,
                                        .status = 9, .word = "signal"));
                stop(&court, other);
                pass(&court, 60 * SEC);
                assert_non_null(strstr(court.told, "kernel-oom-unit - killed likely 7 x1\n"));
                court_close(&court, court.told);
        }
}

/* Without counters above the unit a kill whose limit nobody named may be the host's, or not. */
static void the_host_is_not_blamed_for_certain_without_counters(void **state) {
        static const char alone[] = "/alone.service";
        Court court;

        (void) state;
        court_open(&court);
        start(&court, alone, true);
        witness(&court, alone, SAW(FACT_OOM_SAID, .source = WITNESS_SYSTEMD));
        court_close(&court, "kernel-oom-host - worker-died likely 0 x1\n");
        court_open(&court); /* the kernel says a cgroup's, and not whose */
        witness(&court, API, kill_line(43, ""));
        court_close(&court, "kernel-oom-unit - worker-died likely 43 x1\n");
}

/* Names of cgroups hold any byte; what is told is text. */
static void what_is_told_is_text(void **state) {
        static const char odd[] = "/system.slice/od\xff\xc3.service";
        char out[4 * RECORD_TEXT_MAX];
        Court court;

        (void) state;
        court_open(&court);
        start(&court, odd, true);
        witness(&court, odd, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        assert_int_equal(court.n_sighted, 1);
        for (unsigned i = 0; i < court.actions.n_items; i++)
                if (court.actions.items[i].kind == ACTION_RECORD) {
                        assert_true(utf8_escape(court.actions.items[i].record.text, out, sizeof(out)) > 0);
                        assert_string_equal(out, court.actions.items[i].record.text);
                }
        court_close(&court, "memory-error unknown survived certain 50 x1\n");
}

static void a_rung_counts_a_kill_once(void **state) {
        Court court;

        (void) state;
        for (unsigned order = 0; order < 2; order++) {
                court_open(&court);
                if (order == 0)
                        counts(&court, API, 2, 2);
                witness(&court, API, kill_line(43, API));
                witness(&court, API, kill_line(44, API));
                if (order == 1)
                        counts(&court, API, 2, 2);
                pass(&court, 30 * SEC);
                assert_int_equal(court.n_rungs, 0);
                witness(&court, API, kill_line(45, API));
                pass(&court, 10 * SEC);
                assert_true(court.n_rungs > 0);
                court_close(&court, court.told);
        }
}

/* The same the other way round: what was mentioned before the end. */
static void an_earlier_mention_hides_no_other_end(void **state) {
        Court court;

        (void) state;
        for (unsigned refused = 0; refused < 2; refused++) {
                court_open(&court);
                witness(&court, API, SAW(refused ? FACT_REFUSED : FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 42,
                                         .weak = !refused));
                ended(&court, 42, "oom-kill", 2, 15);
                stop(&court, API);
                court_close(&court, "userspace-oom - killed likely 42 x1\n");
        }
        /* An end that is nobody else's is the error's, which is told later. */
        court_open(&court);
        witness(&court, API, SAW(FACT_REFUSED, .source = WITNESS_KERNEL, .pid = 42));
        ended(&court, 42, "exit-code", 1, 137);
        stop(&court, API);
        pass(&court, 500 * MS);
        witness(&court, API, SAW(FACT_MEMORY_ERROR, .source = WITNESS_JOURNAL, .pid = 42));
        court_close(&court, "memory-error unknown exited likely 42 x1\n");
}

/* From before our time, of a cgroup that no policy is about: none of our business. */
static void an_earlier_run_of_what_is_not_watched_is_not_told(void **state) {
        Witness line = kill_line(41, NULL);
        Court court;

        (void) state;
        court_open(&court);
        line.at = court.now - 500 * SEC;
        memset(line.invocation, 'c', INVOCATION_MAX - 1);
        witness(&court, "/system.slice/docker-1.scope", line);
        court_close(&court, "");
}

/* `raise MemoryError` in Python needs no limit: that there is one proves nothing. */
static void a_raise_by_the_program_proves_no_limit(void **state) {
        Court court;

        (void) state;
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50, .weak = true));
        look(&court, 50, false, 200 * MIB, BYTES_INFINITY);
        court_close(&court, "memory-error rlimit-as survived likely 50 x1\n");
        /* Unless one that was refused came with it. */
        court_open(&court);
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50, .weak = true));
        witness(&court, API, SAW(FACT_RAISED, .source = WITNESS_UPROBE, .pid = 50));
        look(&court, 50, false, 200 * MIB, BYTES_INFINITY);
        court_close(&court, "memory-error rlimit-as survived certain 50 x2\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(many_that_are_due_at_once_are_all_told),
                cmocka_unit_test(an_old_count_found_at_a_reload_is_no_news),
                cmocka_unit_test(a_run_in_the_same_cgroup_leaves_the_one_before_behind),
                cmocka_unit_test(a_run_of_long_ago_is_not_spoken_of),
                cmocka_unit_test(whose_limit_it_was_is_not_forgotten),
                cmocka_unit_test(a_victim_that_is_named_after_the_end_is_of_the_same_kill),
                cmocka_unit_test(a_mention_hides_no_other_end),
                cmocka_unit_test(an_error_travels_from_an_error_only),
                cmocka_unit_test(the_first_look_counts),
                cmocka_unit_test(blindness_is_told),
                cmocka_unit_test(the_areas_come_later),
                cmocka_unit_test(an_action_that_failed_explains_no_later_end),
                cmocka_unit_test(no_setting_is_guessed),
                cmocka_unit_test(a_forged_mark_makes_no_kill),
                cmocka_unit_test(a_killers_line_may_be_its_victims),
                cmocka_unit_test(a_killer_that_names_a_pid_is_heard_between_the_two),
                cmocka_unit_test(one_service_does_not_fill_the_table),
                cmocka_unit_test(users_do_not_fill_the_table),
                cmocka_unit_test(claims_make_room_for_what_is_sure),
                cmocka_unit_test(what_finds_no_place_is_told),
                cmocka_unit_test(a_kill_is_accounted_for_once),
                cmocka_unit_test(the_host_is_not_blamed_for_certain_without_counters),
                cmocka_unit_test(what_is_told_is_text),
                cmocka_unit_test(a_rung_counts_a_kill_once),
                cmocka_unit_test(an_earlier_mention_hides_no_other_end),
                cmocka_unit_test(an_earlier_run_of_what_is_not_watched_is_not_told),
                cmocka_unit_test(a_raise_by_the_program_proves_no_limit),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
