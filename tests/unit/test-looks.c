/* The areas of a process are counted beside the event loop, however long that takes, and only of the process that was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "looks.h"
#include "proclook.h"

static sd_event *event;
static Worker *worker;
static Looks *looks;
static unsigned n_answers;
static Witness last;
static char last_path[CGROUP_PATH_MAX];

static void answer(void *userdata, const char *path, const Witness *witness) {
        (void) userdata;
        n_answers++;
        last = *witness;
        (void) snprintf(last_path, sizeof(last_path), "%s", path);
}

/* Stands in for the real one: pid 8 holds its memory lock, 9 is gone, and the others have three areas. */
int proclook_read(const Kernfs *kernfs, int pid, bool count_maps, Witness *ret) {
        const struct timespec long_time = {.tv_sec = 60};

        (void) kernfs;
        if (!count_maps || (pid == 8 && nanosleep(&long_time, NULL) < 0))
                return count_maps ? -errno : -EINVAL;
        *ret = (Witness){.fact = FACT_LOOK, .pid = pid, .code = pid == 9, .look = {.start = 99, .maps = 3, .maps_limit = 5}};
        return 0;
}

static int open_all(void **state) {
        static const Kernfs kernfs = KERNFS_INIT;

        (void) state;
        n_answers = 0;
        assert_true(sd_event_new(&event) >= 0);
        assert_int_equal(worker_new(&worker, event), 0);
        return looks_new(&looks, &kernfs, worker, answer, NULL);
}

static int close_all(void **state) {
        (void) state;
        worker = worker_free(worker);
        looks = looks_free(looks);
        event = sd_event_unref(event);
        return 0;
}

static void turn(unsigned n) {
        for (unsigned i = 0; i < n; i++)
                assert_true(sd_event_run(event, 20 * USEC_PER_MSEC) >= 0);
}

static void test_the_areas_are_counted(void **state) {
        (void) state;
        assert_int_equal(looks_count(looks, "/system.slice/api.service", 7, 99), 0);
        for (unsigned i = 0; i < 200 && n_answers == 0; i++)
                turn(1);
        assert_int_equal(n_answers, 1);
        assert_string_equal(last_path, "/system.slice/api.service");
        assert_int_equal(last.pid, 7);
        assert_int_equal(last.look.maps, 3);
        assert_int_equal(last.look.maps_limit, 5);
        assert_int_equal(last.look.start, 99);
}

/* The event loop goes on meanwhile, and what waits behind has its turn when the time is over. */
static void test_nothing_waits_for_a_process_that_hangs(void **state) {
        (void) state;
        assert_int_equal(looks_count(looks, "/a", 8, 99), 0);
        assert_int_equal(looks_count(looks, "/b", 7, 99), 0);
        turn(3);
        assert_int_equal(n_answers, 0);
        for (unsigned i = 0; i < 500 && n_answers == 0; i++)
                turn(1);
        assert_int_equal(n_answers, 1);
        assert_string_equal(last_path, "/b");
}

static void test_no_answer_of_another_process(void **state) {
        (void) state;
        assert_int_equal(looks_count(looks, "/a", 7, 98), 0);
        assert_int_equal(looks_count(looks, "/a", 9, 99), 0); /* it is gone */
        turn(20);
        assert_int_equal(n_answers, 0);
}

static void test_there_is_a_bound(void **state) {
        (void) state;
        for (unsigned i = 0; i < LOOKS_MAX; i++)
                assert_int_equal(looks_count(looks, "/a", 8, 99), 0);
        assert_int_equal(looks_count(looks, "/a", 7, 99), -EAGAIN);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
        static const struct CMUnitTest tests[] = {
                T(test_the_areas_are_counted),
                T(test_nothing_waits_for_a_process_that_hangs),
                T(test_no_answer_of_another_process),
                T(test_there_is_a_bound),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
