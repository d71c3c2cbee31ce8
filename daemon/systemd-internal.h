/* What the files systemd*.c share: one Peer for each service manager we speak to (PID 1 first, user managers on
 * demand), questions about units, jobs under way, and look-ups of units that changed. All are fixed pools. */
#pragma once

#include <systemd/sd-bus.h>

#include "event.h"
#include "systemd.h"

#define PEERS_MAX 17   /* PID 1 and 16 users; a further user's idle connection is closed for a new one */
#define JOBS_MAX 64    /* under way at once; further ones are refused with -EBUSY */
#define LOOKUPS_MAX 64 /* units that changed and are being asked about; beyond that everything is looked at anew */
#define REMOVED_MAX                                                                                                    \
        16            /* ended jobs that are remembered, because JobRemoved may overtake the reply that names the job */
#define SEEN_MAX 1024 /* direct-mapped: a collision costs a look-up, nothing else */
#define RUN_SETS 256 /* of four services each: one that finds no place there costs a doubled witness later, nothing else */
#define RUN_WAYS 4
#define OBJECT_PATH_MAX 1024 /* of a unit: each character of its name may take three */
#define FACTS_MAX 32   /* services asked about at once; further ones are refused with -EBUSY */
#define FACTS_FIELDS 16
#define DETAIL_MAX 160 /* as Event.done.detail */

#define TIMER_ACCURACY (10 * USEC_PER_MSEC) /* libsystemd's default of 250 ms would be felt */
#define PEER_BACKOFF_MIN (100 * USEC_PER_MSEC)

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD_NAME ".Manager"
#define SYSTEMD_UNIT SYSTEMD_NAME ".Unit"
#define SYSTEMD_SERVICE SYSTEMD_NAME ".Service"
#define SYSTEMD_UNIT_PATH SYSTEMD_PATH "/unit"

typedef enum PeerState {
        PEER_DOWN,       /* the timer says when to connect */
        PEER_CONNECTING, /* the timer says when to give up */
        PEER_READY, /* it has answered; for a user's manager the timer says when it has been idle for long enough */
        _PEER_STATE_MAX,
        _PEER_STATE_INVALID = -EINVAL,
} PeerState;

typedef enum JobResult {
        JOB_DONE,
        JOB_CANCELED,
        JOB_FAILED, /* and every other word: failed, timeout, dependency, skipped, frozen, ... */
        _JOB_RESULT_MAX,
        _JOB_RESULT_INVALID = -EINVAL,
} JobResult;

typedef struct Removed {
        uint32_t id; /* 0 is never a job's */
        JobResult result;
        char word[32];
} Removed;

typedef struct Peer {
        Systemd *systemd;
        bool used;
        bool is_user;
        uint32_t uid;
        PeerState state;
        bool was_ready, told_down;
        bool broker;    /* over the system bus, where others could send us signals too */
        char owner[64]; /* of the name org.freedesktop.systemd1 there */
        sd_bus *bus;
        sd_event_source *timer;
        usec_t backoff;
        Removed removed[REMOVED_MAX]; /* a ring */
        unsigned next_removed;
} Peer;

typedef enum Property {
        PROPERTY_ACTIVE_STATE,
        PROPERTY_INVOCATION,
        PROPERTY_JOB,
        PROPERTY_CONTROL_GROUP,
        PROPERTY_RESULT,
        PROPERTY_MAIN_PID,
        _PROPERTY_MAX,
        _PROPERTY_INVALID = -EINVAL,
} Property;

/* What a manager says of a unit; what was not asked for, or what the unit's type doesn't have, is empty. */
typedef struct UnitState {
        char active[16]; /* "active", "activating", ... */
        char invocation[INVOCATION_MAX];
        char path[CGROUP_PATH_MAX];
        char result[32]; /* "success", "exit-code", ... */
        uint32_t job;    /* queued for it, or 0 */
        uint32_t main_pid; /* or 0 */
} UnitState;

