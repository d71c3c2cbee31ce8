/* One connection to one service manager: made without blocking, made again with backoff when it is lost (daemon-reexec
 * drops it), closed when it is a user's and idle. */
#include <stdio.h>
#include <unistd.h>

#include "systemd-internal.h"
#include "unitname.h"
#include "utf8.h"

#define BACKOFF_MAX (5 * USEC_PER_SEC)
#define CONNECT_LIMIT (10 * USEC_PER_SEC) /* authentication and the first answer; PID 1 needs 5 ms */
#define IDLE_LIMIT (30 * USEC_PER_SEC)

bool peer_is_closing(sd_bus_message *reply) {
        return sd_bus_is_open(sd_bus_message_get_bus(reply)) <= 0;
}

bool peer_sent(const Peer *peer, sd_bus_message *signal) {
        const char *sender = sd_bus_message_get_sender(signal);

        return !peer->broker || (sender && util_streq(sender, peer->owner));
}

int peer_error(sd_bus_message *reply, char detail[static DETAIL_MAX]) {
        static const struct {
                const char *name;
                int error;
        } names[] = {
                {SYSTEMD_NAME ".NoSuchUnit", ENOENT},
                {SYSTEMD_NAME ".NoSuchProcess", ESRCH},
                {SYSTEMD_NAME ".UnitMasked", EPERM},
                {SYSTEMD_NAME ".ShuttingDown", ESHUTDOWN},
                {SYSTEMD_NAME ".TransactionIsDestructive", EBUSY},
        };
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        /* Cut where it does not fit. */
        (void) utf8_escape(error && error->message ? error->message : "", detail, DETAIL_MAX);
        for (size_t i = 0; error && i < ELEMENTSOF(names); i++)
                if (sd_bus_error_has_name(error, names[i].name))
                        return -names[i].error;
        return error && sd_bus_error_get_errno(error) > 0 ? -sd_bus_error_get_errno(error) : -EIO;
}

static int on_subscribed(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        const SystemdHandlers *handlers;
        Peer *peer = userdata;
        const char *sender = sd_bus_message_get_sender(reply);
        bool again = peer->was_ready;

        (void) error;
        if (peer_is_closing(reply))
                return 0;
        /* An error from the manager is as good as a yes: it is there, and it sends its signals on private connections
         * anyway. Only that nobody answered, or that the broker answered in its place, is none. */
        if (sd_bus_message_is_method_error(reply, NULL) && (!sender || peer->broker) &&
            sd_bus_message_get_errno(reply) == ETIMEDOUT)
                return peer_lost(peer, -ETIMEDOUT), 0;
        if (peer->broker && (!sender || sender[0] != ':'))
                return peer_lost(peer, -ENOTCONN), 0;
        (void) snprintf(peer->owner, sizeof(peer->owner), "%s", sender ? sender : "");
        peer->state = PEER_READY;
        peer->was_ready = true;
        peer->told_down = false;
        peer->backoff = PEER_BACKOFF_MIN;
        (void) peer_arm(peer, peer->is_user ? IDLE_LIMIT : USEC_INFINITY);
        handlers = &peer->systemd->handlers;
        if (!peer->is_user && handlers->connection)
                handlers->connection(handlers->userdata, true, 0);
        if (!peer->is_user && again && handlers->reloaded)
                handlers->reloaded(handlers->userdata);
        job_peer_ready(peer);
        return 0;
}

static int start_bus(Peer *peer, int fd) {
        int r;

        r = sd_bus_set_fd(peer->bus, fd, fd);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        r = sd_bus_set_bus_client(peer->bus, peer->broker);
        if (r < 0)
                return r;
        r = sd_bus_start(peer->bus);
        if (r < 0)
                return r;
        r = sd_bus_attach_event(peer->bus, peer->systemd->event, SD_EVENT_PRIORITY_NORMAL);
        if (r < 0)
                return r;
        r = signal_subscribe(peer);
        if (r < 0)
                return r;
        return sd_bus_call_method_async(peer->bus, NULL, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Subscribe",
                                        on_subscribed, peer, NULL);
}

