/* A token bucket lets a burst and a rate through, never more, whatever the clock does. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bucket.h"

static unsigned take_all(Bucket *bucket, usec_t now) {
        unsigned n = 0;

        while (bucket_take(bucket, 300, 3000, now))
                n++;
        return n;
}

static void test_burst_and_rate(void **state) {
        Bucket bucket = {};
        unsigned n = 0;

        (void) state;
        assert_int_equal(take_all(&bucket, 1000 * USEC_PER_SEC), 3000);
        assert_int_equal(take_all(&bucket, 1000 * USEC_PER_SEC), 0);
        assert_in_range(take_all(&bucket, 1001 * USEC_PER_SEC), 299, 301);
        /* Asking 10,000 times a second for 10 s. */
        for (usec_t now = 1001 * USEC_PER_SEC; now < 1011 * USEC_PER_SEC; now += 100)
                n += bucket_take(&bucket, 300, 3000, now);
        assert_in_range(n, 2990, 3010);
        assert_int_equal(take_all(&bucket, 2000 * USEC_PER_SEC), 3000);
}

static void test_clocks_that_jump(void **state) {
        Bucket bucket = {};

        (void) state;
        assert_int_equal(take_all(&bucket, 1000 * USEC_PER_SEC), 3000);
        assert_int_equal(take_all(&bucket, 5 * USEC_PER_SEC), 3000);
        assert_int_equal(take_all(&bucket, 5 * USEC_PER_SEC), 0);
        assert_true(bucket_take(&(Bucket){}, 1, 1, 0));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_burst_and_rate),
                cmocka_unit_test(test_clocks_that_jump),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
