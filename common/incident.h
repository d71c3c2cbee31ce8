/* One memory event in the life of a unit, as it is told: what it was, what it rests on, and the memory around it. The words
 * are those of design section 5; daemon/journal.c writes them as fields, memguardctl reads them back. */
#pragma once

#include "event.h"
#include "stall.h"
#include "growth.h"
#include "witness.h"

#define INCIDENT_ID_MAX 24   /* "<boot seconds in hex>-<number>"; unique on this host across boots */
#define EVIDENCE_MAX 12      /* further witnesses of one incident are counted, not kept */
#define RELEASED_MAX 256

typedef enum Verdict {
        VERDICT_MEMORY_ERROR,
        VERDICT_KERNEL_OOM_UNIT,
        VERDICT_KERNEL_OOM_ANCESTOR,
        VERDICT_KERNEL_OOM_HOST,
        VERDICT_USERSPACE_OOM,
        VERDICT_MEMGUARD,
        VERDICT_KILLED,
        VERDICT_EXIT_137,
        VERDICT_RUNTIME_OOM,
        VERDICT_LIMIT_STALL,
        VERDICT_LEAK,
        VERDICT_FAILURE,
        _VERDICT_MAX,
        _VERDICT_INVALID = -EINVAL,
} Verdict;

/* Of a MemoryError. */
typedef enum Cause {
        CAUSE_NONE, /* not a MemoryError */
        CAUSE_RLIMIT_AS,
        CAUSE_RLIMIT_DATA,
        CAUSE_OVERCOMMIT,
        CAUSE_MAP_COUNT,
        CAUSE_REQUEST_SIZE,
        CAUSE_UNKNOWN,
        _CAUSE_MAX,
        _CAUSE_INVALID = -EINVAL,
} Cause;

typedef enum Fate {
        FATE_SURVIVED,    /* nothing died */
        FATE_WORKER_DIED, /* a process died, the unit goes on */
        FATE_EXITED,      /* the main process ended by itself */
        FATE_KILLED,      /* a signal ended the main process, or PID 1 took the unit down for a killed worker */
        FATE_RESTARTED,   /* it ended, and a new run began or is scheduled */
        _FATE_MAX,
        _FATE_INVALID = -EINVAL,
} Fate;

typedef enum Confidence {
        CONFIDENCE_POSSIBLE, /* the unit's own words alone, or witnesses that contradict */
        CONFIDENCE_LIKELY,
        CONFIDENCE_CERTAIN, /* a witness that cannot mean anything else */
        _CONFIDENCE_MAX,
        _CONFIDENCE_INVALID = -EINVAL,
} Confidence;

typedef struct Evidence {
        WitnessKind source;
        usec_t at; /* CLOCK_BOOTTIME */
        char text[WITNESS_TEXT_MAX];
} Evidence;

typedef struct Incident {
        char id[INCIDENT_ID_MAX];
        usec_t at; /* CLOCK_BOOTTIME of its first evidence */
        char path[CGROUP_PATH_MAX];
        char invocation[INVOCATION_MAX];
        int pid; /* 0 = unknown */
        char comm[COMM_MAX];
        Verdict verdict;
        Cause cause;
        Fate fate;
        Confidence confidence;
        unsigned count;                 /* processes killed, or errors raised, in this one incident; at least 1 */
        char killer[32];                /* userspace-oom: which one; runtime-oom: which runtime; else empty */
        char limit[CGROUP_PATH_MAX];    /* kernel-oom-*: the cgroup whose limit it was; empty for the host's or unknown */
        char site[SITE_MAX];            /* "file:line in function", or empty */
        Evidence evidence[EVIDENCE_MAX];
        unsigned n_evidence, n_dropped;
        bool has_before, has_after;
        Sample before, after;           /* times are those of the evidence's neighbours */
        usec_t before_at, after_at;
        StallReport stall;              /* limit-stall: `limit` is the cgroup whose limit it is */
        uint64_t stall_bytes;           /* and this the limit; BYTES_INFINITY = unknown */
        Growth growth;                  /* leak: as judged when it was told */
        char released[RELEASED_MAX];    /* one sentence on what was released and by what; may be empty */
} Incident;

const char *verdict_name(Verdict verdict);
const char *cause_name(Cause cause); /* "" for CAUSE_NONE */
const char *fate_name(Fate fate);
const char *confidence_name(Confidence confidence);
Verdict verdict_parse(const char *text);

/* 32 hexadecimal digits: each verdict has its own MESSAGE_ID, so that the catalog can say what to look at next. */
const char *verdict_message_id(Verdict verdict);

/* The sentence of its record. Returns its length. */
int incident_sentence(const Incident *incident, char *buf, size_t size);

/* What its sentence says of a stall. Returns as snprintf() does. */
int stall_sentence(const Incident *incident, char *buf, size_t size);

/* "anon=1048576 file=0 ..." for MEMGUARD_BEFORE and MEMGUARD_AFTER: anon file shmem kernel swap current cached free available,
 * in bytes. Returns its length. */
#define INCIDENT_MEMORY_MAX 320
int incident_memory(const Sample *sample, char buf[static INCIDENT_MEMORY_MAX]);
