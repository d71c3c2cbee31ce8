/* A unit's policy in force, value by value with the place where each was written, in the order in which a policy file
 * would have it. */
#include <stdio.h>

#include "api-priv.h"

#define SOURCE_MAX (CGROUP_PATH_MAX + 16)

/* Where a row goes, and what its levels are shares of. */
typedef struct Rows {
        sd_bus_message *message;
        const PolicySet *set;
        uint64_t limit;
        char section[RUNG_NAME_MAX + 8];
} Rows;

static const char *source_text(const Rows *rows, Source source, char buf[static SOURCE_MAX]) {
        if (source.file < 0)
                (void) snprintf(buf, SOURCE_MAX, "built-in");
        else
                (void) snprintf(buf, SOURCE_MAX, "%s:%u", policy_set_file(rows->set, source.file), source.line);
        return buf;
}

/* bytes: what the value comes to for this unit now; BYTES_INFINITY where that says nothing. */
static int put_row_bytes(Rows *rows, const char *key, const char *value, Source source, uint64_t bytes) {
        char where[SOURCE_MAX];
        sd_bus_message *m = rows->message;
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;
        r = api_put_text(m, "section", rows->section);
        if (r < 0)
                return r;
        r = api_put_text(m, "key", key);
        if (r < 0)
                return r;
        r = api_put_text(m, "value", value);
        if (r < 0)
                return r;
        r = api_put_text(m, "source", source_text(rows, source, where));
        if (r < 0)
                return r;
        if (bytes != BYTES_INFINITY) {
                r = api_put_u64(m, "bytes", bytes);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int put_row(Rows *rows, const char *key, const char *value, Source source) {
        return put_row_bytes(rows, key, value, source, BYTES_INFINITY);
}

static int put_duration(Rows *rows, const char *key, usec_t usec, Source source) {
        char text[UNITS_TEXT_MAX];

        return put_row(rows, key, units_format_duration_conf(usec, text), source);
}

static int put_general(Rows *rows, const Policy *policy) {
        char budget[2 * UNITS_TEXT_MAX], window[UNITS_TEXT_MAX], loan[UNITS_TEXT_MAX];
        Level amount = {.set = true, .value = policy->loan};
        int r;

        r = put_row(rows, "Mode", mode_name(policy->mode), policy->mode_source);
        if (r < 0)
                return r;
        (void) snprintf(budget, sizeof(budget), "%u/%s", policy->budget_count,
                        units_format_duration_conf(policy->budget_window, window));
        r = put_row(rows, "RestartBudget", budget, policy->budget_source);
        if (r < 0)
                return r;
        r = put_row(rows, "Preference", preference_name(policy->preference), policy->preference_source);
        if (r < 0)
                return r;
        r = put_row(rows, "Loan", units_format_level(&amount, loan), policy->loan_source);
        if (r < 0)
                return r;
        r = put_duration(rows, "Relax", policy->relax, policy->relax_source);
        if (r < 0)
                return r;
        r = put_row(rows, "ReportFailures", policy->report_failures ? "yes" : "no", policy->failures_source);
        if (r < 0)
                return r;
        r = put_row(rows, "Uprobes", policy->uprobes ? "yes" : "no", policy->uprobes_source);
        if (r < 0)
                return r;
        return put_row(rows, "Journal", policy->journal ? "yes" : "no", policy->journal_source);
}

static int put_pressure(Rows *rows, const PressureCondition *condition) {
        static const char *const keys[] = {[STALLED_SOME] = "PressureSome", [STALLED_FULL] = "PressureFull"};
        char value[2 * UNITS_TEXT_MAX], stall[UNITS_TEXT_MAX], window[UNITS_TEXT_MAX];

        static_assert(ELEMENTSOF(keys) == _STALLED_MAX, "a key for every kind of stall");
        (void) snprintf(value, sizeof(value), "%s/%s", units_format_duration_conf(condition->stall, stall),
                        units_format_duration_conf(condition->window, window));
        return put_row(rows, keys[condition->what], value, condition->source);
}

static int put_event(Rows *rows, const EventCondition *condition) {
        char value[3 * UNITS_TEXT_MAX], window[UNITS_TEXT_MAX];

        (void) snprintf(value, sizeof(value), "%s %u/%s", counted_name(condition->what), condition->count,
                        units_format_duration_conf(condition->window, window));
        return put_row(rows, "Event", value, condition->source);
}

static int put_conditions(Rows *rows, const Policy *policy, unsigned rung) {
        const Level *usage = &policy->rungs[rung].usage;
        char text[UNITS_TEXT_MAX];
        int r;

        if (usage->set) {
                r = put_row_bytes(rows, "Usage", units_format_level(usage, text), policy->rungs[rung].usage_source,
                                  units_level_bytes(usage, rows->limit));
                if (r < 0)
                        return r;
        }
        if (policy->rungs[rung].time_to_limit > 0) {
                r = put_duration(rows, "TimeToLimit", policy->rungs[rung].time_to_limit, policy->rungs[rung].time_source);
                if (r < 0)
                        return r;
        }
        for (unsigned i = 0; i < policy->n_pressures; i++) {
                if (policy->pressures[i].rung != rung)
                        continue;
                r = put_pressure(rows, &policy->pressures[i]);
                if (r < 0)
                        return r;
        }
        for (unsigned i = 0; i < policy->n_events; i++) {
                if (policy->events[i].rung != rung)
                        continue;
                r = put_event(rows, &policy->events[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int put_rung(Rows *rows, const Policy *policy, unsigned rung) {
        const Rung *it = &policy->rungs[rung];
        char text[ACTION_TEXT_MAX];
        int r;

        (void) snprintf(rows->section, sizeof(rows->section), "Rung %s", it->name);
        r = put_conditions(rows, policy, rung);
        if (r < 0)
                return r;
        r = put_duration(rows, "Hold", it->hold, it->hold_source);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < it->n_actions; i++) {
                r = put_row(rows, "Action", action_spec_format(&it->actions[i], text), it->actions[i].source);
                if (r < 0)
                        return r;
        }
        return put_duration(rows, "Settle", it->settle, it->settle_source);
}

int api_put_policy(Api *api, sd_bus_message *m, const UnitView *view) {
        Rows rows = {
                .message = m,
                .set = api->handlers.policies(api->handlers.userdata),
                .limit = view->sample ? view->sample->limit : BYTES_INFINITY,
                .section = "Policy",
        };
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r < 0)
                return r;
        r = put_general(&rows, view->policy);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < view->policy->n_rungs; i++) {
                r = put_rung(&rows, view->policy, i);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

static int put_actions(sd_bus_message *m, const Rung *rung) {
        char texts[POLICY_ACTIONS_MAX * (ACTION_TEXT_MAX + 2)] = "", text[ACTION_TEXT_MAX];

        for (unsigned i = 0; i < rung->n_actions; i++) {
                size_t used = strlen(texts);

                (void) snprintf(texts + used, sizeof(texts) - used, "%s%s", i > 0 ? ", " : "",
                                action_spec_format(&rung->actions[i], text));
        }
        return api_put_text(m, "actions", texts);
}

/* The rungs in short, for status: the full text is GetPolicy()'s. */
int api_put_rungs(sd_bus_message *m, const UnitView *view) {
        uint64_t limit = view->sample ? view->sample->limit : BYTES_INFINITY;
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r < 0)
                return r;
        for (unsigned i = 0; i < view->policy->n_rungs; i++) {
                const Rung *rung = &view->policy->rungs[i];
                char text[UNITS_TEXT_MAX];

                r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
                if (r < 0)
                        return r;
                r = api_put_text(m, "name", rung->name);
                if (r < 0)
                        return r;
                r = api_put_text(m, "usage", rung->usage.set ? units_format_level(&rung->usage, text) : "");
                if (r < 0)
                        return r;
                r = api_put_u64(m, "usage_bytes", units_level_bytes(&rung->usage, limit));
                if (r < 0)
                        return r;
                r = put_actions(m, rung);
                if (r < 0)
                        return r;
                r = api_put_bool(m, "taken", view->rung >= (int) i);
                if (r < 0)
                        return r;
                r = sd_bus_message_close_container(m);
                if (r < 0)
                        return r;
        }
        return sd_bus_message_close_container(m);
}

const char *api_policy_file(Api *api, const Policy *policy) {
        const PolicySet *set = api->handlers.policies(api->handlers.userdata);
        int file = policy->mode_source.file;

        for (unsigned i = 0; file < 0 && i < policy->n_rungs; i++)
                file = policy->rungs[i].source.file;
        return set ? policy_set_file(set, file) : "";
}
