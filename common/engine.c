/* The step function: what each kind of event means. Judging (judge.c, ladder.c), watching (wire.c) and taking rungs (rung.c)
 * are elsewhere; here they are put in order. */
#include "engine.h"

#include "hostguard.h"
#include "inquest.h"
#include "unit.h"

#define STEPS_A_READING 4 /* a verify, then a climb: more moves than this in one reading would be a loop */
#define TICK_RESERVE 24   /* actions that one unit's tick may need; with less room the tick goes on at the next one */
#define TICK_ACTIONS 24   /* and after so many: each has its place, and its answer one in a queue, in memory that is locked */
#define TIME_MAX (USEC_INFINITY / 2) /* so that no deadline runs over; 292,000 years */
#define SAMPLE_ANSWER (2 * USEC_PER_SEC) /* a reading that was asked for and did not come is asked for again */
#define SAMPLE_PATIENCE (10 * USEC_PER_SEC) /* the end of a cgroup has been told by then: something else is wrong */

int engine_new(Engine **ret) {
        Engine *engine = calloc(1, sizeof(*engine));

        int r;

        if (!engine)
                return -ENOMEM;
        r = inquest_new(&engine->inquest);
        if (r < 0) {
                free(engine);
                return r;
        }
        *ret = engine;
        return 0;
}

Engine *engine_free(Engine *engine) {
        if (!engine)
                return NULL;
        for (unsigned i = 0; i < engine->n_slots; i++)
                unit_drop(engine, &engine->units[i]);
        engine_forget_past(engine);
        hostguard_free(engine);
        inquest_free(engine->inquest);
        free(engine);
        return NULL;
}

static void make_moves(const Step *step, Unit *unit) {
        for (unsigned i = 0; i < STEPS_A_READING; i++) {
                LadderInput input = judge_conditions(unit, step->now);
                LadderStep move = ladder_step(&unit->ladder, unit->policy, &input, step->now);

                if (move.holding >= 0 && move.holding != unit->told_hold)
                        tell_hold(step, unit, move.holding);
                unit->told_hold = move.holding;
                switch (move.move) {
                case MOVE_CLIMB:
                case MOVE_JUMP:
                case MOVE_RETRY:
                        rung_take(step, unit, &move, /* drill= */ false);
                        break;
                case MOVE_VERIFY:
                        tell_verified(step, unit);
                        break;
                case MOVE_RELAX:
                        rung_undo(step, unit, UNDOING_RELAXED);
                        unit->withheld = false;
                        tell_relaxed(step, unit, &move);
                        break;
                case MOVE_NONE:
                case _LADDER_MOVE_MAX:
                case _LADDER_MOVE_INVALID:
                        return;
                }
        }
}

/* The reading's answer settles what is due next. Should none come (the cgroup is going), it is not asked for in a loop, but
 * what time alone ends does not wait for it; until then the ladder stays due since the first asking, so that the answer
 * counts as asked for. What has not answered for long is asked when the calm units are read, which costs no wakeup. */
static void ask_for_reading(const Step *step, Unit *unit) {
        usec_t since = MIN(unit->ladder_due, step->now);
        usec_t again = util_add(step->now, SAMPLE_ANSWER);

        if (step->now - since >= SAMPLE_PATIENCE)
                again = (step->now / PACE_SLOWEST + 1) * PACE_SLOWEST;
        step_action(step, unit, ACTION_SAMPLE);
        unit->next_sample = USEC_INFINITY;
        unit->ladder_due = again;
        unit_update_due(step->engine, unit);
        unit->ladder_due = since;
}

/* After anything that may have changed what a unit needs. What is overdue stays so until a reading comes. */
void unit_settle(const Step *step, Unit *unit) {
        wire_update(step, unit);
        unit->next_sample = MIN(unit->next_sample, suspect_next(step, unit));
        if (unit->present && unit->ladder_due > step->now)
                unit->ladder_due = ladder_deadline(&unit->ladder, unit->policy, step->now);
        unit_update_due(step->engine, unit);
}

