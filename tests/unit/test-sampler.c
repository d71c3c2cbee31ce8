/* One unit's memory is read whole or not at all, and its effective limit is the least on the way to the host. */
#include "temproot.h"

#include <sys/xattr.h>

#include "fd.h"
#include "sampler.h"

static Kernfs host = KERNFS_INIT;

static int open_host(void **state) {
        (void) state;
        return kernfs_open(&host, TEST_DIR "/fixtures/host");
}

static int close_host(void **state) {
        (void) state;
        kernfs_done(&host);
        return 0;
}

static void test_the_least_limit_wins_and_is_named(void **state) {
        char source[CGROUP_PATH_MAX];
        uint64_t limit;

        (void) state;
        assert_int_equal(sampler_limit(&host, "/system.slice/api.service", &limit, source), 0);
        assert_int_equal(limit, 256 * MIB);
        assert_string_equal(source, "/system.slice");
        assert_int_equal(sampler_limit(&host, "/system.slice/web.service", &limit, source), 0);
        assert_int_equal(limit, 128 * MIB);
        assert_string_equal(source, "/system.slice/web.service");
        assert_int_equal(sampler_limit(&host, "/", &limit, source), 0);
        assert_int_equal(limit, 1000068 * KIB);
        assert_string_equal(source, "host");
        assert_int_equal(sampler_limit(&host, "/system.slice/web.service", &limit, NULL), 0);
        assert_int_equal(sampler_limit(&host, "/system.slice/none.service", &limit, NULL), -ENOENT);
        assert_int_equal(sampler_limit(&host, "/system.slice/../x", &limit, NULL), -EINVAL);
}

static void test_of_equal_limits_the_innermost_is_named(void **state) {
        char source[CGROUP_PATH_MAX];
        uint64_t limit = 0;
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_write(&root, "proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 512 kB\n");
        temproot_cgroup(&root, "/a.slice/b.service");
        temproot_write(&root, "sys/fs/cgroup/a.slice/memory.max", "1048576\n");
        temproot_write(&root, "sys/fs/cgroup/a.slice/b.service/memory.max", "1048576\n");
        assert_int_equal(sampler_limit(&root.kernfs, "/a.slice/b.service", &limit, source), 0);
        assert_string_equal(source, "/a.slice/b.service");
        /* A limit above the host's memory is none. */
        temproot_write(&root, "sys/fs/cgroup/a.slice/memory.max", "1048577\n");
        temproot_write(&root, "sys/fs/cgroup/a.slice/b.service/memory.max", "max\n");
        assert_int_equal(sampler_limit(&root.kernfs, "/a.slice/b.service", &limit, source), 0);
        assert_string_equal(source, "host");
        assert_int_equal(limit, MIB);
        temproot_write(&root, "sys/fs/cgroup/a.slice/memory.max", "garbage\n");
        assert_int_equal(sampler_limit(&root.kernfs, "/a.slice/b.service", &limit, source), -EINVAL);
        temproot_close(&root);
}

static void test_a_sample_has_all_its_parts(void **state) {
        int dirfd = -1;
        Sample sample;

        (void) state;
        assert_int_equal(kernfs_open_cgroup(&host, "/system.slice/api.service", &dirfd), 0);
        assert_int_equal(sampler_read(&host, dirfd, 256 * MIB, true, &sample), 0);
        assert_int_equal(sample.current, 100 * MIB);
        assert_int_equal(sample.working_set, (100 - 20 - 5 - 1) * MIB);
        assert_int_equal(sample.anon, 60 * MIB);
        assert_int_equal(sample.file, 30 * MIB);
        assert_int_equal(sample.shmem, 5 * MIB);
        assert_int_equal(sample.kernel, 4 * MIB);
        assert_int_equal(sample.stolen, 1234);
        assert_int_equal(sample.swap, 3 * MIB);
        assert_int_equal(sample.host_free, 541208 * KIB);
        assert_int_equal(sample.host_cached, 299144 * KIB);
        assert_int_equal(sample.limit, 256 * MIB);
        assert_true(sample.own_max == BYTES_INFINITY);
        assert_int_equal(sample.high, 120 * MIB);
        assert_int_equal(sample.available, 742648 * KIB);
        assert_int_equal(sample.swap_free, 520188 * KIB);
        assert_int_equal(sample.ev_high, 7);
        assert_int_equal(sample.ev_max, 2);
        assert_int_equal(sample.ev_oom, 0);
        assert_int_equal(sample.ev_oom_kill, 0);
        fd_closep(&dirfd);
}

static void test_without_stat_the_working_set_is_not_below_the_truth(void **state) {
        int dirfd = -1;
        Sample sample;

        (void) state;
        assert_int_equal(kernfs_open_cgroup(&host, "/system.slice/web.service", &dirfd), 0); /* has no memory.stat */
        assert_int_equal(sampler_read(&host, dirfd, MIB, false, &sample), 0);
        assert_int_equal(sample.working_set, sample.current);
        assert_int_equal(sample.own_max, 128 * MIB);
        assert_true(sample.high == BYTES_INFINITY);
        assert_int_equal(sample.available, 742648 * KIB);
        sample.current = 77;
        assert_int_equal(sampler_read(&host, dirfd, MIB, true, &sample), -ENOENT);
        assert_int_equal(sample.current, 77);
        fd_closep(&dirfd);
}

