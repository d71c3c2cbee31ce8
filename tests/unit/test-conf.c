/* Every mistake in a policy file is found, with its line and what was expected. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "conf.h"

#define MATCH "[Match]\nUnit=a.service\n" /* lines 1 and 2 */
#define RUNG MATCH "[Rung a]\n"           /* line 3 */
#define POLICY MATCH "[Policy]\n"
#define X10(text) text text text text text text text text text text

/* All of what a file's mistakes are, one a line; "" for none. */
static char *mistakes(const char *text, size_t size) {
        ConfErrors errors = {0};
        PolicySet *set;
        char *all;
        size_t n = 1;
        int r;

        assert_int_equal(policy_set_new(&set), 0);
        r = policy_set_add(set, "f", text, size, &errors);
        assert_true(r == 0 || r == -EBADMSG || r == -E2BIG);
        assert_int_equal(r<0, errors.n_items> 0);
        assert_int_equal(policy_set_n_files(set), r < 0 ? 0 : 1);
        for (unsigned i = 0; i < errors.n_items; i++)
                n += strlen(errors.items[i].text) + 1;
        all = calloc(1, n);
        assert_non_null(all);
        for (unsigned i = 0; i < errors.n_items; i++) {
                (void) strcat(all, errors.items[i].text);
                (void) strcat(all, "\n");
        }
        conf_errors_done(&errors);
        (void) policy_set_free(set);
        return all;
}

static void expect(const char *text, size_t size, const char *expected) {
        char *found = mistakes(text, size);

        assert_string_equal(found, expected);
        free(found);
}

typedef struct Case {
        const char *text, *expected;
} Case;

static void expect_all(const Case *cases, size_t n_cases) {
        for (size_t i = 0; i < n_cases; i++)
                expect(cases[i].text, strlen(cases[i].text), cases[i].expected);
}

static void test_good(void **state) {
        static const Case cases[] = {
                {MATCH, ""},
                {"[Match]\nUnit=a.service", ""},
                {"# c\n; c\n\n  # indented comment\n[Match] ; c\nUnit = a.service  b@*.service ; c\nCgroup=/k/** ;\n",
                 ""},
                {"[Match]\nCgroup=/kubepods.slice/**\n", ""},
                {POLICY "Mode=act\nRestartBudget=32/2h\nPreference=avoid\nLoan=64M\nRelax=1h\n", ""},
                {POLICY "Mode=\nRestartBudget=\nPreference=\nLoan=\nRelax=\n", ""},
                {RUNG
                 "Usage=95%\nPressureSome=1ms/500ms\nPressureFull=10s/10s\nEvent=high 1/1s\nHold=0\nSettle=100ms\n",
                 ""},
                {RUNG "Usage=\nPressureSome=\nPressureFull=\nEvent=\nAction=\nHold=\nSettle=\n", ""},
                {RUNG "Action=notify\nAction=signal SIGUSR1 all\nAction=reclaim 10%\nAction=kill\n", ""},
                {RUNG "Action=pressure\nAction=throttle 10min\nAction=freeze 1min\nAction=start d@a.service\n", ""},
                {RUNG "Action=signal  USR2\t largest\nAction=reclaim\t64M\nAction=throttle 1min 30s\nAction=stop\n",
                 ""},
                {MATCH "[Rung 0123456789-123456789_123456789a]\n", ""},
                {MATCH "# \xc3\xa4\xe2\x82\xac\n", ""},
        };

        (void) state;
        expect_all(cases, ELEMENTSOF(cases));
}

