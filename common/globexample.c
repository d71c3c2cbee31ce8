#include "globexample.h"

#include "unitname.h"

#define FILLER '~' /* not in any unit's name, so no other glob means it by chance */

/* How long the set is that begins here, or 0 when it is never closed, and '[' an ordinary character. */
static size_t set_length(const char *text) {
        const char *p = text + 1;

        if (*p == '!' || *p == '^')
                p++;
        if (*p == ']')
                p++;
        while (*p && *p != ']') {
                const char *class = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;

                p = class ? class + 2 : p + 1;
        }
        return *p ? (size_t) (p - text) + 1 : 0;
}

/* A character of the set; 0 for none that could stand in a name. */
static char from_set(const char *text, size_t length) {
        char set[UNIT_NAME_MAX], one[2] = {FILLER, 0};

        if (length >= sizeof(set))
                return 0;
        memcpy(set, text, length);
        set[length] = 0;
        if (unitname_matches(set, one))
                return FILLER;
        for (one[0] = '!'; one[0] < FILLER; one[0]++)
                if (one[0] != '/' && unitname_matches(set, one))
                        return one[0];
        return 0;
}

int glob_example(const char *glob, char *ret, size_t size) {
        size_t used = 0, length;
        char c;

        while (*glob) {
                length = 1;
                switch (*glob) {
                case '*':
                        length = strspn(glob, "*");
                        c = FILLER;
                        break;
                case '?':
                        c = FILLER;
                        break;
                case '[':
                        length = set_length(glob);
                        c = length > 0 ? from_set(glob, length) : '[';
                        length = MAX(length, 1U);
                        break;
                default:
                        c = *glob;
                        break;
                }
                if (c == 0)
                        return -ENOENT;
                if (used + 1 >= size)
                        return -ENOBUFS;
                ret[used++] = c;
                glob += length;
        }
        if (size == 0)
                return -ENOBUFS;
        ret[used] = 0;
        return 0;
}
