/* Makes errors of hits: the raw hits of probes in CPython (pyelf.h) become "so many MemoryErrors were raised in pid".
 *
 * One error may hit several probes of its thread within a millisecond (zlib: both kinds on 3.12 and later; until 3.11
 * every error from C also comes by tp_new once Python code sees it): they are one. Each start of an interpreter, also
 * of a subinterpreter, hits tp_new 16 times in a row: these are none. So a hit of tp_new alone has to wait until it is
 * clear that no such burst is under way; all others are out at once. A pid that raises in a tight loop gives one event
 * a HITS_QUIET, with a count; of hits closer than HITS_SAME it counts one.
 *
 * The kernel asks each CPU's event in turn whether the hit is its own, so that a thread which is moved to another CPU
 * meanwhile is seen twice or not at all: a burst has 14 to 18 hits. What can't be told apart: a thread that does
 * `raise MemoryError` so often at one go is taken for a start.
 *
 * Times are microseconds of whatever clock the hits have. */
#pragma once

#include "pyelf.h"

#define HITS_SAME (1 * USEC_PER_MSEC)    /* hits of a thread that are no further apart are of one error */
#define HITS_MOVED (50 * USEC_PER_MSEC)  /* likewise, where the thread is on another CPU now */
#define HITS_LATER (100 * USEC_PER_MSEC) /* until 3.11: how much later tp_new may be hit by the same error */
#define HITS_WAIT (30 * USEC_PER_MSEC)   /* after a hit of tp_new alone: for the next one of a burst */
#define HITS_BURST 16
#define HITS_BURST_SLACK 2
#define HITS_BURST_PAUSE (2 * USEC_PER_MSEC) /* after a whole burst: what comes later than this is no part of it */
/* After a burst: up to so much later may come what is the rest of it, on a machine that lets the thread wait when it moves
 * it to another CPU. Seen after 100 ms in an emulated guest, and after more than 500 ms in one that was starved. */
#define HITS_BURST_LATE (5 * USEC_PER_SEC)
#define HITS_BURSTS_MAX 4                    /* subinterpreters started in a row; more hits than theirs are no starts */
#define HITS_BURST_TIME (200 * USEC_PER_MSEC)
/* The main thread of a process this young may still be starting, and be held up in its burst on a busy, throttled or
 * emulated machine: until the burst was seen it is waited for longer. (Builds with a shared libpython have none: their
 * earliest `raise MemoryError` is told that much later.) */
#define HITS_YOUNG (5 * USEC_PER_SEC)
#define HITS_YOUNG_WAIT (1 * USEC_PER_SEC)
#define HITS_YOUNG_TIME (2 * USEC_PER_SEC)
#define HITS_QUIET (100 * USEC_PER_MSEC) /* between two events of one pid */
#define HITS_THREADS_MAX 128
#define HITS_PIDS_MAX 128

typedef struct Hit {
        usec_t time;
        uint32_t pid, tid, cpu;
        uint64_t cgroup;
        PyProbeKind kind;
        bool pairs; /* as in PyBuild */
} Hit;

typedef struct Raised {
        usec_t time; /* of the first */
        uint32_t pid;
        uint64_t cgroup;
        unsigned count;
        bool made; /* by tp_new alone: by `raise`, by numpy, or taken out of a pickle that another process sent */
        bool young; /* made in an interpreter whose start may not have been seen whole: the rest of a torn burst, perhaps */
} Raised;

typedef struct HitThread {
        uint32_t pid, tid; /* tid 0: unused */
        uint64_t cgroup;
        usec_t first, last; /* of the hits of tp_new that wait */
        unsigned n_new;     /* how many wait */
        uint32_t cpu;       /* of the hit that was counted last */
        usec_t raised;      /* when an error was last counted */
        bool counted;       /* one was */
        bool started;       /* a burst was seen: no other is to be expected soon */
        usec_t burst_end;   /* the last hit of a burst */
        unsigned n_burst;   /* and how many it had */
        bool late;          /* what waits may be the rest of it */
        bool open, young;   /* open: tp_new is still to be hit by that error */
} HitThread;

typedef struct HitPid {
        uint32_t pid; /* 0: unused */
        uint64_t cgroup;
        usec_t time, last; /* of the first one that is not out; of the event before */
        bool told;         /* there was an event before */
        bool refused;      /* an allocation was, and that not by tp_new alone */
        bool sure;         /* one was no part of a start */
        unsigned count;    /* not out yet */
} HitPid;

/* Zeroes are an empty table. */
typedef struct Hits {
        HitThread threads[HITS_THREADS_MAX];
        HitPid pids[HITS_PIDS_MAX];
        uint64_t n_lost; /* errors that found no place in pids: more processes than that raise at once */
} Hits;

/* age: how long the process had been alive then, USEC_INFINITY for unknown; asked for by hits_wants_age(). Hits should
 * come in the order of their times; a few milliseconds out of it do no harm. */
void hits_feed(Hits *hits, const Hit *hit, usec_t age);

/* Will the age be looked at for this hit? It costs a look at /proc. */
bool hits_wants_age(const Hits *hits, const Hit *hit);

/* Takes an event that is due: true and *ret, or false when none is. */
bool hits_take(Hits *hits, usec_t now, Raised *ret);

/* When hits_take() should next be asked; 0 = now, USEC_INFINITY = not before the next hit. */
usec_t hits_deadline(const Hits *hits);
