/* Reading is strict, because a policy that is misread acts on somebody's service: no sign, no blanks around, no unit in
 * another case, nothing behind it. Writing is for people, or (level and duration_conf) for the readers in this file. */
#include "units.h"

#include <inttypes.h>
#include <stdio.h>

/* Six digits reach from seconds to microseconds, and keep fraction * factor within 64 bits (10^6 * 2^40 < 2^60). */
#define FRACTION_SCALE_MAX 1000000

#define RATE_COUNT_MAX 1000000

/* "7.25" is whole 7, fraction 25, scale 100. */
typedef struct Decimal {
        uint64_t whole;
        uint32_t fraction, scale;
} Decimal;

typedef struct Factor {
        const char *suffix;
        uint64_t value;
} Factor;

/* From large to small, the plain unit last. */
static const Factor byte_factors[] = {
        {"T", 1024 * GIB}, {"G", GIB}, {"M", MIB}, {"K", KIB}, {"", 1},
};

static const Factor time_factors[] = {
        {"d", 24 * 60 * USEC_PER_MINUTE},
        {"h", 60 * USEC_PER_MINUTE},
        {"min", USEC_PER_MINUTE},
        {"s", USEC_PER_SEC},
        {"ms", USEC_PER_MSEC},
        {"us", 1},
};

/* How a duration reads, by its size: rounded to steps, in a unit; steps left over follow as the rest, or as tenths. */
static const struct {
        usec_t below, step, unit;
        const char *name, *rest;
} readings[] = {
        {USEC_PER_MSEC, 1, 1, "us", NULL},
        {USEC_PER_SEC, USEC_PER_MSEC, USEC_PER_MSEC, "ms", NULL},
        {10 * USEC_PER_SEC, USEC_PER_SEC / 10, USEC_PER_SEC, "s", NULL},
        {USEC_PER_MINUTE, USEC_PER_SEC, USEC_PER_SEC, "s", NULL},
        {60 * USEC_PER_MINUTE, USEC_PER_SEC, USEC_PER_MINUTE, "min", "s"},
        {24 * 60 * USEC_PER_MINUTE, USEC_PER_MINUTE, 60 * USEC_PER_MINUTE, "h", "min"},
        {USEC_INFINITY, 60 * USEC_PER_MINUTE, 24 * 60 * USEC_PER_MINUTE, "d", "h"},
};

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

/* Leaves *text behind the number. */
static int scan_decimal(const char **text, Decimal *ret) {
        Decimal decimal = {.scale = 1};
        const char *p = *text;

        if (!is_digit(*p))
                return -EINVAL;
        for (; is_digit(*p); p++)
                if (__builtin_mul_overflow(decimal.whole, 10, &decimal.whole) ||
                    __builtin_add_overflow(decimal.whole, *p - '0', &decimal.whole))
                        return -ERANGE;
        if (*p == '.') {
                for (p++; is_digit(*p); p++) {
                        if (decimal.scale == FRACTION_SCALE_MAX)
                                return -EINVAL;
                        decimal.fraction = decimal.fraction * 10 + (uint32_t) (*p - '0');
                        decimal.scale *= 10;
                }
                if (decimal.scale == 1)
                        return -EINVAL;
        }
        *text = p;
        *ret = decimal;
        return 0;
}

/* UINT64_MAX means "no limit" and "never" to everybody else, so that it is out of range here. */
static int scale_decimal(const Decimal *decimal, uint64_t factor, uint64_t *ret) {
        uint64_t value;

        if (__builtin_mul_overflow(decimal->whole, factor, &value) ||
            __builtin_add_overflow(value, decimal->fraction * factor / decimal->scale, &value) || value == UINT64_MAX)
                return -ERANGE;
        *ret = value;
        return 0;
}

int units_parse_bytes(const char *text, uint64_t *ret_bytes) {
        Decimal decimal;
        int r;

        r = scan_decimal(&text, &decimal);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(byte_factors); i++) {
                if (!util_streq(text, byte_factors[i].suffix))
                        continue;
                if (byte_factors[i].value == 1 && decimal.scale > 1)
                        return -EINVAL;
                return scale_decimal(&decimal, byte_factors[i].value, ret_bytes);
        }
        return -EINVAL;
}

int units_parse_level(const char *text, Level *ret_level) {
        const char *p = text;
        Level level = {.set = true};
        Decimal decimal;
        int r;

        r = scan_decimal(&p, &decimal);
        if (r < 0)
                return r;
        level.percent = util_streq(p, "%");
        if (!level.percent)
                r = units_parse_bytes(text, &level.value);
        else if (decimal.scale > 100)
                r = -EINVAL;
        else
                r = scale_decimal(&decimal, 100, &level.value);
        if (r < 0)
                return r;
        if (level.percent && level.value > 10000)
                return -ERANGE;
        *ret_level = level;
        return 0;
}

/* The index of the time unit at p, of n letters, among those from `first` on. */
static int find_time_unit(const char *p, size_t n, size_t first) {
        for (size_t i = first; i < ELEMENTSOF(time_factors); i++)
                if (strlen(time_factors[i].suffix) == n && memcmp(time_factors[i].suffix, p, n) == 0)
                        return (int) i;
        return -EINVAL;
}

