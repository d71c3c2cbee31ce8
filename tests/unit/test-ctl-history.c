/* memguardctl history and explain read incidents back from a journal, without a daemon, and say plainly when they
 * can't. */
#include "fake-archive.h"
#include "run-ctl.h"

#include <ftw.h>
#include <jansson.h>
#include <sys/stat.h>
#include <time.h>

#include "ctl-time.h"

static Run run;
static char dir[64];

static uint64_t parsed(const char *text) {
        uint64_t usec = 0;

        assert_int_equal(ctl_time_parse(text, NOW, &usec), 0);
        return usec;
}

static void test_times(void **state) {
        static const char *const wrong[] = {"",
                                            "1h",
                                            "-",
                                            "--1h",
                                            "-1x",
                                            "tomorrow",
                                            "Today",
                                            "2026-11",
                                            "2026-11-21T10:00",
                                            "2026-11-21 ",
                                            "2026-11-21 10",
                                            "2026-11-21 1:00",
                                            " 2026-11-21",
                                            "2026-11-21 10:00:00.5",
                                            "+026-11-21",
                                            "10:00"};
        static const char *const none[] = {"2026-02-30",       "2026-13-01",       "2026-00-10",
                                           "2026-11-21 24:00", "2026-11-21 10:60", "0000-01-01"};
        uint64_t usec = 5;

        (void) state;
        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        tzset();
        assert_int_equal(parsed("-1h"), NOW - HOUR);
        assert_int_equal(parsed("-30min"), NOW - HOUR / 2);
        assert_int_equal(parsed("-1h 30min"), NOW - HOUR * 3 / 2);
        assert_int_equal(parsed("now"), NOW);
        assert_int_equal(parsed("today"), NOW - 13 * HOUR);
        assert_int_equal(parsed("yesterday"), NOW - 37 * HOUR);
        assert_int_equal(parsed("2026-11-21"), NOW - 13 * HOUR);
        assert_int_equal(parsed("2026-11-21 10:00"), NOW - 3 * HOUR);
        assert_int_equal(parsed("2026-11-21 10:00:30"), NOW - 3 * HOUR + 30 * USEC_PER_SEC);
        assert_int_equal(parsed("-1000000d"), 0);
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                if (ctl_time_parse(wrong[i], NOW, &usec) != -EINVAL)
                        fail_msg("\"%s\" was taken for a time", wrong[i]);
        for (size_t i = 0; i < ELEMENTSOF(none); i++)
                if (ctl_time_parse(none[i], NOW, &usec) != -ERANGE)
                        fail_msg("\"%s\" was taken for a time", none[i]);
        assert_int_equal(usec, 5);

        /* Days are those of the place; yesterday may have 23 hours. */
        assert_int_equal(setenv("TZ", "Europe/Berlin", 1), 0);
        tzset();
        if (timezone == -3600) /* the zone's file may be missing */
                assert_int_equal(parsed("2026-11-21 10:00"), NOW - 4 * HOUR);
        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        tzset();
}

static void test_usage(void **state) {
        (void) state;
        RUN(&run, "history", "surplus");
        assert_int_equal(run.status, 2);
        RUN(&run, "explain");
        assert_int_equal(run.status, 2);
        RUN(&run, "explain", "");
        assert_int_equal(run.status, 2);
        RUN(&run, "explain", "/system.slice/../x");
        assert_int_equal(run.status, 2);
        RUN(&run, "history", "--since=soon\033[2J");
        assert_int_equal(run.status, 2);
        assert_non_null(strstr(run.err, "is no time. Write "));
        assert_null(strchr(run.err, '\033'));
        RUN(&run, "history", "--verdict=oom");
        assert_int_equal(run.status, 2);
        assert_non_null(strstr(run.err, "kernel-oom-unit, kernel-oom-ancestor"));
        RUN(&run, "history", "--unit=");
        assert_int_equal(run.status, 2);
}

static void assert_refused(const char *sentence) {
        assert_int_equal(run.status, 1);
        assert_string_equal(run.out, "");
        if (!strstr(run.err, sentence))
                fail_msg("\"%s\" is not in: %s", sentence, run.err);
}

static void test_no_journal(void **state) {
        static const char *const verbs[] = {"history", "explain"};
        char other[96];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                const char *unit = i == 0 ? NULL : "api";

                (void) snprintf(other, sizeof(other), "--directory=%s/missing", dir);
                run_ctl(&run, (const char *const[]){verbs[i], other, unit, NULL});
                assert_refused("can't be read: No such file or directory.");
                (void) snprintf(other, sizeof(other), "--directory=%s", dir);
                run_ctl(&run, (const char *const[]){verbs[i], other, unit, NULL});
                assert_refused(" has no journal that can be read.");
        }
}

