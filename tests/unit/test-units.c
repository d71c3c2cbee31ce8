/* Sizes, percentages, durations and rates are read strictly and written as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "units.h"

#define UNTOUCHED UINT64_C(0x5555555555555555)
#define HOUR (60 * USEC_PER_MINUTE)
#define DAY (24 * HOUR)

typedef struct NumberCase {
        const char *text;
        int r;
        uint64_t value;
} NumberCase;

/* What no reader takes as a number, whatever its unit. */
static const char *const refused[] = {
        "",     "-1",   "+1",      " 1",    "1 ",  "-1K",     "-1s",    "--1", "max",   "infinity",   "K",   "s",
        "%",    "1,5G", "1..5G",   "1.5.5", "1.G", "1.G",     ".5G",    "0x1", "0x10",  "1e3",        "1\n", "\t1",
        "1 K",  "1 s",  "1KiB",    "1kb",   "1k",  "1m",      "1KK",    "1ss", "1s1s",  "١",          "nan", "1/1",
        "1.1x", "1%%",  "1.5.5%s", "1S",    "1H",  "1 min30", "1min 3", "5s ", "5s  x", "1.1234567K",
};

static void check_number(const NumberCase *c, int r, uint64_t value) {
        if (r != c->r || value != (c->r < 0 ? UNTOUCHED : c->value))
                fail_msg("\"%s\": got %d and %ju, expected %d and %ju", c->text, r, (uintmax_t) value, c->r,
                         (uintmax_t) c->value);
}

static void bytes_are_read(void **state) {
        (void) state;
        static const NumberCase cases[] = {
                {"0", 0, 0},
                {"8192", 0, 8192},
                {"64K", 0, 64 * KIB},
                {"64M", 0, 64 * MIB},
                {"1.5G", 0, GIB + GIB / 2},
                {"2T", 0, 2048 * GIB},
                {"0.5K", 0, 512},
                {"1.000001T", 0, 1024 * GIB + 1099511},
                {"00064M", 0, 64 * MIB},
                {"18446744073709551614", 0, UINT64_MAX - 1},
                {"18446744073709551615", -ERANGE, 0}, /* BYTES_INFINITY: not by a number */
                {"18446744073709551616", -ERANGE, 0},
                {"99999999999999999999999999999999", -ERANGE, 0},
                {"16777215T", 0, UINT64_C(16777215) * 1024 * GIB},
                {"16777216T", -ERANGE, 0},
                {"16777215.999999T", 0, UINT64_C(16777215) * 1024 * GIB + 1099510528264},
                {"1.5", -EINVAL, 0}, /* half a byte */
                {"1.0", -EINVAL, 0},
                {"5s", -EINVAL, 0},
                {"5%", -EINVAL, 0},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t value = UNTOUCHED;
                int r = units_parse_bytes(cases[i].text, &value);
                check_number(&cases[i], r, value);
        }
}

static void durations_are_read(void **state) {
        (void) state;
        static const NumberCase cases[] = {
                {"0", 0, 0},
                {"300ms", 0, 300 * USEC_PER_MSEC},
                {"5s", 0, 5 * USEC_PER_SEC},
                {"5", 0, 5 * USEC_PER_SEC},
                {"10min", 0, 10 * USEC_PER_MINUTE},
                {"1h", 0, HOUR},
                {"2d", 0, 2 * DAY},
                {"250us", 0, 250},
                {"1min 30s", 0, 90 * USEC_PER_SEC},
                {"1min30s", 0, 90 * USEC_PER_SEC},
                {"1d 2h  3min 4s 5ms 6us", 0, DAY + 2 * HOUR + 3 * USEC_PER_MINUTE + 4005006},
                {"1.5h", 0, 90 * USEC_PER_MINUTE},
                {"0.25", 0, 250 * USEC_PER_MSEC},
                {"30s 1min", -EINVAL, 0},
                {"5s 5s", -EINVAL, 0},
                {"1min 30", -EINVAL, 0},
                {"30 1min", -EINVAL, 0},
                {"1 2", -EINVAL, 0},
                {"1min -30s", -EINVAL, 0},
                {"5K", -EINVAL, 0},
                {"18446744073709551614us", 0, UINT64_MAX - 1},
                {"18446744073709551615us", -ERANGE, 0}, /* USEC_INFINITY */
                {"213503983d", -ERANGE, 0},
                {"213503982d 24h", -ERANGE, 0}, /* each fits, the sum does not */
                {"99999999999999999999s", -ERANGE, 0},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t value = UNTOUCHED;
                int r = units_parse_duration(cases[i].text, &value);
                check_number(&cases[i], r, value);
        }
}

