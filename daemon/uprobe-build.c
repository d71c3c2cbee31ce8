/* See uprobe-build.h. One connection a request: the helper may end when it likes, and none of its fds outlive an error.
 */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fd.h"
#include "uprobe-rings.h"

#define HELPER_TIME (30 * USEC_PER_SEC) /* it may have to be started first, on a busy host */

static int connect_helper(const char *path) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_close_ int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        /* On AF_UNIX this does not wait: systemd listens, and the helper finds the request in its queue. */
        if (connect(fd, (struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static int send_request(const Build *build, int socket) {
        UprobeRequest request = {.magic = UPROBE_MAGIC, .n_offsets = build->python.n_probes};
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct iovec iov = {&request, sizeof(request)};
        struct msghdr message = {.msg_iov = &iov,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof(control.bytes)};
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);

        for (unsigned i = 0; i < build->python.n_probes; i++)
                request.offsets[i] = build->python.probes[i].offset;
        *header =
                (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(header), &build->file, sizeof(int));
        return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void hang_up(Build *build) {
        build->source = sd_event_source_disable_unref(build->source);
        fd_closep(&build->socket);
}

void build_release(Build *build) {
        hang_up(build);
        rings_close(build);
        fd_closep(&build->file);
        build->state = BUILD_NONE;
}

/* Keeps the fds that came with a reply, or closes them. */
static int keep_fds(Build *build, const int *fds, unsigned n) {
        Probes *probes = &build->probes;
        bool fits = probes->n_fds + n <= UPROBE_CPUS_MAX * build->python.n_probes;
        int *more = fits ? reallocarray(probes->fds, probes->n_fds + n, sizeof(int)) : NULL;

        if (more)
                probes->fds = more;
        for (unsigned i = 0; i < n; i++)
                if (more)
                        more[probes->n_fds++] = fds[i];
                else
                        (void) close(fds[i]);
        return more ? 0 : fits ? -ENOMEM : -E2BIG;
}

/* 1 when that was the last reply, 0 when more follow. */
static int receive(Build *build) {
        UprobeReply reply = {};
        char control[CMSG_SPACE(UPROBE_REPLY_FDS_MAX * sizeof(int))]
                __attribute__((aligned(__alignof__(struct cmsghdr))));
        struct iovec iov = {&reply, sizeof(reply)};
        struct msghdr message = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        unsigned before = build->probes.n_fds;
        struct cmsghdr *header;
        ssize_t n;
        int r = 0;

        n = recvmsg(build->socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT | MSG_TRUNC);
        if (n < 0)
                return -errno;
        for (header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
                if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
                        int q = keep_fds(build, (const int *) (const void *) CMSG_DATA(header),
                                         (unsigned) ((header->cmsg_len - CMSG_LEN(0)) / sizeof(int)));
                        r = q < 0 ? q : r;
                }
        if (n == 0)
                return -ECONNRESET;
        if (r < 0)
                return r;
        if ((size_t) n != sizeof(reply) || reply.magic != UPROBE_MAGIC || (message.msg_flags & MSG_CTRUNC))
                return -EBADMSG;
        if (reply.error != 0)
                return reply.error < 0 && reply.error >= -4095 ? reply.error : -EBADMSG;
        if (reply.n_fds != build->probes.n_fds - before || reply.n_fds % build->python.n_probes != 0)
                return -EBADMSG;
        return reply.more ? 0 : 1;
}

static int on_reply(sd_event_source *source, int fd, uint32_t revents, void *userdata);

static int call(Build *build) {
        _cleanup_close_ int fd = connect_helper(build->socket_path);
        int r;

        if (fd < 0)
                return TAKE_FD(fd);
        r = send_request(build, fd);
        if (r < 0)
                return r;
        r = sd_event_add_io(build->event, &build->source, fd, EPOLLIN, on_reply, build);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(build->source, "uprobe-helper");
        build->socket = TAKE_FD(fd);
        return 0;
}

static int on_reply(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Build *build = userdata;
        int r;

        (void) source;
        (void) fd;
        (void) revents;
        r = receive(build);
        if (r == 0 || r == -EAGAIN || r == -EINTR)
                return 0;
        hang_up(build);
        /* It ended just before it would have taken our request. */
        if (r == -ECONNRESET && build->probes.n_fds == 0 && !build->asked_again) {
                build->asked_again = true;
                r = call(build);
                if (r >= 0)
                        return 0;
        }
        if (r > 0)
                r = build->probes.n_fds == 0 ? -ENODEV : rings_open(build);
        if (r < 0) {
                build_release(build);
                build->handlers->failed(build->handlers->userdata, build, r);
                return 0;
        }
        fd_closep(&build->file);
        build->state = BUILD_ARMED;
        build->handlers->armed(build->handlers->userdata, build);
        return 0;
}

int build_ask(Build *build, int file, usec_t now) {
        int r;

        build->file = file;
        build->asked_again = false;
        build->give_up = now + HELPER_TIME;
        build->state = BUILD_ASKED;
        r = call(build);
        if (r < 0)
                build_release(build);
        return r;
}
