/* Events as lines of text: TIME KIND PATH KEY=VALUE... The fields of each kind are one table that serves both directions, so
 * that they cannot part. Text values are escaped (\xNN for blanks, backslashes and control characters). */
#include "event.h"

#include <stdarg.h>
#include <stdio.h>

typedef enum FieldType {
        FIELD_U64,
        FIELD_U32,
        FIELD_INT,
        FIELD_BOOL,
        FIELD_TEXT,
        FIELD_SOURCE,
        FIELD_FACT,
        FIELD_SCOPE,
} FieldType;

typedef struct Field {
        const char *key;
        FieldType type;
        size_t offset, size;
} Field;

#define FIELD(key, type, member) {key, type, offsetof(Event, member), sizeof(((Event *) 0)->member)}
#define SAMPLE_FIELDS(s)                                                                                               \
        FIELD("current", FIELD_U64, s.current), FIELD("ws", FIELD_U64, s.working_set),                                 \
                FIELD("anon", FIELD_U64, s.anon), FIELD("file", FIELD_U64, s.file),                                    \
                FIELD("shmem", FIELD_U64, s.shmem), FIELD("kernel", FIELD_U64, s.kernel),                              \
                FIELD("swap", FIELD_U64, s.swap), FIELD("limit", FIELD_U64, s.limit),                                  \
                FIELD("own_max", FIELD_U64, s.own_max), FIELD("high_now", FIELD_U64, s.high),                          \
                FIELD("available", FIELD_U64, s.available), FIELD("swap_free", FIELD_U64, s.swap_free),                \
                FIELD("host_free", FIELD_U64, s.host_free), FIELD("host_cached", FIELD_U64, s.host_cached),            \
                FIELD("stolen", FIELD_U64, s.stolen),                                                                  \
                FIELD("n_high", FIELD_U64, s.ev_high), FIELD("n_max", FIELD_U64, s.ev_max),                            \
                FIELD("n_oom", FIELD_U64, s.ev_oom), FIELD("n_oom_kill", FIELD_U64, s.ev_oom_kill)

static const Field start_fields[] = {
        FIELD("invocation", FIELD_TEXT, start.invocation),
        FIELD("fresh", FIELD_BOOL, start.fresh),
        FIELD("operator_high", FIELD_U64, start.operator_high),
        SAMPLE_FIELDS(start.sample),
};
static const Field named_fields[] = {FIELD("invocation", FIELD_TEXT, named.invocation)};
static const Field sample_fields[] = {SAMPLE_FIELDS(sample)};
static const Field pressure_fields[] = {
        FIELD("some", FIELD_U64, pressure.some_total),
        FIELD("full", FIELD_U64, pressure.full_total),
};
static const Field high_fields[] = {FIELD("bytes", FIELD_U64, high.bytes)};
static const Field done_fields[] = {
        FIELD("id", FIELD_U32, done.id),           FIELD("result", FIELD_INT, done.result),
        FIELD("freed", FIELD_U64, done.freed),     FIELD("latency", FIELD_U64, done.latency),
        FIELD("detail", FIELD_TEXT, done.detail),
};
static const Field drill_fields[] = {FIELD("rung", FIELD_TEXT, drill.rung)};
static const Field witness_fields[] = {
        FIELD("source", FIELD_SOURCE, witness.source),
        FIELD("fact", FIELD_FACT, witness.fact),
        FIELD("at", FIELD_U64, witness.at),
        FIELD("pid", FIELD_INT, witness.pid),
        FIELD("code", FIELD_INT, witness.code),
        FIELD("status", FIELD_INT, witness.status),
        FIELD("weak", FIELD_BOOL, witness.weak),
        FIELD("scope", FIELD_SCOPE, witness.scope),
        FIELD("bytes", FIELD_U64, witness.bytes),
        FIELD("invocation", FIELD_TEXT, witness.invocation),
        FIELD("unit", FIELD_TEXT, witness.unit),
        FIELD("comm", FIELD_TEXT, witness.comm),
        FIELD("word", FIELD_TEXT, witness.word),
        FIELD("limit", FIELD_TEXT, witness.limit),
        FIELD("site", FIELD_TEXT, witness.site),
        FIELD("text", FIELD_TEXT, witness.text),
        FIELD("start", FIELD_U64, witness.look.start),
        FIELD("as", FIELD_U64, witness.look.as_limit),
        FIELD("data", FIELD_U64, witness.look.data_limit),
        FIELD("vm_size", FIELD_U64, witness.look.vm_size),
        FIELD("vm_peak", FIELD_U64, witness.look.vm_peak),
        FIELD("vm_data", FIELD_U64, witness.look.vm_data),
        FIELD("maps", FIELD_U64, witness.look.maps),
        FIELD("maps_limit", FIELD_U64, witness.look.maps_limit),
        FIELD("overcommit", FIELD_U64, witness.look.overcommit),
        FIELD("commit_limit", FIELD_U64, witness.look.commit_limit),
        FIELD("committed", FIELD_U64, witness.look.committed),
        FIELD("ram_and_swap", FIELD_U64, witness.look.ram_and_swap),
};
static const Field ledger_fields[] = {
        FIELD("inode", FIELD_U64, ledger.inode),
        FIELD("oom", FIELD_U64, ledger.oom),
        FIELD("oom_kill", FIELD_U64, ledger.oom_kill),
        FIELD("oom_group_kill", FIELD_U64, ledger.oom_group_kill),
        FIELD("local_oom", FIELD_U64, ledger.local_oom),
};

