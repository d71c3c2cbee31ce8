/* What a unit has held since its run began, in a fixed number of points: the older a part is, the coarser it is kept.
 *
 * A point stands for one reading or for several that were merged. When there is no room for a new one, those two
 * neighbours are merged whose joint stretch is the smallest share of its age; so a point is never much wider than a
 * fifth of its age, whatever the scale: a leak that began a minute ago and one that began a week ago are both seen in a
 * dozen points or more. (A row of equal points whose number is halved when it is full would see only two points of a
 * leak that begins after a day of calm.) A point keeps the least and the most of its readings beside their mean: a saw
 * or a burst within it is not lost, and none of the three hides the others.
 *
 * Sizes are kept to 12 binary digits, times to a tenth of a second: that is enough for a trend, and makes 560 bytes.
 *
 * Limit: what happens between two readings is not seen, and where readings are rare neither are short bursts. */
#pragma once

#include "util.h"

#define HISTORY_POINTS 40
#define HISTORY_TICK (USEC_PER_SEC / 10)
#define HISTORY_UNIT (4 * KIB)

/* A number of at most 12 significant binary digits: 5 bits of exponent, 11 of mantissa and one that is implied. */
typedef uint16_t Rough;

typedef struct History {
        usec_t began;                  /* time of the first reading */
        uint32_t ends[HISTORY_POINTS]; /* ticks since then, of a point's last reading */
        Rough widths[HISTORY_POINTS];  /* ticks from its first reading to its last */
        Rough lows[HISTORY_POINTS], highs[HISTORY_POINTS], means[HISTORY_POINTS]; /* units held */
        Rough caches[HISTORY_POINTS];  /* units of cache: the mean */
        uint8_t n;
} History;

/* A point as it is judged: ticks and units. */
typedef struct HistoryPoint {
        int64_t begin, end, low, high, mean, cache;
} HistoryPoint;

/* Takes up a reading: bytes held (what the kernel cannot drop: working set and swap) and bytes of cache. A time before
 * the last one is taken for it. */
void history_note(History *history, uint64_t held, uint64_t cache, usec_t now);

/* A part of a value, where the product may be too large for 64 bits. */
static inline int64_t history_part(int64_t value, int64_t part, int64_t whole) {
        return (int64_t) ((__int128_t) value * part / whole);
}

/* A point, the oldest first; i is below history->n. */
HistoryPoint history_at(const History *history, unsigned i);

/* Bytes a second by which it has grown of late: over at least this long where it is that old; 0 for a fall or when that
 * can't be told. */
uint64_t history_recent(const History *history, usec_t span);

Rough rough_pack(uint64_t value);
uint64_t rough_unpack(Rough rough);
