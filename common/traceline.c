/* Shapes of lines are those of CPython 3.8 to 3.14 (Python/traceback.c, Lib/traceback.py). */
#include "traceline.h"

#include <stdio.h>

#include "utf8.h"

typedef struct Shape {
        Span start;
        LineKind kind;
} Shape;

/* Lines known by how they begin. */
static const Shape shapes[] = {
        {SPAN("During handling of the above exception, another exception occurred:"), LINE_CONNECTOR},
        {SPAN("The above exception was the direct cause of the following exception:"), LINE_CONNECTOR},
        {SPAN("Original exception was:"), LINE_CONNECTOR},
        {SPAN("Exception ignored "), LINE_OPENER},
        {SPAN("Exception in thread "), LINE_OPENER},
        {SPAN("Exception in callback "), LINE_OPENER},
        {SPAN("Error in sitecustomize"), LINE_OPENER},
        {SPAN("Error in usercustomize"), LINE_OPENER},
        {SPAN("Error in sys."), LINE_OPENER},
        {SPAN("Error in atexit"), LINE_OPENER},
        {SPAN("╭"), LINE_OTHER}, /* rich draws a box: opener_of() looks at the rest */
        {SPAN("object type name: MemoryError"), LINE_OBJECT},
        {SPAN("Fatal Python error: _PyErr_NoMemory: "), LINE_FATAL},
        {SPAN("Fatal Python error: Out of memory and PyExc_MemoryError "), LINE_FATAL},
        {SPAN("(<class 'MemoryError'>, "), LINE_INFO},
        {SPAN("s_push: parser stack overflow"), LINE_PARSER},
};

static const Span memory_classes[] = {
        SPAN("MemoryError"),
        SPAN("_ArrayMemoryError"),
        SPAN("ArrowMemoryError"),
};

/* What has the name of memory and is not the host's: a GPU's, a database's, a JVM's. */
static const Span foreign_classes[] = {
        SPAN("OutOfMemoryError"),
};

static const Span limit_messages[] = {
        SPAN("Parser stack overflowed"),
        SPAN("Stack overflow"),
};

bool traceline_is_limit(Span message) {
        for (size_t i = 0; i < ELEMENTSOF(limit_messages); i++)
                if (span_starts(message, limit_messages[i]))
                        return true;
        return false;
}

bool traceline_is_echo(Span message) {
        return span_starts(message, SPAN("Process got:"));
}

static bool is_one_of(Span name, const Span *names, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (span_is(name, names[i]))
                        return true;
        return false;
}

static TraceClass class_of(Span name) {
        if (is_one_of(name, memory_classes, ELEMENTSOF(memory_classes)))
                return CLASS_MEMORY;
        for (size_t i = 0; i < ELEMENTSOF(foreign_classes); i++)
                if (span_ends(name, foreign_classes[i]))
                        return CLASS_OTHER;
        return span_ends(name, SPAN("MemoryError")) ? CLASS_SUFFIX : CLASS_OTHER;
}

/* What follows the last dot of a dotted name; "<locals>" may be among its parts. */
static Span last_part(Span name) {
        const char *dot = memrchr(name.p, '.', name.n);

        return dot ? span_from(name, (size_t) (dot - name.p) + 1) : name;
}

bool traceline_is_class(Span text) {
        for (size_t i = 0; i < text.n; i++)
                if (!span_is_word_byte(text.p[i]) && text.p[i] != '.')
                        return false;
        return class_of(last_part(text)) == CLASS_MEMORY;
}

/* Names of classes begin with a capital and hold a small letter: levels of logs ("INFO: ") and names of loggers do not.
 * Modules in C have some that are older than the custom. */
static bool is_class_name(Span name) {
        if (span_ends(name, SPAN("error")) || span_ends(name, SPAN("timeout")))
                return true;
        if (name.n == 0 || (name.p[0] >= 'a' && name.p[0] <= 'z') || span_is_digit(name.p[0]))
                return false;
        for (size_t i = 1; i < name.n; i++)
                if (name.p[i] >= 'a' && name.p[i] <= 'z')
                        return true;
        return false;
}

/* "package.Class", "package.Class: message". */
static bool read_terminal(Span line, TraceLine *ret) {
        size_t n = 0;

        while (n < line.n && (span_is_word_byte(line.p[n]) || strchr(".<>", line.p[n])))
                n++;
        Span name = last_part(span_first(line, n)), rest = span_from(line, n);
        if (!is_class_name(name) ||
            !(rest.n == 0 || (span_skip(&rest, SPAN(":")) && (rest.n == 0 || rest.p[0] == ' '))))
                return false;
        (void) span_skip(&rest, SPAN(" "));
        *ret = (TraceLine){LINE_TERMINAL, class_of(name), name, span_trim_right(rest)};
        return true;
}