static void test_half_data_never_becomes_a_sample(void **state) {
        static const char *const files[] = {"memory.current", "memory.events", "memory.stat"};
        Sample sample = {.current = 77};
        int dirfd = -1;
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_write(&root, "proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 512 kB\n");
        temproot_cgroup(&root, "/a");
        temproot_write(&root, "sys/fs/cgroup/a/memory.stat", "anon 1\nfile 2\ninactive_file 1\nactive_file 1\n");
        temproot_write(&root, "sys/fs/cgroup/a/memory.current", "4096\n");
        temproot_write(&root, "sys/fs/cgroup/a/memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n");
        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/a", &dirfd), 0);
        assert_int_equal(sampler_read(&root.kernfs, dirfd, MIB, true, &sample), 0);
        sample.current = 77;
        for (unsigned i = 0; i < ELEMENTSOF(files); i++) {
                char path[128], kept[4096];

                (void) snprintf(path, sizeof(path), "sys/fs/cgroup/a/%s", files[i]);
                (void) snprintf(kept, sizeof(kept), "%s", temproot_read(&root, path));
                temproot_write(&root, path, "an");
                assert_true(sampler_read(&root.kernfs, dirfd, MIB, true, &sample) < 0);
                assert_int_equal(sample.current, 77);
                temproot_write(&root, path, kept);
        }
        assert_int_equal(unlink(temproot_path(&root, "proc/meminfo")), 0);
        assert_int_equal(sampler_read(&root.kernfs, dirfd, MIB, true, &sample), -ENOENT);
        fd_closep(&dirfd);
        temproot_close(&root);
}

static void test_swap_is_read_where_there_is_any(void **state) {
        Sample sample;
        int dirfd = -1;
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_write(&root, "proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 512 kB\nSwapTotal: 4 kB\n");
        temproot_cgroup(&root, "/a");
        temproot_write(&root, "sys/fs/cgroup/a/memory.stat", "anon 1\nfile 2\ninactive_file 1\nactive_file 1\n");
        temproot_write(&root, "sys/fs/cgroup/a/memory.current", "4096\n");
        temproot_write(&root, "sys/fs/cgroup/a/memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n");
        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/a", &dirfd), 0);
        sample.swap = 77;
        assert_int_equal(sampler_read(&root.kernfs, dirfd, MIB, true, &sample), 0);
        assert_int_equal(sample.swap, 0);
        assert_int_equal(sample.host_free, 0);
        temproot_write(&root, "sys/fs/cgroup/a/memory.swap.current", "8192\n");
        assert_int_equal(sampler_read(&root.kernfs, dirfd, MIB, true, &sample), 0);
        assert_int_equal(sample.swap, 8192);
        assert_int_equal(sampler_read(&root.kernfs, dirfd, MIB, false, &sample), 0);
        assert_int_equal(sample.swap, 0);
        temproot_write(&root, "sys/fs/cgroup/a/memory.swap.current", "nonsense\n");
        sample.swap = 77;
        assert_int_equal(sampler_read(&root.kernfs, dirfd, MIB, true, &sample), -EINVAL);
        assert_int_equal(sample.swap, 77);
        /* On a host without swap the file is not even opened. */
        temproot_write(&root, "proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 512 kB\nSwapTotal: 0 kB\n");
        assert_int_equal(sampler_read(&root.kernfs, dirfd, MIB, true, &sample), 0);
        assert_int_equal(sample.swap, 0);
        fd_closep(&dirfd);
        temproot_close(&root);
}

static void test_pressure_is_read(void **state) {
        Pressure pressure;
        int dirfd = -1;

        (void) state;
        assert_int_equal(kernfs_open_cgroup(&host, "/system.slice/api.service", &dirfd), 0);
        assert_int_equal(sampler_pressure(dirfd, &pressure), 0);
        assert_int_equal(pressure.some_total, 31000);
        assert_int_equal(pressure.full_total, 18000);
        fd_closep(&dirfd);
        assert_int_equal(kernfs_open_cgroup(&host, "/system.slice/web.service", &dirfd), 0);
        assert_int_equal(sampler_pressure(dirfd, &pressure), -ENOENT);
        fd_closep(&dirfd);
}

static void test_only_an_invocation_id_is_taken_for_one(void **state) {
        static const char good[] = "0123456789abcdef0123456789abcdef";
        char id[INVOCATION_MAX] = "kept";
        int dirfd = -1;
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_cgroup(&root, "/a");
        assert_int_equal(kernfs_open_cgroup(&root.kernfs, "/a", &dirfd), 0);
        assert_int_equal(sampler_invocation(dirfd, id), -ENODATA);
        if (fsetxattr(dirfd, "user.invocation_id", "\x1b[2J", 4, 0) < 0)
                print_message("Skipped: user xattrs are not supported here.\n");
        else {
                assert_int_equal(sampler_invocation(dirfd, id), -ENODATA);
                assert_int_equal(fsetxattr(dirfd, "user.invocation_id", "0123456789abcdef0123456789abcdef0", 33, 0), 0);
                assert_int_equal(sampler_invocation(dirfd, id), -ENODATA);
                assert_string_equal(id, "kept");
                assert_int_equal(fsetxattr(dirfd, "user.invocation_id", good, 32, 0), 0);
                assert_int_equal(sampler_invocation(dirfd, id), 0);
                assert_string_equal(id, good);
        }
        fd_closep(&dirfd);
        temproot_close(&root);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_the_least_limit_wins_and_is_named),
                cmocka_unit_test(test_of_equal_limits_the_innermost_is_named),
                cmocka_unit_test(test_a_sample_has_all_its_parts),
                cmocka_unit_test(test_without_stat_the_working_set_is_not_below_the_truth),
                cmocka_unit_test(test_half_data_never_becomes_a_sample),
                cmocka_unit_test(test_swap_is_read_where_there_is_any),
                cmocka_unit_test(test_pressure_is_read),
                cmocka_unit_test(test_only_an_invocation_id_is_taken_for_one),
        };

        return cmocka_run_group_tests(tests, open_host, close_host);
}
