/* A stall as an incident: whose limit, and what it rests on; and its end. */
#include <inttypes.h>
#include <stdio.h>

#include "inquest.h"
#include "units.h"
#include "utf8.h"

#define CERTAIN_LOST 90 /* percent of the time; what no process could run in is no matter of opinion any more */

static uint64_t limit_bytes(const Unit *unit, StallLimit limit, const Strain *strain) {
        switch (limit) {
        case STALL_AT_OWN_HIGH:
                return unit->sample.high;
        case STALL_AT_OWN_MAX:
                return unit->sample.own_max;
        case STALL_AT_ABOVE_HIGH:
                return strain->above_high;
        case STALL_AT_ABOVE_MAX:
                return strain->above_max;
        case STALL_AT_NONE:
        case _STALL_LIMIT_MAX:
        case _STALL_LIMIT_INVALID:
                break;
        }
        return BYTES_INFINITY;
}

static Confidence confidence_of(const StallReport *report) {
        if (report->by_files)
                return CONFIDENCE_POSSIBLE;
        return report->lost >= CERTAIN_LOST && !report->by_disk ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY;
}

static void add_time(Incident *incident, const StallReport *report, usec_t at) {
        char text[WITNESS_TEXT_MAX], lasted[UNITS_TEXT_MAX];

        (void) units_format_duration(report->lasted - report->lasted % USEC_PER_SEC, lasted);
        snprintf(text, sizeof(text),
                 "%s: no process of the unit could run for %u %% of %s; its own code had %u.%u %% of one CPU.",
                 report->by_disk ? "memory.pressure and io.pressure" : "memory.pressure", report->lost, lasted,
                 report->user / 10, report->user % 10);
        incident_add_evidence(incident, WITNESS_READING, at, text);
}

static void add_hits(Incident *incident, const StallReport *report, usec_t at) {
        bool high = report->limit == STALL_AT_OWN_HIGH || report->limit == STALL_AT_ABOVE_HIGH;
        bool own = report->limit == STALL_AT_OWN_HIGH || report->limit == STALL_AT_OWN_MAX;
        usec_t seconds = MAX(report->lasted / USEC_PER_SEC, 1);
        char text[WITNESS_TEXT_MAX];

        snprintf(text, sizeof(text), "%s: %s rose by %" PRIu64 " in that time (%" PRIu64 " a second), and no oom_kill.",
                 own ? "memory.events" : "memory.events.local above the unit", high ? "high" : "max", report->hits,
                 report->hits / seconds);
        incident_add_evidence(incident, WITNESS_EVENTS, at, text);
        snprintf(text, sizeof(text), "memory.stat: %" PRIu64 " pages a second were read back after reclaim had taken them.",
                 report->refaults / seconds);
        incident_add_evidence(incident, WITNESS_READING, at, text);
}

void tell_stall(const Step *step, const Unit *unit, const StallReport *report, const Strain *strain, usec_t since) {
        Incident *incident = incident_of_living(step, unit, VERDICT_LIMIT_STALL, since);
        bool own = report->limit == STALL_AT_OWN_HIGH || report->limit == STALL_AT_OWN_MAX;
        const char *path = own ? unit->path : strain->above;

        incident->stall = *report;
        incident->stall_bytes = limit_bytes(unit, report->limit, strain);
        incident->confidence = confidence_of(report);
        memcpy(incident->limit, path, strlen(path) + 1);
        add_time(incident, report, step->now);
        add_hits(incident, report, step->now);
        tell_incident(step, incident);
}

void tell_stall_over(const Step *step, const Unit *unit, usec_t lasted) {
        Record *record = &step_action(step, unit, ACTION_RECORD)->record;
        const char *unit_name = unitname_of_path(unit->path);
        char name[UNIT_NAME_MAX], time[UNITS_TEXT_MAX];

        record->kind = RECORD_STALL_OVER;
        record->latency = USEC_INFINITY;
        record->freed = BYTES_INFINITY;
        memcpy(record->invocation, unit->invocation, sizeof(record->invocation));
        snprintf(record->result, sizeof(record->result), "over");
        (void) utf8_escape(unitname_type(unit_name) == UNIT_NONE ? unit->path : unit_name, name, sizeof(name));
        snprintf(record->text, sizeof(record->text), "%s runs again: it stood still at a memory limit for %s.", name,
                 units_format_duration(lasted - lasted % USEC_PER_SEC, time));
}
