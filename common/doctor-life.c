/* How a unit starts, ends and is started again: what becomes of it when memory has ended it, or when memguard ends it.
 */
#include "doctor-internal.h"

#include <inttypes.h>
#include <stdio.h>

#define STOP_LEAST (5 * USEC_PER_SEC)
#define STOP_MOST (5 * USEC_PER_MINUTE)
#define RESTART_EVERY (5 * USEC_PER_SEC) /* the least between two restarts of ours: a rung settles first */
#define LOG_BURST_LEAST 100              /* lines: a traceback and what leads to it */

static bool is_oneshot(const UnitFacts *unit) {
        return util_streq(unit->type, "oneshot");
}

/* What each word of Restart= means for a service that ran out of memory. */
static const struct {
        const char *word;
        Severity severity;
        const char *what;
} restarts[] = {
        {"no", SEVERITY_BAD, "it is not started again, whatever ended it"},
        {"on-success", SEVERITY_BAD, "it is not started again after a kill or an error"},
        {"on-watchdog", SEVERITY_BAD, "it is not started again after a kill or an error"},
        {"on-abort", SEVERITY_BAD, "it is not started again after an OOM kill, which is a SIGKILL and no abort"},
        {"on-abnormal", SEVERITY_WARN, "it is not started again when a MemoryError ends it, which is an exit status"},
};

static bool stays_down(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        if (is_oneshot(unit))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(restarts); i++) {
                if (!util_streq(unit->restart, restarts[i].word))
                        continue;
                ret->severity = restarts[i].severity;
                finding_say(ret, "Restart=%s: when memory ends %s, %s.", unit->restart, unit->name, restarts[i].what);
                finding_dropin(ret, unit->name, "[Service]", "Restart=on-failure");
                return true;
        }
        return false;
}

static bool falls_with_a_worker(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        if (unit->workers.n < 2 || util_streq(unit->oom_policy, "continue") || unit->oom_policy[0] == 0)
                return false;
        finding_say(
                ret,
                "OOMPolicy=%s, and %s has %u processes of like size (%s): an OOM kill of one of them takes all of the "
                "service down.",
                unit->oom_policy, unit->name, unit->workers.n, unit->workers.comm);
        finding_dropin(ret, unit->name, "[Service]", "OOMPolicy=continue");
        return true;
}

static bool is_oomds(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        if (unit->oomd_source[0] == 0 || host->killers[KILLER_SYSTEMD_OOMD] != TRI_YES)
                return false;
        finding_say(
                ret,
                "systemd-oomd is told to kill in %s (ManagedOOMSwap= or ManagedOOMMemoryPressure=kill): it ends %s by "
                "SIGKILL while memguard is letting it end cleanly.",
                unit->oomd_source, unit->name);
        finding_dropin(ret, unit->oomd_source, facts_section(unit->oomd_source),
                       "ManagedOOMSwap=auto\nManagedOOMMemoryPressure=auto");
        return true;
}

/* Starts within systemd's window when the whole budget is spent there, one restart behind the other. */
static uint64_t starts_possible(const Policy *policy, uint64_t interval) {
        uint64_t windows = interval / MAX(policy->budget_window, 1) + 1;

        return 1 + MIN(windows * policy->budget_count, interval / RESTART_EVERY);
}

static bool has_disruptive_rung(const Policy *policy) {
        for (unsigned i = 0; i < policy->n_rungs; i++)
                for (unsigned j = 0; j < policy->rungs[i].n_actions; j++)
                        if (verb_is_disruptive(policy->rungs[i].actions[j].verb))
                                return true;
        return false;
}

static bool runs_into_start_limit(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char window[UNITS_TEXT_MAX], every[UNITS_TEXT_MAX], line[64];
        const Policy *policy = unit->policy;

        (void) host;
        if (!policy || !has_disruptive_rung(policy) || !fact_known(unit->start_burst) ||
            !fact_known(unit->start_interval) || unit->start_interval == 0 || unit->start_burst == 0 ||
            starts_possible(policy, unit->start_interval) <= unit->start_burst)
                return false;
        finding_say(ret,
                    "StartLimitBurst=%" PRIu64
                    " in %s is less than RestartBudget=%u/%s may need: systemd then refuses to "
                    "start %s again, and it stays down.",
                    unit->start_burst, units_format_duration(unit->start_interval, window), policy->budget_count,
                    units_format_duration_conf(policy->budget_window, every), unit->name);
        (void) snprintf(line, sizeof(line), "StartLimitBurst=%" PRIu64,
                        2 + starts_possible(policy, unit->start_interval));
        finding_dropin(ret, unit->name, "[Unit]", line);
        return true;
}

static bool has_odd_stop_timeout(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char text[UNITS_TEXT_MAX];

        (void) host;
        if (!fact_known(unit->stop_timeout) || (unit->stop_timeout >= STOP_LEAST && unit->stop_timeout <= STOP_MOST))
                return false;
        (void) units_format_duration(unit->stop_timeout, text);
        if (unit->stop_timeout < STOP_LEAST)
                finding_say(ret, "TimeoutStopSec=%s: %s gets SIGKILL before it can save its work when memory is short.",
                            text, unit->name);
        else
                finding_say(
                        ret,
                        "TimeoutStopSec=%s: when %s does not end by itself, a restart by memguard takes that long, and "
                        "its memory with it.",
                        unit->stop_timeout == BYTES_INFINITY ? "infinity" : text, unit->name);
        finding_dropin(ret, unit->name, "[Service]", "TimeoutStopSec=30s");
        return true;
}

