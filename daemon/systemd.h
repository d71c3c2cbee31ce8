/* PID 1 (and user managers) over their private sockets, falling back to the system bus. Nothing here blocks: every call is
 * asynchronous with a callback. A lost connection (daemon-reexec) is made again by itself; see facts-kernel.md 6. */
#pragma once

#include <systemd/sd-event.h>

#include "util.h"

typedef struct Systemd Systemd;

typedef struct SystemdHandlers {
        void *userdata;
        /* A unit's run has become active or has a new invocation; path is its cgroup ("" if it has none). */
        void (*unit_changed)(void *userdata, const char *unit, const char *path, const char *invocation, const char *active_state);
        /* PID 1 has reloaded its units, or the connection was made anew: everything we rely on may have been rewritten. */
        void (*reloaded)(void *userdata);
        void (*connection)(void *userdata, bool connected, int error);
} SystemdHandlers;

/* result: 0 or negative errno (-ETIMEDOUT when the bound passed, -ECANCELED when the job was replaced, -EREMOTEIO when the
 * job failed). detail: for people ("job result failed", or the bus error's message); never NULL. */
typedef void (*systemd_done_t)(void *userdata, int result, const char *detail);

/* runtime_dir: "/run" on a real system ("/run/systemd/private", "/run/user/UID/systemd/private" are below it). */
int systemd_new(Systemd **ret, sd_event *event, const char *runtime_dir, const SystemdHandlers *handlers);
Systemd *systemd_free(Systemd *systemd);

typedef enum UnitJob {
        UNIT_JOB_START,
        UNIT_JOB_STOP,
        UNIT_JOB_RESTART,
        _UNIT_JOB_MAX,
        _UNIT_JOB_INVALID = -EINVAL,
} UnitJob;

/* Who runs the unit: path is its cgroup; unitname_user() decides between PID 1 and a user manager; "" is PID 1. But for
 * UNIT_JOB_START the manager must say that this very cgroup is the unit's: -EPERM when it is another one's (a delegated
 * cgroup may call itself "sshd.service"), -ESRCH when the unit does not run any more. For UNIT_JOB_RESTART the result is 0
 * only when the job is done and a new run came up, looked at twice. -ECONNRESET when the connection was lost, and with it
 * what became of the call. limit bounds the whole. mode is "replace". A frozen unit is not handled here: thaw it before.
 * done() is never called before this returns, and once if it returns 0. */
int systemd_job(Systemd *systemd, const char *path, const char *unit, UnitJob job, usec_t limit, systemd_done_t done, void *userdata);

/* KillUnit(unit, "main", signal). */
int systemd_kill_main(Systemd *systemd, const char *path, const char *unit, int signo, usec_t limit, systemd_done_t done, void *userdata);
