/* What the watched units print, and what PID 1 and userspace killers write into the journal, by way of memguard-journal: a
 * helper service of its own, unprivileged, because a journal is large, slow, hostile text. It reads the journal and sends
 * witnesses; the daemon only tells it which units to follow. Optional: while it is not there, the daemon goes on without. */
#pragma once

#include <systemd/sd-event.h>

#include "witness.h"

typedef struct Textwatch Textwatch;

/* socket_path: "/run/memguard/journal" on a real system; connected lazily and again after a loss. cursor: where to go on
 * ("" = from now). */
int textwatch_new(Textwatch **ret, sd_event *event, const char *socket_path, const char *cursor,
                  const WitnessHandlers *handlers);
Textwatch *textwatch_free(Textwatch *watch);

/* Which units' own lines are read (names as in _SYSTEMD_UNIT=). Changes are gathered and sent a moment later. -ENOSPC at the
 * bound, -EINVAL for a name that is none. */
#define TEXTWATCH_UNITS_MAX 2048
int textwatch_follow(Textwatch *watch, const char *unit);
void textwatch_unfollow(Textwatch *watch, const char *unit);

/* Read back what this unit wrote since then (CLOCK_BOOTTIME), at most a few hundred lines: another witness has spoken, and
 * the unit may be muted for flooding. Findings come through saw() like all others. */
int textwatch_read_back(Textwatch *watch, const char *unit, usec_t since);

/* The journal's cursor up to which all findings have been handed on; "" when unknown. Valid until the next call. */
const char *textwatch_cursor(const Textwatch *watch);
bool textwatch_is_connected(const Textwatch *watch);
