#include "ctl-show.h"

#include <inttypes.h>

#include "ctl-json.h"
#include "ctl-unit.h"
#include "growth.h"

#define BAR_WIDTH 50
#define FORECAST_SHOWN ((uint64_t) 366 * 24 * 3600) /* s; what lies further ahead is no forecast */

void ctl_show_label(const char *text) {
        ctl_text_print(stdout, "%10s%s ", text, text[0] ? ":" : " ");
}

const char *ctl_show_bar(uint64_t used, uint64_t limit, const json_t *rungs, unsigned width, char *buf) {
        unsigned filled = (unsigned) MIN((double) used / (double) limit * width + 0.5, (double) width);
        const json_t *rung;
        size_t i;

        buf[0] = '[';
        memset(buf + 1, '#', filled);
        memset(buf + 1 + filled, '-', width - filled);
        buf[width + 1] = ']';
        buf[width + 2] = 0;

        json_array_foreach(rungs, i, rung) {
                uint64_t level = ctl_json_u64(rung, "usage_bytes");

                if (level < limit)
                        buf[1 + (unsigned) ((double) level / (double) limit * width)] = '|';
        }
        return buf;
}

static void show_head(const json_t *unit) {
        const char *watch = ctl_json_text(unit, "watch"), *invocation = ctl_json_text(unit, "invocation_id");
        char holds[64];

        ctl_text_print(stdout, "%s%s%s: %s", ctl_text_color(stdout, COLOR_BOLD), ctl_json_text(unit, "unit"),
                       ctl_text_color(stdout, COLOR_PLAIN), ctl_text_color(stdout, ctl_unit_color(unit)));
        ctl_text_print(stdout, "%s%s%s%s%s\n", ctl_json_text(unit, "state"),
                       ctl_json_text(unit, "rung")[0] ? " on rung " : "", ctl_json_text(unit, "rung"),
                       ctl_unit_holds(unit, holds, sizeof(holds))[0] ? ", " : "", holds);
        ctl_text_print(stdout, "%s", ctl_text_color(stdout, COLOR_PLAIN));
        ctl_show_label("Path");
        ctl_text_print(stdout, "%s\n", ctl_json_text(unit, "path"));
        if (invocation[0]) {
                ctl_show_label("Invocation");
                ctl_text_print(stdout, "%s\n", invocation);
        }
        ctl_show_label("Policy");
        ctl_text_print(stdout, "%s, mode %s\n", ctl_json_text(unit, "policy"), ctl_json_text(unit, "mode"));
        ctl_show_label("Watched");
        ctl_text_print(stdout, "%s\n",
                       util_streq(watch, "wire")    ? "by tripwire"
                       : util_streq(watch, "timer") ? "by timer"
                                                    : "for no level of usage");
}

static void show_usage(const json_t *unit) {
        uint64_t used = ctl_json_u64(unit, "usage_working_set"), limit = ctl_json_u64(unit, "limit_bytes");
        char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX], c[UNITS_TEXT_MAX], d[UNITS_TEXT_MAX], bar[BAR_WIDTH + 3];

        ctl_show_label("Usage");
        if (used == UINT64_MAX) {
                ctl_text_print(stdout, "not read yet\n");
                return;
        }
        ctl_text_print(stdout, "%s working set (in all %s: anon %s, file %s)\n", units_format_bytes(used, a),
                       ctl_unit_bytes(unit, "usage_current", b), ctl_unit_bytes(unit, "usage_anon", c),
                       ctl_unit_bytes(unit, "usage_file", d));
        ctl_show_label("Limit");
        ctl_text_print(stdout, "%s, of %s\n", units_format_bytes(limit, a),
                       ctl_json_text(unit, "limit_source")[0] ? ctl_json_text(unit, "limit_source")
                                                              : "an unknown cgroup");
        if (limit == UINT64_MAX || limit == 0)
                return;
        ctl_show_label("");
        ctl_text_print(stdout, "%s %s\n", ctl_show_bar(used, limit, json_object_get(unit, "rungs"), BAR_WIDTH, bar),
                       ctl_unit_share_text(unit, a));
}

