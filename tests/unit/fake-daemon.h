/* A daemon for the tests of the API and of memguardctl: the real engine, the real policies and the real API around
 * units that are only made up. It runs in a process of its own, so that its clients may block and it may be attacked.
 */
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "api.h"
#include "incident.h"
#include "conf.h"

#define FAKE_FLOOD 3000 /* records that pausing flood.service brings */

static const char fake_policy[] = "[Match]\n"
                                  "Unit=*.service\n"
                                  "[Policy]\n"
                                  "Mode=act\n"
                                  "RestartBudget=3/1h\n"
                                  "[Rung ask]\n"
                                  "Usage=75%\n"
                                  "Action=signal SIGUSR1\n"
                                  "Action=reclaim 10%\n"
                                  "[Rung brake]\n"
                                  "PressureSome=300ms/1s\n"
                                  "Action=throttle 10s\n"
                                  "[Rung restart]\n"
                                  "Usage=90%\n"
                                  "Event=oom-kill 2/10min\n"
                                  "Action=restart\n"
                                  "[Host low]\n"
                                  "Available=15%\n"
                                  "PressureFull=100ms/1s\n"
                                  "Action=relieve\n";

typedef struct FakeDaemon {
        sd_event *event;
        Engine *engine;
        PolicySet *policies;
        Api *api;
        uint64_t used;  /* what the next reading of a unit says */
        bool stop_soon; /* a reload asks for the end: a daemon that goes away under its clients */
} FakeDaemon;

static usec_t fake_now(void) {
        struct timespec ts;

        assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &ts), 0);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

static void fake_broadcast(FakeDaemon *daemon, const char *path, const char *text) {
        Record record = {
                .kind = RECORD_ACTION, .latency = 1500, .freed = BYTES_INFINITY, .action = "notify", .result = "done"};

        (void) snprintf(record.text, sizeof(record.text), "%s", text);
        api_broadcast(daemon->api, &record, unitname_of_path(path), path, UINT64_C(1800000000000000));
}

static void fake_incident(FakeDaemon *daemon, const char *path, const char *id) {
        static Incident incident;
        Record record = {.kind = RECORD_INCIDENT, .latency = USEC_INFINITY, .freed = BYTES_INFINITY, .incident = &incident};

        incident = (Incident){.verdict = VERDICT_EXIT_137, .fate = FATE_EXITED, .confidence = CONFIDENCE_LIKELY, .count = 1};
        (void) snprintf(incident.id, sizeof(incident.id), "%s", id);
        api_broadcast(daemon->api, &record, unitname_of_path(path), path, UINT64_C(1800000000000000));
}

static int fake_step(FakeDaemon *daemon, Event *event, const char *path) {
        static ActionList actions;

        actions = (ActionList){};
        event->time = fake_now();
        (void) snprintf(event->path, sizeof(event->path), "%s", path);
        return engine_step(daemon->engine, event, &actions);
}

static Sample fake_sample(const FakeDaemon *daemon) {
        return (Sample){
                .current = daemon->used + 10 * MIB,
                .working_set = daemon->used,
                .anon = daemon->used,
                .file = 10 * MIB,
                .limit = 150 * MIB,
                .own_max = 150 * MIB,
                .high = BYTES_INFINITY,
                .available = 4 * GIB,
        };
}

static void fake_add_unit(FakeDaemon *daemon, const char *path) {
        Event event = {.kind = EVENT_START,
                       .start = {.invocation = "0123456789abcdef0123456789abcdef",
                                 .operator_high = BYTES_INFINITY,
                                 .sample = fake_sample(daemon)}};

        assert_int_equal(fake_step(daemon, &event, path), 0);
}

static Engine *fake_engine(void *userdata) {
        return ((FakeDaemon *) userdata)->engine;
}

static PolicySet *fake_policies(void *userdata) {
        return ((FakeDaemon *) userdata)->policies;
}

static int fake_refresh(void *userdata, const char *path) {
        FakeDaemon *daemon = userdata;
        Event event = {.kind = EVENT_SAMPLE};

        event.sample = fake_sample(daemon);
        return fake_step(daemon, &event, path);
}

static int fake_limit_source(void *userdata, const char *path, char *ret_source) {
        (void) userdata;
        (void) snprintf(ret_source, CGROUP_PATH_MAX, "%s", path);
        return 0;
}

/* One process more than a service has room for. */
static void fake_crowd(FakeDaemon *daemon, const char *path) {
        for (int pid = 1000; pid < 1017; pid++) {
                Event event = {.kind = EVENT_WITNESS, .witness = {.source = WITNESS_UPROBE, .fact = FACT_RAISED, .pid = pid}};

                assert_int_equal(fake_step(daemon, &event, path), 0);
        }
}

static int fake_pause(void *userdata, const char *path, bool pause, char *detail) {
        FakeDaemon *daemon = userdata;
        Event event = {.kind = pause ? EVENT_PAUSE : EVENT_RESUME};

        if (strstr(path, "stubborn.service")) {
                (void) snprintf(detail, 512, "stubborn.service can't be paused today\033[31m.");
                return -EPERM;
        }
        for (unsigned i = 0; strstr(path, "flood.service") && i < FAKE_FLOOD; i++)
                fake_broadcast(daemon, path, "One of many.");
        if (strstr(path, "more8.service"))
                fake_crowd(daemon, path);
        if (strstr(path, "more6.service"))
                fake_incident(daemon, path, pause ? "abc-1" : "abc-2");
        fake_broadcast(daemon, path, pause ? "It is paused.\033[2J" : "It goes on.");
        return fake_step(daemon, &event, path);
}

