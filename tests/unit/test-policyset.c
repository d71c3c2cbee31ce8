/* Policy files merge in order, say where each value is from, and are refused when they do not fit together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "conf.h"

#define A "[Match]\nUnit=a.service\n" /* lines 1 and 2 */
#define ALL "[Match]\nUnit=*.service\n"

typedef struct Set {
        PolicySet *set;
        ConfErrors errors;
} Set;

static int setup(void **state) {
        Set *set = calloc(1, sizeof(*set));

        assert_non_null(set);
        assert_int_equal(policy_set_new(&set->set), 0);
        *state = set;
        return 0;
}

static int teardown(void **state) {
        Set *set = *state;

        conf_errors_done(&set->errors);
        assert_null(policy_set_free(set->set));
        free(set);
        return 0;
}

/* Adds files "1", "2", and so on. */
#define add(set, ...)                                                                                                  \
        do {                                                                                                           \
                const char *_texts[] = {__VA_ARGS__};                                                                  \
                add_all(set, _texts, ELEMENTSOF(_texts));                                                              \
        } while (false)

static void add_all(Set *set, const char *const texts[], size_t n_texts) {
        char name[16];

        for (size_t i = 0; i < n_texts; i++) {
                (void) snprintf(name, sizeof(name), "%d", policy_set_n_files(set->set) + 1);
                assert_int_equal(policy_set_add(set->set, name, texts[i], strlen(texts[i]), &set->errors), 0);
        }
}

static const Policy *resolve(Set *set, const char *name) {
        const Policy *policy = (void *) 1;
        char path[CGROUP_PATH_MAX];

        (void) snprintf(path, sizeof(path), "/system.slice/%s", name);
        assert_int_equal(policy_set_resolve(set->set, name, path, &policy), 0);
        return policy;
}

/* What policy_set_check() tells, one a line. */
static void check_tells(Set *set, const char *expected) {
        char all[16384] = "";
        int r;

        conf_errors_done(&set->errors);
        r = policy_set_check(set->set, &set->errors);
        for (unsigned i = 0; i < set->errors.n_items; i++) {
                (void) strcat(all, set->errors.items[i].text);
                (void) strcat(all, "\n");
        }
        assert_string_equal(all, expected);
        assert_int_equal(r, *expected ? -EBADMSG : 0);
}

#define assert_source(source, at_file, at_line)                                                                        \
        do {                                                                                                           \
                assert_int_equal((source).file, at_file);                                                              \
                assert_int_equal((source).line, at_line);                                                              \
        } while (false)

