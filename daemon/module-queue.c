/* What strangers have sent, and closing what they have connected. A message may carry descriptors, and whoever drops the last
 * reference to such a file waits for its release: a TCP socket lingers there for as long as its owner has set. That must not be
 * the event loop. Since Linux 6.16 the kernel refuses such messages for us (module-socket.c). Before that a queue is only peeked
 * at: what it holds is not the last reference then. Where there are descriptors in it the connection is closed, with all that
 * was sent, by a thread, which is interrupted when that takes long (the kernel then lingers no longer).
 *
 * The kernel's collection of cycles of sockets that were sent through themselves is beyond us: before Linux 6.9 it may be done by
 * whoever closes any AF_UNIX socket. */
#include <sys/socket.h>

#include "fd.h"
#include "journal.h"
#include "module-internal.h"

#define CLOSE_LIMIT (10 * USEC_PER_MSEC) /* an honest file is closed in microseconds */
#define QUEUE_MAX 4096 /* messages; net.unix.max_dgram_qlen is 512 with systemd */

static int sender_of(struct msghdr *header) {
        for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
                struct ucred creds;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS || c->cmsg_len != CMSG_LEN(sizeof(creds)))
                        continue;
                memcpy(&creds, CMSG_DATA(c), sizeof(creds));
                return creds.pid;
        }
        return 0;
}

int queue_take(int fd, char text[static MODULETALK_MAX], size_t *ret_size, int *ret_pid) {
        char control[CMSG_SPACE(sizeof(struct ucred))];
        struct iovec part = {.iov_base = text, .iov_len = MODULETALK_MAX};
        struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
                                .msg_controllen = sizeof(control)};
        ssize_t n;

        do
                n = recvmsg(fd, &header, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return errno == EAGAIN ? 0 : -errno;
        /* There is room for the sender and for nothing else. */
        if (header.msg_flags & MSG_CTRUNC)
                return -EBADMSG;
        if (n == 0 && header.msg_controllen == 0)
                return -EPIPE;
        *ret_pid = sender_of(&header);
        *ret_size = (size_t) n;
        /* The very message that was peeked at: nobody else reads here. */
        return recv(fd, NULL, 0, MSG_DONTWAIT) < 0 ? -errno : 1;
}

/* Nothing can come any more, and nothing would be let go with it. */
static bool is_empty_for_ever(int fd) {
        char text[MODULETALK_MAX];
        size_t size;
        int pid, r = 1;

        if (shutdown(fd, SHUT_RD) < 0)
                return false;
        /* ECONNRESET comes once, before what is in the queue, when the other side went without reading all of ours. */
        for (unsigned i = 0; i < QUEUE_MAX && (r > 0 || r == -ECONNRESET); i++)
                r = queue_take(fd, text, &size, &pid);
        return r == -EPIPE;
}

static int run_close(void *job) {
        const Closer *closer = job;

        (void) close(closer->fds[0]);
        return 0;
}

static void on_closed(void *job, int result);

static void close_next(Closer *closer) {
        if (closer->n > 0 && !closer->busy)
                closer->busy = worker_submit(closer->worker, run_close, on_closed, closer, CLOSE_LIMIT) >= 0;
}

static void on_closed(void *job, int result) {
        Closer *closer = job;

        if (result == -ECANCELED)
                return;
        closer->busy = false;
        closer->n--;
        memmove(closer->fds, closer->fds + 1, closer->n * sizeof(closer->fds[0]));
        close_next(closer);
}

static void tell(Module *module, int fd) {
        struct ucred creds = {0};
        socklen_t size = sizeof(creds);

        if (!module_may_tell(module, &module->told_files))
                return;
        (void) getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &creds, &size);
        journal_log(4, "Process %d of user %u has sent open files to the socket of the Python modules, which takes none, so it is "
                       "not listened to. No module of memguard does that: see what it is. This is said once an hour.",
                    creds.pid, creds.uid);
}

static Closer *get_closer(Module *module) {
        if (!module->closer)
                module->closer = calloc(1, sizeof(*module->closer));
        return module->closer;
}

/* Without memory, or as long as there can be no thread, it is left open rather than waited for. */
void module_close(Module *module, int fd) {
        Closer *closer;

        if (module->kernel_refuses || is_empty_for_ever(fd)) {
                (void) close(fd);
                return;
        }
        tell(module, fd);
        closer = get_closer(module);
        if (!closer)
                return;
        closer->fds[closer->n++] = fd;
        if (!closer->worker && worker_new(&closer->worker, module->event) < 0)
                return;
        close_next(closer);
}

bool closer_is_full(const Closer *closer) {
        return closer && closer->n >= UNCLOSED_MAX;
}

Closer *closer_free(Closer *closer) {
        if (closer)
                (void) worker_free(closer->worker);
        free(closer);
        return NULL;
}
