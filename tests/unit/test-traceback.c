/* The reader of tracebacks tells raised MemoryErrors from mentioned ones in every sample, however it is fed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "traceback.h"

#define START (1000 * USEC_PER_SEC)
#define FOUND_MAX 32

typedef struct Seen {
        Finding findings[FOUND_MAX];
        size_t n;
} Seen;

static void note(void *userdata, const Finding *finding) {
        Seen *seen = userdata;

        assert_true(seen->n < FOUND_MAX);
        assert_null(memchr(finding->text, '\n', sizeof(finding->text)));
        seen->findings[seen->n++] = *finding;
}

typedef struct Text {
        char *p;
        size_t n;
} Text;

static Text read_file(const char *name) {
        char path[512];
        Text text = {0};

        (void) snprintf(path, sizeof(path), TEST_DIR "/tracebacks/%s", name);
        FILE *file = fopen(path, "re");
        if (!file)
                fail_msg("cannot open %s", path);
        text.p = calloc(1, 1 << 20);
        text.n = fread(text.p, 1, (1 << 20) - 1, file);
        (void) fclose(file);
        return text;
}

/* Ways of feeding a text; each leaves what was found in *seen. */
static void by_line(Text text, Seen *seen) {
        FindingHandlers handlers = {seen, note};
        TracebackStream stream = {0};
        Span rest = {text.p, text.n}, line;
        usec_t now = START;

        for (; span_next_line(&rest, &line); now += USEC_PER_MSEC)
                traceback_feed(&stream, now, line.p, line.n, &handlers);
        traceback_end(&stream, &handlers);
}

static void as_whole(Text text, Seen *seen) {
        FindingHandlers handlers = {seen, note};
        TracebackStream stream = {0};

        traceback_feed(&stream, START, text.p, text.n, &handlers);
        traceback_flush(&stream, START + TRACEBACK_HOLD, &handlers);
        assert_true(traceback_deadline(&stream) == USEC_INFINITY);
}

static void as_json(Text text, Seen *seen) {
        FindingHandlers handlers = {seen, note};
        TracebackStream stream = {0};
        char *line = malloc(text.n * 6 + 64);
        char *p = stpcpy(line, "{\"level\": \"error\", \"message\": \"");

        for (size_t i = 0; i < text.n; i++) {
                unsigned char c = (unsigned char) text.p[i];
                if (c == '\n')
                        p = stpcpy(p, "\\n");
                else if (c == '"' || c == '\\')
                        p += sprintf(p, "\\%c", c);
                else if (c < 0x20)
                        p += sprintf(p, "\\u%04x", c);
                else
                        *p++ = (char) c;
        }
        p = stpcpy(p, "\", \"pid\": 7}");
        traceback_feed(&stream, START, line, (size_t) (p - line), &handlers);
        traceback_end(&stream, &handlers);
        free(line);
}

/* Between lines of a process that has a stream of its own, and prints half a traceback of its own. */
static void interleaved(Text text, Seen *seen) {
        static const char *const others[] = {
                "Traceback (most recent call last):", "  File \"/other.py\", line 1, in other", "    other()",
                "INFO: unrelated"};
        Seen other_seen = {0};
        FindingHandlers handlers = {seen, note}, other_handlers = {&other_seen, note};
        TracebackStream stream = {0}, other = {0};
        Span rest = {text.p, text.n}, line;
        usec_t now = START;

        for (size_t i = 0; span_next_line(&rest, &line); now += USEC_PER_MSEC, i++) {
                const char *o = others[i % ELEMENTSOF(others)];
                traceback_feed(&other, now, o, strlen(o), &other_handlers);
                traceback_feed(&stream, now, line.p, line.n, &handlers);
        }
        traceback_end(&stream, &handlers);
        traceback_end(&other, &other_handlers);
        assert_int_equal(other_seen.n, 0);
}

typedef struct Sums {
        unsigned strong, weak, not_memory, runtime;
} Sums;

static Sums add_up(const Seen *seen) {
        Sums sums = {0};

        for (size_t i = 0; i < seen->n; i++) {
                const Finding *finding = &seen->findings[i];
                if (finding->fact == FACT_RUNTIME)
                        sums.runtime += finding->count;
                else if (finding->fact == FACT_NOT_MEMORY)
                        sums.not_memory += finding->count;
                else if (finding->weak)
                        sums.weak += finding->count;
                else
                        sums.strong += finding->count;
        }
        return sums;
}

typedef struct Sample {
        char file[128], kind[16], raised[8], note[256], word[32], site[SITE_MAX], bytes[32];
} Sample;

static bool is_any(const char *kind, const char *kinds) {
        const char *at = strstr(kinds, kind);

        return at && (at[strlen(kind)] == ' ' || at[strlen(kind)] == 0);
}

