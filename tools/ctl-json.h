/* D-Bus values as JSON values, and their readers. Everything that memguardctl shows went through here, escaped. */
#pragma once

#include <jansson.h>
#include <systemd/sd-bus.h>

#include "util.h"

/* The next complete value of a message: a{sv} becomes an object, other arrays become arrays, UINT64_MAX ("no limit",
 * "never") becomes null. -EBADMSG for types that our interface does not use. */
int ctl_json_read(sd_bus_message *m, json_t **ret);

/* One line (pretty=false) or indented, on stdout. ASCII only, so that no text can reach a terminal as a control. */
int ctl_json_print(const json_t *value, bool pretty);

/* Escaped text; a number, or null for what is larger than any that means something. */
json_t *ctl_json_string(const char *text);
json_t *ctl_json_number(uint64_t value);

/* Values of an object; what is missing or of another type reads as "", UINT64_MAX, false. */
const char *ctl_json_text(const json_t *object, const char *key);
uint64_t ctl_json_u64(const json_t *object, const char *key);
double ctl_json_double(const json_t *object, const char *key);
bool ctl_json_bool(const json_t *object, const char *key);