static void test_lines(void **state) {
        static const Case cases[] = {
                {MATCH "[Policy\nMode=act\n", "f:3: \"[Policy\" has no closing bracket; expected [SECTION]\n"},
                {MATCH "[Policy] Mode=act\n",
                 "f:3: \"Mode=act\" stands behind a section's name; expected nothing there, "
                 "or a comment with ';'\n"},
                {POLICY "Mode act\n", "f:4: \"Mode act\" has no '='; expected KEY=VALUE or [SECTION]\n"},
                {POLICY "Mode: act\n", "f:4: \"Mode: act\" has no '='; expected KEY=VALUE or [SECTION]\n"},
                {POLICY "Mode:x=act\n", "f:4: \"Mode:x\" is no key; expected KEY=VALUE with a key of letters\n"},
                {POLICY "=act\n", "f:4: \"\" is no key; expected KEY=VALUE with a key of letters\n"},
                {POLICY "Mode=observe\n Mode=act\n",
                 "f:5: the line is indented; expected it to begin with a key (a value "
                 "can't go on in a new line)\n"},
                {MATCH "\tb.service\n",
                 "f:3: the line is indented; expected it to begin with a key (a value can't go on in "
                 "a new line)\n"},
                /* An indented header is a header still: what follows is not the mistake of the section before. */
                {POLICY " [Rung a]\nUsage=75%\n",
                 "f:4: the line is indented; expected it to begin with a key (a value can't "
                 "go on in a new line)\n"},
                {POLICY "Mode=act # now\n",
                 "f:4: a '#' stands behind a value; expected ';' to begin a comment there\n"},
                {"[Match]\r\nUnit=a.service\r\n",
                 "f:1: the line ends in CR LF; expected LF alone, as on Unix, in the whole "
                 "file\n"},
                {"\xef\xbb\xbf[Match]\nUnit=a.service\n",
                 "f:1: the file begins with a byte order mark; expected plain UTF-8 "
                 "without one\n"},
                {MATCH "# \xff\n", "f:3: the line is no valid UTF-8 at byte 3; expected plain UTF-8 text\n"},
                {MATCH "# \xc2\n", "f:3: the line is no valid UTF-8 at byte 3; expected plain UTF-8 text\n"},
                {MATCH "# \x1b[2J\n", "f:3: the line holds the control character U+001B; expected plain text\n"},
                {MATCH "# \xc2\x9b\n", "f:3: the line holds the control character U+009B; expected plain text\n"},
                {MATCH "# \xe2\x80\xae\n", "f:3: the line holds the control character U+202E; expected plain text\n"},
        };
        static const char nul[] = MATCH "# a\0b\n[Policy]\nMode=x\n";

        (void) state;
        expect_all(cases, ELEMENTSOF(cases));
        expect(nul, sizeof(nul) - 1,
               "f:3: the line holds a NUL byte; expected plain UTF-8 text\n"
               "f:5: Mode=x is not understood; expected observe or act\n");
}

/* libinih's own buffer holds 200 bytes; ours holds lines of CONF_LINE_MAX. */
static void test_long_lines(void **state) {
        const char *head = "[Match]\nUnit=";
        char text[CONF_LINE_MAX + 64];
        size_t n;

        (void) state;
        for (size_t length = 190; length <= CONF_LINE_MAX + 2; length++) {
                (void) snprintf(text, sizeof(text), "%s", head);
                for (n = strlen(text); n < strlen("[Match]\n") + length; n++)
                        text[n] = n % 10 == 0 ? ' ' : '*';
                text[n] = 0;
                (void) strcat(text, "\n[Policy]\nMode=x\n");
                expect(text, strlen(text),
                       length == CONF_LINE_MAX + 1
                               ? "f:2: the line has 1025 bytes; expected at most 1024\n"
                                 "f:4: Mode=x is not understood; expected observe or act\n"
                                 "f:1: the file is for no unit; expected Unit= or Cgroup= in [Match]\n"
                       : length == CONF_LINE_MAX + 2
                               ? "f:2: the line has 1026 bytes; expected at most 1024\n"
                                 "f:4: Mode=x is not understood; expected observe or act\n"
                                 "f:1: the file is for no unit; expected Unit= or Cgroup= in [Match]\n"
                               : "f:4: Mode=x is not understood; expected observe or act\n");
        }
}

