/* perf uprobes on CPython: sees every MemoryError that is raised in a watched unit, also one that the service catches, with
 * pid and cgroup, within a millisecond, and costs nothing while none is raised. The probes are opened by memguard-uprobe, a
 * helper service that has CAP_SYS_ADMIN and does nothing else; the fds come over a socket and need no privilege here
 * (facts-kernel.md 5, facts-python.md 1.3-1.5). Optional. */
#pragma once

#include <systemd/sd-event.h>

#include "kernfs.h"
#include "witness.h"
#include "worker.h"

#define UPROBE_BUILDS_MAX 16 /* CPython builds probed at a time; a further one takes the place of the one unseen longest */

typedef struct Uprobe Uprobe;

typedef struct UprobeHandlers {
        void *userdata;
        /* The cgroup with this inode number, for a hit in this pid; "" when it is none of ours. */
        void (*path_of)(void *userdata, uint64_t inode, int pid, char ret_path[static CGROUP_PATH_MAX]);
        WitnessHandlers witness;
} UprobeHandlers;

/* socket_path: "/run/memguard/uprobe" on a real system; connected when the first build is found. */
int uprobe_new(Uprobe **ret, sd_event *event, const Kernfs *kernfs, const char *socket_path, const UprobeHandlers *handlers);
/* Closes all probes, which takes the kernel up to 90 ms for each CPU and probe: after everything that is urgent. */
Uprobe *uprobe_free(Uprobe *uprobe);

/* A process of a watched unit: sees to it that its CPython (binary or libpython, by its maps) is probed. Cheap for builds
 * that are known. 0 also when it runs no Python: the look is made on a thread of its own, the probes come later, and
 * failures are uprobe_error()'s; a file that could not be probed is tried again by the first cover after a minute.
 * -EAGAIN: 64 wait. */
int uprobe_cover(Uprobe *uprobe, int pid);

/* Likewise for an installed interpreter that nobody runs yet ("/usr/bin/python3"), so that the first process is covered
 * too. */
int uprobe_cover_file(Uprobe *uprobe, const char *path);

/* Its thread, for other looks at processes that may hang as its own do. Freed with it. */
Worker *uprobe_worker(const Uprobe *uprobe);

unsigned uprobe_n_builds(const Uprobe *uprobe); /* armed */
int uprobe_error(const Uprobe *uprobe);         /* why the last build could not be armed, or 0 */
