/* Reads the host's memory and pressure. */
#pragma once

#include "event.h"
#include "kernfs.h"

/* /proc/meminfo and /proc/pressure/memory. -ENODATA, -EINVAL, or why they could not be read. */
int host_read(const Kernfs *kernfs, HostReading *ret);

/* Is there something to be said of a reading's result (of host_read(), or -ERANGE for numbers that can't be true), as it is
 * not what was told last (*told, 0 at first)? */
#define HOST_READ_TEXT_MAX 256
bool host_read_tell(int *told, int result, char text[static HOST_READ_TEXT_MAX]);

/* The same, with the shares of the last ten seconds. */
int host_read_pressure(const Kernfs *kernfs, Pressure *ret);
