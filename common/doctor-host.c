/* The host: kernel, systemd, swap, overcommit, the journal, and who else kills. */
#include "doctor-internal.h"

#include <inttypes.h>
#include <stdio.h>

#define KERNEL_LEAST 6001
#define SYSTEMD_LEAST 252
#define SHORT_OF 10             /* percent */
#define JOURNAL_RATE_LEAST 1000 /* messages in 30 s: a traceback of a pool of workers is some hundred lines */

static unsigned percent(uint64_t part, uint64_t whole) {
        return whole == 0 ? 0 : (unsigned) (MIN(part, whole) * 100.0 / whole);
}

static bool is_v1(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret, "cgroup v2 is not mounted alone at /sys/fs/cgroup (v1 or hybrid): memguardd can't work.");
        finding_remedy(ret, "Boot with: systemd.unified_cgroup_hierarchy=1");
        return host->unified == TRI_NO;
}

static bool lacks_controller(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(
                ret,
                "The kernel's memory controller is not there for cgroup v2: no unit's memory is counted or limited.");
        finding_remedy(ret, "Boot with: cgroup_enable=memory");
        return host->unified == TRI_YES && host->memory_controller == TRI_NO;
}

static bool lacks_psi(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret, "The kernel tells no pressure (/proc/pressure/memory is not there): memguardd does not start "
                         "without it.");
        finding_remedy(ret, "Boot with: psi=1");
        return host->psi == TRI_NO;
}

static bool is_old_kernel(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        if (!fact_known(host->kernel) || host->kernel >= KERNEL_LEAST)
                return false;
        finding_say(ret,
                    "The kernel is %" PRIu64 ".%" PRIu64
                    "; memguardd needs 6.1 or newer (memory.reclaim, memory.peak).",
                    host->kernel / 1000, host->kernel % 1000);
        finding_remedy(ret, "Upgrade the kernel.");
        return true;
}

static bool is_old_systemd(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        if (!fact_known(host->systemd) || host->systemd >= SYSTEMD_LEAST)
                return false;
        finding_say(ret, "systemd is %" PRIu64 "; memguardd needs 252 or newer.", host->systemd);
        finding_remedy(ret, "Upgrade systemd.");
        return true;
}

static bool lacks_swap(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(ret,
                    "There is no swap: memory that is short shows no pressure before the kernel kills, and MemoryHigh= "
                    "brings services to a standstill instead of slowing them. Rungs with Usage= are what helps here.");
        finding_remedy(ret, "apt install systemd-zram-generator  # swap in compressed memory; or a swap file");
        return host->swap_total == 0;
}

static bool is_out_of_swap(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char left[UNITS_TEXT_MAX], total[UNITS_TEXT_MAX];

        (void) unit;
        if (!fact_known(host->swap_total) || !fact_known(host->swap_free) || host->swap_total == 0 ||
            percent(host->swap_free, host->swap_total) >= SHORT_OF)
                return false;
        finding_say(ret, "Only %s of %s swap are free (%u %%): from here on it is as if there were none.",
                    units_format_bytes(host->swap_free, left), units_format_bytes(host->swap_total, total),
                    percent(host->swap_free, host->swap_total));
        finding_remedy(ret, "systemd-cgtop -m  # who has it; then more swap, or a MemorySwapMax= for that unit");
        return true;
}

static bool is_out_of_memory(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char left[UNITS_TEXT_MAX], total[UNITS_TEXT_MAX];

        (void) unit;
        if (!fact_known(host->available) || !fact_known(host->memory_total) ||
            percent(host->available, host->memory_total) >= SHORT_OF)
                return false;
        finding_say(ret, "Only %s of %s memory are available on the host (%u %%): the kernel may kill any service.",
                    units_format_bytes(host->available, left), units_format_bytes(host->memory_total, total),
                    percent(host->available, host->memory_total));
        finding_remedy(ret, "systemd-cgtop -m  # who has it");
        return true;
}

/* Strict overcommit refuses what is asked for, not what is used, so a Python of 50 MiB may fail with gigabytes free. */
static bool is_strict(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char left[UNITS_TEXT_MAX], limit[UNITS_TEXT_MAX], ratio[64];
        uint64_t headroom = util_sub(host->commit_limit, host->committed);

        (void) unit;
        if (host->overcommit_memory != 2)
                return false;
        if (fact_known(host->overcommit_kbytes) && host->overcommit_kbytes > 0)
                (void) snprintf(ratio, sizeof(ratio), "vm.overcommit_kbytes=%" PRIu64, host->overcommit_kbytes);
        else
                (void) snprintf(ratio, sizeof(ratio), "vm.overcommit_ratio=%" PRIu64,
                                fact_known(host->overcommit_ratio) ? host->overcommit_ratio : 50);
        if (!fact_known(host->commit_limit) || !fact_known(host->committed))
                headroom = 0;
        else if (percent(headroom, host->commit_limit) < SHORT_OF)
                ret->severity = SEVERITY_BAD;
        finding_say(
                ret,
                "vm.overcommit_memory=2 with %s: %s may still be promised of %s, and then every program on the host is "
                "refused memory (MemoryError), also while memory is free.",
                ratio, units_format_bytes(headroom, left), units_format_bytes(host->commit_limit, limit));
        finding_remedy(ret,
                       "sysctl -w vm.overcommit_memory=0  # and in /etc/sysctl.d; or a larger vm.overcommit_ratio");
        return true;
}