/* "leak, by 102.4M in all, 35.5M an hour; it reaches its limit in 3 h 20 min" */
static void show_growth(const json_t *unit) {
        uint64_t left = ctl_json_u64(unit, "growth_time_to_limit_s");
        char rate[GROWTH_RATE_MAX], grown[UNITS_TEXT_MAX], time[UNITS_TEXT_MAX];
        bool leaks = ctl_unit_leaks(unit);

        ctl_show_label("Growth");
        if (!json_object_get(unit, "growth_class")) {
                ctl_text_print(stdout, "not known yet\n");
                return;
        }
        ctl_text_print(stdout, "%s%s%s", leaks ? ctl_text_color(stdout, COLOR_WARN) : "",
                       ctl_json_text(unit, "growth_class"), leaks ? ctl_text_color(stdout, COLOR_PLAIN) : "");
        if (json_object_get(unit, "growth_slope_bytes_per_s") && left <= FORECAST_SHOWN)
                ctl_text_print(stdout, ", by %s in a line, %s (%" PRIu64 " %% sure); %s %s",
                               ctl_unit_bytes(unit, "growth_grown_bytes", grown),
                               growth_format_rate(ctl_json_u64(unit, "growth_slope_bytes_per_s"), rate),
                               ctl_json_u64(unit, "growth_confidence"),
                               leaks ? "it reaches its limit in" : "if that went on, it would reach its limit in",
                               units_format_duration(left * USEC_PER_SEC, time));
        ctl_text_print(stdout, "\n");
}

static void show_rungs(const json_t *unit) {
        const json_t *rungs = json_object_get(unit, "rungs"), *rung;
        size_t i;

        json_array_foreach(rungs, i, rung) {
                const char *name = ctl_json_text(rung, "name"), *usage = ctl_json_text(rung, "usage");
                bool here = util_streq(name, ctl_json_text(unit, "rung"));
                char bytes[UNITS_TEXT_MAX], level[UNITS_TEXT_MAX * 2 + 8] = "-";

                if (usage[0] && ctl_json_u64(rung, "usage_bytes") != UINT64_MAX)
                        (void) snprintf(level, sizeof(level), "%s = %s", usage,
                                        ctl_unit_bytes(rung, "usage_bytes", bytes));
                else if (usage[0])
                        (void) snprintf(level, sizeof(level), "%s", usage);
                ctl_show_label(i == 0 ? "Rungs" : "");
                ctl_text_print(stdout, "%s%c %-12s %-18s %s%s\n",
                               here ? ctl_text_color(stdout, ctl_unit_color(unit)) : "", here ? '>' : ' ', name, level,
                               ctl_json_text(rung, "actions"), here ? ctl_text_color(stdout, COLOR_PLAIN) : "");
        }
}

static void show_wire(const json_t *unit) {
        uint64_t wire = ctl_json_u64(unit, "wire");
        char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX];

        ctl_show_label("Wire");
        if (wire == UINT64_MAX)
                ctl_text_print(stdout, "none placed");
        else
                ctl_text_print(stdout, "memory.high at %s", units_format_bytes(wire, a));
        if (ctl_json_u64(unit, "operator_high") != UINT64_MAX)
                ctl_text_print(stdout, "; the operator's own memory.high is %s",
                               ctl_unit_bytes(unit, "operator_high", b));
        ctl_text_print(stdout, "\n");
}

static void show_counters(const json_t *unit) {
        char window[UNITS_TEXT_MAX];

        if (json_object_get(unit, "pressure_some_avg10")) {
                ctl_show_label("Pressure");
                ctl_text_print(stdout, "some %.2f %%, full %.2f %% of the last 10 s\n",
                               ctl_json_double(unit, "pressure_some_avg10"),
                               ctl_json_double(unit, "pressure_full_avg10"));
        }
        if (json_object_get(unit, "events_high")) {
                ctl_show_label("Events");
                ctl_text_print(stdout, "high %" PRIu64 ", max %" PRIu64 ", oom %" PRIu64 ", oom_kill %" PRIu64 "\n",
                               ctl_json_u64(unit, "events_high"), ctl_json_u64(unit, "events_max"),
                               ctl_json_u64(unit, "events_oom"), ctl_json_u64(unit, "events_oom_kill"));
        }
        ctl_show_label("Budget");
        ctl_text_print(stdout, "%" PRIu64 " of %" PRIu64 " restarts spent in %s\n", ctl_json_u64(unit, "budget_spent"),
                       ctl_json_u64(unit, "budget_count"), ctl_unit_duration(unit, "budget_window_usec", window));
}

