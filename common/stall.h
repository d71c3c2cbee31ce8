/* Does a unit stand still at a memory limit? It is alive, nothing is killed, and nothing is done either: the kernel holds its
 * processes back at memory.high, or they do nothing but wait for memory at memory.max.
 *
 * Judged by the kernel's own account of lost time (memory.pressure), which alone tells a unit that stands still from one that
 * goes at full speed through a full cache; what a service is good for is not known here, only that it cannot run. The figures
 * that the constants rest on are in stall.c. */
#pragma once

#include "util.h"

/* How often a unit is read while it is suspected: the totals of memory.pressure are up to 2 s old (the kernel adds them up that
 * often), so a shorter interval would say little. */
#define STALL_EVERY (4 * USEC_PER_SEC)

#define STALL_SOONEST (2 * USEC_PER_SEC) /* a reading sooner than this after the last one says nothing */

/* Whose limit it is, and which. */
typedef enum StallLimit {
        STALL_AT_NONE,
        STALL_AT_OWN_HIGH,
        STALL_AT_OWN_MAX,
        STALL_AT_ABOVE_HIGH, /* that of a slice above the unit */
        STALL_AT_ABOVE_MAX,
        _STALL_LIMIT_MAX,
        _STALL_LIMIT_INVALID = -EINVAL,
} StallLimit;

/* One look at a unit: all but the last two are totals since its cgroup was made. */
typedef struct StallReading {
        usec_t at;
        usec_t full;    /* no process of it could run for want of memory */
        usec_t io_full; /* likewise, for waiting on a disk */
        usec_t user;    /* of CPU, outside of the kernel: whatever is done for anybody is done there */
        uint64_t hits[_STALL_LIMIT_MAX]; /* of each limit; 0 at STALL_AT_NONE */
        uint64_t refaults; /* pages of files read back after reclaim had taken them */
        uint64_t swapins;  /* likewise, anonymous ones */
        uint64_t faults;   /* page faults that waited for a disk */
        uint64_t stolen;   /* pages that reclaim took */
        bool progress_known, progress; /* the service itself says whether it got on since the last reading; the best witness */
} StallReading;

/* What was found, for people. */
typedef struct StallReport {
        StallLimit limit;
        usec_t lasted;
        unsigned lost;  /* percent of that time in which nothing could run; 100 at most */
        unsigned user;  /* thousandths of one CPU that ran its own code */
        uint64_t hits;
        uint64_t refaults; /* pages read back, those of swap included */
        bool by_disk;   /* most of it was lost to reading back from the disk */
        bool by_files;  /* what is read back is files, which may be all that it is there for: a data base's, say */
} StallReport;

typedef enum StallMove {
        STALL_BEGUN,     /* the first reading: it says nothing yet */
        STALL_CLEAR,     /* it runs */
        STALL_SUSPECTED, /* it stood still since the last reading; not for long enough yet */
        STALL_FOUND,     /* told once per stall: ret is filled */
        STALL_GOES_ON,   /* what was found goes on: ret is filled */
        STALL_RESTS,     /* it runs, but not for long enough yet to be called over */
        STALL_OVER,      /* what was found is over */
        _STALL_MOVE_MAX,
        _STALL_MOVE_INVALID = -EINVAL,
} StallMove;

/* All zero at the beginning. */
typedef struct Stall {
        StallReading first, last; /* of the readings between which it stood still; the same where it does not */
        usec_t runs_since;        /* once found: since when it runs again; 0 = it does not */
        bool begun; /* the readings are of use */
        bool found;
} Stall;

/* Takes a reading. One that comes too soon after the last changes nothing, and one that is too late begins anew. */
StallMove stall_read(Stall *stall, const StallReading *now, StallReport *ret);

/* What was read up to now says nothing about the service: we held it back ourselves. */
void stall_forget(Stall *stall);

/* "MemoryHigh=", "MemoryMax=". */
const char *stall_limit_key(StallLimit limit);
