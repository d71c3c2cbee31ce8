/* A cgroup that hits its own limit is told of at once and then at intervals, and never while it does not. */
#include "temproot.h"

#include "above.h"
#include "unitname.h"

static TempRoot root;
static sd_event *event;
static Above *above;
static unsigned n_hits;
static char last[CGROUP_PATH_MAX];

static void hit(void *userdata, const char *path) {
        (void) userdata;
        n_hits++;
        (void) snprintf(last, sizeof(last), "%s", path);
}

static void count(const char *slice, unsigned high, unsigned max) {
        char path[256], text[256];

        (void) snprintf(text, sizeof(text), "low 0\nhigh %u\nmax %u\noom 0\noom_kill 0\n", high, max);
        (void) snprintf(path, sizeof(path), "sys/fs/cgroup/%s/memory.events.local", slice);
        temproot_write(&root, path, text);
}

static void add_slice(const char *slice) {
        char path[256];

        (void) snprintf(path, sizeof(path), "/%s", slice);
        temproot_cgroup(&root, path);
        count(slice, 0, 0);
        (void) snprintf(path, sizeof(path), "sys/fs/cgroup/%s/memory.events", slice);
        temproot_write(&root, path, "low 0\nhigh 9\nmax 9\noom 0\noom_kill 0\n");
}

static int begin(void **state) {
        AboveHandlers handlers = {NULL, hit};

        (void) state;
        temproot_open(&root);
        add_slice("a.slice");
        add_slice("b.slice");
        n_hits = 0;
        last[0] = 0;
        return sd_event_new(&event) < 0 ? -1 : above_new(&above, event, &root.kernfs, &handlers);
}

static int end(void **state) {
        (void) state;
        above = above_free(above);
        sd_event_unref(event);
        temproot_close(&root);
        return 0;
}

static void go_on(usec_t usec) {
        usec_t now, until;

        assert_true(sd_event_now(event, CLOCK_BOOTTIME, &now) >= 0);
        for (until = now + usec; now < until;) {
                assert_true(sd_event_run(event, MIN(until - now, 50 * USEC_PER_MSEC)) >= 0);
                assert_true(sd_event_now(event, CLOCK_BOOTTIME, &now) >= 0);
        }
}

static void a_hit_is_told_at_once_and_a_flood_of_them_at_intervals(void **state) {
        (void) state;
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        assert_int_equal(above_watch(above, "/b.slice"), 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 0);
        count("b.slice", 1, 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 1);
        assert_string_equal(last, "/b.slice");
        for (unsigned i = 0; i < 50; i++) {
                count("b.slice", 2 + i, i);
                go_on(10 * USEC_PER_MSEC);
        }
        assert_int_equal(n_hits, 1);
        /* The other one is listened to all the same. */
        count("a.slice", 0, 1);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 2);
        assert_string_equal(last, "/a.slice");
        go_on(ABOVE_EVERY + 500 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 3);
        assert_string_equal(last, "/b.slice");
        /* Quiet again: one look more, and then nothing. */
        go_on(ABOVE_EVERY + 500 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 3);
        count("b.slice", 99, 99);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 4);
}

static void a_second_hit_does_not_put_off_the_look_at_the_first(void **state) {
        (void) state;
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        assert_int_equal(above_watch(above, "/b.slice"), 0);
        count("a.slice", 1, 0);
        go_on(ABOVE_EVERY - USEC_PER_SEC);
        count("a.slice", 2, 0);
        count("b.slice", 1, 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 2);
        go_on(1500 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 3);
        assert_string_equal(last, "/a.slice");
}

static void what_is_written_without_a_hit_is_no_news(void **state) {
        (void) state;
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        count("a.slice", 0, 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 0);
}

static void who_is_gone_is_forgotten(void **state) {
        (void) state;
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        above_forget(above, "/a.slice");
        count("a.slice", 1, 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 0);
        /* One that vanished unnoticed gives its place back at the next look. */
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        temproot_write(&root, "sys/fs/cgroup/a.slice/memory.events.local", "");
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 0);
        count("a.slice", 5, 0);
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 0);
        assert_int_equal(above_watch(above, "/none.slice"), -ENOENT);
        assert_int_equal(above_watch(above, "/../a.slice"), -EINVAL);
}

static void its_counts_begin_anew(void **state) {
        (void) state;
        count("a.slice", 5, 0);
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        assert_int_equal(above_watch(above, "/b.slice"), 0);
        assert_int_equal(unlink(temproot_path(&root, "sys/fs/cgroup/a.slice/memory.events.local")), 0);
        count("a.slice", 0, 0);
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        count("b.slice", 1, 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 1);
        assert_string_equal(last, "/b.slice");
}

/* A slice may end and begin again before either is read. */
static void a_file_made_anew_is_listened_to(void **state) {
        (void) state;
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        assert_int_equal(unlink(temproot_path(&root, "sys/fs/cgroup/a.slice/memory.events.local")), 0);
        count("a.slice", 0, 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(above_watch(above, "/a.slice"), 0);
        count("a.slice", 1, 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(n_hits, 1);
        /* One that is gone for good gives its place back. */
        assert_int_equal(above_watch(above, "/b.slice"), 0);
        assert_int_equal(unlink(temproot_path(&root, "sys/fs/cgroup/b.slice/memory.events.local")), 0);
        go_on(100 * USEC_PER_MSEC);
        assert_int_equal(above_watch(above, "/b.slice"), -ENOENT);
        add_slice("b.slice");
        assert_int_equal(above_watch(above, "/b.slice"), 0);
}

static void the_bound_is_said_and_holds(void **state) {
        char slice[64], path[64];

        (void) state;
        for (unsigned i = 0; i <= ABOVE_MAX; i++) {
                (void) snprintf(slice, sizeof(slice), "n%u.slice", i);
                (void) snprintf(path, sizeof(path), "/n%u.slice", i);
                add_slice(slice);
                assert_int_equal(above_watch(above, path), i < ABOVE_MAX ? 0 : -ENOSPC);
        }
        above_forget(above, "/n3.slice");
        assert_int_equal(above_watch(above, path), 0);
        count(slice, 1, 0);
        go_on(100 * USEC_PER_MSEC);
        assert_string_equal(last, path);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_hit_is_told_at_once_and_a_flood_of_them_at_intervals, begin, end),
                cmocka_unit_test_setup_teardown(a_second_hit_does_not_put_off_the_look_at_the_first, begin, end),
                cmocka_unit_test_setup_teardown(what_is_written_without_a_hit_is_no_news, begin, end),
                cmocka_unit_test_setup_teardown(who_is_gone_is_forgotten, begin, end),
                cmocka_unit_test_setup_teardown(a_file_made_anew_is_listened_to, begin, end),
                cmocka_unit_test_setup_teardown(its_counts_begin_anew, begin, end),
                cmocka_unit_test_setup_teardown(the_bound_is_said_and_holds, begin, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
