/* See pastfile.h. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fd.h"
#include "pastfile.h"

#define NAME "seen"
#define NAME_NEW "seen.new"

static void fclosep(FILE **file) {
        if (*file)
                (void) fclose(*file);
}

static int open_file(int run_fd, const char *name, int flags, const char *mode, FILE **ret) {
        _cleanup_close_ int fd = openat(run_fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        struct stat st;
        FILE *file;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
                return -EBADF;
        if ((uint64_t) st.st_size > PASTFILE_BYTES_MAX)
                return -EFBIG;
        file = fdopen(fd, mode);
        if (!file)
                return -errno;
        TAKE_FD(fd);
        *ret = file;
        return 0;
}

static void take_line(Engine *engine, const char *line, PastPlaces *places) {
        unsigned long long seq;
        Event event;

        if (sscanf(line, "kmsg %llu", &seq) == 1)
                places->kmsg_seq = seq;
        else if (strncmp(line, "cursor ", 7) == 0)
                snprintf(places->cursor, sizeof(places->cursor), "%s", line + 7);
        else if (event_parse(line, &event) >= 0)
                (void) engine_restore_past(engine, &event);
}

int pastfile_load(Engine *engine, int run_fd, PastPlaces *ret) {
        _cleanup_(fclosep) FILE *file = NULL;
        _cleanup_free_ char *line = NULL;
        PastPlaces places = {.kmsg_seq = UINT64_MAX};
        size_t size = 0;
        ssize_t n;
        int r;

        r = open_file(run_fd, NAME, O_RDONLY, "re", &file);
        if (r < 0)
                return r;
        while ((n = getline(&line, &size, file)) > 0) {
                if (line[n - 1] == '\n')
                        line[n - 1] = 0;
                take_line(engine, line, &places);
        }
        *ret = places;
        return 0;
}

static void write_lines(const Engine *engine, const PastPlaces *places, FILE *file) {
        char line[EVENT_LINE_MAX];
        unsigned iterator = 0;
        Event event;

        if (places->kmsg_seq != UINT64_MAX)
                fprintf(file, "kmsg %llu\n", (unsigned long long) places->kmsg_seq);
        if (places->cursor[0])
                fprintf(file, "cursor %s\n", places->cursor);
        while (engine_next_past(engine, &iterator, &event) > 0) {
                event_format(&event, line);
                fprintf(file, "%s\n", line);
        }
}

int pastfile_save(const Engine *engine, int run_fd, const PastPlaces *places) {
        FILE *file;
        bool failed;
        int r;

        if (unlinkat(run_fd, NAME_NEW, 0) < 0 && errno != ENOENT)
                return -errno;
        r = open_file(run_fd, NAME_NEW, O_WRONLY | O_CREAT | O_EXCL, "we", &file);
        if (r < 0)
                return r;
        write_lines(engine, places, file);
        failed = ferror(file) != 0;
        if (fclose(file) != 0 || failed)
                r = -EIO;
        if (r >= 0 && renameat(run_fd, NAME_NEW, run_fd, NAME) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(run_fd, NAME_NEW, 0);
        return r;
}
