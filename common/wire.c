/* How a unit is watched: by a wire (memory.high at the next level) where that works, by timer where it does not.
 *
 * A wire counts memory.current, cache included, while a level is meant for the working set. So a wire that is hit below its
 * level is moved up by the cache; where there is no room for that, the wire is taken away and the unit is read by timer until
 * the cache has gone. Wires are lifted while a disruptive action runs (the service needs memory for its goodbye) and give way
 * to a throttle, which uses the same file. */
#include "unit.h"

#define CACHE_TIMER (30 * USEC_PER_SEC) /* how long at least a unit stays with the timer, so that it does not flap */
#define CACHE_TOLD_AGAIN (10 * USEC_PER_MINUTE)
#define REPAY_EVERY USEC_PER_SEC /* a loan goes back as soon as the unit uses less than its own limit */
#define BEGINNING USEC_PER_SEC   /* of a run: PID 1 may write the limits a little after it makes the cgroup */
#define STORM_RATE 2, 15     /* wakes without a move, a second and at once; the kernel sends up to 100 a second */
#define CONTESTED_RATE 1, 29 /* writes, a second and at once; PID 1 writes once or twice a reload */

/* Half of the way from the level to the limit: above that too little would be left for a goodbye. */
static uint64_t highest_wire(uint64_t level, uint64_t limit) {
        return limit == BYTES_INFINITY ? level : level + util_sub(limit, level) / 2;
}

static bool has_levels(const Unit *unit) {
        for (unsigned i = 0; i < unit->policy->n_rungs; i++)
                if (unit->policy->rungs[i].usage.set)
                        return true;
        return false;
}

/* Could the wire stand high enough for the cache that is there? */
static bool cache_has_room(const Unit *unit, uint64_t level) {
        uint64_t cache = util_sub(unit->sample.current, unit->sample.working_set);

        return level == BYTES_INFINITY || util_add(level, cache) <= highest_wire(level, unit->sample.limit);
}

static bool timer_is_lasting(const Unit *unit, usec_t now) {
        if (unit->timer_cause < TIMER_CACHE)
                return false;
        if (now < unit->timer_until)
                return true;
        return unit->timer_cause == TIMER_CACHE && !cache_has_room(unit, judge_next_level(unit));
}

static TimerCause timer_cause(const Step *step, const Unit *unit) {
        if (unit->policy->mode == MODE_OBSERVE)
                return TIMER_OBSERVE;
        if (unit->protected_why)
                return TIMER_PROTECTED;
        if (step->engine->paused || unit->paused)
                return TIMER_PAUSED;
        return timer_is_lasting(unit, step->now) ? unit->timer_cause : TIMER_NONE;
}

static void begin_timer(const Step *step, Unit *unit, TimerCause cause) {
        unit->timer_cause = cause;
        unit->timer_until = util_add(step->now, CACHE_TIMER);
}

void wire_hit(const Step *step, Unit *unit, const Sample *sample, bool notified) {
        bool hit = unit->placed != BYTES_INFINITY && sample->ev_high > unit->sample.ev_high;
        uint64_t level = judge_next_level(unit);

        if (hit)
                judge_forget_pressure(unit, util_add(step->now, BRAKED));
        if (notified && !bucket_take(&unit->notified, STORM_RATE, step->now) && unit->timer_cause < TIMER_CACHE)
                begin_timer(step, unit, TIMER_STORM);
        if (!hit || unit->throttled || level == BYTES_INFINITY || sample->working_set >= level)
                return;
        unit->wire_offset = MAX(unit->wire_offset, util_sub(sample->current, sample->working_set));
        if (util_add(level, unit->wire_offset) > highest_wire(level, sample->limit))
                begin_timer(step, unit, TIMER_CACHE);
}

/* The memory.high that this unit should have now; BYTES_INFINITY = the operator's own. */
static uint64_t wanted_high(const Unit *unit) {
        uint64_t level = judge_next_level(unit), wire;

        if (unit->throttled)
                return unit->placed;
        if (!unit->present || unit->watch != WATCH_WIRE || unit->ladder.state == LADDER_ACTING || level == BYTES_INFINITY)
                return BYTES_INFINITY;
        wire = MIN(util_add(level, unit->wire_offset), highest_wire(level, unit->sample.limit));
        wire -= wire % PAGE_BYTES;
        /* The operator's own MemoryHigh= is a wire already, and a lower one: it wakes us just as well. */
        return wire >= unit->operator_high || wire == 0 ? BYTES_INFINITY : wire;
}

