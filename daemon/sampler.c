/* See sampler.h. */
#include <stdio.h>
#include <sys/xattr.h>

#include "fd.h"
#include "sampler.h"

/* memory.max of one cgroup; a cgroup without the file (the root, or one whose parent does not hand the controller down)
 * has no limit of its own. */
static int read_optional(int dirfd, const char *name, uint64_t *ret) {
        int r = kernfs_read_u64(dirfd, name, ret);

        if (r != -ENOENT)
                return r;
        *ret = BYTES_INFINITY;
        return 0;
}

static int own_max(const Kernfs *kernfs, const char *path, uint64_t *ret) {
        _cleanup_close_ int dirfd = -1;
        int r;

        r = kernfs_open_cgroup(kernfs, path, &dirfd);
        if (r < 0)
                return r;
        return read_optional(dirfd, "memory.max", ret);
}

/* Cuts the last part off: "/a/b" -> "/a" -> "/". */
static void to_parent(char *path) {
        char *slash = strrchr(path, '/');

        slash[slash == path ? 1 : 0] = 0;
}

int sampler_limit(const Kernfs *kernfs, const char *path, uint64_t *ret_limit, char *ret_source) {
        char at[CGROUP_PATH_MAX], source[CGROUP_PATH_MAX] = "host";
        uint64_t least = BYTES_INFINITY, max;
        MemInfo host;
        int r;

        if (!unitname_path_is_valid(path))
                return -EINVAL;
        r = kernfs_read_meminfo(kernfs, &host);
        if (r < 0)
                return r;
        /* Inside out, so that of equal limits the innermost is named: it is the one that the kernel hits first. */
        for ((void) snprintf(at, sizeof(at), "%s", path);; to_parent(at)) {
                r = own_max(kernfs, at, &max);
                if (r < 0)
                        return r;
                if (max < least) {
                        least = max;
                        memcpy(source, at, sizeof(at));
                }
                if (util_streq(at, "/"))
                        break;
        }
        if (host.total < least)
                (void) snprintf(source, sizeof(source), "host");
        *ret_limit = MIN(least, host.total);
        if (ret_source)
                memcpy(ret_source, source, sizeof(source));
        return 0;
}

static int read_counts(int dirfd, const char *name, MemoryEvents *ret) {
        char text[1024];
        int r = kernfs_read(dirfd, name, text, sizeof(text));

        return r < 0 ? r : kerneltext_memory_events(text, ret);
}

static int read_events(int dirfd, Sample *sample) {
        MemoryEvents events;
        int r = read_counts(dirfd, "memory.events", &events);

        if (r < 0)
                return r;
        sample->ev_high = events.high;
        sample->ev_max = events.max;
        sample->ev_oom = events.oom;
        sample->ev_oom_kill = events.oom_kill;
        return 0;
}

static int read_host(const Kernfs *kernfs, Sample *sample, uint64_t *ret_swap_total) {
        MemInfo host;
        int r = kernfs_read_meminfo(kernfs, &host);

        if (r < 0)
                return r;
        sample->available = host.available;
        sample->swap_free = host.swap_free;
        sample->host_free = host.free;
        sample->host_cached = host.cached;
        *ret_swap_total = host.swap_total;
        return 0;
}

/* A kernel without swap for cgroups (swapaccount=0) has no such file. */
static int read_swap(int dirfd, uint64_t *ret) {
        int r = kernfs_read_u64(dirfd, "memory.swap.current", ret);

        if (r != -ENOENT)
                return r;
        *ret = 0;
        return 0;
}

/* The stat comes before memory.current: reading it takes the longer, and of a growing unit the sum must rather be too
 * new, so too large, than too old. */
static int read_usage(int dirfd, bool need_stat, Sample *sample) {
        char text[KERNFS_TEXT_MAX];
        MemoryStat stat = {};
        int r;

        if (need_stat) {
                r = kernfs_read(dirfd, "memory.stat", text, sizeof(text));
                if (r < 0)
                        return r;
                r = kerneltext_memory_stat(text, &stat);
                if (r < 0)
                        return r;
        }
        r = kernfs_read_u64(dirfd, "memory.current", &sample->current);
        if (r < 0)
                return r;
        sample->working_set = need_stat ? kerneltext_working_set(sample->current, &stat) : sample->current;
        sample->anon = stat.anon;
        sample->file = stat.file;
        sample->shmem = stat.shmem;
        sample->kernel = stat.kernel;
        sample->stolen = stat.pgsteal;
        return 0;
}

int sampler_read(const Kernfs *kernfs, int dirfd, uint64_t limit, bool need_stat, Sample *ret) {
        Sample sample = {0};
        uint64_t swap_total;
        int r;

        r = read_usage(dirfd, need_stat, &sample);
        if (r < 0)
                return r;
        r = read_events(dirfd, &sample);
        if (r < 0)
                return r;
        r = read_optional(dirfd, "memory.max", &sample.own_max);
        if (r < 0)
                return r;
        r = read_optional(dirfd, "memory.high", &sample.high);
        if (r < 0)
                return r;
        r = read_host(kernfs, &sample, &swap_total);
        if (r < 0)
                return r;
        if (need_stat && swap_total > 0) {
                r = read_swap(dirfd, &sample.swap);
                if (r < 0)
                        return r;
        }
        /* The caller's limit may be a moment older than the unit's own memory.max. */
        sample.limit = MIN(limit, sample.own_max);
        *ret = sample;
        return 0;
}

int sampler_events(int dirfd, MemoryEvents *ret_all, MemoryEvents *ret_own) {
        MemoryEvents all;
        int r;

        r = read_counts(dirfd, "memory.events", &all);
        if (r < 0)
                return r;
        r = read_counts(dirfd, "memory.events.local", ret_own);
        if (r >= 0)
                *ret_all = all;
        return r;
}

int sampler_pressure(int dirfd, Pressure *ret) {
        char text[1024];
        int r = kernfs_read(dirfd, "memory.pressure", text, sizeof(text));

        return r < 0 ? r : kerneltext_pressure(text, ret);
}

static bool is_invocation(const char *text, ssize_t length) {
        return length == INVOCATION_MAX - 1 && strspn(text, "0123456789abcdef") == INVOCATION_MAX - 1;
}

/* trusted.* is the better witness, as only CAP_SYS_ADMIN can write it, but takes the same to be read; user.* of a
 * delegated cgroup can be written by its user, so nothing but hexadecimal digits is let through. */
int sampler_invocation(int dirfd, char ret[static INVOCATION_MAX]) {
        static const char *const names[] = {"trusted.invocation_id", "user.invocation_id"};

        for (unsigned i = 0; i < ELEMENTSOF(names); i++) {
                char text[INVOCATION_MAX] = {};

                if (is_invocation(text, fgetxattr(dirfd, names[i], text, sizeof(text) - 1))) {
                        memcpy(ret, text, sizeof(text));
                        return 0;
                }
        }
        return -ENODATA;
}

int sampler_userspace_kills(int dirfd, uint64_t *ret) {
        static const char *const names[] = {"user.oomd_kill", "user.oomd_ooms"};

        for (unsigned i = 0; i < ELEMENTSOF(names); i++) {
                char text[24] = {};
                uint64_t n;

                if (fgetxattr(dirfd, names[i], text, sizeof(text) - 1) > 0 && kerneltext_u64(text, &n) >= 0 && n > 0) {
                        *ret = n;
                        return 0;
                }
        }
        return -ENODATA;
}
