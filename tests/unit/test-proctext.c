/* What a process calls itself changes nothing of what is read about it, and half a line is no line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "proctext.h"

#define STAT_BEHIND                                                                                                    \
        " 1 318 318 0 -1 4194304 1042 0 0 0 3 1 0 0 20 0 1 0 2311 17571840 2368 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 " \
        "0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n"

static const char limits_6_1[] =
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max cpu time              unlimited            unlimited            seconds   \n"
        "Max data size             52428800             52428800             bytes     \n"
        "Max stack size            8388608              unlimited            bytes     \n"
        "Max address space         73400320             unlimited            bytes     \n"
        "Max file locks            unlimited            unlimited            locks     \n";

static const char status_6_1[] = "Name:\tpython3\nUmask:\t0022\nState:\tS (sleeping)\nVmPeak:\t   71452 kB\n"
                                 "VmSize:\t   17160 kB\nVmLck:\t       0 kB\nVmRSS:\t    9472 kB\nVmData:\t    5172 kB\n";

static void test_stat(void **state) {
        static const struct {
                const char *text;
                int r;
                ProcStat stat;
        } cases[] = {
                {"318 (python3) S" STAT_BEHIND, 0, {"python3", 'S', 2311}},
                {"318 (a) Z 1 (x) R" STAT_BEHIND, 0, {"a) Z 1 (x", 'R', 2311}},
                {"318 (x\ny) (\n) Z" STAT_BEHIND, 0, {"x\\x0ay) (\\x0a", 'Z', 2311}},
                {"318 () D" STAT_BEHIND, 0, {"", 'D', 2311}},
                {"318 ())))))))))))))))) X" STAT_BEHIND, 0, {")))))))))))))))", 'X', 2311}},
                {"318 (\xff) t" STAT_BEHIND, 0, {"\\xff", 't', 2311}},
                {"318 (kworker/u8:2-events_unbound) I" STAT_BEHIND, 0, {"kworker/u8:2-ev", 'I', 2311}},
                {"318 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19\n", 0, {"a", 'S', 19}},
                {"318 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19", -EINVAL, {"", 0, 0}},
                {"318 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18\n", -EINVAL, {"", 0, 0}},
                {"318 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 -19\n", -EINVAL, {"", 0, 0}},
                {"318 (a) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 99999999999999999999\n", -EINVAL, {"", 0, 0}},
                {"318 (a)S" STAT_BEHIND, -EINVAL, {"", 0, 0}},
                {"318 (a) 5" STAT_BEHIND, -EINVAL, {"", 0, 0}},
                {"318 a) S" STAT_BEHIND, -EINVAL, {"", 0, 0}},
                {"318 (a", -EINVAL, {"", 0, 0}},
                {"(a)", -EINVAL, {"", 0, 0}},
                {"(a) ", -EINVAL, {"", 0, 0}},
                {"", -EINVAL, {"", 0, 0}},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                ProcStat stat = {.start = 77};
                int r = proctext_stat(cases[i].text, &stat);

                if (r != cases[i].r || stat.start != (r < 0 ? 77 : cases[i].stat.start) ||
                    (r == 0 && (stat.state != cases[i].stat.state || !util_streq(stat.comm, cases[i].stat.comm))))
                        fail_msg("\"%s\": %d, (%s) %c %llu", cases[i].text, r, stat.comm, stat.state,
                                 (unsigned long long) stat.start);
        }
}

static void test_only_zombies_and_the_dead_are_dead(void **state) {
        (void) state;
        for (const char *dead = "ZXx"; *dead; dead++)
                assert_true(proctext_is_dead(*dead));
        for (const char *alive = "RSDTtIKPW"; *alive; alive++)
                assert_false(proctext_is_dead(*alive));
}

static void test_limits(void **state) {
        static const struct {
                const char *text;
                int r;
                ProcLimits limits;
        } cases[] = {
                {limits_6_1, 0, {73400320, 52428800}},
                {"Max address space         unlimited            unlimited            bytes     \n", 0, {BYTES_INFINITY, 0}},
                {"Max data size             0                    unlimited            bytes     \n", 0, {0, 0}},
                {"", 0, {0, 0}},
                {"Max data size             524", 0, {0, 0}}, /* cut short: no line yet */
                {"Max data size             524\nMax data size             9\n", 0, {0, 524}},
                {" Max data size             524\nMax data sizes            9\n", 0, {0, 0}},
                {"Max data size             -1 unlimited bytes\n", -EINVAL, {0, 0}},
                {"Max data size             unlimit unlimited bytes\n", -EINVAL, {0, 0}},
                {"Max address space         \n1 2\n", -EINVAL, {0, 0}},
                {"Max address space         99999999999999999999 unlimited\n", -EINVAL, {0, 0}},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                ProcLimits limits = {77, 77}, want = cases[i].r < 0 ? limits : cases[i].limits;

                if (proctext_limits(cases[i].text, &limits) != cases[i].r || memcmp(&limits, &want, sizeof(want)) != 0)
                        fail_msg("\"%s\": %llu %llu", cases[i].text, (unsigned long long) limits.address_space,
                                 (unsigned long long) limits.data);
        }
}

