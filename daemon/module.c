/* See module.h. The table of connections, and the one timer of all of them. */
#include "module-internal.h"

#include <sys/socket.h>

#include "fd.h"
#include "journal.h"
#include "utf8.h"

#define REST USEC_PER_SEC
#define TELL_AGAIN (60 * USEC_PER_MINUTE)

usec_t module_now(const Module *module) {
        usec_t now = 0;

        (void) sd_event_now(module->event, CLOCK_BOOTTIME, &now);
        return now;
}

void module_arm_timer(Module *module) {
        usec_t next = MIN(asks_deadline(module), module->wake_at);

        if (next == USEC_INFINITY)
                (void) sd_event_source_set_enabled(module->timer, SD_EVENT_OFF);
        else if (sd_event_source_set_time(module->timer, next) >= 0)
                (void) sd_event_source_set_enabled(module->timer, SD_EVENT_ONESHOT);
}

void module_rest(Module *module) {
        if (module->wake_at == USEC_INFINITY)
                module->wake_at = util_add(module_now(module), REST);
        module_arm_timer(module);
}

static void wake(Module *module) {
        module->wake_at = USEC_INFINITY;
        for (unsigned i = 0; i < MODULE_PEERS_MAX; i++)
                if (module->peers[i] && module->peers[i]->resting)
                        peer_wake(module->peers[i]);
        if (module->listen_rests)
                (void) sd_event_source_set_enabled(module->listen, SD_EVENT_ON);
        module->listen_rests = false;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Module *module = userdata;
        usec_t now = module_now(module);

        (void) source, (void) usec;
        if (module->wake_at <= now)
                wake(module);
        asks_expire(module, now);
        module_arm_timer(module);
        return 0;
}

/* The answer that it owes is not waited for any longer. */
void module_remove(Module *module, Peer *peer) {
        for (unsigned i = 0; i < MODULE_PEERS_MAX; i++)
                if (module->peers[i] == peer)
                        module->peers[i] = NULL;
        ask_answered(peer, NULL);
        peer_free(peer);
}

static void find_unit(Module *module, Peer *peer) {
        char path[CGROUP_PATH_MAX];
        uint32_t uid;

        if (peer->unit || !module->handlers.unit_of(module->handlers.userdata, peer->cgroup, path))
                return;
        peer->unit = strdup(path); /* without it, it stays a stranger */
        peer->of_user = unitname_user(path, &uid) == 0;
}

bool module_may_tell(Module *module, usec_t *told) {
        usec_t now = module_now(module);

        if (*told != 0 && now - *told < TELL_AGAIN)
                return false;
        *told = MAX(now, 1);
        return true;
}

static void tell_full(Module *module, const char *what, const char *whose) {
        char shown[UNIT_NAME_MAX];

        if (!module_may_tell(module, &module->told_full))
                return;
        (void) utf8_escape(whose, shown, sizeof(shown));
        journal_log(4, "%s: %s are connected, so a further one is not listened to. This is said once an hour.", shown, what);
}

/* Users' units have half of the places: whoever can make units can fill them all. */
static bool has_too_many(Module *module, const Peer *peer) {
        unsigned n_same = 0, n_of_user = 0;

        for (unsigned i = 0; peer->unit && i < MODULE_PEERS_MAX; i++) {
                const Peer *one = module->peers[i];

                if (!one || one == peer || !one->unit)
                        continue;
                n_same += util_streq(peer->unit, one->unit);
                n_of_user += one->of_user;
        }
        if (n_same >= MODULE_PEERS_A_UNIT)
                tell_full(module, "16 Python modules of it", peer->unit);
        else if (peer->of_user && n_of_user >= MODULE_PEERS_OF_USERS)
                tell_full(module, "128 Python modules of users' units", peer->unit);
        else
                return false;
        return true;
}

/* A free place for a new peer, or NULL. Of those whose unit nobody watches the oldest makes room. */
static Peer **find_place(Module *module, const Peer *newcomer) {
        Peer **free = NULL, **oldest = NULL;
        unsigned n_strangers = 0;

        if (has_too_many(module, newcomer))
                return NULL;
        for (unsigned i = 0; i < MODULE_PEERS_MAX; i++) {
                Peer **one = &module->peers[i];

                if (!*one) {
                        free = free ? free : one;
                        continue;
                }
                if ((*one)->unit)
                        continue;
                n_strangers++;
                if (!oldest || (*one)->number < (*oldest)->number)
                        oldest = one;
        }
        if (oldest && (!free || (!newcomer->unit && n_strangers >= MODULE_STRANGERS_MAX))) {
                module_remove(module, *oldest);
                return oldest;
        }
        if (!free)
                tell_full(module, "256 Python modules", newcomer->unit ? newcomer->unit : newcomer->cgroup);
        return free;
}

