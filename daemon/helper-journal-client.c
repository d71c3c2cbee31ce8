/* See helper-journal.h. One datagram a line in both directions; the socket keeps their borders. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event.h"
#include "fd.h"
#include "helper-journal.h"

#define WAITING_MAX 512   /* lines; the reader stops long before, and commands are few */
#define FULL 64           /* no more of the journal is read while so many wait */
#define TALKS_PER_WAKE 64 /* a unit is 300 bytes of text and no work */

struct Client {
        sd_event *event;
        sd_event_source *source;
        ClientHandlers handlers;
        char *waiting[WAITING_MAX]; /* a ring */
        unsigned first, n;
        int fd;
};

static void end(Client *client, int status) {
        (void) sd_event_source_set_enabled(client->source, SD_EVENT_OFF);
        (void) sd_event_exit(client->event, status);
}

/* 0, or -EAGAIN when the daemon has not read what it has. */
static int put(Client *client, const char *line) {
        if (send(client->fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
                return 0;
        if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
                return -EAGAIN;
        return -errno;
}

static int say(Client *client, const char *line) {
        int r = client->n > 0 ? -EAGAIN : put(client, line);
        char *copy;

        if (r == 0)
                return 0;
        if (r != -EAGAIN) {
                end(client, 0);
                return r;
        }
        if (client->n >= WAITING_MAX)
                return -ENOBUFS;
        copy = strdup(line);
        if (!copy)
                return -ENOMEM;
        client->waiting[(client->first + client->n++) % WAITING_MAX] = copy;
        return sd_event_source_set_io_events(client->source, EPOLLIN | EPOLLOUT);
}

static void send_waiting(Client *client) {
        while (client->n > 0) {
                int r = put(client, client->waiting[client->first]);

                if (r == -EAGAIN)
                        return;
                if (r < 0)
                        return end(client, 0);
                free(client->waiting[client->first]);
                client->first = (client->first + 1) % WAITING_MAX;
                client->n--;
        }
        (void) sd_event_source_set_io_events(client->source, EPOLLIN);
        client->handlers.drained(client->handlers.userdata);
}

static void take(Client *client, const char *line, size_t n) {
        Talk talk;

        if (memchr(line, 0, n) || journaltalk_parse(line, &talk) < 0) {
                fputs("The client said something that is no command; the connection is closed.\n", stderr);
                return end(client, 1);
        }
        client->handlers.told(client->handlers.userdata, &talk);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Client *client = userdata;
        char line[JOURNALTALK_MAX + 1];
        ssize_t n;

        (void) source;
        if (revents & EPOLLOUT)
                send_waiting(client);
        for (unsigned i = 0; i < TALKS_PER_WAKE; i++) {
                n = recv(fd, line, sizeof(line) - 1, MSG_DONTWAIT | MSG_TRUNC);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                /* Nothing more, or an error: the daemon is gone. */
                if (n <= 0) {
                        end(client, 0);
                        return 0;
                }
                n = MIN(n, (ssize_t) sizeof(line) - 1);
                line[n] = 0;
                take(client, line, (size_t) n);
        }
        return 0;
}

int client_say(Client *client, const Talk *talk) {
        char line[JOURNALTALK_MAX];

        (void) journaltalk_format(talk, line);
        return say(client, line);
}

int client_witness(Client *client, const char *path, const Witness *witness) {
        static Event event;
        static char line[EVENT_LINE_MAX];

        event = (Event){.kind = EVENT_WITNESS, .time = witness->at, .witness = *witness};
        (void) snprintf(event.path, sizeof(event.path), "%s", path);
        (void) event_format(&event, line);
        return say(client, line);
}

bool client_is_full(const Client *client) {
        return client->n >= FULL;
}

int client_new(Client **ret, sd_event *event, int fd, const ClientHandlers *handlers) {
        _cleanup_close_ int owned = fd;
        Client *client = calloc(1, sizeof(Client));
        int r;

        if (!client)
                return -ENOMEM;
        client->handlers = *handlers;
        r = sd_event_add_io(event, &client->source, fd, EPOLLIN, on_io, client);
        if (r < 0) {
                free(client);
                return r;
        }
        (void) sd_event_source_set_description(client->source, "client");
        client->event = sd_event_ref(event);
        client->fd = TAKE_FD(owned);
        *ret = client;
        return 0;
}

Client *client_free(Client *client) {
        if (!client)
                return NULL;
        sd_event_source_disable_unref(client->source);
        for (; client->n > 0; client->n--) {
                free(client->waiting[client->first]);
                client->first = (client->first + 1) % WAITING_MAX;
        }
        (void) close(client->fd);
        sd_event_unref(client->event);
        free(client);
        return NULL;
}
