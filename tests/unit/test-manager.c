/* While a round of readings is under way everybody else is heard between its ticks, and the loop does not sleep. */
#include "manager-bench.h"

#define N_UNITS 200

static unsigned n_heard;

static int begin(void **state) {
        char path[64];

        (void) state;
        manager_bench_open();
        for (unsigned i = 0; i < N_UNITS; i++) {
                (void) snprintf(path, sizeof(path), "/system.slice/u%u.service", i);
                manager_bench_add(path);
        }
        manager_bench_start();
        return 0;
}

static bool is_overdue(void) {
        return engine_next_deadline(manager->engine) <= manager_now(manager);
}

/* A round takes many ticks: all units are matched anew. */
static void begin_round(void) {
        manager_bench_set_policies();
        manager_feed(manager, &(Event){.kind = EVENT_TICK, .time = manager_now(manager)});
        assert_true(is_overdue());
}

static int on_word(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        (void) source, (void) fd, (void) events, (void) userdata;
        n_heard += is_overdue();
        return 0;
}

static void others_are_heard_between_two_ticks(void **state) {
        sd_event_source *source;
        unsigned n_turns = 0;
        int ends[2];

        (void) state;
        n_heard = 0;
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "x", 1), 1); /* never read: there is always something to hear */
        assert_int_equal(sd_event_add_io(manager->event, &source, ends[0], EPOLLIN, on_word, NULL), 0);
        begin_round();
        while (is_overdue() && n_turns++ < 10000)
                assert_true(sd_event_run(manager->event, 0) >= 0);
        assert_true(n_heard > 2);
        /* One word a tick is what a fair turn gives. */
        assert_true(n_heard * 3 > n_turns);
        sd_event_source_disable_unref(source);
        (void) close(ends[0]);
        (void) close(ends[1]);
}

/* sd_event_prepare(3): above 0 when there is something to do, so that the loop does not wait. */
static void the_loop_does_not_sleep_before_the_round_is_over(void **state) {
        unsigned n_turns = 0;

        (void) state;
        begin_round();
        for (; is_overdue() && n_turns < 10000; n_turns++) {
                assert_true(sd_event_prepare(manager->event) > 0);
                assert_true(sd_event_dispatch(manager->event) >= 0);
        }
        assert_in_range(n_turns, 3, 9999);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, manager_bench_close)
        const struct CMUnitTest tests[] = {
                T(others_are_heard_between_two_ticks),
                T(the_loop_does_not_sleep_before_the_round_is_over),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
