/* Taking a rung: its actions in order, each refused or asked for; and what follows when they answer. */
#include <stdio.h>

#include "unit.h"

#define END_MAX (30 * USEC_PER_SEC) /* an end that we brought about is seen this long after the action */
#define ACTING_MAX (15 * USEC_PER_MINUTE) /* the shell bounds every action well below this; a second fence */
#define RETRY_FAILED (10 * USEC_PER_SEC)
#define RETRY_BUSY USEC_PER_SEC
#define HOST_RESERVE (64 * MIB) /* of MemAvailable that a loan never takes */

static Pending *pending_new(const Step *step, const Unit *unit, int rung, const ActionSpec *spec) {
        Engine *engine = step->engine;

        for (unsigned i = 0; i < PENDING_MAX; i++) {
                Pending *pending = &engine->pendings[i];

                if (pending_is_open(engine, pending, step->now))
                        continue;
                engine->last_id = engine->last_id == UINT32_MAX ? 1 : engine->last_id + 1;
                *pending = (Pending){.id = engine->last_id, .since = step->now, .spec = *spec};
                pending->unit = (unsigned) (unit - engine->units);
                memcpy(pending->invocation, unit->invocation, sizeof(pending->invocation));
                memcpy(pending->rung, unit->policy->rungs[rung].name, sizeof(pending->rung));
                return pending;
        }
        return NULL;
}

static uint64_t loans_out(const Engine *engine) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < engine->n_slots; i++)
                if (engine->units[i].used && engine->units[i].on_loan)
                        sum = util_add(sum, engine->units[i].loan);
        return sum;
}

/* memory.max raised for the goodbye only, by no more than the policy allows and the host has to spare. It comes before the
 * wire is lifted: a service in the middle of one huge request goes on growing from that moment. */
static void lend(const Step *step, Unit *unit, const ActionSpec *spec) {
        const Sample *sample = &unit->sample;
        Refusal refusal = {.word = "loan"};
        uint64_t room = util_sub(sample->available, util_add(HOST_RESERVE, loans_out(step->engine)));
        uint64_t loan = MIN(unit->policy->loan, room);
        Action *action;

        loan -= loan % PAGE_BYTES;
        if (unit->policy->loan == 0 || unit->on_loan || sample->own_max == BYTES_INFINITY)
                return;
        if (sample->own_max != sample->limit) {
                snprintf(refusal.text, sizeof(refusal.text), "a loan was left out: a limit above the unit is the lower one");
                tell_withheld(step, unit, spec, &refusal);
                return;
        }
        if (loan == 0) {
                snprintf(refusal.text, sizeof(refusal.text), "a loan was left out: the host has no memory to spare");
                tell_withheld(step, unit, spec, &refusal);
                return;
        }
        unit->on_loan = true;
        unit->loan = loan;
        unit->operator_max = sample->own_max;
        action = step_action(step, unit, ACTION_LOAN);
        action->bytes = sample->own_max + loan;
        tell_loan(step, unit);
}

/* A stopping service needs memory for its handlers and must be able to run: the loan first, then the wire lifted (the
 * operator's own MemoryHigh= as well: measured, a SIGTERM at a wall of memory.high ends in the stop timeout). */
static void say_goodbye(const Step *step, Unit *unit, const ActionSpec *spec) {
        Action *action;

        if (spec->verb != VERB_KILL) {
                lend(step, unit, spec);
                rung_undo_throttle(step, unit, UNDOING_GOODBYE);
                if (unit->placed != BYTES_INFINITY || unit->operator_high != BYTES_INFINITY) {
                        action = step_action(step, unit, ACTION_HIGH);
                        action->bytes = BYTES_INFINITY;
                        action->restore = unit->operator_high == BYTES_INFINITY;
                        /* With an operator's wall the lifted value is ours and must be put back if the unit lives on. */
                        unit->wall_lifted = !action->restore;
                        unit->placed = BYTES_INFINITY;
                }
        }
        rung_undo_freeze(step, unit, UNDOING_GOODBYE);
}

/* Near the working set, but never above a wall that the operator has put up. */
static uint64_t throttle_bytes(const Unit *unit) {
        uint64_t bytes = util_add(unit->sample.working_set, unit->sample.working_set / 64);

        return MIN(MAX(bytes - bytes % PAGE_BYTES, PAGE_BYTES), unit->operator_high);
}