static void place(const Step *step, Unit *unit, uint64_t bytes) {
        Action *action;

        if (bytes == unit->placed)
                return;
        action = step_action(step, unit, ACTION_HIGH);
        action->restore = bytes == BYTES_INFINITY;
        action->bytes = action->restore ? unit->operator_high : bytes;
        unit->placed = bytes;
        unit->wired = true;
}

/* memory.events sleeps while it would wake us all the time, and wakes again when an interval was quiet. */
static void listen(const Step *step, Unit *unit) {
        bool mute = unit->present && unit->watch == WATCH_TIMER &&
                    (unit->muted ? unit->pace.moving : bucket_is_empty(&unit->notified, STORM_RATE, step->now));

        if (mute == unit->muted)
                return;
        unit->muted = mute;
        step_action(step, unit, ACTION_LISTEN)->bytes = mute ? 0 : 1;
}

static void set_pace(const Step *step, Unit *unit) {
        uint64_t level = judge_next_level(unit);
        uint64_t headroom = level == BYTES_INFINITY ? BYTES_INFINITY : util_sub(level, unit->sample.working_set);

        if (unit->watch == WATCH_TIMER || unit->ladder.state == LADDER_STANDING || unit->on_loan)
                unit->next_sample = MIN(unit->next_sample, pace_next(&unit->pace, headroom, unit->sample.limit, step->now));
        else
                unit->next_sample = USEC_INFINITY;
        unit->next_sample = MIN(unit->next_sample, trend_next(unit, step->now));
        if (unit->on_loan)
                unit->next_sample = MIN(unit->next_sample, util_add(step->now, REPAY_EVERY));
}

/* With the reading that brought it about, and not at every turn of a unit that comes and goes. */
static void say_cache(const Step *step, Unit *unit) {
        if (unit->timer_cause != TIMER_CACHE || unit->timer_until != util_add(step->now, CACHE_TIMER))
                return;
        if (unit->cache_told != 0 && step->now - unit->cache_told < CACHE_TOLD_AGAIN)
                return;
        tell_cache(step, unit);
        unit->cache_told = step->now;
}

/* A wire below what is used would make the kernel drop the difference within our write, gigabytes of cache perhaps: it is
 * placed above the cache that is there, or not at all. */
static void rise_above_cache(const Step *step, Unit *unit) {
        uint64_t level = judge_next_level(unit);

        if (unit->throttled || level == BYTES_INFINITY || unit->sample.current < util_add(level, unit->wire_offset))
                return;
        unit->wire_offset = util_sub(unit->sample.current, unit->sample.working_set);
        if (!cache_has_room(unit, level))
                begin_timer(step, unit, TIMER_CACHE);
}

void wire_update(const Step *step, Unit *unit) {
        TimerCause cause = timer_cause(step, unit);
        bool levels = has_levels(unit);

        if (unit->timer_cause == TIMER_CACHE && cause == TIMER_NONE)
                unit->wire_offset = util_sub(unit->sample.current, unit->sample.working_set);
        unit->timer_cause = cause;
        if (levels && cause == TIMER_NONE && unit->present && unit->ladder.state != LADDER_ACTING) {
                rise_above_cache(step, unit);
                cause = unit->timer_cause;
        }
        say_cache(step, unit);
        unit->watch = !levels ? WATCH_NONE : cause == TIMER_NONE ? WATCH_WIRE : WATCH_TIMER;
        place(step, unit, wanted_high(unit));
        if (!unit->present)
                return;
        listen(step, unit);
        set_pace(step, unit);
}

/* PID 1 may put the operator's wall up again in the middle of a goodbye. */
static void lift_wall(const Step *step, Unit *unit) {
        TimerCause cause = timer_cause(step, unit);
        bool may = unit->operator_high != BYTES_INFINITY && (cause == TIMER_NONE || cause >= TIMER_CACHE);

        unit->wall_lifted = unit->wall_lifted && unit->ladder.state == LADDER_ACTING && may;
        if (unit->wall_lifted)
                step_action(step, unit, ACTION_HIGH)->bytes = BYTES_INFINITY;
}

void wire_contested(const Step *step, Unit *unit, uint64_t bytes) {
        bool changed = bytes != unit->operator_high;

        unit->operator_high = bytes;
        unit->placed = BYTES_INFINITY;
        lift_wall(step, unit);
        if (!bucket_take(&unit->contested, CONTESTED_RATE, step->now))
                begin_timer(step, unit, TIMER_CONTESTED);
        wire_update(step, unit);
        /* A reload that only undid our wire is no news; on systemd 252 it happens to every unit at each one. */
        if (changed && util_sub(step->now, unit->began) >= BEGINNING)
                tell_rearmed(step, unit);
}
