/* What a unit has needed is learned over its runs, counted once, and survives as a line that nothing hostile passes */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "peaks.h"

#define SEC USEC_PER_SEC
#define ONE "0123456789abcdef0123456789abcdef"
#define TWO "fedcba9876543210fedcba9876543210"

static Sample reading(uint64_t working_set, uint64_t swap) {
        return (Sample){
                .current = working_set + 10 * MIB, .working_set = working_set, .anon = working_set / 2, .swap = swap};
}

#define MERGE(run, invocation, saved, boottime, realtime)                                                              \
        peaks_merge(&peaks, run, invocation, (saved) *SEC, &(PeaksTime){(boottime) *SEC, realtime})

static void note(RunPeaks *run, uint64_t working_set, usec_t now) {
        Sample sample = reading(working_set, 0);

        run_peaks_note(run, &sample, now);
}

static void test_a_run(void **state) {
        RunPeaks run;
        Sample swapped = reading(30 * MIB, 50 * MIB);

        (void) state;
        run_peaks_begin(&run, true);
        note(&run, 20 * MIB, 1000 * SEC);
        note(&run, 60 * MIB, 1100 * SEC);
        note(&run, 40 * MIB, 1301 * SEC);
        assert_int_equal(run_peaks_bytes(run.working_set), 60 * MIB);
        assert_int_equal(run_peaks_bytes(run.anon), 30 * MIB);
        assert_int_equal(run_peaks_bytes(run.current), 70 * MIB);
        assert_int_equal(run.peak_after, 100);
        assert_int_equal(run_peaks_bytes(run.start), 40 * MIB);
        assert_false(run.swapped);
        /* What lies in swap was needed. */
        run_peaks_note(&run, &swapped, 1400 * SEC);
        assert_int_equal(run_peaks_bytes(run.working_set), 80 * MIB);
        assert_true(run.swapped);
}

static void test_rough_sizes(void **state) {
        uint64_t before = 0;

        (void) state;
        for (uint64_t bytes = 1; bytes < UINT64_MAX / 3; bytes += bytes / 7 + 1) {
                RunPeaks run;
                uint64_t rough;

                run_peaks_begin(&run, true);
                run_peaks_note(&run, &(Sample){.working_set = bytes}, 5 * SEC);
                rough = run_peaks_bytes(run.working_set);
                assert_true(rough >= before);
                before = rough;
                if (bytes > UINT64_C(1) << 53)
                        continue; /* 8 PiB and more are all the same */
                assert_true(rough >= bytes);
                assert_true(rough - bytes < PAGE_BYTES + bytes / 1000);
        }
        assert_true(before > UINT64_C(1) << 53);
}

static void test_start_of_a_run_that_was_found(void **state) {
        RunPeaks run;

        (void) state;
        run_peaks_begin(&run, false);
        note(&run, 20 * MIB, 1000 * SEC);
        note(&run, 40 * MIB, 2000 * SEC);
        assert_int_equal(run.start, 0);
}

static void test_merged_again_and_again(void **state) {
        Peaks peaks = {.path = "/a.service"};
        RunPeaks run;

        (void) state;
        run_peaks_begin(&run, true);
        note(&run, 20 * MIB, 1000 * SEC);
        MERGE(&run, ONE, 0, 1060, 50060);
        note(&run, 50 * MIB, 1100 * SEC);
        MERGE(&run, ONE, 1060, 1120, 50120);
        MERGE(&run, ONE, 1120, 1120, 50120);
        assert_int_equal(peaks.runs, 1);
        assert_int_equal(peaks.total, 120);
        assert_int_equal(peaks.longest, 120);
        assert_int_equal(peaks.first, 50000);
        assert_int_equal(peaks.seen, 50120);
        assert_int_equal(peaks.at, 50100);
        assert_int_equal(peaks.working_set, 50 * MIB);
}

static void test_runs(void **state) {
        Peaks peaks = {.path = "/a.service"};
        RunPeaks run;

        (void) state;
        run_peaks_begin(&run, true);
        note(&run, 50 * MIB, 1000 * SEC);
        MERGE(&run, ONE, 900, 1200, 50200);
        /* A new daemon finds the same run. */
        run_peaks_begin(&run, false);
        note(&run, 40 * MIB, 1300 * SEC);
        MERGE(&run, ONE, 0, 1400, 50400);
        assert_int_equal(peaks.runs, 1);
        assert_int_equal(peaks.total, 300);
        assert_int_equal(peaks.longest, 400);
        assert_int_equal(peaks.last, 50 * MIB);
        run_peaks_begin(&run, true);
        note(&run, 30 * MIB, 1500 * SEC);
        MERGE(&run, TWO, 1400, 1600, 50600);
        assert_int_equal(peaks.runs, 2);
        assert_int_equal(peaks.total, 400);
        assert_int_equal(peaks.longest, 400);
        assert_int_equal(peaks.working_set, 50 * MIB);
        assert_int_equal(peaks.last, 30 * MIB);
        assert_int_equal(peaks.first, 50000);
        assert_int_equal(peaks.began, 50500);
        assert_int_equal(peaks.at, 50000);
}

