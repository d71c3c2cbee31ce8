/* What a parent counted and nobody below accounts for is owed to a unit that died without saying how many */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "ledger.h"

#define SLICE "/system.slice"
#define INNER "/system.slice/system-web.slice"
#define WEB "/system.slice/system-web.slice/web@1.service"
#define API "/system.slice/api.service"
#define SEC USEC_PER_SEC
#define T0 (1000 * SEC)

static Ledger ledger;

static int set_up(void **state) {
        (void) state;
        memset(&ledger, 0, sizeof(ledger));
        return 0;
}

static int tear_down(void **state) {
        (void) state;
        ledger_done(&ledger);
        assert_int_equal(ledger.n_pages, 0);
        return 0;
}

static void read_page(const char *path, uint64_t inode, uint64_t oom, uint64_t kills, uint64_t local, usec_t now) {
        LedgerCounts counts = {.inode = inode, .oom = oom, .oom_kill = kills, .local_oom = local};

        assert_int_equal(ledger_read(&ledger, path, &counts, now), 0);
}

/* What was counted before we came is nobody's debt. */
static void the_first_reading_is_where_counting_begins(void **state) {
        (void) state;
        assert_false(ledger_knows(&ledger, SLICE));
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 0);
        read_page(SLICE, 1, 50, 100, 50, T0);
        assert_true(ledger_knows(&ledger, SLICE));
        assert_false(ledger_knows(&ledger, API));
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 0);
        read_page(SLICE, 1, 50, 101, 50, T0 + SEC);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0 + SEC), 1);
}

static void what_is_accounted_for_is_owed_no_more(void **state) {
        (void) state;
        read_page(SLICE, 1, 0, 0, 0, T0);
        read_page(SLICE, 1, 3, 3, 0, T0);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 3);
        ledger_account(&ledger, API, 2, T0, T0);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 1);
        /* Accounted for before it was read: the reading then owes nothing. */
        ledger_account(&ledger, API, 3, T0, T0);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 0);
        read_page(SLICE, 1, 5, 5, 0, T0 + SEC);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0 + SEC), 0);
        read_page(SLICE, 1, 6, 6, 0, T0 + SEC);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0 + SEC), 1);
}

static void nobody_comes_for_it_for_ever(void **state) {
        (void) state;
        read_page(SLICE, 1, 0, 0, 0, T0);
        read_page(SLICE, 1, 1, 1, 0, T0);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0 + LEDGER_OWED_FOR), 1);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0 + LEDGER_OWED_FOR + 1), 0);
        /* Neither is a debt that is old added to a new one, nor an advance. */
        read_page(SLICE, 1, 2, 2, 0, T0 + LEDGER_OWED_FOR + 1);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0 + LEDGER_OWED_FOR + 1), 1);
        ledger_account(&ledger, API, 5, T0 + 20 * SEC, T0 + 20 * SEC);
        read_page(SLICE, 1, 3, 3, 0, T0 + 40 * SEC);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0 + 40 * SEC), 1);
        /* A clock that fell makes nothing old. */
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 1);
}

/* A unit's end has its parents read. What they count at a later one is not that unit's. */
static void nothing_is_owed_to_who_ended_before(void **state) {
        (void) state;
        read_page(SLICE, 1, 0, 0, 0, T0);
        read_page(SLICE, 1, 0, 0, 0, T0 + SEC); /* the end of API */
        read_page(SLICE, 1, 1, 1, 0, T0 + 8 * SEC);
        assert_int_equal(ledger_owed(&ledger, API, T0 + SEC, T0 + 8 * SEC), 0);
        assert_int_equal(ledger_owed(&ledger, WEB, T0 + 2 * SEC, T0 + 8 * SEC), 1);
        read_page(SLICE, 1, 2, 2, 0, T0 + 9 * SEC);
        assert_int_equal(ledger_owed(&ledger, WEB, T0 + 2 * SEC, T0 + 9 * SEC), 1);
        assert_int_equal(ledger_owed(&ledger, WEB, USEC_INFINITY, T0 + 9 * SEC), 2);
        ledger_account(&ledger, WEB, 1, T0 + 2 * SEC, T0 + 9 * SEC);
        assert_int_equal(ledger_owed(&ledger, WEB, T0 + 2 * SEC, T0 + 9 * SEC), 0);
        assert_int_equal(ledger_owed(&ledger, WEB, USEC_INFINITY, T0 + 9 * SEC), 1);
}

/* In a loop of kills each is accounted for before its reading; of one nobody but the slice knows. */
static void what_comes_after_an_end_pays_no_debt_of_before(void **state) {
        usec_t end = T0 + 3 * SEC, now = end;

        (void) state;
        read_page(SLICE, 1, 0, 0, 0, T0);
        ledger_account(&ledger, API, 1, T0 + SEC, T0 + SEC);
        read_page(SLICE, 1, 1, 1, 0, T0 + SEC);
        read_page(SLICE, 1, 2, 2, 0, end); /* the one that nobody saw */
        for (unsigned i = 0; i < 2 * LEDGER_CHANGES_MAX; i++) {
                now += 100 * USEC_PER_MSEC;
                ledger_account(&ledger, API, 1, now, now);
                assert_int_equal(ledger_owed(&ledger, API, end, now), i < LEDGER_CHANGES_MAX / 2 ? 1 : 0);
                read_page(SLICE, 1, 3 + i, 3 + i, 0, now);
                assert_int_equal(ledger_owed(&ledger, API, end, now), 1);
        }
        ledger_account(&ledger, API, 1, end, now);
        assert_int_equal(ledger_owed(&ledger, API, end, now), 0);
}

