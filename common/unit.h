/* Inside the engine: one watched unit, and what its judges (judge.c, wire.c) and its voice (tell.c, rung.c) share. Only the
 * engine's own files include this. */
#pragma once

#include "action.h"
#include "bucket.h"
#include "budget.h"
#include "counter.h"
#include "engine.h"
#include "growth-source.h"
#include "growth.h"
#include "ladder.h"
#include "meter.h"
#include "pace.h"
#include "stall.h"

/* Why a unit is watched by timer. */
typedef enum TimerCause {
        TIMER_NONE,
        TIMER_OBSERVE,   /* wires are changes, and observing makes none */
        TIMER_PROTECTED, /* likewise */
        TIMER_PAUSED,    /* likewise */
        TIMER_CACHE,     /* only cache keeps hitting the wire */
        TIMER_STORM,     /* memory.events never rests */
        TIMER_CONTESTED, /* somebody else keeps writing memory.high */
        _TIMER_CAUSE_MAX,
        _TIMER_CAUSE_INVALID = -EINVAL,
} TimerCause;

#define BRAKED (2 * USEC_PER_SEC) /* a task that hit memory.high may sleep this long (mem_cgroup_handle_over_high, 6.1) */

/* Why something is undone. */
typedef enum Undoing {
        UNDOING_EXPIRED,
        UNDOING_RELAXED,
        UNDOING_PAUSED,
        UNDOING_REPAID,
        UNDOING_FOREIGN,
        UNDOING_GOODBYE,
        UNDOING_ENDED,
        _UNDOING_MAX,
        _UNDOING_INVALID = -EINVAL,
} Undoing;

/* How a run's main process ended, as PID 1 says; code 0 = not told (yet). */
typedef struct RunEnd {
        int pid, code, status; /* code: CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3 */
        char result[32];
        usec_t at;
} RunEnd;

/* What we did to a run that ends or interrupts it. */
typedef struct Disruption {
        usec_t until; /* an end up to then is our doing; 0 = nothing was done */
        Verb verb;
} Disruption;

typedef struct Inquest Inquest;

/* What is known of the growth of a unit's run. Most units hold what they held when they started: those have none. */
typedef struct Trend {
        bool used, rising; /* rising: the newest reading is above all before */
        bool told_leak;    /* in this run */
        GrowthClass told, class_before; /* as told; at the judgement before */
        usec_t told_limit_at; /* when the limit would be reached, as told */
        usec_t tells_until;   /* then as many changes may be told again as at first */
        usec_t class_since;   /* of class_before */
        usec_t judged;
        usec_t still_since;  /* it has not moved since it held this: */
        Rough still_held, still_cache;
        uint64_t peak; /* the most that it has held */
        Growth growth;
        History history;
} Trend;

