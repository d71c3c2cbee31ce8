/* Jobs of a service manager end in exactly one true answer, whatever becomes of the job or the connection. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "fake-pid1.h"
#include "systemd.h"

#define PATH "/system.slice/api.service"
#define UNIT "api.service"

typedef struct Bench {
        sd_event *event;
        char dir[128];
        FakePid1 fake;
        Systemd *systemd;
        unsigned n_answers, n_changes, n_reloads, n_connected, n_lost;
        int result;
        char detail[200], changed[300];
} Bench;

static void on_changed(void *userdata, const char *unit, const char *path, const char *invocation, const char *state) {
        Bench *bench = userdata;

        bench->n_changes++;
        (void) snprintf(bench->changed, sizeof(bench->changed), "%s %s %s %s", unit, path, invocation, state);
}

static void on_reloaded(void *userdata) {
        ((Bench *) userdata)->n_reloads++;
}

static void on_connection(void *userdata, bool connected, int error) {
        Bench *bench = userdata;

        assert_true(connected == (error == 0));
        bench->n_connected += connected;
        bench->n_lost += !connected;
}

static void on_answer(void *userdata, int result, const char *detail) {
        Bench *bench = userdata;

        bench->n_answers++;
        bench->result = result;
        (void) snprintf(bench->detail, sizeof(bench->detail), "%s", detail);
}

static void run_for(Bench *bench, usec_t usec) {
        uint64_t now, until;

        assert_true(sd_event_now(bench->event, CLOCK_MONOTONIC, &now) >= 0);
        for (until = now + usec; now < until; (void) sd_event_now(bench->event, CLOCK_MONOTONIC, &now))
                assert_true(sd_event_run(bench->event, until - now) >= 0);
}

static void run_until(Bench *bench, const unsigned *counter, unsigned value) {
        for (int i = 0; i < 500 && *counter < value; i++)
                run_for(bench, 10000);
        assert_true(*counter >= value);
}

static int set_up(void **state) {
        SystemdHandlers handlers = {.unit_changed = on_changed, .reloaded = on_reloaded, .connection = on_connection};
        Bench *bench = calloc(1, sizeof(Bench));
        const char *tmp = getenv("TMPDIR");

        (void) snprintf(bench->dir, sizeof(bench->dir), "%s/memguard-systemd.XXXXXX", tmp ? tmp : "/tmp");
        assert_non_null(mkdtemp(bench->dir));
        assert_true(sd_event_new(&bench->event) >= 0);
        fake_new(&bench->fake, bench->event, bench->dir);
        fake_add(&bench->fake, UNIT, PATH);
        handlers.userdata = bench;
        assert_int_equal(systemd_new(&bench->systemd, bench->event, bench->dir, &handlers), 0);
        *state = bench;
        return 0;
}

static int tear_down(void **state) {
        Bench *bench = *state;
        char path[200];

        systemd_free(bench->systemd);
        fake_done(&bench->fake);
        sd_event_unref(bench->event);
        (void) snprintf(path, sizeof(path), "%s/systemd", bench->dir);
        (void) rmdir(path);
        assert_int_equal(rmdir(bench->dir), 0);
        free(bench);
        return 0;
}

static void submit(Bench *bench, UnitJob job, usec_t limit) {
        assert_int_equal(systemd_job(bench->systemd, PATH, UNIT, job, limit, on_answer, bench), 0);
}

/* One job to its end; also that it is answered once only. */
static void run_job(Bench *bench, UnitJob job, FakePlan plan, usec_t limit) {
        unsigned before = bench->n_answers;

        bench->fake.plan = plan;
        submit(bench, job, limit);
        run_until(bench, &bench->n_answers, before + 1);
        run_for(bench, 50000);
        assert_int_equal(bench->n_answers, before + 1);
}

static void test_restart_done(void **state) {
        Bench *bench = *state;

        bench->fake.n_foreign_jobs = 3;
        run_job(bench, UNIT_JOB_RESTART, FAKE_DONE, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, 0);
        assert_string_equal(bench->fake.last_call, "RestartUnit");
        assert_int_equal(bench->fake.n_calls, 1);
}

