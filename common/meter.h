/* Has a unit stalled for as long as a pressure condition says? From the cumulated totals of memory.pressure, read while its
 * directory is hot (daemon/psi.h). Readings are measured from a base; a base older than the window is replaced, so a stall
 * that is spread thinner than the condition says never adds up to it. */
#pragma once

#include "util.h"

typedef struct Meter {
        usec_t base_time;
        uint64_t base_total; /* usec */
        bool based, holds;
} Meter;

/* A reading of the total. Returns whether the condition (stall in window) holds now: it begins to hold as soon as the stall
 * since the base reaches it, and ends with a whole window below it. */
bool meter_read(Meter *meter, uint64_t total, usec_t stall, usec_t window, usec_t now);

/* Does the condition hold by a reading that is not too old for it? Readings stop when all is calm. */
bool meter_holds(const Meter *meter, usec_t window, usec_t now);

/* Forgets what was measured: the stall was of our own making (a wire, a throttle), or the unit began anew. */
void meter_reset(Meter *meter);
