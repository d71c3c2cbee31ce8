/* memguardctl doctor finds a host's and a unit's faults without a daemon, and shows nothing hostile to a terminal */
#include "fake-daemon.h"
#include "host-bench.h"

#define DOWN "daemon-down"

/* The ids that were found, of units or of the host, in one string: " restart oom-score". */
static const char *found(const Bench *bench, const char *subject) {
        static char ids[1024];
        json_t *all = host_json(bench), *finding;
        size_t i;

        ids[0] = 0;
        json_array_foreach(json_object_get(all, "findings"), i, finding) {
                size_t n = strlen(ids);

                if (util_streq(json_string_value(json_object_get(finding, "subject")), subject))
                        (void) snprintf(ids + n, sizeof(ids) - n, " %s",
                                        json_string_value(json_object_get(finding, "id")));
        }
        json_decref(all);
        return ids;
}

static void test_sound(void **state) {
        Bench *bench = *state;

        CTL(bench, "doctor", "--json", "sound");
        assert_string_equal(bench->run.err, "");
        assert_int_equal(bench->run.status, 1); /* the daemon is not there */
        assert_string_equal(found(bench, "unit"), "");
        assert_string_equal(found(bench, "host"), " " DOWN " swap-none");
        CTL(bench, "doctor", SOUND);
        assert_non_null(strstr(bench->run.out,
                               "bad   daemon-down: memguardd is not running, so nothing guards this host.\n"
                               "          systemctl enable --now memguardd.service\n"));
        assert_non_null(strstr(bench->run.out, "\nFound: 1 bad, 0 to be warned of, 1 worth a note.\n"));
        assert_int_equal(bench->run.status, 1);
}

static void test_bad(void **state) {
        Bench *bench = *state;

        CTL(bench, "doctor", "bad.service", "--json");
        assert_int_equal(bench->run.status, 1);
        assert_string_equal(found(bench, "unit"),
                            " no-limit high-no-swap high-below-peak restart oomd-manages oom-score no-policy"
                            " limit-as oom-policy log-hidden");
        CTL(bench, "doctor", "bad.service");
        assert_null(strchr(bench->run.out, '\033'));
        assert_non_null(strstr(bench->run.out, "go to \"null\\x1b[2J\""));
        assert_non_null(strstr(bench->run.out, "MemoryHigh=100M of bad.slice"));
        assert_non_null(
                strstr(bench->run.out,
                       "          systemctl edit bad.slice\n          [Slice]\n          MemoryHigh=infinity\n"));
        assert_non_null(strstr(bench->run.out, "has 3 processes of like size (gunicorn)"));
}

static void test_host(void **state) {
        Bench *bench = *state;

        temproot_write(&bench->root, "proc/sys/vm/overcommit_memory", "2\n");
        temproot_write(&bench->root, "proc/sys/vm/panic_on_oom", "1\n");
        temproot_write(&bench->root, "proc/sys/vm/oom_kill_allocating_task", "1\n");
        temproot_write(&bench->root, "proc/sys/kernel/osrelease", "5.10.0\n");
        temproot_write(&bench->root, "sys/fs/cgroup/cgroup.controllers", "cpu pids\n");
        temproot_write(&bench->root, "etc/memguard/policy.d/60-wrong.conf", "nonsense\n");
        temproot_write(&bench->root, "etc/systemd/journald.conf.d/50-a.conf",
                       "[Journal]\nStorage=volatile\nRateLimitBurst=5\n");
        assert_int_equal(remove(temproot_path(&bench->root, "proc/pressure/memory")), 0);
        CTL(bench, "doctor", "--json");
        assert_string_equal(found(bench, "unit"), "");
        assert_string_equal(found(bench, "host"),
                            " " DOWN " policy-mistakes memory-controller psi-off kernel-old panic-on-oom"
                            " oom-kill-allocating overcommit-strict journal-volatile journal-rate swap-none");
}

/* A drop-in of the same name in a stronger directory replaces the weaker one; all of them come after the main file. */
static void test_journald(void **state) {
        Bench *bench = *state;

        temproot_mkdir(&bench->root, "usr/lib/systemd/journald.conf.d");
        temproot_write(&bench->root, "usr/lib/systemd/journald.conf.d/50-a.conf",
                       "[Journal]\nStorage=none\nRateLimitBurst=1\n");
        temproot_write(&bench->root, "usr/lib/systemd/journald.conf.d/10-b.conf", "[Journal]\nStorage=volatile\n");
        CTL(bench, "doctor", "--json");
        assert_non_null(strstr(found(bench, "host"), "journal-volatile"));
        temproot_write(&bench->root, "etc/systemd/journald.conf.d/50-a.conf", "[Journal]\nStorage=auto\n");
        CTL(bench, "doctor", "--json");
        assert_non_null(strstr(found(bench, "host"), "journal-volatile"));
        assert_null(strstr(found(bench, "host"), "journal-rate"));
        temproot_mkdir(&bench->root, "var/log/journal");
        CTL(bench, "doctor", "--json");
        assert_null(strstr(found(bench, "host"), "journal"));
}

static void test_hostile(void **state) {
        static const char *const names[] = {"",
                                            "a b.service",
                                            "a\033[2J.service",
                                            "../x.service",
                                            "web@.service",
                                            "/system.slice/../a.service",
                                            "'; reboot #.service",
                                            "x.nonsense"};
        Bench *bench = *state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                CTL(bench, "doctor", names[i]);
                assert_true(bench->run.status == 2 || (bench->run.status == 1 && util_streq(bench->run.out, "")));
                assert_null(strchr(bench->run.err, '\033'));
                assert_string_equal(bench->run.out, "");
        }
        CTL(bench, "doctor", "none.service");
        assert_int_equal(bench->run.status, 1);
        assert_non_null(strstr(bench->run.err, "systemd knows no unit none.service (it is \"not-found\")."));
        CTL(bench, "doctor", "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service");
        assert_int_equal(bench->run.status, 1);
        assert_non_null(strstr(bench->run.err, "user 1000's own manager"));
        CTL(bench, "doctor", "odd.service", "--json");
        assert_string_equal(found(bench, "unit"), " no-policy");
}

static void test_with_a_daemon(void **state) {
        Bench *bench = *state;
        pid_t daemon = fake_start(host_socket(bench), 0, false);

        CTL(bench, "doctor", "sound", "--json");
        assert_string_equal(bench->run.err, "");
        assert_int_equal(bench->run.status, 0);
        assert_string_equal(found(bench, "unit"), "");
        assert_string_equal(found(bench, "host"), " daemon-kernel-log daemon-journal swap-none");
        CTL(bench, "pause");
        CTL(bench, "doctor", "--json");
        assert_string_equal(found(bench, "host"), " daemon-paused daemon-kernel-log daemon-journal swap-none");
        fake_stop(daemon, SIGTERM);
}

static void test_without_systemd(void **state) {
        Bench *bench = *state;

        assert_int_equal(unlink(temproot_path(&bench->root, "run/systemd/private")), 0);
        CTL(bench, "doctor", "--json");
        assert_non_null(strstr(bench->run.err, "systemd can't be asked"));
        assert_string_equal(found(bench, "host"), " " DOWN " swap-none");
        CTL(bench, "doctor", "sound");
        assert_int_equal(bench->run.status, 1);
        assert_string_equal(bench->run.out, "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_sound, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_bad, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_host, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_journald, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_hostile, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_with_a_daemon, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_without_systemd, host_up, host_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
