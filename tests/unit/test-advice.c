/* The adviser's limit, rungs and workers follow from what was seen, each with its reason, and its files are taken */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "advice.h"
#include "conf.h"
#include "doctor.h"

static HostFacts host;
static UnitFacts unit;
static Advice advice;

/* A week of three runs, at most 300 MiB, no limit, 4 GiB without swap. */
static int set_up(void **state) {
        (void) state;
        host_facts_init(&host);
        host.memory_total = 4 * GIB;
        host.swap_total = 0;
        unit_facts_init(&unit, "a.service");
        unit.max = unit.high = BYTES_INFINITY;
        unit.learned = (Peaks){.runs = 3,
                               .working_set = 300 * MIB,
                               .anon = 250 * MIB,
                               .current = 500 * MIB,
                               .start = 60 * MIB,
                               .last = 280 * MIB,
                               .total = 7 * 86400,
                               .longest = 4 * 86400};
        strcpy(unit.peak_at, "2026-11-21 12:00");
        strcpy(unit.first_at, "2026-11-14 12:00");
        unit.working_set = 200 * MIB;
        unit.swap = 0;
        unit.peak = 480 * MIB;
        return 0;
}

static const AdviceSetting *setting(const char *key) {
        for (unsigned i = 0; i < advice.n_settings; i++)
                if (util_streq(advice.settings[i].key, key))
                        return &advice.settings[i];
        fail_msg("there is no %s", key);
        return NULL;
}

static bool says(const char lines[][ADVICE_REASON_MAX], unsigned n, const char *words) {
        for (unsigned i = 0; i < n; i++)
                if (strstr(lines[i], words))
                        return true;
        return false;
}

#define WARNS(words) says(advice.warnings, advice.n_warnings, words)
#define TELLS(words) says(advice.evidence, advice.n_evidence, words)

/* The policy passes check, and its rungs lie in order above the peak. */
static void assert_sound(void) {
        ConfErrors errors = {};
        const Policy *policy;
        PolicySet *set;

        assert_int_equal(policy_set_new(&set), 0);
        assert_int_equal(policy_set_add(set, "50-a.conf", advice.policy, strlen(advice.policy), &errors), 0);
        assert_int_equal(policy_set_check(set, &errors), 0);
        assert_int_equal(policy_set_resolve(set, unit.name, "/system.slice/x", &policy), 0);
        assert_non_null(policy);
        assert_string_equal(policy->rungs[0].name, "ask");
        assert_string_equal(policy->rungs[policy->n_rungs - 1].name, "restart");
        assert_true(advice.ask < advice.restart && advice.restart <= 90);
        assert_true(advice.max >= advice.max / 100 * advice.restart + MIN(16 * MIB, advice.max / 4));
        for (unsigned i = 0; i < advice.n_settings; i++)
                assert_int_equal(advice.settings[i].reason[strlen(advice.settings[i].reason) - 1], '.');
        policy_set_free(set);
        conf_errors_done(&errors);
}

static void test_ordinary(void **state) {
        (void) state;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_false(advice.provisional);
        assert_int_equal(advice.wait, 0);
        assert_int_equal(advice.n_warnings, 0);
        assert_int_equal(advice.max, 400 * MIB);
        assert_string_equal(setting("MemoryMax")->value, "400M");
        assert_non_null(strstr(setting("MemoryMax")->reason, "300M"));
        assert_int_equal(advice.ask, 79);
        assert_int_equal(advice.restart, 90);
        assert_int_equal(advice.high, BYTES_INFINITY);
        assert_string_equal(setting("MemoryHigh")->value, "infinity");
        assert_non_null(strstr(setting("MemoryHigh")->reason, "wall"));
        assert_string_equal(setting("Mode")->value, "act");
        assert_true(TELLS("300M, at 2026-11-21 12:00"));
        assert_true(TELLS("3 runs were watched since 2026-11-14 12:00"));
        assert_true(TELLS("Nothing of it can be swapped out"));
        assert_string_equal(advice.dropin_path, "/etc/systemd/system/a.service.d/50-memory.conf");
        assert_string_equal(advice.policy_path, "/etc/memguard/policy.d/50-a.conf");
        assert_non_null(strstr(advice.dropin, "\n[Service]\nMemoryAccounting=yes\nMemoryMax=400M\n"));
        assert_null(strstr(advice.dropin, "MemoryHigh"));
        assert_null(strstr(advice.policy, "Pressure"));
        assert_sound();
}