#define KIND(word, f) {word, f, ELEMENTSOF(f), false}

static const struct {
        const char *name;
        const Field *fields;
        size_t n_fields;
        bool sparse; /* fields that say nothing are left out */
} kinds[] = {
        [EVENT_TICK] = {"tick", NULL, 0, false},
        [EVENT_START] = KIND("start", start_fields),
        [EVENT_NAMED] = KIND("named", named_fields),
        [EVENT_STOP] = {"stop", NULL, 0, false},
        [EVENT_SAMPLE] = KIND("sample", sample_fields),
        [EVENT_PRESSURE] = KIND("pressure", pressure_fields),
        [EVENT_HIGH] = KIND("high", high_fields),
        [EVENT_DONE] = KIND("done", done_fields),
        [EVENT_PAUSE] = {"pause", NULL, 0, false},
        [EVENT_RESUME] = {"resume", NULL, 0, false},
        [EVENT_DRILL] = KIND("drill", drill_fields),
        [EVENT_WITNESS] = {"witness", witness_fields, ELEMENTSOF(witness_fields), .sparse = true},
        [EVENT_LEDGER] = KIND("ledger", ledger_fields),
};
static_assert(ELEMENTSOF(kinds) == _EVENT_KIND_MAX, "an event kind has no fields");

const char *event_kind_name(EventKind kind) {
        return kind >= 0 && kind < _EVENT_KIND_MAX ? kinds[kind].name : "unknown";
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

static void put_text(Out *out, const char *text) {
        for (; *text; text++)
                if (must_escape((unsigned char) *text))
                        put(out, "\\x%02x", (unsigned char) *text);
                else
                        put(out, "%c", *text);
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
        for (size_t i = 0; i < kinds[event->kind].n_fields; i++) {
                const Field *field = &kinds[event->kind].fields[i];
                const char *at = (const char *) event + field->offset;

                if (!kinds[event->kind].sparse || !is_zero(at, field->type == FIELD_TEXT ? 1 : field->size))
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
        for (size_t i = 0; i < kinds[event->kind].n_fields; i++) {
                const Field *field = &kinds[event->kind].fields[i];

                if (util_streq(field->key, word))
                        return parse_field(field, value, (char *) event + field->offset);
        }
        return -EINVAL;
}

static int parse_kind(const char *word, EventKind *ret) {
        for (EventKind kind = 0; kind < _EVENT_KIND_MAX; kind++)
                if (util_streq(kinds[kind].name, word)) {
                        *ret = kind;
                        return 0;
                }
        return -EINVAL;
}

bool event_has_its_path(const Event *event) {
        if (event->path[0])
                return unitname_path_is_valid(event->path);
        return event->kind == EVENT_TICK || event->kind == EVENT_PAUSE || event->kind == EVENT_RESUME ||
               event->kind == EVENT_WITNESS;
}

int event_parse(const char *line, Event *ret) {
        char word[CGROUP_PATH_MAX];
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