static bool leaves_processes(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        bool none = util_streq(unit->kill_mode, "none");

        (void) host;
        if (!none && !util_streq(unit->kill_mode, "process"))
                return false;
        ret->severity = none ? SEVERITY_BAD : SEVERITY_WARN;
        finding_say(ret, "KillMode=%s: a stop or restart of %s leaves %s processes running, with their memory.",
                    unit->kill_mode, unit->name, none ? "all of its" : "its other");
        finding_dropin(ret, unit->name, "[Service]", "KillMode=mixed");
        return true;
}

static bool is_never_killed(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        finding_say(ret,
                    "SendSIGKILL=no: when %s does not answer SIGTERM, which memory shortage makes likely, it is never "
                    "ended.",
                    unit->name);
        finding_dropin(ret, unit->name, "[Service]", "SendSIGKILL=yes");
        return unit->send_sigkill == TRI_NO;
}

static bool has_odd_oom_score(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        if (unit->oom_score == FACT_NO_SCORE || unit->oom_score > -900)
                return false;
        if (unit->oom_score <= -1000)
                ret->severity = SEVERITY_BAD;
        finding_say(ret,
                    "OOMScoreAdjust=%" PRIi64
                    ": the kernel kills %s %s; others die for it, and at its own limit it %s.",
                    unit->oom_score, unit->name, unit->oom_score <= -1000 ? "never" : "last",
                    unit->oom_score <= -1000 ? "hangs for ever" : "is killed all the same");
        finding_dropin(ret, unit->name, "[Service]", "OOMScoreAdjust=0");
        return true;
}

static bool refuses(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        if (unit->refuse_start != TRI_YES && unit->refuse_stop != TRI_YES)
                return false;
        finding_say(ret, "%s=yes: systemd refuses memguard's restart of %s.",
                    unit->refuse_stop == TRI_YES ? "RefuseManualStop" : "RefuseManualStart", unit->name);
        finding_dropin(ret, unit->name, "[Unit]", "RefuseManualStart=no\nRefuseManualStop=no");
        return true;
}

static bool is_started_for_a_task(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        finding_say(ret,
                    "Type=oneshot: a restart by memguard begins the task of %s anew; the actions stop and notify fit "
                    "better.",
                    unit->name);
        return is_oneshot(unit);
}

static bool is_delegated(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        finding_say(ret,
                    "Delegate=yes: %s has cgroups of its own below; limits that it sets there itself are not seen, and "
                    "memguard acts on it as a whole.",
                    unit->name);
        return unit->delegate == TRI_YES;
}

static bool is_hidden(const UnitFacts *unit, const char **ret) {
        const char *error = util_streq(unit->standard_error, "inherit") ? unit->standard_output : unit->standard_error;

        *ret = error;
        return error[0] && strncmp(error, "journal", 7) != 0 && strncmp(error, "kmsg", 4) != 0 &&
               !util_streq(error, "inherit");
}

static bool hides_its_words(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        const char *error;

        (void) host;
        if (!is_hidden(unit, &error))
                return false;
        finding_say(
                ret,
                "The errors that %s prints go to \"%s\" and not to the journal: a traceback of a MemoryError is not "
                "seen, and its place in the program not told.",
                unit->name, error);
        finding_dropin(ret, unit->name, "[Service]", "StandardError=journal");
        return true;
}

static bool loses_its_words(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char window[UNITS_TEXT_MAX];

        (void) host;
        if (!fact_known(unit->log_burst) || !fact_known(unit->log_interval) || unit->log_burst == 0 ||
            unit->log_interval == 0 || unit->log_burst >= LOG_BURST_LEAST)
                return false;
        finding_say(ret,
                    "LogRateLimitBurst=%" PRIu64 " in %s: of what %s prints in an incident the journal drops the most.",
                    unit->log_burst, units_format_duration(unit->log_interval, window), unit->name);
        finding_dropin(ret, unit->name, "[Service]", "LogRateLimitBurst=10000");
        return true;
}

static const DoctorCheck checks[] = {
        {"restart", SEVERITY_BAD, true, stays_down},
        {"start-limit", SEVERITY_BAD, true, runs_into_start_limit},
        {"oomd-manages", SEVERITY_BAD, false, is_oomds},
        {"refuses-restart", SEVERITY_BAD, false, refuses},
        {"oom-policy", SEVERITY_WARN, true, falls_with_a_worker},
        {"stop-timeout", SEVERITY_WARN, true, has_odd_stop_timeout},
        {"kill-mode", SEVERITY_WARN, true, leaves_processes},
        {"no-sigkill", SEVERITY_WARN, true, is_never_killed},
        {"oom-score", SEVERITY_WARN, true, has_odd_oom_score},
        {"log-rate", SEVERITY_WARN, true, loses_its_words},
        {"log-hidden", SEVERITY_NOTE, true, hides_its_words},
        {"oneshot", SEVERITY_NOTE, true, is_started_for_a_task},
        {"delegated", SEVERITY_NOTE, false, is_delegated},
};

const DoctorChecks doctor_life_checks = {checks, ELEMENTSOF(checks)};
