/* Lines of a log that claim a MemoryError without showing where it was raised. "KeyError: 'MemoryError'", a list of classes
 * and "MemoryErrorHandler installed" claim none: what stands before the name and behind it decides. */
#include "traceline.h"

#define NAMES_MAX 16 /* how many of the names in one line are looked at: one that claims stands among the first */
#define DOTTED_MAX 256

/* Words that, right before the name, say that one happened. */
static const char *const telling[] = {
        "failed",  "failure", "fail",  "error",  "err",   "critical",   "fatal", "exception", "exc",    "unhandled", "uncaught",
        "caught",  "raised",  "threw", "thrown", "crashed", "aborted",  "died",  "got",       "hit",    "encountered",
        "unexpected", "cause", "reason", "because", "with", "by", "warning",
};

/* Words that make the name a piece of a program. */
static const char *const source_words[] = {"raise", "class", "except", "def", "import", "catch", "assert"};

static bool is_among(Span word, const char *const *words, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (strlen(words[i]) == word.n && strncasecmp(words[i], word.p, word.n) == 0)
                        return true;
        return false;
}

/* The word that ends before p, marks between them left out ("[ERROR] ", "failed: "). A quote is no such mark. */
static Span word_before(Span line, const char *p) {
        const char *end, *start;

        for (end = p; end > line.p && strchr(" :=[]()-", end[-1]) && end[-1] != 0; end--)
                ;
        for (start = end; start > line.p && (span_is_word_byte(start[-1]) || start[-1] == '.'); start--)
                ;
        return (Span){start, (size_t) (end - start)};
}

/* "ERROR:root:MemoryError": the default format of logging, whatever the logger's name. */
static bool is_logged(Span line, const char *name) {
        return name > line.p && name[-1] == ':' &&
               (span_starts(line, SPAN("ERROR:")) || span_starts(line, SPAN("CRITICAL:")) || span_starts(line, SPAN("WARNING:")));
}

static bool is_repr(Span before, Span rest) {
        return rest.n > 1 && !span_starts(rest, SPAN("('Process got: ")) && memchr(rest.p, ')', rest.n) &&
               !is_among(before, source_words, ELEMENTSOF(source_words));
}

/* The name from `name` up to `end` in the line. */
static bool is_claim_at(Span line, const char *name, const char *end) {
        Span rest = {end, (size_t) (line.p + line.n - end)};
        Span before = word_before(line, name);

        if (name > line.p && !strchr(" :=([,", name[-1]))
                return false;
        if (rest.n > 0 && rest.p[0] == '(')
                return is_repr(before, rest);
        if (rest.n > 0 && !(rest.p[0] == ':' && (rest.n == 1 || rest.p[1] == ' ')))
                return false;
        return is_among(before, telling, ELEMENTSOF(telling)) || is_logged(line, name);
}

/* Back from the last letters of a class's name to the first of its module's. */
static const char *dotted_start(Span line, const char *p) {
        const char *least = (size_t) (p - line.p) > DOTTED_MAX ? p - DOTTED_MAX : line.p;

        while (p > least && (span_is_word_byte(p[-1]) || p[-1] == '.'))
                p--;
        return p;
}

static bool is_array_message(Span line) {
        const char *at = span_find(line, SPAN("Unable to allocate "));

        return at && span_find((Span){at, (size_t) (line.p + line.n - at)}, SPAN(" for an array with shape "));
}

/* A piece of an escaped text that was torn off its beginning (48 KiB are a line for the journal), or escaped twice. */
static bool is_escaped(Span line, const char *at, const char *end) {
        size_t n = (size_t) (at - line.p), left = (size_t) (line.p + line.n - end);

        return n >= 2 && at[-1] == 'n' && at[-2] == '\\' && left > 0 && strchr("\\\"'", end[0]);
}

bool traceline_is_claim(Span line) {
        static const Span name = SPAN("MemoryError");
        Span rest;
        const char *at;

        line = span_trim_right(line);
        rest = line;
        if (is_array_message(line))
                return true;
        for (size_t i = 0; i < NAMES_MAX && (at = span_find(rest, name)); i++) {
                const char *end = at + name.n, *start = dotted_start(line, at);
                Span whole = {start, (size_t) (end - start)};

                rest = (Span){end, (size_t) (line.p + line.n - end)};
                if (rest.n > 0 && (span_is_word_byte(rest.p[0]) || rest.p[0] == 0))
                        continue;
                if (is_escaped(line, at, end) || (traceline_is_class(whole) && is_claim_at(line, start, end)))
                        return true;
        }
        return false;
}
