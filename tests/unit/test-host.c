/* The host's conditions hold by its own numbers only, and it is read as often as its memory could go, and no oftener. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host.h"
#include "pace.h"

#define TOTAL (1000 * MIB)
#define T0 (1000 * USEC_PER_SEC)

static HostPolicy one_rung(const char *available, const char *swap_free) {
        HostPolicy policy = {0};

        assert_int_equal(host_policy_add(&policy, "low"), 0);
        policy.rungs[0].relieve = true;
        if (available)
                assert_int_equal(units_parse_level(available, &policy.rungs[0].available), 0);
        if (swap_free)
                assert_int_equal(units_parse_level(swap_free, &policy.rungs[0].swap_free), 0);
        return policy;
}

static void note(Host *host, const HostPolicy *policy, uint64_t available, usec_t now) {
        HostReading reading = host->reading;

        reading.total = TOTAL;
        reading.available = available;
        host_note(host, policy, &reading, now);
}

static void levels_hold_below_and_clear_well_above(void **state) {
        HostPolicy policy = one_rung("15%", NULL);
        Host host = {0};

        (void) state;
        assert_int_equal(host_judge(&host, &policy, T0).firing, 0);
        note(&host, &policy, 150 * MIB, T0);
        assert_int_equal(host_judge(&host, &policy, T0).firing, 0);
        assert_int_equal(host_judge(&host, &policy, T0).clear, 0);
        note(&host, &policy, 150 * MIB - 1, T0);
        assert_int_equal(host_judge(&host, &policy, T0).firing, 1);
        assert_int_equal(host_judge(&host, &policy, T0).urgent, 1);
        assert_int_equal(host_missing(&host, &policy.rungs[0]), 25 * MIB + 1);
        note(&host, &policy, 175 * MIB, T0);
        assert_int_equal(host_judge(&host, &policy, T0).clear, 1);
}

static void swap_counts_only_where_there_is_some(void **state) {
        HostPolicy policy = one_rung(NULL, "10%");
        Host host = {0};

        (void) state;
        note(&host, &policy, 500 * MIB, T0);
        assert_int_equal(host_swap_level(&host, &policy.rungs[0]), 0);
        assert_int_equal(host_judge(&host, &policy, T0).firing, 0);
        host.reading.swap_total = 1000 * MIB;
        host.reading.swap_free = 99 * MIB;
        assert_int_equal(host_judge(&host, &policy, T0).firing, 1);
        assert_int_equal(host_judge(&host, &policy, T0).urgent, 0);
        policy = one_rung("2G", "4G"); /* more than there is */
        assert_int_equal(host_judge(&host, &policy, T0).firing, 0);
        assert_int_equal(host_available_level(&host, &policy.rungs[0]), 0);
}

static void numbers_that_cannot_be_are_known(void **state) {
        HostReading reading = {.total = GIB, .available = GIB / 2};

        (void) state;
        assert_true(host_reading_is_sane(&reading));
        reading.swap_free = UINT64_MAX - 4096; /* SwapTotal below SwapUsed, as lxcfs says */
        assert_false(host_reading_is_sane(&reading));
        reading.swap_free = 0;
        reading.available = GIB + 1;
        assert_false(host_reading_is_sane(&reading));
        assert_false(host_reading_is_sane(&(HostReading){0}));
}

static void a_stall_holds_by_its_totals(void **state) {
        HostPolicy policy = one_rung(NULL, NULL);
        Host host = {0};

        (void) state;
        policy.rungs[0].stalls[STALLED_FULL] = (HostStall){.stall = 200 * USEC_PER_MSEC, .window = USEC_PER_SEC};
        note(&host, &policy, 500 * MIB, T0);
        host.reading.some_total = 900 * USEC_PER_MSEC;
        note(&host, &policy, 500 * MIB, T0 + 500 * USEC_PER_MSEC);
        assert_int_equal(host_judge(&host, &policy, T0 + 500 * USEC_PER_MSEC).firing, 0);
        host.reading.full_total = 200 * USEC_PER_MSEC;
        note(&host, &policy, 500 * MIB, T0 + 700 * USEC_PER_MSEC);
        assert_int_equal(host_judge(&host, &policy, T0 + 700 * USEC_PER_MSEC).firing, 1);
        assert_int_equal(host_next_reading(&host, &policy, false, T0 + 700 * USEC_PER_MSEC), USEC_INFINITY);
        assert_true(host_next_reading(&host, &policy, true, T0 + 700 * USEC_PER_MSEC) <= T0 + 1200 * USEC_PER_MSEC);
        assert_int_equal(host_judge(&host, &policy, T0 + 60 * USEC_PER_SEC).firing, 0);
}

