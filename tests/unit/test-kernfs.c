/* Kernel files are read and written below one root, and a cgroup that is gone is told from one that lacks a file. */
#include "temproot.h"

#include "fd.h"

static void test_open_sets_both_fds_or_none(void **state) {
        Kernfs kernfs = KERNFS_INIT;
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_rmdir(&root, "sys/fs/cgroup");
        assert_int_equal(kernfs_open(&kernfs, root.path), -ENOENT);
        assert_int_equal(kernfs.proc_fd, -1);
        assert_int_equal(kernfs.cgroup_fd, -1);
        kernfs_done(&kernfs);
        assert_int_equal(kernfs_open(&kernfs, temproot_path(&root, "nowhere")), -ENOENT);
        temproot_close(&root);
}

static void test_paths_from_strangers_are_refused(void **state) {
        static const char *const bad[] = {"", "a", "/a/../b", "/..", "//a", "/a/", "/a\nb", "/./a"};
        TempRoot root;
        int fd = -1;

        (void) state;
        temproot_open(&root);
        temproot_cgroup(&root, "/a");
        for (unsigned i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(kernfs_open_cgroup(&root.kernfs, bad[i], &fd), -EINVAL);
        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/missing", &fd), -ENOENT);
        assert_int_equal(symlink("/", temproot_path(&root, "sys/fs/cgroup/link")), 0);
        assert_true(kernfs_open_cgroup(&root.kernfs, "/link", &fd) < 0);
        assert_int_equal(fd, -1);
        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/a", &fd), 0);
        fd_closep(&fd);
        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/", &fd), 0);
        fd_closep(&fd);
        temproot_close(&root);
}

static void test_a_text_fits_or_is_refused(void **state) {
        char buf[8] = "before";
        int dirfd = -1;
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_cgroup(&root, "/a");
        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/a", &dirfd), 0);
        temproot_write(&root, "sys/fs/cgroup/a/memory.stat", "1234567");
        assert_int_equal(kernfs_read(dirfd, "memory.stat", buf, sizeof(buf)), 7);
        assert_string_equal(buf, "1234567");
        temproot_write(&root, "sys/fs/cgroup/a/memory.stat", "12345678");
        assert_int_equal(kernfs_read(dirfd, "memory.stat", buf, sizeof(buf)), -E2BIG);
        temproot_write(&root, "sys/fs/cgroup/a/memory.stat", "");
        assert_int_equal(kernfs_read(dirfd, "memory.stat", buf, sizeof(buf)), 0);
        assert_string_equal(buf, "");
        fd_closep(&dirfd);
        temproot_close(&root);
}

/* A seq_file hands out about a page a read(). */
static void test_a_file_of_the_kernel_is_read_to_its_end(void **state) {
        static char text[512 * 1024];
        Kernfs kernfs = KERNFS_INIT;
        int n;

        (void) state;
        if (kernfs_open(&kernfs, "/") < 0) {
                print_message("Skipped: no /proc or /sys/fs/cgroup here.\n");
                return;
        }
        n = kernfs_read(kernfs.proc_fd, "self/smaps", text, sizeof(text));
        assert_true(n > 8192);
        assert_int_equal(strlen(text), n);
        assert_non_null(strstr(text, "[stack]"));
        kernfs_done(&kernfs);
}

static void test_numbers_go_both_ways(void **state) {
        uint64_t value = 7;
        int dirfd = -1;
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_cgroup(&root, "/a");
        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/a", &dirfd), 0);
        temproot_write(&root, "sys/fs/cgroup/a/memory.high", "123456789\n");
        assert_int_equal(kernfs_read_u64(dirfd, "memory.high", &value), 0);
        assert_int_equal(value, 123456789);
        assert_int_equal(kernfs_write_u64(dirfd, "memory.high", BYTES_INFINITY), 0);
        assert_string_equal(temproot_read(&root, "sys/fs/cgroup/a/memory.high"), "max");
        assert_int_equal(kernfs_read_u64(dirfd, "memory.high", &value), 0);
        assert_true(value == BYTES_INFINITY);
        assert_int_equal(kernfs_write_u64(dirfd, "memory.high", 4096), 0);
        assert_string_equal(temproot_read(&root, "sys/fs/cgroup/a/memory.high"), "4096");
        temproot_write(&root, "sys/fs/cgroup/a/memory.high", "12x\n");
        value = 7;
        assert_int_equal(kernfs_read_u64(dirfd, "memory.high", &value), -EINVAL);
        assert_int_equal(value, 7);
        fd_closep(&dirfd);
        temproot_close(&root);
}

static void test_gone_and_lacking_are_told_apart(void **state) {
        int dirfd = -1;
        TempRoot root;
        uint64_t value;

        (void) state;
        temproot_open(&root);
        temproot_cgroup(&root, "/a");
        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/a", &dirfd), 0);
        assert_int_equal(kernfs_read_u64(dirfd, "memory.max", &value), -ENOENT);
        assert_int_equal(kernfs_write_u64(dirfd, "memory.max", 1), -ENOENT);
        temproot_rmdir(&root, "sys/fs/cgroup/a");
        assert_int_equal(kernfs_read_u64(dirfd, "memory.max", &value), -ENODEV);
        assert_int_equal(kernfs_write_u64(dirfd, "memory.max", 1), -ENODEV);
        /* Made anew under the same name: the held directory is still the old one. */
        temproot_cgroup(&root, "/a");
        temproot_write(&root, "sys/fs/cgroup/a/memory.max", "1");
        assert_int_equal(kernfs_read_u64(dirfd, "memory.max", &value), -ENODEV);
        assert_int_equal(kernfs_read_u64(root.kernfs.proc_fd, "pressure/memory", &value), -ENOENT);
        fd_closep(&dirfd);
        temproot_close(&root);
}

static void test_what_a_host_lacks_is_named(void **state) {
        TempRoot root;

        (void) state;
        temproot_open(&root);
        assert_non_null(strstr(kernfs_lacks(&root.kernfs), "cgroup v2 hierarchy"));
        temproot_write(&root, "sys/fs/cgroup/cgroup.controllers", "cpu io memory_recursiveprot pids\n");
        temproot_write(&root, "sys/fs/cgroup/cgroup.subtree_control", "cpu\n");
        assert_non_null(strstr(kernfs_lacks(&root.kernfs), "no memory controller"));
        temproot_write(&root, "sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
        assert_non_null(strstr(kernfs_lacks(&root.kernfs), "not enabled"));
        temproot_write(&root, "sys/fs/cgroup/cgroup.subtree_control", "memory\n");
        assert_non_null(strstr(kernfs_lacks(&root.kernfs), "psi=1"));
        temproot_write(&root, "proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
        assert_null(kernfs_lacks(&root.kernfs));
        temproot_close(&root);
}

static void test_a_recorded_host_is_read(void **state) {
        Kernfs kernfs = KERNFS_INIT;
        MemInfo host;

        (void) state;
        assert_int_equal(kernfs_open(&kernfs, TEST_DIR "/fixtures/host"), 0);
        assert_null(kernfs_lacks(&kernfs));
        assert_int_equal(kernfs_read_meminfo(&kernfs, &host), 0);
        assert_int_equal(host.total, 1000068 * KIB);
        assert_int_equal(host.available, 742648 * KIB);
        assert_int_equal(host.swap_free, 520188 * KIB);
        kernfs_done(&kernfs);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_open_sets_both_fds_or_none),
                cmocka_unit_test(test_paths_from_strangers_are_refused),
                cmocka_unit_test(test_a_text_fits_or_is_refused),
                cmocka_unit_test(test_a_file_of_the_kernel_is_read_to_its_end),
                cmocka_unit_test(test_numbers_go_both_ways),
                cmocka_unit_test(test_gone_and_lacking_are_told_apart),
                cmocka_unit_test(test_what_a_host_lacks_is_named),
                cmocka_unit_test(test_a_recorded_host_is_read),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
