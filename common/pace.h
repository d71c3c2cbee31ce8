/* How soon must a unit be read again that no wire watches? Never later than its headroom could vanish, and no sooner than
 * there is a reason for: a unit that does not move is read ever more slowly. */
#pragma once

#include "util.h"

/* Readings this slow and slower fall on common multiples of it, so that any number of calm units costs 4 wakeups a minute. */
#define PACE_SLOWEST (15 * USEC_PER_SEC)

typedef struct Pace {
        uint64_t working_set; /* at the last reading */
        usec_t time;
        uint64_t growth; /* bytes per second, of the last interval; 0 when it did not grow */
        unsigned calm;   /* readings in a row that saw nothing move */
        bool moving;     /* memory.events counted something in the last interval */
} Pace;

/* Notes a reading; moved says that memory.events counted high or max events since the last one. */
void pace_note(Pace *pace, uint64_t working_set, uint64_t limit, bool moved, usec_t now);

/* When to read again, after now. headroom: bytes up to the next level that matters, BYTES_INFINITY for none. */
usec_t pace_next(const Pace *pace, uint64_t headroom, uint64_t limit, usec_t now);
