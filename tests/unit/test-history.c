/* A history of fixed size keeps what is recent finely and what is old coarsely, and loses no peak and no step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "history.h"

#define START (1000 * USEC_PER_SEC)

static void rough_numbers_are_right_to_twelve_digits(void **state) {
        uint64_t before = 0;

        (void) state;
        for (uint64_t value = 0; value < 5000; value++) {
                uint64_t back = rough_unpack(rough_pack(value));

                assert_true(value < 4096 ? back == value : MAX(back, value) - MIN(back, value) <= value / 4096);
                assert_true(back >= before);
                before = back;
        }
        for (uint64_t value = 5000; value < (uint64_t) 1 << 41; value += value / 7) {
                uint64_t back = rough_unpack(rough_pack(value));

                assert_true(MAX(back, value) - MIN(back, value) <= value / 4096);
        }
        /* What is too large is the largest there is. */
        assert_true(rough_unpack(rough_pack(UINT64_MAX)) >= (uint64_t) 1 << 41);
}

static History steady(uint64_t held, unsigned n, usec_t pause) {
        History history = {0};

        for (unsigned i = 0; i < n; i++)
                history_note(&history, held, 3 * MIB, START + i * pause);
        return history;
}

static void a_week_of_minutes_fits_and_the_old_is_coarser(void **state) {
        History history = steady(100 * MIB, 7 * 24 * 60, USEC_PER_MINUTE);
        HistoryPoint first = history_at(&history, 0), last = history_at(&history, history.n - 1U);

        (void) state;
        assert_int_equal(history.n, HISTORY_POINTS);
        assert_int_equal(first.begin, 0);
        assert_int_equal(last.end, (7 * 24 * 60 - 1) * 600);
        assert_int_equal(last.begin, last.end);
        for (unsigned i = 0; i < history.n; i++) {
                HistoryPoint point = history_at(&history, i);
                int64_t age = last.end - point.begin;

                assert_int_equal(point.low, 100 * MIB / HISTORY_UNIT);
                assert_in_range(point.mean * 4096, point.low * 4096 - point.low, point.high * 4096 + point.high);
                assert_int_equal(point.cache, 3 * MIB / HISTORY_UNIT);
                assert_true(point.end - point.begin <= age * 2 / 5);
                assert_true(i == 0 || point.begin > history_at(&history, i - 1).end);
        }
}

static void no_peak_is_lost(void **state) {
        History history = {0};
        bool found = false;

        (void) state;
        for (unsigned i = 0; i < 5000; i++)
                history_note(&history, (i == 1234 ? 900 : 100) * MIB, 0, START + i * USEC_PER_MINUTE);
        for (unsigned i = 0; i < history.n; i++)
                found |= (uint64_t) history_at(&history, i).high == 900 * MIB / HISTORY_UNIT;
        assert_true(found);
}

/* No point is half on the one level and half on the other for long. */
static void a_step_stays_one(void **state) {
        History history = {0};
        int64_t mixed = 0;

        (void) state;
        for (unsigned i = 0; i < 5000; i++)
                history_note(&history, (i < 2500 ? 100 : 300) * MIB, 0, START + i * USEC_PER_MINUTE);
        for (unsigned i = 0; i < history.n; i++) {
                HistoryPoint point = history_at(&history, i);

                if (point.low != point.high)
                        mixed += point.end - point.begin;
        }
        assert_in_range(mixed, 0, 5000 * 600 / 20);
}

static void means_are_weighted_by_time(void **state) {
        History history = {0};
        int64_t sum = 0, all = 0;

        (void) state;
        /* A minute at 100M, read every second, then four at 200M, read every 15 s, in turns. */
        for (unsigned i = 0; i < 200; i++) {
                for (unsigned s = 0; s < 60; s++)
                        history_note(&history, 100 * MIB, 0, START + (i * 300 + s) * USEC_PER_SEC);
                for (unsigned s = 60; s < 300; s += 15)
                        history_note(&history, 200 * MIB, 0, START + (i * 300 + s) * USEC_PER_SEC);
        }
        for (unsigned i = 0; i < 10; i++) {
                HistoryPoint point = history_at(&history, i);

                sum += point.mean * (point.end - point.begin);
                all += point.end - point.begin;
        }
        assert_in_range((uint64_t) (sum / all) * HISTORY_UNIT / MIB, 172, 188);
}

static void times_that_fall_and_readings_at_once_are_taken(void **state) {
        History history = steady(100 * MIB, 3, USEC_PER_SEC);

        (void) state;
        history_note(&history, 300 * MIB, 0, START - 5 * USEC_PER_SEC);
        assert_int_equal(history.n, 3);
        assert_int_equal(history_at(&history, 2).end, 20);
        assert_int_equal(history_at(&history, 2).high, 300 * MIB / HISTORY_UNIT);
        assert_int_equal(history_at(&history, 2).mean, 200 * MIB / HISTORY_UNIT);
        /* As late as can be. */
        history_note(&history, 100 * MIB, 0, UINT64_MAX / 2);
        assert_int_equal(history_at(&history, 3).end, UINT32_MAX);
        history_note(&history, UINT64_MAX, UINT64_MAX, UINT64_MAX / 2);
        assert_int_equal(history.n, 4);
}

static void the_recent_rate_is_that_of_the_last_seconds(void **state) {
        History history = steady(100 * MIB, 60, USEC_PER_SEC);

        (void) state;
        assert_int_equal(history_recent(&history, 2 * USEC_PER_SEC), 0);
        for (unsigned i = 0; i < 4; i++)
                history_note(&history, (110 + 10 * i) * MIB, 0, START + (60 + i) * USEC_PER_SEC);
        assert_in_range(history_recent(&history, 2 * USEC_PER_SEC), 9 * MIB, 11 * MIB);
        history_note(&history, 100 * MIB, 0, START + 64 * USEC_PER_SEC);
        assert_int_equal(history_recent(&history, 2 * USEC_PER_SEC), 0);
        /* Further apart than was asked for: the newest two. */
        history_note(&history, 160 * MIB, 0, START + 124 * USEC_PER_SEC);
        assert_in_range(history_recent(&history, 2 * USEC_PER_SEC), 9 * MIB / 10, 11 * MIB / 10);
        history = (History){0};
        assert_int_equal(history_recent(&history, USEC_PER_SEC), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rough_numbers_are_right_to_twelve_digits),
                cmocka_unit_test(a_week_of_minutes_fits_and_the_old_is_coarser),
                cmocka_unit_test(no_peak_is_lost),
                cmocka_unit_test(a_step_stays_one),
                cmocka_unit_test(means_are_weighted_by_time),
                cmocka_unit_test(times_that_fall_and_readings_at_once_are_taken),
                cmocka_unit_test(the_recent_rate_is_that_of_the_last_seconds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
