/* The daemon tells the journal's helper what to follow, survives its absence, and takes from it only what it may say. */
#undef NDEBUG
#include "fake-journal.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "event.h"

#define MS USEC_PER_MSEC

typedef struct Bench {
        sd_event *event;
        Textwatch *watch;
        Saw saw;
        char dir[64], path[100];
        int listener, helper; /* what the helper would have */
} Bench;

static void listen_at(Bench *bench) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        strcpy(address.sun_path, bench->path);
        bench->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        assert_true(bench->listener >= 0);
        assert_int_equal(bind(bench->listener, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(bench->listener, 4), 0);
}

static int set_up(void **state) {
        static Bench bench;

        bench = (Bench){.listener = -1, .helper = -1};
        strcpy(bench.dir, "/tmp/test-textwatch.XXXXXX");
        assert_non_null(mkdtemp(bench.dir));
        (void) snprintf(bench.path, sizeof(bench.path), "%s/journal", bench.dir);
        assert_true(sd_event_new(&bench.event) >= 0);
        *state = &bench;
        return 0;
}

static int tear_down(void **state) {
        Bench *bench = *state;

        textwatch_free(bench->watch);
        sd_event_unref(bench->event);
        if (bench->helper >= 0)
                (void) close(bench->helper);
        if (bench->listener >= 0)
                (void) close(bench->listener);
        (void) unlink(bench->path);
        (void) rmdir(bench->dir);
        return 0;
}

static void start(Bench *bench, const char *cursor) {
        const WitnessHandlers handlers = {&bench->saw, saw_witness};

        assert_int_equal(textwatch_new(&bench->watch, bench->event, bench->path, cursor, &handlers), 0);
}

static void run_for(Bench *bench, usec_t usec) {
        (void) run_until(bench->event, &bench->saw, UINT32_MAX, usec);
}

