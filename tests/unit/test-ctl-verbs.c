/* Every verb of memguardctl talks with a daemon, for people and in JSON, and tells by its exit status how it went. */
#include "fake-daemon.h"
#include "run-ctl.h"

#include <jansson.h>
#include <sys/ioctl.h>

#define N_MORE 40

static char dir[64], path[80];
static pid_t daemon_pid;
static Run run;

#define CTL(...) RUN(&run, "--socket", path, __VA_ARGS__)

static json_t *parse(void) {
        json_t *value = json_loads(run.out, 0, NULL);

        assert_int_equal(run.status, 0);
        assert_non_null(value);
        return value;
}

static void assert_done(const char *words) {
        assert_string_equal(run.err, "");
        assert_int_equal(run.status, 0);
        assert_non_null(strstr(run.out, words));
        assert_null(strchr(run.out, '\033'));
}

static void test_status(void **state) {
        (void) state;
        CTL("status");
        assert_done("46 units watched");
        assert_non_null(strstr(run.out, "\n26 more units are listed by: memguardctl list\n"));
}

static void test_status_says_what_found_no_place(void **state) {
        (void) state;
        CTL("status");
        assert_null(strstr(run.out, "found no place"));
        CTL("pause", "more8");
        CTL("status");
        assert_done("1 report of memory incidents found no place");
        CTL("resume", "more8");
}

static void test_the_host(void **state) {
        json_t *all, *host;
        json_int_t available, swap;
        int guarded;

        (void) state;
        CTL("status");
        assert_done("Host: 2G of 8G available (25 %), 512M of 1G of swap free, pressure some 1.2 %, full 0.3 %. Guarded by 1 "
                    "rung: calm.\n");
        CTL("status", "--json");
        all = parse();
        host = json_object_get(all, "host");
        assert_int_equal(json_unpack(host, "{s:I, s:{s:I}, s:b, s:n}", "available", &available, "swap", "free", &swap,
                                     "guarded", &guarded, "rung"),
                         0);
        assert_int_equal(available, 2 * GIB);
        assert_int_equal(swap, 512 * MIB);
        assert_true(guarded);
        json_decref(all);

        CTL("policy", "--host");
        assert_done("[Host low]\nAvailable=15%          ; /etc/memguard/policy.d/fake.conf:18\n"
                    "PressureFull=100ms/1s  ; /etc/memguard/policy.d/fake.conf:19\n"
                    "Hold=0s                ; built-in\n"
                    "Action=relieve         ; /etc/memguard/policy.d/fake.conf:20\n"
                    "Settle=5s              ; built-in\n");
        CTL("policy");
        assert_int_equal(run.status, 2);
        assert_non_null(strstr(run.err, "memguardctl policy --host"));
}

static void test_status_of_a_unit(void **state) {
        (void) state;
        CTL("status", "api");
        assert_done("api.service: calm\n");
        assert_non_null(strstr(run.out, "60M working set (in all 70M: anon 60M, file 10M)"));
        assert_non_null(strstr(run.out, "150M, of /system.slice/api.service"));
        assert_non_null(strstr(run.out, "[####################-----------------|-------|----] 40.0 %"));
        assert_non_null(strstr(run.out, "0 of 3 restarts spent in 1 h"));
}

static void test_status_json(void **state) {
        json_t *all, *unit;
        const char *name;
        json_int_t current, working_set, anon, file, limit, high;
        const char *source, *mode, *policy;

        (void) state;
        CTL("status", "--json");
        all = parse();
        assert_int_equal(json_array_size(json_object_get(all, "units")), N_MORE + 6);
        assert_string_equal(json_string_value(json_object_get(json_object_get(all, "daemon"), "version")),
                            MEMGUARD_VERSION);
        json_decref(all);

        CTL("--json", "status", "api");
        all = parse();
        unit = json_array_get(json_object_get(all, "units"), 0);
        assert_int_equal(
                json_unpack(unit, "{s:s, s:s, s:s, s:n, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:s}, s:{s:I}, s:n, s:n}",
                            "unit", &name, "policy", &policy, "mode", &mode, "rung", "usage", "current", &current,
                            "working_set", &working_set, "anon", &anon, "file", &file, "limit", "bytes", &limit,
                            "source", &source, "events", "high", &high, "growth", "last_incident"),
                0);
        assert_string_equal(name, "api.service");
        assert_string_equal(mode, "act");
        assert_string_equal(source, "/system.slice/api.service");
        assert_int_equal(current, 70 * MIB);
        assert_int_equal(working_set, 60 * MIB);
        assert_int_equal(limit, 150 * MIB);
        assert_null(json_object_get(unit, "budget_count")); /* all of it is in its group */
        json_decref(all);
}

