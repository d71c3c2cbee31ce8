/* What units have needed, in /var/lib/memguard/peaks: one line each, sorted by cgroup path (peaks.h). It survives the
 * daemon and a reboot. It is never held in memory: an update streams the old file into a new one and renames that, so a
 * crash leaves the old or the new one. */
#pragma once

#include "peaks.h"

#define PEAKSFILE_UNITS_MAX 2048      /* at the bound those that were not seen for longest make room */
#define PEAKSFILE_BYTES_MAX (4 * MIB) /* a larger file is not ours */

/* A run's part of an update. */
typedef struct PeaksUpdate {
        const char *path;
        const char *invocation;
        const RunPeaks *run;
        PeaksTime at; /* of its last reading or its end */
} PeaksUpdate;

/* Update number i; they are sorted by path, none twice. */
typedef void (*peaksfile_next_t)(void *userdata, unsigned i, PeaksUpdate *ret);

/* Merges n updates into the file; saved: when that was last done, 0 for never. A file that is damaged or of another
 * version counts as empty, a damaged line as none. */
int peaksfile_update(int state_dirfd, usec_t saved, unsigned n, peaksfile_next_t next, void *userdata);

/* The line of a unit by its cgroup path, or by its name when that is no path: of units of PID 1 of that name the one seen
 * last. -ENOENT, or why the file can't be read. */
int peaksfile_find(int state_dirfd, const char *unit, Peaks *ret);
