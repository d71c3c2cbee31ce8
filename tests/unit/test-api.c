/* The private bus API answers root's questions, refuses what is wrong with a sentence, and outlives hostile clients. */
#include "fake-daemon.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

#define N_MORE 200 /* units, so that a list takes several turns of the event loop */

static char dir[64], socket_path[80];
static pid_t daemon_pid;

static int connect_raw(void) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
        assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static sd_bus *connect_bus(void) {
        sd_bus *bus = NULL;
        int fd = connect_raw();

        assert_int_equal(sd_bus_new(&bus), 0);
        assert_true(sd_bus_set_fd(bus, fd, fd) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        assert_true(sd_bus_set_method_call_timeout(bus, 20 * USEC_PER_SEC) >= 0);
        return bus;
}

#define CALL(bus, method, error, reply, ...)                                                                           \
        sd_bus_call_method(bus, NULL, "/org/memguard1", "org.memguard1.Manager", method, error, reply, __VA_ARGS__)

/* Is the daemon there, and does it still answer? */
static void assert_serves(void) {
        sd_bus *bus = connect_bus();
        sd_bus_message *reply = NULL;

        assert_true(CALL(bus, "GetDaemon", NULL, &reply, "") >= 0);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

/* Skips to a key of an a{sv} at which the message stands, and reads its value. */
static void read_key(sd_bus_message *m, const char *key, const char *type, void *ret) {
        const char *name;

        assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(m, "s", &name) > 0);
                if (util_streq(name, key)) {
                        assert_true(sd_bus_message_read(m, "v", type, ret) > 0);
                        return;
                }
                assert_true(sd_bus_message_skip(m, "v") >= 0);
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }
        fail_msg("there is no key %s", key);
}

static const char *get_text(sd_bus_message *m, const char *key) {
        const char *text = NULL;

        assert_true(sd_bus_message_rewind(m, true) >= 0);
        read_key(m, key, "s", &text);
        return text;
}

static uint64_t get_u64(sd_bus_message *m, const char *key) {
        uint64_t value = 0;

        assert_true(sd_bus_message_rewind(m, true) >= 0);
        read_key(m, key, "t", &value);
        return value;
}

static void assert_refused(const char *method, const char *name, const char *words, const char *unit, const char *rung) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *bus = connect_bus();
        int r;

        r = rung ? CALL(bus, method, &error, NULL, "ss", unit, rung) : CALL(bus, method, &error, NULL, "s", unit);
        assert_true(r < 0);
        assert_string_equal(error.name, name);
        assert_non_null(strstr(error.message, words));
        assert_int_equal(error.message[strlen(error.message) - 1], '.');
        assert_null(strchr(error.message, '\033'));
        sd_bus_error_free(&error);
        sd_bus_close_unref(bus);
}

static void test_daemon(void **state) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "GetDaemon", NULL, &reply, "") >= 0);
        assert_string_equal(get_text(reply, "version"), MEMGUARD_VERSION);
        assert_in_range(get_u64(reply, "uptime_usec"), 89 * USEC_PER_SEC, 200 * USEC_PER_SEC);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_list_has_every_unit_once(void **state) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();
        unsigned n = 0, n_more = 0;

        (void) state;
        assert_true(CALL(bus, "ListUnits", NULL, &reply, "") >= 0);
        assert_true(sd_bus_message_enter_container(reply, 'a', "a{sv}") > 0);
        for (; sd_bus_message_at_end(reply, false) == 0; n++) {
                const char *path = NULL;

                read_key(reply, "path", "s", &path);
                n_more += strstr(path, "/more") != NULL;
                /* Out of the entry and of the dictionary, over what is left of it. */
                assert_true(sd_bus_message_exit_container(reply) >= 0);
                while (sd_bus_message_at_end(reply, false) == 0)
                        assert_true(sd_bus_message_skip(reply, "{sv}") >= 0);
                assert_true(sd_bus_message_exit_container(reply) >= 0);
        }
        assert_int_equal(n, N_MORE + 6);
        assert_int_equal(n_more, N_MORE);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_unit_by_name_and_path(void **state) {
        static const char *const names[] = {"api", "api.service", "/system.slice/api.service"};
        sd_bus *bus = connect_bus();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                sd_bus_message *reply = NULL;

                assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", names[i]) >= 0);
                assert_string_equal(get_text(reply, "unit"), "api.service");
                assert_string_equal(get_text(reply, "policy"), "/etc/memguard/policy.d/fake.conf");
                assert_string_equal(get_text(reply, "mode"), "act");
                assert_string_equal(get_text(reply, "limit_source"), "/system.slice/api.service");
                assert_int_equal(get_u64(reply, "usage_working_set"), 60 * MIB);
                assert_int_equal(get_u64(reply, "limit_bytes"), 150 * MIB);
                assert_int_equal(get_u64(reply, "pressure_some_usec"), 5000);
                sd_bus_message_unref(reply);
        }
        sd_bus_close_unref(bus);
}

