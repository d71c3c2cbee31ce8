/* The flight recorder writes bounded files of whole lines, whatever happens to the disk, and tells the same story as what happened */
#include "temproot.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "fd.h"
#include "recorder.h"
#include "simulate.h"

#define API "/system.slice/api.service"
#define WEB "/system.slice/web.service"
#define SEC USEC_PER_SEC
#define T0 (1000 * SEC)
#define BYTES (40 * KIB)

static const char policy[] = "[Match]\nUnit=*.service\n[Policy]\nMode=act\nRelax=2s\n"
                             "[Rung tell]\nUsage=60%\nAction=notify\nSettle=1s\n[Rung loud]\nUsage=80%\nAction=notify\nSettle=1s\n";

typedef struct Bench {
        TempRoot root;
        int dirfd;
        sd_event *event;
        Worker *worker;
        Recorder *recorder;
        PolicySet *set;
        Engine *engine;
        ActionList actions;
        usec_t now;
        char story[65536]; /* what was told: "TIME RUNG RESULT;" */
        size_t n_story;
} Bench;

static int set_up(void **state) {
        Bench *bench = calloc(1, sizeof(*bench));
        ConfErrors errors = {0};

        temproot_open(&bench->root);
        bench->dirfd = open(bench->root.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(bench->dirfd >= 0);
        assert_true(sd_event_new(&bench->event) >= 0);
        assert_int_equal(worker_new(&bench->worker, bench->event), 0);
        assert_int_equal(policy_set_new(&bench->set), 0);
        assert_int_equal(policy_set_add(bench->set, "f", policy, strlen(policy), &errors), 0);
        assert_int_equal(engine_new(&bench->engine), 0);
        assert_int_equal(engine_set_policies(bench->engine, bench->set, 0), 0);
        bench->now = T0;
        *state = bench;
        return 0;
}

static void close_recorder(Bench *bench) {
        bench->worker = worker_free(bench->worker);
        bench->recorder = recorder_free(bench->recorder);
}

static int tear_down(void **state) {
        Bench *bench = *state;

        close_recorder(bench);
        sd_event_unref(bench->event);
        fd_closep(&bench->dirfd);
        engine_free(bench->engine);
        policy_set_free(bench->set);
        temproot_close(&bench->root);
        free(bench);
        return 0;
}

static FlightBegin begin_at(usec_t now) {
        FlightBegin begin = {.boottime = now, .realtime = UINT64_C(1795255200000000) + now};

        snprintf(begin.boot, sizeof(begin.boot), "00-11");
        return begin;
}

static int open_recorder(Bench *bench, uint64_t bytes) {
        FlightBegin begin = begin_at(bench->now);
        int r;

        r = recorder_new(&bench->recorder, bench->dirfd, bytes, &begin);

        if (r == 0)
                recorder_set_worker(bench->recorder, bench->worker);
        return r;
}

static int nothing(void *job) {
        (void) job;
        return 0;
}

static void done(void *job, int result) {
        (void) result;
        *(bool *) job = true;
}

/* Until the worker has done what it was asked for up to now. */
static void turn_loop(Bench *bench) {
        bool idle = false;

        if (!bench->worker)
                return;
        assert_int_equal(worker_submit(bench->worker, nothing, done, &idle, SEC), 0);
        while (!idle)
                assert_true(sd_event_run(bench->event, SEC) >= 0);
}

/* As the manager does it. */
static void feed(Bench *bench, const Event *event) {
        bool urgent = false;

        recorder_note(bench->recorder, event);
        bench->actions.n_items = 0;
        (void) engine_step(bench->engine, event, &bench->actions);
        for (unsigned i = 0; i < bench->actions.n_items; i++) {
                const Action *action = &bench->actions.items[i];

                if (action->kind != ACTION_RECORD || action->record.rung[0] == 0)
                        continue;
                urgent = true;
                bench->n_story += (size_t) snprintf(bench->story + bench->n_story, sizeof(bench->story) - bench->n_story,
                                                    "%llu %s %s;", (unsigned long long) event->time, action->record.rung,
                                                    action->record.result);
        }
        recorder_settle(bench->recorder, bench->engine, urgent, bench->now, UINT64_C(1795255200000000) + bench->now);
        turn_loop(bench);
}

static Event event_of(Bench *bench, EventKind kind, const char *path) {
        Event event = {.kind = kind, .time = bench->now};

        snprintf(event.path, sizeof(event.path), "%s", path);
        return event;
}

static Sample sample_of(uint64_t ws) {
        return (Sample){.current = ws, .working_set = ws, .anon = ws, .limit = 100 * MIB, .own_max = 100 * MIB,
                        .high = BYTES_INFINITY, .available = GIB};
}

static void start(Bench *bench, const char *path, uint64_t ws) {
        Event event = event_of(bench, EVENT_START, path);

        snprintf(event.start.invocation, sizeof(event.start.invocation), "%032x", 7);
        event.start.operator_high = BYTES_INFINITY;
        event.start.sample = sample_of(ws);
        feed(bench, &event);
}

static void reading(Bench *bench, const char *path, uint64_t ws) {
        Event event = event_of(bench, EVENT_SAMPLE, path);

        bench->now += SEC / 4;
        event.time = bench->now;
        event.sample = sample_of(ws);
        feed(bench, &event);
}

static uint64_t size_of(const Bench *bench, const char *name) {
        struct stat st;

        if (stat(temproot_path(&bench->root, name), &st) < 0)
                return 0;
        assert_int_equal(st.st_mode & 07777, 0600);
        return (uint64_t) st.st_size;
}

/* All of it. */
static const char *text_of(const Bench *bench, const char *name) {
        static char text[512 * 1024];
        FILE *file = fopen(temproot_path(&bench->root, name), "re");
        size_t n;

        assert_non_null(file);
        n = fread(text, 1, sizeof(text), file);
        assert_true(n < sizeof(text));
        text[n] = 0;
        (void) fclose(file);
        return text;
}

static void count(void *userdata, const SimulateItem *item) {
        (void) item;
        (*(unsigned *) userdata)++;
}

/* A replay of what stands in these files; every line of them is right. */
static uint64_t check_files(const Bench *bench, unsigned n_names, const char *const *names, SimulateOptions *options) {
        Simulation *simulation;
        SimulateProblem problem;
        uint64_t n;

        assert_int_equal(simulate_new(&simulation, bench->set, options), 0);
        for (unsigned i = 0; i < n_names; i++) {
                char *text = strdup(text_of(bench, names[i]));

                if (simulate_text(simulation, text, strlen(text), &problem) < 0)
                        fail_msg("%s:%u: %s", names[i], problem.line, problem.text);
                assert_false(simulate_was_cut(simulation));
                free(text);
        }
        n = simulate_n_events(simulation);
        simulate_free(simulation);
        return n;
}

static uint64_t check_file(const Bench *bench, const char *name) {
        unsigned n = 0;
        SimulateOptions options = {.replay = true, .userdata = &n, .tell = count};

        return check_files(bench, 1, (const char *const[]){name}, &options);
}

static void test_writes_when_something_is_done(void **state) {
        Bench *bench = *state;

        assert_int_equal(open_recorder(bench, BYTES), 0);
        start(bench, API, 10 * MIB);
        reading(bench, API, 20 * MIB);
        assert_int_equal(check_file(bench, "flight/current.trace"), 0);
        reading(bench, API, 65 * MIB);
        assert_int_equal(check_file(bench, "flight/current.trace"), 3);
        reading(bench, API, 66 * MIB);
        assert_int_equal(recorder_write(bench->recorder), 0);
        assert_int_equal(check_file(bench, "flight/current.trace"), 4);
        reading(bench, API, 67 * MIB);
        close_recorder(bench);
        assert_int_equal(check_file(bench, "flight/current.trace"), 5);
        assert_non_null(strstr(text_of(bench, "flight/current.trace"), "#begin boottime=1000000000 "));
}

static void test_files_are_bounded(void **state) {
        Bench *bench = *state;

        assert_int_equal(open_recorder(bench, BYTES), 0);
        start(bench, API, 10 * MIB);
        start(bench, WEB, 10 * MIB);
        for (unsigned i = 0; i < 2000; i++)
                reading(bench, i % 2 ? API : WEB, 20 * MIB + i * KIB);
        assert_int_equal(recorder_n_lost(bench->recorder), 0);
        close_recorder(bench);
        assert_in_range(size_of(bench, "flight/current.trace"), 1000, BYTES);
        assert_in_range(size_of(bench, "flight/previous.trace"), BYTES / 2, BYTES);
        assert_true(check_file(bench, "flight/current.trace") > 10);
        assert_true(check_file(bench, "flight/previous.trace") > 100);
}

/* The story of a unit that comes and goes between calm and loud. */
static void live(Bench *bench, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                Event tick = event_of(bench, EVENT_TICK, "");
                unsigned phase = i % 120;
                uint64_t ws = phase < 60 ? 30 + phase : 150 - phase;

                tick.time = bench->now + SEC / 4;
                if (engine_next_deadline(bench->engine) <= tick.time)
                        feed(bench, &tick);
                reading(bench, API, ws * MIB);
        }
}

