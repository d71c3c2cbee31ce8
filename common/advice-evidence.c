/* What the advice rests on, a sentence each. */
#include "advice-internal.h"

#include <inttypes.h>

static void tell_peak(const AdviceCase *c) {
        const Peaks *learned = &c->unit->learned;
        char used[UNITS_TEXT_MAX], anon[UNITS_TEXT_MAX], current[UNITS_TEXT_MAX];

        if (learned->runs == 0)
                return;
        advice_tell(c->advice,
                    "The peak working set was %s, at %s; the most anonymous memory was %s, and the most with cache %s.",
                    units_format_bytes(learned->working_set, used), c->unit->peak_at,
                    units_format_bytes(learned->anon, anon), units_format_bytes(learned->current, current));
}

static void tell_runs(const AdviceCase *c) {
        const Peaks *learned = &c->unit->learned;
        char total[UNITS_TEXT_MAX], longest[UNITS_TEXT_MAX];

        if (learned->runs > 0)
                advice_tell(c->advice, "%" PRIu64 " run%s watched since %s, for %s in all; the longest for %s.",
                            learned->runs, learned->runs == 1 ? " was" : "s were", c->unit->first_at,
                            units_format_duration(learned->total * USEC_PER_SEC, total),
                            units_format_duration(learned->longest * USEC_PER_SEC, longest));
}

static void tell_start(const AdviceCase *c) {
        const Peaks *learned = &c->unit->learned;
        char start[UNITS_TEXT_MAX], last[UNITS_TEXT_MAX];

        if (learned->start > 0)
                advice_tell(c->advice, "Some minutes after its start it was at %s; the newest run has come to %s.",
                            units_format_bytes(learned->start, start), units_format_bytes(learned->last, last));
}

static void tell_now(const AdviceCase *c) {
        const UnitFacts *unit = c->unit;
        char used[UNITS_TEXT_MAX], peak[UNITS_TEXT_MAX];

        if (!fact_known(unit->working_set))
                return;
        if (fact_known(unit->peak))
                advice_tell(c->advice,
                            "Now its working set is %s; the kernel has seen %s in this run, with cache and between "
                            "readings.",
                            units_format_bytes(unit->working_set, used), units_format_bytes(unit->peak, peak));
        else
                advice_tell(c->advice, "Now its working set is %s.", units_format_bytes(unit->working_set, used));
}

static void tell_limit(const AdviceCase *c) {
        const UnitFacts *unit = c->unit;
        char max[UNITS_TEXT_MAX];

        if (!fact_known(unit->max))
                return;
        if (unit->max == BYTES_INFINITY)
                advice_tell(c->advice, "It has no limit.");
        else
                advice_tell(c->advice, "Its limit is %s (MemoryMax= of %s), of which the peak was %u %%.",
                            units_format_bytes(unit->max, max), unit->max_source,
                            (unsigned) MIN(c->advice->demand / MAX(unit->max / 100, 1), 1000));
}

static void tell_swap(const AdviceCase *c) {
        if (!fact_known(c->host->swap_total))
                return;
        advice_tell(c->advice, "%s",
                    !c->can_swap                    ? "Nothing of it can be swapped out."
                    : c->unit->learned.swapped != 0 ? "Some of it was swapped out, and is counted above."
                                                    : "There is swap, and nothing of it was seen in there.");
}

static void tell_incidents(const AdviceCase *c) {
        const UnitFacts *unit = c->unit;

        if (!unit->has_history)
                return;
        advice_tell(c->advice,
                    "In the last %d days%s%s%s: %u kernel kill%s at its own limit, %u by a limit above it or the host, "
                    "%u MemoryError%s.",
                    FACTS_HISTORY_DAYS, unit->history_since[0] ? " (the journal goes back to " : "",
                    unit->history_since, unit->history_since[0] ? ")" : "", unit->kills_unit,
                    unit->kills_unit == 1 ? "" : "s", unit->kills_above, unit->memory_errors,
                    unit->memory_errors == 1 ? "" : "s");
}

static void tell_growth(const AdviceCase *c) {
        if (c->unit->growth[0])
                advice_tell(c->advice, "Its growth is judged as: %s.", c->unit->growth);
}

static void (*const all[])(const AdviceCase *c) = {tell_peak,  tell_runs, tell_start,     tell_now,
                                                   tell_limit, tell_swap, tell_incidents, tell_growth};
static_assert(ELEMENTSOF(all) <= ADVICE_LINES_MAX, "there is no room for all of the evidence");

void advice_evidence(const AdviceCase *c) {
        for (size_t i = 0; i < ELEMENTSOF(all); i++)
                all[i](c);
}
