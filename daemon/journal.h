/* The one place that logs. Records go to the journal in its native protocol with the fields of design section 6; when the
 * journal can't take them (journald stopped) they go to stderr as text, so that nothing is lost silently. */
#pragma once

#include "record.h"

/* unit may be NULL for records about the daemon itself. path is the unit's cgroup: for a user's unit the record names
 * OBJECT_SYSTEMD_USER_UNIT and its uid instead. */
void journal_record(const Record *record, const char *unit, const char *path, const char *policy_mode);

/* Plain messages of the daemon itself; finished sentences. */
void journal_log(int priority, const char *format, ...) _printf_(2, 3);

/* Another socket than journald's own, for tests. */
void journal_set_socket(const char *path);
