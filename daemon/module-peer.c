/* One connection: who it is, what it says. */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#include "fd.h"
#include "module-internal.h"
#include "proclook.h"
#include "utf8.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

#define MESSAGES_A_TURN 16 /* of one peer, then the loop has its turn */
#define EARLY_MAX 1024 /* messages; net.unix.max_dgram_qlen is 512 with systemd */

/* Is the process that connected still the one of its pid? 1: it was just now; 0: older kernels have no handle on it. There the pid
 * may have been used again, and what lies in the queue already was then said by the one before: see skip_early(). */
static int still_there(int fd) {
        _cleanup_close_ int pidfd = -1;
        socklen_t size = sizeof(pidfd);
        struct pollfd p;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0)
                return errno == ENOPROTOOPT || errno == EINVAL ? 0 : -ESRCH;
        p = (struct pollfd){.fd = pidfd, .events = POLLIN};
        return poll(&p, 1, 0) == 0 ? 1 : -ESRCH;
}

static int identify(Peer *peer) {
        const Kernfs *kernfs = peer->module->kernfs;
        char cgroup[CGROUP_PATH_MAX];
        struct ucred creds;
        socklen_t size = sizeof(creds);
        int r;

        if (getsockopt(peer->fd, SOL_SOCKET, SO_PEERCRED, &creds, &size) < 0)
                return -errno;
        if (creds.pid <= 0)
                return -ESRCH; /* of another pid namespace, from where nothing can be said of a unit of ours */
        r = proclook_cgroup(kernfs, creds.pid, cgroup);
        if (r < 0)
                return r;
        if (proclook_gone(kernfs, creds.pid, /* start= */ 0) != 0)
                return -ESRCH;
        r = still_there(peer->fd);
        if (r < 0)
                return r;
        peer->cgroup = strdup(cgroup);
        if (!peer->cgroup)
                return -ENOMEM;
        peer->pid = creds.pid;
        peer->early = r == 0;
        return 0;
}

static void peer_freep(Peer **peer) {
        peer_free(*peer);
}

int peer_new(Module *module, int fd, Peer **ret) {
        _cleanup_(peer_freep) Peer *peer = calloc(1, sizeof(*peer));
        int r;

        if (!peer) {
                module_close(module, fd);
                return -ENOMEM;
        }
        peer->module = module;
        peer->fd = fd;
        r = identify(peer);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(peer);
        return 0;
}

Peer *peer_free(Peer *peer) {
        if (!peer)
                return NULL;
        sd_event_source_disable_unref(peer->source);
        module_close(peer->module, peer->fd);
        free(peer->cgroup);
        free(peer->unit);
        free(peer->sites);
        free(peer);
        return NULL;
}

bool peer_is_of(const Peer *peer, const char *path) {
        return peer && peer->greeted && peer->unit && util_streq(peer->unit, path);
}

