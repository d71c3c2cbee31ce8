/* See growth-curve.h. */
#include "growth-curve.h"

#include <limits.h>

#define JUMP_POINTS 3
#define PAIRS (CURVE_POINTS * (CURVE_POINTS - 1) / 2)

static int compare(const void *a, const void *b) {
        int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

        return (x > y) - (x < y);
}

static int64_t median(int64_t *values, size_t n) {
        qsort(values, n, sizeof(*values), compare);
        return values[n / 2];
}

/* Twice the tick of the middle of a point of the curve. */
static int64_t middle(const Curve *curve, unsigned k) {
        return 2 * curve->from + (curve->until - curve->from) * (2 * (int64_t) k + 1) / CURVE_POINTS;
}

/* Where the history has a gap, the curve goes straight from one point to the next. */
static int64_t between(const Curve *curve, int64_t at) {
        const HistoryPoint *points = curve->points, *a, *b;
        unsigned i = 0;

        while (i < curve->n_points && 2 * points[i].begin < at)
                i++;
        if (i == 0 || i == curve->n_points)
                return points[i == 0 ? 0 : i - 1].mean * CURVE_FRACTION;
        a = &points[i - 1];
        b = &points[i];
        return a->mean * CURVE_FRACTION +
               history_part((b->mean - a->mean) * CURVE_FRACTION, at - 2 * a->end, 2 * (b->begin - a->end));
}

/* A point that stands for a long time is a level of that length: a line through the middles of points would make a slope
 * of a step. */
static int64_t value(const Curve *curve, unsigned k) {
        int64_t half = (curve->until - curve->from) / CURVE_POINTS, at = middle(curve, k), weights = 0;
        __int128_t sum = 0;

        for (unsigned i = 0; i < curve->n_points; i++) {
                const HistoryPoint *point = &curve->points[i];
                int64_t begin = MAX(2 * point->begin, at - half), end = MIN(2 * point->end, at + half);

                if (begin > end)
                        continue;
                sum += (__int128_t) point->mean * CURVE_FRACTION * (end - begin + 2);
                weights += end - begin + 2;
        }
        return weights > 0 ? (int64_t) (sum / weights) : between(curve, at);
}

void curve_make(Curve *curve, const HistoryPoint *points, unsigned n_points) {
        *curve = (Curve){
                .points = points,
                .n_points = n_points,
                .from = points[0].begin,
                .until = MAX(points[n_points - 1].end, points[0].begin + CURVE_POINTS),
        };
        for (unsigned k = 0; k < CURVE_POINTS; k++)
                curve->y[k] = value(curve, k);
}

CurveLine curve_line(const Curve *curve) {
        int64_t values[PAIRS];
        CurveLine line;
        size_t n = 0;

        for (unsigned i = 0; i < CURVE_POINTS; i++)
                for (unsigned j = i + 1; j < CURVE_POINTS; j++)
                        values[n++] = (curve->y[j] - curve->y[i]) * 256 / (int64_t) (j - i);
        line.slope = median(values, n);
        for (unsigned i = 0; i < CURVE_POINTS; i++)
                values[i] = curve->y[i] - line.slope * (int64_t) i / 256;
        line.start = median(values, CURVE_POINTS);
        for (unsigned i = 0; i < CURVE_POINTS; i++)
                values[i] = llabs(curve->y[i] - line.start - line.slope * (int64_t) i / 256);
        line.spread = median(values, CURVE_POINTS);
        return line;
}

int64_t curve_line_at(const Curve *curve, const CurveLine *line, int64_t tick) {
        int64_t points = (tick - curve->from) * CURVE_POINTS * 16 / (curve->until - curve->from) - 8;

        return line->start + (int64_t) ((__int128_t) line->slope * points / (16 * 256));
}

int64_t curve_peaks(const Curve *curve, const CurveLine *line) {
        int64_t values[HISTORY_POINTS];

        for (unsigned i = 0; i < curve->n_points; i++)
                values[i] = curve->points[i].high * CURVE_FRACTION -
                            curve_line_at(curve, line, curve->points[i].end);
        qsort(values, curve->n_points, sizeof(*values), compare);
        return MAX(values[curve->n_points * 2 / 3], 0);
}

int curve_rise_order(const Curve *curve) {
        int order = 0;

        for (unsigned i = 0; i < CURVE_POINTS; i++)
                for (unsigned j = i + 1; j < CURVE_POINTS; j++)
                        order += (curve->y[j] > curve->y[i]) - (curve->y[j] < curve->y[i]);
        return order * 100 / PAIRS;
}

int64_t curve_third(const Curve *curve, unsigned third) {
        int64_t sum = 0;

        for (unsigned k = 0; k < CURVE_THIRD; k++)
                sum += curve->y[third * CURVE_THIRD + k];
        return sum / CURVE_THIRD;
}

/* The rise over JUMP_POINTS steps that begins at each point: a jump that falls into a point of the history which stands for
 * a while is spread that far. */
static int64_t jump_at(const Curve *curve, unsigned k) {
        return curve->y[k + JUMP_POINTS] - curve->y[k];
}

/* The greatest jump that has no step in common with the one at `but`. */
static unsigned find_jump(const Curve *curve, unsigned but) {
        unsigned best = UINT_MAX;

        for (unsigned k = 0; k + JUMP_POINTS < CURVE_POINTS; k++)
                if ((k + JUMP_POINTS <= but || k >= but + JUMP_POINTS) &&
                    (best == UINT_MAX || jump_at(curve, k) > jump_at(curve, best)))
                        best = k;
        return best;
}

/* Its steepest step. */
static unsigned steepest(const Curve *curve, unsigned jump) {
        unsigned best = jump;

        for (unsigned k = jump; k < jump + JUMP_POINTS; k++)
                if (curve->y[k + 1] - curve->y[k] > curve->y[best + 1] - curve->y[best])
                        best = k;
        return best;
}

int64_t curve_jumps(const Curve *curve, unsigned *ret_first) {
        int64_t even = (curve->y[CURVE_POINTS - 1] - curve->y[0]) * JUMP_POINTS / (CURVE_POINTS - 1);
        unsigned first = find_jump(curve, CURVE_POINTS * 2), second = find_jump(curve, first);
        int64_t sum = MAX(jump_at(curve, first) - even, 0);
        int64_t other = MAX(jump_at(curve, second) - even, 0);

        *ret_first = steepest(curve, first);
        if (other * 4 >= sum)
                *ret_first = MIN(*ret_first, steepest(curve, second));
        return sum + other;
}
