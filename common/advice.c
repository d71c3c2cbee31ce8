/* The numbers. A limit that the peak fills to three quarters has room for a rung that helps, one that restarts, and a
 * reserve above it for the goodbye (design: the last rung is not at 99 %). */
#include "advice-internal.h"

#include <stdarg.h>
#include <stdio.h>

#define MARGIN_SHARE 3 /* a third of the peak on top */
#define MARGIN_LEAST (32 * MIB)
#define RESERVE_SHARE 10         /* of the limit, above the last rung */
#define RESERVE_LEAST (16 * MIB) /* a wire wakes us within milliseconds; a goodbye in Python takes some MiB */
#define HOST_SHARE 10            /* of the host, that must be left to others */
#define HOST_LEAST (128 * MIB)
#define AT_LIMIT 90 /* percent of the limit; a peak there was cut off by it */
#define ASK_LEAST 75
#define ASK_ABOVE_PEAK 4
#define BETWEEN_RUNGS 5

void advice_warn(Advice *advice, const char *format, ...) {
        va_list ap;

        if (advice->n_warnings == ADVICE_LINES_MAX)
                return;
        va_start(ap, format);
        (void) vsnprintf(advice->warnings[advice->n_warnings++], ADVICE_REASON_MAX, format, ap);
        va_end(ap);
}

void advice_tell(Advice *advice, const char *format, ...) {
        va_list ap;

        if (advice->n_evidence == ADVICE_LINES_MAX)
                return;
        va_start(ap, format);
        (void) vsnprintf(advice->evidence[advice->n_evidence++], ADVICE_REASON_MAX, format, ap);
        va_end(ap);
}

AdviceSetting *advice_set(Advice *advice, const char *key) {
        AdviceSetting *setting = &advice->settings[MIN(advice->n_settings, ADVICE_SETTINGS_MAX - 1)];

        advice->n_settings = MIN(advice->n_settings + 1, ADVICE_SETTINGS_MAX);
        setting->key = key;
        return setting;
}

static uint64_t round_up(uint64_t bytes) {
        uint64_t step = bytes < GIB ? 16 * MIB : bytes < 8 * GIB ? 64 * MIB : 256 * MIB;

        return util_add(bytes, step - 1) / step * step;
}

static bool has_limit(const UnitFacts *unit) {
        return fact_known(unit->max) && unit->max != BYTES_INFINITY;
}

/* What it has needed, and whether that was all that it wanted. */
static void find_demand(const AdviceCase *c) {
        const UnitFacts *unit = c->unit;
        Advice *advice = c->advice;

        advice->demand = facts_peak(unit);
        advice->leaks = util_streq(unit->growth, "leak");
        advice->at_least = unit->kills_unit > 0 || (has_limit(unit) && advice->demand >= unit->max / 100 * AT_LIMIT);
}

static void find_wait(const AdviceCase *c) {
        usec_t seen = c->unit->learned.runs > 0 ? c->unit->learned.longest * USEC_PER_SEC : 0;

        c->advice->wait = util_sub(ADVICE_RUN_LEAST, seen);
        c->advice->provisional = c->advice->wait > 0;
}

static uint64_t wanted_max(const AdviceCase *c) {
        const Advice *advice = c->advice;
        uint64_t demand = advice->demand, margin;

        /* A leak fills any limit; about three times of what it starts with bounds it. */
        if (advice->leaks && c->unit->learned.start > 0)
                demand = MIN(demand, 2 * c->unit->learned.start);
        else if (advice->at_least)
                demand = MAX(demand, has_limit(c->unit) ? c->unit->max : 0);
        margin = MAX(demand / MARGIN_SHARE, MARGIN_LEAST);
        return round_up(util_add(demand, advice->provisional ? 2 * margin : margin));
}

/* Is there a limit that is as good as ours? For a leak any is. */
static bool fits(const AdviceCase *c, uint64_t wanted) {
        if (!has_limit(c->unit))
                return false;
        return c->advice->leaks || (!c->advice->at_least && c->unit->max >= wanted && c->unit->max / 2 <= wanted);
}

