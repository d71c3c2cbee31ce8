/* Texts from outside are escaped so that neither a terminal nor a bus can be harmed by them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "utf8.h"

static void test_escape(void **state) {
        static const struct {
                const char *raw, *shown;
        } cases[] = {
                {"", ""},
                {"api.service", "api.service"},
                {"dev-disk-by\\x2dlabel.swap", "dev-disk-by\\x2dlabel.swap"}, /* systemd's own escapes stay */
                {"caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
                 "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80"},
                {"\033[31m\n\r\t\x07\x7f", "\\x1b[31m\\x0a\\x0d\\x09\\x07\\x7f"},
                {"\xc2\x9b"
                 "31m",
                 "\\xc2\\x9b31m"}, /* CSI as a C1 control */
                {"\x9b", "\\x9b"}, /* and in 8 bits */
                {"a\xe2\x80\xae"
                 "b",
                 "a\\xe2\\x80\\xae"
                 "b"}, /* right-to-left override */
                {"a\xe2\x80\x8b"
                 "b",
                 "a\\xe2\\x80\\x8b"
                 "b"},                                        /* zero-width space */
                {"\xe2\x80\xa8", "\\xe2\\x80\\xa8"},          /* line separator */
                {"\xc0\x8a", "\\xc0\\x8a"},                   /* overlong newline */
                {"\xe0\x80\x8a", "\\xe0\\x80\\x8a"},          /* likewise */
                {"\xf0\x80\x80\x8a", "\\xf0\\x80\\x80\\x8a"}, /* likewise */
                {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
                {"\xef\xbf\xbe", "\\xef\\xbf\\xbe"},          /* U+FFFE, which sd-bus refuses */
                {"\xef\xb7\x90", "\\xef\\xb7\\x90"},          /* U+FDD0, likewise */
                {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
                {"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},          /* cut off */
                {"\xc3(", "\\xc3("},
                {"\xff\xfe", "\\xff\\xfe"},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char buf[128], again[128];

                assert_int_equal(utf8_escape(cases[i].raw, buf, sizeof(buf)), strlen(cases[i].shown));
                assert_string_equal(buf, cases[i].shown);
                /* What was shown once is shown the same a second time: there are several gates on the way. */
                assert_int_equal(utf8_escape(buf, again, sizeof(again)), strlen(buf));
                assert_string_equal(again, buf);
        }
}

static void test_bound(void **state) {
        char buf[8];

        (void) state;
        memset(buf, 'x', sizeof(buf));
        assert_int_equal(utf8_escape("abcdefg", buf, 8), 7);
        assert_int_equal(utf8_escape("abcdefgh", buf, 8), -ENOBUFS);
        assert_string_equal(buf, "abcdefg");
        /* Neither a character nor an escape is cut in two. */
        assert_int_equal(utf8_escape("abcdef\xc3\xa9", buf, 8), -ENOBUFS);
        assert_string_equal(buf, "abcdef");
        assert_int_equal(utf8_escape("abcd\033", buf, 8), -ENOBUFS);
        assert_string_equal(buf, "abcd");
        assert_int_equal(utf8_escape("abc\033", buf, 8), 7);
        assert_int_equal(utf8_escape("", buf, 1), 0);
        assert_int_equal(utf8_escape("a", buf, 0), -ENOBUFS);
}

static void test_random_bytes_come_out_clean(void **state) {
        unsigned seed = 1;

        (void) state;
        for (unsigned round = 0; round < 20000; round++) {
                char raw[24], shown[4 * sizeof(raw)];
                const char *p = shown;
                uint32_t c;
                int n;

                for (size_t i = 0; i + 1 < sizeof(raw); i++)
                        raw[i] = (char) (rand_r(&seed) >> 5);
                raw[sizeof(raw) - 1] = 0;
                assert_true(utf8_escape(raw, shown, sizeof(shown)) >= 0);
                while ((n = utf8_next(p, &c)) > 0) {
                        assert_true(utf8_is_printable(c));
                        p += n;
                }
                assert_int_equal(n, 0);
        }
}

static void test_width(void **state) {
        (void) state;
        assert_int_equal(utf8_width('a'), 1);
        assert_int_equal(utf8_width(0xe9), 1);
        assert_int_equal(utf8_width(0x301), 0);   /* combining acute */
        assert_int_equal(utf8_width(0x65e5), 2);  /* CJK */
        assert_int_equal(utf8_width(0xff21), 2);  /* fullwidth A */
        assert_int_equal(utf8_width(0x1f600), 2); /* emoji */
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_escape),
                cmocka_unit_test(test_bound),
                cmocka_unit_test(test_random_bytes_come_out_clean),
                cmocka_unit_test(test_width),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
