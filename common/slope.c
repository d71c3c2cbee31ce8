#include "slope.h"

void slope_note(Slope *slope, uint64_t bytes, usec_t now) {
        now = MAX(now, 1);
        /* A clock that fell begins anew. */
        if (slope->last_time == 0 || now < slope->last_time) {
                *slope = (Slope){bytes, bytes, now, now};
                return;
        }
        /* The last reading becomes the base, if it is old enough to be one. */
        if (now - slope->from_time > SLOPE_WINDOW && slope->last_time > slope->from_time &&
            now - slope->last_time >= SLOPE_LEAST) {
                slope->from = slope->last;
                slope->from_time = slope->last_time;
        }
        slope->last = bytes;
        slope->last_time = now;
}

usec_t slope_span(const Slope *slope) {
        return slope->last_time - slope->from_time;
}

uint64_t slope_growth(const Slope *slope) {
        uint64_t grown = util_sub(slope->last, slope->from);
        usec_t span = slope_span(slope);

        if (span < SLOPE_LEAST)
                return 0;
        return (uint64_t) MIN((__uint128_t) grown * USEC_PER_SEC / span, (__uint128_t) UINT64_MAX);
}
