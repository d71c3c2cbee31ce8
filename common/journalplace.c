/* See journalplace.h. */
#include "journalplace.h"

#include <ctype.h>

bool journalplace_is_cursor(const char *text) {
        size_t n = strnlen(text, CURSOR_MAX);

        if (n == 0 || n == CURSOR_MAX)
                return false;
        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char) text[i]) && text[i] != '=' && text[i] != ';')
                        return false;
        return true;
}

/* The text behind "KEY=" and its length up to the next ';', or NULL. */
static const char *find(const char *cursor, char key, size_t *ret_length) {
        for (const char *at = cursor; *at;) {
                size_t n = strcspn(at, ";");

                if (n > 2 && at[0] == key && at[1] == '=') {
                        *ret_length = n - 2;
                        return at + 2;
                }
                at += n + (at[n] == ';');
        }
        return NULL;
}

static int find_number(const char *cursor, char key, uint64_t *ret) {
        const char *text;
        size_t n;
        char *end;

        text = find(cursor, key, &n);
        if (!text || n > 16 || strspn(text, "0123456789abcdef") != n)
                return -EINVAL;
        *ret = strtoull(text, &end, 16);
        return end == text + n ? 0 : -EINVAL;
}

int journalplace_parse(const char *cursor, Place *ret) {
        Place place = {};
        const char *text;
        size_t n;
        int r;

        if (!journalplace_is_cursor(cursor))
                return -EINVAL;
        text = find(cursor, 's', &n);
        if (!text || n >= sizeof(place.sequence))
                return -EINVAL;
        memcpy(place.sequence, text, n);
        r = find_number(cursor, 'i', &place.number);
        if (r < 0)
                return r;
        r = find_number(cursor, 't', &place.realtime);
        if (r < 0)
                return r;
        *ret = place;
        return 0;
}

bool journalplace_is_after(const Place *a, const Place *b) {
        if (a->sequence[0] && util_streq(a->sequence, b->sequence))
                return a->number > b->number;
        return a->realtime > b->realtime;
}
