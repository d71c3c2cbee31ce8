/* Evidence becomes a verdict by one table: what can mean one thing only outweighs what can mean several */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "inquest.h"

#define API "/system.slice/api.service"
#define BIT(fact) (1U << FACT_##fact)
#define ENDED(c, s, ...) .end = {.pid = 42, .code = c, .status = s, __VA_ARGS__}
#define WE_DID .disruption = {.until = 1, .verb = VERB_RESTART}

static Inquest inquest;

static Case judge(const Case *given) {
        Case c = *given;

        snprintf(c.incident.path, sizeof(c.incident.path), API);
        c.open = true;
        c.run = 7;
        c.incident.at = 1000 * USEC_PER_SEC;
        verdict_judge(&inquest, &c);
        assert_true(c.incident.verdict == _VERDICT_INVALID || c.incident.count >= 1);
        assert_true((c.incident.verdict == VERDICT_MEMORY_ERROR) == (c.incident.cause != CAUSE_NONE));
        return c;
}

static int set_up(void **state) {
        LedgerCounts none = {.inode = 1};

        (void) state;
        memset(&inquest, 0, sizeof(inquest));
        return ledger_read(&inquest.ledger, "/system.slice", &none, 1);
}

static int tear_down(void **state) {
        (void) state;
        ledger_done(&inquest.ledger);
        return 0;
}

