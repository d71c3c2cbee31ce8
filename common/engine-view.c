/* The engine from outside: policies and budgets in, looks at units out. */
#include "hostguard.h"

static int place_on_new_ladder(const Unit *unit, const Policy *policy) {
        if (!unit->policy || unit->ladder.rung < 0)
                return -ENOENT;
        return policy_find_rung(policy, unit->policy->rungs[unit->ladder.rung].name);
}

static void give_policy(Engine *engine, Unit *unit, const Policy *policy, usec_t now) {
        int rung = policy ? place_on_new_ladder(unit, policy) : -ENOENT;
        bool acting = unit->ladder.state == LADDER_ACTING;
        int r;

        if (rung >= 0) {
                unit->ladder.rung = rung;
                for (unsigned i = 0; i < POLICY_RUNGS_MAX; i++)
                        unit->ladder.held_since[i] = USEC_INFINITY;
                unit->ladder.clear_since = USEC_INFINITY;
        } else {
                ladder_init(&unit->ladder);
                /* What is under way goes on, and nothing moves until it is done. */
                if (acting)
                        ladder_begin_action(&unit->ladder);
        }
        if (policy && policy->mode == MODE_ACT && unit->withheld) {
                unit->ladder.retry_at = now;
                unit->withheld = false;
        }
        r = unit_set_policy(unit, policy);
        if (r < 0)
                (void) unit_set_policy(unit, policy = NULL); /* left alone: better than judged by half a policy */
        unit->told_hold = -1;
        unit->fresh_rung = -1;
        unit->timer_cause = TIMER_NONE;
        judge_forget_pressure(unit, 0);
        /* A fresh reading is judged by the new policy at the next tick. */
        if (unit->present && policy) {
                unit->ladder_due = now;
                unit_update_due(engine, unit);
        } else
                engine->due[unit - engine->units] = unit->acting_until;
}

int engine_set_policies(Engine *engine, PolicySet *set, usec_t now) {
        int worst = 0;

        engine->policies = set;
        engine->now = MAX(engine->now, now);
        worst = hostguard_set_policy(engine, set ? policy_set_host(set) : NULL);
        for (unsigned i = 0; i < engine->n_slots; i++) {
                Unit *unit = &engine->units[i];
                const Policy *policy = NULL;
                int r;

                if (!unit->used)
                        continue;
                r = set ? policy_set_resolve(set, unitname_of_path(unit->path), unit->path, &policy) : 0;
                if (r < 0)
                        worst = r;
                give_policy(engine, unit, policy, MAX(now, engine->now));
        }
        return worst;
}

usec_t engine_next_deadline(const Engine *engine) {
        usec_t least = MIN(inquest_deadline(engine->inquest), hostguard_deadline(engine));

        for (unsigned i = 0; i < engine->n_slots; i++)
                least = MIN(least, engine->due[i]);
        return least;
}

int engine_restore_budget(Engine *engine, const char *path, const Budget *budget) {
        Unit *unit = unit_find(engine, path);
        const Policy *policy = NULL;
        Budget *own;
        int r;

        if (!unit) {
                r = unit_add(engine, path, &unit);
                if (r < 0)
                        return r;
                if (engine->policies)
                        (void) policy_set_resolve(engine->policies, unitname_of_path(path), path, &policy);
                r = unit_set_policy(unit, policy);
                if (r < 0)
                        return r;
        }
        if (budget->n_times == 0)
                return 0;
        own = unit_own_budget(engine, unit);
        if (!own)
                return -ENOSPC;
        *own = *budget;
        return 0;
}

int engine_next_budget(const Engine *engine, unsigned *iterator, const char **ret_path, const Budget **ret_budget) {
        for (; *iterator < engine->n_slots; (*iterator)++) {
                const Unit *unit = &engine->units[*iterator];

                if (!unit->used || unit_budget(engine, unit)->n_times == 0)
                        continue;
                *ret_path = unit->path;
                *ret_budget = unit_budget(engine, unit);
                (*iterator)++;
                return 1;
        }
        return 0;
}

static void view(const Engine *engine, const Unit *unit, UnitView *ret) {
        *ret = (UnitView){
                .path = unit->path,
                .name = unitname_of_path(unit->path),
                .invocation = unit->invocation,
                .policy = unit->policy,
                .sample = &unit->sample,
                .sample_time = unit->sample_time,
                .watch = unit->watch,
                .wire = unit->throttled ? BYTES_INFINITY : unit->placed,
                .operator_high = unit->operator_high,
                .rung = unit->ladder.rung,
                .state = unit->ladder.state,
                .throttled = unit->throttled,
                .frozen = unit->frozen,
                .on_loan = unit->on_loan,
                .paused = unit->paused || engine->paused,
                .budget_spent = budget_spent(unit_budget(engine, unit), unit->policy->budget_window, engine->now),
                .heap = heap_of(engine, unit),
                .growth = unit_growth(unit, engine->now),
        };
}

int engine_next_unit(const Engine *engine, unsigned *iterator, UnitView *ret) {
        for (; *iterator < engine->n_slots; (*iterator)++) {
                const Unit *unit = &engine->units[*iterator];

                if (!unit->used || !unit_is_live(unit))
                        continue;
                view(engine, unit, ret);
                (*iterator)++;
                return 1;
        }
        return 0;
}

int engine_get_unit(const Engine *engine, const char *path, UnitView *ret) {
        const Unit *unit = unit_find((Engine *) engine, path);

        if (!unit_is_live(unit))
                return -ENOENT;
        view(engine, unit, ret);
        return 0;
}

/* The trigger that catches every condition: the least share of stall, in the shortest window. A stall that meets a condition
 * in its own longer window has that share in at least one of the short windows within it. */
int engine_pressure_wanted(const Policy *policy, usec_t *ret_stall, usec_t *ret_window) {
        usec_t window = USEC_INFINITY, stall = USEC_INFINITY;

        if (policy->n_pressures == 0)
                return 0;
        for (unsigned i = 0; i < policy->n_pressures; i++)
                window = MIN(window, policy->pressures[i].window);
        for (unsigned i = 0; i < policy->n_pressures; i++)
                stall = MIN(stall, window * policy->pressures[i].stall / policy->pressures[i].window);
        *ret_stall = MAX(stall, 1);
        *ret_window = window;
        return 1;
}

bool engine_is_paused(const Engine *engine) {
        return engine->paused;
}

const char *watch_name(Watch watch) {
        static const char *const names[] = {
                [WATCH_NONE] = "events",
                [WATCH_WIRE] = "wire",
                [WATCH_TIMER] = "timer",
        };
        static_assert(ELEMENTSOF(names) == _WATCH_MAX, "a watch has no name");

        return watch >= 0 && watch < _WATCH_MAX ? names[watch] : "unknown";
}
