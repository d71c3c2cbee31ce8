/* PID 1's signals become witnesses of every start, end and restart of a main process, whatever their order and state. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "fake-pid1.h"
#include "systemd.h"

#define UNIT "api.service"
#define RUN_1 "01010101010101010101010101010101"
#define SECONDS_AGO(n) (bench->monotonic - (n) * USEC_PER_SEC)

typedef struct Bench {
        sd_event *event;
        char dir[128];
        FakePid1 fake;
        Systemd *systemd;
        unsigned n_connected, n_reloads, n_seen, n_answers;
        uint64_t monotonic, boottime; /* at set-up */
        char seen[4000];              /* the witnesses, in short */
        Witness last;
        int error;
        ServiceFacts facts;
        bool asks_again;
} Bench;

/* "started(100) ended(100 oom-kill 2/9) restarting(1) " */
static void on_saw(void *userdata, const char *path, const Witness *witness) {
        Bench *bench = userdata;
        size_t n = strlen(bench->seen);
        char *end = bench->seen + n;

        assert_string_equal(path, "");
        assert_int_equal(witness->source, WITNESS_SYSTEMD);
        bench->n_seen++;
        bench->last = *witness;
        if (witness->fact == FACT_STARTED)
                (void) snprintf(end, sizeof(bench->seen) - n, "started(%d) ", witness->pid);
        else if (witness->fact == FACT_ENDED)
                (void) snprintf(end, sizeof(bench->seen) - n, "ended(%d %s %d/%d) ", witness->pid, witness->word,
                                witness->code, witness->status);
        else if (witness->fact == FACT_RESTARTING)
                (void) snprintf(end, sizeof(bench->seen) - n, "restarting(%d) ", witness->code);
        else
                fail();
}

static void on_reloaded(void *userdata) {
        ((Bench *) userdata)->n_reloads++;
}

static void on_connection(void *userdata, bool connected, int error) {
        (void) error;
        ((Bench *) userdata)->n_connected += connected;
}

static void on_facts(void *userdata, int error, const ServiceFacts *facts) {
        Bench *bench = userdata;

        assert_true(error < 0 ? !facts : !!facts);
        bench->n_answers++;
        bench->error = error;
        if (facts)
                bench->facts = *facts;
        if (bench->asks_again) {
                bench->asks_again = false;
                assert_int_equal(systemd_service_facts(bench->systemd, UNIT, on_facts, bench), 0);
        }
}

static void run_for(Bench *bench, usec_t usec) {
        uint64_t now, until;

        assert_true(sd_event_now(bench->event, CLOCK_MONOTONIC, &now) >= 0);
        for (until = now + usec; now < until; (void) sd_event_now(bench->event, CLOCK_MONOTONIC, &now))
                assert_true(sd_event_run(bench->event, until - now) >= 0);
}

static void run_until(Bench *bench, const unsigned *counter, unsigned value) {
        for (int i = 0; i < 500 && *counter < value; i++)
                run_for(bench, 10000);
        assert_true(*counter >= value);
}

static uint64_t clock_usec(clockid_t clock) {
        struct timespec time;

        (void) clock_gettime(clock, &time);
        return (uint64_t) time.tv_sec * USEC_PER_SEC + (uint64_t) time.tv_nsec / 1000;
}

static int set_up(void **state) {
        SystemdHandlers handlers = {.reloaded = on_reloaded, .connection = on_connection, .saw = on_saw};
        Bench *bench = calloc(1, sizeof(Bench));
        const char *tmp = getenv("TMPDIR");

        (void) snprintf(bench->dir, sizeof(bench->dir), "%s/memguard-witness.XXXXXX", tmp ? tmp : "/tmp");
        assert_non_null(mkdtemp(bench->dir));
        assert_true(sd_event_new(&bench->event) >= 0);
        fake_new(&bench->fake, bench->event, bench->dir);
        fake_add(&bench->fake, UNIT, "/system.slice/" UNIT);
        handlers.userdata = bench;
        bench->monotonic = clock_usec(CLOCK_MONOTONIC);
        bench->boottime = clock_usec(CLOCK_BOOTTIME);
        assert_int_equal(systemd_new(&bench->systemd, bench->event, bench->dir, &handlers), 0);
        run_until(bench, &bench->n_connected, 1);
        *state = bench;
        return 0;
}