/* What is lent is for the goodbye only: a unit that lives on is judged by the operator's limit. */
static Sample read_sample(const Unit *unit, const Event *event) {
        Sample sample = event->sample;

        if (unit_has_loan(unit, &sample))
                sample.limit = MIN(sample.limit, unit->operator_max);
        return sample;
}

static int on_sample(const Step *step, Unit *unit, const Event *event) {
        Sample reading = read_sample(unit, event), *sample = &reading;
        bool moved = sample->ev_high > unit->sample.ev_high || sample->ev_max > unit->sample.ev_max;
        bool asked = unit->next_sample <= step->now || unit->ladder_due <= step->now;

        asked |= hostguard_noted(step, unit, sample);
        inquest_sample(step, unit, sample);
        judge_count(unit, sample, step->now);
        wire_hit(step, unit, sample, moved && !asked);
        trend_note(step, unit, sample);
        unit->sample = *sample;
        unit->sample_time = MAX(step->now, 1);
        unit->next_sample = unit->ladder_due = USEC_INFINITY;
        pace_note(&unit->pace, sample->working_set, sample->limit, moved, step->now);
        rung_check_fresh(step, unit);
        rung_repay(step, unit);
        trend_tell(step, unit);
        make_moves(step, unit);
        suspect_sample(step, unit, moved);
        unit_settle(step, unit);
        return 0;
}

static int on_start(const Step *step, Unit *unit, const Event *event) {
        Event first = *event;
        const Policy *policy = NULL;
        int r;

        r = step->engine->policies ? policy_set_resolve(step->engine->policies, unitname_of_path(event->path), event->path, &policy) : 0;
        if (r < 0)
                return r;
        if (!policy)
                return 1;
        if (!unit) {
                r = unit_add(step->engine, event->path, &unit);
                if (r < 0)
                        return r;
        }
        r = unit_set_policy(unit, policy);
        if (r < 0)
                return r;
        if (unit->present)
                inquest_run_ended(step, unit);
        run_end(step, unit, event->start.operator_high);
        run_begin(unit, event);
        hostguard_began(step, unit);
        inquest_run_began(step, unit);
        first.kind = EVENT_SAMPLE;
        first.sample = event->start.sample;
        r = on_sample(step, unit, &first);
        if (policy->mode == MODE_ACT && policy->n_rungs > 0)
                tell_armed(step, unit);
        return r;
}

/* Nothing but a budget, counters or an open action is worth a slot for a unit that is gone. */
static bool is_worth_keeping(const Engine *engine, const Unit *unit, usec_t now) {
        if (unit->acting_id != 0 || unit->paused)
                return true;
        if (!unit->policy)
                return unit_budget(engine, unit)->n_times > 0;
        if (budget_spent(unit_budget(engine, unit), unit->policy->budget_window, now) > 0)
                return true;
        for (unsigned i = 0; i < unit->policy->n_events; i++)
                if (counter_sum(&unit->counters[i], unit->policy->events[i].window, now) > 0)
                        return true;
        return false;
}

static int on_stop(const Step *step, Unit *unit) {
        inquest_run_ended(step, unit);
        suspect_drop(step->engine, unit);
        unit->present = false;
        heap_forget(step->engine, unit);
        unit->placed = BYTES_INFINITY; /* the wire went with the cgroup */
        unit->throttled = unit->frozen = unit->on_loan = unit->wall_lifted = false;
        unit->next_sample = unit->ladder_due = USEC_INFINITY;
        trend_drop(unit);
        if (is_worth_keeping(step->engine, unit, step->now))
                unit_update_due(step->engine, unit);
        else
                unit_drop(step->engine, unit);
        return 0;
}

static int on_named(Unit *unit, const Event *event) {
        memcpy(unit->invocation, event->named.invocation, sizeof(unit->invocation));
        return 0;
}

static int on_pressure(const Step *step, Unit *unit, const Event *event) {
        if (judge_pressure(unit, event->pressure.some_total, event->pressure.full_total, step->now)) {
                /* Whatever moves now must see the memory as it is now. */
                ask_for_reading(step, unit);
        }
        return 0;
}

static int on_strain(const Step *step, Unit *unit, const Event *event) {
        suspect_strain(step, unit, &event->strain);
        unit_settle(step, unit);
        return 0;
}

