/* Escapes are those of RFC 8259; unknown ones stand for themselves. */
#include "tracejson.h"

static void skip_blanks(Span *line) {
        while (line->n > 0 && (line->p[0] == ' ' || line->p[0] == '\t'))
                *line = span_from(*line, 1);
}

/* Takes a text off that begins behind a quote, its closing quote too. The end of the line closes as well. */
static Span take_quoted(Span *line) {
        Span text = *line;

        for (size_t i = 0; i < text.n; i++) {
                if (text.p[i] == '\\')
                        i++;
                else if (text.p[i] == '"') {
                        *line = span_from(*line, i + 1);
                        return span_first(text, i);
                }
        }
        *line = span_from(*line, line->n);
        return text;
}

/* Takes a number or a word off. */
static Span take_bare(Span *line) {
        Span text = *line;
        size_t n = 0;

        while (n < text.n && !strchr(",]}[{\" \t", text.p[n]))
                n++;
        *line = span_from(*line, n);
        return span_first(text, n);
}

/* The word before `=` where a quote opens behind it. */
static Span logfmt_key(Span line, const char *quote) {
        const char *end = quote, *start;

        if (end == line.p || end[-1] != '=')
                return (Span){quote, 0};
        for (start = --end; start > line.p && (span_is_word_byte(start[-1]) || start[-1] == '.'); start--)
                ;
        return (Span){start, (size_t) (end - start)};
}

bool tracejson_next(Span *line, JsonItem *ret) {
        for (;;) {
                const char *quote = line->n > 0 ? memchr(line->p, '"', line->n) : NULL;
                if (!quote)
                        return false;
                *ret = (JsonItem){.key = logfmt_key(*line, quote), .quoted = true};
                *line = span_from(*line, (size_t) (quote - line->p) + 1);
                ret->text = take_quoted(line);

                skip_blanks(line);
                if (!span_skip(line, SPAN(":")))
                        return true;
                skip_blanks(line);
                ret->key = ret->text;
                ret->quoted = span_skip(line, SPAN("\""));
                ret->text = ret->quoted ? take_quoted(line) : take_bare(line);
                if (ret->quoted || ret->text.n > 0)
                        return true;
        }
}

static int hex_digit(char c) {
        if (span_is_digit(c))
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -EINVAL;
}

/* "\u2026" as UTF-8; halves of a surrogate pair and what has no meaning become '?'. Returns how many bytes. */
static size_t decode_u(Span digits, char out[static 3]) {
        uint32_t c = 0;

        for (size_t i = 0; i < 4; i++) {
                int digit = i < digits.n ? hex_digit(digits.p[i]) : -EINVAL;
                if (digit < 0) {
                        out[0] = '?';
                        return 1;
                }
                c = c << 4 | (uint32_t) digit;
        }
        if (c >= 0xd800 && c < 0xe000)
                c = '?';
        if (c < 0x80) {
                out[0] = (char) c;
                return 1;
        }
        if (c < 0x800) {
                out[0] = (char) (0xc0 | c >> 6);
                out[1] = (char) (0x80 | (c & 0x3f));
                return 2;
        }
        out[0] = (char) (0xe0 | c >> 12);
        out[1] = (char) (0x80 | (c >> 6 & 0x3f));
        out[2] = (char) (0x80 | (c & 0x3f));
        return 3;
}

/* Takes one character off. Returns how many bytes it has; '\n' ends a line. */
static size_t decode_one(Span *text, char out[static 3]) {
        static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
        char c = text->p[0];

        *text = span_from(*text, 1);
        out[0] = c;
        if (c != '\\' || text->n == 0)
                return 1;
        c = text->p[0];
        if (c == 'u') {
                size_t n = decode_u(span_from(*text, 1), out);
                *text = span_from(*text, 5);
                return n;
        }
        for (size_t i = 0; i + 1 < sizeof(escapes); i += 2)
                if (escapes[i] == c) {
                        out[0] = escapes[i + 1];
                        *text = span_from(*text, 1);
                        break;
                }
        return 1;
}

bool tracejson_next_line(Span *text, char *buf, size_t size, Span *ret) {
        size_t used = 0;

        if (text->n == 0)
                return false;
        while (text->n > 0) {
                char out[3];
                size_t n = decode_one(text, out);

                if (out[0] == '\n')
                        break;
                if (used + n <= size) {
                        memcpy(buf + used, out, n);
                        used += n;
                }
        }
        if (used > 0 && buf[used - 1] == '\r')
                used--;
        *ret = (Span){buf, used};
        return true;
}

bool tracejson_is_class_key(Span key, bool *ret_frames) {
        static const Span keys[] = {
                SPAN("exc_type"),       SPAN("exception_type"), SPAN("exception.type"), SPAN("exception_class"),
                SPAN("error_type"),     SPAN("error.type"),     SPAN("error.kind"),     SPAN("error_class"),
                SPAN("exc_class"),      SPAN("exc_name"),       SPAN("exception"),      SPAN("error"),
        };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (span_is(key, keys[i])) {
                        *ret_frames = i == 0;
                        return true;
                }
        return false;
}
