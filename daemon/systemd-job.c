/* Jobs: submitting, the call, and its end. A job goes
 *
 *      WAITING -> BEFORE -> CALLED -> QUEUED -> AFTER [-> PAUSE -> AFTER ...] -> answer
 *
 * BEFORE makes sure that the unit of this name is what runs in the cgroup we were asked about: in a delegated subtree
 * anybody may name his cgroup "sshd.service". AFTER sees whether a new run came up; what it makes of that is in
 * systemd-outcome.c. A connection that is lost on the way (daemon-reexec) turns QUEUED and later stages into looking at
 * the unit, because nobody will tell the end of the job. */
#include <stdio.h>

#include "systemd-internal.h"
#include "unitname.h"

static const struct {
        const char *method; /* NULL: nothing is called */
        bool checks_cgroup; /* a hook that is to be started has no cgroup yet */
} tasks[] = {
        [TASK_START] = {"StartUnit", false},
        [TASK_STOP] = {"StopUnit", true},
        [TASK_RESTART] = {"RestartUnit", true},
        [TASK_MAIN_PID] = {NULL, true},
};
static_assert(ELEMENTSOF(tasks) == _TASK_MAX, "one line a task");

usec_t job_now(const Job *job) {
        uint64_t now = 0;

        (void) sd_event_now(job->systemd->event, CLOCK_BOOTTIME, &now);
        return now;
}

/* The job's place is free before done() is called, which may want it for the next one. */
void job_finish(Job *job, int result, const char *detail) {
        char text[DETAIL_MAX];
        systemd_done_t done = job->done;
        void *userdata = job->userdata;

        (void) snprintf(text, sizeof(text), "%s", detail);
        query_cancel(&job->query);
        job->call = sd_bus_slot_unref(job->call);
        job->timer = sd_event_source_disable_unref(job->timer);
        job->stage = STAGE_FREE;
        done(userdata, result, text);
}

void job_arm(Job *job, usec_t wake) {
        job->wake = wake;
        (void) sd_event_source_set_time(job->timer, MIN(job->deadline, wake));
        (void) sd_event_source_set_enabled(job->timer, SD_EVENT_ONESHOT);
}

/* The reply to StartUnit and the like names the job's object, ".../job/4711"; its end may have been told already. */
static int take_job(Job *job, sd_bus_message *reply) {
        const char *object, *prefix = SYSTEMD_PATH "/job/";
        const Peer *peer = job->peer;
        uint64_t id;
        int r;

        r = sd_bus_message_read(reply, "o", &object);
        if (r < 0)
                return r;
        if (strncmp(object, prefix, strlen(prefix)) != 0)
                return -EBADMSG;
        r = kerneltext_u64(object + strlen(prefix), &id);
        if (r < 0 || id == 0 || id > UINT32_MAX)
                return -EBADMSG;
        job->id = (uint32_t) id;
        job->stage = STAGE_QUEUED;
        for (size_t i = 0; i < REMOVED_MAX; i++)
                if (peer->removed[i].id == job->id) {
                        job_ended(job, &peer->removed[i]);
                        break;
                }
        return 0;
}

static int on_called(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        char detail[DETAIL_MAX];
        Job *job = userdata;
        int r;

        (void) error;
        if (peer_is_closing(reply))
                return 0;
        job->call = sd_bus_slot_unref(job->call);
        if (sd_bus_message_is_method_error(reply, NULL)) {
                r = peer_error(reply, detail);
                job_finish(job, r, detail);
        } else {
                r = take_job(job, reply);
                if (r < 0)
                        job_finish(job, r, "the reply names no job");
        }
        return 0;
}

int job_call(Job *job) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        usec_t now = job_now(job);
        int r;

        r = sd_bus_message_new_method_call(job->peer->bus, &call, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER,
                                           tasks[job->task].method);
        if (r < 0)
                return r;
        r = sd_bus_message_append(call, "ss", job->unit, "replace");
        if (r < 0)
                return r;
        /* A second more than our own bound, so that the bound is told by one timer only. */
        r = sd_bus_call_async(job->peer->bus, &job->call, call, on_called, job,
                              util_add(util_sub(job->deadline, now), USEC_PER_SEC));
        if (r < 0)
                return r;
        job->stage = STAGE_CALLED;
        job->n_calls++;
        return 0;
}

bool job_survives(Job *job, int error, JobStage stage) {
        if (error != -ENOTCONN && error != -ECONNRESET)
                return false;
        job->stage = stage;
        job->lost = stage == STAGE_LOST;
        return true;
}

