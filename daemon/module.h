/* The Python module's side of the world: the socket /run/memguard/module, to which every process of the host may
 * connect, and what comes from there. All of it is a claim of the unit whose process says it; who that is says the
 * kernel, at the connection and again with each message (a socket that was handed on to another process is closed).
 * Connections are few: so many in all, and so many of one unit; further ones are closed at once, which is said once an
 * hour. A user who connects more often than a module would is not let in for a while, so that others are. A peer that talks more than it should is not read for a second. */
#pragma once

#include <systemd/sd-event.h>

#include "act.h"
#include "kernfs.h"
#include "moduletalk.h"
#include "witness.h"

#define MODULE_PEERS_MAX 256
#define MODULE_PEERS_A_UNIT 16
#define MODULE_PEERS_OF_USERS (MODULE_PEERS_MAX / 2) /* of all units of user managers together */
#define MODULE_STRANGERS_MAX 32 /* of units that are not watched (yet); the oldest makes room */
#define MODULE_SITES_MAX 8      /* of one answer to a snapshot */

typedef struct Module Module;

typedef struct ModuleSite {
        uint64_t bytes, count;
        char site[SITE_MAX];
} ModuleSite;

typedef struct ModuleHandlers {
        WitnessHandlers witness;
        void *userdata;
        /* The watched unit that a cgroup is of, which may lie above it. False: none. */
        bool (*unit_of)(void *userdata, const char *cgroup, char ret_path[static CGROUP_PATH_MAX]);
        void (*beat)(void *userdata, const char *path, int pid, const ModuleBeat *beat);
        /* The end of a snapshot of one process. text: what it says itself, when there are no sites. */
        void (*grew)(void *userdata, const char *path, int pid, const ModuleSite *sites, unsigned n_sites, const char *text);
} ModuleHandlers;

/* -EADDRINUSE: another daemon listens there. */
int module_new(Module **ret, sd_event *event, const Kernfs *kernfs, const char *socket_path, const ModuleHandlers *handlers);
Module *module_free(Module *module);

/* Asks every process of the unit that listens to give memory back; what they say that they freed is added up, but is
 * never more than `most`. Where Python's allocations are traced, a second ask within ten minutes has them say where
 * memory grew. Returns how many were asked, and 0 when the unit has none (done() is then not called); -EBUSY when it is
 * asked already, or too many asks are open. Otherwise
 * done() is called when all have answered, or after limit. */
int module_free_memory(Module *module, const char *path, uint64_t most, usec_t limit, act_done_t done, void *userdata);

/* Asks where Python's memory has grown; the answers go to grew(). Processes that do not trace begin to, with `begin`.
 * Returns how many were asked. */
int module_snapshot(Module *module, const char *path, bool begin);

/* What is known of a unit's modules; for status. Returns how many there are. */
typedef struct ModuleView {
        int pid; /* of the oldest connection */
        char python[MODULETALK_WORD_MAX], module[MODULETALK_WORD_MAX];
        uint64_t n_errors; /* that they have reported */
} ModuleView;
unsigned module_view(const Module *module, const char *path, ModuleView *ret);

/* The unit has come or gone: its connections are looked at anew, or forgotten. */
void module_unit_came(Module *module);
void module_unit_gone(Module *module, const char *path);
