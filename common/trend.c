/* How each unit grows: when it is read for that, when it is judged, and when people are told of a leak.
 *
 * A history is begun only when what a unit holds, or its cache, has moved from the level that its start ended with: most
 * units never do, and cost no more than that level. A unit that holds still is read once a minute, on multiples of it, so
 * that any number of them costs one wakeup; one that moves is read as often as its age asks for, one that grows as its
 * forecast does, both on parts of the same grid.
 *
 * A leak is told once in a run, as an incident. What becomes of it is told by records of state: that it is over only when
 * that has lasted, that it is back at once, and no more than TOLD_MAX of them and one a day: what flickers is not told of
 * for ever, and a run that lasts for months is not done with. */
#include "unit.h"

#define MOVED_SHARE 64 /* of what it held first; what a steady service breathes */
#define MOVED_CACHE_SHARE 8
#define MOVED_LEAST (MIB / HISTORY_UNIT)
#define MOVED_CACHE_LEAST (8 * MIB / HISTORY_UNIT)
#define JUDGED_SHARE 64 /* a history that is no longer by this share, and no higher, is not judged anew */
#define JUDGED_LEAST (USEC_PER_SEC / 2)
#define STEADY_AFTER USEC_PER_MINUTE
#define RECENT (2 * USEC_PER_SEC)

#define READ_SLOWEST USEC_PER_MINUTE /* a multiple of PACE_SLOWEST */
#define READ_FASTEST USEC_PER_SEC
#define READ_YOUNG (2 * USEC_PER_SEC)
#define READ_SHARE 16       /* of its age, and of the time that is left: so many readings in each */
#define YOUNG (5 * USEC_PER_MINUTE)
#define READ_AGAIN (2 * USEC_PER_SEC) /* a reading that is overdue is being asked for */
#define CALM_POINTS 8
#define STARTED_AFTER (4 * USEC_PER_SEC) /* what a service takes up to then is the level that it begins with */
#define STARTED_LATEST (20 * USEC_PER_SEC) /* when the first reading after that has come, where nothing was late */
#define STARTED_SHARE 4 /* of its limit: more is no mere start */
#define STILL_READINGS 4 /* as often as its age asks for: after so many without a move it is one of the calm ones */

#define TOLD_MAX 8
#define TOLD_AGAIN (24 * 60 * USEC_PER_MINUTE)
#define LASTED_SHARE 16 /* of its age: how long it must have been no leak any more to be told of */

static_assert(READ_SLOWEST % PACE_SLOWEST == 0, "calm units are read at the same moments");

static uint64_t held(const Sample *sample) {
        return util_add(sample->working_set, sample->swap);
}

static uint64_t cache(const Sample *sample) {
        return util_sub(sample->current, sample->working_set);
}

static bool is_far(uint64_t first, uint64_t now, uint64_t share, uint64_t least) {
        return MAX(first, now) - MIN(first, now) > MAX(first / share, least);
}

static bool has_moved(Rough from_held, Rough from_cache, const Sample *sample) {
        return is_far(rough_unpack(from_held), held(sample) / HISTORY_UNIT, MOVED_SHARE, MOVED_LEAST) ||
               is_far(rough_unpack(from_cache), cache(sample) / HISTORY_UNIT, MOVED_CACHE_SHARE, MOVED_CACHE_LEAST);
}

/* There are as many as units, so that one is always free. The first ones are taken first: the others' pages are never
 * touched. */
static Trend *take(Engine *engine) {
        for (unsigned i = 0; i < ENGINE_UNITS_MAX; i++)
                if (!engine->trends[i].used) {
                        engine->trends[i] = (Trend){.used = true};
                        return &engine->trends[i];
                }
        return NULL;
}

/* The calm until now: it was read all along and never was far from the line between the first reading and the last. One point
 * at each end would not do, as a step needs a level before it (growth-shape.c). */
static void note_calm(Trend *trend, const Unit *unit) {
        int64_t from = (int64_t) (rough_unpack(unit->first_held) * HISTORY_UNIT), to = (int64_t) held(&unit->sample);
        int64_t from_cache = (int64_t) (rough_unpack(unit->first_cache) * HISTORY_UNIT), to_cache = (int64_t) cache(&unit->sample);
        usec_t took = util_sub(unit->sample_time, unit->first_read);

        for (int64_t i = 0; i <= CALM_POINTS; i++)
                history_note(&trend->history, (uint64_t) (from + history_part(to - from, i, CALM_POINTS)),
                             (uint64_t) (from_cache + history_part(to_cache - from_cache, i, CALM_POINTS)),
                             unit->first_read + took * (usec_t) i / CALM_POINTS);
        trend->peak = (uint64_t) MAX(from, to);
}

