/* What limits, rungs and number of workers would have fitted a unit: facts in, advice out, by a table of rules. Every
 * number has its reason. Nothing here looks at the world. */
#pragma once

#include "facts.h"

#define ADVICE_REASON_MAX 384
#define ADVICE_SETTINGS_MAX 12
#define ADVICE_LINES_MAX 12
#define ADVICE_TEXT_MAX 4096

/* An hour of a run shows its start, its cron jobs and some of its growth; less shows a start only. */
#define ADVICE_RUN_LEAST (60 * USEC_PER_MINUTE)

typedef struct AdviceSetting {
        const char *key; /* "MemoryMax", "Rung ask", "Workers" */
        char value[64];
        char reason[ADVICE_REASON_MAX]; /* a finished sentence */
} AdviceSetting;

typedef struct Advice {
        bool provisional;
        usec_t wait;     /* for how long the unit should still be watched; 0 = long enough */
        uint64_t demand; /* what it needs, as far as is known */
        bool at_least;   /* it may need more: it was stopped by a limit */
        bool leaks;
        uint64_t max, high;    /* bytes; BYTES_INFINITY = none */
        unsigned ask, restart; /* percent of max */
        unsigned workers;      /* that fit below the last rung; 0 = there are none to count */
        unsigned n_warnings, n_evidence, n_settings;
        char warnings[ADVICE_LINES_MAX][ADVICE_REASON_MAX]; /* what must be read first */
        char evidence[ADVICE_LINES_MAX][ADVICE_REASON_MAX];
        AdviceSetting settings[ADVICE_SETTINGS_MAX];
        char dropin_path[UNIT_NAME_MAX + 64], policy_path[UNIT_NAME_MAX + 64];
        char dropin[ADVICE_TEXT_MAX], policy[ADVICE_TEXT_MAX]; /* ready to be written there */
} Advice;

/* 0; -ENODATA when nothing at all is known of the unit's memory: then the first warning says what to do about it. */
int advise(const HostFacts *host, const UnitFacts *unit, Advice *ret);
