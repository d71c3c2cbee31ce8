#include "ctl-client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "ctl-json.h"
#include "ctl-text.h"
#include "fd.h"
#include "utf8.h"

#define CONNECT_SECONDS 5
#define CALL_SECONDS 30 /* a reload of 256 policy files and 2048 units takes well under one */

static CtlExit complain_connect(int r) {
        switch (-r) {
        case ENOENT:
        case ECONNREFUSED:
                ctl_text_complain("memguardd is not running; start it with: systemctl start memguardd");
                return CTL_NO_DAEMON;
        case EACCES:
        case EPERM:
                ctl_text_complain("Only root may talk to memguardd. Run this again as root, for example with sudo.");
                return CTL_REFUSED;
        case EAGAIN:
                ctl_text_complain("memguardd did not take the connection within %d s. "
                                  "See what it is doing with: systemctl status memguardd",
                                  CONNECT_SECONDS);
                return CTL_NO_DAEMON;
        default:
                ctl_text_complain("memguardd can't be reached: %s.", strerror(-r));
                return CTL_NO_DAEMON;
        }
}

CtlExit ctl_client_complain(int r, const sd_bus_error *error) {
        switch (-r) {
        case ECONNRESET:
        case ECONNABORTED:
        case EPIPE:
        case ENOTCONN:
                ctl_text_complain(
                        "memguardd closed the connection before it answered: it was stopped, or it serves as many "
                        "clients as it may. Try again, or see: systemctl status memguardd");
                return CTL_NO_DAEMON;
        case ETIMEDOUT:
                ctl_text_complain("memguardd did not answer within %d s. See what it is doing with: systemctl status "
                                  "memguardd",
                                  CALL_SECONDS);
                return CTL_NO_DAEMON;
        default:
                if (error && error->message)
                        ctl_text_complain("%s", error->message);
                else
                        ctl_text_complain("The call of memguardd failed: %s.", strerror(-r));
                return CTL_REFUSED;
        }
}

static int open_fd(const char *path, int *ret_fd) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const struct timeval patience = {.tv_sec = CONNECT_SECONDS};
        _cleanup_close_ int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path) + 1);

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        /* A full queue of connections would otherwise be waited for without end. */
        if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

static int start_bus(int *fd, sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = sd_bus_new(&bus);
        if (r < 0)
                return r;
        r = sd_bus_set_fd(bus, *fd, *fd);
        if (r < 0)
                return r;
        TAKE_FD(*fd);
        r = sd_bus_negotiate_fds(bus, false);
        if (r < 0)
                return r;
        r = sd_bus_set_method_call_timeout(bus, CALL_SECONDS * USEC_PER_SEC);
        if (r < 0)
                return r;
        r = sd_bus_start(bus);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bus);
        return 0;
}

CtlExit ctl_client_open(Ctl *ctl) {
        _cleanup_close_ int fd = -1;
        int r;

        if (ctl->bus)
                return CTL_DONE;
        r = open_fd(ctl->socket, &fd);
        if (r < 0)
                return complain_connect(r);
        r = start_bus(&fd, &ctl->bus);
        return r < 0 ? ctl_client_complain(r, NULL) : CTL_DONE;
}

void ctl_client_close(Ctl *ctl) {
        ctl->bus = sd_bus_close_unref(ctl->bus);
}

static int call(Ctl *ctl, const char *method, const char *const *arguments, sd_bus_error *error, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(ctl->bus, &m, NULL, "/org/memguard1", "org.memguard1.Manager", method);
        if (r < 0)
                return r;
        for (; arguments && *arguments; arguments++) {
                char shown[CTL_TEXT_MAX];

                /* D-Bus takes valid UTF-8 only, and the daemon knows names in the form in which it shows them. */
                r = utf8_escape(*arguments, shown, sizeof(shown));
                if (r < 0)
                        return r;
                r = sd_bus_message_append_basic(m, SD_BUS_TYPE_STRING, shown);
                if (r < 0)
                        return r;
        }
        return sd_bus_call(ctl->bus, m, 0, error, ret);
}

CtlExit ctl_client_call(Ctl *ctl, const char *method, const char *const *arguments, json_t **ret_value) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        CtlExit status;
        int r;

        status = ctl_client_open(ctl);
        if (status != CTL_DONE)
                return status;
        r = call(ctl, method, arguments, &error, &reply);
        if (r >= 0 && ret_value)
                r = ctl_json_read(reply, ret_value);
        return r < 0 ? ctl_client_complain(r, &error) : CTL_DONE;
}

int ctl_client_try(Ctl *ctl, const char *method, const char *const *arguments, json_t **ret_value) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        if (!ctl->bus) {
                r = open_fd(ctl->socket, &fd);
                if (r >= 0)
                        r = start_bus(&fd, &ctl->bus);
                if (r < 0)
                        return r;
        }
        r = call(ctl, method, arguments, NULL, &reply);
        return r >= 0 && ret_value ? ctl_json_read(reply, ret_value) : MIN(r, 0);
}