typedef struct Query Query;

/* error: 0 or negative errno; detail is the bus error's message. */
typedef void (*query_answered_t)(Query *query, int error, const char *detail);

struct Query {
        UnitState state;
        unsigned n_pending;
        query_answered_t answered;
        void *userdata;
        struct {
                Query *query;
                sd_bus_slot *slot;
        } asks[_PROPERTY_MAX];
};

typedef enum JobStage {
        STAGE_FREE,
        STAGE_WAITING, /* for the connection; nothing was sent */
        STAGE_BEFORE,  /* asked what runs now */
        STAGE_CALLED,  /* the call is on its way */
        STAGE_QUEUED,  /* the manager has made a job of it; JobRemoved tells its end */
        STAGE_AFTER,   /* asked what runs now */
        STAGE_PAUSE,   /* asks again when the timer says so */
        STAGE_LOST,    /* the connection was lost after the call; asks when it is made again */
        _JOB_STAGE_MAX,
        _JOB_STAGE_INVALID = -EINVAL,
} JobStage;

/* What a Job asks for: the jobs of UnitJob, or the answer of its BEFORE alone. */
typedef enum Task {
        TASK_START,
        TASK_STOP,
        TASK_RESTART,
        TASK_MAIN_PID,
        _TASK_MAX,
        _TASK_INVALID = -EINVAL,
} Task;

typedef struct Job {
        Systemd *systemd;
        Peer *peer;
        JobStage stage;
        Task task;
        char path[CGROUP_PATH_MAX];
        char unit[UNIT_NAME_MAX];
        char before[INVOCATION_MAX];
        uint32_t id;
        unsigned n_calls, n_looks;
        bool lost; /* the connection was lost since the call: only the unit's state can tell what became of it */
        usec_t deadline, wake;
        sd_event_source *timer;
        sd_bus_slot *call;
        Query query;
        systemd_done_t done;
        void *userdata;
} Job;

typedef struct Lookup {
        Systemd *systemd;
        bool used, again;
        bool outdated; /* what is being answered may be of the run before */
        char unit[UNIT_NAME_MAX];
        Query query;
} Lookup;

/* When a unit last changed its state, as PID 1 says: a service that only sets its status text is not asked about. */
typedef struct Seen {
        uint64_t hash, stamp;
} Seen;

/* The main process of a service as a signal tells it: ExecMainPID and the like. */
typedef struct MainState {
        char result[24];
        int32_t code, status;
        uint32_t pid, n_restarts;
        uint64_t start, exit; /* CLOCK_MONOTONIC; exit is 0 while it lives */
} MainState;

/* What was told of a service last. */
typedef struct MainRun {
        uint64_t hash;
        MainState state;
        uint64_t used; /* Systemd.n_news then; 0 = a free place */
        bool is_restarting;
} MainRun;

/* What the signal of a unit's Unit interface tells. */
typedef struct UnitChange {
        char active[16], sub[32];
        char invocation[INVOCATION_MAX]; /* empty when it was not told */
        uint64_t stamp;
        bool is_restarting; /* an automatic restart is waiting for its time */
} UnitChange;

typedef struct Facts Facts;

struct Facts {
        Systemd *systemd;
        bool used;
        unsigned n_pending;
        ServiceFacts facts;
        systemd_facts_t done;
        void *userdata;
        struct {
                Facts *facts;
                sd_bus_slot *slot;
        } asks[FACTS_FIELDS];
};

struct Systemd {
        sd_event *event;
        char runtime_dir[256];
        SystemdHandlers handlers;
        Peer peers[PEERS_MAX];
        Job jobs[JOBS_MAX];
        Lookup lookups[LOOKUPS_MAX];
        unsigned n_lookups;
        bool overflowed, closing;
        Seen seen[SEEN_MAX];
        /* The signal of a service that waits for the other one of its pair; path "" = none. */
        MainState held;
        unsigned held_found;
        char held_path[OBJECT_PATH_MAX];
        MainRun runs[RUN_SETS][RUN_WAYS];
        uint64_t n_news;
        Facts facts[FACTS_MAX];
};

