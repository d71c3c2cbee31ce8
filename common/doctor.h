/* What is wrong with a host and a unit for the safety of their memory: facts in, findings out, by a table of checks.
 * Each finding says what it saw and what to do. Nothing here looks at the world; a fact that is unknown makes no
 * finding. */
#pragma once

#include "facts.h"

typedef enum Severity {
        SEVERITY_NOTE, /* worth knowing */
        SEVERITY_WARN, /* makes an incident likelier, or harder to explain */
        SEVERITY_BAD,  /* makes the guard useless here, or an incident worse */
        _SEVERITY_MAX,
        _SEVERITY_INVALID = -EINVAL,
} Severity;

#define DOCTOR_TEXT_MAX 512
#define DOCTOR_FINDINGS_MAX 64 /* more than there are checks */

typedef struct Finding {
        const char *id; /* one word for programs */
        Severity severity;
        bool of_unit;
        char text[DOCTOR_TEXT_MAX];   /* finished sentences: what it is, with its value, and why it matters */
        char remedy[DOCTOR_TEXT_MAX]; /* commands, or lines to paste; may be empty */
} Finding;

typedef struct Findings {
        unsigned n;
        Finding items[DOCTOR_FINDINGS_MAX];
} Findings;

/* unit may be NULL: the host only. The worst come first, the unit's before the host's. Returns the worst severity, or
 * -ENOENT where nothing was found. */
int doctor_examine(const HostFacts *host, const UnitFacts *unit, Findings *ret);

const char *severity_name(Severity severity); /* "note", "warn", "bad" */