static void the_page_nearest_to_the_root_counts(void **state) {
        (void) state;
        read_page(INNER, 2, 0, 0, 0, T0);
        read_page(SLICE, 1, 0, 0, 0, T0);
        read_page(SLICE, 1, 2, 2, 0, T0);
        read_page(INNER, 2, 1, 1, 0, T0);
        assert_int_equal(ledger_owed(&ledger, WEB, USEC_INFINITY, T0), 2);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 2);
        ledger_account(&ledger, WEB, 1, T0, T0); /* on both pages */
        assert_int_equal(ledger_owed(&ledger, WEB, USEC_INFINITY, T0), 1);
        ledger_account(&ledger, API, 1, T0, T0);
        assert_int_equal(ledger_owed(&ledger, WEB, USEC_INFINITY, T0), 0);
        /* A name that only begins alike is not above, and a page owes itself nothing. */
        read_page("/system", 3, 0, 0, 0, T0);
        read_page("/system", 3, 9, 9, 0, T0);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 0);
        assert_int_equal(ledger_owed(&ledger, "/system", USEC_INFINITY, T0), 0);
        assert_int_equal(ledger_owed(&ledger, "/systems/x.service", USEC_INFINITY, T0), 0);
}

static void a_cgroup_made_anew_counts_from_zero(void **state) {
        (void) state;
        read_page(SLICE, 1, 7, 7, 7, T0);
        read_page(SLICE, 9, 2, 2, 0, T0);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 2);
        /* Counters of the same cgroup do not fall; if they did, nothing is owed. */
        ledger_account(&ledger, API, 2, T0, T0);
        read_page(SLICE, 9, 0, 0, 0, T0);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 0);
}

static void whose_limit_it_was(void **state) {
        char limit[CGROUP_PATH_MAX] = "untouched";

        (void) state;
        assert_int_equal(ledger_limit(&ledger, WEB, 0, limit), -ENOENT);
        read_page(SLICE, 1, 4, 4, 1, T0);
        read_page(INNER, 2, 0, 0, 0, T0);
        assert_int_equal(ledger_limit(&ledger, WEB, 0, limit), -ENODATA);
        assert_int_equal(ledger_limit(&ledger, "/other.slice/x.service", 0, limit), -ENOENT);
        assert_string_equal(limit, "untouched");
        /* Kills without a limit that was hit are the host's. */
        read_page(SLICE, 1, 4, 5, 1, T0 + SEC);
        assert_int_equal(ledger_limit(&ledger, WEB, T0, limit), -ENODATA);
        /* At or inside of the unit. */
        read_page(SLICE, 1, 5, 6, 1, T0 + 2 * SEC);
        assert_int_equal(ledger_limit(&ledger, WEB, T0, limit), 0);
        assert_string_equal(limit, "");
        assert_int_equal(ledger_limit(&ledger, WEB, T0 + 3 * SEC, limit), -ENODATA);
        /* The nearest one of two. */
        read_page(SLICE, 1, 6, 7, 2, T0 + 4 * SEC);
        assert_int_equal(ledger_limit(&ledger, WEB, T0 + 3 * SEC, limit), 1);
        assert_string_equal(limit, SLICE);
        read_page(INNER, 2, 1, 1, 1, T0 + 4 * SEC);
        assert_int_equal(ledger_limit(&ledger, WEB, T0 + 3 * SEC, limit), 1);
        assert_string_equal(limit, INNER);
        assert_int_equal(ledger_limit(&ledger, API, T0 + 3 * SEC, limit), 1);
        assert_string_equal(limit, SLICE);
}

/* A further page takes the place of the one not read for longest. */
static void at_the_bound_the_oldest_makes_room(void **state) {
        const LedgerPage *page;
        unsigned iterator = 0, n = 0;
        char path[64];

        (void) state;
        for (unsigned i = 0; i < LEDGER_PAGES_MAX; i++) {
                snprintf(path, sizeof(path), "/s%u.slice", i);
                read_page(path, i + 1, 0, 0, 0, T0 + i);
        }
        read_page("/s0.slice", 1, 0, 0, 0, T0 + 10 * SEC);
        read_page("/new.slice", 1, 0, 0, 0, T0 + 10 * SEC);
        assert_true(ledger_knows(&ledger, "/new.slice"));
        assert_true(ledger_knows(&ledger, "/s0.slice"));
        assert_false(ledger_knows(&ledger, "/s1.slice"));
        while (ledger_next(&ledger, &iterator, &page) > 0) {
                assert_non_null(page->path);
                n++;
        }
        assert_int_equal(n, LEDGER_PAGES_MAX);
}

static void no_number_runs_over(void **state) {
        (void) state;
        read_page(SLICE, 1, 0, 0, 0, T0);
        for (unsigned i = 0; i < 5; i++) {
                read_page(SLICE, 1, UINT64_MAX, UINT64_MAX, UINT64_MAX, T0);
                read_page(SLICE, 1, 0, 0, 0, T0);
        }
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), INT32_MAX);
        for (unsigned i = 0; i < 20; i++)
                ledger_account(&ledger, API, UINT64_MAX, T0, T0);
        assert_int_equal(ledger_owed(&ledger, API, USEC_INFINITY, T0), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(the_first_reading_is_where_counting_begins),
                T(what_is_accounted_for_is_owed_no_more),
                T(nobody_comes_for_it_for_ever),
                T(nothing_is_owed_to_who_ended_before),
                T(what_comes_after_an_end_pays_no_debt_of_before),
                T(the_page_nearest_to_the_root_counts),
                T(a_cgroup_made_anew_counts_from_zero),
                T(whose_limit_it_was),
                T(at_the_bound_the_oldest_makes_room),
                T(no_number_runs_over),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
