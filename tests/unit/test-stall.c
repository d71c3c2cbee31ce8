/* Who stands still at a memory limit is found once, and who runs at full speed through a full one never is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "stall.h"

/* What a unit does for a while: percents of the time and events a second, as in the table in stall.c. */
typedef struct Pattern {
        unsigned full, io_full, user;
        unsigned high, max, above;
        unsigned refaults, swapins, faults, stolen;
} Pattern;

static Stall stall;
static StallReading totals;
static StallReport report;

static void begin(void) {
        stall = (Stall){0};
        totals = (StallReading){.at = 1000 * USEC_PER_SEC};
        assert_int_equal(stall_read(&stall, &totals, &report), STALL_BEGUN);
}

/* Goes on for so many seconds, then reads. */
static StallMove after(unsigned seconds, Pattern p) {
        usec_t hundredth = seconds * USEC_PER_SEC / 100;

        totals.at += seconds * USEC_PER_SEC;
        totals.full += p.full * hundredth;
        totals.io_full += p.io_full * hundredth;
        totals.user += p.user * hundredth;
        totals.hits[STALL_AT_OWN_HIGH] += p.high * seconds;
        totals.hits[STALL_AT_OWN_MAX] += p.max * seconds;
        totals.hits[STALL_AT_ABOVE_HIGH] += p.above * seconds;
        totals.refaults += p.refaults * seconds;
        totals.swapins += p.swapins * seconds;
        totals.faults += p.faults * seconds;
        totals.stolen += p.stolen * seconds;
        return stall_read(&stall, &totals, &report);
}

static const Pattern wall = {.full = 98, .high = 20};
static const Pattern calm = {.user = 20};

static void a_wall_is_found_in_time_and_once(void **state) {
        (void) state;
        begin();
        for (unsigned i = 0; i < 3; i++)
                assert_int_equal(after(4, wall), STALL_SUSPECTED);
        assert_int_equal(after(4, wall), STALL_FOUND);
        assert_int_equal(report.limit, STALL_AT_OWN_HIGH);
        assert_int_equal(report.lasted, 16 * USEC_PER_SEC);
        assert_in_range(report.lost, 97, 98);
        assert_int_equal(report.user, 0);
        assert_int_equal(report.hits, 320);
        assert_false(report.by_disk || report.by_files);
        for (unsigned i = 0; i < 100; i++)
                assert_int_equal(after(15, wall), STALL_GOES_ON);
        assert_int_equal(report.lasted, (16 + 1500) * USEC_PER_SEC);
}

/* The rows of the table in stall.c. */
static void what_was_measured_is_judged_right(void **state) {
        static const struct {
                const char *what;
                Pattern pattern;
                StallMove expected;
                bool by_files;
        } rows[] = {
                {"a server above MemoryHigh=", {.full = 80, .user = 1, .high = 20}, STALL_FOUND, false},
                {"its worst reading all the time", {.full = 53, .high = 17}, STALL_FOUND, false},
                {"a leak at MemoryHigh=", {.full = 65, .user = 1, .high = 11}, STALL_FOUND, false},
                {"four threads", {.full = 58, .user = 2, .high = 27, .refaults = 30, .faults = 1}, STALL_FOUND, false},
                {"while others compute", {.full = 50, .high = 257, .refaults = 257, .faults = 16, .stolen = 258}, STALL_FOUND, false},
                {"the same at its worst", {.full = 36, .user = 0, .high = 257, .refaults = 257, .faults = 16, .stolen = 258}, STALL_FOUND, false},
                {"a stream on a busy host", {.full = 20, .user = 1, .max = 30, .refaults = 6000, .stolen = 6000}, STALL_CLEAR, false},
                {"slow all the time", {.full = 48, .user = 3, .high = 30}, STALL_CLEAR, false},
                {"a writer", {.full = 60, .user = 3, .max = 10, .stolen = 500}, STALL_CLEAR, false},
                {"a slice's", {.full = 73, .user = 1, .above = 20}, STALL_FOUND, false},
                {"slowed down", {.full = 55, .user = 8, .high = 330}, STALL_CLEAR, false},
                {"another process computes", {.full = 52, .user = 93, .high = 200}, STALL_CLEAR, false},
                {"a stream at MemoryMax=", {.full = 15, .io_full = 2, .max = 500, .refaults = 20000, .stolen = 20000}, STALL_CLEAR, false},
                {"on a slow disk", {.full = 15, .io_full = 80, .max = 50, .refaults = 9000, .faults = 3, .stolen = 9000}, STALL_CLEAR, false},
                {"a stream at MemoryHigh=", {.full = 11, .io_full = 1, .high = 173, .refaults = 24000, .stolen = 24000}, STALL_CLEAR, false},
                {"a mapped file", {.full = 5, .io_full = 60, .user = 3, .max = 12, .refaults = 600, .faults = 600}, STALL_FOUND, true},
                {"its first reading of it", {.io_full = 92, .user = 2, .max = 2, .refaults = 9, .faults = 200}, STALL_CLEAR, false},
                {"swap", {.full = 3, .io_full = 58, .user = 3, .max = 9, .swapins = 200, .faults = 200, .stolen = 400}, STALL_FOUND, false},
                {"a fast swap", {.full = 8, .io_full = 19, .user = 4, .max = 40, .swapins = 1600, .faults = 1600}, STALL_CLEAR, false},
                {"the host's want of memory", {.full = 99}, STALL_CLEAR, false},
                {"nothing to do", {.max = 1}, STALL_CLEAR, false},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                StallMove move;

                begin();
                for (unsigned n = 0; n < 4; n++)
                        move = after(4, rows[i].pattern);
                if (move != rows[i].expected)
                        fail_msg("%s: %d", rows[i].what, move);
                if (move == STALL_FOUND)
                        assert_int_equal(report.by_files, rows[i].by_files);
        }
}

