/* Restart budgets survive the daemon, and nothing in the file can do harm. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fd.h"
#include "statefile.h"

#define BOOT "4f0c8f9e-1f0b-4b52-9d6c-9b0a4a3c7e11"

typedef struct Bench {
        char dir[128];
        int dirfd;
        Engine *engine;
} Bench;

static int set_up(void **state) {
        Bench *bench = calloc(1, sizeof(Bench));
        const char *tmp = getenv("TMPDIR");

        (void) snprintf(bench->dir, sizeof(bench->dir), "%.80s/memguard-state.XXXXXX", tmp ? tmp : "/tmp");
        assert_non_null(mkdtemp(bench->dir));
        bench->dirfd = open(bench->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(bench->dirfd >= 0);
        assert_int_equal(engine_new(&bench->engine), 0);
        *state = bench;
        return 0;
}

static int tear_down(void **state) {
        Bench *bench = *state;

        (void) unlinkat(bench->dirfd, "budgets", 0);
        (void) unlinkat(bench->dirfd, "budgets.new", 0);
        fd_closep(&bench->dirfd);
        assert_int_equal(rmdir(bench->dir), 0);
        engine_free(bench->engine);
        free(bench);
        return 0;
}

static void put(const Bench *bench, const char *text, size_t size) {
        _cleanup_close_ int fd = openat(bench->dirfd, "budgets", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, size), (ssize_t) size);
}

static int load(Bench *bench, unsigned *ret_bad) {
        return statefile_load(bench->engine, bench->dirfd, BOOT, ret_bad);
}

static const Budget *budget_of(const Engine *engine, const char *wanted) {
        const Budget *budget;
        unsigned iterator = 0;
        const char *path;

        while (engine_next_budget(engine, &iterator, &path, &budget) > 0)
                if (util_streq(path, wanted))
                        return budget;
        return NULL;
}

static unsigned count(const Engine *engine) {
        const Budget *budget;
        unsigned iterator = 0, n = 0;
        const char *path;

        while (engine_next_budget(engine, &iterator, &path, &budget) > 0)
                n++;
        return n;
}

static void test_round_trip(void **state) {
        Bench *bench = *state;
        Budget budget = {.times = {5, 7, 4000000}, .n_times = 3}, full = {.n_times = BUDGET_TIMES_MAX};
        const Budget *back;
        Engine *second;
        unsigned bad;

        for (unsigned i = 0; i < BUDGET_TIMES_MAX; i++)
                full.times[i] = USEC_INFINITY - 100 + i;
        assert_int_equal(engine_restore_budget(bench->engine, "/system.slice/a b%.service", &budget), 0);
        assert_int_equal(engine_restore_budget(bench->engine, "/system.slice/full.service", &full), 0);
        assert_int_equal(statefile_save(bench->engine, bench->dirfd, BOOT), 0);
        /* A second save replaces the first, also when a crash has left a half one. */
        assert_true(symlinkat("/nonexistent/elsewhere", bench->dirfd, "budgets.new") == 0);
        assert_int_equal(statefile_save(bench->engine, bench->dirfd, BOOT), 0);

        assert_int_equal(engine_new(&second), 0);
        assert_int_equal(statefile_load(second, bench->dirfd, BOOT, &bad), 2);
        assert_int_equal(bad, 0);
        back = budget_of(second, "/system.slice/a b%.service");
        assert_non_null(back);
        assert_memory_equal(back, &budget, sizeof(budget));
        back = budget_of(second, "/system.slice/full.service");
        assert_non_null(back);
        assert_memory_equal(back, &full, sizeof(full));
        engine_free(second);
}

