/* Builds are found, asked for once and probed; hits become witnesses; a helper absent, slow or mad does no harm. */
#include "temproot.h"

#include <dirent.h>
#include <dlfcn.h>
#include <linux/magic.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <time.h>

#include "fake-elf.h"
#include "fd.h"
#include "perfring.h"
#include "uprobe-wire.h"
#include "uprobe.h"

#define CPUS 2
#define RING (3 * 4096)

static TempRoot root;
static sd_event *event;
static Uprobe *uprobe;
static int helper = -1; /* its listening socket */
static usec_t skew;     /* what the clocks are ahead */

/* --- The kernel's part: memory files stand for events; no epoll takes those, so callbacks are taken where they are
 * given --- */

static struct {
        sd_event_io_handler_t callback;
        void *userdata;
        sd_event_source *source;
        uint64_t inode;
} taken[256];
static unsigned n_taken, n_enabled, n_outputs;

static uint64_t inode_of(int fd) {
        struct stat st;

        assert_int_equal(fstat(fd, &st), 0);
        return st.st_ino;
}

int sd_event_add_io(sd_event *e, sd_event_source **ret, int fd, uint32_t events, sd_event_io_handler_t callback,
                    void *userdata) {
        int (*real)(sd_event *, sd_event_source **, int, uint32_t, sd_event_io_handler_t, void *);
        int r, stand_in;

        *(void **) &real = dlsym(RTLD_NEXT, "sd_event_add_io");
        r = real(e, ret, fd, events, callback, userdata);
        if (r != -EPERM)
                return r;
        stand_in = eventfd(0, EFD_CLOEXEC);
        r = real(e, ret, stand_in, events, callback, userdata);
        assert_true(r >= 0 && n_taken < ELEMENTSOF(taken));
        (void) sd_event_source_set_io_fd_own(*ret, true);
        taken[n_taken].callback = callback;
        taken[n_taken].userdata = userdata;
        taken[n_taken].source = *ret;
        taken[n_taken++].inode = inode_of(fd);
        return r;
}

int ioctl(int fd, unsigned long request, ...) {
        uint64_t *id;
        va_list ap;

        va_start(ap, request);
        id = va_arg(ap, uint64_t *);
        va_end(ap);
        if (request == PERF_EVENT_IOC_ID)
                *id = inode_of(fd);
        n_enabled += request == PERF_EVENT_IOC_ENABLE;
        n_outputs += request == PERF_EVENT_IOC_SET_OUTPUT;
        return 0;
}

static bool is_fuse;

int fstatfs(int fd, struct statfs *ret) {
        int (*real)(int, struct statfs *);
        int r;

        *(void **) &real = dlsym(RTLD_NEXT, "fstatfs");
        r = real(fd, ret);
        if (is_fuse)
                ret->f_type = FUSE_SUPER_MAGIC;
        return r;
}

int clock_gettime(clockid_t clock, struct timespec *ret) {
        int (*real)(clockid_t, struct timespec *);
        int r;

        *(void **) &real = dlsym(RTLD_NEXT, "clock_gettime");
        r = real(clock, ret);
        ret->tv_sec += (time_t) (skew / USEC_PER_SEC);
        return r;
}

