/* See systemd.h. The connection to PID 1 is made by the first turn of the event loop, like every later one. */
#include <stdio.h>

#include "systemd-internal.h"

static void systemd_freep(Systemd **systemd) {
        systemd_free(*systemd);
}

int systemd_new(Systemd **ret, sd_event *event, const char *runtime_dir, const SystemdHandlers *handlers) {
        _cleanup_(systemd_freep) Systemd *systemd = calloc(1, sizeof(Systemd));
        Peer *pid1;
        int r;

        if (!systemd)
                return -ENOMEM;
        if (strlen(runtime_dir) >= sizeof(systemd->runtime_dir))
                return -ENAMETOOLONG;
        strcpy(systemd->runtime_dir, runtime_dir);
        systemd->event = sd_event_ref(event);
        systemd->handlers = *handlers;
        /* Places are filled when they are taken: a page that nobody has written to takes no memory. */
        pid1 = &systemd->peers[0];
        *pid1 = (Peer){.systemd = systemd, .used = true, .backoff = PEER_BACKOFF_MIN};
        r = peer_arm(pid1, 0);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(systemd);
        return 0;
}

Systemd *systemd_free(Systemd *systemd) {
        if (!systemd)
                return NULL;
        job_cancel_all(systemd);
        facts_peer_lost(systemd, -ECANCELED);
        signal_forget_all(systemd);
        for (size_t i = 0; i < PEERS_MAX; i++)
                peer_release(&systemd->peers[i]);
        sd_event_unref(systemd->event);
        free(systemd);
        return NULL;
}

/* Names that systemd itself would refuse are not even sent. */
bool systemd_unit_is_valid(const char *unit) {
        size_t n = strnlen(unit, UNIT_NAME_MAX);

        return n < UNIT_NAME_MAX && unit[0] != '@' && unit[0] != '.' && strchr(unit, '.') &&
               strspn(unit, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@") == n;
}

static Job *find_place(Systemd *systemd) {
        for (size_t i = 0; i < JOBS_MAX; i++)
                if (systemd->jobs[i].stage == STAGE_FREE)
                        return &systemd->jobs[i];
        return NULL;
}

typedef struct Request {
        Task task;
        const char *path, *unit;
        usec_t limit;
        systemd_done_t done;
        void *userdata;
} Request;

static void fill(Job *job, Systemd *systemd, const Request *request) {
        *job = (Job){.systemd = systemd, .task = request->task};
        job->done = request->done;
        job->userdata = request->userdata;
        (void) snprintf(job->path, sizeof(job->path), "%s", request->path);
        (void) snprintf(job->unit, sizeof(job->unit), "%s", request->unit);
}

static int submit(Systemd *systemd, const Request *request) {
        Job *job = find_place(systemd);
        int r;

        if (systemd->closing)
                return -ESHUTDOWN;
        if (!systemd_unit_is_valid(request->unit) || strnlen(request->path, CGROUP_PATH_MAX) == CGROUP_PATH_MAX)
                return -EINVAL;
        /* Without a cgroup to compare nothing could be checked, so nothing is stopped. */
        if (job_checks_cgroup(request->task) && !query_has(request->unit, PROPERTY_CONTROL_GROUP))
                return -EINVAL;
        if (!job)
                return -EBUSY;
        fill(job, systemd, request);
        r = peer_find(systemd, request->path, &job->peer);
        if (r >= 0)
                r = job_start(job, request->limit);
        if (r < 0) {
                query_cancel(&job->query);
                job->timer = sd_event_source_disable_unref(job->timer);
                job->stage = STAGE_FREE;
        }
        return r;
}

int systemd_job(Systemd *systemd, const char *path, const char *unit, UnitJob job, usec_t limit, systemd_done_t done,
                void *userdata) {
        static const Task of[] = {
                [UNIT_JOB_START] = TASK_START, [UNIT_JOB_STOP] = TASK_STOP, [UNIT_JOB_RESTART] = TASK_RESTART};
        static_assert(ELEMENTSOF(of) == _UNIT_JOB_MAX, "one task a job");

        return submit(systemd, &(Request){of[job], path, unit, limit, done, userdata});
}

int systemd_main_pid(Systemd *systemd, const char *path, const char *unit, usec_t limit, systemd_done_t done,
                     void *userdata) {
        return submit(systemd, &(Request){TASK_MAIN_PID, path, unit, limit, done, userdata});
}
