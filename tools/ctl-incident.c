#include "ctl-incident.h"

#include <stdio.h>

/* Where the value of a field goes. */
typedef struct Field {
        const char *name;
        size_t offset, size; /* size 0: a number */
} Field;

#define TEXT(name, type, member)                                                                                       \
        { name, offsetof(type, member), sizeof(((type *) NULL)->member) }
#define NUMBER(name, type, member)                                                                                     \
        { name, offsetof(type, member), 0 }

static const Field incident_fields[] = {
        TEXT("MESSAGE", CtlIncident, text),
        TEXT("MEMGUARD_INCIDENT", CtlIncident, id),
        TEXT("MEMGUARD_UNIT", CtlIncident, unit),
        TEXT("MEMGUARD_CGROUP", CtlIncident, path),
        TEXT("MEMGUARD_INVOCATION_ID", CtlIncident, invocation),
        TEXT("MEMGUARD_VERDICT", CtlIncident, verdict),
        TEXT("MEMGUARD_CAUSE", CtlIncident, cause),
        TEXT("MEMGUARD_FATE", CtlIncident, fate),
        TEXT("MEMGUARD_CONFIDENCE", CtlIncident, confidence),
        TEXT("MEMGUARD_KILLER", CtlIncident, killer),
        TEXT("MEMGUARD_COMM", CtlIncident, comm),
        TEXT("MEMGUARD_SITE", CtlIncident, site),
        TEXT("MEMGUARD_LIMIT", CtlIncident, limit),
        TEXT("MEMGUARD_RELEASED", CtlIncident, released),
        NUMBER("MEMGUARD_PID", CtlIncident, pid),
        NUMBER("MEMGUARD_COUNT", CtlIncident, count),
        NUMBER("MEMGUARD_EVIDENCE_DROPPED", CtlIncident, n_dropped),
        NUMBER("MEMGUARD_TIME_USEC", CtlIncident, at),
};

static const Field step_fields[] = {
        TEXT("MESSAGE", CtlStep, text),
        TEXT("MEMGUARD_KIND", CtlStep, kind),
        TEXT("MEMGUARD_RUNG", CtlStep, rung),
        TEXT("MEMGUARD_ACTION", CtlStep, action),
        TEXT("MEMGUARD_RESULT", CtlStep, result),
        TEXT("MEMGUARD_REASON", CtlStep, reason),
        NUMBER("MEMGUARD_LATENCY_USEC", CtlStep, latency),
};

static const char *const memory_names[] = {
        [MEMORY_ANON] = "anon",     [MEMORY_FILE] = "file", [MEMORY_SHMEM] = "shmem",
        [MEMORY_KERNEL] = "kernel", [MEMORY_SWAP] = "swap", [MEMORY_CURRENT] = "current",
        [MEMORY_CACHED] = "cached", [MEMORY_FREE] = "free", [MEMORY_AVAILABLE] = "available",
};
static_assert(ELEMENTSOF(memory_names) == _MEMORY_KIND_MAX, "a kind of memory has no name");

const char *ctl_memory_name(CtlMemoryKind kind) {
        assert(kind >= 0 && kind < _MEMORY_KIND_MAX);
        return memory_names[kind];
}

/* Digits and nothing else, up to the byte before end; no signs and blanks, which strtoull() would take. */
static bool parse_number(const char *text, const char *end, uint64_t *ret) {
        uint64_t value = 0;

        if (text == end)
                return false;
        for (; text < end; text++)
                if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (*text - '0'), &value))
                        return false;
        *ret = value;
        return true;
}

/* As text; a character that is cut in two is shown as its bytes by whoever escapes it. */
static void store(char *dest, size_t size, const char *value, const char *end) {
        size_t n = MIN((size_t) (end - value), size - 1);

        memcpy(dest, value, n);
        dest[n] = 0;
}

