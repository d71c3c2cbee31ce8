#include "ctl-simulate-show.h"

#include <inttypes.h>

#include "ctl-json.h"
#include "ctl-text.h"
#include "incident.h"
#include "units.h"
#include "utf8.h"

#define APART_SAID USEC_PER_SEC /* readings that lie further apart make a moment uncertain */

typedef struct Line {
        const char *word;
        CtlColor color;
        char text[2 * RECORD_TEXT_MAX];
} Line;

static bool is_wanted(const CtlQuery *query, const char *path) {
        if (query->path)
                return util_streq(query->path, path);
        return !query->unit || util_streq(query->unit, unitname_of_path(path));
}

/* A cgroup that is no unit has only its path to tell it from others. */
static const char *name_of(const char *path) {
        const char *name = unitname_of_path(path);

        return path[0] && unitname_type(name) == UNIT_NONE ? path : name;
}

/* "12.345 s" */
static const char *seconds(usec_t usec, char buf[static UNITS_TEXT_MAX]) {
        (void) snprintf(buf, UNITS_TEXT_MAX, "%" PRIu64 ".%03u s", usec / USEC_PER_SEC,
                        (unsigned) (usec / USEC_PER_MSEC % 1000));
        return buf;
}

/* "1 rung", "3 rungs" */
static const char *count(unsigned n, const char *what, char buf[static UNITS_TEXT_MAX]) {
        (void) snprintf(buf, UNITS_TEXT_MAX, "%u %s%s", n, what, n == 1 ? "" : "s");
        return buf;
}

static void describe_parted(const SimulateItem *item, const char *name, Line *line) {
        char until[UNITS_TEXT_MAX], readings[UNITS_TEXT_MAX];

        line->word = "parted";
        line->color = COLOR_DIM;
        (void) snprintf(line->text, sizeof(line->text),
                        "What is recorded of %s from here on is left out (%s, %s%s): the simulated action would have "
                        "changed it.",
                        name, count(item->n_left_out, "reading", readings),
                        item->until == USEC_INFINITY ? "to the end, as it has no further start" : "up to its next start at +",
                        item->until == USEC_INFINITY ? "" : seconds(item->until, until));
}

static void describe_action(const SimulateItem *item, const char *name, Line *line) {
        const Action *action = item->action;
        char spec[ACTION_TEXT_MAX];

        if (action->kind == ACTION_DO) {
                line->word = "would";
                line->color = COLOR_BOLD;
                (void) snprintf(line->text, sizeof(line->text), "Would do now to %s: %s.", name,
                                action_spec_format(&action->spec, spec));
                return;
        }
        line->word = record_kind_word(action->record.kind);
        line->color = record_priority(action->record.kind) <= 3   ? COLOR_BAD
                      : record_priority(action->record.kind) == 4 ? COLOR_WARN
                                                                  : COLOR_PLAIN;
        (void) snprintf(line->text, sizeof(line->text), "%s", action->record.text);
}

/* False for what is nothing to people. */
static bool describe(const SimulateItem *item, Line *line) {
        const char *name = name_of(item->path);
        char until[UNITS_TEXT_MAX];

        *line = (Line){.word = simulate_kind_name(item->kind), .color = COLOR_DIM};
        switch (item->kind) {
        case SIMULATE_ACTION:
                if (item->action->kind != ACTION_DO && item->action->kind != ACTION_RECORD)
                        return false;
                describe_action(item, name, line);
                break;
        case SIMULATE_PARTED:
                describe_parted(item, name, line);
                break;
        case SIMULATE_HISTORY:
                line->word = "recorded";
                line->color = COLOR_BAD;
                (void) snprintf(line->text, sizeof(line->text), "Recorded of %s instead: %s.", name, item->text);
                break;
        case SIMULATE_JOINED:
                (void) snprintf(line->text, sizeof(line->text), "The next recorded run of %s begins; it is judged again.", name);
                break;
        case SIMULATE_GAP_SKIPPED:
                (void) snprintf(line->text, sizeof(line->text), "Nothing is recorded up to +%s; of this silence only the "
                                "beginning was played.", seconds(item->until, until));
                break;
        case SIMULATE_BEGIN:
        case _SIMULATE_KIND_MAX:
        case _SIMULATE_KIND_INVALID:
                return false;
        }
        return true;
}

static void print_reservations(const SimulateItem *item) {
        char apart[UNITS_TEXT_MAX];

        if (item->mark == MARK_ANSWERED)
                ctl_text_print(stdout, " [simulated: it takes this long as a rule, and frees nothing]");
        if (item->mark == MARK_UNMOVED)
                ctl_text_print(stdout, " [as recorded: the simulated actions have changed nothing in it]");
        if (item->apart >= APART_SAID && item->kind == SIMULATE_ACTION)
                ctl_text_print(stdout, " [estimated between two readings %s apart]", units_format_duration(item->apart, apart));
}