typedef struct Story {
        char text[65536];
        size_t n;
} Story;

static void retell(void *userdata, const SimulateItem *item) {
        Story *story = userdata;

        if (item->kind != SIMULATE_ACTION || item->action->kind != ACTION_RECORD || item->action->record.rung[0] == 0)
                return;
        story->n += (size_t) snprintf(story->text + story->n, sizeof(story->text) - story->n, "%llu %s %s;",
                                      (unsigned long long) item->time, item->action->record.rung,
                                      item->action->record.result);
}

static void test_a_file_that_goes_on_tells_the_same(void **state) {
        static Story story;
        Bench *bench = *state;
        SimulateOptions options = {.replay = true, .userdata = &story, .tell = retell};
        const char *names[] = {"flight/previous.trace", "flight/current.trace"};

        assert_int_equal(open_recorder(bench, 128 * KIB), 0);
        start(bench, WEB, 10 * MIB);
        start(bench, API, 30 * MIB);
        live(bench, 900);
        close_recorder(bench);
        assert_in_range(size_of(bench, names[0]), 64 * KIB, 128 * KIB);
        assert_in_range(size_of(bench, names[1]), 1000, 128 * KIB);
        assert_true(strlen(bench->story) > 500);
        /* Only the later file: its story is the end of what was told. */
        (void) check_files(bench, 1, &names[1], &options);
        assert_in_range(story.n, 50, bench->n_story - 1);
        assert_string_equal(story.text, bench->story + bench->n_story - story.n);
        /* Both, as one. */
        story.n = 0;
        (void) check_files(bench, 2, names, &options);
        assert_string_equal(story.text, bench->story);
}