static void who_touches_the_wall_now_and_then_is_let_be(void **state) {
        (void) state;
        begin();
        for (unsigned i = 0; i < 50; i++) {
                assert_int_not_equal(after(4, wall), STALL_FOUND);
                assert_int_not_equal(after(4, (Pattern){.full = 60, .user = 20, .high = 3}), STALL_FOUND);
                assert_int_equal(after(8, calm), STALL_CLEAR);
        }
}

static void the_limit_that_was_hit_most_is_named(void **state) {
        (void) state;
        begin();
        for (unsigned i = 0; i < 4; i++)
                (void) after(4, (Pattern){.full = 90, .high = 3, .max = 4, .above = 2});
        assert_int_equal(report.limit, STALL_AT_OWN_MAX);
        assert_string_equal(stall_limit_key(report.limit), "MemoryMax=");
        begin();
        for (unsigned i = 0; i < 4; i++)
                (void) after(4, (Pattern){.full = 90, .high = 3, .above = 5});
        assert_int_equal(report.limit, STALL_AT_ABOVE_HIGH);
        assert_string_equal(stall_limit_key(report.limit), "MemoryHigh=");
}

static void a_rest_is_no_end_and_an_end_makes_the_next_one_news(void **state) {
        (void) state;
        begin();
        for (unsigned i = 0; i < 4; i++)
                (void) after(4, wall);
        assert_int_equal(after(15, calm), STALL_RESTS);
        assert_int_equal(after(4, wall), STALL_RESTS);
        assert_int_equal(after(15, wall), STALL_GOES_ON);
        for (unsigned i = 0; i < 4; i++)
                assert_int_equal(after(15, calm), i < 3 ? STALL_RESTS : STALL_OVER);
        assert_int_equal(after(4, wall), STALL_BEGUN);
        (void) after(8, wall);
        assert_int_equal(after(8, wall), STALL_FOUND);
}

/* 53 seconds of not looking say nothing, and neither do totals that fell. */
static void what_nobody_looked_at_is_not_judged(void **state) {
        (void) state;
        begin();
        assert_int_equal(after(53, wall), STALL_BEGUN);
        assert_int_equal(after(4, wall), STALL_SUSPECTED);
        totals.full = 0;
        assert_int_equal(after(4, wall), STALL_BEGUN);
        assert_int_equal(after(1, wall), STALL_BEGUN);
        assert_int_equal(after(3, wall), STALL_SUSPECTED);
        stall_forget(&stall);
        assert_int_equal(after(4, wall), STALL_BEGUN);
        assert_int_equal(after(12, wall), STALL_SUSPECTED);
        assert_int_equal(after(4, wall), STALL_FOUND);
        /* Still the same one after we held it back ourselves; another one an hour later. */
        stall_forget(&stall);
        (void) after(4, wall);
        assert_int_equal(after(16, wall), STALL_GOES_ON);
        assert_int_equal(after(3600, calm), STALL_BEGUN);
        assert_int_equal(after(16, wall), STALL_FOUND);
}

/* What the service itself says of its work is the best witness. */
static void a_heartbeat_decides(void **state) {
        (void) state;
        begin();
        totals.progress_known = totals.progress = true;
        for (unsigned i = 0; i < 5; i++)
                assert_int_equal(after(4, wall), STALL_CLEAR);
        totals.progress = false;
        (void) after(4, (Pattern){.full = 60, .user = 90, .high = 9});
        assert_int_equal(after(12, (Pattern){.full = 60, .user = 90, .high = 9}), STALL_FOUND);
}

static void hostile_totals_do_no_harm(void **state) {
        (void) state;
        begin();
        totals.at += 16 * USEC_PER_SEC;
        totals.full = totals.io_full = totals.user = totals.refaults = totals.swapins = totals.faults = UINT64_MAX;
        for (StallLimit limit = 0; limit < _STALL_LIMIT_MAX; limit++)
                totals.hits[limit] = UINT64_MAX;
        assert_int_equal(stall_read(&stall, &totals, &report), STALL_CLEAR);
        begin();
        totals.at += 16 * USEC_PER_SEC;
        totals.full = totals.hits[STALL_AT_OWN_HIGH] = UINT64_MAX;
        assert_int_equal(stall_read(&stall, &totals, &report), STALL_FOUND);
        assert_in_range(report.lost, 0, 100);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_wall_is_found_in_time_and_once),
                cmocka_unit_test(what_was_measured_is_judged_right),
                cmocka_unit_test(who_touches_the_wall_now_and_then_is_let_be),
                cmocka_unit_test(the_limit_that_was_hit_most_is_named),
                cmocka_unit_test(a_rest_is_no_end_and_an_end_makes_the_next_one_news),
                cmocka_unit_test(what_nobody_looked_at_is_not_judged),
                cmocka_unit_test(a_heartbeat_decides),
                cmocka_unit_test(hostile_totals_do_no_harm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
