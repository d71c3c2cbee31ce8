/* On kernels old and new no file that a stranger sends keeps the loop waiting, and nobody speaks for the next one of his pid */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <time.h>

#include "module-bench.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define LINGER 20 /* seconds */
#define SOON (2 * USEC_PER_SEC)

static bool is_old; /* the kernel, which neither refuses descriptors nor has a handle on who connected */

/* These two in place of the library's. */
int getsockopt(int fd, int level, int option, void *restrict value, socklen_t *restrict size) {
        if (is_old && level == SOL_SOCKET && option == SO_PEERPIDFD) {
                errno = ENOPROTOOPT;
                return -1;
        }
        return (int) syscall(SYS_getsockopt, fd, level, option, value, size);
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t size) {
        if (is_old && level == SOL_SOCKET && option == SO_PASSRIGHTS) {
                errno = ENOPROTOOPT;
                return -1;
        }
        return (int) syscall(SYS_setsockopt, fd, level, option, value, size);
}

static int set_up_old(void **state) {
        is_old = true;
        return set_up(state);
}

static int tear_down_old(void **state) {
        is_old = false;
        return tear_down(state);
}

static usec_t now(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

static unsigned n_fds(void) {
        DIR *dir = opendir("/proc/self/fd");
        unsigned n = 0;

        assert_non_null(dir);
        while (readdir(dir))
                n++;
        (void) closedir(dir);
        return n;
}

/* A socket whose last close() takes LINGER seconds: what it has to send is never read. */
static int make_slow(int *ret_other) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        struct linger linger = {.l_onoff = 1, .l_linger = LINGER};
        static const char text[65536];
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (bind(listener, (struct sockaddr *) &address, sizeof(address)) < 0)
                skip(); /* no network, not even to ourselves */
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *) &address, &size), 0);
        assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        *ret_other = accept(listener, NULL, NULL);
        assert_true(*ret_other >= 0);
        (void) close(listener);
        while (send(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
                ;
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
        return fd;
}

static int send_file(int fd, const char *text, int file) {
        char control[CMSG_SPACE(sizeof(int))] = {0};
        struct iovec part = {.iov_base = (void *) text, .iov_len = strlen(text)};
        struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);

        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &file, sizeof(int));
        return sendmsg(fd, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Sends the last reference to such a socket. */
static void send_slow(int fd, const char *text, int *ret_other) {
        int file = make_slow(ret_other);

        assert_int_equal(send_file(fd, text, file), 0);
        (void) close(file);
}

/* Everything that is there to be done, and no turn of the loop waits. */
static void run_fast(Bench *bench) {
        usec_t begun = now();

        run(bench);
        assert_in_range(now() - begun, 0, SOON);
}

/* What the daemon has open becomes what it was. */
static void all_is_closed(Bench *bench, unsigned expected) {
        for (usec_t until = now() + SOON; n_fds() != expected && now() < until;)
                (void) sd_event_run(bench->event, 10000);
        assert_int_equal(n_fds(), expected);
}

static void the_kernel_refuses_files(void **state) {
        int fd, pair[2], pipes[2], no = 0;
        Bench *bench = *state;
        bool known;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
        known = setsockopt(pair[0], SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof(no)) == 0;
        (void) close(pair[0]);
        (void) close(pair[1]);
        if (!known)
                skip(); /* before Linux 6.16 */
        fd = dial(bench); /* it isn't even accepted */
        assert_int_equal(pipe(pipes), 0);
        assert_int_equal(send_file(fd, "hello\nprotocol=1", pipes[1]), -EPERM);
        say(fd, "hello\nprotocol=1");
        run(bench);
        assert_int_equal(send_file(fd, "beat\nitems=1", pipes[1]), -EPERM);
        say(fd, "beat\nitems=1");
        run(bench);
        assert_int_equal(bench->n_beats, 1);
        (void) close(pipes[0]);
        (void) close(pipes[1]);
        (void) close(fd);
}

/* First, in the middle, of an empty message, and behind one for which the connection is closed. */
static void a_message_with_a_file_is_never_read(void **state) {
        static const struct {
                const char *before, *with;
                unsigned n_beats;
        } cases[] = {{NULL, "beat\nitems=1", 0}, {"beat\nitems=1", "beat\nitems=2", 1}, {NULL, "", 0}, {"nonsense", "", 0}, {"", "", 0}};
        Bench *bench = *state;
        int first = greet(bench);
        unsigned n;

        /* The thread has descriptors of its own, which stay. */
        assert_int_equal(send_file(first, "beat\nitems=1", STDERR_FILENO), 0);
        for (usec_t until = now() + SOON; now() < until && !is_closed(first);)
                (void) sd_event_run(bench->event, 10000);
        run(bench);
        (void) close(first);
        n = n_fds();
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int fd = greet(bench), other;

                bench->n_beats = 0;
                if (cases[i].before)
                        say(fd, cases[i].before);
                send_slow(fd, cases[i].with, &other);
                (void) send(fd, "beat\nitems=3", 12, MSG_NOSIGNAL);
                run_fast(bench);
                assert_int_equal(bench->n_beats, cases[i].n_beats);
                (void) close(other);
                for (usec_t until = now() + SOON; now() < until && !is_closed(fd);)
                        (void) sd_event_run(bench->event, 10000);
                assert_true(is_closed(fd));
                (void) close(fd);
                all_is_closed(bench, n);
        }
}

