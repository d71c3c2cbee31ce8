/* What reading a line costs: ordinary ones of several lengths, and those of a traceback. */
#include <stdio.h>
#include <time.h>

#include "traceback.h"

#define CALLS 500000

static unsigned found;

static uint64_t nanoseconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static void note(void *userdata, const Finding *finding) {
        (void) userdata;
        found += finding->count;
}

static const FindingHandlers handlers = {NULL, note};
static char long_line[48 * 1024];

static const char access_line[] =
        "10.0.0.7 - - [21/Nov/2026:09:33:14 +0000] \"GET /api/v1/items?page=3 HTTP/1.1\" 200 5123 "
        "\"https://example.org/\" \"Mozilla/5.0 (X11; Linux x86_64)\"";
static const char json_line[] =
        "{\"asctime\": \"2026-11-21 09:19:35,856\", \"levelname\": \"INFO\", \"name\": \"myapp\", "
        "\"message\": \"request served\", \"path\": \"/api/v1/items\", \"ms\": 12, \"memory\": 123456}";
static const char traceback[] = "Traceback (most recent call last):\n  File \"/srv/app/wsgi.py\", line 5, in app\n"
                                "    if p=='/mem': alloc(10**13)\n  File \"/srv/app/wsgi.py\", line 2, in alloc\n"
                                "    def alloc(n): return bytearray(n)\nMemoryError";

static const struct {
        const char *name;
        const char *text;
        size_t n;
        unsigned lines, calls;
} rows[] = {
        {"a short line", "INFO request served", 19, 1, CALLS},
        {"a line of an access log", access_line, sizeof(access_line) - 1, 1, CALLS},
        {"a line of JSON that names memory", json_line, sizeof(json_line) - 1, 1, CALLS},
        {"a line of 48 KiB", long_line, sizeof(long_line), 1, CALLS / 50},
        {"each line of a traceback", traceback, sizeof(traceback) - 1, 6, CALLS / 10},
};

int main(void) {
        memset(long_line, 'a', sizeof(long_line));
        printf("a stream is %zu bytes\n", sizeof(TracebackStream));
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                TracebackStream stream = {0};
                uint64_t from = nanoseconds();

                for (unsigned n = 0; n < rows[i].calls; n++)
                        traceback_feed(&stream, USEC_PER_SEC * (n + 1), rows[i].text, rows[i].n, &handlers);
                printf("%-36s %6llu ns/line\n", rows[i].name,
                       (unsigned long long) ((nanoseconds() - from) / rows[i].calls / rows[i].lines));
        }
        return found > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
