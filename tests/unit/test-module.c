/* A service speaks for itself through the module's socket, and for nobody else; what it is asked for is added up once. */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "module-bench.h"
#include "utf8.h"

static void an_error_is_its_units(void **state) {
        Bench *bench = *state;
        ModuleView view;
        int fd = greet(bench);

        say(fd, "error\nclass=MemoryError\nwhere=main thread\ncaught=0\nsite=/srv/app.py:7 in fill\ntext=no room");
        say(fd, "beat\nitems=5\nanon=1000");
        run(bench);
        assert_int_equal(bench->n_saw, 1);
        assert_string_equal(bench->unit, API);
        assert_int_equal(bench->last.source, WITNESS_MODULE);
        assert_int_equal(bench->last.fact, FACT_MEMORY_ERROR);
        assert_int_equal(bench->last.pid, getpid());
        assert_true(bench->last.at > 0 && !bench->last.weak);
        assert_string_equal(bench->last.site, "/srv/app.py:7 in fill");
        assert_string_equal(bench->last.text, "MemoryError at /srv/app.py:7 in fill, main thread: no room");
        assert_int_equal(bench->n_beats, 1);
        assert_int_equal(bench->pid, getpid());
        assert_int_equal(bench->beat.items, 5);
        assert_int_equal(module_view(bench->module, API, &view), 1);
        assert_string_equal(view.python, "3.11.2");
        assert_int_equal(view.n_errors, 1);
        assert_int_equal(module_view(bench->module, "/system.slice/b.service", &view), 0);
        (void) close(fd);
        run(bench);
        assert_int_equal(module_view(bench->module, API, &view), 0);
}

static void assert_can_be_shown(const char *text) {
        uint32_t c;
        int n;

        while ((n = utf8_next(text, &c)) > 0)
                text += n;
        assert_int_equal(n, 0);
}

/* Journald takes a text with half a character for a blob. */
static void texts_are_cut_at_a_character(void **state) {
        char wide[200] = "", text[600];
        Bench *bench = *state;
        int fd = greet(bench);

        while (strlen(wide) < 190)
                strcat(wide, "\u00e9");
        for (unsigned shift = 0; shift < 2; shift++) {
                const char *before = shift ? "x" : "";

                (void) snprintf(text, sizeof(text), "error\nsite=%s%s\ntext=%s%s", before, wide, before, wide);
                say(fd, text);
                run(bench);
                assert_int_equal(bench->n_saw, shift + 1);
                assert_can_be_shown(bench->last.text);
                assert_in_range(strlen(bench->last.text), 170, 180);
                assert_int_equal(module_free_memory(bench->module, API, GIB, USEC_PER_SEC, on_done, bench), 1);
                (void) snprintf(text, sizeof(text), "done\nid=%u\nfreed=1\ntext=%s%s", shift + 1, before, wide);
                say(fd, text);
                run(bench);
                assert_int_equal(bench->n_done, shift + 1);
                assert_can_be_shown(bench->detail);
                assert_in_range(strlen(bench->detail), 130, 150);
        }
        (void) close(fd);
}

static void nonsense_ends_the_connection(void **state) {
        static const char *const bad[] = {"rubbish", "beat\nitems=x", "free\nid=1", "snapshot\nbegin=1", "beat\nitems=1\nitems=2"};
        Bench *bench = *state;
        int fd = dial(bench);

        say(fd, "beat\nitems=1"); /* before the greeting */
        run(bench);
        assert_true(is_closed(fd));
        (void) close(fd);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                fd = greet(bench);
                say(fd, bad[i]);
                run(bench);
                if (!is_closed(fd))
                        fail_msg("borne: %s", bad[i]);
                (void) close(fd);
        }
        assert_int_equal(bench->n_saw + bench->n_beats, 0);
}