static void nor_of_a_stranger_without_a_process(void **state) {
        Bench *bench = *state;
        char name[64];
        int fd, other;

        (void) snprintf(name, sizeof(name), "proc/%d/cgroup", getpid());
        assert_int_equal(unlink(temproot_path(&bench->root, name)), 0);
        fd = dial(bench);
        send_slow(fd, "hello\nprotocol=1", &other);
        run_fast(bench);
        assert_true(is_closed(fd));
        (void) close(fd);
        (void) close(other);
}

/* The reset comes before what is in the queue. */
static void nor_of_one_that_goes_without_reading(void **state) {
        Bench *bench = *state;
        int fd = greet(bench), other;

        assert_int_equal(module_free_memory(bench->module, API, GIB, USEC_PER_SEC, on_done, bench), 1);
        say(fd, "beat\nitems=1");
        send_slow(fd, "beat\nitems=1", &other);
        (void) close(fd);
        run_fast(bench);
        assert_int_equal(bench->n_done, 1);
        (void) close(other);
}

/* One that takes long is interrupted, so that the next has its turn; and at the bound nothing is lost. */
static void many_are_closed_one_after_another(void **state) {
        Bench *bench = *state;
        int fds[100], others[100];

        for (unsigned i = 0; i < 5; i++) {
                fds[i] = greet(bench);
                send_slow(fds[i], "beat\nitems=1", &others[i]);
        }
        run_fast(bench);
        for (usec_t until = now() + SOON; now() < until && !is_closed(fds[4]);)
                (void) sd_event_run(bench->event, 10000);
        for (unsigned i = 0; i < 5; i++) {
                assert_true(is_closed(fds[i]));
                (void) close(fds[i]);
                (void) close(others[i]);
        }
        for (unsigned i = 0; i < ELEMENTSOF(fds); i++) {
                fds[i] = dial(bench);
                assert_int_equal(send_file(fds[i], "hello\nprotocol=1", STDERR_FILENO), 0);
                if (i % 20 == 0)
                        run_fast(bench);
        }
        for (usec_t until = now() + 4 * SOON; now() < until && !is_closed(fds[99]);)
                (void) sd_event_run(bench->event, 10000);
        for (unsigned i = 0; i < ELEMENTSOF(fds); i++) {
                assert_true(is_closed(fds[i]));
                (void) close(fds[i]);
        }
}

/* Heard and not yet read; not even accepted. */
static void nor_at_the_end(void **state) {
        Bench *bench = *state;
        int a = greet(bench), b, others[2];
        usec_t begun;

        send_slow(a, "beat\nitems=1", &others[0]);
        b = dial(bench);
        send_slow(b, "hello\nprotocol=1", &others[1]);
        begun = now();
        bench->module = module_free(bench->module);
        assert_in_range(now() - begun, 0, SOON);
        (void) close(a);
        (void) close(b);
        (void) close(others[0]);
        (void) close(others[1]);
        open_module(bench);
}

/* The pid that it says may by now be another's, whose unit was not its own. */
static void what_was_said_before_the_look_is_not_heard(void **state) {
        Bench *bench = *state;
        int fd = dial(bench), other;
        ModuleView view;

        say(fd, "hello\nprotocol=1\npython=3.11.2");
        say(fd, "error\nclass=MemoryError");
        say(fd, "beat\nitems=1");
        run(bench);
        assert_int_equal(bench->n_saw + bench->n_beats, 0);
        assert_int_equal(module_view(bench->module, API, &view), 1);
        assert_string_equal(view.python, "3.11.2");
        say(fd, "error\nclass=MemoryError");
        run(bench);
        assert_int_equal(bench->n_saw, 1);
        /* Nonsense and files end it there too. */
        (void) close(fd);
        fd = dial(bench);
        say(fd, "nonsense");
        run(bench);
        assert_true(is_closed(fd));
        (void) close(fd);
        fd = dial(bench);
        say(fd, "hello\nprotocol=1");
        send_slow(fd, "beat\nitems=1", &other);
        run_fast(bench);
        assert_true(is_closed(fd));
        (void) close(fd);
        (void) close(other);
}

#define OLD(name) cmocka_unit_test_setup_teardown(name, set_up_old, tear_down_old)

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(the_kernel_refuses_files, set_up, tear_down),
                OLD(a_message_with_a_file_is_never_read),
                OLD(nor_of_a_stranger_without_a_process),
                OLD(nor_of_one_that_goes_without_reading),
                OLD(many_are_closed_one_after_another),
                OLD(nor_at_the_end),
                OLD(what_was_said_before_the_look_is_not_heard),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
