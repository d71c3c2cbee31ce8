/* What the flight recorder finds worth recording, and what a file that goes on begins with */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "flight.h"

#define API "/system.slice/api.service"
#define SEC USEC_PER_SEC
#define T0 (1000 * SEC)

static Sample sample_of(uint64_t ws) {
        return (Sample){.current = ws, .working_set = ws, .anon = ws, .limit = 150 * MIB, .own_max = 150 * MIB,
                        .high = BYTES_INFINITY, .available = GIB};
}

static void test_begin_lines(void **state) {
        static const char *const wrong[] = {
                "#begin ", "#begin boottime=1", "#begin boottime=1 realtime=2 boot=x goes_on=2",
                "#begin boottime=1 realtime=2 boot= goes_on=1", "#begin boottime=-1 realtime=2 boot=x goes_on=1",
                "#begin boottime=1 realtime=2 boot=x goes_on=1 ", "#begin boottime=1 realtime=2 boot=X goes_on=1",
                "#begin boottime=99999999999999999999 realtime=2 boot=x goes_on=1",
                "#begin boottime=1 realtime=2 boot=0123456789012345678901234567890123456789 goes_on=1",
        };
        FlightBegin begin = {.boottime = 303277617, .realtime = 1795255201000000, .goes_on = true}, back = {0};
        char line[FLIGHT_BEGIN_MAX];

        (void) state;
        snprintf(begin.boot, sizeof(begin.boot), "7d3c0000-1111-2222-3333-444455556666");
        assert_in_range(flight_begin_format(&begin, line), 1, FLIGHT_BEGIN_MAX - 1);
        assert_int_equal(flight_begin_parse(line, &back), 0);
        assert_memory_equal(&begin, &back, sizeof(begin));
        assert_int_equal(flight_begin_parse("# begin", &back), -ENOENT);
        assert_int_equal(flight_begin_parse("5 tick -", &back), -ENOENT);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                if (flight_begin_parse(wrong[i], &back) != -EINVAL)
                        fail_msg("\"%s\" was taken", wrong[i]);
}

static FlightWorth worth(FlightMark *mark, const Sample *before, LadderState state, const Sample *sample, usec_t now) {
        UnitView view = {.sample = before, .sample_time = T0, .state = state};

        return flight_worth(mark, &view, sample, now);
}

static void test_stillness_is_left_out(void **state) {
        Sample a = sample_of(100 * MIB), b = sample_of(101 * MIB), far = sample_of(104 * MIB);
        FlightMark mark;

        (void) state;
        flight_mark(&mark, &a, T0);
        assert_int_equal(worth(&mark, &a, LADDER_CALM, &b, T0 + 15 * SEC), FLIGHT_LEAVE_OUT);
        assert_int_equal(worth(&mark, &b, LADDER_CALM, &a, T0 + 30 * SEC), FLIGHT_LEAVE_OUT);
        /* A thirty-second part away from the last one recorded; the one before it belongs to the way there. */
        assert_int_equal(worth(&mark, &a, LADDER_CALM, &far, T0 + 45 * SEC), FLIGHT_RECORD_BOTH);
        assert_int_equal(worth(&mark, &far, LADDER_CALM, &a, T0 + 60 * SEC), FLIGHT_RECORD);
}

/* However slow it goes: what is measured from is the last one recorded. */
static void test_a_slow_leak_is_seen(void **state) {
        Sample last = sample_of(100 * MIB);
        FlightMark mark;
        unsigned n = 0;

        (void) state;
        flight_mark(&mark, &last, T0);
        for (unsigned i = 1; i <= 200; i++) {
                Sample next = sample_of(100 * MIB + i * 100 * KIB);

                n += worth(&mark, &last, LADDER_CALM, &next, T0 + i * 15 * SEC) != FLIGHT_LEAVE_OUT;
                last = next;
        }
        assert_in_range(n, 5, 7);
}

static void test_news_is_recorded(void **state) {
        Sample a = sample_of(100 * MIB), b;
        FlightMark mark;

        (void) state;
        flight_mark(&mark, &a, T0);
        b = a;
        b.ev_max = 1;
        assert_int_equal(worth(&mark, &a, LADDER_CALM, &b, T0), FLIGHT_RECORD);
        b = a;
        b.limit = 120 * MIB;
        assert_int_equal(worth(&mark, &a, LADDER_CALM, &b, T0), FLIGHT_RECORD);
        assert_int_equal(worth(&mark, &a, LADDER_SETTLING, &a, T0), FLIGHT_RECORD);
        b = a;
        b.current += 10 * MIB; /* cache alone, which a wire would count */
        assert_int_equal(worth(&mark, &a, LADDER_CALM, &b, T0), FLIGHT_RECORD);
        assert_int_equal(flight_worth(&mark, NULL, &b, T0), FLIGHT_RECORD);
        /* Once an hour all the same; and after the clock was set back. */
        flight_mark(&mark, &a, T0);
        assert_int_equal(worth(&mark, &a, LADDER_CALM, &a, T0 + 58 * USEC_PER_MINUTE), FLIGHT_LEAVE_OUT);
        assert_int_equal(worth(&mark, &a, LADDER_CALM, &a, T0 + 61 * USEC_PER_MINUTE), FLIGHT_RECORD_BOTH);
        assert_int_equal(worth(&mark, &a, LADDER_CALM, &a, T0), FLIGHT_RECORD);
        b = sample_of(UINT64_MAX);
        assert_int_equal(worth(&mark, &a, LADDER_CALM, &b, USEC_INFINITY / 2), FLIGHT_RECORD);
}

