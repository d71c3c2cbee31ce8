/* A unit that loses its memory controller is guarded anew when that is back. */
#include "manager-bench.h"

#define UNIT "/system.slice/api.service"
#define BELOW "sys/fs/cgroup" UNIT "/"

static int begin(void **state) {
        (void) state;
        manager_bench_open();
        manager_bench_add(UNIT);
        manager_bench_start();
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
        manager_bench_files_of(UNIT, false);
        assert_int_equal(known_hits(), 0);
        guarded_feed_sample(manager, guarded);
        guarded_feed_sample(manager, guarded);
        assert_true(guarded_find(manager, UNIT) == guarded && guarded->blind); /* it has not ended */
        manager_bench_files_of(UNIT, true);
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
        manager_bench_files_of(UNIT, false);
        temproot_rmdir(&root, "sys/fs/cgroup" UNIT);
        guarded_feed_sample(manager, guarded);
        assert_false(guarded->blind);
        for (unsigned i = 0; i < 5; i++)
                assert_true(sd_event_run(manager->event, 10 * USEC_PER_MSEC) >= 0);
        assert_null(guarded_find(manager, UNIT));
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, manager_bench_close)
        const struct CMUnitTest tests[] = {
                T(memory_events_is_listened_to),
                T(and_again_once_the_controller_is_back),
                T(who_is_gone_has_not_lost_its_controller),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
