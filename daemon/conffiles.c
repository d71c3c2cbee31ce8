/* Everything is opened below the root by directory fd, and judged by fstat() on what was opened, so that nothing can be
 * put in its place in between. Policy files decide which services are killed: whoever can write one of them, or the
 * directory that they are in, rules over every service of the host, so that must be root. (Tests are their own root.)
 */
#include "conffiles.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fd.h"

#define NAMES_MAX 1024 /* files of all three directories, those that replace or mask others included */

/* From the weakest to the strongest. */
static const char *const directories[] = {
        "usr/lib/memguard/policy.d",
        "etc/memguard/policy.d",
        "run/memguard/policy.d",
};
static_assert(ELEMENTSOF(directories) == 3, "conffiles_load() starts with 3 closed directories");

typedef struct Entry {
        char *name; /* owned */
        unsigned directory;
} Entry;

typedef struct Files {
        const char *root; /* for messages: without a slash at its end */
        int root_length;
        int fds[ELEMENTSOF(directories)];
        Entry *entries; /* owned */
        size_t n_entries;
        PolicySet *set;
        ConfErrors *errors;
        bool bad;
} Files;

static void files_done(Files *files) {
        for (size_t i = 0; i < files->n_entries; i++)
                free(files->entries[i].name);
        free(files->entries);
        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                fd_closep(&files->fds[i]);
        (void) policy_set_free(files->set);
}

static void closedir_p(DIR **dir) {
        if (*dir)
                (void) closedir(*dir);
}

/* The path of an entry as an operator would type it; name may be "" for the directory itself. */
static const char *path_of(const Files *files, unsigned directory, const char *name, char buf[static PATH_MAX]) {
        (void) snprintf(buf, PATH_MAX, "%.*s/%s%s%s", files->root_length, files->root, directories[directory],
                        *name ? "/" : "", name);
        return buf;
}

static void refuse(Files *files, unsigned directory, const char *name, const char *what) {
        char path[PATH_MAX];

        files->bad = true;
        (void) conf_errors_add(files->errors, path_of(files, directory, name, path), 0, "%s", what);
}

static void refuse_errno(Files *files, unsigned directory, const char *name, const char *what, int error) {
        char text[256];

        (void) snprintf(text, sizeof(text), "%s: %s", what, strerrordesc_np(-error) ?: "unknown error");
        refuse(files, directory, name, text);
}

/* Whose writes could change it? NULL when only root's, or what is wrong. */
const char *conffiles_untrusted(const struct stat *st) {
        if (st->st_uid != 0 && st->st_uid != geteuid())
                return "it belongs to another user; expected root to own it";
        if (st->st_mode & (S_IWGRP | S_IWOTH))
                return "others than root can write it; expected no write permission for group and others";
        return NULL;
}

static bool is_policy_name(const char *name) {
        size_t length = strlen(name);

        return name[0] != '.' && length > strlen(".conf") && util_streq(name + length - strlen(".conf"), ".conf");
}

/* Adds a file, or puts it in the place of the one of the same name in a weaker directory. */
static int add_entry(Files *files, unsigned directory, const char *name) {
        Entry *entries;
        char *copy;

        for (size_t i = 0; i < files->n_entries; i++)
                if (util_streq(files->entries[i].name, name)) {
                        files->entries[i].directory = directory;
                        return 0;
                }
        if (files->n_entries >= NAMES_MAX)
                return -E2BIG;
        entries = realloc(files->entries, (files->n_entries + 1) * sizeof(*entries));
        if (!entries)
                return -ENOMEM;
        files->entries = entries;
        copy = strdup(name);
        if (!copy)
                return -ENOMEM;
        entries[files->n_entries++] = (Entry){.name = copy, .directory = directory};
        return 0;
}

static int list_directory(Files *files, unsigned directory, int fd) {
        _cleanup_(closedir_p) DIR *dir = NULL;
        const struct dirent *entry;
        int r = 0, copy;

        copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        if (copy < 0)
                return -errno;
        dir = fdopendir(copy);
        if (!dir) {
                r = -errno;
                (void) close(copy);
                return r;
        }
        while (r >= 0 && (errno = 0, entry = readdir(dir)))
                if (is_policy_name(entry->d_name))
                        r = add_entry(files, directory, entry->d_name);
        return r < 0 ? r : -errno;
}

/* Opens a directory and notes its files. One that does not exist is nothing; whatever else is wrong with it is told. */
static int visit_directory(Files *files, unsigned directory, int root_fd) {
        _cleanup_close_ int fd = -1;
        const char *wrong;
        struct stat st;
        int r;

        fd = openat(root_fd, directories[directory], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0) {
                refuse_errno(files, directory, "", "the directory can't be read", -errno);
                return 0;
        }
        wrong = conffiles_untrusted(&st);
        if (wrong) {
                refuse(files, directory, "", wrong);
                return 0;
        }
        r = list_directory(files, directory, fd);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                refuse_errno(files, directory, "", r == -E2BIG ? "too many files" : "the directory can't be read", r);
        files->fds[directory] = TAKE_FD(fd);
        return 0;
}

