/* See moduletalk.h. One table of fields serves both directions, so that they cannot part. */
#include "moduletalk.h"

#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

typedef enum TalkType {
        TALK_NUMBER,
        TALK_FLAG,
        TALK_TEXT,
} TalkType;

typedef struct TalkField {
        const char *key;
        TalkType type;
        unsigned kinds; /* bit i: ModuleTalkKind i has it */
        size_t offset, size;
} TalkField;

#define IN(kind) (1U << MODULETALK_##kind)
#define FIELD(key, type, kinds, member) {key, type, kinds, offsetof(ModuleTalk, member), sizeof(((ModuleTalk *) 0)->member)}

static const TalkField fields[] = {
        FIELD("protocol", TALK_NUMBER, IN(HELLO), protocol),
        FIELD("python", TALK_TEXT, IN(HELLO), python),
        FIELD("module", TALK_TEXT, IN(HELLO), module),
        FIELD("traced", TALK_FLAG, IN(HELLO), traced),
        FIELD("class", TALK_TEXT, IN(ERROR), class),
        FIELD("where", TALK_TEXT, IN(ERROR), where),
        FIELD("caught", TALK_FLAG, IN(ERROR), caught),
        FIELD("items", TALK_NUMBER, IN(BEAT), beat.items),
        FIELD("queue", TALK_NUMBER, IN(BEAT), beat.queue),
        FIELD("cache", TALK_NUMBER, IN(BEAT), beat.cache),
        FIELD("blocks", TALK_NUMBER, IN(BEAT), beat.blocks),
        FIELD("used", TALK_NUMBER, IN(BEAT), beat.used),
        FIELD("unused", TALK_NUMBER, IN(BEAT), beat.unused),
        FIELD("anon", TALK_NUMBER, IN(BEAT), beat.anon),
        FIELD("traced_bytes", TALK_NUMBER, IN(BEAT), beat.traced),
        FIELD("traced_peak", TALK_NUMBER, IN(BEAT), beat.peak),
        FIELD("id", TALK_NUMBER, IN(DONE) | IN(GREW) | IN(FREE) | IN(SNAPSHOT), id),
        FIELD("freed", TALK_NUMBER, IN(DONE), freed),
        FIELD("refused", TALK_FLAG, IN(DONE), refused),
        FIELD("bytes", TALK_NUMBER, IN(GREW), bytes),
        FIELD("count", TALK_NUMBER, IN(GREW), count),
        FIELD("begin", TALK_FLAG, IN(SNAPSHOT), begin),
        FIELD("site", TALK_TEXT, IN(ERROR) | IN(GREW), site),
        FIELD("text", TALK_TEXT, IN(ERROR) | IN(DONE), text),
};
static_assert(ELEMENTSOF(fields) <= 32, "fields that were given are bits");

static const char *const kinds[] = {
        [MODULETALK_HELLO] = "hello", [MODULETALK_ERROR] = "error", [MODULETALK_BEAT] = "beat",
        [MODULETALK_DONE] = "done",   [MODULETALK_GREW] = "grew",   [MODULETALK_FREE] = "free",
        [MODULETALK_SNAPSHOT] = "snapshot",
};
static_assert(ELEMENTSOF(kinds) == _MODULETALK_KIND_MAX, "a kind has no word");

const char *moduletalk_kind_name(ModuleTalkKind kind) {
        return kind >= 0 && kind < _MODULETALK_KIND_MAX ? kinds[kind] : "unknown";
}

static _printf_(3, 4) void put(char *buf, size_t *used, const char *format, ...) {
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(buf + *used, MODULETALK_MAX - *used, format, ap);
        va_end(ap);
        if (n > 0)
                *used = MIN(*used + (size_t) n, MODULETALK_MAX - 1);
}

static void put_field(char *buf, size_t *used, const TalkField *field, const void *at) {
        switch (field->type) {
        case TALK_NUMBER:
                if (*(const uint64_t *) at != BYTES_INFINITY)
                        put(buf, used, "\n%s=%llu", field->key, *(const unsigned long long *) at);
                break;
        case TALK_FLAG:
                put(buf, used, "\n%s=%d", field->key, *(const bool *) at ? 1 : 0);
                break;
        case TALK_TEXT:
                if (*(const char *) at)
                        put(buf, used, "\n%s=%s", field->key, (const char *) at);
                break;
        }
}

int moduletalk_format(const ModuleTalk *talk, char buf[static MODULETALK_MAX]) {
        size_t used = 0;

        buf[0] = 0;
        put(buf, &used, "%s", kinds[talk->kind]);
        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                if (fields[i].kinds & 1U << talk->kind)
                        put_field(buf, &used, &fields[i], (const char *) talk + fields[i].offset);
        return (int) used;
}

static int parse_number(const char *text, uint64_t *ret) {
        uint64_t value = 0;
        const char *p = text;

        for (; *p >= '0' && *p <= '9'; p++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, *p - '0', &value))
                        return -EINVAL;
        if (p == text || *p || value == BYTES_INFINITY)
                return -EINVAL;
        *ret = value;
        return 0;
}

static int parse_value(const TalkField *field, const char *text, void *at) {
        uint64_t value;
        int r;

        switch (field->type) {
        case TALK_NUMBER:
                return parse_number(text, at);
        case TALK_FLAG:
                r = parse_number(text, &value);
                if (r < 0 || value > 1)
                        return -EINVAL;
                *(bool *) at = value == 1;
                return 0;
        case TALK_TEXT:
                (void) utf8_escape(text, at, field->size); /* what is too long is cut */
                return 0;
        }
        return -EINVAL;
}

static int parse_line(ModuleTalk *talk, char *line, uint32_t *given) {
        char *value = strchr(line, '=');

        if (!value)
                return -EINVAL;
        *value++ = 0;
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                if (!util_streq(fields[i].key, line) || !(fields[i].kinds & 1U << talk->kind))
                        continue;
                if (*given & 1U << i)
                        return -EINVAL;
                *given |= 1U << i;
                return parse_value(&fields[i], value, (char *) talk + fields[i].offset);
        }
        return -EINVAL;
}

static int parse_kind(const char *word, ModuleTalkKind *ret) {
        for (ModuleTalkKind kind = 0; kind < _MODULETALK_KIND_MAX; kind++)
                if (util_streq(kinds[kind], word)) {
                        *ret = kind;
                        return 0;
                }
        return -EINVAL;
}

int moduletalk_parse(const char *data, size_t size, ModuleTalk *ret) {
        ModuleTalk talk = {0};
        char text[MODULETALK_MAX], *rest = text, *line;
        uint32_t given = 0;
        int r;

        if (size >= sizeof(text) || memchr(data, 0, size))
                return -EINVAL;
        memcpy(text, data, size);
        text[size] = 0;
        memset(&talk.beat, 0xff, sizeof(talk.beat)); /* unknown */
        r = parse_kind(strsep(&rest, "\n"), &talk.kind);
        if (r < 0)
                return r;
        while ((line = strsep(&rest, "\n"))) {
                r = parse_line(&talk, line, &given);
                if (r < 0)
                        return r;
        }
        *ret = talk;
        return 0;
}
