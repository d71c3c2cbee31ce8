/* A process's output of any kind: what is found is text for people, comes in time, and does not depend on how the lines
 * were cut into entries. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "traceback.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define START ((usec_t) 1000000)
#define FOUND_MAX 64

typedef struct Seen {
        Finding findings[FOUND_MAX];
        size_t n;
} Seen;

static void require(bool good) {
        if (!good)
                abort();
}

static void require_text(const char *text, size_t size) {
        uint32_t c;
        int n;

        require(memchr(text, 0, size) != NULL);
        for (; (n = utf8_next(text, &c)) != 0; text += n)
                require(n > 0 && utf8_is_printable(c));
}

static void note(void *userdata, const Finding *finding) {
        Seen *seen = userdata;

        require_text(finding->word, sizeof(finding->word));
        require_text(finding->site, sizeof(finding->site));
        require_text(finding->text, sizeof(finding->text));
        require(finding->word[0] != 0 && finding->text[0] != 0 && finding->count > 0 && finding->at >= START);
        require(finding->fact == FACT_MEMORY_ERROR || finding->fact == FACT_NOT_MEMORY ||
                finding->fact == FACT_RUNTIME);
        if (seen->n < FOUND_MAX)
                seen->findings[seen->n++] = *finding;
}

/* The entry lies alone in memory, so that a byte read past its end is seen. */
static void feed(TracebackStream *stream, usec_t now, Span entry, Seen *seen) {
        FindingHandlers handlers = {seen, note};
        char *copy = malloc(entry.n > 0 ? entry.n : 1);

        memcpy(copy, entry.p, entry.n);
        traceback_feed(stream, now, copy, entry.n, &handlers);
        free(copy);
        usec_t deadline = traceback_deadline(stream);
        require(deadline == USEC_INFINITY || (deadline > now && deadline <= now + TRACEBACK_HOLD));
}

static void end(TracebackStream *stream, Seen *seen) {
        FindingHandlers handlers = {seen, note};

        traceback_end(stream, &handlers);
        require(traceback_deadline(stream) == USEC_INFINITY);
}

static void by_line(Span text, usec_t step, Seen *seen) {
        TracebackStream stream = {0};
        Span line;

        for (usec_t now = START; span_next_line(&text, &line); now += step)
                feed(&stream, now, line, seen);
        end(&stream, seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static Seen whole, lines, slow;
        Span text = {(const char *) data, size};
        TracebackStream stream = {0};

        whole.n = lines.n = slow.n = 0;
        feed(&stream, START, text, &whole);
        end(&stream, &whole);
        by_line(text, 0, &lines);
        require(whole.n == lines.n);
        for (size_t i = 0; i < whole.n; i++)
                require(memcmp(&whole.findings[i], &lines.findings[i], sizeof(Finding)) == 0);

        /* With time between, too: a pause is an input like any other. */
        by_line(text, size > 0 ? (usec_t) data[0] * 4 * USEC_PER_MSEC : 0, &slow);
        return 0;
}
