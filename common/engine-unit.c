/* The engine's table of units: finding, adding, dropping, and the action list's bound. */
#include "unit.h"

static uint32_t hash_path(const char *path) {
        uint32_t hash = 2166136261U; /* FNV-1a */

        for (; *path; path++)
                hash = (hash ^ (unsigned char) *path) * 16777619U;
        return hash;
}

Unit *unit_find(Engine *engine, const char *path) {
        uint32_t hash = hash_path(path);

        for (unsigned i = 0; i < engine->n_slots; i++)
                if (engine->hashes[i] == hash && engine->units[i].used && util_streq(engine->units[i].path, path))
                        return &engine->units[i];
        return NULL;
}

/* A slot: a free one, or at the bound that of a unit that is gone and has no action open (its budget is then forgotten:
 * better than a live unit unwatched). */
static int find_slot(Engine *engine) {
        for (unsigned i = 0; i < engine->n_slots; i++)
                if (!engine->units[i].used)
                        return (int) i;
        if (engine->n_slots < ENGINE_UNITS_MAX)
                return (int) engine->n_slots++;
        for (unsigned i = 0; i < engine->n_slots; i++)
                if (!engine->units[i].present && engine->units[i].acting_id == 0) {
                        unit_drop(engine, &engine->units[i]);
                        return (int) i;
                }
        return -ENOSPC;
}

int unit_add(Engine *engine, const char *path, Unit **ret) {
        _cleanup_free_ char *copy = strdup(path);
        int slot;

        if (!copy)
                return -ENOMEM;
        slot = find_slot(engine);
        if (slot < 0)
                return slot;
        engine->units[slot] = (Unit){
                .used = true,
                .path = TAKE_PTR(copy),
                .next_sample = USEC_INFINITY,
                .ladder_due = USEC_INFINITY,
                .acting_until = USEC_INFINITY,
                .operator_high = BYTES_INFINITY,
                .placed = BYTES_INFINITY,
                .told_hold = -1,
                .fresh_rung = -1,
        };
        ladder_init(&engine->units[slot].ladder);
        engine->units[slot].protected_why = unitname_protected(path);
        engine->hashes[slot] = hash_path(path);
        engine->due[slot] = USEC_INFINITY;
        *ret = &engine->units[slot];
        return 0;
}

const Budget *unit_budget(const Engine *engine, const Unit *unit) {
        static const Budget nothing;

        return unit->budget > 0 ? &engine->budgets[unit->budget - 1] : &nothing;
}

int unit_set_policy(Unit *unit, const Policy *policy) {
        _cleanup_free_ Counter *counters = NULL;
        _cleanup_free_ Meter *meters = NULL;

        if (policy == unit->policy)
                return 0;
        if (policy && policy->n_events > 0) {
                counters = calloc(policy->n_events, sizeof(*counters));
                if (!counters)
                        return -ENOMEM;
        }
        if (policy && policy->n_pressures > 0) {
                meters = calloc(policy->n_pressures, sizeof(*meters));
                if (!meters)
                        return -ENOMEM;
        }
        free(unit->counters);
        free(unit->meters);
        unit->counters = TAKE_PTR(counters);
        unit->meters = TAKE_PTR(meters);
        unit->policy = policy;
        return 0;
}

/* Are all restarts that it remembers out of their window? Then its place can be had by another unit. */
static bool is_old_budget(const Engine *engine, const Unit *unit) {
        return unit->budget > 0 && unit->policy &&
               budget_spent(unit_budget(engine, unit), unit->policy->budget_window, engine->now) == 0;
}

static void free_old_budgets(Engine *engine) {
        for (unsigned i = 0; i < engine->n_slots; i++)
                if (is_old_budget(engine, &engine->units[i])) {
                        engine->budgets[engine->units[i].budget - 1].n_times = 0;
                        engine->units[i].budget = 0;
                }
}

static unsigned free_budget(const Engine *engine) {
        for (unsigned i = 0; i < BUDGETS_MAX; i++)
                if (engine->budgets[i].n_times == 0)
                        return i + 1;
        return 0;
}

bool unit_may_own_budget(const Engine *engine, const Unit *unit) {
        if (unit->budget > 0 || free_budget(engine) > 0)
                return true;
        for (unsigned i = 0; i < engine->n_slots; i++)
                if (is_old_budget(engine, &engine->units[i]))
                        return true;
        return false;
}

Budget *unit_own_budget(Engine *engine, Unit *unit) {
        if (unit->budget == 0)
                unit->budget = free_budget(engine);
        if (unit->budget == 0) {
                free_old_budgets(engine);
                unit->budget = free_budget(engine);
        }
        return unit->budget > 0 ? &engine->budgets[unit->budget - 1] : NULL;
}

void unit_drop(Engine *engine, Unit *unit) {
        unsigned slot = (unsigned) (unit - engine->units);

        for (unsigned i = 0; i < PENDING_MAX; i++)
                if (engine->pendings[i].id != 0 && engine->pendings[i].unit == slot)
                        engine->pendings[i] = (Pending){0};
        if (unit->budget > 0)
                engine->budgets[unit->budget - 1].n_times = 0;
        suspect_drop(engine, unit);
        heap_forget(engine, unit);
        free(unit->path);
        free(unit->counters);
        free(unit->meters);
        trend_drop(unit);
        *unit = (Unit){0};
        engine->hashes[slot] = 0;
        engine->due[slot] = USEC_INFINITY;
}

Action *step_action(const Step *step, const Unit *unit, ActionKind kind) {
        ActionList *list = step->actions;
        Action *action;

        /* Records are the least of the actions: the last quarter of the list is not for them. */
        if (list->n_items >= ACTIONS_MAX || (kind == ACTION_RECORD && list->n_items >= ACTIONS_MAX / 4 * 3)) {
                list->n_dropped++;
                action = &step->engine->spilled;
        } else
                action = &list->items[list->n_items++];
        *action = (Action){.kind = kind};
        if (unit)
                memcpy(action->path, unit->path, MIN(strlen(unit->path) + 1, sizeof(action->path) - 1));
        return action;
}

/* The earliest of everything that time alone can bring. */
void unit_update_due(Engine *engine, const Unit *unit) {
        usec_t due = USEC_INFINITY;

        if (unit->used) {
                due = MIN(due, unit->acting_until);
                if (unit->present) {
                        due = MIN(due, MIN(unit->next_sample, unit->ladder_due));
                        due = MIN(due, unit->throttled ? unit->throttled_until : USEC_INFINITY);
                        due = MIN(due, unit->frozen ? unit->frozen_until : USEC_INFINITY);
                }
        }
        engine->due[unit - engine->units] = due;
}
