/* A restart budget allows so many in any window, says when the next one comes, and survives the daemon unchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "budget.h"
#include "unitname.h"

#define HOUR (60 * USEC_PER_MINUTE)
#define TEXT_MAX (3 * CGROUP_PATH_MAX + BUDGET_TIMES_MAX * 21)

static void three_in_an_hour(void **state) {
        Budget budget = {0};
        const usec_t t = 10 * HOUR;

        (void) state;
        assert_true(budget_allows(&budget, 3, HOUR, t));
        assert_int_equal(budget_next(&budget, 3, HOUR, t), t);
        budget_spend(&budget, t);
        budget_spend(&budget, t + 10 * USEC_PER_MINUTE);
        assert_true(budget_allows(&budget, 3, HOUR, t + 20 * USEC_PER_MINUTE));
        budget_spend(&budget, t + 20 * USEC_PER_MINUTE);
        assert_int_equal(budget_spent(&budget, HOUR, t + 20 * USEC_PER_MINUTE), 3);
        assert_false(budget_allows(&budget, 3, HOUR, t + 20 * USEC_PER_MINUTE));
        assert_int_equal(budget_next(&budget, 3, HOUR, t + 20 * USEC_PER_MINUTE), t + HOUR);
        /* To the microsecond. */
        assert_false(budget_allows(&budget, 3, HOUR, t + HOUR - 1));
        assert_true(budget_allows(&budget, 3, HOUR, t + HOUR));
        assert_int_equal(budget_spent(&budget, HOUR, t + HOUR), 2);
        assert_int_equal(budget_spent(&budget, HOUR, t + 3 * HOUR), 0);
        /* A policy that now allows fewer waits for more of them to run out. */
        assert_int_equal(budget_next(&budget, 1, HOUR, t + 21 * USEC_PER_MINUTE), t + HOUR + 20 * USEC_PER_MINUTE);
        assert_true(budget_allows(&budget, 4, HOUR, t + 21 * USEC_PER_MINUTE));
}

static void none_means_none(void **state) {
        Budget budget = {0};

        (void) state;
        assert_false(budget_allows(&budget, 0, HOUR, 5));
        assert_true(budget_next(&budget, 0, HOUR, 5) == USEC_INFINITY);
}

static void the_future_is_spent(void **state) {
        Budget budget = {0};

        (void) state;
        budget_spend(&budget, 50 * HOUR);
        assert_false(budget_allows(&budget, 1, HOUR, HOUR));
        assert_int_equal(budget_next(&budget, 1, HOUR, HOUR), 51 * HOUR);
        /* An earlier one goes before it. */
        budget_spend(&budget, HOUR);
        assert_int_equal(budget.n_times, 2);
        assert_int_equal(budget.times[0], HOUR);
        assert_int_equal(budget.times[1], 50 * HOUR);
        assert_true(budget_allows(&budget, 2, HOUR, 2 * HOUR));
        /* At the end of time nothing wraps. */
        budget_spend(&budget, USEC_INFINITY - 1);
        assert_true(budget_next(&budget, 1, HOUR, 3 * HOUR) == USEC_INFINITY);
}

static void the_oldest_is_forgotten(void **state) {
        Budget budget = {0};

        (void) state;
        for (usec_t t = 1; t <= 3 * BUDGET_TIMES_MAX; t++)
                budget_spend(&budget, t);
        assert_int_equal(budget.n_times, BUDGET_TIMES_MAX);
        assert_int_equal(budget.times[0], 2 * BUDGET_TIMES_MAX + 1);
        assert_int_equal(budget.times[BUDGET_TIMES_MAX - 1], 3 * BUDGET_TIMES_MAX);
        assert_false(budget_allows(&budget, BUDGET_TIMES_MAX, HOUR, 3 * BUDGET_TIMES_MAX));
}

static uint64_t next_random(uint64_t *seed) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        return *seed;
}

