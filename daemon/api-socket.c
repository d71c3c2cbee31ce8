/* The file of our private socket: root's alone from the first moment. */
#include <sys/socket.h>

#include "api-priv.h"
#include "fd.h"
#include "listen.h"

int api_socket_open(const char *path, int *ret_fd) {
        _cleanup_close_ int fd = -1;
        int r;

        r = listen_bind(path, SOCK_STREAM, 0600, &fd);
        if (r < 0)
                return r;
        if (listen(fd, API_CLIENTS_MAX) < 0) {
                r = -errno;
                (void) unlink(path);
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}
