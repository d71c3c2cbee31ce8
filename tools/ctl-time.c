#include "ctl-time.h"

#include <stdio.h>

#include "units.h"

static int usec_of(struct tm *tm, uint64_t *ret) {
        time_t seconds;

        tm->tm_isdst = -1;
        seconds = mktime(tm);
        if (seconds < 0)
                return -ERANGE;
        *ret = (uint64_t) seconds * USEC_PER_SEC;
        return 0;
}

/* Digits where the pattern has them, and its own characters elsewhere. */
static bool has_form(const char *text, const char *pattern) {
        for (; *pattern; pattern++, text++)
                if (*pattern == '0' ? *text < '0' || *text > '9' : *text != *pattern)
                        return false;
        return *text == 0;
}

static int parse_date(const char *text, uint64_t *ret) {
        struct tm tm = {.tm_mday = 1}, given;
        uint64_t usec;
        int r;

        if (!has_form(text, "0000-00-00") && !has_form(text, "0000-00-00 00:00") &&
            !has_form(text, "0000-00-00 00:00:00"))
                return -EINVAL;
        (void) sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
                      &tm.tm_sec);
        if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 59)
                return -ERANGE;
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        given = tm;
        r = usec_of(&tm, &usec);
        if (r < 0)
                return r;
        /* mktime() takes February 30 for March 2. An hour that summer time leaves out it moves, and that is no mistake.
         */
        if (tm.tm_mday != given.tm_mday || tm.tm_mon != given.tm_mon)
                return -ERANGE;
        *ret = usec;
        return 0;
}

/* The beginning of the day that was so many days ago. */
static int day_before(uint64_t now, int days, uint64_t *ret) {
        time_t seconds = (time_t) (now / USEC_PER_SEC);
        struct tm tm;

        if (!localtime_r(&seconds, &tm))
                return -ERANGE;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_mday -= days;
        return usec_of(&tm, ret);
}

int ctl_time_parse(const char *text, uint64_t now, uint64_t *ret_usec) {
        uint64_t usec;
        int r;

        if (util_streq(text, "now"))
                usec = now;
        else if (util_streq(text, "today") || util_streq(text, "yesterday")) {
                r = day_before(now, util_streq(text, "yesterday"), &usec);
                if (r < 0)
                        return r;
        } else if (text[0] == '-') {
                r = units_parse_duration(text + 1, &usec);
                if (r < 0)
                        return r;
                usec = util_sub(now, usec);
        } else {
                r = parse_date(text, &usec);
                if (r < 0)
                        return r;
        }
        *ret_usec = usec;
        return 0;
}
