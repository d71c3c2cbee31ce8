/* The doctor finds each fault by itself, with value and remedy, and none in a healthy or an unknown unit and host */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "doctor-internal.h"

static HostFacts host;
static UnitFacts unit;
static Policy policy;
static Findings findings;

static void be_healthy(void) {
        host_facts_init(&host);
        host.memory_total = 4 * GIB;
        host.available = 2 * GIB;
        host.swap_total = GIB;
        host.swap_free = GIB;
        host.commit_limit = 8 * GIB;
        host.committed = GIB;
        host.overcommit_memory = host.panic_on_oom = host.kill_allocating = host.policy_mistakes = 0;
        host.overcommit_ratio = 50;
        host.overcommit_kbytes = 0;
        host.kernel = 6001;
        host.systemd = 252;
        host.unified = host.memory_controller = host.psi = host.uprobes = host.daemon = TRI_YES;
        host.paused = host.dry_run = TRI_NO;
        host.systemd_connected = host.kernel_log = host.journal_reader = host.journal_persistent = TRI_YES;
        strcpy(host.lockdown, "none");
        host.killers[KILLER_SYSTEMD_OOMD] = TRI_YES;
        host.killers[KILLER_EARLYOOM] = host.killers[KILLER_NOHANG] = host.killers[KILLER_OOMD] = TRI_NO;
        host.journal_burst = 10000;
        host.journal_interval = 30 * USEC_PER_SEC;
        host.guard_min = 16 * MIB;
        host.guard_oom_score = -900;

        unit_facts_init(&unit, "a.service");
        strcpy(unit.restart, "on-failure");
        strcpy(unit.type, "exec");
        strcpy(unit.oom_policy, "continue");
        strcpy(unit.kill_mode, "control-group");
        strcpy(unit.standard_output, "journal");
        strcpy(unit.standard_error, "inherit");
        unit.start_burst = 5;
        unit.start_interval = 10 * USEC_PER_SEC;
        unit.stop_timeout = 90 * USEC_PER_SEC;
        unit.log_burst = unit.log_interval = 0;
        unit.limit_as = unit.limit_data = unit.high = unit.swap_max = BYTES_INFINITY;
        unit.oom_score = 0;
        unit.accounting = unit.send_sigkill = TRI_YES;
        unit.delegate = unit.refuse_start = unit.refuse_stop = TRI_NO;
        unit.max = 400 * MIB;
        strcpy(unit.max_source, "a.service");
        strcpy(unit.high_source, "a.service");
        unit.working_set = 100 * MIB;
        unit.swap = 0;
        unit.learned = (Peaks){.runs = 3, .working_set = 200 * MIB};
        unit.workers = (WorkerFacts){.comm = "gunicorn", .n = 4};
        unit.has_policies = true;
        unit.policy = &policy;
        strcpy(unit.policy_file, "/etc/memguard/policy.d/50-a.conf");

        policy_init(&policy);
        policy.mode = MODE_ACT;
        assert_int_equal(policy_add_rung(&policy, "last"), 0);
        policy.rungs[0].usage = (Level){.set = true, .percent = true, .value = 9000};
        policy.rungs[0].actions[0] = (ActionSpec){.verb = VERB_RESTART};
        policy.rungs[0].n_actions = 1;
}

/* One change of the healthy facts. */
typedef enum Of {
        OF_NOTHING,
        OF_HOST,
        OF_UNIT,
        OF_POLICY,
} Of;

typedef struct Change {
        Of of;
        size_t offset, size;
        uint64_t number;
        const char *text; /* if set: that */
} Change;

#define NUMBER(what, struct, member, value)                                                                            \
        {what, offsetof(struct, member), sizeof(((struct *) 0)->member), (uint64_t) (value), NULL}
#define H(member, value) NUMBER(OF_HOST, HostFacts, member, value)
#define U(member, value) NUMBER(OF_UNIT, UnitFacts, member, value)
#define P(member, value) NUMBER(OF_POLICY, Policy, member, value)
#define HT(member, value) {OF_HOST, offsetof(HostFacts, member), sizeof(((HostFacts *) 0)->member), 0, value}
#define UT(member, value) {OF_UNIT, offsetof(UnitFacts, member), sizeof(((UnitFacts *) 0)->member), 0, value}

