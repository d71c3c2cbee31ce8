/* An incident as the object that programs read. What is unknown is null, and every key is always there. */
#include "ctl-incident.h"
#include "ctl-json.h"

static json_t *text_or_null(const char *text) {
        return text[0] ? ctl_json_string(text) : json_null();
}

static json_t *memory_json(const CtlMemory *memory) {
        json_t *object;

        if (!memory->known)
                return json_null();
        object = json_object();
        for (CtlMemoryKind kind = 0; object && kind < _MEMORY_KIND_MAX; kind++)
                (void) json_object_set_new(object, ctl_memory_name(kind), ctl_json_number(memory->bytes[kind]));
        return object;
}

static json_t *evidence_json(const CtlIncident *incident) {
        json_t *all = json_array();

        for (unsigned i = 0; i < incident->n_evidence; i++) {
                const CtlEvidence *evidence = &incident->evidence[i];

                (void) json_array_append_new(
                        all, json_pack("{s:o, s:o, s:o}", "source", ctl_json_string(evidence->source), "time",
                                       ctl_json_number(evidence->at), "text", ctl_json_string(evidence->text)));
        }
        return all;
}

static json_t *actions_json(const CtlSteps *steps) {
        json_t *all = json_array();

        for (unsigned i = 0; i < steps->n; i++) {
                const CtlStep *step = &steps->items[i];

                if (util_streq(step->kind, "action"))
                        (void) json_array_append_new(
                                all, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "time", ctl_json_number(step->at),
                                               "rung", text_or_null(step->rung), "action", text_or_null(step->action),
                                               "result", text_or_null(step->result), "reason",
                                               text_or_null(step->reason), "latency_usec",
                                               ctl_json_number(step->latency), "text", text_or_null(step->text)));
        }
        return all;
}

json_t *ctl_incident_json(const CtlIncident *incident, const CtlSteps *steps) {
        return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
                         "s:{s:o, s:o}, s:o}",
                         "id", text_or_null(incident->id), "time", ctl_json_number(incident->at), "unit",
                         text_or_null(incident->unit), "path", text_or_null(incident->path), "invocation_id",
                         text_or_null(incident->invocation), "pid", ctl_json_number(incident->pid), "comm",
                         text_or_null(incident->comm), "verdict", text_or_null(incident->verdict), "cause",
                         text_or_null(incident->cause), "fate", text_or_null(incident->fate), "confidence",
                         text_or_null(incident->confidence), "count", ctl_json_number(incident->count), "killer",
                         text_or_null(incident->killer), "limit", text_or_null(incident->limit), "site",
                         text_or_null(incident->site), "released", text_or_null(incident->released), "text",
                         text_or_null(incident->text), "evidence", evidence_json(incident), "memory", "before",
                         memory_json(&incident->before), "after", memory_json(&incident->after), "actions",
                         actions_json(steps));
}
