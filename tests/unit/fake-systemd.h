/* PID 1 for who only asks it for properties: a process of its own that listens on ROOT/run/systemd/private and answers
 * from a table. */
#pragma once

#include "temproot.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>

typedef struct FakeProperty {
        const char *unit; /* NULL = the manager itself */
        const char *name;
        char type; /* 's', 't', 'u', 'i', 'b' */
        const char *text;
        uint64_t number;
} FakeProperty;

static const FakeProperty *fake_find_property(const FakeProperty *properties, const char *unit, const char *name) {
        for (; properties->name; properties++)
                if (util_streq(properties->name, name) &&
                    (unit && properties->unit ? util_streq(properties->unit, unit) : unit == properties->unit))
                        return properties;
        return NULL;
}

static int fake_answer(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *interface, *name;
        _cleanup_free_ char *unit = NULL;
        const FakeProperty *property;
        char contents[2] = "";

        (void) error;
        if (!sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get"))
                return 0;
        if (sd_bus_message_read(m, "ss", &interface, &name) < 0)
                return -EBADMSG;
        (void) sd_bus_path_decode(sd_bus_message_get_path(m), "/org/freedesktop/systemd1/unit", &unit);
        property = fake_find_property(userdata, unit, name);
        if (!property && util_streq(name, "LoadState"))
                return sd_bus_reply_method_return(m, "v", "s", "not-found");
        if (!property)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_PROPERTY, "There is no such property.");
        contents[0] = property->type;
        if (property->type == 's')
                return sd_bus_reply_method_return(m, "v", contents, property->text);
        if (property->type == 't')
                return sd_bus_reply_method_return(m, "v", contents, property->number);
        return sd_bus_reply_method_return(m, "v", contents, (uint32_t) property->number);
}

static void fake_serve(int fd, const FakeProperty *properties) {
        sd_id128_t id = SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f, 0);
        sd_bus *bus;

        if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 || sd_bus_set_server(bus, 1, id) < 0 ||
            sd_bus_set_trusted(bus, 1) < 0 || sd_bus_start(bus) < 0 ||
            sd_bus_add_filter(bus, NULL, fake_answer, (void *) properties) < 0)
                _exit(99);
        while (sd_bus_is_open(bus) > 0) {
                int r = sd_bus_process(bus, NULL);

                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
                if (r < 0)
                        break;
        }
        sd_bus_close_unref(bus);
}

/* properties end with a row without a name. */
static pid_t fake_systemd_start(const TempRoot *root, const FakeProperty *properties) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        pid_t pid;

        temproot_mkdir(root, "run/systemd");
        strcpy(address.sun_path, temproot_path(root, "run/systemd/private"));
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 8), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                int client;

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                while ((client = accept4(fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
                        fake_serve(client, properties);
                _exit(0);
        }
        (void) close(fd);
        return pid;
}

static void fake_systemd_stop(pid_t pid) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}
