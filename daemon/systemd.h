/* PID 1 (and user managers) over their private sockets, falling back to the system bus. Nothing here blocks: every call is
 * asynchronous with a callback. A lost connection (daemon-reexec) is made again by itself; see facts-kernel.md 6. */
#pragma once

#include <systemd/sd-event.h>

#include "witness.h"

typedef struct Systemd Systemd;

typedef struct SystemdHandlers {
        void *userdata;
        /* A unit's run has become active or has a new invocation; path is its cgroup ("" if it has none). */
        void (*unit_changed)(void *userdata, const char *unit, const char *path, const char *invocation, const char *active_state);
        /* PID 1 has reloaded its units, or the connection was made anew: everything we rely on may have been rewritten. */
        void (*reloaded)(void *userdata);
        void (*connection)(void *userdata, bool connected, int error);
        /* PID 1's signals told something of a service's main process; may be NULL. path is "", the service is named in
         * witness.unit, its run in witness.invocation where it is known. Of PID 1's own services only, not of users'.
         *   FACT_STARTED     pid, at: a main process that we did not hear of before.
         *   FACT_ENDED       pid, word, code, status, at: it ended. PID 1 may make up its mind later: the same pid comes
         *                    again then, with another word. With code 0 the run has failed (word) and the main process
         *                    still lives (OOM kill, a timeout or watchdog that is being acted on), or there is none
         *                    (pid 0: ExecStartPre= failed, or a start was refused, "start-limit-hit").
         *   FACT_RESTARTING  code: NRestarts as it stands. Once when an automatic restart begins to wait for its time, once
         *                    when PID 1 counts it; both for each restart, unless they come together.
         * Any of them may be told twice, and its time may differ by 0.1 ms then. Ends during a lost connection (a reexec of
         * PID 1, or before we started) are not told by themselves: after reloaded(), systemd_service_facts() can be asked
         * for the last end of a service that was not started again since. */
        void (*saw)(void *userdata, const char *path, const Witness *witness);
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

/* Asks which process is a service's main one: the result is its pid, or -ESRCH when there is none. Otherwise as systemd_job(). */
int systemd_main_pid(Systemd *systemd, const char *path, const char *unit, usec_t limit, systemd_done_t done, void *userdata);

/* A unit has a new cgroup. What PID 1 was asked of this unit before may still tell of the run before, as answers wait while
 * the loop is busy: such an answer is dropped and asked for again. */
void systemd_cgroup_came(Systemd *systemd, const char *unit);

/* What PID 1 knows of a service, and of its last main process. Words are empty and numbers 0 where its systemd doesn't
 * say. */
typedef struct ServiceFacts {
        uint64_t as_limit, as_limit_soft, data_limit, data_limit_soft; /* bytes; BYTES_INFINITY = none */
        char oom_policy[32], restart[32];                              /* "stop", "continue", "kill"; "on-failure", ... */
        char standard_output[32], standard_error[32];                  /* "journal", "inherit", "null", ... */
        char log_namespace[UNIT_NAME_MAX];
        uint32_t main_pid; /* of the one that runs, or 0 */
        uint32_t n_restarts;
        char result[32]; /* "success", "oom-kill", ... */
        /* The last main process, which may be main_pid; all 0 when there was none since the unit was loaded. */
        uint32_t pid;
        int32_t code, status; /* as FACT_ENDED; code 0 while it lives */
        usec_t ended;         /* CLOCK_BOOTTIME; 0 while it lives */
} ServiceFacts;

/* error: 0 or negative errno (-ENOENT, -ETIMEDOUT, -ECONNRESET when the connection was lost, -ECANCELED at systemd_free());
 * facts is NULL then. */
typedef void (*systemd_facts_t)(void *userdata, int error, const ServiceFacts *facts);

/* Asks PID 1 about a service. done() is never called before this returns, and once if it returns 0. -ENOTCONN while there
 * is no connection, -EBUSY when 32 are being asked about (ask for the next one in done()), -EINVAL if unit is no service. A
 * unit that is not loaded is loaded for this, and answers with the defaults. */
int systemd_service_facts(Systemd *systemd, const char *unit, systemd_facts_t done, void *userdata);