static void begin(Engine *engine, Unit *unit) {
        unit->trend = take(engine);
        if (unit->trend)
                note_calm(unit->trend, unit);
}

static usec_t judged_again(const Trend *trend, usec_t now) {
        return trend->judged + MAX(util_sub(now, trend->history.began) / JUDGED_SHARE, JUDGED_LEAST);
}

/* Is there anything new to judge? More than it has held before, another limit, or the time that has gone on. */
static bool is_news(const Unit *unit, const Sample *sample, usec_t now) {
        const Trend *trend = unit->trend;

        if (trend->judged == 0 || sample->limit != unit->sample.limit)
                return true;
        return now >= (trend->rising ? trend->judged + JUDGED_LEAST : judged_again(trend, now));
}

/* Slow growth must add up against the level that was last moved to, or a slow leak would hold still for ever. */
static void note_stillness(Trend *trend, const Sample *sample, usec_t now) {
        if (trend->still_since > 0 && !has_moved(trend->still_held, trend->still_cache, sample))
                return;
        trend->still_since = MAX(now, 1);
        trend->still_held = rough_pack(held(sample) / HISTORY_UNIT);
        trend->still_cache = rough_pack(cache(sample) / HISTORY_UNIT);
}

/* A service is first read when its cgroup is made and holds nothing: what the first reading after its start finds is what
 * it begins with, unless so much has happened by then that it is worth a history. */
static bool is_starting(const Unit *unit, const Sample *sample, usec_t now) {
        return !unit->trend && unit->began > 0 && unit->sample_time < util_add(unit->began, STARTED_AFTER) &&
               now <= util_add(unit->began, STARTED_LATEST) && sample->current <= sample->limit / STARTED_SHARE;
}

void trend_note(const Step *step, Unit *unit, const Sample *sample) {
        Trend *trend;

        if (unit->first_read == 0 || is_starting(unit, sample, step->now)) {
                if (unit->first_read == 0)
                        unit->first_read = MAX(step->now, 1);
                unit->first_held = rough_pack(held(sample) / HISTORY_UNIT);
                unit->first_cache = rough_pack(cache(sample) / HISTORY_UNIT);
                return;
        }
        if (!unit->trend && has_moved(unit->first_held, unit->first_cache, sample))
                begin(step->engine, unit);
        trend = unit->trend;
        if (!trend)
                return;
        note_stillness(trend, sample, step->now);
        history_note(&trend->history, held(sample), cache(sample), step->now);
        trend->rising = held(sample) > trend->peak;
        trend->peak = MAX(trend->peak, held(sample));
        if (!is_news(unit, sample, step->now))
                return;
        growth_judge(&trend->history, util_add(sample->limit, sample->swap), trend->growth.class == GROWTH_LEAK, step->now,
                     &trend->growth);
        trend->judged = step->now;
}

void trend_drop(Unit *unit) {
        if (unit->trend)
                unit->trend->used = false;
        unit->trend = NULL;
        unit->first_read = 0;
}

/* Time goes on between two judgements; but what holds still comes no nearer to its limit by that, and has still the way
 * to go from the most that it has held. */
static usec_t forecast(const Unit *unit, usec_t now) {
        const Trend *trend = unit->trend;
        uint64_t room = util_sub(util_add(unit->sample.limit, unit->sample.swap), trend->peak);
        uint64_t slope = trend->growth.slope;
        usec_t judged = trend->growth.time_to_limit, left = util_sub(judged, util_sub(now, trend->judged));

        if (slope == 0)
                return left;
        if (room / slope >= judged / USEC_PER_SEC)
                return judged;
        return MAX(left, (usec_t) ((__uint128_t) room * USEC_PER_SEC / slope));
}

Growth unit_growth(const Unit *unit, usec_t now) {
        Growth growth = {.time_to_limit = USEC_INFINITY};

        if (unit->trend) {
                growth = unit->trend->growth;
                if (growth.time_to_limit != USEC_INFINITY)
                        growth.time_to_limit = forecast(unit, now);
        } else if (unit->first_read > 0 && unit->sample_time - unit->first_read >= STEADY_AFTER)
                growth.class = GROWTH_STEADY;
        return growth;
}

uint64_t growth_recent(const Unit *unit) {
        return unit->trend ? history_recent(&unit->trend->history, RECENT) : 0;
}

/* The shortest warning that a rung asks for. */
static usec_t least_warning(const Policy *policy) {
        usec_t least = USEC_INFINITY;

        for (unsigned i = 0; i < policy->n_rungs; i++)
                if (policy->rungs[i].time_to_limit > 0)
                        least = MIN(least, policy->rungs[i].time_to_limit);
        return least;
}

/* By what is left at the rate of the forecast, or of the newest readings if they are the highest so far. What rises and
 * falls below a peak that it has survived is not read the faster for it. */