static void test_list(void **state) {
        json_t *all;

        (void) state;
        CTL("list");
        assert_done("\nmore39.service ");
        assert_non_null(strstr(run.out, "\ncaf\\xe9\\xc2\\x9b31m\\xe2\\x80\\xae.service "));
        assert_non_null(strstr(run.out, "\n/user.slice/user-1001.slice/user@1001.service/app.slice/same.service "));
        CTL("list", "--json");
        all = parse();
        assert_int_equal(json_array_size(all), N_MORE + 6);
        json_decref(all);
}

static void test_policy(void **state) {
        json_t *all;

        (void) state;
        CTL("policy", "api");
        assert_done("\n[Rung restart]\nUsage=90%                   ; /etc/memguard/policy.d/fake.conf:14 (135M)\n");
        CTL("policy", "api", "--json");
        all = parse();
        assert_int_equal(json_array_size(all), 22);
        json_decref(all);
}

static void test_units_worth_attention_come_first(void **state) {
        (void) state;
        CTL("drill", "more33", "brake");
        assert_done("Rung brake of more33 was asked for.");
        CTL("list");
        assert_non_null(strstr(run.out, "NOTES\nmore33.service "));
}

static void test_pause_and_resume(void **state) {
        (void) state;
        CTL("pause", "api");
        assert_done("Paused: no action is taken on api.");
        CTL("status", "api");
        assert_done("api.service: calm, paused\n");
        assert_non_null(strstr(run.out, "It is paused.\\x1b[2J\n")); /* the record of it */
        CTL("pause");
        assert_done("Paused: no action is taken on any unit.");
        CTL("status");
        assert_done("Everything is paused");
        CTL("resume", "api");
        assert_done("everything is paused still");
        CTL("resume", "--json");
        assert_done("{\"done\":true,");
        CTL("status", "api");
        assert_done("api.service: calm\n");
}

static void test_refusals(void **state) {
        (void) state;
        CTL("status", "nothing");
        assert_int_equal(run.status, 1);
        assert_string_equal(run.out, "");
        assert_non_null(strstr(run.err, "nothing.service is not watched"));
        CTL("policy", "same");
        assert_int_equal(run.status, 1);
        CTL("pause", "stubborn");
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "can't be paused today\\x1b[31m.\n"));
        CTL("drill", "api", "panic");
        assert_int_equal(run.status, 1);
        CTL("drill", "api");
        assert_int_equal(run.status, 2);
        CTL("status", "one", "two");
        assert_int_equal(run.status, 2);
        CTL("status", "\xff\033[31m");
        assert_int_equal(run.status, 1);
        assert_null(strchr(run.err, '\033'));
        assert_null(strchr(run.err, '\xff'));
}

static void test_no_daemon(void **state) {
        static const char *const verbs[] = {"status", "list", "watch", "reload", "pause"};
        char nowhere[128];

        (void) state;
        (void) snprintf(nowhere, sizeof(nowhere), "%s/nowhere", dir);
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                RUN(&run, "--socket", nowhere, verbs[i]);
                assert_int_equal(run.status, 3);
                assert_string_equal(
                        run.err, "memguardctl: memguardd is not running; start it with: systemctl start memguardd\n");
        }
}

/* Reads until a newline. */
static void read_line(int fd, char *buf, size_t size) {
        struct pollfd pollfd = {.fd = fd, .events = POLLIN};
        size_t used = 0;

        do {
                assert_true(used + 1 < size);
                assert_int_equal(poll(&pollfd, 1, 10000), 1);
                assert_int_equal(read(fd, buf + used, 1), 1);
        } while (buf[used++] != '\n');
        buf[used] = 0;
}