static void test_a_wall_is_taken_down(void **state) {
        (void) state;
        unit.high = 200 * MIB;
        strcpy(unit.high_source, "a.service");
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_non_null(strstr(advice.dropin, "\nMemoryHigh=infinity\n"));
        strcpy(unit.high_source, "system.slice");
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_null(strstr(advice.dropin, "MemoryHigh"));
}

static void test_with_swap(void **state) {
        (void) state;
        host.swap_total = GIB;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_int_equal(advice.high, 380 * MIB);
        assert_non_null(strstr(advice.dropin, "\nMemoryHigh=380M\n"));
        assert_non_null(strstr(advice.policy, "PressureSome="));
        assert_sound();
        /* A unit that may not be swapped out is as without. */
        unit.swap_max = 0;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_int_equal(advice.high, BYTES_INFINITY);
}

static void test_too_little(void **state) {
        (void) state;
        unit.learned.longest = unit.learned.total = 300;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_true(advice.provisional);
        assert_int_equal(advice.wait, 55 * USEC_PER_MINUTE);
        assert_true(WARNS("watched for 5 min. Ask again in 55 min"));
        assert_int_equal(advice.max, 512 * MIB);
        assert_non_null(strstr(advice.dropin, "# PROVISIONAL"));
        assert_non_null(strstr(advice.policy, "# PROVISIONAL"));
        assert_non_null(strstr(advice.policy, "\nMode=observe\n"));
        assert_sound();
}

static void test_never_watched(void **state) {
        (void) state;
        unit.learned = (Peaks){};
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_true(advice.provisional);
        assert_true(WARNS("has not watched it"));
        assert_true(WARNS("in 1 h"));
        assert_int_equal(advice.demand, 200 * MIB);
        assert_sound();
}

static void test_nothing_at_all(void **state) {
        (void) state;
        unit.learned = (Peaks){};
        unit.working_set = unit.swap = FACT_UNKNOWN;
        assert_int_equal(advise(&host, &unit, &advice), -ENODATA);
        assert_int_equal(advice.n_warnings, 1);
        assert_true(WARNS("it does not run"));
}

static void test_cut_off(void **state) {
        (void) state;
        unit.max = 300 * MIB;
        strcpy(unit.max_source, "a.service");
        unit.learned.working_set = 290 * MIB;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_true(advice.at_least);
        assert_int_equal(advice.max, 400 * MIB);
        assert_non_null(strstr(setting("MemoryMax")->reason, "cut off"));
        /* A kill tells the same, whatever the readings saw. */
        unit.learned.working_set = 100 * MIB;
        unit.has_history = true;
        unit.kills_unit = 2;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_int_equal(advice.max, 400 * MIB);
        assert_true(TELLS("2 kernel kills at its own limit"));
        assert_sound();
}

static void test_limit_that_fits(void **state) {
        (void) state;
        unit.max = 500 * MIB;
        strcpy(unit.max_source, "a.service");
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_int_equal(advice.max, 500 * MIB);
        assert_non_null(strstr(setting("MemoryMax")->reason, "fits"));
        assert_true(TELLS("Its limit is 500M (MemoryMax= of a.service), of which the peak was 60 %"));
        assert_int_equal(advice.ask, 75);
        unit.max = 2 * GIB;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_int_equal(advice.max, 400 * MIB);
}

static void test_leak(void **state) {
        (void) state;
        strcpy(unit.growth, "leak");
        unit.growth_slope = 4096;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_true(WARNS("leaks, by 14.1M an hour: mend that first"));
        assert_ptr_equal(strstr(advice.warnings[0], "a.service leaks"), advice.warnings[0]);
        assert_int_equal(advice.max, 160 * MIB); /* by what it starts with */
        assert_non_null(strstr(advice.dropin, "# It leaks"));
        assert_sound();
        unit.max = 333 * MIB;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_int_equal(advice.max, 333 * MIB);
        assert_sound();
}

static void test_small_host(void **state) {
        (void) state;
        host.memory_total = 384 * MIB;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_int_equal(advice.max, 256 * MIB);
        assert_true(WARNS("The host is too small"));
        assert_sound();
}

static void test_tiny(void **state) {
        (void) state;
        unit.learned.working_set = unit.working_set = 2 * MIB;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_int_equal(advice.max, 48 * MIB);
        assert_sound();
        host.memory_total = MIB;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_sound();
        unit.learned.working_set = UINT64_MAX;
        host.memory_total = FACT_UNKNOWN;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_sound();
}