static int tear_down(void **state) {
        Bench *bench = *state;
        char path[200];

        systemd_free(bench->systemd);
        fake_done(&bench->fake);
        sd_event_unref(bench->event);
        (void) snprintf(path, sizeof(path), "%s/systemd", bench->dir);
        (void) rmdir(path);
        (void) rmdir(bench->dir);
        free(bench);
        return 0;
}

/* One signal pair: main process, and SubState. Stamps are made of what is unlike 0. */
typedef struct Step {
        FakeMain main;
        const char *active, *sub;
} Step;

static void play(Bench *bench, const char *unit, const Step *step) {
        fake_service_changed(&bench->fake, unit, &step->main);
        fake_unit_changed(&bench->fake, unit, step->active, step->sub, 1);
}

/* Until all that was sent is read: signals come in order, so one more tells that. */
static void settle(Bench *bench) {
        unsigned n = bench->n_reloads + 1;

        assert_true(sd_bus_emit_signal(bench->fake.bus, FAKE_PATH, FAKE_NAME ".Manager", "Reloading", "b", 0) >= 0);
        run_until(bench, &bench->n_reloads, n);
}

static void expect(Bench *bench, const char *seen) {
        settle(bench);
        assert_string_equal(bench->seen, seen);
        bench->seen[0] = 0;
}

#define S_NONE {.result = "success"}
#define S_LIVE(word) {.result = (word), .pid = 100, .start = 1000}
#define S_DEAD(word, c, s) {.result = (word), .pid = 100, .start = 1000, .exit = 2000, .code = (c), .status = (s)}
/* The first signal of a run has its process and its invocation already. */
#define STARTING                                                                                                       \
        {S_LIVE("success"), "inactive", "dead"}, {S_LIVE("success"), "active", "running"},                             \
                {S_LIVE("success"), "active", "running"}
#define FAILED(word, c, s)                                                                                             \
        {S_DEAD(word, c, s), "failed", "failed"}, {S_DEAD(word, c, s), "failed", "failed"},                            \
                {S_DEAD(word, c, s), "failed", "failed"}
#define STEPS_MAX 10

/* Each death in the order in which systemd 252 tells it, as watch-systemd saw it (257 differs in restarts only); and what
 * a race inside of it may make of that. */
