/* Verbs do what they say to the cgroup they were asked about and to nothing else, and the dry run does nothing at all.
 */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "act.h"
#include "fake-pid1.h"
#include "fd.h"
#include "marks.h"

#define PATH "/system.slice/api.service"
#define UNIT "api.service"
#define CHILDREN_MAX 4

typedef struct Bench {
        sd_event *event;
        char dir[96], root[128], cgroup[200];
        FakePid1 fake;
        Kernfs kernfs;
        Worker *worker;
        Systemd *systemd;
        ActContext context;
        int dirfd;
        pid_t children[CHILDREN_MAX];
        unsigned n_children, n_answers;
        int result;
        uint64_t freed;
        char detail[200];
} Bench;

static void on_answer(void *userdata, int result, uint64_t freed, const char *detail) {
        Bench *bench = userdata;

        bench->n_answers++;
        bench->result = result;
        bench->freed = freed;
        (void) snprintf(bench->detail, sizeof(bench->detail), "%s", detail);
}

static void put(const char *dir, const char *name, const char *text) {
        char path[400];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
        file = fopen(path, "we");
        assert_non_null(file);
        (void) fputs(text, file);
        assert_int_equal(fclose(file), 0);
}

static const char *get(const char *dir, const char *name) {
        static char text[256];
        char path[400];
        FILE *file;
        size_t n;

        (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
        file = fopen(path, "re");
        assert_non_null(file);
        n = fread(text, 1, sizeof(text) - 1, file);
        text[n] = 0;
        (void) fclose(file);
        return text;
}

static void make_dirs(char *path) {
        for (char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
                *at = 0;
                (void) mkdir(path, 0700);
                *at = '/';
        }
        (void) mkdir(path, 0700);
}

static void make_cgroup(Bench *bench, const char *path, char *ret) {
        (void) snprintf(ret, 200, "%s/sys/fs/cgroup%s", bench->root, path);
        make_dirs(ret);
        put(ret, "cgroup.procs", "");
        put(ret, "memory.current", "104857600\n");
        put(ret, "memory.high", "max\n");
        put(ret, "memory.max", "max\n");
        put(ret, "memory.reclaim", "");
        put(ret, "cgroup.freeze", "0\n");
        put(ret, "cgroup.kill", "");
}

static int set_up(void **state) {
        static const SystemdHandlers handlers;
        Bench *bench = calloc(1, sizeof(Bench));
        const char *tmp = getenv("TMPDIR");
        char path[200];

        (void) snprintf(bench->dir, sizeof(bench->dir), "%.60s/memguard-act.XXXXXX", tmp ? tmp : "/tmp");
        assert_non_null(mkdtemp(bench->dir));
        (void) snprintf(bench->root, sizeof(bench->root), "%s/root", bench->dir);
        (void) snprintf(path, sizeof(path), "%s/proc", bench->root);
        make_dirs(path);
        make_cgroup(bench, PATH, bench->cgroup);
        assert_int_equal(kernfs_open(&bench->kernfs, bench->root), 0);
        assert_int_equal(kernfs_open_cgroup(&bench->kernfs, PATH, &bench->dirfd), 0);
        assert_true(sd_event_new(&bench->event) >= 0);
        fake_new(&bench->fake, bench->event, bench->dir);
        fake_add(&bench->fake, UNIT, PATH);
        fake_add(&bench->fake, "hook.service", "");
        assert_int_equal(systemd_new(&bench->systemd, bench->event, bench->dir, &handlers), 0);
        assert_int_equal(worker_new(&bench->worker, bench->event), 0);
        bench->context = (ActContext){&bench->kernfs, bench->systemd, bench->worker};
        *state = bench;
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st, (void) type, (void) ftw;
        return remove(path);
}

static int tear_down(void **state) {
        Bench *bench = *state;

        for (unsigned i = 0; i < bench->n_children; i++) {
                (void) kill(bench->children[i], SIGKILL);
                (void) waitpid(bench->children[i], NULL, 0);
        }
        worker_free(bench->worker);
        systemd_free(bench->systemd);
        fake_done(&bench->fake);
        sd_event_unref(bench->event);
        fd_closep(&bench->dirfd);
        kernfs_done(&bench->kernfs);
        assert_int_equal(nftw(bench->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
        free(bench);
        return 0;
}

/* A process that waits for its end, with its files below the fixture's /proc. */
static pid_t add_child(Bench *bench, const char *cgroup, const char *statm) {
        char path[200], text[200];
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0)
                for (;;)
                        (void) pause();
        bench->children[bench->n_children++] = pid;
        (void) snprintf(path, sizeof(path), "%s/proc/%d", bench->root, pid);
        make_dirs(path);
        (void) snprintf(text, sizeof(text), "1:name=systemd:/\n0::%s\n", cgroup);
        put(path, "cgroup", text);
        put(path, "statm", statm);
        return pid;
}

/* The signal that ended a child, or 0 for one that lives. */
static int ended_by(pid_t pid) {
        siginfo_t info = {0};

        for (int i = 0; i < 20; i++) {
                assert_int_equal(waitid(P_PID, (id_t) pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
                if (info.si_pid != 0)
                        return info.si_status;
                (void) usleep(5000);
        }
        return 0;
}

static void run_until(Bench *bench, unsigned n_answers) {
        uint64_t now, until;

        assert_true(sd_event_now(bench->event, CLOCK_MONOTONIC, &now) >= 0);
        for (until = now + 5 * USEC_PER_SEC; bench->n_answers < n_answers && now < until;
             (void) sd_event_now(bench->event, CLOCK_MONOTONIC, &now))
                assert_true(sd_event_run(bench->event, 10000) >= 0);
        assert_int_equal(bench->n_answers, n_answers);
}

static int begin(Bench *bench, const ActTable *table, const ActRequest *request) {
        ActRequest full = *request;

        if (!full.path)
                full.path = PATH;
        if (full.dirfd == 0)
                full.dirfd = bench->dirfd;
        return act(table, &bench->context, &full, on_answer, bench);
}

/* One verb to its answer. */
static int run(Bench *bench, const ActRequest *request) {
        unsigned before = bench->n_answers;

        assert_int_equal(begin(bench, &act_real, request), 0);
        run_until(bench, before + 1);
        return bench->result;
}

static uint64_t sum_of_tree;

static int add_up(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        uint64_t hash = 14695981039346656037u;
        char list[256] = "";
        FILE *file;
        int c;

        (void) ftw;
        for (const char *at = path; *at; at++)
                hash = (hash ^ (uint8_t) *at) * 1099511628211u;
        file = type == FTW_F ? fopen(path, "re") : NULL;
        while (file && (c = getc(file)) != EOF)
                hash = (hash ^ (uint8_t) c) * 1099511628211u;
        if (file)
                (void) fclose(file);
        sum_of_tree += hash + (uint64_t) st->st_mtim.tv_nsec + (uint64_t) st->st_ctim.tv_nsec +
                       (uint64_t) listxattr(path, list, sizeof(list));
        return 0;
}

static uint64_t snapshot(const Bench *bench) {
        sum_of_tree = 0;
        assert_int_equal(nftw(bench->dir, add_up, 16, FTW_PHYS), 0);
        return sum_of_tree;
}

static void test_dry_run_touches_nothing(void **state) {
        Bench *bench = *state;
        pid_t pid = add_child(bench, PATH, "9 9");
        char text[32];
        uint64_t before;

        (void) snprintf(text, sizeof(text), "%d\n", pid);
        put(bench->cgroup, "cgroup.procs", text);
        before = snapshot(bench);
        for (Verb verb = 0; verb < _VERB_MAX; verb++)
                for (SignalTarget target = 0; target < _TARGET_MAX; target++) {
                        ActionSpec spec = {.verb = verb, .target = target, .signo = SIGKILL, .duration = USEC_PER_SEC};
                        unsigned n = bench->n_answers;

                        strcpy(spec.unit, "hook.service");
                        assert_int_equal(begin(bench, &act_dry, &(ActRequest){.spec = &spec, .throttle_to = MIB}), 0);
                        assert_int_equal(bench->n_answers, n + 1);
                        assert_int_equal(bench->result, 0);
                        assert_non_null(strstr(bench->detail, verb_name(verb)));
                }
        for (int i = 0; i < 20; i++)
                (void) sd_event_run(bench->event, 5000);
        assert_int_equal(snapshot(bench), before);
        assert_int_equal(bench->fake.n_calls, 0);
        assert_int_equal(ended_by(pid), 0);
}

static void test_protected_units_are_refused(void **state) {
        static const char *const paths[] = {"/", "/init.scope", "/system.slice",
                                            "/system.slice/systemd-journald.service", "relative"};
        Bench *bench = *state;
        uint64_t before = snapshot(bench);

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                for (Verb verb = 0; verb < _VERB_MAX; verb++) {
                        ActionSpec spec = {.verb = verb, .target = TARGET_ALL, .signo = SIGTERM};

                        if (verb == VERB_NOTIFY || verb == VERB_START)
                                continue;
                        assert_int_equal(run(bench, &(ActRequest){.path = paths[i], .spec = &spec}), -EPERM);
                        assert_true(strlen(bench->detail) > 0);
                }
        assert_int_equal(snapshot(bench), before);
        assert_int_equal(bench->fake.n_calls, 0);
}

static void test_gone_cgroup_is_refused(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_KILL};

        assert_int_equal(run(bench, &(ActRequest){.dirfd = -1, .spec = &spec}), -ENODEV);
}

static void test_kill(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_KILL};
        pid_t pid = add_child(bench, PATH, "9 9"), other = add_child(bench, "/system.slice/api.service2", "9 9");
        char text[300];

        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_string_equal(get(bench->cgroup, "cgroup.kill"), "1");
        /* A kernel without the file; and a number that is another cgroup's process by now. */
        assert_int_equal(unlinkat(bench->dirfd, "cgroup.kill", 0), 0);
        (void) snprintf(text, sizeof(text), "%d\n%d\n%d\n", other, pid, getpid());
        put(bench->cgroup, "cgroup.procs", text);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_int_equal(ended_by(pid), SIGKILL);
        assert_int_equal(ended_by(other), 0);
}

static void test_signal_all_reaches_sub_cgroups(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_SIGNAL, .signo = SIGTERM, .target = TARGET_ALL};
        pid_t a = add_child(bench, PATH, "1 1"), b = add_child(bench, PATH "/worker", "1 1");
        pid_t c = add_child(bench, "/system.slice/other.service", "1 1");
        char text[64], sub[200];

        make_cgroup(bench, PATH "/worker", sub);
        /* 0: a process of another pid namespace; kill(0) would hit ourselves. */
        (void) snprintf(text, sizeof(text), "0\n%d\n1\n%d\n", a, c);
        put(bench->cgroup, "cgroup.procs", text);
        (void) snprintf(text, sizeof(text), "%d\n", b);
        put(sub, "cgroup.procs", text);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_string_equal(bench->detail, "sent to 2 processes");
        assert_int_equal(ended_by(a), SIGTERM);
        assert_int_equal(ended_by(b), SIGTERM);
        assert_int_equal(ended_by(c), 0);
        put(bench->cgroup, "cgroup.procs", "");
        put(sub, "cgroup.procs", "");
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -ESRCH);
        spec.signo = SIGKILL;
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_string_equal(get(bench->cgroup, "cgroup.kill"), "1");
}

