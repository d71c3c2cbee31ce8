/* A unit as the daemon tells it (flat, as a{sv} is), in the forms that people and programs read. */
#pragma once

#include "ctl-text.h"
#include "ctl.h"
#include "units.h"

/* The object of design section 6: usage{}, limit{}, events{} and so on. */
json_t *ctl_unit_json(const json_t *unit);

/* "calm", "settling (ask)"; the colour says how much attention it wants. */
CtlColor ctl_unit_color(const json_t *unit);

/* Usage as a share of the limit in hundredths of a percent; 0 where there is no limit. */
unsigned ctl_unit_share(const json_t *unit);
const char *ctl_unit_share_text(const json_t *unit, char buf[static UNITS_TEXT_MAX]);

/* "throttled, on loan"; "" for none. */
const char *ctl_unit_holds(const json_t *unit, char *buf, size_t size);

/* Those worth attention first. Sorts an array of units in place. */
int ctl_unit_sort(json_t *units);

/* All units as a table; at most `most` of them (0 = all). */
/* Is its growth judged to be a leak? */
bool ctl_unit_leaks(const json_t *unit);

int ctl_unit_table(const json_t *units, size_t most);

/* A value in bytes or microseconds for people; "-" when it is missing. */
const char *ctl_unit_bytes(const json_t *unit, const char *key, char buf[static UNITS_TEXT_MAX]);
const char *ctl_unit_duration(const json_t *unit, const char *key, char buf[static UNITS_TEXT_MAX]);
