/* memguard-journal reads a journal: nothing is lost or doubled, floods are muted, and read back when asked. */
#undef NDEBUG
#include "fake-journal.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-id128.h>
#include <time.h>
#include <unistd.h>

#define MS USEC_PER_MSEC
#define S USEC_PER_SEC

/* Writes journal files with any field in them; `apt-get install systemd-journal-remote`, or its program unpacked somewhere. */
static const char *writer_program(void) {
        const char *program = getenv("MEMGUARD_JOURNAL_REMOTE");

        return program ? program : "/lib/systemd/systemd-journal-remote";
}

typedef struct Bench {
        sd_event *event;
        Textwatch *watch;
        Saw saw;
        char dir[64], journal[80], file[100], socket[100], boot[33];
        pid_t writer, helper;
        FILE *entries; /* to the writer */
} Bench;

static usec_t now_of(clockid_t clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts);
        return (usec_t) ts.tv_sec * S + (usec_t) ts.tv_nsec / 1000;
}

static void start_writer(Bench *bench) {
        char output[120];
        int pipes[2];

        (void) snprintf(output, sizeof(output), "--output=%s", bench->file);
        assert_int_equal(pipe(pipes), 0);
        bench->writer = fork();
        if (bench->writer == 0) {
                (void) dup2(pipes[0], STDIN_FILENO);
                (void) close(pipes[0]);
                (void) close(pipes[1]);
                (void) dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
                (void) execl(writer_program(), writer_program(), "--split-mode=none", output, "-", NULL);
                _exit(127);
        }
        (void) close(pipes[0]);
        bench->entries = fdopen(pipes[1], "w");
        assert_non_null(bench->entries);
}

/* Started at its first connection, as systemd would do it; here it waits for it. */
static void start_helper(Bench *bench) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
        char pid[16];

        (void) unlink(bench->socket);
        strcpy(address.sun_path, bench->socket);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(listen(fd, 4), 0);
        bench->helper = fork();
        if (bench->helper == 0) {
                if (fd != 3) {
                        (void) dup2(fd, 3);
                        (void) close(fd);
                }
                (void) snprintf(pid, sizeof(pid), "%d", (int) getpid());
                (void) setenv("LISTEN_PID", pid, 1);
                (void) setenv("LISTEN_FDS", "1", 1);
                (void) execl(MEMGUARD_JOURNAL, MEMGUARD_JOURNAL, "--directory", bench->journal, NULL);
                _exit(127);
        }
        (void) close(fd);
}

static void stop(pid_t *pid, int sig) {
        if (*pid <= 0)
                return;
        (void) kill(*pid, sig);
        (void) waitpid(*pid, NULL, 0);
        *pid = 0;
}

static int set_up(void **state) {
        static Bench bench;
        sd_id128_t boot;

        bench = (Bench){};
        strcpy(bench.dir, "/tmp/test-journal.XXXXXX");
        assert_non_null(mkdtemp(bench.dir));
        (void) snprintf(bench.journal, sizeof(bench.journal), "%s/journal", bench.dir);
        (void) snprintf(bench.file, sizeof(bench.file), "%s/test.journal", bench.journal);
        (void) snprintf(bench.socket, sizeof(bench.socket), "%s/socket", bench.dir);
        assert_int_equal(mkdir(bench.journal, 0700), 0);
        assert_true(sd_id128_get_boot(&boot) >= 0);
        (void) sd_id128_to_string(boot, bench.boot);
        assert_true(sd_event_new(&bench.event) >= 0);
        start_writer(&bench);
        start_helper(&bench);
        *state = &bench;
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
        (void) st;
        (void) type;
        (void) walk;
        return remove(path);
}

