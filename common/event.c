/* Events as lines of text: TIME KIND PATH KEY=VALUE... The fields of each kind are one table that serves both directions, so
 * that they cannot part. Text values are escaped (\xNN for blanks, backslashes and control characters). */
#include "event.h"

#include "event-fields.h"

#include <stdarg.h>
#include <stdio.h>

const char *event_kind_name(EventKind kind) {
        return kind >= 0 && kind < _EVENT_KIND_MAX ? event_fields[kind].name : "unknown";
}

typedef struct Out {
        char *buf;
        size_t used;
} Out;

static _printf_(2, 3) void put(Out *out, const char *format, ...) {
        size_t left = EVENT_LINE_MAX - out->used;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(out->buf + out->used, left, format, ap);
        va_end(ap);
        if (n > 0)
                out->used += MIN((size_t) n, left - 1);
}

static bool must_escape(unsigned char c) {
        return c <= ' ' || c == '\\' || c == 0x7f;
}

/* The flight recorder writes every event: most of a line is text. */
static void put_text(Out *out, const char *text) {
        for (; *text; text++)
                if (must_escape((unsigned char) *text))
                        put(out, "\\x%02x", (unsigned char) *text);
                else if (out->used + 1 < EVENT_LINE_MAX) {
                        out->buf[out->used++] = *text;
                        out->buf[out->used] = 0;
                }
}

static void put_field(Out *out, const Field *field, const void *at) {
        put(out, " %s=", field->key);
        switch (field->type) {
        case FIELD_U64:
                if (*(const uint64_t *) at == UINT64_MAX)
                        put(out, "max");
                else
                        put(out, "%llu", *(const unsigned long long *) at);
                break;
        case FIELD_U32:
                put(out, "%u", *(const uint32_t *) at);
                break;
        case FIELD_INT:
                put(out, "%d", *(const int *) at);
                break;
        case FIELD_BOOL:
                put(out, "%d", *(const bool *) at ? 1 : 0);
                break;
        case FIELD_TEXT:
                put_text(out, at);
                break;
        case FIELD_SOURCE:
                put(out, "%s", source_name(*(const WitnessKind *) at));
                break;
        case FIELD_FACT:
                put(out, "%s", fact_name(*(const Fact *) at));
                break;
        case FIELD_SCOPE:
                put(out, "%s", scope_name(*(const Scope *) at));
                break;
        }
}

static bool is_zero(const char *at, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (at[i] != 0)
                        return false;
        return true;
}

int event_format(const Event *event, char buf[static EVENT_LINE_MAX]) {
        Out out = {.buf = buf};

        buf[0] = 0;
        put(&out, "%llu %s ", (unsigned long long) event->time, event_kind_name(event->kind));
        put_text(&out, event->path[0] ? event->path : "-");
        for (size_t i = 0; i < event_fields[event->kind].n_fields; i++) {
                const Field *field = &event_fields[event->kind].fields[i];
                const char *at = (const char *) event + field->offset;

                if (!event_fields[event->kind].sparse || !is_zero(at, field->type == FIELD_TEXT ? 1 : field->size))
                        put_field(&out, field, at);
        }
        return (int) out.used;
}

/* Copies the next word of the line, unescaped; returns what follows it, or NULL when it is missing, too long or badly
 * escaped, or has a blank behind it and nothing more. */
static const char *take_word(const char *line, char *ret, size_t size) {
        size_t n = 0;

        while (*line && *line != ' ') {
                unsigned value = (unsigned char) *line++;

                if (value == '\\') {
                        char digits[3] = {0}, *end;

                        if (line[0] != 'x' || strspn(line + 1, "0123456789abcdef") < 2)
                                return NULL;
                        memcpy(digits, line + 1, 2);
                        value = (unsigned) strtoul(digits, &end, 16);
                        if (*end || value == 0 || !must_escape((unsigned char) value))
                                return NULL;
                        line += 3;
                } else if (must_escape((unsigned char) value))
                        return NULL;
                if (n + 1 >= size)
                        return NULL;
                ret[n++] = (char) value;
        }
        ret[n] = 0;
        if (n == 0 || (line[0] == ' ' && line[1] == 0))
                return NULL;
        return *line == ' ' ? line + 1 : line;
}

