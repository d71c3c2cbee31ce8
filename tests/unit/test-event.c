/* An event is one line of text in both directions, and nothing else is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "event.h"

#define API "/system.slice/api.service"
#define HOSTILE "/a b\\x2d\\/c=d \xc3\xa9/%s"

static const Sample sample = {
        .current = 1,
        .working_set = 2,
        .anon = 3,
        .file = 4,
        .shmem = 5,
        .limit = BYTES_INFINITY,
        .own_max = 6,
        .high = BYTES_INFINITY,
        .available = 7,
        .swap_free = BYTES_INFINITY - 1,
        .ev_high = 8,
        .ev_max = 9,
        .ev_oom = 10,
        .ev_oom_kill = 11,
};

static void check_round_trip(const Event *event, const char *expected) {
        char line[EVENT_LINE_MAX], again[EVENT_LINE_MAX];
        Event back;
        int n = event_format(event, line);

        assert_int_equal(n, strlen(line));
        if (expected)
                assert_string_equal(line, expected);
        memset(&back, 0xff, sizeof(back));
        assert_int_equal(event_parse(line, &back), 0);
        event_format(&back, again);
        assert_string_equal(again, line);
        assert_memory_equal(&back, event, sizeof(back));
}

static Event about_api(EventKind kind) {
        Event event;

        memset(&event, 0, sizeof(event));
        event.kind = kind;
        event.time = 12345678;
        memcpy(event.path, API, sizeof(API));
        return event;
}

/* Each kind with all that it carries. The lines are those of traces that people have kept. */
static void every_kind_makes_the_round_trip(void **state) {
        Event event;

        (void) state;
        event = about_api(EVENT_TICK);
        memset(event.path, 0, sizeof(event.path));
        check_round_trip(&event, "12345678 tick -");
        event = about_api(EVENT_START);
        memcpy(event.start.invocation, "0123456789abcdef0123456789abcdef", INVOCATION_MAX);
        event.start.fresh = true;
        event.start.operator_high = BYTES_INFINITY;
        event.start.sample = sample;
        check_round_trip(&event,
                         "12345678 start " API " invocation=0123456789abcdef0123456789abcdef fresh=1 "
                         "operator_high=max current=1 ws=2 anon=3 file=4 shmem=5 limit=max own_max=6 high_now=max "
                         "available=7 swap_free=18446744073709551614 n_high=8 n_max=9 n_oom=10 n_oom_kill=11");
        event = about_api(EVENT_NAMED);
        memcpy(event.named.invocation, "0123456789abcdef0123456789abcdef", INVOCATION_MAX);
        check_round_trip(&event, "12345678 named " API " invocation=0123456789abcdef0123456789abcdef");
        event = about_api(EVENT_STOP);
        check_round_trip(&event, "12345678 stop " API);
        event = about_api(EVENT_SAMPLE);
        event.sample = sample;
        check_round_trip(&event, "12345678 sample " API " current=1 ws=2 anon=3 file=4 shmem=5 limit=max own_max=6 "
                                 "high_now=max available=7 swap_free=18446744073709551614 n_high=8 n_max=9 n_oom=10 "
                                 "n_oom_kill=11");
        event = about_api(EVENT_PRESSURE);
        event.pressure.some_total = 17;
        event.pressure.full_total = 18;
        check_round_trip(&event, "12345678 pressure " API " some=17 full=18");
        event = about_api(EVENT_HIGH);
        event.high.bytes = BYTES_INFINITY;
        check_round_trip(&event, "12345678 high " API " bytes=max");
        event = about_api(EVENT_DONE);
        event.done.id = UINT32_MAX;
        event.done.result = -ETIMEDOUT;
        event.done.freed = 4096;
        event.done.latency = 20000;
        memcpy(event.done.detail, "job result \"failed\"\n", 21);
        check_round_trip(&event, "12345678 done " API " id=4294967295 result=-110 freed=4096 latency=20000 "
                                 "detail=job\\x20result\\x20\"failed\"\\x0a");
        event = about_api(EVENT_PAUSE);
        check_round_trip(&event, "12345678 pause " API);
        event = about_api(EVENT_RESUME);
        memset(event.path, 0, sizeof(event.path));
        check_round_trip(&event, "12345678 resume -");
        event = about_api(EVENT_WITNESS);
        event.witness = (Witness){.source = WITNESS_KERNEL, .fact = FACT_OOM_KILL, .pid = 7, .scope = SCOPE_CGROUP};
        memcpy(event.witness.comm, "a b", 4);
        memcpy(event.witness.limit, "/system.slice", 14);
        check_round_trip(&event, "12345678 witness " API " pid=7 scope=cgroup comm=a\\x20b limit=/system.slice");
        event.witness = (Witness){.source = WITNESS_PROC, .fact = FACT_LOOK, .at = 5, .look = {.as_limit = BYTES_INFINITY}};
        check_round_trip(&event, "12345678 witness " API " source=proc fact=look at=5 as=max");
        event = about_api(EVENT_BEAT);
        event.beat.pid = 77;
        memset(&event.beat.now, 0xff, sizeof(event.beat.now));
        event.beat.now.items = 5;
        event.beat.now.anon = 6;
        check_round_trip(&event, "12345678 beat " API " pid=77 items=5 queue=max cache=max blocks=max used=max unused=max anon=6 "
                                 "traced=max peak=max");
        event = about_api(EVENT_LEDGER);
        event.ledger.oom_kill = 3;
        check_round_trip(&event, "12345678 ledger " API " inode=0 oom=0 oom_kill=3 oom_group_kill=0 local_oom=0");
        event = about_api(EVENT_STRAIN);
        event.strain = (Strain){.full = 1, .io_full = 2, .user = 3, .refaults = 4, .swapins = 5, .faults = 6, .above = "/a b.slice",
                                .above_high = BYTES_INFINITY, .above_max = 7, .above_n_high = 8, .above_n_max = 9};
        check_round_trip(&event, "12345678 strain " API " full=1 io_full=2 user=3 refaults=4 swapins=5 faults=6 "
                                 "above=/a\\x20b.slice above_high=max above_max=7 above_n_high=8 above_n_max=9");
        event = about_api(EVENT_DRILL);
        memcpy(event.drill.rung, "ask", 4);
        check_round_trip(&event, "12345678 drill " API " rung=ask");
}

