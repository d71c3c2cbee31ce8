/* The records of incidents: what was seen at once, and the verdict when it is known. */
#include <stdio.h>

#include "inquest.h"
#include "utf8.h"

static Record *record_new(const Step *step, const Incident *incident, RecordKind kind) {
        Action *action = step_action(step, NULL, ACTION_RECORD);
        Record *record = &action->record;

        memcpy(action->path, incident->path, sizeof(action->path));
        record->kind = kind;
        record->incident = incident;
        record->latency = USEC_INFINITY;
        record->freed = BYTES_INFINITY;
        memcpy(record->invocation, incident->invocation, sizeof(record->invocation));
        return record;
}

void tell_incident(const Step *step, const Incident *incident) {
        Record *record = record_new(step, incident, RECORD_INCIDENT);

        snprintf(record->result, sizeof(record->result), "%s", verdict_name(incident->verdict));
        (void) incident_sentence(incident, record->text, sizeof(record->text));
}

void tell_sighted(const Step *step, const Incident *incident) {
        Record *record = record_new(step, incident, RECORD_SIGHTED);
        char name[UNIT_NAME_MAX]; /* what is longer is cut */

        (void) utf8_escape(unitname_of_path(incident->path), name, sizeof(name));
        snprintf(record->reason, sizeof(record->reason), "sighted");
        snprintf(record->text, sizeof(record->text),
                 "A MemoryError was raised in process %d of %s just now; what became of it follows in a few seconds as incident %s.",
                 incident->pid, name, incident->id);
}

void tell_crowded(const Step *step, const char *path, uint64_t n) {
        Action *action = step_action(step, NULL, ACTION_RECORD);
        Record *record = &action->record;
        char name[UNIT_NAME_MAX]; /* what is longer is cut */

        memcpy(action->path, path, strlen(path) + 1);
        *record = (Record){.kind = RECORD_CROWDED, .latency = USEC_INFINITY, .freed = BYTES_INFINITY};
        (void) utf8_escape(unitname_of_path(path), name, sizeof(name));
        snprintf(record->reason, sizeof(record->reason), "crowded");
        snprintf(record->text, sizeof(record->text),
                 "%llu report%s of memory incidents found no place, as more happened at once than can be judged; the last was of %s. "
                 "Incidents of just now may be missing: see journalctl -k -g \"Killed process\" too.",
                 (unsigned long long) n, n == 1 ? "" : "s", name);
}

void tell_count(Witness *witness, uint64_t n) {
        snprintf(witness->text, sizeof(witness->text),
                 "memory.events: oom_kill rose by %llu.", (unsigned long long) n);
}
