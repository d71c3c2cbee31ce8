/* org.memguard1 on our private socket /run/memguard/private: root's memguardctl works without a broker. Reading and
 * changing are for root only here (the socket is 0600 and the peer's uid is checked). */
#pragma once

#include <systemd/sd-event.h>

#include "engine.h"
#include "module.h"

#define API_CLIENTS_MAX 32 /* further ones are refused */

typedef struct Api Api;

/* What only the manager knows about the daemon; for status. */
typedef struct ApiDaemon {
        usec_t started;           /* CLOCK_BOOTTIME */
        unsigned psi_triggers;    /* armed */
        unsigned policy_mistakes; /* in the policy files as they were last read */
        bool dry_run;
        bool systemd_connected;
        bool kernel_log, journal_reader; /* are these witnesses there? */
        unsigned python_builds;          /* CPythons that are probed */
        int python_error;                /* why the last one could not be, a negative errno; or 0 */
} ApiDaemon;

/* What the API may ask of the daemon. Pause, resume and drill: unit is a cgroup path, "" for all. Each returns 0 or a
 * negative errno; detail (never NULL, 512 bytes) becomes the error's sentence. */
typedef struct ApiHandlers {
        void *userdata;
        Engine *(*engine)(void *userdata);
        PolicySet *(*policies)(void *userdata);
        int (*refresh)(void *userdata, const char *path); /* read a unit's memory now, so that status is fresh */
        int (*limit_source)(void *userdata, const char *path, char *ret_source); /* CGROUP_PATH_MAX */
        int (*pause)(void *userdata, const char *path, bool pause, char *detail);
        int (*drill)(void *userdata, const char *path, const char *rung, char *detail);
        int (*reload)(void *userdata, char *detail);
        void (*save_peaks)(void *userdata); /* so that who reads the file finds all that was learned; may be NULL */
        int (*write_flight)(void *userdata, char *detail); /* what the flight recorder holds; may be NULL */
        int (*pressure)(void *userdata, const char *path, Pressure *ret); /* memory.pressure now; may be NULL */
        int (*host)(void *userdata, HostReading *ret, Pressure *ret_pressure); /* the host's memory now; may be NULL */
        void (*describe)(void *userdata, ApiDaemon *ret);                 /* ret is zeroed before; may be NULL */
        unsigned (*module)(void *userdata, const char *path, ModuleView *ret); /* as module_view(); may be NULL */
        int (*snapshot)(void *userdata, const char *path, char *detail);  /* how many were asked; may be NULL */
} ApiHandlers;

int api_new(Api **ret, sd_event *event, const char *socket_path, const ApiHandlers *handlers);
Api *api_free(Api *api);

/* Sends a record to every client that watches. */
void api_broadcast(Api *api, const Record *record, const char *unit, const char *path, uint64_t realtime_usec);