/* A thousand units are told a few at a time; half of the file stays for what happens. */
static void test_a_new_file_tells_of_all_units(void **state) {
        Bench *bench = *state;
        const char *text;

        assert_int_equal(open_recorder(bench, BYTES), 0);
        for (unsigned i = 0; i < 40; i++) {
                char path[64];

                snprintf(path, sizeof(path), "/system.slice/a%02u.service", i);
                start(bench, path, 10 * MIB);
        }
        for (unsigned i = 0; size_of(bench, "flight/previous.trace") == 0; i++)
                reading(bench, API, i * KIB); /* not watched, recorded all the same */
        for (unsigned i = 0; i < 10; i++)
                reading(bench, API, i * KIB);
        assert_int_equal(recorder_write(bench->recorder), 0);
        text = text_of(bench, "flight/current.trace");
        for (unsigned i = 0; i < 40; i++) {
                char word[64];

                snprintf(word, sizeof(word), " start /system.slice/a%02u.service ", i);
                assert_non_null(strstr(text, word));
        }
}

static void test_goes_on_where_the_last_daemon_ended(void **state) {
        Bench *bench = *state;
        uint64_t n;

        assert_int_equal(open_recorder(bench, BYTES), 0);
        start(bench, API, 10 * MIB);
        close_recorder(bench);
        n = size_of(bench, "flight/current.trace");
        bench->now = 20 * SEC; /* after a boot */
        assert_int_equal(open_recorder(bench, BYTES), 0);
        start(bench, API, 10 * MIB);
        close_recorder(bench);
        assert_true(size_of(bench, "flight/current.trace") > n);
        assert_int_equal(check_file(bench, "flight/current.trace"), 2);
        assert_int_equal(size_of(bench, "flight/previous.trace"), 0);
}

