/* Units, records and the daemon itself as a{sv}. */
#include <time.h>
#include <unistd.h>

#include "api-priv.h"
#include "utf8.h"

int api_put_text(sd_bus_message *m, const char *key, const char *text) {
        char shown[4 * CGROUP_PATH_MAX];

        (void) utf8_escape(text ?: "", shown, sizeof(shown));
        return sd_bus_message_append(m, "{sv}", key, "s", shown);
}

int api_put_u64(sd_bus_message *m, const char *key, uint64_t value) {
        return sd_bus_message_append(m, "{sv}", key, "t", value);
}

int api_put_bool(sd_bus_message *m, const char *key, bool value) {
        return sd_bus_message_append(m, "{sv}", key, "b", (int) value);
}

static const struct {
        const char *key;
        size_t offset;
} sample_fields[] = {
        {"usage_current", offsetof(Sample, current)},
        {"usage_working_set", offsetof(Sample, working_set)},
        {"usage_anon", offsetof(Sample, anon)},
        {"usage_file", offsetof(Sample, file)},
        {"usage_shmem", offsetof(Sample, shmem)},
        {"limit_bytes", offsetof(Sample, limit)},
        {"own_max", offsetof(Sample, own_max)},
        {"events_high", offsetof(Sample, ev_high)},
        {"events_max", offsetof(Sample, ev_max)},
        {"events_oom", offsetof(Sample, ev_oom)},
        {"events_oom_kill", offsetof(Sample, ev_oom_kill)},
};

static int put_sample(Api *api, sd_bus_message *m, const UnitView *view) {
        usec_t now;
        int r;

        if (!view->sample)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(sample_fields); i++) {
                const char *field = (const char *) view->sample + sample_fields[i].offset;

                r = api_put_u64(m, sample_fields[i].key, *(const uint64_t *) field);
                if (r < 0)
                        return r;
        }
        r = sd_event_now(api->event, CLOCK_BOOTTIME, &now);
        if (r < 0)
                return r;
        return api_put_u64(m, "sample_age_usec", util_sub(now, view->sample_time));
}

/* What the kernel is asked for at this moment. What it does not tell is left out. */
static int put_live(Api *api, sd_bus_message *m, const UnitView *view) {
        const ApiHandlers *handlers = &api->handlers;
        char source[CGROUP_PATH_MAX];
        Pressure pressure;
        int r;

        if (handlers->limit_source(handlers->userdata, view->path, source) >= 0) {
                r = api_put_text(m, "limit_source", source);
                if (r < 0)
                        return r;
        }
        if (!handlers->pressure || handlers->pressure(handlers->userdata, view->path, &pressure) < 0)
                return 0;
        r = api_put_u64(m, "pressure_some_usec", pressure.some_total);
        if (r < 0)
                return r;
        r = api_put_u64(m, "pressure_full_usec", pressure.full_total);
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "{sv}", "pressure_some_avg10", "d", pressure.some_avg10 / 100.0);
        if (r < 0)
                return r;
        return sd_bus_message_append(m, "{sv}", "pressure_full_avg10", "d", pressure.full_avg10 / 100.0);
}

static int put_identity(Api *api, sd_bus_message *m, const UnitView *view) {
        const Policy *policy = view->policy;
        const char *rung =
                view->rung >= 0 && (unsigned) view->rung < policy->n_rungs ? policy->rungs[view->rung].name : "";
        const struct {
                const char *key, *text;
        } texts[] = {
                {"unit", view->name},
                {"path", view->path},
                {"invocation_id", view->invocation},
                {"policy", api_policy_file(api, policy)},
                {"mode", mode_name(policy->mode)},
                {"preference", preference_name(policy->preference)},
                {"state", ladder_state_name(view->state)},
                {"rung", rung},
                {"watch", watch_name(view->watch)},
        };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                r = api_put_text(m, texts[i].key, texts[i].text);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_state(sd_bus_message *m, const UnitView *view) {
        return sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "throttled", "b",
                                     (int) view->throttled, "frozen", "b", (int) view->frozen, "on_loan", "b",
                                     (int) view->on_loan, "paused", "b", (int) view->paused, "wire", "t", view->wire,
                                     "operator_high", "t", view->operator_high, "budget_spent", "u", view->budget_spent,
                                     "budget_count", "u", view->policy->budget_count, "budget_window_usec", "t",
                                     view->policy->budget_window, "loan_bytes", "t", view->policy->loan);
}

