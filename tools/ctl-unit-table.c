/* Units as a table. */
#include "ctl-json.h"
#include "ctl-table.h"
#include "ctl-unit.h"

/* The names that more than one unit has (two users may both run an "api.service"), as keys of an object. */
static json_t *repeated_names(const json_t *units) {
        _cleanup_(json_decrefp) json_t *seen = json_object();
        json_t *repeated = json_object();
        const json_t *unit;
        size_t i;

        json_array_foreach(units, i, unit) {
                const char *name = ctl_json_text(unit, "unit");

                (void) json_object_set_new(json_object_get(seen, name) ? repeated : seen, name, json_true());
        }
        return repeated;
}

/* "leak, 3 h 20 min left", or nothing. */
static const char *describe_leak(const json_t *unit, char *buf, size_t size) {
        uint64_t left = ctl_json_u64(unit, "growth_time_to_limit_s");
        char time[UNITS_TEXT_MAX];

        buf[0] = 0;
        if (ctl_unit_leaks(unit) && left <= UINT64_MAX / USEC_PER_SEC)
                (void) snprintf(buf, size, "leak, %s left", units_format_duration(left * USEC_PER_SEC, time));
        return buf;
}

static int add_row(CtlTable *table, const json_t *unit, const json_t *repeated) {
        const char *name = ctl_json_text(unit, "unit"), *rung = ctl_json_text(unit, "rung");
        char used[UNITS_TEXT_MAX], limit[UNITS_TEXT_MAX], share[UNITS_TEXT_MAX], holds[64], state[128], notes[128],
                leak[64];
        const char *cells[] = {
                json_object_get(repeated, name) ? ctl_json_text(unit, "path") : name,
                ctl_json_text(unit, "mode"),
                state,
                ctl_unit_bytes(unit, "usage_working_set", used),
                ctl_unit_bytes(unit, "limit_bytes", limit),
                ctl_unit_share_text(unit, share),
                notes,
        };

        (void) describe_leak(unit, leak, sizeof(leak));
        (void) ctl_unit_holds(unit, holds, sizeof(holds));
        (void) snprintf(notes, sizeof(notes), "%s%s%s", holds, holds[0] && leak[0] ? ", " : "", leak);
        (void) snprintf(state, sizeof(state), "%s%s%s", ctl_json_text(unit, "state"), rung[0] ? " " : "", rung);
        return ctl_table_add(table, cells, ctl_unit_color(unit));
}

static bool any_notes(const json_t *units) {
        const json_t *unit;
        char holds[64];
        size_t i;

        json_array_foreach(units, i, unit) {
                if (ctl_unit_holds(unit, holds, sizeof(holds))[0] || ctl_unit_leaks(unit))
                        return true;
        }
        return false;
}

int ctl_unit_table(const json_t *units, size_t most) {
        static const CtlColumn columns[] = {
                {.title = "UNIT", .shrink = true},
                {.title = "MODE"},
                {.title = "STATE"},
                {.title = "USED", .right = true},
                {.title = "LIMIT", .right = true},
                {.title = "SHARE", .right = true},
                {.title = "NOTES"}, /* only where there are some: a terminal has 80 columns */
        };
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        _cleanup_(json_decrefp) json_t *repeated = repeated_names(units);
        const json_t *unit;
        size_t i;
        int r;

        r = ctl_table_new(&table, columns, ELEMENTSOF(columns) - !any_notes(units));
        if (r < 0)
                return r;
        json_array_foreach(units, i, unit) {
                if (most > 0 && i >= most)
                        break;
                r = add_row(table, unit, repeated);
                if (r < 0)
                        return r;
        }
        return ctl_table_print(table, stdout);
}
