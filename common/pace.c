#include "pace.h"

/* The growth we are ready for in a unit that has shown none yet: one busy interpreter touching new pages, or a sixty-fourth
 * of the limit a second, which stands for the threads that a service with a large limit has. */
#define SUDDEN_GROWTH (64 * MIB)
#define SUDDEN_SHARE 64

#define FASTEST_GROWING (50 * USEC_PER_MSEC)
#define FASTEST_CALM (250 * USEC_PER_MSEC)
#define CALM_MAX 8 /* doublings */

void pace_note(Pace *pace, uint64_t working_set, uint64_t limit, bool moved, usec_t now) {
        uint64_t grown = util_sub(working_set, pace->working_set), fallen = util_sub(pace->working_set, working_set);
        uint64_t still = limit == BYTES_INFINITY ? MIB : limit / 100;
        usec_t took = now > pace->time ? now - pace->time : 1;

        pace->growth = 0;
        if (pace->time > 0 && grown > 0)
                pace->growth = grown > UINT64_MAX / USEC_PER_SEC ? UINT64_MAX : grown * USEC_PER_SEC / took;
        pace->moving = moved;
        pace->calm = grown > still || fallen > still || moved ? 0 : MIN(pace->calm + 1, CALM_MAX);
        if (pace->calm > 0 && pace->time > 0) {
                /* Slow growth must add up against the level at which it was last judged to be calm, or a slow leak would
                 * look calm for ever; so the reference stays where it is. */
                pace->time = now;
                return;
        }
        pace->working_set = working_set;
        pace->time = now;
}

static usec_t time_to_vanish(uint64_t headroom, uint64_t rate) {
        if (headroom / MAX(rate, 1) >= PACE_SLOWEST / USEC_PER_SEC)
                return PACE_SLOWEST;
        return headroom * USEC_PER_SEC / rate;
}

usec_t pace_next(const Pace *pace, uint64_t headroom, uint64_t limit, usec_t now) {
        uint64_t sudden = limit == BYTES_INFINITY ? SUDDEN_GROWTH : MAX(SUDDEN_GROWTH, limit / SUDDEN_SHARE);
        usec_t interval = time_to_vanish(headroom, sudden);

        if (pace->growth > 0 && pace->calm == 0)
                /* Half of the time that is left: the readings close in on the level. */
                interval = MIN(interval, time_to_vanish(headroom, util_add(pace->growth, pace->growth)));
        interval = MAX(interval, pace->growth > 0 && pace->calm == 0 ? FASTEST_GROWING : FASTEST_CALM);
        if (!pace->moving)
                interval <<= pace->calm;
        if (interval >= PACE_SLOWEST)
                return (now / PACE_SLOWEST + 1) * PACE_SLOWEST;
        return util_add(now, interval);
}
