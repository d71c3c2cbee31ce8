#include "mainconf.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "conffiles.h"
#include "fd.h"

#define FILE_NAME "etc/memguard/memguardd.conf"
#define DIRECTORY "etc/memguard/memguardd.conf.d"
#define FILES_MAX 64

typedef struct Names {
        struct dirent **items;
        int n;
} Names;

static void names_done(Names *names) {
        for (int i = 0; i < names->n; i++)
                free(names->items[i]);
        free(names->items);
}

typedef struct Load {
        int root_fd;
        const char *root;
        DaemonConf *conf;
        ConfErrors *errors;
        bool bad;
} Load;

static void refuse(Load *load, const char *name, const char *what) {
        char path[PATH_MAX];

        (void) snprintf(path, sizeof(path), "%s/%s", util_streq(load->root, "/") ? "" : load->root, name);
        (void) conf_errors_add(load->errors, path, 0, "%s", what);
        load->bad = true;
}

static void refuse_errno(Load *load, const char *name, int error) {
        char text[160];

        (void) snprintf(text, sizeof(text), "the file can't be read: %s", strerrordesc_np(error) ?: "unknown error");
        refuse(load, name, text);
}

/* As policy files are opened: no link is followed, and a FIFO is not waited for. 1 and an fd; 0 for none. */
static int open_file(Load *load, const char *name, int *ret) {
        _cleanup_close_ int fd = openat(load->root_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        const char *wrong;
        struct stat st;

        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0) {
                refuse_errno(load, name, errno);
                return 0;
        }
        wrong = S_ISREG(st.st_mode) ? conffiles_untrusted(&st) : "it is no regular file; expected one";
        if (wrong) {
                refuse(load, name, wrong);
                return 0;
        }
        *ret = TAKE_FD(fd);
        return 1;
}

static int load_file(Load *load, const char *name) {
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *text = NULL;
        char path[PATH_MAX];
        size_t used = 0;
        ssize_t n = 1;
        int r;

        if (open_file(load, name, &fd) == 0)
                return 0;
        text = malloc(CONF_FILE_BYTES_MAX + 1);
        if (!text)
                return -ENOMEM;
        while (n > 0 && used <= CONF_FILE_BYTES_MAX) {
                n = read(fd, text + used, CONF_FILE_BYTES_MAX + 1 - used);
                if (n < 0) {
                        refuse_errno(load, name, errno);
                        return 0;
                }
                used += (size_t) n;
        }
        (void) snprintf(path, sizeof(path), "%s/%s", util_streq(load->root, "/") ? "" : load->root, name);
        r = daemon_conf_read(load->conf, path, text, used, load->errors);
        load->bad |= r == -EBADMSG;
        return r == -EBADMSG ? 0 : r;
}

static int is_conf(const struct dirent *entry) {
        size_t n = strlen(entry->d_name);

        return entry->d_name[0] != '.' && n > 5 && util_streq(entry->d_name + n - 5, ".conf");
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_directory(Load *load) {
        _cleanup_(names_done) Names names = {};
        _cleanup_close_ int fd = openat(load->root_fd, DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        const char *wrong;
        struct stat st;
        int r = 0;

        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0) {
                refuse_errno(load, DIRECTORY, errno);
                return 0;
        }
        wrong = conffiles_untrusted(&st);
        if (wrong) {
                refuse(load, DIRECTORY, wrong);
                return 0;
        }
        names.n = scandirat(load->root_fd, DIRECTORY, &names.items, is_conf, by_bytes);
        if (names.n < 0) {
                names.n = 0;
                refuse_errno(load, DIRECTORY, errno);
        }
        for (int i = 0; r >= 0 && i < MIN(names.n, FILES_MAX); i++) {
                char name[PATH_MAX];

                (void) snprintf(name, sizeof(name), DIRECTORY "/%s", names.items[i]->d_name);
                r = load_file(load, name);
        }
        if (names.n > FILES_MAX)
                refuse(load, DIRECTORY, "it holds more than 64 files; the others are not read");
        return r;
}

int mainconf_load(const char *root, DaemonConf *ret, ConfErrors *errors) {
        _cleanup_close_ int root_fd = -1;
        DaemonConf conf;
        Load load = {.root = root, .conf = &conf, .errors = errors};
        int r;

        daemon_conf_init(&conf);
        root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0)
                return -errno;
        load.root_fd = root_fd;
        r = load_file(&load, FILE_NAME);
        if (r >= 0)
                r = load_directory(&load);
        if (r < 0)
                return r;
        *ret = conf;
        return load.bad ? -EBADMSG : 0;
}
