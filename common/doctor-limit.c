/* A unit's limits: is there one, does it fit, and what stands in the way of memory before it is reached? */
#include "doctor-internal.h"

#include <stdio.h>

#define TIGHT 90 /* percent of the limit that a peak may take */

static bool has_no_accounting(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        if (fact_known(unit->current))
                ret->severity = SEVERITY_WARN;
        finding_say(ret, "MemoryAccounting=no: the kernel %s, and memguard %s watch it.",
                    fact_known(unit->current) ? "counts what it uses only for its neighbours' sake"
                                              : "does not count what it uses",
                    fact_known(unit->current) ? "may cease to" : "can't");
        finding_dropin(ret, unit->name, facts_section(unit->name), "MemoryAccounting=yes");
        return unit->accounting == TRI_NO;
}

static bool has_no_limit(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char total[UNITS_TEXT_MAX], word[UNIT_NAME_MAX + 2];

        if (!fact_known(unit->max) || unit->max != BYTES_INFINITY)
                return false;
        finding_say(
                ret,
                "%s has no memory limit, neither of its own nor of a slice above it: when it leaks it takes all of the "
                "host's %s, and others with it.",
                unit->name, fact_known(host->memory_total) ? units_format_bytes(host->memory_total, total) : "memory");
        finding_remedy(ret, "memguardctl advise %s  # what MemoryMax= would fit", facts_quote(unit->name, word));
        return true;
}

static bool is_limited_by_host(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char max[UNITS_TEXT_MAX], total[UNITS_TEXT_MAX], word[UNIT_NAME_MAX + 2];

        if (!fact_known(unit->max) || unit->max == BYTES_INFINITY || !fact_known(host->memory_total) ||
            unit->max < host->memory_total)
                return false;
        finding_say(
                ret, "MemoryMax=%s of %s is not below the host's %s: the host is out of memory before it is reached.",
                units_format_bytes(unit->max, max), unit->max_source, units_format_bytes(host->memory_total, total));
        finding_remedy(ret, "memguardctl advise %s  # what MemoryMax= would fit", facts_quote(unit->name, word));
        return true;
}

static bool is_tight(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        uint64_t peak = facts_peak(unit), limit = facts_limit(host, unit);
        char used[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX], word[UNIT_NAME_MAX + 2];

        if (!fact_known(unit->max) || unit->max == BYTES_INFINITY || !fact_known(limit) || peak < limit / 100 * TIGHT)
                return false;
        finding_say(ret,
                    "The working set of %s has been at %s, and the limit is %s (%s): either it leaks, or the "
                    "limit does not fit.",
                    unit->name, units_format_bytes(peak, used), units_format_bytes(limit, max), unit->max_source);
        finding_remedy(ret, "memguardctl advise %s  # what MemoryMax= would fit", facts_quote(unit->name, word));
        return true;
}

static bool has_high(const UnitFacts *unit) {
        return fact_known(unit->high) && unit->high != BYTES_INFINITY;
}

static const char *high_remedy(const UnitFacts *unit, Finding *ret) {
        finding_dropin(ret, unit->high_source, facts_section(unit->high_source), "MemoryHigh=infinity");
        return unit->high_source;
}

static bool has_wall(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char high[UNITS_TEXT_MAX];

        if (!has_high(unit) || facts_can_swap(host, unit))
                return false;
        if (!fact_known(host->swap_total))
                return false;
        finding_say(
                ret,
                "MemoryHigh=%s of %s, and nothing can be swapped out: there the kernel does not make it smaller, it "
                "slows it to a standstill, without a kill and without a message.",
                units_format_bytes(unit->high, high), high_remedy(unit, ret));
        return true;
}

static bool has_high_for_nothing(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char high[UNITS_TEXT_MAX], max[UNITS_TEXT_MAX];
        uint64_t limit = facts_limit(host, unit);

        if (!has_high(unit) || !fact_known(limit) || unit->high < limit)
                return false;
        finding_say(ret, "MemoryHigh=%s of %s is not below the limit of %s: the kernel kills before it is reached.",
                    units_format_bytes(unit->high, high), high_remedy(unit, ret), units_format_bytes(limit, max));
        return true;
}

static bool has_high_below_peak(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        char high[UNITS_TEXT_MAX], used[UNITS_TEXT_MAX];
        uint64_t peak = facts_peak(unit);

        (void) host;
        if (!has_high(unit) || peak < unit->high)
                return false;
        finding_say(ret,
                    "MemoryHigh=%s of %s is below the %s that the working set of %s has been at: it works against that "
                    "wall.",
                    units_format_bytes(unit->high, high), high_remedy(unit, ret), units_format_bytes(peak, used),
                    unit->name);
        return true;
}

static bool has_rlimit(const UnitFacts *unit, const char *name, uint64_t limit, Finding *ret) {
        char text[UNITS_TEXT_MAX], line[64];

        if (!fact_known(limit) || limit == BYTES_INFINITY)
                return false;
        (void) snprintf(line, sizeof(line), "%s=infinity", name);
        finding_say(
                ret,
                "%s=%s bounds what each process of %s may ask for, not what it uses: it gets a MemoryError below any "
                "memory limit, and no cgroup counter shows it.",
                name, units_format_bytes(limit, text), unit->name);
        finding_dropin(ret, unit->name, facts_section(unit->name), line);
        return true;
}

static bool has_limit_as(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        return has_rlimit(unit, "LimitAS", unit->limit_as, ret);
}

static bool has_limit_data(const HostFacts *host, const UnitFacts *unit, Finding *ret) {
        (void) host;
        return has_rlimit(unit, "LimitDATA", unit->limit_data, ret);
}

static const DoctorCheck checks[] = {
        {"accounting-off", SEVERITY_BAD, false, has_no_accounting},
        {"no-limit", SEVERITY_BAD, false, has_no_limit},
        {"limit-above-host", SEVERITY_WARN, false, is_limited_by_host},
        {"limit-tight", SEVERITY_WARN, false, is_tight},
        {"high-no-swap", SEVERITY_BAD, false, has_wall},
        {"high-at-limit", SEVERITY_WARN, false, has_high_for_nothing},
        {"high-below-peak", SEVERITY_BAD, false, has_high_below_peak},
        {"limit-as", SEVERITY_WARN, false, has_limit_as},
        {"limit-data", SEVERITY_WARN, false, has_limit_data},
};

const DoctorChecks doctor_limit_checks = {checks, ELEMENTSOF(checks)};
