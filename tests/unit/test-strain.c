/* What a limit costs a unit is read from its own files and from those of the cgroups above it. */
#include "temproot.h"

#include "fd.h"
#include "strain.h"

static TempRoot root;

static void put(const char *cgroup, const char *file, const char *text) {
        char path[512];

        (void) snprintf(path, sizeof(path), "sys/fs/cgroup%s/%s", cgroup, file);
        temproot_write(&root, path, text);
}

static int begin(void **state) {
        (void) state;
        temproot_open(&root);
        temproot_cgroup(&root, "/a.slice/b.slice/c.service");
        put("/a.slice/b.slice/c.service", "memory.pressure",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=11\n");
        put("/a.slice/b.slice/c.service", "memory.stat",
            "anon 4096\nfile 0\nworkingset_refault_anon 21\nworkingset_refault_file 22\npgmajfault 23\n");
        return 0;
}

static int end(void **state) {
        (void) state;
        temproot_close(&root);
        return 0;
}

static int read_it(Strain *ret) {
        _cleanup_close_ int dirfd = -1;

        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/a.slice/b.slice/c.service", &dirfd), 0);
        return strain_read(&root.kernfs, dirfd, "/a.slice/b.slice/c.service", ret);
}

static void limits_of(const char *slice, const char *current, const char *high, const char *max, const char *local) {
        put(slice, "memory.current", current);
        put(slice, "memory.high", high);
        put(slice, "memory.max", max);
        put(slice, "memory.events", "low 0\nhigh 100\nmax 100\noom 0\noom_kill 0\n");
        put(slice, "memory.events.local", local);
}

static void all_of_it_is_read(void **state) {
        Strain strain;

        (void) state;
        put("/a.slice/b.slice/c.service", "cpu.stat", "usage_usec 9\nuser_usec 5\nsystem_usec 4\n");
        put("/a.slice/b.slice/c.service", "io.pressure",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=32\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=31\n");
        limits_of("/a.slice", "1000000\n", "max\n", "2000000\n", "low 0\nhigh 1\nmax 2\noom 0\noom_kill 0\n");
        limits_of("/a.slice/b.slice", "900000\n", "900000\n", "max\n", "low 0\nhigh 3\nmax 4\noom 0\noom_kill 0\n");
        assert_int_equal(read_it(&strain), 0);
        assert_int_equal(strain.full, 11);
        assert_int_equal(strain.io_full, 31);
        assert_int_equal(strain.user, 5);
        assert_int_equal(strain.swapins, 21);
        assert_int_equal(strain.refaults, 22);
        assert_int_equal(strain.faults, 23);
        /* The fullest one is named; the hits of all count. */
        assert_string_equal(strain.above, "/a.slice/b.slice");
        assert_int_equal(strain.above_high, 900000);
        assert_true(strain.above_max == BYTES_INFINITY);
        assert_int_equal(strain.above_n_high, 4);
        assert_int_equal(strain.above_n_max, 6);
}

static void what_a_kernel_has_not_is_nothing(void **state) {
        Strain strain;

        (void) state;
        assert_int_equal(read_it(&strain), 0);
        assert_int_equal(strain.user + strain.io_full + strain.above_n_high + strain.above_n_max, 0);
        assert_string_equal(strain.above, "");
        /* Without a limit nobody is full. */
        limits_of("/a.slice", "1000000\n", "max\n", "max\n", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n");
        assert_int_equal(read_it(&strain), 0);
        assert_string_equal(strain.above, "");
}

static void without_lost_time_there_is_no_answer(void **state) {
        Strain strain = {.full = 77};

        (void) state;
        assert_int_equal(unlink(temproot_path(&root, "sys/fs/cgroup/a.slice/b.slice/c.service/memory.pressure")), 0);
        assert_int_equal(read_it(&strain), -ENOENT);
        put("/a.slice/b.slice/c.service", "memory.pressure", "garbage\n");
        assert_int_equal(read_it(&strain), -ENODATA);
        assert_int_equal(strain.full, 77);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(all_of_it_is_read, begin, end),
                cmocka_unit_test_setup_teardown(what_a_kernel_has_not_is_nothing, begin, end),
                cmocka_unit_test_setup_teardown(without_lost_time_there_is_no_answer, begin, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
