/* The processes of a cgroup, without a race: everything is found below the directory fd of the run that we were asked
 * about, and a pid is only used as a pidfd whose membership was seen after it was opened. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "act-internal.h"
#include "fd.h"

#define DIRS_MAX 1024 /* whoever owns a delegated subtree may fill it with cgroups */

typedef struct Walk {
        void (*each)(void *userdata, int pid);
        void *userdata;
        unsigned n_pids, n_dirs;
} Walk;

static void take_pid(Walk *walk, uint64_t pid) {
        /* 0 stands for a process outside of our pid namespace. */
        if (pid <= 1 || pid > INT32_MAX || (pid_t) pid == getpid() || walk->n_pids >= ACT_PIDS_MAX)
                return;
        walk->n_pids++;
        walk->each(walk->userdata, (int) pid);
}

/* Read in pieces, for thousands of processes; a number may lie across two of them. */
static int read_procs(Walk *walk, int dirfd) {
        _cleanup_close_ int fd = kernfs_open_file(dirfd, "cgroup.procs", O_RDONLY);
        char buf[4096];
        uint64_t pid = 0;
        ssize_t n;

        if (fd < 0)
                return TAKE_FD(fd);
        while ((n = read(fd, buf, sizeof(buf))) > 0)
                for (ssize_t i = 0; i < n; i++)
                        if (buf[i] >= '0' && buf[i] <= '9')
                                pid = MIN(pid * 10 + (uint64_t) (buf[i] - '0'), (uint64_t) UINT32_MAX);
                        else {
                                take_pid(walk, pid);
                                pid = 0;
                        }
        take_pid(walk, pid);
        return n < 0 ? -errno : 0;
}

static void walk_dir(Walk *walk, int dirfd, unsigned depth);

static void walk_entries(Walk *walk, int fd, const char *buf, ssize_t n, unsigned depth) {
        for (ssize_t at = 0; at < n;) {
                const struct dirent64 *entry = (const struct dirent64 *) (buf + at);
                _cleanup_close_ int child = -1;

                at += entry->d_reclen;
                if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || walk->n_dirs >= DIRS_MAX)
                        continue;
                child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (child >= 0)
                        walk_dir(walk, child, depth + 1);
        }
}

/* What can't be read has vanished, or is a threaded cgroup (EOPNOTSUPP), whose processes its domain lists. */
static void walk_dir(Walk *walk, int dirfd, unsigned depth) {
        _Alignas(struct dirent64) char buf[2048];
        _cleanup_close_ int fd = -1;
        ssize_t n;

        walk->n_dirs++;
        (void) read_procs(walk, dirfd);
        if (depth >= ACT_DEPTH_MAX)
                return;
        /* Opened anew for a read position of our own. */
        fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        while (fd >= 0 && (n = getdents64(fd, buf, sizeof(buf))) > 0)
                walk_entries(walk, fd, buf, n, depth);
}

int act_each_pid(int dirfd, void (*each)(void *userdata, int pid), void *userdata) {
        Walk walk = {.each = each, .userdata = userdata};

        if (faccessat(dirfd, "cgroup.procs", F_OK, 0) < 0)
                return errno == ENOENT ? -ENODEV : -errno;
        walk_dir(&walk, dirfd, 0);
        return (int) walk.n_pids;
}

/* Is this the text of /proc/PID/cgroup of a process in this cgroup or below it? Names of cgroups hold no newline. */
static bool is_member(const char *text, const char *path) {
        size_t n = strlen(path);

        for (const char *line = text; *line; line += *line == '\n') {
                if (strncmp(line, "0::", 3) == 0)
                        return strncmp(line + 3, path, n) == 0 && (line[3 + n] == '/' || line[3 + n] == '\n');
                line += strcspn(line, "\n");
        }
        return false;
}

int act_open_pid(const Kernfs *kernfs, const char *path, int pid, int *ret_pidfd) {
        _cleanup_close_ int pidfd = (int) syscall(SYS_pidfd_open, pid, 0);
        char name[32], text[KERNFS_TEXT_MAX];
        int r;

        if (pidfd < 0)
                return -errno;
        (void) snprintf(name, sizeof(name), "%d/cgroup", pid);
        r = kernfs_read(kernfs->proc_fd, name, text, sizeof(text));
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        if (!is_member(text, path))
                return -ESRCH;
        *ret_pidfd = TAKE_FD(pidfd);
        return 0;
}