static void welcome(Module *module, int fd) {
        Peer *newcomer, **place;

        if (peer_new(module, fd, &newcomer) < 0)
                return;
        find_unit(module, newcomer);
        place = find_place(module, newcomer);
        newcomer->number = ++module->last_number;
        if (place && peer_listen(newcomer) >= 0)
                *place = newcomer;
        else
                peer_free(newcomer);
}

/* Until some more may connect. */
static int rest_listening(Module *module, sd_event_source *source) {
        module->listen_rests = true;
        module_rest(module);
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static int on_listen(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Module *module = userdata;
        usec_t now = module_now(module);
        int client;

        (void) events;
        if (!module_may_accept(module, now))
                return rest_listening(module, source);
        client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR))
                return 0;
        /* Whoever wants to connect waits on, and would wake us for ever (ENFILE). */
        if (client < 0)
                return rest_listening(module, source);
        if (module_lets_in(module, client, now))
                welcome(module, client);
        else
                module_close(module, client);
        return 0;
}

void module_unit_came(Module *module) {
        for (unsigned i = 0; module && i < MODULE_PEERS_MAX; i++) {
                Peer *peer = module->peers[i];

                if (!peer || peer->unit)
                        continue;
                find_unit(module, peer);
                if (has_too_many(module, peer))
                        module_remove(module, peer);
        }
}

/* Whoever lives on in what is no unit any more is a stranger again. */
void module_unit_gone(Module *module, const char *path) {
        for (unsigned i = 0; module && i < MODULE_PEERS_MAX; i++) {
                Peer *peer = module->peers[i];

                if (!peer || !peer->unit || !util_streq(peer->unit, path))
                        continue;
                free(peer->unit);
                peer->unit = NULL;
                ask_answered(peer, NULL);
        }
}

unsigned module_view(const Module *module, const char *path, ModuleView *ret) {
        const Peer *oldest = NULL;
        uint64_t n_errors = 0;
        unsigned n = 0;

        for (unsigned i = 0; module && i < MODULE_PEERS_MAX; i++) {
                const Peer *peer = module->peers[i];

                if (!peer_is_of(peer, path))
                        continue;
                n++;
                n_errors += peer->n_errors;
                if (!oldest || peer->number < oldest->number)
                        oldest = peer;
        }
        if (!oldest)
                return 0;
        *ret = (ModuleView){.pid = oldest->pid, .n_errors = n_errors};
        memcpy(ret->python, oldest->python, sizeof(ret->python));
        memcpy(ret->module, oldest->version, sizeof(ret->module));
        return n;
}

static int add_sources(Module *module) {
        _cleanup_close_ int fd = -1;
        int r;

        r = sd_event_add_time(module->event, &module->timer, CLOCK_BOOTTIME, 0, 100 * USEC_PER_MSEC, on_timer, module);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(module->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = module_socket_open(module->socket_path, &fd, &module->kernel_refuses);
        if (r < 0)
                return r;
        r = sd_event_add_io(module->event, &module->listen, fd, EPOLLIN, on_listen, module);
        if (r < 0)
                return r;
        (void) sd_event_source_set_priority(module->listen, SD_EVENT_PRIORITY_NORMAL + 10);
        r = sd_event_source_set_io_fd_own(module->listen, 1);
        if (r >= 0)
                TAKE_FD(fd);
        return r;
}

static void module_freep(Module **module) {
        module_free(*module);
}

int module_new(Module **ret, sd_event *event, const Kernfs *kernfs, const char *socket_path,
               const ModuleHandlers *handlers) {
        _cleanup_(module_freep) Module *module = calloc(1, sizeof(*module));
        int r;

        if (!module)
                return -ENOMEM;
        module->wake_at = USEC_INFINITY;
        module->event = sd_event_ref(event);
        module->kernfs = kernfs;
        module->handlers = *handlers;
        module->socket_path = strdup(socket_path);
        if (!module->socket_path)
                return -ENOMEM;
        r = add_sources(module);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(module);
        return 0;
}

Module *module_free(Module *module) {
        if (!module)
                return NULL;
        for (unsigned i = 0; i < MODULE_PEERS_MAX; i++)
                peer_free(module->peers[i]);
        module->closer = closer_free(module->closer);
        if (module->listen) {
                (void) unlink(module->socket_path);
                /* Closed with the process, as it may hold connections that nobody has looked into. */
                (void) sd_event_source_set_io_fd_own(module->listen, 0);
        }
        sd_event_source_disable_unref(module->listen);
        sd_event_source_disable_unref(module->timer);
        sd_event_unref(module->event);
        free(module->socket_path);
        free(module);
        return NULL;
}