/* What can't be read is the same to a user as what does not exist, so ask as nobody. */
static void test_nobody(void **state) {
        char option[80];
        int status;
        pid_t pid;

        (void) state;
        if (geteuid() != 0)
                skip();
        assert_int_equal(chmod(dir, 0700), 0);
        (void) snprintf(option, sizeof(option), "--directory=%s", dir);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (setuid(65534) < 0)
                        _exit(98);
                run_ctl(&run, (const char *const[]){"history", option, NULL});
                /* The build may lie where nobody can start it. */
                _exit(run.status == 97 ? 0 : run.status == 1 && strstr(run.err, "can't be read: ") ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

#define API "MEMGUARD_UNIT=api.service", "MEMGUARD_CGROUP=/system.slice/api.service"
#define INCIDENT(id, verdict) "MEMGUARD_KIND=incident", "MEMGUARD_INCIDENT=" id, "MEMGUARD_VERDICT=" verdict

static void write_records(FILE *f) {
        PUT(f, NOW - 30 * HOUR, "memguardd.service", API, INCIDENT("aa-1", "memory-error"), "MESSAGE=the first.",
            "MEMGUARD_CAUSE=rlimit-as", "MEMGUARD_FATE=survived", "MEMGUARD_CONFIDENCE=certain", "MEMGUARD_PID=11");
        PUT(f, NOW - 20 * HOUR, "evil.service", API, INCIDENT("ee-1", "killed"), "MESSAGE=forged.");
        PUT(f, NOW - 19 * HOUR, "memguardd.service", API, "MEMGUARD_KIND=state", "MESSAGE=no incident.");
        PUT(f, NOW - 2 * HOUR - 61 * USEC_PER_SEC, "memguardd.service", API, "MEMGUARD_KIND=action",
            "MESSAGE=too early.");
        PUT(f, NOW - 2 * HOUR - 20 * USEC_PER_SEC, "memguardd.service", API, "MEMGUARD_KIND=rung", "MESSAGE=a rung.");
        PUT(f, NOW - 2 * HOUR - 19 * USEC_PER_SEC, "memguardd.service", API, "MEMGUARD_KIND=action",
            "MEMGUARD_ACTION=reclaim 10%", "MESSAGE=it was reclaimed.");
        PUT(f, NOW - 2 * HOUR - 18 * USEC_PER_SEC, "memguardd.service", "MEMGUARD_UNIT=db.service",
            "MEMGUARD_CGROUP=/system.slice/db.service", "MEMGUARD_KIND=action", "MESSAGE=of another.");
        PUT(f, NOW - 2 * HOUR + 3 * USEC_PER_SEC, "memguardd.service", API, INCIDENT("aa-2", "kernel-oom-unit"),
            "MESSAGE=the second.", "MEMGUARD_FATE=restarted", "MEMGUARD_CONFIDENCE=certain", "MEMGUARD_PID=22",
            "MEMGUARD_TIME_USEC=1795258800000000", "MEMGUARD_EVIDENCE=kernel 1795258800000000 Killed process 22");
        PUT(f, NOW - HOUR, "memguardd.service", "MEMGUARD_UNIT=db.service", "MEMGUARD_CGROUP=/system.slice/db.service",
            INCIDENT("aa-3", "killed"), "MESSAGE=the third.", "MEMGUARD_FATE=killed");
        PUT(f, NOW - HOUR / 2, "memguardd.service", API, "MEMGUARD_KIND=incident", "MESSAGE=without a verdict.");
}

static unsigned count(const char *text, const char *what) {
        unsigned n = 0;

        for (; (text = strstr(text, what)); text++)
                n++;
        return n;
}

static void test_history(void **state) {
        char option[96];

        (void) state;
        if (!make_journal(dir, "a.journal", write_records))
                skip();
        (void) snprintf(option, sizeof(option), "--directory=%s", dir);
        RUN(&run, "history", option);
        assert_int_equal(run.status, 0);
        assert_string_equal(run.err, "");
        assert_int_equal(count(run.out, "\n"), 4);
        assert_int_equal(strncmp(run.out, "TIME ", 5), 0);
        assert_true(strstr(run.out, "aa-1") < strstr(run.out, "aa-2"));
        assert_true(strstr(run.out, "aa-2") < strstr(run.out, "aa-3"));
        assert_null(strstr(run.out, "ee-1"));

        RUN(&run, "history", option, "--unit=api", "--since=2026-11-21 10:00");
        assert_int_equal(count(run.out, "\n"), 2);
        assert_non_null(strstr(run.out, "  aa-2"));
        RUN(&run, "history", option, "--unit=/system.slice/db.service");
        assert_int_equal(count(run.out, "\n"), 2);
        assert_non_null(strstr(run.out, "  aa-3"));
        RUN(&run, "history", option, "--verdict=memory-error");
        assert_int_equal(count(run.out, "\n"), 2);
        assert_non_null(strstr(run.out, "  aa-1"));
        RUN(&run, "history", option, "--verdict=exit-137");
        assert_int_equal(run.status, 0);
        assert_non_null(
                strstr(run.out, "The journal, which goes back to 2026-11-20 07:00:00.000, has no such incident.\n"));
}

static void test_history_json(void **state) {
        const char *line;
        char option[96];
        json_t *object;

        (void) state;
        if (!make_journal(dir, "a.journal", write_records))
                skip();
        (void) snprintf(option, sizeof(option), "--directory=%s", dir);
        RUN(&run, "history", option, "--json");
        assert_int_equal(run.status, 0);
        assert_int_equal(count(run.out, "\n"), 3);
        line = strchr(run.out, '\n') + 1;
        object = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
        assert_non_null(object);
        assert_string_equal(json_string_value(json_object_get(object, "id")), "aa-2");
        assert_int_equal(json_integer_value(json_object_get(object, "time")), NOW - 2 * HOUR);
        assert_int_equal(json_array_size(json_object_get(object, "evidence")), 1);
        assert_int_equal(json_array_size(json_object_get(object, "actions")), 1);
        json_decref(object);
        RUN(&run, "history", option, "--json", "--verdict=exit-137");
        assert_int_equal(run.status, 0);
        assert_string_equal(run.out, "");
}

static void test_explain(void **state) {
        char option[96];

        (void) state;
        if (!make_journal(dir, "a.journal", write_records))
                skip();
        (void) snprintf(option, sizeof(option), "--directory=%s", dir);
        RUN(&run, "explain", "api", option);
        assert_int_equal(run.status, 0);
        assert_int_equal(strncmp(run.out, "the second.\n", 12), 0);
        assert_non_null(strstr(run.out, "a rung.\n"));
        assert_non_null(strstr(run.out, "it was reclaimed.\n"));
        assert_null(strstr(run.out, "too early"));
        assert_null(strstr(run.out, "of another"));
        assert_non_null(strstr(run.out,
                               "\n1 further incident since 2026-11-20 07:00:00.000: memguardctl history --unit "
                               "api.service\n"));
        RUN(&run, "explain", "aa-1", option);
        assert_int_equal(strncmp(run.out, "the first.\n", 11), 0);
        assert_null(strstr(run.out, "further"));
        RUN(&run, "explain", "--json", "/system.slice/db.service", option);
        assert_int_equal(run.status, 0);
        assert_non_null(strstr(run.out, "\"id\": \"aa-3\""));
        RUN(&run, "explain", "ee-1", option);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "has no incident of ee-1."));
        RUN(&run, "explain", "web", option);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "The journal, which goes back to 2026-11-20 07:00:00.000, has no incident of "
                                        "web.service."));
}

