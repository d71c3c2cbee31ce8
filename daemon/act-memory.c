/* The verbs `throttle` and `freeze`: begun here, ended by the engine.
 *
 * A memory.high below what is used makes the kernel reclaim the difference before the write() returns (before 6.16,
 * where kernfs_write() asks it not to): 60 MiB of cache took 91 ms (facts-kernel 4). More than a step is therefore
 * dropped by the worker first. The value itself is always written on the main thread: the engine may have lifted or
 * moved memory.high meanwhile, because the unit is to be stopped, say, and a wall put up after that would be one that
 * nobody takes down. */
#include <stdio.h>

#include "act-internal.h"
#include "marks.h"

#define WRITE_BYTES_MAX (16 * MIB) /* to be reclaimed in the write(): 25 ms at the rate above */
#define DROP_LIMIT (2 * USEC_PER_SEC)

/* Below this share of cache, and with no swap, there is nothing that the kernel could reclaim. */
#define CACHE_SHARE 20

static bool is_unthrottlable(const Sample *sample) {
        uint64_t cache = util_sub(sample->current, sample->working_set);

        return sample->swap_free == 0 && cache < sample->current / CACHE_SHARE;
}

static int excess(int dirfd, uint64_t bytes, uint64_t *ret) {
        uint64_t current;
        int r;

        r = kernfs_read_u64(dirfd, "memory.current", &current);
        if (r < 0)
                return r;
        *ret = util_sub(current, bytes);
        return 0;
}

static int raise_wall(const ReclaimJob *job) {
        uint64_t high, left;
        int r;

        r = kernfs_read_u64(job->dirfd, "memory.high", &high);
        if (r >= 0)
                r = excess(job->dirfd, job->throttle_to, &left);
        if (r < 0)
                return r;
        if (job->forgotten || high != job->high_then)
                return -ECANCELED;
        if (left > 4 * WRITE_BYTES_MAX)
                return -ETIMEDOUT;
        return marks_set_high(job->dirfd, job->throttle_to, job->operator_high);
}

/* What the worker could not free is no error: the wall is what was asked for. */
static void dropped(const ReclaimJob *job, int result) {
        int r = result == -ENODEV ? result : raise_wall(job);
        const char *detail = "";

        if (r == -ECANCELED)
                detail = "memory.high was moved meanwhile";
        if (r == -ETIMEDOUT)
                detail = "its cache could not be dropped in time, and memguard would have had to wait for it";
        job->done(job->userdata, r, job->freed, detail);
}

static int drop_first(const ActContext *context, const ActRequest *request, uint64_t bytes, act_done_t done,
                      void *userdata) {
        ReclaimJob *job = act_reclaim_new(request->dirfd, request->path);
        int r;

        if (!job)
                return -EBUSY;
        r = kernfs_read_u64(request->dirfd, "memory.high", &job->high_then);
        if (r < 0) {
                act_reclaim_free(job);
                return r;
        }
        job->bytes = bytes;
        job->limit = MIN(DROP_LIMIT, request->spec->duration / 2);
        job->throttle_to = request->throttle_to;
        job->operator_high = request->operator_high;
        job->finished = dropped;
        job->done = done;
        job->userdata = userdata;
        return act_reclaim_submit(context->worker, job);
}

ACT_VERB(act_throttle) {
        uint64_t bytes;
        int r;

        if (request->sample && is_unthrottlable(request->sample))
                return act_answer(done, userdata, -EOPNOTSUPP,
                                  "all of its memory is anonymous and the host has no swap, "
                                  "so throttling would only stop it");
        r = excess(request->dirfd, request->throttle_to, &bytes);
        if (r < 0)
                return r;
        if (bytes > WRITE_BYTES_MAX && act_can_reclaim(request->dirfd))
                return drop_first(context, request, bytes, done, userdata);
        r = marks_set_high(request->dirfd, request->throttle_to, request->operator_high);
        return act_answer(done, userdata, r, r < 0 ? "memory.high could not be written" : "");
}

ACT_VERB(act_freeze) {
        int r = marks_set_freeze(request->dirfd, true);

        (void) context;
        return act_answer(done, userdata, r,
                          r == -EALREADY ? "somebody else has frozen it already"
                          : r < 0        ? "cgroup.freeze could not be written"
                                         : "");
}
