/* Inside of the API: what its files (api*.c) share. Nobody else includes this. */
#pragma once

#include <systemd/sd-bus.h>

#include "api.h"
#include "incident.h"

#define API_PATH "/org/memguard1"
#define API_INTERFACE "org.memguard1.Manager"
#define API_ERROR(name) "org.memguard1.Error." name

#define API_DETAIL_MAX 512 /* what api.h promises to handlers */
#define API_RECORDS_MAX 32 /* the latest records are kept for status; the journal is the archive */
#define API_SWEEP_STEP 16  /* units that are read before the event loop gets its turn again */

typedef struct ApiClient {
        Api *api;
        sd_bus *bus; /* NULL = a free place */
        usec_t since;
        bool watching;
        bool doomed; /* to be closed once no callback of its bus is running */
} ApiClient;

/* A ListUnits() call under way: reading two thousand units takes longer than an alarm may wait. */
typedef struct ApiList {
        sd_bus_message *call, *reply;
        unsigned iterator;
} ApiList;

typedef struct ApiRecord {
        Record record;         /* its incident does not live so long; what watchers are told of it is here: */
        const char *message_id;
        char incident[INCIDENT_ID_MAX];
        int pid;
        const char *verdict, *cause, *fate, *confidence; /* "" where there is none */
        char unit[UNIT_NAME_MAX];
        char path[CGROUP_PATH_MAX];
        uint64_t realtime;
} ApiRecord;

/* What became last of a unit (api-last.c). */
typedef struct ApiLast {
        char *path; /* owned; NULL = a free place */
        char id[INCIDENT_ID_MAX];
        const char *verdict, *fate, *confidence;
        uint64_t realtime;
} ApiLast;

#define API_LASTS_MAX 64

struct Api {
        sd_event *event;
        sd_event_source *listen, *reaper, *sweep;
        char *socket_path;
        ApiHandlers handlers;
        ApiClient clients[API_CLIENTS_MAX];
        ApiList lists[API_CLIENTS_MAX];
        unsigned n_lists;
        ApiRecord records[API_RECORDS_MAX]; /* a ring */
        uint64_t n_records;                 /* ever */
        ApiLast lasts[API_LASTS_MAX];
};

/* Binds and listens, 0600 from the first moment (api-socket.c). -EADDRINUSE: another daemon answers there; -EEXIST:
 * something that is no socket is in the way. */
int api_socket_open(const char *path, int *ret_fd);

/* The methods, for one client (api-manager.c). */
int api_manager_add(ApiClient *client);

/* ListUnits() (api-list.c). */
int api_list_begin(Api *api, sd_bus_message *call);
int api_list_dispatch(sd_event_source *source, void *userdata);
void api_list_done(Api *api);

/* The last incident of each unit (api-last.c). */
void api_note_last(Api *api, const ApiRecord *kept);
int api_put_last(Api *api, sd_bus_message *m, const char *path);
void api_lasts_done(Api *api);

/* A unit by its name or cgroup path, as people write it (api-find.c). Fills error with a finished sentence. */
int api_find(Api *api, const char *text, UnitView *ret, sd_bus_error *error);

/* One value of an a{sv}; texts are escaped, because D-Bus takes valid UTF-8 only (api-units.c). */
int api_put_text(sd_bus_message *m, const char *key, const char *text);
int api_put_u64(sd_bus_message *m, const char *key, uint64_t value);
int api_put_bool(sd_bus_message *m, const char *key, bool value);

/* A whole a{sv}. With detail: rungs and the latest records too. */
int api_put_unit(Api *api, sd_bus_message *m, const UnitView *view, bool detail);
int api_put_record(sd_bus_message *m, const ApiRecord *record);
int api_put_daemon(Api *api, sd_bus_message *m);
int api_put_host(Api *api, sd_bus_message *m);        /* api-host.c: a{sv} */
int api_put_host_policy(Api *api, sd_bus_message *m); /* aa{sv}, as api_put_policy() */

/* Nothing where no Python module speaks for the unit (api-module.c). */
int api_put_module(Api *api, sd_bus_message *m, const UnitView *view);

/* The aa{sv} of GetPolicy() and of a unit's rungs (api-policy.c). */
int api_put_policy(Api *api, sd_bus_message *m, const UnitView *view);
int api_put_rungs(sd_bus_message *m, const UnitView *view);

/* The file that says most about a unit's policy: that of its mode, else of its first rung. */
const char *api_policy_file(Api *api, const Policy *policy);
