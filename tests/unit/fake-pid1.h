/* A service manager for tests: listens on a private socket below a directory of its own, in the same event loop as what
 * is tested, and does with jobs what the test says. It answers every message by hand, so that it can also answer
 * wrongly. */
#pragma once

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "util.h"

#define FAKE_UNITS_MAX 8
#define FAKE_OWNER ":1.7" /* where it plays the system bus with PID 1 on it */
#define FAKE_NAME "org.freedesktop.systemd1"
#define FAKE_PATH "/org/freedesktop/systemd1"

/* What a service's last main process is said to be. */
typedef struct FakeMain {
        const char *result;
        int32_t code, status;
        uint32_t pid, n_restarts;
        uint64_t start, exit; /* CLOCK_MONOTONIC */
} FakeMain;

typedef struct FakeUnit {
        char name[64], path[128], active[16], result[16];
        FakeMain main;
        uint8_t invocation; /* all 16 bytes; 0 = none */
        uint32_t job;
} FakeUnit;

/* What becomes of the next job. */
typedef enum FakePlan {
        FAKE_DONE,       /* a new run, and JobRemoved "done" after the reply */
        FAKE_DONE_EARLY, /* JobRemoved before the reply */
        FAKE_FAILED,     /* JobRemoved "failed" */
        FAKE_CANCELED,
        FAKE_NOTHING,     /* the job never ends */
        FAKE_SAME_RUN,    /* "done", and no new run */
        FAKE_DIES,        /* "done", the new run is up at the first look and failed at the second */
        FAKE_ERROR,       /* the call is refused */
        FAKE_DROP_BEFORE, /* the connection is dropped before the call is taken */
        FAKE_DROP_AFTER,  /* it is taken, the connection is dropped, and the new run comes up later */
        FAKE_MUTE,        /* no reply at all */
} FakePlan;

typedef struct FakePid1 {
        sd_event *event;
        sd_event_source *listener, *later;
        int fd;
        bool is_broker;
        bool is_old; /* knows no LogNamespace */
        bool is_mute; /* answers no Get */
        bool is_odd;  /* sends numbers as text and text as numbers */
        bool forgets; /* the new run ends at once, in peace, and is forgotten */
        char socket_path[200];
        sd_bus *bus;
        FakeUnit units[FAKE_UNITS_MAX];
        unsigned n_units;
        FakePlan plan;
        unsigned n_connections, n_calls, n_gets, n_foreign_jobs;
        char last_call[64];
        FakeUnit *acting;
        uint32_t next_job;
        unsigned look; /* Gets of ActiveState since the last job */
} FakePid1;

static FakeUnit *fake_unit(FakePid1 *fake, const char *name) {
        for (unsigned i = 0; i < fake->n_units; i++)
                if (util_streq(fake->units[i].name, name))
                        return &fake->units[i];
        return NULL;
}

static FakeUnit *fake_add(FakePid1 *fake, const char *name, const char *path) {
        FakeUnit *unit = &fake->units[fake->n_units++];

        *unit = (FakeUnit){.active = "active", .result = "success", .invocation = 1};
        (void) snprintf(unit->name, sizeof(unit->name), "%s", name);
        (void) snprintf(unit->path, sizeof(unit->path), "%s", path);
        return unit;
}

static void fake_removed(FakePid1 *fake, uint32_t id, const char *unit, const char *result) {
        char object[64];

        (void) snprintf(object, sizeof(object), FAKE_PATH "/job/%u", id);
        (void) sd_bus_emit_signal(fake->bus, FAKE_PATH, FAKE_NAME ".Manager", "JobRemoved", "uoss", id, object, unit,
                                  result);
}

static void fake_drop(FakePid1 *fake) {
        if (fake->bus)
                sd_bus_close(fake->bus);
        fake->bus = sd_bus_unref(fake->bus);
}