static void test_every_value(void **state) {
        const Policy *policy;

        add(*state, A "[Policy]\nMode=act\nRestartBudget=5/2h\nPreference=avoid\nLoan=64M\nRelax=1min\n"
                      "[Rung ask]\nUsage=75%\nPressureSome=300ms/1s\nEvent=oom-kill 2/10min\nAction=signal SIGUSR1\n"
                      "Action=reclaim 10%\nHold=2s\nSettle=3s\n"
                      "[Rung end]\nUsage=512M\nPressureFull=1s/2s\nAction=start dump@a.service\nAction=restart\n");
        policy = resolve(*state, "a.service");
        assert_int_equal(policy->mode, MODE_ACT);
        assert_int_equal(policy->budget_count, 5);
        assert_int_equal(policy->budget_window, 7200 * USEC_PER_SEC);
        assert_int_equal(policy->preference, PREFERENCE_AVOID);
        assert_int_equal(policy->loan, 64 * MIB);
        assert_int_equal(policy->relax, USEC_PER_MINUTE);
        assert_source(policy->mode_source, 0, 4);
        assert_source(policy->budget_source, 0, 5);
        assert_source(policy->preference_source, 0, 6);
        assert_source(policy->loan_source, 0, 7);
        assert_source(policy->relax_source, 0, 8);

        assert_int_equal(policy->n_rungs, 2);
        assert_string_equal(policy->rungs[0].name, "ask");
        assert_source(policy->rungs[0].source, 0, 9);
        assert_true(policy->rungs[0].usage.set && policy->rungs[0].usage.percent);
        assert_int_equal(policy->rungs[0].usage.value, 7500);
        assert_source(policy->rungs[0].usage_source, 0, 10);
        assert_int_equal(policy->rungs[0].hold, 2 * USEC_PER_SEC);
        assert_source(policy->rungs[0].hold_source, 0, 15);
        assert_int_equal(policy->rungs[0].settle, 3 * USEC_PER_SEC);
        assert_source(policy->rungs[0].settle_source, 0, 16);
        assert_int_equal(policy->rungs[0].n_actions, 2);
        assert_int_equal(policy->rungs[0].actions[0].verb, VERB_SIGNAL);
        assert_int_equal(policy->rungs[0].actions[0].target, TARGET_MAIN);
        assert_source(policy->rungs[0].actions[0].source, 0, 13);
        assert_int_equal(policy->rungs[0].actions[1].verb, VERB_RECLAIM);
        assert_int_equal(policy->rungs[0].actions[1].amount.value, 1000);

        assert_true(policy->rungs[1].usage.set && !policy->rungs[1].usage.percent);
        assert_int_equal(policy->rungs[1].usage.value, 512 * MIB);
        assert_string_equal(policy->rungs[1].actions[0].unit, "dump@a.service");
        assert_int_equal(policy->rungs[1].actions[1].verb, VERB_RESTART);
        assert_int_equal(policy->rungs[1].settle, 5 * USEC_PER_SEC);
        assert_source(policy->rungs[1].settle_source, -1, 0);

        assert_int_equal(policy->n_events, 1);
        assert_int_equal(policy->events[0].rung, 0);
        assert_int_equal(policy->events[0].what, COUNTED_OOM_KILL);
        assert_int_equal(policy->events[0].count, 2);
        assert_int_equal(policy->events[0].window, 600 * USEC_PER_SEC);
        assert_source(policy->events[0].source, 0, 12);
        assert_int_equal(policy->n_pressures, 2);
        assert_int_equal(policy->pressures[1].rung, 1);
        assert_int_equal(policy->pressures[1].what, STALLED_FULL);
        assert_int_equal(policy->pressures[1].stall, USEC_PER_SEC);
        assert_int_equal(policy->pressures[1].window, 2 * USEC_PER_SEC);
        assert_source(policy->pressures[1].source, 0, 19);
        check_tells(*state, "");
}

static void test_later_files_override(void **state) {
        const Policy *policy;

        add(*state, A "[Policy]\nMode=act\nLoan=64M\n[Rung ask]\nUsage=75%\nAction=notify\nPressureSome=1s/2s\n",
            A "[Policy]\nMode=observe\n[Rung late]\nUsage=80%\nAction=notify\n[Rung "
              "ask]\nUsage=70%\nPressureSome=2s/3s\n");
        policy = resolve(*state, "a.service");
        assert_int_equal(policy->mode, MODE_OBSERVE);
        assert_source(policy->mode_source, 1, 4);
        assert_int_equal(policy->loan, 64 * MIB);
        assert_source(policy->loan_source, 0, 5);
        /* In order of first appearance, not of the last word. */
        assert_int_equal(policy->n_rungs, 2);
        assert_string_equal(policy->rungs[0].name, "ask");
        assert_source(policy->rungs[0].source, 0, 6);
        assert_int_equal(policy->rungs[0].usage.value, 7000);
        assert_source(policy->rungs[0].usage_source, 1, 9);
        assert_string_equal(policy->rungs[1].name, "late");
        assert_int_equal(policy->n_pressures, 1);
        assert_int_equal(policy->pressures[0].stall, 2 * USEC_PER_SEC);
        check_tells(*state, "");
}

