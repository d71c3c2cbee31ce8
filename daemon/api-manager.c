/* The methods of org.memguard1.Manager. Each checks its arguments, asks the daemon and turns what is refused into a
 * D-Bus error with a finished sentence. */
#include "api-priv.h"
#include "utf8.h"

#include <stdio.h>

static void *handlers_userdata(const ApiClient *client) {
        return client->api->handlers.userdata;
}

/* What a handler refused, with its own words where it has some. They may quote what the caller sent. */
static int refused(sd_bus_error *error, int r, const char *detail) {
        char shown[2 * API_DETAIL_MAX];

        (void) utf8_escape(detail, shown, sizeof(shown));
        if (shown[0] == 0)
                return sd_bus_error_setf(error, API_ERROR("Refused"), "memguardd could not do this: %s.", strerror(-r));
        return sd_bus_error_set(error, API_ERROR("Refused"), shown);
}

/* Only the path survives what a handler does: the view's pointers end with the engine's next step. */
static int read_path(ApiClient *client, sd_bus_message *m, char path[static CGROUP_PATH_MAX], sd_bus_error *error) {
        const char *text;
        UnitView view;
        int r;

        r = sd_bus_message_read(m, "s", &text);
        if (r < 0)
                return r;
        r = api_find(client->api, text, &view, error);
        if (r < 0)
                return r;
        (void) snprintf(path, CGROUP_PATH_MAX, "%s", view.path);
        return 0;
}

static int list_units(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ApiClient *client = userdata;
        int r;

        r = api_list_begin(client->api, m);
        if (r == -EBUSY)
                return sd_bus_error_set(
                        error, API_ERROR("LimitsExceeded"),
                        "This client has asked for a list before and not read it yet. Read that first.");
        return r < 0 ? r : 1;
}

static int get_unit(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ApiClient *client = userdata;
        const ApiHandlers *handlers = &client->api->handlers;
        char path[CGROUP_PATH_MAX];
        UnitView view;
        int r;

        r = read_path(client, m, path, error);
        if (r < 0)
                return r;
        /* An old reading is better than none: its age is told. */
        (void) handlers->refresh(handlers->userdata, path);
        r = engine_get_unit(handlers->engine(handlers->userdata), path, &view);
        if (r < 0)
                return sd_bus_error_set(error, API_ERROR("NoSuchUnit"), "The unit has just ended.");

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        r = api_put_unit(client->api, reply, &view, /* detail= */ true);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static int get_policy(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ApiClient *client = userdata;
        const char *text;
        UnitView view;
        int r;

        r = sd_bus_message_read(m, "s", &text);
        if (r < 0)
                return r;
        r = api_find(client->api, text, &view, error);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        r = api_put_policy(client->api, reply, &view);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

/* What one of the API's writers has to say. */
static int reply_with(sd_bus_message *m, void *userdata, int (*put)(Api *api, sd_bus_message *m)) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ApiClient *client = userdata;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;
        r = put(client->api, reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

static int get_daemon(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) error;
        return reply_with(m, userdata, api_put_daemon);
}

static int get_host(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) error;
        return reply_with(m, userdata, api_put_host);
}

static int get_host_policy(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) error;
        return reply_with(m, userdata, api_put_host_policy);
}

static int set_paused(sd_bus_message *m, ApiClient *client, bool pause, sd_bus_error *error) {
        char detail[API_DETAIL_MAX] = "", path[CGROUP_PATH_MAX] = "";
        const char *text;
        int r;

        r = sd_bus_message_read(m, "s", &text);
        if (r < 0)
                return r;
        if (text[0] != 0) {
                r = sd_bus_message_rewind(m, true);
                if (r < 0)
                        return r;
                r = read_path(client, m, path, error);
                if (r < 0)
                        return r;
        }
        r = client->api->handlers.pause(handlers_userdata(client), path, pause, detail);
        if (r < 0)
                return refused(error, r, detail);
        return sd_bus_reply_method_return(m, NULL);
}

static int pause_unit(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return set_paused(m, userdata, true, error);
}

static int resume_unit(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        return set_paused(m, userdata, false, error);
}

static int no_such_rung(const Policy *policy, const char *rung, sd_bus_error *error) {
        char shown[4 * RUNG_NAME_MAX], names[POLICY_RUNGS_MAX * (RUNG_NAME_MAX + 2)] = "";

        (void) utf8_escape(rung, shown, sizeof(shown));
        for (unsigned i = 0; i < policy->n_rungs; i++) {
                size_t used = strlen(names);

                (void) snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "", policy->rungs[i].name);
        }
        if (policy->n_rungs == 0)
                return sd_bus_error_set(error, API_ERROR("NoSuchRung"), "The unit's policy has no rungs.");
        return sd_bus_error_setf(error, API_ERROR("NoSuchRung"),
                                 "The unit's policy has no rung \"%s\". Its rungs are: %s.", shown, names);
}

