/* A process is looked at while it lives, and one that is gone, dead, or another of the same pid is known to be. */
#include "temproot.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "proclook.h"

#define STAT_BEHIND " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 "

static Kernfs host = KERNFS_INIT;

static int open_host(void **state) {
        (void) state;
        return kernfs_open(&host, "/");
}

static int close_host(void **state) {
        (void) state;
        kernfs_done(&host);
        return 0;
}

static void write_process(const TempRoot *root, int pid, const char *comm, char state, unsigned start) {
        char path[64], text[256];

        (void) snprintf(path, sizeof(path), "proc/%d", pid);
        temproot_mkdir(root, path);
        (void) snprintf(path, sizeof(path), "proc/%d/stat", pid);
        (void) snprintf(text, sizeof(text), "%d (%s) %c" STAT_BEHIND "%u 0 0\n", pid, comm, state, start);
        temproot_write(root, path, text);
}

static void open_root(TempRoot *root) {
        temproot_open(root);
        temproot_mkdir(root, "proc/sys/vm");
        temproot_write(root, "proc/meminfo", "MemTotal: 1000 kB\nMemAvailable: 512 kB\nSwapTotal: 24 kB\n"
                                             "CommitLimit: 500 kB\nCommitted_AS: 400 kB\n");
        temproot_write(root, "proc/sys/vm/overcommit_memory", "2\n");
        temproot_write(root, "proc/sys/vm/max_map_count", "5\n");
        write_process(root, 7, "a) Z (b", 'S', 99);
        temproot_write(root, "proc/7/limits", "Limit  Soft Limit  Hard Limit  Units\n"
                                              "Max data size             4096                 unlimited            bytes\n"
                                              "Max address space         unlimited            unlimited            bytes\n");
        temproot_write(root, "proc/7/status", "Name:\tx\nVmPeak:\t 30 kB\nVmSize:\t 20 kB\nVmData:\t 10 kB\n");
        temproot_write(root, "proc/7/maps", "1\n2\n3\n");
        temproot_write(root, "proc/7/cgroup", "0::/system.slice/api.service\n");
}

static void test_a_look_has_all_its_parts(void **state) {
        Witness witness;
        TempRoot root;

        (void) state;
        open_root(&root);
        assert_int_equal(proclook_read(&root.kernfs, 7, true, &witness), 0);
        assert_int_equal(witness.source, WITNESS_PROC);
        assert_int_equal(witness.fact, FACT_LOOK);
        assert_int_equal(witness.pid, 7);
        assert_int_equal(witness.code, 0);
        assert_string_equal(witness.comm, "a) Z (b");
        assert_int_equal(witness.look.start, 99);
        assert_true(witness.look.as_limit == BYTES_INFINITY);
        assert_int_equal(witness.look.data_limit, 4096);
        assert_int_equal(witness.look.vm_peak, 30 * KIB);
        assert_int_equal(witness.look.vm_size, 20 * KIB);
        assert_int_equal(witness.look.vm_data, 10 * KIB);
        assert_int_equal(witness.look.maps, 3);
        assert_int_equal(witness.look.maps_limit, 5);
        assert_int_equal(witness.look.overcommit, 2);
        assert_int_equal(witness.look.commit_limit, 500 * KIB);
        assert_int_equal(witness.look.committed, 400 * KIB);
        assert_int_equal(witness.look.ram_and_swap, 1024 * KIB);
        assert_int_equal(proclook_read(&root.kernfs, 7, false, &witness), 0);
        assert_int_equal(witness.look.maps, 0);
        temproot_close(&root);
}

