/* The verbs that end a run, and the hook. */
#include <signal.h>

#include "act-internal.h"

static int submit(const ActContext *context, const char *path, const char *unit, UnitJob job,
                  const ActPending *pending) {
        return systemd_job(context->systemd, path, unit, job, ACT_JOB_LIMIT, act_pending_done, (void *) pending);
}

static int run_job(const ActContext *context, const char *path, const char *unit, UnitJob job, act_done_t done,
                   void *userdata) {
        ActPending *pending = act_pending_new(done, userdata);
        int r;

        if (!pending)
                return -EBUSY;
        r = submit(context, path, unit, job, pending);
        if (r < 0)
                act_pending_free(pending);
        return r;
}

/* The operator wrote it, so it is a unit of the system, also when the guarded one is a user's. */
ACT_VERB(act_start) {
        return run_job(context, "", request->spec->unit, UNIT_JOB_START, done, userdata);
}

ACT_VERB(act_restart) {
        const char *unit = unitname_of_path(request->path);

        switch (unitname_type(unit)) {
        case UNIT_SERVICE:
                return run_job(context, request->path, unit, UNIT_JOB_RESTART, done, userdata);
        case UNIT_SCOPE:
                return act_answer(done, userdata, -EOPNOTSUPP,
                                  "it is a scope, which only the program that made it can start again");
        case UNIT_NONE:
        case UNIT_SLICE:
        case UNIT_OTHER:
        case _UNIT_TYPE_MAX:
        case _UNIT_TYPE_INVALID:
                break;
        }
        return act_answer(done, userdata, -EOPNOTSUPP, "it is no service, so there is nothing to start again");
}

ACT_VERB(act_stop) {
        const char *unit = unitname_of_path(request->path);
        UnitType type = unitname_type(unit);

        if (type != UNIT_SERVICE && type != UNIT_SCOPE)
                return act_answer(done, userdata, -EOPNOTSUPP, "it is no unit that a service manager could stop");
        return run_job(context, request->path, unit, UNIT_JOB_STOP, done, userdata);
}

/* cgroup.kill also for units: KillUnit would leave out who forks meanwhile, and needs PID 1's time. */
ACT_VERB(act_kill) {
        int r = kernfs_write(request->dirfd, "cgroup.kill", "1");

        /* Before Linux 5.14, and in threaded cgroups. */
        if (r == -ENOENT || r == -EOPNOTSUPP)
                r = act_signal_all(context->kernfs, request->dirfd, request->path, SIGKILL);
        return act_answer(done, userdata, MIN(r, 0), r < 0 ? "its processes could not be killed" : "");
}
