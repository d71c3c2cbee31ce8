/* Counts the memory areas of processes on a worker's thread: reading /proc/PID/maps waits for the lock of the process's memory,
 * which a process that forks or maps while its cgroup is reclaimed may hold for seconds. The event loop never waits for it. */
#pragma once

#include "kernfs.h"
#include "witness.h"
#include "worker.h"

#define LOOKS_MAX 8 /* at a time; a further one is left out, and then the number of its areas is unknown */

typedef struct Looks Looks;

/* A whole FACT_LOOK with its areas, of a process that lives. */
typedef void (*looks_answer_t)(void *userdata, const char *path, const Witness *witness);

/* Borrows the worker, which must be freed first. */
int looks_new(Looks **ret, const Kernfs *kernfs, Worker *worker, looks_answer_t answer, void *userdata);
Looks *looks_free(Looks *looks);

/* path comes back with the answer. start: as in stat; no answer comes of another process of the same pid, nor of one that is gone.
 * -EAGAIN: too many are under way. */
int looks_count(Looks *looks, const char *path, int pid, uint64_t start);
