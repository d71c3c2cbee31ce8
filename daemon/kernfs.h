/* The kernel's files below one root prefix, so that tests run unprivileged on fixture trees. The prefix is opened once;
 * everything after that is openat() below a directory fd that is held open, so a cgroup that is removed and made anew under
 * the same name can never be taken for the old one. */
#pragma once

#include "kerneltext.h"
#include "util.h"

#define KERNFS_TEXT_MAX (16 * 1024) /* the largest file we read (memory.stat is about 2 KiB); a longer one is -E2BIG */

typedef struct Kernfs {
        int proc_fd;   /* root/proc */
        int cgroup_fd; /* root/sys/fs/cgroup */
} Kernfs;

#define KERNFS_INIT ((Kernfs){.proc_fd = -1, .cgroup_fd = -1})

/* Opens both directories below root ("/" on a real system). */
int kernfs_open(Kernfs *kernfs, const char *root);
void kernfs_done(Kernfs *kernfs);

/* What this host lacks, as a finished sentence for the operator, or NULL when all is there: cgroup v2 mounted as the
 * unified hierarchy, the memory controller in the root's cgroup.controllers and cgroup.subtree_control, /proc/pressure/memory. */
const char *kernfs_lacks(const Kernfs *kernfs);

/* Opens a cgroup's directory (path as in unitname.h; validated). -ENOENT, -EINVAL. The caller closes. */
int kernfs_open_cgroup(const Kernfs *kernfs, const char *path, int *ret_dirfd);

/* Opens a file below a directory fd; returns the fd. -ENODEV when the cgroup is gone, -ENOENT when it has no such file. All
 * below report both in the same way. */
int kernfs_open_file(int dirfd, const char *name, int flags);

/* Reads a small file below a directory fd, NUL-terminated; returns its length. -E2BIG when it does not fit. */
int kernfs_read(int dirfd, const char *name, char *buf, size_t size);

/* Writes a text in one write(). -EINTR when a signal cut it short (memory.reclaim). */
int kernfs_write(int dirfd, const char *name, const char *text);

/* Reads and writes one number; BYTES_INFINITY is "max". */
int kernfs_read_u64(int dirfd, const char *name, uint64_t *ret);
int kernfs_write_u64(int dirfd, const char *name, uint64_t value);

int kernfs_read_meminfo(const Kernfs *kernfs, MemInfo *ret);
