/* The verb `signal`: to a service's main process, which its manager knows, to all or to the largest process; always
 * through pidfds. A signal that asks for something ends a process without a handler for it (signal(7)), and a service has
 * none yet while it starts: whoever does not expect it is spared, and that is said. */
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "act-internal.h"
#include "fd.h"
#include "proctext.h"

#define MAIN_SIGNALS_MAX 16 /* managers that are being asked; further ones are refused with -EBUSY */

/* -ECANCELED: it is spared. */
static int may_send(const Kernfs *kernfs, int pid, int signo) {
        char name[32], text[KERNFS_TEXT_MAX];
        int r;

        if (!signal_needs_handler(signo))
                return 0;
        (void) snprintf(name, sizeof(name), "%d/status", pid);
        r = kernfs_read(kernfs->proc_fd, name, text, sizeof(text));
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        r = proctext_expects(text, signo);
        return r < 0 ? r : r > 0 ? 0 : -ECANCELED;
}

static int send_to(const Kernfs *kernfs, const char *path, int pid, int signo) {
        _cleanup_close_ int pidfd = -1;
        int r;

        r = act_open_pid(kernfs, path, pid, &pidfd);
        if (r < 0)
                return r;
        r = may_send(kernfs, pid, signo);
        if (r < 0)
                return r;
        return syscall(SYS_pidfd_send_signal, pidfd, signo, NULL, 0) < 0 ? -errno : 0;
}

/* What became of a signal to the one process that was meant. */
static int answer(act_done_t done, void *userdata, int r, int signo, int pid) {
        char detail[ACT_DETAIL_MAX];

        if (r == -ECANCELED)
                (void) snprintf(detail, sizeof(detail), "process %d has no handler for %s, which would end it: it was not sent",
                                pid, signal_text(signo));
        else
                (void) snprintf(detail, sizeof(detail),
                                r == -ESRCH  ? "process %d is gone, or in another cgroup"
                                        : r < 0 ? "process %d could not be signalled"
                                                : "sent to process %d",
                                pid);
        return act_answer(done, userdata, r == -ECANCELED ? -EOPNOTSUPP : r, detail);
}

typedef struct Sending {
        const Kernfs *kernfs;
        const char *path;
        int signo;
        int n_sent, n_spared, error;
} Sending;

static void send_each(void *userdata, int pid) {
        Sending *sending = userdata;
        int r;

        r = send_to(sending->kernfs, sending->path, pid, sending->signo);
        if (r >= 0)
                sending->n_sent++;
        else if (r == -ECANCELED)
                sending->n_spared++;
        else if (r != -ESRCH)
                sending->error = r;
}

static int send_all(const Kernfs *kernfs, int dirfd, const char *path, int signo, Sending *ret) {
        Sending sending = {.kernfs = kernfs, .path = path, .signo = signo};
        int r;

        r = act_each_pid(dirfd, send_each, &sending);
        if (r >= 0)
                *ret = sending;
        return MIN(r, 0);
}

int act_signal_all(const Kernfs *kernfs, int dirfd, const char *path, int signo) {
        Sending sending;
        int r;

        r = send_all(kernfs, dirfd, path, signo, &sending);
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
        int signo = request->spec->signo, r;

        r = act_each_pid(request->dirfd, weigh, &largest);
        if (r < 0 || largest.pid == 0)
                return act_answer(done, userdata, r < 0 ? r : -ESRCH, "no process is left in it");
        return answer(done, userdata, send_to(context->kernfs, request->path, largest.pid, signo), signo, largest.pid);
}

static int signal_everyone(const ActContext *context, const ActRequest *request, act_done_t done, void *userdata) {
        char detail[ACT_DETAIL_MAX];
        int signo = request->spec->signo, r;
        Sending sending = {0};

        /* The kernel's way leaves nobody out who forks meanwhile. */
        if (signo == SIGKILL)
                return act_kill(context, request, done, userdata);
        r = send_all(context->kernfs, request->dirfd, request->path, signo, &sending);
        if (r < 0 || sending.error < 0)
                return act_answer(done, userdata, r < 0 ? r : sending.error, "not all of its processes got the signal");
        if (sending.n_sent + sending.n_spared == 0)
                return act_answer(done, userdata, -ESRCH, "no process is left in it");
        r = snprintf(detail, sizeof(detail), "sent to %d process%s", sending.n_sent, sending.n_sent == 1 ? "" : "es");
        if (sending.n_spared > 0)
                (void) snprintf(detail + r, sizeof(detail) - (size_t) r, "; %d spared, which %s would end for want of a handler",
                                sending.n_spared, signal_text(signo));
        return act_answer(done, userdata, sending.n_sent > 0 ? 0 : -EOPNOTSUPP, detail);
}

typedef struct MainSignal {
        bool used;
        const Kernfs *kernfs;
        char path[CGROUP_PATH_MAX];
        int signo;
        act_done_t done;
        void *userdata;
} MainSignal;

static MainSignal main_signals[MAIN_SIGNALS_MAX];

static void on_main_pid(void *userdata, int result, const char *detail) {
        MainSignal *main_signal = userdata;
        act_done_t done = main_signal->done;
        void *whose = main_signal->userdata;

        if (result > 0)
                (void) answer(done, whose, send_to(main_signal->kernfs, main_signal->path, result, main_signal->signo),
                              main_signal->signo, result);
        else
                done(whose, result, 0, detail);
        main_signal->used = false;
}

static int signal_main(const ActContext *context, const ActRequest *request, act_done_t done, void *userdata) {
        const char *unit = unitname_of_path(request->path);
        MainSignal *free_one = NULL;
        int r;

        if (unitname_type(unit) != UNIT_SERVICE)
                return act_answer(done, userdata, -EOPNOTSUPP,
                                  "only a service has a main process; write all or largest behind the signal");
        for (size_t i = 0; i < MAIN_SIGNALS_MAX && !free_one; i++)
                if (!main_signals[i].used)
                        free_one = &main_signals[i];
        if (!free_one)
                return -EBUSY;
        *free_one = (MainSignal){.used = true, .kernfs = context->kernfs, .signo = request->spec->signo, .done = done,
                                 .userdata = userdata};
        (void) snprintf(free_one->path, sizeof(free_one->path), "%s", request->path);
        r = systemd_main_pid(context->systemd, request->path, unit, ACT_CALL_LIMIT, on_main_pid, free_one);
        if (r < 0)
                free_one->used = false;
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
