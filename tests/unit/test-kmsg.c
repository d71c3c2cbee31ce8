/* The kernel's log is followed from where it was left, a little at a time, and a loss of records is said. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "kmsg.h"
#include "oomtext.h"

/* /dev/kmsg alone gives these errors, so they are put in between: the next n_errors reads of fd fail. */
static struct {
        int fd, error;
        unsigned n_errors;
} broken = {.fd = -1};

static unsigned n_reads;

ssize_t read(int fd, void *buf, size_t size);

ssize_t read(int fd, void *buf, size_t size) {
        if (fd != broken.fd)
                return syscall(SYS_read, fd, buf, size);
        n_reads++;
        if (broken.n_errors == 0)
                return syscall(SYS_read, fd, buf, size);
        broken.n_errors--;
        errno = broken.error;
        return -1;
}

typedef struct Bench {
        sd_event *event;
        Kmsg *kmsg;
        int peer;
        unsigned n_seen;
        Witness seen[8]; /* the first ones */
        char path[CGROUP_PATH_MAX];
} Bench;

static void saw(void *userdata, const char *path, const Witness *witness) {
        Bench *bench = userdata;

        if (bench->n_seen < ELEMENTSOF(bench->seen))
                bench->seen[bench->n_seen] = *witness;
        bench->n_seen++;
        (void) snprintf(bench->path, sizeof(bench->path), "%s", path);
}

static void open_bench(Bench *bench, uint64_t after_seq) {
        const WitnessHandlers handlers = {bench, saw};
        int fds[2];

        *bench = (Bench){0};
        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
        assert_true(sd_event_new(&bench->event) >= 0);
        assert_int_equal(kmsg_new(&bench->kmsg, bench->event, fds[0], after_seq, &handlers), 0);
        bench->peer = fds[1];
        broken.fd = fds[0];
        broken.n_errors = n_reads = 0;
}

static void close_bench(Bench *bench) {
        bench->kmsg = kmsg_free(bench->kmsg);
        assert_int_equal(fcntl(broken.fd, F_GETFD), -1);
        broken.fd = -1;
        (void) close(bench->peer);
        sd_event_unref(bench->event);
}

static void put(const Bench *bench, uint64_t seq, usec_t at, const char *text) {
        char record[4096];
        int n = snprintf(record, sizeof(record), "3,%llu,%llu,-;%s\n SUBSYSTEM=none\n", (unsigned long long) seq,
                         (unsigned long long) at, text);

        assert_int_equal(send(bench->peer, record, (size_t) n, 0), n);
}

static void put_kill(const Bench *bench, uint64_t seq) {
        put(bench, seq, 1000, "Out of memory: Killed process 5 (b) total-vm:8kB, anon-rss:4kB");
}

static unsigned run(const Bench *bench) {
        unsigned n_wakes = 0;

        while (sd_event_run(bench->event, 0) > 0)
                assert_true(++n_wakes < 10000);
        return n_wakes;
}

static usec_t boottime(void) {
        struct timespec ts;

        assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &ts), 0);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

static void test_a_kill_is_seen_with_its_cgroup_and_time(void **state) {
        Bench bench;

        (void) state;
        open_bench(&bench, UINT64_MAX);
        assert_true(kmsg_seq(bench.kmsg) == UINT64_MAX);
        put(&bench, 71, 1000, "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
                              "task_memcg=/a\\x5cx2db.service,task=b,pid=5,uid=0");
        put_kill(&bench, 72);
        run(&bench);
        assert_int_equal(bench.n_seen, 1);
        assert_int_equal(bench.seen[0].fact, FACT_OOM_KILL);
        assert_int_equal(bench.seen[0].pid, 5);
        assert_string_equal(bench.path, "/a\\x2db.service");
        assert_true(bench.seen[0].at >= 1000 && bench.seen[0].at <= boottime());
        assert_int_equal(kmsg_seq(bench.kmsg), 72);
        close_bench(&bench);
}

