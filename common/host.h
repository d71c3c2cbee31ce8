/* What is true of the host: which conditions of its rungs hold, how fast its memory goes, how long it lasts, and when it must
 * be read again. Pure numbers; who is to do something about it is chosen elsewhere (candidate.h, hostguard.h). */
#pragma once

#include "event.h"
#include "hostpolicy.h"
#include "ladder.h"
#include "meter.h"
#include "slope.h"

typedef struct Host {
        HostReading reading;
        usec_t time; /* of the reading; 0 = none yet */
        Slope used;  /* of what is not available, and of what is in swap */
        unsigned calm; /* readings in a row that saw nothing move */
        uint64_t calm_used;
        Meter meters[HOST_RUNGS_MAX][_STALLED_MAX];
} Host;

/* Can these numbers be? A container's /proc/meminfo may hold anything; a doubt means no action. */
bool host_reading_is_sane(const HostReading *reading);

void host_note(Host *host, const HostPolicy *policy, const HostReading *reading, usec_t now);

/* Bit i = rung i, as for a unit's ladder; urgent by Available= alone. */
LadderInput host_judge(const Host *host, const HostPolicy *policy, usec_t now);

/* The bytes that Available= and SwapFree= of a rung mean on this host; 0 = the condition can never hold here: it is not set,
 * there is no swap, or the host has not even as much. */
uint64_t host_available_level(const Host *host, const HostRung *rung);
uint64_t host_swap_level(const Host *host, const HostRung *rung);

/* What the kernel and a service that says goodbye need to have left. */
uint64_t host_reserve(const Host *host);

/* Until only the reserve is left at the pace of now; 0 when it is reached, USEC_INFINITY when nothing falls. */
usec_t host_time_left(const Host *host);

/* Bytes a second that go. */
uint64_t host_falls(const Host *host);

/* How much more must be available for this rung to be clear by its Available=; where that is clear already (it holds for
 * another reason) a fiftieth of the host's memory. */
uint64_t host_missing(const Host *host, const HostRung *rung);

/* Is a level at which the host is relieved so near, or coming so fast, that the units should be looked at already? */
bool host_is_near(const Host *host, const HostPolicy *policy);

/* When to read again. alert: a rung is taken or about to be. USEC_INFINITY where only the pressure trigger can bring news. */
usec_t host_next_reading(const Host *host, const HostPolicy *policy, bool alert, usec_t now);
