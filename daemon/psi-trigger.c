/* See psi-trigger.h. */
#include "psi-trigger.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "fd.h"

/* A close() takes 20 ms (an RCU grace period) and can't be interrupted; this is only what the worker asks for. */
#define CLOSE_LIMIT (5 * USEC_PER_SEC)

static int run_close(void *job) {
        return close((int) (intptr_t) job) < 0 ? -errno : 0;
}

static void close_done(void *job, int result) {
        if (result == -ECANCELED)
                (void) run_close(job);
}

void psi_trigger_close(int fd, Worker *worker) {
        void *job = (void *) (intptr_t) fd;

        if (fd >= 0 && worker_submit(worker, run_close, close_done, job, CLOSE_LIMIT) < 0)
                (void) run_close(job);
}

static int open_pressure(const Kernfs *kernfs, const char *path) {
        _cleanup_close_ int dirfd = -1;
        int r;

        if (!path)
                return kernfs_open_file(kernfs->proc_fd, "pressure/memory", O_RDWR);
        r = kernfs_open_cgroup(kernfs, path, &dirfd);
        return r < 0 ? r : kernfs_open_file(dirfd, "memory.pressure", O_RDWR);
}

static int write_trigger(int fd, PsiPlan plan) {
        char text[64];
        int n = snprintf(text, sizeof(text), "some %" PRIu64 " %" PRIu64, plan.stall, plan.window);

        /* With the closing NUL: the kernel puts one over the last byte that it is given. */
        return write(fd, text, (size_t) n + 1) < 0 ? -errno : 0;
}

int psi_trigger_open(const Kernfs *kernfs, const char *path, PsiPlan *plan) {
        PsiPlan armed = psi_plan_fit(*plan);
        _cleanup_close_ int fd = -1;
        int r;

        fd = open_pressure(kernfs, path);
        if (fd < 0)
                return TAKE_FD(fd);
        r = write_trigger(fd, armed);
        if (r == -EINVAL) {
                /* No CAP_SYS_RESOURCE (it is EINVAL, not EPERM): coarser, but without the kernel thread. */
                armed = psi_plan_unprivileged(armed);
                r = write_trigger(fd, armed);
        }
        if (r < 0)
                return r;
        *plan = armed;
        return TAKE_FD(fd);
}