static const struct {
        const char *title, *seen;
        Step steps[STEPS_MAX];
} deaths[] = {
        {"OOM of main, OOMPolicy=stop: the cgroup's news come before the SIGCHLD",
         "started(100) ended(100 oom-kill 0/0) ended(100 oom-kill 2/9) ",
         {STARTING,
          {S_LIVE("oom-kill"), "deactivating", "stop-sigterm"},
          FAILED("oom-kill", 2, 9)}},
        {"OOM of main, the SIGCHLD comes first, and Result after it",
         "started(100) ended(100 success 2/9) ended(100 oom-kill 2/9) ",
         {STARTING,
          {S_DEAD("success", 2, 9), "deactivating", "stop-sigterm"},
          FAILED("oom-kill", 2, 9)}},
        {"the same, and signal is corrected",
         "started(100) ended(100 signal 2/9) ended(100 oom-kill 2/9) ",
         {STARTING,
          {S_DEAD("signal", 2, 9), "deactivating", "stop-sigterm"},
          FAILED("oom-kill", 2, 9)}},
        {"OOM of main, OOMPolicy=kill",
         "started(100) ended(100 oom-kill 0/0) ended(100 oom-kill 2/9) ",
         {STARTING,
          {S_LIVE("oom-kill"), "deactivating", "stop-sigkill"},
          FAILED("oom-kill", 2, 9)}},
        {"OOM of main, OOMPolicy=continue",
         "started(100) ended(100 signal 2/9) ",
         {STARTING, FAILED("signal", 2, 9)}},
        {"OOM of a worker, OOMPolicy=stop: main is healthy and gets a SIGTERM",
         "started(100) ended(100 oom-kill 0/0) ended(100 oom-kill 2/15) ",
         {STARTING,
          {S_LIVE("oom-kill"), "deactivating", "stop-sigterm"},
          FAILED("oom-kill", 2, 15)}},
        {"OOM of a worker, OOMPolicy=continue: main goes on and exits in the end",
         "started(100) ended(100 success 1/0) ",
         {STARTING, {S_DEAD("success", 1, 0), "inactive", "dead"}}},
        {"MemoryError, exit 1",
         "started(100) ended(100 exit-code 1/1) ",
         {STARTING, FAILED("exit-code", 1, 1)}},
        {"kill -9", "started(100) ended(100 signal 2/9) ", {STARTING, FAILED("signal", 2, 9)}},
        {"RuntimeMaxSec",
         "started(100) ended(100 timeout 0/0) ended(100 timeout 2/15) ",
         {STARTING,
          {S_LIVE("timeout"), "deactivating", "stop-sigterm"},
          FAILED("timeout", 2, 15)}},
        {"WatchdogSec",
         "started(100) ended(100 watchdog 0/0) ended(100 watchdog 2/6) ",
         {STARTING,
          {S_LIVE("watchdog"), "deactivating", "stop-watchdog"},
          FAILED("watchdog", 2, 6)}},
        {"stop timeout",
         "started(100) ended(100 timeout 0/0) ended(100 timeout 2/9) ",
         {STARTING,
          {S_LIVE("success"), "deactivating", "stop-sigterm"},
          {S_LIVE("timeout"), "deactivating", "stop-sigkill"},
          FAILED("timeout", 2, 9)}},
        {"systemctl stop",
         "started(100) ended(100 success 2/15) ",
         {STARTING,
          {S_LIVE("success"), "deactivating", "stop-sigterm"},
          {S_DEAD("success", 2, 15), "inactive", "dead"},
          {S_DEAD("success", 2, 15), "inactive", "dead"}}},
        {"abort() with a core dump",
         "started(100) ended(100 core-dump 3/6) ",
         {STARTING, FAILED("core-dump", 3, 6)}},
        {"exit 0", "started(100) ended(100 success 1/0) ", {STARTING, {S_DEAD("success", 1, 0), "inactive", "dead"}}},
        {"so short a life that its start was never told",
         "ended(100 exit-code 1/1) ",
         {{S_NONE, "activating", "start-pre"}, FAILED("exit-code", 1, 1)}},
        {"ExecStartPre fails: no main process at all",
         "ended(0 exit-code 0/0) ",
         {{S_NONE, "activating", "start-pre"}, {{.result = "exit-code"}, "failed", "failed"}, {S_NONE, "inactive", "dead"}}},
        {"a clean exit, and the next start is refused",
         "started(100) ended(100 success 1/0) restarting(0) restarting(10) ended(0 start-limit-hit 0/0) ",
         {STARTING,
          {S_DEAD("success", 1, 0), "activating", "auto-restart"},
          {{.result = "success", .pid = 100, .start = 1000, .exit = 2000, .code = 1, .n_restarts = 10},
           "activating",
           "auto-restart"},
          {{.result = "start-limit-hit", .pid = 100, .start = 1000, .exit = 2000, .code = 1, .n_restarts = 10},
           "failed",
           "failed"}}},
        {"systemctl reset-failed is no correction",
         "started(100) ended(100 oom-kill 2/9) ",
         {STARTING,
          FAILED("oom-kill", 2, 9),
          {S_DEAD("success", 2, 9), "inactive", "dead"}}},
};

static void test_each_death(void **state) {
        char unit[32];
        Bench *bench = *state;

        for (size_t i = 0; i < ELEMENTSOF(deaths); i++) {
                /* A unit of its own for each, and each signal pair once and then doubled. */
                for (unsigned n = 1; n <= 2; n++) {
                        (void) snprintf(unit, sizeof(unit), "death-%zu-%u.service", i, n);
                        for (size_t k = 0; k < STEPS_MAX && deaths[i].steps[k].active; k++)
                                for (unsigned j = 0; j < n; j++)
                                        play(bench, unit, &deaths[i].steps[k]);
                        settle(bench);
                        if (!util_streq(bench->seen, deaths[i].seen))
                                print_error("%s:\n", deaths[i].title);
                        expect(bench, deaths[i].seen);
                }
                assert_string_equal(bench->last.unit, unit);
                assert_string_equal(bench->last.invocation, RUN_1);
        }
}

