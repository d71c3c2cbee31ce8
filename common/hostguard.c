/* The host's ladder: each reading of the host moves it by at most one step of one unit. Before every step the host and the
 * units are as just read; after it the rung's Settle= must pass, and while a step that ends a service is under way nothing
 * else is begun, unless it hangs and the memory is running out. */
#include "hostguard.h"

#define MOVES_A_READING 4
/* What a service may need to end cleanly: with less time left nothing is waited for, but for an end that was begun, and for
 * that no longer than this. */
#define GOODBYE (2 * USEC_PER_SEC)
#define SURVEY_ANSWER (2 * USEC_PER_SEC)
#define READING_ANSWER (15 * USEC_PER_SEC) /* a reading that did not come, or that can't be true, is asked for again */
#define RETRY_NONE USEC_PER_SEC    /* when nobody could help: who could may have changed */
#define HURRY_SETTLE USEC_PER_SEC  /* what a step is given at the least to show that it helped */
#define ACTIONS_LEAST 44 /* free places in the list that a reading or a survey may need */

static void forget_episode(const Step *step, Hostguard *guard);

int hostguard_set_policy(Engine *engine, const HostPolicy *policy) {
        Hostguard *guard = engine->hostguard;

        if (!policy || policy->n_rungs == 0) {
                hostguard_free(engine);
                return 0;
        }
        if (!guard) {
                guard = calloc(1, sizeof(*guard));
                if (!guard)
                        return -ENOMEM;
                engine->hostguard = guard;
        }
        guard->policy = policy;
        host_policy_shape(policy, &guard->shape);
        ladder_init(&guard->ladder);
        guard->next_reading = engine->now;
        guard->next_survey = USEC_INFINITY;
        guard->cursor = 0;
        guard->choosing = guard->stepped = guard->told_none = guard->told_busy = guard->told_idle = false;
        memset(guard->host.meters, 0, sizeof(guard->host.meters));
        for (unsigned i = 0; i < engine->n_slots; i++)
                guard->tracks[i].taken = 0; /* of another ladder, perhaps */
        return 0;
}

void hostguard_free(Engine *engine) {
        free(engine->hostguard);
        engine->hostguard = NULL;
}

/* Has this rung the host relieved, rather than only said? */
static bool relieves(const Hostguard *guard, int rung) {
        return rung >= 0 && hostguard_rung(guard, rung)->relieve;
}

/* Is so little time left that nothing more may be waited for? */
static bool is_hurried(const Hostguard *guard, const LadderInput *input) {
        uint32_t relieving = 0;

        for (unsigned i = 0; i < guard->policy->n_rungs; i++)
                relieving |= (uint32_t) guard->policy->rungs[i].relieve << i;
        return (input->urgent & relieving) && host_time_left(&guard->host) < GOODBYE;
}

/* The end of a service with this id; NULL when it is done, or will not answer any more. */
static const Pending *find_ending(const Engine *engine, uint32_t id) {
        for (unsigned i = 0; i < PENDING_MAX && id != 0; i++)
                if (engine->pendings[i].id == id && engine->units[engine->pendings[i].unit].acting_id == id)
                        return &engine->pendings[i];
        return NULL;
}

static bool is_old(const Pending *pending, usec_t now) {
        return now - pending->since >= GOODBYE;
}

/* What ends a service frees memory soon, so nothing else is begun meanwhile. But a service may sit in its stop timeout for
 * minutes, and the host would die of that: what its own rung began is waited for only as long as a clean end takes; what was
 * begun for the host until it is done, and in a hurry no longer than that. */
static const Unit *find_awaited(const Step *step, const Hostguard *guard, bool hurry) {
        for (unsigned i = 0; i < step->engine->n_slots; i++) {
                const Unit *unit = &step->engine->units[i];
                const Pending *ending = find_ending(step->engine, unit->acting_id);
                bool old = ending && is_old(ending, step->now);

                if (ending && !(old && (hurry || ending->id != guard->acting_id)))
                        return unit;
        }
        return NULL;
}

static void settle(const Step *step, Hostguard *guard) {
        ladder_force(&guard->ladder, &guard->shape, guard->ladder.rung, step->now);
        guard->stepped = true;
        guard->stepped_at = step->now;
}