static void test_runs_without_a_name(void **state) {
        Peaks peaks = {.path = "/a.service"};
        RunPeaks run;

        (void) state;
        for (unsigned i = 0; i < 3; i++) {
                run_peaks_begin(&run, true);
                note(&run, 50 * MIB, (1000 + i * 100) * SEC);
                MERGE(&run, "", 920 + i * 100, 1010 + i * 100, 50010 + i * 100);
                MERGE(&run, "", 1010 + i * 100, 1020 + i * 100, 50020 + i * 100);
        }
        assert_int_equal(peaks.runs, 3);
        assert_int_equal(peaks.total, 60);
}

static void test_nothing_read(void **state) {
        Peaks peaks = {.path = "/a.service"};
        RunPeaks run;

        (void) state;
        run_peaks_begin(&run, true);
        MERGE(&run, ONE, 0, 1200, 50200);
        assert_int_equal(peaks.runs, 0);
}

static void test_both_ways(void **state) {
        Peaks peaks = {.path = "/system.slice/a b path=x.service",
                       .invocation = ONE,
                       .working_set = PEAKS_NUMBER_MAX,
                       .anon = 2,
                       .current = 3,
                       .start = 4,
                       .last = 5,
                       .swapped = 1,
                       .runs = 6,
                       .total = 7,
                       .longest = 8,
                       .began = 9,
                       .first = 10,
                       .seen = 11,
                       .at = 12},
              back;
        char line[PEAKS_LINE_MAX], again[PEAKS_LINE_MAX], longest[CGROUP_PATH_MAX];
        int n;

        (void) state;
        n = peaks_format(&peaks, line);
        assert_int_equal(n, strlen(line));
        assert_int_equal(peaks_parse(line, &back), 0);
        (void) peaks_format(&back, again);
        assert_string_equal(again, line);
        peaks.invocation[0] = 0;
        memset(peaks.invocation, 0, sizeof(peaks.invocation));
        memset(longest, 'x', sizeof(longest));
        longest[0] = '/';
        longest[sizeof(longest) - 1] = 0;
        memcpy(peaks.path, longest, sizeof(longest));
        peaks.runs = peaks.total = peaks.longest = peaks.began = peaks.first = peaks.seen = peaks.at = PEAKS_NUMBER_MAX;
        peaks.anon = peaks.current = peaks.start = peaks.last = PEAKS_NUMBER_MAX;
        n = peaks_format(&peaks, line);
        assert_true(n < PEAKS_LINE_MAX - 1); /* a newline still fits */
        assert_int_equal(peaks_parse(line, &back), 0);
        (void) peaks_format(&back, again);
        assert_string_equal(again, line);
}

static void test_hostile_lines(void **state) {
        static const char *const lines[] = {
                "",
                "path=/a.service",
                "runs=0 path=/a.service",
                "runs=1",
                "runs=1 ",
                "runs=1 path=",
                "runs=1 path=a.service",
                "runs=1 path=/a/../b",
                "runs=1 path=/a\033[2J",
                "runs= path=/a.service",
                "runs=-1 path=/a.service",
                "runs=17592186044417 path=/a.service",
                "runs=99999999999999999999999999 path=/a.service",
                "runs=1 other=1 path=/a.service",
                "runs=1 run=xyz path=/a.service",
                "runs=1 run=" ONE "0 path=/a.service",
                "runs=1  path=/a.service",
                "runs =1 path=/a.service",
                "runs=1x path=/a.service",
                "RUNS=1 path=/a.service",
        };
        Peaks peaks;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                assert_int_equal(peaks_parse(lines[i], &peaks), -EINVAL);
        assert_int_equal(peaks_parse("runs=1 path=/a.service", &peaks), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_run),
                cmocka_unit_test(test_rough_sizes),
                cmocka_unit_test(test_start_of_a_run_that_was_found),
                cmocka_unit_test(test_merged_again_and_again),
                cmocka_unit_test(test_runs),
                cmocka_unit_test(test_runs_without_a_name),
                cmocka_unit_test(test_nothing_read),
                cmocka_unit_test(test_both_ways),
                cmocka_unit_test(test_hostile_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
