/* What standing at a limit costs a unit, read from the kernel's files; only for units that are under suspicion. */
#pragma once

#include "event.h"
#include "kernfs.h"

/* dirfd is that of the cgroup `path`. memory.pressure and memory.stat are required; a kernel without one of the others
 * (io.pressure without the io controller, cpu.stat, memory.events.local above) has nothing to say there: 0. */
int strain_read(const Kernfs *kernfs, int dirfd, const char *path, Strain *ret);