/* What ended a service is done, or will not answer any more: now it may settle. Where it hangs and there is no time, it is
 * given up. */
static void check_acting(const Step *step, Hostguard *guard) {
        LadderInput input = host_judge(&guard->host, guard->policy, step->now);
        const Pending *ending = find_ending(step->engine, guard->acting_id);

        if (guard->ladder.state != LADDER_ACTING)
                return;
        if (!ending) {
                guard->acting_id = 0;
                settle(step, guard);
        } else if (is_hurried(guard, &input) && is_old(ending, step->now)) {
                tell_host_hanging(step, guard, ending);
                guard->acting_id = 0;
                ladder_end_action(&guard->ladder, step->now);
        }
}

static void begin_choice(const Step *step, Hostguard *guard) {
        guard->choosing = true;
        guard->choosing_since = step->now;
}

static void take(const Step *step, Hostguard *guard, const LadderStep *move) {
        if (move->move != MOVE_RETRY || move->anew)
                tell_host_rung(step, guard, move);
        guard->before = guard->host.reading.available;
        guard->stepped = false;
        if (relieves(guard, guard->ladder.rung))
                begin_choice(step, guard);
}

static void verify(const Step *step, Hostguard *guard, const LadderInput *input) {
        bool holds = input->firing >> guard->ladder.rung;

        if (guard->stepped)
                tell_host_verified(step, guard, holds);
        if (holds && relieves(guard, guard->ladder.rung))
                guard->ladder.retry_at = step->now;
        guard->stepped = guard->choosing = false;
}

static void make_moves(const Step *step, Hostguard *guard) {
        for (unsigned i = 0; i < MOVES_A_READING && !guard->choosing; i++) {
                LadderInput input = host_judge(&guard->host, guard->policy, step->now);
                LadderStep move;

                if (is_hurried(guard, &input) && guard->ladder.state == LADDER_SETTLING && guard->stepped)
                        guard->ladder.settle_until = MIN(guard->ladder.settle_until, util_add(guard->stepped_at, HURRY_SETTLE));
                move = ladder_step(&guard->ladder, &guard->shape, &input, step->now);
                switch (move.move) {
                case MOVE_CLIMB:
                case MOVE_JUMP:
                case MOVE_RETRY:
                        take(step, guard, &move);
                        break;
                case MOVE_VERIFY:
                        verify(step, guard, &input);
                        break;
                case MOVE_RELAX:
                        tell_host_relaxed(step, guard, &move);
                        if (!relieves(guard, guard->ladder.rung))
                                forget_episode(step, guard);
                        break;
                case MOVE_NONE:
                case _LADDER_MOVE_MAX:
                case _LADDER_MOVE_INVALID:
                        return;
                }
        }
}

/* What was slowed for the host's sake goes on; what else was taken is as if it had not been. */
static void forget_episode(const Step *step, Hostguard *guard) {
        for (unsigned i = 0; i < step->engine->n_slots; i++) {
                Unit *unit = &step->engine->units[i];
                Track *track = &guard->tracks[i];

                /* With no room left their time will be up anyway. */
                if (track->braked && unit_is_live(unit) && unit->ladder.rung < 0 &&
                    step->actions->n_items < ACTIONS_MAX / 2) {
                        rung_undo(step, unit, UNDOING_RELAXED);
                        wire_update(step, unit);
                        unit_update_due(step->engine, unit);
                }
                track->taken = 0;
                track->braked = false;
        }
        guard->told_none = guard->told_busy = false;
}

static void take_step(const Step *step, Hostguard *guard, const Choice *choice) {
        Unit *unit = choice->unit;
        Track *track = &guard->tracks[unit - step->engine->units];

        tell_host_step(step, guard, choice);
        track->taken = (uint8_t) (choice->rung + 1);
        rung_take_for_host(step, unit, choice->rung);
        track->braked = unit->throttled || unit->frozen;
        wire_update(step, unit);
        unit_update_due(step->engine, unit);
        settle(step, guard);
        guard->told_busy = false;
        if (unit->acting_id != 0) {
                guard->acting_id = unit->acting_id;
                ladder_begin_action(&guard->ladder);
        }
}

/* Are the units as they are now, and twice, so that their growth is of now? A shortage that comes too fast is not waited for
 * with the second look. */