static int fake_finish(sd_event_source *source, uint64_t usec, void *userdata) {
        FakePid1 *fake = userdata;
        FakeUnit *unit = fake->acting;

        (void) source, (void) usec;
        unit->job = 0;
        for (unsigned i = 0; i < fake->n_foreign_jobs; i++)
                fake_removed(fake, 9000 + i, unit->name, "failed");
        if (fake->plan == FAKE_FAILED || fake->plan == FAKE_CANCELED) {
                fake_removed(fake, fake->next_job, unit->name, fake->plan == FAKE_FAILED ? "failed" : "canceled");
                return 0;
        }
        if (fake->plan != FAKE_SAME_RUN)
                unit->invocation++;
        strcpy(unit->active, util_streq(fake->last_call, "StopUnit") ? "inactive" : "active");
        if (fake->forgets) {
                strcpy(unit->active, "inactive");
                unit->invocation = 0;
        }
        fake->look = 0;
        if (fake->bus && fake->plan != FAKE_DROP_AFTER)
                fake_removed(fake, fake->next_job, unit->name, "done");
        return 0;
}

static int fake_reply_job(FakePid1 *fake, sd_bus_message *m) {
        char object[64];

        (void) snprintf(object, sizeof(object), FAKE_PATH "/job/%u", fake->next_job);
        return sd_bus_reply_method_return(m, "o", object);
}

static int fake_job(FakePid1 *fake, sd_bus_message *m, const char *name) {
        fake->acting = fake_unit(fake, name);
        if (!fake->acting)
                return sd_bus_reply_method_errorf(m, FAKE_NAME ".NoSuchUnit", "Unit %s not loaded.", name);
        fake->next_job++;
        switch (fake->plan) {
        case FAKE_ERROR:
                return sd_bus_reply_method_errorf(m, FAKE_NAME ".UnitMasked", "Unit is\x1b[31m masked.");
        case FAKE_DROP_BEFORE:
                fake->plan = FAKE_DONE;
                fake_drop(fake);
                return 1;
        case FAKE_MUTE:
                return 1;
        case FAKE_DONE_EARLY:
                (void) fake_finish(NULL, 0, fake);
                return fake_reply_job(fake, m);
        case FAKE_DONE:
        case FAKE_FAILED:
        case FAKE_CANCELED:
        case FAKE_NOTHING:
        case FAKE_SAME_RUN:
        case FAKE_DIES:
        case FAKE_DROP_AFTER:
                break;
        }
        (void) fake_reply_job(fake, m);
        fake->acting->job = fake->next_job;
        if (fake->plan == FAKE_DROP_AFTER) {
                (void) sd_bus_flush(fake->bus);
                fake_drop(fake);
        }
        if (fake->plan != FAKE_NOTHING) {
                sd_event_source_disable_unref(fake->later);
                (void) sd_event_add_time_relative(fake->event, &fake->later, CLOCK_BOOTTIME,
                                                  fake->plan == FAKE_DROP_AFTER ? 400000 : 20000, 1000, fake_finish,
                                                  fake);
        }
        return 1;
}

