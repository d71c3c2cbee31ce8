/* See growth-shape.h. What happened in the first eighth of the time is the start: a level, however it was reached. So a
 * history forgets a step or a warm-up when it has been calm for seven times as long. */
#include "growth-shape.h"

#define START_SHARE 8
#define NOTICEABLE_LEVEL 6  /* a sixth of what it holds */
#define NOTICEABLE_LIMIT 64 /* a 64th of its limit */
#define NOTICEABLE_LEAST ((int64_t) (4 * MIB / HISTORY_UNIT))
#define SWING_SHARE 3       /* a third of the range: less is no rise and no fall */
#define CALM_BEFORE 2       /* points of the curve before a step */
#define CACHE_LEAST ((int64_t) (16 * MIB / HISTORY_UNIT))

static unsigned after_start(const HistoryPoint *points, unsigned n) {
        int64_t end = points[0].begin + (points[n - 1].end - points[0].begin) / START_SHARE;
        unsigned i = 0;

        while (i + 2 < n && points[i].begin < end)
                i++;
        /* What was not read in between may have changed. */
        return i > 0 && points[i].begin - end > end - points[0].begin ? i - 1 : i;
}

static int64_t stretch(const HistoryPoint *points, unsigned i) {
        return points[i].end - (i > 0 ? points[i - 1].end : points[i].begin) + 1;
}

static void measure_range(const HistoryPoint *points, unsigned n, int64_t limit, Shape *shape) {
        int64_t low = INT64_MAX, high = 0, ticks = 0;
        __int128_t sum = 0;

        for (unsigned i = 0; i < n; i++) {
                low = MIN(low, points[i].low);
                high = MAX(high, points[i].high);
                sum += (__int128_t) points[i].mean * stretch(points, i);
                ticks += stretch(points, i);
        }
        shape->base = low;
        shape->range = high - low;
        shape->noticeable = MAX(MAX((int64_t) (sum / ticks) / NOTICEABLE_LEVEL, limit / NOTICEABLE_LIMIT), NOTICEABLE_LEAST);
}

/* Does a point hold a peak of its own? It is above both neighbours; one that only holds a jump is not. */
static bool holds_peak(const HistoryPoint *points, unsigned n, unsigned i, int64_t swing) {
        int64_t level = points[i].mean;

        if (i > 0)
                level = MAX(level, points[i - 1].mean);
        if (i + 1 < n)
                level = MAX(level, points[i + 1].mean);
        return points[i].high - level >= swing;
}

/* Rises and falls of at least a third of the range: a point that holds such a peak counts for one of each. */
static void count_swings(const HistoryPoint *points, unsigned n, Shape *shape) {
        int64_t swing = MAX(shape->range / SWING_SHARE, shape->noticeable / 2);
        int64_t low = points[0].mean, high = points[0].mean;
        int direction = 0;

        for (unsigned i = 0; i < n; i++) {
                int64_t value = points[i].mean;

                if (holds_peak(points, n, i, swing)) {
                        shape->rises++;
                        shape->falls++;
                        low = high = value;
                        direction = 0;
                        continue;
                }
                low = MIN(low, value);
                high = MAX(high, value);
                if (direction <= 0 && value - low >= swing) {
                        shape->rises++;
                        direction = 1;
                        high = value;
                }
                if (direction >= 0 && high - value >= swing) {
                        shape->falls++;
                        direction = -1;
                        low = value;
                }
        }
}

static unsigned raised_share(const HistoryPoint *points, unsigned n, const Shape *shape) {
        int64_t raised = 0, ticks = 0;

        for (unsigned i = 0; i < n; i++) {
                raised += history_part(points[i].mean - shape->base, 100, MAX(shape->range, 1)) * stretch(points, i);
                ticks += stretch(points, i);
        }
        return (unsigned) (raised / ticks);
}

static bool is_cache(const HistoryPoint *points, unsigned n, const Shape *shape) {
        int64_t low = INT64_MAX, high = 0;

        for (unsigned i = 0; i < n; i++) {
                low = MIN(low, points[i].cache);
                high = MAX(high, points[i].cache);
        }
        return high - low >= MAX(shape->noticeable, CACHE_LEAST);
}

/* Nothing fell: a jump or two out of a calm, or a slope. The calm must have begun before the part that is looked at: its
 * first points are wide. */
static GrowthClass judge_rise(const HistoryPoint *points, unsigned n, unsigned start) {
        Curve curve;
        int64_t rise, jumps, before;
        unsigned first;

        curve_make(&curve, points + start, n - start);
        rise = curve.y[CURVE_POINTS - 1] - curve.y[0];
        jumps = curve_jumps(&curve, &first);
        if (first < CALM_BEFORE || jumps * 10 < rise * 6)
                return GROWTH_WARM_UP;
        before = start > 1 ? points[start - 1].mean * CURVE_FRACTION : curve.y[0];
        return (curve.y[first - 1] - before) * 5 <= rise ? GROWTH_STEP : GROWTH_WARM_UP;
}

GrowthClass shape_judge(const HistoryPoint *points, unsigned n, int64_t limit, Shape *ret) {
        unsigned start = after_start(points, n);
        const HistoryPoint *settled = points + start;
        Shape shape = {0};

        n -= start;
        measure_range(settled, n, limit, &shape);
        count_swings(settled, n, &shape);
        shape.raised = raised_share(settled, n, &shape);
        *ret = shape;
        if (shape.range < shape.noticeable)
                return is_cache(points, n + start, &shape) ? GROWTH_CACHE : GROWTH_STEADY;
        if (shape.falls == 0)
                return judge_rise(points, n + start, start);
        if (shape.rises == 0)
                return GROWTH_STEP;
        if (shape.falls > 1 && shape.raised >= 25)
                return GROWTH_SAW;
        return GROWTH_BURST;
}
