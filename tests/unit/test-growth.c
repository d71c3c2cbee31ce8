/* Growth is judged whatever the numbers are, and told in units that fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "growth.h"
#include "property/random.h"

static void rates_have_a_unit_that_fits(void **state) {
        static const struct {
                uint64_t rate;
                const char *text;
        } cases[] = {
                {3 * MIB, "3M a second"},   {MIB, "1M a second"},      {100 * KIB, "5.9M a minute"},
                {1000, "3.4M an hour"},     {20, "1.6M a day"},        {0, "0B a day"},
                {UINT64_MAX, "16777216T a second"},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[GROWTH_RATE_MAX];

                if (cases[i].rate == UINT64_MAX)
                        assert_non_null(strstr(growth_format_rate(cases[i].rate, text), " a second"));
                else
                        assert_string_equal(growth_format_rate(cases[i].rate, text), cases[i].text);
        }
}

static void every_class_has_a_name_of_its_own(void **state) {
        (void) state;
        for (GrowthClass a = 0; a < _GROWTH_CLASS_MAX; a++)
                for (GrowthClass b = 0; b < a; b++)
                        assert_string_not_equal(growth_class_name(a), growth_class_name(b));
        assert_string_equal(growth_class_name(_GROWTH_CLASS_MAX), "unknown");
        assert_string_equal(growth_class_name(_GROWTH_CLASS_INVALID), "unknown");
}

static Growth judge(const History *history, uint64_t limit, usec_t now) {
        Growth growth;

        growth_judge(history, limit, false, now, &growth);
        return growth;
}

static void few_readings_say_nothing(void **state) {
        History history = {0};

        (void) state;
        assert_int_equal(judge(&history, GIB, 0).class, GROWTH_UNKNOWN);
        for (unsigned i = 0; i < 3; i++) {
                history_note(&history, (10 + 100 * i) * MIB, 0, i * USEC_PER_MINUTE);
                assert_int_equal(judge(&history, GIB, i * USEC_PER_MINUTE).class, GROWTH_UNKNOWN);
                assert_false(judge(&history, GIB, i * USEC_PER_MINUTE).forecasts);
        }
}

/* By hand: 10 MiB a minute from 100 MiB on, below 1000 MiB. */
static void a_line_is_forecast_to_the_minute(void **state) {
        History history = {0};
        Growth growth;

        (void) state;
        for (unsigned i = 0; i <= 81; i++)
                history_note(&history, (100 + 10 * i) * MIB, 0, (7 + i) * USEC_PER_MINUTE);
        growth = judge(&history, 1000 * MIB, 88 * USEC_PER_MINUTE);
        assert_true(growth.forecasts);
        assert_int_equal(growth.class, GROWTH_LEAK);
        assert_in_range(growth.slope, 10 * MIB / 60 * 99 / 100, 10 * MIB / 60 * 101 / 100);
        assert_in_range(growth.time_to_limit, 8 * USEC_PER_MINUTE, 10 * USEC_PER_MINUTE);
        assert_int_equal(growth.since, 7 * USEC_PER_MINUTE);
        assert_in_range(growth.grown, 770 * MIB, 830 * MIB);
        assert_in_range(growth.confidence, 95, 100);
        /* Five minutes later, when nothing was read since. */
        assert_in_range(judge(&history, 1000 * MIB, 93 * USEC_PER_MINUTE).time_to_limit, 3 * USEC_PER_MINUTE,
                        5 * USEC_PER_MINUTE);
        /* Another limit, another forecast; above it there is no time left. */
        assert_in_range(judge(&history, 1100 * MIB, 88 * USEC_PER_MINUTE).time_to_limit, 18 * USEC_PER_MINUTE,
                        20 * USEC_PER_MINUTE);
        assert_int_equal(judge(&history, 500 * MIB, 88 * USEC_PER_MINUTE).time_to_limit, 0);
        /* It is nothing where there is no limit that it could ever reach. */
        growth = judge(&history, BYTES_INFINITY, 88 * USEC_PER_MINUTE);
        assert_int_equal(growth.class, GROWTH_STEADY);
}

/* By hand: 10 MiB an hour for five days, and a night in which nothing grows: 100 MiB are left at the end as at its beginning. */
static void a_pause_brings_no_limit_nearer(void **state) {
        History history = {0};
        unsigned n_forecasts = 0;

        (void) state;
        for (unsigned i = 0; i <= 128 * 60; i++) {
                usec_t now = (1 + i) * USEC_PER_MINUTE;
                uint64_t held = 100 * MIB + MIN(i, 120U * 60) * MIB / 6;
                Growth growth;

                history_note(&history, held, 0, now);
                growth = judge(&history, 1400 * MIB, now);
                if (i < 120 * 60 || !growth.forecasts)
                        continue;
                n_forecasts++;
                assert_in_range(growth.time_to_limit / USEC_PER_MINUTE, 9 * 60, 11 * 60);
        }
        assert_in_range(n_forecasts, 4 * 60, 8 * 60 + 1);
}

/* Whatever was read, at whatever times: the answer is one that makes sense. */
static void any_history_is_judged(void **state) {
        (void) state;
        random_start();
        for (unsigned n = 0; n < 3000; n++) {
                unsigned bits = (unsigned) random_below(64), pauses = (unsigned) random_below(44);
                uint64_t limit = random_u64() >> random_below(64);
                History history = {0};
                usec_t now = random_u64() >> 2;

                for (uint64_t i = random_below(150); i > 0; i--) {
                        Growth growth;

                        now += random_below((uint64_t) 1 << pauses);
                        history_note(&history, random_u64() >> bits, random_u64() >> bits, now);
                        if (!random_one_in(8))
                                continue;
                        growth_judge(&history, limit, random_one_in(2), now + random_below(1000000), &growth);
                        assert_true(growth.class >= 0 && growth.class < _GROWTH_CLASS_MAX);
                        assert_true(growth.class != GROWTH_LEAK || growth.forecasts);
                        assert_true(growth.forecasts == (growth.time_to_limit != USEC_INFINITY));
                        assert_true(growth.confidence <= 100);
                        assert_true(growth.since <= now);
                        assert_true(history.n <= HISTORY_POINTS);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(rates_have_a_unit_that_fits),
                cmocka_unit_test(every_class_has_a_name_of_its_own),
                cmocka_unit_test(few_readings_say_nothing),
                cmocka_unit_test(a_line_is_forecast_to_the_minute),
                cmocka_unit_test(a_pause_brings_no_limit_nearer),
                cmocka_unit_test(any_history_is_judged),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
