/* How each unit grows. A history is begun only when what a unit holds, or its cache, has moved: most units never do, and
 * cost no more than what they were first seen with. */
#include "unit.h"

#define MOVED_SHARE 64 /* of what it held first; what a steady service breathes */
#define MOVED_CACHE_SHARE 8
#define MOVED_LEAST (MIB / HISTORY_UNIT)
#define MOVED_CACHE_LEAST (8 * MIB / HISTORY_UNIT)
#define JUDGED_SHARE 64 /* a history that is no longer by this share, and no higher, is not judged anew */
#define JUDGED_LEAST (USEC_PER_SEC / 2)
#define STEADY_AFTER USEC_PER_MINUTE
#define RECENT (2 * USEC_PER_SEC)

static uint64_t held(const Sample *sample) {
        return util_add(sample->working_set, sample->swap);
}

static uint64_t cache(const Sample *sample) {
        return util_sub(sample->current, sample->working_set);
}

static bool is_far(uint64_t first, uint64_t now, uint64_t share, uint64_t least) {
        return MAX(first, now) - MIN(first, now) > MAX(first / share, least);
}

static bool has_moved(const Unit *unit, const Sample *sample) {
        return is_far(rough_unpack(unit->first_held), held(sample) / HISTORY_UNIT, MOVED_SHARE, MOVED_LEAST) ||
               is_far(rough_unpack(unit->first_cache), cache(sample) / HISTORY_UNIT, MOVED_CACHE_SHARE, MOVED_CACHE_LEAST);
}

/* There are as many as units, so that one is always free. */
static Trend *take(Engine *engine, Unit *unit) {
        for (unsigned i = 0; i < ENGINE_UNITS_MAX; i++)
                if (!engine->trends[i].used) {
                        engine->trends[i] = (Trend){.used = true};
                        unit->trend = (uint16_t) (i + 1);
                        return &engine->trends[i];
                }
        return NULL;
}

static Trend *trend_of(Engine *engine, const Unit *unit) {
        return unit->trend > 0 ? &engine->trends[unit->trend - 1] : NULL;
}

/* It begins with what stands for the calm until now. */
static Trend *begin(Engine *engine, Unit *unit) {
        Trend *trend = take(engine, unit);

        if (!trend)
                return NULL;
        history_note(&trend->history, rough_unpack(unit->first_held) * HISTORY_UNIT,
                    rough_unpack(unit->first_cache) * HISTORY_UNIT, unit->first_read);
        if (unit->sample_time > unit->first_read)
                history_note(&trend->history, held(&unit->sample), cache(&unit->sample), unit->sample_time);
        return trend;
}

/* Is there anything new to judge? More than it has held before, another limit, or the time that has gone on. */
static bool is_news(const Unit *unit, const Trend *trend, const Sample *sample, usec_t now) {
        usec_t since = util_sub(now, trend->judged), span = util_sub(now, trend->history.began);

        if (trend->judged == 0 || sample->limit != unit->sample.limit)
                return true;
        return since >= JUDGED_LEAST && (since >= span / JUDGED_SHARE || held(sample) > trend->judged_peak);
}

static void judge(const Unit *unit, Trend *trend, const Sample *sample, usec_t now) {
        if (!is_news(unit, trend, sample, now))
                return;
        growth_judge(&trend->history, util_add(sample->limit, sample->swap), &trend->growth, now, &trend->growth);
        trend->judged = now;
        trend->judged_peak = MAX(trend->judged_peak, held(sample));
}

void trend_note(const Step *step, Unit *unit, const Sample *sample) {
        Trend *trend = trend_of(step->engine, unit);

        if (unit->first_read == 0) {
                unit->first_read = MAX(step->now, 1);
                unit->first_held = rough_pack(held(sample) / HISTORY_UNIT);
                unit->first_cache = rough_pack(cache(sample) / HISTORY_UNIT);
                return;
        }
        if (!trend && has_moved(unit, sample))
                trend = begin(step->engine, unit);
        if (!trend)
                return;
        history_note(&trend->history, held(sample), cache(sample), step->now);
        judge(unit, trend, sample, step->now);
}

void trend_drop(Engine *engine, Unit *unit) {
        Trend *trend = trend_of(engine, unit);

        if (trend)
                trend->used = false;
        unit->trend = 0;
        unit->first_read = 0;
}

Growth unit_growth(const Engine *engine, const Unit *unit) {
        Growth growth = {.time_to_limit = USEC_INFINITY};

        if (unit->trend > 0) {
                const Trend *trend = &engine->trends[unit->trend - 1];

                growth = trend->growth;
                if (growth.time_to_limit != USEC_INFINITY)
                        growth.time_to_limit = util_sub(growth.time_to_limit, util_sub(engine->now, trend->judged));
                return growth;
        }
        if (unit->first_read > 0 && unit->sample_time - unit->first_read >= STEADY_AFTER)
                growth.class = GROWTH_STEADY;
        return growth;
}

uint64_t growth_recent(const Engine *engine, const Unit *unit) {
        return unit->trend > 0 ? history_recent(&engine->trends[unit->trend - 1].history, RECENT) : 0;
}