static void any_path_makes_the_round_trip(void **state) {
        Event event = about_api(EVENT_START);

        (void) state;
        memset(event.path, 0, sizeof(event.path));
        memcpy(event.path, HOSTILE, sizeof(HOSTILE));
        check_round_trip(&event, NULL);
        /* The longest, of nothing but what must be escaped, and with the largest numbers. */
        memset(event.path, '\\', sizeof(event.path) - 1);
        event.path[0] = '/';
        event.time = USEC_INFINITY - 1;
        memset(&event.start.sample, 0xfe, sizeof(event.start.sample));
        memset(event.start.invocation, ' ', INVOCATION_MAX - 1);
        check_round_trip(&event, NULL);
        event = about_api(EVENT_DONE);
        memset(event.path, ' ', sizeof(event.path) - 1);
        event.path[0] = '/';
        memset(event.done.detail, 1, sizeof(event.done.detail) - 1);
        event.done.result = -INT32_MAX;
        check_round_trip(&event, NULL);
}

static void keys_come_in_any_order_and_may_be_missing(void **state) {
        Event event;

        (void) state;
        assert_int_equal(event_parse("5 pressure /a full=2 some=1", &event), 0);
        assert_int_equal(event.pressure.some_total, 1);
        assert_int_equal(event.pressure.full_total, 2);
        assert_int_equal(event_parse("5 pressure /a full=2", &event), 0);
        assert_int_equal(event.pressure.some_total, 0);
        assert_int_equal(event_parse("5 done /a", &event), 0);
        assert_int_equal(event_parse("5 done /a detail=", &event), 0);
}

