#include "slope.h"

void slope_note(Slope *slope, uint64_t bytes, usec_t now) {
        now = MAX(now, 1);
        /* A clock that fell begins anew. */
        if (slope->last_time == 0 || now < slope->last_time) {
                *slope = (Slope){bytes, bytes, bytes, now, now, now};
                return;
        }
        if (now - slope->from_time > SLOPE_WINDOW && now - slope->next_time >= SLOPE_LEAST) {
                slope->from = slope->next;
                slope->from_time = slope->next_time;
                slope->next = bytes;
                slope->next_time = now;
        } else if (slope->next_time == slope->from_time && now - slope->next_time >= SLOPE_WINDOW / 2) {
                slope->next = bytes;
                slope->next_time = now;
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
