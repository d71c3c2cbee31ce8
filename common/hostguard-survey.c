/* Readings of all units that may be acted on for the host. They cost more than one of the host, so they are made when its
 * memory has moved, and often only while a level is near. */
#include "hostguard.h"

#define BATCH 32 /* readings in one tick: the shell's queue has room for them */
#define NEAR_EVERY (500 * USEC_PER_MSEC)
#define STILL 20 /* readings of the host that saw nothing move: the shortage is a lasting one */
#define STILL_TIMES 10
#define EVERY_UNIT USEC_PER_MSEC /* and so much more for each unit */
#define CALM_EVERY (5 * USEC_PER_MINUTE)
#define FALLING_EVERY USEC_PER_SEC
#define FALLING_TIME USEC_PER_MINUTE /* to nothing left */
#define MOVED_SHARE 50
#define BASE_AGE (30 * USEC_PER_SEC) /* of a run: it has what it begins with by then */

static bool may_help(const Step *step, const Unit *unit) {
        return unit->used && unit_is_live(unit) && unit->policy->mode == MODE_ACT && !unit->protected_why && !unit->paused &&
               !step->engine->paused && unit->policy->n_rungs > 0;
}

/* Asks for the next ones; behind the last one the host itself is read, so that its reading comes after all of theirs. */
static void go_on(const Step *step, Hostguard *guard) {
        unsigned n = 0;

        for (; guard->cursor < step->engine->n_slots && n < BATCH; guard->cursor++) {
                const Unit *unit = &step->engine->units[guard->cursor];

                if (!may_help(step, unit))
                        continue;
                guard->tracks[guard->cursor].asked = true;
                step_action(step, unit, ACTION_SAMPLE);
                n++;
        }
        if (guard->cursor < step->engine->n_slots)
                return;
        guard->next_survey = USEC_INFINITY;
        guard->survey_ended = step->now;
        guard->cursor = 0;
        guard->n_surveys++;
        step_action(step, NULL, ACTION_HOST);
        guard->next_reading = MAX(guard->next_reading, util_add(step->now, USEC_PER_SEC)); /* should none come of that one */
}

void hostguard_survey_tick(const Step *step, Hostguard *guard) {
        if (guard->next_survey > step->now)
                return;
        if (guard->cursor == 0) {
                guard->survey_began = step->now;
                guard->survey_used = guard->host.reading.total - guard->host.reading.available;
        }
        go_on(step, guard);
}

static usec_t interval(const Step *step, const Hostguard *guard) {
        const Host *host = &guard->host;
        uint64_t used = host->reading.total - host->reading.available;
        usec_t left;

        if (guard->choosing || host_is_near(host, guard->policy))
                return (NEAR_EVERY + step->engine->n_slots * EVERY_UNIT) * (host->calm < STILL || !guard->told_none ? 1 : STILL_TIMES);
        if (guard->survey_ended > 0 && used < util_add(guard->survey_used, host->reading.total / MOVED_SHARE))
                return USEC_INFINITY;
        left = host_time_left(host);
        return left < FALLING_TIME ? FALLING_EVERY + step->engine->n_slots * EVERY_UNIT : CALM_EVERY;
}

void hostguard_plan_survey(const Step *step, Hostguard *guard) {
        usec_t every = interval(step, guard);

        if (!guard->choosing && !host_is_near(&guard->host, guard->policy))
                guard->n_surveys = 0;
        if (guard->cursor > 0 || guard->next_survey <= step->now)
                return; /* one is under way */
        guard->next_survey = USEC_INFINITY;
        if (every != USEC_INFINITY)
                guard->next_survey = guard->survey_ended == 0 ? step->now : MAX(util_add(guard->survey_ended, every), step->now);
        /* A calm host's waits for a reading that comes anyway. */
        if (every == CALM_EVERY && guard->next_survey > step->now)
                guard->next_survey = USEC_INFINITY;
}

bool hostguard_noted(const Step *step, const Unit *unit, const Sample *sample) {
        Hostguard *guard = step->engine->hostguard;
        uint64_t size = hostguard_size(sample);
        Track *track;
        bool asked;

        if (!guard)
                return false;
        track = &guard->tracks[unit - step->engine->units];
        asked = track->asked;
        track->asked = false;
        slope_note(&track->slope, size, step->now);
        if (step->now - unit->began >= BASE_AGE)
                track->base = track->base == 0 ? track->slope.last : MIN(track->base, track->slope.last);
        return asked;
}

void hostguard_began(const Step *step, const Unit *unit) {
        Hostguard *guard = step->engine->hostguard;

        if (!guard)
                return;
        guard->tracks[unit - step->engine->units] = (Track){.seen_begin = unit->began > 0};
        /* What begins may be what fills the memory: it is no longer trusted to be calm. */
        guard->host.calm = 0;
        if (guard->host.time > 0 && guard->next_reading != USEC_INFINITY)
                guard->next_reading = MIN(guard->next_reading, host_next_reading(&guard->host, guard->policy, false, step->now));
}
