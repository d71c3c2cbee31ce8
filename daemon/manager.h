/* The manager: the one place where events from the world become the engine's, and the engine's actions become changes of the
 * world. It owns all parts; they know only their handlers. Split by subject: manager.c (life and the flow of events),
 * manager-units.c (cgroups that come and go), manager-watch.c (what the watchers say),
 * manager-witness.c (what the witnesses of incidents say), manager-host.c (the host's memory), manager-peaks.c (what units
 * have needed), manager-module.c (the Python modules), manager-actions.c (carrying out), manager-api.c (what clients ask),
 * manager-flight.c (the flight recorder). */
#pragma once

#include <systemd/sd-event.h>

#include "above.h"
#include "act.h"
#include "api.h"
#include "engine.h"
#include "kernfs.h"
#include "kmsg.h"
#include "looks.h"
#include "module.h"
#include "pastfile.h"
#include "peaksfile.h"
#include "psi.h"
#include "recorder.h"
#include "systemd.h"
#include "textwatch.h"
#include "tree.h"
#include "uprobe.h"
#include "worker.h"

#define MANAGER_QUEUE 128 /* events waiting; one tick asks for at most ACTIONS_MAX readings */
#define MANAGER_TRACE_BYTES_MAX (64 * MIB)

typedef struct ManagerOptions {
        const char *root;     /* "/" on a real system */
        const char *trace;    /* a file that every event is appended to, or NULL */
        bool dry_run;
        int kmsg_fd;          /* /dev/kmsg, opened while that was allowed; or why it could not be, a negative errno */
} ManagerOptions;

/* The shell's side of a watched unit. Small, and in an order that leaves no holes: there are a thousand of them. */
typedef struct Guarded {
        char *path;
        uint64_t inode;
        uint64_t limit;
        uint64_t operator_high;
        uint64_t ours;   /* memory.high as we have written it; valid with placed */
        usec_t cover_at; /* when its processes are looked at next */
        int dirfd;       /* held open: the run's own cgroup, whatever comes under its name later */
        RunPeaks peaks;
        FlightMark flight;
        bool armed;      /* the engine knows it */
        bool placed;
        bool wants_psi;
        bool blind;      /* its kernel files are gone, though it is there; said */
        uint8_t tries;   /* to arm it: the kernel's files may come after the directory */
        uint8_t n_covers;
        char invocation[INVOCATION_MAX];
} Guarded;
static_assert(sizeof(Guarded) <= 120, "a malloc() of this costs 128 bytes; one of more costs more");

/* A run that is over and waits for what it needed to be written down. */
typedef struct EndedRun {
        char *path; /* owned */
        char invocation[INVOCATION_MAX];
        RunPeaks peaks;
        PeaksTime at;
} EndedRun;

#define ENDED_RUNS_MAX 128 /* at the bound they are written as soon as may be, and one that ends before that is lost */

/* The limits of a service whose process is gone are being asked of systemd. */
typedef struct LimitQuery {
        struct Manager *manager;
        int pid; /* 0 = free */
        char path[CGROUP_PATH_MAX];
} LimitQuery;

#define LIMIT_QUERIES_MAX 8 /* a further one is left out; the cause is then unknown */

/* One verb under way. */
typedef struct Call {
        struct Manager *manager;
        uint32_t id; /* 0 = free */
        usec_t since;
        uint64_t throttle_to; /* 0 = no throttle */
        char path[CGROUP_PATH_MAX];
} Call;

#define CALLS_MAX 128

typedef struct Manager {
        ManagerOptions options;
        sd_event *event;
        sd_event_source *timer, *retry;
        sd_event_source *overdue; /* what is due already goes on without a sleep */
        Kernfs kernfs;
        Engine *engine;
        PolicySet *policies;
        Tree *tree;
        Psi *psi;
        Above *above;
        Systemd *systemd;
        Worker *worker;
        Api *api;
        Kmsg *kmsg;           /* these three may be NULL */
        Textwatch *textwatch;
        Uprobe *uprobe;
        Looks *looks;
        Module *module;       /* likewise */
        sd_event_source *errands;
        LimitQuery limit_queries[LIMIT_QUERIES_MAX];
        Guarded *guarded[ENGINE_UNITS_MAX]; /* sorted by path */
        unsigned n_guarded;
        int state_fd;  /* /var/lib/memguard, or -1 */
        int run_fd;    /* /run/memguard */
        int trace_fd;
        uint64_t trace_bytes;
        Recorder *recorder; /* may be NULL */
        usec_t flight_tick; /* a tick that was not recorded yet; 0 = none */
        FlightClaims flight_claims;
        char boot_id[40];
        bool scanning; /* cgroups that appear now were there before */
        bool draining;
        bool stopping; /* answers that come now are too late: they change nothing */
        Event queue[MANAGER_QUEUE];
        unsigned queue_head, queue_tail;
        ActionList actions;
        Call calls[CALLS_MAX];
        uint64_t n_dropped_events;
        EndedRun ended[ENDED_RUNS_MAX]; /* sorted by path */
        unsigned n_ended;
        bool saving_peaks;  /* the worker does */
        usec_t peaks_saved; /* 0 = not yet */
        usec_t peaks_due;   /* when they and those of the living are written; 0 = not yet known */
        usec_t started;
        unsigned policy_mistakes;
        bool systemd_connected;
        int host_told; /* what has been said of the readings of the host: 0, or why there is none */
        bool host_psi; /* the pressure of the host is wanted for its guard */
} Manager;