static usec_t now_of(clockid_t clock) {
        struct timespec now;

        (void) clock_gettime(clock, &now);
        return (usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000;
}

/* --- What comes out --- */

static unsigned n_witnesses, n_blind, n_asked;
static Witness last;
static char last_path[CGROUP_PATH_MAX];

static void path_of(void *userdata, uint64_t inode, int pid, char ret_path[static CGROUP_PATH_MAX]) {
        (void) userdata;
        (void) pid;
        n_asked++;
        (void) snprintf(ret_path, CGROUP_PATH_MAX, "%s", inode == 44 ? "/system.slice/api.service" : "");
}

static void saw(void *userdata, const char *path, const Witness *witness) {
        (void) userdata;
        assert_int_equal(witness->source, WITNESS_UPROBE);
        if (witness->fact == FACT_BLIND) {
                n_blind++;
                return;
        }
        n_witnesses++;
        last = *witness;
        (void) snprintf(last_path, sizeof(last_path), "%s", path);
}

/* --- Processes and the helper --- */

static const FakeElf python = {ET_EXEC, EM_X86_64, .wrapper = 12, .inner = true, .version = 0x030b02f0};

static void install(const char *below, const FakeElf *elf, char mark) {
        uint8_t file[FAKE_SIZE];
        FILE *out;

        fake_elf(elf, file);
        file[FAKE_SIZE - 1] = (uint8_t) mark;
        out = fopen(temproot_path(&root, below), "we");
        assert_non_null(out);
        assert_int_equal(fwrite(file, 1, sizeof(file), out), sizeof(file));
        assert_int_equal(fclose(out), 0);
}

/* A process whose executable has this inode number in its maps; its file is in its root. */
static void add_process(int pid, unsigned inode, const char *executable) {
        char below[256], text[512];

        (void) snprintf(below, sizeof(below), "proc/%i/root/usr/bin", pid);
        temproot_mkdir(&root, below);
        (void) snprintf(below, sizeof(below), "proc/%i/maps", pid);
        (void) snprintf(text, sizeof(text),
                        "00400000-00420000 r--p 00000000 fd:01 %u                  %s\n"
                        "00420000-006f0000 r-xp 00020000 fd:01 %u                  %s\n"
                        "7f0000000000-7f0000001000 r-xp 00000000 00:00 0          [vdso]\n",
                        inode, executable, inode, executable);
        temproot_write(&root, below, text);
        (void) snprintf(below, sizeof(below), "proc/%i/comm", pid);
        temproot_write(&root, below, "python3\n");
}

static void add_python(int pid, unsigned inode, char mark) {
        char below[256];

        add_process(pid, inode, "/usr/bin/python3.11");
        (void) snprintf(below, sizeof(below), "proc/%i/root/usr/bin/python3.11", pid);
        install(below, &python, mark);
}

static void turn(unsigned n) {
        for (unsigned i = 0; i < n; i++)
                assert_true(sd_event_run(event, 20 * USEC_PER_MSEC) >= 0);
}

/* On a busy machine the answer may take its time. */
static void await_error(int error) {
        for (unsigned i = 0; i < 250 && uprobe_error(uprobe) != error; i++)
                turn(1);
        assert_int_equal(uprobe_error(uprobe), error);
}

static void listen_helper(void) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/uprobe", root.path);
        helper = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_int_equal(bind(helper, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(helper, 16), 0);
}

/* Waits for a request for as long as looks may take; -1 when none comes. The file's last byte is *ret_mark. */
static int request_within(unsigned turns, UprobeRequest *ret, char *ret_mark) {
        char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
        struct iovec iov = {ret, sizeof(*ret)};
        struct msghdr message = {
                .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        int client = -1, file;

        for (unsigned i = 0; i < turns && client < 0; i++) {
                turn(1);
                client = accept4(helper, NULL, NULL, SOCK_CLOEXEC);
        }
        if (client < 0)
                return -1;
        assert_int_equal(recvmsg(client, &message, MSG_CMSG_CLOEXEC), sizeof(*ret));
        assert_non_null(CMSG_FIRSTHDR(&message));
        memcpy(&file, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(file));
        assert_int_equal(pread(file, ret_mark, 1, FAKE_SIZE - 1), 1);
        assert_int_equal(close(file), 0);
        return client;
}

/* On a busy machine it may take its time. */
static int next_request(UprobeRequest *ret, char *ret_mark) {
        return request_within(250, ret, ret_mark);
}

static bool no_request(UprobeRequest *ret, char *ret_mark) {
        return request_within(10, ret, ret_mark) < 0;
}

static void reply(int client, UprobeReply reply, const int *fds, unsigned n) {
        char control[CMSG_SPACE(64 * sizeof(int))] __attribute__((aligned(8))) = {};
        struct iovec iov = {&reply, sizeof(reply)};
        struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

        if (n > 0) {
                message.msg_control = control;
                message.msg_controllen = CMSG_SPACE(n * sizeof(int));
                *CMSG_FIRSTHDR(&message) = (struct cmsghdr){CMSG_LEN(n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
                memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), fds, n * sizeof(int));
        }
        assert_int_equal(sendmsg(client, &message, MSG_NOSIGNAL), sizeof(reply));
}

typedef struct Event {
        int fd;
        uint64_t inode;
        uint8_t *map;
} Event;

static Event events[64];
static unsigned n_events;

/* So many new events; their fds. */
static void make_events(unsigned n, int *ret_fds) {
        for (unsigned i = 0; i < n; i++) {
                Event *one = &events[n_events++];

                assert_true(n_events <= ELEMENTSOF(events));
                one->fd = memfd_create("event", MFD_CLOEXEC);
                assert_int_equal(ftruncate(one->fd, RING), 0);
                one->inode = inode_of(one->fd);
                one->map = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, one->fd, 0);
                assert_ptr_not_equal(one->map, MAP_FAILED);
                ret_fds[i] = one->fd;
        }
}

static void drop_events(void) {
        for (; n_events > 0; n_events--) {
                (void) close(events[n_events - 1].fd);
                (void) munmap(events[n_events - 1].map, RING);
        }
}

#define PROBES 2 /* of the fake python: the inner one, and tp_new */

/* A python is covered and its probes are granted; the first event is events[0]. */
static void arm_one(void) {
        int fds[CPUS * PROBES], client;
        UprobeRequest request;
        char mark;

        add_python(500, 1234, 'a');
        assert_int_equal(uprobe_cover(uprobe, 500), 0);
        client = next_request(&request, &mark);
        assert_true(client >= 0);
        assert_int_equal(request.magic, UPROBE_MAGIC);
        assert_int_equal(request.n_offsets, PROBES);
        assert_int_equal(request.offsets[0], FAKE_INNER);
        assert_int_equal(request.offsets[1], FAKE_NEW);
        assert_int_equal(mark, 'a');
        assert_int_equal(uprobe_n_builds(uprobe), 0);
        make_events(CPUS * PROBES, fds);
        reply(client, (UprobeReply){UPROBE_MAGIC, 0, PROBES, 1}, fds, PROBES);
        turn(2);
        assert_int_equal(uprobe_n_builds(uprobe), 0);
        reply(client, (UprobeReply){UPROBE_MAGIC, 0, PROBES, 0}, fds + PROBES, PROBES);
        turn(2);
        (void) close(client);
        assert_int_equal(uprobe_n_builds(uprobe), 1);
        assert_int_equal(uprobe_error(uprobe), 0);
        assert_int_equal(n_enabled, CPUS * PROBES);
        assert_int_equal(n_outputs, CPUS * (PROBES - 1));
}

static void put(Event *ring, uint32_t type, const void *body, uint16_t n) {
        struct perf_event_mmap_page *page = (void *) ring->map;
        struct perf_event_header header = {.type = type, .size = (uint16_t) (sizeof(header) + n)};
        uint64_t head = page->data_head;

        for (unsigned i = 0; i < header.size; i++)
                ring->map[4096 + (head + i) % 8192] =
                        i < sizeof(header) ? ((uint8_t *) &header)[i] : ((const uint8_t *) body)[i - sizeof(header)];
        page->data_head = head + header.size;
}

/* A hit of this event, which writes into the ring of its CPU. */
static void hit(Event *ring, const Event *of, uint32_t pid, uint64_t cgroup, usec_t time) {
        struct {
                uint64_t id;
                uint32_t pid, tid;
                uint64_t time;
                uint64_t cpu, cgroup;
        } body = {of->inode, pid, pid, time * 1000, 0, cgroup};

        put(ring, PERF_RECORD_SAMPLE, &body, sizeof(body));
}

static void wake(const Event *ring) {
        for (unsigned i = n_taken; i-- > 0;)
                if (taken[i].inode == ring->inode) {
                        assert_true(taken[i].callback(taken[i].source, -1, EPOLLIN, taken[i].userdata) >= 0);
                        return;
                }
        fail_msg("no event source for this ring");
}

static int setup(void **state) {
        static const UprobeHandlers handlers = {.path_of = path_of, .witness = {.saw = saw}};
        char path[300];

        (void) state;
        temproot_open(&root);
        n_taken = n_enabled = n_outputs = n_witnesses = n_blind = n_asked = 0;
        skew = 0;
        assert_true(sd_event_new(&event) >= 0);
        listen_helper();
        (void) snprintf(path, sizeof(path), "%s/uprobe", root.path);
        return uprobe_new(&uprobe, event, &root.kernfs, path, &handlers);
}

static unsigned count_fds(void) {
        DIR *dir = opendir("/proc/self/fd");
        unsigned n = 0;

        while (readdir(dir))
                n++;
        (void) closedir(dir);
        return n;
}

static int teardown(void **state) {
        (void) state;
        uprobe = uprobe_free(uprobe);
        event = sd_event_unref(event);
        drop_events();
        fd_closep(&helper);
        temproot_close(&root);
        return 0;
}

static void test_a_hit_becomes_a_witness(void **state) {
        usec_t now, boot;

        (void) state;
        arm_one();
        now = now_of(CLOCK_MONOTONIC);
        boot = now_of(CLOCK_BOOTTIME);
        hit(&events[0], &events[0], 500, 44, now);
        hit(&events[0], &events[1], 500, 44, now + 10); /* 3.11: the same error by tp_new */
        hit(&events[0], &events[0], 777, 45, now + 20); /* nobody's */
        wake(&events[0]);
        assert_int_equal(n_witnesses, 1);
        assert_string_equal(last_path, "/system.slice/api.service");
        assert_int_equal(last.fact, FACT_RAISED);
        assert_int_equal(last.pid, 500);
        assert_int_equal(last.code, 0);
        assert_string_equal(last.comm, "python3");
        assert_string_equal(last.text, "MemoryError raised in pid 500 (python3).");
        assert_true(last.at + 1000 > boot && last.at < boot + 1000);
        turn(3);
        assert_int_equal(n_witnesses, 1);
}

static void test_only_tp_new_waits_for_a_burst(void **state) {
        usec_t now;

        (void) state;
        arm_one();
        now = now_of(CLOCK_MONOTONIC);
        for (unsigned i = 0; i < 16; i++)
                hit(&events[2], &events[3], 600, 44, now + i);
        hit(&events[0], &events[1], 601, 44, now);
        wake(&events[0]); /* all rings are read, not only this one */
        assert_int_equal(n_witnesses, 0);
        for (unsigned i = 0; i < 50 && n_witnesses == 0; i++)
                turn(1);
        assert_int_equal(n_witnesses, 1);
        assert_int_equal(last.pid, 601);
        assert_string_equal(last.text, "MemoryError raised in pid 601."); /* it is gone */
        turn(10);
        assert_int_equal(n_witnesses, 1);
}

static void test_a_flood_is_counted_and_a_loss_is_said(void **state) {
        const uint64_t lost[] = {0, 41};
        usec_t now;

        (void) state;
        arm_one();
        now = now_of(CLOCK_MONOTONIC);
        for (unsigned i = 0; i < 100; i++)
                hit(&events[i % 2 * 2], &events[i % 2 * 2], 500, 44, now + i * 2000);
        put(&events[0], PERF_RECORD_LOST, lost, sizeof(lost));
        put(&events[2], PERF_RECORD_LOST, lost, sizeof(lost));
        wake(&events[0]);
        assert_int_equal(n_witnesses, 1);
        assert_int_equal(last.code, 100);
        assert_string_equal(last.text, "100 MemoryErrors raised in pid 500 (python3).");
        assert_int_equal(n_blind, 1);
        assert_true(n_asked < 10);
        put(&events[0], PERF_RECORD_LOST, lost, sizeof(lost));
        wake(&events[0]);
        assert_int_equal(n_blind, 1);
        skew = 2 * USEC_PER_SEC;
        wake(&events[0]);
        assert_int_equal(n_blind, 2);
}

static void test_rings_full_of_nonsense_are_harmless(void **state) {
        (void) state;
        arm_one();
        for (unsigned i = 0; i < 64; i++) {
                struct perf_event_mmap_page *page = (void *) events[0].map;

                memset(events[0].map + 4096, (int) (i * 4 + 1), 8192);
                page->data_head += i * 100 + 8;
                wake(&events[0]);
        }
        assert_int_equal(n_witnesses, 0);
}

static void test_a_known_file_is_not_asked_for_again(void **state) {
        UprobeRequest request;
        char mark, from[4096];

        (void) state;
        arm_one();
        assert_int_equal(uprobe_cover(uprobe, 500), 0);
        assert_true(no_request(&request, &mark));
        /* The same file by another device and inode number, as on overlayfs. */
        add_process(501, 99, "/usr/bin/python3.11");
        (void) snprintf(from, sizeof(from), "%s", temproot_path(&root, "proc/500/root/usr/bin/python3.11"));
        assert_int_equal(link(from, temproot_path(&root, "proc/501/root/usr/bin/python3.11")), 0);
        assert_int_equal(uprobe_cover(uprobe, 501), 0);
        assert_true(no_request(&request, &mark));
        assert_int_equal(uprobe_n_builds(uprobe), 1);
        assert_int_equal(uprobe_cover(uprobe, 0), -EINVAL);
        assert_int_equal(uprobe_cover(uprobe, 9999), 0); /* gone: nothing happens */
        turn(2);
        assert_int_equal(uprobe_error(uprobe), 0);
}

/* What is no Python, or would be dangerous to open. */
static void test_other_files_are_left_alone(void **state) {
        UprobeRequest request;
        char mark, target[4096];
        int client;

        (void) state;
        add_process(500, 1, "/usr/bin/python3.11"); /* its file is not there */
        add_process(501, 2, "/usr/bin/sleep");
        temproot_write(&root, "proc/501/root/usr/bin/sleep", "\177ELF, or nearly");
        add_process(502, 3, "/usr/bin/python3.11");
        assert_int_equal(mkfifo(temproot_path(&root, "proc/502/root/usr/bin/python3.11"), 0600), 0);
        /* A link that leads out of the process's root is followed within it. */
        add_python(503, 4, 'x');
        add_process(504, 5, "/usr/bin/python3.11");
        (void) snprintf(target, sizeof(target), "%s", temproot_path(&root, "proc/503/root/usr/bin/python3.11"));
        assert_int_equal(symlink(target, temproot_path(&root, "proc/504/root/usr/bin/python3.11")), 0);
        for (int pid = 500; pid <= 504; pid++)
                if (pid != 503)
                        assert_int_equal(uprobe_cover(uprobe, pid), 0);
        assert_true(no_request(&request, &mark));
        temproot_mkdir(&root, "proc/505");
        temproot_write(&root, "proc/505/maps", "nonsense\n0-0 r-xp x\n\n1-2 r-xp 0 ff:ff 1 /\n1-2 r-xp 0 1:1 5 python");
        assert_int_equal(uprobe_cover(uprobe, 505), 0);
        assert_true(no_request(&request, &mark));
        assert_int_equal(uprobe_cover_file(uprobe, "usr/bin/python3"), -EINVAL);
        assert_int_equal(uprobe_cover_file(uprobe, target), 0);
        client = next_request(&request, &mark);
        assert_true(client >= 0 && mark == 'x');
        (void) close(client);
}

/* A process maps somebody else's Python below its own executable, or has another file, or none, where the library was: what
 * is found in that place says nothing about the file that is mapped. */
static void test_no_process_speaks_for_a_file_of_others(void **state) {
        UprobeRequest request;
        char mark, target[4096];
        int client;

        (void) state;
        add_process(500, 1234, "/usr/bin/python3.11");
        temproot_write(&root, "proc/500/liar", "\177ELF, or nearly");
        (void) snprintf(target, sizeof(target), "%s", temproot_path(&root, "proc/500/liar"));
        assert_int_equal(symlink(target, temproot_path(&root, "proc/500/exe")), 0);
        add_process(501, 1234, "/usr/bin/python3.11");
        install("proc/501/root/usr/bin/python3.11", &python, 'l');
        add_process(502, 1234, "/usr/bin/python3.11"); /* its file is not there */
        assert_int_equal(uprobe_cover(uprobe, 500), 0);
        assert_true(no_request(&request, &mark));
        assert_int_equal(uprobe_cover(uprobe, 501), 0);
        client = next_request(&request, &mark);
        assert_true(client >= 0 && mark == 'l');
        (void) close(client);
        client = next_request(&request, &mark); /* it is asked once more */
        (void) close(client);
        assert_int_equal(uprobe_cover(uprobe, 502), 0);
        assert_true(no_request(&request, &mark));
        add_python(503, 1234, 'a');
        assert_int_equal(uprobe_cover(uprobe, 503), 0);
        client = next_request(&request, &mark);
        assert_true(client >= 0 && mark == 'a');
        (void) close(client);
}

/* Its server could keep the kernel waiting while it sets the probe, and all forks of the host with it. */
static void test_a_file_that_a_process_serves_is_not_probed(void **state) {
        UprobeRequest request;
        char mark;
        int client;

        (void) state;
        is_fuse = true;
        add_python(500, 1234, 'a');
        assert_int_equal(uprobe_cover(uprobe, 500), 0);
        client = next_request(&request, &mark);
        is_fuse = false;
        assert_true(client < 0);
        assert_int_equal(uprobe_error(uprobe), 0);
}

static void test_an_absent_helper_is_tried_again_later(void **state) {
        UprobeRequest request;
        char mark;
        int client;

        (void) state;
        fd_closep(&helper);
        add_python(500, 1234, 'a');
        assert_int_equal(uprobe_cover(uprobe, 500), 0);
        await_error(-ECONNREFUSED);
        assert_int_equal(unlink(temproot_path(&root, "uprobe")), 0);
        listen_helper();
        assert_int_equal(uprobe_cover(uprobe, 500), 0);
        assert_true(no_request(&request, &mark)); /* not before a minute has passed */
        skew = 61 * USEC_PER_SEC;
        assert_int_equal(uprobe_cover(uprobe, 500), 0);
        client = next_request(&request, &mark);
        assert_true(client >= 0);
        (void) close(client);
}

static void test_bad_answers(void **state) {
        static const struct {
                UprobeReply reply;
                unsigned n_fds;
                int error;
        } cases[] = {
                {{UPROBE_MAGIC, -EACCES, 0, 0}, 0, -EACCES},    {{UPROBE_MAGIC + 1, 0, 2, 0}, 2, -EBADMSG},
                {{UPROBE_MAGIC, 0, 4, 0}, 2, -EBADMSG},         {{UPROBE_MAGIC, 0, 0, 0}, 2, -EBADMSG},
                {{UPROBE_MAGIC, 0, 3, 0}, 3, -EBADMSG},         {{UPROBE_MAGIC, 7, 0, 0}, 0, -EBADMSG},
                {{UPROBE_MAGIC, INT32_MIN, 2, 0}, 2, -EBADMSG}, {{UPROBE_MAGIC, 0, 0, 0}, 0, -ENODEV},
        };
        unsigned n_fds = 0;

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                UprobeRequest request;
                int fds[4], client;
                char mark;

                add_python(500 + (int) i, 2000 + i, (char) ('a' + i));
                assert_int_equal(uprobe_cover(uprobe, 500 + (int) i), 0);
                client = next_request(&request, &mark);
                assert_true(client >= 0);
                make_events(cases[i].n_fds, fds);
                reply(client, cases[i].reply, fds, cases[i].n_fds);
                turn(2);
                (void) close(client);
                await_error(cases[i].error);
                assert_int_equal(uprobe_n_builds(uprobe), 0);
                drop_events();
                for (unsigned turns = 0; turns < 250 && n_fds != 0 && n_fds != count_fds(); turns++)
                        turn(1);
                assert_true(n_fds == 0 || n_fds == count_fds());
                n_fds = count_fds();
        }
}