static void test_file_is_private(void **state) {
        Bench *bench = *state;
        struct stat st;

        assert_int_equal(statefile_save(bench->engine, bench->dirfd, BOOT), 0);
        assert_int_equal(fstatat(bench->dirfd, "budgets", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(faccessat(bench->dirfd, "budgets.new", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void test_many(void **state) {
        Bench *bench = *state;
        char path[CGROUP_PATH_MAX];
        Engine *second;
        unsigned bad;

        /* More than any buffer here holds. */
        for (unsigned i = 0; i < 500; i++) {
                Budget budget = {.times = {i + 1}, .n_times = 1};
                (void) snprintf(path, sizeof(path), "/system.slice/%0100u.service", i);
                assert_int_equal(engine_restore_budget(bench->engine, path, &budget), 0);
        }
        assert_int_equal(statefile_save(bench->engine, bench->dirfd, BOOT), 0);
        assert_int_equal(engine_new(&second), 0);
        assert_int_equal(statefile_load(second, bench->dirfd, BOOT, &bad), 500);
        assert_non_null(budget_of(second, path));
        assert_int_equal(budget_of(second, path)->times[0], 500);
        engine_free(second);
}

static void test_missing_or_of_another_boot(void **state) {
        Bench *bench = *state;
        const char *other = "boot 00000000-0000-0000-0000-000000000000\n/a.service 5\n";
        unsigned bad;

        assert_int_equal(load(bench, &bad), 0);
        put(bench, other, strlen(other));
        assert_int_equal(load(bench, &bad), 0);
        put(bench, "", 0);
        assert_int_equal(load(bench, &bad), 0);
        assert_int_equal(bad, 0);
        assert_int_equal(count(bench->engine), 0);
}

static void test_damaged_lines_are_left_out(void **state) {
        Bench *bench = *state;
        static char text[20000];
        size_t n = 0;
        unsigned bad;

        n += (size_t) sprintf(text,
                              "boot " BOOT "\n/good.service 5 6\nrelative 5\n/x/../y 5\n/no-number.service five\n\n");
        memcpy(text + n, "/nul.service 5\0 6\n", 18);
        n += 18;
        text[n++] = '/';
        memset(text + n, 'a', 9000);
        n += 9000;
        n += (size_t) sprintf(text + n, " 5\n/good2.service 7\n/cut-off.service 5");
        put(bench, text, n);
        assert_int_equal(load(bench, &bad), 2);
        assert_int_equal(bad, 7);
        assert_int_equal(count(bench->engine), 2);
        assert_non_null(budget_of(bench->engine, "/good.service"));
        assert_non_null(budget_of(bench->engine, "/good2.service"));
        assert_null(budget_of(bench->engine, "/cut-off.service"));
}

static void test_what_is_no_file_of_ours(void **state) {
        Bench *bench = *state;
        unsigned bad;

        /* Nobody writes to it: a blocking open() would hang here. */
        assert_int_equal(mkfifoat(bench->dirfd, "budgets", 0600), 0);
        assert_int_equal(load(bench, &bad), -EBADF);
        assert_int_equal(unlinkat(bench->dirfd, "budgets", 0), 0);
        assert_int_equal(symlinkat("/dev/zero", bench->dirfd, "budgets"), 0);
        assert_int_equal(load(bench, &bad), -ELOOP);
        assert_int_equal(unlinkat(bench->dirfd, "budgets", 0), 0);
        put(bench, "boot " BOOT "\n", 42);
        {
                _cleanup_close_ int fd = openat(bench->dirfd, "budgets", O_WRONLY | O_CLOEXEC);
                assert_int_equal(ftruncate(fd, STATEFILE_BYTES_MAX + 1), 0);
        }
        assert_int_equal(load(bench, &bad), -EFBIG);
}

static void test_failed_save_keeps_the_old_file(void **state) {
        Bench *bench = *state;
        Budget budget = {.times = {5}, .n_times = 1};
        unsigned bad;

        assert_int_equal(engine_restore_budget(bench->engine, "/a.service", &budget), 0);
        assert_int_equal(statefile_save(bench->engine, bench->dirfd, BOOT), 0);
        assert_int_equal(mkdirat(bench->dirfd, "budgets.new", 0700), 0);
        assert_true(statefile_save(bench->engine, bench->dirfd, BOOT) < 0);
        assert_int_equal(unlinkat(bench->dirfd, "budgets.new", AT_REMOVEDIR), 0);
        assert_int_equal(load(bench, &bad), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(test_round_trip),
                T(test_file_is_private),
                T(test_many),
                T(test_missing_or_of_another_boot),
                T(test_damaged_lines_are_left_out),
                T(test_what_is_no_file_of_ours),
                T(test_failed_save_keeps_the_old_file),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
