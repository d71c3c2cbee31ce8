/* No turn of the event loop is held up: what waits in one is interrupted, and the loop goes on */
#include "temproot.h"

#include <time.h>

#include "loop.h"

typedef struct Turns {
        sd_event *event;
        unsigned n, n_interrupted;
        struct timespec sleep;
} Turns;

/* Two calls that wait, as a library may have them in one turn. */
static int on_turn(sd_event_source *source, void *userdata) {
        Turns *turns = userdata;

        (void) source;
        for (unsigned i = 0; i < 2; i++)
                turns->n_interrupted += nanosleep(&turns->sleep, NULL) < 0;
        if (++turns->n == 2)
                return sd_event_exit(turns->event, 7);
        return 0;
}

static time_t run(Turns *turns) {
        struct timespec begun, ended;
        sd_event_source *source;

        assert_true(sd_event_new(&turns->event) >= 0);
        assert_true(sd_event_add_defer(turns->event, &source, on_turn, turns) >= 0);
        assert_true(sd_event_source_set_enabled(source, SD_EVENT_ON) >= 0);
        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &begun), 0);
        assert_int_equal(loop_run(turns->event), 7);
        assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ended), 0);
        sd_event_source_unref(source);
        sd_event_unref(turns->event);
        return ended.tv_sec - begun.tv_sec;
}

static void test_what_waits_is_interrupted_each_time(void **state) {
        Turns turns = {.sleep = {.tv_sec = 60}};

        (void) state;
        assert_true(run(&turns) < 60);
        assert_int_equal(turns.n_interrupted, 4);
}

static void test_what_takes_its_time_is_not(void **state) {
        Turns turns = {.sleep = {.tv_nsec = 20 * 1000 * 1000}};

        (void) state;
        (void) run(&turns);
        assert_int_equal(turns.n_interrupted, 0);
        assert_int_equal(turns.n, 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_waits_is_interrupted_each_time),
                cmocka_unit_test(test_what_takes_its_time_is_not),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
