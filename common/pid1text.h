/* What PID 1 and journald write into the journal about a unit, as witnesses. The caller has seen to it that the record is
 * theirs (_PID=1, or _TRANSPORT=driver): those fields are the journal's own, all of these can be written by anybody. */
#pragma once

#include "witness.h"

/* Fields that are missing are "". */
typedef struct Pid1Record {
        const char *message_id, *message;
        const char *unit, *invocation;        /* UNIT=, INVOCATION_ID= */
        const char *exit_code, *exit_status;  /* EXIT_CODE=, EXIT_STATUS= */
} Pid1Record;

/* A record of PID 1: OOM_SAID, USERSPACE (systemd-oomd), ENDED (of a main process; PID 1 tells its pid elsewhere) or
 * CLIENT_KILL. 1 and *ret without its time; 0 when it says nothing of that. */
int pid1text_read(const Pid1Record *record, Witness *ret);

/* journald's "Suppressed N messages from UNIT": BLIND. unit is what the record's own field says, or "". */
int pid1text_suppressed(const char *message_id, const char *message, const char *unit, Witness *ret);
