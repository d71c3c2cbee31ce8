/* The host guard's policy: the [Host NAME] sections of all files, as plain data. conf-host.c fills it, hostguard.c reads
 * it. */
#pragma once

#include "policy.h"

#define HOST_RUNGS_MAX 8 /* a ladder has no more */
static_assert(HOST_RUNGS_MAX <= POLICY_RUNGS_MAX, "the host's ladder is made of a policy's rungs");

/* So much stall in this window; stall 0 = no such condition. */
typedef struct HostStall {
        usec_t stall, window;
        Source source;
} HostStall;

typedef struct HostRung {
        char name[RUNG_NAME_MAX];
        Level available; /* of MemAvailable; a share is of MemTotal */
        Level swap_free; /* of SwapFree; a share is of SwapTotal. A host without swap has no such condition */
        HostStall stalls[_STALLED_MAX];
        usec_t hold, settle;  /* as a unit's rung has them */
        bool notify, relieve; /* Action= */
        Source source, available_source, swap_free_source, hold_source, settle_source, notify_source, relieve_source;
} HostRung;

typedef struct HostPolicy {
        HostRung rungs[HOST_RUNGS_MAX];
        unsigned n_rungs;
} HostPolicy;

/* A rung without condition and action. */
void host_rung_init(HostRung *rung, const char *name);
bool host_rung_has_condition(const HostRung *rung);

/* The index of a rung by name, or -ENOENT; likewise, but a new one is added at the end of the ladder: -ENOSPC. */
int host_policy_find(const HostPolicy *policy, const char *name);
int host_policy_add(HostPolicy *policy, const char *name);

/* The rungs as the ladder (ladder.h) knows rungs: names and times only. */
void host_policy_shape(const HostPolicy *policy, Policy *ret);

/* The trigger on the host's pressure that would catch every condition: 1 and the least share of stall in the shortest
 * window; 0 where there is none. */
int host_policy_pressure(const HostPolicy *policy, usec_t *ret_stall, usec_t *ret_window);

/* "relieve", "notify", "notify, relieve" or "". */
const char *host_rung_actions(const HostRung *rung);