#define NAMESAKE "/user.slice/user-1000.slice/user@1000.service/app.slice/"
#define THEIRS(name) "MEMGUARD_UNIT=" name, "MEMGUARD_CGROUP=" NAMESAKE name

/* More of a user's than are looked at come after the system's. */
static void write_namesakes(FILE *f) {
        PUT(f, NOW - 2 * HOUR, "memguardd.service", API, INCIDENT("aa-1", "killed"), "MESSAGE=the system's.");
        for (unsigned i = 0; i < 1100; i++)
                PUT(f, NOW - HOUR + i, "memguardd.service", THEIRS("api.service"), INCIDENT("cc-1", "kernel-oom-unit"),
                    "MESSAGE=a user's.");
        PUT(f, NOW - HOUR / 2, "memguardd.service", THEIRS("job.service"), INCIDENT("cc-2", "kernel-oom-unit"),
            "MESSAGE=a user's.");
}

static void test_units_of_users(void **state) {
        char option[96];

        (void) state;
        if (!make_journal(dir, "a.journal", write_namesakes))
                skip();
        (void) snprintf(option, sizeof(option), "--directory=%s", dir);
        RUN(&run, "explain", "api", option);
        assert_int_equal(run.status, 0);
        assert_int_equal(strncmp(run.out, "the system's.\n", 14), 0);
        assert_null(strstr(run.out, "user 1000"));
        assert_null(strstr(run.out, "further"));
        /* By their path, by the incident's name, or where nothing else is called so: and it is said whose they are. */
        for (unsigned i = 0; i < 3; i++) {
                static const char *const whats[] = {NAMESAKE "api.service", "cc-2", "job"};

                RUN(&run, "explain", whats[i], option);
                assert_int_equal(run.status, 0);
                assert_int_equal(strncmp(run.out, "a user's.\n", 10), 0);
                assert_non_null(strstr(run.out, "the manager of user 1000"));
        }
        RUN(&run, "explain", NAMESAKE "api.service", option);
        assert_non_null(strstr(run.out, "memguardctl history --unit " NAMESAKE "api.service\n"));
        RUN(&run, "history", option, "--unit=job");
        assert_non_null(strstr(run.out, "  user 1000: job.service  "));
        RUN(&run, "history", option, "--verdict=killed");
        assert_non_null(strstr(run.out, "  api.service  "));
}

static int set_up(void **state) {
        (void) state;
        (void) snprintf(dir, sizeof(dir), "/tmp/test-ctl-history-XXXXXX");
        return setenv("TZ", "UTC", 1) == 0 && mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

static int tear_down(void **state) {
        (void) state;
        return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_times),
                cmocka_unit_test(test_usage),
                cmocka_unit_test_setup_teardown(test_no_journal, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_nobody, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_history, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_history_json, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_explain, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_units_of_users, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
