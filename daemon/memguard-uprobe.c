/* memguard-uprobe: opens perf events on instructions of a file and hands their fds over, and does nothing else: that
 * takes CAP_SYS_ADMIN, which nothing that reads what services write should have. Started by its socket; ends when
 * nobody has asked for a while. One client at a time, which is root or ourselves. */
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "fd.h"
#include "perfring.h"
#include "uprobe-wire.h"

#define IDLE_MSEC (30 * 1000)
#define CLIENT_SEC 5 /* for a client to send what it wants, and to take what it asked for */

typedef struct Batch {
        int client;
        unsigned n;
        int fds[UPROBE_REPLY_FDS_MAX];
} Batch;

static void close_all(int *fds, unsigned *n) {
        while (*n > 0)
                (void) close(fds[--*n]);
}

static void batch_done(Batch *batch) {
        close_all(batch->fds, &batch->n);
}

/* Our own copies are closed, whether they have gone out or not. */
static int send_reply(Batch *batch, int error, bool more) {
        UprobeReply reply = {.magic = UPROBE_MAGIC, .error = error, .n_fds = batch->n, .more = more};
        union {
                struct cmsghdr align;
                char bytes[CMSG_SPACE(sizeof(batch->fds))];
        } control = {};
        struct iovec iov = {&reply, sizeof(reply)};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
        ssize_t n;

        if (batch->n > 0) {
                size_t size = batch->n * sizeof(int);
                struct cmsghdr *header;

                message.msg_control = control.bytes;
                message.msg_controllen = CMSG_SPACE(size);
                header = CMSG_FIRSTHDR(&message);
                *header =
                        (struct cmsghdr){.cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
                memcpy(CMSG_DATA(header), batch->fds, size);
        }
        n = sendmsg(batch->client, &message, MSG_NOSIGNAL);
        batch_done(batch);
        return n < 0 ? -errno : 0;
}

/* The number in a small file of sysfs; where lists say "0-3,8", the text. */
static int read_text(const char *path, char *buf, size_t size) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, buf, size - 1);
        if (n < 0)
                return -errno;
        buf[n] = 0;
        return 0;
}

static int uprobe_type(uint32_t *ret) {
        char text[32], *end;
        unsigned long type;
        int r;

        r = read_text("/sys/bus/event_source/devices/uprobe/type", text, sizeof(text));
        if (r < 0)
                return r == -ENOENT ? -EOPNOTSUPP : r;
        type = strtoul(text, &end, 10);
        if (end == text || type > UINT32_MAX)
                return -EBADMSG;
        *ret = (uint32_t) type;
        return 0;
}

static int open_event(uint32_t type, const char *path, uint64_t offset, int cpu) {
        struct perf_event_attr attr = {
                .type = type,
                .size = sizeof(attr),
                .uprobe_path = (uint64_t) (uintptr_t) path,
                .probe_offset = offset,
                .sample_period = 1,
                .sample_type = PERFRING_SAMPLE_TYPE,
                .wakeup_events = 1,
                .disabled = 1,
                .use_clockid = 1,
                .clockid = CLOCK_MONOTONIC,
        };
        long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

        return fd < 0 ? -errno : (int) fd;
}

/* All events of one CPU, or none where it has gone offline. */
static int open_cpu(Batch *batch, uint32_t type, const char *path, const UprobeRequest *request, int cpu) {
        int fds[UPROBE_OFFSETS_MAX], fd;
        unsigned n = 0;

        while (n < request->n_offsets) {
                fd = open_event(type, path, request->offsets[n], cpu);
                if (fd < 0) {
                        close_all(fds, &n);
                        return fd == -ENODEV ? 0 : fd;
                }
                fds[n++] = fd;
        }
        memcpy(batch->fds + batch->n, fds, n * sizeof(int));
        batch->n += n;
        return 0;
}

/* The path names our own fd: so it does not matter where the file is, in whose mount namespace, and whether it still
 * has a name. */