/* What a kind of sample must give. */
static bool sums_fit(const Sample *sample, Sums sums) {
        unsigned raised = (unsigned) strtoul(sample->raised, NULL, 10);
        Sums expected = {0};

        if (util_streq(sample->kind, "STARTUP"))
                return sums.strong >= 1 && sums.weak + sums.not_memory + sums.runtime == 0;
        if (util_streq(sample->raised, ">=1"))
                raised = 1;
        if (is_any(sample->kind, "TP SERVER"))
                expected.strong = raised;
        else if (util_streq(sample->kind, "WEAK"))
                expected.weak = raised;
        else if (util_streq(sample->kind, "NOT_MEMORY"))
                expected.not_memory = raised;
        else if (util_streq(sample->kind, "RUNTIME"))
                expected.runtime = !util_streq(sample->word, "-");
        else
                assert_true(is_any(sample->kind, "FP ENOMEM KILL INVISIBLE OTHER"));
        return memcmp(&sums, &expected, sizeof(sums)) == 0;
}

static bool first_fits(const Sample *sample, const Seen *seen) {
        const char *site = util_streq(sample->site, "-") ? "" : sample->site;
        const Finding *first = &seen->findings[0];

        if (seen->n == 0)
                return util_streq(sample->word, "-");
        return util_streq(first->word, sample->word) && util_streq(first->site, site) && first->text[0] != 0 &&
               first->bytes == strtoull(sample->bytes, NULL, 10);
}

static const struct {
        const char *name;
        void (*feed)(Text text, Seen *seen);
} ways[] = {{"by line", by_line}, {"as a whole", as_whole}, {"as JSON", as_json}, {"interleaved", interleaved}};

/* What is JSON already, or a piece of it, is not put into JSON once more: nobody's formatter does so. A JVM that did
 * not start has no formatter. */
static bool has_no_json(const Sample *sample) {
        static const char *const files[] = {"/json",  "structlog_di", "structlog_js",
                                            "logfmt", "java-native",  "java-refused"};

        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (strstr(sample->file, files[i]))
                        return true;
        return false;
}

static unsigned check_sample(const Sample *sample) {
        unsigned failures = 0;
        Text text = read_file(sample->file);

        for (size_t i = 0; i < ELEMENTSOF(ways); i++) {
                Seen seen = {0};

                if (ways[i].feed == as_json && has_no_json(sample))
                        continue;
                ways[i].feed(text, &seen);
                Sums sums = add_up(&seen);
                if (sums_fit(sample, sums) && first_fits(sample, &seen))
                        continue;
                failures++;
                printf("%-40s %-10s raised %-3s %-11s found %u, weak %u, not memory %u, runtime %u; [%s] at [%s], %llu "
                       "bytes\n",
                       sample->file, sample->kind, sample->raised, ways[i].name, sums.strong, sums.weak,
                       sums.not_memory, sums.runtime, seen.findings[0].word, seen.findings[0].site,
                       (unsigned long long) seen.findings[0].bytes);
        }
        free(text.p);
        return failures;
}

static void all_samples(void **state) {
        Text index = read_file("INDEX.tsv");
        Span rest = {index.p, index.n}, line;
        unsigned failures = 0, n = 0;

        (void) state;
        assert_true(span_next_line(&rest, &line)); /* its heading */
        while (span_next_line(&rest, &line)) {
                Sample sample = {0};
                char *fields[] = {sample.file, sample.kind, sample.raised, sample.note,
                                  sample.word, sample.site, sample.bytes};
                static const size_t sizes[] = {128, 16, 8, 256, 32, SITE_MAX, 32};

                for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                        const char *tab = memchr(line.p, '\t', line.n);
                        size_t length = tab ? (size_t) (tab - line.p) : line.n;
                        assert_true(length < sizes[i]);
                        memcpy(fields[i], line.p, length);
                        line = span_from(line, length + 1);
                }
                failures += check_sample(&sample);
                n++;
        }
        free(index.p);
        assert_true(n > 150);
        assert_int_equal(failures, 0);
}

static void feed(TracebackStream *stream, usec_t now, const char *line, const FindingHandlers *handlers) {
        traceback_feed(stream, now, line, strlen(line), handlers);
}

