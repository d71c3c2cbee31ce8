/* See journaltalk.h. */
#include "journaltalk.h"

#include <stdio.h>

static const struct {
        const char *word;
        bool has_unit, has_cursor, has_since;
} kinds[] = {
        [TALK_CURSOR] = {"cursor", .has_cursor = true},
        [TALK_FOLLOW] = {"follow", .has_unit = true},
        [TALK_UNFOLLOW] = {"unfollow", .has_unit = true},
        [TALK_COMMIT] = {.word = "commit"},
        [TALK_READ] = {"read", .has_unit = true, .has_since = true},
        [TALK_MUTED] = {"muted", .has_unit = true},
        [TALK_READY] = {.word = "ready"},
};
static_assert(ELEMENTSOF(kinds) == _TALK_KIND_MAX, "a kind of talk has no word");

int journaltalk_format(const Talk *talk, char buf[static JOURNALTALK_MAX]) {
        const char *operand = kinds[talk->kind].has_unit     ? talk->unit
                              : kinds[talk->kind].has_cursor ? talk->cursor
                                                             : NULL;
        int n;

        n = snprintf(buf, JOURNALTALK_MAX, "%s%s%s", kinds[talk->kind].word, operand ? " " : "", operand ? operand : "");
        if (kinds[talk->kind].has_since)
                n += snprintf(buf + n, JOURNALTALK_MAX - (size_t) n, " %llu", (unsigned long long) talk->since);
        return n;
}

static int parse_since(const char *text, usec_t *ret) {
        unsigned long long value;
        char *end;

        if (*text < '0' || *text > '9')
                return -EINVAL;
        errno = 0;
        value = strtoull(text, &end, 10);
        if (errno != 0 || *end)
                return -EINVAL;
        *ret = value;
        return 0;
}

/* Copies what stands up to the next blank, and returns what stands behind that; NULL when it is nothing or too long. */
static const char *take(const char *text, char *ret, size_t size) {
        size_t n = strcspn(text, " ");

        if (n == 0 || n >= size)
                return NULL;
        memcpy(ret, text, n);
        ret[n] = 0;
        return text + n;
}

static int parse_operands(const char *rest, Talk *talk) {
        if (kinds[talk->kind].has_unit || kinds[talk->kind].has_cursor) {
                if (*rest++ != ' ')
                        return -EINVAL;
                if (kinds[talk->kind].has_unit)
                        rest = take(rest, talk->unit, sizeof(talk->unit));
                else
                        rest = take(rest, talk->cursor, sizeof(talk->cursor));
                if (!rest)
                        return -EINVAL;
        }
        if (kinds[talk->kind].has_unit && unitname_type(talk->unit) == UNIT_NONE)
                return -EINVAL;
        if (kinds[talk->kind].has_cursor && !journalplace_is_cursor(talk->cursor))
                return -EINVAL;
        if (kinds[talk->kind].has_since)
                return *rest == ' ' ? parse_since(rest + 1, &talk->since) : -EINVAL;
        return *rest ? -EINVAL : 0;
}

int journaltalk_parse(const char *line, Talk *ret) {
        Talk talk = {};
        char word[16];
        const char *rest;
        int r;

        rest = take(line, word, sizeof(word));
        if (!rest)
                return -EINVAL;
        for (talk.kind = 0; talk.kind < _TALK_KIND_MAX; talk.kind++)
                if (util_streq(kinds[talk.kind].word, word)) {
                        r = parse_operands(rest, &talk);
                        if (r >= 0)
                                *ret = talk;
                        return r;
                }
        return -EINVAL;
}
