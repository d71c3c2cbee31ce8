/* Inside of event.c: the fields of each kind of event, one table for both directions, so that they cannot part. */
#pragma once

#include "event.h"

typedef enum FieldType {
        FIELD_U64,
        FIELD_U32,
        FIELD_INT,
        FIELD_BOOL,
        FIELD_TEXT,
        FIELD_SOURCE,
        FIELD_FACT,
        FIELD_SCOPE,
} FieldType;

typedef struct Field {
        const char *key;
        FieldType type;
        size_t offset, size;
} Field;

typedef struct EventFields {
        const char *name;
        const Field *fields;
        size_t n_fields;
        bool sparse; /* fields that say nothing are left out */
} EventFields;

extern const EventFields event_fields[_EVENT_KIND_MAX];
