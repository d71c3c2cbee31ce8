/* A stall in words: at whose limit, for how long, what it costs, and what to do. */
#include <inttypes.h>
#include <stdio.h>

#include "incident.h"
#include "units.h"
#include "utf8.h"

/* "its own MemoryHigh= of 40M", "the MemoryHigh= of 1G of web.slice above it". */
static void say_limit(const Incident *incident, char *buf, size_t size) {
        const StallReport *stall = &incident->stall;
        char bytes[UNITS_TEXT_MAX], name[UNIT_NAME_MAX], of[UNITS_TEXT_MAX + 8] = "";

        if (incident->stall_bytes != BYTES_INFINITY && incident->stall_bytes > 0)
                snprintf(of, sizeof(of), " of %s", units_format_bytes(incident->stall_bytes, bytes));
        (void) utf8_escape(unitname_of_path(incident->limit), name, sizeof(name));
        if (stall->limit == STALL_AT_ABOVE_HIGH || stall->limit == STALL_AT_ABOVE_MAX)
                snprintf(buf, size, "the %s%s of %.96s above it", stall_limit_key(stall->limit), of,
                         name[0] ? name : "a cgroup");
        else if (stall->limit == STALL_AT_NONE)
                snprintf(buf, size, "a memory limit");
        else
                snprintf(buf, size, "its own %s%s", stall_limit_key(stall->limit), of);
}

/* "no process of it could run (12 hits of the limit a second)", or what it waited for. */
static void say_loss(const StallReport *stall, char *buf, size_t size) {
        usec_t seconds = MAX(stall->lasted / USEC_PER_SEC, 1);

        if (stall->by_disk)
                snprintf(buf, size, "it waited for memory to be read back from the disk (pages: %" PRIu64 " a second)",
                         stall->refaults / seconds);
        else
                snprintf(buf, size, "no process of it could run (hits of the limit: %" PRIu64 " a second)",
                         stall->hits / seconds);
}

int stall_sentence(const Incident *incident, char *buf, size_t size) {
        const StallReport *stall = &incident->stall;
        char limit[UNIT_NAME_MAX + 96], loss[128], lasted[UNITS_TEXT_MAX], used[UNITS_TEXT_MAX];

        say_limit(incident, limit, sizeof(limit));
        say_loss(stall, loss, sizeof(loss));
        (void) units_format_duration(stall->lasted - stall->lasted % USEC_PER_SEC, lasted);
        (void) units_format_bytes(incident->after.current, used);
        return snprintf(buf, size,
                        "at a standstill, though alive, at %s: for %u %% of the last %s %s; raise %s above what it needs (it "
                        "uses %s), or restart it, which a rung with Event=limit-stall can do",
                        limit, stall->lost, lasted, loss, stall_limit_key(stall->limit), used);
}
