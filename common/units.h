/* Sizes, percentages, durations and rates as people write and read them. Nothing here allocates. */
#pragma once

#include "util.h"

#define UNITS_TEXT_MAX 32 /* room for every text that this file formats, NUL included */

/* A size as an operator gives it: bytes, or a share of the effective limit. */
typedef struct Level {
        bool set;
        bool percent;
        uint64_t value; /* bytes; with percent: hundredths of a percent, 0 to 10000 */
} Level;

/* "8192", "64K", "64M", "1.5G", "2T" (powers of 1024, no blanks inside). -EINVAL, -ERANGE. */
int units_parse_bytes(const char *text, uint64_t *ret_bytes);

/* "75%", "7.25%" or what units_parse_bytes() takes. -EINVAL, -ERANGE (above 100 %). */
int units_parse_level(const char *text, Level *ret_level);

/* "300ms", "5s", "10min", "1h", "2d", "1min 30s", "250us"; a bare number is seconds. -EINVAL, -ERANGE. */
int units_parse_duration(const char *text, usec_t *ret_usec);

/* "300ms/1s": two durations. -EINVAL when a part is missing, 0, or the first is above the second. */
int units_parse_stall(const char *text, usec_t *ret_stall, usec_t *ret_window);

/* "3/1h": a count from 0 to 1000000 and a window above 0. -EINVAL, -ERANGE. */
int units_parse_rate(const char *text, uint32_t *ret_count, usec_t *ret_window);

/* "512B", "136.2M", "1.5G"; "unlimited" for BYTES_INFINITY. Returns buf. */
const char *units_format_bytes(uint64_t bytes, char buf[static UNITS_TEXT_MAX]);

/* "640 ms", "5 s", "1 min 30 s", "2 h 5 min"; "never" for USEC_INFINITY. Returns buf. */
const char *units_format_duration(usec_t usec, char buf[static UNITS_TEXT_MAX]);

/* The form units_parse_level() takes back: "75%", "64M" or plain bytes where they are no whole multiple. Returns buf. */
const char *units_format_level(const Level *level, char buf[static UNITS_TEXT_MAX]);

/* The form units_parse_duration() takes back: "300ms", "5s", "10min", "1h". Returns buf. */
const char *units_format_duration_conf(usec_t usec, char buf[static UNITS_TEXT_MAX]);

/* The bytes a level means below this limit; BYTES_INFINITY when it is not set or the limit is BYTES_INFINITY and the level
 * is a share of it. */
uint64_t units_level_bytes(const Level *level, uint64_t limit);
