#include "ctl-pid1.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "facts.h"
#include "fd.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define CALL_USEC (10 * USEC_PER_SEC)

/* Who listens must be root, or ourselves in a test: what it says becomes advice to root. */
static int open_socket(const char *root, const char *below, int *ret) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        struct ucred creds;
        socklen_t size = sizeof(creds);
        int n;

        if (fd < 0)
                return -errno;
        n = snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", util_streq(root, "/") ? "" : root, below);
        if (n < 0 || (size_t) n >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &size) < 0)
                return -errno;
        if (creds.uid != 0 && creds.uid != geteuid())
                return -EPERM;
        *ret = TAKE_FD(fd);
        return 0;
}

static int start(int *fd, bool broker, sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_fd(bus, *fd, *fd);
        if (r < 0)
                return r;
        TAKE_FD(*fd);
        if (broker) {
                r = sd_bus_set_bus_client(bus, true);
                if (r < 0)
                        return r;
        }
        r = sd_bus_set_method_call_timeout(bus, CALL_USEC);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

int ctl_pid1_open(const char *root, sd_bus **ret) {
        _cleanup_close_ int fd = -1;
        bool broker = false;
        int r;

        r = open_socket(root, "/run/systemd/private", &fd);
        if (r < 0) {
                broker = true;
                r = open_socket(root, "/run/dbus/system_bus_socket", &fd);
        }
        return r < 0 ? r : start(&fd, broker, ret);
}

static bool take_number(const CtlField *field, uint64_t number, void *member) {
        if (field->type == CTL_FIELD_TRI)
                *(Tri *) member = number ? TRI_YES : TRI_NO;
        else
                *(uint64_t *) member = number;
        return true;
}

/* The value in an open variant. False where its type is not the field's. */
static bool take(const CtlField *field, char type, sd_bus_message *m, void *member) {
        union {
                const char *text;
                uint64_t u64;
                uint32_t u32;
                int32_t i32;
                int boolean;
        } v = {};

        if (!strchr("stuib", type) || sd_bus_message_read_basic(m, type, &v) <= 0)
                return false;
        if (type == 's' && field->type == CTL_FIELD_TEXT) {
                (void) snprintf(member, field->size, "%s", v.text);
                return true;
        }
        if (field->type == CTL_FIELD_TRI)
                return type == 'b' && take_number(field, (uint64_t) v.boolean, member);
        if (field->type == CTL_FIELD_I64 && type == 'i') {
                *(int64_t *) member = v.i32;
                return true;
        }
        if (field->type != CTL_FIELD_U64 || (type != 't' && type != 'u'))
                return false;
        return take_number(field, type == 't' ? v.u64 : v.u32, member);
}

/* 1 when it was read, 0 when it is not there. */
static int read_one(sd_bus *bus, const char *object, const char *interface, const CtlField *field, void *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *contents;
        char type;
        int r;

        r = sd_bus_call_method(bus, SYSTEMD_NAME, object, "org.freedesktop.DBus.Properties", "Get", &error, &reply,
                               "ss", interface, field->name);
        if (r < 0)
                return r == -ETIMEDOUT || sd_bus_is_open(bus) <= 0 ? r : 0;
        r = sd_bus_message_peek_type(reply, &type, &contents);
        if (r <= 0 || type != SD_BUS_TYPE_VARIANT)
                return MIN(r, 0);
        if (strlen(contents) != 1 || sd_bus_message_enter_container(reply, type, contents) < 0)
                return 0;
        return take(field, contents[0], reply, (char *) ret + field->offset);
}

static int read_all(sd_bus *bus, const char *object, const char *interface, const CtlField *fields, size_t n,
                    void *ret) {
        int r, count = 0;

        for (size_t i = 0; i < n; i++) {
                r = read_one(bus, object, interface, &fields[i], ret);
                if (r < 0)
                        return r;
                count += r;
        }
        return count;
}

int ctl_pid1_read(sd_bus *bus, const char *unit, const char *interface, const CtlField *fields, size_t n, void *ret) {
        _cleanup_free_ char *object = NULL;
        char full[64];
        int r;

        r = sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &object);
        if (r < 0)
                return r;
        (void) snprintf(full, sizeof(full), SYSTEMD_NAME ".%s", interface);
        return read_all(bus, object, full, fields, n, ret);
}

int ctl_pid1_read_manager(sd_bus *bus, const CtlField *fields, size_t n, void *ret) {
        return read_all(bus, SYSTEMD_PATH, SYSTEMD_NAME ".Manager", fields, n, ret);
}

bool ctl_pid1_name_is_valid(const char *name) {
        static const char valid[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@:._-\\";

        return name[0] && strlen(name) < UNIT_NAME_MAX && name[strspn(name, valid)] == 0 &&
               unitname_type(name) != UNIT_NONE && !strstr(name, "@.");
}