static void test_lists_are_appended(void **state) {
        const Policy *policy;

        add(*state, A "[Rung ask]\nUsage=75%\nAction=notify\nEvent=high 1/1s\n",
            A "[Rung ask]\nAction=pressure\nEvent=max 2/1s\n", A "[Rung ask]\nAction=restart\n");
        policy = resolve(*state, "a.service");
        assert_int_equal(policy->rungs[0].n_actions, 3);
        assert_int_equal(policy->rungs[0].actions[0].verb, VERB_NOTIFY);
        assert_int_equal(policy->rungs[0].actions[1].verb, VERB_PRESSURE);
        assert_source(policy->rungs[0].actions[1].source, 1, 4);
        assert_int_equal(policy->rungs[0].actions[2].verb, VERB_RESTART);
        assert_int_equal(policy->n_events, 2);
        assert_source(policy->events[1].source, 1, 5);
}

static void test_empty_values_reset(void **state) {
        const Policy *policy;

        add(*state,
            A "[Policy]\nMode=act\nRestartBudget=1/1min\nPreference=sacrifice\nLoan=64M\nRelax=1min\n"
              "[Rung ask]\nUsage=75%\nPressureSome=1s/2s\nPressureFull=1s/2s\nEvent=high 1/1s\nAction=notify\nHold=1s\n"
              "Settle=1s\n[Rung end]\nPressureFull=2s/3s\nEvent=max 1/1s\nAction=stop\n",
            A "[Policy]\nMode=\nRestartBudget=\nPreference=\nLoan=\nRelax=\n"
              "[Rung ask]\nUsage=\nPressureSome=\nEvent=\nEvent=oom-kill 1/1s\nAction=\nAction=kill\nHold=\nSettle=\n");
        policy = resolve(*state, "a.service");
        assert_int_equal(policy->mode, MODE_OBSERVE);
        assert_source(policy->mode_source, 1, 4);
        assert_int_equal(policy->budget_count, 3);
        assert_int_equal(policy->budget_window, 3600 * USEC_PER_SEC);
        assert_int_equal(policy->preference, PREFERENCE_NORMAL);
        assert_int_equal(policy->loan, 0);
        assert_int_equal(policy->relax, 10 * USEC_PER_SEC);
        assert_false(policy->rungs[0].usage.set);
        assert_int_equal(policy->rungs[0].hold, 0);
        assert_int_equal(policy->rungs[0].settle, 5 * USEC_PER_SEC);
        assert_int_equal(policy->rungs[0].n_actions, 1);
        assert_int_equal(policy->rungs[0].actions[0].verb, VERB_KILL);
        /* Of this rung only, and of this key only. */
        assert_int_equal(policy->n_events, 2);
        assert_int_equal(policy->events[0].rung, 1);
        assert_int_equal(policy->events[1].what, COUNTED_OOM_KILL);
        assert_int_equal(policy->n_pressures, 2);
        assert_int_equal(policy->pressures[0].what, STALLED_FULL);
        assert_int_equal(policy->pressures[1].what, STALLED_FULL);
}

static void test_matching(void **state) {
        const Policy *policy;
        Set *set = *state;

        add(set, "[Match]\nUnit=no.service\nUnit=\nUnit=a.service  web@*.service\nCgroup=/kubepods.slice/**\n");
        assert_non_null(resolve(set, "a.service"));
        assert_non_null(resolve(set, "web@7.service"));
        assert_null(resolve(set, "no.service"));
        assert_null(resolve(set, "aa.service"));
        assert_int_equal(policy_set_resolve(set->set, "x.scope", "/kubepods.slice/pod1.slice/x.scope", &policy), 0);
        assert_non_null(policy);
        assert_true(policy_set_may_match_below(set->set, "/kubepods.slice/pod1.slice"));
        assert_true(policy_set_may_match_below(set->set, "/"));
        assert_false(policy_set_may_match_below(set->set, "/system.slice"));
        assert_int_equal(policy_set_n_files(set->set), 1);
        assert_string_equal(policy_set_file(set->set, 0), "1");
        assert_string_equal(policy_set_file(set->set, -1), "built-in");
        assert_string_equal(policy_set_file(set->set, 1), "built-in");
}

