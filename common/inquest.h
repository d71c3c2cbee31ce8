/* Inside the engine: what becomes of evidence. Every fact is about one run of one unit; facts of the same matter are gathered
 * in a case, which settles for a short while and is then judged once (verdict.c) and told as one incident. Only the engine's
 * own files include this. */
#pragma once

#include "incident.h"
#include "ledger.h"
#include "unit.h"

#define CASES_MAX 48      /* open at a time; at the bound the oldest is due at once, and what is lost is counted */
#define CASES_A_RUN 16    /* likewise, of one run and class */
#define CASES_OF_USERS (CASES_MAX / 2) /* likewise, of the units of all users together */
#define GHOSTS_MAX 32     /* runs that ended and may still be spoken of; the oldest makes room */
#define ENDINGS_MAX 64    /* likewise */
#define TOMBSTONES_MAX 64 /* closed cases that a late witness may speak of; likewise */
#define STRAYS_MAX 16     /* kills whose cgroup the kernel did not name, until their pid is known; likewise */

/* The journal is the slowest witness: 0.1 to 0.7 s, more under a flood (facts-kernel.md 7). */
#define CASE_SETTLE (2500 * USEC_PER_MSEC)
/* A process that has no memory left may take its time to die of it, above all one that has printed a traceback. */
#define CASE_SETTLE_ERROR (5 * USEC_PER_SEC)
#define CASE_SETTLE_PRINTED (9 * USEC_PER_SEC)
#define CASE_ANSWERS (200 * USEC_PER_MSEC) /* for answers to the last questions */
#define CASE_SETTLE_UNEXPLAINED (8 * USEC_PER_SEC) /* a kill: who did it may say so in a journal that lags */
#define CASE_SETTLE_MAX (10 * USEC_PER_SEC) /* new evidence makes a case settle anew, but not for ever */

typedef enum CaseClass {
        CASE_END,   /* a main process ended, and nothing has said why yet */
        CASE_KILL,  /* something was killed */
        CASE_ERROR, /* an allocation failed, and a program says so */
        _CASE_CLASS_MAX,
        _CASE_CLASS_INVALID = -EINVAL,
} CaseClass;

/* A run that is over, as its late witnesses need it. */
typedef struct Ghost {
        unsigned run; /* 0 = free */
        int main_pid; /* 0 = unknown */
        char path[CGROUP_PATH_MAX];
        char invocation[INVOCATION_MAX];
        usec_t began, ended;
        uint64_t as_limit, data_limit;
        Disruption disruption;
        Sample sample;
        usec_t sample_time;
} Ghost;

/* How a run ended, which PID 1 may say before its cgroup is gone, or after. */
typedef struct Ending {
        unsigned run; /* 0 = free */
        RunEnd end;
} Ending;

typedef struct Case {
        bool open;
        uint64_t closed_by; /* the event by which it was closed: until the next one its record points to it */
        unsigned run;
        CaseClass class;
        Incident incident; /* grows with the evidence */
        usec_t opened, closes;
        bool asked;        /* for what only the last moment can tell */
        bool sighted;      /* told already that something was seen */
        usec_t raised_at;  /* when its process last raised an error */
        uint32_t facts;    /* bit i: Fact i was seen */
        uint32_t blind;    /* bit i: WitnessKind i said that it may have missed something */
        bool xattr;        /* a userspace killer's mark on the cgroup, which its user could have made */
        bool refused;      /* an allocation was, not only an error made by a program that may have its own reasons */
        bool maybe_start;  /* a probe was hit, perhaps by the start of an interpreter */
        bool maybe_parser; /* it may have been the parser's, which is none of memory */
        bool kernel_blind; /* lines of the kernel may be missing */
        bool strong;       /* a traceback, not only a name in a line of a log */
        bool reported;     /* by the Python module: a claim, but one whose process the kernel names */
        unsigned counted;  /* kills by the unit's own memory.events */
        bool counted_live; /* those were counted for Event= by a reading already */
        unsigned claimed;  /* kills by a parent's counters that nobody else accounts for */
        bool own_oom;      /* the counters say that a limit of the unit or inside of it was hit */
        unsigned named;    /* kills by the kernel's own lines */
        unsigned accounted; /* kills that the ledger's pages were told of */
        int last_named;
        Scope scope;
        RunEnd end;        /* of the run */
        usec_t run_ended;  /* when that was noticed; 0 = it goes on */
        bool restarted;
        bool gone;         /* the process that it is about */
        uint64_t request;  /* bytes that were asked for, as far as somebody named them; 0 = unknown */
        ProcessLook look;  /* of that process, while it lived */
        Disruption disruption;
} Case;

/* What is remembered of a closed case, so that its late witnesses do not open it again. */
typedef struct Tombstone {
        unsigned run; /* 0 = free */
        CaseClass class;
        int pid;
        usec_t closed;
} Tombstone;

#define LIVING_MAX 8 /* incidents told in one event of units that live; ACTIONS_MAX is the bound on events */

