/* The text of the kernel's files as structs. Input is hostile: truncated, huge, binary, with new keys or without old ones.
 * Each function takes a NUL-terminated text, never reads past it, and sets its output on success only. A missing key that a
 * decision rests on is -ENODATA, so that stale or half data can never look like a small number. */
#pragma once

#include "util.h"

/* memory.events (Documentation/admin-guide/cgroup-v2.rst). oom_group_kill is 0 where the kernel has it not (before 5.17). */
typedef struct MemoryEvents {
        uint64_t low, high, max, oom, oom_kill, oom_group_kill;
} MemoryEvents;

/* The keys of memory.stat that we use, in bytes. */
typedef struct MemoryStat {
        uint64_t anon, file, shmem, kernel;
        uint64_t inactive_file, active_file, slab_reclaimable;
        uint64_t pgsteal; /* pages that reclaim took, cumulated */
} MemoryStat;

/* memory.pressure: cumulated stall in microseconds. full_total is 0 where the file has no "full" line. */
typedef struct Pressure {
        uint64_t some_total, full_total;
        uint32_t some_avg10, full_avg10; /* hundredths of a percent */
} Pressure;

/* /proc/meminfo, in bytes. */
typedef struct MemInfo {
        uint64_t total, available, swap_total, swap_free;
        uint64_t free, cached, commit_limit, committed;
} MemInfo;

/* One number, or "max" as BYTES_INFINITY; surrounding blanks and one newline allowed. -EINVAL, -ERANGE. */
int kerneltext_u64(const char *text, uint64_t *ret);

/* high, max, oom and oom_kill are required (-ENODATA); numbers that do not parse are -EINVAL. */
int kerneltext_memory_events(const char *text, MemoryEvents *ret);

/* anon, file, inactive_file and active_file are required; the others are 0 where missing. Where there is no pgsteal, it is
 * that of kswapd and of direct reclaim. */
int kerneltext_memory_stat(const char *text, MemoryStat *ret);

/* The "some" line with its total= is required. */
int kerneltext_pressure(const char *text, Pressure *ret);

/* MemTotal and MemAvailable are required; the others are 0 where missing. Values in kB. */
int kerneltext_meminfo(const char *text, MemInfo *ret);

/* The value of one "Key:   number kB" line, in bytes (/proc/PID/status). -ENODATA, -EINVAL. */
int kerneltext_kib(const char *text, const char *key, uint64_t *ret);

/* The value of one "key number" line of a flat keyed file (cgroup.events: "populated", "frozen"). -ENODATA, -EINVAL. */
int kerneltext_keyed(const char *text, const char *key, uint64_t *ret);

/* memory.current less the cache the kernel can drop: inactive_file + active_file + slab_reclaimable; never below 0.
 * (shmem is on the anon lists, so it is not in either of the file lists.) */
uint64_t kerneltext_working_set(uint64_t current, const MemoryStat *stat);
