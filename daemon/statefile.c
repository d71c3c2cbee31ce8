/* See statefile.h. No fsync(): the file is of use only to a daemon of the same boot, for which the page cache is as
 * good as the disk, and under memory pressure an fsync() may take seconds. After a power loss it may be empty or old;
 * then it names no boot or another one, and counts for nothing. */
#include <fcntl.h>
#include <stdio.h>

#include "fd.h"
#include "linefile.h"
#include "statefile.h"

#define NAME "budgets"
#define NAME_NEW "budgets.new"
#define LINE_MAX_BYTES 4096 /* a path with every byte escaped, and 32 times */

static int load_line(Engine *engine, const char *line) {
        char path[CGROUP_PATH_MAX];
        Budget budget;
        int r;

        r = budget_parse(line, path, &budget);
        return r < 0 ? r : engine_restore_budget(engine, path, &budget);
}

int statefile_load(Engine *engine, int state_dirfd, const char *boot_id, unsigned *ret_bad) {
        _cleanup_(fclosep) FILE *file = NULL;
        char line[LINE_MAX_BYTES];
        unsigned bad = 0;
        int r, n = 0;

        *ret_bad = 0;
        r = linefile_open(state_dirfd, NAME, STATEFILE_BYTES_MAX, &file);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = linefile_read(file, line, sizeof(line));
        if (r <= 0 || strncmp(line, "boot ", 5) != 0 || !util_streq(line + 5, boot_id))
                return 0;
        while ((r = linefile_read(file, line, sizeof(line))) != 0)
                if (r < 0 || load_line(engine, line) < 0)
                        bad++;
                else
                        n++;
        if (ferror(file))
                return -EIO;
        *ret_bad = bad;
        return n;
}

typedef struct Out {
        int fd;
        size_t n;
        char buf[4 * LINE_MAX_BYTES];
} Out;

static int flush(Out *out) {
        size_t done = 0;

        while (done < out->n) {
                ssize_t n = write(out->fd, out->buf + done, out->n - done);
                if (n < 0 && errno != EINTR)
                        return -errno;
                done += (size_t) MAX(n, 0);
        }
        out->n = 0;
        return 0;
}

static int put_line(Out *out, const char *line) {
        size_t n = strlen(line);
        int r;

        if (out->n + n + 1 > sizeof(out->buf)) {
                r = flush(out);
                if (r < 0)
                        return r;
        }
        memcpy(out->buf + out->n, line, n);
        out->buf[out->n + n] = '\n';
        out->n += n + 1;
        return 0;
}

static int write_all(const Engine *engine, const char *boot_id, Out *out) {
        char line[LINE_MAX_BYTES];
        unsigned iterator = 0;
        const Budget *budget;
        const char *path;
        int r;

        (void) snprintf(line, sizeof(line), "boot %s", boot_id);
        r = put_line(out, line);
        while (r >= 0 && engine_next_budget(engine, &iterator, &path, &budget) > 0) {
                r = budget_format(budget, path, line, sizeof(line));
                if (r >= 0)
                        r = put_line(out, line);
        }
        return r < 0 ? r : flush(out);
}

int statefile_save(const Engine *engine, int state_dirfd, const char *boot_id) {
        _cleanup_close_ int fd = -1;
        Out out = {0};
        int r;

        /* One that a crash left behind. */
        if (unlinkat(state_dirfd, NAME_NEW, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(state_dirfd, NAME_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        out.fd = fd;
        r = write_all(engine, boot_id, &out);
        if (r >= 0 && renameat(state_dirfd, NAME_NEW, state_dirfd, NAME) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(state_dirfd, NAME_NEW, 0);
        return r;
}
