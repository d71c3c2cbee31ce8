/* Where in the journal an entry stands, so that two entries can be told apart and ordered. A cursor has it as text; the
 * numbers in it are needed because journald gives all lines of one read the same time. */
#pragma once

#include "util.h"

#define CURSOR_MAX 256 /* NUL included; journald's have about 130 characters */

typedef struct Place {
        char sequence[33]; /* which journald counted; empty = unknown, then only the time counts */
        uint64_t number;
        usec_t realtime;
} Place;

/* Known by its time alone. */
static inline Place journalplace_at(usec_t realtime) {
        return (Place){.realtime = realtime};
}

/* Only what could be a cursor's text: letters, digits, '=' and ';', not too long, not empty. */
bool journalplace_is_cursor(const char *text);

/* Reads a cursor. -EINVAL when its sequence, number or time is missing: its form is journald's own affair, and may change. */
int journalplace_parse(const char *cursor, Place *ret);

/* Does a stand behind b? By the number where both were counted by the same journald, otherwise by the time. */
bool journalplace_is_after(const Place *a, const Place *b);
