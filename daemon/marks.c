/* See marks.h. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fd.h"
#include "marks.h"
#include "walk.h"

#define XATTR "user.memguard"

/* What a unit may grow by between our look at memory.current and the write of memory.max: 5 ms (two system calls and an
 * unlucky preemption) at 200 MiB/s, the fastest leak that we were measured with. Without it the write could kill. */
#define MAX_MARGIN (1 * MIB)

typedef enum MarkKind {
        MARK_HIGH,
        MARK_MAX,
        MARK_FREEZE,
        _MARK_KIND_MAX,
} MarkKind;

/* One file's mark: what Marks says of one kind. */
typedef struct Mark {
        bool set;
        uint64_t ours, before, operator_value;
} Mark;

static const char *const mark_files[_MARK_KIND_MAX] = {"memory.high", "memory.max", "cgroup.freeze"};

static Marks to_marks(MarkKind kind, const Mark *mark) {
        switch (kind) {
        case MARK_HIGH:
                return (Marks){.high = mark->set,
                               .high_ours = mark->ours,
                               .high_before = mark->before,
                               .high_operator = mark->operator_value};
        case MARK_MAX:
                return (Marks){.max = mark->set,
                               .max_ours = mark->ours,
                               .max_before = mark->before,
                               .max_operator = mark->operator_value};
        case MARK_FREEZE:
                return (Marks){.freeze = mark->set};
        case _MARK_KIND_MAX:
                break;
        }
        return (Marks){};
}

/* The one mark of this kind in marks; -EINVAL when there is none or another one. */
static int from_marks(const Marks *marks, MarkKind kind, Mark *ret) {
        if (marks->high + marks->max + marks->freeze != 1)
                return -EINVAL;
        if (kind == MARK_HIGH && marks->high)
                *ret = (Mark){true, marks->high_ours, marks->high_before, marks->high_operator};
        else if (kind == MARK_MAX && marks->max)
                *ret = (Mark){true, marks->max_ours, marks->max_before, marks->max_operator};
        else if (kind == MARK_FREEZE && marks->freeze)
                *ret = (Mark){true, 1, 1, 0};
        else
                return -EINVAL;
        return 0;
}

/* *ret->set is false when the file has none. */
static int read_mark(int dirfd, MarkKind kind, Mark *ret) {
        _cleanup_close_ int fd = kernfs_open_file(dirfd, mark_files[kind], O_RDONLY);
        char text[MARKS_TEXT_MAX];
        Marks marks;
        ssize_t n;
        int r;

        *ret = (Mark){};
        if (fd < 0)
                return fd == -ENOENT ? 0 : TAKE_FD(fd);
        n = fgetxattr(fd, XATTR, text, sizeof(text) - 1);
        if (n < 0 && errno == ENODATA)
                return 0;
        if (n < 0)
                return errno == ERANGE ? -EINVAL : -errno;
        text[n] = 0;
        r = marks_parse(text, &marks);
        if (r < 0)
                return r;
        return strlen(text) == (size_t) n ? from_marks(&marks, kind, ret) : -EINVAL;
}

static int write_mark(int dirfd, MarkKind kind, const Mark *mark) {
        _cleanup_close_ int fd = kernfs_open_file(dirfd, mark_files[kind], O_RDONLY);
        Marks marks = to_marks(kind, mark);
        char text[MARKS_TEXT_MAX];
        int n;

        if (fd < 0)
                return TAKE_FD(fd);
        n = marks_format(&marks, text, sizeof(text));
        if (n < 0)
                return n;
        return fsetxattr(fd, XATTR, text, (size_t) n, 0) < 0 ? -errno : 0;
}

static int remove_mark(int dirfd, MarkKind kind) {
        _cleanup_close_ int fd = kernfs_open_file(dirfd, mark_files[kind], O_RDONLY);

        if (fd < 0)
                return TAKE_FD(fd);
        return fremovexattr(fd, XATTR) < 0 && errno != ENODATA ? -errno : 0;
}

int marks_read(int dirfd, Marks *ret) {
        Mark mark[_MARK_KIND_MAX];
        Marks marks;
        int r;

        for (MarkKind kind = 0; kind < _MARK_KIND_MAX; kind++) {
                r = read_mark(dirfd, kind, &mark[kind]);
                if (r < 0)
                        return r;
        }
        if (!mark[MARK_HIGH].set && !mark[MARK_MAX].set && !mark[MARK_FREEZE].set)
                return -ENODATA;
        marks = to_marks(MARK_HIGH, &mark[MARK_HIGH]);
        marks.max = mark[MARK_MAX].set;
        marks.max_ours = mark[MARK_MAX].ours;
        marks.max_before = mark[MARK_MAX].before;
        marks.max_operator = mark[MARK_MAX].operator_value;
        marks.freeze = mark[MARK_FREEZE].set;
        *ret = marks;
        return 0;
}

/* The kernel rounds down to whole pages, of up to 64 KiB on some machines; a value is compared with what it made of it.
 */
static uint64_t whole_pages(uint64_t bytes) {
        uint64_t page = (uint64_t) sysconf(_SC_PAGESIZE);

        return bytes == BYTES_INFINITY ? bytes : bytes - bytes % page;
}

static bool holds_ours(const Mark *mark, uint64_t now) {
        return mark->set && (now == mark->ours || now == mark->before);
}

/* Writes a limit, unless it is a memory.max whose lowering would OOM-kill in this very write(). */
static int write_limit(int dirfd, MarkKind kind, uint64_t now, uint64_t bytes) {
        uint64_t current;
        int r;

        if (kind == MARK_MAX && bytes < now) {
                r = kernfs_read_u64(dirfd, "memory.current", &current);
                if (r < 0)
                        return r;
                if (util_add(current, MAX_MARGIN) > bytes)
                        return -EBUSY;
        }
        return kernfs_write_u64(dirfd, mark_files[kind], bytes);
}

