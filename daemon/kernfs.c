/* See kernfs.h. Everything goes through openat() on a directory fd that is held: names are looked up in the very
 * directory that was opened, whatever has been made anew under its path since. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "fd.h"
#include "kernfs.h"
#include "unitname.h"

#define NUMBER_TEXT_MAX 64 /* the longest number is 20 digits; more means that it is no number */

static int open_dir(int dirfd, const char *path, int flags, int *ret) {
        int fd = openat(dirfd, path, flags | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        *ret = fd;
        return 0;
}

int kernfs_open(Kernfs *kernfs, const char *root) {
        _cleanup_close_ int root_fd = -1, proc_fd = -1, cgroup_fd = -1;
        int r;

        r = open_dir(AT_FDCWD, root, O_PATH, &root_fd);
        if (r < 0)
                return r;
        r = open_dir(root_fd, "proc", O_PATH, &proc_fd);
        if (r < 0)
                return r;
        r = open_dir(root_fd, "sys/fs/cgroup", O_PATH, &cgroup_fd);
        if (r < 0)
                return r;
        kernfs->proc_fd = TAKE_FD(proc_fd);
        kernfs->cgroup_fd = TAKE_FD(cgroup_fd);
        return 0;
}

void kernfs_done(Kernfs *kernfs) {
        fd_closep(&kernfs->proc_fd);
        fd_closep(&kernfs->cgroup_fd);
}

/* Is this word one of the blank-separated words of a file? */
static bool lists(int dirfd, const char *name, const char *word) {
        char text[1024], *rest = text, *one;

        if (kernfs_read(dirfd, name, text, sizeof(text)) < 0)
                return false;
        while ((one = strsep(&rest, " \n")))
                if (util_streq(one, word))
                        return true;
        return false;
}

const char *kernfs_lacks(const Kernfs *kernfs) {
        /* Asked by this file and not by the file system's type: v1 and hybrid hierarchies have none here, fixtures do.
         */
        if (faccessat(kernfs->cgroup_fd, "cgroup.controllers", F_OK, 0) < 0)
                return "The unified cgroup v2 hierarchy is not mounted at /sys/fs/cgroup; "
                       "boot with systemd.unified_cgroup_hierarchy=1.";
        if (!lists(kernfs->cgroup_fd, "cgroup.controllers", "memory"))
                return "The kernel offers no memory controller for cgroup v2; boot with cgroup_enable=memory.";
        if (!lists(kernfs->cgroup_fd, "cgroup.subtree_control", "memory"))
                return "The memory controller is not enabled below the root cgroup; "
                       "set DefaultMemoryAccounting=yes in system.conf.";
        if (faccessat(kernfs->proc_fd, "pressure/memory", F_OK, 0) < 0)
                return "The kernel offers no pressure information (/proc/pressure/memory); boot with psi=1.";
        return NULL;
}

int kernfs_open_cgroup(const Kernfs *kernfs, const char *path, int *ret_dirfd) {
        if (!unitname_path_is_valid(path))
                return -EINVAL;
        /* No O_PATH: such an fd can be read neither as a directory nor for xattrs (EBADF). cgroupfs has no symbolic
         * links. */
        return open_dir(kernfs->cgroup_fd, path[1] ? path + 1 : ".", O_RDONLY | O_NOFOLLOW, ret_dirfd);
}

/* Every directory has entries, and none fits into one byte: EINVAL. But first the kernel looks whether the directory
 * has been removed (iterate_dir(): IS_DEADDIR), and only then it is ENOENT. (st_nlink of a removed cgroup is still 2.)
 */
static bool is_removed(int dirfd) {
        char none[1];

        return getdents64(dirfd, none, sizeof(none)) < 0 && errno == ENOENT;
}

/* An open() in the directory of a removed cgroup fails with ENOENT, as for a file that this cgroup never had (the root
 * has no memory.max); a read() from a file opened before fails with ENODEV. Callers must tell "gone" from "has none".
 */
int kernfs_open_file(int dirfd, const char *name, int flags) {
        int fd = openat(dirfd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        if (fd >= 0)
                return fd;
        if (errno != ENOENT)
                return -errno;
        return is_removed(dirfd) ? -ENODEV : -ENOENT;
}

int kernfs_read(int dirfd, const char *name, char *buf, size_t size) {
        _cleanup_close_ int fd = kernfs_open_file(dirfd, name, O_RDONLY);
        size_t length = 0;

        assert(size > 0);
        if (fd < 0)
                return TAKE_FD(fd);
        /* A seq_file gives at most one page a read(), so a short read is not the end. */
        while (length < size) {
                ssize_t n = read(fd, buf + length, size - length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0) {
                        buf[length] = 0;
                        return (int) length;
                }
                length += (size_t) n;
        }
        return -E2BIG;
}

int kernfs_write(int dirfd, const char *name, const char *text) {
        /* O_TRUNC means nothing to the kernel's files; in a fixture it keeps a short text from leaving a longer one's
         * tail. O_NONBLOCK (kernfs_open_file) makes memory.high and memory.max of kernels since 6.16 leave the reclaim
         * to the cgroup's own tasks, so that the event loop does not do it in this write(); older ones ignore it. */
        _cleanup_close_ int fd = kernfs_open_file(dirfd, name, O_WRONLY | O_TRUNC);
        ssize_t n;

        if (fd < 0)
                return TAKE_FD(fd);
        n = write(fd, text, strlen(text));
        if (n < 0)
                return -errno; /* EINTR too: it is how the worker's time limit ends a reclaim */
        return (size_t) n == strlen(text) ? 0 : -EIO;
}

int kernfs_read_u64(int dirfd, const char *name, uint64_t *ret) {
        char text[NUMBER_TEXT_MAX];
        int r = kernfs_read(dirfd, name, text, sizeof(text));

        return r < 0 ? r : kerneltext_u64(text, ret);
}

int kernfs_write_u64(int dirfd, const char *name, uint64_t value) {
        char text[NUMBER_TEXT_MAX] = "max";

        if (value != BYTES_INFINITY)
                (void) snprintf(text, sizeof(text), "%" PRIu64, value);
        return kernfs_write(dirfd, name, text);
}

int kernfs_read_meminfo(const Kernfs *kernfs, MemInfo *ret) {
        char text[KERNFS_TEXT_MAX];
        int r = kernfs_read(kernfs->proc_fd, "meminfo", text, sizeof(text));

        return r < 0 ? r : kerneltext_meminfo(text, ret);
}
