#include "host.h"

#include "pace.h"

/* The growth that we are ready for on a host that has shown none: a busy interpreter that touches new pages, or a
 * sixty-fourth of the memory a second. What has been calm for a while is trusted with half of it. */
#define SUDDEN_GROWTH (64 * MIB)
#define SUDDEN_SHARE 64

#define RESERVE_LEAST (32 * MIB)
#define RESERVE_MOST (256 * MIB)
#define RESERVE_SHARE 32

#define HYSTERESIS_SHARE 40 /* of the memory (or swap), above the level */
#define STILL_SHARE 100
#define CALM_ENOUGH 2
#define CALM_MAX 64
#define NEAR_TIME (6 * USEC_PER_SEC)
#define NEAR_SHARE 40

#define FASTEST (100 * USEC_PER_MSEC)
#define ALERT_EVERY (400 * USEC_PER_MSEC)
#define ALERT_STILL 20 /* after so many readings that saw nothing move the alert is read like a calm host */

bool host_reading_is_sane(const HostReading *reading) {
        return reading->total > 0 && reading->available <= reading->total && reading->swap_free <= reading->swap_total;
}

static uint64_t used(const Host *host) {
        return util_add(host->reading.total - host->reading.available, host->reading.swap_total - host->reading.swap_free);
}

static void note_calm(Host *host) {
        uint64_t now = used(host), before = host->calm_used;
        bool moved = MAX(now, before) - MIN(now, before) > host->reading.total / STILL_SHARE;

        if (host->calm == 0 || moved)
                host->calm_used = now;
        host->calm = moved ? 0 : MIN(host->calm + 1, CALM_MAX);
}

void host_note(Host *host, const HostPolicy *policy, const HostReading *reading, usec_t now) {
        host->reading = *reading;
        host->time = MAX(now, 1);
        slope_note(&host->used, used(host), now);
        note_calm(host);
        for (unsigned i = 0; i < policy->n_rungs; i++)
                for (Stalled what = 0; what < _STALLED_MAX; what++) {
                        const HostStall *stall = &policy->rungs[i].stalls[what];

                        if (stall->stall > 0)
                                (void) meter_read(&host->meters[i][what],
                                                  what == STALLED_SOME ? reading->some_total : reading->full_total,
                                                  stall->stall, stall->window, now);
                }
}

static uint64_t level_of(const Level *level, uint64_t whole) {
        uint64_t bytes = units_level_bytes(level, whole);

        return bytes < whole ? bytes : 0;
}

uint64_t host_available_level(const Host *host, const HostRung *rung) {
        return level_of(&rung->available, host->reading.total);
}

uint64_t host_swap_level(const Host *host, const HostRung *rung) {
        return level_of(&rung->swap_free, host->reading.swap_total);
}

static void judge_level(uint64_t now, uint64_t level, uint64_t whole, bool *firing, bool *clear) {
        if (level == 0)
                return;
        *firing = *firing || now < level;
        *clear = *clear && now >= level + whole / HYSTERESIS_SHARE;
}

LadderInput host_judge(const Host *host, const HostPolicy *policy, usec_t now) {
        LadderInput input = {0};

        for (unsigned i = 0; i < policy->n_rungs && host->time > 0; i++) {
                const HostRung *rung = &policy->rungs[i];
                bool firing = false, clear = true;

                judge_level(host->reading.available, host_available_level(host, rung), host->reading.total, &firing, &clear);
                input.urgent |= (uint32_t) firing << i;
                judge_level(host->reading.swap_free, host_swap_level(host, rung), host->reading.swap_total, &firing, &clear);
                for (Stalled what = 0; what < _STALLED_MAX; what++)
                        if (rung->stalls[what].stall > 0)
                                firing = firing || meter_holds(&host->meters[i][what], rung->stalls[what].window, now);
                input.firing |= (uint32_t) firing << i;
                input.clear |= (uint32_t) (clear && !firing) << i;
        }
        return input;
}

uint64_t host_reserve(const Host *host) {
        return MIN(MAX(host->reading.total / RESERVE_SHARE, RESERVE_LEAST), RESERVE_MOST);
}

uint64_t host_falls(const Host *host) {
        return slope_growth(&host->used);
}

