/* Drops every capability but those in use, and locks the daemon's memory. */
#pragma once

#include "util.h"

/* Keeps the capabilities of the table in privileges.c (each with its reason) and drops all others for good. */
int privileges_drop(void);

/* mlockall() of what is touched from now on: under a host-wide shortage our own page faults would wait for the very memory
 * that we are to free. */
int privileges_lock_memory(void);
