/* Where the flight recorder's files are. */
#pragma once

#include <limits.h>

#include "ctl.h"

typedef struct CtlFlightFile {
        char path[PATH_MAX];
        uint64_t bytes;
} CtlFlightFile;

typedef struct CtlFlight {
        char directory[PATH_MAX];
        CtlFlightFile files[2]; /* the older one first */
        unsigned n;
} CtlFlight;

/* Has a daemon that runs write what it still holds. That none runs is no mistake. */
void ctl_flight_flush(const Ctl *ctl);

void ctl_flight_find(const Ctl *ctl, CtlFlight *ret);