/* Where a property goes: into the member of this offset. Types: "s" (one plain word, cut to size), "i", "u", "t", "ay" (an
 * invocation id). */
typedef struct Field {
        const char *name, *type;
        size_t offset, size;
} Field;

#define FIELD(Struct, name, type, member) {name, type, offsetof(Struct, member), sizeof(((Struct *) 0)->member)}

/* systemd.c: may this be a unit's name, so that it is worth asking? */
bool systemd_unit_is_valid(const char *unit);

/* systemd-socket.c: a connected fd; whether it is the system bus instead of the manager itself. */
int peer_open_socket(const Peer *peer, int *ret, bool *ret_broker);

/* systemd-peer.c */
int peer_find(Systemd *systemd, const char *path, Peer **ret);
void peer_lost(Peer *peer, int error);
void peer_release(Peer *peer);
int peer_arm(Peer *peer, usec_t delay);
/* Is this reply only the echo of a connection that is going down? peer_lost() follows then. */
bool peer_is_closing(sd_bus_message *reply);
/* Does the signal come from the manager itself? On the system bus everybody may send us one. */
bool peer_sent(const Peer *peer, sd_bus_message *signal);
/* The errno and the message of an error reply, the message made safe to show. */
int peer_error(sd_bus_message *reply, char detail[static DETAIL_MAX]);

/* systemd-query.c: asks for properties (bit i = Property i), all at once; answered() is called once, later. */
int query_ask(Query *query, Peer *peer, const char *unit, unsigned properties, query_answered_t answered,
              void *userdata);
void query_cancel(Query *query);
bool query_has(const char *unit, Property property);

/* systemd-property.c: the variant that comes next. 1 when it was read, 0 when it holds something else and was passed over,
 * -EBADMSG when there is no variant. */
int property_read(sd_bus_message *m, const Field *field, void *ret);
/* The a{sv} that comes next; bit i of ret_found = fields[i] was there. */
int property_read_all(sd_bus_message *m, const Field *fields, size_t n, void *ret, unsigned *ret_found);
/* 16 bytes, or none for a unit that never ran; all zero means the same. */
int property_read_invocation(sd_bus_message *m, char ret[static INVOCATION_MAX]);

/* systemd-witness.c: the signal of a service's Service interface is held, read up to its properties, until that of its Unit
 * interface is there, or is known not to come (NULL). */
void witness_hold(Systemd *systemd, sd_bus_message *m);
bool witness_holds(const Systemd *systemd, const char *path);
void witness_release(Systemd *systemd, const UnitChange *change);
/* A time of PID 1's (CLOCK_MONOTONIC), or 0 for none; wrong by as long as the host was suspended since. */
usec_t systemd_boottime(const Systemd *systemd, uint64_t monotonic);

/* systemd-facts.c */
void facts_peer_lost(Systemd *systemd, int error);

/* systemd-job.c */
usec_t job_now(const Job *job);
void job_arm(Job *job, usec_t wake);
int job_start(Job *job, usec_t limit);
int job_call(Job *job);
bool job_checks_cgroup(Task task);
/* A connection that is found closed while sending: the job goes to this stage and waits for the next one. */
bool job_survives(Job *job, int error, JobStage stage);
void job_finish(Job *job, int result, const char *detail);
void job_peer_ready(Peer *peer);
void job_peer_lost(Peer *peer);
bool job_uses(const Systemd *systemd, const Peer *peer);
void job_cancel_all(Systemd *systemd);

/* systemd-outcome.c */
void job_look(Job *job);
void job_ended(Job *job, const Removed *removed);
void job_removed(Peer *peer, uint32_t id, const char *word);

/* systemd-signal.c */
int signal_subscribe(Peer *peer);
uint64_t signal_hash(const char *text);
void signal_forget_all(Systemd *systemd);