static void test_times_are_of_boottime(void **state) {
        Bench *bench = *state;
        Step step = {{.result = "success", .pid = 100, .start = SECONDS_AGO(30)}, "active", "running"};
        uint64_t offset = bench->boottime - bench->monotonic;

        play(bench, UNIT, &step);
        expect(bench, "started(100) ");
        assert_in_range(bench->last.at, step.main.start + offset - 20000, step.main.start + offset + 20000);
        step.main.exit = SECONDS_AGO(10);
        step.main.code = 1;
        play(bench, UNIT, &step);
        expect(bench, "ended(100 success 1/0) ");
        assert_in_range(bench->last.at, step.main.exit + offset - 20000, step.main.exit + offset + 20000);
        /* A stamp of the future is no later than now. */
        step.main.exit = UINT64_MAX;
        play(bench, UNIT, &step);
        expect(bench, "ended(100 success 1/0) ");
        assert_in_range(bench->last.at, bench->boottime, clock_usec(CLOCK_BOOTTIME));
}

/* As Restart=always tells it: the end, the wait of 100 ms, the count, and the next process. */
static void play_restart(Bench *bench, uint32_t n, bool is_new) {
        /* 257 has more states on the way, and the next process while it is still in the last of them. */
        const char *queued = is_new ? "auto-restart-queued" : "auto-restart";
        FakeMain dead = {.result = "oom-kill", .code = 2, .status = 9, .pid = 100 + n, .n_restarts = n,
                         .start = 1000 * (n + 1), .exit = 1000 * (n + 1) + 500};
        FakeMain live = {.result = "success", .pid = 101 + n, .n_restarts = n + 1, .start = 1000 * (n + 2)};

        play(bench, UNIT, &(Step){dead, "failed", is_new ? "failed-before-auto-restart" : "failed"});
        play(bench, UNIT, &(Step){dead, "activating", "auto-restart"});
        dead.n_restarts++;
        play(bench, UNIT, &(Step){dead, "activating", queued});
        play(bench, UNIT, &(Step){dead, "activating", queued});
        play(bench, UNIT, &(Step){live, is_new ? "activating" : "inactive", is_new ? queued : "dead"});
        play(bench, UNIT, &(Step){live, "active", "running"});
        play(bench, UNIT, &(Step){live, "active", "running"});
}

static void restart_loop(Bench *bench, bool is_new) {
        char all[1000] = "", *end = all;

        play(bench, UNIT, &(Step){{.result = "success", .pid = 100, .start = 1000}, "active", "running"});
        expect(bench, "started(100) ");
        for (uint32_t n = 0; n < 10; n++) {
                play_restart(bench, n, is_new);
                end += sprintf(end, "ended(%u oom-kill 2/9) restarting(%u) restarting(%u) started(%u) ", 100 + n, n,
                               n + 1, 101 + n);
        }
        settle(bench);
        expect(bench, all);
}

static void test_restart_loop(void **state) {
        restart_loop(*state, false);
}

static void test_restart_loop_of_systemd_257(void **state) {
        restart_loop(*state, true);
}

/* PID 1 was so busy that it sent one signal for the end, the restart and the next start. */
static void test_joined_signals(void **state) {
        Bench *bench = *state;
        Step step = {{.result = "success", .pid = 100, .start = 1000}, "active", "running"};

        play(bench, UNIT, &step);
        step.main = (FakeMain){.result = "success", .pid = 101, .start = 3000, .n_restarts = 1};
        play(bench, UNIT, &step);
        expect(bench, "started(100) started(101) restarting(1) ");
        /* The same pid anew is another process. */
        step.main.start = 4000;
        play(bench, UNIT, &step);
        expect(bench, "started(101) ");
        /* "systemctl restart" sets the count back. */
        step.main.n_restarts = 0;
        play(bench, UNIT, &step);
        expect(bench, "");
}

static void test_status_texts_are_silent(void **state) {
        Bench *bench = *state;
        Step step = {{.result = "success", .pid = 100, .start = 1000, .n_restarts = 5}, "active", "running"};

        for (int i = 0; i < 200; i++)
                play(bench, UNIT, &step);
        expect(bench, "started(100) ");
        /* Neither are the signals of other types of unit read. */
        fake_service_changed(&bench->fake, "a.scope", &step.main);
        fake_unit_changed(&bench->fake, "a.scope", "active", "running", 1);
        fake_unit_changed(&bench->fake, "a.slice", "active", "active", 1);
        fake_service_changed(&bench->fake, "a_2eservice.mount", &step.main);
        expect(bench, "");
}