static usec_t time_left(const Unit *unit, usec_t now) {
        const Trend *trend = unit->trend;
        uint64_t headroom = util_sub(unit->sample.limit, unit->sample.working_set), rate = growth_recent(unit);
        usec_t left = trend->growth.forecasts ? unit_growth(unit, now).time_to_limit : USEC_INFINITY;

        if (!trend->rising || rate == 0 || headroom / rate >= USEC_INFINITY / USEC_PER_SEC)
                return left;
        return MIN(left, headroom / rate * USEC_PER_SEC);
}

/* What moved a little ago is read as often as its age asks for; what has moved before then, no more often than all are
 * that are young. */
static usec_t interval_of_age(const Unit *unit, usec_t now) {
        usec_t age = util_sub(now, unit->first_read), interval = MAX(age / READ_SHARE, READ_YOUNG);

        if (!unit->trend)
                return age < YOUNG ? PACE_SLOWEST : READ_SLOWEST;
        if (util_sub(now, unit->trend->still_since) >= STILL_READINGS * interval)
                interval = MAX(interval, PACE_SLOWEST);
        return MIN(interval, READ_SLOWEST);
}

/* USEC_INFINITY where its growth does not ask for any. */
static usec_t interval_of_growth(const Unit *unit, usec_t now) {
        const Trend *trend = unit->trend;
        usec_t interval;

        if (!trend)
                return USEC_INFINITY;
        interval = time_left(unit, now) / READ_SHARE;
        /* However close the limit is: where nothing rises, nothing is found out before it is judged again. */
        if (!trend->rising)
                interval = MAX(interval, util_sub(judged_again(trend, now), now));
        if (trend->rising || trend->growth.forecasts)
                interval = MIN(interval, least_warning(unit->policy) / READ_SHARE);
        return MAX(interval, READ_FASTEST);
}

/* On the grid of what all are read by, or a half of a half of it: any number of units that are read often shares its
 * wakeups, and none is read later than it asks for, but where half of the grid is near enough. */
static usec_t on_grid(usec_t interval, usec_t now) {
        usec_t grid = interval >= READ_SLOWEST ? READ_SLOWEST : PACE_SLOWEST;

        while (interval < PACE_SLOWEST / 2 && grid > interval)
                grid /= 2;
        return (now / grid + 1) * grid;
}

usec_t trend_next(const Unit *unit, usec_t now) {
        usec_t age = interval_of_age(unit, now), growth = interval_of_growth(unit, now), due;

        /* What grows so fast is a reason of its own, and is not read again right after a reading that others asked for. */
        if (growth < MIN(age, PACE_SLOWEST / 2)) {
                due = util_add(unit->sample_time, growth);
                return due > now ? due : util_add(now, READ_AGAIN);
        }
        return on_grid(MIN(age, growth), now);
}

/* Much sooner than was told: in less than half of the time that would be left. */
static bool is_sooner(const Trend *trend, usec_t left, usec_t now) {
        return left != USEC_INFINITY && left < util_sub(trend->told_limit_at, now) / 2;
}

static void note_class(Trend *trend, usec_t now) {
        if (trend->class_since > 0 && trend->class_before == trend->growth.class)
                return;
        trend->class_before = trend->growth.class;
        trend->class_since = now;
}

static bool has_changed(const Trend *trend, usec_t left, usec_t now) {
        bool leak = trend->growth.class == GROWTH_LEAK, was = trend->told == GROWTH_LEAK;

        if (leak && was)
                return is_sooner(trend, left, now);
        if (leak || !was)
                return leak;
        return now - trend->class_since >= MAX((now - trend->history.began) / LASTED_SHARE, USEC_PER_MINUTE);
}

/* One time says how many are left, as a bucket's does (bucket.h), whose unit is the second. */
static bool take_turn(Trend *trend, usec_t now) {
        usec_t until = MAX(trend->tells_until, now) + TOLD_AGAIN;

        if (until - now > TOLD_MAX * TOLD_AGAIN)
                return false;
        trend->tells_until = until;
        return true;
}

void trend_tell(const Step *step, Unit *unit) {
        Growth growth = unit_growth(unit, step->now);
        Trend *trend = unit->trend;

        if (!trend || trend->judged != step->now)
                return;
        note_class(trend, step->now);
        if (growth.class == GROWTH_LEAK && !trend->told_leak)
                tell_leak(step, unit, &growth);
        else if (trend->told_leak && has_changed(trend, growth.time_to_limit, step->now) && take_turn(trend, step->now))
                tell_leak_changed(step, unit, &growth, trend->told);
        else
                return;
        trend->told_leak = true;
        trend->told = growth.class;
        trend->told_limit_at = util_add(step->now, growth.time_to_limit);
}
