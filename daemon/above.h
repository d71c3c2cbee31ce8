/* The cgroups above the watched units: has one of them hit a limit of its own? Units below it are then held back although
 * their own memory.events say nothing. By inotify on memory.events.local, which changes only for a cgroup's own limits: no
 * wakeup while it is below them, and while it stands at one a wakeup every ABOVE_EVERY. */
#pragma once

#include <systemd/sd-event.h>

#include "kernfs.h"

#define ABOVE_MAX 64 /* cgroups; below further ones a stall is only seen of units that hit limits of their own */
#define ABOVE_EVERY (5 * USEC_PER_SEC)

typedef struct Above Above;

typedef struct AboveHandlers {
        void *userdata;
        void (*hit)(void *userdata, const char *path); /* must not call back */
} AboveHandlers;

/* All are borrowed. */
int above_new(Above **ret, sd_event *event, const Kernfs *kernfs, const AboveHandlers *handlers);
Above *above_free(Above *above);

/* Watches a cgroup, once however often it is called. -ENOSPC at the bound, or what the kernel says. */
int above_watch(Above *above, const char *path);

/* The cgroup is gone (the kernel does not tell of it here). */
void above_forget(Above *above, const char *path);