int manager_new(Manager **ret, const ManagerOptions *options);
Manager *manager_free(Manager *manager);

static inline void manager_freep(Manager **manager) {
        manager_free(*manager);
}

/* Runs until SIGTERM or SIGINT; undoes everything before it returns. */
int manager_run(Manager *manager);

/* manager.c */
usec_t manager_now(const Manager *manager);
void manager_feed(Manager *manager, const Event *event); /* also from within an action: then it is queued */
unsigned manager_queue_room(const Manager *manager); /* events that can be fed before one is lost */
int manager_add_timers(Manager *manager);

/* manager-units.c */
Guarded *guarded_find(const Manager *manager, const char *path);
int guarded_read(Manager *manager, Guarded *guarded, Sample *ret);
void guarded_feed_sample(Manager *manager, Guarded *guarded);
void guarded_feed_strain(Manager *manager, Guarded *guarded); /* NULL: nothing */
void guarded_named(Manager *manager, const Guarded *guarded); /* its run's id became known */
void guarded_appeared(Manager *manager, const char *path);
void guarded_vanished(Manager *manager, const char *path);
void guarded_new_run(Manager *manager, Guarded *guarded, const char *invocation); /* in the same cgroup */
void guarded_rematch(Manager *manager); /* after the policies changed */
void guarded_done(Manager *manager);    /* forgets them all */

/* manager-watch.c */
void manager_handlers(TreeHandlers *tree, PsiHandlers *psi, SystemdHandlers *systemd, Manager *manager);
void manager_above_hit(void *userdata, const char *path); /* a cgroup above units has hit its limit */

/* manager-host.c */
void manager_read_host(Manager *manager);
void manager_want_host(Manager *manager); /* after the policies changed */
void manager_psi_failed(const char *dir, int error);

/* manager-peaks.c */
void manager_peaks_ended(Manager *manager, Guarded *guarded); /* its run is over */
void manager_save_peaks(Manager *manager); /* at once, by ourselves: when somebody waits for it, and at the end */
void manager_save_peaks_in_time(Manager *manager); /* if it is time, by the worker */
void manager_peaks_done(Manager *manager);

/* manager-witness.c */
int manager_witness_start(Manager *manager); /* what the daemon before us saw, and the witnesses */
void manager_witness_done(Manager *manager);
void manager_witness_save(Manager *manager);
void manager_witness_run(Manager *manager, Guarded *guarded); /* a run is known to the engine */
void manager_witness_end(Manager *manager, const Guarded *guarded);
void manager_saw(Manager *manager, const char *path, const Witness *witness);
void manager_look(Manager *manager, const Action *action);
void manager_read_back(Manager *manager, const Action *action);
void manager_read_ledger(Manager *manager, const char *path, bool unknown_only);

/* manager-module.c */
void manager_module_start(Manager *manager);
void manager_module_handlers(ApiHandlers *handlers);

/* manager-actions.c */
void manager_carry_out(Manager *manager, const Action *action);
void manager_tell_unit(Manager *manager, const Record *record, const char *path);
void manager_tell(Manager *manager, RecordKind kind, const char *format, ...) _printf_(3, 4);

/* manager-flight.c */
void manager_trace_begin(Manager *manager);
void manager_flight_start(Manager *manager);
void manager_flight_run(Manager *manager); /* the start is over */
void manager_flight_note(Manager *manager, const Event *event); /* before the engine's step */
void manager_flight_settle(Manager *manager);                   /* after it */
int manager_flight_write(void *manager, char *detail);          /* as ApiHandlers wants it */

/* manager-api.c */
int manager_load_policies(Manager *manager, char *detail, size_t size);
void manager_api_handlers(ApiHandlers *handlers, Manager *manager);
int manager_set_paused(Manager *manager, const char *path, bool pause);