static void test_removed_overtakes_reply(void **state) {
        Bench *bench = *state;

        run_job(bench, UNIT_JOB_RESTART, FAKE_DONE_EARLY, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, 0);
        run_job(bench, UNIT_JOB_STOP, FAKE_DONE_EARLY, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, 0);
}

static void test_job_results(void **state) {
        Bench *bench = *state;

        run_job(bench, UNIT_JOB_RESTART, FAKE_FAILED, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, -EREMOTEIO);
        assert_string_equal(bench->detail, "job result failed");
        run_job(bench, UNIT_JOB_STOP, FAKE_CANCELED, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, -ECANCELED);
        run_job(bench, UNIT_JOB_START, FAKE_DONE, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, 0);
}

static void test_new_run_must_come_up(void **state) {
        Bench *bench = *state;

        run_job(bench, UNIT_JOB_RESTART, FAKE_SAME_RUN, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, -EREMOTEIO);
        run_job(bench, UNIT_JOB_RESTART, FAKE_DIES, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, -EREMOTEIO);
        assert_string_equal(bench->detail, "the new run failed at once (exit-code)");
}

static void test_oneshot_that_has_done_its_work(void **state) {
        Bench *bench = *state;

        bench->fake.forgets = true;
        run_job(bench, UNIT_JOB_RESTART, FAKE_DONE, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, 0);
        assert_string_equal(bench->detail, "the new run has ended already, without an error");
        /* With the connection lost nobody can tell which run it was that has ended. */
        strcpy(bench->fake.units[0].active, "active");
        bench->fake.units[0].invocation = 1;
        run_job(bench, UNIT_JOB_RESTART, FAKE_DROP_AFTER, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, -ECONNRESET);
}

static void test_refused_call_is_safe_to_show(void **state) {
        Bench *bench = *state;

        run_job(bench, UNIT_JOB_RESTART, FAKE_ERROR, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, -EPERM);
        assert_non_null(strstr(bench->detail, "masked"));
        assert_null(strchr(bench->detail, '\x1b'));
}

static void test_time_limits(void **state) {
        Bench *bench = *state;

        run_job(bench, UNIT_JOB_RESTART, FAKE_NOTHING, 200 * USEC_PER_MSEC);
        assert_int_equal(bench->result, -ETIMEDOUT);
        assert_string_equal(bench->detail, "the job was still running at the time limit");
        bench->fake.units[0].job = 0;
        run_job(bench, UNIT_JOB_RESTART, FAKE_MUTE, 200 * USEC_PER_MSEC);
        assert_int_equal(bench->result, -ETIMEDOUT);
        /* The job's place is free again, and an end that comes now is nobody's. */
        fake_removed(&bench->fake, bench->fake.next_job, UNIT, "done");
        run_for(bench, 50000);
        assert_int_equal(bench->n_answers, 2);
}

static void test_no_manager_at_all(void **state) {
        Bench *bench = *state;

        fake_done(&bench->fake);
        bench->fake.listener = bench->fake.later = NULL;
        bench->fake.fd = -1;
        submit(bench, UNIT_JOB_RESTART, 300 * USEC_PER_MSEC);
        run_until(bench, &bench->n_answers, 1);
        assert_int_equal(bench->result, -ETIMEDOUT);
        assert_string_equal(bench->detail, "there was no connection to the service manager");
        /* Told once, however often it is tried. */
        assert_int_equal(bench->n_lost, 1);
        fake_listen(&bench->fake);
        run_until(bench, &bench->n_connected, 1);
        run_job(bench, UNIT_JOB_RESTART, FAKE_DONE, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, 0);
}

static void test_connection_lost_before_the_call_was_taken(void **state) {
        Bench *bench = *state;

        run_job(bench, UNIT_JOB_RESTART, FAKE_DROP_BEFORE, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, 0);
        assert_int_equal(bench->fake.n_calls, 2);
        assert_int_equal(bench->fake.n_connections, 2);
        assert_int_equal(bench->n_reloads, 1);
}

/* The connection is gone, and we don't know it yet. */
static void test_connection_found_closed_while_sending(void **state) {
        Bench *bench = *state;

        run_until(bench, &bench->n_connected, 1);
        for (unsigned i = 1; i <= 3; i++) {
                fake_drop(&bench->fake);
                submit(bench, UNIT_JOB_RESTART, 5 * USEC_PER_SEC);
                run_until(bench, &bench->n_answers, i);
                assert_int_equal(bench->result, 0);
        }
        assert_int_equal(bench->fake.n_calls, 3);
}

