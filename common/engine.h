/* The engine: events in, actions out. It holds every watched unit's policy, readings and ladder, and knows when it next
 * wants to be called; it knows nothing of fds, clocks or buses. */
#pragma once

#include "action.h"
#include "budget.h"
#include "conf.h"
#include "event.h"
#include "growth-source.h"
#include "growth.h"
#include "ladder.h"
#include "policy.h"

#define ENGINE_UNITS_MAX 2048 /* further units are not watched; engine_step() returns -ENOSPC for their start */

typedef struct Engine Engine;

/* How a unit is watched. */
typedef enum Watch {
        WATCH_NONE,  /* nothing to watch for: no rung with Usage= */
        WATCH_WIRE,  /* memory.high as tripwire */
        WATCH_TIMER, /* readings by timer: observe mode, cache at the wire, protected units */
        _WATCH_MAX,
        _WATCH_INVALID = -EINVAL,
} Watch;

/* A read-only look at one unit, for status. Pointers are valid until the next step. */
typedef struct UnitView {
        const char *path, *name, *invocation;
        const Policy *policy;
        const Sample *sample;
        usec_t sample_time;
        Watch watch;
        uint64_t wire;          /* BYTES_INFINITY = none placed */
        uint64_t operator_high; /* BYTES_INFINITY = none */
        int rung;               /* index, -1 = calm */
        LadderState state;
        bool throttled, frozen, on_loan, paused;
        unsigned budget_spent;
        const HeapHistory *heap; /* NULL = no Python module speaks for it */
        Growth growth; /* its class is unknown while there are too few readings */
} UnitView;

/* The host's guard: its rungs and where it stands. */
typedef struct HostView {
        const HostPolicy *policy;
        int rung; /* index, -1 = calm */
        LadderState state;
} HostView;

int engine_new(Engine **ret);
Engine *engine_free(Engine *engine);

/* Gives the engine its policies (borrowed; must live until the next call). Every known unit is matched anew: a rung of the
 * same name keeps its place on the ladder, otherwise the ladder starts at calm; counted events begin anew. What follows from it
 * comes out of the next tick, which is due at once. A unit that no policy matches any more is left alone from here on: the
 * caller undoes what is marked on it and sends its EVENT_STOP. */
int engine_set_policies(Engine *engine, PolicySet *set, usec_t now);

/* One event. Returns 0; 1 when the event's unit is not watched (no policy matches); -ENOSPC at the bound on units;
 * -EINVAL for an event that makes no sense (then nothing changed); for a drill -ENOENT (no such rung) and -EBUSY (an action is
 * under way). Actions are appended. */
int engine_step(Engine *engine, const Event *event, ActionList *actions);

/* When the engine wants an EVENT_TICK; USEC_INFINITY for never. */
usec_t engine_next_deadline(const Engine *engine);

/* Restart budgets from before: call before the first step. And what to write for the next daemon. */
int engine_restore_budget(Engine *engine, const char *path, const Budget *budget);
int engine_next_budget(const Engine *engine, unsigned *iterator, const char **ret_path, const Budget **ret_budget);

/* What the next daemon needs to find what happened while none was there: EVENT_NAMED and EVENT_LEDGER lines, to be kept as
 * text (event_format()); 1 and a line, or 0 at the end. The next daemon gives them back before its first step, and forgets
 * them when it has found the units that run. */
int engine_next_past(const Engine *engine, unsigned *iterator, Event *ret);
int engine_restore_past(Engine *engine, const Event *event); /* -EINVAL, -ENOSPC, -ENOMEM */
void engine_forget_past(Engine *engine);

/* At the end: closes what is still open, as far as the list has room; call it again while it returns more than 0. */
unsigned engine_finish(Engine *engine, ActionList *actions);

/* Makes the ids of incidents unique: up to 11 letters and digits that no other run of the daemon has. */
void engine_set_id_prefix(Engine *engine, const char *prefix);

/* Is this cgroup's ledger begun? If not, it should be read before anything below it can be killed. */
bool engine_knows_ledger(const Engine *engine, const char *path);

/* Looks at units: the first with *iterator 0; returns 1 and a view, or 0 at the end. */
int engine_next_unit(const Engine *engine, unsigned *iterator, UnitView *ret);

/* One unit by cgroup path; 0 or -ENOENT. */
int engine_get_unit(const Engine *engine, const char *path, UnitView *ret);

/* 0, or -ENOENT where the policies have no rung of the host. */
int engine_get_host(const Engine *engine, HostView *ret);

/* Has a unit a rung with a pressure condition (the least ratio of stall to window, and that window)? 1 and the trigger that
 * would catch all of them, 0 for none. */
int engine_pressure_wanted(const Policy *policy, usec_t *ret_stall, usec_t *ret_window);

bool engine_is_paused(const Engine *engine);
uint64_t engine_n_lost(const Engine *engine); /* reports of incidents that found no place, as too many came at once */
const char *watch_name(Watch watch);