/* The two halves of a pair may be alone, of different units, or of nobody. */
static void test_torn_pairs(void **state) {
        const FakeMain live = {.result = "success", .pid = 100, .start = 1000},
                       dead = {.result = "signal", .pid = 100, .start = 1000, .exit = 2000, .code = 2, .status = 9};
        Bench *bench = *state;

        fake_unit_changed(&bench->fake, UNIT, "active", "running", 1);
        expect(bench, "");
        fake_service_changed(&bench->fake, UNIT, &live);
        expect(bench, "");
        fake_unit_changed(&bench->fake, "other.service", "active", "running", 2);
        expect(bench, "started(100) ");
        assert_string_equal(bench->last.unit, UNIT);
        assert_string_equal(bench->last.invocation, "");
        fake_service_changed(&bench->fake, UNIT, &dead);
        fake_service_changed(&bench->fake, "other.service", &live);
        expect(bench, "ended(100 signal 2/9) ");
        settle(bench);
        fake_drop(&bench->fake);
        run_until(bench, &bench->n_connected, 2);
        expect(bench, "started(100) ");
        assert_string_equal(bench->last.unit, "other.service");
}

static void emit(Bench *bench, const char *object, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        va_list args;

        assert_true(sd_bus_message_new_signal(bench->fake.bus, &m, object, "org.freedesktop.DBus.Properties",
                                              "PropertiesChanged") >= 0);
        va_start(args, types);
        assert_true(sd_bus_message_appendv(m, types, args) >= 0);
        va_end(args);
        assert_true(sd_bus_send(bench->fake.bus, m, NULL) >= 0);
}

#define OBJECT FAKE_PATH "/unit/api_2eservice"

/* A later systemd may leave properties out, or send what is unchanged not at all. */
static void test_partial_news(void **state) {
        Bench *bench = *state;

        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Service", 2, "ExecMainPID", "u", 100,
             "ExecMainStartTimestampMonotonic", "t", (uint64_t) 1000, 0);
        fake_unit_changed(&bench->fake, UNIT, "active", "running", 1);
        expect(bench, "started(100) ");
        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Service", 2, "ExecMainCode", "i", 2, "ExecMainStatus", "i", 9, 0);
        fake_unit_changed(&bench->fake, UNIT, "active", "running", 1);
        expect(bench, "ended(100 success 2/9) ");
        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Service", 1, "Result", "s", "oom-kill", 0);
        fake_unit_changed(&bench->fake, UNIT, "failed", "failed", 1);
        expect(bench, "ended(100 oom-kill 2/9) ");
        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Service", 1, "StatusText", "s", "", 0);
        fake_unit_changed(&bench->fake, UNIT, "failed", "failed", 1);
        expect(bench, "");
        /* The next process does not inherit the end. */
        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Service", 2, "ExecMainPID", "u", 101, "Result", "s", "success", 0);
        fake_unit_changed(&bench->fake, UNIT, "active", "running", 1);
        expect(bench, "started(101) ");
}