static void test_status(void **state) {
        ProcStatus status = {77, 77, 77};

        (void) state;
        assert_int_equal(proctext_status("Name:\tx\nVmPeak:\tmuch\n", &status), -EINVAL);
        assert_int_equal(status.vm_size, 77);
        assert_int_equal(proctext_status(status_6_1, &status), 0);
        assert_int_equal(status.vm_peak, 71452 * KIB);
        assert_int_equal(status.vm_size, 17160 * KIB);
        assert_int_equal(status.vm_data, 5172 * KIB);
        /* A zombie's. */
        assert_int_equal(proctext_status("Name:\tx\nState:\tZ (zombie)\nThreads:\t1\n", &status), 0);
        assert_int_equal(status.vm_peak + status.vm_size + status.vm_data, 0);
}

static void test_expects(void **state) {
        static const char head[] = "Name:\tx\nShdPnd:\tffffffffffffffff\n";
        static const struct {
                const char *blocked, *ignored, *caught;
                int signo, r;
        } cases[] = {
                {"0000000000000000", "0000000000000000", "0000000000000000", 10, 0},
                {"0000000000000200", "0000000000000000", "0000000000000000", 10, 1},
                {"0000000000000000", "0000000000000200", "0000000000000000", 10, 1},
                {"0000000000000000", "0000000000000000", "0000000000000200", 10, 1},
                {"fffffffffffffdff", "fffffffffffffdff", "fffffffffffffdff", 10, 0},
                {"0000000000000000", "0000000000000000", "8000000000000001", 64, 1},
                {"0000000000000000", "0000000000000000", "8000000000000001", 1, 1},
                {"0000000000000000", "0000000000000000", "8000000000000001", 2, 0},
                {"0000000000000000", "0000000000000000", "0000000000000200", 65, -EINVAL},
                {"0000000000000000", "0000000000000000", "0000000000000200", 0, -EINVAL},
                {"000000000000000", "0000000000000000", "0000000000000200", 10, -EINVAL},
                {"0000000000000000", "00000000000000000", "0000000000000200", 10, -EINVAL},
                {"0000000000000000", "0000000000000000", "000000000000020G", 10, -EINVAL},
        };
        char text[300];

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                (void) snprintf(text, sizeof(text), "%sSigBlk:\t%s\nSigIgn:\t%s\nSigCgt:\t%s\n", head, cases[i].blocked,
                                cases[i].ignored, cases[i].caught);
                if (proctext_expects(text, cases[i].signo) != cases[i].r)
                        fail_msg("case %u: %d", i, proctext_expects(text, cases[i].signo));
        }
        assert_int_equal(proctext_expects(head, 10), -ENODATA);
        assert_int_equal(proctext_expects("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t00000000", 10), -ENODATA);
}

static void test_cgroup(void **state) {
        static const struct {
                const char *text;
                int r;
                const char *path;
        } cases[] = {
                {"0::/system.slice/api.service\n", 0, "/system.slice/api.service"},
                {"0::/\n", 0, "/"},
                {"1:name=systemd:/x\n0::/a b/c\n", 0, "/a b/c"},
                {"0::/a.service (deleted)\n", 0, "/a.service (deleted)"},
                {"0::/system.slice/api.service", -ENODATA, "kept"},
                {"10::/x\n", -ENODATA, "kept"},
                {"", -ENODATA, "kept"},
                {"0::/../../x\n", -EINVAL, "kept"}, /* outside of our cgroup namespace */
                {"0::x\n", -EINVAL, "kept"},
                {"0::\n", -EINVAL, "kept"},
        };
        char path[CGROUP_PATH_MAX], text[2 * CGROUP_PATH_MAX];

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                (void) snprintf(path, sizeof(path), "kept");
                assert_int_equal(proctext_cgroup(cases[i].text, path), cases[i].r);
                assert_string_equal(path, cases[i].path);
        }
        for (size_t n = CGROUP_PATH_MAX - 2; n <= CGROUP_PATH_MAX; n++) {
                (void) snprintf(text, sizeof(text), "0::/%0*d\n", (int) n - 1, 0);
                assert_int_equal(proctext_cgroup(text, path), n < CGROUP_PATH_MAX ? 0 : -EINVAL);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_stat),   cmocka_unit_test(test_only_zombies_and_the_dead_are_dead),
                cmocka_unit_test(test_limits), cmocka_unit_test(test_status),
                cmocka_unit_test(test_expects),
                cmocka_unit_test(test_cgroup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
