/* The kernel's files are read as they are, and text cut short or nonsense is an error, never a small number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kerneltext.h"

/* What outputs hold before each call: a failure must leave it so. */
#define UNTOUCHED 0x55

/* Linux 6.1 with cgroup v2, a service after an OOM kill by its own limit. */
static const char events_6_1[] = "low 0\nhigh 3\nmax 219\noom 2\noom_kill 1\noom_group_kill 0\n";

/* The same kernel's memory.stat of a cgroup that was about to be killed. */
static const char stat_6_1[] =
        "anon 20918272\nfile 4096\nkernel 53248\nkernel_stack 0\npagetables 49152\nsec_pagetables 0\npercpu 0\n"
        "sock 0\nvmalloc 0\nshmem 12288\nfile_mapped 0\nfile_dirty 0\nfile_writeback 0\nswapcached 0\n"
        "anon_thp 18874368\nfile_thp 0\nshmem_thp 0\ninactive_anon 20918272\nactive_anon 0\ninactive_file 8192\n"
        "active_file 16384\nunevictable 0\nslab_reclaimable 1840\nslab_unreclaimable 344\nslab 2184\n"
        "workingset_refault_anon 0\nworkingset_refault_file 0\npgscan 0\npgfault 509\nthp_collapse_alloc 0\n";

static const char meminfo_6_18[] =
        "MemTotal:       24684084 kB\nMemFree:        23252188 kB\nMemAvailable:   24074528 kB\nBuffers:           "
        "25784 kB\nCached:           972412 kB\nSwapCached:            0 kB\nSwapTotal:        998396 kB\n"
        "SwapFree:         998000 kB\nHugePages_Total:       0\nHugepagesize:       2048 kB\n";

static const char pressure_6_1[] = "some avg10=12.34 avg60=5.60 avg300=1.00 total=8192000\n"
                                   "full avg10=0.07 avg60=0.00 avg300=0.00 total=4096000\n";

static bool untouched(const void *p, size_t size) {
        const unsigned char *byte = p;

        for (size_t i = 0; i < size; i++)
                if (byte[i] != UNTOUCHED)
                        return false;
        return true;
}

typedef struct NumberCase {
        const char *text;
        int r;
        uint64_t value;
} NumberCase;

static void numbers(void **state) {
        static const NumberCase cases[] = {
                {"0\n", 0, 0},
                {"157286400\n", 0, 157286400},
                {"157286400", 0, 157286400},
                {"max\n", 0, BYTES_INFINITY},
                {"max", 0, BYTES_INFINITY},
                {" \t42 \t\n", 0, 42},
                {"9223372036854775807\n", 0, INT64_MAX},
                {"18446744073709551615\n", 0, UINT64_MAX},
                {"18446744073709551616\n", -ERANGE, 0},
                {"100000000000000000000000\n", -ERANGE, 0},
                {"", -EINVAL, 0},
                {"\n", -EINVAL, 0},
                {"  \n", -EINVAL, 0},
                {"-1\n", -EINVAL, 0},
                {"+1\n", -EINVAL, 0},
                {"0x10\n", -EINVAL, 0},
                {"1 2\n", -EINVAL, 0},
                {"1\n\n", -EINVAL, 0},
                {"1\n2\n", -EINVAL, 0},
                {"\n1\n", -EINVAL, 0},
                {"1M\n", -EINVAL, 0},
                {"maximum\n", -EINVAL, 0},
                {"ma\n", -EINVAL, 0},
                {"Max\n", -EINVAL, 0},
                {"max 1\n", -EINVAL, 0},
                {"99999999999999999999x\n", -EINVAL, 0},
                {"\xff\n", -EINVAL, 0},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t value;
                memset(&value, UNTOUCHED, sizeof(value));
                int r = kerneltext_u64(cases[i].text, &value);
                if (r != cases[i].r || (r < 0 ? !untouched(&value, sizeof(value)) : value != cases[i].value))
                        fail_msg("\"%s\": got %d and %ju", cases[i].text, r, (uintmax_t) value);
        }
}

