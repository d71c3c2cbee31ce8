/* Verbs act on the cgroup they were asked about and on nothing else; the dry run does nothing at all. */
#undef NDEBUG
#include "act-bench.h"

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
                        assert_int_equal(bench->result, DONE_PLAYED);
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

/* Told apart by what /proc says; the children themselves expect nothing, so that what is sent ends them. */
static void test_who_does_not_expect_a_signal_is_spared(void **state) {
        const uint64_t usr1 = 1ull << (SIGUSR1 - 1);
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_SIGNAL, .signo = SIGUSR1, .target = TARGET_ALL};
        pid_t bare = add_child(bench, PATH, "50 50 1"), blocks = add_child(bench, PATH, "1 1"),
              catches = add_child(bench, PATH, "1 1"), silent = add_child(bench, "/other", "1 1");
        char text[256];

        put_masks(bench, bare, ~usr1, 0, ~usr1);
        put_masks(bench, blocks, usr1, 0, 0);
        put_masks(bench, catches, 0, 0, usr1);
        (void) snprintf(text, sizeof(text), "%d\n%d\n%d\n", bare, blocks, catches);
        put(bench->cgroup, "cgroup.procs", text);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_string_equal(bench->detail, "sent to 2 processes; 1 spared, which SIGUSR1 would end for want of a handler");
        assert_int_equal(ended_by(blocks), SIGUSR1);
        assert_int_equal(ended_by(catches), SIGUSR1);
        spec.target = TARGET_LARGEST;
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -EOPNOTSUPP);
        assert_non_null(strstr(bench->detail, "has no handler for SIGUSR1, which would end it: it was not sent"));
        /* Nobody at all; and one of whom nothing is known. */
        (void) snprintf(text, sizeof(text), "%d\n", bare);
        put(bench->cgroup, "cgroup.procs", text);
        spec.target = TARGET_ALL;
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -EOPNOTSUPP);
        (void) snprintf(text, sizeof(text), "%s/proc/%d", bench->root, bare);
        put(text, "status", "Name:\tx\nSigCgt:\tall of them\n");
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -ENODATA);
        assert_int_equal(ended_by(bare), 0);
        assert_int_equal(ended_by(silent), 0);
        /* What is sent to end somebody does. */
        spec.signo = SIGTERM;
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_int_equal(ended_by(bare), SIGTERM);
}

static void test_signal_main_asks_the_manager_for_it(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_SIGNAL, .signo = SIGUSR1, .target = TARGET_MAIN};
        pid_t pid = add_child(bench, PATH, "1 1"), other = add_child(bench, "/system.slice/api.service2", "1 1");

        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -ESRCH);
        assert_string_equal(bench->detail, "it has no main process");
        bench->fake.units[0].main.pid = (uint32_t) other;
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -ESRCH);
        bench->fake.units[0].main.pid = (uint32_t) pid;
        put_masks(bench, pid, 0, 0, 0);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -EOPNOTSUPP);
        assert_int_equal(ended_by(pid), 0);
        put_masks(bench, pid, 0, 1ull << (SIGUSR1 - 1), 0);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), 0);
        assert_int_equal(ended_by(pid), SIGUSR1);
        assert_int_equal(ended_by(other), 0);
        assert_int_equal(run(bench, &(ActRequest){.path = "/kubepods.slice/pod1/c1", .spec = &spec}), -EOPNOTSUPP);
        assert_int_equal(bench->fake.n_calls, 0);
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
                T(test_who_does_not_expect_a_signal_is_spared),
                T(test_signal_main_asks_the_manager_for_it),
                T(test_jobs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
