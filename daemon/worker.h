/* One thread for the few calls that may block for seconds (memory.reclaim with dirty pages, close() of a PSI trigger, fsync
 * of the budget file), so that the event loop never does. The main thread owns all state; the worker only makes the call and hands
 * back the result. A job that outlives its time is interrupted by a signal and reported as -ETIMEDOUT. */
#pragma once

#include <systemd/sd-event.h>

#include "util.h"

#define WORKER_JOBS_MAX 64 /* waiting; further ones are refused with -EAGAIN */

typedef struct Worker Worker;

/* Runs on the worker thread; must touch nothing but its own job. Returns 0 or negative errno. */
typedef int (*worker_run_t)(void *job);

/* Runs on the main thread afterwards; owns the job again. */
typedef void (*worker_done_t)(void *job, int result);

/* The thread inherits the privileges of this moment: capabilities are per thread, so drop them before. */
int worker_new(Worker **ret, sd_event *event);

/* Waits for the running job, at most its own limit; jobs that had not begun get -ECANCELED. */
Worker *worker_free(Worker *worker);

/* The limit counts from the job's own beginning, not from here. Allocates nothing. */
int worker_submit(Worker *worker, worker_run_t run, worker_done_t done, void *job, usec_t limit);
