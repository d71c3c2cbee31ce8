#include "conf-errors.h"

#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

#define TEXT_MAX 1024
#define WORD_MAX 32 /* the words we know are shorter; longer ones resemble none of them */

void conf_errors_done(ConfErrors *errors) {
        for (unsigned i = 0; i < errors->n_items; i++)
                free(errors->items[i].text);
        *errors = (ConfErrors){0};
}

static bool is_known(const ConfErrors *errors, const char *text) {
        for (unsigned i = 0; i < errors->n_items; i++)
                if (util_streq(errors->items[i].text, text))
                        return true;
        return false;
}

/* Takes the text; NULL counts as an error that found no room. */
static void append(ConfErrors *errors, char *text) {
        if (!text || errors->n_items >= CONF_ERRORS_MAX) {
                errors->n_dropped++;
                free(text);
                return;
        }
        errors->items[errors->n_items++].text = text;
}

int conf_errors_add(ConfErrors *errors, const char *file, unsigned line, const char *format, ...) {
        char what[TEXT_MAX], raw[2 * TEXT_MAX], text[2 * TEXT_MAX];
        va_list arguments;

        if (!errors)
                return -EBADMSG;

        va_start(arguments, format);
        (void) vsnprintf(what, sizeof(what), format, arguments);
        va_end(arguments);
        if (line > 0)
                (void) snprintf(raw, sizeof(raw), "%.*s:%u: %s", TEXT_MAX / 2, file, line, what);
        else
                (void) snprintf(raw, sizeof(raw), "%.*s: %s", TEXT_MAX / 2, file, what);
        (void) utf8_escape(raw, text, sizeof(text));

        if (!is_known(errors, text))
                append(errors, strdup(text));
        return -EBADMSG;
}

const char *conf_shorten(const char *text, char buf[static CONF_SHOWN_MAX]) {
        size_t room = CONF_SHOWN_MAX - sizeof("...");
        size_t length = strnlen(text, CONF_SHOWN_MAX);

        if (length < CONF_SHOWN_MAX) {
                memcpy(buf, text, length + 1);
                return buf;
        }
        while (room > 0 && ((unsigned char) text[room] & 0xc0) == 0x80)
                room--;
        memcpy(buf, text, room);
        memcpy(buf + room, "...", sizeof("..."));
        return buf;
}

static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* How many letters must be changed, added or taken away (Levenshtein); case does not count. */
static unsigned distance(const char *a, const char *b) {
        unsigned row[WORD_MAX + 1], length = (unsigned) strlen(b);

        for (unsigned j = 0; j <= length; j++)
                row[j] = j;
        for (unsigned i = 1; a[i - 1]; i++) {
                unsigned diagonal = row[0];

                row[0] = i;
                for (unsigned j = 1; j <= length; j++) {
                        unsigned changed = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));

                        diagonal = row[j];
                        row[j] = MIN(changed, MIN(row[j], row[j - 1]) + 1);
                }
        }
        return row[length];
}

const char *conf_suggest(const char *word, const char *(*name_at)(unsigned i), char buf[static CONF_SHOWN_MAX]) {
        const char *name, *nearest = NULL;
        unsigned least = strlen(word) > 3 ? 3 : 2;

        if (strlen(word) <= WORD_MAX)
                for (unsigned i = 0; (name = name_at(i)); i++) {
                        unsigned d = strlen(name) <= WORD_MAX ? distance(word, name) : least;

                        if (d < least) {
                                least = d;
                                nearest = name;
                        }
                }
        (void) snprintf(buf, CONF_SHOWN_MAX, "%s%s%s", nearest ? " (did you mean " : "", nearest ? nearest : "",
                        nearest ? "?)" : "");
        return buf;
}