static void is_out_in_time(void **state) {
        Seen seen = {0};
        FindingHandlers handlers = {&seen, note};
        TracebackStream stream = {0};

        (void) state;
        assert_true(traceback_deadline(&stream) == USEC_INFINITY);
        feed(&stream, START, "Traceback (most recent call last):", &handlers);
        feed(&stream, START, "  File \"/srv/app.py\", line 1, in f", &handlers);
        assert_true(traceback_deadline(&stream) == USEC_INFINITY);
        feed(&stream, START + 5, "MemoryError", &handlers);
        assert_true(traceback_deadline(&stream) == START + 5 + TRACEBACK_HOLD);
        traceback_flush(&stream, START + 4 + TRACEBACK_HOLD, &handlers);
        assert_int_equal(seen.n, 0);
        traceback_flush(&stream, START + 5 + TRACEBACK_HOLD, &handlers);
        assert_int_equal(seen.n, 1);
        assert_true(seen.findings[0].at == START + 5);
        traceback_end(&stream, &handlers);
        assert_int_equal(seen.n, 1);
}

/* The second half of a report that comes after its finding went out. */
static void late_half_is_no_second(void **state) {
        static const char *const late[] = {"\"\"\"",
                                           "",
                                           "The above exception was the direct cause of the following exception:",
                                           "",
                                           "Traceback (most recent call last):",
                                           "  File \"/srv/app.py\", line 9, in main",
                                           "    raise self._value",
                                           "MemoryError"};
        Seen seen = {0};
        FindingHandlers handlers = {&seen, note};
        TracebackStream stream = {0};

        (void) state;
        feed(&stream, START, "Traceback (most recent call last):\n  File \"/srv/app.py\", line 1, in f\nMemoryError",
             &handlers);
        for (size_t i = 0; i < ELEMENTSOF(late); i++)
                feed(&stream, START + 400 * USEC_PER_MSEC + i, late[i], &handlers);
        traceback_end(&stream, &handlers);
        assert_int_equal(seen.n, 1);
        assert_string_equal(seen.findings[0].site, "/srv/app.py:1 in f");
}

/* A header whose end was never printed makes nothing of what comes much later. */
static void begun_is_forgotten(void **state) {
        Seen seen = {0};
        FindingHandlers handlers = {&seen, note};
        TracebackStream stream = {0};

        (void) state;
        feed(&stream, START, "Traceback (most recent call last):", &handlers);
        feed(&stream, START + USEC_PER_MINUTE, "MemoryError", &handlers);
        traceback_end(&stream, &handlers);
        assert_int_equal(seen.n, 1);
        assert_true(seen.findings[0].weak);

        seen.n = 0;
        feed(&stream, START, "Traceback (most recent call last):", &handlers);
        for (unsigned i = 0; i < 20; i++)
                feed(&stream, START, "an unrelated line", &handlers);
        feed(&stream, START, "MemoryError", &handlers);
        traceback_end(&stream, &handlers);
        assert_int_equal(seen.n, 1);
        assert_true(seen.findings[0].weak);
}

/* Errors one after another are counted, whether or not the one before is still held. */
static void each_error_counts(void **state) {
        static const usec_t gaps[] = {1, 200 * USEC_PER_MSEC, USEC_PER_SEC, USEC_PER_MINUTE};

        (void) state;
        for (size_t g = 0; g < ELEMENTSOF(gaps); g++) {
                Seen seen = {0};
                FindingHandlers handlers = {&seen, note};
                TracebackStream stream = {0};

                for (unsigned i = 0; i < 10; i++)
                        feed(&stream, START + i * gaps[g],
                             "Traceback (most recent call last):\n  File \"/srv/app.py\", line 1, in f\n    "
                             "f()\nMemoryError",
                             &handlers);
                traceback_end(&stream, &handlers);
                assert_int_equal(add_up(&seen).strong, 10);
        }
}

/* The quote that opens the path is also the one that would end it: no frame, as it names no file. */
static void path_is_missing(void **state) {
        static const char *const lines[] = {"  File \", line 3, in f", "  File \", line 3 in f", "  File \", line "};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                Seen seen = {0};
                FindingHandlers handlers = {&seen, note};
                TracebackStream stream = {0};

                feed(&stream, START, "Fatal Python error: _PyErr_NoMemory: Out of memory", &handlers);
                feed(&stream, START, lines[i], &handlers);
                traceback_end(&stream, &handlers);
                assert_int_equal(seen.n, 1);
                assert_string_equal(seen.findings[0].site, "");
        }
}

static void bytes_are_hostile(void **state) {
        static const char nul[] =
                "Traceback (most recent call last):\n  File \"/srv/\0a.py\", line 1, in f\nMemoryError: \0\xff\033[2J";
        Seen seen = {0};
        FindingHandlers handlers = {&seen, note};
        TracebackStream stream = {0};

        (void) state;
        traceback_feed(&stream, START, nul, sizeof(nul) - 1, &handlers);
        traceback_end(&stream, &handlers);
        assert_int_equal(seen.n, 1);
        assert_string_equal(seen.findings[0].site, "/srv/\\x00a.py:1 in f");
        assert_string_equal(seen.findings[0].text, "MemoryError: \\x00\\xff");
}