static int fake_drill(void *userdata, const char *path, const char *rung, char *detail) {
        FakeDaemon *daemon = userdata;
        Event event = {.kind = EVENT_DRILL};

        (void) detail;
        (void) snprintf(event.drill.rung, sizeof(event.drill.rung), "%s", rung);
        return fake_step(daemon, &event, path);
}

static int fake_reload(void *userdata, char *detail) {
        FakeDaemon *daemon = userdata;

        (void) detail;
        if (daemon->stop_soon)
                return sd_event_exit(daemon->event, 0);
        daemon->used = 120 * MIB;
        return 0;
}

static int fake_pressure(void *userdata, const char *path, Pressure *ret) {
        (void) userdata;
        (void) path;
        *ret = (Pressure){.some_total = 5000, .some_avg10 = 125};
        return 0;
}

static int fake_host(void *userdata, HostReading *ret, Pressure *ret_pressure) {
        (void) userdata;
        *ret = (HostReading){.total = 8 * GIB, .available = 2 * GIB, .swap_total = GIB, .swap_free = 512 * MIB};
        *ret_pressure = (Pressure){.some_avg10 = 125, .full_avg10 = 30};
        return 0;
}

static void fake_describe(void *userdata, ApiDaemon *ret) {
        (void) userdata;
        *ret = (ApiDaemon){.started = fake_now() - 90 * USEC_PER_SEC, .psi_triggers = 2, .systemd_connected = true};
}

static void fake_handlers(FakeDaemon *daemon, ApiHandlers *ret) {
        *ret = (ApiHandlers){
                .userdata = daemon,
                .engine = fake_engine,
                .policies = fake_policies,
                .refresh = fake_refresh,
                .limit_source = fake_limit_source,
                .pause = fake_pause,
                .drill = fake_drill,
                .reload = fake_reload,
                .pressure = fake_pressure,
                .host = fake_host,
                .describe = fake_describe,
        };
}

static void fake_add_units(FakeDaemon *daemon, unsigned n_more) {
        fake_add_unit(daemon, "/system.slice/api.service");
        fake_add_unit(daemon, "/system.slice/stubborn.service");
        fake_add_unit(daemon, "/system.slice/flood.service");
        fake_add_unit(daemon, "/user.slice/user-1000.slice/user@1000.service/app.slice/same.service");
        fake_add_unit(daemon, "/user.slice/user-1001.slice/user@1001.service/app.slice/same.service");
        /* Latin-1, an escape sequence for the terminal, and a right-to-left override. */
        fake_add_unit(daemon, "/system.slice/caf\xe9\xc2\x9b"
                              "31m\xe2\x80\xae.service");
        for (unsigned i = 0; i < n_more; i++) {
                char path[64];

                (void) snprintf(path, sizeof(path), "/system.slice/more%u.service", i);
                fake_add_unit(daemon, path);
        }
}

static void fake_init(FakeDaemon *daemon, unsigned n_more) {
        ConfErrors errors = {};

        *daemon = (FakeDaemon){.used = 60 * MIB};
        assert_int_equal(sd_event_new(&daemon->event), 0);
        assert_int_equal(engine_new(&daemon->engine), 0);
        assert_int_equal(policy_set_new(&daemon->policies), 0);
        assert_int_equal(policy_set_add(daemon->policies, "/etc/memguard/policy.d/fake.conf", fake_policy,
                                        strlen(fake_policy), &errors),
                         0);
        assert_int_equal(engine_set_policies(daemon->engine, daemon->policies, fake_now()), 0);
        fake_add_units(daemon, n_more);
}

static void fake_done(FakeDaemon *daemon) {
        api_free(daemon->api);
        (void) engine_free(daemon->engine);
        (void) policy_set_free(daemon->policies);
        sd_event_unref(daemon->event);
}

static void fake_run(const char *socket_path, unsigned n_more, bool stop_soon, int ready_fd) {
        ApiHandlers handlers;
        FakeDaemon daemon;
        sigset_t set;
        int r;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGTERM);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);

        fake_init(&daemon, n_more);
        daemon.stop_soon = stop_soon;
        fake_handlers(&daemon, &handlers);
        r = sd_event_add_signal(daemon.event, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = api_new(&daemon.api, daemon.event, socket_path, &handlers);
        if (r >= 0 && write(ready_fd, "r", 1) == 1)
                r = sd_event_loop(daemon.event);
        fake_done(&daemon);
        exit(r < 0 ? 99 : r);
}

/* Returns when it listens. */
static pid_t fake_start(const char *socket_path, unsigned n_more, bool stop_soon) {
        int fds[2];
        char byte;
        pid_t pid;

        assert_int_equal(pipe(fds), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void) close(fds[0]);
                fake_run(socket_path, n_more, stop_soon, fds[1]);
        }
        (void) close(fds[1]);
        assert_int_equal(read(fds[0], &byte, 1), 1);
        (void) close(fds[0]);
        return pid;
}

/* The daemon must have lived until now, and must end without a leak or any other complaint of a sanitizer. */
static void fake_stop(pid_t pid, int signo) {
        int status;

        if (signo > 0)
                assert_int_equal(kill(pid, signo), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}