/* A service that prints a MemoryError a thousand times a second does not push out what the kernel says. */
static void test_claims_are_bounded(void **state) {
        Event claim = {.kind = EVENT_WITNESS, .path = API}, kill = claim;
        unsigned n = 0;
        FlightClaims claims = {0};

        (void) state;
        claim.witness.source = WITNESS_JOURNAL;
        kill.witness.source = WITNESS_KERNEL;
        for (unsigned i = 0; i < 10000; i++) {
                claim.time = kill.time = T0 + i * USEC_PER_MSEC;
                n += flight_allows(&claims, &claim);
                assert_true(flight_allows(&claims, &kill));
        }
        assert_in_range(n, 300, 311);
        claim.time += 100 * SEC;
        assert_true(flight_allows(&claims, &claim));
}

/* Every 15 s from each of 30 processes, all at the same moment: none is missing, and neither is what a service says then. Of ten
 * times as many some are, and what a service says is there still. */
static void test_beats_leave_room_for_claims(void **state) {
        Event beat = {.kind = EVENT_BEAT, .path = API}, claim = {.kind = EVENT_WITNESS, .path = API};
        FlightClaims claims = {0};
        unsigned n = 0;

        (void) state;
        claim.witness.source = WITNESS_MODULE;
        for (unsigned i = 0; i < 240; i++) {
                beat.time = claim.time = T0 + i * 15 * SEC;
                for (unsigned j = 0; j < 30; j++)
                        assert_true(flight_allows(&claims, &beat));
                assert_true(flight_allows(&claims, &claim));
        }
        for (unsigned i = 240; i < 480; i++) {
                beat.time = claim.time = T0 + i * 15 * SEC;
                for (unsigned j = 0; j < 300; j++)
                        n += flight_allows(&claims, &beat);
                assert_true(flight_allows(&claims, &claim));
        }
        assert_in_range(n, 240 * 30, 240 * 30 + 300);
}

static PolicySet *policies(const char *text) {
        ConfErrors errors = {0};
        PolicySet *set;

        assert_int_equal(policy_set_new(&set), 0);
        assert_int_equal(policy_set_add(set, "f", text, strlen(text), &errors), 0);
        return set;
}

static void feed(Engine *engine, const Event *event) {
        static ActionList actions;

        actions.n_items = actions.n_dropped = 0;
        assert_true(engine_step(engine, event, &actions) >= 0);
}

static Event start_of(const char *path, uint64_t ws) {
        Event event = {.kind = EVENT_START, .time = T0};

        snprintf(event.path, sizeof(event.path), "%s", path);
        snprintf(event.start.invocation, sizeof(event.start.invocation), "%032x", 7);
        event.start.operator_high = BYTES_INFINITY;
        event.start.sample = sample_of(ws);
        return event;
}

static void test_a_head_tells_of_all(void **state) {
        PolicySet *set = policies("[Match]\nUnit=*\n");
        Event event = {.kind = EVENT_LEDGER, .time = T0, .path = "/system.slice"}, told;
        FlightHead head = {0};
        char log[512] = "";
        Engine *engine;

        (void) state;
        assert_int_equal(engine_new(&engine), 0);
        assert_int_equal(engine_set_policies(engine, set, 0), 0);
        event.ledger.inode = 17;
        feed(engine, &event);
        for (unsigned i = 0; i < 3; i++) {
                char path[64];

                snprintf(path, sizeof(path), "/system.slice/a%u.service", i);
                event = start_of(path, 50 * MIB);
                feed(engine, &event);
        }
        event = (Event){.kind = EVENT_PAUSE, .time = T0, .path = "/system.slice/a1.service"};
        feed(engine, &event);
        while (flight_next_head(engine, &head, T0 + SEC, &told) > 0) {
                size_t n = strlen(log);

                assert_int_equal(told.time, T0 + SEC);
                snprintf(log + n, sizeof(log) - n, "%s %s;", event_kind_name(told.kind), unitname_of_path(told.path));
                if (told.kind == EVENT_START)
                        assert_int_equal(told.start.sample.working_set, 50 * MIB);
                if (told.kind == EVENT_START)
                        assert_string_equal(told.start.invocation, "00000000000000000000000000000007");
        }
        assert_string_equal(log, "start a0.service;start a1.service;pause a1.service;start a2.service;ledger system.slice;");
        head = (FlightHead){0};
        event = (Event){.kind = EVENT_PAUSE, .time = T0};
        feed(engine, &event);
        assert_int_equal(flight_next_head(engine, &head, T0, &told), 1);
        assert_int_equal(told.kind, EVENT_PAUSE);
        assert_string_equal(told.path, "");
        engine_free(engine);
        policy_set_free(set);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_begin_lines),
                cmocka_unit_test(test_stillness_is_left_out),
                cmocka_unit_test(test_a_slow_leak_is_seen),
                cmocka_unit_test(test_news_is_recorded),
                cmocka_unit_test(test_claims_are_bounded),
                cmocka_unit_test(test_beats_leave_room_for_claims),
                cmocka_unit_test(test_a_head_tells_of_all),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