static bool panics(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        if (!fact_known(host->panic_on_oom) || host->panic_on_oom == 0)
                return false;
        finding_say(ret, "vm.panic_on_oom=%" PRIu64 ": a kernel OOM takes the whole host down%s.", host->panic_on_oom,
                    host->panic_on_oom >= 2 ? ", also one of a single unit's limit" : "");
        finding_remedy(ret, "sysctl -w vm.panic_on_oom=0  # and in /etc/sysctl.d");
        return true;
}

static bool kills_allocating(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        if (!fact_known(host->kill_allocating) || host->kill_allocating == 0)
                return false;
        finding_say(ret,
                    "vm.oom_kill_allocating_task=%" PRIu64
                    ": the kernel kills who asks for memory last, not who has most "
                    "of it; OOMScoreAdjust= means nothing.",
                    host->kill_allocating);
        finding_remedy(ret, "sysctl -w vm.oom_kill_allocating_task=0  # and in /etc/sysctl.d");
        return true;
}

/* systemd-oomd only kills in what it is told to; that is a matter of the unit. */
static bool has_rivals(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char names[256] = "";

        (void) unit;
        for (Killer killer = 0; killer < _KILLER_MAX; killer++) {
                size_t n = strlen(names);

                if (killer != KILLER_SYSTEMD_OOMD && host->killers[killer] == TRI_YES)
                        (void) snprintf(names + n, sizeof(names) - n, "%s%s", n > 0 ? " " : "", killer_name(killer));
        }
        if (names[0] == 0)
                return false;
        finding_say(
                ret,
                "%s kills for memory too: it may end a service by SIGKILL while memguardd is letting it end cleanly.",
                names);
        finding_remedy(ret, "systemctl disable --now %s", names);
        return true;
}

static bool forgets(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) unit;
        finding_say(
                ret,
                "The journal is kept in memory only: incidents, and what memguardd did about them, are forgotten at "
                "the next boot.");
        finding_remedy(ret,
                       "mkdir -p /etc/systemd/journald.conf.d /var/log/journal\n"
                       "printf '[Journal]\\nStorage=persistent\\n' >/etc/systemd/journald.conf.d/50-persistent.conf\n"
                       "systemctl restart systemd-journald && journalctl --flush");
        return host->journal_persistent == TRI_NO;
}

static bool drops_lines(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char window[UNITS_TEXT_MAX];

        (void) unit;
        if (!fact_known(host->journal_burst) || !fact_known(host->journal_interval) || host->journal_burst == 0 ||
            host->journal_interval == 0 ||
            host->journal_burst * (30.0 * USEC_PER_SEC) / host->journal_interval >= JOURNAL_RATE_LEAST)
                return false;
        finding_say(ret,
                    "The journal takes %" PRIu64
                    " messages in %s of a service and drops the rest (RateLimitBurst=): the "
                    "lines that explain an incident may be among those.",
                    host->journal_burst, units_format_duration(host->journal_interval, window));
        finding_remedy(ret, "mkdir -p /etc/systemd/journald.conf.d\n"
                            "printf '[Journal]\\nRateLimitIntervalSec=30s\\nRateLimitBurst=10000\\n' "
                            ">/etc/systemd/journald.conf.d/50-rate.conf\nsystemctl restart systemd-journald");
        return true;
}

static const DoctorCheck checks[] = {
        {"cgroup-v1", SEVERITY_BAD, false, is_v1},
        {"memory-controller", SEVERITY_BAD, false, lacks_controller},
        {"psi-off", SEVERITY_BAD, false, lacks_psi},
        {"kernel-old", SEVERITY_BAD, false, is_old_kernel},
        {"systemd-old", SEVERITY_BAD, false, is_old_systemd},
        {"panic-on-oom", SEVERITY_BAD, false, panics},
        {"oom-kill-allocating", SEVERITY_WARN, false, kills_allocating},
        {"overcommit-strict", SEVERITY_WARN, false, is_strict},
        {"available-low", SEVERITY_WARN, false, is_out_of_memory},
        {"swap-full", SEVERITY_WARN, false, is_out_of_swap},
        {"swap-none", SEVERITY_NOTE, false, lacks_swap},
        {"other-killer", SEVERITY_WARN, false, has_rivals},
        {"journal-volatile", SEVERITY_WARN, false, forgets},
        {"journal-rate", SEVERITY_WARN, false, drops_lines},
};

const DoctorChecks doctor_host_checks = {checks, ELEMENTSOF(checks)};
