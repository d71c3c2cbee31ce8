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

void unit_drop(Engine *engine, Unit *unit) {
        unsigned slot = (unsigned) (unit - engine->units);

        for (unsigned i = 0; i < PENDING_MAX; i++)
                if (engine->pendings[i].id != 0 && engine->pendings[i].unit == slot)
                        engine->pendings[i] = (Pending){0};
        free(unit->path);
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
