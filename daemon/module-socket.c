/* The modules' socket: its file, and who may connect how often. */
#include <sys/socket.h>

#include "fd.h"
#include "listen.h"
#include "module-internal.h"

int module_socket_open(const char *path, int *ret_fd, bool *ret_refuses) {
        _cleanup_close_ int fd = -1;
        const int yes = 1, no = 0;
        int r;

        /* A service of any user may speak for itself. */
        r = listen_bind(path, SOCK_SEQPACKET, 0666, &fd);
        if (r < 0)
                return r;
        /* Connections inherit it, so that also the first message names its sender. */
        if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) < 0 || listen(fd, MODULE_PEERS_MAX) < 0) {
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

bool module_may_accept(Module *module, usec_t now) {
        return !closer_is_full(module->closer) && !bucket_is_empty(&module->accepts, ACCEPT_RATE, ACCEPT_BURST, now) &&
               !bucket_is_empty(&module->refusals, REFUSE_RATE, REFUSE_BURST, now);
}

static Caller *find_caller(Module *module, uint32_t uid) {
        Caller *fullest = &module->callers[0];

        for (unsigned i = 0; i < CALLERS_MAX; i++) {
                Caller *caller = &module->callers[i];

                if (caller->uid == uid)
                        return caller;
                if (caller->bucket.until < fullest->bucket.until)
                        fullest = caller;
        }
        *fullest = (Caller){.uid = uid};
        return fullest;
}

/* Somebody who connects in a loop would otherwise use up what is for all. Root has other ways. */
bool module_lets_in(Module *module, int fd, usec_t now) {
        struct ucred creds;
        socklen_t size = sizeof(creds);

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &size) < 0)
                return false;
        if (creds.uid == 0 || bucket_take(&find_caller(module, creds.uid)->bucket, CALLER_RATE, CALLER_BURST, now))
                return bucket_take(&module->accepts, ACCEPT_RATE, ACCEPT_BURST, now);
        (void) bucket_take(&module->refusals, REFUSE_RATE, REFUSE_BURST, now);
        return false;
}
