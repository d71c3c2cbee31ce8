/* How journald keeps what it is given: journald.conf and its drop-ins, as systemd reads them: files of the same name in
 * a stronger directory replace the weaker ones, and all drop-ins come, by name, after the main file. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "ctl-facts.h"
#include "fd.h"

#define FILES_MAX 64
#define TEXT_MAX (64 * 1024)

/* From the strongest. */
static const char *const directories[] = {"etc/systemd", "run/systemd", "usr/local/lib/systemd", "usr/lib/systemd",
                                          "lib/systemd"};

typedef struct Journald {
        char storage[FACT_WORD_MAX];
        uint64_t burst, interval;
} Journald;

static void take_setting(Journald *journald, const char *key, const char *value) {
        uint64_t number;

        if (util_streq(key, "Storage"))
                (void) snprintf(journald->storage, sizeof(journald->storage), "%s", value);
        else if (util_streq(key, "RateLimitBurst") && kerneltext_u64(value, &number) >= 0)
                journald->burst = number;
        else if (util_streq(key, "RateLimitIntervalSec") || util_streq(key, "RateLimitInterval"))
                (void) units_parse_duration(value, &journald->interval);
}

static char *trim(char *text) {
        size_t n;

        text += strspn(text, " \t\r");
        for (n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]);)
                text[--n] = 0;
        return text;
}

static void read_settings(char *text, Journald *journald) {
        char *line, *equals;

        while ((line = strsep(&text, "\n"))) {
                line = trim(line);
                equals = strchr(line, '=');
                if (line[0] == '#' || line[0] == ';' || !equals)
                        continue;
                *equals = 0;
                take_setting(journald, trim(line), trim(equals + 1));
        }
}

static bool read_file(int dirfd, const char *name, Journald *journald) {
        _cleanup_free_ char *text = malloc(TEXT_MAX);

        if (!text || kernfs_read(dirfd, name, text, TEXT_MAX) < 0)
                return false;
        read_settings(text, journald);
        return true;
}

typedef struct DropIn {
        char name[256];
        unsigned directory;
} DropIn;

static int compare(const void *a, const void *b) {
        const DropIn *x = a, *y = b;
        int r = strcmp(x->name, y->name);

        return r != 0 ? r : (int) x->directory - (int) y->directory;
}

static size_t list_drop_ins(int root_fd, unsigned directory, DropIn *files, size_t n) {
        char path[128];
        struct dirent *entry;
        DIR *dir;
        int fd;

        (void) snprintf(path, sizeof(path), "%s/journald.conf.d", directories[directory]);
        fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dir = fd < 0 ? NULL : fdopendir(fd);
        while (dir && n < FILES_MAX && (entry = readdir(dir))) {
                size_t length = strlen(entry->d_name);

                if (length < 6 || !util_streq(entry->d_name + length - 5, ".conf"))
                        continue;
                files[n].directory = directory;
                (void) snprintf(files[n++].name, sizeof(files->name), "%s", entry->d_name);
        }
        if (dir)
                (void) closedir(dir);
        return n;
}

static void read_drop_ins(int root_fd, Journald *journald) {
        _cleanup_free_ DropIn *files = calloc(FILES_MAX, sizeof(*files));
        size_t n = 0;

        for (unsigned i = 0; files && i < ELEMENTSOF(directories); i++)
                n = list_drop_ins(root_fd, i, files, n);
        if (n > 0)
                qsort(files, n, sizeof(*files), compare);
        for (size_t i = 0; i < n; i++) {
                char path[512];

                if (i > 0 && util_streq(files[i].name, files[i - 1].name))
                        continue;
                (void) snprintf(path, sizeof(path), "%s/journald.conf.d/%s", directories[files[i].directory],
                                files[i].name);
                (void) read_file(root_fd, path, journald);
        }
}

void ctl_facts_journald(const char *root, HostFacts *host) {
        _cleanup_close_ int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Journald journald = {.storage = "auto", .burst = 10000, .interval = 30 * USEC_PER_SEC}; /* systemd's defaults */
        bool stored;

        if (root_fd < 0)
                return;
        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                char path[128];

                (void) snprintf(path, sizeof(path), "%s/journald.conf", directories[i]);
                if (read_file(root_fd, path, &journald))
                        break;
        }
        read_drop_ins(root_fd, &journald);
        stored = util_streq(journald.storage, "persistent") ||
                 (util_streq(journald.storage, "auto") && faccessat(root_fd, "var/log/journal", F_OK, 0) >= 0);
        host->journal_persistent = stored ? TRI_YES : TRI_NO;
        host->journal_burst = journald.burst;
        host->journal_interval = journald.interval;
}
