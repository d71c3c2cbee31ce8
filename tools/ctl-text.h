/* Text for people: colours, the terminal's width, and the last gate before it. */
#pragma once

#include <stdio.h>

#include "util.h"

typedef enum CtlColor {
        COLOR_PLAIN,
        COLOR_GOOD,
        COLOR_WARN,
        COLOR_BAD,
        COLOR_DIM,
        COLOR_BOLD,
        _CTL_COLOR_MAX,
        _CTL_COLOR_INVALID = -EINVAL,
} CtlColor;

/* Room for whatever comes from outside in one piece, escaped. */
#define CTL_TEXT_MAX 8192

/* Are colours wanted here? Only on a terminal that has them, and never with NO_COLOR (no-color.org). */
bool ctl_text_has_color(FILE *stream);

/* The sequence that begins a colour (COLOR_PLAIN ends it), or "" where colours are not wanted. */
const char *ctl_text_color(FILE *stream, CtlColor color);

/* The sequence itself. */
const char *ctl_text_sequence(CtlColor color);

/* Columns of the terminal; 0 when the stream is none, where nothing must be cut. */
unsigned ctl_text_width(FILE *stream);

/* Prints. Where the locale is not UTF-8, other bytes than ASCII are escaped: an 8-bit terminal would take some for
 * controls. Texts from outside must have been through utf8_escape() before (ctl-json.c and ctl-table.c do that to all
 * of theirs). */
void ctl_text_print(FILE *stream, const char *format, ...) _printf_(2, 3);

/* One sentence on stderr with "memguardctl: " before it. Escapes all of it. */
void ctl_text_complain(const char *format, ...) _printf_(1, 2);

/* "2026-11-21 12:00:01.250" in local time, from microseconds of the realtime clock. Returns buf. */
#define CTL_TIME_MAX 64
const char *ctl_text_time(uint64_t usec, char buf[static CTL_TIME_MAX]);
