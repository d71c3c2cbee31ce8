/* The verb `reclaim`, on the worker: a write to memory.reclaim waits for the write-back of dirty pages, for seconds if
 * need be (facts-kernel 4). It goes in steps, so that its time limit is kept, and because 6.1 overshoots what it is
 * asked for. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "act-internal.h"
#include "fd.h"

#define STEP_BYTES (16 * MIB) /* 10 ms of clean cache */

static ReclaimJob jobs[WORKER_JOBS_MAX];

static usec_t now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_BOOTTIME, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

/* EAGAIN means "less than asked", not "nothing": what was freed, memory.current tells. */
static int reclaim(ReclaimJob *job) {
        usec_t until = now() + job->limit;
        uint64_t before, current, asked = 0;
        int r;

        r = kernfs_read_u64(job->dirfd, "memory.current", &before);
        if (r < 0)
                return r;
        if (job->bytes == 0)
                job->bytes = MAX(units_level_bytes(&job->amount, before), PAGE_BYTES);
        do {
                uint64_t step = MIN(STEP_BYTES, job->bytes - asked);
                int q;

                r = kernfs_write_u64(job->dirfd, "memory.reclaim", step);
                q = kernfs_read_u64(job->dirfd, "memory.current", &current);
                if (q < 0)
                        return q;
                job->freed = util_sub(before, current);
                asked += step;
                if (r == 0 && now() >= until)
                        r = -ETIMEDOUT;
        } while (r == 0 && asked < job->bytes && job->freed < job->bytes);
        return r == -EINTR ? -ETIMEDOUT : r;
}

static int run(void *userdata) {
        return reclaim(userdata);
}

void act_reclaim_free(ReclaimJob *job) {
        fd_closep(&job->dirfd);
        job->used = false;
}

static void finished(void *userdata, int result) {
        ReclaimJob *job = userdata;

        job->finished(job, result);
        act_reclaim_free(job);
}

ReclaimJob *act_reclaim_new(int dirfd, const char *path) {
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++) {
                ReclaimJob *job = &jobs[i];
                if (job->used)
                        continue;
                *job = (ReclaimJob){.dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3)};
                if (job->dirfd < 0)
                        return NULL;
                job->used = true;
                (void) snprintf(job->path, sizeof(job->path), "%s", path);
                return job;
        }
        return NULL;
}

/* A second more than our own bound, which is looked at between the steps only. */
int act_reclaim_submit(Worker *worker, ReclaimJob *job) {
        int r;

        r = worker_submit(worker, run, finished, job, util_add(job->limit, USEC_PER_SEC));
        if (r < 0)
                act_reclaim_free(job);
        return r;
}

void act_forget(const char *path) {
        for (size_t i = 0; i < ELEMENTSOF(jobs); i++)
                if (jobs[i].used && util_streq(jobs[i].path, path))
                        jobs[i].forgotten = true;
}

static void answer(const ReclaimJob *job, int result) {
        const char *detail = "";

        if (result == -EAGAIN)
                detail = job->freed > 0 ? "the kernel found no more to reclaim" : "the kernel found nothing to reclaim";
        if (result == -ETIMEDOUT)
                detail = "stopped at its time limit";
        /* Some is what was asked for, in part. */
        if ((result == -EAGAIN || result == -ETIMEDOUT) && job->freed > 0)
                result = 0;
        job->done(job->userdata, result, job->freed, detail);
}

bool act_can_reclaim(int dirfd) {
        return faccessat(dirfd, "memory.reclaim", F_OK, 0) >= 0;
}

ACT_VERB(act_reclaim) {
        ReclaimJob *job;

        if (!act_can_reclaim(request->dirfd))
                return act_answer(done, userdata, -EOPNOTSUPP,
                                  "this kernel has no memory.reclaim, which came with Linux 5.19");
        job = act_reclaim_new(request->dirfd, request->path);
        if (!job)
                return -EBUSY;
        job->amount = request->spec->amount;
        job->limit = ACT_RECLAIM_LIMIT;
        job->finished = answer;
        job->done = done;
        job->userdata = userdata;
        return act_reclaim_submit(context->worker, job);
}