/* Nothing while it is not known; the numbers only where it grows in a line. */
static int put_growth(sd_bus_message *m, const Growth *growth) {
        int r;

        if (growth->class == GROWTH_UNKNOWN)
                return 0;
        r = api_put_text(m, "growth_class", growth_class_name(growth->class));
        if (r < 0 || !growth->forecasts)
                return r;
        return sd_bus_message_append(m, "{sv}{sv}{sv}{sv}", "growth_slope_bytes_per_s", "t", growth->slope,
                                     "growth_time_to_limit_s", "t", growth->time_to_limit / USEC_PER_SEC,
                                     "growth_grown_bytes", "t", growth->grown, "growth_confidence", "u",
                                     growth->confidence);
}

static int put_kept_records(Api *api, sd_bus_message *m, const char *path) {
        uint64_t first = util_sub(api->n_records, API_RECORDS_MAX);
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r < 0)
                return r;
        for (uint64_t i = first; i < api->n_records; i++) {
                const ApiRecord *record = &api->records[i % API_RECORDS_MAX];

                if (!util_streq(record->path, path))
                        continue;
                r = api_put_record(m, record);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

/* Opens and closes the {sv} around an aa{sv}. */
static int open_rows(sd_bus_message *m, const char *key) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append(m, "s", key);
        if (r < 0)
                return r;
        return sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, "aa{sv}");
}

static int close_rows(sd_bus_message *m) {
        int r;

        r = sd_bus_message_close_container(m);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int put_detail(Api *api, sd_bus_message *m, const UnitView *view) {
        int r;

        r = open_rows(m, "rungs");
        if (r < 0)
                return r;
        r = api_put_rungs(m, view);
        if (r < 0)
                return r;
        r = close_rows(m);
        if (r < 0)
                return r;

        r = open_rows(m, "records");
        if (r < 0)
                return r;
        r = put_kept_records(api, m, view->path);
        if (r < 0)
                return r;
        return close_rows(m);
}

int api_put_unit(Api *api, sd_bus_message *m, const UnitView *view, bool detail) {
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        r = put_identity(api, m, view);
        if (r < 0)
                return r;
        r = put_state(m, view);
        if (r < 0)
                return r;
        r = put_sample(api, m, view);
        if (r < 0)
                return r;
        r = put_live(api, m, view);
        if (r < 0)
                return r;
        r = api_put_last(api, m, view->path);
        if (r < 0)
                return r;
        r = api_put_module(api, m, view);
        if (r < 0)
                return r;
        r = put_growth(m, &view->growth);
        if (r < 0)
                return r;
        if (detail) {
                r = put_detail(api, m, view);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int put_record_numbers(sd_bus_message *m, const ApiRecord *kept) {
        const Record *record = &kept->record;
        int r;

        r = sd_bus_message_append(m, "{sv}{sv}", "time", "t", kept->realtime, "priority", "i",
                                  record_priority(record->kind));
        if (r < 0)
                return r;
        if (kept->pid > 0) {
                r = api_put_u64(m, "pid", (uint64_t) kept->pid);
                if (r < 0)
                        return r;
        }
        if (record->latency != USEC_INFINITY) {
                r = api_put_u64(m, "latency_usec", record->latency);
                if (r < 0)
                        return r;
        }
        return record->freed == BYTES_INFINITY ? 0 : api_put_u64(m, "freed", record->freed);
}

int api_put_record(sd_bus_message *m, const ApiRecord *kept) {
        const Record *record = &kept->record;
        const struct {
                const char *key, *text;
        } texts[] = {
                {"kind", record_kind_word(record->kind)},
                {"message_id", kept->message_id},
                {"unit", kept->unit},
                {"path", kept->path},
                {"invocation_id", record->invocation},
                {"rung", record->rung},
                {"action", record->action},
                {"result", record->result},
                {"reason", record->reason},
                {"incident", kept->incident},
                {"verdict", kept->verdict},
                {"cause", kept->cause},
                {"fate", kept->fate},
                {"confidence", kept->confidence},
                {"text", record->text},
        };
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        r = put_record_numbers(m, kept);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                if (texts[i].text[0] == 0)
                        continue;
                r = api_put_text(m, texts[i].key, texts[i].text);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}