static void test_sections(void **state) {
        static const Case cases[] = {
                {"", "f: the file is for no unit; expected Unit= or Cgroup= in [Match]\n"},
                {"Mode=act\n" MATCH, "f:1: Mode= stands before any section; expected [Match] first\n"},
                {"[Policy]\nMode=act\n", "f: the file is for no unit; expected Unit= or Cgroup= in [Match]\n"},
                {"[Match]\nUnit=a.service\nUnit=\n",
                 "f:1: the file is for no unit; expected Unit= or Cgroup= in [Match]\n"},
                {MATCH "[polcy]\nMode=act\n",
                 "f:3: [polcy] is no section that we know (did you mean Policy?); expected "
                 "[Match], [Policy], [Rung NAME] or [Host NAME]\n"},
                {MATCH "[]\n", "f:3: [] is no section that we know; expected [Match], [Policy], [Rung NAME] or [Host NAME]\n"},
                {MATCH "[Policy now]\n", "f:3: [Policy] takes no name; expected [Policy]\n"},
                {MATCH "[Rung]\n", "f:3: [Rung] has no name; expected [Rung NAME]\n"},
                {MATCH "[Rung a b]\nUsage=99%\n",
                 "f:3: \"a b\" is no name for a rung; expected at most 31 letters, digits, '-' and '_'\n"
                 "f:4: Usage=99% leaves no reserve; expected at most 95%, because a service needs memory to stop "
                 "cleanly\n"},
                {MATCH "[Rung a ;b]\n",
                 "f:3: \"a ;b\" is no name for a rung; expected at most 31 letters, digits, '-' and '_'\n"},
                {MATCH "[Rung 0123456789-123456789_123456789ab]\nUsage=1%\n[Rung a]\nMode=act\n",
                 "f:3: \"0123456789-123456789_123456789ab\" is no name for a rung; expected at most 31 letters, "
                 "digits, "
                 "'-' "
                 "and '_'\n"
                 "f:6: Mode= stands in [Rung NAME]; expected it in [Policy]\n"},
                {"[Rung a b]\n" MATCH,
                 "f:1: \"a b\" is no name for a rung; expected at most 31 letters, digits, '-' and '_'\n"},
                {MATCH "[Match]\nUnit=b.service\n",
                 "f:3: [Match] was there in line 1 already; expected it once in a file\n"},
                {POLICY "[Policy]\n", "f:4: [Policy] was there in line 3 already; expected it once in a file\n"},
                {RUNG "Usage=75%\n[Rung b]\n[Rung a]\nUsage=80%\nHold=1d\n",
                 "f:6: [Rung a] was there in line 3 already; expected each rung once in a file\n"
                 "f:8: Hold=1d is out of range; expected a duration from 0 to 10min, such as 30s\n"},
                {MATCH
                 "[Rung 1]\n[Rung 2]\n[Rung 3]\n[Rung 4]\n[Rung 5]\n[Rung 6]\n[Rung 7]\n[Rung 8]\n[Rung 9]\nHold=x\n",
                 "f:11: [Rung 9] is one too many; expected at most 8 rungs in a ladder\n"
                 "f:12: Hold=x is not understood; expected a duration from 0 to 10min, such as 30s\n"},
        };

        (void) state;
        expect_all(cases, ELEMENTSOF(cases));
}

static void test_keys(void **state) {
        static const Case cases[] = {
                {POLICY "Moed=act\n", "f:4: Moed= is no key that we know (did you mean Mode?); expected one of Mode=, "
                                      "RestartBudget=, Preference=, Loan=, Relax=, ReportFailures=, Uprobes=, Journal= in "
                                      "[Policy]\n"},
                {MATCH "Foo=act\n", "f:3: Foo= is no key that we know; expected one of Unit=, Cgroup= in [Match]\n"},
                {RUNG "mode=act\n", "f:4: mode= is no key that we know (did you mean Mode?); expected one of Usage=, "
                                    "TimeToLimit=, PressureSome=, PressureFull=, Event=, Action=, Hold=, Settle= in [Rung NAME]\n"},
                {POLICY "Usage=75%\n", "f:4: Usage= stands in [Policy]; expected it in [Rung NAME]\n"},
                {RUNG "TimeToLimit=10min\n", ""},
                {RUNG "TimeToLimit=8d\n", "f:4: TimeToLimit=8d is out of range; expected a duration from 1min to 7d, such "
                                          "as 10min\n"},
                {RUNG "TimeToLimit=75%\n", "f:4: TimeToLimit=75% is not understood; expected a duration from 1min to 7d, "
                                           "such as 10min\n"},
                {POLICY "Uprobes=maybe\n", "f:4: Uprobes=maybe is not understood; expected yes or no\n"},
                {POLICY "Mode=act\nLoan=0\nMode=observe\n",
                 "f:6: Mode= was there in line 4 already; expected it once in a section\n"},
                {RUNG "Usage=1%\nUsage=\n", "f:5: Usage= was there in line 4 already; expected it once in a section\n"},
                /* The same key in another section is another key. */
                {RUNG "Usage=1%\n[Rung b]\nUsage=2%\n", ""},
                {RUNG "Event=high 1/1s\nEvent=high 1/1s\nAction=notify\nAction=notify\n", ""},
        };

        (void) state;
        expect_all(cases, ELEMENTSOF(cases));
}

