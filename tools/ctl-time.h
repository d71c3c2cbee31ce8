/* Points in time as people give them to --since. */
#pragma once

#include <time.h>

#include "util.h"

/* "-1h", "-1h 30min" (before now), "2026-11-21 10:00", "2026-11-21 10:00:30", "2026-11-21" (its beginning), "today",
 * "yesterday", "now"; dates are local time. Microseconds of the realtime clock. -EINVAL on anything else, -ERANGE on
 * what no calendar has. */
int ctl_time_parse(const char *text, uint64_t now, uint64_t *ret_usec);
