/* Every word of the policy model reads back as it was written. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "policy.h"

static void test_names(void **state) {
        (void) state;
        for (Mode i = 0; i < _MODE_MAX; i++)
                assert_int_equal(mode_parse(mode_name(i)), i);
        for (Preference i = 0; i < _PREFERENCE_MAX; i++)
                assert_int_equal(preference_parse(preference_name(i)), i);
        for (Verb i = 0; i < _VERB_MAX; i++)
                assert_int_equal(verb_parse(verb_name(i)), i);
        for (SignalTarget i = 0; i < _TARGET_MAX; i++)
                assert_int_equal(target_parse(target_name(i)), i);
        for (Counted i = 0; i < _COUNTED_MAX; i++)
                assert_int_equal(counted_parse(counted_name(i)), i);
        assert_string_equal(stalled_name(STALLED_SOME), "some");
        assert_string_equal(stalled_name(STALLED_FULL), "full");
}

static void test_unknown_words(void **state) {
        static const char *const words[] = {"", "Act", "act ", "restarts", "SIGTERM", "oom_kill", "unknown"};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                assert_int_equal(mode_parse(words[i]), -EINVAL);
                assert_int_equal(preference_parse(words[i]), -EINVAL);
                assert_int_equal(verb_parse(words[i]), -EINVAL);
                assert_int_equal(target_parse(words[i]), -EINVAL);
                assert_int_equal(counted_parse(words[i]), -EINVAL);
        }
        assert_string_equal(mode_name(_MODE_MAX), "unknown");
        assert_string_equal(verb_name(_VERB_INVALID), "unknown");
        assert_string_equal(counted_name(_COUNTED_MAX), "unknown");
}

static void test_verbs(void **state) {
        static const Verb disruptive[] = {VERB_RESTART, VERB_STOP, VERB_KILL};
        static const Verb reversible[] = {VERB_THROTTLE, VERB_FREEZE};
        unsigned n_disruptive = 0, n_reversible = 0;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(disruptive); i++)
                assert_true(verb_is_disruptive(disruptive[i]));
        for (size_t i = 0; i < ELEMENTSOF(reversible); i++)
                assert_true(verb_is_reversible(reversible[i]));
        for (Verb i = 0; i < _VERB_MAX; i++) {
                n_disruptive += verb_is_disruptive(i);
                n_reversible += verb_is_reversible(i);
        }
        assert_int_equal(n_disruptive, ELEMENTSOF(disruptive));
        assert_int_equal(n_reversible, ELEMENTSOF(reversible));
        assert_false(verb_is_disruptive(_VERB_INVALID));
}

/* The table is ours, the truth is the C library's. */
static void test_signals_are_those_of_libc(void **state) {
        char name[32];

        (void) state;
        for (int i = 1; i < 32; i++) {
                (void) snprintf(name, sizeof(name), "SIG%s", i == SIGIO ? "IO" : sigabbrev_np(i));
                assert_string_equal(signal_text(i), name);
        }
        assert_int_equal(signal_parse("SIGRTMIN"), SIGRTMIN);
        assert_int_equal(signal_parse("RTMIN+30"), SIGRTMAX);
        for (int i = 1; i <= SIGRTMAX; i++)
                assert_int_equal(signal_parse(signal_text(i)), i);
}

