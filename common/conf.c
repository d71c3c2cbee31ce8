/* The lines of a policy file: what is no plain line is refused here, the rest goes through libinih to the handlers.
 *
 * libinih's buffer holds 200 bytes in Debian's build, and what is longer is cut and read on as a line of its own. So
 * only the names go through it, while the value waits here. It also takes an indented line for more of the value
 * before, a ':' for a '=', and knows no line numbers: such lines never reach it, and the lines are counted here. */
#include "conf.h"

#include <ini.h>
#include <stdio.h>

#include "conf-errors.h"
#include "conf-read.h"
#include "utf8.h"

#define BLANKS " \t"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

typedef struct Reader {
        ConfWhere where;
        const char *next, *end;
        const ConfHandlers *handlers;
        void *userdata;
        char line[CONF_LINE_MAX + 1];
        const char *value; /* of the setting whose key libinih has */
        bool carriage_told;
        bool bad;
        int fatal;
} Reader;

#define fail(reader, ...) ((void) conf_fail(&(reader)->where, __VA_ARGS__), (reader)->bad = true)

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* Cuts the blanks at the end off, and returns the first character that is none. */
static char *trim(char *text) {
        size_t length;

        text += strspn(text, BLANKS);
        for (length = strlen(text); length > 0 && is_blank(text[length - 1]); length--)
                text[length - 1] = 0;
        return text;
}

static bool check_characters(Reader *reader) {
        const char *p = reader->line;
        uint32_t c;
        int length;

        while ((length = utf8_next(p, &c)) > 0) {
                if (c != '\t' && !utf8_is_printable(c)) {
                        fail(reader, "the line holds the control character U+%04X; expected plain text", c);
                        return false;
                }
                p += length;
        }
        if (length < 0)
                fail(reader, "the line is no valid UTF-8 at byte %zu; expected plain UTF-8 text",
                     (size_t) (p - reader->line) + 1);
        return length == 0;
}

/* Puts the next line of the file into reader->line. Returns false for one that is refused. */
static bool take_line(Reader *reader) {
        const char *line = reader->next;
        const char *newline = memchr(line, '\n', (size_t) (reader->end - line));
        size_t length = (size_t) ((newline ? newline : reader->end) - line);

        reader->next = newline ? newline + 1 : reader->end;
        reader->where.source.line++;

        if (length > 0 && line[length - 1] == '\r') {
                length--;
                if (!reader->carriage_told)
                        fail(reader, "the line ends in CR LF; expected LF alone, as on Unix, in the whole file");
                reader->carriage_told = true;
        }
        if (length > CONF_LINE_MAX) {
                fail(reader, "the line has %zu bytes; expected at most %d", length, CONF_LINE_MAX);
                return false;
        }
        if (memchr(line, 0, length)) {
                fail(reader, "the line holds a NUL byte; expected plain UTF-8 text");
                return false;
        }
        memcpy(reader->line, line, length);
        reader->line[length] = 0;
        return check_characters(reader);
}

static void skip_mark(Reader *reader) {
        if (reader->end - reader->next < 3 || memcmp(reader->next, "\xef\xbb\xbf", 3) != 0)
                return;
        (void) conf_errors_add(reader->where.errors, reader->where.path, 1,
                               "the file begins with a byte order mark; expected plain UTF-8 without one");
        reader->bad = true;
        reader->next += 3;
}

/* What a handler returned. */
static void note(Reader *reader, int r) {
        if (r == -EBADMSG)
                reader->bad = true;
        else if (r < 0)
                reader->fatal = r;
}

