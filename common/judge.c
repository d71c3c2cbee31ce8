/* What is true of a unit: levels reached, events counted, stalls measured. Judged on the working set, so that cache is never
 * taken for use. A reading that is missing makes no condition true. */
#include "unit.h"

/* How far below its level the working set must be for a rung to be clear: a twentieth of the limit, so that a unit that
 * hovers at a level does not climb and relax in turns. */
#define HYSTERESIS_SHARE 20

/* A level of nothing is one that is reached by missing data. */
static uint64_t level_of(const Unit *unit, unsigned rung) {
        uint64_t level = units_level_bytes(&unit->policy->rungs[rung].usage, unit->sample.limit);

        return level == 0 ? BYTES_INFINITY : level;
}

static uint64_t clear_below(uint64_t level, uint64_t limit) {
        uint64_t gap = (limit == BYTES_INFINITY ? level : MIN(limit, level)) / HYSTERESIS_SHARE;

        return level - gap;
}

static void judge_usage(const Unit *unit, LadderInput *input, uint32_t *unclear) {
        for (unsigned i = 0; i < unit->policy->n_rungs; i++) {
                uint64_t level = level_of(unit, i);

                if (level == BYTES_INFINITY)
                        continue;
                if (unit->sample_time == 0 || unit->sample.working_set >= clear_below(level, unit->sample.limit))
                        *unclear |= 1U << i;
                if (unit->sample_time > 0 && unit->sample.working_set >= level) {
                        input->firing |= 1U << i;
                        input->urgent |= 1U << i;
                }
        }
}

/* Only what is called a leak fires: what else grows may stop by itself, and for what comes faster there is Usage=. */
static void judge_forecast(const Unit *unit, usec_t now, LadderInput *input, uint32_t *unclear) {
        Growth growth = unit_growth(unit, now);

        if (growth.class != GROWTH_LEAK || !growth.forecasts)
                return;
        for (unsigned i = 0; i < unit->policy->n_rungs; i++) {
                usec_t warning = unit->policy->rungs[i].time_to_limit;

                if (warning == 0)
                        continue;
                if (growth.time_to_limit <= warning)
                        input->firing |= 1U << i;
                if (growth.time_to_limit <= warning + warning / 2)
                        *unclear |= 1U << i;
        }
}

static uint32_t judge_events(const Unit *unit, usec_t now) {
        uint32_t firing = 0;

        for (unsigned i = 0; i < unit->policy->n_events; i++) {
                const EventCondition *condition = &unit->policy->events[i];

                if (counter_sum(&unit->counters[i], condition->window, now) >= MAX(condition->count, 1))
                        firing |= 1U << condition->rung;
        }
        return firing;
}

static uint32_t judge_stalls(const Unit *unit, usec_t now) {
        uint32_t firing = 0;

        for (unsigned i = 0; i < unit->policy->n_pressures; i++)
                if (meter_holds(&unit->meters[i], unit->policy->pressures[i].window, now))
                        firing |= 1U << unit->policy->pressures[i].rung;
        return firing;
}

LadderInput judge_conditions(const Unit *unit, usec_t now) {
        LadderInput input = {0};
        uint32_t unclear = 0;

        judge_usage(unit, &input, &unclear);
        judge_forecast(unit, now, &input, &unclear);
        input.firing |= judge_events(unit, now) | judge_stalls(unit, now);
        input.clear = ~(unclear | input.firing);
        return input;
}

uint64_t judge_next_level(const Unit *unit) {
        uint64_t next = BYTES_INFINITY;

        for (unsigned i = 0; i < unit->policy->n_rungs; i++) {
                uint64_t level = level_of(unit, i);

                if ((int) i > unit->ladder.rung && level > unit->sample.working_set)
                        next = MIN(next, level);
        }
        return next;
}

/* "high" events that our own wire or throttle made say nothing about the service; nor do those that came in between the last
 * reading and its lifting. */
static uint64_t counted_delta(const Unit *unit, Counted what, const Sample *sample) {
        switch (what) {
        case COUNTED_HIGH:
                return unit->wired ? 0 : util_sub(sample->ev_high, unit->sample.ev_high);
        case COUNTED_MAX:
                return util_sub(sample->ev_max, unit->sample.ev_max);
        case COUNTED_OOM_KILL:
                return util_sub(sample->ev_oom_kill, unit->sample.ev_oom_kill);
        case COUNTED_MEMORY_ERROR:
        case COUNTED_LIMIT_STALL:
                return 0; /* no counter of the kernel's: judge_count_incident() */
        case _COUNTED_MAX:
        case _COUNTED_INVALID:
                break;
        }
        return 0;
}

void judge_count(Unit *unit, const Sample *sample, usec_t now) {
        for (unsigned i = 0; i < unit->policy->n_events; i++) {
                const EventCondition *condition = &unit->policy->events[i];
                uint64_t delta = counted_delta(unit, condition->what, sample);

                if (delta > 0)
                        counter_add(&unit->counters[i], condition->window, now, delta);
        }
        unit->wired = unit->placed != BYTES_INFINITY;
}

void judge_count_incident(Unit *unit, Counted what, uint64_t n, usec_t now) {
        for (unsigned i = 0; i < unit->policy->n_events; i++)
                if (unit->policy->events[i].what == what)
                        counter_add(&unit->counters[i], unit->policy->events[i].window, now, n);
}

bool judge_pressure(Unit *unit, uint64_t some_total, uint64_t full_total, usec_t now) {
        bool changed = false;

        /* A throttle makes pressure of nearly 100 % (facts-kernel 4), which must not climb the ladder for the service. */
        if (unit->throttled || now < unit->ignore_pressure_until)
                return false;
        for (unsigned i = 0; i < unit->policy->n_pressures; i++) {
                const PressureCondition *condition = &unit->policy->pressures[i];
                Meter *meter = &unit->meters[i];
                bool before = meter->holds;

                changed |= before != meter_read(meter, condition->what == STALLED_SOME ? some_total : full_total,
                                                condition->stall, condition->window, now);
        }
        return changed;
}

void judge_forget_pressure(Unit *unit, usec_t until) {
        for (unsigned i = 0; unit->policy && i < unit->policy->n_pressures; i++)
                meter_reset(&unit->meters[i]);
        unit->ignore_pressure_until = MAX(unit->ignore_pressure_until, until);
}

void judge_consume(Unit *unit, unsigned rung) {
        for (unsigned i = 0; i < unit->policy->n_events; i++)
                if (unit->policy->events[i].rung == rung)
                        counter_reset(&unit->counters[i]);
}