/* Each row holds all that the rows below it hold, and one thing that outweighs them. */
static const struct {
        const char *what;
        Case c;
        Verdict verdict;
        Confidence confidence;
} rows[] = {
        {"the kernel's line", {.class = CASE_KILL, .named = 1, .scope = SCOPE_HOST, .facts = BIT(USERSPACE), .claimed = 1,
         .xattr = true, WE_DID, ENDED(2, 9, "oom-kill")}, VERDICT_KERNEL_OOM_HOST, CONFIDENCE_CERTAIN},
        {"the unit's counter", {.class = CASE_KILL, .counted = 1, .own_oom = true, .facts = BIT(USERSPACE), .claimed = 1,
         .xattr = true, WE_DID, ENDED(2, 9, "oom-kill")}, VERDICT_KERNEL_OOM_UNIT, CONFIDENCE_CERTAIN},
        {"PID 1's word", {.class = CASE_KILL, .own_oom = true, .facts = BIT(OOM_SAID) | BIT(USERSPACE), .claimed = 1,
         .xattr = true, WE_DID, ENDED(2, 9, "oom-kill")}, VERDICT_KERNEL_OOM_UNIT, CONFIDENCE_CERTAIN},
        {"a userspace killer's word", {.class = CASE_KILL, .facts = BIT(USERSPACE), .claimed = 1, .xattr = true, WE_DID,
         ENDED(2, 9, "oom-kill")}, VERDICT_USERSPACE_OOM, CONFIDENCE_CERTAIN},
        {"what a parent's counters owe", {.class = CASE_KILL, .own_oom = true, .claimed = 1, .xattr = true, WE_DID,
         ENDED(2, 9, "oom-kill")}, VERDICT_KERNEL_OOM_UNIT, CONFIDENCE_LIKELY},
        {"a mark", {.class = CASE_KILL, .xattr = true, WE_DID, ENDED(2, 9, "signal")}, VERDICT_USERSPACE_OOM,
         CONFIDENCE_LIKELY},
        {"PID 1 calls it an OOM kill", {.class = CASE_KILL, WE_DID, ENDED(2, 9, "oom-kill")}, VERDICT_USERSPACE_OOM,
         CONFIDENCE_LIKELY},
        {"the same of an end by SIGTERM", {.class = CASE_END, WE_DID, ENDED(2, 15, "oom-kill")}, VERDICT_USERSPACE_OOM,
         CONFIDENCE_LIKELY},
        {"our own doing", {.class = CASE_KILL, WE_DID, ENDED(2, 9, "signal")}, VERDICT_MEMGUARD, CONFIDENCE_CERTAIN},
        {"our own doing, and a clean end", {.class = CASE_END, WE_DID, ENDED(1, 0, "success")}, VERDICT_MEMGUARD,
         CONFIDENCE_CERTAIN},
        {"SIGKILL", {.class = CASE_KILL, ENDED(2, 9, "signal")}, VERDICT_KILLED, CONFIDENCE_LIKELY},
        {"SIGKILL after a timeout", {.class = CASE_KILL, ENDED(2, 9, "timeout")}, VERDICT_KILLED, CONFIDENCE_CERTAIN},
        {"no memory error", {.class = CASE_ERROR, .facts = BIT(NOT_MEMORY) | BIT(RAISED) | BIT(REFUSED) | BIT(RUNTIME),
         .strong = true, ENDED(1, 137, "exit-code")}, VERDICT_FAILURE, CONFIDENCE_LIKELY},
        {"a probe", {.class = CASE_ERROR, .facts = BIT(RAISED) | BIT(REFUSED) | BIT(RUNTIME), .strong = true,
         ENDED(1, 137, "exit-code")}, VERDICT_MEMORY_ERROR, CONFIDENCE_CERTAIN},
        {"text, and a refusal", {.class = CASE_ERROR, .facts = BIT(REFUSED) | BIT(RUNTIME), .strong = true,
         ENDED(1, 137, "exit-code")}, VERDICT_MEMORY_ERROR, CONFIDENCE_LIKELY},
        {"text, and a limit", {.class = CASE_ERROR, .facts = BIT(DATA_LIMIT) | BIT(RUNTIME), .strong = true,
         ENDED(1, 137, "exit-code")}, VERDICT_MEMORY_ERROR, CONFIDENCE_LIKELY},
        {"the module's word", {.class = CASE_ERROR, .facts = BIT(MEMORY_ERROR) | BIT(RUNTIME), .strong = true, .reported = true,
         ENDED(1, 137, "exit-code")}, VERDICT_MEMORY_ERROR, CONFIDENCE_LIKELY},
        {"text alone", {.class = CASE_ERROR, .facts = BIT(MEMORY_ERROR) | BIT(RUNTIME), .strong = true,
         ENDED(1, 137, "exit-code")}, VERDICT_MEMORY_ERROR, CONFIDENCE_POSSIBLE},
        {"another runtime", {.class = CASE_ERROR, .facts = BIT(RUNTIME), ENDED(1, 137, "exit-code")}, VERDICT_RUNTIME_OOM,
         CONFIDENCE_POSSIBLE},
        {"status 137", {.class = CASE_END, ENDED(1, 137, "exit-code")}, VERDICT_EXIT_137, CONFIDENCE_LIKELY},
        {"a failure", {.class = CASE_END, ENDED(1, 1, "exit-code")}, VERDICT_FAILURE, CONFIDENCE_LIKELY},
        {"a watchdog's", {.class = CASE_END, ENDED(2, 6, "watchdog")}, VERDICT_FAILURE, CONFIDENCE_LIKELY},
        {"a clean end", {.class = CASE_END, ENDED(1, 0, "success")}, _VERDICT_INVALID, 0},
        {"nothing", {.class = CASE_END}, _VERDICT_INVALID, 0},
        /* What makes nothing of itself. */
        {"a refusal", {.class = CASE_ERROR, .facts = BIT(REFUSED) | BIT(DATA_LIMIT)}, _VERDICT_INVALID, 0},
        {"a name in a log", {.class = CASE_ERROR}, _VERDICT_INVALID, 0},
        {"a kill by a client, of a worker", {.class = CASE_KILL, .facts = BIT(CLIENT_KILL)}, _VERDICT_INVALID, 0},
        {"a mark, and a clean end", {.class = CASE_KILL, .xattr = true, ENDED(1, 0, "success")}, _VERDICT_INVALID, 0},
        {"what we did, and no end", {.class = CASE_END, WE_DID}, _VERDICT_INVALID, 0},
        /* Of an error that goes before another end only the error is told here. */
        {"an error, then our own doing", {.class = CASE_ERROR, .facts = BIT(RAISED), WE_DID, ENDED(2, 15, "success")},
         VERDICT_MEMORY_ERROR, CONFIDENCE_CERTAIN},
        {"an error, then an OOM kill", {.class = CASE_ERROR, .facts = BIT(RAISED) | BIT(OOM_SAID), .xattr = true, .named = 1,
         ENDED(2, 9, "oom-kill")}, VERDICT_MEMORY_ERROR, CONFIDENCE_CERTAIN},
};

