/* The verb `signal`: to a service's main process through its manager, which alone knows it; to all or to the largest
 * process through pidfds. */
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "act-internal.h"
#include "fd.h"

typedef struct Sending {
        const Kernfs *kernfs;
        const char *path;
        int signo;
        int n_sent, error;
} Sending;

static int send_to(const Kernfs *kernfs, const char *path, int pid, int signo) {
        _cleanup_close_ int pidfd = -1;
        int r;

        r = act_open_pid(kernfs, path, pid, &pidfd);
        if (r < 0)
                return r;
        return syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}

static void send_each(void *userdata, int pid) {
        Sending *sending = userdata;
        int r;

        r = send_to(sending->kernfs, sending->path, pid, sending->signo);
        if (r >= 0)
                sending->n_sent++;
        else if (r != -ESRCH)
                sending->error = r;
}

int act_signal_all(const Kernfs *kernfs, int dirfd, const char *path, int signo) {
        Sending sending = {.kernfs = kernfs, .path = path, .signo = signo};
        int r;

        r = act_each_pid(dirfd, send_each, &sending);
        if (r < 0)
                return r;
        if (sending.error < 0)
                return sending.error;
        return sending.n_sent > 0 ? sending.n_sent : -ESRCH;
}

typedef struct Largest {
        const Kernfs *kernfs;
        int pid;
        uint64_t pages;
} Largest;

/* The second number of statm: pages in memory. */
static void weigh(void *userdata, int pid) {
        char name[32], text[256], *rest = text;
        Largest *largest = userdata;
        uint64_t pages;

        (void) snprintf(name, sizeof(name), "%d/statm", pid);
        if (kernfs_read(largest->kernfs->proc_fd, name, text, sizeof(text)) < 0)
                return;
        (void) strsep(&rest, " ");
        if (!rest || kerneltext_u64(strsep(&rest, " "), &pages) < 0)
                return;
        if (largest->pid == 0 || pages > largest->pages) {
                largest->pid = pid;
                largest->pages = pages;
        }
}

static int signal_largest(const ActContext *context, const ActRequest *request, act_done_t done, void *userdata) {
        Largest largest = {.kernfs = context->kernfs};
        char detail[ACT_DETAIL_MAX];
        int r;

        r = act_each_pid(request->dirfd, weigh, &largest);
        if (r >= 0)
                r = largest.pid == 0 ? -ESRCH
                                     : send_to(context->kernfs, request->path, largest.pid, request->spec->signo);
        if (r < 0)
                return act_answer(done, userdata, r, "its largest process could not be signalled");
        (void) snprintf(detail, sizeof(detail), "sent to process %d", largest.pid);
        return act_answer(done, userdata, 0, detail);
}

static int signal_everyone(const ActContext *context, const ActRequest *request, act_done_t done, void *userdata) {
        char detail[ACT_DETAIL_MAX];
        int r;

        /* The kernel's way leaves nobody out who forks meanwhile. */
        if (request->spec->signo == SIGKILL)
                return act_kill(context, request, done, userdata);
        r = act_signal_all(context->kernfs, request->dirfd, request->path, request->spec->signo);
        if (r < 0)
                return act_answer(done, userdata, r,
                                  r == -ESRCH ? "no process is left in it" : "not all of its processes got the signal");
        (void) snprintf(detail, sizeof(detail), "sent to %d process%s", r, r == 1 ? "" : "es");
        return act_answer(done, userdata, 0, detail);
}

static int signal_main(const ActContext *context, const ActRequest *request, act_done_t done, void *userdata) {
        const char *unit = unitname_of_path(request->path);
        ActPending *pending;
        int r;

        if (unitname_type(unit) != UNIT_SERVICE)
                return act_answer(done, userdata, -EOPNOTSUPP,
                                  "only a service has a main process; write all or largest behind the signal");
        pending = act_pending_new(done, userdata);
        if (!pending)
                return -EBUSY;
        r = systemd_kill_main(context->systemd, request->path, unit, request->spec->signo, ACT_CALL_LIMIT,
                              act_pending_done, pending);
        if (r < 0)
                act_pending_free(pending);
        return r;
}

ACT_VERB(act_signal) {
        switch (request->spec->target) {
        case TARGET_MAIN:
                return signal_main(context, request, done, userdata);
        case TARGET_ALL:
                return signal_everyone(context, request, done, userdata);
        case TARGET_LARGEST:
                return signal_largest(context, request, done, userdata);
        case _TARGET_MAX:
        case _TARGET_INVALID:
                break;
        }
        return -EINVAL;
}