static void test_unit_is_read_afresh(void **state) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "Reload", NULL, NULL, "") >= 0); /* from now on units use 120 MiB */
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", "api") >= 0);
        assert_int_equal(get_u64(reply, "usage_working_set"), 120 * MIB);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_hostile_name_is_escaped_and_found_again(void **state) {
        static const char shown[] = "/system.slice/caf\\xe9\\xc2\\x9b31m\\xe2\\x80\\xae.service";
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", shown) >= 0);
        assert_string_equal(get_text(reply, "path"), shown);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_refusals(void **state) {
        char long_name[3000];

        (void) state;
        memset(long_name, 'x', sizeof(long_name) - 1);
        long_name[sizeof(long_name) - 1] = 0;

        assert_refused("GetUnit", "org.memguard1.Error.NoSuchUnit", "nothing.service is not watched", "nothing", NULL);
        assert_refused("GetUnit", "org.memguard1.Error.NoSuchUnit", "is not watched", "/nothing", NULL);
        assert_refused("GetUnit", "org.memguard1.Error.NoSuchUnit", "is not watched", "\033[31m", NULL);
        assert_refused("GetUnit", "org.memguard1.Error.NoSuchUnit", "is not watched", long_name, NULL);
        assert_refused("GetUnit", "org.memguard1.Error.InvalidArgument", "empty", "", NULL);
        assert_refused("GetPolicy", "org.memguard1.Error.AmbiguousUnit", "user@1001.service/app.slice/same.service", "same",
                       NULL);
        assert_refused("Drill", "org.memguard1.Error.NoSuchRung", "ask, brake, restart", "api", "panic");
        assert_refused("Drill", "org.memguard1.Error.NoSuchRung", "\\x1b[31m", "api", "\033[31m");
        assert_refused("Pause", "org.memguard1.Error.Refused", "can't be paused today\\x1b", "stubborn", NULL);
        assert_refused("Pause", "org.memguard1.Error.NoSuchUnit", "is not watched", "nothing", NULL);
}

static void test_policy_rows_in_order(void **state) {
        static const char *const rows[][4] = {
                {"Policy", "Mode", "act", "/etc/memguard/policy.d/fake.conf:4"},
                {"Policy", "RestartBudget", "3/1h", "/etc/memguard/policy.d/fake.conf:5"},
                {"Policy", "Preference", "normal", "built-in"},
                {"Policy", "Loan", "0", "built-in"},
                {"Policy", "Relax", "10s", "built-in"},
                {"Rung ask", "Usage", "75%", "/etc/memguard/policy.d/fake.conf:7"},
                {"Rung ask", "Hold", "0s", "built-in"},
                {"Rung ask", "Action", "signal SIGUSR1 main", "/etc/memguard/policy.d/fake.conf:8"},
                {"Rung ask", "Action", "reclaim 10%", "/etc/memguard/policy.d/fake.conf:9"},
                {"Rung ask", "Settle", "5s", "built-in"},
                {"Rung brake", "PressureSome", "300ms/1s", "/etc/memguard/policy.d/fake.conf:11"},
                {"Rung brake", "Hold", "0s", "built-in"},
                {"Rung brake", "Action", "throttle 10s", "/etc/memguard/policy.d/fake.conf:12"},
                {"Rung brake", "Settle", "5s", "built-in"},
                {"Rung restart", "Usage", "90%", "/etc/memguard/policy.d/fake.conf:14"},
                {"Rung restart", "Event", "oom-kill 2/10min", "/etc/memguard/policy.d/fake.conf:15"},
                {"Rung restart", "Hold", "0s", "built-in"},
                {"Rung restart", "Action", "restart", "/etc/memguard/policy.d/fake.conf:16"},
                {"Rung restart", "Settle", "5s", "built-in"},
        };
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "GetPolicy", NULL, &reply, "s", "api") >= 0);
        assert_true(sd_bus_message_enter_container(reply, 'a', "a{sv}") > 0);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                static const char *const keys[] = {"section", "key", "value", "source"};

                assert_true(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
                for (size_t j = 0; j < 4; j++) {
                        const char *key = NULL, *value = NULL;

                        assert_true(sd_bus_message_read(reply, "{sv}", &key, "s", &value) > 0);
                        assert_string_equal(key, keys[j]);
                        assert_string_equal(value, rows[i][j]);
                }
                while (sd_bus_message_at_end(reply, false) == 0)
                        assert_true(sd_bus_message_skip(reply, "{sv}") >= 0);
                assert_true(sd_bus_message_exit_container(reply) >= 0);
        }
        assert_true(sd_bus_message_at_end(reply, false) > 0);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_pause_and_drill_reach_the_engine(void **state) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();
        int paused = 0;

        (void) state;
        assert_true(CALL(bus, "Pause", NULL, NULL, "s", "more7") >= 0);
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", "more7") >= 0);
        read_key(reply, "paused", "b", &paused);
        assert_true(paused);
        reply = sd_bus_message_unref(reply);

        assert_true(CALL(bus, "Resume", NULL, NULL, "s", "more7") >= 0);
        assert_true(CALL(bus, "Drill", NULL, NULL, "ss", "more7", "brake") >= 0);
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", "more7") >= 0);
        assert_string_equal(get_text(reply, "rung"), "brake");
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static sd_bus_message *next_signal(sd_bus *bus, uint64_t patience) {
        sd_bus_message *m = NULL;
        int r;

        for (;;) {
                r = sd_bus_process(bus, &m);
                assert_true(r >= 0);
                if (m && sd_bus_message_is_signal(m, "org.memguard1.Manager", "Record") > 0)
                        return m;
                m = sd_bus_message_unref(m);
                if (r == 0 && sd_bus_wait(bus, patience) <= 0)
                        return NULL;
        }
}