static void memory_events(void **state) {
        static const struct {
                const char *text;
                int r;
                MemoryEvents events;
        } cases[] = {
                {events_6_1, 0, {0, 3, 219, 2, 1, 0}},
                /* Kernels before 5.17 have no oom_group_kill. */
                {"high 1\nmax 2\noom 3\noom_kill 4\n", 0, {0, 1, 2, 3, 4, 0}},
                /* Any order, and keys of kernels to come. */
                {"oom_group_kill 6\nsock_throttled 9\noom_kill 5\noom 4\nnew key\nmax 3\nhigh 2\nlow 1\n",
                 0,
                 {1, 2, 3, 4, 5, 6}},
                /* The first of each counts. */
                {"high 1\nmax 2\noom 3\noom_kill 4\nhigh 9\noom_kill nonsense\n", 0, {0, 1, 2, 3, 4, 0}},
                {"high 1\nmax 2\noom 3\noom_kill 18446744073709551615\n", 0, {0, 1, 2, 3, UINT64_MAX, 0}},
                {"", -ENODATA, {0}},
                {"\n\n\n", -ENODATA, {0}},
                {"max 2\noom 3\noom_kill 4\n", -ENODATA, {0}},
                {"high 1\noom 3\noom_kill 4\n", -ENODATA, {0}},
                {"high 1\nmax 2\noom_kill 4\n", -ENODATA, {0}},
                {"high 1\nmax 2\noom 3\n", -ENODATA, {0}},
                /* Cut short: the 1 may be the beginning of 17. */
                {"high 1\nmax 2\noom 3\noom_kill 1", -ENODATA, {0}},
                {"high 1\nmax 2\noom 3\noom_k", -ENODATA, {0}},
                {"high 1\nmax 2\noom 3\noom_kill 1\0"
                 "7\n",
                 -ENODATA,
                 {0}},
                {"high 1\nmax 2\0\noom 3\noom_kill 4\n", -ENODATA, {0}},
                /* Neither a prefix nor another case of a key is the key. */
                {"hig 1\nhigher 1\nHIGH 1\n high 1\nmax 2\noom 3\noom_kill 4\n", -ENODATA, {0}},
                {"high\t1\nmax 2\noom 3\noom_kill 4\n", -ENODATA, {0}},
                {"high -1\nmax 2\noom 3\noom_kill 4\n", -EINVAL, {0}},
                {"high \nmax 2\noom 3\noom_kill 4\n", -EINVAL, {0}},
                {"high\nmax 2\noom 3\noom_kill 4\n", -EINVAL, {0}},
                {"high max\nmax 2\noom 3\noom_kill 4\n", -EINVAL, {0}},
                {"high 1 2\nmax 2\noom 3\noom_kill 4\n", -EINVAL, {0}},
                {"high 1\r\nmax 2\noom 3\noom_kill 4\n", -EINVAL, {0}},
                {"high 18446744073709551616\nmax 2\noom 3\noom_kill 4\n", -EINVAL, {0}},
                {"low 0x\nhigh 1\nmax 2\noom 3\noom_kill 4\n", -EINVAL, {0}},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                MemoryEvents events;
                memset(&events, UNTOUCHED, sizeof(events));
                int r = kerneltext_memory_events(cases[i].text, &events);
                bool good = r < 0 ? untouched(&events, sizeof(events))
                                  : memcmp(&events, &cases[i].events, sizeof(events)) == 0;
                if (r != cases[i].r || !good)
                        fail_msg("case %zu \"%s\": got %d", i, cases[i].text, r);
        }
}

