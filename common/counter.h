/* Counts events in a sliding window, in constant space: the window is cut into COUNTER_BUCKETS parts, so the count is right
 * to within the events of one part (an eighth of the window) at its far end. */
#pragma once

#include "util.h"

#define COUNTER_BUCKETS 8

typedef struct Counter {
        uint64_t part; /* number of the newest part: time / (window / COUNTER_BUCKETS) */
        uint32_t counts[COUNTER_BUCKETS];
} Counter;

/* Adds n events at this time. Times before the newest part are counted in the newest. */
void counter_add(Counter *counter, usec_t window, usec_t now, uint64_t n);

/* How many in the window that ends now. */
uint64_t counter_sum(const Counter *counter, usec_t window, usec_t now);

void counter_reset(Counter *counter);