static void test_no_time_is_later_than_now(void **state) {
        Bench bench;
        usec_t now;

        (void) state;
        open_bench(&bench, UINT64_MAX);
        put(&bench, 1, UINT64_MAX - 1, "Out of memory: Killed process 5 (b) total-vm:8kB");
        run(&bench);
        assert_int_equal(bench.n_seen, 1);
        assert_true(sd_event_now(bench.event, CLOCK_BOOTTIME, &now) >= 0);
        assert_true(bench.seen[0].at <= now && bench.seen[0].at > now - USEC_PER_MINUTE);
        close_bench(&bench);
}

static void test_what_was_seen_is_not_seen_again(void **state) {
        Bench bench;

        (void) state;
        open_bench(&bench, 11);
        put_kill(&bench, 9);
        put_kill(&bench, 10);
        /* Its report began before us. */
        put(&bench, 11, 1000, "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
                              "task_memcg=/a.service,task=b,pid=5,uid=0");
        run(&bench);
        assert_int_equal(bench.n_seen, 0);
        assert_int_equal(kmsg_seq(bench.kmsg), 11);
        put_kill(&bench, 12);
        run(&bench);
        assert_int_equal(bench.n_seen, 1);
        assert_string_equal(bench.path, "/a.service");
        close_bench(&bench);
}

static void test_a_gap_in_the_numbers_is_said(void **state) {
        Bench bench;

        (void) state;
        open_bench(&bench, 11);
        put_kill(&bench, 14); /* 12 and 13 were overwritten while no daemon ran */
        put_kill(&bench, 15);
        put_kill(&bench, 17);
        run(&bench);
        assert_int_equal(bench.n_seen, 5);
        assert_int_equal(bench.seen[0].fact, FACT_BLIND);
        assert_int_equal(bench.seen[1].fact, FACT_OOM_KILL);
        assert_int_equal(bench.seen[2].fact, FACT_OOM_KILL);
        assert_int_equal(bench.seen[3].fact, FACT_BLIND);
        assert_int_equal(bench.seen[4].fact, FACT_OOM_KILL);
        close_bench(&bench);
}

static void test_lost_records_are_said_once_and_passed(void **state) {
        static const int errors[] = {EPIPE, EINVAL};

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(errors); i++) {
                Bench bench;

                open_bench(&bench, UINT64_MAX);
                put(&bench, 1, 1000, "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
                                     "global_oom,task_memcg=/a.service,task=b,pid=5,uid=0");
                run(&bench);
                broken.error = errors[i];
                broken.n_errors = 3;
                put_kill(&bench, 400);
                run(&bench);
                assert_int_equal(bench.n_seen, 2);
                assert_int_equal(bench.seen[0].fact, FACT_BLIND);
                assert_int_equal(bench.seen[0].source, WITNESS_KERNEL);
                assert_int_not_equal(strlen(bench.seen[0].text), 0);
                assert_int_equal(bench.seen[1].fact, FACT_OOM_KILL);
                assert_string_equal(bench.path, ""); /* that pid may have been another's in between */
                assert_int_equal(kmsg_seq(bench.kmsg), 400);
                close_bench(&bench);
        }
}

static void test_what_can_t_be_read_is_left_alone(void **state) {
        Bench bench;

        (void) state;
        open_bench(&bench, UINT64_MAX);
        broken.error = EIO;
        broken.n_errors = 1;
        put_kill(&bench, 1);
        run(&bench);
        assert_int_equal(bench.n_seen, 1);
        assert_int_equal(bench.seen[0].fact, FACT_BLIND);
        assert_int_equal(n_reads, 1);
        put_kill(&bench, 2);
        assert_int_equal(run(&bench), 0);
        close_bench(&bench);

        open_bench(&bench, UINT64_MAX);
        broken.error = EINVAL;
        broken.n_errors = 100000;
        put_kill(&bench, 1);
        run(&bench);
        assert_int_equal(bench.n_seen, 2);
        assert_true(n_reads < 2000);
        close_bench(&bench);

        /* The end of a file. */
        open_bench(&bench, UINT64_MAX);
        assert_int_equal(shutdown(bench.peer, SHUT_RDWR), 0);
        run(&bench);
        assert_int_equal(bench.n_seen, 1);
        assert_int_equal(n_reads, 1);
        close_bench(&bench);
}

