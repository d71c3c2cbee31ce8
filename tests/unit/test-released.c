/* What an incident released and by what, told from the readings that were measured in guests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "released.h"

/* MiB with one decimal, as the measurements were noted. */
#define M(x) ((uint64_t) ((x) *1048576.0))

static Incident incident;
static char text[RELEASED_MAX];

static const char *tell(Fate fate) {
        int n;

        incident.fate = fate;
        n = released_sentence(&incident, text, sizeof(text));
        assert_int_equal(n, strlen(text));
        return text;
}

static void begin(Sample before, Sample after) {
        incident = (Incident){.verdict = VERDICT_MEMORY_ERROR, .has_before = true, .has_after = true};
        incident.before = before;
        incident.after = after;
}

/* e1: 40 MiB of file cached, 40 MiB held, one request that is refused. */
static const Sample e1_held = {.anon = M(43.8),
                               .file = M(45.9),
                               .current = M(91.2),
                               .available = M(377.1),
                               .host_free = M(296.7),
                               .host_cached = M(75.6)};
static const Sample e1_in_except = {.anon = M(43.9),
                                    .file = M(45.9),
                                    .current = M(91.4),
                                    .available = M(377.1),
                                    .host_free = M(296.7),
                                    .host_cached = M(75.6)};
static const Sample e1_after = {.anon = M(3.0),
                                .file = M(45.9),
                                .current = M(50.5),
                                .available = M(415.9),
                                .host_free = M(335.6),
                                .host_cached = M(75.6)};

static void test_unwinding(void **state) {
        (void) state;
        begin(e1_held, e1_after);
        assert_string_equal(
                tell(FATE_SURVIVED),
                "Unwinding the error freed 40.8M of anonymous memory; the unit's page cache stayed at 45.9M and "
                "nothing was reclaimed: the 38.8M more that the host has available are no cache.");
        /* In the except block the traceback still holds everything. */
        begin(e1_held, e1_in_except);
        assert_string_equal(tell(FATE_SURVIVED), "");

        /* e3: RLIMIT_AS by growth; the cache does not move, and nothing is ever scanned. */
        begin((Sample){.anon = M(55.6), .file = M(35.9), .available = M(362.1)},
              (Sample){.anon = M(3.0), .file = M(35.9), .available = M(416.7)});
        assert_string_equal(
                tell(FATE_SURVIVED),
                "Unwinding the error freed 52.6M of anonymous memory; the unit's page cache stayed at 35.9M and "
                "nothing was reclaimed: the 54.6M more that the host has available are no cache.");
        incident.after.available = incident.before.available;
        assert_string_equal(tell(FATE_SURVIVED),
                            "Unwinding the error freed 52.6M of anonymous memory; the unit's page cache "
                            "stayed at 35.9M and nothing was reclaimed.");
}

/* e2: anonymous memory grows under MemoryMax=60M and pushes the cache out before the error comes. */
static void test_cache_was_reclaimed_first(void **state) {
        const Sample filled = {.anon = M(3.9), .file = M(54.3), .current = M(59.6), .stolen = 402},
                     held = {.anon = M(33.9), .file = M(25.0), .current = M(60.0), .stolen = 7964},
                     after = {.anon = M(3.0), .file = M(25.0), .current = M(29.2), .stolen = 7964};

        (void) state;
        begin(filled, after);
        assert_string_equal(tell(FATE_SURVIVED),
                            "First the kernel reclaimed page cache of the unit to make room (54.3M -> 25M).");
        incident.before.anon = M(33.9); /* a reading in the middle of it */
        assert_string_equal(tell(FATE_SURVIVED),
                            "First the kernel reclaimed page cache of the unit to make room (54.3M -> "
                            "25M); then unwinding the error freed 30.9M of anonymous memory.");
        assert_string_equal(tell(FATE_KILLED),
                            "First the kernel reclaimed page cache of the unit to make room (54.3M -> "
                            "25M); then the end of the process freed 30.9M of anonymous memory.");
        /* With a reading just before the error all of that is over. */
        begin(held, after);
        assert_string_equal(tell(FATE_SURVIVED),
                            "Unwinding the error freed 30.9M of anonymous memory; the unit's page cache "
                            "stayed at 25M and nothing was reclaimed.");
}

static void test_exit(void **state) {
        (void) state;
        begin((Sample){.anon = M(140.2), .file = M(6.5)}, (Sample){.anon = M(0.0), .file = M(6.5)});
        assert_string_equal(tell(FATE_KILLED),
                            "The end of the process freed 140.2M of anonymous memory; its page cache (6.5M) "
                            "stays charged until the unit's cgroup is removed.");
        assert_string_equal(tell(FATE_WORKER_DIED),
                            "The end of the process freed 140.2M of anonymous memory; nothing was reclaimed.");
        incident.after.file = 0;
        assert_string_equal(tell(FATE_EXITED), "The end of the process freed 140.2M of anonymous memory.");
        incident.after.anon = M(9.0); /* of the new run */
        assert_string_equal(tell(FATE_RESTARTED), "The end of the process freed 131.2M of anonymous memory.");
        incident.verdict = VERDICT_KILLED; /* where no error is, none is unwound */
        assert_int_equal(strncmp(tell(FATE_SURVIVED), "The end", 7), 0);
}

static void test_nothing_to_say(void **state) {
        (void) state;
        begin(e1_held, e1_after);
        incident.has_after = false;
        assert_string_equal(tell(FATE_SURVIVED), "");
        incident.has_after = true;
        incident.has_before = false;
        assert_string_equal(tell(FATE_SURVIVED), "");

        begin(e1_after, e1_held); /* it grew */
        assert_string_equal(tell(FATE_SURVIVED), "");
        begin(e1_held, e1_held);
        assert_string_equal(tell(FATE_SURVIVED), "");

        begin(e1_held, e1_after); /* what went to swap was not freed */
        incident.after.swap = M(40.5);
        assert_string_equal(tell(FATE_SURVIVED), "");

        begin(e1_held, e1_after); /* reclaimed, and read back: who freed what is unknown */
        incident.after.stolen = 4096;
        assert_string_equal(tell(FATE_SURVIVED), "");
}

static void test_numbers_of_any_size(void **state) {
        Sample largest;

        (void) state;
        memset(&largest, 0xff, sizeof(largest));
        for (Fate fate = 0; fate < _FATE_MAX; fate++) {
                begin(largest, (Sample){});
                (void) tell(fate);
                begin((Sample){}, largest);
                (void) tell(fate);
                begin((Sample){.file = BYTES_INFINITY, .anon = BYTES_INFINITY},
                      (Sample){.stolen = BYTES_INFINITY, .available = BYTES_INFINITY});
                assert_int_equal(strncmp(tell(fate), "First the kernel", 16), 0);
                assert_int_equal(text[strlen(text) - 1], '.');
                for (size_t size = 1; size < 100; size++) {
                        int n = released_sentence(&incident, text, size);

                        assert_int_equal(n, strlen(text));
                        assert_in_range(n, 0, size - 1);
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_unwinding),
                cmocka_unit_test(test_cache_was_reclaimed_first),
                cmocka_unit_test(test_exit),
                cmocka_unit_test(test_nothing_to_say),
                cmocka_unit_test(test_numbers_of_any_size),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
