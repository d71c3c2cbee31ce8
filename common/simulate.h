/* A recorded history through the same engine under other policies: what would have been done, and when. Pure: a trace's text
 * in, what is to be told out.
 *
 * A recording does not react to what is done in a simulation. Three rules keep it honest:
 *  - what the simulation does is answered by the simulation, after the time that such an action takes as a rule, and frees
 *    nothing; the answers that the recorded guard got belong to other actions and are left out;
 *  - after a simulated restart, stop or kill all that is recorded of the unit up to its next start belongs to a run that would
 *    not have been: it is left out, counted, and told as what happened instead;
 *  - between two recorded readings memory has moved evenly: that is what the engine reads when it asks, and what crosses its
 *    wires. Items say how far apart the two were.
 * In a replay (the trace was recorded under these very policies) none of them holds: every event is taken as it stands. */
#pragma once

#include "action.h"
#include "conf.h"

#define SIMULATE_UNITS_MAX 16384    /* cgroups in one trace; with more it is refused */
#define SIMULATE_READINGS_MAX 600000 /* likewise; 64 MiB hold about so many */
#define SIMULATE_STEPS_MAX 50000000 /* of the engine over all: a trace that needs more is refused */
#define SIMULATE_GAP (60 * USEC_PER_MINUTE) /* of a longer silence only this much is played */

typedef struct Simulation Simulation;

typedef enum SimulateKind {
        SIMULATE_BEGIN,   /* a stretch of recording begins: the engine starts anew */
        SIMULATE_ACTION,  /* the engine asks for this action; records are among them */
        SIMULATE_PARTED,  /* the unit's recorded history and the simulated one part here */
        SIMULATE_HISTORY, /* what happened in the recorded one meanwhile */
        SIMULATE_JOINED,  /* the unit's next recorded start: both are one again */
        SIMULATE_GAP_SKIPPED, /* of a silence most is left out */
        _SIMULATE_KIND_MAX,
        _SIMULATE_KIND_INVALID = -EINVAL,
} SimulateKind;

/* How much an item rests on the simulation's own rules. */
typedef enum SimulateMark {
        MARK_NONE,
        MARK_ANSWERED, /* the end of an action that was only simulated */
        MARK_UNMOVED,  /* judged by readings that the simulated actions before it have not moved */
        _SIMULATE_MARK_MAX,
        _SIMULATE_MARK_INVALID = -EINVAL,
} SimulateMark;

typedef struct SimulateItem {
        SimulateKind kind;
        SimulateMark mark;
        usec_t time;     /* CLOCK_BOOTTIME of the recording */
        usec_t since;    /* the same, from the beginning of its stretch */
        usec_t realtime; /* microseconds since 1970; 0 = the trace does not say */
        const char *path; /* "" for none */
        const Action *action; /* ACTION; valid during the call */
        usec_t apart;    /* ACTION: how far apart the readings are between which the one lies that was judged; 0 = recorded */
        usec_t until;    /* PARTED: the unit's next recorded start, USEC_INFINITY for none; GAP_SKIPPED: the gap's end */
        unsigned n_left_out; /* PARTED: readings up to then */
        char text[256];  /* HISTORY: a finished sentence; not escaped */
} SimulateItem;

/* What became of one unit. */
typedef struct SimulateTotals {
        const char *path;
        unsigned rungs, actions, disruptions, withheld, incidents; /* simulated */
        unsigned kills, answers; /* recorded: kernel OOM kills, and actions of the guard that recorded it */
        unsigned left_out;       /* readings */
        bool pressure_unknown;   /* it has rungs by pressure, and no pressure of it was recorded */
        usec_t first_disruption; /* since the beginning of its stretch; USEC_INFINITY = none */
        usec_t first_kill;       /* likewise, recorded */
        usec_t lead;             /* the first simulated disruption before the kill that followed it in the recording;
                                    USEC_INFINITY = none followed */
} SimulateTotals;

typedef struct SimulateOptions {
        bool replay;
        usec_t gap; /* 0 = SIMULATE_GAP */
        void *userdata;
        void (*tell)(void *userdata, const SimulateItem *item);
} SimulateOptions;

/* What is wrong with a trace. */
typedef struct SimulateProblem {
        unsigned line; /* 0 = with the whole */
        char text[160];
} SimulateProblem;

/* The policies are borrowed. -ENOMEM. */
int simulate_new(Simulation **ret, PolicySet *policies, const SimulateOptions *options);
Simulation *simulate_free(Simulation *simulation);

/* Plays a trace. Several are played one after another; a flight recorder's file that goes on where the one before ended is one
 * with it. 0; -EBADMSG with ret_problem filled (lines up to there may have been played); -ENOMEM. */
int simulate_text(Simulation *simulation, const char *text, size_t size, SimulateProblem *ret_problem);

/* Was the last line of the last text cut off, and left out? A daemon that was killed leaves such a file. */
bool simulate_was_cut(const Simulation *simulation);

uint64_t simulate_n_events(const Simulation *simulation);

/* Of the longest stretch of recording. */
usec_t simulate_length(const Simulation *simulation);

/* Records that the engine's list had no room for; never, but in traces that nobody recorded. */
uint64_t simulate_n_dropped(const Simulation *simulation);

/* Recorded answers that fit no action in a replay: then it was recorded under other policies. */
unsigned simulate_n_strangers(const Simulation *simulation);

/* Every unit that had a start: 1 and its totals, or 0 at the end. */
int simulate_next_unit(const Simulation *simulation, unsigned *iterator, SimulateTotals *ret);

const char *simulate_kind_name(SimulateKind kind);
const char *simulate_mark_name(SimulateMark mark); /* "" for MARK_NONE */
