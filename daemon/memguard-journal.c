/* memguard-journal: reads the journal for memguardd, who is its only client. Started by its socket, ends when the client goes. */
#include <getopt.h>
#include <stdio.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "fd.h"
#include "helper-journal.h"

#define EXIT_USAGE 2
#define IDLE_LIMIT (30 * USEC_PER_SEC) /* without a client that may be one */

static const char usage[] =
        "Usage: memguard-journal [--directory DIR]\n"
        "Reads the journal for memguardd; started by systemd when memguardd connects to /run/memguard/journal.\n\n"
        "  --directory DIR   read the journal files of this directory\n"
        "  --version, --help\n";

typedef struct Helper {
        sd_event *event;
        sd_event_source *listener, *idle;
        const char *directory;
        Reader *reader;
} Helper;

/* The daemon is root. Ourselves: only in tests, or whoever runs us unprivileged. */
static bool may_connect(int fd) {
        struct ucred creds;
        socklen_t size = sizeof(creds);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &size) < 0)
                return false;
        return creds.uid == 0 || creds.uid == geteuid();
}

static int on_connection(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Helper *helper = userdata;
        int client, r;

        (void) revents;
        client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0)
                return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR ? 0 : -errno;
        if (!may_connect(client)) {
                (void) close(client);
                return 0;
        }
        r = reader_new(&helper->reader, helper->event, helper->directory, client);
        if (r < 0) {
                fprintf(stderr, "The journal could not be opened: %s.\n", strerror(-r));
                return sd_event_exit(helper->event, 1);
        }
        (void) sd_event_source_set_enabled(helper->idle, SD_EVENT_OFF);
        /* Who comes meanwhile waits for the next helper. */
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) usec;
        (void) userdata;
        return sd_event_exit(sd_event_source_get_event(source), 0);
}

static int run(Helper *helper, int fd) {
        int r;

        r = sd_event_add_io(helper->event, &helper->listener, fd, EPOLLIN, on_connection, helper);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(helper->event, &helper->idle, CLOCK_BOOTTIME, IDLE_LIMIT, USEC_PER_SEC, on_idle, helper);
        if (r < 0)
                return r;
        return sd_event_loop(helper->event);
}

/* 0 to go on, 1 when all is said, -EINVAL. */
static int parse_arguments(int argc, char **argv, Helper *helper) {
        static const struct option options[] = {
                {"directory", required_argument, NULL, 'D'},
                {"version", no_argument, NULL, 'V'},
                {"help", no_argument, NULL, 'h'},
                {0},
        };
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (c) {
                case 'D':
                        helper->directory = optarg;
                        break;
                case 'V':
                        puts("memguard-journal " MEMGUARD_VERSION);
                        return 1;
                case 'h':
                        fputs(usage, stdout);
                        return 1;
                default:
                        fputs(usage, stderr);
                        return -EINVAL;
                }
        return 0;
}

int main(int argc, char **argv) {
        Helper helper = {};
        int r;

        r = parse_arguments(argc, argv, &helper);
        if (r != 0)
                return r < 0 ? EXIT_USAGE : 0;
        if (sd_listen_fds(true) != 1 || sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_SEQPACKET, 1) <= 0) {
                fputs("memguard-journal is started by its socket: systemctl start memguard-journal.socket\n", stderr);
                return EXIT_USAGE;
        }
        r = sd_event_new(&helper.event);
        if (r >= 0)
                r = run(&helper, SD_LISTEN_FDS_START);
        if (r < 0)
                fprintf(stderr, "The event loop ended: %s.\n", strerror(-r));
        reader_free(helper.reader);
        sd_event_source_disable_unref(helper.listener);
        sd_event_source_disable_unref(helper.idle);
        sd_event_unref(helper.event);
        return r == 0 ? 0 : 1;
}