/* Not even where the files say that they are in the cgroup. With a signal that nobody minds. */
static void test_pid1_and_ourselves_are_never_signalled(void **state) {
        ActionSpec spec = {.verb = VERB_SIGNAL, .signo = SIGURG, .target = TARGET_ALL};
        const pid_t pids[] = {1, getpid()};
        Bench *bench = *state;
        char path[200], text[64];

        for (size_t i = 0; i < ELEMENTSOF(pids); i++) {
                (void) snprintf(path, sizeof(path), "%s/proc/%d", bench->root, pids[i]);
                make_dirs(path);
                put(path, "cgroup", "0::" PATH "\n");
                (void) snprintf(text, sizeof(text), "%d\n", pids[i]);
                put(bench->cgroup, "cgroup.procs", text);
                assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -ESRCH);
        }
}

static void test_signal_largest(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_SIGNAL, .signo = SIGTERM, .target = TARGET_LARGEST};
        pid_t a = add_child(bench, PATH, "99999 10 1"), b = add_child(bench, PATH, "20 20 1");
        pid_t c = add_child(bench, PATH, "30 7 1");
        char text[64];

        (void) snprintf(text, sizeof(text), "%d\n%d\n%d\n", a, b, c);
        put(bench->cgroup, "cgroup.procs", text);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_int_equal(ended_by(b), SIGTERM);
        assert_int_equal(ended_by(a), 0);
        assert_int_equal(ended_by(c), 0);
}