static void put(const Bench *bench, const char *name, const char *text, mode_t mode) {
        temproot_write(&bench->root, name, text);
        assert_int_equal(chmod(temproot_path(&bench->root, name), mode), 0);
}

/* What a daemon that was killed has left, or somebody who may write there: it is put aside, never gone on with. */
static void test_puts_aside_what_is_not_in_order(void **state) {
        Bench *bench = *state;

        temproot_mkdir(&bench->root, "flight");
        assert_int_equal(chmod(temproot_path(&bench->root, "flight"), 0700), 0);
        put(bench, "flight/current.trace", "1000 tick -\n1001 ti", 0600);
        assert_int_equal(open_recorder(bench, BYTES), 0);
        bench->recorder = recorder_free(bench->recorder);
        assert_string_equal(text_of(bench, "flight/previous.trace"), "1000 tick -\n1001 ti");
        assert_int_equal(check_file(bench, "flight/current.trace"), 0);

        put(bench, "flight/current.trace", "1000 tick -\n", 0644);
        assert_int_equal(open_recorder(bench, BYTES), 0);
        bench->recorder = recorder_free(bench->recorder);
        assert_non_null(strstr(text_of(bench, "flight/current.trace"), "#begin"));

        put(bench, "victim", "precious\n", 0600);
        assert_int_equal(unlinkat(bench->dirfd, "flight/current.trace", 0), 0);
        assert_int_equal(symlinkat("../victim", bench->dirfd, "flight/current.trace"), 0);
        assert_int_equal(open_recorder(bench, BYTES), 0);
        bench->recorder = recorder_free(bench->recorder);
        assert_string_equal(text_of(bench, "victim"), "precious\n");
        assert_int_equal(check_file(bench, "flight/current.trace"), 0);

        assert_int_equal(chmod(temproot_path(&bench->root, "flight"), 0770), 0);
        assert_int_equal(open_recorder(bench, BYTES), -EPERM);
        assert_null(bench->recorder);
}

