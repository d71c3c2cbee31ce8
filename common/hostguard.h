/* Inside the engine: the host's guard. It has a ladder of its own (the [Host] rungs); `relieve` takes the next rung of the
 * unit that helps most. Only the engine's own files include this.
 *
 * A step taken for the host leaves the unit's own ladder where it stands: what has been taken for the host is remembered
 * here, until the host is well again or the unit begins a new run. */
#pragma once

#include "candidate.h"
#include "host.h"
#include "unit.h"

/* What the guard knows of one unit. All zeroes = nothing. */
typedef struct Track {
        Slope slope;     /* of its size */
        uint32_t base;   /* pages: the least it had in this run, once that was on its way; 0 = unknown */
        uint8_t taken;   /* 1 + the highest rung taken for the host in this episode */
        bool asked;      /* a reading of it is under way */
        bool braked;     /* throttled or frozen for the host */
        bool seen_begin; /* of the run: base is what it began with. Not of one that was found or began unguarded */
} Track;
static_assert(sizeof(Track) <= 32, "a thousand units have a track each");

typedef struct Hostguard {
        const HostPolicy *policy; /* the set's */
        Policy shape;             /* its rungs, as the ladder knows rungs */
        Host host;
        Ladder ladder;
        usec_t next_reading; /* USEC_INFINITY: none */
        usec_t next_survey;  /* likewise: of all units that may be acted on */
        unsigned cursor;     /* where the survey under way goes on */
        usec_t survey_began, survey_ended; /* 0 = never */
        uint64_t survey_used;              /* what was not available then */
        unsigned n_surveys;                /* while the host has been near a level */
        bool choosing;       /* a step is wanted, and not yet chosen */
        bool surveyed;       /* a survey was asked for that choice */
        usec_t choosing_since;
        bool stepped;        /* since the rung was taken */
        usec_t stepped_at;
        uint64_t before;     /* MemAvailable at that time */
        uint32_t acting_id;  /* the guard's own disruptive step under way; 0 = none, or given up */
        bool told_none, told_busy; /* in this episode */
        bool told_idle;      /* what can't hold on this host */
        Track tracks[ENGINE_UNITS_MAX]; /* as Engine.units; pages of it are touched only while the host is guarded */
} Hostguard;

/* What the host guard would do now, with the reason; for tell-host.c. */
typedef struct Choice {
        Unit *unit;       /* NULL = none */
        unsigned rung;    /* of the unit */
        unsigned n_skipped; /* gentler rungs that were left out, because there is no time */
        Candidate best;
        Need need;
        struct {
                Candidate candidate;
                const Unit *unit;
        } others[2]; /* the largest ones that were not chosen */
        unsigned n_others;
        unsigned counts[_STANDING_MAX]; /* of all units with a policy */
} Choice;

/* What a unit has of the host. What went into swap is its own all the same: a leak goes on there. */
static inline uint64_t hostguard_size(const Sample *sample) {
        return util_add(sample->working_set, sample->swap);
}

static inline const HostRung *hostguard_rung(const Hostguard *guard, int rung) {
        return &guard->policy->rungs[rung];
}

/* hostguard.c */
int hostguard_set_policy(Engine *engine, const HostPolicy *policy); /* NULL or empty: no guard. -ENOMEM */
void hostguard_free(Engine *engine);
int hostguard_reading(const Step *step, const Event *event);
void hostguard_tick(const Step *step);
usec_t hostguard_deadline(const Engine *engine);

/* hostguard-survey.c */
void hostguard_survey_tick(const Step *step, Hostguard *guard);
void hostguard_plan_survey(const Step *step, Hostguard *guard);
bool hostguard_noted(const Step *step, const Unit *unit, const Sample *sample); /* true: the guard had asked for it */
void hostguard_began(const Step *step, const Unit *unit);                       /* a new run */

/* hostguard-choose.c */
void hostguard_choose(const Step *step, const Hostguard *guard, const HostRung *rung, bool hurry, Choice *ret);

/* tell-host.c */
void tell_host_rung(const Step *step, const Hostguard *guard, const LadderStep *move);
void tell_host_step(const Step *step, const Hostguard *guard, const Choice *choice);
void tell_host_none(const Step *step, const Hostguard *guard, const Choice *choice);
void tell_host_busy(const Step *step, const Hostguard *guard, const Unit *busy);
void tell_host_hanging(const Step *step, const Hostguard *guard, const Pending *ending);
void tell_host_verified(const Step *step, const Hostguard *guard, bool holds);
void tell_host_relaxed(const Step *step, const Hostguard *guard, const LadderStep *move);
void tell_host_idle(const Step *step, const Hostguard *guard, const HostRung *rung, const char *condition, const char *why);