/* Against a list that forgets nothing: who asks first is never over the budget, and is never made to wait too long. */
static void any_history_keeps_the_budget(void **state) {
        const uint64_t first_seed = 0x6d656d6775617264;
        uint64_t seed = first_seed;

        (void) state;
        for (unsigned run = 0; run < 200; run++) {
                static usec_t all[400];
                unsigned n = 0;
                Budget budget = {0};
                uint32_t count = (uint32_t) (1 + next_random(&seed) % BUDGET_TIMES_MAX);
                usec_t window = 1 + next_random(&seed) % 1000, now = 0;

                for (unsigned step = 0; step < ELEMENTSOF(all); step++) {
                        now += next_random(&seed) % (2 * window / count + 2);
                        unsigned spent = 0;
                        for (unsigned i = 0; i < n; i++)
                                spent += all[i] + window > now;
                        usec_t next = budget_next(&budget, count, window, now);
                        if (budget_spent(&budget, window, now) != spent || (next == now) != (spent < count) ||
                            !budget_allows(&budget, count, window, next) ||
                            (next > now && budget_allows(&budget, count, window, next - 1)))
                                fail_msg("seed %#jx, run %u, step %u", (uintmax_t) first_seed, run, step);
                        if (next > now)
                                continue;
                        budget_spend(&budget, now);
                        all[n++] = now;
                }
        }
}

static void lines_go_both_ways(void **state) {
        static const struct {
                const char *path;
                Budget budget;
                const char *line;
        } cases[] = {
                {"/system.slice/api.service", {{5, 6, 700}, 3}, "/system.slice/api.service 5 6 700"},
                {"/a", {{0}, 0}, "/a"},
                {"/a", {{0, 0}, 2}, "/a 0 0"},
                {"/a 5", {{7}, 1}, "/a%205 7"},
                {"/a%20 %", {{7}, 1}, "/a%2520%20%25 7"},
                {"/dev-x\\x2dy.service", {{USEC_INFINITY - 1}, 1}, "/dev-x\\x2dy.service 18446744073709551614"},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char line[TEXT_MAX], path[CGROUP_PATH_MAX];
                Budget budget;
                int n = budget_format(&cases[i].budget, cases[i].path, line, sizeof(line));
                assert_int_equal(n, strlen(cases[i].line));
                assert_string_equal(line, cases[i].line);
                assert_int_equal(budget_parse(line, path, &budget), 0);
                assert_string_equal(path, cases[i].path);
                assert_memory_equal(&budget, &cases[i].budget, sizeof(budget));
                /* The exact room, and any that is too small, each on the heap so that a byte too many shows. */
                for (size_t size = 0; size <= (size_t) n + 1; size++) {
                        _cleanup_free_ char *room = malloc(size);
                        int r = budget_format(&cases[i].budget, cases[i].path, room, size);
                        assert_int_equal(r, size <= (size_t) n ? -ENOBUFS : n);
                }
        }
}

static void damaged_lines_are_refused(void **state) {
        static const char *const lines[] = {
                "",
                " ",
                " 5",
                "a 5",
                "/a ",
                "/a  5",
                "/a 5 ",
                "/a 5\t6",
                "/a x",
                "/a -5",
                "/a +5",
                "/a 0x5",
                "/a max",
                "/a 5.5",
                "/a 5 4",
                "/a 18446744073709551615",
                "/a 18446744073709551616",
                "/a 99999999999999999999999999999999",
                "/a\n 5",
                "/a 5\n",
                "/../b 5",
                "/a/ 5",
                "/a%2 5",
                "/a% 5",
                "/a%41 5",
                "/a%2f 5",
                "/a%00 5",
                "/%",
                /* 33 times */
                "/a 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        };
        char path[CGROUP_PATH_MAX] = "untouched", line[CGROUP_PATH_MAX + 8];
        Budget budget = {.n_times = 77};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                if (budget_parse(lines[i], path, &budget) != -EINVAL || !util_streq(path, "untouched") ||
                    budget.n_times != 77)
                        fail_msg("\"%s\" was taken, or an output changed", lines[i]);
        memset(line, 'a', sizeof(line));
        line[0] = '/';
        strcpy(line + CGROUP_PATH_MAX, " 5");
        assert_int_equal(budget_parse(line, path, &budget), -EINVAL);
        assert_int_equal(budget_parse(strcpy(line + CGROUP_PATH_MAX - 1, " 5") - CGROUP_PATH_MAX + 1, path, &budget),
                         0);
        assert_int_equal(strlen(path), CGROUP_PATH_MAX - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(three_in_an_hour),
                cmocka_unit_test(none_means_none),
                cmocka_unit_test(the_future_is_spent),
                cmocka_unit_test(the_oldest_is_forgotten),
                cmocka_unit_test(any_history_keeps_the_budget),
                cmocka_unit_test(lines_go_both_ways),
                cmocka_unit_test(damaged_lines_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