static void test_match(void **state) {
        static const Case cases[] = {
                {"[Match]\nUnit=api\n",
                 "f:2: Unit=api can't be a unit; expected a name with its type, such as api.service\n"},
                {"[Match]\nUnit=a.timer\n",
                 "f:2: Unit=a.timer can't be a unit; expected a name with its type, such as api.service\n"},
                {"[Match]\nUnit=a.service, b.service\n",
                 "f:2: Unit=a.service, can't be a unit; expected names or globs with blanks between them\n"},
                {"[Match]\nUnit=/system.slice/a.service\n",
                 "f:2: Unit=/system.slice/a.service is a path; expected a unit's name (Cgroup= takes paths)\n"},
                {"[Match]\nUnit=web@.service\n",
                 "f:2: Unit=web@.service is a template; expected its units, such as web@*.service\n"},
                {"[Match]\nUnit=web@.service x/ web@1.service y\n",
                 "f:2: Unit=web@.service is a template; expected its units, such as web@*.service\n"
                 "f:2: Unit=x/ is a path; expected a unit's name (Cgroup= takes paths)\n"
                 "f:2: Unit=y can't be a unit; expected a name with its type, such as api.service\n"},
                {"[Match]\nUnit=dev-disk\\x2dby.service\n", ""},
                {"[Match]\nCgroup=kubepods/**\n",
                 "f:2: Cgroup=kubepods/** can't be a cgroup; expected an absolute path, such as /kubepods.slice/**\n"},
                {"[Match]\nCgroup=/a/../b\n",
                 "f:2: Cgroup=/a/../b can't be a cgroup; expected an absolute path, such as /kubepods.slice/**\n"},
        };

        (void) state;
        expect_all(cases, ELEMENTSOF(cases));
}

/* One bad value in line 4. */
#define BAD(section, what, why, wanted)                                                                                \
        { section what "\n", "f:4: " what " is " why "; expected " wanted "\n" }
#define BUDGET "COUNT/TIME with a count from 0 to 32, such as 3/1h"
#define LOAN "a size from 4K, such as 64M, or 0 for none"
#define RELAX "a duration from 1s to 1h, such as 10s"
#define USAGE "a share of the limit up to 95%, such as 75%, or a size from 1M, such as 512M"
#define STALL "STALL/WINDOW with a window from 500ms to 10s and a stall from 1ms up to it, such as 300ms/1s"
#define EVENT "high, max, oom-kill, memory-error or limit-stall and COUNT/TIME with a count from 1, such as oom-kill 1/10min"
#define HOLD "a duration from 0 to 10min, such as 30s"
#define SETTLE "a duration from 100ms to 10min, such as 5s"

