/* Finds and opens the socket of a service manager.
 *
 * A user's socket lies in a directory that the user owns. Who listens is therefore asked of the kernel: a link there to
 * PID 1's socket must not turn a wish about a user's "sshd.service" into one about the host's. */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fd.h"
#include "systemd-internal.h"

static int check_listener(const Peer *peer, int fd) {
        struct ucred creds;
        socklen_t size = sizeof(creds);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &size) < 0)
                return -errno;
        if (peer->is_user)
                return creds.uid == peer->uid ? 0 : -EPERM;
        /* Ours instead of root's: only in tests, or whoever runs us unprivileged. */
        return creds.uid == 0 || creds.uid == geteuid() ? 0 : -EPERM;
}

static int connect_socket(const Peer *peer, const char *path, int *ret) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        const int no = 0;
        int r;

        if (fd < 0)
                return -errno;
        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        /* No descriptors for us: a user's manager might send what makes us wait when we close it (loop.c). */
        (void) setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof(no));
        /* On AF_UNIX this does not wait: it is done, refused, or EAGAIN for a full backlog. */
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        r = check_listener(peer, fd);
        if (r < 0)
                return r;
        *ret = TAKE_FD(fd);
        return 0;
}

/* The private socket, or PID 1 through the system bus where there is none. */
int peer_open_socket(const Peer *peer, int *ret, bool *ret_broker) {
        const char *dir = peer->systemd->runtime_dir;
        char path[sizeof(peer->systemd->runtime_dir) + 64];
        int r, q;

        if (peer->is_user)
                (void) snprintf(path, sizeof(path), "%s/user/%u/systemd/private", dir, peer->uid);
        else
                (void) snprintf(path, sizeof(path), "%s/systemd/private", dir);
        r = connect_socket(peer, path, ret);
        if (r >= 0)
                *ret_broker = false;
        if (r >= 0 || peer->is_user)
                return r;
        (void) snprintf(path, sizeof(path), "%s/dbus/system_bus_socket", dir);
        q = connect_socket(peer, path, ret);
        if (q < 0)
                return r;
        *ret_broker = true;
        return 0;
}
