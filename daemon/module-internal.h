/* Inside of module*.c. */
#pragma once

#include "bucket.h"
#include "module.h"

#define PEER_RATE 20 /* messages a second, of one connection */
#define PEER_BURST 60
#define ACCEPT_RATE 50
#define ACCEPT_BURST 200
#define ASKS_MAX 8

typedef struct Peer {
        Module *module;
        int fd;
        int pid;
        uint64_t number; /* in the order of their coming */
        sd_event_source *source;
        Bucket bucket;
        bool greeted, traced, resting;
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

struct Module {
        sd_event *event;
        const Kernfs *kernfs;
        ModuleHandlers handlers;
        char *socket_path;
        sd_event_source *listen, *timer;
        Bucket accepts;
        bool listen_rests;
        usec_t wake_at; /* of all that rest; USEC_INFINITY = none does */
        usec_t told_full;
        uint64_t last_number, last_ask;
        Peer *peers[MODULE_PEERS_MAX]; /* owned; NULL = free */
        Ask asks[ASKS_MAX];
};

usec_t module_now(const Module *module);

/* module-socket.c: -EADDRINUSE, -EEXIST as of api_socket_open(). Everyone may connect. */
int module_socket_open(const char *path, int *ret_fd);

/* module-peer.c */
int peer_new(Module *module, int fd, Peer **ret); /* takes the fd; -ESRCH: whoever connected is gone already */
Peer *peer_free(Peer *peer);
int peer_listen(Peer *peer); /* from here on it is read */
bool peer_is_of(const Peer *peer, const char *path); /* may be NULL; has it greeted, and is it of this unit? */
int peer_send(Peer *peer, const ModuleTalk *talk);
void peer_wake(Peer *peer); /* after its rest */

/* module-ask.c */
void ask_answered(Peer *peer, const ModuleTalk *talk); /* talk: NULL when it went away */
void asks_expire(Module *module, usec_t now);
usec_t asks_deadline(const Module *module);

void module_arm_timer(Module *module);
void module_rest(Module *module); /* somebody rests */
void module_remove(Module *module, Peer *peer);