/* A property of the Service interface; 0 when it is none of these. */
static int fake_get_service(const FakePid1 *fake, sd_bus_message *m, const FakeUnit *unit, const char *name) {
        const struct {
                const char *name, *text;
        } texts[] = {{"OOMPolicy", "stop"},      {"Restart", "on-failure"}, {"StandardOutput", "journal"},
                     {"StandardError", "inherit"}, {"LogNamespace", "web"}};
        const struct {
                const char *name, *type;
                uint64_t number;
        } numbers[] = {
                {"LimitAS", "t", UINT64_MAX},
                {"LimitASSoft", "t", 1 << 30},
                {"LimitDATA", "t", 1 << 29},
                {"LimitDATASoft", "t", 1 << 28},
                {"MainPID", "u", unit->main.exit ? 0 : unit->main.pid},
                {"NRestarts", "u", unit->main.n_restarts},
                {"ExecMainPID", "u", unit->main.pid},
                {"ExecMainCode", "i", (uint64_t) unit->main.code},
                {"ExecMainStatus", "i", (uint64_t) unit->main.status},
                {"ExecMainExitTimestampMonotonic", "t", unit->main.exit},
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (util_streq(texts[i].name, name) && fake->is_odd)
                        return sd_bus_reply_method_return(m, "v", "t", (uint64_t) 1);
                else if (util_streq(texts[i].name, name))
                        return sd_bus_reply_method_return(m, "v", "s", texts[i].text);
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (util_streq(numbers[i].name, name) && fake->is_odd)
                        return sd_bus_reply_method_return(m, "v", "s", "many");
                else if (util_streq(numbers[i].name, name) && numbers[i].type[0] == 't')
                        return sd_bus_reply_method_return(m, "v", "t", numbers[i].number);
                else if (util_streq(numbers[i].name, name))
                        return sd_bus_reply_method_return(m, "v", numbers[i].type, (uint32_t) numbers[i].number);
        return 0;
}

static int fake_get(FakePid1 *fake, sd_bus_message *m) {
        const char *interface, *property;
        _cleanup_free_ char *name = NULL;
        FakeUnit *unit;
        uint8_t id[16];
        int r;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        fake->n_gets++;
        if (fake->is_mute)
                return 1;
        (void) sd_bus_message_read(m, "ss", &interface, &property);
        (void) sd_bus_path_decode(sd_bus_message_get_path(m), FAKE_PATH "/unit", &name);
        unit = name ? fake_unit(fake, name) : NULL;
        if (!unit)
                return sd_bus_reply_method_errorf(m, FAKE_NAME ".NoSuchUnit", "Unit not found.");
        if (util_streq(property, "ActiveState")) {
                if (fake->plan == FAKE_DIES && fake->look++ == 1) {
                        strcpy(unit->active, "failed");
                        strcpy(unit->result, "exit-code");
                }
                return sd_bus_reply_method_return(m, "v", "s", unit->active);
        }
        if (util_streq(property, "ControlGroup"))
                return sd_bus_reply_method_return(m, "v", "s", unit->path);
        if (util_streq(property, "Result"))
                return sd_bus_reply_method_return(m, "v", "s", unit->result);
        if (fake->is_old && util_streq(property, "LogNamespace"))
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_PROPERTY, "Unknown property.");
        r = fake_get_service(fake, m, unit, property);
        if (r != 0)
                return r;
        if (util_streq(property, "Job"))
                return sd_bus_reply_method_return(m, "v", "(uo)", unit->job, "/");
        memset(id, unit->invocation, sizeof(id));
        (void) sd_bus_message_new_method_return(m, &reply);
        (void) sd_bus_message_open_container(reply, 'v', "ay");
        (void) sd_bus_message_append_array(reply, 'y', id, unit->invocation ? sizeof(id) : 0);
        (void) sd_bus_message_close_container(reply);
        return sd_bus_send(NULL, reply, NULL) < 0 ? -EIO : 1;
}

static int fake_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        FakePid1 *fake = userdata;
        const char *name, *word, *member = sd_bus_message_get_member(m);
        int r;

        (void) error;
        if (sd_bus_message_is_method_call(m, NULL, NULL) <= 0)
                return 0;
        if (util_streq(member, "Get"))
                return fake_get(fake, m);
        if (util_streq(member, "Hello"))
                return sd_bus_reply_method_return(m, "s", ":1.99");
        if (util_streq(member, "AddMatch"))
                return sd_bus_reply_method_return(m, NULL);
        if (util_streq(member, "Subscribe"))
                return sd_bus_reply_method_errorf(m, FAKE_NAME ".AlreadySubscribed", "It is.");
        (void) snprintf(fake->last_call, sizeof(fake->last_call), "%s", member);
        r = sd_bus_message_read(m, "ss", &name, &word);
        fake->n_calls++;
        if (r < 0)
                return r;
        return fake_job(fake, m, name);
}

static int fake_accept(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        FakePid1 *fake = userdata;
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        sd_id128_t id = SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f, 0);

        (void) source, (void) revents;
        fake_drop(fake);
        fake->n_connections++;
        assert(sd_bus_new(&fake->bus) >= 0);
        assert(sd_bus_set_fd(fake->bus, client, client) >= 0);
        assert(sd_bus_set_server(fake->bus, 1, id) >= 0);
        assert(sd_bus_set_trusted(fake->bus, 1) >= 0);
        if (fake->is_broker)
                assert(sd_bus_set_sender(fake->bus, FAKE_OWNER) >= 0);
        assert(sd_bus_start(fake->bus) >= 0);
        assert(sd_bus_add_filter(fake->bus, NULL, fake_message, fake) >= 0);
        assert(sd_bus_attach_event(fake->bus, fake->event, 0) >= 0);
        return 0;
}