static LineKind read_indented(Span line) {
        static const Span file = SPAN("  File \"");

        /* Behind it: the quote that opens must not be the one that closes. */
        if (span_starts(line, file) && span_find(span_from(line, file.n), SPAN("\", line ")))
                return span_find(line, SPAN(", in "))  ? LINE_FRAME
                       : span_find(line, SPAN(" in ")) ? LINE_DUMP
                                                       : LINE_INDENTED;
        while (line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
                line = span_from(line, 1);
        if (span_is(line, SPAN("...")))
                return LINE_ELLIPSIS;
        return LINE_INDENTED;
}

/* A prefix before the header is a log's; blanks or marks of a quotation make it somebody's text. */
static bool is_header(Span line) {
        static const Span header = SPAN("Traceback (most recent call last):");

        if (!span_ends(line, header))
                return false;
        if (line.n == header.n)
                return true;
        for (size_t i = 0; line.p[0] != ' ' && i < line.n - header.n; i++)
                if (span_is_word_byte(line.p[i]))
                        return true;
        return span_starts(line, SPAN("  + Exception Group "));
}

/* Recursion while an exception is normalized has several texts; all of them name the class in the plural. */
static bool is_fatal(Span line) {
        return span_starts(line, SPAN("Fatal Python error: ")) && span_find(line, SPAN("from MemoryErrors")) != NULL;
}

TraceLine traceline_read(Span line) {
        TraceLine terminal;

        line = span_trim_right(line);
        if (line.n == 0)
                return (TraceLine){.kind = LINE_BLANK};
        if (is_header(line))
                return (TraceLine){.kind = LINE_HEADER};
        if (line.p[0] == ' ' || line.p[0] == '\t')
                return (TraceLine){.kind = read_indented(line)};
        if (span_is(line, SPAN("\"\"\"")))
                return (TraceLine){.kind = LINE_QUOTES};
        for (size_t i = 0; i < ELEMENTSOF(shapes); i++)
                if (span_starts(line, shapes[i].start)) {
                        if (shapes[i].kind != LINE_OTHER)
                                return (TraceLine){.kind = shapes[i].kind};
                        return (TraceLine){.kind = span_find(line, SPAN(" Traceback (")) ? LINE_OPENER : LINE_OTHER};
                }
        if (is_fatal(line))
                return (TraceLine){.kind = LINE_FATAL};
        if (read_terminal(line, &terminal))
                return terminal;
        return (TraceLine){.kind = LINE_OTHER};
}

bool traceline_skip_margin(Span *line) {
        size_t n = 0;

        while (n < line->n && line->p[n] == ' ')
                n++;
        if (n < 2 || n == line->n || (line->p[n] != '|' && line->p[n] != '+'))
                return false;
        n += line->p[n] == '|';
        n += n < line->n && line->p[n] == ' ';
        *line = span_from(*line, n);
        return true;
}

bool traceline_is_parsing(Span source) {
        static const Span calls[] = {SPAN("eval("), SPAN("exec("), SPAN("compile(")};

        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                const char *at = span_find(source, calls[i]);
                if (at && at > source.p && !span_is_word_byte(at[-1]) && at[-1] != '.')
                        return true;
        }
        return false;
}

void traceline_copy(Span text, char *buf, size_t size) {
        char part[WITNESS_TEXT_MAX + 1];
        size_t used = 0;

        assert(size > 0 && size <= WITNESS_TEXT_MAX);
        buf[0] = 0;
        while (text.n > 0) {
                /* One more byte than fits: a character that is cut here is past the end of buf. */
                size_t n = strnlen(text.p, MIN(text.n, size));
                memcpy(part, text.p, n);
                part[n] = 0;
                int r = utf8_escape(part, buf + used, size - used);
                if (r < 0)
                        return;
                used += (size_t) r;
                if (n == text.n || text.p[n] != 0)
                        return;
                if (size - used <= 4)
                        return;
                memcpy(buf + used, "\\x00", 5);
                used += 4;
                text = span_from(text, n + 1);
        }
}

void traceline_name_site(Span path, uint64_t number, Span function, char site[static SITE_MAX]) {
        char file[160], name[72];

        if (path.n > sizeof(file) - 1)
                path = span_from(path, path.n - (sizeof(file) - 1));
        traceline_copy(path, file, sizeof(file));
        traceline_copy(function, name, sizeof(name));
        (void) snprintf(site, SITE_MAX, "%s:%llu in %s", file, (unsigned long long) number, name);
}

void traceline_site(Span line, char site[static SITE_MAX]) {
        static const Span middle = SPAN("\", line ");
        Span path = span_from(line, SPAN("  File \"").n), rest;
        const char *at = span_find(path, middle);
        uint64_t number;

        assert(at);
        rest = span_from(path, (size_t) (at - path.p) + middle.n);
        at = span_find(rest, SPAN(" in "));
        if (!at || !span_u64(rest, &number))
                number = 0;
        path.n = (size_t) (rest.p - path.p) - middle.n;
        traceline_name_site(path, number, at ? span_trim_right(span_from(rest, (size_t) (at - rest.p) + 4)) : SPAN("?"),
                            site);
}
