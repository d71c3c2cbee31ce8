/* The private bus API outlives hostile clients: garbage, floods, sleepers, crowds and strangers. */
#include "api-client.h"

#include <fcntl.h>
#include <poll.h>

/* Is the daemon there, and does it still answer? */
static void assert_serves(void) {
        sd_bus *bus = connect_bus();
        sd_bus_message *reply = NULL;

        assert_true(CALL(bus, "GetDaemon", NULL, &reply, "") >= 0);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
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

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        unsigned *n = userdata;

        (void) error;
        n[sd_bus_message_is_method_error(m, "org.memguard1.Error.LimitsExceeded") > 0]++;
        return 0;
}

static void test_one_list_at_a_time(void **state) {
        sd_bus *bus = connect_bus();
        unsigned n[2] = {}; /* lists, refusals */

        (void) state;
        for (unsigned i = 0; i < 20; i++)
                assert_true(sd_bus_call_method_async(bus, NULL, NULL, "/org/memguard1", "org.memguard1.Manager",
                                                     "ListUnits", on_answer, n, "") >= 0);
        while (n[0] + n[1] < 20)
                if (sd_bus_process(bus, NULL) == 0)
                        assert_true(sd_bus_wait(bus, 10 * USEC_PER_SEC) >= 0);
        assert_in_range(n[0], 1, 19);
        assert_in_range(n[1], 1, 19);
        assert_true(CALL(bus, "ListUnits", NULL, NULL, "") >= 0);
        sd_bus_close_unref(bus);
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

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_watcher_that_does_not_read_is_cut_off),
                cmocka_unit_test(test_asker_that_does_not_read_is_cut_off),
                cmocka_unit_test(test_one_list_at_a_time),
                cmocka_unit_test(test_wrong_calls),
                cmocka_unit_test(test_garbage),
                cmocka_unit_test(test_bound_on_clients),
                cmocka_unit_test(test_ready_clients_keep_their_places),
                cmocka_unit_test(test_other_users_are_refused),
                cmocka_unit_test(test_socket_file),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