static void print_line(const SimulateItem *item, const Line *line) {
        char when[CTL_TIME_MAX], since[UNITS_TEXT_MAX], shown[CTL_TEXT_MAX];
        const char *color = ctl_text_color(stdout, line->color);

        if (item->realtime != 0)
                (void) ctl_text_time(item->realtime, when);
        else
                (void) snprintf(when, sizeof(when), "boot+%s", seconds(item->time, since));
        (void) utf8_escape(line->text, shown, sizeof(shown));
        ctl_text_print(stdout, "%13s  %s  %-9s %s%s%s", seconds(item->since, since), when, line->word, color, shown,
                       color[0] ? ctl_text_sequence(COLOR_PLAIN) : "");
        print_reservations(item);
        ctl_text_print(stdout, "\n");
}

static void put(json_t *object, const char *key, json_t *value) {
        (void) json_object_set_new(object, key, value ?: json_null());
}

static void put_text(json_t *object, const char *key, const char *text) {
        put(object, key, text[0] ? ctl_json_string(text) : json_null());
}

static void put_incident(json_t *object, const Incident *incident) {
        put_text(object, "id", incident->id);
        put_text(object, "verdict", verdict_name(incident->verdict));
        put_text(object, "cause", cause_name(incident->cause));
        put_text(object, "fate", fate_name(incident->fate));
        put_text(object, "confidence", confidence_name(incident->confidence));
        put(object, "pid", incident->pid > 0 ? json_integer(incident->pid) : json_null());
}

static void put_action(json_t *object, const SimulateItem *item) {
        const Record *record = &item->action->record;
        char spec[ACTION_TEXT_MAX];

        if (item->action->kind == ACTION_DO) {
                put_text(object, "action", action_spec_format(&item->action->spec, spec));
                return;
        }
        put_text(object, "rung", record->rung);
        put_text(object, "action", record->action);
        put_text(object, "result", record->result);
        put_text(object, "reason", record->reason);
        put_text(object, "invocation_id", record->invocation);
        if (record->kind == RECORD_INCIDENT && record->incident)
                put_incident(object, record->incident);
}

static int print_json(const SimulateItem *item, const Line *line) {
        _cleanup_(json_decrefp) json_t *object = json_object();

        if (!object)
                return -ENOMEM;
        put_text(object, "kind", line->word);
        put(object, "since_usec", ctl_json_number(item->since));
        put(object, "boottime_usec", ctl_json_number(item->time));
        put(object, "time", item->realtime != 0 ? ctl_json_number(item->realtime) : json_null());
        put_text(object, "unit", item->path[0] ? unitname_of_path(item->path) : "");
        put_text(object, "path", item->path);
        if (item->kind == SIMULATE_ACTION)
                put_action(object, item);
        if (item->kind == SIMULATE_PARTED)
                put(object, "left_out", json_integer(item->n_left_out));
        if (item->kind == SIMULATE_PARTED || item->kind == SIMULATE_GAP_SKIPPED)
                put(object, "until_usec", ctl_json_number(item->until));
        put_text(object, "text", line->text);
        put_text(object, "mark", simulate_mark_name(item->mark));
        put(object, "apart_usec", json_integer((json_int_t) item->apart));
        return ctl_json_print(object, /* pretty= */ false);
}

void ctl_simulate_show(void *userdata, const SimulateItem *item) {
        CtlSimulation *shown = userdata;
        Line line;

        shown->n_begins += item->kind == SIMULATE_BEGIN;
        if (item->path[0] && !is_wanted(&shown->query, item->path))
                return;
        if (item->kind == SIMULATE_BEGIN && shown->n_begins > 1 && !shown->ctl->json)
                ctl_text_print(stdout, "-- The daemon was started anew here: all is judged from the beginning.\n");
        if (!describe(item, &line))
                return;
        if (!shown->ctl->json)
                print_line(item, &line);
        else if (print_json(item, &line) < 0)
                shown->failed = true;
}

static void add(SimulateTotals *sum, const SimulateTotals *totals) {
        sum->rungs += totals->rungs;
        sum->actions += totals->actions;
        sum->disruptions += totals->disruptions;
        sum->withheld += totals->withheld;
        sum->incidents += totals->incidents;
        sum->kills += totals->kills;
        sum->answers += totals->answers;
        sum->left_out += totals->left_out;
}

static void put_totals(json_t *object, const SimulateTotals *totals) {
        put(object, "rungs", json_integer(totals->rungs));
        put(object, "actions", json_integer(totals->actions));
        put(object, "disruptions", json_integer(totals->disruptions));
        put(object, "withheld", json_integer(totals->withheld));
        put(object, "incidents", json_integer(totals->incidents));
        put(object, "recorded_kills", json_integer(totals->kills));
        put(object, "recorded_actions", json_integer(totals->answers));
        put(object, "left_out", json_integer(totals->left_out));
}