static void test_signal_main_goes_through_the_manager(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_SIGNAL, .signo = SIGUSR1, .target = TARGET_MAIN};

        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_int_equal(bench->fake.last_signal, SIGUSR1);
        assert_int_equal(run(bench, &(ActRequest){.path = "/kubepods.slice/pod1/c1", .spec = &spec}), -EOPNOTSUPP);
        assert_int_equal(bench->fake.n_kills, 1);
}

static void test_jobs(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_RESTART};

        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_string_equal(bench->fake.last_call, "RestartUnit");
        assert_int_equal(run(bench, &(ActRequest){.path = "/user.slice/a.scope", .spec = &spec}), -EOPNOTSUPP);
        assert_int_equal(run(bench, &(ActRequest){.path = "/docker/0123", .spec = &spec}), -EOPNOTSUPP);
        spec.verb = VERB_STOP;
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_string_equal(bench->fake.last_call, "StopUnit");
        spec.verb = VERB_START;
        strcpy(spec.unit, "hook.service");
        assert_int_equal(run(bench, &(ActRequest){.dirfd = -1, .spec = &spec}), 0);
        assert_string_equal(bench->fake.last_call, "StartUnit");
        assert_int_equal(bench->fake.n_calls, 3);
        bench->fake.plan = FAKE_FAILED;
        spec.verb = VERB_RESTART;
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -EREMOTEIO);
        assert_string_equal(bench->detail, "job result failed");
}

