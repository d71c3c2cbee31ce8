/* See growth.h. Everything is judged on what the kernel cannot drop: working set and swap. Cache only decides between
 * `steady` and `cache`.
 *
 * Why these estimators: a slope is the median of all slopes between pairs (growth-curve.h), because one burst or one
 * collection would tilt a least-squares line; that something rises is judged by the order of its values (Kendall),
 * because a step rises as much as a leak does but in no order; that it goes on rising is judged by comparing thirds,
 * because their means need no idea of what lies within, a saw or the noise. What is being asked is always the longest
 * recent stretch that is all of a kind: shorter ones are noisier, longer ones hold what is over. */
#include "growth.h"

#include <stdio.h>

#include "growth-shape.h"
#include "units.h"

#define JUDGED_POINTS 4
#define STRETCH_POINTS 8 /* fewer do not show a line */
#define STRETCH_LEAST (20 * USEC_PER_SEC)
#define STRAYS_SHARE 12 /* of its growth: what its newest part may be off the line */
#define BENDS_SHARE 5   /* a fifth: what thirds of a straight rise may differ by */
#define RISES_IN_ORDER 55 /* Kendall's tau, percent */
#define LIMIT_MAX ((uint64_t) 1 << 40) /* units; 4 EiB */
#define BEYOND_SHARE 4  /* a fourth of the way beyond the limit: what flattens must be clearly above it */

/* How much of the way from where it began to the limit a leak must have gone before it is called one. What rises and
 * falls by itself does so in its own time: a collection or a request within a minute, what is cached within an hour, a
 * day's work within a day. So the longer something has only risen, the fewer innocent causes are left. */
static const struct {
        usec_t lasted;
        unsigned percent;
} proofs[] = {
        {24 * 60 * USEC_PER_MINUTE, 25},
        {30 * USEC_PER_MINUTE, 60},
        {40 * USEC_PER_SEC, 80},
};

static const char *const class_names[] = {
        [GROWTH_UNKNOWN] = "unknown", [GROWTH_STEADY] = "steady", [GROWTH_WARM_UP] = "warm-up", [GROWTH_LEAK] = "leak",
        [GROWTH_STEP] = "step",       [GROWTH_SAW] = "saw",       [GROWTH_BURST] = "burst",     [GROWTH_CACHE] = "cache",
};
static_assert(ELEMENTSOF(class_names) == _GROWTH_CLASS_MAX, "a class has no name");

const char *growth_class_name(GrowthClass class) {
        return class >= 0 && class < _GROWTH_CLASS_MAX ? class_names[class] : "unknown";
}

const char *growth_format_rate(uint64_t bytes_per_second, char buf[static GROWTH_RATE_MAX]) {
        static const struct {
                uint64_t seconds;
                const char *text;
        } spans[] = {{1, "a second"}, {60, "a minute"}, {3600, "an hour"}, {86400, "a day"}};
        char bytes[UNITS_TEXT_MAX];
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(spans) && bytes_per_second < MIB / spans[i].seconds)
                i++;
        if (bytes_per_second > UINT64_MAX / spans[i].seconds)
                i = 0;
        (void) snprintf(buf, GROWTH_RATE_MAX, "%s %s", units_format_bytes(bytes_per_second * spans[i].seconds, bytes),
                        spans[i].text);
        return buf;
}

/* A recent stretch of the history as a straight rise. All sizes are the curve's. */
typedef struct Rise {
        Curve curve;
        CurveLine line;
        int64_t first, second; /* from third to third */
        int64_t grown;         /* by the line, over the whole of it */
        int64_t left;          /* from its course now to the limit */
        int64_t room;          /* likewise, from the highest that it has been */
        int64_t peaks;
} Rise;

static int64_t highest(const HistoryPoint *points, unsigned n) {
        int64_t high = 0;

        for (unsigned i = 0; i < n; i++)
                high = MAX(high, points[i].high);
        return high;
}