typedef struct Row {
        const char *id;
        Severity severity;
        const char *text, *remedy; /* parts of what is said; remedy NULL = none */
        Change changes[4];
        const char *also; /* another finding that the same fault makes */
} Row;

#define BAD SEVERITY_BAD
#define WARN SEVERITY_WARN
#define NOTE SEVERITY_NOTE
#define SEC USEC_PER_SEC

static const Row rows[] = {
        {"daemon-down", BAD, "not running", "enable --now memguardd", {H(daemon, TRI_NO)}, NULL},
        {"daemon-silent", NOTE, "root only", "sudo", {H(daemon, TRI_UNKNOWN)}, NULL},
        {"daemon-paused", WARN, "paused", "memguardctl resume", {H(paused, TRI_YES)}, NULL},
        {"daemon-dry-run", WARN, "--dry-run", "ExecStart=", {H(dry_run, TRI_YES)}, NULL},
        {"daemon-systemd", BAD, "no connection", "restart memguardd", {H(systemd_connected, TRI_NO)}, NULL},
        {"daemon-kernel-log", WARN, "/dev/kmsg", "DeviceAllow", {H(kernel_log, TRI_NO)}, NULL},
        {"daemon-journal", WARN, "MemoryError", "memguard-journal.socket", {H(journal_reader, TRI_NO)}, NULL},
        {"daemon-probes", WARN, "CONFIG_UPROBE_EVENTS", "memguard-uprobe", {H(uprobes, TRI_NO)}, NULL},
        {"daemon-probes", WARN, "locked down", "memguard-uprobe", {HT(lockdown, "confidentiality")}, NULL},
        {"daemon-probes", WARN, "(Operation not permitted)", "Uprobes=no",
         {HT(python_error, "Operation not permitted")}, NULL},
        {"daemon-exposed", WARN, "OOMScoreAdjust=0", "OOMScoreAdjust=-900", {H(guard_oom_score, 0)}, NULL},
        {"daemon-exposed", WARN, "MemoryMin=0", "MemoryMin=16M", {H(guard_min, 0)}, NULL},
        {"policy-mistakes", BAD, "2 mistakes", "memguardctl check", {H(policy_mistakes, 2)}, NULL},

        {"cgroup-v1", BAD, "cgroup v2", "systemd.unified_cgroup_hierarchy=1", {H(unified, TRI_NO)}, NULL},
        {"memory-controller", BAD, "memory controller", "cgroup_enable=memory", {H(memory_controller, TRI_NO)}, NULL},
        {"psi-off", BAD, "/proc/pressure", "psi=1", {H(psi, TRI_NO)}, NULL},
        {"kernel-old", BAD, "5.15", "Upgrade", {H(kernel, 5015)}, NULL},
        {"systemd-old", BAD, "249", "Upgrade", {H(systemd, 249)}, NULL},
        {"panic-on-oom", BAD, "panic_on_oom=1", "vm.panic_on_oom=0", {H(panic_on_oom, 1)}, NULL},
        {"panic-on-oom", BAD, "single unit", "vm.panic_on_oom=0", {H(panic_on_oom, 2)}, NULL},
        {"oom-kill-allocating", WARN, "asks for memory last", "task=0", {H(kill_allocating, 1)}, NULL},
        {"overcommit-strict", WARN, "overcommit_ratio=50: 7G", "vm.overcommit_memory=0", {H(overcommit_memory, 2)}, NULL},
        {"overcommit-strict", BAD, "overcommit_kbytes=9: 512M", "vm.overcommit_memory=0",
         {H(overcommit_memory, 2), H(overcommit_kbytes, 9), H(committed, 8 * GIB - 512 * MIB)}, NULL},
        {"available-low", WARN, "256M of 4G", "systemd-cgtop", {H(available, 256 * MIB)}, NULL},
        {"swap-full", WARN, "64M of 1G", "MemorySwapMax=", {H(swap_free, 64 * MIB)}, NULL},
        {"swap-none", NOTE, "no swap", "zram", {H(swap_total, 0)}, NULL},
        {"other-killer", WARN, "earlyoom.service nohang.service", "disable --now earlyoom.service nohang.service",
         {H(killers[KILLER_EARLYOOM], TRI_YES), H(killers[KILLER_NOHANG], TRI_YES)}, NULL},
        {"journal-volatile", WARN, "next boot", "Storage=persistent", {H(journal_persistent, TRI_NO)}, NULL},
        {"journal-rate", WARN, "200 messages in 30 s", "RateLimitBurst=10000", {H(journal_burst, 200)}, NULL},

        {"accounting-off", BAD, "MemoryAccounting=no", "MemoryAccounting=yes", {U(accounting, TRI_NO)}, NULL},
        {"accounting-off", WARN, "neighbours", "MemoryAccounting=yes", {U(accounting, TRI_NO), U(current, MIB)}, NULL},
        {"no-limit", BAD, "the host's 4G", "memguardctl advise a.service", {U(max, BYTES_INFINITY)}, NULL},
        {"limit-above-host", WARN, "MemoryMax=8G", "advise", {U(max, 8 * GIB)}, NULL},
        {"limit-tight", WARN, "at 380M, and the limit is 400M", "advise",
         {U(learned.working_set, 370 * MIB), U(swap, 280 * MIB)}, NULL},
        {"high-no-swap", BAD, "MemoryHigh=300M of a.service", "MemoryHigh=infinity", {U(high, 300 * MIB), U(swap_max, 0),
         P(rungs[0].usage.value, 7000)}, NULL},
        {"high-no-swap", BAD, "standstill", "systemctl edit system-a.slice\n[Slice]", {U(high, 300 * MIB), H(swap_total, 0),
         UT(high_source, "system-a.slice"), P(rungs[0].usage.value, 7000)}, "swap-none"},
        {"high-at-limit", WARN, "not below the limit of 400M", "infinity", {U(high, 400 * MIB)}, NULL},
        {"high-below-peak", BAD, "below the 200M", "infinity", {U(high, 190 * MIB), P(rungs[0].usage.value, 4000),
         U(learned.runs, 1)}, "rung-below-peak"},
        {"limit-as", WARN, "LimitAS=1G", "LimitAS=infinity", {U(limit_as, GIB)}, NULL},
        {"limit-data", WARN, "LimitDATA=1G", "LimitDATA=infinity", {U(limit_data, GIB)}, NULL},

        {"restart", BAD, "Restart=no", "Restart=on-failure", {UT(restart, "no")}, NULL},
        {"restart", BAD, "no abort", "Restart=on-failure", {UT(restart, "on-abort")}, NULL},
        {"restart", BAD, "on-success", "Restart=on-failure", {UT(restart, "on-success")}, NULL},
        {"restart", BAD, "on-watchdog", "Restart=on-failure", {UT(restart, "on-watchdog")}, NULL},
        {"restart", WARN, "MemoryError", "Restart=on-failure", {UT(restart, "on-abnormal")}, NULL},
        {"start-limit", BAD, "StartLimitBurst=2 in 1 h is less than RestartBudget=3/1h", "[Unit]\nStartLimitBurst=9",
         {U(start_burst, 2), U(start_interval, 3600 * SEC)}, NULL},
        {"oomd-manages", BAD, "kill in system.slice", "edit system.slice\n[Slice]\nManagedOOMSwap=auto",
         {UT(oomd_source, "system.slice")}, NULL},
        {"refuses-restart", BAD, "RefuseManualStop=yes", "RefuseManualStop=no", {U(refuse_stop, TRI_YES)}, NULL},
        {"refuses-restart", BAD, "RefuseManualStart=yes", "RefuseManualStart=no", {U(refuse_start, TRI_YES)}, NULL},
        {"oom-policy", WARN, "OOMPolicy=stop, and a.service has 4", "OOMPolicy=continue", {UT(oom_policy, "stop")}, NULL},
        {"stop-timeout", WARN, "TimeoutStopSec=2 s", "TimeoutStopSec=30s", {U(stop_timeout, 2 * SEC)}, NULL},
        {"stop-timeout", WARN, "TimeoutStopSec=infinity", "TimeoutStopSec=30s", {U(stop_timeout, USEC_INFINITY)}, NULL},
        {"kill-mode", WARN, "its other processes", "KillMode=mixed", {UT(kill_mode, "process")}, NULL},
        {"kill-mode", BAD, "all of its processes", "KillMode=mixed", {UT(kill_mode, "none")}, NULL},
        {"no-sigkill", WARN, "SendSIGKILL=no", "SendSIGKILL=yes", {U(send_sigkill, TRI_NO)}, NULL},
        {"oom-score", BAD, "OOMScoreAdjust=-1000", "=0", {U(oom_score, -1000)}, NULL},
        {"oom-score", WARN, "last", "=0", {U(oom_score, -950)}, NULL},
        {"log-rate", WARN, "LogRateLimitBurst=5", "=10000", {U(log_burst, 5), U(log_interval, SEC)}, NULL},
        {"log-hidden", NOTE, "\"null\"", "StandardError=journal", {UT(standard_output, "null")}, NULL},
        {"log-hidden", NOTE, "\"file\"", "StandardError=journal", {UT(standard_error, "file")}, NULL},
        {"oneshot", NOTE, "oneshot", NULL, {UT(type, "oneshot"), UT(restart, "no")}, NULL},
        {"delegated", NOTE, "Delegate=yes", NULL, {U(delegate, TRI_YES)}, NULL},

        {"no-policy", BAD, "No policy matches a.service", "advise", {U(policy, 0)}, NULL},
        {"observe-only", WARN, "Mode=observe (/etc/memguard/policy.d/50-a.conf)", "Mode=act", {P(mode, MODE_OBSERVE)}, NULL},
        {"observe-only", WARN, "Mode=observe", "advise", {P(mode, MODE_OBSERVE), P(n_rungs, 0)}, NULL},
        {"no-rungs", WARN, "no rung", "advise", {P(n_rungs, 0)}, NULL},
        {"rung-above-high", BAD, "\"last\" is at 360M, and MemoryHigh=300M", "infinity", {U(high, 300 * MIB)}, NULL},
        {"rung-no-reserve", WARN, "388M of 400M", "Usage=90%", {P(rungs[0].usage.value, 9700)}, NULL},
        {"rung-below-peak", WARN, "at 160M, and the working set of a.service has been at 200M", "advise",
         {P(rungs[0].usage.value, 4000)}, NULL},
        {"protected", NOTE, "because it is journald", NULL, {U(protected_why, "it is journald")}, NULL},
        {"probes-off", NOTE, "Uprobes=no", NULL, {P(uprobes, false)}, NULL},
};