typedef struct Stray {
        usec_t until; /* 0 = free */
        Witness witness;
} Stray;

/* A unit as the daemon before us left it: which run it was in, and what that run's counters said. */
typedef struct Past {
        char *path; /* owned */
        char invocation[INVOCATION_MAX];
        uint64_t oom, oom_kill;
} Past;

struct Inquest {
        Past *pasts; /* owned; until the units that run now have been found */
        unsigned n_pasts;
        bool has_past; /* a daemon before us wrote it down in this boot */
        usec_t since;  /* the first event: what happened before is the past */
        usec_t news_from; /* what happened before that was told by the daemon before us, or is nobody's any more */
        char prefix[12]; /* of ids: unique to this run of the daemon */
        unsigned last_case, last_run;
        Case cases[CASES_MAX];
        uint64_t n_events;
        uint64_t n_lost, n_lost_told; /* facts that found no place among the cases; as far as that was told */
        usec_t lost_told_at;          /* 0 = never */
        char lost_in[CGROUP_PATH_MAX]; /* whose was the last of them */
        Incident living[LIVING_MAX];
        unsigned next_living;
        Ghost ghosts[GHOSTS_MAX];
        unsigned next_ghost;
        Ending endings[ENDINGS_MAX];
        unsigned next_ending;
        Tombstone tombstones[TOMBSTONES_MAX];
        unsigned next_tombstone;
        Stray strays[STRAYS_MAX];
        unsigned next_stray;
        Ledger ledger;
        usec_t kernel_blind_until; /* kernel lines may be missing */
        Sample host;               /* the newest reading of any unit: its host's part */
};

/* One run, live or over, in the one form that cases are opened from. */
typedef struct RunRef {
        unsigned run; /* 0 = none */
        Unit *unit;   /* while it lives */
        Ghost *ghost; /* afterwards */
} RunRef;

/* inquest-run.c: which run is it about? */
RunRef run_of_unit(Unit *unit);
RunRef run_find(const Step *step, const char *path, const char *name, const Witness *witness);
const char *run_path(const RunRef *ref);
const RunEnd *run_end_of(const Inquest *inquest, unsigned run); /* NULL while it is not known */
RunEnd *run_end_note(Inquest *inquest, unsigned run);            /* to be filled */

/* inquest-end.c: the end of a run. */
void inquest_ended(const Step *step, const RunRef *ref, const Witness *witness);
void inquest_failing(const Step *step, const RunRef *ref, const Witness *witness); /* it fails, but lives */

/* inquest-close.c: the end of a case. */
void case_close(const Step *step, Case *c);

/* inquest-past.c: what happened while no daemon was there. */
void past_begin_run(const Step *step, Unit *unit); /* a unit that was found running */
Ghost *past_ghost(const Step *step, const char *path, const char *name, const char *invocation, usec_t at);
Ghost *ghost_new(Inquest *inquest); /* the oldest one makes room */

/* inquest-case.c: the table of open cases. */
Case *case_find(Inquest *inquest, unsigned run, CaseClass class, int pid);
Case *case_open(const Step *step, const RunRef *ref, CaseClass class, const Witness *witness); /* NULL at the bound */
/* The case that a fact about this process of this run belongs to; a new one where there is none. NULL: it speaks of what has
 * been told already, or there is no room. */
Case *case_join(const Step *step, const RunRef *ref, CaseClass class, const Witness *witness);
void case_settle_anew(const Step *step, Case *c);
void case_note(Case *c, const Step *step, const Witness *witness); /* adds it to the evidence */
void case_fold(Case *into, Case *c);
bool case_is_buried(const Inquest *inquest, unsigned run, CaseClass class, int pid, usec_t at);
void case_bury(Inquest *inquest, Case *c, usec_t now);
void case_ask(const Step *step, Case *c);
void case_account(const Step *step, Case *c); /* tells the ledger of kills that are known by now */

/* inquest-living.c: an incident of a unit that lives, which needs no case: it was judged by whoever tells it. Filled as far as
 * the unit knows: id, run, main process, memory now. Valid until LIVING_MAX more were begun. */
Incident *incident_of_living(const Step *step, const Unit *unit, Verdict verdict, usec_t at);
void incident_add_evidence(Incident *incident, WitnessKind source, usec_t at, const char *text);
void incident_set_id(Inquest *inquest, Incident *incident);

/* verdict.c and cause.c: what it was. Fills verdict, cause, fate, confidence, count, killer and limit. */
void verdict_judge(const Inquest *inquest, Case *c);
Cause cause_judge(const Case *c, Confidence *confidence);

/* Is an end at this time our doing? 0 = unknown, but while we looked. */
static inline bool is_our_doing(const Disruption *disruption, usec_t at) {
        return disruption->until != 0 && at <= disruption->until;
}

static inline bool case_has(const Case *c, Fact fact) {
        return c->facts & 1U << fact;
}
static_assert(_FACT_MAX <= 32, "facts are bits");
