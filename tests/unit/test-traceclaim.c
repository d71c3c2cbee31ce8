/* A line of a log claims a MemoryError by what stands around the name, not by the name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "traceline.h"

static Span span_of(const char *text) {
        return (Span){text, strlen(text)};
}

static void claims(void **state) {
        static const char *const lines[] = {
                "FATAL: unhandled MemoryError: ",
                "job failed: MemoryError",
                "job failed: numpy.core._exceptions._ArrayMemoryError",
                "job failed with MemoryError",
                "ERROR:root:failed: MemoryError()",
                "ERROR:root:MemoryError",
                "ERROR:my.logger:MemoryError: no room",
                "[ERROR] MemoryError",
                "failed: MemoryError((1000000000000,), dtype('float64'))",
                "future: <Task finished name='Task-2' coro=<job() done> exception=MemoryError()>",
                "Task app.mem[c374] raised unexpected: MemoryError('no room')",
                "Unable to allocate 7.28 TiB for an array with shape (1000000000000,) and data type float64",
                "'Traceback (most recent call last):\\\\n  File x\\\\nMemoryError\\\\n'",
                "return bytearray(n)\\nMemoryError\"}",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                if (!traceline_is_claim(span_of(lines[i])))
                        fail_msg("no claim: %s", lines[i]);
}

static void mentions(void **state) {
        static const char *const lines[] = {
                "",
                "MemoryErrorHandler installed",
                "KeyError: 'MemoryError'",
                "AttributeError: MemoryError",
                "retry_on=[TimeoutError, MemoryError]",
                "python_exceptions_total{type=\"MemoryError\"} 0",
                "GET /docs?highlight=MemoryError HTTP/1.1",
                "GET /docs/MemoryError",
                "raise MemoryError('quota')",
                "except MemoryError:",
                "class MemoryError(Exception)",
                "<class 'MemoryError'>",
                "UserWarning: MemoryError handling is deprecated",
                "ERROR:root:MemoryErrorX",
                "INFO:root:MemoryError",
                "failed: java.lang.OutOfMemoryError",
                "failed: QuotaMemoryError",
                "Pool callback raised exception: MemoryError('Process got: ')",
                "Unable to allocate a port",
                "failed: MemoryError(",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                if (traceline_is_claim(span_of(lines[i])))
                        fail_msg("a claim: %s", lines[i]);
}

/* A line full of names costs no more than a few of them. */
static void many_names(void **state) {
        static char line[48 * 1024];
        static const char name[] = ".MemoryError";

        (void) state;
        for (size_t i = 0; i + sizeof(name) <= sizeof(line); i += sizeof(name) - 1)
                memcpy(line + i, name, sizeof(name) - 1);
        for (unsigned i = 0; i < 1000; i++)
                assert_false(traceline_is_claim((Span){line, sizeof(line)}));
}

static void classes(void **state) {
        (void) state;
        assert_true(traceline_is_class(span_of("MemoryError")));
        assert_true(traceline_is_class(span_of("numpy._core._exceptions._ArrayMemoryError")));
        assert_true(traceline_is_class(span_of("pyarrow.lib.ArrowMemoryError")));
        assert_false(traceline_is_class(span_of("")));
        assert_false(traceline_is_class(span_of("MemoryError: x")));
        assert_false(traceline_is_class(span_of("OutOfMemoryError")));
        assert_false(traceline_is_class(span_of("MemoryErrors")));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(claims),
                cmocka_unit_test(mentions),
                cmocka_unit_test(many_names),
                cmocka_unit_test(classes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