static void memory_stat(void **state) {
        static const struct {
                const char *text;
                int r;
                MemoryStat stat;
        } cases[] = {
                {stat_6_1, 0, {20918272, 4096, 12288, 53248, 8192, 16384, 1840, 0}},
                {"anon 1\nfile 2\ninactive_file 3\nactive_file 4\n", 0, {1, 2, 0, 0, 3, 4, 0, 0}},
                {"anon 1\nfile 2\ninactive_file 3\nactive_file 4\npgsteal 9\npgsteal_kswapd 5\npgsteal_direct 3\n",
                 0,
                 {1, 2, 0, 0, 3, 4, 0, 9}},
                {"anon 1\nfile 2\ninactive_file 3\nactive_file 4\npgsteal_kswapd 5\npgsteal_direct 3\n",
                 0,
                 {1, 2, 0, 0, 3, 4, 0, 8}},
                {"file 2\ninactive_file 3\nactive_file 4\n", -ENODATA, {0}},
                {"anon 1\ninactive_file 3\nactive_file 4\n", -ENODATA, {0}},
                {"anon 1\nfile 2\nactive_file 4\n", -ENODATA, {0}},
                {"anon 1\nfile 2\ninactive_file 3\n", -ENODATA, {0}},
                {"anon 1\nfile 2\ninactive_file 3\nactive_file ", -ENODATA, {0}},
                {"anon 1\nfile 2\ninactive_file 3\nactive_file 4\nshmem x\n", -EINVAL, {0}},
                {"anon 1\nfile -2\ninactive_file 3\nactive_file 4\n", -EINVAL, {0}},
                {"N0=1\nanon N0=1 N1=2\nfile 2\ninactive_file 3\nactive_file 4\n", -EINVAL, {0}}, /* memory.numa_stat */
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                MemoryStat stat;
                memset(&stat, UNTOUCHED, sizeof(stat));
                int r = kerneltext_memory_stat(cases[i].text, &stat);
                bool good = r < 0 ? untouched(&stat, sizeof(stat)) : memcmp(&stat, &cases[i].stat, sizeof(stat)) == 0;
                if (r != cases[i].r || !good)
                        fail_msg("case %zu \"%s\": got %d", i, cases[i].text, r);
        }
}

static void pressure(void **state) {
        static const struct {
                const char *text;
                int r;
                Pressure pressure;
        } cases[] = {
                {pressure_6_1, 0, {8192000, 4096000, 1234, 7}},
                {"some avg10=0.00 avg60=0.00 avg300=0.00 total=9223372036854775808\n", 0, {UINT64_C(1) << 63, 0, 0, 0}},
                {"some total=5\n", 0, {5, 0, 0, 0}},
                {"full avg10=100.00 total=7\nsome total=5 avg10=99.99 later=x\n", 0, {5, 7, 9999, 10000}},
                {"some avg10=1.5 total=5\n", 0, {5, 0, 150, 0}},
                {"some avg10=1.239 total=5\n", 0, {5, 0, 123, 0}},
                {"some avg10=42949671.99 total=5\n", 0, {5, 0, UINT32_MAX - 96, 0}},
                {"some avg10=1.00 avg10=x total=5\n", 0, {5, 0, 100, 0}},
                /* The first line of each, and the first word of each, counts. */
                {"some total=5 total=x\nsome total=6\nfull total=1\nfull total=2\n", 0, {5, 1, 0, 0}},
                {"", -ENODATA, {0}},
                {"full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", -ENODATA, {0}},
                {"some avg10=0.00 avg60=0.00 avg300=0.00\n", -ENODATA, {0}},
                {"some total=5\nfull avg10=0.00\n", -ENODATA, {0}},
                {"some avg10=0.00 avg60=0.00 avg300=0.00 total=5", -ENODATA, {0}},
                {"some avg10=0.00 total=5\0\n", -ENODATA, {0}},
                {"something total=5\n", -ENODATA, {0}},
                {"some\n", -ENODATA, {0}},
                {"some xtotal=5\n", -ENODATA, {0}},
                {"some total=\n", -EINVAL, {0}},
                {"some total=-5\n", -EINVAL, {0}},
                {"some total=18446744073709551616\n", -EINVAL, {0}},
                {"some avg10=nan total=5\n", -EINVAL, {0}},
                {"some avg10=5 total=5\n", -EINVAL, {0}},
                {"some avg10=-0.01 total=5\n", -EINVAL, {0}},
                {"some avg10=42949672.99 total=5\n", -EINVAL, {0}}, /* wraps to 3 hundredths in 32 bits */
                {"some total=5\nfull avg10=. total=5\n", -EINVAL, {0}},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Pressure got;
                memset(&got, UNTOUCHED, sizeof(got));
                int r = kerneltext_pressure(cases[i].text, &got);
                bool good = r < 0 ? untouched(&got, sizeof(got)) : memcmp(&got, &cases[i].pressure, sizeof(got)) == 0;
                if (r != cases[i].r || !good)
                        fail_msg("case %zu \"%s\": got %d", i, cases[i].text, r);
        }
}

