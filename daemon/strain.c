/* See strain.h. */
#include "strain.h"

#include <stdio.h>

#include "fd.h"
#include "sampler.h"
#include "unitname.h"

static void read_keyed(const char *text, const char *key, uint64_t *ret) {
        if (kerneltext_keyed(text, key, ret) < 0)
                *ret = 0;
}

static int read_stat(int dirfd, Strain *strain) {
        char text[KERNFS_TEXT_MAX];
        int r = kernfs_read(dirfd, "memory.stat", text, sizeof(text));

        if (r < 0)
                return r;
        read_keyed(text, "workingset_refault_file", &strain->refaults);
        read_keyed(text, "workingset_refault_anon", &strain->swapins);
        read_keyed(text, "pgmajfault", &strain->faults);
        return 0;
}

static void read_others(int dirfd, Strain *strain) {
        char text[1024];
        Pressure io;

        if (kernfs_read(dirfd, "cpu.stat", text, sizeof(text)) >= 0)
                read_keyed(text, "user_usec", &strain->user);
        if (kernfs_read(dirfd, "io.pressure", text, sizeof(text)) >= 0 && kerneltext_pressure(text, &io) >= 0)
                strain->io_full = io.full_total;
}

/* How full is it, in thousandths of its least limit? A reading that fails makes it empty. */
static unsigned fullness(int dirfd, uint64_t *ret_high, uint64_t *ret_max) {
        uint64_t current, high = BYTES_INFINITY, max = BYTES_INFINITY, least;

        (void) kernfs_read_u64(dirfd, "memory.high", &high);
        (void) kernfs_read_u64(dirfd, "memory.max", &max);
        least = MIN(high, max);
        if (least == BYTES_INFINITY || kernfs_read_u64(dirfd, "memory.current", &current) < 0)
                return 0;
        *ret_high = high;
        *ret_max = max;
        return (unsigned) MIN(current / (least / 1000 + 1), 1000000);
}

/* One cgroup above the unit: its hits are added up, and the fullest is named. */
static void read_above(const Kernfs *kernfs, const char *path, Strain *strain, unsigned *fullest) {
        _cleanup_close_ int dirfd = -1;
        uint64_t high = BYTES_INFINITY, max = BYTES_INFINITY;
        MemoryEvents all, own;
        unsigned full;

        if (kernfs_open_cgroup(kernfs, path, &dirfd) < 0 || sampler_events(dirfd, &all, &own) < 0)
                return;
        strain->above_n_high = util_add(strain->above_n_high, own.high);
        strain->above_n_max = util_add(strain->above_n_max, own.max);
        full = fullness(dirfd, &high, &max);
        if (full <= *fullest)
                return;
        *fullest = full;
        strain->above_high = high;
        strain->above_max = max;
        (void) snprintf(strain->above, sizeof(strain->above), "%s", path);
}

/* "/a/b" -> "/a" -> "": the root has no limit. */
static bool to_parent(char *path) {
        char *slash = strrchr(path, '/');

        if (!slash || slash == path)
                return false;
        *slash = 0;
        return true;
}

int strain_read(const Kernfs *kernfs, int dirfd, const char *path, Strain *ret) {
        char at[CGROUP_PATH_MAX];
        unsigned fullest = 0;
        Strain strain = {0};
        Pressure pressure;
        int r;

        r = sampler_pressure(dirfd, &pressure);
        if (r < 0)
                return r;
        strain.full = pressure.full_total;
        r = read_stat(dirfd, &strain);
        if (r < 0)
                return r;
        read_others(dirfd, &strain);
        (void) snprintf(at, sizeof(at), "%s", path);
        while (to_parent(at))
                read_above(kernfs, at, &strain, &fullest);
        *ret = strain;
        return 0;
}