static void test_sharing(void **state) {
        const Policy *a;

        add(*state, ALL, A "[Policy]\nMode=act\n");
        a = resolve(*state, "a.service");
        assert_ptr_equal(a, resolve(*state, "a.service"));
        assert_ptr_not_equal(a, resolve(*state, "b.service"));
        assert_ptr_equal(resolve(*state, "c.service"), resolve(*state, "b.service"));
        /* It stays where it is, whatever comes after. */
        add(*state, "[Match]\nUnit=d.service\n");
        assert_non_null(resolve(*state, "d.service"));
        assert_ptr_equal(a, resolve(*state, "a.service"));
        assert_int_equal(a->mode, MODE_ACT);
}

/* Nine files of which each unit "01010...", a digit a file, picks its own combination. */
static void test_combinations_are_bounded(void **state) {
        char text[64], name[16] = "xxxxxxxxx";
        const Policy *policy = NULL;
        Set *set = *state;
        int r;

        for (unsigned i = 0; i < 10; i++) {
                (void) snprintf(text, sizeof(text), "[Match]\nUnit=%.*s1*\n", (int) i, "?????????");
                add(set, text);
        }
        for (unsigned n = 1; n <= 513; n++) {
                for (unsigned i = 0; i < 10; i++)
                        name[i] = n >> i & 1 ? '1' : '0';
                r = policy_set_resolve(set->set, name, "/x", &policy);
                assert_int_equal(r, n <= 512 ? 0 : -ENOSPC);
        }
        /* What is known goes on. */
        assert_int_equal(policy_set_resolve(set->set, "1000000000", "/x", &policy), 0);
        assert_non_null(policy);
}

static void test_files_are_bounded(void **state) {
        Set *set = *state;

        for (unsigned i = 0; i < CONF_FILES_MAX; i++)
                assert_int_equal(policy_set_add(set->set, "f", A, strlen(A), &set->errors), 0);
        assert_int_equal(policy_set_add(set->set, "f", A, strlen(A), &set->errors), -E2BIG);
        assert_string_equal(set->errors.items[0].text, "f: the file is one too many; expected at most 256");
        /* The last file has its bit too. */
        assert_non_null(resolve(set, "a.service"));
        check_tells(set, "");
}

static void test_globs_are_bounded(void **state) {
        char text[CONF_LINE_MAX] = "[Match]\nUnit=";
        Set *set = *state;

        for (unsigned i = 0; i < 100; i++)
                (void) strcat(text, "*.scope ");
        for (unsigned i = 0; i < 40; i++)
                assert_int_equal(policy_set_add(set->set, "f", text, strlen(text), &set->errors), 0);
        assert_int_equal(policy_set_add(set->set, "f", text, strlen(text), &set->errors), -E2BIG);
        assert_string_equal(set->errors.items[0].text, "f: the globs of all files are too many; expected at most 4096");
        assert_int_equal(policy_set_n_files(set->set), 40);
        /* So many globs, and one combination. */
        check_tells(set, "");
}

static void test_incomplete_rungs(void **state) {
        add(*state, A "[Rung a]\nAction=notify\n[Rung b]\nUsage=75%\n[Rung c]\n",
            /* What one file lacks, another may give to the same units. */
            "[Match]\nUnit=b.service\n[Rung a]\nAction=notify\n[Rung b]\nEvent=high 1/1s\n[Rung "
            "c]\nPressureFull=1s/1s\n",
            "[Match]\nUnit=[b-d].service\n[Rung a]\nUsage=50%\n[Rung b]\nAction=notify\n[Rung c]\nAction=stop\n",
            /* It is no matter that nothing else is for these units. */
            "[Match]\nCgroup=/k/**\n[Rung k]\nUsage=50%\n");
        check_tells(*state, "1:3: [Rung a] has no condition for a unit like a.service; expected Usage=, TimeToLimit=, PressureSome=, "
                            "PressureFull= or Event=\n"
                            "1:5: [Rung b] has no action for a unit like a.service; expected Action=\n"
                            "1:7: [Rung c] has no condition for a unit like a.service; expected Usage=, TimeToLimit=, PressureSome=, "
                            "PressureFull= or Event=\n"
                            "1:7: [Rung c] has no action for a unit like a.service; expected Action=\n"
                            "4:3: [Rung k] has no action for a unit like /k/~; expected Action=\n");
}

