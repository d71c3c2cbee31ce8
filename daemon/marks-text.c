/* The text of a mark, both ways. A text counts as ours only when formatting what was read gives the same text again. */
#include <inttypes.h>
#include <stdio.h>

#include "marks.h"

#define NUMBER_MAX 24 /* 20 digits, or "max" */

static const char *number(uint64_t value, char buf[static NUMBER_MAX]) {
        (void) snprintf(buf, NUMBER_MAX, value == BYTES_INFINITY ? "max" : "%" PRIu64, value);
        return buf;
}

/* Appends one item; *length grows past the size when it does not fit, as with snprintf(). */
static void append(char *buf, size_t size, size_t *length, const char *text) {
        size_t at = MIN(*length, size - 1);

        *length += (size_t) snprintf(buf + at, size - at, "%s%s", *length > 0 ? " " : "", text);
}

static void append_limit(char *buf, size_t size, size_t *length, const char *key, const uint64_t values[static 3]) {
        char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX], item[MARKS_TEXT_MAX];

        (void) snprintf(item, sizeof(item), "%s=%s/%s/%s", key, number(values[0], a), number(values[1], b),
                        number(values[2], c));
        append(buf, size, length, item);
}

int marks_format(const Marks *marks, char *buf, size_t size) {
        size_t length = 0;

        if (size == 0)
                return -ENOBUFS;
        buf[0] = 0;
        if (marks->high)
                append_limit(buf, size, &length, "high",
                             (const uint64_t[]){marks->high_ours, marks->high_before, marks->high_operator});
        if (marks->max)
                append_limit(buf, size, &length, "max",
                             (const uint64_t[]){marks->max_ours, marks->max_before, marks->max_operator});
        if (marks->freeze)
                append(buf, size, &length, "freeze=1");
        return length < size ? (int) length : -ENOBUFS;
}

/* Takes one number and the character after it off *text. */
static int take_number(const char **text, const char *ends, uint64_t *ret) {
        size_t length = strcspn(*text, "/ ");
        char one[NUMBER_MAX];
        int r;

        if (length >= sizeof(one) || !strchr(ends, (*text)[length]))
                return -EINVAL;
        memcpy(one, *text, length);
        one[length] = 0;
        r = kerneltext_u64(one, ret);
        if (r < 0)
                return -EINVAL;
        *text += length + ((*text)[length] != 0);
        return 0;
}

static int take_limit(const char **text, uint64_t *ours, uint64_t *before, uint64_t *operator_value) {
        int r;

        r = take_number(text, "/", ours);
        if (r < 0)
                return r;
        r = take_number(text, "/", before);
        if (r < 0)
                return r;
        return take_number(text, " ", operator_value); /* strchr() finds the closing NUL, too */
}

static bool take_key(const char **text, const char *key) {
        size_t length = strlen(key);

        if (strncmp(*text, key, length) != 0)
                return false;
        *text += length;
        return true;
}

int marks_parse(const char *text, Marks *ret) {
        const char *at = text;
        char again[MARKS_TEXT_MAX];
        Marks marks = {};
        int r = 0;

        while (*at && r == 0)
                if (take_key(&at, "high=")) {
                        marks.high = true;
                        r = take_limit(&at, &marks.high_ours, &marks.high_before, &marks.high_operator);
                } else if (take_key(&at, "max=")) {
                        marks.max = true;
                        r = take_limit(&at, &marks.max_ours, &marks.max_before, &marks.max_operator);
                } else if (take_key(&at, "freeze=1"))
                        marks.freeze = true;
                else
                        r = -EINVAL;
        if (r < 0 || marks_format(&marks, again, sizeof(again)) <= 0 || !util_streq(text, again))
                return -EINVAL;
        *ret = marks;
        return 0;
}