static void test_reclaim(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_RECLAIM, .amount = {.set = true, .value = 40 * MIB}};

        /* In steps: the last of 16 + 16 + 8 MiB. */
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_string_equal(get(bench->cgroup, "memory.reclaim"), "8388608");
        /* A share is of what is used: 100 MiB. */
        spec.amount = (Level){.set = true, .percent = true, .value = 500};
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_string_equal(get(bench->cgroup, "memory.reclaim"), "5242880");
        assert_int_equal(bench->freed, 0);
        assert_int_equal(unlinkat(bench->dirfd, "memory.reclaim", 0), 0);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -EOPNOTSUPP);
        assert_non_null(strstr(bench->detail, "5.19"));
}

static void test_throttle_without_cache_or_swap_is_refused(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_THROTTLE, .duration = USEC_PER_SEC};
        Sample sample = {.current = 100 * MIB, .working_set = 96 * MIB};
        ActRequest request = {
                .spec = &spec, .throttle_to = 96 * MIB, .operator_high = BYTES_INFINITY, .sample = &sample};

        assert_int_equal(run(bench, &request), -EOPNOTSUPP);
        assert_string_equal(bench->detail, "all of its memory is anonymous and the host has no swap, so throttling "
                                           "would only stop it");
        assert_string_equal(get(bench->cgroup, "memory.high"), "max\n");
        sample.swap_free = 1;
        assert_int_equal(run(bench, &request), 0);
        assert_string_equal(get(bench->cgroup, "memory.high"), "100663296");
        sample = (Sample){.current = 100 * MIB, .working_set = 90 * MIB};
        assert_int_equal(run(bench, &request), 0);
}

/* What exceeds the wall by more than a step is dropped first; the value is written afterwards, if it is still wanted.
 */
static void test_throttle_drops_cache_first(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_THROTTLE, .duration = 10 * USEC_PER_SEC};
        ActRequest request = {.spec = &spec, .throttle_to = 64 * MIB, .operator_high = BYTES_INFINITY};
        Marks marks;

        assert_int_equal(begin(bench, &act_real, &request), 0);
        assert_string_equal(get(bench->cgroup, "memory.high"), "max\n");
        run_until(bench, 1);
        assert_int_equal(bench->result, 0);
        assert_string_equal(get(bench->cgroup, "memory.high"), "67108864");
        assert_int_equal(marks_read(bench->dirfd, &marks), 0);
        assert_true(marks.high && marks.high_operator == BYTES_INFINITY);

        /* Moved by the engine meanwhile. */
        assert_int_equal(begin(bench, &act_real, &request), 0);
        assert_int_equal(marks_set_high(bench->dirfd, BYTES_INFINITY, BYTES_INFINITY), 0);
        run_until(bench, 2);
        assert_int_equal(bench->result, -ECANCELED);
        assert_string_equal(get(bench->cgroup, "memory.high"), "max");

        /* Given up without memory.high having moved. */
        assert_int_equal(begin(bench, &act_real, &request), 0);
        act_forget(PATH);
        run_until(bench, 3);
        assert_int_equal(bench->result, -ECANCELED);

        /* Far more is left than the write could drop in no time. */
        put(bench->cgroup, "memory.current", "1073741824\n");
        assert_int_equal(run(bench, &request), -ETIMEDOUT);
        assert_string_equal(get(bench->cgroup, "memory.high"), "max");
        put(bench->cgroup, "memory.current", "104857600\n");

        /* A restart takes back a wall that is not up yet. */
        assert_int_equal(begin(bench, &act_real, &request), 0);
        spec.verb = VERB_RESTART;
        assert_int_equal(begin(bench, &act_real, &request), 0);
        run_until(bench, 6);
        assert_string_equal(get(bench->cgroup, "memory.high"), "max");
}