static int tear_down(void **state) {
        Bench *bench = *state;

        if (!bench)
                return 0;
        textwatch_free(bench->watch);
        sd_event_unref(bench->event);
        stop(&bench->helper, SIGTERM);
        (void) fclose(bench->entries);
        stop(&bench->writer, SIGTERM);
        (void) nftw(bench->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        return 0;
}

/* An entry of `ago` before now; fields end in newlines. */
static void write_entry(Bench *bench, usec_t ago, const char *fields) {
        fprintf(bench->entries, "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n_BOOT_ID=%s\n%s\n",
                (unsigned long long) (now_of(CLOCK_REALTIME) - ago), (unsigned long long) (now_of(CLOCK_MONOTONIC) - ago),
                bench->boot, fields);
}

static void flush(Bench *bench) {
        assert_int_equal(fflush(bench->entries), 0);
}

static void write_line(Bench *bench, usec_t ago, const char *unit, int pid, const char *line) {
        char fields[1000];

        (void) snprintf(fields, sizeof(fields),
                        "_SYSTEMD_UNIT=%s\n_SYSTEMD_CGROUP=/system.slice/%s\n_PID=%d\n_COMM=python3\n_TRANSPORT=stdout\nMESSAGE=%s\n",
                        unit, unit, pid, line);
        write_entry(bench, ago, fields);
}

static void write_traceback(Bench *bench, usec_t ago, const char *unit, int pid) {
        write_line(bench, ago, unit, pid, "Traceback (most recent call last):");
        write_line(bench, ago, unit, pid, "  File \"/srv/app.py\", line 4, in alloc");
        write_line(bench, ago, unit, pid, "    return bytearray(n)");
        write_line(bench, ago, unit, pid, "           ^^^^^^^^^^^^");
        write_line(bench, ago, unit, pid, "MemoryError");
        flush(bench);
}

static void start_watch(Bench *bench, const char *cursor) {
        const WitnessHandlers handlers = {&bench->saw, saw_witness};

        assert_int_equal(textwatch_new(&bench->watch, bench->event, bench->socket, cursor, &handlers), 0);
}

static void follow(Bench *bench, const char *unit) {
        assert_int_equal(textwatch_follow(bench->watch, unit), 0);
}

static void wait_ready(Bench *bench) {
        for (unsigned i = 0; i < 200 && !textwatch_is_connected(bench->watch); i++)
                (void) run_until(bench->event, &bench->saw, UINT32_MAX, 20 * MS);
        assert_true(textwatch_is_connected(bench->watch));
}

static void see(Bench *bench, unsigned n) {
        assert_true(run_until(bench->event, &bench->saw, n, 10 * S));
        (void) run_until(bench->event, &bench->saw, n + 1, 700 * MS);
        assert_int_equal(bench->saw.n, n);
}

static void test_tracebacks(void **state) {
        Bench *bench = *state;

        write_traceback(bench, 10 * S, "api.service", 100); /* long before anybody asks */
        write_traceback(bench, 100 * MS, "api.service", 101);
        start_watch(bench, "");
        follow(bench, "api.service");
        wait_ready(bench);
        see(bench, 1);
        assert_int_equal(saw_last(&bench->saw)->fact, FACT_MEMORY_ERROR);
        assert_int_equal(saw_last(&bench->saw)->pid, 101);
        assert_string_equal(saw_last(&bench->saw)->comm, "python3");
        assert_string_equal(saw_last(&bench->saw)->site, "/srv/app.py:4 in alloc");
        assert_string_equal(bench->saw.all[0].path, "/system.slice/api.service");
        assert_true(saw_last(&bench->saw)->at <= now_of(CLOCK_BOOTTIME));
        assert_true(saw_last(&bench->saw)->at > now_of(CLOCK_BOOTTIME) - 20 * S);

        write_traceback(bench, 0, "api.service", 101);
        write_traceback(bench, 0, "web.service", 102); /* not followed */
        see(bench, 2);

        /* Followed a moment later: what it wrote meanwhile is read, and nothing of the other twice. */
        follow(bench, "web.service");
        see(bench, 3);
        assert_int_equal(saw_last(&bench->saw)->pid, 102);
        write_traceback(bench, 0, "web.service", 103);
        write_traceback(bench, 0, "api.service", 104);
        see(bench, 5);
}

static void test_cursor(void **state) {
        char cursor[300];
        Bench *bench = *state;

        start_watch(bench, "");
        follow(bench, "api.service");
        wait_ready(bench);
        write_traceback(bench, 0, "api.service", 100);
        see(bench, 1);
        (void) snprintf(cursor, sizeof(cursor), "%s", textwatch_cursor(bench->watch));
        assert_true(cursor[0]);

        /* The daemon starts anew; meanwhile there was another one, further back than a new unit's lines are looked for. */
        bench->watch = textwatch_free(bench->watch);
        write_traceback(bench, 0, "api.service", 101);
        (void) run_until(bench->event, &bench->saw, 2, 3 * S);
        (void) waitpid(bench->helper, NULL, 0);
        start_helper(bench);
        start_watch(bench, cursor);
        follow(bench, "api.service");
        wait_ready(bench);
        see(bench, 2);
        assert_int_equal(saw_last(&bench->saw)->pid, 101);
}

static void test_systemd(void **state) {
        Bench *bench = *state;

        start_watch(bench, "");
        follow(bench, "api.service");
        wait_ready(bench);
        write_entry(bench, 0,
                    "_PID=1\nUNIT=api.service\nMESSAGE_ID=fe6faa94e7774663a0da52717891d8ef\n"
                    "MESSAGE=api.service: A process of this unit has been killed by the OOM killer.\n");
        /* Anybody can write these. */
        write_entry(bench, 0,
                    "_PID=500\n_SYSTEMD_UNIT=evil.service\nUNIT=api.service\nMESSAGE_ID=fe6faa94e7774663a0da52717891d8ef\n"
                    "MESSAGE=api.service: A process of this unit has been killed by the OOM killer.\n");
        write_entry(bench, 0,
                    "_PID=500\n_TRANSPORT=journal\n_SYSTEMD_UNIT=evil.service\nOBJECT_SYSTEMD_UNIT=api.service\n"
                    "MESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e\nMESSAGE=Suppressed 5 messages from api.service\n");
        write_entry(bench, 0,
                    "_PID=1\nUNIT=other.service\nMESSAGE_ID=fe6faa94e7774663a0da52717891d8ef\n"
                    "MESSAGE=other.service: A process of this unit has been killed by the OOM killer.\n");
        flush(bench);
        see(bench, 1);
        assert_int_equal(saw_last(&bench->saw)->fact, FACT_OOM_SAID);
        assert_string_equal(saw_last(&bench->saw)->unit, "api.service");
        write_entry(bench, 0,
                    "_PID=80\n_TRANSPORT=driver\nMESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e\n"
                    "MESSAGE=Suppressed 5 messages from api.service\n");
        flush(bench);
        see(bench, 2);
        assert_int_equal(saw_last(&bench->saw)->fact, FACT_BLIND);
        write_line(bench, 0, "earlyoom.service", 7, "sending SIGTERM to process 244 uid 0 \"python3\": badness 999, VmRSS 3 MiB");
        flush(bench);
        see(bench, 3);
        assert_int_equal(saw_last(&bench->saw)->fact, FACT_USERSPACE);
        assert_int_equal(saw_last(&bench->saw)->pid, 244);
}

static void write_lines(Bench *bench, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                write_line(bench, 0, "api.service", 100, "GET / 200");
}

static void test_flood(void **state) {
        Bench *bench = *state;
        int pids[2];
        usec_t since;

        start_watch(bench, "");
        follow(bench, "api.service");
        follow(bench, "web.service");
        wait_ready(bench);
        write_lines(bench, 5000);
        since = now_of(CLOCK_BOOTTIME);
        write_traceback(bench, 0, "api.service", 101);
        write_lines(bench, 2000);
        write_traceback(bench, 0, "api.service", 100);
        see(bench, 1);
        assert_int_equal(saw_last(&bench->saw)->fact, FACT_BLIND);
        assert_string_equal(saw_last(&bench->saw)->unit, "api.service");
        /* The others are read on. */
        write_traceback(bench, 0, "web.service", 200);
        see(bench, 2);
        assert_int_equal(saw_last(&bench->saw)->pid, 200);
        /* And what a flood has buried is found when another witness says that there is something. */
        assert_int_equal(textwatch_read_back(bench->watch, "api.service", since), 0);
        see(bench, 4);
        /* Right behind that time, and at the end; in either order, as they are of two processes. */
        pids[0] = bench->saw.all[2].witness.pid;
        pids[1] = bench->saw.all[3].witness.pid;
        assert_true((pids[0] == 101 && pids[1] == 100) || (pids[0] == 100 && pids[1] == 101));
        assert_int_equal(saw_last(&bench->saw)->fact, FACT_MEMORY_ERROR);
        assert_int_equal(textwatch_read_back(bench->watch, "api.service", since), 0);
        see(bench, 4);
}

static void test_exception_fields(void **state) {
        Bench *bench = *state;

        start_watch(bench, "");
        follow(bench, "api.service");
        wait_ready(bench);
        write_entry(bench, 0,
                    "_SYSTEMD_UNIT=api.service\n_PID=100\n_TRANSPORT=journal\nMESSAGE=request failed\n"
                    "EXCEPTION_INFO=(<class 'MemoryError'>, MemoryError(), <traceback object at 0x7f>)\n");
        flush(bench);
        see(bench, 1);
        assert_int_equal(saw_last(&bench->saw)->fact, FACT_MEMORY_ERROR);
        assert_string_equal(saw_last(&bench->saw)->unit, "api.service"); /* no cgroup was known */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
        static const struct CMUnitTest tests[] = {
                TEST(test_tracebacks),
                TEST(test_cursor),
                TEST(test_systemd),
                TEST(test_flood),
                TEST(test_exception_fields),
        };

        if (access(writer_program(), X_OK) < 0) {
                printf("skipped: %s is not there\n", writer_program());
                return 77;
        }
        return cmocka_run_group_tests(tests, NULL, NULL);
}
