/* memguardd: arguments, what the host must have, and the run. */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal.h"
#include "manager.h"
#include "marks.h"
#include "privileges.h"

/* EX_UNAVAILABLE of sysexits.h: the host lacks something, so starting again won't help (RestartPreventExitStatus=). */
#define EXIT_HOST_LACKS 69
#define EXIT_USAGE 2

static const char usage[] =
        "Usage: memguardd [OPTION]...\n"
        "Guards the memory of other services; started by systemd: systemctl enable --now memguardd\n\n"
        "  --dry-run       judge and tell, but change nothing\n"
        "  --restore       undo what a daemon that is gone has left on any unit, then exit\n"
        "  --root DIR      use DIR/sys/fs/cgroup, DIR/proc, DIR/run, DIR/etc in place of the real ones\n"
        "  --trace FILE    append every event to FILE, to replay it (bug reports, tests)\n"
        "  --version, --help\n";

typedef struct Arguments {
        ManagerOptions options;
        bool restore;
} Arguments;

/* 0 to go on, 1 when all is said, -EINVAL. */
static int parse_arguments(int argc, char **argv, Arguments *ret) {
        static const struct option options[] = {
                {"dry-run", no_argument, NULL, 'n'},       {"restore", no_argument, NULL, 'r'},
                {"root", required_argument, NULL, 'R'},    {"trace", required_argument, NULL, 't'},
                {"version", no_argument, NULL, 'V'},       {"help", no_argument, NULL, 'h'},
                {0},
        };
        int c;

        *ret = (Arguments){.options = {.root = "/"}};
        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 'n':
                        ret->options.dry_run = true;
                        break;
                case 'r':
                        ret->restore = true;
                        break;
                case 'R':
                        ret->options.root = optarg;
                        break;
                case 't':
                        ret->options.trace = optarg;
                        break;
                case 'V':
                        puts("memguardd " MEMGUARD_VERSION);
                        return 1;
                case 'h':
                        fputs(usage, stdout);
                        return 1;
                default:
                        fputs(usage, stderr);
                        return -EINVAL;
                }
        if (optind < argc) {
                fputs(usage, stderr);
                return -EINVAL;
        }
        return 0;
}

/* sd-event takes these by signalfd, so they must be blocked before any thread is made. */
static int block_signals(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like others */
        return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

/* $JOURNAL_STREAM names the device and inode that stderr has when it leads to the journal (systemd.exec(5)). */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;

        return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) >= 0 &&
               st.st_dev == device && st.st_ino == inode;
}

/* Why it does not run: to the journal, or to whoever started it by hand. */
static _printf_(1, 2) void complain(const char *format, ...) {
        char text[512];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        if (stderr_is_journal())
                journal_log(3, "%s", text);
        else
                fprintf(stderr, "%s\n", text);
}

static int check_host(const char *root) {
        Kernfs kernfs = KERNFS_INIT;
        const char *lacks;
        int r;

        r = kernfs_open(&kernfs, root);
        if (r < 0) {
                complain("memguardd can't run here: /proc or /sys/fs/cgroup can't be opened (%s).", strerrordesc_np(-r));
                return r;
        }
        lacks = kernfs_lacks(&kernfs);
        if (lacks)
                complain("memguardd can't run here: %s", lacks);
        kernfs_done(&kernfs);
        return lacks ? -EOPNOTSUPP : 0;
}

static void told(void *userdata, const char *path, int result) {
        int *worst = userdata;

        if (result < 0) {
                *worst = result;
                journal_log(4, "%s: not all could be undone: %s.", path, strerrordesc_np(-result));
        } else
                journal_log(6, "%s: %d change%s undone.", path, result, result == 1 ? " is" : "s are");
}

static int restore(const char *root) {
        Kernfs kernfs = KERNFS_INIT;
        int worst = 0, r;

        r = kernfs_open(&kernfs, root);
        if (r < 0)
                return EXIT_HOST_LACKS;
        r = marks_restore_all(&kernfs, told, &worst);
        kernfs_done(&kernfs);
        return r < 0 || worst < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Memory is locked while that is still allowed, and capabilities are dropped before there is a second thread: they are a
 * thread's own. */
static int run(const ManagerOptions *options) {
        _cleanup_(manager_freep) Manager *manager = NULL;
        ManagerOptions own = *options;
        char path[4096];
        int r;

        /* The worker allocates little and seldom: an arena of its own would only cost memory, which is locked. */
        (void) mallopt(M_ARENA_MAX, 1);
        r = privileges_lock_memory();
        if (r < 0)
                journal_log(4, "The daemon's memory could not be locked (%s); it may be slow when memory is short.",
                            strerrordesc_np(-r));
        (void) snprintf(path, sizeof(path), "%s/dev/kmsg", options->root);
        own.kmsg_fd = kmsg_open(path);
        r = privileges_drop();
        if (r < 0)
                journal_log(4, "The capabilities that are not needed could not be dropped: %s.", strerrordesc_np(-r));
        r = manager_new(&manager, &own);
        if (r < 0)
                return r;
        return manager_run(manager);
}

int main(int argc, char **argv) {
        Arguments arguments;
        int r;

        r = parse_arguments(argc, argv, &arguments);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : EXIT_SUCCESS;
        umask(0077);
        if (arguments.restore)
                return restore(arguments.options.root);
        if (check_host(arguments.options.root) < 0)
                return EXIT_HOST_LACKS;
        r = block_signals();
        if (r >= 0)
                r = run(&arguments.options);
        if (r < 0) {
                complain("memguardd ends: %s.", strerrordesc_np(-r));
                return EXIT_FAILURE;
        }
        return EXIT_SUCCESS;
}