static int drill(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        char detail[API_DETAIL_MAX] = "", path[CGROUP_PATH_MAX];
        ApiClient *client = userdata;
        const char *text, *rung;
        UnitView view;
        int r;

        r = sd_bus_message_read(m, "ss", &text, &rung);
        if (r < 0)
                return r;
        r = api_find(client->api, text, &view, error);
        if (r < 0)
                return r;
        if (policy_find_rung(view.policy, rung) < 0)
                return no_such_rung(view.policy, rung, error);

        (void) snprintf(path, sizeof(path), "%s", view.path);
        r = client->api->handlers.drill(handlers_userdata(client), path, rung, detail);
        if (r < 0)
                return refused(error, r, detail);
        return sd_bus_reply_method_return(m, NULL);
}

static int snapshot(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        char detail[API_DETAIL_MAX] = "", path[CGROUP_PATH_MAX];
        ApiClient *client = userdata;
        int r;

        r = read_path(client, m, path, error);
        if (r < 0)
                return r;
        r = client->api->handlers.snapshot ? client->api->handlers.snapshot(handlers_userdata(client), path, detail) : -ENOSYS;
        if (r < 0)
                return refused(error, r, detail);
        return sd_bus_reply_method_return(m, "u", (uint32_t) r);
}

static int reload(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        char detail[API_DETAIL_MAX] = "";
        ApiClient *client = userdata;
        int r;

        r = client->api->handlers.reload(handlers_userdata(client), detail);
        if (r < 0)
                return refused(error, r, detail);
        return sd_bus_reply_method_return(m, NULL);
}

static int save_peaks(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ApiClient *client = userdata;

        (void) error;
        if (client->api->handlers.save_peaks)
                client->api->handlers.save_peaks(handlers_userdata(client));
        return sd_bus_reply_method_return(m, NULL);
}

static int write_flight(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        char detail[API_DETAIL_MAX] = "";
        ApiClient *client = userdata;
        int r = -EOPNOTSUPP;

        if (client->api->handlers.write_flight)
                r = client->api->handlers.write_flight(handlers_userdata(client), detail);
        if (r < 0)
                return refused(error, r, detail);
        return sd_bus_reply_method_return(m, NULL);
}

static int watch(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        ApiClient *client = userdata;

        (void) error;
        client->watching = true;
        return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("ListUnits", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", units), list_units, 0),
        SD_BUS_METHOD_WITH_ARGS("GetUnit", SD_BUS_ARGS("s", unit), SD_BUS_RESULT("a{sv}", unit), get_unit, 0),
        SD_BUS_METHOD_WITH_ARGS("GetPolicy", SD_BUS_ARGS("s", unit), SD_BUS_RESULT("aa{sv}", rows), get_policy, 0),
        SD_BUS_METHOD_WITH_ARGS("GetDaemon", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", daemon), get_daemon, 0),
        SD_BUS_METHOD_WITH_ARGS("GetHost", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", host), get_host, 0),
        SD_BUS_METHOD_WITH_ARGS("GetHostPolicy", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", rows), get_host_policy, 0),
        SD_BUS_METHOD_WITH_ARGS("Pause", SD_BUS_ARGS("s", unit), SD_BUS_NO_RESULT, pause_unit, 0),
        SD_BUS_METHOD_WITH_ARGS("Resume", SD_BUS_ARGS("s", unit), SD_BUS_NO_RESULT, resume_unit, 0),
        SD_BUS_METHOD_WITH_ARGS("Drill", SD_BUS_ARGS("s", unit, "s", rung), SD_BUS_NO_RESULT, drill, 0),
        SD_BUS_METHOD_WITH_ARGS("Snapshot", SD_BUS_ARGS("s", unit), SD_BUS_RESULT("u", processes), snapshot, 0),
        SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, reload, 0),
        SD_BUS_METHOD_WITH_ARGS("SavePeaks", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, save_peaks, 0),
        SD_BUS_METHOD_WITH_ARGS("WriteFlight", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, write_flight, 0),
        SD_BUS_METHOD_WITH_ARGS("Watch", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, watch, 0),
        SD_BUS_SIGNAL_WITH_ARGS("Record", SD_BUS_ARGS("a{sv}", record), 0),
        SD_BUS_VTABLE_END,
};

int api_manager_add(ApiClient *client) {
        return sd_bus_add_object_vtable(client->bus, NULL, API_PATH, API_INTERFACE, manager_vtable, client);
}