static int connect_peer(Peer *peer) {
        int fd, r;

        r = peer_open_socket(peer, &fd, &peer->broker);
        if (r < 0)
                return r;
        r = sd_bus_new(&peer->bus);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        peer->state = PEER_CONNECTING;
        r = start_bus(peer, fd);
        if (r < 0)
                return r;
        return peer_arm(peer, CONNECT_LIMIT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Peer *peer = userdata;
        int r;

        (void) source;
        (void) usec;
        switch (peer->state) {
        case PEER_DOWN:
                r = connect_peer(peer);
                if (r < 0)
                        peer_lost(peer, r);
                return 0;
        case PEER_CONNECTING:
                peer_lost(peer, -ETIMEDOUT);
                return 0;
        case PEER_READY:
                if (job_uses(peer->systemd, peer))
                        (void) peer_arm(peer, IDLE_LIMIT);
                else
                        peer_release(peer);
                return 0;
        case _PEER_STATE_MAX:
        case _PEER_STATE_INVALID:
                break;
        }
        return 0;
}

int peer_arm(Peer *peer, usec_t delay) {
        int r;

        if (!peer->timer) {
                r = sd_event_add_time_relative(peer->systemd->event, &peer->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY,
                                               on_timer, peer);
                if (r < 0)
                        return r;
        }
        if (delay == USEC_INFINITY)
                return sd_event_source_set_enabled(peer->timer, SD_EVENT_OFF);
        r = sd_event_source_set_time_relative(peer->timer, delay);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(peer->timer, SD_EVENT_ONESHOT);
}

void peer_lost(Peer *peer, int error) {
        const SystemdHandlers *handlers = &peer->systemd->handlers;
        bool tell = !peer->is_user && !peer->told_down;

        peer->state = PEER_DOWN;
        peer->owner[0] = 0;
        memset(peer->removed, 0, sizeof(peer->removed));
        if (!peer->is_user) {
                witness_release(peer->systemd, NULL);
                signal_forget_all(peer->systemd);
                facts_peer_lost(peer->systemd, -ECONNRESET);
        }
        job_peer_lost(peer);
        peer->bus = sd_bus_close_unref(peer->bus);
        if (peer->is_user && !job_uses(peer->systemd, peer)) {
                peer_release(peer);
                return;
        }
        (void) peer_arm(peer, peer->backoff);
        peer->backoff = MIN(2 * peer->backoff, BACKOFF_MAX);
        peer->told_down = true;
        if (tell && handlers->connection)
                handlers->connection(handlers->userdata, false, error);
}

void peer_release(Peer *peer) {
        peer->bus = sd_bus_close_unref(peer->bus);
        peer->timer = sd_event_source_disable_unref(peer->timer);
        peer->used = false;
}

static Peer *find_place(Systemd *systemd) {
        Peer *idle = NULL;

        for (size_t i = 1; i < PEERS_MAX; i++) {
                Peer *peer = &systemd->peers[i];
                if (!peer->used)
                        return peer;
                if (!job_uses(systemd, peer))
                        idle = peer;
        }
        if (idle)
                peer_release(idle);
        return idle;
}

static int open_user(Systemd *systemd, uint32_t uid, Peer **ret) {
        Peer *peer = find_place(systemd);
        int r;

        if (!peer)
                return -EBUSY;
        *peer = (Peer){.systemd = systemd,
                       .used = true,
                       .is_user = true,
                       .uid = uid,
                       .backoff = PEER_BACKOFF_MIN,
                       .told_down = true};
        r = connect_peer(peer);
        if (r < 0) {
                peer_release(peer);
                return r;
        }
        *ret = peer;
        return 0;
}

int peer_find(Systemd *systemd, const char *path, Peer **ret) {
        uint32_t uid;

        if (!path[0] || unitname_user(path, &uid) < 0) {
                *ret = &systemd->peers[0];
                return 0;
        }
        for (size_t i = 1; i < PEERS_MAX; i++)
                if (systemd->peers[i].used && systemd->peers[i].uid == uid) {
                        *ret = &systemd->peers[i];
                        return 0;
                }
        return open_user(systemd, uid, ret);
}