static void test_hostile_signals(void **state) {
        char huge[5000], object[1400];
        Bench *bench = *state;

        memset(huge, 'x', sizeof(huge));
        huge[sizeof(huge) - 1] = 0;
        /* Wrong types cost only what is wrong. */
        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Service", 6, "ExecMainPID", "u", 100, "Result", "t", (uint64_t) 7,
             "ExecMainCode", "s", "killed", "ExecMainStartTimestampMonotonic", "ai", 2, 1, 2, "NRestarts", "i", -1,
             "ExecMainStatus", "v", "s", "9", 0);
        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Unit", 3, "SubState", "u", 1, "InvocationID", "ay", 3, 1, 2, 3,
             "ActiveState", "s", huge, 0);
        expect(bench, "started(100) ");
        assert_string_equal(bench->last.invocation, "");
        /* Words are cut, and end where they stop being words. */
        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Service", 1, "Result", "s", huge, 0);
        fake_unit_changed(&bench->fake, UNIT, "failed", "failed", 1);
        expect(bench, "ended(100 xxxxxxxxxxxxxxxxxxxxxxx 0/0) ");
        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Service", 1, "Result", "s", "oom\x1b[31m\n-kill", 0);
        fake_unit_changed(&bench->fake, UNIT, "failed", "failed", 1);
        expect(bench, "ended(100 oom 0/0) ");
        /* No main process has such a number. */
        emit(bench, OBJECT, "sa{sv}as", FAKE_NAME ".Service", 2, "ExecMainPID", "u", UINT32_MAX, "Result", "s",
             "success", 0);
        fake_unit_changed(&bench->fake, UNIT, "active", "running", 1);
        expect(bench, "");
        /* Nor are these signals of a service. */
        emit(bench, OBJECT, "u", 7);
        emit(bench, OBJECT, "s", FAKE_NAME ".Service");
        emit(bench, OBJECT, "sas", FAKE_NAME ".Service", 1, "ExecMainPID");
        emit(bench, OBJECT, "sa{ss}", FAKE_NAME ".Service", 1, "ExecMainPID", "100");
        emit(bench, OBJECT, "sa{su}", FAKE_NAME ".Unit", 1, "SubState", 100);
        emit(bench, FAKE_PATH "/job/api_2eservice", "sa{sv}as", FAKE_NAME ".Service", 1, "ExecMainPID", "u", 7, 0);
        (void) snprintf(object, sizeof(object), FAKE_PATH "/unit/%.*s_2eservice", 260, huge);
        emit(bench, object, "sa{sv}as", FAKE_NAME ".Service", 1, "ExecMainPID", "u", 7, 0);
        (void) snprintf(object, sizeof(object), FAKE_PATH "/unit/%.*s_2eservice", 1200, huge);
        emit(bench, object, "sa{sv}as", FAKE_NAME ".Service", 1, "ExecMainPID", "u", 7, 0);
        fake_unit_changed(&bench->fake, UNIT, "active", "running", 1);
        expect(bench, "");
}

/* More services than are remembered: what is told may be doubled, but no end is lost. */
static void test_more_services_than_places(void **state) {
        FakeMain main = {.result = "success", .pid = 1, .start = 1000};
        char unit[32];
        Bench *bench = *state;

        for (int round = 0; round < 2; round++) {
                bench->n_seen = 0;
                for (unsigned i = 0; i < 3000; i++) {
                        (void) snprintf(unit, sizeof(unit), "u%u.service", i);
                        main.pid = i + 1;
                        play(bench, unit, &(Step){main, "deactivating", "stop-sigterm"});
                        bench->seen[0] = 0;
                        if (i % 100 == 99)
                                settle(bench);
                }
                assert_int_equal(bench->n_seen, 3000);
                main.exit = 2000;
                main.code = 1;
        }
        /* The last ones are still known. */
        bench->seen[0] = 0;
        for (unsigned i = 0; i < 20; i++) {
                (void) snprintf(unit, sizeof(unit), "u%u.service", 2980 + i);
                main.pid = 2981 + i;
                play(bench, unit, &(Step){main, "inactive", "dead"});
        }
        expect(bench, "");
}

static void test_daemon_reexec(void **state) {
        Step step = {{.result = "success", .pid = 100, .start = 1000}, "active", "running"};
        Bench *bench = *state;

        play(bench, UNIT, &step);
        expect(bench, "started(100) ");
        fake_drop(&bench->fake);
        run_until(bench, &bench->n_connected, 2);
        /* Nothing is told twice because of it, and the next news is told. */
        play(bench, UNIT, &step);
        expect(bench, "");
        step.main.exit = 2000;
        step.main.code = 1;
        play(bench, UNIT, &step);
        expect(bench, "ended(100 success 1/0) ");
}