/* PropertiesChanged of a unit, as PID 1 sends it. */
static inline void fake_changed(FakePid1 *fake, const char *name, const char *active, uint64_t stamp) {
        _cleanup_free_ char *object = NULL;

        (void) sd_bus_path_encode(FAKE_PATH "/unit", name, &object);
        assert(sd_bus_emit_signal(fake->bus, object, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as",
                                  FAKE_NAME ".Unit", 3, "Following", "s", "", "ActiveState", "s", active,
                                  "StateChangeTimestampMonotonic", "t", stamp, 0) >= 0);
}

/* The two halves of what PID 1 sends for each change of a service: all that may change, always, in this order. */
static inline void fake_service_changed(FakePid1 *fake, const char *name, const FakeMain *main) {
        _cleanup_free_ char *object = NULL;

        (void) sd_bus_path_encode(FAKE_PATH "/unit", name, &object);
        assert(sd_bus_emit_signal(fake->bus, object, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as",
                                  FAKE_NAME ".Service", 10, "MainPID", "u", main->exit ? 0 : main->pid, "StatusText",
                                  "s", "", "Result", "s", main->result, "UID", "u", 0, "NRestarts", "u",
                                  main->n_restarts, "ExecMainStartTimestampMonotonic", "t", main->start,
                                  "ExecMainExitTimestampMonotonic", "t", main->exit, "ExecMainPID", "u", main->pid,
                                  "ExecMainCode", "i", main->code, "ExecMainStatus", "i", main->status, 1,
                                  "ExecStart") >= 0);
}

static inline void fake_unit_changed(FakePid1 *fake, const char *name, const char *active, const char *sub,
                                     uint8_t invocation) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *object = NULL;
        uint8_t id[16];

        memset(id, invocation, sizeof(id));
        (void) sd_bus_path_encode(FAKE_PATH "/unit", name, &object);
        assert(sd_bus_message_new_signal(fake->bus, &m, object, "org.freedesktop.DBus.Properties",
                                         "PropertiesChanged") >= 0);
        assert(sd_bus_message_append(m, "s", FAKE_NAME ".Unit") >= 0);
        assert(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        assert(sd_bus_message_append(m, "{sv}{sv}", "ActiveState", "s", active, "SubState", "s", sub) >= 0);
        assert(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        assert(sd_bus_message_append(m, "s", "InvocationID") >= 0);
        assert(sd_bus_message_open_container(m, 'v', "ay") >= 0);
        assert(sd_bus_message_append_array(m, 'y', id, sizeof(id)) >= 0);
        assert(sd_bus_message_close_container(m) >= 0);
        assert(sd_bus_message_close_container(m) >= 0);
        assert(sd_bus_message_close_container(m) >= 0);
        assert(sd_bus_message_append(m, "as", 0) >= 0);
        assert(sd_bus_send(fake->bus, m, NULL) >= 0);
}

static void fake_listen(FakePid1 *fake) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};

        strcpy(address.sun_path, fake->socket_path);
        (void) unlink(fake->socket_path);
        fake->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert(bind(fake->fd, (struct sockaddr *) &address, sizeof(address)) >= 0);
        assert(listen(fake->fd, 8) >= 0);
        assert(sd_event_add_io(fake->event, &fake->listener, fake->fd, EPOLLIN, fake_accept, fake) >= 0);
}

/* dir/systemd/private, or dir/user/UID/systemd/private below the parts that are made here. */
static void fake_new(FakePid1 *fake, sd_event *event, const char *dir) {
        char path[180];

        *fake = (FakePid1){.event = event, .fd = -1, .next_job = 100};
        (void) snprintf(path, sizeof(path), "%s/systemd", dir);
        (void) mkdir(path, 0700);
        (void) snprintf(fake->socket_path, sizeof(fake->socket_path), "%s/private", path);
        fake_listen(fake);
}

static void fake_done(FakePid1 *fake) {
        fake_drop(fake);
        sd_event_source_disable_unref(fake->listener);
        sd_event_source_disable_unref(fake->later);
        if (fake->fd >= 0)
                (void) close(fake->fd);
        (void) unlink(fake->socket_path);
}