static void test_maps_are_counted_up_to_one_above_the_limit(void **state) {
        Witness witness;
        TempRoot root;

        (void) state;
        open_root(&root);
        temproot_write(&root, "proc/7/maps", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        assert_int_equal(proclook_read(&root.kernfs, 7, true, &witness), 0);
        assert_int_equal(witness.look.maps, 6);
        temproot_close(&root);
}

static void test_the_gone_and_the_dead(void **state) {
        static const char *const files[] = {"proc/7/stat", "proc/7/limits", "proc/7/status", "proc/7/maps"};
        Witness witness;
        TempRoot root;

        (void) state;
        open_root(&root);
        assert_int_equal(proclook_read(&root.kernfs, 8, true, &witness), 0);
        assert_int_equal(witness.code, 1);
        assert_int_equal(witness.look.start, 0);
        assert_int_equal(witness.look.overcommit, 2); /* the host's rules are still known */
        write_process(&root, 8, "done", 'Z', 5);
        assert_int_equal(proclook_read(&root.kernfs, 8, true, &witness), 0);
        assert_int_equal(witness.code, 1);
        assert_string_equal(witness.comm, "done");
        assert_int_equal(witness.look.start, 5);
        /* Going while it is looked at: each file may be the first that is no longer there. */
        for (unsigned i = 0; i < ELEMENTSOF(files); i++) {
                char kept[4096];

                (void) snprintf(kept, sizeof(kept), "%s", temproot_read(&root, files[i]));
                assert_int_equal(unlink(temproot_path(&root, files[i])), 0);
                assert_int_equal(proclook_read(&root.kernfs, 7, true, &witness), 0);
                assert_int_equal(witness.code, 1);
                temproot_write(&root, files[i], kept);
        }
        assert_int_equal(proclook_read(&root.kernfs, 7, true, &witness), 0);
        assert_int_equal(witness.code, 0);
        temproot_close(&root);
}

static void test_nonsense_is_no_look(void **state) {
        Witness witness = {.pid = 77};
        TempRoot root;

        (void) state;
        open_root(&root);
        assert_int_equal(proclook_read(&root.kernfs, 0, true, &witness), -EINVAL);
        assert_int_equal(proclook_read(&root.kernfs, -7, true, &witness), -EINVAL);
        temproot_write(&root, "proc/7/limits", "Max data size             much\n");
        assert_int_equal(proclook_read(&root.kernfs, 7, true, &witness), -EINVAL);
        temproot_write(&root, "proc/7/limits", "");
        temproot_write(&root, "proc/7/stat", "7 (x");
        assert_int_equal(proclook_read(&root.kernfs, 7, true, &witness), -EINVAL);
        assert_int_equal(proclook_gone(&root.kernfs, 7, 0), -EINVAL);
        assert_int_equal(unlink(temproot_path(&root, "proc/meminfo")), 0);
        assert_int_equal(proclook_read(&root.kernfs, 7, true, &witness), -ENOENT);
        assert_int_equal(witness.pid, 77);
        temproot_close(&root);
}

static void test_too_many_groups_hide_the_sizes_only(void **state) {
        static char text[2 * KERNFS_TEXT_MAX];
        Witness witness;
        TempRoot root;

        (void) state;
        open_root(&root);
        memset(text, '1', sizeof(text) - 1);
        temproot_write(&root, "proc/7/status", text);
        assert_int_equal(proclook_read(&root.kernfs, 7, true, &witness), 0);
        assert_int_equal(witness.code, 0);
        assert_int_equal(witness.look.vm_size, 0);
        assert_int_equal(witness.look.maps, 3);
        temproot_close(&root);
}

static void test_a_host_without_these_rules(void **state) {
        Witness witness;
        TempRoot root;

        (void) state;
        open_root(&root);
        assert_int_equal(unlink(temproot_path(&root, "proc/sys/vm/overcommit_memory")), 0);
        assert_int_equal(unlink(temproot_path(&root, "proc/sys/vm/max_map_count")), 0);
        assert_int_equal(proclook_read(&root.kernfs, 7, true, &witness), 0);
        assert_int_equal(witness.look.maps_limit, 0);
        assert_int_equal(witness.look.maps, 3);
        temproot_close(&root);
}

static void test_the_cgroup_of_a_process(void **state) {
        char path[CGROUP_PATH_MAX] = "kept";
        TempRoot root;

        (void) state;
        open_root(&root);
        assert_int_equal(proclook_cgroup(&root.kernfs, 8, path), -ESRCH);
        assert_int_equal(proclook_cgroup(&root.kernfs, 0, path), -EINVAL);
        assert_string_equal(path, "kept");
        assert_int_equal(proclook_cgroup(&root.kernfs, 7, path), 0);
        assert_string_equal(path, "/system.slice/api.service");
        temproot_write(&root, "proc/7/cgroup", "0::/../x\n");
        assert_int_equal(proclook_cgroup(&root.kernfs, 7, path), -EINVAL);
        temproot_close(&root);
}

static void test_a_pid_used_anew_is_another_process(void **state) {
        TempRoot root;

        (void) state;
        open_root(&root);
        assert_int_equal(proclook_gone(&root.kernfs, 7, 99), 0);
        assert_int_equal(proclook_gone(&root.kernfs, 7, 0), 0);
        assert_int_equal(proclook_gone(&root.kernfs, 7, 98), 1);
        assert_int_equal(proclook_gone(&root.kernfs, 8, 99), 1);
        write_process(&root, 7, "x", 'X', 99);
        assert_int_equal(proclook_gone(&root.kernfs, 7, 99), 1);
        temproot_close(&root);
}

/* A child of ours, under the real kernel: alive, then a zombie, then gone. */
static void test_the_kernel_s_own_proc(void **state) {
        const struct rlimit limit = {64 * MIB, RLIM_INFINITY};
        char path[CGROUP_PATH_MAX];
        Witness witness;
        uint64_t start;
        pid_t pid;

        (void) state;
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                pause();
                _exit(0);
        }
        assert_int_equal(prlimit(pid, RLIMIT_DATA, &limit, NULL), 0);
        assert_int_equal(proclook_read(&host, pid, true, &witness), 0);
        assert_int_equal(witness.code, 0);
        assert_int_equal(witness.look.data_limit, 64 * MIB);
        assert_true(witness.look.vm_size > 0 && witness.look.vm_peak >= witness.look.vm_size);
        assert_true(witness.look.maps > 3 && witness.look.ram_and_swap > 0);
        assert_int_not_equal(strlen(witness.comm), 0);
        start = witness.look.start;
        assert_int_equal(proclook_gone(&host, pid, start), 0);
        if (proclook_cgroup(&host, pid, path) < 0)
                print_message("Skipped: no unified cgroup hierarchy here.\n");

        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitid(P_PID, (id_t) pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
        assert_int_equal(proclook_read(&host, pid, true, &witness), 0);
        assert_int_equal(witness.code, 1);
        assert_int_equal(witness.look.start, start);
        assert_int_equal(proclook_gone(&host, pid, start), 1);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(proclook_read(&host, pid, true, &witness), 0);
        assert_int_equal(witness.code, 1);
        assert_int_equal(proclook_gone(&host, pid, start), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_look_has_all_its_parts),
                cmocka_unit_test(test_maps_are_counted_up_to_one_above_the_limit),
                cmocka_unit_test(test_the_gone_and_the_dead),
                cmocka_unit_test(test_nonsense_is_no_look),
                cmocka_unit_test(test_too_many_groups_hide_the_sizes_only),
                cmocka_unit_test(test_a_host_without_these_rules),
                cmocka_unit_test(test_the_cgroup_of_a_process),
                cmocka_unit_test(test_a_pid_used_anew_is_another_process),
                cmocka_unit_test(test_the_kernel_s_own_proc),
        };

        return cmocka_run_group_tests(tests, open_host, close_host);
}