/* The socket of a process, used by another one. */
static void nobody_speaks_for_another(void **state) {
        Bench *bench = *state;
        int fd = greet(bench), status;
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(send(fd, "error\nclass=MemoryError", 23, MSG_NOSIGNAL) == 23 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        run(bench);
        assert_int_equal(bench->n_saw, 0);
        assert_true(is_closed(fd));
        (void) close(fd);
}

static void of_what_is_not_watched_nothing_is_heard_until_it_is(void **state) {
        Bench *bench = *state;
        int fd;

        bench->watched = false;
        fd = greet(bench);
        say(fd, "error\nclass=MemoryError");
        run(bench);
        assert_int_equal(bench->n_saw, 0);
        assert_false(is_closed(fd));
        bench->watched = true;
        module_unit_came(bench->module);
        say(fd, "error\nclass=MemoryError");
        run(bench);
        assert_int_equal(bench->n_saw, 1);
        module_unit_gone(bench->module, API);
        say(fd, "error\nclass=MemoryError");
        run(bench);
        assert_int_equal(bench->n_saw, 1);
        (void) close(fd);
}

static void connections_are_bounded(void **state) {
        Bench *bench = *state;
        int fds[MODULE_PEERS_A_UNIT + 1], strangers[MODULE_STRANGERS_MAX + 1];

        for (size_t i = 0; i < ELEMENTSOF(fds); i++)
                fds[i] = greet(bench);
        assert_false(is_closed(fds[0]));
        assert_true(is_closed(fds[MODULE_PEERS_A_UNIT]));
        /* One that goes makes room. */
        (void) close(fds[0]);
        (void) close(fds[MODULE_PEERS_A_UNIT]);
        run(bench);
        fds[0] = greet(bench);
        assert_false(is_closed(fds[0]));
        bench->watched = false;
        for (size_t i = 0; i < ELEMENTSOF(strangers); i++)
                strangers[i] = greet(bench);
        assert_true(is_closed(strangers[0]));
        assert_false(is_closed(strangers[1]));
        assert_false(is_closed(fds[0]));
        for (size_t i = 0; i < ELEMENTSOF(strangers); i++)
                (void) close(strangers[i]);
        for (size_t i = 0; i < MODULE_PEERS_A_UNIT; i++)
                (void) close(fds[i]);
}

/* However many units a user makes, the services of the host have places. */
static void users_have_half_of_the_places(void **state) {
        int fds[MODULE_PEERS_OF_USERS + 2];
        Bench *bench = *state;
        char path[200];

        for (unsigned i = 0; i < ELEMENTSOF(fds) - 1; i++) {
                (void) snprintf(path, sizeof(path), "/user.slice/user-1000.slice/user@%u.service/app.slice/a%u.service",
                                1000 + i % 2, i / 8);
                bench->other = path;
                fds[i] = greet(bench);
        }
        assert_false(is_closed(fds[0]));
        assert_false(is_closed(fds[MODULE_PEERS_OF_USERS - 1]));
        assert_true(is_closed(fds[MODULE_PEERS_OF_USERS]));
        bench->other = NULL;
        fds[MODULE_PEERS_OF_USERS + 1] = greet(bench);
        assert_false(is_closed(fds[MODULE_PEERS_OF_USERS + 1]));
        (void) close(fds[MODULE_PEERS_OF_USERS]);
        /* Nor by units that are watched when the connections are there. */
        bench->watched = false;
        fds[MODULE_PEERS_OF_USERS] = greet(bench);
        bench->other = path;
        module_unit_came(bench->module);
        assert_true(is_closed(fds[MODULE_PEERS_OF_USERS]));
        for (unsigned i = 0; i < ELEMENTSOF(fds); i++)
                (void) close(fds[i]);
}

/* Root can be another user for a while; anybody else is the one. */
static void be_a_user(bool yes) {
        if (getuid() == 0)
                assert_int_equal(seteuid(yes ? 65534 : 0), 0);
}

static void who_connects_in_a_loop_keeps_nobody_out(void **state) {
        Bench *bench = *state;
        unsigned n_in = 0;
        int fd, kept[300];

        if (getuid() == 0)
                assert_int_equal(chmod(bench->root.path, 0755), 0);
        be_a_user(true);
        for (unsigned i = 0; i < ELEMENTSOF(kept); i++) {
                kept[i] = dial(bench);
                be_a_user(false);
                while (sd_event_run(bench->event, 0) > 0)
                        ;
                be_a_user(true);
                n_in += !is_closed(kept[i]);
                (void) close(kept[i]);
        }
        be_a_user(false);
        /* That was more than all together may, but not all of it was let in. */
        assert_in_range(n_in, 100, 180);
        if (getuid() != 0)
                skip();
        fd = greet(bench);
        assert_false(is_closed(fd));
        (void) close(fd);
}

static void who_talks_too_much_waits(void **state) {
        Bench *bench = *state;
        int fd = greet(bench), n = 0;
        uint64_t now, until;

        while (n < 150 && send(fd, "beat\nitems=1", 12, MSG_DONTWAIT | MSG_NOSIGNAL) == 12)
                n++;
        run(bench);
        assert_in_range(bench->n_beats, 40, 80);
        assert_true(sd_event_now(bench->event, CLOCK_MONOTONIC, &now) >= 0);
        for (until = now + 3 * USEC_PER_SEC; bench->n_beats < (unsigned) MIN(n, 90) && now < until;
             (void) sd_event_now(bench->event, CLOCK_MONOTONIC, &now))
                assert_true(sd_event_run(bench->event, 100000) >= 0);
        assert_true(bench->n_beats >= (unsigned) MIN(n, 75));
        assert_false(is_closed(fd));
        (void) close(fd);
}

static void freed_memory_is_added_up(void **state) {
        Bench *bench = *state;
        int a = greet(bench), b = greet(bench);

        assert_int_equal(module_free_memory(bench->module, "/system.slice/b.service", GIB, USEC_PER_SEC, on_done, bench), 0);
        assert_int_equal(module_free_memory(bench->module, API, GIB, USEC_PER_SEC, on_done, bench), 2);
        assert_string_equal(heard(a), "free\nid=1");
        assert_string_equal(heard(b), "free\nid=1");
        say(a, "done\nid=9\nfreed=77"); /* nobody asked that */
        say(a, "done\nid=1\nfreed=30000000\ntext=cache 28.6M");
        run(bench);
        assert_int_equal(bench->n_done, 0);
        say(a, "done\nid=1\nfreed=30000000"); /* twice */
        say(b, "done\nid=1\nfreed=10000000");
        run(bench);
        assert_int_equal(bench->n_done, 1);
        assert_int_equal(bench->result, 0);
        assert_int_equal(bench->freed, 40000000);
        assert_string_equal(bench->detail, "by the word of 2 of 2 Python processes: cache 28.6M");
        /* No more than there was. */
        assert_int_equal(module_free_memory(bench->module, API, 5 * MIB, USEC_PER_SEC, on_done, bench), 2);
        say(a, "done\nid=2\nfreed=18446744073709551614");
        (void) close(b);
        run(bench);
        assert_int_equal(bench->n_done, 2);
        assert_int_equal(bench->freed, 5 * MIB);
        assert_string_equal(bench->detail, "by the word of 1 of 2 Python processes");
        (void) close(a);
}

static void silence_is_not_waited_for(void **state) {
        Bench *bench = *state;
        int fd = greet(bench);

        assert_int_equal(module_free_memory(bench->module, API, GIB, 200 * USEC_PER_MSEC, on_done, bench), 1);
        /* It is busy with that one. */
        assert_int_equal(module_free_memory(bench->module, API, GIB, USEC_PER_SEC, on_done, bench), -EBUSY);
        for (unsigned i = 0; i < 20 && bench->n_done == 0; i++)
                assert_true(sd_event_run(bench->event, 100000) >= 0);
        assert_int_equal(bench->n_done, 1);
        assert_int_equal(bench->result, -ETIMEDOUT);
        say(fd, "done\nid=1\nfreed=1"); /* late */
        run(bench);
        assert_int_equal(bench->n_done, 1);
        assert_int_equal(module_free_memory(bench->module, API, GIB, USEC_PER_SEC, on_done, bench), 1);
        (void) close(fd);
        run(bench);
        assert_int_equal(bench->n_done, 2);
        assert_int_equal(bench->result, -ETIMEDOUT);
}

static void a_snapshot_is_told_when_it_was_asked_for(void **state) {
        Bench *bench = *state;
        int fd = greet(bench);

        say(fd, "grew\nid=0\nbytes=1\nsite=forged.py:1");
        say(fd, "done\nid=0\nfreed=0\ntext=unasked");
        run(bench);
        assert_int_equal(bench->n_grew, 0);
        assert_int_equal(module_snapshot(bench->module, API, true), 1);
        assert_string_equal(heard(fd), "snapshot\nid=0\nbegin=1");
        for (unsigned i = 0; i < MODULE_SITES_MAX + 3; i++)
                say(fd, "grew\nid=0\nbytes=40000000\ncount=7\nsite=app.py:3");
        say(fd, "done\nid=0\nfreed=0\ntext=since 3 min ago");
        run(bench);
        assert_int_equal(bench->n_grew, 1);
        assert_string_equal(bench->grew, "8 app.py:3 since 3 min ago");
        (void) close(fd);
}

static void asked_again_a_traced_process_says_where_it_grew(void **state) {
        Bench *bench = *state;
        int fd = greet(bench);

        say(fd, "beat\ntraced_bytes=5");
        run(bench);
        for (unsigned i = 0; i < 2; i++) {
                assert_int_equal(module_free_memory(bench->module, API, GIB, USEC_PER_SEC, on_done, bench), 1);
                assert_string_equal(heard(fd), i == 0 ? "free\nid=1" : "free\nid=2");
                assert_string_equal(heard(fd), i == 0 ? "" : "snapshot\nid=0\nbegin=0");
                say(fd, i == 0 ? "done\nid=1\nfreed=0" : "done\nid=2\nfreed=0");
                run(bench);
        }
        (void) close(fd);
}

static void a_second_daemon_finds_the_first(void **state) {
        const ModuleHandlers handlers = {0};
        Bench *bench = *state;
        Module *second = NULL;

        assert_int_equal(module_new(&second, bench->event, &bench->root.kernfs, bench->path, &handlers), -EADDRINUSE);
        bench->module = module_free(bench->module);
        temproot_write(&bench->root, "module", "");
        assert_int_equal(module_new(&second, bench->event, &bench->root.kernfs, bench->path, &handlers), -EEXIST);
        assert_int_equal(unlink(bench->path), 0);
        open_module(bench);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(an_error_is_its_units),
                T(texts_are_cut_at_a_character),
                T(nonsense_ends_the_connection),
                T(nobody_speaks_for_another),
                T(of_what_is_not_watched_nothing_is_heard_until_it_is),
                T(connections_are_bounded),
                T(users_have_half_of_the_places),
                T(who_connects_in_a_loop_keeps_nobody_out),
                T(who_talks_too_much_waits),
                T(freed_memory_is_added_up),
                T(silence_is_not_waited_for),
                T(a_snapshot_is_told_when_it_was_asked_for),
                T(asked_again_a_traced_process_says_where_it_grew),
                T(a_second_daemon_finds_the_first),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
