/* The private socket and its clients. A connection is a server-mode sd_bus of its own, as PID 1 does it. A bus must not
 * be freed while one of its callbacks runs, so whoever wants a client gone dooms it and the reaper closes it
 * afterwards. */
#include "api-priv.h"

#include <stdio.h>
#include <sys/socket.h>

#include "fd.h"

/* A client that does not read would have us keep its messages for ever; sd-bus itself stops at 384 Ki of them. */
#define QUEUE_MAX 256

/* sd-bus lets the kernel keep 8 MiB a client, all on our account. */
#define BUFFER_BYTES (256 * 1024)

/* sd-bus gives a client 90 s to say who it is; an honest one needs a millisecond. Where places are short, it has this.
 */
#define AUTH_USEC USEC_PER_SEC

static void client_doom(ApiClient *client) {
        client->doomed = true;
        (void) sd_event_source_set_enabled(client->api->reaper, SD_EVENT_ONESHOT);
}

static void client_close(ApiClient *client) {
        sd_bus_close_unref(client->bus);
        *client = (ApiClient){};
}

static int reap(sd_event_source *source, void *userdata) {
        Api *api = userdata;

        (void) source;
        for (unsigned i = 0; i < API_CLIENTS_MAX; i++)
                if (api->clients[i].doomed)
                        client_close(&api->clients[i]);
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) m;
        (void) error;
        client_doom(userdata);
        return 0;
}

/* Sees every message first. Answers are queued too, so a client that only asks is bounded here. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ApiClient *client = userdata;
        uint64_t n_queued = 0;

        (void) m;
        (void) error;
        (void) sd_bus_get_n_queued_write(client->bus, &n_queued);
        if (n_queued > QUEUE_MAX)
                client_doom(client);
        return client->doomed; /* 1 = nobody else sees it */
}

static int limit_buffer(int fd) {
        const int size = BUFFER_BYTES;

        return setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0 ? -errno : 0;
}

static int client_start(ApiClient *client, int *fd) {
        sd_id128_t id;
        int r;

        r = sd_bus_set_fd(client->bus, *fd, *fd);
        if (r < 0)
                return r;
        *fd = -1;

        r = sd_id128_randomize(&id);
        if (r < 0)
                return r;
        r = sd_bus_set_server(client->bus, true, id);
        if (r < 0)
                return r;
        /* The peer's uid was checked, which is all the access control there is on this socket. */
        r = sd_bus_set_trusted(client->bus, true);
        if (r < 0)
                return r;
        r = sd_bus_negotiate_fds(client->bus, false);
        if (r < 0)
                return r;
        r = sd_bus_set_sender(client->bus, "org.memguard1");
        if (r < 0)
                return r;
        r = sd_bus_start(client->bus);
        if (r < 0)
                return r;
        r = limit_buffer(sd_bus_get_fd(client->bus));
        if (r < 0)
                return r;
        return sd_bus_attach_event(client->bus, client->api->event, SD_EVENT_PRIORITY_NORMAL);
}

static int client_add_callbacks(ApiClient *client) {
        int r;

        r = sd_bus_add_filter(client->bus, NULL, on_message, client);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(client->bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, client);
        if (r < 0)
                return r;
        return api_manager_add(client);
}

/* A free place; or that of a client which still has not said who it is. */
static ApiClient *find_place(Api *api, usec_t now) {
        for (unsigned i = 0; i < API_CLIENTS_MAX; i++)
                if (!api->clients[i].bus)
                        return &api->clients[i];

        for (unsigned i = 0; i < API_CLIENTS_MAX; i++) {
                ApiClient *client = &api->clients[i];

                if (sd_bus_is_ready(client->bus) == 0 && util_sub(now, client->since) > AUTH_USEC) {
                        client_close(client);
                        return client;
                }
        }
        return NULL;
}

static bool peer_is_welcome(int fd) {
        struct ucred ucred;
        socklen_t length = sizeof(ucred);

        return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &length) >= 0 && length == sizeof(ucred) &&
               (ucred.uid == 0 || ucred.uid == geteuid());
}

static int client_new(Api *api, int *fd) {
        ApiClient *client;
        usec_t now;
        int r;

        r = sd_event_now(api->event, CLOCK_BOOTTIME, &now);
        if (r < 0)
                return r;

        client = find_place(api, now);
        if (!client)
                return -EBUSY;

        *client = (ApiClient){.api = api, .since = now};
        r = sd_bus_new(&client->bus);
        if (r < 0)
                return r;

        r = client_start(client, fd);
        if (r >= 0)
                r = client_add_callbacks(client);
        if (r < 0)
                client_close(client);
        return r;
}

static int on_connection(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata) {
        _cleanup_close_ int fd = -1;

        (void) source;
        (void) revents;
        /* Whatever is wrong with one connection is its own affair: it is closed, and we go on listening. */
        fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0 && peer_is_welcome(fd))
                (void) client_new(userdata, &fd);
        return 0;
}

