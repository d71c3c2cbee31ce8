/* The policy in force for a unit: does it guard at all, and can its rungs be reached where they help? */
#include "doctor-internal.h"

#define RESERVE_LEAST 5 /* percent of the limit above the highest rung */

static bool is_unmatched(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char word[UNIT_NAME_MAX + 2];

        (void) host;
        finding_say(ret, "No policy matches %s: memguard does not watch it.", unit->name);
        finding_remedy(ret, "memguardctl advise %s  # a policy to begin with", facts_quote(unit->name, word));
        return unit->has_policies && !unit->policy;
}

static bool is_protected(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        finding_say(ret, "memguard never acts on %s, because %s.", unit->name, unit->protected_why ?: "");
        return unit->protected_why != NULL;
}

static bool is_observed(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char word[UNIT_NAME_MAX + 2];

        (void) host;
        if (!unit->policy || unit->protected_why || unit->policy->mode != MODE_OBSERVE)
                return false;
        finding_say(ret, "Mode=observe (%s): memguard tells what it would do for %s, and does nothing.",
                    unit->policy_file, unit->name);
        if (unit->policy->n_rungs == 0)
                finding_remedy(ret, "memguardctl advise %s  # a policy to begin with", facts_quote(unit->name, word));
        else
                finding_remedy(ret, "Write Mode=act into a policy file for it in /etc/memguard/policy.d, then: "
                                    "memguardctl reload");
        return true;
}

static bool has_no_rung(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char word[UNIT_NAME_MAX + 2];

        (void) host;
        if (!unit->policy || unit->protected_why || unit->policy->mode != MODE_ACT || unit->policy->n_rungs > 0)
                return false;
        finding_say(ret,
                    "The policy of %s has no rung: there is nothing that memguard would do before the kernel kills.",
                    unit->name);
        finding_remedy(ret, "memguardctl advise %s  # rungs to begin with", facts_quote(unit->name, word));
        return true;
}

static bool is_disruptive(const Rung *rung) {
        for (unsigned i = 0; i < rung->n_actions; i++)
                if (verb_is_disruptive(rung->actions[i].verb))
                        return true;
        return false;
}

/* Where a rung is, in bytes; BYTES_INFINITY where it has no Usage=, or nobody knows the limit. */
static uint64_t level_of(const HostFacts *host, const UnitFacts *unit, const Rung *rung) {
        uint64_t limit = facts_limit(host, unit);

        return units_level_bytes(&rung->usage, fact_known(limit) ? limit : BYTES_INFINITY);
}

/* memguard lifts an operator's wall for a goodbye only; a unit that is slowed at it does not come to a rung above. */
static bool has_rung_above_high(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char at[UNITS_TEXT_MAX], high[UNITS_TEXT_MAX];

        if (!unit->policy || !fact_known(unit->high) || unit->high == BYTES_INFINITY)
                return false;
        for (unsigned i = 0; i < unit->policy->n_rungs; i++) {
                const Rung *rung = &unit->policy->rungs[i];
                uint64_t level = level_of(host, unit, rung);

                if (level == BYTES_INFINITY || level < unit->high)
                        continue;
                finding_say(
                        ret,
                        "The rung \"%s\" is at %s, and MemoryHigh=%s of %s is not above that: %s is slowed there and "
                        "never comes to the rung.",
                        rung->name, units_format_bytes(level, at), units_format_bytes(unit->high, high),
                        unit->high_source, unit->name);
                finding_dropin(ret, unit->high_source, facts_section(unit->high_source), "MemoryHigh=infinity");
                return true;
        }
        return false;
}

static bool has_no_reserve(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        uint64_t limit = facts_limit(host, unit);
        char at[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];

        for (unsigned i = 0; unit->policy && fact_known(limit) && i < unit->policy->n_rungs; i++) {
                const Rung *rung = &unit->policy->rungs[i];
                uint64_t level = level_of(host, unit, rung);

                if (!is_disruptive(rung) || level == BYTES_INFINITY || level <= limit / 100 * (100 - RESERVE_LEAST))
                        continue;
                finding_say(
                        ret,
                        "The rung \"%s\" is at %s of %s: a SIGTERM handler needs memory, and less than %d %% are left "
                        "for it.",
                        rung->name, units_format_bytes(level, at), units_format_bytes(limit, max), RESERVE_LEAST);
                finding_remedy(ret, "In %s: Usage=90%% for that rung, then: memguardctl reload", unit->policy_file);
                return true;
        }
        return false;
}

/* Well above the rung: that a unit was at it, and a little above while it ended, is what the rung is for. */
static bool restarts_at_peaks(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char at[UNITS_TEXT_MAX], used[UNITS_TEXT_MAX], word[UNIT_NAME_MAX + 2];

        for (unsigned i = 0; unit->policy && unit->learned.runs > 0 && i < unit->policy->n_rungs; i++) {
                const Rung *rung = &unit->policy->rungs[i];
                uint64_t level = level_of(host, unit, rung);

                if (!is_disruptive(rung) || level == BYTES_INFINITY ||
                    unit->learned.working_set < util_add(level, level / 20))
                        continue;
                finding_say(
                        ret,
                        "The rung \"%s\" is at %s, and the working set of %s has been at %s: it is taken again at the "
                        "next such peak.",
                        rung->name, units_format_bytes(level, at), unit->name,
                        units_format_bytes(unit->learned.working_set, used));
                finding_remedy(ret, "memguardctl advise %s  # what would fit", facts_quote(unit->name, word));
                return true;
        }
        return false;
}

static bool has_probes_off(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        finding_say(ret, "Uprobes=no for %s: a MemoryError that it catches is not seen.", unit->name);
        return unit->policy && !unit->policy->uprobes;
}

static const DoctorCheck checks[] = {
        {"no-policy", SEVERITY_BAD, false, is_unmatched},
        {"rung-above-high", SEVERITY_BAD, false, has_rung_above_high},
        {"observe-only", SEVERITY_WARN, false, is_observed},
        {"no-rungs", SEVERITY_WARN, false, has_no_rung},
        {"rung-no-reserve", SEVERITY_WARN, false, has_no_reserve},
        {"rung-below-peak", SEVERITY_WARN, false, restarts_at_peaks},
        {"protected", SEVERITY_NOTE, false, is_protected},
        {"probes-off", SEVERITY_NOTE, false, has_probes_off},
};

const DoctorChecks doctor_policy_checks = {checks, ELEMENTSOF(checks)};
