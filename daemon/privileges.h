/* Drops every capability but those in use, and locks the daemon's memory. */
#pragma once

#include "util.h"

typedef enum PrivilegesResult {
        PRIVILEGES_NOT_ROOT = 1, /* nothing was done: there is nothing to drop, and locking is not allowed */
} PrivilegesResult;

/* Keeps the capabilities of the table in privileges.c (each with its reason) and drops all others for good. They belong to
 * the calling thread and the ones it starts later: call it before worker_new(). */
int privileges_drop(void);

/* mlockall() of what is touched from now on: under a host-wide shortage our own page faults would wait for the very memory
 * that we are to free. Call it before privileges_drop(); it lifts RLIMIT_MEMLOCK, without which later allocations fail. */
int privileges_lock_memory(void);