static void test_connection_lost_with_a_job_queued(void **state) {
        Bench *bench = *state;

        run_job(bench, UNIT_JOB_RESTART, FAKE_DROP_AFTER, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, 0);
        /* The job was not asked for twice. */
        assert_int_equal(bench->fake.n_calls, 1);
        assert_int_equal(bench->fake.units[0].invocation, 2);
}

static void test_main_pid(void **state) {
        Bench *bench = *state;
        uint32_t *pid = &bench->fake.units[0].main.pid;
        const uint32_t none[] = {0, (uint32_t) INT32_MAX + 1, UINT32_MAX};

        for (unsigned i = 0; i < ELEMENTSOF(none); i++) {
                *pid = none[i];
                assert_int_equal(systemd_main_pid(bench->systemd, PATH, UNIT, USEC_PER_SEC, on_answer, bench), 0);
                run_until(bench, &bench->n_answers, i + 1);
                assert_int_equal(bench->result, -ESRCH);
        }
        *pid = 4711;
        assert_int_equal(systemd_main_pid(bench->systemd, PATH, UNIT, USEC_PER_SEC, on_answer, bench), 0);
        run_until(bench, &bench->n_answers, 4);
        assert_int_equal(bench->result, 4711);
        bench->fake.is_mute = true;
        assert_int_equal(systemd_main_pid(bench->systemd, PATH, UNIT, USEC_PER_SEC / 10, on_answer, bench), 0);
        run_until(bench, &bench->n_answers, 5);
        assert_int_equal(bench->result, -ETIMEDOUT);
        assert_int_equal(bench->fake.n_calls, 0);
}

/* A cgroup in a delegated subtree that calls itself like a unit of the host. */
static void test_impostor_is_refused(void **state) {
        const char *path = "/system.slice/builder.service/" UNIT;
        Bench *bench = *state;

        for (UnitJob job = 0; job < _UNIT_JOB_MAX; job++) {
                if (job == UNIT_JOB_START)
                        continue;
                assert_int_equal(systemd_job(bench->systemd, path, UNIT, job, USEC_PER_SEC, on_answer, bench), 0);
        }
        assert_int_equal(systemd_main_pid(bench->systemd, path, UNIT, USEC_PER_SEC, on_answer, bench), 0);
        run_until(bench, &bench->n_answers, 3);
        assert_int_equal(bench->result, -EPERM);
        assert_int_equal(bench->fake.n_calls, 0);
}

static void test_dead_unit_is_not_started(void **state) {
        Bench *bench = *state;

        bench->fake.units[0].path[0] = 0;
        run_job(bench, UNIT_JOB_RESTART, FAKE_DONE, USEC_PER_SEC);
        assert_int_equal(bench->result, -ESRCH);
        assert_int_equal(bench->fake.n_calls, 0);
}

static void test_hostile_names(void **state) {
        static const char *const names[] = {
                "",         "api",          "../api.service", "a b.service", "api.service\n",
                ".service", "@api.service", "a/b.service",    "api.timer",   "\xff.service"};
        char huge[400];
        Bench *bench = *state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                assert_int_equal(
                        systemd_job(bench->systemd, PATH, names[i], UNIT_JOB_STOP, USEC_PER_SEC, on_answer, bench),
                        -EINVAL);
        memset(huge, 'a', sizeof(huge));
        strcpy(huge + 300, ".service");
        assert_int_equal(systemd_job(bench->systemd, PATH, huge, UNIT_JOB_STOP, USEC_PER_SEC, on_answer, bench),
                         -EINVAL);
        assert_int_equal(bench->n_answers, 0);
}

static void test_bound_on_jobs(void **state) {
        Bench *bench = *state;
        int n = 0, r;

        bench->fake.plan = FAKE_NOTHING;
        while ((r = systemd_job(bench->systemd, PATH, UNIT, UNIT_JOB_STOP, 500 * USEC_PER_MSEC, on_answer, bench)) == 0)
                n++;
        assert_int_equal(r, -EBUSY);
        assert_int_equal(n, 64);
        run_until(bench, &bench->n_answers, 64);
        assert_int_equal(systemd_job(bench->systemd, PATH, UNIT, UNIT_JOB_STOP, USEC_PER_SEC, on_answer, bench), 0);
        /* The one that is left is answered at the end of it all. */
        bench->systemd = systemd_free(bench->systemd);
        assert_int_equal(bench->n_answers, 65);
        assert_int_equal(bench->result, -ECANCELED);
}

