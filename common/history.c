/* See history.h. */
#include "history.h"

#define MANTISSA_BITS 11
#define MANTISSA_MASK ((1U << MANTISSA_BITS) - 1)
#define EXPONENT_MAX 31U
#define CHANGE_WEIGHT 4

Rough rough_pack(uint64_t value) {
        unsigned shift = 0;

        if (value <= MANTISSA_MASK)
                return (Rough) value;
        while (value >> shift > 2 * (uint64_t) MANTISSA_MASK + 1)
                shift++;
        if (shift > 0 && value >> (shift - 1) & 1) {
                value = (value >> shift) + 1;
                if (value > 2 * (uint64_t) MANTISSA_MASK + 1) {
                        value >>= 1;
                        shift++;
                }
        } else
                value >>= shift;
        if (shift + 1 > EXPONENT_MAX)
                return UINT16_MAX;
        return (Rough) ((shift + 1) << MANTISSA_BITS | (value & MANTISSA_MASK));
}

uint64_t rough_unpack(Rough rough) {
        unsigned exponent = rough >> MANTISSA_BITS;
        uint64_t mantissa = rough & MANTISSA_MASK;

        return exponent == 0 ? mantissa : (mantissa | 1U << MANTISSA_BITS) << (exponent - 1);
}

HistoryPoint history_at(const History *history, unsigned i) {
        int64_t end = history->ends[i];

        return (HistoryPoint){
                .begin = MAX(end - (int64_t) rough_unpack(history->widths[i]), 0),
                .end = end,
                .low = (int64_t) rough_unpack(history->lows[i]),
                .high = (int64_t) rough_unpack(history->highs[i]),
                .mean = (int64_t) rough_unpack(history->means[i]),
                .cache = (int64_t) rough_unpack(history->caches[i]),
        };
}

static void set(History *history, unsigned i, const HistoryPoint *point) {
        history->ends[i] = (uint32_t) point->end;
        history->widths[i] = rough_pack((uint64_t) (point->end - point->begin));
        history->lows[i] = rough_pack((uint64_t) point->low);
        history->highs[i] = rough_pack((uint64_t) point->high);
        history->means[i] = rough_pack((uint64_t) point->mean);
        history->caches[i] = rough_pack((uint64_t) point->cache);
}

/* Each counts for its own stretch and for half of the gap between the two. */
static HistoryPoint merge(const HistoryPoint *a, const HistoryPoint *b) {
        int64_t gap = MAX(b->begin - a->end, 0) + 1;
        int64_t of_a = 2 * (a->end - a->begin) + gap, of_b = 2 * (b->end - b->begin) + gap, all = of_a + of_b;

        return (HistoryPoint){
                .begin = a->begin,
                .end = b->end,
                .low = MIN(a->low, b->low),
                .high = MAX(a->high, b->high),
                .mean = a->mean + history_part(b->mean - a->mean, of_b, all),
                .cache = a->cache + history_part(b->cache - a->cache, of_b, all),
        };
}

static void take_out(History *history, unsigned i) {
        unsigned n = history->n - i - 1U;

        memmove(&history->ends[i], &history->ends[i + 1], n * sizeof(history->ends[0]));
        memmove(&history->widths[i], &history->widths[i + 1], n * sizeof(Rough));
        memmove(&history->lows[i], &history->lows[i + 1], n * sizeof(Rough));
        memmove(&history->highs[i], &history->highs[i + 1], n * sizeof(Rough));
        memmove(&history->means[i], &history->means[i + 1], n * sizeof(Rough));
        memmove(&history->caches[i], &history->caches[i + 1], n * sizeof(Rough));
        history->n--;
}

static int64_t range_of(const History *history) {
        uint64_t low = UINT64_MAX, high = 0;

        for (unsigned i = 0; i < history->n; i++) {
                low = MIN(low, rough_unpack(history->lows[i]));
                high = MAX(high, rough_unpack(history->highs[i]));
        }
        return (int64_t) (high - low) + 1;
}

/* Neighbours that differ much count as wider: where a step was is worth knowing well. */
static void make_room(History *history, int64_t now) {
        int64_t range = range_of(history), best_width = 1, best_age = 0; /* a share of infinity */
        HistoryPoint point, next;
        unsigned best = 0;

        for (unsigned i = 0; i + 1 < history->n; i++) {
                int64_t begin = i > 0 ? history->ends[i - 1] : 0, age = now - begin;
                int64_t change = llabs((int64_t) rough_unpack(history->means[i + 1]) - (int64_t) rough_unpack(history->means[i]));
                int64_t width = (history->ends[i + 1] - begin) * (100 + history_part(100 * CHANGE_WEIGHT, change, range));

                if ((__int128_t) width * best_age < (__int128_t) best_width * age) {
                        best = i;
                        best_width = width;
                        best_age = age;
                }
        }
        point = history_at(history, best);
        next = history_at(history, best + 1);
        point = merge(&point, &next);
        set(history, best, &point);
        take_out(history, best + 1);
}

void history_note(History *history, uint64_t held, uint64_t cache, usec_t now) {
        HistoryPoint point = {
                .low = (int64_t) (held / HISTORY_UNIT), .cache = (int64_t) (cache / HISTORY_UNIT)};
        usec_t ticks;

        if (history->n == 0)
                history->began = now;
        ticks = MIN(util_sub(now, history->began) / HISTORY_TICK, UINT32_MAX);
        if (history->n > 0)
                ticks = MAX(ticks, history->ends[history->n - 1]);
        point.begin = point.end = (int64_t) ticks;
        point.high = point.mean = point.low;
        if (history->n > 0 && history->ends[history->n - 1] == ticks) {
                HistoryPoint last = history_at(history, history->n - 1U);

                last = merge(&last, &point);
                set(history, history->n - 1U, &last);
                return;
        }
        if (history->n == HISTORY_POINTS)
                make_room(history, (int64_t) ticks);
        set(history, history->n++, &point);
}

uint64_t history_recent(const History *history, usec_t span) {
        HistoryPoint last, before;
        unsigned i;
        int64_t ticks = (int64_t) (span / HISTORY_TICK), took;

        if (history->n < 2)
                return 0;
        last = history_at(history, history->n - 1U);
        for (i = history->n - 1U; i > 0; i--)
                if (last.end - history->ends[i - 1] >= ticks)
                        break;
        before = history_at(history, i > 0 ? i - 1 : 0);
        took = last.end - (before.begin + before.end) / 2;
        if (took <= 0 || last.mean <= before.mean)
                return 0;
        return (uint64_t) history_part(last.mean - before.mean, HISTORY_UNIT * (USEC_PER_SEC / HISTORY_TICK), took);
}