static void ask(const Step *step, Unit *unit, int rung, const ActionSpec *spec) {
        Pending *pending = pending_new(step, unit, rung, spec);
        Action *action;

        if (!pending)
                return;
        if (verb_is_disruptive(spec->verb)) {
                say_goodbye(step, unit, spec);
                budget_spend(unit_own_budget(step->engine, unit), step->now);
                ladder_begin_action(&unit->ladder);
                unit->disruption = (Disruption){util_add(step->now, ACTING_MAX + END_MAX), spec->verb};
                unit->acting_id = pending->id;
                unit->acting_until = util_add(step->now, ACTING_MAX);
        }
        action = step_action(step, unit, ACTION_DO);
        action->id = pending->id;
        action->spec = *spec;
        if (spec->verb == VERB_THROTTLE) {
                action->bytes = throttle_bytes(unit);
                unit->throttled = true;
                unit->throttled_until = util_add(step->now, spec->duration);
                unit->placed = action->bytes;
                unit->wired = true;
        }
        if (spec->verb == VERB_FREEZE) {
                unit->frozen = true;
                unit->frozen_until = util_add(step->now, spec->duration);
        }
        if (verb_is_disruptive(spec->verb))
                step_action(step, unit, ACTION_SPEND);
}

/* A budget that is spent is an alert, but one alert a window, however often the rung comes back. */
static void withhold(const Step *step, Unit *unit, const ActionSpec *spec, const Refusal *refusal) {
        const Policy *policy = unit->policy;

        if (util_streq(refusal->word, "busy")) {
                unit->ladder.retry_at = util_add(step->now, RETRY_BUSY);
                return;
        }
        if (util_streq(refusal->word, "too-many"))
                unit->ladder.retry_at = util_add(step->now, RETRY_FAILED);
        if (util_streq(refusal->word, "paused") || util_streq(refusal->word, "observe"))
                unit->withheld = true;
        if (!util_streq(refusal->word, "budget")) {
                tell_withheld(step, unit, spec, refusal);
                return;
        }
        unit->ladder.retry_at = budget_next(unit_budget(step->engine, unit), policy->budget_count, policy->budget_window, step->now);
        if (unit->budget_told != 0 && step->now - unit->budget_told < policy->budget_window)
                return;
        unit->budget_told = step->now;
        tell_withheld(step, unit, spec, refusal);
}

void rung_take(const Step *step, Unit *unit, const LadderStep *move, bool drill) {
        const Rung *rung = &unit->policy->rungs[move->rung];
        bool news = move->move != MOVE_RETRY || move->anew;
        Refusal refusal;

        unit->taken_at = unit->sample.working_set;
        unit->withheld = false;
        if (news || drill)
                tell_rung(step, unit, move, drill);
        for (unsigned i = 0; i < rung->n_actions; i++) {
                const ActionSpec *spec = &rung->actions[i];

                if (refuse(step, unit, spec, &refusal))
                        withhold(step, unit, spec, &refusal);
                else if (spec->verb == VERB_NOTIFY)
                        tell_notify(step, unit, spec);
                else
                        ask(step, unit, move->rung, spec);
        }
        judge_consume(unit, (unsigned) move->rung);
}

/* What the host asks for is told by the host's guard, and tried again by it. */
void rung_take_for_host(const Step *step, Unit *unit, unsigned rung) {
        const Rung *taken = &unit->policy->rungs[rung];
        Refusal refusal;

        for (unsigned i = 0; i < taken->n_actions; i++) {
                const ActionSpec *spec = &taken->actions[i];

                if (refuse(step, unit, spec, &refusal))
                        tell_withheld(step, unit, spec, &refusal);
                else if (spec->verb == VERB_NOTIFY)
                        tell_notify(step, unit, spec);
                else
                        ask(step, unit, (int) rung, spec);
        }
}

/* The end of a disruptive action. After a restart that worked the ladder has begun anew with the new run (EVENT_START);
 * otherwise it stands where it stood, and tries again later. */
static void end_acting(const Step *step, Unit *unit, const Pending *pending, int result) {
        unit->acting_id = 0;
        unit->acting_until = USEC_INFINITY;
        if (unit->ladder.state == LADDER_ACTING)
                ladder_end_action(&unit->ladder, result < 0 ? util_add(step->now, RETRY_FAILED) : USEC_INFINITY);
        /* Also when the new run has not been seen yet: its first reading is what counts. What was played begins none. */
        if (unit->policy && result == 0 && pending->spec.verb == VERB_RESTART) {
                unit->check_fresh = true;
                unit->fresh_rung = policy_find_rung(unit->policy, pending->rung);
        }
        if (!unit_is_live(unit))
                return;
        rung_raise_wall(step, unit);
        step_action(step, unit, ACTION_SAMPLE);
}

