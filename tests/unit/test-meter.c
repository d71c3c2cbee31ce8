/* A meter says whether a unit stalled for long enough within the window, and for how long that is true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "meter.h"

#define MS USEC_PER_MSEC
#define T (1000 * USEC_PER_SEC)

/* 300 ms in 1 s. */
static bool read_at(Meter *meter, usec_t ms, uint64_t total_ms) {
        return meter_read(meter, total_ms * MS, 300 * MS, USEC_PER_SEC, T + ms * MS);
}

static bool holds_at(const Meter *meter, usec_t ms) {
        return meter_holds(meter, USEC_PER_SEC, T + ms * MS);
}

static void a_stall_holds_as_soon_as_it_is_long_enough(void **state) {
        Meter meter = {0};

        (void) state;
        /* What was there before the first reading is not known to be recent. */
        assert_false(read_at(&meter, 0, 500000));
        assert_false(read_at(&meter, 250, 500299));
        assert_true(read_at(&meter, 500, 500300));
        assert_true(holds_at(&meter, 500));
}

static void it_holds_until_a_whole_window_was_below(void **state) {
        Meter meter = {0};

        (void) state;
        read_at(&meter, 0, 0);
        assert_true(read_at(&meter, 250, 300));
        assert_true(read_at(&meter, 500, 300));
        assert_true(read_at(&meter, 1249, 400));
        assert_false(read_at(&meter, 1250, 400));
        assert_false(read_at(&meter, 1500, 400));
}

static void a_stall_that_is_spread_thin_never_adds_up(void **state) {
        Meter meter = {0};
        uint64_t total = 0;

        (void) state;
        for (usec_t ms = 0; ms < 60000; ms += 250) {
                assert_false(read_at(&meter, ms, total));
                total += 60;
        }
}

static void a_stall_that_goes_on_goes_on_holding(void **state) {
        Meter meter = {0};
        uint64_t total = 0;

        (void) state;
        for (usec_t ms = 0; ms < 60000; ms += 250) {
                assert_int_equal(read_at(&meter, ms, total), ms >= 1000);
                total += 99;
        }
}

static void a_late_reading_loses_no_stall_but_an_old_one_means_nothing(void **state) {
        Meter meter = {0};

        (void) state;
        read_at(&meter, 0, 0);
        assert_true(read_at(&meter, 1500, 300));
        meter_reset(&meter);
        read_at(&meter, 0, 0);
        assert_false(read_at(&meter, 1501, 1501));
        /* And it holds no longer than a reading is good for. */
        assert_true(read_at(&meter, 2000, 2000));
        assert_true(holds_at(&meter, 3500));
        assert_false(holds_at(&meter, 3501));
}

static void a_total_or_a_time_that_falls_begins_anew(void **state) {
        Meter meter = {0};

        (void) state;
        read_at(&meter, 1000, 1000);
        assert_true(read_at(&meter, 1100, 1400));
        assert_false(read_at(&meter, 1200, 10));
        assert_true(read_at(&meter, 1300, 310));
        assert_false(read_at(&meter, 0, 900));
        assert_false(holds_at(&meter, 0));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_stall_holds_as_soon_as_it_is_long_enough),
                cmocka_unit_test(it_holds_until_a_whole_window_was_below),
                cmocka_unit_test(a_stall_that_is_spread_thin_never_adds_up),
                cmocka_unit_test(a_stall_that_goes_on_goes_on_holding),
                cmocka_unit_test(a_late_reading_loses_no_stall_but_an_old_one_means_nothing),
                cmocka_unit_test(a_total_or_a_time_that_falls_begins_anew),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