typedef struct Unit {
        bool used;    /* the slot is taken */
        bool present; /* its cgroup exists; a unit that is gone keeps its slot for its budget, counters and open actions */
        uint16_t heap; /* 1 + its place in Engine.heaps; 0 = no Python module speaks for it */
        char *path;   /* owned */
        const Policy *policy;
        const char *protected_why; /* NULL = may be acted on */
        char invocation[INVOCATION_MAX];
        /* Here they fill what alignment leaves free. */
        bool muted; /* memory.events does not wake us */
        bool throttled, frozen, on_loan, paused;
        bool wall_lifted; /* the operator's own memory.high, for a goodbye */
        bool wired;       /* memory.high was ours at some time since the last reading */

        usec_t began; /* the run; 0 when it was found running */
        unsigned run; /* its number, never used twice */
        int main_pid; /* 0 = unknown */
        uint64_t as_limit, data_limit; /* of its main process, as last looked at; 0 = unknown */
        Disruption disruption;
        Sample sample;
        usec_t sample_time;
        Pace pace;
        usec_t next_sample;

        uint64_t operator_high; /* memory.high as the operator has it */
        uint64_t placed;        /* memory.high as we have placed it; BYTES_INFINITY = not placed */
        uint64_t wire_offset;   /* how far above its level the wire is, for the cache's sake */
        Watch watch;
        TimerCause timer_cause;
        usec_t timer_until; /* CACHE, STORM, CONTESTED: not before this is a wire tried again */
        usec_t cache_told;  /* when RECORD_CACHE was last written */
        uint8_t suspect; /* 1 + its place in Engine.suspects; 0 = it is not suspected to stand still */
        Bucket notified;    /* readings that nobody asked for: memory.events' wakes */
        Bucket contested;   /* foreign writes to memory.high */

        usec_t throttled_until, frozen_until;
        uint64_t operator_max, loan; /* while on_loan */

        Ladder ladder;
        usec_t ladder_due; /* when the ladder wants a fresh reading */
        uint32_t acting_id; /* the disruptive action under way, also into the next run; 0 = none */
        usec_t acting_until;
        uint64_t taken_at; /* working set when the rung was taken, for the verify */
        int told_hold;     /* the rung whose hold has been told, or -1 */
        usec_t budget_told;
        bool withheld;      /* the rung's action, for a reason that an operator may end: a pause, observing */
        bool check_fresh;   /* the next reading is a new run's first after a restart of ours */
        bool started_above; /* that run was above the rung at once: another restart can't help */
        int fresh_rung;     /* the rung that restarted */

        Counter *counters; /* owned; one for each of the policy's event conditions, NULL where it has none */
        Meter *meters;     /* owned; likewise, of its pressure conditions */
        usec_t ignore_pressure_until; /* stalls up to then are of our own making */
        unsigned budget; /* 1 + its place in Engine.budgets; 0 = nothing spent: few units ever spend any */

        Trend *trend;                  /* the engine's; NULL = its memory has not moved in this run */
        Rough first_held, first_cache; /* as first read when this run's start was over; history.h has the unit */
        usec_t first_read;             /* 0 = not yet */
} Unit;

/* What the Python modules in a unit's processes say of their memory. */
typedef struct Heap {
        unsigned unit; /* 1 + its slot; 0 = free */
        HeapHistory history;
} Heap;

#define HEAPS_MAX 256 /* units with the module; further ones are not judged by what grows in them */

/* An action that was asked for and has not answered. */
typedef struct Pending {
        uint32_t id; /* 0 = free */
        usec_t since;
        unsigned unit;
        char rung[RUNG_NAME_MAX];
        char invocation[INVOCATION_MAX];
        ActionSpec spec;
} Pending;

#define PENDING_MAX 128
#define PENDING_AGE_MAX (20 * USEC_PER_MINUTE) /* every action is bounded well below this: its answer was lost */

#define BUDGETS_MAX 512 /* units with restarts within their window; of further ones no restart is taken */

#define SUSPECTS_MAX 64 /* looked at at a time; of further units one that runs makes room, or they wait for their next reading */

/* A unit that may stand still at a limit. */
typedef struct Suspect {
        unsigned unit; /* valid where that unit says that this is its suspect */
        bool used;
        bool asked;       /* for its strain, and there was no answer yet */
        uint8_t n_clear;  /* readings in a row at which it ran; UINT8_MAX = or more */
        usec_t next;      /* when it is to be read; where it runs, the earliest time for that */
        usec_t counted;   /* when its stall was last counted for Event= */
        usec_t found;     /* since when it stood still in the stall that was told */
        uint64_t items;   /* what its Python module had done at the reading before */
        Stall stall;
} Suspect;

struct Engine {
        Unit units[ENGINE_UNITS_MAX];
        uint32_t hashes[ENGINE_UNITS_MAX];
        usec_t due[ENGINE_UNITS_MAX];
        unsigned n_slots; /* slots below this may be used */
        PolicySet *policies;
        Budget budgets[BUDGETS_MAX]; /* free where n_times is 0 */
        Trend trends[ENGINE_UNITS_MAX]; /* the first ones are taken first, so that only what is used is ever touched */
        Pending pendings[PENDING_MAX];
        Heap heaps[HEAPS_MAX]; /* last of what is large: pages that no module needs are never touched */
        Inquest *inquest; /* owned */
        struct Hostguard *hostguard; /* owned; NULL where no [Host] rung is */
        Suspect suspects[SUSPECTS_MAX];
        uint32_t last_id;
        bool paused;
        usec_t now; /* the time of the last event; never falls */
        Action spilled; /* what is written to when the list is full */
};

