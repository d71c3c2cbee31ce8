/* Reads the host's memory and pressure. */
#pragma once

#include "event.h"
#include "kernfs.h"

/* /proc/meminfo and /proc/pressure/memory. -ENODATA, -EINVAL, or why they could not be read. */
int host_read(const Kernfs *kernfs, HostReading *ret);

/* The same, with the shares of the last ten seconds. */
int host_read_pressure(const Kernfs *kernfs, Pressure *ret);