static void meminfo(void **state) {
        static const struct {
                const char *text;
                int r;
                MemInfo info;
        } cases[] = {
                {meminfo_6_18, 0, {24684084 * KIB, 24074528 * KIB, 998396 * KIB, 998000 * KIB, 23252188 * KIB, 972412 * KIB, 0, 0}},
                {"MemTotal: 1 kB\nMemAvailable: 0 kB\n", 0, {KIB, 0, 0, 0, 0, 0, 0, 0}},
                {"MemTotal:\t1   kB\nMemAvailable:0 kB\n", 0, {KIB, 0, 0, 0, 0, 0, 0, 0}},
                {"MemTotal: 18014398509481983 kB\nMemAvailable: 1 kB\n", 0, {UINT64_MAX - 1023, KIB, 0, 0, 0, 0, 0, 0}},
                {"MemTotal: 1 kB\n", -ENODATA, {0}},
                {"MemAvailable: 1 kB\n", -ENODATA, {0}},
                {"MemTotal 1 kB\nMemAvailable: 1 kB\n", -ENODATA, {0}},
                {"MemTotal: 1 kB\nMemAvailable: 1 kB", -ENODATA, {0}},
                {"MemTotal: 1 kB\nMemFree: 2 kB\nMemAvailable: 3 kB\nCached: 4 kB\nSwapCached: 9 kB\nCommitLimit: 5 kB\n"
                 "Committed_AS: 6 kB\n",
                 0,
                 {KIB, 3 * KIB, 0, 0, 2 * KIB, 4 * KIB, 5 * KIB, 6 * KIB}},
                /* Kernels before 3.14 have no MemAvailable, and guessing it from MemFree is not ours to do. */
                {"MemTotal: 1 kB\nMemFree: 1 kB\n", -ENODATA, {0}},
                {"MemTotal: 1\nMemAvailable: 1 kB\n", -EINVAL, {0}},
                {"MemTotal: 1 MB\nMemAvailable: 1 kB\n", -EINVAL, {0}},
                {"MemTotal: 1kB\nMemAvailable: 1 kB\n", -EINVAL, {0}},
                {"MemTotal: 1 kB kB\nMemAvailable: 1 kB\n", -EINVAL, {0}},
                {"MemTotal: kB\nMemAvailable: 1 kB\n", -EINVAL, {0}},
                {"MemTotal: 1 kB\nMemAvailable: -1 kB\n", -EINVAL, {0}},
                {"MemTotal: 1 kB\nMemAvailable: 18014398509481984 kB\n", -EINVAL, {0}}, /* 2^54 kB wraps to 0 */
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                MemInfo info;
                memset(&info, UNTOUCHED, sizeof(info));
                int r = kerneltext_meminfo(cases[i].text, &info);
                bool good = r < 0 ? untouched(&info, sizeof(info)) : memcmp(&info, &cases[i].info, sizeof(info)) == 0;
                if (r != cases[i].r || !good)
                        fail_msg("case %zu \"%s\": got %d", i, cases[i].text, r);
        }
}

