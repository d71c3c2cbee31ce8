/* What people are told: one record for every step taken or withheld, with its finished sentence. The journal fields of
 * design section 6 come from here; daemon/journal.c only sends them. */
#pragma once

#include "policy.h"
#include "util.h"

#include "event.h"

#define RECORD_TEXT_MAX 512

/* Each has a MESSAGE_ID (record.c; of an incident: incident.c) and an entry in systemd/memguard.catalog. */
typedef enum RecordKind {
        RECORD_ARMED,       /* state: a unit is watched now, and how */
        RECORD_CACHE,       /* state: only cache keeps hitting the wire; the unit is watched by timer */
        RECORD_REARMED,     /* state: wires were placed again after somebody else wrote memory.high */
        RECORD_RUNG,        /* rung: taken */
        RECORD_VERIFIED,    /* rung: did it help */
        RECORD_RELAXED,     /* rung: stepped down */
        RECORD_ACTION,      /* action: done */
        RECORD_FAILED,      /* action: failed */
        RECORD_UNDONE,      /* action: undone (throttle lifted, thawed, loan repaid) */
        RECORD_WITHHELD,    /* withheld: and why */
        RECORD_BUDGET,      /* withheld: restart budget spent; an alert */
        RECORD_PAUSED,      /* state */
        RECORD_RESUMED,     /* state */
        RECORD_DAEMON,      /* state: of the daemon itself; written by the shell */
        RECORD_POLICY,      /* state: policies loaded or refused; written by the shell */
        RECORD_INCIDENT,    /* incident: told once, when it is judged */
        RECORD_SIGHTED,     /* state: a MemoryError was just seen; its incident follows */
        RECORD_CROWDED,     /* state: more happened at once than can be judged; some incidents are not told */
        RECORD_HOST_RUNG,     /* rung: of the host, taken */
        RECORD_HOST_STEP,     /* rung: of a unit, taken for the host; why this unit, and why not others */
        RECORD_HOST_NONE,     /* withheld: no unit could relieve the host; an alert */
        RECORD_HOST_VERIFIED, /* rung: did the step relieve the host */
        RECORD_HOST_RELAXED,  /* rung: the host stepped down */
        RECORD_HOST_IDLE,     /* state: a condition of a [Host] rung that can't hold on this host */
        RECORD_GROWTH,      /* state: what has become of a leak that was told */
        RECORD_STALL_OVER,  /* state: a stall that was told has ended by itself */
        _RECORD_KIND_MAX,
        _RECORD_KIND_INVALID = -EINVAL,
} RecordKind;

struct Incident;

typedef struct Record {
        RecordKind kind;
        const struct Incident *incident; /* INCIDENT and SIGHTED; the engine's, valid until its next step */
        char invocation[INVOCATION_MAX];
        char rung[RUNG_NAME_MAX];
        char action[48];   /* verb and its argument, "throttle 10s"; empty where none */
        char result[32];   /* "taken", "again", "emergency", "done", "failed", "withheld", "helped", "no-help" ...; empty where none */
        char reason[32];   /* one word for programs: "observe", "budget", "hold", "protected", "paused" ...; may be empty */
        usec_t latency;    /* USEC_INFINITY where it means nothing */
        uint64_t freed;    /* bytes; BYTES_INFINITY where it means nothing */
        char text[RECORD_TEXT_MAX]; /* the sentence */
} Record;

/* "rung", "action", "withheld", "state", "incident": MEMGUARD_KIND. */
const char *record_kind_word(RecordKind kind);

/* 32 hexadecimal digits: MESSAGE_ID. Not of RECORD_INCIDENT: there each verdict has its own, verdict_message_id(). */
const char *record_message_id(RecordKind kind);

/* syslog priority: budget spent 3, failed and withheld restarts 4, rungs and incidents 4, actions 5, the rest 6. */
int record_priority(RecordKind kind);

/* The MESSAGE_ID of this very record, an incident's included. */
const char *record_id(const Record *record);