static void reason_of_max(const AdviceCase *c, bool kept, bool capped, AdviceSetting *setting) {
        const Advice *advice = c->advice;
        char used[UNITS_TEXT_MAX], total[UNITS_TEXT_MAX];

        (void) units_format_bytes(advice->demand, used);
        if (capped)
                (void) snprintf(setting->reason, sizeof(setting->reason),
                                "All that the host's %s allow when a tenth is left to others; its peak was %s.",
                                units_format_bytes(c->host->memory_total, total), used);
        else if (advice->leaks)
                (void) snprintf(
                        setting->reason, sizeof(setting->reason),
                        "It leaks, and no limit fits a leak; this one bounds it, and the last rung restarts it below.");
        else if (kept)
                (void) snprintf(setting->reason, sizeof(setting->reason),
                                "The limit that it has fits: its peak working set was %s, and there is room above it.",
                                used);
        else if (advice->at_least)
                (void) snprintf(
                        setting->reason, sizeof(setting->reason),
                        "Its peak of %s was cut off by a limit: a third more than that limit, to see what it needs.",
                        used);
        else
                (void) snprintf(setting->reason, sizeof(setting->reason),
                                "Its peak working set was %s, and a third more (two thirds while little is known, 32M "
                                "at least) "
                                "is room for the rungs and for a clean end.",
                                used);
}

static void rule_max(const AdviceCase *c) {
        AdviceSetting *setting = advice_set(c->advice, "MemoryMax");
        uint64_t total = c->host->memory_total, cap = BYTES_INFINITY;
        Level level = {.set = true};
        bool kept;

        if (fact_known(total))
                cap = util_sub(total, MAX(total / HOST_SHARE, HOST_LEAST)) / (16 * MIB) * (16 * MIB);
        c->advice->max = wanted_max(c);
        kept = fits(c, c->advice->max);
        if (kept)
                c->advice->max = c->unit->max;
        reason_of_max(c, kept, c->advice->max > cap, setting);
        c->advice->max = MAX(MIN(c->advice->max, cap), 16 * MIB);
        level.value = c->advice->max;
        (void) units_format_level(&level, setting->value);
        if (c->advice->demand > c->advice->max / 100 * AT_LIMIT)
                advice_warn(c->advice,
                            "The host is too small for %s: its peak leaves no reserve below any limit that leaves "
                            "enough to others. Fewer workers, a larger host, or swap.",
                            c->unit->name);
}

static void rule_rungs(const AdviceCase *c) {
        Advice *advice = c->advice;
        AdviceSetting *ask = advice_set(advice, "Rung ask"), *restart = advice_set(advice, "Rung restart");
        uint64_t reserve = MIN(MAX(advice->max / RESERVE_SHARE, RESERVE_LEAST), advice->max / 4);
        char peak[UNITS_TEXT_MAX], left[UNITS_TEXT_MAX];
        unsigned peak_share = (unsigned) MIN(advice->demand / MAX(advice->max / 100, 1), 100);

        advice->restart = (unsigned) ((advice->max - reserve) / (advice->max / 100));
        advice->restart = MIN(advice->restart, 90);
        advice->ask = MIN(MAX(peak_share + ASK_ABOVE_PEAK, ASK_LEAST), advice->restart - BETWEEN_RUNGS);
        (void) snprintf(ask->value, sizeof(ask->value), "%u%%", advice->ask);
        (void) snprintf(ask->reason, sizeof(ask->reason),
                        "%s the peak of %s, so that an ordinary day does not take it.",
                        peak_share < advice->ask ? "Above" : "As far above as there is room; not above",
                        units_format_bytes(advice->demand, peak));
        (void) snprintf(restart->value, sizeof(restart->value), "%u%%", advice->restart);
        (void) snprintf(restart->reason, sizeof(restart->reason),
                        "Leaves %s above it: a SIGTERM handler needs memory, and so does a fast leak until it runs.",
                        units_format_bytes(advice->max - advice_last_level(advice), left));
}

static void rule_high(const AdviceCase *c) {
        Advice *advice = c->advice;
        AdviceSetting *setting = advice_set(advice, "MemoryHigh");
        Level level = {.set = true};

        advice->high = BYTES_INFINITY;
        if (!c->can_swap) {
                (void) snprintf(setting->value, sizeof(setting->value), "infinity");
                (void) snprintf(setting->reason, sizeof(setting->reason),
                                "Without swap it is a wall: nothing gets smaller there, and the service is slowed to a "
                                "standstill. memguard uses memory.high as a tripwire by itself.");
                return;
        }
        advice->high = (advice_last_level(advice) + advice->max) / 2 / MIB * MIB;
        level.value = advice->high;
        (void) units_format_level(&level, setting->value);
        (void) snprintf(
                setting->reason, sizeof(setting->reason),
                "Between the last rung and the limit, where it makes the kernel swap out and brakes what outruns the "
                "rungs; lower, it would keep the unit from ever coming to them.");
}

