/* What the engine is told: one struct an event, and one line of text an event in both directions, so that a recorded
 * history can be replayed to the byte. Times are input; nothing here reads a clock. */
#pragma once

#include "kerneltext.h"
#include "moduletalk.h"
#include "unitname.h"
#include "util.h"
#include "witness.h"

#define EVENT_LINE_MAX 16384 /* paths and texts of blanks are four times as long when escaped */

typedef enum EventKind {
        EVENT_TICK,     /* only time went on */
        EVENT_START,    /* a run of a unit began, or was found by the daemon at its own start */
        EVENT_NAMED,    /* the run's invocation id, which systemd writes a little after it makes the cgroup */
        EVENT_STOP,     /* the unit's cgroup is gone */
        EVENT_SAMPLE,   /* a unit's memory was read */
        EVENT_PRESSURE, /* a unit's stall totals were read */
        EVENT_HIGH,     /* somebody else (PID 1, an operator) wrote memory.high */
        EVENT_DONE,     /* an action ended */
        EVENT_PAUSE,    /* no action from now on */
        EVENT_RESUME,
        EVENT_DRILL,    /* an operator asks for a rung */
        EVENT_WITNESS,  /* a witness saw something (witness.h) */
        EVENT_LEDGER,   /* a cgroup's kill counts were read: the unit's, or a parent's */
        EVENT_HOST,     /* the host's memory and pressure were read */
        EVENT_STRAIN,   /* what standing at a memory limit costs a unit was read */
        EVENT_BEAT,     /* the Python module in a process of the unit says how it goes */
        _EVENT_KIND_MAX,
        _EVENT_KIND_INVALID = -EINVAL,
} EventKind;

/* A reading of one unit, and of what surrounds it, at one moment. */
typedef struct Sample {
        uint64_t current, working_set, anon, file, shmem, kernel, swap; /* bytes */
        uint64_t limit;     /* the effective limit */
        uint64_t own_max;   /* the unit's own memory.max */
        uint64_t high;      /* memory.max's gentle sister as it stands now: ours or the operator's */
        uint64_t available; /* MemAvailable of the host */
        uint64_t swap_free; /* SwapFree of the host */
        uint64_t host_free, host_cached; /* MemFree and Cached of the host */
        uint64_t stolen;    /* pages that reclaim took from the unit (pgsteal), cumulated */
        uint64_t ev_high, ev_max, ev_oom, ev_oom_kill; /* memory.events, cumulated since the cgroup was made */
} Sample;

/* A reading of the host: /proc/meminfo in bytes, and the totals of /proc/pressure/memory. */
typedef struct HostReading {
        uint64_t total, available, free, cached, swap_total, swap_free;
        uint64_t some_total, full_total; /* usec, cumulated */
} HostReading;

/* What standing at a limit costs a unit: totals since its cgroup was made. Read only while it is suspected to stand still. */
typedef struct Strain {
        uint64_t full, io_full; /* usec in which no process of it could run for want of memory, of a disk */
        uint64_t user;          /* usec of CPU outside of the kernel */
        uint64_t refaults;      /* pages of files that were read back after reclaim had taken them */
        uint64_t swapins;       /* likewise, anonymous ones */
        uint64_t faults;        /* page faults that waited for a disk */
        char above[CGROUP_PATH_MAX];       /* the nearest cgroup above the unit that is full; empty where none is */
        uint64_t above_high, above_max;    /* its memory.high and memory.max */
        uint64_t above_n_high, above_n_max; /* how often they were hit: its memory.events.local */
} Strain;

#define DONE_PLAYED 1 /* nothing was done, but told (--dry-run) */

typedef struct Event {
        EventKind kind;
        usec_t time;
        char path[CGROUP_PATH_MAX]; /* cgroup; empty for TICK and HOST, for PAUSE and RESUME of everything, and for a WITNESS that
                                     knows none */
        union {
                struct {
                        char invocation[INVOCATION_MAX]; /* empty when unknown */
                        bool fresh;             /* the run began just now; false: it was found running */
                        uint64_t operator_high; /* memory.high as the operator has it */
                        Sample sample;
                } start;
                Sample sample;
                struct {
                        char invocation[INVOCATION_MAX];
                } named;
                struct {
                        uint64_t some_total, full_total; /* usec, cumulated */
                } pressure;
                struct {
                        uint64_t bytes;
                } high;
                struct {
                        uint32_t id;     /* of the action */
                        int result;      /* 0, DONE_PLAYED or negative errno */
                        uint64_t freed;  /* bytes; 0 where the action frees none by itself */
                        usec_t latency;  /* from the event to the end of the action */
                        char detail[160]; /* for people: "job result failed"; may be empty */
                } done;
                struct {
                        char rung[32];
                } drill;
                Witness witness;
                HostReading host;
                struct {
                        uint64_t inode;                 /* of the cgroup's directory: tells one made anew */
                        uint64_t oom, oom_kill, oom_group_kill; /* memory.events: of it and all below */
                        uint64_t local_oom;             /* memory.events.local: its own limit was hit */
                } ledger;
                Strain strain;
                struct {
                        int pid;
                        ModuleBeat now;
                } beat;
        };
} Event;

/* Is it about a valid cgroup, or of a kind that needs none (a tick, the host; a pause or a resume of everything)? */
bool event_has_its_path(const Event *event);

const char *event_kind_name(EventKind kind);

/* One line without a newline, NUL-terminated; -ENOBUFS never happens with EVENT_LINE_MAX. Returns its length. */
int event_format(const Event *event, char buf[static EVENT_LINE_MAX]);

/* The other direction. -EINVAL on anything that event_format() does not write; keys may come in any order, an unknown key
 * is an error, a missing one is 0. */
int event_parse(const char *line, Event *ret);
