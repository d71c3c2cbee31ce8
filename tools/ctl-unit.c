#include "ctl-unit.h"

#include "ctl-json.h"

/* [object] key of the JSON <- key of the bus. */
static const struct {
        const char *object, *key, *from;
} json_fields[] = {
        {NULL, "unit", "unit"},
        {NULL, "path", "path"},
        {NULL, "invocation_id", "invocation_id"},
        {NULL, "policy", "policy"},
        {NULL, "mode", "mode"},
        {NULL, "preference", "preference"},
        {NULL, "state", "state"},
        {NULL, "rung", "rung"},
        {NULL, "watch", "watch"},
        {NULL, "wire", "wire"},
        {NULL, "operator_high", "operator_high"},
        {NULL, "paused", "paused"},
        {NULL, "throttled", "throttled"},
        {NULL, "frozen", "frozen"},
        {NULL, "on_loan", "on_loan"},
        {NULL, "loan_bytes", "loan_bytes"},
        {NULL, "sample_age_usec", "sample_age_usec"},
        {"usage", "current", "usage_current"},
        {"usage", "working_set", "usage_working_set"},
        {"usage", "anon", "usage_anon"},
        {"usage", "file", "usage_file"},
        {"usage", "shmem", "usage_shmem"},
        {"limit", "bytes", "limit_bytes"},
        {"limit", "source", "limit_source"},
        {"limit", "own_max", "own_max"},
        {"pressure", "some_avg10", "pressure_some_avg10"},
        {"pressure", "full_avg10", "pressure_full_avg10"},
        {"pressure", "some_usec", "pressure_some_usec"},
        {"pressure", "full_usec", "pressure_full_usec"},
        {"events", "high", "events_high"},
        {"events", "max", "events_max"},
        {"events", "oom", "events_oom"},
        {"events", "oom_kill", "events_oom_kill"},
        {"growth", "class", "growth_class"},
        {"growth", "slope_bytes_per_s", "growth_slope_bytes_per_s"},
        {"growth", "time_to_limit_s", "growth_time_to_limit_s"},
        {"growth", "grown_bytes", "growth_grown_bytes"},
        {"growth", "confidence_percent", "growth_confidence"},
        {"budget", "spent", "budget_spent"},
        {"budget", "count", "budget_count"},
        {"budget", "window_usec", "budget_window_usec"},
        {"last_incident", "id", "last_id"},
        {"last_incident", "time", "last_time"},
        {"last_incident", "verdict", "last_verdict"},
        {"last_incident", "fate", "last_fate"},
        {"last_incident", "confidence", "last_confidence"},
        {"module", "processes", "module_processes"},
        {"module", "pid", "module_pid"},
        {"module", "python", "module_python"},
        {"module", "version", "module_version"},
        {"module", "errors", "module_errors"},
        {"module", "items", "module_items"},
        {"module", "queue", "module_queue"},
        {"module", "cache", "module_cache"},
        {"module", "blocks", "module_blocks"},
        {"module", "native_used", "module_native_used"},
        {"module", "native_unused", "module_native_unused"},
        {"module", "traced", "module_traced"},
        {"module", "growth_source", "growth_source"},
        {"module", "growth_source_text", "growth_source_text"},
        {NULL, "rungs", "rungs"},
        {NULL, "records", "records"},
};

/* Texts that are empty on the bus, which has no null. */
static bool is_nothing(const json_t *value) {
        return json_is_string(value) && json_string_length(value) == 0;
}

/* The object within, made at its first key; a group of which nothing is known stays null. */
static json_t *group(json_t *all, const char *name, bool make) {
        json_t *inner = json_object_get(all, name);

        if (json_is_object(inner))
                return inner;
        if (!inner)
                (void) json_object_set_new(all, name, json_null());
        if (!make)
                return NULL;
        inner = json_object();
        return json_object_set_new(all, name, inner) < 0 ? NULL : inner;
}

/* What has a class but does not grow in a line has no forecast. */
static void fill_growth(json_t *growth) {
        static const char *const keys[] = {"slope_bytes_per_s", "time_to_limit_s", "grown_bytes", "confidence_percent"};

        for (size_t i = 0; json_is_object(growth) && i < ELEMENTSOF(keys); i++)
                if (!json_object_get(growth, keys[i]))
                        (void) json_object_set_new(growth, keys[i], json_null());
}