/* How much of the unit's peak one worker is: as now, in proportion. */
static void rule_workers(const AdviceCase *c) {
        const WorkerFacts *workers = &c->unit->workers;
        uint64_t now = util_add(workers->sum, workers->rest), level = advice_last_level(c->advice), one, rest;
        char each[UNITS_TEXT_MAX], others[UNITS_TEXT_MAX];
        AdviceSetting *setting;
        double scale;

        if (workers->n < 2 || now == 0)
                return;
        scale = MAX((double) c->advice->demand / (double) now, 1.0);
        one = (uint64_t) ((double) workers->largest * scale);
        rest = util_sub(c->advice->demand, (uint64_t) ((double) workers->sum * scale));
        c->advice->workers = (unsigned) MIN(util_sub(level, rest) / MAX(one, 1), 10000);
        setting = advice_set(c->advice, "Workers");
        (void) snprintf(setting->value, sizeof(setting->value), "%u", c->advice->workers);
        (void) snprintf(setting->reason, sizeof(setting->reason),
                        "%u processes of like size run now (%s); at the peak the largest takes %s and all else %s, so "
                        "that this "
                        "many fit below the last rung.",
                        workers->n, workers->comm, units_format_bytes(one, each), units_format_bytes(rest, others));
        if (c->advice->workers < workers->n)
                advice_warn(c->advice, "%u workers run, and %u fit below the last rung of MemoryMax= as advised.",
                            workers->n, c->advice->workers);
}

static void rule_mode(const AdviceCase *c) {
        AdviceSetting *setting = advice_set(c->advice, "Mode");

        (void) snprintf(setting->value, sizeof(setting->value), "%s", c->advice->provisional ? "observe" : "act");
        (void) snprintf(
                setting->reason, sizeof(setting->reason), "%s",
                c->advice->provisional
                        ? "Too little is known to act on; memguard says what it would do."
                        : "The rungs are above all that was seen, so they are taken only when something is wrong.");
}

static void rule_budget(const AdviceCase *c) {
        AdviceSetting *setting = advice_set(c->advice, "RestartBudget");

        (void) snprintf(setting->value, sizeof(setting->value), "3/1h");
        (void) snprintf(setting->reason, sizeof(setting->reason),
                        "A service that needs more has a fault that restarts do not mend; then there is an alert.");
}

/* In this order: each rests on those before. */
static void (*const rules[])(const AdviceCase *c) = {rule_max,     rule_rungs, rule_high,
                                                     rule_workers, rule_mode,  rule_budget};

static void warn_first(const AdviceCase *c) {
        char seen[UNITS_TEXT_MAX], wait[UNITS_TEXT_MAX], slope[UNITS_TEXT_MAX];
        const UnitFacts *unit = c->unit;
        Advice *advice = c->advice;

        if (advice->leaks)
                advice_warn(advice, "%s leaks%s%s%s: mend that first. What follows only bounds the harm.", unit->name,
                            unit->growth_slope > 0 ? ", by " : "",
                            unit->growth_slope > 0
                                    ? units_format_bytes(MIN(unit->growth_slope, PEAKS_NUMBER_MAX) * 3600, slope)
                                    : "",
                            unit->growth_slope > 0 ? " an hour" : "");
        if (!advice->provisional)
                return;
        if (unit->learned.runs == 0)
                advice_warn(advice,
                            "Too little is known of %s: memguardd has not watched it. Have memguardd run with a policy "
                            "that "
                            "matches it, and ask again in %s. Until then this is provisional, by what it uses now.",
                            unit->name, units_format_duration(advice->wait, wait));
        else
                advice_warn(
                        advice,
                        "Too little is known of %s: its longest run was watched for %s. Ask again in %s; a run of an "
                        "hour is the least. Until then this is provisional.",
                        unit->name, units_format_duration(unit->learned.longest * USEC_PER_SEC, seen),
                        units_format_duration(advice->wait, wait));
}

int advise(const HostFacts *host, const UnitFacts *unit, Advice *ret) {
        AdviceCase c = {host, unit, ret, facts_can_swap(host, unit)};

        *ret = (Advice){};
        find_demand(&c);
        if (ret->demand == 0) {
                advice_warn(
                        ret,
                        "Nothing is known of the memory of %s: %s, and memguardd has never seen it run. Start it, have "
                        "memguardd run with a policy that matches it, and ask again in an hour.",
                        unit->name, unit->running > 0 ? "it can't be read" : "it does not run");
                return -ENODATA;
        }
        find_wait(&c);
        warn_first(&c);
        advice_evidence(&c);
        for (size_t i = 0; i < ELEMENTSOF(rules); i++)
                rules[i](&c);
        advice_write(&c);
        return 0;
}