/* A freeze that failed may have been half-way there, or an earlier one may be in force: a unit is never left to that. */
static void note_failure(const Step *step, Unit *unit, const ActionSpec *spec) {
        if (spec->verb == VERB_THROTTLE)
                unit->throttled = false;
        if (spec->verb == VERB_FREEZE && unit->present) {
                unit->frozen = false;
                step_action(step, unit, ACTION_THAW);
        }
}

/* What failed explains no end that comes later; what was only played explains none. */
static void note_disruption(const Step *step, Unit *unit, const ActionSpec *spec, int result) {
        bool may_come = result == 0 || result == -ETIMEDOUT;

        if (!verb_is_disruptive(spec->verb) || unit->disruption.until == 0)
                return;
        unit->disruption.until = may_come ? util_add(step->now, END_MAX) : step->now;
        if (result == DONE_PLAYED)
                unit->disruption = (Disruption){0};
}

void rung_done(const Step *step, Unit *unit, const Event *event) {
        for (unsigned i = 0; i < PENDING_MAX; i++) {
                Pending *pending = &step->engine->pendings[i];

                if (pending->id == 0 || pending->id != event->done.id ||
                    &step->engine->units[pending->unit] != unit)
                        continue;
                tell_action(step, unit, pending, event);
                if (event->done.result < 0)
                        note_failure(step, unit, &pending->spec);
                note_disruption(step, unit, &pending->spec, event->done.result);
                if (unit->acting_id == pending->id)
                        end_acting(step, unit, pending, event->done.result);
                *pending = (Pending){0};
                return;
        }
}

void rung_expire(const Step *step, Unit *unit) {
        Event event = {.kind = EVENT_DONE, .time = step->now};

        event.done.id = unit->acting_id;
        event.done.result = -ETIMEDOUT;
        event.done.latency = ACTING_MAX;
        snprintf(event.done.detail, sizeof(event.done.detail), "no answer");
        rung_done(step, unit, &event);
}

/* memory.high itself follows in wire_update(). */
void rung_undo_throttle(const Step *step, Unit *unit, Undoing why) {
        if (!unit->throttled)
                return;
        unit->throttled = false;
        judge_forget_pressure(unit, util_add(step->now, BRAKED));
        tell_undone(step, unit, "throttle", why);
}

void rung_undo_freeze(const Step *step, Unit *unit, Undoing why) {
        if (!unit->frozen)
                return;
        unit->frozen = false;
        step_action(step, unit, ACTION_THAW);
        tell_undone(step, unit, "freeze", why);
}

void rung_undo(const Step *step, Unit *unit, Undoing why) {
        rung_undo_throttle(step, unit, why);
        rung_undo_freeze(step, unit, why);
}

void rung_raise_wall(const Step *step, Unit *unit) {
        Action *action;

        if (!unit->wall_lifted)
                return;
        unit->wall_lifted = false;
        action = step_action(step, unit, ACTION_HIGH);
        action->bytes = unit->operator_high;
        action->restore = true;
}

void rung_free_to_act(const Step *step, Unit *unit) {
        if (unit->withheld)
                unit->ladder.retry_at = util_add(step->now, 1); /* a deadline, which asks for a reading */
        unit->withheld = false;
}

/* Asked for at each reading until memory.max is seen to be the operator's again: it can't go back while more is in use than
 * it allows, for the write itself would kill (facts-kernel 4). */
void rung_repay(const Step *step, Unit *unit) {
        Action *action;

        if (!unit->on_loan || unit->acting_id != 0)
                return;
        if (!unit_has_loan(unit, &unit->sample)) {
                unit->on_loan = false;
                tell_undone(step, unit, "loan", UNDOING_REPAID);
                return;
        }
        if (unit->sample.current >= unit->operator_max)
                return;
        action = step_action(step, unit, ACTION_LOAN);
        action->bytes = unit->operator_max;
        action->restore = true;
}

void rung_check_fresh(const Step *step, Unit *unit) {
        uint64_t level = BYTES_INFINITY;

        if (unit->fresh_rung >= 0 && (unsigned) unit->fresh_rung < unit->policy->n_rungs)
                level = units_level_bytes(&unit->policy->rungs[unit->fresh_rung].usage, unit->sample.limit);
        if (unit->check_fresh && unit->sample.working_set >= level && level != BYTES_INFINITY) {
                unit->started_above = true;
                tell_started_above(step, unit);
        } else if (unit->sample.working_set < level) {
                /* What was withheld for that is due again once the level is reached anew. */
                if (unit->started_above && unit->ladder.rung == unit->fresh_rung)
                        unit->ladder.retry_at = step->now;
                unit->started_above = false;
        }
        unit->check_fresh = false;
}