/* No room: nothing is half written, what is missing is said, and it goes on when there is room again. */
static void test_a_full_disk(void **state) {
        Bench *bench = *state;
        struct rlimit before, small;

        (void) signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(open_recorder(bench, 4 * MIB), 0);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small = (struct rlimit){9000, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        start(bench, API, 10 * MIB);
        for (unsigned i = 0; i < 200; i++)
                reading(bench, API, 10 * MIB);
        assert_int_equal(recorder_error(bench->recorder), -EFBIG);
        assert_true(recorder_n_lost(bench->recorder) > 20);
        assert_in_range(size_of(bench, "flight/current.trace"), 100, 9000);
        (void) check_file(bench, "flight/current.trace");

        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        bench->now += 2 * USEC_PER_MINUTE;
        for (unsigned i = 0; i < 10; i++)
                reading(bench, API, 10 * MIB);
        assert_int_equal(recorder_write(bench->recorder), 0);
        assert_int_equal(recorder_error(bench->recorder), 0);
        assert_true(check_file(bench, "flight/current.trace") > 10);
        assert_non_null(strstr(text_of(bench, "flight/current.trace"), " events are missing here"));
}

static void test_a_full_disk_at_the_turn(void **state) {
        Bench *bench = *state;
        struct rlimit before, small;
        unsigned i = 0;

        (void) signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(open_recorder(bench, BYTES), 0);
        start(bench, API, 10 * MIB);
        while (size_of(bench, "flight/current.trace") < BYTES - 20 * KIB)
                reading(bench, API, 10 * MIB);
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
        small = (struct rlimit){100, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        for (i = 0; i < 300 && recorder_error(bench->recorder) == 0; i++)
                reading(bench, API, 10 * MIB);
        assert_int_equal(recorder_error(bench->recorder), -EFBIG);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        bench->now += 2 * USEC_PER_MINUTE;
        for (i = 0; i < 200; i++)
                reading(bench, API, 10 * MIB);
        assert_int_equal(recorder_write(bench->recorder), 0);
        (void) check_file(bench, "flight/current.trace");
        (void) check_file(bench, "flight/previous.trace");
        assert_in_range(size_of(bench, "flight/current.trace"), 1000, BYTES);
}

/* The disk takes too long: the worker is at it, two buffers are full, and the events beyond are counted. */
static int sleep_long(void *job) {
        (void) job;
        return usleep(300000) < 0 ? -errno : 0;
}

static void test_a_slow_disk(void **state) {
        Bench *bench = *state;
        bool awake = false;
        struct timespec a, b;

        assert_int_equal(open_recorder(bench, BYTES), 0);
        start(bench, API, 10 * MIB);
        assert_int_equal(worker_submit(bench->worker, sleep_long, done, &awake, SEC), 0);
        clock_gettime(CLOCK_MONOTONIC, &a);
        for (unsigned i = 0; i < 600; i++) {
                Event event = event_of(bench, EVENT_SAMPLE, API);

                event.sample = sample_of(20 * MIB);
                recorder_note(bench->recorder, &event);
                recorder_settle(bench->recorder, bench->engine, true, bench->now, 0);
        }
        clock_gettime(CLOCK_MONOTONIC, &b);
        assert_true((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 250);
        assert_true(recorder_n_lost(bench->recorder) > 100);
        assert_int_equal(recorder_write(bench->recorder), -EBUSY);
        while (!awake)
                assert_true(sd_event_run(bench->event, SEC) >= 0);
        while (recorder_write(bench->recorder) == -EBUSY)
                assert_true(sd_event_run(bench->event, SEC) >= 0);
        reading(bench, API, 20 * MIB);
        assert_int_equal(recorder_write(bench->recorder), 0);
        assert_in_range(check_file(bench, "flight/current.trace"), 100, 500);
        assert_non_null(strstr(text_of(bench, "flight/current.trace"), " events are missing here"));
}

/* At its start a daemon tells of all units in one turn of its loop, where no answer of the worker's is heard. */
static void test_a_thousand_starts_at_once(void **state) {
        Bench *bench = *state;

        assert_int_equal(open_recorder(bench, 2 * MIB), 0);
        recorder_set_worker(bench->recorder, NULL);
        bench->worker = worker_free(bench->worker);
        for (unsigned i = 0; i < 1000; i++) {
                char path[64];

                snprintf(path, sizeof(path), "/system.slice/a%03u.service", i);
                start(bench, path, 10 * MIB);
        }
        assert_int_equal(recorder_n_lost(bench->recorder), 0);
        close_recorder(bench);
        assert_int_equal(check_file(bench, "flight/current.trace"), 1000);
}

/* Later, at a reload: those that were lost are told again. */
static void test_lost_starts_are_told_again(void **state) {
        Bench *bench = *state;
        bool awake = false;
        const char *text;

        assert_int_equal(open_recorder(bench, 2 * MIB), 0);
        assert_int_equal(worker_submit(bench->worker, sleep_long, done, &awake, SEC), 0);
        for (unsigned i = 0; i < 500; i++) {
                Event event = event_of(bench, EVENT_START, "");

                snprintf(event.path, sizeof(event.path), "/system.slice/a%03u.service", i);
                event.start.operator_high = BYTES_INFINITY;
                event.start.sample = sample_of(10 * MIB);
                recorder_note(bench->recorder, &event);
                bench->actions.n_items = 0;
                (void) engine_step(bench->engine, &event, &bench->actions);
                recorder_settle(bench->recorder, bench->engine, false, bench->now, 0);
        }
        assert_true(recorder_n_lost(bench->recorder) > 10);
        turn_loop(bench);
        for (unsigned i = 0; i < 100; i++)
                reading(bench, API, 20 * MIB);
        close_recorder(bench);
        text = text_of(bench, "flight/current.trace");
        assert_non_null(strstr(text, "start /system.slice/a000.service "));
        assert_non_null(strstr(text, "start /system.slice/a499.service "));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_writes_when_something_is_done, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_files_are_bounded, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_file_that_goes_on_tells_the_same, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_new_file_tells_of_all_units, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_goes_on_where_the_last_daemon_ended, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_puts_aside_what_is_not_in_order, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_full_disk, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_full_disk_at_the_turn, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_slow_disk, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_a_thousand_starts_at_once, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_lost_starts_are_told_again, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
