/* A manager on a host in a folder: services with readings that stand still, and one policy that watches them. */
#pragma once

#include "temproot.h"

#include <signal.h>

#include "manager.h"

static const char *const manager_bench_files[][2] = {
        {"memory.current", "104857600\n"},
        {"memory.stat", "anon 100000000\nfile 4857600\nkernel 0\nshmem 0\ninactive_file 0\nactive_file 0\nslab_reclaimable 0\n"
                        "pgsteal 0\n"},
        {"memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"},
        {"memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"},
        {"memory.high", "max\n"},
        {"memory.max", "209715200\n"},
};

static TempRoot root;
static Manager *manager;

/* Gives a cgroup the files of the memory controller, or takes them away. */
static inline void manager_bench_files_of(const char *path, bool there) {
        char below[256];

        for (size_t i = 0; i < ELEMENTSOF(manager_bench_files); i++) {
                (void) snprintf(below, sizeof(below), "sys/fs/cgroup%s/%s", path, manager_bench_files[i][0]);
                if (there)
                        temproot_write(&root, below, manager_bench_files[i][1]);
                else
                        assert_int_equal(unlink(temproot_path(&root, below)), 0);
        }
}

static inline void manager_bench_open(void) {
        sigset_t signals;

        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigaddset(&signals, SIGHUP);
        assert_int_equal(sigprocmask(SIG_BLOCK, &signals, NULL), 0);
        temproot_open(&root);
        temproot_mkdir(&root, "run/memguard");
        temproot_mkdir(&root, "proc/pressure");
        temproot_write(&root, "proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 1000 kB\nMemAvailable: 500000 kB\nCached: 0 kB\n"
                                              "SwapTotal: 0 kB\nSwapFree: 0 kB\n");
}

static inline void manager_bench_add(const char *path) {
        temproot_cgroup(&root, path);
        manager_bench_files_of(path, true);
}

/* Takes the policy up (again). */
static inline void manager_bench_set_policies(void) {
        assert_int_equal(engine_set_policies(manager->engine, manager->policies, manager_now(manager)), 0);
}

/* Behind the last manager_bench_add(): the manager finds them running. */
static inline void manager_bench_start(void) {
        static const char text[] = "[Match]\nUnit=*.service\n[Policy]\nMode=observe\n[Rung a]\nUsage=90%\nAction=notify\n";
        ConfErrors errors = {};

        assert_int_equal(manager_new(&manager, &(ManagerOptions){.root = root.path, .kmsg_fd = -ENOENT}), 0);
        assert_int_equal(policy_set_new(&manager->policies), 0);
        assert_int_equal(policy_set_add(manager->policies, "test.conf", text, strlen(text), &errors), 0);
        manager_bench_set_policies();
        manager->scanning = true;
        assert_true(tree_scan(manager->tree) >= 0);
        manager->scanning = false;
}

static inline int manager_bench_close(void **state) {
        (void) state;
        manager = manager_free(manager);
        temproot_close(&root);
        return 0;
}
