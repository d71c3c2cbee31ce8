/* Clients of the fake daemon's API, for its tests. */
#pragma once

#include "fake-daemon.h"

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