static pid_t start_watch(const char *option, int *ret_fd) {
        const char *const arguments[] = {"--socket", path, "watch", option, NULL};
        int fds[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        pid = run_spawn(arguments, fds[1], null);
        (void) close(fds[1]);
        (void) close(null);
        *ret_fd = fds[0];
        return pid;
}

static int end_of(pid_t pid) {
        int status;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_watch(void **state) {
        char line[4096];
        json_t *record;
        int fd;
        pid_t pid = start_watch("--json", &fd);

        (void) state;
        /* Until it is there, nobody tells it anything; so it is told until it is. */
        for (struct pollfd pollfd = {.fd = fd, .events = POLLIN}; poll(&pollfd, 1, 50) == 0;)
                CTL("resume", "more1");
        read_line(fd, line, sizeof(line));
        record = json_loads(line, 0, NULL);
        assert_non_null(record);
        assert_string_equal(json_string_value(json_object_get(record, "text")), "It goes on.");
        assert_string_equal(json_string_value(json_object_get(record, "unit")), "more1.service");
        json_decref(record);

        assert_int_equal(kill(pid, SIGINT), 0);
        assert_int_equal(end_of(pid), 0);
        (void) close(fd);
}

static void test_watch_ends_with_the_daemon(void **state) {
        char line[4096];
        int fd;
        pid_t pid = start_watch(NULL, &fd);

        (void) state;
        for (struct pollfd pollfd = {.fd = fd, .events = POLLIN}; poll(&pollfd, 1, 50) == 0;)
                CTL("pause", "more1");
        read_line(fd, line, sizeof(line));
        assert_non_null(strstr(line, " more1.service: It is paused.\\x1b[2J\n"));
        fake_stop(daemon_pid, SIGTERM);
        assert_int_equal(end_of(pid), 3);
        (void) close(fd);
        daemon_pid = fake_start(path, N_MORE, false);
}

static void test_daemon_that_ends_under_a_call(void **state) {
        char other[128];
        pid_t pid;

        (void) state;
        (void) snprintf(other, sizeof(other), "%s/other", dir);
        pid = fake_start(other, 0, /* stop_soon= */ true);
        RUN(&run, "--socket", other, "reload");
        assert_int_equal(run.status, 3);
        assert_int_equal(strncmp(run.err, "memguardctl: memguardd ", 23), 0);
        fake_stop(pid, 0);
}

/* What it prints on a terminal of 80 columns. */
static void run_on_terminal(const char *no_color) {
        const char *const arguments[] = {"--socket", path, "list", NULL};
        const struct winsize size = {.ws_row = 25, .ws_col = 80};
        int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
        size_t used = 0;
        ssize_t n;
        pid_t pid;

        assert_true(master >= 0);
        assert_int_equal(grantpt(master), 0);
        assert_int_equal(unlockpt(master), 0);
        slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
        assert_true(slave >= 0);
        assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
        assert_int_equal(setenv("TERM", "xterm", 1), 0);
        assert_int_equal(no_color ? setenv("NO_COLOR", no_color, 1) : unsetenv("NO_COLOR"), 0);
        pid = run_spawn(arguments, slave, slave);
        (void) close(slave);
        while ((n = read(master, run.out + used, sizeof(run.out) - 1 - used)) > 0)
                used += (size_t) n;
        run.out[used] = 0;
        (void) close(master);
        assert_int_equal(end_of(pid), 0);
}

static void test_terminal(void **state) {
        (void) state;
        run_on_terminal(NULL);
        assert_non_null(strstr(run.out, "\033[1mUNIT"));
        run_on_terminal("1");
        assert_null(strchr(run.out, '\033'));
        assert_non_null(strstr(run.out, "..."));
        for (const char *p = run.out; *p; p += strcspn(p, "\n") + 1)
                assert_true(strcspn(p, "\r\n") <= 80);
}

static void assert_file_has(const char *file, const char *before, const char *verb) {
        static char text[RUN_TEXT_MAX];
        char wanted[128];
        int fd = open(file, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        run_drain(fd, text);
        (void) snprintf(wanted, sizeof(wanted), "%s%s", before, verb);
        if (!strstr(text, wanted))
                fail_msg("%s says nothing of the verb %s", file, verb);
}

static void test_every_verb_is_documented(void **state) {
        unsigned n = 0;
        const char *p;

        (void) state;
        RUN(&run, "--help");
        assert_int_equal(run.status, 0);
        p = strstr(run.out, "Verbs:\n");
        assert_non_null(p);
        for (p += strlen("Verbs:\n"); strncmp(p, "  ", 2) == 0; p += strcspn(p, "\n") + 1, n++) {
                char verb[32];

                assert_int_equal(sscanf(p, " %31s", verb), 1);
                assert_file_has(TEST_DIR "/../tools/man/memguardctl.1", "\n.It Cm ", verb);
                assert_file_has(TEST_DIR "/../tools/completion/memguardctl.bash", " ", verb);
        }
        assert_true(n >= 9);
}

static int start(void **state) {
        (void) state;
        (void) snprintf(dir, sizeof(dir), "/tmp/test-ctl-verbs-XXXXXX");
        if (!mkdtemp(dir))
                return -1;
        (void) snprintf(path, sizeof(path), "%s/private", dir);
        daemon_pid = fake_start(path, N_MORE, false);
        return 0;
}

static int stop(void **state) {
        (void) state;
        fake_stop(daemon_pid, SIGTERM);
        return rmdir(dir);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_status),
                cmocka_unit_test(test_status_says_what_found_no_place),
                cmocka_unit_test(test_the_host),
                cmocka_unit_test(test_status_of_a_unit),
                cmocka_unit_test(test_status_json),
                cmocka_unit_test(test_list),
                cmocka_unit_test(test_policy),
                cmocka_unit_test(test_units_worth_attention_come_first),
                cmocka_unit_test(test_pause_and_resume),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_no_daemon),
                cmocka_unit_test(test_watch),
                cmocka_unit_test(test_watch_ends_with_the_daemon),
                cmocka_unit_test(test_daemon_that_ends_under_a_call),
                cmocka_unit_test(test_terminal),
                cmocka_unit_test(test_every_verb_is_documented),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
