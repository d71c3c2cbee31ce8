/* Tables stay aligned whatever the cells hold, fit the terminal, and let no control character through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "ctl-table.h"

static const CtlColumn columns[] = {
        {.title = "UNIT", .shrink = true}, {.title = "USED", .right = true}, {.title = "STATE"}};

static char *format(const char *const rows[][3], size_t n_rows, unsigned width, bool color) {
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        char *text = NULL;

        assert_int_equal(ctl_table_new(&table, columns, ELEMENTSOF(columns)), 0);
        for (size_t i = 0; i < n_rows; i++)
                assert_int_equal(ctl_table_add(table, rows[i], i == 0 ? COLOR_BAD : COLOR_PLAIN), 0);
        assert_int_equal(ctl_table_format(table, width, color, &text), 0);
        return text;
}

static void test_alignment(void **state) {
        static const char *const rows[][3] = {
                {"api.service", "60M", "calm"},
                {"caf\xc3\xa9.service", "112.5M", "settling"},
                {"\xe6\x97\xa5\xe6\x9c\xac.service", "1G", "calm"},
                {"e\xcc\x81.service", NULL, "calm"},
                {"x", "1", NULL},
        };
        _cleanup_free_ char *text = format(rows, ELEMENTSOF(rows), 0, false);

        (void) state;
        assert_string_equal(text, "UNIT            USED  STATE\n"
                                  "api.service      60M  calm\n"
                                  "caf\xc3\xa9.service  112.5M  settling\n"
                                  "\xe6\x97\xa5\xe6\x9c\xac.service      1G  calm\n"
                                  "e\xcc\x81.service             calm\n"
                                  "x                  1\n");
}

static void test_escapes(void **state) {
        static const char *const rows[][3] = {
                {"a\033[2J.service", "\n",
                 "\xc2\x9b"
                 "1m"},
                {"plain.service", "1", "calm"},
        };
        _cleanup_free_ char *text = format(rows, ELEMENTSOF(rows), 0, false);

        (void) state;
        assert_string_equal(text, "UNIT              USED  STATE\n"
                                  "a\\x1b[2J.service  \\x0a  \\xc2\\x9b1m\n"
                                  "plain.service        1  calm\n");
}

static unsigned longest_line(const char *text) {
        unsigned longest = 0;

        while (*text) {
                size_t n = strcspn(text, "\n");
                char *line = strndup(text, n);

                longest = MAX(longest, ctl_table_text_width(line));
                free(line);
                text += n + (text[n] == '\n');
        }
        return longest;
}

static void test_fits_the_terminal(void **state) {
        static const char *const rows[][3] = {
                {"/user.slice/user-1000.slice/user@1000.service/app.slice/same.service", "60M", "calm"},
                {"\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5\xe6\x9c\xac\xe6"
                 "\x97\xa5"
                 "\xe6\x9c\xac.service",
                 "1G", "calm"},
                {"x.service", "1", "calm"},
        };

        (void) state;
        for (unsigned width = 24; width < 100; width++) {
                _cleanup_free_ char *text = format(rows, ELEMENTSOF(rows), width, false);

                assert_true(longest_line(text) <= width);
                assert_non_null(strstr(text, ".service")); /* both ends of a name are kept */
                if (width < 70)
                        assert_non_null(strstr(text, "..."));
                else if (width >= 83)
                        assert_null(strstr(text, "..."));
        }
}

static void test_cut_keeps_columns(void **state) {
        static const char *const rows[][3] = {{"abcdefghijklmnopqrstuvwxyz", "60M", "calm"}, {"short", "1", "calm"}};
        _cleanup_free_ char *text = format(rows, ELEMENTSOF(rows), 24, false);

        (void) state;
        assert_string_equal(text, "UNIT         USED  STATE\n"
                                  "abcd...wxyz   60M  calm\n"
                                  "short           1  calm\n");
}

static void test_color_only_where_wanted(void **state) {
        static const char *const rows[][3] = {{"a", "1", "calm"}, {"b", "1", "calm"}};
        _cleanup_free_ char *plain = format(rows, ELEMENTSOF(rows), 0, false);
        _cleanup_free_ char *colored = format(rows, ELEMENTSOF(rows), 0, true);

        (void) state;
        assert_null(strchr(plain, '\033'));
        assert_non_null(strstr(colored, "\033[1;31ma"));
        assert_non_null(strstr(colored, "calm\033[0m\nb ")); /* it ends with its row */
}

static void test_bound(void **state) {
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        _cleanup_free_ char *text = NULL;
        const char *const cells[] = {"u", "1", "calm"};

        (void) state;
        assert_int_equal(ctl_table_new(&table, columns, 0), -EINVAL);
        assert_int_equal(ctl_table_new(&table, columns, CTL_COLUMNS_MAX + 1), -EINVAL);
        assert_int_equal(ctl_table_new(&table, columns, ELEMENTSOF(columns)), 0);
        for (unsigned i = 0; i < CTL_ROWS_MAX + 7; i++)
                assert_int_equal(ctl_table_add(table, cells, COLOR_PLAIN), 0);
        assert_int_equal(ctl_table_format(table, 0, false, &text), 0);
        assert_non_null(strstr(text, "\n7 further rows are not shown.\n"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_alignment),
                cmocka_unit_test(test_escapes),
                cmocka_unit_test(test_fits_the_terminal),
                cmocka_unit_test(test_cut_keeps_columns),
                cmocka_unit_test(test_color_only_where_wanted),
                cmocka_unit_test(test_bound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