static void test_values(void **state) {
        static const Case cases[] = {
                BAD(POLICY, "Mode=Act", "not understood", "observe or act"),
                BAD(POLICY, "RestartBudget=33/1h", "out of range", BUDGET),
                BAD(POLICY, "RestartBudget=3", "not understood", BUDGET),
                BAD(POLICY, "RestartBudget=-1/1h", "not understood", BUDGET),
                BAD(POLICY, "Preference=high", "not understood", "avoid, normal or sacrifice"),
                BAD(POLICY, "Loan=64MB", "not understood", LOAN),
                BAD(POLICY, "Loan=10%", "not understood", LOAN),
                BAD(POLICY, "Loan=64", "out of range", LOAN),
                BAD(POLICY, "Relax=999ms", "out of range", RELAX),
                BAD(POLICY, "Relax=61min", "out of range", RELAX),
                BAD(POLICY, "Relax=soon", "not understood", RELAX),
                BAD(RUNG, "Usage=0%", "out of range", USAGE),
                BAD(RUNG, "Usage=101%", "out of range", USAGE),
                BAD(RUNG, "Usage=75", "out of range", USAGE),
                BAD(RUNG, "Usage=75 %", "not understood", USAGE),
                BAD(RUNG, "PressureSome=300ms", "not understood", STALL),
                BAD(RUNG, "PressureSome=300ms/499ms", "out of range", STALL),
                BAD(RUNG, "PressureFull=300ms/11s", "out of range", STALL),
                BAD(RUNG, "PressureFull=999us/1s", "out of range", STALL),
                BAD(RUNG, "PressureFull=2s/1s", "not understood", STALL),
                BAD(RUNG, "Event=high", "not understood", EVENT),
                BAD(RUNG, "Event=high 0/1s", "out of range", EVENT),
                BAD(RUNG, "Event=high 1/0s", "not understood", EVENT),
                BAD(RUNG, "Event=high 1/1s max", "not understood", EVENT),
                BAD(RUNG, "Hold=601s", "out of range", HOLD),
                BAD(RUNG, "Hold=-1s", "not understood", HOLD),
                BAD(RUNG, "Settle=99ms", "out of range", SETTLE),
                BAD(RUNG, "Settle=11min", "out of range", SETTLE),
                {RUNG "Usage=95.01%\n",
                 "f:4: Usage=95.01% leaves no reserve; expected at most 95%, because a service needs "
                 "memory to stop cleanly\n"},
                {RUNG "Event=limit_stall 3/10min\n",
                 "f:4: Event=limit_stall is no event that we know (did you mean limit-stall?); expected " EVENT "\n"},
                {RUNG "Event=oom 1/1s\n", "f:4: Event=oom is no event that we know; expected " EVENT "\n"},
                {RUNG "Event=oom_kill 1/1s\n",
                 "f:4: Event=oom_kill is no event that we know (did you mean oom-kill?); expected " EVENT "\n"},
        };

        (void) state;
        expect_all(cases, ELEMENTSOF(cases));
}

#define VERBS "notify, signal, reclaim, pressure, throttle, freeze, start, restart, stop or kill"
#define SIGNAL "signal SIG [main|all|largest], such as signal SIGUSR1"
#define RECLAIM "reclaim SIZE from 4K or reclaim PERCENT, such as reclaim 10%"
#define THROTTLE "throttle DURATION from 100ms to 10min, such as throttle 10s"
#define FREEZE "freeze DURATION from 100ms to 1min, such as freeze 5s"
#define START "start UNIT with the unit's full name, such as start dump@api.service"