static void test_records_go_to_those_who_watch(void **state) {
        sd_bus *watcher = connect_bus(), *other = connect_bus();
        sd_bus_message *m;

        (void) state;
        assert_true(CALL(watcher, "Watch", NULL, NULL, "") >= 0);
        assert_true(CALL(other, "Pause", NULL, NULL, "s", "more8") >= 0);

        m = next_signal(watcher, 5 * USEC_PER_SEC);
        assert_non_null(m);
        assert_string_equal(get_text(m, "unit"), "more8.service");
        assert_string_equal(get_text(m, "text"), "It is paused.\\x1b[2J");
        assert_string_equal(get_text(m, "kind"), "action");
        assert_int_equal(get_u64(m, "latency_usec"), 1500);
        assert_int_equal(get_u64(m, "time"), UINT64_C(1800000000000000));
        sd_bus_message_unref(m);
        assert_null(next_signal(other, 100 * USEC_PER_MSEC));
        sd_bus_close_unref(watcher);
        sd_bus_close_unref(other);
}

static void test_watcher_that_does_not_read_is_cut_off(void **state) {
        sd_bus *sleeper = connect_bus(), *other = connect_bus();
        usec_t end = fake_now() + 10 * USEC_PER_SEC;

        (void) state;
        assert_true(CALL(sleeper, "Watch", NULL, NULL, "") >= 0);
        assert_true(CALL(other, "Pause", NULL, NULL, "s", "flood") >= 0);

        /* What fitted in is still read; then comes the end, so that nobody takes the silence for peace. */
        while (sd_bus_is_open(sleeper) > 0) {
                assert_true(fake_now() < end);
                if (sd_bus_process(sleeper, NULL) == 0)
                        (void) sd_bus_wait(sleeper, USEC_PER_SEC);
        }
        assert_true(CALL(other, "GetDaemon", NULL, NULL, "") >= 0);
        sd_bus_close_unref(sleeper);
        sd_bus_close_unref(other);
        assert_serves();
}