static json_t *unit_json(const SimulateTotals *totals) {
        json_t *object = json_object();

        if (!object)
                return NULL;
        put_text(object, "unit", unitname_of_path(totals->path));
        put_text(object, "path", totals->path);
        put_totals(object, totals);
        put(object, "first_disruption_usec", ctl_json_number(totals->first_disruption));
        put(object, "first_recorded_kill_usec", ctl_json_number(totals->first_kill));
        put(object, "lead_usec", ctl_json_number(totals->lead));
        put(object, "pressure_unknown", json_boolean(totals->pressure_unknown));
        return object;
}

static int summary_json(const CtlSimulation *shown, const Simulation *simulation) {
        _cleanup_(json_decrefp) json_t *object = json_object();
        json_t *units = json_array();
        SimulateTotals sum = {0}, totals;
        unsigned iterator = 0;

        while (simulate_next_unit(simulation, &iterator, &totals) > 0) {
                if (!is_wanted(&shown->query, totals.path))
                        continue;
                add(&sum, &totals);
                (void) json_array_append_new(units, unit_json(&totals) ?: json_null());
        }
        put_text(object, "kind", "summary");
        put(object, "events", json_integer((json_int_t) simulate_n_events(simulation)));
        put(object, "length_usec", ctl_json_number(simulate_length(simulation)));
        put_totals(object, &sum);
        put(object, "units", units);
        return object ? ctl_json_print(object, /* pretty= */ false) : -ENOMEM;
}

static void print_unit(const SimulateTotals *totals) {
        char shown[CTL_TEXT_MAX], a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX], c[UNITS_TEXT_MAX];

        if (totals->rungs + totals->disruptions + totals->withheld + totals->incidents + totals->kills == 0)
                return;
        (void) utf8_escape(name_of(totals->path), shown, sizeof(shown));
        ctl_text_print(stdout, "  %s: %s, %s withheld, %s", shown, count(totals->rungs, "rung", a),
                       count(totals->withheld, "action", b), count(totals->incidents, "incident", c));
        if (totals->disruptions > 0)
                ctl_text_print(stdout, "; ended or restarted %s, first at +%s", count(totals->disruptions, "time", a),
                               seconds(totals->first_disruption, b));
        if (totals->kills > 0)
                ctl_text_print(stdout, "; recorded: %s, first at +%s", count(totals->kills, "OOM kill", a),
                               seconds(totals->first_kill, b));
        if (totals->lead != USEC_INFINITY)
                ctl_text_print(stdout, ", and one %s after the simulated action", seconds(totals->lead, a));
        ctl_text_print(stdout, ".\n");
}

/* The guard of that time reads what its own policies need. */
static void print_blind(const CtlSimulation *shown, const Simulation *simulation) {
        char name[CTL_TEXT_MAX], text[UNITS_TEXT_MAX];
        SimulateTotals totals;
        unsigned iterator = 0, n = 0;

        while (simulate_next_unit(simulation, &iterator, &totals) > 0) {
                if (!is_wanted(&shown->query, totals.path) || !totals.pressure_unknown)
                        continue;
                if (n++ == 0)
                        (void) utf8_escape(name_of(totals.path), name, sizeof(name));
        }
        if (n > 0)
                ctl_text_print(stdout, "Not judged: the rungs by pressure of %s (%s%s), as no pressure was recorded there.\n",
                               count(n, "unit", text), name, n > 1 ? " and others" : "");
}

static void print_sum(const Simulation *simulation, unsigned n, const SimulateTotals *sum) {
        char a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX], c[UNITS_TEXT_MAX], d[UNITS_TEXT_MAX];

        ctl_text_print(stdout, "\nSimulated: %s, %s taken, %u restarts, stops or kills, %s, ", count(n, "unit", a),
                       count(sum->rungs, "rung", b), sum->disruptions, count(sum->actions, "other action", c));
        ctl_text_print(stdout, "%s withheld, %s; %" PRIu64 " events over %s.\n", count(sum->withheld, "action", a),
                       count(sum->incidents, "incident", b), simulate_n_events(simulation),
                       units_format_duration(simulate_length(simulation), d));
        ctl_text_print(stdout, "Recorded: %s, %s of the guard of that time; %s left out.\n",
                       count(sum->kills, "kernel OOM kill", a), count(sum->answers, "action", b),
                       count(sum->left_out, "reading", c));
}

static void summary_text(const CtlSimulation *shown, const Simulation *simulation) {
        SimulateTotals sum = {0}, totals;
        unsigned iterator = 0, n = 0;

        while (simulate_next_unit(simulation, &iterator, &totals) > 0)
                if (is_wanted(&shown->query, totals.path)) {
                        add(&sum, &totals);
                        n++;
                }
        print_sum(simulation, n, &sum);
        for (iterator = 0; simulate_next_unit(simulation, &iterator, &totals) > 0;)
                if (is_wanted(&shown->query, totals.path))
                        print_unit(&totals);
        print_blind(shown, simulation);
}

void ctl_simulate_summary(CtlSimulation *shown, const Simulation *simulation) {
        if (!shown->ctl->json)
                summary_text(shown, simulation);
        else if (summary_json(shown, simulation) < 0)
                shown->failed = true;
}