static int on_high(const Step *step, Unit *unit, const Event *event) {
        rung_undo_throttle(step, unit, UNDOING_FOREIGN);
        wire_contested(step, unit, event->high.bytes);
        unit_settle(step, unit);
        return 0;
}

static int on_done(const Step *step, Unit *unit, const Event *event) {
        rung_done(step, unit, event);
        if (!unit->present && !is_worth_keeping(step->engine, unit, step->now)) {
                unit_drop(step->engine, unit);
                return 0;
        }
        if (unit_is_live(unit))
                unit_settle(step, unit);
        else
                unit_update_due(step->engine, unit);
        return 0;
}

static void tick_unit(const Step *step, Unit *unit) {
        bool wanted = unit->next_sample <= step->now || unit->ladder_due <= step->now;

        if (unit->acting_until <= step->now)
                rung_expire(step, unit);
        if (!unit_is_live(unit)) {
                unit_update_due(step->engine, unit);
                return;
        }
        if (unit->throttled_until <= step->now)
                rung_undo_throttle(step, unit, UNDOING_EXPIRED);
        if (unit->frozen_until <= step->now)
                rung_undo_freeze(step, unit, UNDOING_EXPIRED);
        if (step->engine->paused)
                rung_undo(step, unit, UNDOING_PAUSED);
        unit_settle(step, unit);
        if (!wanted)
                return;
        ask_for_reading(step, unit);
}

static int on_tick(const Step *step) {
        Engine *engine = step->engine;
        unsigned before;

        hostguard_tick(step);
        before = step->actions->n_items;
        for (unsigned i = 0; i < engine->n_slots; i++) {
                if (engine->due[i] > step->now)
                        continue;
                if (step->actions->n_items - before >= TICK_ACTIONS || step->actions->n_items + TICK_RESERVE > ACTIONS_MAX)
                        break;
                tick_unit(step, &engine->units[i]);
        }
        if (step->actions->n_items + TICK_RESERVE <= ACTIONS_MAX)
                inquest_tick(step);
        return 0;
}

int engine_step(Engine *engine, const Event *event, ActionList *actions) {
        Step step = {.engine = engine, .actions = actions};
        Unit *unit = event->path[0] ? unit_find(engine, event->path) : NULL;

        if (event->time > TIME_MAX || !event_has_its_path(event))
                return -EINVAL;
        engine->now = MAX(engine->now, event->time);
        inquest_begin(engine->inquest, engine->now);
        step.now = engine->now;
        switch (event->kind) {
        case EVENT_TICK:
                return on_tick(&step);
        case EVENT_START:
                return on_start(&step, unit, event);
        case EVENT_PAUSE:
        case EVENT_RESUME:
                return order_pause(&step, unit, event);
        case EVENT_DONE:
                return unit ? on_done(&step, unit, event) : 1;
        case EVENT_NAMED:
                return unit_is_live(unit) ? on_named(unit, event) : 1;
        case EVENT_STOP:
                return unit && unit->present ? on_stop(&step, unit) : 1;
        case EVENT_SAMPLE:
                return unit_is_live(unit) ? on_sample(&step, unit, event) : 1;
        case EVENT_PRESSURE:
                return unit_is_live(unit) ? on_pressure(&step, unit, event) : 1;
        case EVENT_HIGH:
                return unit_is_live(unit) ? on_high(&step, unit, event) : 1;
        case EVENT_DRILL:
                return unit_is_live(unit) ? order_drill(&step, unit, event) : 1;
        case EVENT_BEAT:
                if (!unit_is_live(unit))
                        return 1;
                heap_beat(&step, unit, event);
                return 0;
        case EVENT_WITNESS:
                inquest_witness(&step, event);
                return 0;
        case EVENT_LEDGER:
                inquest_ledger(&step, event);
                return 0;
        case EVENT_HOST:
                return hostguard_reading(&step, event);
        case EVENT_STRAIN:
                return unit_is_live(unit) ? on_strain(&step, unit, event) : 1;
        case _EVENT_KIND_MAX:
        case _EVENT_KIND_INVALID:
                break;
        }
        return -EINVAL;
}
