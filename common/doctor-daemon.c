/* The guard itself: does it run, does it see, is it safe from what it guards against? */
#include "doctor-internal.h"

#include <inttypes.h>

#define GUARD_OOM_SCORE_MAX (-500) /* our unit has -900 */
#define GUARD_MIN_LEAST (6 * MIB)  /* what it may use (16M in our unit) */

static bool is_down(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret, "memguardd is not running, so nothing guards this host.");
        finding_remedy(ret, "systemctl enable --now memguardd.service");
        return host->daemon == TRI_NO;
}

static bool is_silent(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret, "memguardd answers root only, so how it does was not looked at.");
        finding_remedy(ret, "sudo memguardctl doctor");
        return host->daemon == TRI_UNKNOWN;
}

static bool is_paused(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret, "memguardd is paused: it watches and takes no action.");
        finding_remedy(ret, "memguardctl resume");
        return host->paused == TRI_YES;
}

static bool is_dry(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret, "memguardd runs with --dry-run: it records what it would do, and does nothing.");
        finding_remedy(ret, "systemctl edit --full memguardd.service  # and take --dry-run out of ExecStart=");
        return host->dry_run == TRI_YES;
}

static bool lacks_systemd(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret, "memguardd has no connection to systemd: it can restart and stop nothing.");
        finding_remedy(ret, "journalctl -b -u memguardd.service\nsystemctl restart memguardd.service");
        return host->systemd_connected == TRI_NO;
}

static bool lacks_kernel_log(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret,
                    "memguardd can't read the kernel's log (/dev/kmsg), the witness that names whom the kernel killed: "
                    "verdicts rest on counters alone.");
        finding_remedy(ret, "systemctl show -p CapabilityBoundingSet,DeviceAllow,ProtectKernelLogs memguardd.service");
        return host->kernel_log == TRI_NO;
}

static bool lacks_journal(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret,
                    "memguardd's reader of the journal is not there: a MemoryError that a service prints is not seen.");
        finding_remedy(ret, "systemctl enable --now memguard-journal.socket");
        return host->journal_reader == TRI_NO;
}

/* The kernel's reasons are told before the one that the attempt was answered with. */
static bool lacks_probes(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        if (host->uprobes == TRI_NO)
                finding_say(ret, "This kernel offers no uprobes to perf (/sys/bus/event_source/devices/uprobe; "
                                 "CONFIG_UPROBE_EVENTS): a MemoryError that a service catches is not seen.");
        else if (util_streq(host->lockdown, "confidentiality"))
                finding_say(
                        ret,
                        "The kernel is locked down (\"confidentiality\"), which forbids uprobes: a MemoryError that a "
                        "service catches is not seen.");
        else if (host->python_error[0])
                finding_say(ret,
                            "The last CPython that was found could not be probed (%s): a MemoryError that a service "
                            "catches may not be seen.",
                            host->python_error);
        else
                return false;
        finding_remedy(
                ret, "journalctl -b -u memguard-uprobe.service  # or Uprobes=no in the policy, where it is not wanted");
        return true;
}

static bool has_mistakes(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        if (!fact_known(host->policy_mistakes) || host->policy_mistakes == 0)
                return false;
        finding_say(ret, "The policy files have %" PRIu64 " mistake%s; files with mistakes are not in force.",
                    host->policy_mistakes, host->policy_mistakes == 1 ? "" : "s");
        finding_remedy(ret, "memguardctl check");
        return true;
}

static bool is_exposed(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char min[UNITS_TEXT_MAX];

        (void) unit;
        if (!fact_known(host->guard_min) ||
            (host->guard_oom_score <= GUARD_OOM_SCORE_MAX && host->guard_min >= GUARD_MIN_LEAST))
                return false;
        finding_say(ret,
                    "memguardd itself is not protected: its unit has OOMScoreAdjust=%" PRIi64
                    " and MemoryMin=%s, so that "
                    "a shortage may end or slow the guard first.",
                    host->guard_oom_score, units_format_bytes(host->guard_min, min));
        finding_dropin(ret, "memguardd.service", "[Service]", "OOMScoreAdjust=-900\nMemoryMin=16M");
        return true;
}

static const DoctorCheck checks[] = {
        {"daemon-down", SEVERITY_BAD, false, is_down},
        {"daemon-silent", SEVERITY_NOTE, false, is_silent},
        {"daemon-paused", SEVERITY_WARN, false, is_paused},
        {"daemon-dry-run", SEVERITY_WARN, false, is_dry},
        {"daemon-systemd", SEVERITY_BAD, false, lacks_systemd},
        {"daemon-kernel-log", SEVERITY_WARN, false, lacks_kernel_log},
        {"daemon-journal", SEVERITY_WARN, false, lacks_journal},
        {"daemon-probes", SEVERITY_WARN, false, lacks_probes},
        {"daemon-exposed", SEVERITY_WARN, false, is_exposed},
        {"policy-mistakes", SEVERITY_BAD, false, has_mistakes},
};

const DoctorChecks doctor_daemon_checks = {checks, ELEMENTSOF(checks)};
