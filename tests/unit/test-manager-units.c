/* A unit that loses its memory controller is guarded anew when that is back. */
#include "temproot.h"

#include <signal.h>

#include "manager.h"

#define UNIT "/system.slice/api.service"
#define BELOW "sys/fs/cgroup" UNIT "/"

static const char *const files[][2] = {
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

static void put_controller(bool there) {
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                char below[256];

                (void) snprintf(below, sizeof(below), BELOW "%s", files[i][0]);
                if (there)
                        temproot_write(&root, below, files[i][1]);
                else
                        assert_int_equal(unlink(temproot_path(&root, below)), 0);
        }
}

static void load_policy(void) {
        static const char text[] = "[Match]\nUnit=*.service\n[Policy]\nMode=observe\n[Rung a]\nUsage=90%\nAction=notify\n";
        ConfErrors errors = {};

        assert_int_equal(policy_set_new(&manager->policies), 0);
        assert_int_equal(policy_set_add(manager->policies, "test.conf", text, strlen(text), &errors), 0);
        assert_int_equal(engine_set_policies(manager->engine, manager->policies, manager_now(manager)), 0);
}

static int begin(void **state) {
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
        temproot_write(&root, "proc/meminfo", "MemTotal: 1000000 kB\nMemFree: 1000 kB\nMemAvailable: 500000 kB\nCached: 0 kB\n"
                                              "SwapTotal: 0 kB\nSwapFree: 0 kB\n");
        temproot_cgroup(&root, UNIT);
        put_controller(true);
        assert_int_equal(manager_new(&manager, &(ManagerOptions){.root = root.path, .kmsg_fd = -ENOENT}), 0);
        load_policy();
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

/* The hits of memory.max that the engine knows of, after the loop has had its turn. */
static uint64_t known_hits(void) {
        UnitView view;

        for (unsigned i = 0; i < 5; i++)
                assert_true(sd_event_run(manager->event, 10 * USEC_PER_MSEC) >= 0);
        assert_int_equal(engine_get_unit(manager->engine, UNIT, &view), 0);
        return view.sample->ev_max;
}

static void hit(unsigned n) {
        char text[128];

        (void) snprintf(text, sizeof(text), "low 0\nhigh 0\nmax %u\noom 0\noom_kill 0\noom_group_kill 0\n", n);
        temproot_write(&root, BELOW "memory.events", text);
}

static void memory_events_is_listened_to(void **state) {
        (void) state;
        assert_non_null(guarded_find(manager, UNIT));
        assert_int_equal(known_hits(), 0);
        hit(7);
        assert_int_equal(known_hits(), 7);
}

static void and_again_once_the_controller_is_back(void **state) {
        Guarded *guarded = guarded_find(manager, UNIT);

        (void) state;
        assert_non_null(guarded);
        put_controller(false);
        assert_int_equal(known_hits(), 0);
        guarded_feed_sample(manager, guarded);
        guarded_feed_sample(manager, guarded);
        assert_true(guarded_find(manager, UNIT) == guarded && guarded->blind); /* it has not ended */
        put_controller(true);
        guarded_feed_sample(manager, guarded); /* the reading that is asked for on */
        guarded = guarded_find(manager, UNIT);
        assert_true(guarded && guarded->armed && !guarded->blind && !guarded->peaks.fresh);
        hit(7);
        assert_int_equal(known_hits(), 7);
}

static void who_is_gone_has_not_lost_its_controller(void **state) {
        Guarded *guarded = guarded_find(manager, UNIT);

        (void) state;
        assert_true(guarded && guarded->armed);
        put_controller(false);
        temproot_rmdir(&root, "sys/fs/cgroup" UNIT);
        guarded_feed_sample(manager, guarded);
        assert_false(guarded->blind);
        for (unsigned i = 0; i < 5; i++)
                assert_true(sd_event_run(manager->event, 10 * USEC_PER_MSEC) >= 0);
        assert_null(guarded_find(manager, UNIT));
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
        const struct CMUnitTest tests[] = {
                T(memory_events_is_listened_to),
                T(and_again_once_the_controller_is_back),
                T(who_is_gone_has_not_lost_its_controller),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