/* USEC_INFINITY for what takes longer than anybody plans for. */
static usec_t time_to_vanish(uint64_t bytes, uint64_t rate) {
        if (rate == 0 || bytes / rate > 60 * 60)
                return USEC_INFINITY;
        return (usec_t) ((__uint128_t) bytes * USEC_PER_SEC / rate);
}

usec_t host_time_left(const Host *host) {
        uint64_t left = util_sub(host->reading.available, host_reserve(host));

        return left == 0 ? 0 : time_to_vanish(left, host_falls(host));
}

uint64_t host_missing(const Host *host, const HostRung *rung) {
        uint64_t level = host_available_level(host, rung);
        uint64_t clear = level == 0 ? 0 : level + host->reading.total / HYSTERESIS_SHARE;
        uint64_t missing = util_sub(clear, host->reading.available);

        return missing > 0 ? missing : host->reading.total / 50;
}

/* The nearest level below what there is; 0 = none. */
static uint64_t next_level(const Host *host, const HostPolicy *policy, bool relieving, bool *ret_reached) {
        uint64_t next = 0;

        *ret_reached = false;
        for (unsigned i = 0; i < policy->n_rungs; i++) {
                uint64_t level = host_available_level(host, &policy->rungs[i]);

                if (relieving && !policy->rungs[i].relieve)
                        continue;
                if (level > host->reading.available)
                        *ret_reached = true;
                else
                        next = MAX(next, level);
        }
        return next;
}

bool host_is_near(const Host *host, const HostPolicy *policy) {
        bool reached;
        uint64_t level = next_level(host, policy, /* relieving= */ true, &reached);
        uint64_t room = host->reading.available - level;

        if (reached)
                return true;
        return level > 0 && host_falls(host) > 0 &&
               (room < host->reading.total / NEAR_SHARE || time_to_vanish(room, host_falls(host)) < NEAR_TIME);
}

static bool has_levels(const Host *host, const HostPolicy *policy) {
        for (unsigned i = 0; i < policy->n_rungs; i++)
                if (host_available_level(host, &policy->rungs[i]) > 0 || host_swap_level(host, &policy->rungs[i]) > 0)
                        return true;
        return false;
}

/* How long the host is safe though something began to grow right now. */
static usec_t safe_time(const Host *host, const HostPolicy *policy) {
        const HostReading *reading = &host->reading;
        uint64_t sudden = MAX(SUDDEN_GROWTH, reading->total / SUDDEN_SHARE);
        usec_t safe = time_to_vanish(util_sub(reading->available, host_reserve(host)), sudden);

        for (unsigned i = 0; i < policy->n_rungs; i++) {
                uint64_t level = host_swap_level(host, &policy->rungs[i]);

                /* Swap does not vanish before memory is short, and not within a moment. */
                if (level > 0 && reading->swap_free >= level)
                        safe = MIN(safe, MAX(time_to_vanish(reading->swap_free - level, sudden), USEC_PER_SEC));
        }
        return safe;
}

/* On common parts of what all calm units are read by, so that the wakeups fall together. */
static usec_t on_grid(usec_t interval, usec_t now) {
        usec_t step = interval >= PACE_SLOWEST ? PACE_SLOWEST
                                               : PACE_SLOWEST / ((PACE_SLOWEST + interval - 1) / interval);

        return (now / step + 1) * step;
}

usec_t host_next_reading(const Host *host, const HostPolicy *policy, bool alert, usec_t now) {
        bool reached, calm = host->calm >= CALM_ENOUGH;
        uint64_t level = next_level(host, policy, /* relieving= */ false, &reached);
        usec_t interval, closing;

        if (!alert && !has_levels(host, policy))
                return USEC_INFINITY;
        interval = safe_time(host, policy);
        if (calm && interval != USEC_INFINITY)
                interval *= 2;
        /* Half of the time that is left to the level: the readings close in on it. */
        closing = time_to_vanish(host->reading.available - (reached ? MIN(host_reserve(host), host->reading.available) : level),
                                 util_add(host_falls(host), host_falls(host)));
        interval = MIN(interval, closing);
        if (alert && host->calm < ALERT_STILL)
                interval = MIN(interval, ALERT_EVERY);
        interval = MAX(interval, calm ? ALERT_EVERY : FASTEST);
        return alert || !calm ? MIN(util_add(now, interval), on_grid(PACE_SLOWEST, now)) : on_grid(interval, now);
}