int peer_send(Peer *peer, const ModuleTalk *talk) {
        char text[MODULETALK_MAX];
        int n = moduletalk_format(talk, text);

        return send(peer->fd, text, (size_t) n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void rest(Peer *peer) {
        peer->resting = true;
        (void) sd_event_source_set_enabled(peer->source, SD_EVENT_OFF);
        module_rest(peer->module);
}

void peer_wake(Peer *peer) {
        peer->resting = false;
        (void) sd_event_source_set_enabled(peer->source, SD_EVENT_ON);
}

static void on_error(Peer *peer, const ModuleTalk *talk) {
        const WitnessHandlers *handlers = &peer->module->handlers.witness;
        Witness witness = {.source = WITNESS_MODULE, .fact = FACT_MEMORY_ERROR, .pid = peer->pid};
        char unit[CGROUP_PATH_MAX]; /* what follows may end the unit */
        char site[61], text[101];

        (void) snprintf(unit, sizeof(unit), "%s", peer->unit);
        peer->n_errors++;
        witness.at = module_now(peer->module);
        memcpy(witness.site, talk->site, sizeof(witness.site));
        (void) snprintf(witness.word, sizeof(witness.word), "%s", talk->class[0] ? talk->class : "MemoryError");
        /* Cut at a character, so that all of it fits. */
        (void) utf8_escape(talk->site, site, sizeof(site));
        (void) utf8_escape(talk->text, text, sizeof(text));
        (void) snprintf(witness.text, sizeof(witness.text), "%s%s%s%s%s%s%s", witness.word, site[0] ? " at " : "", site,
                        talk->where[0] ? ", " : "", talk->where, text[0] ? ": " : "", text);
        handlers->saw(handlers->userdata, unit, &witness);
}

static void on_grew(Peer *peer, const ModuleTalk *talk) {
        ModuleSite *site;

        if (!peer->sites)
                peer->sites = calloc(MODULE_SITES_MAX, sizeof(*peer->sites));
        if (!peer->sites || peer->n_sites == MODULE_SITES_MAX)
                return;
        site = &peer->sites[peer->n_sites++];
        site->bytes = talk->bytes;
        site->count = talk->count;
        memcpy(site->site, talk->site, sizeof(site->site));
}

/* What was not asked for is not told. */
static void on_snapshot_done(Peer *peer, const ModuleTalk *talk) {
        const ModuleHandlers *handlers = &peer->module->handlers;

        if (peer->snapshot_asked != 0)
                handlers->grew(handlers->userdata, peer->unit, peer->pid, peer->sites, peer->n_sites, talk->text);
        peer->snapshot_asked = 0;
        peer->n_sites = 0;
        free(peer->sites);
        peer->sites = NULL;
}

static void on_hello(Peer *peer, const ModuleTalk *talk) {
        peer->greeted = true;
        peer->traced = talk->traced;
        memcpy(peer->python, talk->python, sizeof(peer->python));
        memcpy(peer->version, talk->module, sizeof(peer->version));
}

static void on_beat(Peer *peer, const ModuleTalk *talk) {
        const ModuleHandlers *handlers = &peer->module->handlers;
        char unit[CGROUP_PATH_MAX];

        (void) snprintf(unit, sizeof(unit), "%s", peer->unit);
        peer->traced = talk->beat.traced != BYTES_INFINITY;
        handlers->beat(handlers->userdata, unit, peer->pid, &talk->beat);
}

/* One message of a peer whose unit is watched; any other peer's ends here, but for the greeting. */
static int take(Peer *peer, const ModuleTalk *talk) {
        if (talk->kind == MODULETALK_HELLO) {
                on_hello(peer, talk);
                return 0;
        }
        if (peer->early)
                return 0;
        if (!peer->greeted)
                return -EPROTO;
        if (!peer->unit)
                return 0;
        switch (talk->kind) {
        case MODULETALK_ERROR:
                on_error(peer, talk);
                return 0;
        case MODULETALK_BEAT:
                on_beat(peer, talk);
                return 0;
        case MODULETALK_GREW:
                on_grew(peer, talk);
                return 0;
        case MODULETALK_DONE:
                if (talk->id == 0)
                        on_snapshot_done(peer, talk);
                else
                        ask_answered(peer, talk);
                return 0;
        case MODULETALK_HELLO:
        case MODULETALK_FREE:
        case MODULETALK_SNAPSHOT:
        case _MODULETALK_KIND_MAX:
        case _MODULETALK_KIND_INVALID:
                break;
        }
        return -EPROTO;
}

/* Takes one message. 0: there is none; 1: one was taken; an error: this peer is not to be trusted, or gone. */
static int receive(Peer *peer) {
        char text[MODULETALK_MAX];
        ModuleTalk talk;
        size_t size;
        int pid, r;

        r = queue_take(peer->fd, text, &size, &pid);
        if (r <= 0)
                return r;
        if (pid != peer->pid) /* not sent by the process that connected */
                return -EPROTO;
        r = moduletalk_parse(text, size, &talk);
        if (r < 0)
                return r;
        r = take(peer, &talk);
        return r < 0 ? r : 1;
}

static int on_peer(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Peer *peer = userdata;
        int r = 1;

        (void) source, (void) fd, (void) events;
        for (unsigned i = 0; i < MESSAGES_A_TURN && r > 0; i++) {
                if (!bucket_take(&peer->bucket, PEER_RATE, PEER_BURST, module_now(peer->module))) {
                        rest(peer);
                        return 0;
                }
                r = receive(peer);
        }
        if (r < 0)
                module_remove(peer->module, peer);
        return 0;
}

/* Of what was said before identify() looked at the process only the greeting is heard: it says nothing of the unit. Whatever comes
 * from that pid after it comes from the process that was looked at. */
static int skip_early(Peer *peer) {
        int r = 1;

        for (unsigned i = 0; i < EARLY_MAX && r > 0; i++)
                r = receive(peer);
        peer->early = false;
        return r > 0 ? -EPROTO : r;
}

int peer_listen(Peer *peer) {
        int r;

        if (peer->early) {
                r = skip_early(peer);
                if (r < 0)
                        return r;
        }
        r = sd_event_add_io(peer->module->event, &peer->source, peer->fd, EPOLLIN, on_peer, peer);
        if (r < 0)
                return r;
        /* After what watches the kernel: a service that talks must not keep an alarm waiting. */
        return sd_event_source_set_priority(peer->source, SD_EVENT_PRIORITY_NORMAL + 10);
}