/* One call of the engine, as its parts need it. */
typedef struct Step {
        Engine *engine;
        ActionList *actions;
        usec_t now;
} Step;

/* Is this a unit that is there and has a policy? One of the two may be gone for a while (a stop, a reload). */
static inline bool unit_is_live(const Unit *unit) {
        return unit && unit->present && unit->policy;
}

/* Is memory.max as we lent it? Somebody else may have set another one meanwhile. */
static inline bool unit_has_loan(const Unit *unit, const Sample *sample) {
        return unit->on_loan && sample->own_max == util_add(unit->operator_max, unit->loan);
}

/* Is it still waited for? */
static inline bool pending_is_open(const Engine *engine, const Pending *pending, usec_t now) {
        return pending->id != 0 &&
               (engine->units[pending->unit].acting_id == pending->id || now - pending->since < PENDING_AGE_MAX);
}

/* engine-unit.c */
int unit_set_policy(Unit *unit, const Policy *policy); /* a new one begins its counts anew; -ENOMEM */
const Budget *unit_budget(const Engine *engine, const Unit *unit);
bool unit_may_own_budget(const Engine *engine, const Unit *unit);
Budget *unit_own_budget(Engine *engine, Unit *unit); /* to be written; NULL at the bound */
Unit *unit_find(Engine *engine, const char *path);
int unit_add(Engine *engine, const char *path, Unit **ret);
void unit_drop(Engine *engine, Unit *unit); /* gives the slot back */
Action *step_action(const Step *step, const Unit *unit, ActionKind kind); /* never NULL; see there for the bound */
void unit_update_due(Engine *engine, const Unit *unit);

/* engine.c */
void unit_settle(const Step *step, Unit *unit); /* after anything that may have changed what a unit needs */

/* engine-order.c: -ENOENT, -EBUSY; 1 when the unit is not watched. */
int order_drill(const Step *step, Unit *unit, const Event *event);
int order_pause(const Step *step, Unit *unit, const Event *event);

/* engine-heap.c */
void heap_beat(const Step *step, Unit *unit, const Event *event);
const HeapHistory *heap_of(const Engine *engine, const Unit *unit); /* NULL = no module speaks for it */
void heap_forget(Engine *engine, Unit *unit);                       /* its run has ended */

/* engine-run.c */
void run_end(const Step *step, Unit *unit, uint64_t operator_high); /* before the next one, if its end was not told */
void run_begin(Unit *unit, const Event *event);

/* inquest.c: what became of a run, and who says so. */
int inquest_new(Inquest **ret);
Inquest *inquest_free(Inquest *inquest);
void inquest_begin(Inquest *inquest, usec_t now); /* at every event; only the first one counts */
void inquest_witness(const Step *step, const Event *event);
void inquest_ledger(const Step *step, const Event *event);
void inquest_sample(const Step *step, Unit *unit, const Sample *sample); /* before unit->sample takes it */
void inquest_run_began(const Step *step, Unit *unit);
void inquest_run_ended(const Step *step, Unit *unit);
void inquest_tick(const Step *step);
usec_t inquest_deadline(const Inquest *inquest);

/* judge.c: what is true of this unit. Nothing here changes anything but counters and meters. */
LadderInput judge_conditions(const Unit *unit, usec_t now);
uint64_t judge_next_level(const Unit *unit); /* bytes; the nearest level above the ladder's place; BYTES_INFINITY = none */
void judge_count(Unit *unit, const Sample *sample, usec_t now);
void judge_count_incident(Unit *unit, Counted what, uint64_t n, usec_t now); /* what no reading has counted */
bool judge_pressure(Unit *unit, uint64_t some_total, uint64_t full_total, usec_t now); /* true: something changed */
void judge_forget_pressure(Unit *unit, usec_t until);
void judge_consume(Unit *unit, unsigned rung); /* the counted events of a rung that acted are spent */

/* suspect.c: does it stand still at a limit? */
void suspect_sample(const Step *step, Unit *unit, bool moved); /* after each reading; moved: a limit was hit */
void suspect_strain(const Step *step, Unit *unit, const Strain *strain);
usec_t suspect_next(const Step *step, const Unit *unit); /* when it wants a reading; USEC_INFINITY = it does not */
void suspect_drop(Engine *engine, Unit *unit);