/* Waits for the daemon's connection. */
static void accept_daemon(Bench *bench) {
        if (bench->helper >= 0)
                (void) close(bench->helper);
        bench->helper = -1;
        for (unsigned i = 0; i < 400 && bench->helper < 0; i++) {
                run_for(bench, 20 * MS);
                bench->helper = accept4(bench->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        }
        assert_true(bench->helper >= 0);
}

static void hear(Bench *bench, const char *expected) {
        char line[1000];
        ssize_t n = -1;

        for (unsigned i = 0; i < 600 && n < 0; i++) {
                n = recv(bench->helper, line, sizeof(line) - 1, 0);
                if (n < 0)
                        run_for(bench, 20 * MS);
        }
        assert_true(n > 0);
        line[n] = 0;
        assert_string_equal(line, expected);
}

static void hear_nothing(Bench *bench, usec_t usec) {
        char line[1000];

        run_for(bench, usec);
        assert_int_equal(recv(bench->helper, line, sizeof(line), 0), -1);
        assert_int_equal(errno, EAGAIN);
}

static void say_bytes(Bench *bench, const void *bytes, size_t n) {
        assert_int_equal(send(bench->helper, bytes, n, 0), n);
}

static void say(Bench *bench, const char *line) {
        say_bytes(bench, line, strlen(line));
}

static void say_witness(Bench *bench, const char *path, const Witness *witness) {
        static Event event;
        char line[EVENT_LINE_MAX];

        event = (Event){.kind = EVENT_WITNESS, .time = 1, .witness = *witness};
        strcpy(event.path, path);
        (void) event_format(&event, line);
        say(bench, line);
}

static void test_follows(void **state) {
        Bench *bench = *state;

        listen_at(bench);
        start(bench, "s=ab;i=1;t=2");
        run_for(bench, 50 * MS);
        assert_int_equal(accept4(bench->listener, NULL, NULL, 0), -1); /* nothing is wanted yet */
        assert_int_equal(textwatch_follow(bench->watch, "b.service"), 0);
        assert_int_equal(textwatch_follow(bench->watch, "a.service"), 0);
        assert_int_equal(textwatch_follow(bench->watch, "a.service"), 0);
        assert_int_equal(textwatch_follow(bench->watch, "a"), -EINVAL);
        assert_int_equal(textwatch_follow(bench->watch, "a b.service"), -EINVAL);
        accept_daemon(bench);
        hear(bench, "cursor s=ab;i=1;t=2");
        hear(bench, "follow b.service");
        hear(bench, "follow a.service");
        hear(bench, "commit");
        assert_false(textwatch_is_connected(bench->watch));
        say(bench, "ready");
        run_for(bench, 20 * MS);
        assert_true(textwatch_is_connected(bench->watch));

        /* Gathered, with one commit. */
        assert_int_equal(textwatch_follow(bench->watch, "c.service"), 0);
        run_for(bench, 100 * MS);
        assert_int_equal(textwatch_follow(bench->watch, "d.service"), 0);
        hear(bench, "follow d.service");
        hear(bench, "follow c.service");
        hear(bench, "commit");
        hear_nothing(bench, 500 * MS);
}

static void test_leaves_late(void **state) {
        Bench *bench = *state;

        listen_at(bench);
        start(bench, "");
        assert_int_equal(textwatch_follow(bench->watch, "a.service"), 0);
        assert_int_equal(textwatch_follow(bench->watch, "b.service"), 0);
        accept_daemon(bench);
        hear(bench, "follow b.service");
        hear(bench, "follow a.service");
        hear(bench, "commit");
        textwatch_unfollow(bench->watch, "a.service");
        textwatch_unfollow(bench->watch, "b.service");
        textwatch_unfollow(bench->watch, "c.service");
        /* Its last words are still heard, and a restart changes nothing. */
        hear_nothing(bench, 8000 * MS);
        assert_int_equal(textwatch_follow(bench->watch, "b.service"), 0);
        hear(bench, "unfollow a.service");
        hear(bench, "commit");
        hear_nothing(bench, 500 * MS);
}

static void test_without_helper(void **state) {
        Bench *bench = *state;

        start(bench, "not a cursor");
        assert_string_equal(textwatch_cursor(bench->watch), "");
        assert_int_equal(textwatch_follow(bench->watch, "a.service"), 0);
        run_for(bench, 500 * MS);
        assert_int_equal(textwatch_read_back(bench->watch, "a.service", 1), -ENOTCONN);
        assert_int_equal(textwatch_read_back(bench->watch, "b.service", 1), -ENOENT);
        listen_at(bench);
        run_for(bench, 2000 * MS);
        assert_int_equal(accept4(bench->listener, NULL, NULL, 0), -1); /* not tried so soon */
        accept_daemon(bench);
        hear(bench, "follow a.service");
        hear(bench, "commit");
        say(bench, "ready");
        say(bench, "cursor s=cd;i=2;t=3");
        run_for(bench, 50 * MS);
        assert_string_equal(textwatch_cursor(bench->watch), "s=cd;i=2;t=3");

        /* A new helper goes on where the last one was. */
        assert_int_equal(close(bench->helper), 0);
        bench->helper = -1;
        run_for(bench, 50 * MS);
        assert_false(textwatch_is_connected(bench->watch));
        accept_daemon(bench);
        hear(bench, "cursor s=cd;i=2;t=3");
        hear(bench, "follow a.service");
        hear(bench, "commit");
        hear_nothing(bench, 100 * MS);
}

static void connect_one(Bench *bench) {
        listen_at(bench);
        start(bench, "");
        assert_int_equal(textwatch_follow(bench->watch, "a.service"), 0);
        accept_daemon(bench);
        hear(bench, "follow a.service");
        hear(bench, "commit");
        say(bench, "ready");
}

static void test_takes_witnesses(void **state) {
        Witness witness = {
                .source = WITNESS_JOURNAL,
                .fact = FACT_MEMORY_ERROR,
                .at = UINT64_MAX - 5,
                .pid = 7,
                .scope = SCOPE_HOST,
                .word = "MemoryError",
                .site = "a.py:1 in f",
                .text = "MemoryError: \033[31m",
                .comm = "python3",
                .limit = "/system.slice",
                .look = {.vm_size = 5},
        };
        Bench *bench = *state;

        connect_one(bench);
        say_witness(bench, "/system.slice/a.service", &witness);
        assert_true(run_until(bench->event, &bench->saw, 1, 2000 * MS));
        assert_string_equal(bench->saw.all[0].path, "/system.slice/a.service");
        assert_int_equal(saw_last(&bench->saw)->fact, FACT_MEMORY_ERROR);
        assert_int_equal(saw_last(&bench->saw)->pid, 7);
        assert_string_equal(saw_last(&bench->saw)->site, "a.py:1 in f");
        /* What such a witness can't know, what a terminal must not see, and the future. */
        assert_string_equal(saw_last(&bench->saw)->text, "MemoryError: \\x1b[31m");
        assert_string_equal(saw_last(&bench->saw)->limit, "");
        assert_int_equal(saw_last(&bench->saw)->scope, SCOPE_UNKNOWN);
        assert_int_equal(saw_last(&bench->saw)->look.vm_size, 0);
        assert_true(saw_last(&bench->saw)->at < UINT64_MAX / 2);

        witness = (Witness){.source = WITNESS_OOMD, .fact = FACT_USERSPACE, .pid = 9, .word = "earlyoom"};
        say_witness(bench, "", &witness);
        assert_true(run_until(bench->event, &bench->saw, 2, 2000 * MS));
        assert_string_equal(bench->saw.all[1].path, "");

        say(bench, "muted a.service");
        say(bench, "muted b.service"); /* not ours */
        assert_true(run_until(bench->event, &bench->saw, 3, 2000 * MS));
        assert_int_equal(saw_last(&bench->saw)->fact, FACT_BLIND);
        assert_string_equal(saw_last(&bench->saw)->unit, "a.service");
        run_for(bench, 100 * MS);
        assert_int_equal(bench->saw.n, 3);
}

static void test_refuses_the_rest(void **state) {
        static const char *const lines[] = {
                "",
                "hello",
                "1 tick -",
                "1 stop /system.slice/a.service",
                "1 witness /system.slice/a.service source=journal fact=memory-error pid=-7",
                "1 witness /system.slice/../a.service source=journal fact=memory-error",
                "1 witness - source=journal fact=memory-error",
                "1 witness - source=journal fact=memory-error unit=nothing",
                "1 witness /a source=journal fact=memory-error invocation=xyz",
                "1 witness - source=oomd fact=userspace word=oomd",
                "follow b.service ",
                "cursor \t",
        };
        Bench *bench = *state;
        char large[EVENT_LINE_MAX + 10];

        connect_one(bench);
        for (size_t i = 1; i < ELEMENTSOF(lines); i++)
                say(bench, lines[i]);
        say_bytes(bench, "ready\0ready", 11);
        memset(large, 'a', sizeof(large));
        say_bytes(bench, large, sizeof(large));
        for (WitnessKind kind = 0; kind < _WITNESS_KIND_MAX; kind++)
                for (Fact fact = 0; fact < _FACT_MAX; fact++) {
                        Witness witness = {.source = kind, .fact = fact, .pid = 7};
                        unsigned n = bench->saw.n;

                        say_witness(bench, "/system.slice/a.service", &witness);
                        run_for(bench, 2 * MS);
                        if (bench->saw.n == n)
                                continue;
                        assert_true(kind == WITNESS_JOURNAL || kind == WITNESS_SYSTEMD || kind == WITNESS_OOMD);
                        assert_true(fact != FACT_OOM_KILL && fact != FACT_RAISED && fact != FACT_LOOK && fact != FACT_REFUSED);
                }
        run_for(bench, 50 * MS);
        assert_int_equal(bench->saw.n, 9);
        assert_true(textwatch_is_connected(bench->watch));
}

/* A helper that shouts loses its audience, and what it could not read yet blocks nobody. */
static void test_floods(void **state) {
        static const char line[] = "1 witness /system.slice/a.service source=journal fact=memory-error pid=7";
        Bench *bench = *state;
        char name[64];

        connect_one(bench);
        for (unsigned i = 0; i < TEXTWATCH_UNITS_MAX - 1; i++) {
                (void) snprintf(name, sizeof(name), "web@%u.service", i);
                assert_int_equal(textwatch_follow(bench->watch, name), 0);
        }
        assert_int_equal(textwatch_follow(bench->watch, "last.service"), -ENOSPC);
        run_for(bench, 1000 * MS); /* the helper does not read */
        for (unsigned i = TEXTWATCH_UNITS_MAX - 1; i-- > 0;) {
                /* In the order of their names, from the end: only count them. */
                char got[300];
                ssize_t n = -1;

                for (unsigned j = 0; j < 200 && n < 0; j++) {
                        n = recv(bench->helper, got, sizeof(got), 0);
                        if (n < 0)
                                run_for(bench, 10 * MS);
                }
                assert_true(n > 7 && memcmp(got, "follow ", 7) == 0);
        }
        hear(bench, "commit");
        for (unsigned i = 0; i < 40000 && textwatch_is_connected(bench->watch); i++) {
                (void) send(bench->helper, line, strlen(line), MSG_NOSIGNAL);
                run_for(bench, 0);
                (void) sd_event_run(bench->event, 0);
        }
        assert_false(textwatch_is_connected(bench->watch));
        assert_in_range(bench->saw.n, 5000, 25000);
}

static void test_read_back(void **state) {
        struct timespec boot, real;
        unsigned long long usec, expected;
        Bench *bench = *state;
        char line[300];
        ssize_t n = -1;

        connect_one(bench);
        (void) clock_gettime(CLOCK_BOOTTIME, &boot);
        (void) clock_gettime(CLOCK_REALTIME, &real);
        expected = (unsigned long long) real.tv_sec * USEC_PER_SEC - 3 * USEC_PER_SEC;
        assert_int_equal(textwatch_read_back(bench->watch, "a.service", ((usec_t) boot.tv_sec - 3) * USEC_PER_SEC), 0);
        assert_int_equal(textwatch_read_back(bench->watch, "a.service", ((usec_t) boot.tv_sec - 1) * USEC_PER_SEC), 0);
        for (unsigned i = 0; i < 100 && n < 0; i++) {
                run_for(bench, 10 * MS);
                n = recv(bench->helper, line, sizeof(line) - 1, 0);
        }
        assert_true(n > 0);
        line[n] = 0;
        assert_int_equal(sscanf(line, "read a.service %llu", &usec), 1);
        assert_in_range(usec, expected - 2 * USEC_PER_SEC, expected + 2 * USEC_PER_SEC);
        hear_nothing(bench, 200 * MS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(test_follows),
                TEST(test_leaves_late),
                TEST(test_without_helper),
                TEST(test_takes_witnesses),
                TEST(test_refuses_the_rest),
                TEST(test_floods),
                TEST(test_read_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
