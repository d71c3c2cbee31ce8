/* What memory verbs write is right, and no wall is put up that nobody wants any more. */
#undef NDEBUG
#include "act-bench.h"

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
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -ENXIO);
        assert_false(was_told(&watcher));
        (void) close(watcher.reader);
}

static void test_pressure_says_what_it_cannot_do(void **state) {
        Bench *bench = *state;
        ActionSpec spec = {.verb = VERB_PRESSURE};
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        char environ_path[300];
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
        assert_non_null(strstr(bench->detail, "does not watch"));
        /* Not to be able to look is not to have seen that it does not watch. */
        (void) snprintf(environ_path, sizeof(environ_path), "%s/environ", watcher.proc);
        assert_int_equal(unlink(environ_path), 0);
        assert_int_equal(symlink("/nowhere", environ_path), 0);
        assert_int_equal(run(bench, &(ActRequest){.spec = &spec}), -ELOOP);
        assert_non_null(strstr(bench->detail, "could not be read"));
        (void) close(watcher.reader);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
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