static void on_before(Query *query, int error, const char *detail) {
        Job *job = query->userdata;
        const UnitState *state = &query->state;
        int r;

        if (error < 0) {
                job_finish(job, error, detail);
                return;
        }
        if (tasks[job->task].checks_cgroup && !state->path[0]) {
                job_finish(job, -ESRCH, "it is not running any more");
                return;
        }
        if (tasks[job->task].checks_cgroup && !util_streq(state->path, job->path)) {
                job_finish(job, -EPERM, "the unit of this name runs in another cgroup");
                return;
        }
        if (job->task == TASK_MAIN_PID) {
                bool is_one = state->main_pid > 0 && state->main_pid <= INT32_MAX;

                job_finish(job, is_one ? (int) state->main_pid : -ESRCH, is_one ? "" : "it has no main process");
                return;
        }
        memcpy(job->before, state->invocation, sizeof(job->before));
        r = job_call(job);
        if (r < 0 && !job_survives(job, r, STAGE_WAITING))
                job_finish(job, r, "the call could not be sent");
}

static int begin(Job *job) {
        unsigned properties = 1u << PROPERTY_ACTIVE_STATE | 1u << PROPERTY_INVOCATION | 1u << PROPERTY_CONTROL_GROUP;
        int r;

        if (job->task == TASK_MAIN_PID)
                properties |= 1u << PROPERTY_MAIN_PID;
        job->stage = STAGE_BEFORE;
        r = query_ask(&job->query, job->peer, job->unit, properties, on_before, job);
        return r < 0 && job_survives(job, r, STAGE_WAITING) ? 0 : r;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        char detail[DETAIL_MAX];
        Job *job = userdata;

        (void) source;
        (void) usec;
        if (job_now(job) >= job->deadline) {
                (void) snprintf(detail, sizeof(detail), "%s",
                                job->stage == STAGE_WAITING  ? "there was no connection to the service manager"
                                : job->stage == STAGE_QUEUED ? "the job was still running at the time limit"
                                                             : "the service manager gave no answer in time");
                job_finish(job, -ETIMEDOUT, detail);
                return 0;
        }
        job_arm(job, USEC_INFINITY);
        if (job->stage == STAGE_PAUSE)
                job_look(job);
        return 0;
}

void job_peer_ready(Peer *peer) {
        int r;

        for (size_t i = 0; i < JOBS_MAX; i++) {
                Job *job = &peer->systemd->jobs[i];
                if (job->peer != peer)
                        continue;
                if (job->stage == STAGE_LOST)
                        job_look(job);
                if (job->stage != STAGE_WAITING)
                        continue;
                r = begin(job);
                if (r < 0)
                        job_finish(job, r, "the unit could not be asked about");
        }
}

static void lose(Job *job) {
        query_cancel(&job->query);
        job->call = sd_bus_slot_unref(job->call);
        switch (job->stage) {
        case STAGE_BEFORE:
                job->stage = STAGE_WAITING;
                return;
        case STAGE_CALLED:
        case STAGE_QUEUED:
        case STAGE_AFTER:
        case STAGE_PAUSE:
                job->lost = true;
                job->stage = STAGE_LOST;
                return;
        case STAGE_FREE:
        case STAGE_WAITING:
        case STAGE_LOST:
        case _JOB_STAGE_MAX:
        case _JOB_STAGE_INVALID:
                return;
        }
}

void job_peer_lost(Peer *peer) {
        for (size_t i = 0; i < JOBS_MAX; i++)
                if (peer->systemd->jobs[i].peer == peer)
                        lose(&peer->systemd->jobs[i]);
}

bool job_uses(const Systemd *systemd, const Peer *peer) {
        for (size_t i = 0; i < JOBS_MAX; i++)
                if (systemd->jobs[i].stage != STAGE_FREE && systemd->jobs[i].peer == peer)
                        return true;
        return false;
}

void job_cancel_all(Systemd *systemd) {
        systemd->closing = true;
        for (size_t i = 0; i < JOBS_MAX; i++)
                if (systemd->jobs[i].stage != STAGE_FREE)
                        job_finish(&systemd->jobs[i], -ECANCELED, "memguard stops");
}

int job_start(Job *job, usec_t limit) {
        int r;

        job->deadline = util_add(job_now(job), limit);
        r = sd_event_add_time(job->systemd->event, &job->timer, CLOCK_BOOTTIME, job->deadline, TIMER_ACCURACY, on_timer,
                              job);
        if (r < 0)
                return r;
        job_arm(job, USEC_INFINITY);
        if (job->peer->state == PEER_READY)
                return begin(job);
        job->stage = STAGE_WAITING;
        return 0;
}

bool job_checks_cgroup(Task task) {
        return tasks[task].checks_cgroup;
}