static void test_each_mistake_is_told_once(void **state) {
        add(*state, ALL "[Rung a]\nUsage=75%\n", A "[Policy]\nMode=act\n",
            "[Match]\nUnit=b.service\n[Policy]\nMode=act\n");
        check_tells(*state, "1:3: [Rung a] has no action for a unit like ~.service; expected Action=\n");
}

/* b.service alone is complete; [b-d].service is for c.service too, which is not. */
static void test_overlap_is_judged_by_example(void **state) {
        add(*state, "[Match]\nUnit=b.service\n[Rung b]\nEvent=high 1/1s\n",
            "[Match]\nUnit=[c-d].service b.service\n[Rung b]\nAction=notify\n");
        check_tells(*state, "2:3: [Rung b] has no condition for a unit like c.service; expected Usage=, TimeToLimit=, PressureSome=, "
                            "PressureFull= or Event=\n");
}

static void test_levels(void **state) {
        add(*state,
            ALL "[Rung a]\nUsage=75%\nAction=notify\n[Rung b]\nUsage=1G\nAction=notify\n"
                "[Rung c]\nUsage=80%\nAction=notify\n[Rung d]\nUsage=2G\nAction=notify\n",
            "[Match]\nUnit=b.service\n[Rung c]\nUsage=60%\n", "[Match]\nUnit=c.service\n[Rung d]\nUsage=1024M\n",
            "[Match]\nUnit=d.service\n[Rung a]\nUsage=79.99%\n",
            "[Match]\nUnit=e.service\n[Rung a]\nUsage=\nEvent=high 1/1s\n"
            "[Rung c]\nUsage=1%\n");
        check_tells(
                *state,
                "2:4: Usage=60% of [Rung c] is below the 75% of [Rung a], which comes before it (1:4); expected rising "
                "levels\n"
                "3:4: Usage=1G of [Rung d] is that of [Rung b] too (1:7); expected a higher one for the later rung\n");
}

/* Ten services with ladders of their own never meet, so their rungs do not add up. */
static void test_strangers(void **state) {
        char text[256];

        for (unsigned i = 0; i < 10; i++) {
                (void) snprintf(
                        text, sizeof(text),
                        "[Match]\nUnit=s%u.service\n[Rung r%u]\nUsage=%u%%\nEvent=high 1/1s\nPressureSome=1s/1s\n"
                        "Action=restart\n",
                        i, i, 90 - i);
                add(*state, text);
        }
        check_tells(*state, "");
}

static void test_too_much_when_merged(void **state) {
        const Policy *policy;

        add(*state,
            ALL "[Rung a]\nUsage=10%\nAction=notify\nAction=notify\nAction=notify\nEvent=high 1/1s\nEvent=high 2/1s\n"
                "Event=high 3/1s\nPressureSome=1s/1s\nPressureFull=1s/1s\n[Rung b]\nUsage=20%\nAction=restart\n",
            A "[Rung a]\nAction=notify\nAction=pressure\nEvent=max 1/1s\nEvent=max 2/1s\n[Rung b]\nPressureSome=1s/1s\n"
              "PressureFull=1s/1s\nAction=notify\n[Rung c]\nUsage=30%\nPressureSome=1s/1s\nAction=notify\n",
            "[Match]\nUnit=b.service\n[Rung 1]\nUsage=31%\nAction=notify\n[Rung 2]\nUsage=32%\nAction=notify\n[Rung "
            "3]\n"
            "Usage=33%\nAction=notify\n[Rung 4]\nUsage=34%\nAction=notify\n[Rung 5]\nUsage=35%\nAction=notify\n[Rung "
            "6]\n"
            "Usage=36%\nAction=notify\n[Rung 7]\nUsage=37%\nAction=notify\n");
        check_tells(*state, "2:5: Action=pressure is one too many; expected at most 4 in a rung\n"
                            "2:7: Event= is one too many; expected at most 4 over all rungs\n"
                            "2:11: Action=notify comes after Action=restart of the same rung; expected that to be the "
                            "last (an empty "
                            "Action= drops those of earlier files)\n"
                            "2:14: PressureSome= is one too many; expected at most 4 pressure lines over all rungs\n"
                            "3:21: [Rung 7] is one too many; expected at most 8 rungs in a ladder\n");

        /* And a daemon that starts all the same has a policy that keeps the bounds. */
        policy = resolve(*state, "a.service");
        assert_int_equal(policy->rungs[0].n_actions, 4);
        assert_int_equal(policy->n_events, 4);
        assert_int_equal(policy->n_pressures, 4);
        assert_int_equal(policy->rungs[1].n_actions, 1);
        assert_int_equal(policy->rungs[1].actions[0].verb, VERB_RESTART);
        policy = resolve(*state, "b.service");
        assert_int_equal(policy->n_rungs, 8);
        assert_int_equal(policy->rungs[7].usage.value, 3600);
        assert_int_equal(policy->rungs[7].n_actions, 1);
}

