/* See cut.h. */
#include "cut.h"

bool cut_head_word(char **text, const char *word) {
        size_t n = strlen(word);

        if (strncmp(*text, word, n) != 0)
                return false;
        *text += n;
        return true;
}

bool cut_head_u64(char **text, uint64_t *ret) {
        uint64_t value = 0;
        char *p = *text;

        for (; *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
                        return false;
        if (p == *text)
                return false;
        *text = p;
        *ret = value;
        return true;
}

static bool to_pid(uint64_t value, int *ret) {
        if (value == 0 || value > INT32_MAX)
                return false;
        *ret = (int) value;
        return true;
}

bool cut_head_pid(char **text, int *ret) {
        uint64_t value;

        return cut_head_u64(text, &value) && to_pid(value, ret);
}

bool cut_tail_word(char *text, const char *word) {
        size_t length = strlen(text), n = strlen(word);

        if (length < n || !util_streq(text + length - n, word))
                return false;
        text[length - n] = 0;
        return true;
}

bool cut_tail_u64(char *text, uint64_t *ret) {
        char *digits = text + strlen(text), *rest;

        while (digits > text && digits[-1] >= '0' && digits[-1] <= '9')
                digits--;
        rest = digits;
        if (!cut_head_u64(&rest, ret))
                return false;
        *digits = 0;
        return true;
}

bool cut_tail_pid(char *text, int *ret) {
        uint64_t value;

        return cut_tail_u64(text, &value) && to_pid(value, ret);
}

char *cut_last_of(char *text, const char *word) {
        char *last = NULL;

        for (char *at = text; (at = strstr(at, word)); at++)
                last = at;
        return last;
}
