/* What a witness saw, as plain data: the one form in which the kernel's log, PID 1, the journal, the probes, /proc and the
 * counters reach the judge. Any of it may be missing, late, doubled or out of order. */
#pragma once

#include "unitname.h"
#include "util.h"

#define COMM_MAX 16          /* the kernel's TASK_COMM_LEN, NUL included; longer ones are cut */
#define WITNESS_TEXT_MAX 256 /* cut at a character; the journal has the whole */
#define SITE_MAX 256         /* "file:line in function" */
#define INVOCATION_MAX 33    /* 32 hexadecimal digits and a NUL */

/* Who says it. The order is that of the table in witness.c, nothing else. */
typedef enum WitnessKind {
        WITNESS_KERNEL,  /* /dev/kmsg */
        WITNESS_EVENTS,  /* memory.events of the unit and its parents */
        WITNESS_SYSTEMD, /* PID 1, by its signals or its journal records (both carry its trusted fields) */
        WITNESS_JOURNAL, /* what the unit itself printed: a claim, whoever can write to its stderr can forge it */
        WITNESS_UPROBE,  /* a probe in CPython was hit */
        WITNESS_PROC,    /* /proc/PID of a process of the unit */
        WITNESS_OOMD,    /* a userspace killer's own journal, or the xattrs it leaves */
        WITNESS_GUARD,   /* ourselves */
        WITNESS_READING, /* our own readings of the unit over time */
        WITNESS_MODULE,  /* the Python module in the service: a claim, as what it prints is */
        _WITNESS_KIND_MAX,
        _WITNESS_KIND_INVALID = -EINVAL,
} WitnessKind;

/* What it says. Which fields of Witness each one carries stands behind it; the others are zero or empty. */
typedef enum Fact {
        FACT_OOM_KILL,     /* the kernel's OOM killer killed pid: pid comm bytes(its anon) and, where the line that names
                              them was not rate-limited away, limit; scope always; word("sysrq" where a human asked) */
        FACT_REFUSED,      /* the kernel refused pid an allocation: pid comm bytes(0 before Linux 6.9) */
        FACT_DATA_LIMIT,   /* the kernel says that pid passed RLIMIT_DATA: pid comm bytes(VmData) */
        FACT_BLIND,        /* records were lost or suppressed: absence of a line proves nothing just now */
        FACT_OOM_SAID,     /* PID 1: a process of the unit was killed by the OOM killer */
        FACT_STARTED,      /* PID 1: the main process of a run is pid */
        FACT_ENDED,        /* PID 1: the main process ended: pid word(Result) code(1 exited 2 killed 3 dumped) status; with
                              code 0 it still lives, and PID 1 has called the run failed already */
        FACT_RESTARTING,   /* PID 1: an automatic restart is scheduled: code(NRestarts) */
        FACT_CLIENT_KILL,  /* PID 1: SIGKILL was sent on a client's request (systemctl kill): pid where it is named */
        FACT_USERSPACE,    /* a userspace OOM killer killed: word(its name) pid where it is named */
        FACT_RAISED,       /* a MemoryError was raised in pid: pid comm; code(how many, 0 for one); weak where it was only
                              made: by `raise`, by numpy, or out of another process' pickle; status 1 where it may
                              have been the start of an interpreter */
        FACT_MEMORY_ERROR, /* text of one: pid comm site word(class) text(its last line) bytes(asked for) code(how many, 0 for
                              one); weak where only its name stands in a line of a log */
        FACT_NOT_MEMORY,   /* text of a MemoryError that was none of memory (parser depth): pid */
        FACT_RUNTIME,      /* another runtime's last words: pid word(runtime) text */
        FACT_LOOK,         /* a look at pid: process; code 0 = alive, 1 = gone */
        _FACT_MAX,
        _FACT_INVALID = -EINVAL,
} Fact;

/* By whose limit the kernel killed. */
typedef enum Scope {
        SCOPE_UNKNOWN,
        SCOPE_CGROUP, /* that of the cgroup in `limit`: the unit's own, one inside of it, or an ancestor's */
        SCOPE_HOST,
        _SCOPE_MAX,
        _SCOPE_INVALID = -EINVAL,
} Scope;

/* What can be known of a process while it lives, and of the host's rules for it. */
typedef struct ProcessLook {
        uint64_t start;                /* clock ticks since boot (stat field 22): tells a reused pid; 0 = unknown */
        uint64_t as_limit, data_limit; /* soft limits, bytes; BYTES_INFINITY = none, 0 = unknown */
        uint64_t vm_size, vm_peak, vm_data; /* bytes; 0 = unknown */
        uint64_t maps, maps_limit;     /* areas in /proc/PID/maps against vm.max_map_count; 0 = not counted */
        uint64_t overcommit;           /* vm.overcommit_memory: 0, 1, 2 */
        uint64_t commit_limit, committed; /* bytes */
        uint64_t ram_and_swap;         /* MemTotal + SwapTotal */
} ProcessLook;

typedef struct Witness {
        WitnessKind source;
        Fact fact;
        usec_t at;       /* when it happened, CLOCK_BOOTTIME; 0 = only known to be before the event's time */
        int pid;         /* 0 = unknown */
        int code, status;
        bool weak;
        Scope scope;
        uint64_t bytes;
        char invocation[INVOCATION_MAX]; /* of the run it is about; empty = unknown */
        char unit[UNIT_NAME_MAX]; /* where the cgroup's path is unknown; otherwise empty */
        char comm[COMM_MAX];
        char word[32];
        char limit[CGROUP_PATH_MAX]; /* the cgroup whose limit it was; empty = unknown */
        char site[SITE_MAX];
        char text[WITNESS_TEXT_MAX]; /* for people, one line, valid UTF-8 without control characters */
        ProcessLook look;
} Witness;

/* Every watcher hands on what it saw through one of these. path is the cgroup it is about (not always a unit's own: it may lie
 * below one), or "" when that is unknown; the witness is the callee's to copy. */
typedef struct WitnessHandlers {
        void *userdata;
        void (*saw)(void *userdata, const char *path, const Witness *witness);
} WitnessHandlers;

const char *source_name(WitnessKind source);
const char *fact_name(Fact fact);
const char *scope_name(Scope scope);
