/* The verb `pressure`: tells a service to give memory back. One that has the Python module is asked through it, and answers
 * with what it freed (module.h). Any other may watch $MEMORY_PRESSURE_WATCH (systemd's protocol, systemd.io/MEMORY_PRESSURE). Of the three things that path may name, one can be triggered from
 * outside: a FIFO, by writing to it; what is written means nothing. memory.pressure moves only with a real stall, and a
 * socket belongs to whoever listens on it, to which the service connects as we would.
 *
 * The path is the service's word. It is looked up below the process's own root, in what the kernel has cached (so that
 * no FUSE file system of the service's is asked and makes us wait), and must be a FIFO of the process's own user, else
 * a service could make root write where it can't. (A FIFO that is open is cached.) On the worker, because reading
 * environ takes the process's mmap lock.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "act-internal.h"
#include "fd.h"
#include "module.h"

#define PRESSURE_JOBS_MAX 4
#define MODULE_LIMIT (10 * USEC_PER_SEC) /* a full garbage collection of a big heap takes seconds */
#define VARIABLE "MEMORY_PRESSURE_WATCH="

typedef struct PressureJob {
        bool used;
        const Kernfs *kernfs;
        int dirfd; /* our own */
        char path[CGROUP_PATH_MAX];
        char environ[64 * KIB]; /* systemd's own variables come first */
        const char *watch;      /* in environ */
        int error;              /* why a process could not be asked */
        int root;               /* of the process */
        uid_t uid;
        const char *detail;
        act_done_t done;
        void *userdata;
} PressureJob;

static PressureJob jobs[PRESSURE_JOBS_MAX];

static const char *find_variable(const char *text, size_t size) {
        for (size_t at = 0; at < size; at += strlen(text + at) + 1)
                if (strncmp(text + at, VARIABLE, strlen(VARIABLE)) == 0)
                        return text + at + strlen(VARIABLE);
        return NULL;
}

/* All that is read of the process is read between opening its pidfd and seeing that it still lives, so it is all of
 * one. */
static int read_process(PressureJob *job, int pid, const char **ret_watch) {
        _cleanup_close_ int pidfd = -1, root = -1;
        const char *watch;
        char name[48];
        struct stat st;
        int r;

        r = act_open_pid(job->kernfs, job->path, pid, &pidfd);
        if (r < 0)
                return r;
        (void) snprintf(name, sizeof(name), "%d/environ", pid);
        r = kernfs_read(job->kernfs->proc_fd, name, job->environ, sizeof(job->environ));
        if (r < 0)
                return r;
        watch = find_variable(job->environ, (size_t) r);
        if (!watch)
                return -ENOENT;
        (void) snprintf(name, sizeof(name), "%d/root", pid);
        root = openat(job->kernfs->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        (void) snprintf(name, sizeof(name), "%d", pid);
        if (root < 0 || fstatat(job->kernfs->proc_fd, name, &st, 0) < 0)
                return -errno;
        if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0)
                return -errno;
        job->uid = st.st_uid;
        job->root = TAKE_FD(root);
        *ret_watch = watch;
        return 0;
}

static void look_at(void *userdata, int pid) {
        PressureJob *job = userdata;
        int r;

        /* All processes of a service inherit the same variable; the first that has it speaks for them. */
        r = job->watch ? 0 : read_process(job, pid, &job->watch);
        if (r < 0 && r != -ENOENT && r != -ESRCH)
                job->error = r;
}

static int open_watched(const PressureJob *job, int *ret) {
        struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                               .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_CACHED};
        int fd = (int) syscall(SYS_openat2, job->root, job->watch, &how, sizeof(how));

        if (fd < 0)
                return -errno;
        *ret = fd;
        return 0;
}

/* Why nothing can be written there, or NULL. */
static const char *refusal(const PressureJob *job, const struct stat *st) {
        if (S_ISREG(st->st_mode))
                return "it watches a pressure file of the kernel, which only a real stall can move; "
                       "Action=throttle makes one";
        if (S_ISSOCK(st->st_mode))
                return "it watches a socket, which only the program that listens there can use to tell it";
        if (!S_ISFIFO(st->st_mode))
                return "what it watches is neither a pressure file, a FIFO nor a socket";
        return st->st_uid == job->uid ? NULL : "the FIFO that it watches belongs to another user";
}

/* Our own reading end keeps the write from raising SIGPIPE when the service's goes away at this moment. */
static int poke(int fifo) {
        _cleanup_close_ int writer = -1, reader = -1;
        char name[48];

        (void) snprintf(name, sizeof(name), "/proc/self/fd/%d", fifo);
        writer = open(name, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (writer < 0)
                return -errno;
        reader = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (reader < 0)
                return -errno;
        /* A full FIFO holds enough calls that were not heard. */
        return write(writer, "\n", 1) < 0 && errno != EAGAIN ? -errno : 0;
}

static int tell(PressureJob *job) {
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        r = open_watched(job, &fd);
        if (r == -EAGAIN || r == -ENOENT) {
                job->detail = "nobody has opened what $MEMORY_PRESSURE_WATCH of it names";
                return -ENXIO;
        }
        if (r < 0)
                return r;
        if (fstat(fd, &st) < 0)
                return -errno;
        job->detail = refusal(job, &st);
        if (job->detail)
                return S_ISFIFO(st.st_mode) ? -EPERM : -EOPNOTSUPP;
        r = poke(fd);
        job->detail = r == -ENXIO ? "nobody reads the FIFO that it said it watches" : NULL;
        return r;
}

static int run(void *userdata) {
        PressureJob *job = userdata;
        int r;

        r = act_each_pid(job->dirfd, look_at, job);
        if (r < 0)
                return r;
        if (!job->watch && job->error < 0) {
                job->detail = "its environment could not be read (for other users' that takes CAP_SYS_PTRACE)";
                return job->error;
        }
        if (!job->watch || util_streq(job->watch, "/dev/null")) {
                job->detail = "it does not watch for memory pressure ($MEMORY_PRESSURE_WATCH)";
                return -EOPNOTSUPP;
        }
        return tell(job);
}

static void release(PressureJob *job) {
        fd_closep(&job->dirfd);
        fd_closep(&job->root);
        job->used = false;
}

static void finished(void *userdata, int result) {
        PressureJob *job = userdata;
        act_done_t done = job->done;
        void *whose = job->userdata;
        const char *detail = job->detail ? job->detail : "";

        release(job);
        done(whose, result, 0, detail);
}

ACT_VERB(act_pressure) {
        uint64_t most = request->sample ? request->sample->current : BYTES_INFINITY;
        PressureJob *job = NULL;
        int r;

        r = context->module ? module_free_memory(context->module, request->path, most, MODULE_LIMIT, done, userdata) : 0;
        if (r != 0)
                return MIN(r, 0);
        for (size_t i = 0; i < PRESSURE_JOBS_MAX && !job; i++)
                if (!jobs[i].used)
                        job = &jobs[i];
        if (!job)
                return -EBUSY;
        job->dirfd = fcntl(request->dirfd, F_DUPFD_CLOEXEC, 3);
        if (job->dirfd < 0)
                return -errno;
        job->used = true;
        job->root = -1;
        job->error = 0;
        job->watch = job->detail = NULL;
        job->kernfs = context->kernfs;
        job->done = done;
        job->userdata = userdata;
        (void) snprintf(job->path, sizeof(job->path), "%s", request->path);
        r = worker_submit(context->worker, run, finished, job, ACT_CALL_LIMIT);
        if (r < 0)
                release(job);
        return r;
}