static int parse_number(const char *text, uint64_t bound, uint64_t *ret) {
        unsigned long long value;
        char *end;

        if (util_streq(text, "max") && bound == UINT64_MAX) {
                *ret = UINT64_MAX;
                return 0;
        }
        if (*text < '0' || *text > '9')
                return -EINVAL;
        errno = 0;
        value = strtoull(text, &end, 10);
        if (errno != 0 || *end || value > bound)
                return -EINVAL;
        *ret = value;
        return 0;
}

static int parse_int(const char *text, int *ret) {
        bool negative = *text == '-';
        uint64_t value;
        int r;

        r = parse_number(text + negative, INT32_MAX, &value);
        if (r < 0)
                return r;
        *ret = negative ? -(int) value : (int) value;
        return 0;
}

static const char *source_at(int i) {
        return i < _WITNESS_KIND_MAX ? source_name((WitnessKind) i) : NULL;
}

static const char *fact_at(int i) {
        return i < _FACT_MAX ? fact_name((Fact) i) : NULL;
}

static const char *scope_at(int i) {
        return i < _SCOPE_MAX ? scope_name((Scope) i) : NULL;
}

/* The enums of witness.h, which are ints to the compiler. */
static int parse_word(const char *(*name_at)(int i), const char *text, void *at) {
        for (int i = 0; name_at(i); i++)
                if (util_streq(name_at(i), text)) {
                        memcpy(at, &i, sizeof(i));
                        return 0;
                }
        return -EINVAL;
}

static int parse_field(const Field *field, const char *text, void *at) {
        uint64_t value = 0;
        int r;

        switch (field->type) {
        case FIELD_U64:
                return parse_number(text, UINT64_MAX, at);
        case FIELD_U32:
                r = parse_number(text, UINT32_MAX, &value);
                if (r >= 0)
                        *(uint32_t *) at = (uint32_t) value;
                return r;
        case FIELD_INT:
                return parse_int(text, at);
        case FIELD_BOOL:
                r = parse_number(text, 1, &value);
                if (r >= 0)
                        *(bool *) at = value == 1;
                return r;
        case FIELD_TEXT:
                if (strlen(text) >= field->size)
                        return -EINVAL;
                memcpy(at, text, strlen(text) + 1);
                return 0;
        case FIELD_SOURCE:
                return parse_word(source_at, text, at);
        case FIELD_FACT:
                return parse_word(fact_at, text, at);
        case FIELD_SCOPE:
                return parse_word(scope_at, text, at);
        }
        return -EINVAL;
}

static int parse_assignment(Event *event, char *word) {
        char *value = strchr(word, '=');

        if (!value)
                return -EINVAL;
        *value++ = 0;
        for (size_t i = 0; i < event_fields[event->kind].n_fields; i++) {
                const Field *field = &event_fields[event->kind].fields[i];

                if (util_streq(field->key, word))
                        return parse_field(field, value, (char *) event + field->offset);
        }
        return -EINVAL;
}

static int parse_kind(const char *word, EventKind *ret) {
        for (EventKind kind = 0; kind < _EVENT_KIND_MAX; kind++)
                if (util_streq(event_fields[kind].name, word)) {
                        *ret = kind;
                        return 0;
                }
        return -EINVAL;
}

bool event_has_its_path(const Event *event) {
        if (event->path[0])
                return unitname_path_is_valid(event->path);
        return event->kind == EVENT_TICK || event->kind == EVENT_PAUSE || event->kind == EVENT_RESUME ||
               event->kind == EVENT_WITNESS || event->kind == EVENT_HOST;
}

int event_parse(const char *line, Event *ret) {
        char word[CGROUP_PATH_MAX + 32]; /* KEY=PATH */
        Event event = {0};

        line = take_word(line, word, sizeof(word));
        if (!line || parse_number(word, UINT64_MAX, &event.time) < 0)
                return -EINVAL;
        line = take_word(line, word, sizeof(word));
        if (!line || parse_kind(word, &event.kind) < 0)
                return -EINVAL;
        line = take_word(line, event.path, sizeof(event.path));
        if (!line)
                return -EINVAL;
        if (util_streq(event.path, "-"))
                event.path[0] = 0;
        if (!event_has_its_path(&event))
                return -EINVAL;
        while (*line) {
                line = take_word(line, word, sizeof(word));
                if (!line || parse_assignment(&event, word) < 0)
                        return -EINVAL;
        }
        *ret = event;
        return 0;
}
