/* A unit that loses its memory controller is guarded anew when that is back; and which run is which, where PID 1's answers
 * come late. */
#undef NDEBUG
#include <assert.h>

#include "manager-bench.h"

#include <sys/resource.h>

#include "fake-pid1.h"

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

static FakePid1 fake;
static FakeUnit *service; /* as PID 1 has it */

static int begin_with_pid1(void **state) {
        static char dir[128];

        (void) state;
        manager_bench_open();
        manager_bench_add(UNIT);
        manager_bench_start();
        assert_in_range(snprintf(dir, sizeof(dir), "%s/run", root.path), 5, sizeof(dir) - 1);
        fake_new(&fake, manager->event, dir);
        service = fake_add(&fake, "api.service", UNIT);
        return 0;
}

static int end_with_pid1(void **state) {
        fake_done(&fake);
        (void) rmdir(temproot_path(&root, "run/systemd"));
        return manager_bench_close(state);
}

static void turns(unsigned n) {
        for (unsigned i = 0; i < n; i++)
                assert_true(sd_event_run(manager->event, 10 * USEC_PER_MSEC) >= 0);
}

/* PID 1 has been asked for the unit's state, run and cgroup, and its answer waits for the loop's next turns. */
static void ask(void) {
        static uint64_t stamp;
        unsigned before = fake.n_gets;

        while (!manager->systemd_connected || !fake.bus)
                turns(1);
        fake_changed(&fake, "api.service", "activating", ++stamp);
        while (fake.n_gets < before + 3)
                assert_true(sd_event_run(manager->event, 10 * USEC_PER_MSEC) >= 0);
}

static const char *known_run(void) {
        UnitView view;

        turns(50);
        assert_int_equal(engine_get_unit(manager->engine, UNIT, &view), 0);
        return view.invocation;
}

#define RUN_1 "01010101010101010101010101010101"
#define RUN_2 "02020202020202020202020202020202"

/* The guard holds the old directory open, so the new one has another number. */
static void begin_anew(void) {
        manager_bench_files_of(UNIT, false);
        temproot_rmdir(&root, "sys/fs/cgroup" UNIT);
        manager_bench_add(UNIT);
        service->invocation = 2;
}

static void a_run_without_an_id_gets_that_of_pid_1(void **state) {
        (void) state;
        ask();
        assert_string_equal(known_run(), RUN_1);
}

static void a_new_run_in_the_cgroup_of_the_old_one_is_one(void **state) {
        (void) state;
        ask();
        assert_string_equal(known_run(), RUN_1);
        service->invocation = 2;
        ask();
        assert_string_equal(known_run(), RUN_2);
}

/* A loop that was busy for a tenth of a second hears of the new cgroup first, and then what PID 1 said before. */
static void an_answer_older_than_the_cgroup_is_asked_for_again(void **state) {
        (void) state;
        ask();
        begin_anew();
        guarded_appeared(manager, UNIT);
        for (unsigned i = 0; i < 50; i++) {
                turns(1);
                assert_string_not_equal(guarded_find(manager, UNIT)->invocation, RUN_1);
        }
        assert_string_equal(known_run(), RUN_2);
}

static void so_is_one_of_a_cgroup_that_was_not_known_yet(void **state) {
        TreeHandlers tree;
        PsiHandlers psi;
        SystemdHandlers systemd;
        UnitView view;

        (void) state;
        manager_handlers(&tree, &psi, &systemd, manager);
        begin_anew();
        systemd.unit_changed(manager, "api.service", UNIT, RUN_1, "active");
        assert_int_equal(engine_get_unit(manager->engine, UNIT, &view), 0);
        assert_string_equal(view.invocation, "");
        systemd.unit_changed(manager, "api.service", UNIT, RUN_2, "active");
        assert_string_equal(known_run(), RUN_2);
}

/* The loop read PID 1's answer before it read that the old cgroup went and the new one came. */
static void a_new_cgroup_seen_early_is_one_run(void **state) {
        Guarded *guarded;

        (void) state;
        begin_anew();
        guarded_appeared(manager, UNIT);
        guarded = guarded_find(manager, UNIT);
        guarded->ours = 4711;
        hit(3);
        turns(50);
        assert_true(guarded_find(manager, UNIT) == guarded && guarded->ours == 4711);
        assert_int_equal(known_hits(), 3);
        hit(7);
        assert_int_equal(known_hits(), 7);
}

/* What cannot be seen has not changed: what is frozen or throttled must be known on. */
static void without_descriptors_nothing_has_come_anew(void **state) {
        Guarded *guarded = guarded_find(manager, UNIT);
        struct rlimit limit, none = {0, 0};

        (void) state;
        guarded->ours = 4711;
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        none.rlim_max = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
        guarded_appeared(manager, UNIT);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        assert_true(guarded_find(manager, UNIT) == guarded && guarded->ours == 4711);
}

/* PID 1 is not asked for them. */
static void a_user_does_not_outdate_what_pid_1_says_of_its_own(void **state) {
        unsigned before;

        (void) state;
        ask();
        before = fake.n_gets;
        manager_bench_add("/user.slice/user-1000.slice/user@1000.service/app.slice/api.service");
        guarded_appeared(manager, "/user.slice/user-1000.slice/user@1000.service/app.slice/api.service");
        assert_string_equal(known_run(), RUN_1);
        assert_int_equal(fake.n_gets, before);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, manager_bench_close)
#define P(f) cmocka_unit_test_setup_teardown(f, begin_with_pid1, end_with_pid1)
        const struct CMUnitTest tests[] = {
                T(memory_events_is_listened_to),
                T(and_again_once_the_controller_is_back),
                T(who_is_gone_has_not_lost_its_controller),
                P(a_run_without_an_id_gets_that_of_pid_1),
                P(a_new_run_in_the_cgroup_of_the_old_one_is_one),
                P(an_answer_older_than_the_cgroup_is_asked_for_again),
                P(a_new_cgroup_seen_early_is_one_run),
                T(without_descriptors_nothing_has_come_anew),
                P(a_user_does_not_outdate_what_pid_1_says_of_its_own),
                P(so_is_one_of_a_cgroup_that_was_not_known_yet),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
