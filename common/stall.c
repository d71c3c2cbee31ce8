/* See stall.h. What the constants rest on was measured on Linux 6.1 (2 CPUs, 3 s at a time; PSI full of memory and of io, and
 * CPU in user mode, in percent of the time; events and pages a second):
 *
 *                                                        full   io   user   high/max   refaults   its work
 *   server that needs 44M at MemoryHigh=40M            53-100    0    0-1      17-180          0   0-2 % of its rate
 *   leak of 8 MiB/s at MemoryHigh=40M                  65-100    0    0-1      11-34           0   0-4 %
 *   the same while others want both CPUs               50-75    0      0     200-257     133-257   0
 *   four threads at MemoryHigh=40M                      58-79    0    0-2      27-83       30-66   0
 *   the first at MemoryHigh=40M of its slice           73-100    0    0-1          0           0   0-2 %
 *   the same at 44M: slowed down, not stopped           36-55    0    8-10   330-340           0   36 %
 *   touches MemoryHigh=40M once in 10 s, 5 s of that    0-100    0    0-55      0-83           0   all of it, later
 *   one process at MemoryHigh=, another computes        44-52    0   92-95   110-330           0   the other's
 *   reads a file of 200M through MemoryMax=50M           9-15  0-2    0-18   250-680   12k-26k     at full speed
 *   the same through MemoryHigh=50M                      7-11  0-1    0-1     99-173   15k-24k     at full speed
 *   the same at 20 MiB/s while others want both CPUs     8-20  0-1    0-2        110     4k-5k     at full speed
 *   reads a mapped file of 60M at random, MemoryMax=30M   3-7  10-45   1-8     12-78    550-1600   1-3 % of its rate
 *   80M of anonymous memory and swap, MemoryMax=40M      8-14  18-39   2-10    34-72   990-1800    3-6 %
 *   the same, of a disk with 200 reads a second           2-8  42-87   1-4      6-12    190-200   0.6-1 %
 *
 * What stands still also takes up nothing: what reclaim took from it is what it read back (0 to 40 pages a second more), while
 * a service that writes or copies files through a full limit may lose half of its time to waiting for the disk, and works.
 *
 * So neither events nor refaults tell anything (the healthy streams have the most), nor does the CPU alone (a stream's work is
 * the kernel's): it takes lost time, and the CPU in user mode only to see past PSI's own weakness, which counts a process
 * that computes on one CPU and another that waits on the second as half of a stall.
 *
 * A unit that waits for what did not fit shows in the time lost to the disk, where its page faults (reads of a stream are
 * none) read back what reclaim had taken. Where that is files, it looks just like a data base that does its work so: it is
 * said, but as possible only. */
#include "stall.h"

#define FULL_RUN 50      /* percent of the whole time that must be lost: above what is merely slowed down, in most readings */
#define FULL_IDLE 35     /* likewise of a unit whose own code did not run at all: a healthy stream on a busy host loses 20 */
#define FULL_SLACK 10    /* so much less in one interval: totals are up to 2 s old */
#define USER_IDLE 10     /* thousandths of one CPU that are nothing */
#define USER_MOST 50     /* likewise: a service that stands still had 20 at most, one that is slowed down 80 */
#define FLOW_LEAST 128   /* pages a second that it takes up anew: 512K, which is work */
#define LASTED (15 * USEC_PER_SEC) /* whoever touches a limit now and then stands for 2 to 6 s each time, 10 on a busy host */
#define TOO_LATE (45 * USEC_PER_SEC) /* three of the slowest readings; nobody knows what was between */
#define OVER_AFTER USEC_PER_MINUTE   /* short rests of a stall are no end of it */
#define REFAULTS_LEAST 20 /* a second: a hundred of a slow disk's reads are all that it can do */

const char *stall_limit_key(StallLimit limit) {
        switch (limit) {
        case STALL_AT_OWN_HIGH:
        case STALL_AT_ABOVE_HIGH:
                return "MemoryHigh=";
        case STALL_AT_OWN_MAX:
        case STALL_AT_ABOVE_MAX:
                return "MemoryMax=";
        case STALL_AT_NONE:
        case _STALL_LIMIT_MAX:
        case _STALL_LIMIT_INVALID:
                break;
        }
        return "a memory limit";
}

/* What lies between two readings. */
typedef struct Span {
        usec_t took;
        uint64_t full, io_full, user; /* thousandths of it */
        uint64_t hits, refaults, swapins, faults, stolen;
        StallLimit limit; /* that was hit most */
} Span;

static uint64_t share(usec_t before, usec_t after, usec_t took) {
        usec_t part = util_sub(after, before);

        return part / (took / 1000 + 1);
}

