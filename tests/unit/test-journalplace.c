/* Places in the journal are ordered by journald's own count, and a cursor that is none is refused. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journalplace.h"

#define A "s=b3ca4b9ffdf94a40ba8f1e1e1a0a2b36;i=4c2;b=4d0c5a5ab4b54f16a1bbb56e23d8e0a1;m=1ccf7a1;t=6256a7d1a2b3c;x=9f3a7c"
#define B "s=b3ca4b9ffdf94a40ba8f1e1e1a0a2b36;i=4c3;b=4d0c5a5ab4b54f16a1bbb56e23d8e0a1;m=1ccf7a1;t=6256a7d1a2b3c;x=9f3a7d"
#define OTHER "s=c3ca4b9ffdf94a40ba8f1e1e1a0a2b36;i=1;b=4d0c5a5ab4b54f16a1bbb56e23d8e0a1;m=1ccf7a2;t=6256a7d1a2b3d;x=9f3a7d"

static void test_order(void **state) {
        Place a, b, other, then;

        (void) state;
        assert_int_equal(journalplace_parse(A, &a), 0);
        assert_int_equal(journalplace_parse(B, &b), 0);
        assert_int_equal(journalplace_parse(OTHER, &other), 0);
        assert_int_equal(a.number, 0x4c2);
        assert_int_equal(a.realtime, 0x6256a7d1a2b3c);
        /* Lines of one read have one time. */
        assert_true(journalplace_is_after(&b, &a));
        assert_false(journalplace_is_after(&a, &b));
        assert_false(journalplace_is_after(&a, &a));
        /* Counted by another journald: only the time says it. */
        assert_true(journalplace_is_after(&other, &b));
        assert_false(journalplace_is_after(&b, &other));
        then = (Place){.realtime = a.realtime - 1};
        assert_true(journalplace_is_after(&a, &then));
        then.realtime++;
        assert_false(journalplace_is_after(&a, &then));
}

static void test_what_is_none(void **state) {
        static const char *const texts[] = {
                "",
                "s=;i=1;t=2",
                "i=1;t=2",
                "s=abc;t=2",
                "s=abc;i=1",
                "s=abc;i=xyz;t=2",
                "s=abc;i=11111111111111111;t=2",
                "s=0123456789012345678901234567890123;i=1;t=2",
                "s=abc;i=1;t=-2",
                "s=abc;i=1;t=2 ",
                "s=abc\n;i=1;t=2",
                "si=1t=2;;;",
        };
        char large[CURSOR_MAX + 1];
        Place place = {.number = 7};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                assert_int_equal(journalplace_parse(texts[i], &place), -EINVAL);
        assert_int_equal(place.number, 7);
        memset(large, 'a', sizeof(large));
        large[CURSOR_MAX] = 0;
        assert_false(journalplace_is_cursor(large));
        large[CURSOR_MAX - 1] = 0;
        assert_true(journalplace_is_cursor(large));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_what_is_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
