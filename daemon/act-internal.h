/* What the files act*.c share: the verbs, which the tables in act-table.c name, and pending answers. */
#pragma once

#include "act.h"

/* How long a manager's job may take: the stop and the start of a service have 90 s each by default (TimeoutStopSec=,
 * TimeoutStartSec=). */
#define ACT_JOB_LIMIT (180 * USEC_PER_SEC)
#define ACT_CALL_LIMIT (5 * USEC_PER_SEC)
#define ACT_RECLAIM_LIMIT (10 * USEC_PER_SEC)
#define ACT_PENDING_MAX 64 /* verbs that wait for an answer; further ones are refused with -EBUSY */
#define ACT_DETAIL_MAX 160 /* as Event.done.detail */

#define ACT_VERB(name) int name(const ActContext *context, const ActRequest *request, act_done_t done, void *userdata)

ACT_VERB(act_note);
ACT_VERB(act_notify);
ACT_VERB(act_signal);
ACT_VERB(act_reclaim);
ACT_VERB(act_pressure);
ACT_VERB(act_throttle);
ACT_VERB(act_freeze);
ACT_VERB(act_start);
ACT_VERB(act_restart);
ACT_VERB(act_stop);
ACT_VERB(act_kill);

/* A place to keep who wants the answer while a manager works; NULL when all are taken. */
typedef struct ActPending {
        bool used;
        act_done_t done;
        void *userdata;
} ActPending;

ActPending *act_pending_new(act_done_t done, void *userdata);
void act_pending_free(ActPending *pending);

/* A systemd_done_t that answers for an ActPending and frees it. */
void act_pending_done(void *userdata, int result, const char *detail);

/* Answers at once, and returns 0 as a verb does then. */
int act_answer(act_done_t done, void *userdata, int result, const char *detail);

/* A signal to the processes of a cgroup, sub-cgroups included. Returns how many got it, or a negative errno: -ESRCH
 * when there is none left. */
int act_signal_all(const Kernfs *kernfs, int dirfd, const char *path, int signo);

/* The processes of a cgroup and of what is below it: each(userdata, pid) for at most ACT_PIDS_MAX of them. Returns how
 * many there were, or a negative errno; what vanishes on the way is no error. */
#define ACT_PIDS_MAX 4096
#define ACT_DEPTH_MAX 16
int act_each_pid(int dirfd, void (*each)(void *userdata, int pid), void *userdata);

/* A process that is surely one of this cgroup, as a pidfd: a number from cgroup.procs may name another one by the time
 * it is used. -ESRCH when it is gone or elsewhere. */
int act_open_pid(const Kernfs *kernfs, const char *path, int pid, int *ret_pidfd);

/* Dropping some of a cgroup's memory on the worker. finished() runs on the main thread; result
 * is 0, -EAGAIN when no more could be reclaimed, -ETIMEDOUT, or what the kernel said. */
typedef struct ReclaimJob ReclaimJob;
struct ReclaimJob {
        bool used, forgotten;
        int dirfd; /* our own */
        char path[CGROUP_PATH_MAX];
        Level amount;   /* of memory.current; when bytes is 0 */
        uint64_t bytes; /* to reclaim */
        uint64_t freed; /* what memory.current fell by */
        usec_t limit;
        uint64_t throttle_to, operator_high, high_then; /* throttle */
        void (*finished)(const ReclaimJob *job, int result);
        act_done_t done;
        void *userdata;
};

ReclaimJob *act_reclaim_new(int dirfd, const char *path);
void act_reclaim_free(ReclaimJob *job);
int act_reclaim_submit(Worker *worker, ReclaimJob *job);
bool act_can_reclaim(int dirfd);