static void change(const Change *change) {
        char *base = change->of == OF_HOST ? (char *) &host : change->of == OF_UNIT ? (char *) &unit : (char *) &policy;

        if (change->of == OF_NOTHING)
                return;
        if (change->text)
                (void) snprintf(base + change->offset, change->size, "%s", change->text);
        else
                memcpy(base + change->offset, &change->number, change->size); /* little endian */
}

static const Finding *find(const char *id) {
        for (unsigned i = 0; i < findings.n; i++)
                if (util_streq(findings.items[i].id, id))
                        return &findings.items[i];
        return NULL;
}

static void test_every_fault(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const Row *row = &rows[i];
                const Finding *finding;

                be_healthy();
                for (size_t j = 0; j < ELEMENTSOF(row->changes); j++)
                        change(&row->changes[j]);
                (void) doctor_examine(&host, &unit, &findings);
                finding = find(row->id);
                if (!finding)
                        fail_msg("row %zu: %s was not found", i, row->id);
                assert_int_equal(finding->severity, row->severity);
                if (!strstr(finding->text, row->text))
                        fail_msg("row %zu: \"%s\" is not in: %s", i, row->text, finding->text);
                if (row->remedy ? !strstr(finding->remedy, row->remedy) : finding->remedy[0] != 0)
                        fail_msg("row %zu: the remedy is: %s", i, finding->remedy);
                assert_int_equal(finding->text[strlen(finding->text) - 1], '.');
                /* Nothing else is found wrong with it. */
                for (unsigned j = 0; j < findings.n; j++)
                        if (&findings.items[j] != finding && !(row->also && util_streq(findings.items[j].id, row->also)))
                                fail_msg("row %zu: also %s: %s", i, findings.items[j].id, findings.items[j].text);
        }
}