/* A helper that ends before it took the request is asked once more. */
static void test_a_helper_that_ends(void **state) {
        UprobeRequest request;
        int client;
        char mark;

        (void) state;
        add_python(500, 1234, 'a');
        assert_int_equal(uprobe_cover(uprobe, 500), 0);
        for (unsigned i = 0; i < 2; i++) {
                client = next_request(&request, &mark);
                assert_true(client >= 0);
                assert_int_equal(uprobe_error(uprobe), 0);
                (void) close(client);
        }
        assert_true(no_request(&request, &mark));
        assert_int_equal(uprobe_error(uprobe), -ECONNRESET);
}

static void test_the_build_unseen_longest_makes_place(void **state) {
        unsigned n_fds = 0;

        (void) state;
        for (int i = 0; i <= UPROBE_BUILDS_MAX; i++) {
                UprobeRequest request;
                int fds[PROBES], client;
                char mark;

                if (i == UPROBE_BUILDS_MAX) { /* the first one is seen again */
                        assert_int_equal(uprobe_cover(uprobe, 500), 0);
                        turn(2);
                        n_fds = count_fds();
                }
                add_python(500 + i, 2000 + (unsigned) i, (char) ('a' + i));
                assert_int_equal(uprobe_cover(uprobe, 500 + i), 0);
                client = next_request(&request, &mark);
                assert_true(client >= 0);
                assert_int_equal(mark, 'a' + i);
                make_events(PROBES, fds);
                reply(client, (UprobeReply){UPROBE_MAGIC, 0, PROBES, 0}, fds, PROBES);
                turn(2);
                (void) close(client);
                assert_int_equal(uprobe_n_builds(uprobe), MIN(i + 1, UPROBE_BUILDS_MAX));
        }
        for (unsigned i = 0; i < 100 && count_fds() != n_fds + PROBES; i++)
                turn(1);
        assert_int_equal(count_fds(), n_fds + PROBES); /* those of ours, in events[] */
        hit(&events[0], &events[0], 500, 44, now_of(CLOCK_MONOTONIC));
        hit(&events[2], &events[2], 501, 44, now_of(CLOCK_MONOTONIC));
        wake(&events[2 * UPROBE_BUILDS_MAX]);
        assert_int_equal(n_witnesses, 1);
        assert_int_equal(last.pid, 500);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(test_a_hit_becomes_a_witness),
                TEST(test_only_tp_new_waits_for_a_burst),
                TEST(test_a_flood_is_counted_and_a_loss_is_said),
                TEST(test_rings_full_of_nonsense_are_harmless),
                TEST(test_a_known_file_is_not_asked_for_again),
                TEST(test_other_files_are_left_alone),
                TEST(test_no_process_speaks_for_a_file_of_others),
                TEST(test_a_file_that_a_process_serves_is_not_probed),
                TEST(test_an_absent_helper_is_tried_again_later),
                TEST(test_bad_answers),
                TEST(test_a_helper_that_ends),
                TEST(test_the_build_unseen_longest_makes_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