static Span between(const StallReading *a, const StallReading *b) {
        Span span = {.took = util_sub(b->at, a->at)};
        uint64_t most = 0;

        span.full = MIN(share(a->full, b->full, span.took), 1000);
        span.io_full = MIN(share(a->io_full, b->io_full, span.took), 1000);
        span.user = share(a->user, b->user, span.took);
        span.swapins = util_sub(b->swapins, a->swapins);
        span.refaults = util_add(util_sub(b->refaults, a->refaults), span.swapins);
        span.faults = util_sub(b->faults, a->faults);
        span.stolen = util_sub(b->stolen, a->stolen);
        for (StallLimit limit = STALL_AT_NONE + 1; limit < _STALL_LIMIT_MAX; limit++) {
                uint64_t hits = util_sub(b->hits[limit], a->hits[limit]);

                span.hits = util_add(span.hits, hits);
                if (hits > most) {
                        most = hits;
                        span.limit = limit;
                }
        }
        return span;
}

static uint64_t a_second(const Span *span, uint64_t n) {
        return n / (span->took / USEC_PER_SEC + 1);
}

/* Is it the disk that it waits for, because of what it had to give up? */
static bool is_thrashing(const Span *span) {
        return a_second(span, span->refaults) >= REFAULTS_LEAST && span->faults >= span->refaults / 2;
}

static uint64_t lost_of(const Span *span) {
        return MIN(is_thrashing(span) ? span->full + span->io_full : span->full, 1000);
}

/* Does it get on with something? With swap nobody knows: what was swapped out may be wanted back much later. */
static bool works(const Span *span, const StallReading *now) {
        bool swaps = a_second(span, span->swapins) >= REFAULTS_LEAST;

        if (now->progress_known)
                return now->progress;
        return span->user > USER_MOST ||
               (!swaps && a_second(span, util_sub(span->stolen, span->refaults)) >= FLOW_LEAST);
}

/* In a span that ends with `now`; slack is in percent. */
static bool stood_still(const Span *span, const StallReading *now, unsigned slack) {
        unsigned least = span->user <= USER_IDLE && !is_thrashing(span) ? FULL_IDLE : FULL_RUN;

        return span->limit != STALL_AT_NONE && !works(span, now) && lost_of(span) >= (least - slack) * 10;
}

static void begin(Stall *stall, const StallReading *now) {
        stall->first = stall->last = *now;
        stall->begun = true;
}

/* Totals that fell are another cgroup's. */
static bool is_useless(const Stall *stall, const StallReading *now) {
        const StallReading *last = &stall->last;

        return !stall->begun || now->at < last->at || now->at - last->at > TOO_LATE || now->full < last->full ||
               now->user < last->user;
}

static void report(const Span *span, StallReport *ret) {
        bool by_disk = is_thrashing(span) && span->io_full > span->full;

        *ret = (StallReport){
                .limit = span->limit,
                .lasted = span->took,
                .lost = (unsigned) (lost_of(span) / 10),
                .user = (unsigned) MIN(span->user, 1000),
                .hits = span->hits,
                .refaults = span->refaults,
                .by_disk = by_disk,
                .by_files = by_disk && span->swapins < span->refaults / 2,
        };
}

static StallMove runs(Stall *stall, const StallReading *now) {
        usec_t since = stall->runs_since ? stall->runs_since : MAX(stall->last.at, 1);

        begin(stall, now);
        if (!stall->found)
                return STALL_CLEAR;
        stall->runs_since = since;
        if (now->at - since < OVER_AFTER)
                return STALL_RESTS;
        *stall = (Stall){0};
        return STALL_OVER;
}

static StallMove stands(Stall *stall, const StallReading *now, StallReport *ret) {
        Span run = between(&stall->first, now);
        bool known = stall->found;

        stall->last = *now;
        stall->runs_since = 0;
        if (run.took < LASTED)
                return known ? STALL_RESTS : STALL_SUSPECTED;
        /* Nearly, all the time, is not enough: it is slow. */
        if (!stood_still(&run, now, 0))
                return runs(stall, now);
        stall->found = true;
        report(&run, ret);
        return known ? STALL_GOES_ON : STALL_FOUND;
}

StallMove stall_read(Stall *stall, const StallReading *now, StallReport *ret) {
        Span interval;

        if (is_useless(stall, now)) {
                /* Nobody looked for so long that whatever was found is another matter now. */
                if (util_sub(now->at, stall->last.at) > OVER_AFTER)
                        stall->found = false;
                stall->runs_since = 0;
                begin(stall, now);
                return STALL_BEGUN;
        }
        interval = between(&stall->last, now);
        if (interval.took < STALL_SOONEST)
                return stall->found ? STALL_RESTS : stall->first.at < stall->last.at ? STALL_SUSPECTED : STALL_BEGUN;
        return stood_still(&interval, now, FULL_SLACK) ? stands(stall, now, ret) : runs(stall, now);
}

void stall_forget(Stall *stall) {
        stall->begun = false;
        stall->runs_since = 0;
}