static void test_every_check_has_a_row(void **state) {
        static const DoctorChecks *const tables[] = {&doctor_host_checks, &doctor_daemon_checks, &doctor_limit_checks,
                                                     &doctor_life_checks, &doctor_policy_checks};
        size_t n = 0;

        (void) state;
        for (size_t t = 0; t < ELEMENTSOF(tables); t++)
                for (size_t i = 0; i < tables[t]->n; i++, n++) {
                        bool found = false;

                        for (size_t j = 0; j < ELEMENTSOF(rows); j++)
                                found = found || util_streq(rows[j].id, tables[t]->checks[i].id);
                        if (!found)
                                fail_msg("%s has no row", tables[t]->checks[i].id);
                }
        assert_true(n <= DOCTOR_FINDINGS_MAX);
}

static void test_healthy_and_unknown(void **state) {
        (void) state;
        be_healthy();
        assert_int_equal(doctor_examine(&host, &unit, &findings), -ENOENT);
        assert_int_equal(doctor_examine(&host, NULL, &findings), -ENOENT);
        host_facts_init(&host);
        host.daemon = TRI_YES;
        unit_facts_init(&unit, "a.service");
        assert_int_equal(doctor_examine(&host, &unit, &findings), -ENOENT);
        /* No swap to be seen is not the same as none. */
        unit.high = 10 * MIB;
        strcpy(unit.high_source, "a.service");
        assert_int_equal(doctor_examine(&host, &unit, &findings), -ENOENT);
}