static void test_actions(void **state) {
        static const Case cases[] = {
                BAD(RUNG, "Action=notify me", "not understood", "notify alone"),
                BAD(RUNG, "Action=restart 5s", "not understood", "restart alone"),
                BAD(RUNG, "Action=pressure 10%", "not understood", "pressure alone"),
                BAD(RUNG, "Action=signal", "not understood", SIGNAL),
                BAD(RUNG, "Action=signal SIGFOO", "not understood", SIGNAL),
                BAD(RUNG, "Action=signal SIGUSR1 worker", "not understood", SIGNAL),
                BAD(RUNG, "Action=signal SIGUSR1 main all", "not understood", SIGNAL),
                BAD(RUNG, "Action=reclaim", "not understood", RECLAIM),
                BAD(RUNG, "Action=reclaim 0%", "out of range", RECLAIM),
                BAD(RUNG, "Action=reclaim 10", "out of range", RECLAIM),
                BAD(RUNG, "Action=reclaim 101%", "out of range", RECLAIM),
                BAD(RUNG, "Action=throttle", "not understood", THROTTLE),
                BAD(RUNG, "Action=throttle 99ms", "out of range", THROTTLE),
                BAD(RUNG, "Action=throttle 601s", "out of range", THROTTLE),
                BAD(RUNG, "Action=freeze 61s", "out of range", FREEZE),
                BAD(RUNG, "Action=start", "not understood", START),
                BAD(RUNG, "Action=start dump", "not understood", START),
                BAD(RUNG, "Action=start dump@.service", "not understood", START),
                BAD(RUNG, "Action=start .service", "not understood", START),
                BAD(RUNG, "Action=start @a.service", "not understood", START),
                BAD(RUNG, "Action=start a.slice", "not understood", START),
                BAD(RUNG, "Action=start a.service b.service", "not understood", START),
                BAD(RUNG, "Action=start ../a.service", "not understood", START),
                {RUNG "Action=restrat\n",
                 "f:4: Action=restrat is no action that we know (did you mean restart?); expected " VERBS "\n"},
                {RUNG "Action=signal SIGKILL\n",
                 "f:4: Action=signal SIGKILL would kill without a budget; expected Action=kill\n"},
                {RUNG "Action=signal 19 all\n",
                 "f:4: Action=signal SIGSTOP would stop for ever; expected Action=freeze DURATION\n"},
                {RUNG "Action=restart\nAction=notify\n", "f:5: Action=notify comes after Action=restart of the same "
                                                         "rung; expected that to be the last (an empty "
                                                         "Action= drops those of earlier files)\n"},
                {RUNG "Action=notify\nAction=notify\nAction=notify\nAction=notify\nAction=stop\n",
                 "f:8: Action=stop is one too many; expected at most 4 in a rung\n"},
        };

        (void) state;
        expect_all(cases, ELEMENTSOF(cases));
}

static void test_too_many(void **state) {
        static const Case cases[] = {
                {RUNG "Event=high 1/1s\nEvent=high 2/1s\nEvent=high 3/1s\n[Rung b]\nEvent=max 1/1s\nEvent=max 2/1s\n",
                 "f:9: Event= is one too many; expected at most 4 over all rungs\n"},
                {RUNG "PressureSome=1s/1s\nPressureFull=1s/1s\n[Rung b]\nPressureSome=1s/1s\nPressureFull=1s/1s\n"
                      "[Rung c]\nPressureFull=1s/1s\n",
                 "f:10: PressureFull= is one too many; expected at most 4 pressure lines over all rungs\n"},
                /* 510 settings and 2 headers are the bound. */
                {RUNG X10(X10("Event=\nEvent=\nEvent=\nEvent=\nEvent=\n")) X10("Event=\n") "[Rung b]\n", ""},
                {RUNG X10(X10("Event=\nEvent=\nEvent=\nEvent=\nEvent=\n"))
                         X10("Event=\n") "[Rung b]\nUsage=1%\nUsage=x\n",
                 "f:515: the file is too long; expected at most 512 settings\n"},
        };
        _cleanup_free_ char *large = NULL;

        (void) state;
        expect_all(cases, ELEMENTSOF(cases));

        large = malloc(CONF_FILE_BYTES_MAX + 1);
        assert_non_null(large);
        memset(large, '\n', CONF_FILE_BYTES_MAX + 1);
        memcpy(large, MATCH, strlen(MATCH));
        expect(large, CONF_FILE_BYTES_MAX, "");
        expect(large, CONF_FILE_BYTES_MAX + 1, "f: the file has too many bytes; expected at most 65536\n");
}

static void test_too_many_globs(void **state) {
        char text[8192] = "[Match]\n";

        (void) state;
        for (unsigned i = 0; i < 256; i++)
                (void) sprintf(text + strlen(text), "Unit=u%u.service\n", i);
        expect(text, strlen(text), "");
        (void) strcat(text, "Unit=v.service\n");
        expect(text, strlen(text), "f:258: [Match] names too much; expected at most 256 globs of a kind in one file\n");
        (void) strcat(text, "Unit=\nUnit=w.service\n");
        expect(text, strlen(text), "f:258: [Match] names too much; expected at most 256 globs of a kind in one file\n");
}