static bool is_link_to_null(int dirfd, const char *name) {
        char target[sizeof("/dev/null") + 1];
        ssize_t n = readlinkat(dirfd, name, target, sizeof(target));

        return n == (ssize_t) strlen("/dev/null") && memcmp(target, "/dev/null", (size_t) n) == 0;
}

/* Opens a file for reading once it is known that it may be read. 0; 1 when it is masked; -EBADMSG (told). Links are not
 * followed, as what is behind them may lie where others can write; O_NONBLOCK, because a FIFO would wait for its
 * writer. */
static int open_file(Files *files, const Entry *entry, int *ret) {
        _cleanup_close_ int fd = -1;
        const char *wrong = NULL;
        struct stat st;

        fd = openat(files->fds[entry->directory], entry->name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0 && errno == ELOOP) {
                if (is_link_to_null(files->fds[entry->directory], entry->name))
                        return 1;
                wrong = "it is a symbolic link; expected a file (or a link to /dev/null, which switches it off)";
        } else if (fd < 0 || fstat(fd, &st) < 0) {
                refuse_errno(files, entry->directory, entry->name, "the file can't be opened", -errno);
                return -EBADMSG;
        } else if (!S_ISREG(st.st_mode))
                wrong = "it is no regular file; expected one";
        else
                wrong = conffiles_untrusted(&st);
        if (wrong) {
                refuse(files, entry->directory, entry->name, wrong);
                return -EBADMSG;
        }
        *ret = TAKE_FD(fd);
        return 0;
}

/* Reads at most size bytes; returns how many. */
static ssize_t read_all(int fd, char *buf, size_t size) {
        size_t used = 0;
        ssize_t n;

        while (used < size) {
                n = read(fd, buf + used, size - used);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                used += (size_t) n;
        }
        return (ssize_t) used;
}

/* Reads one file into the set. Only -ENOMEM is returned; mistakes are told. */
static int load_entry(Files *files, const Entry *entry, char *text) {
        _cleanup_close_ int fd = -1;
        char path[PATH_MAX];
        ssize_t n;
        int r;

        r = open_file(files, entry, &fd);
        if (r != 0)
                return 0;
        /* One byte more than allowed, so that policy_set_add() sees that there is more. */
        n = read_all(fd, text, CONF_FILE_BYTES_MAX + 1);
        if (n < 0)
                refuse_errno(files, entry->directory, entry->name, "the file can't be read", (int) n);
        if (n <= 0)
                return 0;
        r = policy_set_add(files->set, path_of(files, entry->directory, entry->name, path), text, (size_t) n,
                           files->errors);
        if (r == -ENOMEM)
                return r;
        files->bad |= r < 0;
        return 0;
}

static int by_name(const void *a, const void *b) {
        return strcmp(((const Entry *) a)->name, ((const Entry *) b)->name);
}

static int load_entries(Files *files) {
        _cleanup_free_ char *text = NULL;
        int r;

        text = malloc(CONF_FILE_BYTES_MAX + 1);
        if (!text)
                return -ENOMEM;
        if (files->n_entries > 0)
                qsort(files->entries, files->n_entries, sizeof(*files->entries), by_name);
        for (size_t i = 0; i < files->n_entries; i++) {
                r = load_entry(files, &files->entries[i], text);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int visit_root(Files *files) {
        _cleanup_close_ int root_fd = -1;
        int r;

        root_fd = open(files->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0) {
                files->bad = true;
                (void) conf_errors_add(files->errors, files->root, 0, "the root can't be opened: %s",
                                       strerrordesc_np(errno) ?: "unknown error");
                return 0;
        }
        for (unsigned i = 0; i < ELEMENTSOF(directories); i++) {
                r = visit_directory(files, i, root_fd);
                if (r < 0)
                        return r;
        }
        return 0;
}

int conffiles_load(const char *root, PolicySet **ret, ConfErrors *errors) {
        _cleanup_(files_done) Files files = {.root = root, .fds = {-1, -1, -1}, .errors = errors};
        int r;

        for (files.root_length = (int) strlen(root); files.root_length > 0 && root[files.root_length - 1] == '/';)
                files.root_length--;
        r = policy_set_new(&files.set);
        if (r < 0)
                return r;
        r = visit_root(&files);
        if (r < 0)
                return r;
        r = load_entries(&files);
        if (r < 0)
                return r;
        r = policy_set_check(files.set, errors);
        if (r < 0 && r != -EBADMSG)
                return r;
        *ret = TAKE_PTR(files.set);
        return files.bad || r < 0 ? -EBADMSG : 0;
}
