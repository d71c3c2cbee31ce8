/* PID 1, asked by whoever runs memguardctl: over its private socket, or over the system bus where that is not open to
 * us. */
#pragma once

#include <systemd/sd-bus.h>

#include "util.h"

typedef enum CtlFieldType {
        CTL_FIELD_TEXT, /* "s", cut to the member's size */
        CTL_FIELD_U64,  /* "t" or "u" */
        CTL_FIELD_I64,  /* "i" */
        CTL_FIELD_TRI,  /* "b" as a Tri */
} CtlFieldType;

/* Where a property goes. */
typedef struct CtlField {
        const char *name;
        CtlFieldType type;
        size_t offset, size;
} CtlField;

#define CTL_FIELD(Struct, name, type, member)                                                                          \
        { name, type, offsetof(Struct, member), sizeof(((Struct *) 0)->member) }

/* Below root ("/" on a real system). */
int ctl_pid1_open(const char *root, sd_bus **ret);

/* Reads properties of a unit ("Service", "Unit", ...: the interface's last part) into ret. One that is not there, or of
 * another type, leaves its member as it was; returns how many were there, or a negative errno when PID 1 does not
 * answer. */
int ctl_pid1_read(sd_bus *bus, const char *unit, const char *interface, const CtlField *fields, size_t n, void *ret);

/* The same of the manager itself. */
int ctl_pid1_read_manager(sd_bus *bus, const CtlField *fields, size_t n, void *ret);

/* Could a unit be called this? Nothing else is asked for, or shown in a command. */
bool ctl_pid1_name_is_valid(const char *name);
