/* See uprobe-find.h. A file that may be a CPython is the executable, or one with a name like one: an extension module
 * that has one inside of it under another name is not found. */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "fd.h"
#include "uprobe-find.h"

#define MAPS_MAX (8 * MIB) /* 65530 areas, the kernel's default limit, are about 6 MiB */
#define MAPS_LINE_MAX (4 * KIB + 256)

typedef struct Mapping {
        unsigned long start, end;
        FileKey key;
        const char *path;
        bool first; /* the executable is mapped below all libraries */
} Mapping;

static int read_fd(void *userdata, uint64_t offset, void *buf, size_t n) {
        ssize_t got = pread(*(const int *) userdata, buf, n, (off_t) offset);

        if (got < 0)
                return -errno;
        return (size_t) got < n ? -ENODATA : 0;
}

static FileKey key_of(const struct stat *st) {
        return (FileKey){.device = st->st_dev, .inode = st->st_ino};
}

/* From an O_PATH fd to one for reading: what is no regular file (a FIFO, a device) is not opened at all. Nor what some process
 * serves: when it sets a probe the kernel may read the file, and until its server answers nobody on the host can fork. */
static int reopen(int fd, const struct stat *st) {
        struct statfs fs;
        char path[64];
        int r;

        if (!S_ISREG(st->st_mode))
                return -ENOEXEC;
        if (fstatfs(fd, &fs) < 0)
                return -errno;
        if (fs.f_type == FUSE_SUPER_MAGIC)
                return -ENOEXEC;
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%i", fd);
        r = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        return r < 0 ? -errno : r;
}

static bool lists(const FileKey *keys, unsigned n, FileKey key) {
        for (unsigned i = 0; i < n; i++)
                if (filekey_equal(keys[i], key))
                        return true;
        return false;
}

static bool is_known(FindJob *job, FileKey key) {
        if (!lists(job->known, job->n_known, key))
                return false;
        if (job->n_seen < FIND_FILES_MAX && !lists(job->seen, job->n_seen, key))
                job->seen[job->n_seen++] = key;
        return true;
}

/* The path may lead to another file than the mapped one, and its process may have seen to that: what is learned here is
 * learned of the file that was opened. */
static void look_at_file(FindJob *job, int path_fd, FoundFile *found) {
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r;

        if (fstat(path_fd, &st) < 0 || is_known(job, key_of(&st)))
                return;
        found->own = key_of(&st);
        fd = reopen(path_fd, &st);
        r = fd < 0 ? fd : pyelf_resolve(read_fd, &fd, &found->build);
        found->unread = r < 0 && r != -ENOENT && r != -ENOEXEC && r != -EBADMSG;
        if (r >= 0)
                found->fd = TAKE_FD(fd);
}

/* The path as the process sees it: its links must not lead out of its own root. */
static int open_in_root(const FindJob *job, const char *path) {
        struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
        _cleanup_close_ int root = -1;
        char name[64];
        long fd;

        (void) snprintf(name, sizeof(name), "%i/root", job->pid);
        root = openat(job->proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root < 0)
                return -errno;
        fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
        return fd < 0 ? -errno : (int) fd;
}

/* The mapped file itself; where that takes a capability that we don't have (CAP_CHECKPOINT_RESTORE), and it is not the
 * executable, the file that has its path now: after an upgrade that is another one, and then this process stays
 * unprobed. */
static int open_mapping(const FindJob *job, const Mapping *mapping) {
        char name[128];
        int fd;

        (void) snprintf(name, sizeof(name), "%i/map_files/%lx-%lx", job->pid, mapping->start, mapping->end);
        fd = openat(job->proc_fd, name, O_PATH | O_CLOEXEC);
        if (fd < 0 && mapping->first) {
                (void) snprintf(name, sizeof(name), "%i/exe", job->pid);
                fd = openat(job->proc_fd, name, O_PATH | O_CLOEXEC);
        }
        return fd < 0 ? open_in_root(job, mapping->path) : fd;
}

static bool is_like_python(const char *path) {
        static const char *const names[] = {"python", "libpython", "uwsgi", "libuwsgi"};
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        for (unsigned i = 0; i < ELEMENTSOF(names); i++)
                if (strncmp(name, names[i], strlen(names[i])) == 0)
                        return true;
        return false;
}

static void look_at(FindJob *job, const Mapping *mapping) {
        _cleanup_close_ int fd = -1;
        FoundFile *found;

        if (!mapping->first && !is_like_python(mapping->path))
                return;
        for (unsigned i = 0; i < job->n_found; i++)
                if (filekey_equal(job->found[i].mapped, mapping->key))
                        return;
        if (is_known(job, mapping->key) || job->n_found >= FIND_FILES_MAX)
                return;
        found = &job->found[job->n_found++];
        *found = (FoundFile){.mapped = mapping->key, .fd = -1};
        fd = open_mapping(job, mapping);
        if (fd >= 0)
                look_at_file(job, fd, found);
}

/* "559d8f0e6000-559d8f0e8000 r-xp 00002000 fd:01 1234   /usr/bin/python3.11"; false when it is not code from a file. */
static bool parse_line(const char *line, Mapping *ret) {
        unsigned major, minor;
        char mode[5];
        int n = 0;

        if (sscanf(line, "%lx-%lx %4s %*x %x:%x %lu %n", &ret->start, &ret->end, mode, &major, &minor, &ret->key.inode,
                   &n) != 6 ||
            n == 0)
                return false;
        ret->key.device = makedev(major, minor);
        ret->path = line + n;
        return mode[2] == 'x' && ret->key.inode != 0 && ret->path[0] == '/';
}

/* Takes whole lines off the front; what is left over is moved there. */
static size_t take_lines(FindJob *job, char *buf, size_t length, bool *first) {
        char *line = buf, *end;

        while ((end = memchr(line, '\n', length - (size_t) (line - buf)))) {
                Mapping mapping = {.first = *first};

                *end = 0;
                if (parse_line(line, &mapping)) {
                        *first = false;
                        look_at(job, &mapping);
                }
                line = end + 1;
        }
        length -= (size_t) (line - buf);
        memmove(buf, line, length);
        return length;
}

static int look_at_process(FindJob *job) {
        char buf[2 * MAPS_LINE_MAX], name[64];
        _cleanup_close_ int fd = -1;
        size_t length = 0, total = 0;
        bool first = true;

        (void) snprintf(name, sizeof(name), "%i/maps", job->pid);
        fd = openat(job->proc_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        while (total < MAPS_MAX) {
                ssize_t n = read(fd, buf + length, sizeof(buf) - length);

                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                total += (size_t) n;
                length = take_lines(job, buf, length + (size_t) n, &first);
                if (length == sizeof(buf))
                        return -E2BIG;
        }
        return 0;
}

static int look_at_path(FindJob *job) {
        _cleanup_close_ int fd = open(job->path, O_PATH | O_CLOEXEC);

        if (fd < 0)
                return -errno;
        job->found[0] = (FoundFile){.fd = -1};
        job->n_found = 1;
        look_at_file(job, fd, &job->found[0]);
        return 0;
}

int find_run(void *userdata) {
        FindJob *job = userdata;

        return job->pid > 0 ? look_at_process(job) : look_at_path(job);
}

void find_close(FindJob *job) {
        for (; job->n_found > 0; job->n_found--)
                fd_closep(&job->found[job->n_found - 1].fd);
}
