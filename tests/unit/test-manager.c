/* While a round of readings is under way everybody else is heard between its ticks, and the loop does not sleep. */
#include "temproot.h"

#include <signal.h>

#include "manager.h"

#define N_UNITS 200

static TempRoot root;
static Manager *manager;
static unsigned n_heard, n_heard_overdue;

static void put_unit(unsigned i) {
        static const char *const files[][2] = {
                {"memory.current", "104857600\n"},
                {"memory.stat", "anon 100000000\nfile 4857600\nkernel 0\nshmem 0\ninactive_file 0\nactive_file 0\n"
                                "slab_reclaimable 0\npgsteal 0\n"},
                {"memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"},
                {"memory.events.local", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"},
                {"memory.high", "max\n"},
                {"memory.max", "209715200\n"},
        };
        char path[64], below[128];

        (void) snprintf(path, sizeof(path), "/system.slice/u%u.service", i);
        temproot_cgroup(&root, path);
        for (size_t f = 0; f < ELEMENTSOF(files); f++) {
                (void) snprintf(below, sizeof(below), "sys/fs/cgroup%s/%s", path, files[f][0]);
                temproot_write(&root, below, files[f][1]);
        }
}

static int set_policies(void) {
        return engine_set_policies(manager->engine, manager->policies, manager_now(manager));
}

static int begin(void **state) {
        static const char text[] = "[Match]\nUnit=*.service\n[Policy]\nMode=observe\n[Rung a]\nUsage=90%\nAction=notify\n";
        ConfErrors errors = {};
        sigset_t signals;

        (void) state;
        (void) sigemptyset(&signals);
        (void) sigaddset(&signals, SIGTERM);
        (void) sigaddset(&signals, SIGINT);
        (void) sigaddset(&signals, SIGHUP);
        assert_int_equal(sigprocmask(SIG_BLOCK, &signals, NULL), 0);
        temproot_open(&root);
        temproot_mkdir(&root, "run/memguard");
        temproot_mkdir(&root, "proc/pressure");
        temproot_write(&root, "proc/meminfo", "MemTotal: 100000000 kB\nMemFree: 1000 kB\nMemAvailable: 500000 kB\nCached: 0 kB\n"
                                              "SwapTotal: 0 kB\nSwapFree: 0 kB\n");
        for (unsigned i = 0; i < N_UNITS; i++)
                put_unit(i);
        assert_int_equal(manager_new(&manager, &(ManagerOptions){.root = root.path, .kmsg_fd = -ENOENT}), 0);
        assert_int_equal(policy_set_new(&manager->policies), 0);
        assert_int_equal(policy_set_add(manager->policies, "test.conf", text, strlen(text), &errors), 0);
        assert_int_equal(set_policies(), 0);
        manager->scanning = true;
        assert_true(tree_scan(manager->tree) >= 0);
        manager->scanning = false;
        return 0;
}

static int end(void **state) {
        (void) state;
        manager = manager_free(manager);
        temproot_close(&root);
        return 0;
}

static bool is_overdue(void) {
        return engine_next_deadline(manager->engine) <= manager_now(manager);
}

static int on_word(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source, (void) fd, (void) events, (void) userdata;
        n_heard++;
        n_heard_overdue += is_overdue();
        return 0;
}

static void others_are_heard_between_two_ticks(void **state) {
        sd_event_source *source;
        unsigned n_turns = 0;
        int ends[2];

        (void) state;
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "x", 1), 1); /* never read: there is always something to hear */
        assert_int_equal(sd_event_add_io(manager->event, &source, ends[0], EPOLLIN, on_word, NULL), 0);
        assert_int_equal(set_policies(), 0);
        manager_feed(manager, &(Event){.kind = EVENT_TICK, .time = manager_now(manager)});
        assert_true(is_overdue());
        while (is_overdue() && n_turns++ < 10000)
                assert_true(sd_event_run(manager->event, 0) >= 0);
        print_message("%u turns, %u words heard, %u of them while a tick was due\n", n_turns, n_heard, n_heard_overdue);
        assert_true(n_heard_overdue > 2);
        /* One word a tick is what a fair turn gives. */
        assert_true(n_heard_overdue * 3 > n_turns);
        sd_event_source_disable_unref(source);
        (void) close(ends[0]);
        (void) close(ends[1]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(others_are_heard_between_two_ticks, begin, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