/* What is foreign in a message can neither fill the screen nor move its cursor. */
static void test_foreign_text(void **state) {
        static const Case cases[] = {
                {POLICY "Mode=" X10("0123456789") "\n",
                 "f:4: Mode=012345678901234567890123456789012345678901234567890123456789... is not understood; "
                 "expected "
                 "observe or act\n"},
                {POLICY "Mode=\tx\ty\n", "f:4: Mode=x\\x09y is not understood; expected observe or act\n"},
                {MATCH "[Rung \xc3\xa4]\n",
                 "f:3: \"\xc3\xa4\" is no name for a rung; expected at most 31 letters, digits, '-' and '_'\n"},
        };
        ConfErrors errors = {0};

        (void) state;
        expect_all(cases, ELEMENTSOF(cases));
        assert_int_equal(conf_errors_add(&errors, "a\nb\x1b\xff", 7, "%s", "c\r\xc2\x9b"), -EBADMSG);
        assert_string_equal(errors.items[0].text, "a\\x0ab\\x1b\\xff:7: c\\x0d\\xc2\\x9b");
        conf_errors_done(&errors);
}

static void test_errors_are_bounded(void **state) {
        ConfErrors errors = {0};

        (void) state;
        for (unsigned i = 1; i <= CONF_ERRORS_MAX + 20; i++)
                assert_int_equal(conf_errors_add(&errors, "f", i, "wrong"), -EBADMSG);
        assert_int_equal(errors.n_items, CONF_ERRORS_MAX);
        assert_int_equal(errors.n_dropped, 20);
        /* What is known already is not told twice. */
        assert_int_equal(conf_errors_add(&errors, "f", 1, "wrong"), -EBADMSG);
        assert_int_equal(errors.n_dropped, 20);
        assert_int_equal(conf_errors_add(NULL, "f", 1, "wrong"), -EBADMSG);
        conf_errors_done(&errors);
        assert_int_equal(errors.n_items, 0);
}

/* All kinds at once, in the order of their lines. */
static void test_one_pass(void **state) {
        (void) state;
        expect("Mode=act\n[Matc]\nUnit=x\n[Policy]\nMode=on\nLoad=1M\nno\n[Rung 1 2]\nUsage=99%\n[Rung x]\nAction=stop "
               "now\n",
               strlen("Mode=act\n[Matc]\nUnit=x\n[Policy]\nMode=on\nLoad=1M\nno\n[Rung 1 2]\nUsage=99%\n[Rung "
                      "x]\nAction=stop now\n"),
               "f:1: Mode= stands before any section; expected [Match] first\n"
               "f:2: [Matc] is no section that we know (did you mean Match?); expected [Match], [Policy], [Rung "
               "NAME] or [Host NAME]\n"
               "f:5: Mode=on is not understood; expected observe or act\n"
               "f:6: Load= is no key that we know (did you mean Loan?); expected one of Mode=, RestartBudget=, "
               "Preference=, Loan=, Relax=, ReportFailures=, Uprobes=, Journal= in [Policy]\n"
               "f:7: \"no\" has no '='; expected KEY=VALUE or [SECTION]\n"
               "f:8: \"1 2\" is no name for a rung; expected at most 31 letters, digits, '-' and '_'\n"
               "f:9: Usage=99% leaves no reserve; expected at most 95%, because a service needs memory to stop "
               "cleanly\n"
               "f:11: Action=stop now is not understood; expected stop alone\n"
               "f: the file is for no unit; expected Unit= or Cgroup= in [Match]\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),         cmocka_unit_test(test_lines),
                cmocka_unit_test(test_long_lines),   cmocka_unit_test(test_sections),
                cmocka_unit_test(test_keys),         cmocka_unit_test(test_match),
                cmocka_unit_test(test_values),       cmocka_unit_test(test_actions),
                cmocka_unit_test(test_too_many),     cmocka_unit_test(test_too_many_globs),
                cmocka_unit_test(test_foreign_text), cmocka_unit_test(test_errors_are_bounded),
                cmocka_unit_test(test_one_pass),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