static void test_facts(void **state) {
        Bench *bench = *state;
        FakeUnit *unit = &bench->fake.units[0];
        const ServiceFacts *facts = &bench->facts;

        (void) snprintf(unit->result, sizeof(unit->result), "oom-kill");
        unit->main = (FakeMain){.code = 2, .status = 9, .pid = 100, .n_restarts = 3, .exit = SECONDS_AGO(5)};
        assert_int_equal(systemd_service_facts(bench->systemd, UNIT, on_facts, bench), 0);
        assert_int_equal(bench->n_answers, 0);
        run_until(bench, &bench->n_answers, 1);
        assert_int_equal(bench->error, 0);
        assert_true(facts->as_limit == BYTES_INFINITY && facts->as_limit_soft == GIB);
        assert_true(facts->data_limit == 512 * MIB && facts->data_limit_soft == 256 * MIB);
        assert_string_equal(facts->oom_policy, "stop");
        assert_string_equal(facts->restart, "on-failure");
        assert_string_equal(facts->standard_output, "journal");
        assert_string_equal(facts->standard_error, "inherit");
        assert_string_equal(facts->log_namespace, "web");
        assert_string_equal(facts->result, "oom-kill");
        assert_true(facts->main_pid == 0 && facts->pid == 100 && facts->code == 2 && facts->status == 9);
        assert_int_equal(facts->n_restarts, 3);
        assert_in_range(facts->ended, bench->boottime - 5020000, bench->boottime - 4980000);
}

/* An older systemd, and one that has changed its mind on types. */
static void test_facts_that_are_missing(void **state) {
        Bench *bench = *state;

        bench->fake.is_old = true;
        assert_int_equal(systemd_service_facts(bench->systemd, UNIT, on_facts, bench), 0);
        run_until(bench, &bench->n_answers, 1);
        assert_int_equal(bench->error, 0);
        assert_string_equal(bench->facts.log_namespace, "");
        assert_string_equal(bench->facts.oom_policy, "stop");
        bench->fake.is_odd = true;
        assert_int_equal(systemd_service_facts(bench->systemd, UNIT, on_facts, bench), 0);
        run_until(bench, &bench->n_answers, 2);
        assert_int_equal(bench->error, 0);
        assert_string_equal(bench->facts.oom_policy, "");
        assert_true(bench->facts.as_limit == 0 && bench->facts.pid == 0);
}

static void test_facts_that_cannot_be_had(void **state) {
        static const char *const names[] = {"", "api", "api.scope", "a b.service", "../x.service", ".service"};
        Bench *bench = *state;
        unsigned n = 0;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                assert_int_equal(systemd_service_facts(bench->systemd, names[i], on_facts, bench), -EINVAL);
        assert_int_equal(systemd_service_facts(bench->systemd, "gone.service", on_facts, bench), 0);
        run_until(bench, &bench->n_answers, 1);
        assert_int_equal(bench->error, -ENOENT);
        /* As many as there are places; all are answered when the connection is lost, and one of them asks for the next. */
        bench->fake.is_mute = true;
        while (systemd_service_facts(bench->systemd, UNIT, on_facts, bench) == 0)
                n++;
        assert_int_equal(n, 32);
        assert_int_equal(systemd_service_facts(bench->systemd, UNIT, on_facts, bench), -EBUSY);
        settle(bench);
        fake_drop(&bench->fake);
        run_until(bench, &bench->n_answers, 33);
        assert_int_equal(bench->error, -ECONNRESET);
        assert_int_equal(systemd_service_facts(bench->systemd, UNIT, on_facts, bench), -ENOTCONN);
        run_until(bench, &bench->n_connected, 2);
        /* And when all ends. */
        assert_int_equal(systemd_service_facts(bench->systemd, UNIT, on_facts, bench), 0);
        bench->systemd = systemd_free(bench->systemd);
        assert_int_equal(bench->n_answers, 34);
        assert_int_equal(bench->error, -ECANCELED);
}

static void test_facts_of_one_after_another(void **state) {
        Bench *bench = *state;

        bench->asks_again = true;
        assert_int_equal(systemd_service_facts(bench->systemd, "gone.service", on_facts, bench), 0);
        run_until(bench, &bench->n_answers, 2);
        assert_int_equal(bench->error, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(test_each_death),
                T(test_times_are_of_boottime),
                T(test_restart_loop),
                T(test_restart_loop_of_systemd_257),
                T(test_joined_signals),
                T(test_status_texts_are_silent),
                T(test_torn_pairs),
                T(test_partial_news),
                T(test_hostile_signals),
                T(test_more_services_than_places),
                T(test_daemon_reexec),
                T(test_facts),
                T(test_facts_that_are_missing),
                T(test_facts_that_cannot_be_had),
                T(test_facts_of_one_after_another),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