static int count(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        (void) source;
        (void) fd;
        (void) revents;
        ++*(unsigned *) userdata;
        return 0;
}

static void test_a_flood_leaves_room_for_others(void **state) {
        sd_event_source *other;
        unsigned n_other = 0;
        int ready[2];
        Bench bench;

        (void) state;
        open_bench(&bench, UINT64_MAX);
        for (unsigned i = 0; i < 200; i++)
                put(&bench, i, 1000, "x");
        assert_int_equal(pipe(ready), 0);
        assert_int_equal(write(ready[1], "x", 1), 1);
        assert_true(sd_event_add_io(bench.event, &other, ready[0], EPOLLIN, count, &n_other) >= 0);
        for (unsigned i = 0; kmsg_seq(bench.kmsg) != 199; i++) {
                unsigned n_before = n_reads;

                assert_true(i < 1000 && sd_event_run(bench.event, 0) > 0);
                assert_true(n_reads - n_before <= 64);
        }
        assert_true(n_other >= 2);
        sd_event_source_disable_unref(other);
        (void) close(ready[0]);
        (void) close(ready[1]);
        close_bench(&bench);
}

static void test_nonsense_is_passed_over(void **state) {
        static const char *const records[] = {"x", "\n", "3,1,1,-;Out of memory: Killed process 5 (b) total-vm:8kB", ";;;\n"};
        Bench bench;

        (void) state;
        open_bench(&bench, 0);
        for (unsigned i = 0; i < ELEMENTSOF(records); i++)
                assert_true(send(bench.peer, records[i], strlen(records[i]), 0) > 0);
        put_kill(&bench, 1);
        run(&bench);
        assert_int_equal(bench.n_seen, 1);
        assert_int_equal(bench.seen[0].fact, FACT_OOM_KILL);
        close_bench(&bench);
}

static void test_without_the_file_the_error_is_told(void **state) {
        const WitnessHandlers handlers = {NULL, saw};
        sd_event *event;
        Kmsg *kmsg = NULL;
        int fd;

        (void) state;
        assert_int_equal(kmsg_open("/dev/none/kmsg"), -ENOENT);
        /* What epoll does not take is refused, and closed all the same. */
        assert_true(sd_event_new(&event) >= 0);
        fd = kmsg_open("/");
        assert_true(fd >= 0);
        assert_int_equal(kmsg_new(&kmsg, event, fd, 0, &handlers), -EPERM);
        assert_null(kmsg);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
        sd_event_unref(event);
}

/* The real one, where it may be opened: an end without new records is no wakeup. */
static void test_the_host_s_own_log(void **state) {
        Bench bench = {0};
        const WitnessHandlers handlers = {&bench, saw};
        int fd = kmsg_open("/dev/kmsg");

        (void) state;
        if (fd < 0) {
                print_message("Skipped: /dev/kmsg can't be opened here: %s.\n", strerror(-fd));
                return;
        }
        assert_true(sd_event_new(&bench.event) >= 0);
        assert_int_equal(kmsg_new(&bench.kmsg, bench.event, fd, UINT64_MAX, &handlers), 0);
        run(&bench);
        kmsg_free(bench.kmsg);
        sd_event_unref(bench.event);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_kill_is_seen_with_its_cgroup_and_time),
                cmocka_unit_test(test_no_time_is_later_than_now),
                cmocka_unit_test(test_what_was_seen_is_not_seen_again),
                cmocka_unit_test(test_a_gap_in_the_numbers_is_said),
                cmocka_unit_test(test_lost_records_are_said_once_and_passed),
                cmocka_unit_test(test_what_can_t_be_read_is_left_alone),
                cmocka_unit_test(test_a_flood_leaves_room_for_others),
                cmocka_unit_test(test_nonsense_is_passed_over),
                cmocka_unit_test(test_without_the_file_the_error_is_told),
                cmocka_unit_test(test_the_host_s_own_log),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
