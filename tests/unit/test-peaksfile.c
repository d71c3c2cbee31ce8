/* What units have needed survives the daemon in a file of bounded size, and nothing in the file can do harm */
#include "temproot.h"

#include "fd.h"
#include "peaksfile.h"

#define SEC USEC_PER_SEC

typedef struct Bench {
        TempRoot root;
        int dirfd;
        unsigned first; /* number of the first unit of an update */
        uint64_t realtime;
        RunPeaks run;
} Bench;

static int set_up(void **state) {
        Bench *bench = calloc(1, sizeof(*bench));

        temproot_open(&bench->root);
        temproot_mkdir(&bench->root, "state");
        bench->dirfd = open(temproot_path(&bench->root, "state"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(bench->dirfd >= 0);
        *state = bench;
        return 0;
}

static int tear_down(void **state) {
        Bench *bench = *state;

        fd_closep(&bench->dirfd);
        temproot_close(&bench->root);
        free(bench);
        return 0;
}

static void give(void *userdata, unsigned i, PeaksUpdate *ret) {
        static char path[64];
        Bench *bench = userdata;
        Sample sample = {.working_set = MIB};

        (void) snprintf(path, sizeof(path), "/system.slice/u%05u.service", bench->first + i);
        run_peaks_begin(&bench->run, true);
        run_peaks_note(&bench->run, &sample, 1000 * SEC);
        *ret = (PeaksUpdate){path, "", &bench->run, {1000 * SEC, bench->realtime}};
}

static void update(Bench *bench, unsigned first, unsigned n, uint64_t realtime) {
        bench->first = first;
        bench->realtime = realtime;
        assert_int_equal(peaksfile_update(bench->dirfd, 0, n, give, bench), 0);
}

static bool has(Bench *bench, unsigned i, uint64_t runs) {
        char name[64];
        Peaks peaks;
        int r;

        (void) snprintf(name, sizeof(name), "u%05u.service", i);
        r = peaksfile_find(bench->dirfd, name, &peaks);
        assert_true(r == 0 || r == -ENOENT);
        assert_true(r < 0 || peaks.runs == runs);
        return r == 0;
}

static void test_merges(void **state) {
        Bench *bench = *state;
        struct stat st;
        Peaks peaks;

        assert_int_equal(peaksfile_find(bench->dirfd, "u00003.service", &peaks), -ENOENT);
        update(bench, 3, 3, 50000);
        update(bench, 2, 2, 50010);
        update(bench, 9, 0, 50020);
        for (unsigned i = 2; i < 6; i++)
                assert_true(has(bench, i, i == 3 ? 2 : 1));
        assert_false(has(bench, 6, 1));
        assert_int_equal(peaksfile_find(bench->dirfd, "/system.slice/u00003.service", &peaks), 0);
        assert_string_equal(peaks.path, "/system.slice/u00003.service");
        assert_int_equal(fstatat(bench->dirfd, "peaks", &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(faccessat(bench->dirfd, "peaks.new", F_OK, 0), -1);
}

static void test_bound(void **state) {
        Bench *bench = *state;

        update(bench, 0, 10, 50000);
        update(bench, 5, 5, 60000);
        update(bench, 100, PEAKSFILE_UNITS_MAX - 7, 70000);
        /* Three had to go: of those that are not there, the ones not seen for longest. */
        for (unsigned i = 0; i < 5; i++)
                assert_false(has(bench, i, 1)); /* all five are of one time, and go together */
        for (unsigned i = 5; i < 10; i++)
                assert_true(has(bench, i, 2));
        assert_true(has(bench, 100 + PEAKSFILE_UNITS_MAX - 8, 1));
        /* More at a time than there is room for. */
        update(bench, 100, PEAKSFILE_UNITS_MAX + 5, 80000);
        assert_true(has(bench, 100, 2));
        assert_false(has(bench, 100 + PEAKSFILE_UNITS_MAX, 1));
}

/* A user may give his own units any name. */
static void test_a_users_unit_is_found_by_path_only(void **state) {
#define THEIRS "/user.slice/user-1000.slice/user@1000.service/app.slice/u00001.service"
        Bench *bench = *state;
        Peaks peaks;

        temproot_write(&bench->root, "state/peaks", "memguard-peaks 1\n"
                       "runs=1 seen=5 run= path=/system.slice/u00001.service\nruns=7 seen=9 run= path=" THEIRS "\n"
                       "runs=7 seen=9 run= path=/user.slice/user-1000.slice/user@1000.service/u00002.service\n");
        assert_true(has(bench, 1, 1));
        assert_false(has(bench, 2, 7));
        assert_int_equal(peaksfile_find(bench->dirfd, THEIRS, &peaks), 0);
        assert_int_equal(peaks.runs, 7);
}

static void test_hostile_files(void **state) {
        static const char good[] = "runs=1 seen=5 run= path=/system.slice/u00001.service\n";
        Bench *bench = *state;
        char text[8192];

        temproot_write(&bench->root, "state/peaks", "memguard-peaks 2\nruns=1 path=/system.slice/u00001.service\n");
        assert_false(has(bench, 1, 1));
        temproot_write(&bench->root, "state/peaks", "");
        assert_false(has(bench, 1, 1));
        memset(text, 'x', sizeof(text));
        (void) snprintf(text, sizeof(text), "memguard-peaks 1\n%5000s\nnonsense\n%s%s/a\n%s", "long", good, "\x80\xff",
                        good);
        temproot_write(&bench->root, "state/peaks", text);
        assert_true(has(bench, 1, 1));
        /* Unsorted and doubled lines are dropped by the next update, and the sound ones stay. */
        update(bench, 0, 1, 50000);
        assert_true(has(bench, 0, 1));
        assert_true(has(bench, 1, 1));
        assert_null(strstr(temproot_read(&bench->root, "state/peaks"), "nonsense"));
}

static void test_what_is_no_file(void **state) {
        Bench *bench = *state;
        Peaks peaks;

        assert_int_equal(symlinkat("/etc/passwd", bench->dirfd, "peaks"), 0);
        assert_int_equal(symlinkat("/nonexistent/elsewhere", bench->dirfd, "peaks.new"), 0);
        assert_int_equal(peaksfile_find(bench->dirfd, "x", &peaks), -ELOOP);
        update(bench, 0, 1, 50000);
        assert_true(has(bench, 0, 1));
        assert_int_equal(unlinkat(bench->dirfd, "peaks", 0), 0);
        assert_int_equal(mkfifoat(bench->dirfd, "peaks", 0600), 0);
        assert_int_equal(peaksfile_find(bench->dirfd, "x", &peaks), -EBADF);
        assert_int_equal(unlinkat(bench->dirfd, "peaks", 0), 0);
        temproot_write(&bench->root, "state/peaks", "memguard-peaks 1\n");
        assert_int_equal(truncate(temproot_path(&bench->root, "state/peaks"), PEAKSFILE_BYTES_MAX + 1), 0);
        assert_int_equal(peaksfile_find(bench->dirfd, "x", &peaks), -EFBIG);
        update(bench, 0, 1, 50000);
        assert_true(has(bench, 0, 1));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_merges, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_bound, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_users_unit_is_found_by_path_only, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_hostile_files, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_is_no_file, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