/* trend.c: how a unit grows. */
void trend_note(const Step *step, Unit *unit, const Sample *sample); /* before unit->sample takes it */
void trend_tell(const Step *step, Unit *unit);                       /* a leak, and what becomes of it; afterwards */
void trend_drop(Unit *unit);                                         /* its run is over */
usec_t trend_next(const Unit *unit, usec_t now);                     /* when it wants to be read again */
Growth unit_growth(const Unit *unit, usec_t now);                    /* as last judged, its forecast as of now */
/* How fast a unit grows just now: bytes a second over the last two seconds, or between the newest two readings where those
 * are further apart; 0 where it does not grow. What it holds counts (working set and swap), not its cache. */
uint64_t growth_recent(const Unit *unit);

/* wire.c: how a unit is watched. */
void wire_hit(const Step *step, Unit *unit, const Sample *sample, bool notified);
void wire_update(const Step *step, Unit *unit);
void wire_contested(const Step *step, Unit *unit, uint64_t bytes);

/* rung.c: taking a rung, and the ends of actions. */
void rung_take(const Step *step, Unit *unit, const LadderStep *move, bool drill);
void rung_take_for_host(const Step *step, Unit *unit, unsigned rung); /* the unit's ladder stays where it is */
void rung_done(const Step *step, Unit *unit, const Event *event);
void rung_undo_throttle(const Step *step, Unit *unit, Undoing why);
void rung_undo_freeze(const Step *step, Unit *unit, Undoing why);
void rung_undo(const Step *step, Unit *unit, Undoing why); /* both */
void rung_raise_wall(const Step *step, Unit *unit);        /* the operator's memory.high that a goodbye lifted */
void rung_free_to_act(const Step *step, Unit *unit);       /* what was withheld may be done now */
void rung_repay(const Step *step, Unit *unit);                    /* the loan */
void rung_check_fresh(const Step *step, Unit *unit);
void rung_expire(const Step *step, Unit *unit); /* an action that never answered */

/* refuse.c: may this action be taken now? NULL, or why not. */
typedef struct Refusal {
        const char *word; /* for programs */
        char text[256];   /* the rest of "Withheld: ..., because ..." */
} Refusal;
bool refuse(const Step *step, const Unit *unit, const ActionSpec *spec, Refusal *ret);

/* tell.c: records. */
void tell_armed(const Step *step, const Unit *unit);
void tell_cache(const Step *step, const Unit *unit);
void tell_rearmed(const Step *step, const Unit *unit);
void tell_rung(const Step *step, const Unit *unit, const LadderStep *move, bool drill);
void tell_verified(const Step *step, const Unit *unit);
void tell_relaxed(const Step *step, const Unit *unit, const LadderStep *move);
void tell_hold(const Step *step, const Unit *unit, int rung);
void tell_withheld(const Step *step, const Unit *unit, const ActionSpec *spec, const Refusal *refusal);
void tell_action(const Step *step, const Unit *unit, const Pending *pending, const Event *event);
void tell_undone(const Step *step, const Unit *unit, const char *what, Undoing why);
void tell_loan(const Step *step, const Unit *unit);
void tell_notify(const Step *step, const Unit *unit, const ActionSpec *spec);
void tell_paused(const Step *step, const Unit *unit, bool paused);
void tell_started_above(const Step *step, const Unit *unit);
struct Incident;
void tell_incident(const Step *step, const struct Incident *incident); /* it must live until the actions are carried out */
void tell_stall(const Step *step, const Unit *unit, const StallReport *report, const Strain *strain, usec_t since);
void tell_stall_over(const Step *step, const Unit *unit, usec_t lasted);
void tell_count(Witness *witness, uint64_t n);
void tell_leak(const Step *step, const Unit *unit, const Growth *growth);        /* the incident */
/* Its forecast, that it is none any more, or that it is back. */
void tell_leak_changed(const Step *step, const Unit *unit, const Growth *growth, GrowthClass told);
void tell_sighted(const Step *step, const struct Incident *incident);
void tell_crowded(const Step *step, const char *path, uint64_t n);
