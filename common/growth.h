/* How a unit grows, judged from its history: what kind of growth, how fast, and when it reaches the limit.
 *
 * Limits: one cause is assumed at a time. A leak hidden under a greater saw is seen when the saw's floor has risen by a
 * noticeable part. A first tooth of a saw and a warm-up that rises in a line can't be told from a leak before they end;
 * so a leak is named only after it has taken the greater part of its way, or has lasted longer than its innocent
 * causes do (growth.c has the table). Its forecast is there long before. */
#pragma once

#include "history.h"

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
        bool forecasts;       /* it grows in a line: what follows means something for the future */
        unsigned confidence;  /* in the slope, percent: how much of the growth is more than noise */
        uint64_t slope;       /* bytes a second, of the longest recent stretch that is all of a kind; 0 where there is none */
        usec_t time_to_limit; /* from now; USEC_INFINITY where it does not grow */
        usec_t since;         /* when that stretch began */
        uint64_t grown;       /* bytes in it */
} Growth;

const char *growth_class_name(GrowthClass class);

/* "1.2M a second", "35.5M an hour": in the unit of time in which it is at least a MiB. Returns buf. */
#define GROWTH_RATE_MAX 64
const char *growth_format_rate(uint64_t bytes_per_second, char buf[static GROWTH_RATE_MAX]);

/* Judges a history. limit: the effective limit in bytes. was_leak: it was called one in this run, and is still one while
 * it goes on in a line. */
void growth_judge(const History *history, uint64_t limit, bool was_leak, usec_t now, Growth *ret);
