/* The flight recorder's files. Whatever goes wrong, a file holds whole lines: it is a valid trace up to its end. */
#include "recorder-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fd.h"

#define DIRECTORY "flight"
#define CURRENT "current.trace"
#define PREVIOUS "previous.trace"

static const char about[] =
        "# The flight recorder of memguardd " MEMGUARD_VERSION ". Readings of units that stand still are left out, but for one an "
        "hour,\n# and what is older was overwritten. What policies would have done is told by: memguardctl simulate FILE\n";

static int write_all(int fd, const char *text, size_t n) {
        size_t done = 0;

        while (done < n) {
                ssize_t written = write(fd, text + done, n - done);

                if (written < 0)
                        return -errno; /* EINTR too: the worker's time is up */
                if (written == 0)
                        return -EIO;
                done += (size_t) written;
        }
        return 0;
}

static int append(int fd, const char *text, size_t n) {
        off_t before = lseek(fd, 0, SEEK_END);
        int r;

        if (before < 0)
                return -errno;
        r = write_all(fd, text, n);
        if (r < 0 && ftruncate(fd, before) < 0)
                return -errno;
        return r;
}

/* O_EXCL: whatever else there is by that name is not ours. */
static int turn(RecorderJob *job) {
        char text[FLIGHT_BEGIN_MAX + sizeof(about) + 1];
        _cleanup_close_ int fd = -1;
        int n, r;

        if (renameat(job->dirfd, CURRENT, job->dirfd, PREVIOUS) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(job->dirfd, CURRENT, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        n = flight_begin_format(&job->begin, text);
        n += snprintf(text + n, sizeof(text) - (size_t) n, "\n%s", about);
        r = append(fd, text, (size_t) n);
        if (r < 0) {
                (void) unlinkat(job->dirfd, CURRENT, 0);
                return r;
        }
        fd_closep(&job->fd);
        job->fd = TAKE_FD(fd);
        job->turn = false;
        return 0;
}

int recorder_job_run(void *userdata) {
        RecorderJob *job = userdata;
        off_t size;
        int r = 0;

        if (job->turn)
                r = turn(job);
        if (r >= 0)
                r = append(job->fd, job->text, job->n);
        size = lseek(job->fd, 0, SEEK_END);
        job->size = size < 0 ? 0 : (uint64_t) size;
        return r;
}

/* Ours alone may write there: root's, but for tests. */
int recorder_open_directory(int state_dirfd, int *ret_fd) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (mkdirat(state_dirfd, DIRECTORY, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(state_dirfd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return -EPERM;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* One that ends within a line was left by a daemon that was killed. */
static bool ends_well(int fd, const struct stat *st) {
        char last = 0;

        return st->st_size == 0 || (pread(fd, &last, 1, st->st_size - 1) == 1 && last == '\n');
}

int recorder_open_file(int dirfd, uint64_t bytes, int *ret_fd, uint64_t *ret_size) {
        _cleanup_close_ int fd = openat(dirfd, CURRENT, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat st;

        if (fd < 0)
                return errno == ENOENT || errno == ELOOP || errno == ENXIO || errno == EISDIR ? 1 : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)) || st.st_nlink != 1 ||
            !ends_well(fd, &st) || (uint64_t) st.st_size >= bytes)
                return 1;
        *ret_size = (uint64_t) st.st_size;
        *ret_fd = TAKE_FD(fd);
        return 0;
}
