/* Inside the simulation: what its files share. */
#pragma once

#include "engine.h"
#include "flight.h"
#include "simulate.h"

/* A recorded reading. A run's readings have one number; others never meet. */
typedef struct Reading {
        usec_t time;
        unsigned run;
        Sample sample;
} Reading;

typedef struct SimUnit {
        char *path; /* owned; first, for sorted.h */
        Reading *readings; /* owned: of this stretch, from the first pass */
        unsigned n_readings, n_allocated, at; /* at: how many have been played */
        unsigned learned_run;
        char learned_invocation[INVOCATION_MAX];
        usec_t *starts; /* owned: of this stretch, likewise */
        unsigned n_starts, n_starts_allocated, at_start;
        bool present;
        bool parted;
        bool acted; /* something but a notice was done since the rung was taken */
        bool told_kill, told_end;
        bool wants_pressure, saw_pressure;
        usec_t parted_at, joined_at; /* joined_at: 0 = never was parted */
        char parted_invocation[INVOCATION_MAX];
        char invocation[INVOCATION_MAX];
        uint64_t operator_high, placed;
        bool hit;     /* the wire was crossed since it was placed */
        usec_t hit_at;
        uint64_t high_seen; /* recorded ev_high, at the last reading */
        uint64_t high_seen_at; /* memory.high then */
        uint64_t n_high;    /* as the engine is told */
        uint64_t kills_counted, kills_named, last_oom_kill;
        SimulateTotals totals;
} SimUnit;

/* An action that is to be answered. */
typedef struct Answer {
        usec_t due;
        uint32_t id; /* 0 = free */
        SimUnit *unit;
        Verb verb;
} Answer;

#define ANSWERS_MAX 256 /* the engine has at most PENDING_MAX open */
#define WANTED_MAX 1024 /* readings asked for; one that is lost is asked for again */

struct Simulation {
        SimulateOptions options;
        PolicySet *policies; /* borrowed */
        Engine *engine;
        SimUnit **units; /* sorted by path */
        unsigned n_units, n_units_allocated;
        unsigned n_readings;
        Answer answers[ANSWERS_MAX];
        SimUnit *wanted[WANTED_MAX];
        unsigned n_wanted;
        usec_t now, begin, longest;
        usec_t instant; /* ticks are counted in it */
        unsigned n_in_instant;
        uint64_t n_steps, n_events, n_dropped;
        unsigned n_strangers;
        bool cut, any;
        usec_t apart; /* of the reading that is being judged */
        bool answering;
        FlightBegin clock; /* of this stretch */
        ActionList actions;
};

/* simulate-unit.c */
SimUnit *sim_unit_find(const Simulation *s, const char *path);
SimUnit *sim_unit_of(const Simulation *s, const Event *event); /* also by a unit's name, or a path inside of it */
int sim_unit_add(Simulation *s, const char *path, SimUnit **ret);
void sim_unit_free(SimUnit *unit);
void sim_unit_forget(SimUnit *unit); /* what was learned and where it stands; not its totals */
int sim_learn(Simulation *s, const Event *event); /* the first pass over a stretch */
void sim_take_reading(SimUnit *unit, const Event *event, Sample *sample); /* a recorded one, to be told the engine */
bool sim_is_told_again(const char *invocation, const Event *event); /* a start of a run that is known */
bool sim_read(const SimUnit *unit, usec_t now, Sample *ret, usec_t *ret_apart);
void sim_update_hit(SimUnit *unit, usec_t now);
unsigned sim_readings_left(const SimUnit *unit); /* up to its next start */

/* simulate-tell.c */
void sim_tell(Simulation *s, SimulateItem *item, const char *path);
void sim_tell_action(Simulation *s, SimUnit *unit, const Action *action);
void sim_part(Simulation *s, SimUnit *unit);
void sim_note_history(Simulation *s, SimUnit *unit, const Event *event);
usec_t sim_latency(Verb verb);

/* simulate.c */
int sim_play(Simulation *s, const Event *event); /* the second pass; -E2BIG */
int sim_begin(Simulation *s, const FlightBegin *clock, usec_t first); /* a stretch */