/* What the Python module says; a unit without it has no such line. */
static void show_module(const json_t *unit) {
        const char *source = ctl_json_text(unit, "growth_source_text");
        char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX];

        if (json_object_get(unit, "module_processes")) {
                uint64_t n = ctl_json_u64(unit, "module_processes"), errors = ctl_json_u64(unit, "module_errors");

                ctl_show_label("Python");
                ctl_text_print(stdout, "%s, module %s in %" PRIu64 " process%s", ctl_json_text(unit, "module_python"),
                               ctl_json_text(unit, "module_version"), n, n == 1 ? "" : "es");
                if (json_object_get(unit, "module_native_used"))
                        ctl_text_print(stdout, "; malloc: %s in use, %s kept free", ctl_unit_bytes(unit, "module_native_used", a),
                                       ctl_unit_bytes(unit, "module_native_unused", b));
                if (json_object_get(unit, "module_items"))
                        ctl_text_print(stdout, "; %" PRIu64 " items done", ctl_json_u64(unit, "module_items"));
                if (json_object_get(unit, "module_queue"))
                        ctl_text_print(stdout, ", %" PRIu64 " waiting", ctl_json_u64(unit, "module_queue"));
                ctl_text_print(stdout, errors > 0 ? "; %" PRIu64 " errors reported\n" : "\n", errors);
        }
        if (source[0]) {
                ctl_show_label("Growth by");
                ctl_text_print(stdout, "%s\n", source);
        }
}

void ctl_show_record(const json_t *record, bool with_unit) {
        uint64_t priority = ctl_json_u64(record, "priority");
        CtlColor color = priority <= 3 ? COLOR_BAD : priority == 4 ? COLOR_WARN : COLOR_PLAIN;
        const char *unit = ctl_json_text(record, "unit");
        char when[CTL_TIME_MAX];

        ctl_text_print(stdout, "%s%s%s%s %s%s%s\n", ctl_text_time(ctl_json_u64(record, "time"), when),
                       with_unit && unit[0] ? " " : "", with_unit ? unit : "", with_unit && unit[0] ? ":" : "",
                       ctl_text_color(stdout, color), ctl_json_text(record, "text"),
                       color == COLOR_PLAIN ? "" : ctl_text_color(stdout, COLOR_PLAIN));
}

static void show_last(const json_t *unit) {
        char when[CTL_TIME_MAX];

        if (!json_object_get(unit, "last_verdict"))
                return;
        ctl_show_label("Incident");
        ctl_text_print(stdout, "%s: %s (%s, %s); memguardctl explain %s\n",
                       ctl_text_time(ctl_json_u64(unit, "last_time"), when), ctl_json_text(unit, "last_verdict"),
                       ctl_json_text(unit, "last_fate"), ctl_json_text(unit, "last_confidence"),
                       ctl_json_text(unit, "last_id"));
}

static void show_records(const json_t *unit) {
        const json_t *records = json_object_get(unit, "records"), *record;
        size_t i;

        json_array_foreach(records, i, record) {
                ctl_show_label(i == 0 ? "Records" : "");
                ctl_show_record(record, /* with_unit= */ false);
        }
}

int ctl_show_unit(const json_t *unit) {
        show_head(unit);
        show_usage(unit);
        show_growth(unit);
        show_rungs(unit);
        show_wire(unit);
        show_counters(unit);
        show_last(unit);
        show_module(unit);
        show_records(unit);
        return ferror(stdout) ? -EIO : 0;
}