static void test_order(void **state) {
        (void) state;
        be_healthy();
        host.swap_total = 0;
        host.panic_on_oom = 1;
        unit.limit_as = GIB;
        strcpy(unit.restart, "no");
        assert_int_equal(doctor_examine(&host, &unit, &findings), SEVERITY_BAD);
        assert_int_equal(findings.n, 4);
        assert_string_equal(findings.items[0].id, "restart");
        assert_string_equal(findings.items[1].id, "panic-on-oom");
        assert_string_equal(findings.items[2].id, "limit-as");
        assert_string_equal(findings.items[3].id, "swap-none");
        assert_true(findings.items[0].of_unit);
        assert_false(findings.items[1].of_unit);
}

static void test_start_limit_that_fits(void **state) {
        (void) state;
        be_healthy();
        /* No limit, a rate that is never reached within so short a window, and nothing that restarts. */
        unit.start_interval = 0;
        unit.start_burst = 1;
        assert_int_equal(doctor_examine(&host, &unit, &findings), -ENOENT);
        unit.start_interval = 10 * SEC;
        unit.start_burst = 3;
        policy.budget_count = 30;
        assert_int_equal(doctor_examine(&host, &unit, &findings), -ENOENT);
        unit.start_burst = 2;
        assert_int_equal(doctor_examine(&host, &unit, &findings), SEVERITY_BAD);
        policy.rungs[0].actions[0].verb = VERB_NOTIFY;
        assert_int_equal(doctor_examine(&host, &unit, &findings), -ENOENT);
}

static void test_slices_have_no_life(void **state) {
        (void) state;
        be_healthy();
        strcpy(unit.name, "a.slice");
        strcpy(unit.restart, "no");
        unit.accounting = TRI_NO;
        assert_int_equal(doctor_examine(&host, &unit, &findings), SEVERITY_BAD);
        assert_int_equal(findings.n, 1);
        assert_string_equal(findings.items[0].remedy, "systemctl edit a.slice\n[Slice]\nMemoryAccounting=yes");
}

static void test_quotes(void **state) {
        char buf[UNIT_NAME_MAX + 2];

        (void) state;
        assert_string_equal(facts_quote("a-b@1.service", buf), "a-b@1.service");
        assert_string_equal(facts_quote("a\\x2db.service", buf), "'a\\x2db.service'");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_fault),
                cmocka_unit_test(test_every_check_has_a_row),
                cmocka_unit_test(test_healthy_and_unknown),
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_start_limit_that_fits),
                cmocka_unit_test(test_slices_have_no_life),
                cmocka_unit_test(test_quotes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
