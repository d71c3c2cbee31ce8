/* An incident, and what memguard did around it, as read back from fields of journal records. Nothing here knows the
 * journal: whoever reads hands over "NAME=value" pairs. Values are kept as they came; whoever shows them escapes them.
 */
#pragma once

#include <jansson.h>

#include "incident.h"
#include "record.h"

#define CTL_STEPS_MAX 64 /* further ones are counted */
#define CTL_TIME_NONE UINT64_MAX

/* In the order of incident_memory(); the last three are the host's. */
typedef enum CtlMemoryKind {
        MEMORY_ANON,
        MEMORY_FILE,
        MEMORY_SHMEM,
        MEMORY_KERNEL,
        MEMORY_SWAP,
        MEMORY_CURRENT,
        MEMORY_CACHED,
        MEMORY_FREE,
        MEMORY_AVAILABLE,
        _MEMORY_KIND_MAX,
        _MEMORY_KIND_INVALID = -EINVAL,
} CtlMemoryKind;

typedef struct CtlMemory {
        bool known;
        uint64_t bytes[_MEMORY_KIND_MAX]; /* UINT64_MAX = unknown */
} CtlMemory;

typedef struct CtlEvidence {
        char source[16];
        uint64_t at; /* microseconds of the realtime clock, as all times here */
        char text[WITNESS_TEXT_MAX];
} CtlEvidence;

typedef struct CtlIncident {
        uint64_t at;
        char id[INCIDENT_ID_MAX], unit[UNIT_NAME_MAX], path[CGROUP_PATH_MAX], invocation[INVOCATION_MAX];
        char verdict[32], cause[32], fate[32], confidence[32], killer[32];
        char comm[4 * COMM_MAX], site[SITE_MAX], limit[CGROUP_PATH_MAX], released[RELEASED_MAX];
        char text[RECORD_TEXT_MAX]; /* the sentence */
        uint64_t pid, count;        /* UINT64_MAX = unknown */
        uint64_t n_dropped;         /* further evidence that was not kept */
        CtlEvidence evidence[EVIDENCE_MAX];
        unsigned n_evidence;
        CtlMemory before, after;
} CtlIncident;

/* A record of another kind: a rung, an action, or one that was withheld. */
typedef struct CtlStep {
        uint64_t at, latency; /* UINT64_MAX = meaningless */
        char kind[16], rung[RUNG_NAME_MAX], action[48], result[32], reason[32], text[RECORD_TEXT_MAX];
} CtlStep;

typedef struct CtlSteps {
        unsigned n, n_dropped;
        CtlStep items[CTL_STEPS_MAX];
} CtlSteps;

/* Whose manager runs the unit: the uid of a user, or -ENOENT when PID 1 does. */
static inline int ctl_incident_user(const CtlIncident *incident, uint32_t *ret_uid) {
        return unitname_user(incident->path, ret_uid);
}

void ctl_incident_begin(CtlIncident *incident);
/* One field, n bytes of "NAME=value". What is no field of an incident, or malformed, is passed over; what is too long
 * is cut. */
void ctl_incident_field(CtlIncident *incident, const char *data, size_t n);
/* recorded: the time of the record, for one that does not tell its own. -EBADMSG for what is no incident: no verdict.
 */
int ctl_incident_end(CtlIncident *incident, uint64_t recorded);

/* The same of a step. */
void ctl_step_begin(CtlStep *step, uint64_t recorded);
void ctl_step_field(CtlStep *step, const char *data, size_t n);

const char *ctl_memory_name(CtlMemoryKind kind);

/* The object of design section 6; steps of the kind "action" are its actions[]. */
json_t *ctl_incident_json(const CtlIncident *incident, const CtlSteps *steps);
