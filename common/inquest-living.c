/* Incidents of units that live: a leak, a stall at a limit. No case gathers evidence for them; readings do, elsewhere. */
#include <stdio.h>

#include "inquest.h"

void incident_set_id(Inquest *inquest, Incident *incident) {
        snprintf(incident->id, sizeof(incident->id), "%s-%u", inquest->prefix[0] ? inquest->prefix : "0",
                 ++inquest->last_case % 1000000);
}

Incident *incident_of_living(const Step *step, const Unit *unit, Verdict verdict, usec_t at) {
        Inquest *inquest = step->engine->inquest;
        Incident *incident = &inquest->living[inquest->next_living++ % LIVING_MAX];

        *incident = (Incident){
                .at = at, .pid = unit->main_pid, .verdict = verdict, .fate = FATE_SURVIVED, .count = 1,
                .has_after = true, .after = unit->sample, .after_at = unit->sample_time,
        };
        incident_set_id(inquest, incident);
        memcpy(incident->path, unit->path, strlen(unit->path) + 1);
        memcpy(incident->invocation, unit->invocation, sizeof(incident->invocation));
        return incident;
}

void incident_add_evidence(Incident *incident, WitnessKind source, usec_t at, const char *text) {
        Evidence *evidence = &incident->evidence[incident->n_evidence];

        if (incident->n_evidence >= EVIDENCE_MAX) {
                incident->n_dropped++;
                return;
        }
        *evidence = (Evidence){.source = source, .at = at};
        snprintf(evidence->text, sizeof(evidence->text), "%s", text);
        incident->n_evidence++;
}
