/* A unit that no wire watches is read before its headroom can vanish, and rarely while nothing moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pace.h"

#define LIMIT (1024 * MIB)
#define LEVEL (900 * MIB)
#define T (1003 * USEC_PER_SEC) /* on no multiple of PACE_SLOWEST */

/* Readings of a unit that grows at this rate, from a calm at half of its limit to the level: how far past it was it
 * seen? */
static uint64_t overshoot(uint64_t rate, unsigned *ret_n) {
        uint64_t ws = LIMIT / 2;
        Pace pace = {0};
        usec_t now = T;

        pace_note(&pace, ws, LIMIT, false, now);
        for (*ret_n = 0; ws < LEVEL; ++*ret_n) {
                usec_t next = pace_next(&pace, LEVEL - ws, LIMIT, now);

                assert_true(next > now);
                ws += (next - now) * rate / USEC_PER_SEC;
                now = next;
                pace_note(&pace, ws, LIMIT, false, now);
        }
        return ws - LEVEL;
}

/* Up to the growth that a calm unit is thought capable of, at most a third of the reserve above the level is gone. */
static void growth_is_seen_at_the_level_and_not_long_behind_it(void **state) {
        static const uint64_t rates[] = {MIB / 4, MIB, 4 * MIB, 8 * MIB, 16 * MIB, 32 * MIB, 60 * MIB};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rates); i++) {
                unsigned n;

                assert_in_range(overshoot(rates[i], &n), 0, (LIMIT - LEVEL) / 3);
                assert_in_range(n, 1, 250);
        }
}

static void what_does_not_move_is_read_together_with_the_others(void **state) {
        Pace pace = {0};
        usec_t now = T;

        (void) state;
        for (int i = 0; i < 20; i++) {
                pace_note(&pace, 100 * MIB, LIMIT, false, now);
                now = pace_next(&pace, LEVEL - 100 * MIB, LIMIT, now);
        }
        assert_int_equal(now % PACE_SLOWEST, 0);
        assert_int_equal(pace_next(&pace, LEVEL - 100 * MIB, LIMIT, now), now + PACE_SLOWEST);
        assert_int_equal(pace_next(&pace, BYTES_INFINITY, BYTES_INFINITY, now), now + PACE_SLOWEST);
}

static void little_headroom_is_read_often_until_it_is_calm(void **state) {
        Pace pace = {0};
        usec_t now = T, first;

        (void) state;
        pace_note(&pace, 899 * MIB, LIMIT, false, now);
        first = pace_next(&pace, MIB, LIMIT, now) - now;
        assert_int_equal(first, 250 * USEC_PER_MSEC);
        pace_note(&pace, 899 * MIB, LIMIT, false, now + first);
        assert_int_equal(pace_next(&pace, MIB, LIMIT, now + first), now + 3 * first);
        /* memory.events has counted: something is going on, whatever the working set says. */
        pace_note(&pace, 899 * MIB, LIMIT, true, now + 3 * first);
        assert_int_equal(pace_next(&pace, MIB, LIMIT, now + 3 * first), now + 4 * first);
}

/* Each step is within the tolerance, their sum is not. */
static void a_slow_leak_does_not_look_calm_for_ever(void **state) {
        Pace pace = {0};
        unsigned n_moving = 0;

        (void) state;
        for (unsigned i = 0; i < 40; i++) {
                pace_note(&pace, 100 * MIB + i * 3 * MIB, LIMIT, false, T + i * PACE_SLOWEST);
                n_moving += pace.calm == 0;
        }
        assert_in_range(n_moving, 8, 20);
}

static void nothing_overflows(void **state) {
        static const uint64_t values[] = {0, 1, MIB, LIMIT, UINT64_MAX / 2, UINT64_MAX};
        static const usec_t times[] = {0, 1, T, T + 1, USEC_INFINITY / 2};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(values) * ELEMENTSOF(values) * ELEMENTSOF(times); i++) {
                uint64_t a = values[i % ELEMENTSOF(values)], b = values[i / ELEMENTSOF(values) % ELEMENTSOF(values)];
                usec_t now = times[i / ELEMENTSOF(values) / ELEMENTSOF(values)];
                Pace pace = {0};

                pace_note(&pace, a, b, false, now);
                assert_true(pace_next(&pace, b, a, now) > now);
                pace_note(&pace, b, a, true, now);
                assert_true(pace_next(&pace, a, b, now) > now);
                assert_true(pace_next(&pace, a, b, now) <= now + PACE_SLOWEST);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(growth_is_seen_at_the_level_and_not_long_behind_it),
                cmocka_unit_test(what_does_not_move_is_read_together_with_the_others),
                cmocka_unit_test(little_headroom_is_read_often_until_it_is_calm),
                cmocka_unit_test(a_slow_leak_does_not_look_calm_for_ever),
                cmocka_unit_test(nothing_overflows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