static void what_outweighs_what(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Case c = judge(&rows[i].c);

                if (c.incident.verdict != rows[i].verdict ||
                    (rows[i].verdict >= 0 && c.incident.confidence != rows[i].confidence))
                        fail_msg("%s: %s, %s", rows[i].what, verdict_name(c.incident.verdict),
                                 confidence_name(c.incident.confidence));
        }
}

static const struct {
        const char *what;
        Case c;
        Fate fate;
} fates[] = {
        {"an error", {.class = CASE_ERROR}, FATE_SURVIVED},
        {"an error of a process that is gone", {.class = CASE_ERROR, .gone = true}, FATE_WORKER_DIED},
        {"an error, and the exit", {.class = CASE_ERROR, ENDED(1, 1, "exit-code")}, FATE_EXITED},
        {"an error, and an abort", {.class = CASE_ERROR, ENDED(3, 6, "core-dump")}, FATE_KILLED},
        {"an error, and an end that nobody tells of", {.class = CASE_ERROR, .run_ended = true}, FATE_EXITED},
        {"an error, and a new run", {.class = CASE_ERROR, .restarted = true, ENDED(1, 1, "exit-code")}, FATE_RESTARTED},
        {"a new run of something that did not end", {.class = CASE_ERROR, .restarted = true}, FATE_SURVIVED},
        {"a kill", {.class = CASE_KILL, .named = 1}, FATE_WORKER_DIED},
        {"a kill of the main process", {.class = CASE_KILL, .named = 1, ENDED(2, 9, "signal")}, FATE_KILLED},
        {"a kill in a scope that ends", {.class = CASE_KILL, .named = 1, .run_ended = true}, FATE_KILLED},
        {"a kill of a worker, and the unit goes", {.class = CASE_KILL, .named = 1, ENDED(2, 15, "oom-kill")}, FATE_KILLED},
        {"the same where it exits by itself", {.class = CASE_KILL, .named = 1, ENDED(1, 0, "oom-kill")}, FATE_KILLED},
        {"a kill of a worker, and a clean exit", {.class = CASE_KILL, .named = 1, ENDED(1, 0, "success")}, FATE_EXITED},
        {"a kill, and a new run", {.class = CASE_KILL, .named = 1, .restarted = true, ENDED(2, 9, "signal")}, FATE_RESTARTED},
};

static void what_became_of_it(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(fates); i++) {
                Case c = judge(&fates[i].c);

                if (c.incident.fate != fates[i].fate)
                        fail_msg("%s: %s", fates[i].what, fate_name(c.incident.fate));
        }
}

/* A MemoryError that a kill followed was survived; the kill is told by itself, before or after. */
static void a_kill_after_an_error_is_another_matter(void **state) {
        Case error = {.class = CASE_ERROR, .facts = BIT(RAISED), ENDED(2, 9, "signal")};

        (void) state;
        assert_int_equal(judge(&error).incident.fate, FATE_KILLED);
        inquest.cases[3] = (Case){.open = true, .run = 8, .class = CASE_KILL};
        assert_int_equal(judge(&error).incident.fate, FATE_KILLED); /* of another run */
        inquest.cases[3].run = 7;
        assert_int_equal(judge(&error).incident.fate, FATE_SURVIVED);
        inquest.cases[3].open = false;
        assert_int_equal(judge(&error).incident.fate, FATE_KILLED);
        inquest.tombstones[5] = (Tombstone){.run = 7, .class = CASE_KILL};
        assert_int_equal(judge(&error).incident.fate, FATE_SURVIVED);
}

static void check_limit(const char *limit, Scope scope, bool own_oom, const char *expected) {
        Case c = {.class = CASE_KILL, .named = 1, .scope = scope, .own_oom = own_oom};
        char told[CGROUP_PATH_MAX + 64];

        snprintf(c.incident.limit, sizeof(c.incident.limit), "%s", limit);
        c = judge(&c);
        snprintf(told, sizeof(told), "%s %s %s", verdict_name(c.incident.verdict), c.incident.limit,
                 confidence_name(c.incident.confidence));
        assert_string_equal(told, expected);
}

static void count_oom(uint64_t oom, uint64_t local, usec_t at) {
        LedgerCounts counts = {.inode = 1, .oom = oom, .oom_kill = oom, .local_oom = local};

        assert_int_equal(ledger_read(&inquest.ledger, "/system.slice", &counts, at), 0);
}

