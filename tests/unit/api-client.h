/* Clients of the fake daemon's API, for its tests. */
#pragma once

#include "fake-daemon.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>

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

static void assert_refused(const char *method, const char *name, const char *words, const char *unit,
                           const char *rung) {
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
