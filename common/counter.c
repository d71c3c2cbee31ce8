#include "counter.h"

static uint64_t part_of(usec_t window, usec_t now) {
        return now / MAX(window / COUNTER_BUCKETS, 1);
}

void counter_add(Counter *counter, usec_t window, usec_t now, uint64_t n) {
        uint64_t part = part_of(window, now);
        uint32_t *count;

        if (part >= counter->part + COUNTER_BUCKETS)
                counter_reset(counter);
        else
                for (uint64_t p = counter->part + 1; p <= part; p++)
                        counter->counts[p % COUNTER_BUCKETS] = 0;
        counter->part = MAX(part, counter->part);
        count = &counter->counts[counter->part % COUNTER_BUCKETS];
        *count = (uint32_t) MIN(util_add(*count, n), UINT32_MAX);
}

uint64_t counter_sum(const Counter *counter, usec_t window, usec_t now) {
        uint64_t part = MAX(part_of(window, now), counter->part), sum = 0;

        for (uint64_t back = 0; back < COUNTER_BUCKETS; back++) {
                if (back > part)
                        break;
                if (part - back <= counter->part)
                        sum += counter->counts[(part - back) % COUNTER_BUCKETS];
        }
        return sum;
}

void counter_reset(Counter *counter) {
        memset(counter->counts, 0, sizeof(counter->counts));
}
