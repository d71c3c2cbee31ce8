/* How fast does a size grow just now? Against a reading of a few seconds ago: enough to see who makes a shortage worse, and
 * small, as there is one for each unit: sizes are kept in pages, times in milliseconds that may run over. What kind of growth
 * it is, is not judged here. */
#pragma once

#include "util.h"

#define SLOPE_WINDOW (3 * USEC_PER_SEC)   /* a base older than this is replaced by a later reading */
#define SLOPE_LEAST (200 * USEC_PER_MSEC) /* of less time than this nothing is said */

typedef struct Slope {
        uint32_t from, next, last;          /* pages: the base, the one that will be the base, the last reading */
        uint32_t from_ms, next_ms, last_ms; /* last_ms 0 = no reading yet */
} Slope;

void slope_note(Slope *slope, uint64_t bytes, usec_t now);

/* Bytes a second, 0 where it did not grow (or nothing can be said), and the time over which that was seen. */
uint64_t slope_growth(const Slope *slope);
usec_t slope_span(const Slope *slope);

/* How long ago the last reading was; USEC_INFINITY when there was none. */
usec_t slope_age(const Slope *slope, usec_t now);
