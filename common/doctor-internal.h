/* Inside the doctor: the table's rows. Checks of one subject stand in one file. */
#pragma once

#include "doctor.h"

typedef struct DoctorCheck {
        const char *id;
        Severity severity; /* unless the check says otherwise */
        bool services_only;
        /* True: it is wrong, and the finding says how. host is never NULL; unit is not in checks of a unit. */
        bool (*finds)(const HostFacts *host, const UnitFacts *unit, Finding *ret);
} DoctorCheck;

typedef struct DoctorChecks {
        const DoctorCheck *checks;
        size_t n;
} DoctorChecks;

extern const DoctorChecks doctor_host_checks, doctor_daemon_checks; /* doctor-host.c, doctor-daemon.c */
extern const DoctorChecks doctor_limit_checks, doctor_life_checks, doctor_policy_checks; /* doctor-limit.c, ... */

void finding_say(Finding *finding, const char *format, ...) _printf_(2, 3);
void finding_remedy(Finding *finding, const char *format, ...) _printf_(2, 3);

/* "systemctl edit UNIT", and what to write there. */
void finding_dropin(Finding *finding, const char *unit, const char *section, const char *line);