/* Does the pair have this name? Then ret is its value. */
static bool is_field(const char *data, size_t n, const char *name, const char **ret) {
        size_t n_name = strlen(name);

        if (n <= n_name || memcmp(data, name, n_name) != 0 || data[n_name] != '=')
                return false;
        *ret = data + n_name + 1;
        return true;
}

static bool take_field(void *target, const Field *fields, size_t n_fields, const char *data, size_t n) {
        const char *value;

        for (size_t i = 0; i < n_fields; i++)
                if (is_field(data, n, fields[i].name, &value)) {
                        char *dest = (char *) target + fields[i].offset;

                        if (fields[i].size > 0)
                                store(dest, fields[i].size, value, data + n);
                        else
                                (void) parse_number(value, data + n, (uint64_t *) (void *) dest);
                        return true;
                }
        return false;
}

/* "SOURCE USEC TEXT" */
static void take_evidence(CtlIncident *incident, const char *value, const char *end) {
        CtlEvidence *evidence = &incident->evidence[incident->n_evidence];
        const char *number, *text;

        if (incident->n_evidence == ELEMENTSOF(incident->evidence))
                return;
        number = memchr(value, ' ', (size_t) (end - value));
        text = number ? memchr(number + 1, ' ', (size_t) (end - number - 1)) : NULL;
        if (!text || !parse_number(number + 1, text, &evidence->at))
                return;
        store(evidence->source, sizeof(evidence->source), value, number);
        store(evidence->text, sizeof(evidence->text), text + 1, end);
        incident->n_evidence++;
}

/* "anon=1048576 file=0 ..." */
static void take_memory(CtlMemory *memory, const char *value, const char *end) {
        while (value < end) {
                const char *blank = memchr(value, ' ', (size_t) (end - value)) ?: end, *number;

                for (CtlMemoryKind kind = 0; kind < _MEMORY_KIND_MAX; kind++)
                        if (is_field(value, (size_t) (blank - value), memory_names[kind], &number) &&
                            parse_number(number, blank, &memory->bytes[kind]))
                                memory->known = true;
                value = blank + 1;
        }
}

void ctl_incident_begin(CtlIncident *incident) {
        *incident = (CtlIncident){.at = CTL_TIME_NONE, .pid = UINT64_MAX, .count = UINT64_MAX};
        memset(incident->before.bytes, 0xff, sizeof(incident->before.bytes));
        memset(incident->after.bytes, 0xff, sizeof(incident->after.bytes));
}

void ctl_incident_field(CtlIncident *incident, const char *data, size_t n) {
        const char *value;

        if (take_field(incident, incident_fields, ELEMENTSOF(incident_fields), data, n))
                return;
        if (is_field(data, n, "MEMGUARD_EVIDENCE", &value))
                take_evidence(incident, value, data + n);
        else if (is_field(data, n, "MEMGUARD_BEFORE", &value))
                take_memory(&incident->before, value, data + n);
        else if (is_field(data, n, "MEMGUARD_AFTER", &value))
                take_memory(&incident->after, value, data + n);
}

static int compare_evidence(const void *a, const void *b) {
        const CtlEvidence *x = a, *y = b;

        return x->at < y->at ? -1 : x->at > y->at;
}

int ctl_incident_end(CtlIncident *incident, uint64_t recorded) {
        if (!incident->verdict[0])
                return -EBADMSG;
        if (incident->at == CTL_TIME_NONE)
                incident->at = recorded;
        if (incident->pid == 0)
                incident->pid = UINT64_MAX;
        /* The journal keeps the fields of a record, but not their order. */
        qsort(incident->evidence, incident->n_evidence, sizeof(incident->evidence[0]), compare_evidence);
        return 0;
}

void ctl_step_begin(CtlStep *step, uint64_t recorded) {
        *step = (CtlStep){.at = recorded, .latency = UINT64_MAX};
}

void ctl_step_field(CtlStep *step, const char *data, size_t n) {
        (void) take_field(step, step_fields, ELEMENTSOF(step_fields), data, n);
}
