/* How a job ended: what JobRemoved said, and what the unit looks like afterwards. "done" for a restart says only that
 * the start was begun as far as its Type= asks: the run of a Type=simple service may be dead a moment later (a program
 * that is not there shows 10 ms after "done"), so a new run is looked at twice. */
#include <stdio.h>

#include "systemd-internal.h"

#define POLL_INTERVAL (250 * USEC_PER_MSEC)
#define SECOND_LOOK (500 * USEC_PER_MSEC) /* 200 was too short for systemd 257 in an emulated guest */
#define CALLS_MAX 2                       /* once more after a lost connection, if the first call was lost with it */

static void look_later(Job *job, usec_t delay) {
        job->stage = STAGE_PAUSE;
        job_arm(job, util_add(job_now(job), delay));
}

/* The connection was lost after the call, and what the call asks for has not happened: it was lost too. */
static void call_again(Job *job) {
        int r;

        if (!job->lost || job->n_calls >= CALLS_MAX) {
                job_finish(job, job->lost ? -ECONNRESET : -EREMOTEIO, "the job is done, but the unit is as before");
                return;
        }
        job->lost = false;
        r = job_call(job);
        if (r < 0 && !job_survives(job, r, STAGE_WAITING))
                job_finish(job, r, "the call could not be sent");
}

/* The new run is over already, in peace: a Type=oneshot after its work. It may be forgotten by then, and its invocation
 * with it, as nothing refers to it; if the connection was lost, that may have been the old run as well. */
static void judge_ended(Job *job, const UnitState *state) {
        if (job->lost && !state->invocation[0])
                job_finish(job, -ECONNRESET, "the connection was lost, and the unit has ended since");
        else
                job_finish(job, 0, "the new run has ended already, without an error");
}

static void judge_restart(Job *job, const UnitState *state, bool is_up, bool is_bad) {
        char detail[DETAIL_MAX];

        if (util_streq(state->invocation, job->before)) {
                call_again(job);
                return;
        }
        if (is_bad) {
                (void) snprintf(detail, sizeof(detail), "the new run failed at once (%s)", state->result);
                job_finish(job, -EREMOTEIO, detail);
        } else if (!is_up)
                judge_ended(job, state);
        else if (job->n_looks++ == 0)
                look_later(job, SECOND_LOOK);
        else
                job_finish(job, 0, "");
}

static void judge(Job *job, const UnitState *state) {
        bool is_bad =
                util_streq(state->active, "failed") || (state->result[0] && !util_streq(state->result, "success"));
        bool is_down = util_streq(state->active, "inactive") || util_streq(state->active, "failed");

        if (state->job != 0 || util_streq(state->active, "deactivating")) {
                look_later(job, POLL_INTERVAL);
                return;
        }
        switch (job->task) {
        case TASK_START:
                if (is_bad)
                        job_finish(job, -EREMOTEIO, "the unit failed");
                else if (is_down && util_streq(state->invocation, job->before))
                        call_again(job);
                else
                        job_finish(job, 0, "");
                return;
        case TASK_STOP:
                if (is_down)
                        job_finish(job, 0, "");
                else
                        call_again(job);
                return;
        case TASK_RESTART:
                judge_restart(job, state, !is_down, is_bad);
                return;
        case TASK_MAIN_PID:
        case _TASK_MAX:
        case _TASK_INVALID:
                return;
        }
}

static void on_after(Query *query, int error, const char *detail) {
        Job *job = query->userdata;

        if (error < 0)
                job_finish(job, error, detail);
        else
                judge(job, &query->state);
}

void job_look(Job *job) {
        unsigned properties =
                1u << PROPERTY_ACTIVE_STATE | 1u << PROPERTY_INVOCATION | 1u << PROPERTY_JOB | 1u << PROPERTY_RESULT;
        int r;

        job->stage = STAGE_AFTER;
        r = query_ask(&job->query, job->peer, job->unit, properties, on_after, job);
        if (r < 0 && !job_survives(job, r, STAGE_LOST))
                job_finish(job, r, "the unit could not be asked about");
}

void job_ended(Job *job, const Removed *removed) {
        char detail[DETAIL_MAX];

        switch (removed->result) {
        case JOB_DONE:
                if (job->task == TASK_RESTART)
                        job_look(job);
                else
                        job_finish(job, 0, "");
                return;
        case JOB_CANCELED:
                job_finish(job, -ECANCELED, "the job was cancelled or replaced by another one");
                return;
        case JOB_FAILED:
                (void) snprintf(detail, sizeof(detail), "job result %s", removed->word);
                job_finish(job, -EREMOTEIO, detail);
                return;
        case _JOB_RESULT_MAX:
        case _JOB_RESULT_INVALID:
                return;
        }
}

void job_removed(Peer *peer, uint32_t id, const char *word) {
        Removed *removed = &peer->removed[peer->next_removed++ % REMOVED_MAX];
        Systemd *systemd = peer->systemd;

        *removed = (Removed){.id = id,
                             .result = util_streq(word, "done")       ? JOB_DONE
                                       : util_streq(word, "canceled") ? JOB_CANCELED
                                                                      : JOB_FAILED};
        /* One plain word, whatever a user's manager sends. */
        for (size_t i = 0; i + 1 < sizeof(removed->word) && word[i] >= 'a' && word[i] <= 'z'; i++)
                removed->word[i] = word[i];
        for (size_t i = 0; i < JOBS_MAX; i++) {
                Job *job = &systemd->jobs[i];
                if (job->stage == STAGE_QUEUED && job->peer == peer && job->id == id)
                        job_ended(job, removed);
        }
}