static void by_whose_limit(void **state) {
        (void) state;
        /* The kernel's own line. */
        check_limit(API, SCOPE_CGROUP, false, "kernel-oom-unit " API " certain");
        check_limit(API "/worker", SCOPE_CGROUP, false, "kernel-oom-unit " API "/worker certain");
        check_limit("/system.slice", SCOPE_CGROUP, true, "kernel-oom-ancestor /system.slice certain");
        check_limit(API "2", SCOPE_CGROUP, false, "kernel-oom-ancestor " API "2 certain");
        check_limit("", SCOPE_HOST, true, "kernel-oom-host  certain");
        /* No line: nothing above the unit knows of a limit. */
        check_limit("", SCOPE_UNKNOWN, false, "kernel-oom-host  certain");
        check_limit("", SCOPE_UNKNOWN, true, "kernel-oom-unit " API " certain");
        check_limit("", SCOPE_CGROUP, false, "kernel-oom-unit " API " likely");
        check_limit("", SCOPE_CGROUP, true, "kernel-oom-unit " API " certain");
        /* A limit was hit long ago; now one at or inside of the unit; now the slice's own. */
        count_oom(1, 1, 900 * USEC_PER_SEC);
        check_limit("", SCOPE_UNKNOWN, false, "kernel-oom-host  certain");
        count_oom(2, 1, 1000 * USEC_PER_SEC);
        check_limit("", SCOPE_UNKNOWN, false, "kernel-oom-unit " API " certain");
        count_oom(3, 2, 1000 * USEC_PER_SEC);
        check_limit("", SCOPE_UNKNOWN, false, "kernel-oom-ancestor /system.slice certain");
        check_limit("", SCOPE_CGROUP, false, "kernel-oom-ancestor /system.slice certain");
        /* Nobody read any counter. */
        ledger_done(&inquest.ledger);
        check_limit("", SCOPE_UNKNOWN, false, "kernel-oom-host  likely");
}

static void how_many_and_who(void **state) {
        Case c;

        (void) state;
        c = judge(&(Case){.class = CASE_KILL, .named = 2, .counted = 5});
        assert_int_equal(c.incident.count, 2);
        c = judge(&(Case){.class = CASE_KILL, .counted = 5});
        assert_int_equal(c.incident.count, 5);
        c = judge(&(Case){.class = CASE_KILL, .facts = BIT(OOM_SAID)});
        assert_int_equal(c.incident.count, 1);
        c = judge(&(Case){.class = CASE_ERROR, .facts = BIT(RAISED), .incident = {.count = 9}});
        assert_int_equal(c.incident.count, 9);
        c = judge(&(Case){.class = CASE_KILL, .facts = BIT(USERSPACE), .incident = {.killer = "earlyoom"}});
        assert_string_equal(c.incident.killer, "earlyoom");
        c = judge(&(Case){.class = CASE_KILL, .facts = BIT(USERSPACE)});
        assert_string_equal(c.incident.killer, "systemd-oomd");
        c = judge(&(Case){.class = CASE_KILL, ENDED(2, 9, "signal")});
        assert_string_equal(c.incident.killer, "");
}

/* A finite limit proves nothing for certain while lines of the kernel's may be missing. */
static void a_blind_moment_costs_confidence(void **state) {
        Case c = {.class = CASE_ERROR, .facts = BIT(RAISED), .opened = 1000, .refused = true, .look = {.as_limit = MIB}};

        (void) state;
        assert_int_equal(judge(&c).incident.confidence, CONFIDENCE_CERTAIN);
        inquest.kernel_blind_until = 1000;
        assert_int_equal(judge(&c).incident.confidence, CONFIDENCE_CERTAIN);
        inquest.kernel_blind_until = 1001;
        assert_int_equal(judge(&c).incident.confidence, CONFIDENCE_LIKELY);
        assert_int_equal(judge(&c).incident.cause, CAUSE_RLIMIT_AS);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(what_outweighs_what),
                T(what_became_of_it),
                T(a_kill_after_an_error_is_another_matter),
                T(by_whose_limit),
                T(how_many_and_who),
                T(a_blind_moment_costs_confidence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
