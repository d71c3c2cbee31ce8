/* The helper opens what root asks for, refuses everything else, and ends by itself never while it is asked. */
#include "temproot.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "fd.h"
#include "uprobe-wire.h"

static TempRoot root;
static pid_t helper;
static struct sockaddr_un address;

/* As systemd starts it: the listening socket is fd 3, and the environment says so. */
static int setup(void **state) {
        char pid[32];
        int fd;

        (void) state;
        temproot_open(&root);
        address = (struct sockaddr_un){.sun_family = AF_UNIX};
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/uprobe", root.path);
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 8), 0);
        helper = fork();
        assert_true(helper >= 0);
        if (helper == 0) {
                (void) snprintf(pid, sizeof(pid), "%i", getpid());
                (void) setenv("LISTEN_PID", pid, 1);
                (void) setenv("LISTEN_FDS", "1", 1);
                if (fd != 3)
                        (void) dup2(fd, 3);
                else
                        (void) fcntl(3, F_SETFD, 0);
                (void) execl(HELPER, "memguard-uprobe", NULL);
                _exit(127);
        }
        (void) close(fd);
        return 0;
}

static int teardown(void **state) {
        int status;

        (void) state;
        assert_int_equal(waitpid(helper, &status, WNOHANG), 0); /* still there, whatever it was told */
        assert_int_equal(kill(helper, SIGTERM), 0);
        assert_int_equal(waitpid(helper, &status, 0), helper);
        temproot_close(&root);
        return 0;
}

static int call(void) {
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static void ask(int client, const void *bytes, size_t size, const int *files, unsigned n) {
        char control[CMSG_SPACE(8 * sizeof(int))] __attribute__((aligned(8))) = {};
        struct iovec iov = {(void *) (uintptr_t) bytes, size};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

        if (n > 0) {
                message.msg_control = control;
                message.msg_controllen = CMSG_SPACE(n * sizeof(int));
                *CMSG_FIRSTHDR(&message) = (struct cmsghdr){CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
                memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), files, n * sizeof(int));
        }
        assert_int_equal(sendmsg(client, &message, MSG_NOSIGNAL), size);
}

/* The error of the next reply; how many fds came is *ret_n, and they are closed. */
static int answer(int client, unsigned *ret_n, bool *ret_more) {
        char control[CMSG_SPACE(UPROBE_REPLY_FDS_MAX * sizeof(int))] __attribute__((aligned(8)));
        UprobeReply reply = {};
        struct iovec iov = {&reply, sizeof(reply)};
        struct msghdr message = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        struct cmsghdr *header;

        assert_int_equal(recvmsg(client, &message, MSG_CMSG_CLOEXEC), sizeof(reply));
        assert_int_equal(reply.magic, UPROBE_MAGIC);
        header = CMSG_FIRSTHDR(&message);
        *ret_n = header ? (unsigned) ((header->cmsg_len - CMSG_LEN(0)) / sizeof(int)) : 0;
        assert_int_equal(*ret_n, reply.n_fds);
        for (unsigned i = 0; i < *ret_n; i++)
                (void) close(((const int *) (const void *) CMSG_DATA(header))[i]);
        *ret_more = reply.more;
        return reply.error;
}