static int add_source_off(sd_event *event, sd_event_source **ret, sd_event_handler_t handler, int64_t priority,
                          Api *api) {
        int r;

        r = sd_event_add_defer(event, ret, handler, api);
        if (r < 0)
                return r;
        r = sd_event_source_set_priority(*ret, priority);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

static int api_listen(Api *api, const char *socket_path) {
        _cleanup_close_ int fd = -1;
        int r;

        r = api_socket_open(socket_path, &fd);
        if (r < 0)
                return r;
        api->socket_path = strdup(socket_path);
        if (!api->socket_path) {
                (void) unlink(socket_path);
                return -ENOMEM;
        }

        r = sd_event_add_io(api->event, &api->listen, fd, EPOLLIN, on_connection, api);
        if (r < 0)
                return r;
        r = sd_event_source_set_io_fd_own(api->listen, true);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        /* An accept() that fails for want of fds leaves the connection waiting, and would wake us for ever. */
        return sd_event_source_set_ratelimit(api->listen, USEC_PER_SEC, 100);
}

static int api_init(Api *api, const char *socket_path) {
        int r;

        /* Clients go first: whatever else is ready may make them stale. Lists go last: nobody dies of a late status. */
        r = add_source_off(api->event, &api->reaper, reap, SD_EVENT_PRIORITY_IMPORTANT, api);
        if (r < 0)
                return r;
        r = add_source_off(api->event, &api->sweep, api_list_dispatch, SD_EVENT_PRIORITY_IDLE, api);
        if (r < 0)
                return r;
        return api_listen(api, socket_path);
}

int api_new(Api **ret, sd_event *event, const char *socket_path, const ApiHandlers *handlers) {
        Api *api;
        int r;

        api = calloc(1, sizeof(*api));
        if (!api)
                return -ENOMEM;
        api->event = sd_event_ref(event);
        api->handlers = *handlers;

        r = api_init(api, socket_path);
        if (r < 0) {
                api_free(api);
                return r;
        }
        *ret = api;
        return 0;
}

Api *api_free(Api *api) {
        if (!api)
                return NULL;

        api_list_done(api);
        api_lasts_done(api);
        for (unsigned i = 0; i < API_CLIENTS_MAX; i++)
                if (api->clients[i].bus)
                        client_close(&api->clients[i]); /* no flush: a client that does not read would block our end */
        if (api->socket_path)
                (void) unlink(api->socket_path);
        sd_event_source_disable_unref(api->listen);
        sd_event_source_disable_unref(api->reaper);
        sd_event_source_disable_unref(api->sweep);
        sd_event_unref(api->event);
        free(api->socket_path);
        free(api);
        return NULL;
}

static int send_record(ApiClient *client, const ApiRecord *record) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        uint64_t n_queued = 0;
        int r;

        r = sd_bus_get_n_queued_write(client->bus, &n_queued);
        if (r < 0)
                return r;
        if (n_queued > QUEUE_MAX)
                return -ENOBUFS;
        r = sd_bus_message_new_signal(client->bus, &m, API_PATH, API_INTERFACE, "Record");
        if (r < 0)
                return r;
        r = api_put_record(m, record);
        if (r < 0)
                return r;
        return sd_bus_send(client->bus, m, NULL);
}

static void keep_record(ApiRecord *kept, const Record *record) {
        const Incident *incident = record->incident;
        bool judged = record->kind == RECORD_INCIDENT;

        kept->record = *record;
        kept->record.incident = NULL;
        kept->message_id = record_id(record);
        kept->pid = incident ? incident->pid : 0;
        (void) snprintf(kept->incident, sizeof(kept->incident), "%s", incident ? incident->id : "");
        kept->verdict = judged ? verdict_name(incident->verdict) : "";
        kept->cause = judged ? cause_name(incident->cause) : "";
        kept->fate = judged ? fate_name(incident->fate) : "";
        kept->confidence = judged ? confidence_name(incident->confidence) : "";
}

void api_broadcast(Api *api, const Record *record, const char *unit, const char *path, uint64_t realtime_usec) {
        ApiRecord *kept = &api->records[api->n_records++ % API_RECORDS_MAX];

        keep_record(kept, record);
        (void) snprintf(kept->unit, sizeof(kept->unit), "%s", unit ?: "");
        (void) snprintf(kept->path, sizeof(kept->path), "%s", path ?: "");
        kept->realtime = realtime_usec;
        api_note_last(api, kept);

        for (unsigned i = 0; i < API_CLIENTS_MAX; i++) {
                ApiClient *client = &api->clients[i];

                /* A watcher that would miss a record is cut off rather than left to believe that nothing happened. */
                if (client->bus && client->watching && !client->doomed && send_record(client, kept) < 0)
                        client_doom(client);
        }
}
