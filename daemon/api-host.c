/* GetHost() and GetHostPolicy(): the host's memory now, and its guard. */
#include <stdio.h>

#include "api-priv.h"

#define SOURCE_MAX (CGROUP_PATH_MAX + 16)

static int put_reading(Api *api, sd_bus_message *m) {
        const ApiHandlers *handlers = &api->handlers;
        HostReading reading;
        Pressure pressure;

        if (!handlers->host || handlers->host(handlers->userdata, &reading, &pressure) < 0)
                return 0;
        return sd_bus_message_append(
                m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "total", "t", reading.total, "available", "t", reading.available,
                "free", "t", reading.free, "cached", "t", reading.cached, "swap_total", "t", reading.swap_total,
                "swap_free", "t", reading.swap_free, "pressure_some_avg10", "d", pressure.some_avg10 / 100.0,
                "pressure_full_avg10", "d", pressure.full_avg10 / 100.0);
}

int api_put_host(Api *api, sd_bus_message *m) {
        HostView view;
        bool guarded = engine_get_host(api->handlers.engine(api->handlers.userdata), &view) >= 0;
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        r = put_reading(api, m);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "guarded", "b", (int) guarded, "rungs", "u",
                                  guarded ? view.policy->n_rungs : 0, "rung", "s",
                                  guarded && view.rung >= 0 ? view.policy->rungs[view.rung].name : "", "state", "s",
                                  guarded ? ladder_state_name(view.state) : "");
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

typedef struct Rows {
        sd_bus_message *message;
        const PolicySet *set;
        const HostRung *rung;
} Rows;

static int put_row(const Rows *rows, const char *key, const char *value, Source source) {
        char section[RUNG_NAME_MAX + 8], where[SOURCE_MAX];
        const struct {
                const char *key, *text;
        } texts[] = {{"section", section}, {"key", key}, {"value", value}, {"source", where}};
        int r;

        (void) snprintf(section, sizeof(section), "Host %s", rows->rung->name);
        if (source.file < 0)
                (void) snprintf(where, sizeof(where), "built-in");
        else
                (void) snprintf(where, sizeof(where), "%s:%u", policy_set_file(rows->set, source.file), source.line);
        r = sd_bus_message_open_container(rows->message, SD_BUS_TYPE_ARRAY, "{sv}");
        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++)
                r = api_put_text(rows->message, texts[i].key, texts[i].text);
        return r < 0 ? r : sd_bus_message_close_container(rows->message);
}

static int put_level(const Rows *rows, const char *key, const Level *level, Source source) {
        char text[UNITS_TEXT_MAX];

        return level->set ? put_row(rows, key, units_format_level(level, text), source) : 0;
}

static int put_stall(const Rows *rows, const char *key, const HostStall *stall) {
        char value[2 * UNITS_TEXT_MAX], part[UNITS_TEXT_MAX], window[UNITS_TEXT_MAX];

        if (stall->stall == 0)
                return 0;
        (void) snprintf(value, sizeof(value), "%s/%s", units_format_duration_conf(stall->stall, part),
                        units_format_duration_conf(stall->window, window));
        return put_row(rows, key, value, stall->source);
}

static int put_conditions(const Rows *rows) {
        const HostRung *rung = rows->rung;
        int r;

        r = put_level(rows, "Available", &rung->available, rung->available_source);
        if (r < 0)
                return r;
        r = put_level(rows, "SwapFree", &rung->swap_free, rung->swap_free_source);
        if (r < 0)
                return r;
        r = put_stall(rows, "PressureSome", &rung->stalls[STALLED_SOME]);
        if (r < 0)
                return r;
        return put_stall(rows, "PressureFull", &rung->stalls[STALLED_FULL]);
}

static int put_rung(const Rows *rows) {
        const HostRung *rung = rows->rung;
        char text[UNITS_TEXT_MAX];
        int r;

        r = put_conditions(rows);
        if (r < 0)
                return r;
        r = put_row(rows, "Hold", units_format_duration_conf(rung->hold, text), rung->hold_source);
        if (r < 0)
                return r;
        r = rung->notify ? put_row(rows, "Action", "notify", rung->notify_source) : 0;
        if (r < 0)
                return r;
        r = rung->relieve ? put_row(rows, "Action", "relieve", rung->relieve_source) : 0;
        if (r < 0)
                return r;
        return put_row(rows, "Settle", units_format_duration_conf(rung->settle, text), rung->settle_source);
}

int api_put_host_policy(Api *api, sd_bus_message *m) {
        Rows rows = {.message = m, .set = api->handlers.policies(api->handlers.userdata)};
        const HostPolicy *host = rows.set ? policy_set_host(rows.set) : NULL;
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        for (unsigned i = 0; host && i < host->n_rungs && r >= 0; i++) {
                rows.rung = &host->rungs[i];
                r = put_rung(&rows);
        }
        return r < 0 ? r : sd_bus_message_close_container(m);
}
