/* See peaksfile.h. No fsync(), as in statefile.c: what a power loss takes is learned again. */
#include <fcntl.h>
#include <stdio.h>

#include "fd.h"
#include "linefile.h"
#include "peaksfile.h"

#define NAME "peaks"
#define NAME_NEW "peaks.new"
#define HEAD "memguard-peaks 1"

/* To the first line; false for a file that is not of this version. */
static bool read_head(FILE *file) {
        char line[PEAKS_LINE_MAX];

        rewind(file);
        return linefile_read(file, line, sizeof(line)) > 0 && util_streq(line, HEAD);
}

/* The next line that is sound: 1, or 0 at the end. */
static int read_peaks(FILE *file, Peaks *ret) {
        char line[PEAKS_LINE_MAX];
        int r;

        while ((r = linefile_read(file, line, sizeof(line))) != 0)
                if (r > 0 && peaks_parse(line, ret) >= 0)
                        return 1;
        return 0;
}

/* By name alone, it is a unit of PID 1: a user may give his own any name. */
static bool is_meant(const Peaks *peaks, const char *unit) {
        uint32_t uid;

        if (unit[0] == '/')
                return util_streq(peaks->path, unit);
        return util_streq(unitname_of_path(peaks->path), unit) && unitname_user(peaks->path, &uid) < 0;
}

int peaksfile_find(int state_dirfd, const char *unit, Peaks *ret) {
        _cleanup_(fclosep) FILE *file = NULL;
        Peaks peaks, found = {};
        int r;

        r = linefile_open(state_dirfd, NAME, PEAKSFILE_BYTES_MAX, &file);
        if (r < 0)
                return r;
        if (!read_head(file))
                return -ENOENT;
        while (read_peaks(file, &peaks) > 0)
                if (is_meant(&peaks, unit) && (found.runs == 0 || peaks.seen > found.seen))
                        found = peaks;
        if (found.runs == 0)
                return -ENOENT;
        *ret = found;
        return 0;
}

/* The old file and the updates, both sorted, as one sequence. */
typedef struct Merge {
        FILE *old; /* NULL = none */
        bool has_old, has_update;
        Peaks line;
        char last[CGROUP_PATH_MAX]; /* a damaged file may be unsorted: what does not ascend is left out */
        PeaksUpdate update;
        usec_t saved;
        unsigned n, i;
        peaksfile_next_t next;
        void *userdata;
} Merge;

static void next_old(Merge *merge) {
        do
                merge->has_old = merge->old && read_peaks(merge->old, &merge->line) > 0;
        while (merge->has_old && strcmp(merge->line.path, merge->last) <= 0);
        if (merge->has_old)
                strcpy(merge->last, merge->line.path);
}

static void next_update(Merge *merge) {
        merge->has_update = merge->i < merge->n;
        if (merge->has_update)
                merge->next(merge->userdata, merge->i++, &merge->update);
}

static void merge_begin(Merge *merge) {
        merge->last[0] = 0;
        merge->i = 0;
        if (merge->old && !read_head(merge->old))
                merge->old = NULL;
        next_old(merge);
        next_update(merge);
}

/* The next unit: 1 and what stands in the old file of it (runs 0 = nothing); *ret_update is NULL where there is none. 0
 * at the end. */
static int merge_next(Merge *merge, Peaks *ret_old, PeaksUpdate *ret_update, bool *ret_has_update) {
        int order;

        if (!merge->has_old && !merge->has_update)
                return 0;
        order = !merge->has_old ? 1 : !merge->has_update ? -1 : strcmp(merge->line.path, merge->update.path);
        *ret_has_update = order >= 0;
        if (order >= 0)
                *ret_update = merge->update;
        if (order <= 0)
                *ret_old = merge->line;
        else {
                *ret_old = (Peaks){};
                (void) snprintf(ret_old->path, sizeof(ret_old->path), "%s", merge->update.path);
        }
        if (order <= 0)
                next_old(merge);
        if (order >= 0)
                next_update(merge);
        return 1;
}

static int compare(const void *a, const void *b) {
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

/* Lines of units that are not there now and were last seen before this are dropped. 0 = none has to go. */
static int find_horizon(Merge *merge, uint64_t *ret) {
        _cleanup_free_ uint64_t *seen = NULL;
        unsigned n_gone = 0, n = 0;
        PeaksUpdate update;
        bool is_there;
        Peaks old;

        for (merge_begin(merge); merge_next(merge, &old, &update, &is_there) > 0; n++)
                n_gone += !is_there;
        *ret = 0;
        if (n <= PEAKSFILE_UNITS_MAX)
                return 0;
        seen = calloc(n_gone + 1, sizeof(*seen));
        if (!seen)
                return -ENOMEM;
        n_gone = 0;
        for (merge_begin(merge); merge_next(merge, &old, &update, &is_there) > 0;)
                if (!is_there)
                        seen[n_gone++] = old.seen;
        qsort(seen, n_gone, sizeof(*seen), compare);
        n -= PEAKSFILE_UNITS_MAX;
        *ret = n > n_gone ? UINT64_MAX : seen[n - 1] + 1;
        return 0;
}

static int write_merged(Merge *merge, uint64_t horizon, FILE *file) {
        char line[PEAKS_LINE_MAX];
        PeaksUpdate update;
        unsigned n = 0;
        bool is_there;
        Peaks peaks;

        if (fputs(HEAD "\n", file) < 0)
                return -EIO;
        for (merge_begin(merge); merge_next(merge, &peaks, &update, &is_there) > 0;) {
                if (is_there)
                        peaks_merge(&peaks, update.run, update.invocation, merge->saved, &update.at);
                if (peaks.runs == 0 || (!is_there && peaks.seen < horizon) || n++ >= PEAKSFILE_UNITS_MAX)
                        continue;
                (void) peaks_format(&peaks, line);
                if (fprintf(file, "%s\n", line) < 0)
                        return -EIO;
        }
        return fflush(file) == 0 ? 0 : -errno;
}

static int open_new(int state_dirfd, FILE **ret) {
        _cleanup_close_ int fd = -1;
        FILE *file;

        /* One that a crash left behind. */
        if (unlinkat(state_dirfd, NAME_NEW, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(state_dirfd, NAME_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        file = fdopen(fd, "we");
        if (!file)
                return -errno;
        TAKE_FD(fd);
        *ret = file;
        return 0;
}

int peaksfile_update(int state_dirfd, usec_t saved, unsigned n, peaksfile_next_t next, void *userdata) {
        _cleanup_(fclosep) FILE *old = NULL, *file = NULL;
        Merge merge = {.saved = saved, .n = n, .next = next, .userdata = userdata};
        uint64_t horizon;
        int r;

        r = linefile_open(state_dirfd, NAME, PEAKSFILE_BYTES_MAX, &old);
        if (r == -ENOMEM || r == -EMFILE || r == -ENFILE || r == -EIO)
                return r; /* it may be read the next time; what is no file of ours is replaced */
        merge.old = old;
        r = find_horizon(&merge, &horizon);
        if (r < 0)
                return r;
        r = open_new(state_dirfd, &file);
        if (r < 0)
                return r;
        r = write_merged(&merge, horizon, file);
        /* What could be read in part only must not be lost for it. */
        if (r >= 0 && old && ferror(old))
                r = -EIO;
        if (r >= 0 && renameat(state_dirfd, NAME_NEW, state_dirfd, NAME) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(state_dirfd, NAME_NEW, 0);
        return r;
}
