/* The frame of a record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg). A record without its newline was cut short, and
 * its last number may be the beginning of a longer one; so it is none. */
#include "oomtext.h"

/* Digits up to one of the characters that may follow. */
static bool take_number(const char **at, const char *end, const char *behind, uint64_t *ret) {
        uint64_t value = 0;
        const char *p = *at;

        for (; p < end && *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
                        return false;
        if (p == *at || p == end || *p == 0 || !strchr(behind, *p))
                return false;
        *at = p;
        *ret = value;
        return true;
}

int kmsg_parse_record(const char *record, size_t n, KmsgRecord *ret) {
        const char *end, *at = record, *text;
        uint64_t priority, seq, usec;

        end = memchr(record, '\n', n);
        if (!end)
                return -EINVAL;
        if (!take_number(&at, end, ",", &priority) || priority > UINT32_MAX)
                return -EINVAL;
        at++;
        if (!take_number(&at, end, ",", &seq))
                return -EINVAL;
        at++;
        if (!take_number(&at, end, ",;", &usec))
                return -EINVAL;
        /* Flags, and whatever kernels to come put behind them. */
        text = memchr(at, ';', (size_t) (end - at));
        if (!text)
                return -EINVAL;
        *ret = (KmsgRecord){
                .priority = (unsigned) priority & 7,
                .seq = seq,
                .at = usec,
                .from_kernel = priority >> 3 == 0,
                .text = text + 1,
                .n_text = (size_t) (end - text - 1),
        };
        return 0;
}

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void kmsg_unescape(const char *text, size_t n, char *ret) {
        for (size_t i = 0; i < n; i++) {
                int value = 0;

                if (n - i >= 4 && text[i] == '\\' && text[i + 1] == 'x' && hex_value(text[i + 2]) >= 0 &&
                    hex_value(text[i + 3]) >= 0)
                        value = hex_value(text[i + 2]) * 16 + hex_value(text[i + 3]);
                *ret++ = value ? (char) value : text[i];
                i += value ? 3 : 0;
        }
        *ret = 0;
}
