/* All about one unit, as a readable block. */
#pragma once

#include "ctl.h"

/* What begins a line: "     Usage: ", or as many blanks for "". */
void ctl_show_label(const char *text);

int ctl_show_unit(const json_t *unit);

/* The host as status has it, in a line and as JSON (a new reference; NULL without memory). */
void ctl_host_print(const json_t *host);
json_t *ctl_host_json(const json_t *host);

/* One record as one line. */
void ctl_show_record(const json_t *record, bool with_unit);

/* "[######|---|--]": the share in use, with a bar at the level of each rung. buf holds width + 3 bytes. */
const char *ctl_show_bar(uint64_t used, uint64_t limit, const json_t *rungs, unsigned width, char *buf);
