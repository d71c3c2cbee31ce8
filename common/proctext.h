/* The text of /proc/PID/{stat,limits,status,cgroup} as structs. A process names itself, with blanks, brackets and newlines,
 * so what stands behind its name is found from the end. Outputs are set on success only. */
#pragma once

#include "witness.h"

typedef struct ProcStat {
        char comm[COMM_MAX]; /* escaped as in Witness, and cut */
        char state;          /* 'R', 'S', 'D', 'Z', ... */
        uint64_t start;      /* clock ticks since boot */
} ProcStat;

typedef struct ProcLimits {
        uint64_t address_space, data; /* soft limits, bytes; BYTES_INFINITY = none, 0 = there is no such line */
} ProcLimits;

typedef struct ProcStatus {
        uint64_t vm_size, vm_peak, vm_data; /* bytes; 0 where missing: a process that is ending has none */
} ProcStatus;

/* -EINVAL. */
int proctext_stat(const char *text, ProcStat *ret);

/* Is there nothing left of a process in this state but its entry in the table? */
bool proctext_is_dead(char state);

/* -EINVAL for a line whose number is none. */
int proctext_limits(const char *text, ProcLimits *ret);
int proctext_status(const char *text, ProcStatus *ret);

/* In the text of status: is the process prepared for a signal, whether it catches, ignores or blocks it (as those do who wait
 * with sigwait(3) or signalfd(2))? -ENODATA where it is not said, -EINVAL for what is no mask. */
int proctext_expects(const char *text, int signo);

/* The path of the unified hierarchy ("0::/path"); " (deleted)" behind it stays. -ENODATA where there is none, -EINVAL where
 * it is no valid path (unitname.h): it is outside of our cgroup namespace, or too long. */
int proctext_cgroup(const char *text, char ret_path[static CGROUP_PATH_MAX]);
