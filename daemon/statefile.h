/* Restart budgets in /var/lib/memguard/budgets: they survive the daemon, not a reboot (times are of CLOCK_BOOTTIME, and the
 * file names the boot it belongs to). Written whole to a new file and renamed, so a crash leaves the old or the new one. */
#pragma once

#include "engine.h"

#define STATEFILE_BYTES_MAX (1 * MIB) /* a larger file is not ours */

/* Reads the file into the engine. A missing file, one of another boot or a damaged line is no error to stop for: returns how
 * many budgets were restored, or a negative errno when the file could not be read; *ret_bad counts the lines left out. */
int statefile_load(Engine *engine, int state_dirfd, const char *boot_id, unsigned *ret_bad);

/* Writes all of the engine's budgets. */
int statefile_save(const Engine *engine, int state_dirfd, const char *boot_id);