/* Two globs of which neither holds the other: found as soon as such a unit is there. */
/* "web@*" is no service by its letters, but its units are. */
static void test_globs_without_a_type(void **state) {
        add(*state, "[Match]\nUnit=web@*\n[Rung a]\nUsage=75%\nAction=notify\n",
            ALL "[Rung a]\nAction=stop\n[Rung b]\n"
                "Usage=50%\nAction=stop\n");
        check_tells(*state,
                    "2:6: Usage=50% of [Rung b] is below the 75% of [Rung a], which comes before it (1:4); expected "
                    "rising levels\n"
                    "2:3: [Rung a] has no condition for a unit like ~.service; expected Usage=, TimeToLimit=, PressureSome=, "
                    "PressureFull= or Event=\n");
}

static void test_units_that_are_there(void **state) {
        add(*state, "[Match]\nUnit=a*.service\n[Rung a]\nUsage=75%\nAction=notify\n",
            "[Match]\nUnit=*b.service\n[Rung b]\nUsage=70%\nAction=notify\n");
        check_tells(*state, "");
        assert_non_null(resolve(*state, "axb.service"));
        check_tells(*state,
                    "2:4: Usage=70% of [Rung b] is below the 75% of [Rung a], which comes before it (1:4); expected "
                    "rising levels\n");
}

static void add_shipped(Set *set, const char *path) {
        char text[CONF_FILE_BYTES_MAX];
        FILE *file = fopen(path, "re");
        size_t n;

        assert_non_null(file);
        n = fread(text, 1, sizeof(text), file);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(policy_set_add(set->set, path, text, n, &set->errors), 0);
}

static void test_shipped_policies(void **state) {
        const Policy *policy;

        add_shipped(*state, TEST_DIR "/../conf/policy.d/10-observe.conf");
        policy = resolve(*state, "any.service");
        assert_non_null(policy);
        assert_int_equal(policy->mode, MODE_OBSERVE);
        assert_null(resolve(*state, "any.slice"));

        add_shipped(*state, TEST_DIR "/../conf/examples/python-service.conf");
        check_tells(*state, "");
        policy = resolve(*state, "api.service");
        assert_int_equal(policy->mode, MODE_ACT);
        assert_true(policy->n_rungs >= 3);
        assert_int_equal(resolve(*state, "any.service")->mode, MODE_OBSERVE);
        assert_int_equal(policy_set_host(((Set *) *state)->set)->n_rungs, 0);

        add_shipped(*state, TEST_DIR "/../conf/examples/host-guard.conf");
        check_tells(*state, "");
        assert_int_equal(policy_set_host(((Set *) *state)->set)->n_rungs, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
                T(test_every_value),
                T(test_later_files_override),
                T(test_lists_are_appended),
                T(test_empty_values_reset),
                T(test_matching),
                T(test_sharing),
                T(test_combinations_are_bounded),
                T(test_files_are_bounded),
                T(test_globs_are_bounded),
                T(test_incomplete_rungs),
                T(test_each_mistake_is_told_once),
                T(test_overlap_is_judged_by_example),
                T(test_levels),
                T(test_strangers),
                T(test_too_much_when_merged),
                T(test_globs_without_a_type),
                T(test_units_that_are_there),
                T(test_shipped_policies),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
