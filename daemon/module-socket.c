/* The file of the modules' socket. */
#include <sys/socket.h>

#include "fd.h"
#include "listen.h"
#include "module-internal.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

int module_socket_open(const char *path, int *ret_fd, bool *ret_refuses) {
        _cleanup_close_ int fd = -1;
        const int yes = 1, no = 0;
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
        /* Inherited too. A kernel that doesn't know it can't refuse descriptors: see module-queue.c. */
        r = setsockopt(fd, SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof(no));
        *ret_refuses = r >= 0;
        *ret_fd = TAKE_FD(fd);
        return 0;
}