static void test_changed_unit_is_looked_up_once(void **state) {
        Bench *bench = *state;

        run_until(bench, &bench->n_connected, 1);
        fake_changed(&bench->fake, UNIT, "active", 1000);
        run_until(bench, &bench->n_changes, 1);
        assert_string_equal(bench->changed, UNIT " " PATH " 01010101010101010101010101010101 active");
        assert_int_equal(bench->fake.n_gets, 3);
        /* A status text that changes ten times is no change of state, nor does one that goes down want a look. */
        for (int i = 0; i < 10; i++)
                fake_changed(&bench->fake, UNIT, "active", 1000);
        fake_changed(&bench->fake, UNIT, "deactivating", 1001);
        fake_changed(&bench->fake, "a.timer", "active", 1002);
        run_for(bench, 50000);
        assert_int_equal(bench->fake.n_gets, 3);
        /* A burst costs two look-ups: the first, and one for what came meanwhile. */
        for (uint64_t i = 0; i < 20; i++)
                fake_changed(&bench->fake, UNIT, "activating", 2000 + i);
        run_for(bench, 50000);
        assert_in_range(bench->fake.n_gets, 6, 9);
}

static void test_flood_of_changes_is_one_reload(void **state) {
        Bench *bench = *state;
        char name[32];

        run_until(bench, &bench->n_connected, 1);
        for (int i = 0; i < 300; i++) {
                (void) snprintf(name, sizeof(name), "u%d.service", i);
                fake_changed(&bench->fake, name, "active", 1000);
        }
        run_for(bench, 300000);
        assert_in_range(bench->n_reloads, 1, 4);
        assert_in_range(bench->fake.n_gets, 64, 3 * 300);
}

static void test_reloading(void **state) {
        Bench *bench = *state;

        run_until(bench, &bench->n_connected, 1);
        for (int i = 1; i >= 0; i--)
                assert_true(sd_bus_emit_signal(bench->fake.bus, FAKE_PATH, FAKE_NAME ".Manager", "Reloading", "b", i) >=
                            0);
        run_until(bench, &bench->n_reloads, 1);
        run_for(bench, 50000);
        assert_int_equal(bench->n_reloads, 1);
        assert_int_equal(bench->fake.n_gets, 0);
}

static void emit_as(Bench *bench, const char *sender, uint32_t job, const char *result) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_signal(bench->fake.bus, &m, FAKE_PATH, FAKE_NAME ".Manager", "JobRemoved") >= 0);
        assert_true(sd_bus_message_set_sender(m, sender) >= 0);
        assert_true(sd_bus_message_append(m, "uoss", job, FAKE_PATH "/job/1", UNIT, result) >= 0);
        assert_true(sd_bus_send(bench->fake.bus, m, NULL) >= 0);
}