static int put_back(int dirfd, MarkKind kind, uint64_t now, uint64_t bytes) {
        int r;

        if (now != bytes) {
                r = write_limit(dirfd, kind, now, bytes);
                if (r < 0)
                        return r;
        }
        return remove_mark(dirfd, kind);
}

/* PID 1 writes a unit's own limits within milliseconds of the making of its cgroup, which is when a wire is placed: a mark takes
 * long enough for that to fall in between. No kernel offers to write a limit only if it is still what it was; this leaves no
 * more than two system calls in which it may be lost. -ESTALE: it was written; inotify is about to say so. */
static int has_stayed(int dirfd, MarkKind kind, uint64_t before) {
        uint64_t now;
        int r;

        r = kernfs_read_u64(dirfd, mark_files[kind], &now);
        if (r < 0 || now == before)
                return r;
        r = remove_mark(dirfd, kind);
        return r < 0 ? r : -ESTALE;
}

static int set_limit(int dirfd, MarkKind kind, uint64_t bytes, uint64_t operator_value) {
        Mark old;
        uint64_t now;
        int r;

        bytes = whole_pages(bytes);
        operator_value = whole_pages(operator_value);
        r = read_mark(dirfd, kind, &old);
        if (r < 0 && r != -EINVAL)
                return r;
        r = kernfs_read_u64(dirfd, mark_files[kind], &now);
        if (r < 0)
                return r;
        if (!holds_ours(&old, now) && now != operator_value) {
                r = old.set ? remove_mark(dirfd, kind) : 0;
                return r < 0 || bytes == operator_value ? r : -ESTALE;
        }
        if (bytes == operator_value)
                return put_back(dirfd, kind, now, bytes);
        r = write_mark(dirfd, kind, &(Mark){true, bytes, holds_ours(&old, now) ? now : bytes, operator_value});
        if (r < 0)
                return r;
        r = has_stayed(dirfd, kind, now);
        return r < 0 ? r : write_limit(dirfd, kind, now, bytes);
}

int marks_set_high(int dirfd, uint64_t bytes, uint64_t operator_value) {
        return set_limit(dirfd, MARK_HIGH, bytes, operator_value);
}

int marks_set_max(int dirfd, uint64_t bytes, uint64_t operator_value) {
        return set_limit(dirfd, MARK_MAX, bytes, operator_value);
}

static int thaw(int dirfd) {
        int r = kernfs_write_u64(dirfd, mark_files[MARK_FREEZE], 0);

        return r < 0 ? r : remove_mark(dirfd, MARK_FREEZE);
}

int marks_set_freeze(int dirfd, bool frozen) {
        uint64_t now;
        Mark mark;
        int r;

        r = read_mark(dirfd, MARK_FREEZE, &mark);
        if (r < 0)
                return r;
        if (!frozen)
                return mark.set ? thaw(dirfd) : 0;
        r = kernfs_read_u64(dirfd, mark_files[MARK_FREEZE], &now);
        if (r < 0)
                return r;
        if (now != 0)
                return mark.set ? 0 : -EALREADY;
        r = write_mark(dirfd, MARK_FREEZE, &(Mark){.set = true});
        return r < 0 ? r : kernfs_write_u64(dirfd, mark_files[MARK_FREEZE], 1);
}

/* Returns 1 when something was undone. */
static int restore_one(int dirfd, MarkKind kind) {
        uint64_t now;
        Mark mark;
        int r;

        r = read_mark(dirfd, kind, &mark);
        if (r < 0 || !mark.set)
                return r;
        r = kernfs_read_u64(dirfd, mark_files[kind], &now);
        if (r < 0)
                return r;
        if (!holds_ours(&mark, now) || now == mark.operator_value)
                return remove_mark(dirfd, kind);
        r = kind == MARK_FREEZE ? thaw(dirfd) : put_back(dirfd, kind, now, mark.operator_value);
        return r < 0 ? r : 1;
}

int marks_restore(int dirfd) {
        int undone = 0, error = 0;

        for (MarkKind kind = 0; kind < _MARK_KIND_MAX; kind++) {
                int r = restore_one(dirfd, kind);

                if (r > 0)
                        undone++;
                else if (r < 0 && error == 0)
                        error = r;
        }
        return error < 0 ? error : undone;
}

typedef struct Restoring {
        const Kernfs *kernfs;
        void (*told)(void *userdata, const char *path, int result);
        void *userdata;
        int error;
} Restoring;

static int restore_visit(void *userdata, const char *path) {
        Restoring *restoring = userdata;
        _cleanup_close_ int dirfd = -1;
        Marks marks;
        int r;

        r = kernfs_open_cgroup(restoring->kernfs, path, &dirfd);
        if (r >= 0)
                r = marks_read(dirfd, &marks);
        if (r == -ENODATA || r == -ENOENT || r == -ENODEV)
                return 1;
        r = r == 0 || r == -EINVAL ? marks_restore(dirfd) : r;
        if (r < 0 && restoring->error == 0)
                restoring->error = r;
        if (restoring->told)
                restoring->told(restoring->userdata, path, r);
        return 1;
}

int marks_restore_all(const Kernfs *kernfs, void (*told)(void *userdata, const char *path, int result),
                      void *userdata) {
        Restoring restoring = {.kernfs = kernfs, .told = told, .userdata = userdata};
        int r = walk_cgroups(kernfs, "/", restore_visit, &restoring);

        return r < 0 ? r : restoring.error;
}