static void test_signal_parse(void **state) {
        static const struct {
                const char *text;
                int result;
        } cases[] = {
                {"SIGUSR1", SIGUSR1},
                {"USR1", SIGUSR1},
                {"10", SIGUSR1},
                {"1", 1},
                {"64", 64},
                {"0", -EINVAL},
                {"65", -EINVAL},
                {"", -EINVAL},
                {"-1", -EINVAL},
                {"1x", -EINVAL},
                {"010", -EINVAL},
                {"SIG", -EINVAL},
                {"SIG10", -EINVAL},
                {"sigusr1", -EINVAL},
                {"SIGSIGUSR1", -EINVAL},
                {"SIGRTMIN+31", -EINVAL},
                {"SIGRTMIN+0", -EINVAL},
                {"99999999999999999999", -EINVAL},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(signal_parse(cases[i].text), cases[i].result);
        assert_string_equal(signal_text(0), "unknown");
        assert_string_equal(signal_text(65), "unknown");
        assert_string_equal(signal_text(-1), "unknown");
}

/* What ends a process by default, as this very kernel has it: a child without a handler is asked. */
static void test_signals_that_need_a_handler(void **state) {
        static const int meant[] = {SIGTERM, SIGINT, SIGQUIT, SIGABRT, SIGKILL};

        (void) state;
        for (int signo = 1; signo <= 64; signo++) {
                bool is_meant = false;
                siginfo_t info = {0};
                pid_t pid;

                if (signo == 32 || signo == 33)
                        continue;
                for (size_t i = 0; i < ELEMENTSOF(meant); i++)
                        is_meant |= meant[i] == signo;
                pid = fork();
                assert_true(pid >= 0);
                if (pid == 0) {
                        (void) setsid(); /* like a service: nobody's job, so that no SIGTSTP stops it */
                        (void) signal(signo, SIG_DFL);
                        (void) raise(signo);
                        _exit(0);
                }
                assert_int_equal(waitid(P_PID, (id_t) pid, &info, WEXITED | WSTOPPED | WNOWAIT), 0);
                if (signal_needs_handler(signo) != (!is_meant && (info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED)))
                        fail_msg("signal %d: %d, but the child has ended by %d (%d)", signo, signal_needs_handler(signo),
                                 info.si_code, info.si_status);
                (void) kill(pid, SIGKILL);
                (void) waitpid(pid, NULL, 0);
        }
}

static void test_action_format(void **state) {
        static const struct {
                ActionSpec spec;
                const char *text;
        } cases[] = {
                {{.verb = VERB_NOTIFY}, "notify"},
                {{.verb = VERB_SIGNAL, .signo = SIGUSR1, .target = TARGET_MAIN}, "signal SIGUSR1 main"},
                {{.verb = VERB_SIGNAL, .signo = 33, .target = TARGET_LARGEST}, "signal 33 largest"},
                {{.verb = VERB_RECLAIM, .amount = {true, true, 1000}}, "reclaim 10%"},
                {{.verb = VERB_RECLAIM, .amount = {true, false, 64 * MIB}}, "reclaim 64M"},
                {{.verb = VERB_PRESSURE}, "pressure"},
                {{.verb = VERB_THROTTLE, .duration = 10 * USEC_PER_SEC}, "throttle 10s"},
                {{.verb = VERB_FREEZE, .duration = 300 * USEC_PER_MSEC}, "freeze 300ms"},
                {{.verb = VERB_START, .unit = "dump@api.service"}, "start dump@api.service"},
                {{.verb = VERB_RESTART}, "restart"},
                {{.verb = VERB_STOP}, "stop"},
                {{.verb = VERB_KILL}, "kill"},
        };
        char text[ACTION_TEXT_MAX];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_string_equal(action_spec_format(&cases[i].spec, text), cases[i].text);
}

static void test_longest_action_fits(void **state) {
        ActionSpec spec = {.verb = VERB_START};
        char text[ACTION_TEXT_MAX];

        (void) state;
        memset(spec.unit, 'x', sizeof(spec.unit) - 1);
        assert_int_equal(strlen(action_spec_format(&spec, text)), strlen("start ") + UNIT_NAME_MAX - 1);
}

static void test_defaults(void **state) {
        Policy policy;

        (void) state;
        memset(&policy, 0xff, sizeof(policy));
        policy_init(&policy);
        assert_int_equal(policy.mode, MODE_OBSERVE);
        assert_int_equal(policy.preference, PREFERENCE_NORMAL);
        assert_int_equal(policy.budget_count, 3);
        assert_int_equal(policy.budget_window, 3600 * USEC_PER_SEC);
        assert_int_equal(policy.loan, 0);
        assert_int_equal(policy.relax, 10 * USEC_PER_SEC);
        assert_int_equal(policy.n_rungs + policy.n_events + policy.n_pressures, 0);
        assert_int_equal(policy.mode_source.file, -1);
        assert_int_equal(policy.loan_source.file, -1);
        assert_int_equal(policy.relax_source.file, -1);
}

static void test_rungs(void **state) {
        char name[RUNG_NAME_MAX];
        Policy policy;

        (void) state;
        policy_init(&policy);
        assert_int_equal(policy_find_rung(&policy, "ask"), -ENOENT);
        for (int i = 0; i < POLICY_RUNGS_MAX; i++) {
                (void) snprintf(name, sizeof(name), "rung%d", i);
                assert_int_equal(policy_add_rung(&policy, name), i);
        }
        assert_int_equal(policy_add_rung(&policy, "rung5"), 5);
        assert_int_equal(policy_add_rung(&policy, "one-more"), -ENOSPC);
        assert_int_equal(policy.n_rungs, POLICY_RUNGS_MAX);
        assert_int_equal(policy.rungs[5].settle, 5 * USEC_PER_SEC);
        assert_int_equal(policy.rungs[5].hold, 0);
        assert_false(policy.rungs[5].usage.set);
        assert_int_equal(policy.rungs[5].source.file, -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_names),
                cmocka_unit_test(test_unknown_words),
                cmocka_unit_test(test_verbs),
                cmocka_unit_test(test_signals_are_those_of_libc),
                cmocka_unit_test(test_signal_parse),
                cmocka_unit_test(test_signals_that_need_a_handler),
                cmocka_unit_test(test_action_format),
                cmocka_unit_test(test_longest_action_fits),
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_rungs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