static void own_name(Bench *bench, const char *owner) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

        assert_true(sd_bus_message_new_signal(bench->fake.bus, &m, "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                              "NameOwnerChanged") >= 0);
        assert_true(sd_bus_message_set_sender(m, "org.freedesktop.DBus") >= 0);
        assert_true(sd_bus_message_append(m, "sss", FAKE_NAME, FAKE_OWNER, owner) >= 0);
        assert_true(sd_bus_send(bench->fake.bus, m, NULL) >= 0);
}

/* Without the private socket: on the system bus, where others speak too and PID 1 may be followed by another. */
static void test_system_bus(void **state) {
        Bench *bench = *state;
        char dir[160];

        (void) unlink(bench->fake.socket_path);
        (void) snprintf(dir, sizeof(dir), "%s/dbus", bench->dir);
        assert_int_equal(mkdir(dir, 0700), 0);
        fake_done(&bench->fake);
        (void) snprintf(bench->fake.socket_path, sizeof(bench->fake.socket_path), "%s/system_bus_socket", dir);
        bench->fake.is_broker = true;
        fake_listen(&bench->fake);
        run_job(bench, UNIT_JOB_RESTART, FAKE_DONE, 5 * USEC_PER_SEC);
        assert_int_equal(bench->result, 0);
        assert_int_equal(bench->fake.n_connections, 1);

        bench->fake.plan = FAKE_NOTHING;
        submit(bench, UNIT_JOB_STOP, USEC_PER_SEC / 2);
        run_for(bench, 50000);
        emit_as(bench, ":1.66", bench->fake.next_job, "done");
        run_for(bench, 50000);
        assert_int_equal(bench->n_answers, 1);
        emit_as(bench, FAKE_OWNER, bench->fake.next_job, "done");
        run_until(bench, &bench->n_answers, 2);
        assert_int_equal(bench->result, 0);

        own_name(bench, FAKE_OWNER);
        run_for(bench, 50000);
        assert_int_equal(bench->n_lost, 0);
        own_name(bench, ":1.8");
        run_until(bench, &bench->n_reloads, 1);
        assert_int_equal(bench->n_lost, 1);
        fake_done(&bench->fake);
        bench->fake.listener = bench->fake.later = NULL;
        bench->fake.fd = -1;
        assert_int_equal(rmdir(dir), 0);
}

/* The socket of a user's manager, as root sees it: whoever listens must be that user. */
static void test_user_manager(void **state) {
        Bench *bench = *state;
        char dir[180], parent[160], path[200];
        FakePid1 user;

        (void) snprintf(parent, sizeof(parent), "%s/user", bench->dir);
        (void) mkdir(parent, 0700);
        (void) snprintf(dir, sizeof(dir), "%s/%u", parent, getuid());
        (void) mkdir(dir, 0700);
        fake_new(&user, bench->event, dir);
        (void) snprintf(path, sizeof(path), "/user.slice/user-%1$u.slice/user@%1$u.service/app.slice/" UNIT, getuid());
        fake_add(&user, UNIT, path);
        assert_int_equal(systemd_job(bench->systemd, path, UNIT, UNIT_JOB_RESTART, USEC_PER_SEC * 5, on_answer, bench),
                         0);
        run_until(bench, &bench->n_answers, 1);
        assert_int_equal(bench->result, 0);
        assert_int_equal(user.n_calls, 1);
        assert_int_equal(bench->fake.n_calls, 0);
        /* Nobody listens for this one. */
        assert_int_equal(systemd_job(bench->systemd, "/user.slice/user-9.slice/user@9.service/app.slice/" UNIT, UNIT,
                                     UNIT_JOB_RESTART, USEC_PER_SEC, on_answer, bench),
                         -ENOENT);
        fake_done(&user);
        run_for(bench, 20000);
        (void) snprintf(path, sizeof(path), "%s/systemd", dir);
        (void) rmdir(path);
        /* A link to PID 1's socket in another user's directory. */
        (void) snprintf(path, sizeof(path), "%s/4242", parent);
        (void) rmdir(dir);
        assert_int_equal(symlink(bench->dir, path), 0);
        assert_int_equal(systemd_job(bench->systemd, "/user.slice/user-4242.slice/user@4242.service/app.slice/" UNIT,
                                     UNIT, UNIT_JOB_RESTART, USEC_PER_SEC, on_answer, bench),
                         -EPERM);
        (void) unlink(path);
        (void) rmdir(parent);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(test_restart_done),
                T(test_removed_overtakes_reply),
                T(test_job_results),
                T(test_new_run_must_come_up),
                T(test_oneshot_that_has_done_its_work),
                T(test_refused_call_is_safe_to_show),
                T(test_time_limits),
                T(test_no_manager_at_all),
                T(test_connection_lost_before_the_call_was_taken),
                T(test_connection_found_closed_while_sending),
                T(test_connection_lost_with_a_job_queued),
                T(test_main_pid),
                T(test_impostor_is_refused),
                T(test_dead_unit_is_not_started),
                T(test_hostile_names),
                T(test_bound_on_jobs),
                T(test_changed_unit_is_looked_up_once),
                T(test_flood_of_changes_is_one_reload),
                T(test_reloading),
                T(test_system_bus),
                T(test_user_manager),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
