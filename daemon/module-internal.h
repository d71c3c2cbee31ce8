/* Inside of module*.c. */
#pragma once

#include "bucket.h"
#include "module.h"
#include "worker.h"

#define PEER_RATE 20 /* messages a second, of one connection */
#define PEER_BURST 60
#define ACCEPT_RATE 50 /* connections a second, of all */
#define ACCEPT_BURST 200
#define CALLER_RATE 20 /* of one user, but for root; what comes above that is closed at once */
#define CALLER_BURST 150
#define CALLERS_MAX 16
#define REFUSE_RATE 200 /* of those that are closed at once: that takes time too */
#define REFUSE_BURST 200
#define UNCLOSED_MAX 64 /* connections that wait to be closed; at the bound no further one is accepted */
#define ASKS_MAX 8

typedef struct Peer {
        Module *module;
        int fd;
        int pid;
        uint64_t number; /* in the order of their coming */
        sd_event_source *source;
        Bucket bucket;
        bool greeted, traced, resting;
        bool early; /* what comes may be said by a process that had the pid before */
        bool of_user; /* with unit: a user manager has made it */
        uint64_t n_errors;
        uint64_t ask; /* of module->asks, which it has not answered; 0 = none */
        usec_t asked, snapshot_asked;
        char *cgroup; /* owned; as the kernel has it */
        char *unit;   /* owned; NULL = not watched (yet) */
        ModuleSite *sites; /* owned; those of a snapshot that is coming in */
        unsigned n_sites;
        char python[MODULETALK_WORD_MAX], version[MODULETALK_WORD_MAX];
} Peer;

/* Memory was asked for of several processes. */
typedef struct Ask {
        uint64_t id; /* 0 = free */
        usec_t until;
        unsigned n_asked, n_answered, n_open;
        uint64_t freed, most;
        act_done_t done;
        void *userdata;
        char detail[96]; /* the first answer's own words */
} Ask;

/* Connections with descriptors in their queues. Those in the table when the bound is reached may come on top. */
typedef struct Closer {
        Worker *worker; /* NULL until there is one */
        bool busy;      /* with the first */
        unsigned n;
        int fds[UNCLOSED_MAX + MODULE_PEERS_MAX + 1];
} Closer;

/* A user who has connected. At the bound the one who may connect most often again makes room. */
typedef struct Caller {
        uint32_t uid;
        Bucket bucket;
} Caller;

struct Module {
        sd_event *event;
        const Kernfs *kernfs;
        ModuleHandlers handlers;
        char *socket_path;
        sd_event_source *listen, *timer;
        Bucket accepts, refusals;
        Caller callers[CALLERS_MAX];
        bool listen_rests;
        bool kernel_refuses; /* messages with descriptors */
        usec_t wake_at; /* of all that rest; USEC_INFINITY = none does */
        usec_t told_full, told_files;
        uint64_t last_number, last_ask;
        Peer *peers[MODULE_PEERS_MAX]; /* owned; NULL = free */
        Ask asks[ASKS_MAX];
        Closer *closer; /* NULL until it is needed */
};

usec_t module_now(const Module *module);
bool module_may_tell(Module *module, usec_t *told); /* once an hour */

/* module-socket.c: -EADDRINUSE, -EEXIST as of api_socket_open(). Everyone may connect. refuses: the kernel lets no descriptors
 * in. */
int module_socket_open(const char *path, int *ret_fd, bool *ret_refuses);
bool module_may_accept(Module *module, usec_t now); /* one more connection, now? It costs nothing yet */
bool module_lets_in(Module *module, int fd, usec_t now); /* this one, or has its user had enough? */

/* module-peer.c */
int peer_new(Module *module, int fd, Peer **ret); /* takes the fd; -ESRCH: whoever connected is gone already */
Peer *peer_free(Peer *peer);
int peer_listen(Peer *peer); /* from here on it is read */
bool peer_is_of(const Peer *peer, const char *path); /* may be NULL; has it greeted, and is it of this unit? */
int peer_send(Peer *peer, const ModuleTalk *talk);
void peer_wake(Peer *peer); /* after its rest */

/* module-queue.c */

/* Takes one message. 0: there is none; 1: one was taken, which may be longer than there was room; -EBADMSG: the next one carries
 * descriptors, and stays there; -EPIPE: the end; any other errno of recvmsg(). pid: who sent it, 0 when that is unknown. */
int queue_take(int fd, char text[static MODULETALK_MAX], size_t *ret_size, int *ret_pid);
void module_close(Module *module, int fd); /* a connection, now or soon; never waits */
bool closer_is_full(const Closer *closer);
Closer *closer_free(Closer *closer); /* what still waits is left open: exit() closes it without lingering */

/* module-ask.c */
void ask_answered(Peer *peer, const ModuleTalk *talk); /* talk: NULL when it went away */
void asks_expire(Module *module, usec_t now);
usec_t asks_deadline(const Module *module);

void module_arm_timer(Module *module);
void module_rest(Module *module); /* somebody rests */
void module_remove(Module *module, Peer *peer);
