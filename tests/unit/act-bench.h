/* A host in a folder for tests of verbs: one service's cgroup and its /proc, and a service manager (fake-pid1.h). */
#pragma once

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

static inline void put(const char *dir, const char *name, const char *text) {
        char path[400];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
        file = fopen(path, "we");
        assert_non_null(file);
        (void) fputs(text, file);
        assert_int_equal(fclose(file), 0);
}

static inline const char *get(const char *dir, const char *name) {
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

static inline void make_cgroup(Bench *bench, const char *path, char *ret) {
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
        bench->context = (ActContext){&bench->kernfs, bench->systemd, bench->worker, NULL};
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
static inline pid_t add_child(Bench *bench, const char *cgroup, const char *statm) {
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

/* What /proc says a child does with signals. */
static inline void put_masks(const Bench *bench, pid_t pid, uint64_t blocked, uint64_t ignored, uint64_t caught) {
        char path[200], text[200];

        (void) snprintf(path, sizeof(path), "%s/proc/%d", bench->root, pid);
        (void) snprintf(text, sizeof(text), "Name:\tx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
                        (unsigned long long) blocked, (unsigned long long) ignored, (unsigned long long) caught);
        put(path, "status", text);
}

/* The signal that ended a child, or 0 for one that lives. */
static inline int ended_by(pid_t pid) {
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

static inline int begin(Bench *bench, const ActTable *table, const ActRequest *request) {
        ActRequest full = *request;

        if (!full.path)
                full.path = PATH;
        if (full.dirfd == 0)
                full.dirfd = bench->dirfd;
        return act(table, &bench->context, &full, on_answer, bench);
}

/* One verb to its answer. */
static inline int run(Bench *bench, const ActRequest *request) {
        unsigned before = bench->n_answers;

        assert_int_equal(begin(bench, &act_real, request), 0);
        run_until(bench, before + 1);
        return bench->result;
}
