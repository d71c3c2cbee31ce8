/* How a unit grows, judged from its history: what kind of growth, how fast, and when it reaches the limit.
 *
 * Limits: one cause is assumed at a time. A leak hidden under a greater saw is seen when the saw's floor has risen by a
 * noticeable part. A first tooth of a saw and a warm-up that rises in a line can't be told from a leak before they end;
 * so a leak is named only after it has taken the greater part of its way, or has lasted longer than its innocent
 * causes do (growth.c has the table). Its forecast is there long before. */
#pragma once

#include "history.h"
#include "incident.h"

typedef enum GrowthClass {
        GROWTH_UNKNOWN, /* too few readings */
        GROWTH_STEADY,
        GROWTH_WARM_UP,
        GROWTH_LEAK,
        GROWTH_STEP,
        GROWTH_SAW,
        GROWTH_BURST,
        GROWTH_CACHE,
        _GROWTH_CLASS_MAX,
        _GROWTH_CLASS_INVALID = -EINVAL,
} GrowthClass;

typedef struct Growth {
        GrowthClass class;
        Confidence confidence; /* that the slope goes on */
        bool forecasts;        /* it grows in a line: slope and time_to_limit mean something for the future */
        int64_t slope;         /* bytes a second, of the recent part that is all of a kind; 0 where there is none */
        usec_t time_to_limit;  /* from now; USEC_INFINITY where it does not grow toward it */
        usec_t since;          /* when that part began */
        uint64_t grown;        /* bytes since then */
        uint64_t peaks;        /* bytes by which its peaks are above its course */
} Growth;

const char *growth_class_name(GrowthClass class);

/* Judges a history. limit: the effective limit in bytes. before: the last judgement of the same run, or NULL. */
void growth_judge(const History *history, uint64_t limit, const Growth *before, usec_t now, Growth *ret);