static void time_left_is_until_the_reserve(void **state) {
        HostPolicy policy = one_rung("15%", NULL);
        Host host = {0};

        (void) state;
        note(&host, &policy, 157 * MIB, T0);
        assert_int_equal(host_reserve(&host), 32 * MIB);
        assert_int_equal(host_time_left(&host), USEC_INFINITY);
        note(&host, &policy, 132 * MIB, T0 + USEC_PER_SEC);
        assert_int_equal(host_falls(&host), 25 * MIB);
        assert_int_equal(host_time_left(&host), 4 * USEC_PER_SEC);
        note(&host, &policy, 32 * MIB, T0 + 2 * USEC_PER_SEC);
        assert_int_equal(host_time_left(&host), 0);
}

static void a_calm_host_with_room_is_read_on_the_grid(void **state) {
        HostPolicy policy = one_rung("15%", NULL);
        Host host = {0};
        usec_t now = T0;
        unsigned n = 0;

        (void) state;
        for (unsigned i = 0; i < 10; i++) {
                note(&host, &policy, 900 * MIB + i * 4096, now);
                now = host_next_reading(&host, &policy, false, now);
        }
        for (usec_t until = now + 10 * USEC_PER_MINUTE; now < until; n++) {
                assert_true(now % PACE_SLOWEST == 0);
                note(&host, &policy, 900 * MIB, now);
                now = host_next_reading(&host, &policy, false, now);
        }
        assert_in_range(n, 39, 41);
}

/* Whatever begins to grow with up to 64 MiB/s: there is a reading before only the reserve is left; calm hosts are trusted
 * with half of it. */
static void readings_are_never_too_late(void **state) {
        HostPolicy policy = one_rung("15%", NULL);

        (void) state;
        for (uint64_t available = 40 * MIB; available < TOTAL; available += MIB)
                for (unsigned calm = 0; calm < 8; calm++) {
                        Host host = {0};
                        usec_t next, safe;

                        for (unsigned i = 0; i <= calm; i++)
                                note(&host, &policy, available, T0 + i * 20 * USEC_PER_SEC);
                        next = host_next_reading(&host, &policy, false, host.time);
                        safe = (available - 32 * MIB) * USEC_PER_SEC / (32 * MIB);
                        assert_true(next > host.time);
                        assert_true(next - host.time <= MAX(safe, 500 * USEC_PER_MSEC));
                        assert_true(next - host.time <= PACE_SLOWEST);
                }
}

static void a_falling_host_is_read_as_it_nears_the_level(void **state) {
        HostPolicy policy = one_rung("15%", NULL);
        uint64_t available = 800 * MIB;
        Host host = {0};
        usec_t now = T0;
        unsigned n = 0;

        (void) state;
        while (!host_judge(&host, &policy, now).firing) {
                usec_t next;

                note(&host, &policy, available, now);
                next = host_next_reading(&host, &policy, false, now);
                available -= (uint64_t) ((next - now) * 25 * MIB / USEC_PER_SEC);
                now = next;
                n++;
        }
        assert_true(host.reading.available > 140 * MIB);
        assert_in_range(n, 5, 30);
        assert_true(host_is_near(&host, &policy));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(levels_hold_below_and_clear_well_above),
                cmocka_unit_test(swap_counts_only_where_there_is_some),
                cmocka_unit_test(numbers_that_cannot_be_are_known),
                cmocka_unit_test(a_stall_holds_by_its_totals),
                cmocka_unit_test(time_left_is_until_the_reserve),
                cmocka_unit_test(a_calm_host_with_room_is_read_on_the_grid),
                cmocka_unit_test(readings_are_never_too_late),
                cmocka_unit_test(a_falling_host_is_read_as_it_nears_the_level),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
