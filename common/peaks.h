/* What a unit has needed: the peaks of the run that is watched now, kept in few bytes as a thousand units have one
 * each, and those of all its runs, which live in a file (daemon/peaksfile.h) and are in memory only while that is read
 * or written. Readings are minutes apart while all is calm: a peak between two of them is not seen here (memory.peak
 * has it). */
#pragma once

#include "event.h"

#define PEAKS_START_AFTER (5 * USEC_PER_MINUTE) /* the first reading after it is the level that a run starts at */
#define PEAKS_NUMBER_MAX (UINT64_C(1) << 44)    /* 16 TiB; as seconds it is still no overflow in microseconds */
#define PEAKS_LINE_MAX (CGROUP_PATH_MAX + 512)

/* One run, as its readings show it. What is swapped out counts as used: without swap it would be. Sizes are rough,
 * rounded up by less than a tenth of a percent: run_peaks_bytes(). */
typedef struct RunPeaks {
        uint16_t working_set, anon, current, start; /* start 0 = not known (yet) */
        uint32_t began;                             /* seconds of CLOCK_BOOTTIME, of the first reading; 0 = none */
        uint32_t peak_after : 30;                   /* seconds after it */
        uint32_t fresh : 1;                         /* it was seen from its beginning */
        uint32_t swapped : 1;
} RunPeaks;
static_assert(sizeof(RunPeaks) <= 16, "there are a thousand of them");

/* All runs that were seen of the unit with this cgroup path. Bytes; times are seconds, points in time seconds of the
 * realtime clock. 0 = not known. */
typedef struct Peaks {
        char path[CGROUP_PATH_MAX];
        char invocation[INVOCATION_MAX]; /* of the newest run; empty where it had none */
        uint64_t working_set, anon, current;
        uint64_t start;   /* the working set some minutes after the start, of the newest run where it is known */
        uint64_t last;    /* the peak working set of the newest run */
        uint64_t swapped; /* was anything of it in swap? */
        uint64_t runs, total, longest;
        uint64_t began;       /* the newest run's first reading */
        uint64_t first, seen; /* the first reading of any run, and the last one */
        uint64_t at;          /* of the peak working set */
} Peaks;

/* A run begins, or is found running (fresh is false). */
void run_peaks_begin(RunPeaks *run, bool fresh);
void run_peaks_note(RunPeaks *run, const Sample *sample, usec_t now);
uint64_t run_peaks_bytes(uint16_t rough);

/* A moment by two clocks. */
typedef struct PeaksTime {
        usec_t boottime;
        uint64_t realtime; /* seconds */
} PeaksTime;

/* Adds what the run has shown since it was last merged, which is `saved` (CLOCK_BOOTTIME; 0 = never) where it ran then.
 * A run that was merged before, also by a daemon before us, is not counted as another one: its invocation tells.
 * Nothing for a run without any reading. */
void peaks_merge(Peaks *peaks, const RunPeaks *run, const char *invocation, usec_t saved, const PeaksTime *now);

/* One line of the file without its newline; returns its length. And back: -EINVAL for anything else. */
int peaks_format(const Peaks *peaks, char buf[static PEAKS_LINE_MAX]);
int peaks_parse(const char *line, Peaks *ret);
