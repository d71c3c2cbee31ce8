/* The lines in which userspace OOM killers say whom they killed: systemd-oomd 247 to 260, earlyoom 1.7 to 1.9, nohang 0.2,
 * oomd 0.5. What they only consider, or would do in a dry run, is none. */
#pragma once

#include "witness.h"

typedef enum Killer {
        KILLER_SYSTEMD_OOMD,
        KILLER_EARLYOOM,
        KILLER_NOHANG,
        KILLER_OOMD,
        _KILLER_MAX,
        _KILLER_INVALID = -EINVAL,
} Killer;

/* What a killer said of its victim before it said that it kills it. Zeroed memory is a fresh one; one per killer. */
typedef struct KillerState {
        int pid;
        char comm[COMM_MAX];
        char path[CGROUP_PATH_MAX];
} KillerState;

/* The services whose lines these are, one after another; NULL at the end. */
const char *killertext_unit(size_t i);

/* Which killer this service is, or _KILLER_INVALID. */
Killer killertext_of(const char *unit);

/* One line. 1 when it says a kill: *ret is a FACT_USERSPACE without its time, ret_path the victim's cgroup or "" where only a
 * pid is named. 0 for every other line. */
int killertext_feed(KillerState *state, Killer killer, const char *line, Witness *ret, char ret_path[static CGROUP_PATH_MAX]);