static int open_all(Batch *batch, const UprobeRequest *request, int file) {
        char path[64], online[1024], *next = online, *range;
        unsigned n_cpus = 0;
        uint32_t type;
        int r;

        (void) snprintf(path, sizeof(path), "/proc/self/fd/%i", file);
        r = uprobe_type(&type);
        if (r < 0)
                return r;
        r = read_text("/sys/devices/system/cpu/online", online, sizeof(online));
        if (r < 0)
                return r;
        while ((range = strsep(&next, ",\n"))) {
                int first, last;

                r = sscanf(range, "%i-%i", &first, &last);
                for (int cpu = first; r > 0 && cpu <= (r == 1 ? first : last); cpu++) {
                        int q;

                        if (++n_cpus > UPROBE_CPUS_MAX)
                                return -E2BIG;
                        q = open_cpu(batch, type, path, request, cpu);
                        if (q < 0)
                                return q;
                        if (batch->n + request->n_offsets > UPROBE_REPLY_FDS_MAX)
                                q = send_reply(batch, 0, true);
                        if (q < 0)
                                return q;
                }
        }
        return 0;
}

static int check(const UprobeRequest *request, size_t size, int file) {
        struct stat st;

        if (size != sizeof(*request) || request->magic != UPROBE_MAGIC)
                return -EBADMSG;
        if (file < 0 || request->n_offsets < 1 || request->n_offsets > UPROBE_OFFSETS_MAX)
                return -EINVAL;
        if (fstat(file, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        for (unsigned i = 0; i < request->n_offsets; i++)
                if (request->offsets[i] >= (uint64_t) st.st_size)
                        return -ERANGE;
        return 0;
}

/* The one fd that came along, or -1 where it is not one; others are closed. */
static int take_file(struct msghdr *message) {
        int file = -1;

        for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
                size_t n = header->cmsg_len < CMSG_LEN(0) ? 0 : (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                int fd;

                if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
                        continue;
                for (size_t i = 0; i < n; i++) {
                        memcpy(&fd, CMSG_DATA(header) + i * sizeof(fd), sizeof(fd));
                        if (file >= 0)
                                (void) close(file);
                        file = fd;
                }
        }
        return file;
}

/* 1 when a request was answered, 0 at the end. */
static int serve_one(int client) {
        UprobeRequest request = {};
        char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(__alignof__(struct cmsghdr))));
        struct iovec iov = {&request, sizeof(request)};
        struct msghdr message = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        _cleanup_(batch_done) Batch batch = {.client = client};
        _cleanup_close_ int file = -1;
        ssize_t n;
        int r;

        n = recvmsg(client, &message, MSG_CMSG_CLOEXEC | MSG_TRUNC);
        if (n < 0)
                return -errno;
        file = take_file(&message);
        if (n == 0)
                return 0;
        r = message.msg_flags & MSG_CTRUNC ? -EINVAL : check(&request, (size_t) n, file);
        if (r >= 0)
                r = open_all(&batch, &request, file);
        if (r < 0) {
                batch_done(&batch);
                fprintf(stderr, "No probes are opened: %s.\n", strerrordesc_np(-r));
        }
        r = send_reply(&batch, r, false);
        return r < 0 ? r : 1;
}

static void serve(int client) {
        const struct timeval limit = {.tv_sec = CLIENT_SEC};
        struct ucred peer;
        socklen_t size = sizeof(peer);

        if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
                return;
        /* Ourselves: only in tests, as the service's user is nobody else's. */
        if (peer.uid != 0 && peer.uid != geteuid()) {
                fprintf(stderr, "A client that is not root but user %u is refused.\n", peer.uid);
                return;
        }
        if (setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
            setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
                return;
        while (serve_one(client) > 0)
                ;
}

int main(void) {
        struct pollfd socket = {.fd = SD_LISTEN_FDS_START, .events = POLLIN};

        if (sd_listen_fds(true) != 1) {
                fprintf(stderr, "memguard-uprobe is started by its socket: systemctl start memguard-uprobe.socket\n");
                return 2;
        }
        for (;;) {
                int n = poll(&socket, 1, IDLE_MSEC);
                _cleanup_close_ int client = -1;

                if (n == 0)
                        return EXIT_SUCCESS;
                if (n < 0 && errno != EINTR)
                        return EXIT_FAILURE;
                client = n < 0 ? -1 : accept4(socket.fd, NULL, NULL, SOCK_CLOEXEC);
                if (client >= 0)
                        serve(client);
                else if (errno != EINTR && errno != ECONNABORTED && errno != EAGAIN)
                        return EXIT_FAILURE;
        }
}
