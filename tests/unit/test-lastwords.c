/* The last words of other runtimes are known by the table, and what only resembles them is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lastwords.h"

/* Lines up to the first NULL; the runtime that the last of them tells, NULL = none of them tells any. */
typedef struct Case {
        const char *runtime;
        const char *lines[12];
} Case;

static const Case cases[] = {
        {"jvm", {"Exception in thread \"http-1\" java.lang.OutOfMemoryError: Metaspace"}},
        {"jvm", {"Exception in thread \"a\" b java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory"}},
        {"jvm", {"Caused by: java.lang.OutOfMemoryError: GC overhead limit exceeded"}},
        {"jvm", {"java.lang.OutOfMemoryError: Java heap space"}},
        {"jvm", {"Exception: java.lang.OutOfMemoryError thrown from the UncaughtExceptionHandler in thread \"main\""}},
        {"jvm", {"Could not reserve enough space for 4194304KB object heap"}},
        {NULL, {"Could not reserve enough space for the logs"}},
        {NULL, {"Exception in thread \"main\" java.lang.StackOverflowError"}},
        {NULL, {"WARN  watching for java.lang.OutOfMemoryError"}},
        {"node", {"FATAL ERROR: CALL_AND_RETRY_LAST Allocation failed - JavaScript heap out of memory"}},
        {"node", {"# Fatal JavaScript out of memory: Reached heap limit"}},
        {NULL, {"FATAL ERROR: something else failed"}},
        {"go", {"fatal error: runtime: out of memory"}},
        {"go", {"runtime: out of memory: cannot allocate 4194304-byte block (1 in use)", "fatal error: out of memory"}},
        {"go", {"runtime: out of memory: cannot allocate 4194304-byte block (1 in use)", "log", "log", "fatal error: out of memory"}},
        {NULL, {"runtime: out of memory: cannot allocate 4194304-byte block (1 in use)"}},
        {NULL, {"fatal error: out of memory"}},
        {NULL, {"runtime: out of memory: cannot", "1", "2", "3", "4", "5", "6", "7", "8", "fatal error: out of memory"}},
        {"ruby", {"app.rb:4:in `*': failed to allocate memory (NoMemoryError)"}},
        {"ruby", {"[FATAL] failed to allocate memory"}},
        {NULL, {"failed to allocate memory for the index"}},
        {"php", {"PHP Fatal error:  Allowed memory size of 1 bytes exhausted (tried to allocate 2 bytes) in /srv/app/a.php"}},
        {"php", {"Fatal error: Out of memory (allocated 2097152) (tried to allocate 4096 bytes)"}},
        {"php", {"mmap() failed: [12] Cannot allocate memory", "mmap() failed: [12] Cannot allocate memory", "Out of memory"}},
        {NULL, {"Out of memory"}},
        {NULL, {"terminate called after throwing an instance of 'std::runtime_error'", "Out of memory"}},
        {"rust", {"memory allocation of 12 bytes failed"}},
        {NULL, {"memory allocation of the year"}},
        {"c++", {"terminate called after throwing an instance of 'std::bad_alloc'"}},
        {"c++", {"terminate called after throwing an instance of 'my::error'", "  what():  std::bad_alloc"}},
        {NULL, {"  what():  std::bad_alloc"}},
        {NULL, {"terminate called after throwing an instance of 'my::error'", "  what():  no luck"}},
        {NULL, {""}},
};

static Span span_of(const char *text) {
        return (Span){text, strlen(text)};
}

static void table(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const LastWord *word = NULL;
                LastWords words = {0};

                for (size_t n = 0; n < ELEMENTSOF(cases[i].lines) && cases[i].lines[n]; n++) {
                        assert_null(word); /* not before its last line */
                        word = lastwords_read(&words, span_of(cases[i].lines[n]));
                }
                if (!word != !cases[i].runtime || (word && !util_streq(word->runtime, cases[i].runtime)))
                        fail_msg("%s: %s", cases[i].lines[0], word ? word->runtime : "none");
                assert_true(!word || strlen(word->means) > 0);
        }
}

/* A half is used up: the next end needs a beginning of its own. */
static void halves_are_used_up(void **state) {
        LastWords words = {0};

        (void) state;
        assert_null(lastwords_read(&words, span_of("mmap() failed: [12] Cannot allocate memory")));
        assert_non_null(lastwords_read(&words, span_of("Out of memory")));
        assert_null(lastwords_read(&words, span_of("Out of memory")));
        assert_int_equal(words.half, 0);
}

static void amounts(void **state) {
        static const struct {
                const char *text;
                uint64_t bytes;
        } rows[] = {
                {"Unable to allocate 8. GiB for an array", 8 * GIB},
                {"Unable to allocate 1.50 MiB for an array", 3 * MIB / 2},
                {"Unable to allocate 512 bytes for", 512},
                {"Unable to allocate 512. bytes for", 512},
                {"Unable to allocate 2.5 KiB for", 2560},
                {"Unable to allocate 15.0 EiB for", (uint64_t) 15 << 60},
                {"Unable to allocate 16.0 EiB for", 0},
                {"Unable to allocate 99999999999999999999 bytes", 0},
                {"Unable to allocate internal buffer.", 0},
                {"Unable to allocate 3 seats", 0},
                {"Unable to allocate 3", 0},
                {"Unable to allocate ", 0},
                {"you tried to allocate 40000000000000 bytes. Error code 12", 40000000000000},
                {"malloc of size 8589934592 failed", 8589934592},
                {"realloc of size 64 failed", 64},
                {"memory allocation of 70368744177664 bytes failed", 70368744177664},
                {"cannot allocate 16777216-byte block", 16777216},
                {"Could not allocate 10 bytes", 10},
                {"10 bytes", 0},
                {"", 0},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (lastwords_bytes(span_of(rows[i].text)) != rows[i].bytes)
                        fail_msg("%s: %llu", rows[i].text, (unsigned long long) lastwords_bytes(span_of(rows[i].text)));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(table),
                cmocka_unit_test(halves_are_used_up),
                cmocka_unit_test(amounts),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
