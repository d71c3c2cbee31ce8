/* A slope is what was seen over the last few seconds, and nothing is said of less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slope.h"

#define T0 (100 * USEC_PER_SEC)

static void a_steady_growth_is_its_rate(void **state) {
        Slope slope = {0};

        (void) state;
        for (unsigned i = 0; i < 40; i++) {
                slope_note(&slope, 100 * MIB + i * MIB, T0 + i * 100 * USEC_PER_MSEC);
                if (i >= 2)
                        assert_int_equal(slope_growth(&slope), 10 * MIB);
        }
        assert_in_range(slope_span(&slope), USEC_PER_MSEC, SLOPE_WINDOW + 200 * USEC_PER_MSEC);
}

static void nothing_is_said_of_one_reading_or_of_a_moment(void **state) {
        Slope slope = {0};

        (void) state;
        assert_int_equal(slope_growth(&slope), 0);
        slope_note(&slope, 100 * MIB, T0);
        assert_int_equal(slope_growth(&slope), 0);
        slope_note(&slope, 200 * MIB, T0 + 100 * USEC_PER_MSEC);
        assert_int_equal(slope_growth(&slope), 0);
        slope_note(&slope, 200 * MIB, T0 + USEC_PER_SEC);
        assert_int_equal(slope_growth(&slope), 100 * MIB);
}

/* Two readings of the same moment must not make a slope of no time. */
static void a_reading_that_comes_twice_changes_nothing(void **state) {
        Slope slope = {0};

        (void) state;
        slope_note(&slope, 100 * MIB, T0);
        slope_note(&slope, 140 * MIB, T0 + 4 * USEC_PER_SEC);
        slope_note(&slope, 140 * MIB, T0 + 4 * USEC_PER_SEC);
        assert_int_equal(slope_growth(&slope), 10 * MIB);
}

static void what_is_long_ago_does_not_count(void **state) {
        Slope slope = {0};

        (void) state;
        slope_note(&slope, 0, T0);
        slope_note(&slope, 600 * MIB, T0 + 600 * USEC_PER_SEC);
        assert_int_equal(slope_growth(&slope), MIB);
        slope_note(&slope, 620 * MIB, T0 + 601 * USEC_PER_SEC);
        assert_int_equal(slope_growth(&slope), 20 * MIB);
        slope_note(&slope, 620 * MIB, T0 + 606 * USEC_PER_SEC);
        assert_int_equal(slope_growth(&slope), 0);
}

static void what_falls_does_not_grow_and_nothing_overflows(void **state) {
        Slope slope = {0};

        (void) state;
        slope_note(&slope, 100 * MIB, T0);
        slope_note(&slope, 10 * MIB, T0 + USEC_PER_SEC);
        assert_int_equal(slope_growth(&slope), 0);
        slope_note(&slope, UINT64_MAX, T0 + 2 * USEC_PER_SEC);
        assert_true(slope_growth(&slope) > GIB);
        /* A clock that falls begins anew. */
        slope_note(&slope, 5, T0 - USEC_PER_MSEC);
        assert_int_equal(slope_span(&slope), 0);
        assert_int_equal(slope_growth(&slope), 0);
}

/* 49.7 days after the boot. */
static void the_milliseconds_run_over(void **state) {
        const usec_t over = (UINT64_C(1) << 32) * USEC_PER_MSEC;
        Slope slope = {0};

        (void) state;
        assert_int_equal(slope_age(&slope, over), USEC_INFINITY);
        for (unsigned i = 0; i < 40; i++)
                slope_note(&slope, 100 * MIB + i * MIB, over - 2 * USEC_PER_SEC + i * 100 * USEC_PER_MSEC);
        assert_in_range(slope_growth(&slope), 10 * MIB - MIB / 10, 10 * MIB + MIB / 10);
        assert_int_equal(slope_age(&slope, over + 5 * USEC_PER_SEC), 3100 * USEC_PER_MSEC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_steady_growth_is_its_rate),
                cmocka_unit_test(nothing_is_said_of_one_reading_or_of_a_moment),
                cmocka_unit_test(a_reading_that_comes_twice_changes_nothing),
                cmocka_unit_test(what_is_long_ago_does_not_count),
                cmocka_unit_test(the_milliseconds_run_over),
                cmocka_unit_test(what_falls_does_not_grow_and_nothing_overflows),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
