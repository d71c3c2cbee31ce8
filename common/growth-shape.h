/* Inside the judge of growth: what a history looks like, leaks apart. */
#pragma once

#include "growth.h"
#include "growth-curve.h"

typedef struct Shape {
        int64_t noticeable; /* units: less than this is no change */
        int64_t base, range; /* of the part after the start */
        unsigned rises, falls;
        unsigned raised;    /* percent of the time that it was clearly above its base */
} Shape;

/* The class of a history of at least four points, as if there were no leaks. */
GrowthClass shape_judge(const HistoryPoint *points, unsigned n, int64_t limit, Shape *ret);
