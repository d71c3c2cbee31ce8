/* Reads one unit's memory as a Sample. */
#pragma once

#include "event.h"
#include "kernfs.h"

/* The effective limit of a cgroup: the least memory.max of it and its ancestors, or the host's memory. ret_source (may be
 * NULL, CGROUP_PATH_MAX bytes) is the cgroup whose limit it is, or "host". */
int sampler_limit(const Kernfs *kernfs, const char *path, uint64_t *ret_limit, char *ret_source);

/* All of a Sample. The limit is the caller's (it is cached and read again only when some memory.max changed).
 * need_stat=false leaves out memory.stat: working_set = current, which is never below the truth, and anon,
 * file, shmem, kernel, swap and stolen 0. Enough to know that no level is reached, and it spares the kernel the flush that
 * memory.stat costs. */
int sampler_read(const Kernfs *kernfs, int dirfd, uint64_t limit, bool need_stat, Sample *ret);

/* The counts of memory.events, of the cgroup and all below it, and of memory.events.local, of its own. */
int sampler_events(int dirfd, MemoryEvents *ret_all, MemoryEvents *ret_own);

/* The stall totals of memory.pressure. */
int sampler_pressure(int dirfd, Pressure *ret);

/* The run's id from the cgroup's xattrs (systemd sets user.invocation_id / trusted.invocation_id); 33 bytes. -ENODATA. */
int sampler_invocation(int dirfd, char ret[static INVOCATION_MAX]);

/* How many processes of it a userspace killer says that it killed: systemd-oomd and oomd leave xattrs, which can be read
 * through a directory fd also after the cgroup is gone. A delegated cgroup's user can forge them. -ENODATA when there are none. */
int sampler_userspace_kills(int dirfd, uint64_t *ret);
