/* Inside the judge of growth: a stretch of a history as an even curve, and the robust measures that are taken of it. */
#pragma once

#include "history.h"

#define CURVE_POINTS 24 /* a multiple of three */
#define CURVE_THIRD (CURVE_POINTS / 3)
#define CURVE_FRACTION 16 /* values are in sixteenths of a unit, so that small units have slopes too */

typedef struct Curve {
        const HistoryPoint *points; /* those that it was made of */
        unsigned n_points;
        int64_t from, until; /* ticks */
        int64_t y[CURVE_POINTS];
} Curve;

typedef struct CurveLine {
        int64_t slope; /* 256ths of y's unit a point */
        int64_t start; /* y at the first point */
        int64_t spread; /* half of the points are no further than this from the line */
} CurveLine;

/* A curve of at least two points. */
void curve_make(Curve *curve, const HistoryPoint *points, unsigned n_points);

/* Theil-Sen: the median of the slopes of all pairs. It stands nearly 30 % of outliers and needs no idea of the noise. */
CurveLine curve_line(const Curve *curve);

/* The line's value at this tick, in y's unit. */
int64_t curve_line_at(const Curve *curve, const CurveLine *line, int64_t tick);

/* How far above the line its peaks are: a third of the points reach higher. */
int64_t curve_peaks(const Curve *curve, const CurveLine *line);

/* Kendall's tau in percent: pairs that rise less pairs that fall. It asks for the order alone, so one great jump counts
 * no more than a small one. */
int curve_rise_order(const Curve *curve);

/* The mean of a third: 0 to 2. */
int64_t curve_third(const Curve *curve, unsigned third);

/* How much of the rise the two greatest jumps have beyond what an even rise would give them, and the point before the
 * first of them. */
int64_t curve_jumps(const Curve *curve, unsigned *ret_first);
