#include "action.h"

#include <stdio.h>

#include "incident.h"

static const char *const names[] = {
        [ACTION_HIGH] = "high",     [ACTION_LOAN] = "loan",     [ACTION_SAMPLE] = "sample",
        [ACTION_LISTEN] = "listen", [ACTION_DO] = "do",         [ACTION_THAW] = "thaw",
        [ACTION_SPEND] = "spend",   [ACTION_LEDGER] = "ledger", [ACTION_LOOK] = "look",
        [ACTION_READ_BACK] = "read-back",                       [ACTION_RECORD] = "record",
        [ACTION_HOST] = "host",
        [ACTION_STRAIN] = "strain",
};
static_assert(ELEMENTSOF(names) == _ACTION_KIND_MAX, "an action kind has no name");

const char *action_kind_name(ActionKind kind) {
        return kind >= 0 && kind < _ACTION_KIND_MAX ? names[kind] : "unknown";
}

static int format_bytes(uint64_t bytes, char *buf, size_t size) {
        if (bytes == BYTES_INFINITY)
                return snprintf(buf, size, " bytes=max");
        return snprintf(buf, size, " bytes=%llu", (unsigned long long) bytes);
}

static void format_incident(const Incident *incident, char *buf, size_t size) {
        const char *cause = incident->cause == CAUSE_NONE ? "-" : cause_name(incident->cause);

        (void) snprintf(buf, size, " verdict=%s cause=%s fate=%s confidence=%s pid=%d count=%u",
                        verdict_name(incident->verdict), cause, fate_name(incident->fate),
                        confidence_name(incident->confidence), incident->pid, incident->count);
}

static int format_record(const Record *record, char *buf, size_t size) {
        char incident[192] = "";

        if (record->kind == RECORD_INCIDENT && record->incident)
                format_incident(record->incident, incident, sizeof(incident));
        return snprintf(buf, size, " %s%s rung=%s action=\"%s\" result=%s reason=%s text=\"%s\"",
                        record_kind_word(record->kind), incident, record->rung[0] ? record->rung : "-", record->action,
                        record->result[0] ? record->result : "-", record->reason[0] ? record->reason : "-", record->text);
}

int action_format(const Action *action, char buf[static ACTION_LINE_MAX]) {
        char text[ACTION_TEXT_MAX];
        int n = snprintf(buf, ACTION_LINE_MAX, "%s %s", action_kind_name(action->kind), action->path[0] ? action->path : "-");
        char *rest = buf + n;
        size_t left = ACTION_LINE_MAX - (size_t) n;

        switch (action->kind) {
        case ACTION_HIGH:
        case ACTION_LOAN:
                n += format_bytes(action->bytes, rest, left);
                if (action->restore)
                        n += snprintf(buf + n, ACTION_LINE_MAX - (size_t) n, " restore");
                break;
        case ACTION_LISTEN:
                n += snprintf(rest, left, " %s", action->bytes ? "on" : "off");
                break;
        case ACTION_DO:
                n += snprintf(rest, left, " id=%u \"%s\"", action->id, action_spec_format(&action->spec, text));
                if (action->spec.verb == VERB_THROTTLE)
                        n += format_bytes(action->bytes, buf + n, ACTION_LINE_MAX - (size_t) n);
                break;
        case ACTION_LOOK:
                n += snprintf(rest, left, " pid=%d", action->pid);
                break;
        case ACTION_RECORD:
                n += format_record(&action->record, rest, left);
                break;
        case ACTION_LEDGER:
        case ACTION_READ_BACK:
        case ACTION_SAMPLE:
        case ACTION_STRAIN:
        case ACTION_THAW:
        case ACTION_SPEND:
        case ACTION_HOST:
        case _ACTION_KIND_MAX:
        case _ACTION_KIND_INVALID:
                break;
        }
        return n;
}