json_t *ctl_unit_json(const json_t *unit) {
        json_t *all = json_object();

        for (size_t i = 0; all && i < ELEMENTSOF(json_fields); i++) {
                json_t *value = json_object_get(unit, json_fields[i].from);
                json_t *target = json_fields[i].object ? group(all, json_fields[i].object, value != NULL) : all;

                if (target && value)
                        (void) json_object_set(target, json_fields[i].key, is_nothing(value) ? json_null() : value);
        }
        if (all)
                fill_growth(json_object_get(all, "growth"));
        return all;
}

bool ctl_unit_leaks(const json_t *unit) {
        return util_streq(ctl_json_text(unit, "growth_class"), "leak");
}

CtlColor ctl_unit_color(const json_t *unit) {
        const char *state = ctl_json_text(unit, "state");

        if (util_streq(state, "acting") || ctl_json_bool(unit, "frozen") || ctl_json_bool(unit, "on_loan"))
                return COLOR_BAD;
        if (!util_streq(state, "calm") || ctl_json_bool(unit, "throttled") || ctl_unit_leaks(unit))
                return COLOR_WARN;
        return ctl_json_bool(unit, "paused") ? COLOR_DIM : COLOR_PLAIN;
}

unsigned ctl_unit_share(const json_t *unit) {
        uint64_t used = ctl_json_u64(unit, "usage_working_set"), limit = ctl_json_u64(unit, "limit_bytes");

        if (used == UINT64_MAX || limit == UINT64_MAX || limit == 0)
                return 0;
        return (unsigned) MIN((double) used / (double) limit * 10000, 1000000.0);
}

const char *ctl_unit_share_text(const json_t *unit, char buf[static UNITS_TEXT_MAX]) {
        if (ctl_json_u64(unit, "limit_bytes") == UINT64_MAX)
                (void) snprintf(buf, UNITS_TEXT_MAX, "-");
        else
                (void) snprintf(buf, UNITS_TEXT_MAX, "%u.%u %%", ctl_unit_share(unit) / 100,
                                ctl_unit_share(unit) / 10 % 10);
        return buf;
}

const char *ctl_unit_holds(const json_t *unit, char *buf, size_t size) {
        static const struct {
                const char *key, *word;
        } holds[] = {{"frozen", "frozen"}, {"throttled", "throttled"}, {"on_loan", "on loan"}, {"paused", "paused"}};

        buf[0] = 0;
        for (size_t i = 0; i < ELEMENTSOF(holds); i++) {
                size_t used = strlen(buf);

                if (ctl_json_bool(unit, holds[i].key))
                        (void) snprintf(buf + used, size - used, "%s%s", used > 0 ? ", " : "", holds[i].word);
        }
        return buf;
}

/* Larger wants more attention. */
static unsigned attention(const json_t *unit) {
        static const unsigned weights[] = {
                [COLOR_PLAIN] = 1, [COLOR_GOOD] = 1, [COLOR_WARN] = 2,
                [COLOR_BAD] = 3,   [COLOR_DIM] = 1,  [COLOR_BOLD] = 1,
        };

        static_assert(ELEMENTSOF(weights) == _CTL_COLOR_MAX, "a weight for every colour");
        return weights[ctl_unit_color(unit)];
}

static int compare(const void *a, const void *b) {
        const json_t *x = *(json_t *const *) a, *y = *(json_t *const *) b;
        unsigned ax = attention(x), ay = attention(y), sx = ctl_unit_share(x), sy = ctl_unit_share(y);

        if (ax != ay)
                return ax > ay ? -1 : 1;
        if (sx != sy)
                return sx > sy ? -1 : 1;
        return strcmp(ctl_json_text(x, "path"), ctl_json_text(y, "path"));
}

int ctl_unit_sort(json_t *units) {
        size_t n = json_array_size(units);
        _cleanup_free_ json_t **sorted = NULL;

        sorted = calloc(n + 1, sizeof(*sorted));
        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                sorted[i] = json_incref(json_array_get(units, i));
        qsort(sorted, n, sizeof(*sorted), compare);
        for (size_t i = 0; i < n; i++)
                (void) json_array_set_new(units, i, sorted[i]);
        return 0;
}

const char *ctl_unit_bytes(const json_t *unit, const char *key, char buf[static UNITS_TEXT_MAX]) {
        if (!json_object_get(unit, key)) {
                (void) snprintf(buf, UNITS_TEXT_MAX, "-");
                return buf;
        }
        return units_format_bytes(ctl_json_u64(unit, key), buf);
}

const char *ctl_unit_duration(const json_t *unit, const char *key, char buf[static UNITS_TEXT_MAX]) {
        if (!json_object_get(unit, key)) {
                (void) snprintf(buf, UNITS_TEXT_MAX, "-");
                return buf;
        }
        return units_format_duration(ctl_json_u64(unit, key), buf);
}