static void test_asker_that_does_not_read_is_cut_off(void **state) {
        sd_bus *bus = connect_bus();
        int r = 0;

        (void) state;
        assert_true(CALL(bus, "GetDaemon", NULL, NULL, "") >= 0);
        for (unsigned i = 0; i < 50000 && r >= 0; i++) {
                sd_bus_message *m = NULL;
                uint64_t cookie; /* asked for, or sd-bus would tell the daemon that no answer is wanted */

                assert_true(sd_bus_message_new_method_call(bus, &m, NULL, "/org/memguard1", "org.memguard1.Manager",
                                                           "GetDaemon") >= 0);
                r = sd_bus_send(bus, m, &cookie);
                sd_bus_message_unref(m);
                if (r >= 0)
                        r = sd_bus_flush(bus);
        }
        assert_true(r < 0);
        sd_bus_close_unref(bus);
        assert_serves();
}

static void test_wrong_calls(void **state) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "GetUnit", &error, NULL, "u", 7) < 0);
        assert_string_equal(error.name, "org.freedesktop.DBus.Error.InvalidArgs");
        sd_bus_error_free(&error);
        assert_true(CALL(bus, "Drill", &error, NULL, "s", "api") < 0);
        assert_string_equal(error.name, "org.freedesktop.DBus.Error.InvalidArgs");
        sd_bus_error_free(&error);
        assert_true(CALL(bus, "Explode", &error, NULL, "") < 0);
        assert_string_equal(error.name, "org.freedesktop.DBus.Error.UnknownMethod");
        sd_bus_error_free(&error);
        assert_true(CALL(bus, "GetDaemon", NULL, NULL, "") >= 0);
        sd_bus_close_unref(bus);
}

static void assert_closed(int fd) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};
        char buf[512];
        ssize_t n;

        do {
                assert_int_equal(poll(&pollfd, 1, 10000), 1);
                n = read(fd, buf, sizeof(buf));
        } while (n > 0);
        assert_true(n == 0 || errno == ECONNRESET);
}

static void test_garbage(void **state) {
        static const char hello[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
        unsigned seed = 12345;

        (void) state;
        for (unsigned round = 0; round < 50; round++) {
                char bytes[4096];
                int fd = connect_raw();

                for (size_t i = 0; i < sizeof(bytes); i++)
                        bytes[i] = (char) (rand_r(&seed) >> 7);
                if (round % 2) /* as a message, after a proper beginning */
                        assert_int_equal(send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL), sizeof(hello) - 1);
                (void) send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
                (void) shutdown(fd, SHUT_WR);
                assert_closed(fd);
                (void) close(fd);
        }
        assert_serves();
}

static void test_bound_on_clients(void **state) {
        int fds[API_CLIENTS_MAX], fd;

        (void) state;
        for (unsigned i = 0; i < API_CLIENTS_MAX; i++)
                fds[i] = connect_raw();
        fd = connect_raw();
        assert_closed(fd);
        (void) close(fd);

        /* Those who have not said who they are lose their places to those who do. */
        assert_int_equal(usleep(1200000), 0);
        assert_serves();
        for (unsigned i = 0; i < API_CLIENTS_MAX; i++)
                (void) close(fds[i]);
        assert_serves();
}