static void nothing_else_is_an_event(void **state) {
        static const char *const lines[] = {
                "",
                " ",
                "5",
                "5 ",
                "5 tick",
                "5  tick -",
                " 5 tick -",
                "5 tick - ",
                "5 tick  -",
                "5 tick -\n",
                "x tick -",
                "-5 tick -",
                "+5 tick -",
                "5x tick -",
                "0x5 tick -",
                "18446744073709551616 tick -",
                "5 Tick -",
                "5 tock -",
                "5 unknown -",
                "5 tick - a=1",
                "5 stop -",
                "5 sample -",
                "5 named -",
                "5 stop a",
                "5 stop a/b",
                "5 stop /a/../b",
                "5 stop /a//b",
                "5 stop /a/",
                "5 stop /a\\x0ab",
                "5 stop /a\tb",
                "5 stop /a\x01",
                "5 stop /a\\",
                "5 stop /a\\x",
                "5 stop /a\\x2",
                "5 stop /a\\x2g",
                "5 stop /a\\x2D",
                "5 stop /a\\X20",
                "5 stop /a\\x00",
                "5 stop /a\\x41",
                "5 stop /a\\x+1",
                "5 stop /a\\x 1",
                "5 pressure /a some",
                "5 pressure /a =1",
                "5 pressure /a some=",
                "5 pressure /a some=-1",
                "5 pressure /a some=1,",
                "5 pressure /a some=1  full=2",
                "5 pressure /a none=1",
                "5 pressure /a SOME=1",
                "5 done /a id=4294967296",
                "5 done /a id=max",
                "5 done /a result=2147483648",
                "5 done /a result=--1",
                "5 done /a result=-",
                "5 start /a fresh=2",
                "5 start /a fresh=true",
                "5 start /a invocation=0123456789abcdef0123456789abcdef0",
                "5 drill /a rung=0123456789abcdef0123456789abcdef",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                Event event, before;

                memset(&event, 0x5a, sizeof(event));
                before = event;
                if (event_parse(lines[i], &event) != -EINVAL)
                        fail_msg("taken for an event: \"%s\"", lines[i]);
                assert_memory_equal(&event, &before, sizeof(event));
        }
}

static void a_path_that_is_too_long_is_refused(void **state) {
        char line[CGROUP_PATH_MAX + 100] = "5 stop /";
        Event event;

        (void) state;
        memset(line + 8, 'a', CGROUP_PATH_MAX - 2);
        assert_int_equal(event_parse(line, &event), 0);
        assert_int_equal(strlen(event.path), CGROUP_PATH_MAX - 1);
        line[8 + CGROUP_PATH_MAX - 2] = 'a';
        assert_int_equal(event_parse(line, &event), -EINVAL);
}

static void every_kind_has_a_name_and_knows_its_path(void **state) {
        (void) state;
        for (EventKind kind = 0; kind < _EVENT_KIND_MAX; kind++) {
                Event event = {.kind = kind};
                bool alone = kind == EVENT_TICK || kind == EVENT_PAUSE || kind == EVENT_RESUME ||
                             kind == EVENT_WITNESS || kind == EVENT_HOST;

                assert_string_not_equal(event_kind_name(kind), "unknown");
                assert_int_equal(event_has_its_path(&event), alone);
                memcpy(event.path, "/a", 3);
                assert_true(event_has_its_path(&event));
                memcpy(event.path, "a", 2);
                assert_false(event_has_its_path(&event));
        }
        assert_string_equal(event_kind_name(_EVENT_KIND_INVALID), "unknown");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_kind_makes_the_round_trip),
                cmocka_unit_test(any_path_makes_the_round_trip),
                cmocka_unit_test(keys_come_in_any_order_and_may_be_missing),
                cmocka_unit_test(nothing_else_is_an_event),
                cmocka_unit_test(a_path_that_is_too_long_is_refused),
                cmocka_unit_test(every_kind_has_a_name_and_knows_its_path),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
