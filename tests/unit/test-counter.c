/* A counter knows how many events fell into the window, to within an eighth of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "counter.h"

#define WINDOW (8 * USEC_PER_SEC)
#define T (1000 * USEC_PER_SEC)

static void what_was_counted_is_in_the_sum(void **state) {
        Counter counter = {0};

        (void) state;
        assert_int_equal(counter_sum(&counter, WINDOW, T), 0);
        counter_add(&counter, WINDOW, T, 2);
        counter_add(&counter, WINDOW, T + USEC_PER_SEC, 3);
        counter_add(&counter, WINDOW, T + USEC_PER_SEC, 0);
        assert_int_equal(counter_sum(&counter, WINDOW, T + USEC_PER_SEC), 5);
        assert_int_equal(counter_sum(&counter, WINDOW, T + 5 * USEC_PER_SEC), 5);
}

static void what_is_older_than_the_window_is_not(void **state) {
        Counter counter = {0};

        (void) state;
        counter_add(&counter, WINDOW, T, 2);
        counter_add(&counter, WINDOW, T + 3 * USEC_PER_SEC, 3);
        assert_int_equal(counter_sum(&counter, WINDOW, T + 7 * USEC_PER_SEC), 5);
        assert_int_equal(counter_sum(&counter, WINDOW, T + 8 * USEC_PER_SEC), 3);
        assert_int_equal(counter_sum(&counter, WINDOW, T + 11 * USEC_PER_SEC), 0);
        /* The parts are used again without what was in them. */
        counter_add(&counter, WINDOW, T + 8 * USEC_PER_SEC, 1);
        assert_int_equal(counter_sum(&counter, WINDOW, T + 8 * USEC_PER_SEC), 4);
        counter_add(&counter, WINDOW, T + 1000 * USEC_PER_SEC, 1);
        assert_int_equal(counter_sum(&counter, WINDOW, T + 1000 * USEC_PER_SEC), 1);
}

static void a_time_that_fell_is_counted_in_the_newest_part(void **state) {
        Counter counter = {0};

        (void) state;
        counter_add(&counter, WINDOW, T, 1);
        counter_add(&counter, WINDOW, T - 100 * USEC_PER_SEC, 1);
        assert_int_equal(counter_sum(&counter, WINDOW, T), 2);
        assert_int_equal(counter_sum(&counter, WINDOW, T - 100 * USEC_PER_SEC), 2);
        counter_add(&counter, WINDOW, 0, 1);
        assert_int_equal(counter_sum(&counter, WINDOW, T), 3);
}

static void the_extremes_are_safe(void **state) {
        Counter counter = {0};

        (void) state;
        counter_add(&counter, WINDOW, 0, 1);
        assert_int_equal(counter_sum(&counter, WINDOW, 0), 1);
        counter_add(&counter, WINDOW, 0, UINT64_MAX);
        counter_add(&counter, WINDOW, 0, UINT64_MAX);
        assert_int_equal(counter_sum(&counter, WINDOW, 0), UINT32_MAX);
        counter_add(&counter, WINDOW, USEC_INFINITY, 1);
        assert_int_equal(counter_sum(&counter, WINDOW, USEC_INFINITY), 1);
        counter_reset(&counter);
        assert_int_equal(counter_sum(&counter, WINDOW, USEC_INFINITY), 0);
        /* A window of less than its parts. */
        counter = (Counter){0};
        counter_add(&counter, 1, 7, 1);
        assert_int_equal(counter_sum(&counter, 1, 7), 1);
        assert_int_equal(counter_sum(&counter, 1, 7 + COUNTER_BUCKETS), 0);
}

/* Against a list of everything: never an event too many, and none too few that is younger than seven eighths. */
static void it_agrees_with_a_list(void **state) {
        usec_t times[500], now = T;
        Counter counter = {0};
        uint64_t random = 88172645463325252;

        (void) state;
        for (unsigned n = 0; n < ELEMENTSOF(times); n++) {
                uint64_t sure = 0, most = 0, sum;

                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                now += random % (2 * USEC_PER_SEC);
                times[n] = now;
                counter_add(&counter, WINDOW, now, 1);
                for (unsigned i = 0; i <= n; i++) {
                        sure += now - times[i] < WINDOW / 8 * 7;
                        most += now - times[i] < WINDOW;
                }
                sum = counter_sum(&counter, WINDOW, now);
                assert_in_range(sum, sure, most);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_counted_is_in_the_sum),
                cmocka_unit_test(what_is_older_than_the_window_is_not),
                cmocka_unit_test(a_time_that_fell_is_counted_in_the_newest_part),
                cmocka_unit_test(the_extremes_are_safe),
                cmocka_unit_test(it_agrees_with_a_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