static void test_workers(void **state) {
        (void) state;
        /* Now 4 x 45 MiB and a master of 20; the peak was half as much again. */
        unit.workers =
                (WorkerFacts){.comm = "gunicorn", .n = 4, .largest = 45 * MIB, .sum = 180 * MIB, .rest = 20 * MIB};
        strcpy(unit.oom_policy, "stop");
        assert_int_equal(advise(&host, &unit, &advice), 0);
        /* 360M below the last rung, 30M for the rest, 67.5M each. */
        assert_int_equal(advice.workers, 4);
        assert_string_equal(setting("Workers")->value, "4");
        assert_non_null(strstr(setting("Workers")->reason, "67.5M and all else 30M"));
        assert_non_null(strstr(advice.dropin, "OOMPolicy=continue"));
        host.memory_total = 384 * MIB;
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_int_equal(advice.workers, 2);
        assert_true(WARNS("4 workers run, and 2 fit"));
}

static void test_finding_workers(void **state) {
        ProcessFacts processes[] = {{"python3", 20 * MIB}, {"python3", 50 * MIB}, {"sh", 90 * MIB},
                                    {"python3", 45 * MIB}, {"python3", 60 * MIB}, {"sleep", KIB},
                                    {"sleep", KIB}};
        WorkerFacts workers;

        (void) state;
        facts_find_workers(processes, ELEMENTSOF(processes), &workers);
        assert_string_equal(workers.comm, "python3");
        assert_int_equal(workers.n, 3);
        assert_int_equal(workers.largest, 60 * MIB);
        assert_int_equal(workers.sum, 155 * MIB);
        assert_int_equal(workers.rest, 110 * MIB + 2 * KIB);
        facts_find_workers(processes, 1, &workers);
        assert_int_equal(workers.n, 0);
        facts_find_workers(processes, 0, &workers);
        assert_int_equal(workers.n, 0);
}

static void test_other_units(void **state) {
        (void) state;
        strcpy(unit.name, "foo\\x2dbar.scope");
        assert_int_equal(advise(&host, &unit, &advice), 0);
        assert_non_null(strstr(advice.dropin, "\n[Scope]\n"));
        assert_non_null(strstr(advice.policy, "\n[Rung restart]\nUsage=90%\nAction=notify\n"));
        assert_string_equal(advice.policy_path, "/etc/memguard/policy.d/50-foo\\x2dbar.conf");
        assert_sound();
}

/* Who follows the advice is not told off by the doctor. */
static void test_doctor_agrees(void **state) {
        ConfErrors errors = {};
        Findings findings;
        PolicySet *set;

        (void) state;
        for (unsigned swap = 0; swap < 2; swap++) {
                (void) set_up(NULL);
                host.daemon = TRI_YES;
                host.swap_total = host.swap_free = swap * GIB;
                assert_int_equal(advise(&host, &unit, &advice), 0);
                assert_int_equal(policy_set_new(&set), 0);
                assert_int_equal(policy_set_add(set, "x", advice.policy, strlen(advice.policy), &errors), 0);
                assert_int_equal(policy_set_resolve(set, unit.name, "/x", &unit.policy), 0);
                unit.has_policies = true;
                unit.max = advice.max;
                unit.high = advice.high;
                (void) doctor_examine(&host, &unit, &findings);
                for (unsigned i = 0; i < findings.n; i++)
                        if (!util_streq(findings.items[i].id, "swap-none"))
                                fail_msg("%s", findings.items[i].text);
                policy_set_free(set);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_ordinary, set_up),
                cmocka_unit_test_setup(test_a_wall_is_taken_down, set_up),
                cmocka_unit_test_setup(test_with_swap, set_up),
                cmocka_unit_test_setup(test_too_little, set_up),
                cmocka_unit_test_setup(test_never_watched, set_up),
                cmocka_unit_test_setup(test_nothing_at_all, set_up),
                cmocka_unit_test_setup(test_cut_off, set_up),
                cmocka_unit_test_setup(test_limit_that_fits, set_up),
                cmocka_unit_test_setup(test_leak, set_up),
                cmocka_unit_test_setup(test_small_host, set_up),
                cmocka_unit_test_setup(test_tiny, set_up),
                cmocka_unit_test_setup(test_workers, set_up),
                cmocka_unit_test(test_finding_workers),
                cmocka_unit_test_setup(test_other_units, set_up),
                cmocka_unit_test(test_doctor_agrees),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