static void section_line(Reader *reader, char *text, char *ret, size_t size) {
        size_t inside = strcspn(text + 1, "]");
        char *name = text + 1, *rest = name + inside;
        char shown[CONF_SHOWN_MAX];

        if (*rest == 0)
                fail(reader, "\"%s\" has no closing bracket; expected [SECTION]", conf_shorten(text, shown));
        else {
                *rest++ = 0;
                rest += strspn(rest, BLANKS);
                if (*rest && *rest != ';')
                        fail(reader,
                             "\"%s\" stands behind a section's name; expected nothing there, or a comment with ';'",
                             conf_shorten(rest, shown));
        }
        name = trim(name);
        note(reader, reader->handlers->section(reader->userdata, reader->where.source.line, name));
        (void) snprintf(ret, size, "[%s]\n",
                        name[strspn(name, LETTERS "-_" BLANKS)] || strlen(name) >= CONF_NAME_MAX ? "?" : name);
}

/* A ';' behind a blank begins a comment, as libinih has it. A '#' there is surely meant as one, and would otherwise
 * become part of the value. */
static char *cut_comment(Reader *reader, char *value) {
        for (char *p = value; *p; p++) {
                if (p == value || !is_blank(p[-1]))
                        continue;
                if (*p == '#')
                        fail(reader, "a '#' stands behind a value; expected ';' to begin a comment there");
                if (*p == '#' || *p == ';') {
                        *p = 0;
                        break;
                }
        }
        return trim(value);
}

static bool setting_line(Reader *reader, char *text, char *ret, size_t size) {
        char *equals = strchr(text, '='), *key;
        char shown[CONF_SHOWN_MAX];

        if (!equals) {
                fail(reader, "\"%s\" has no '='; expected KEY=VALUE or [SECTION]", conf_shorten(text, shown));
                return false;
        }
        *equals = 0;
        key = trim(text);
        if (*key == 0 || key[strspn(key, LETTERS)] != 0 || strlen(key) >= CONF_NAME_MAX) {
                fail(reader, "\"%s\" is no key; expected KEY=VALUE with a key of letters", conf_shorten(key, shown));
                return false;
        }
        reader->value = cut_comment(reader, equals + 1);
        (void) snprintf(ret, size, "%s=\n", key);
        return true;
}

/* Turns reader->line into what libinih shall see of it. Returns false when that is nothing. */
static bool translate(Reader *reader, char *ret, size_t size) {
        char *text = reader->line + strspn(reader->line, BLANKS);

        if (strchr(";#", *text)) /* or at the end of the line */
                return false;
        if (text != reader->line)
                fail(reader,
                     "the line is indented; expected it to begin with a key (a value can't go on in a new line)");
        if (*text == '[') {
                section_line(reader, text, ret, size);
                return true;
        }
        return text == reader->line && setting_line(reader, text, ret, size);
}

/* The reader that libinih calls like fgets(). */
static char *next_line(char *buf, int size, void *stream) {
        Reader *reader = stream;

        if (size < CONF_NAME_MAX + 4)
                reader->fatal = -EOPNOTSUPP;
        while (reader->fatal == 0 && reader->next < reader->end)
                if (take_line(reader) && translate(reader, buf, (size_t) size))
                        return buf;
        return NULL;
}

static int on_setting(void *user, const char *section, const char *key, const char *value) {
        Reader *reader = user;

        (void) value;
        if (!key) /* some builds tell of a new section this way */
                return 1;
        note(reader,
             reader->handlers->setting(reader->userdata, reader->where.source.line, section, key, reader->value));
        return 1;
}

int conf_read(const char *path, const char *text, size_t size, const ConfHandlers *handlers, void *userdata,
              ConfErrors *errors) {
        Reader reader = {
                .where = {.errors = errors, .path = path},
                .next = text,
                .end = text + size,
                .handlers = handlers,
                .userdata = userdata,
        };
        int r;

        if (size == 0)
                return 0;
        skip_mark(&reader);
        r = ini_parse_stream(next_line, &reader, on_setting, &reader);
        if (r == -2)
                return -ENOMEM;
        if (reader.fatal < 0)
                return reader.fatal;
        return reader.bad || r != 0 ? -EBADMSG : 0;
}