/* False where it does not even rise: then the rest is not worth the time. */
static bool rise_make(Rise *rise, const HistoryPoint *points, unsigned n, int64_t limit) {
        int64_t middle;

        curve_make(&rise->curve, points, n);
        middle = curve_third(&rise->curve, 1);
        rise->first = middle - curve_third(&rise->curve, 0);
        rise->second = curve_third(&rise->curve, 2) - middle;
        if (rise->first <= 0 || rise->second <= 0 || curve_rise_order(&rise->curve) < RISES_IN_ORDER)
                return false;
        rise->line = curve_line(&rise->curve);
        rise->grown = rise->line.slope * (CURVE_POINTS - 1) / 256;
        rise->peaks = curve_peaks(&rise->curve, &rise->line);
        rise->left = limit - curve_line_at(&rise->curve, &rise->line, rise->curve.until);
        rise->room = limit - highest(points, n) * CURVE_FRACTION;
        return true;
}

/* Straight, as far as its own noise lets us tell. */
static bool rise_is_straight(const Rise *rise) {
        unsigned jump;
        int64_t bend = llabs(rise->second - rise->first), noise = rise->line.spread * 12 / 5;

        return bend <= MAX((rise->first + rise->second) / 2 / BENDS_SHARE, noise) &&
               curve_jumps(&rise->curve, &jump) * 2 < rise->grown;
}

/* Is its newest part on the line? The median hardly moves for what has stopped a little ago. */
static bool rise_is_current(const Rise *rise) {
        const int64_t *y = rise->curve.y;
        int64_t now = (y[CURVE_POINTS - 2] + y[CURVE_POINTS - 1]) / 2;
        int64_t line = rise->line.start + rise->line.slope * (2 * CURVE_POINTS - 3) / 512;

        return llabs(now - line) <= MAX(rise->grown / STRAYS_SHARE, 4 * rise->line.spread);
}

/* Where it will end if each third adds the same share of what the one before added (Aitken): far away for what rises in
 * a line, below the limit for what flattens. */
static bool rise_passes(const Rise *rise) {
        int64_t loss = rise->first - rise->second;
        int64_t needed = rise->left + (rise->left + rise->grown) / BEYOND_SHARE;

        return loss <= 0 || (__int128_t) rise->second * rise->second / loss >= needed;
}

static usec_t rise_lasted(const Rise *rise) {
        return (usec_t) (rise->curve.until - rise->curve.from) * HISTORY_TICK;
}

/* Has it gone enough of its way to be called a leak? */
static bool rise_is_proved(const Rise *rise) {
        int64_t way = rise->grown + MAX(rise->left - rise->peaks, 0);

        for (size_t i = 0; i < ELEMENTSOF(proofs); i++)
                if (rise_lasted(rise) >= proofs[i].lasted)
                        return rise->grown * 100 >= way * proofs[i].percent;
        return false;
}

/* Has it fallen back from the peak of its stretch by more than a share of what it grew? */
static bool has_fallen(const Rise *rise, unsigned share) {
        const HistoryPoint *points = rise->curve.points;
        unsigned n = rise->curve.n_points;

        return (highest(points, n) - points[n - 1].mean) * CURVE_FRACTION * share > rise->grown;
}

/* What comes back to where it has been before is no leak. */
static bool is_above_all_before(const HistoryPoint *points, const Rise *rise, int64_t noticeable) {
        int64_t before = highest(points, (unsigned) (rise->curve.points - points));

        return highest(rise->curve.points, rise->curve.n_points) >= before + (before > 0 ? noticeable : 0);
}

/* For each point: the second greatest fall before it, of those that are half noticeable. One fall may be the end of a
 * start or of a burst; what fell twice can rise as much without a meaning. */
static void measure_falls(const HistoryPoint *points, unsigned n, int64_t least, int64_t *ret) {
        int64_t high = points[0].mean, low = high, first = 0, second = 0;

        for (unsigned i = 0; i < n; i++) {
                int64_t value = points[i].mean;

                ret[i] = second;
                low = MIN(low, value);
                if (value - low >= least || i + 1 == n) {
                        second = MAX(second, MIN(first, high - low));
                        first = MAX(first, high - low);
                        high = low = value;
                }
                if (value > high)
                        high = low = value;
        }
}