static void nonsense_is_refused(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(refused); i++) {
                uint64_t bytes = UNTOUCHED, usec = UNTOUCHED;
                Level level = {.value = UNTOUCHED};
                if (units_parse_bytes(refused[i], &bytes) != -EINVAL || bytes != UNTOUCHED ||
                    units_parse_duration(refused[i], &usec) != -EINVAL || usec != UNTOUCHED ||
                    units_parse_level(refused[i], &level) != -EINVAL || level.value != UNTOUCHED)
                        fail_msg("\"%s\" was taken, or an output changed", refused[i]);
        }
}

static void levels_are_read(void **state) {
        (void) state;
        static const struct {
                const char *text;
                int r;
                bool percent;
                uint64_t value;
        } cases[] = {
                {"75%", 0, true, 7500},
                {"7.25%", 0, true, 725},
                {"7.5%", 0, true, 750},
                {"0%", 0, true, 0},
                {"0.01%", 0, true, 1},
                {"100%", 0, true, 10000},
                {"100.00%", 0, true, 10000},
                {"100.01%", -ERANGE, true, 0},
                {"101%", -ERANGE, true, 0},
                {"18446744073709551615%", -ERANGE, true, 0},
                {"184467440737095517%", -ERANGE, true, 0}, /* times 100 wraps to a small number */
                {"7.255%", -EINVAL, true, 0},
                {"64M", 0, false, 64 * MIB},
                {"0", 0, false, 0},
                {"16777216T", -ERANGE, false, 0},
                {"-1%", -EINVAL, true, 0},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Level level = {.value = UNTOUCHED};
                int r = units_parse_level(cases[i].text, &level);
                bool good = r < 0 ? level.value == UNTOUCHED && !level.set
                                  : level.set && level.percent == cases[i].percent && level.value == cases[i].value;
                if (r != cases[i].r || !good)
                        fail_msg("\"%s\": got %d and %ju", cases[i].text, r, (uintmax_t) level.value);
        }
}

static void stalls_are_read(void **state) {
        (void) state;
        static const struct {
                const char *text;
                int r;
                usec_t stall, window;
        } cases[] = {
                {"300ms/1s", 0, 300000, 1000000},
                {"1s/1s", 0, 1000000, 1000000},
                {"1min 30s/2min", 0, 90000000, 120000000},
                {"1s/300ms", -EINVAL, 0, 0},
                {"0/1s", -EINVAL, 0, 0},
                {"0ms/0ms", -EINVAL, 0, 0},
                {"300ms", -EINVAL, 0, 0},
                {"300ms/", -EINVAL, 0, 0},
                {"/1s", -EINVAL, 0, 0},
                {"", -EINVAL, 0, 0},
                {"300ms /1s", -EINVAL, 0, 0},
                {"300ms/ 1s", -EINVAL, 0, 0},
                {"300ms/1s/1s", -EINVAL, 0, 0},
                {"30%/1s", -EINVAL, 0, 0},
                {"1s/99999999999999999999s", -ERANGE, 0, 0},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                usec_t stall = UNTOUCHED, window = UNTOUCHED;
                int r = units_parse_stall(cases[i].text, &stall, &window);
                bool good = r < 0 ? stall == UNTOUCHED && window == UNTOUCHED
                                  : stall == cases[i].stall && window == cases[i].window;
                if (r != cases[i].r || !good)
                        fail_msg("\"%s\": got %d, %ju in %ju", cases[i].text, r, (uintmax_t) stall, (uintmax_t) window);
        }
}

