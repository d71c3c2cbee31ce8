/* The policy model: what an operator wrote for some units, as plain data. conf.c fills it, the ladder reads it. */
#pragma once

#include "unitname.h"
#include "units.h"
#include "util.h"

#define POLICY_RUNGS_MAX 8
#define POLICY_ACTIONS_MAX 4  /* per rung */
#define POLICY_EVENTS_MAX 4   /* Event= lines over all rungs: each costs every unit a counter */
#define POLICY_PRESSURE_MAX 4 /* PressureSome=/PressureFull= lines over all rungs: likewise a meter */
#define RUNG_NAME_MAX 32

typedef enum Mode {
        MODE_OBSERVE,
        MODE_ACT,
        _MODE_MAX,
        _MODE_INVALID = -EINVAL,
} Mode;

typedef enum Preference {
        PREFERENCE_AVOID,
        PREFERENCE_NORMAL,
        PREFERENCE_SACRIFICE,
        _PREFERENCE_MAX,
        _PREFERENCE_INVALID = -EINVAL,
} Preference;

/* What a rung does. The order is that of the table in policy.c, nothing else. */
typedef enum Verb {
        VERB_NOTIFY,
        VERB_SIGNAL,
        VERB_RECLAIM,
        VERB_PRESSURE,
        VERB_THROTTLE,
        VERB_FREEZE,
        VERB_START,
        VERB_RESTART,
        VERB_STOP,
        VERB_KILL,
        _VERB_MAX,
        _VERB_INVALID = -EINVAL,
} Verb;

typedef enum SignalTarget {
        TARGET_MAIN,
        TARGET_ALL,
        TARGET_LARGEST,
        _TARGET_MAX,
        _TARGET_INVALID = -EINVAL,
} SignalTarget;

/* Counted events that this version has witnesses for. */
typedef enum Counted {
        COUNTED_HIGH,
        COUNTED_MAX,
        COUNTED_OOM_KILL,
        COUNTED_MEMORY_ERROR,
        COUNTED_LIMIT_STALL,
        _COUNTED_MAX,
        _COUNTED_INVALID = -EINVAL,
} Counted;

typedef enum Stalled {
        STALLED_SOME,
        STALLED_FULL,
        _STALLED_MAX,
        _STALLED_INVALID = -EINVAL,
} Stalled;

/* Where a value was written. file is an index into PolicySet.files, or -1 for a built-in default. */
typedef struct Source {
        int file;
        unsigned line;
} Source;

typedef struct ActionSpec {
        Verb verb;
        int signo;              /* signal */
        SignalTarget target;    /* signal */
        Level amount;           /* reclaim: a share is of the working set's cache and anon, i.e. of memory.current */
        usec_t duration;        /* throttle, freeze: 100 ms to 10 min */
        char unit[UNIT_NAME_MAX]; /* start */
        Source source;
} ActionSpec;

typedef struct EventCondition {
        unsigned rung;
        Counted what;
        uint32_t count;
        usec_t window;
        Source source;
} EventCondition;

typedef struct PressureCondition {
        unsigned rung;
        Stalled what;
        usec_t stall, window;
        Source source;
} PressureCondition;

typedef struct Rung {
        char name[RUNG_NAME_MAX];
        Level usage;
        usec_t time_to_limit; /* 0 = no condition */
        usec_t hold;   /* how long a condition must have held before the rung is taken; 0 by default */
        usec_t settle; /* verify after this long; 5 s by default */
        ActionSpec actions[POLICY_ACTIONS_MAX];
        unsigned n_actions;
        Source usage_source, time_source, hold_source, settle_source, source;
} Rung;

/* What is in force for one unit: all matching files merged. */
typedef struct Policy {
        Mode mode;
        Preference preference;
        bool report_failures; /* ReportFailures=: also ends in which memory had no part; no by default */
        bool uprobes;         /* Uprobes=: watch its Pythons by probes; yes by default */
        bool journal;         /* Journal=: read what it prints; yes by default */
        uint32_t budget_count; /* RestartBudget=: 3/1h by default */
        usec_t budget_window;
        uint64_t loan; /* bytes; 0 = none */
        usec_t relax;  /* how long all conditions must have been clear before the ladder steps down; 10 s by default */
        Rung rungs[POLICY_RUNGS_MAX];
        unsigned n_rungs;
        EventCondition events[POLICY_EVENTS_MAX];
        unsigned n_events;
        PressureCondition pressures[POLICY_PRESSURE_MAX];
        unsigned n_pressures;
        Source mode_source, preference_source, budget_source, loan_source, relax_source, failures_source,
                uprobes_source, journal_source;
} Policy;

const char *mode_name(Mode mode);
const char *preference_name(Preference preference);
const char *verb_name(Verb verb);
const char *target_name(SignalTarget target);
const char *counted_name(Counted counted);
const char *stalled_name(Stalled stalled); /* "some", "full" */
Mode mode_parse(const char *text);
Preference preference_parse(const char *text);
Verb verb_parse(const char *text);
SignalTarget target_parse(const char *text);
Counted counted_parse(const char *text);

/* Does a verb end or interrupt the service (restart, stop, kill)? Such an action spends the budget. */
bool verb_is_disruptive(Verb verb);

/* Does a verb leave something behind that must be undone (throttle, freeze)? */
bool verb_is_reversible(Verb verb);

/* "SIGUSR1" or "USR1" or a number from 1 to 64 -> signal number; -EINVAL. And back ("SIGUSR1"). Pure: own table. */
int signal_parse(const char *text);
const char *signal_text(int signo);

/* Does a signal that is sent to ask for something end a process that does not expect it (signal(7): Term and Core)? Not one
 * that is sent for just that, such as SIGTERM, nor one that does nothing by itself, such as SIGWINCH. */
bool signal_needs_handler(int signo);

/* "signal SIGUSR1 main", "throttle 10s": the form conf.c takes back. Returns buf. */
#define ACTION_TEXT_MAX (UNIT_NAME_MAX + 32)
const char *action_spec_format(const ActionSpec *spec, char buf[static ACTION_TEXT_MAX]);

/* A policy with the built-in defaults and no rung; a rung likewise without condition and action. */
void policy_init(Policy *policy);
void rung_init(Rung *rung, const char *name);

/* The index of a rung by name, or -ENOENT. */
int policy_find_rung(const Policy *policy, const char *name);

/* The index of a rung by name; a new one is added at the end of the ladder. -ENOSPC. */
int policy_add_rung(Policy *policy, const char *name);
