#include "slope.h"

#define TO_MS(usec) ((uint32_t) ((usec) / USEC_PER_MSEC))

static uint32_t to_pages(uint64_t bytes) {
        return (uint32_t) MIN(bytes / PAGE_BYTES, (uint64_t) UINT32_MAX);
}

static uint32_t stamp(usec_t now) {
        return MAX(TO_MS(now), 1U); /* once in 49 days a millisecond late */
}

void slope_note(Slope *slope, uint64_t bytes, usec_t now) {
        uint32_t ms = stamp(now), pages = to_pages(bytes);

        /* A clock that fell, or one that ran over half-way, begins anew. */
        if (slope->last_ms == 0 || (int32_t) (ms - slope->last_ms) < 0) {
                *slope = (Slope){pages, pages, pages, ms, ms, ms};
                return;
        }
        if (ms - slope->from_ms > TO_MS(SLOPE_WINDOW) && ms - slope->next_ms >= TO_MS(SLOPE_LEAST)) {
                slope->from = slope->next;
                slope->from_ms = slope->next_ms;
                slope->next = pages;
                slope->next_ms = ms;
        } else if (slope->next_ms == slope->from_ms && ms - slope->next_ms >= TO_MS(SLOPE_WINDOW / 2)) {
                slope->next = pages;
                slope->next_ms = ms;
        }
        slope->last = pages;
        slope->last_ms = ms;
}

usec_t slope_span(const Slope *slope) {
        return (slope->last_ms - slope->from_ms) * USEC_PER_MSEC;
}

usec_t slope_age(const Slope *slope, usec_t now) {
        return slope->last_ms == 0 ? USEC_INFINITY : (stamp(now) - slope->last_ms) * USEC_PER_MSEC;
}

uint64_t slope_growth(const Slope *slope) {
        uint64_t grown = slope->last > slope->from ? (slope->last - slope->from) * PAGE_BYTES : 0;
        usec_t span = slope_span(slope);

        return span < SLOPE_LEAST ? 0 : grown * 1000 / (span / USEC_PER_MSEC);
}
