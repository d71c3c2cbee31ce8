/* The file of the modules' socket. */
#include <sys/socket.h>

#include "fd.h"
#include "listen.h"
#include "module-internal.h"

int module_socket_open(const char *path, int *ret_fd) {
        _cleanup_close_ int fd = -1;
        const int yes = 1;
        int r;

        /* A service of any user may speak for itself. */
        r = listen_bind(path, SOCK_SEQPACKET, 0666, &fd);
        if (r < 0)
                return r;
        /* Connections inherit it, so that also the first message names its sender. */
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0 || listen(fd, 64) < 0) {
                r = -errno;
                (void) unlink(path);
                return r;
        }
        *ret_fd = TAKE_FD(fd);
        return 0;
}
