/* The verb pressure asks through the Python module where the unit has it, and knows what was freed; else by the old way */
#undef NDEBUG
#include "act-bench.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "module.h"

static bool unit_of(void *userdata, const char *cgroup, char ret_path[static CGROUP_PATH_MAX]) {
        (void) userdata;
        (void) snprintf(ret_path, CGROUP_PATH_MAX, "%s", PATH);
        return util_streq(cgroup, PATH);
}

static void saw(void *userdata, const char *path, const Witness *witness) {
        (void) userdata, (void) path, (void) witness;
}

static void add_self(const Bench *bench) {
        char path[200];

        (void) snprintf(path, sizeof(path), "%s/proc/%d", bench->root, getpid());
        make_dirs(path);
        put(path, "cgroup", "0::" PATH "\n");
        put(path, "stat", "1 (python3) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 555 0 0\n");
}

static int dial(const char *path) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        memcpy(address.sun_path, path, strlen(path) + 1);
        assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static void say(Bench *bench, int fd, const char *text) {
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
        while (sd_event_run(bench->event, 20000) > 0)
                ;
}

static void test_pressure(void **state) {
        Bench *bench = *state;
        const ModuleHandlers handlers = {.witness = {NULL, saw}, .unit_of = unit_of};
        const ActionSpec spec = {.verb = VERB_PRESSURE};
        const Sample sample = {.current = 100 * MIB};
        const ActRequest request = {.spec = &spec, .sample = &sample, .path = PATH, .dirfd = bench->dirfd};
        char path[200];
        int fd;

        add_self(bench);
        (void) snprintf(path, sizeof(path), "%s/module", bench->dir);
        assert_int_equal(module_new(&bench->context.module, bench->event, &bench->kernfs, path, &handlers), 0);
        /* Nobody speaks for it, and it has no process that watches. */
        assert_int_equal(run(bench, &request), -EOPNOTSUPP);
        fd = dial(path);
        say(bench, fd, "hello\nprotocol=1");
        assert_int_equal(begin(bench, &act_real, &request), 0);
        say(bench, fd, "done\nid=1\nfreed=5000000\ntext=cache 4.8M");
        assert_int_equal(bench->n_answers, 2);
        assert_int_equal(bench->result, 0);
        assert_int_equal(bench->freed, 5000000);
        assert_string_equal(bench->detail, "by the word of 1 of 1 Python process: cache 4.8M");
        assert_int_equal(begin(bench, &act_real, &request), 0);
        say(bench, fd, "done\nid=2\nfreed=5000000000000");
        assert_int_equal(bench->freed, sample.current);
        (void) close(fd);
        module_free(bench->context.module);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_pressure, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