static void test_freeze(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_FREEZE, .duration = USEC_PER_SEC};
        Marks marks;

        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_string_equal(get(bench->cgroup, "cgroup.freeze"), "1");
        assert_int_equal(marks_read(bench->dirfd, &marks), 0);
        assert_true(marks.freeze);
}

typedef struct Watcher {
        char proc[200], root[240], fifo[300];
        int reader;
} Watcher;

/* A process of the service that watches a FIFO in a root of its own. */
static void add_watcher(Bench *bench, Watcher *watcher, const char *watch) {
        pid_t pid = add_child(bench, PATH, "1 1");
        char text[64], path[300];
        FILE *file;

        (void) snprintf(text, sizeof(text), "%d\n", pid);
        put(bench->cgroup, "cgroup.procs", text);
        (void) snprintf(watcher->proc, sizeof(watcher->proc), "%s/proc/%d", bench->root, pid);
        (void) snprintf(watcher->root, sizeof(watcher->root), "%s/root", watcher->proc);
        make_dirs(watcher->root);
        (void) snprintf(watcher->fifo, sizeof(watcher->fifo), "%s/fifo", watcher->root);
        assert_int_equal(mkfifo(watcher->fifo, 0600), 0);
        watcher->reader = open(watcher->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        assert_true(watcher->reader >= 0);
        (void) snprintf(path, sizeof(path), "%s/environ", watcher->proc);
        file = fopen(path, "we");
        assert_non_null(file);
        (void) fprintf(file, "HOME=/%cMEMORY_PRESSURE_WATCH=%s%cPATH=/bin", 0, watch, 0);
        (void) fclose(file);
}

static bool was_told(const Watcher *watcher) {
        char byte[8];

        return read(watcher->reader, byte, sizeof(byte)) == 1;
}

static void test_pressure_pokes_the_fifo(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_PRESSURE};
        Watcher watcher;

        add_watcher(bench, &watcher, "/fifo");
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_true(was_told(&watcher));
        /* Full, so told already; and nobody there any more. */
        while (true) {
                int writer = open(watcher.fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
                ssize_t n = write(writer, (char[4096]){0}, 4096);

                (void) close(writer);
                if (n < 0)
                        break;
        }
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        (void) close(watcher.reader);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -ENXIO);
        assert_non_null(strstr(bench->detail, "nobody reads"));
}

static void test_pressure_trusts_no_path(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_PRESSURE};
        char link[300], outside[300];
        Watcher watcher;

        /* A link out of the process's root, to a FIFO that somebody reads. */
        add_watcher(bench, &watcher, "/link/fifo2");
        (void) snprintf(outside, sizeof(outside), "%s/fifo2", bench->dir);
        assert_int_equal(rename(watcher.fifo, outside), 0);
        (void) snprintf(link, sizeof(link), "%s/link", watcher.root);
        assert_int_equal(symlink("../../../..", link), 0);
        assert_true(run(bench, &(ActRequest){.spec = &spec}) < 0);
        assert_false(was_told(&watcher));
        (void) close(watcher.reader);
}

static void test_pressure_says_what_it_cannot_do(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_PRESSURE};
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        Watcher watcher;
        int fd;

        add_watcher(bench, &watcher, "/fifo");
        if (geteuid() == 0) { /* Only root can give files away. */
                assert_int_equal(chown(watcher.fifo, 4242, 4242), 0);
                assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -EPERM);
                assert_false(was_told(&watcher));
        }
        assert_int_equal(unlink(watcher.fifo), 0);
        put(watcher.root, "fifo", "");
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -EOPNOTSUPP);
        assert_non_null(strstr(bench->detail, "pressure file of the kernel"));
        assert_int_equal(unlink(watcher.fifo), 0);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", watcher.fifo);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -EOPNOTSUPP);
        assert_non_null(strstr(bench->detail, "socket"));
        (void) close(fd);
        put(watcher.proc, "environ", "HOME=/");
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -EOPNOTSUPP);
        (void) close(watcher.reader);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(test_dry_run_touches_nothing),
                T(test_protected_units_are_refused),
                T(test_gone_cgroup_is_refused),
                T(test_kill),
                T(test_signal_all_reaches_sub_cgroups),
                T(test_pid1_and_ourselves_are_never_signalled),
                T(test_signal_largest),
                T(test_signal_main_goes_through_the_manager),
                T(test_jobs),
                T(test_reclaim),
                T(test_throttle_without_cache_or_swap_is_refused),
                T(test_throttle_drops_cache_first),
                T(test_freeze),
                T(test_pressure_pokes_the_fifo),
                T(test_pressure_trusts_no_path),
                T(test_pressure_says_what_it_cannot_do),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
