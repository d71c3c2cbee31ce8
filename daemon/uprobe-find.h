/* Which files of a process are a CPython: a job for a worker, as /proc/PID/maps waits for the process's memory lock and
 * the files may lie on a file system that its user serves (FUSE). */
#pragma once

#include "pyelf.h"
#include "util.h"

#define FIND_KNOWN_MAX 64 /* files that need no further look */
#define FIND_FILES_MAX 4  /* that may be one, in one process */
#define FIND_PATH_MAX 256

typedef struct FileKey {
        uint64_t device, inode;
} FileKey;

typedef struct FoundFile {
        FileKey mapped; /* as in maps; other than `own` on btrfs and overlayfs, and where the process deceives */
        FileKey own;    /* as in stat(), of what was looked at; zeroes: nothing was, as it is known or could not be opened */
        int fd;         /* of a CPython, for reading; -1 for everything else */
        bool unread;    /* it could not be read: nothing is said about it */
        PyBuild build;
} FoundFile;

/* Filled in by whoever submits it: proc_fd, pid or path, known. */
typedef struct FindJob {
        void *owner;
        int proc_fd; /* borrowed */
        int pid;     /* 0: path instead */
        char path[FIND_PATH_MAX];
        unsigned n_known, n_seen, n_found;
        FileKey known[FIND_KNOWN_MAX];
        FileKey seen[FIND_FILES_MAX]; /* the known ones among its files */
        FoundFile found[FIND_FILES_MAX];
} FindJob;

static inline bool filekey_equal(FileKey a, FileKey b) {
        return a.device == b.device && a.inode == b.inode;
}

/* A worker_run_t. The fds in found are the caller's afterwards, whatever the result. */
int find_run(void *job);

void find_close(FindJob *job);