static void rates_are_read(void **state) {
        (void) state;
        static const struct {
                const char *text;
                int r;
                uint32_t count;
                usec_t window;
        } cases[] = {
                {"3/1h", 0, 3, HOUR},
                {"0/1h", 0, 0, HOUR},
                {"1000000/10min", 0, 1000000, 10 * USEC_PER_MINUTE},
                {"1000001/10min", -ERANGE, 0, 0},
                {"4294967299/1h", -ERANGE, 0, 0},           /* 3 in 32 bits */
                {"18446744073709551619/1h", -ERANGE, 0, 0}, /* 3 in 64 bits */
                {"3/0", -EINVAL, 0, 0},
                {"3/0s", -EINVAL, 0, 0},
                {"3.5/1h", -EINVAL, 0, 0},
                {"-3/1h", -EINVAL, 0, 0},
                {"3", -EINVAL, 0, 0},
                {"3/", -EINVAL, 0, 0},
                {"/1h", -EINVAL, 0, 0},
                {"3 /1h", -EINVAL, 0, 0},
                {"3s/1h", -EINVAL, 0, 0},
                {"3/1h ", -EINVAL, 0, 0},
                {"3/99999999999999999999h", -ERANGE, 0, 0},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint32_t count = 77;
                usec_t window = UNTOUCHED;
                int r = units_parse_rate(cases[i].text, &count, &window);
                bool good = r < 0 ? count == 77 && window == UNTOUCHED
                                  : count == cases[i].count && window == cases[i].window;
                if (r != cases[i].r || !good)
                        fail_msg("\"%s\": got %d, %u in %ju", cases[i].text, r, count, (uintmax_t) window);
        }
}

typedef struct TextCase {
        uint64_t value;
        const char *text;
} TextCase;

static void check_text(const TextCase *c, const char *text) {
        if (!util_streq(text, c->text))
                fail_msg("%ju reads \"%s\", expected \"%s\"", (uintmax_t) c->value, text, c->text);
}

