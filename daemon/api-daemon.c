/* GetDaemon(): the daemon itself as a{sv}. */
#include <time.h>
#include <unistd.h>

#include "api-priv.h"
#include "utf8.h"

static int put_files(Api *api, sd_bus_message *m) {
        const PolicySet *set = api->handlers.policies(api->handlers.userdata);
        int n_files = set ? policy_set_n_files(set) : 0;
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", "policy_files");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, "as");
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "s");
        if (r < 0)
                return r;
        for (int i = 0; i < n_files; i++) {
                char shown[4 * CGROUP_PATH_MAX];

                (void) utf8_escape(policy_set_file(set, i), shown, sizeof(shown));
                r = sd_bus_message_append(m, "s", shown);
                if (r < 0)
                        return r;
        }
        for (unsigned i = 0; i < 3; i++) {
                r = sd_bus_message_close_container(m);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_described(Api *api, sd_bus_message *m) {
        ApiDaemon daemon = {};
        usec_t now;
        int r;

        if (!api->handlers.describe)
                return 0;
        api->handlers.describe(api->handlers.userdata, &daemon);
        r = sd_event_now(api->event, CLOCK_BOOTTIME, &now);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}", "uptime_usec", "t", util_sub(now, daemon.started),
                                  "psi_triggers", "u", daemon.psi_triggers, "policy_mistakes", "u",
                                  daemon.policy_mistakes, "dry_run", "b", (int) daemon.dry_run, "systemd_connected",
                                  "b", (int) daemon.systemd_connected);
        if (r < 0)
                return r;
        return sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "kernel_log", "b", (int) daemon.kernel_log, "journal_reader",
                                     "b", (int) daemon.journal_reader, "python_builds", "u", daemon.python_builds,
                                     "python_error", "s",
                                     daemon.python_error < 0 ? strerrordesc_np(-daemon.python_error) : "");
}

static int put_counts(Api *api, sd_bus_message *m) {
        Engine *engine = api->handlers.engine(api->handlers.userdata);
        uint32_t n_watch[_WATCH_MAX] = {}, n_units = 0, n_clients = 0;
        unsigned iterator = 0;
        UnitView view;

        while (engine_next_unit(engine, &iterator, &view) > 0) {
                n_units++;
                n_watch[view.watch]++;
        }
        for (unsigned i = 0; i < API_CLIENTS_MAX; i++)
                n_clients += api->clients[i].bus != NULL;

        return sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "paused", "b", (int) engine_is_paused(engine),
                                     "units", "u", n_units, "units_max", "u", (uint32_t) ENGINE_UNITS_MAX,
                                     "units_by_wire", "u", n_watch[WATCH_WIRE], "units_by_timer", "u",
                                     n_watch[WATCH_TIMER], "clients", "u", n_clients, "clients_max", "u",
                                     (uint32_t) API_CLIENTS_MAX, "incident_reports_lost", "t", engine_n_lost(engine));
}

int api_put_daemon(Api *api, sd_bus_message *m) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "{sv}{sv}", "version", "s", MEMGUARD_VERSION, "pid", "u", (uint32_t) getpid());
        if (r < 0)
                return r;
        r = put_counts(api, m);
        if (r < 0)
                return r;
        r = put_described(api, m);
        if (r < 0)
                return r;
        r = put_files(api, m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}