/* Leaves *text behind the last unit. Each unit may come once, from large to small: "30s 5s" is a slip, not a sum. */
static int scan_duration(const char **text, usec_t *ret) {
        const char *p = *text;
        usec_t sum = 0;
        size_t first = 0;

        for (;;) {
                Decimal decimal;
                usec_t part;
                int r;

                r = scan_decimal(&p, &decimal);
                if (r < 0)
                        return r;
                size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz");
                bool bare = n == 0 && first == 0;
                int unit = bare ? find_time_unit("s", 1, 0) : find_time_unit(p, n, first);
                if (unit < 0)
                        return unit;
                r = scale_decimal(&decimal, time_factors[unit].value, &part);
                if (r < 0)
                        return r;
                sum = util_add(sum, part);
                if (sum == USEC_INFINITY)
                        return -ERANGE;
                p += n;
                first = bare ? ELEMENTSOF(time_factors) : (size_t) unit + 1;
                size_t blanks = strspn(p, " ");
                if (!is_digit(p[blanks]))
                        break;
                p += blanks;
        }
        *text = p;
        *ret = sum;
        return 0;
}

int units_parse_duration(const char *text, usec_t *ret_usec) {
        usec_t usec;
        int r;

        r = scan_duration(&text, &usec);
        if (r < 0)
                return r;
        if (*text != '\0')
                return -EINVAL;
        *ret_usec = usec;
        return 0;
}

int units_parse_stall(const char *text, usec_t *ret_stall, usec_t *ret_window) {
        usec_t stall, window;
        int r;

        r = scan_duration(&text, &stall);
        if (r < 0)
                return r;
        if (*text != '/')
                return -EINVAL;
        r = units_parse_duration(text + 1, &window);
        if (r < 0)
                return r;
        if (stall == 0 || stall > window)
                return -EINVAL;
        *ret_stall = stall;
        *ret_window = window;
        return 0;
}

int units_parse_rate(const char *text, uint32_t *ret_count, usec_t *ret_window) {
        Decimal count;
        usec_t window;
        int r;

        r = scan_decimal(&text, &count);
        if (r < 0)
                return r;
        if (*text != '/' || count.scale > 1)
                return -EINVAL;
        r = units_parse_duration(text + 1, &window);
        if (r < 0)
                return r;
        if (window == 0)
                return -EINVAL;
        if (count.whole > RATE_COUNT_MAX)
                return -ERANGE;
        *ret_count = (uint32_t) count.whole;
        *ret_window = window;
        return 0;
}

const char *units_format_bytes(uint64_t bytes, char buf[static UNITS_TEXT_MAX]) {
        static const char letters[] = "BKMGTPE";
        uint64_t tenths = 10 * MIN(bytes, (uint64_t) KIB);
        size_t i = 0;

        if (bytes == BYTES_INFINITY)
                return strcpy(buf, "unlimited");
        /* The next unit where rounding would say 1024: 1023.97K is 1M. 64 bits end at 16E. */
        while (tenths >= 10 * KIB) {
                uint64_t unit = UINT64_C(1) << (10 * ++i);
                tenths = bytes / unit * 10 + (bytes % unit * 10 + unit / 2) / unit;
        }
        if (tenths % 10 == 0)
                snprintf(buf, UNITS_TEXT_MAX, "%" PRIu64 "%c", tenths / 10, letters[i]);
        else
                snprintf(buf, UNITS_TEXT_MAX, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10, tenths % 10, letters[i]);
        return buf;
}

const char *units_format_duration(usec_t usec, char buf[static UNITS_TEXT_MAX]) {
        usec_t rounded = 0;
        size_t i = 0;

        if (usec == 0 || usec == USEC_INFINITY)
                return strcpy(buf, usec == 0 ? "0 s" : "never");
        /* What rounds up to the end of its row reads by the next one: 59.7 s is "1 min", not "60 s". */
        for (; i < ELEMENTSOF(readings); i++) {
                rounded = util_add(usec, readings[i].step / 2) / readings[i].step * readings[i].step;
                if (rounded < readings[i].below)
                        break;
        }
        uint64_t whole = rounded / readings[i].unit;
        unsigned rest = (unsigned) (rounded % readings[i].unit / readings[i].step);
        if (rest == 0)
                snprintf(buf, UNITS_TEXT_MAX, "%" PRIu64 " %s", whole, readings[i].name);
        else if (readings[i].rest)
                snprintf(buf, UNITS_TEXT_MAX, "%u %s %u %s", (unsigned) whole, readings[i].name, rest,
                         readings[i].rest);
        else
                snprintf(buf, UNITS_TEXT_MAX, "%u.%u %s", (unsigned) whole, rest, readings[i].name);
        return buf;
}

/* In the largest unit that leaves no remainder. */
static const char *format_exact(uint64_t value, const Factor *factor, char buf[static UNITS_TEXT_MAX]) {
        while (value % factor->value != 0)
                factor++;
        snprintf(buf, UNITS_TEXT_MAX, "%" PRIu64 "%s", value / factor->value, factor->suffix);
        return buf;
}

const char *units_format_level(const Level *level, char buf[static UNITS_TEXT_MAX]) {
        if (!level->set)
                return strcpy(buf, "");
        if (!level->percent)
                return level->value == 0 ? strcpy(buf, "0") : format_exact(level->value, byte_factors, buf);
        if (level->value % 100 == 0)
                snprintf(buf, UNITS_TEXT_MAX, "%" PRIu64 "%%", level->value / 100);
        else
                snprintf(buf, UNITS_TEXT_MAX, "%" PRIu64 ".%02" PRIu64 "%%", level->value / 100, level->value % 100);
        return buf;
}

const char *units_format_duration_conf(usec_t usec, char buf[static UNITS_TEXT_MAX]) {
        return usec == 0 ? strcpy(buf, "0s") : format_exact(usec, time_factors, buf);
}

uint64_t units_level_bytes(const Level *level, uint64_t limit) {
        if (!level->set || (level->percent && limit == BYTES_INFINITY))
                return BYTES_INFINITY;
        if (!level->percent)
                return level->value;
        /* In two parts, because limit * 10000 may not fit. */
        return limit / 10000 * level->value + limit % 10000 * level->value / 10000;
}