static void kib(void **state) {
        static const struct {
                const char *text;
                int r;
                uint64_t value;
        } cases[] = {
                {"Name:\tx\nVmSize:\t   2464 kB\nVmData:\t 1 kB\n", 0, 2464 * KIB},
                {"VmSize:\t   2464 kB\nVmSize:\t 1 kB\n", 0, 2464 * KIB},
                {"Name:\tx\n", -ENODATA, 0},
                {"VmSize:\t   2464 kB", -ENODATA, 0},
                {"VmSize:\t   2464\n", -EINVAL, 0},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t value;
                memset(&value, UNTOUCHED, sizeof(value));
                int r = kerneltext_kib(cases[i].text, "VmSize", &value);
                if (r != cases[i].r || (r < 0 ? !untouched(&value, sizeof(value)) : value != cases[i].value))
                        fail_msg("case %zu \"%s\": got %d and %ju", i, cases[i].text, r, (uintmax_t) value);
        }
}

static void keyed(void **state) {
        static const struct {
                const char *text, *key;
                int r;
                uint64_t value;
        } cases[] = {
                {"populated 1\nfrozen 0\n", "populated", 0, 1},
                {"populated 1\nfrozen 0\n", "frozen", 0, 0},
                {"populated 1\npopulated 0\n", "populated", 0, 1},
                {"populated 1\n", "frozen", -ENODATA, 0}, /* 5.1 and older */
                {"populated 1\nfrozen 0", "frozen", -ENODATA, 0},
                {"", "frozen", -ENODATA, 0},
                {"frozen yes\n", "frozen", -EINVAL, 0},
                {"frozen\n", "frozen", -EINVAL, 0},
                {"frozen 18446744073709551616\n", "frozen", -EINVAL, 0},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t value;
                memset(&value, UNTOUCHED, sizeof(value));
                int r = kerneltext_keyed(cases[i].text, cases[i].key, &value);
                if (r != cases[i].r || (r < 0 ? !untouched(&value, sizeof(value)) : value != cases[i].value))
                        fail_msg("case %zu \"%s\": got %d and %ju", i, cases[i].text, r, (uintmax_t) value);
        }
}

/* Every file above, cut at every byte: the whole is read, a part never gives a number that the whole does not. */
static void cut_short(void **state) {
        char text[sizeof(stat_6_1)];
        MemoryEvents events;

        (void) state;
        for (size_t n = 0; n < sizeof(events_6_1); n++) {
                memcpy(text, events_6_1, n);
                text[n] = '\0';
                int r = kerneltext_memory_events(text, &events);
                /* oom_group_kill, the last line, may be missing. */
                bool enough = n >= (size_t) (strstr(events_6_1, "oom_group_kill") - events_6_1);
                assert_int_equal(r, enough ? 0 : -ENODATA);
                if (r == 0)
                        assert_true(events.oom_kill == 1 && events.max == 219);
        }
        for (size_t n = 0; n < sizeof(stat_6_1); n++) {
                MemoryStat stat;
                memcpy(text, stat_6_1, n);
                text[n] = '\0';
                bool enough = n >= (size_t) (strstr(stat_6_1, "unevictable") - stat_6_1);
                assert_int_equal(kerneltext_memory_stat(text, &stat), enough ? 0 : -ENODATA);
        }
}

static void working_set(void **state) {
        static const struct {
                uint64_t current;
                MemoryStat stat;
                uint64_t bytes;
        } cases[] = {
                {100, {.inactive_file = 10, .active_file = 20, .slab_reclaimable = 5}, 65},
                /* shmem is in `file` but on the anon lists: it is no cache that could be dropped. */
                {100, {.anon = 50, .file = 40, .shmem = 40, .kernel = 7}, 100},
                {100, {.inactive_file = 60, .active_file = 60}, 0}, /* read at another moment than memory.current */
                {100, {.inactive_file = UINT64_MAX, .active_file = 60}, 0},
                {100, {.active_file = UINT64_MAX, .slab_reclaimable = UINT64_MAX}, 0},
                {0, {0}, 0},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(kerneltext_working_set(cases[i].current, &cases[i].stat), cases[i].bytes);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers),   cmocka_unit_test(memory_events), cmocka_unit_test(memory_stat),
                cmocka_unit_test(pressure),  cmocka_unit_test(meminfo),       cmocka_unit_test(keyed),
                cmocka_unit_test(cut_short), cmocka_unit_test(working_set),   cmocka_unit_test(kib),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