#define ONE_ERROR "Traceback (most recent call last):\n  File \"/srv/app.py\", line 1, in f\nMemoryError\n"

/* Texts of one stream, each fed so many milliseconds after the first, and what must come of them. */
static void reports_are_kept_apart(void **state) {
        static const struct {
                const char *texts[3];
                unsigned msec[3];
                size_t n;
                Sums sums;
        } rows[] = {
                /* A group, and a traceback that is none of it. */
                {{"  + Exception Group Traceback (most recent call last):\n  | ExceptionGroup: two (1 sub-exception)\n"
                  "  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n"
                  "    |   File \"/srv/app.py\", line 1, in f\n    | MemoryError\n    "
                  "+------------------------------------\n",
                  ONE_ERROR},
                 {0, 1},
                 2,
                 {.strong = 2}},
                /* A chain that begins with another exception is told apart from the report before it. */
                {{ONE_ERROR,
                  "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in g\nValueError: x\n\n"
                  "During handling of the above exception, another exception occurred:\n\n" ONE_ERROR},
                 {0, 1},
                 2,
                 {.strong = 2}},
                /* A claim is of the error before it, or much later. */
                {{ONE_ERROR, "failed: MemoryError()"}, {0, 400}, 1, {.strong = 1}},
                {{ONE_ERROR, "failed: MemoryError()"}, {0, 1500}, 2, {.strong = 1, .weak = 1}},
                {{"failed: MemoryError()", ONE_ERROR}, {0, 299}, 1, {.strong = 1}},
                {{"failed: MemoryError()", ONE_ERROR}, {0, 300}, 2, {.strong = 1, .weak = 1}},
                {{"failed: MemoryError()", "failed: MemoryError()"}, {0, 1}, 1, {.weak = 2}},
                {{"Unable to allocate 8.00 GiB for an array with shape (1,)", "failed: MemoryError()"},
                 {0, 1},
                 1,
                 {.weak = 1}},
                /* Printing the exception failed halfway. */
                {{ONE_ERROR, "object type name: MemoryError", "lost sys.stderr"}, {0, 1, 2}, 1, {.strong = 1}},
                /* A line of JSON between the lines of a traceback. */
                {{"Traceback (most recent call last):\n  File \"/srv/app.py\", line 9, in g",
                  "{\"exc\": \"Traceback (most recent call last):\\n  File \\\"/srv/a.py\\\", line 1, in "
                  "f\\nMemoryError\"}",
                  "    g()\nMemoryError: mine"},
                 {0, 1, 2},
                 2,
                 {.strong = 2}},
                /* What is indented is somebody's text, with a prefix too. */
                {{"  body: Traceback (most recent call last):\n  body: MemoryError\n", "next"}, {0, 1}, 0, {0}},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Seen seen = {0};
                FindingHandlers handlers = {&seen, note};
                TracebackStream stream = {0};

                for (size_t n = 0; n < ELEMENTSOF(rows[i].texts) && rows[i].texts[n]; n++)
                        feed(&stream, START + rows[i].msec[n] * USEC_PER_MSEC, rows[i].texts[n], &handlers);
                traceback_end(&stream, &handlers);
                Sums sums = add_up(&seen);
                if (seen.n != rows[i].n || memcmp(&sums, &rows[i].sums, sizeof(sums)) != 0)
                        fail_msg("row %zu: %zu findings, strong %u, weak %u", i, seen.n, sums.strong, sums.weak);
        }
}

/* The site of each is its own, though one was printed in the middle of the other. */
static void json_does_not_mix(void **state) {
        Seen seen = {0};
        FindingHandlers handlers = {&seen, note};
        TracebackStream stream = {0};

        (void) state;
        feed(&stream, START, "Traceback (most recent call last):\n  File \"/srv/app.py\", line 9, in g", &handlers);
        feed(&stream, START,
             "{\"exc\": \"Traceback (most recent call last):\\n  File \\\"/srv/a.py\\\", line 1, in f\\nMemoryError\"}",
             &handlers);
        feed(&stream, START, "MemoryError: mine", &handlers);
        traceback_end(&stream, &handlers);
        assert_int_equal(seen.n, 2);
        assert_string_equal(seen.findings[0].site, "/srv/a.py:1 in f");
        assert_string_equal(seen.findings[1].site, "/srv/app.py:9 in g");
        assert_false(seen.findings[1].weak);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_samples),
                cmocka_unit_test(is_out_in_time),
                cmocka_unit_test(late_half_is_no_second),
                cmocka_unit_test(begun_is_forgotten),
                cmocka_unit_test(each_error_counts),
                cmocka_unit_test(path_is_missing),
                cmocka_unit_test(bytes_are_hostile),
                cmocka_unit_test(reports_are_kept_apart),
                cmocka_unit_test(json_does_not_mix),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