static bool are_read(const Step *step, Hostguard *guard, bool hurry) {
        bool fresh = guard->survey_ended > 0 && guard->survey_began >= util_sub(guard->choosing_since, USEC_PER_SEC) &&
                     guard->cursor == 0;

        if (fresh && (guard->n_surveys >= 2 || hurry))
                return true;
        return step->now - guard->choosing_since >= SURVEY_ANSWER;
}

/* A step is wanted: takes it, or says why there is none. Until then the host is read again and again. */
static void relieve(const Step *step, Hostguard *guard) {
        LadderInput input = host_judge(&guard->host, guard->policy, step->now);
        bool hurry = is_hurried(guard, &input);
        const Unit *busy = find_awaited(step, guard, hurry);
        Choice choice;

        if (!(input.firing >> guard->ladder.rung)) {
                guard->choosing = false; /* it passed by itself */
                return;
        }
        if (busy) {
                if (!guard->told_busy)
                        tell_host_busy(step, guard, busy);
                guard->told_busy = true;
                guard->choosing_since = step->now;
                return;
        }
        if (!are_read(step, guard, hurry)) {
                if (guard->next_survey > step->now && guard->cursor == 0 && (guard->n_surveys == 0 || hurry))
                        guard->next_survey = step->now;
                return;
        }
        hostguard_choose(step, guard, hostguard_rung(guard, guard->ladder.rung), hurry, &choice);
        guard->choosing = false;
        if (choice.unit) {
                take_step(step, guard, &choice);
                return;
        }
        if (!guard->told_none)
                tell_host_none(step, guard, &choice);
        guard->told_none = true;
        guard->ladder.settle_until = util_add(step->now, RETRY_NONE);
}

static void tell_idle(const Step *step, Hostguard *guard) {
        for (unsigned i = 0; i < guard->policy->n_rungs && !guard->told_idle; i++) {
                const HostRung *rung = &guard->policy->rungs[i];

                if (rung->available.set && host_available_level(&guard->host, rung) == 0)
                        tell_host_idle(step, guard, rung, "Available=", "the host has not even that much memory");
                if (rung->swap_free.set && host_swap_level(&guard->host, rung) == 0)
                        tell_host_idle(step, guard, rung, "SwapFree=",
                                       guard->host.reading.swap_total == 0 ? "the host has no swap"
                                                                           : "the host has not even that much swap");
        }
        guard->told_idle = true;
}

int hostguard_reading(const Step *step, const Event *event) {
        Hostguard *guard = step->engine->hostguard;
        bool alert;

        if (!guard)
                return 1;
        if (!host_reading_is_sane(&event->host))
                return -EINVAL;
        host_note(&guard->host, guard->policy, &event->host, step->now);
        tell_idle(step, guard);
        check_acting(step, guard);
        make_moves(step, guard);
        if (guard->choosing)
                relieve(step, guard);
        hostguard_plan_survey(step, guard);
        alert = guard->choosing || guard->ladder.rung >= 0 || host_is_near(&guard->host, guard->policy);
        guard->next_reading = host_next_reading(&guard->host, guard->policy, alert, step->now);
        guard->next_reading = MIN(guard->next_reading, ladder_deadline(&guard->ladder, &guard->shape, step->now));
        return 0;
}

void hostguard_tick(const Step *step) {
        Hostguard *guard = step->engine->hostguard;

        if (!guard || step->actions->n_items + ACTIONS_LEAST > ACTIONS_MAX)
                return;
        hostguard_survey_tick(step, guard);
        if (guard->next_reading > step->now)
                return;
        step_action(step, NULL, ACTION_HOST);
        guard->next_reading = util_add(step->now, guard->choosing ? SURVEY_ANSWER : READING_ANSWER);
}

int engine_get_host(const Engine *engine, HostView *ret) {
        const Hostguard *guard = engine->hostguard;

        if (!guard)
                return -ENOENT;
        *ret = (HostView){.policy = guard->policy, .rung = guard->ladder.rung, .state = guard->ladder.state};
        return 0;
}

usec_t hostguard_deadline(const Engine *engine) {
        const Hostguard *guard = engine->hostguard;

        return guard ? MIN(guard->next_reading, guard->next_survey) : USEC_INFINITY;
}