/* The longest stretch up to now that rises in a line. */
static bool find_rise(const HistoryPoint *points, unsigned n, int64_t limit, int64_t noticeable, Rise *ret) {
        int64_t span = INT64_MAX, falls[HISTORY_POINTS];

        measure_falls(points, n, noticeable / 2, falls);
        for (unsigned i = 0; i + STRETCH_POINTS <= n; i++) {
                int64_t stretch = points[n - 1].end - points[i].begin;

                if ((usec_t) stretch * HISTORY_TICK < STRETCH_LEAST)
                        break;
                if (stretch > span - span / 10)
                        continue;
                span = stretch;
                if (!rise_make(ret, &points[i], n - i, limit))
                        continue;
                if (ret->grown >= MAX(noticeable, 2 * falls[i]) * CURVE_FRACTION && rise_is_straight(ret) && rise_is_current(ret) &&
                    !has_fallen(ret, 1))
                        return true;
        }
        return false;
}

static unsigned confidence(const Rise *rise) {
        int64_t noise = rise->line.spread * 2 * 100 / rise->grown;

        return (unsigned) MAX(100 - noise, 0);
}

/* The line goes on through a pause (a night without requests, a suspend) that is too short to end it; what it holds does
 * not, so a forecast never begins above the highest that there was. */
static void set_forecast(const Rise *rise, const History *history, int64_t now, Growth *ret) {
        int64_t ticks = rise->curve.until - rise->curve.from, slope = rise->line.slope;
        int64_t since = now - rise->curve.until; /* that it was read last */
        int64_t left = MAX(rise->left - rise->peaks, rise->room) -
                       (int64_t) ((__int128_t) slope * CURVE_POINTS * since / ticks / 256);

        ret->forecasts = true;
        ret->confidence = confidence(rise);
        /* Units and their fractions cancel out: 4096 bytes are 16 * 256 of them. */
        ret->slope = (uint64_t) (slope * CURVE_POINTS * (int64_t) (USEC_PER_SEC / HISTORY_TICK) / ticks);
        ret->time_to_limit = left <= 0 ? 0 : (usec_t) ((__uint128_t) left * 256 * (usec_t) ticks * HISTORY_TICK / CURVE_POINTS /
                                                       (uint64_t) slope);
        ret->since = history->began + (usec_t) rise->curve.from * HISTORY_TICK;
        ret->grown = (uint64_t) rise->grown * (HISTORY_UNIT / CURVE_FRACTION);
}

static bool is_leak(const HistoryPoint *points, const Rise *rise, int64_t noticeable) {
        return rise_is_proved(rise) && !has_fallen(rise, 2) && is_above_all_before(points, rise, noticeable);
}

void growth_judge(const History *history, uint64_t limit, bool was_leak, usec_t now, Growth *ret) {
        HistoryPoint points[HISTORY_POINTS];
        int64_t units = (int64_t) MIN(limit / HISTORY_UNIT, LIMIT_MAX);
        Growth growth = {.time_to_limit = USEC_INFINITY};
        Shape shape;
        Rise rise;

        for (unsigned i = 0; i < history->n; i++)
                points[i] = history_at(history, i);
        if (history->n >= JUDGED_POINTS) {
                growth.class = shape_judge(points, history->n, units, &shape);
                if (find_rise(points, history->n, units * CURVE_FRACTION, shape.noticeable, &rise)) {
                        set_forecast(&rise, history, (int64_t) (util_sub(now, history->began) / HISTORY_TICK), &growth);
                        if (rise_passes(&rise) && (was_leak || is_leak(points, &rise, shape.noticeable)))
                                growth.class = GROWTH_LEAK;
                }
        }
        *ret = growth;
}