static void test_ready_clients_keep_their_places(void **state) {
        sd_bus *buses[API_CLIENTS_MAX];
        int fd;

        (void) state;
        for (unsigned i = 0; i < API_CLIENTS_MAX; i++) {
                buses[i] = connect_bus();
                assert_true(CALL(buses[i], "GetDaemon", NULL, NULL, "") >= 0);
        }
        assert_int_equal(usleep(1200000), 0);
        fd = connect_raw();
        assert_closed(fd);
        (void) close(fd);
        for (unsigned i = 0; i < API_CLIENTS_MAX; i++) {
                assert_true(CALL(buses[i], "GetDaemon", NULL, NULL, "") >= 0);
                sd_bus_close_unref(buses[i]);
        }
}

static void test_other_users_are_refused(void **state) {
        int status;
        pid_t pid;

        (void) state;
        if (geteuid() != 0)
                skip();
        /* Even where the file's mode lets them in. */
        assert_int_equal(chmod(dir, 0755), 0);
        assert_int_equal(chmod(socket_path, 0666), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                char byte;
                int fd;

                if (setresuid(65534, 65534, 65534) < 0)
                        _exit(1);
                fd = connect_raw();
                _exit(read(fd, &byte, 1) == 0 ? 0 : 2);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(chmod(socket_path, 0600), 0);
}

static int try_listen(const char *path) {
        ApiHandlers handlers;
        FakeDaemon daemon;
        int r;

        fake_init(&daemon, 0);
        fake_handlers(&daemon, &handlers);
        r = api_new(&daemon.api, daemon.event, path, &handlers);
        fake_done(&daemon);
        return r;
}

static void test_socket_file(void **state) {
        char stale[96], file[96], long_path[300];
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct stat st;
        int fd;

        (void) state;
        assert_int_equal(stat(socket_path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_int_equal(try_listen(socket_path), -EADDRINUSE);
        assert_serves();

        (void) snprintf(stale, sizeof(stale), "%s/stale", dir);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", stale);
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        (void) close(fd);
        assert_int_equal(try_listen(stale), 0);
        assert_int_equal(lstat(stale, &st), -1);

        (void) snprintf(file, sizeof(file), "%s/file", dir);
        fd = open(file, O_CREAT | O_WRONLY, 0600);
        (void) close(fd);
        assert_int_equal(try_listen(file), -EEXIST);
        assert_int_equal(unlink(file), 0);

        memset(long_path, 'x', sizeof(long_path) - 1);
        long_path[sizeof(long_path) - 1] = 0;
        assert_int_equal(try_listen(long_path), -ENAMETOOLONG);
}

static int start(void **state) {
        const char *tmp = getenv("TMPDIR");

        (void) state;
        (void) snprintf(dir, sizeof(dir), "%s/test-api-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
        if (!mkdtemp(dir))
                return -1;
        (void) snprintf(socket_path, sizeof(socket_path), "%s/private", dir);
        daemon_pid = fake_start(socket_path, N_MORE, false);
        return 0;
}

static int stop(void **state) {
        (void) state;
        fake_stop(daemon_pid, SIGTERM);
        return access(socket_path, F_OK) == 0 || rmdir(dir) < 0 ? -1 : 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_daemon),
                cmocka_unit_test(test_list_has_every_unit_once),
                cmocka_unit_test(test_unit_by_name_and_path),
                cmocka_unit_test(test_unit_is_read_afresh),
                cmocka_unit_test(test_hostile_name_is_escaped_and_found_again),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_policy_rows_in_order),
                cmocka_unit_test(test_pause_and_drill_reach_the_engine),
                cmocka_unit_test(test_records_go_to_those_who_watch),
                cmocka_unit_test(test_watcher_that_does_not_read_is_cut_off),
                cmocka_unit_test(test_asker_that_does_not_read_is_cut_off),
                cmocka_unit_test(test_wrong_calls),
                cmocka_unit_test(test_garbage),
                cmocka_unit_test(test_bound_on_clients),
                cmocka_unit_test(test_ready_clients_keep_their_places),
                cmocka_unit_test(test_other_users_are_refused),
                cmocka_unit_test(test_socket_file),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