static void bytes_read_well(void **state) {
        (void) state;
        static const TextCase cases[] = {
                {0, "0B"},
                {512, "512B"},
                {1023, "1023B"},
                {KIB, "1K"},
                {1536, "1.5K"},
                {1085, "1.1K"}, /* 1.06 */
                {64 * MIB, "64M"},
                {142816051, "136.2M"},
                {GIB + GIB / 2, "1.5G"},
                {MIB - 1, "1M"}, /* not "1024K" */
                {MIB - 52, "1023.9K"},
                {GIB - 1, "1G"},
                {150 * MIB + 1, "150M"},
                {5 * 1024 * GIB, "5T"},
                {UINT64_MAX - 1, "16E"},
                {BYTES_INFINITY, "unlimited"},
        };
        char buf[UNITS_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check_text(&cases[i], units_format_bytes(cases[i].value, buf));
}

static void durations_read_well(void **state) {
        (void) state;
        static const TextCase cases[] = {
                {0, "0 s"},
                {1, "1 us"},
                {250, "250 us"},
                {999, "999 us"},
                {1000, "1 ms"},
                {640400, "640 ms"},
                {999499, "999 ms"},
                {999500, "1 s"},
                {5 * USEC_PER_SEC, "5 s"},
                {5230000, "5.2 s"},
                {5250000, "5.3 s"},
                {9949999, "9.9 s"},
                {9950000, "10 s"},
                {12600000, "13 s"},
                {59499999, "59 s"},
                {59500000, "1 min"},
                {90 * USEC_PER_SEC, "1 min 30 s"},
                {10 * USEC_PER_MINUTE, "10 min"},
                {HOUR - 1, "1 h"},
                {2 * HOUR + 5 * USEC_PER_MINUTE, "2 h 5 min"},
                {2 * HOUR + 29 * USEC_PER_SEC, "2 h"},
                {DAY - 1, "1 d"},
                {3 * DAY + 4 * HOUR, "3 d 4 h"},
                {400 * DAY, "400 d"},
                {UINT64_MAX - 1, "213503982 d 8 h"},
                {USEC_INFINITY, "never"},
        };
        char buf[UNITS_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                check_text(&cases[i], units_format_duration(cases[i].value, buf));
}

static void conf_forms_read_back(void **state) {
        (void) state;
        static const TextCase durations[] = {
                {0, "0s"},
                {250, "250us"},
                {300 * USEC_PER_MSEC, "300ms"},
                {5 * USEC_PER_SEC, "5s"},
                {90 * USEC_PER_SEC, "90s"},
                {10 * USEC_PER_MINUTE, "10min"},
                {HOUR, "1h"},
                {48 * HOUR, "2d"},
                {1500001, "1500001us"},
                {UINT64_MAX - 1, "18446744073709551614us"},
        };
        static const TextCase sizes[] = {
                {0, "0"},
                {8193, "8193"},
                {8192, "8K"},
                {64 * MIB, "64M"},
                {GIB / 2, "512M"},
                {1024 * GIB, "1T"},
                {UINT64_MAX - 1, "18446744073709551614"},
        };
        static const TextCase shares[] = {{0, "0%"}, {7500, "75%"}, {725, "7.25%"}, {750, "7.50%"}, {10000, "100%"}};
        char buf[UNITS_TEXT_MAX];
        Level level;
        uint64_t value;

        for (size_t i = 0; i < ELEMENTSOF(durations); i++) {
                check_text(&durations[i], units_format_duration_conf(durations[i].value, buf));
                assert_int_equal(units_parse_duration(buf, &value), 0);
                assert_true(value == durations[i].value);
        }
        for (size_t i = 0; i < ELEMENTSOF(sizes) + ELEMENTSOF(shares); i++) {
                bool percent = i >= ELEMENTSOF(sizes);
                const TextCase *c = percent ? &shares[i - ELEMENTSOF(sizes)] : &sizes[i];
                check_text(c, units_format_level(&(Level){true, percent, c->value}, buf));
                assert_int_equal(units_parse_level(buf, &level), 0);
                assert_true(level.set && level.percent == percent && level.value == c->value);
        }
        assert_string_equal(units_format_level(&(Level){0}, buf), "");
}

static void levels_mean_bytes(void **state) {
        (void) state;
        static const struct {
                Level level;
                uint64_t limit, bytes;
        } cases[] = {
                {{true, true, 7500}, 200 * MIB, 150 * MIB},
                {{true, true, 725}, 10000, 725},
                {{true, true, 9999}, 9, 8},
                {{true, true, 10000}, UINT64_MAX - 1, UINT64_MAX - 1},
                {{true, true, 5000}, UINT64_MAX - 1, UINT64_MAX / 2},
                {{true, true, 7500}, BYTES_INFINITY, BYTES_INFINITY},
                {{true, true, 0}, 200 * MIB, 0},
                {{true, false, 64 * MIB}, 200 * MIB, 64 * MIB},
                {{true, false, 64 * MIB}, BYTES_INFINITY, 64 * MIB},
                {{false, true, 7500}, 200 * MIB, BYTES_INFINITY},
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (units_level_bytes(&cases[i].level, cases[i].limit) != cases[i].bytes)
                        fail_msg("case %zu: %ju", i, (uintmax_t) units_level_bytes(&cases[i].level, cases[i].limit));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bytes_are_read),       cmocka_unit_test(durations_are_read),
                cmocka_unit_test(nonsense_is_refused),  cmocka_unit_test(levels_are_read),
                cmocka_unit_test(stalls_are_read),      cmocka_unit_test(rates_are_read),
                cmocka_unit_test(bytes_read_well),      cmocka_unit_test(durations_read_well),
                cmocka_unit_test(conf_forms_read_back), cmocka_unit_test(levels_mean_bytes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
