/* See proclook.h. The process's directory is opened once, so that all that is read is of one process: a pid that is used
 * anew has another directory, and the old one says ESRCH or ENOENT for ever. */
#include <fcntl.h>
#include <stdio.h>

#include "fd.h"
#include "proclook.h"
#include "proctext.h"

/* A process with more is not looked at any further: nobody's limit is that high but by mistake, and it takes time. */
#define MAPS_MAX ((uint64_t) 300000)
#define MAPS_LIMIT_DEFAULT ((uint64_t) 65530)

static bool is_gone(int error) {
        return error == -ESRCH || error == -ENOENT || error == -ENODEV;
}

static int open_process(const Kernfs *kernfs, int pid, int *ret) {
        char name[16];
        int fd;

        if (pid <= 0)
                return -EINVAL;
        (void) snprintf(name, sizeof(name), "%d", pid);
        fd = openat(kernfs->proc_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret = fd;
        return 0;
}

static int read_stat(int dirfd, ProcStat *ret) {
        char text[2048];
        int r = kernfs_read(dirfd, "stat", text, sizeof(text));

        return r < 0 ? r : proctext_stat(text, ret);
}

static int read_limits(int dirfd, ProcessLook *look) {
        char text[4096];
        ProcLimits limits;
        int r;

        r = kernfs_read(dirfd, "limits", text, sizeof(text));
        if (r < 0)
                return r;
        r = proctext_limits(text, &limits);
        if (r < 0)
                return r;
        look->as_limit = limits.address_space;
        look->data_limit = limits.data;
        return 0;
}

static int read_status(int dirfd, ProcessLook *look) {
        char text[KERNFS_TEXT_MAX];
        ProcStatus status;
        int r;

        r = kernfs_read(dirfd, "status", text, sizeof(text));
        if (r == -E2BIG)
                return 0; /* a process may be in 65536 groups, all of them listed here; its sizes stay unknown */
        if (r < 0)
                return r;
        r = proctext_status(text, &status);
        if (r < 0)
                return r;
        look->vm_size = status.vm_size;
        look->vm_peak = status.vm_peak;
        look->vm_data = status.vm_data;
        return 0;
}

static uint64_t n_newlines(const char *text, size_t n) {
        uint64_t found = 0;

        for (const char *end = text + n; (text = memchr(text, '\n', (size_t) (end - text))); text++)
                found++;
        return found;
}

/* Counts up to the bound, and by at most one buffer beyond. */
static int count_lines(int dirfd, const char *name, uint64_t bound, uint64_t *ret) {
        _cleanup_close_ int fd = kernfs_open_file(dirfd, name, O_RDONLY);
        char text[16 * 1024];
        uint64_t found = 0;

        if (fd < 0)
                return TAKE_FD(fd);
        while (found < bound) {
                ssize_t n = read(fd, text, sizeof(text));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                found += n_newlines(text, (size_t) n);
        }
        *ret = MIN(found, bound);
        return 0;
}

static int read_maps(int dirfd, ProcessLook *look) {
        uint64_t limit = look->maps_limit > 0 ? look->maps_limit : MAPS_LIMIT_DEFAULT;
        int r = count_lines(dirfd, "maps", MIN(limit, MAPS_MAX) + 1, &look->maps);

        /* Without CAP_SYS_PTRACE this one is closed to us, and only this one. */
        return r == -EACCES || r == -EPERM ? 0 : r;
}

static int read_process(const Kernfs *kernfs, int pid, bool count_maps, Witness *witness) {
        _cleanup_close_ int dirfd = -1;
        ProcStat stat;
        int r;

        r = open_process(kernfs, pid, &dirfd);
        if (r < 0)
                return r;
        r = read_stat(dirfd, &stat);
        if (r < 0)
                return r;
        memcpy(witness->comm, stat.comm, sizeof(witness->comm));
        witness->look.start = stat.start;
        if (proctext_is_dead(stat.state))
                return -ESRCH;
        r = read_limits(dirfd, &witness->look);
        if (r < 0)
                return r;
        r = read_status(dirfd, &witness->look);
        if (r < 0)
                return r;
        return count_maps ? read_maps(dirfd, &witness->look) : 0;
}

/* What is missing here stays 0, which is unknown; but for overcommit 0 is what a kernel does that has no such file. */
static int read_host(const Kernfs *kernfs, ProcessLook *look) {
        MemInfo host;
        int r;

        r = kernfs_read_meminfo(kernfs, &host);
        if (r < 0)
                return r;
        look->commit_limit = host.commit_limit;
        look->committed = host.committed;
        look->ram_and_swap = util_add(host.total, host.swap_total);
        r = kernfs_read_u64(kernfs->proc_fd, "sys/vm/overcommit_memory", &look->overcommit);
        if (r < 0 && !is_gone(r))
                return r;
        r = kernfs_read_u64(kernfs->proc_fd, "sys/vm/max_map_count", &look->maps_limit);
        return is_gone(r) ? 0 : r;
}

int proclook_read(const Kernfs *kernfs, int pid, bool count_maps, Witness *ret) {
        Witness witness = {.source = WITNESS_PROC, .fact = FACT_LOOK, .pid = pid};
        int r;

        r = read_host(kernfs, &witness.look);
        if (r < 0)
                return r;
        r = read_process(kernfs, pid, count_maps, &witness);
        if (r < 0 && !is_gone(r))
                return r;
        witness.code = r < 0 ? 1 : 0;
        *ret = witness;
        return 0;
}

int proclook_cgroup(const Kernfs *kernfs, int pid, char ret_path[static CGROUP_PATH_MAX]) {
        _cleanup_close_ int dirfd = -1;
        char text[KERNFS_TEXT_MAX];
        int r;

        r = open_process(kernfs, pid, &dirfd);
        if (r >= 0)
                r = kernfs_read(dirfd, "cgroup", text, sizeof(text));
        if (r < 0)
                return is_gone(r) ? -ESRCH : r;
        return proctext_cgroup(text, ret_path);
}

int proclook_gone(const Kernfs *kernfs, int pid, uint64_t start) {
        _cleanup_close_ int dirfd = -1;
        ProcStat stat;
        int r;

        r = open_process(kernfs, pid, &dirfd);
        if (r >= 0)
                r = read_stat(dirfd, &stat);
        if (r < 0)
                return is_gone(r) ? 1 : r;
        return proctext_is_dead(stat.state) || (start != 0 && stat.start != start);
}