static int make_file(size_t size) {
        int fd = open(temproot_path(&root, "file"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(ftruncate(fd, (off_t) size), 0);
        return fd;
}

static const UprobeRequest good = {UPROBE_MAGIC, 2, {0x100, 0x200, 0}};

static void test_bad_requests(void **state) {
        _cleanup_close_ int file = make_file(0x1000), pipe_end = -1, other_end = -1;
        static const struct {
                UprobeRequest request;
                size_t size;
                int error;
        } cases[] = {
                {{UPROBE_MAGIC + 1, 2, {1, 2, 0}}, sizeof(UprobeRequest), -EBADMSG},
                {{UPROBE_MAGIC, 2, {1, 2, 0}}, sizeof(UprobeRequest) - 1, -EBADMSG},
                {{UPROBE_MAGIC, 2, {1, 2, 0}}, 1, -EBADMSG},
                {{UPROBE_MAGIC, 0, {1, 2, 0}}, sizeof(UprobeRequest), -EINVAL},
                {{UPROBE_MAGIC, 4, {1, 2, 3}}, sizeof(UprobeRequest), -EINVAL},
                {{UPROBE_MAGIC, UINT32_MAX, {1, 2, 3}}, sizeof(UprobeRequest), -EINVAL},
                {{UPROBE_MAGIC, 1, {0x1000, 0, 0}}, sizeof(UprobeRequest), -ERANGE},
                {{UPROBE_MAGIC, 3, {1, 2, UINT64_MAX}}, sizeof(UprobeRequest), -ERANGE},
        };
        int client = call(), ends[2], many[] = {file, file, file};
        char longer[4096] = {};
        bool more;
        unsigned n;

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                ask(client, &cases[i].request, cases[i].size, &file, 1);
                assert_int_equal(answer(client, &n, &more), cases[i].error);
                assert_int_equal(n, 0);
                assert_false(more);
        }
        memcpy(longer, &good, sizeof(good));
        ask(client, longer, sizeof(longer), &file, 1);
        assert_int_equal(answer(client, &n, &more), -EBADMSG);
        ask(client, &good, sizeof(good), NULL, 0);
        assert_int_equal(answer(client, &n, &more), -EINVAL);
        ask(client, &good, sizeof(good), many, 3);
        assert_int_equal(answer(client, &n, &more), -EINVAL);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        pipe_end = ends[0];
        other_end = ends[1];
        ask(client, &good, sizeof(good), &pipe_end, 1);
        assert_int_equal(answer(client, &n, &more), -EINVAL);
        (void) close(client);
        /* And the next client is served. */
        client = call();
        ask(client, &cases[0].request, sizeof(UprobeRequest), &file, 1);
        assert_int_equal(answer(client, &n, &more), -EBADMSG);
        (void) close(client);
}

/* With the privilege: two events for each CPU. Without, or without uprobes in the kernel: an errno, and no fd. The file
 * is an executable of our own that nobody runs. */
static void test_a_good_request(void **state) {
        _cleanup_close_ int file = make_file(0x1000);
        unsigned n, n_all = 0;
        int client = call(), r;
        bool more;

        (void) state;
        ask(client, &good, sizeof(good), &file, 1);
        do {
                r = answer(client, &n, &more);
                n_all += n;
                assert_true(n <= UPROBE_REPLY_FDS_MAX);
        } while (more);
        if (r == 0) {
                assert_int_equal(n_all, 2 * sysconf(_SC_NPROCESSORS_ONLN));
        } else {
                print_message("No uprobe can be opened here: %s\n", strerrorname_np(-r));
                assert_int_equal(n, 0);
                assert_true(r == -EACCES || r == -EPERM || r == -EOPNOTSUPP || r == -ENOENT || r == -ENOSYS ||
                            r == -EIO);
        }
        (void) close(client);
}

static void test_clients_that_say_nothing(void **state) {
        int silent = call(), client;
        _cleanup_close_ int file = make_file(16);
        bool more;
        unsigned n;

        (void) state;
        /* It holds up the next one for five seconds at most. */
        client = call();
        ask(client, &good, sizeof(good), &file, 1);
        assert_int_equal(answer(client, &n, &more), -ERANGE);
        (void) close(client);
        (void) close(silent);
}

static void test_by_hand_it_says_how_it_is_started(void **state) {
        pid_t pid = fork();
        int status;

        (void) state;
        if (pid == 0) {
                (void) close(STDERR_FILENO);
                (void) unsetenv("LISTEN_FDS");
                (void) execl(HELPER, "memguard-uprobe", NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_bad_requests, setup, teardown),
                cmocka_unit_test_setup_teardown(test_a_good_request, setup, teardown),
                cmocka_unit_test_setup_teardown(test_clients_that_say_nothing, setup, teardown),
                cmocka_unit_test(test_by_hand_it_says_how_it_is_started),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
