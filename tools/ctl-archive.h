/* The journal, where memguardd's records are kept: incidents are read back from there, and no daemon is needed for it.
 * Only what the journal itself vouches for as memguardd's counts (_SYSTEMD_UNIT=memguardd.service). */
#pragma once

#include <systemd/sd-journal.h>

#include "ctl-incident.h"
#include "ctl.h"

#define CTL_INCIDENTS_MAX 1000 /* older ones are not looked at */

/* Which incidents; NULL and 0 match all. */
typedef struct CtlQuery {
        const char *id, *unit, *path, *verdict;
        uint64_t since;
        bool of_system; /* only of units of PID 1: a user may give his own any name */
} CtlQuery;

typedef struct CtlIncidents {
        size_t n;
        bool more; /* older ones were left out */
        CtlIncident *items;
} CtlIncidents;

static inline void ctl_incidents_done(CtlIncidents *incidents) {
        free(incidents->items);
}

/* Sets unit or path from what an operator says: "api", "api.service" or a cgroup's path. buf holds what the query
 * points to. -EINVAL for what can be neither. */
int ctl_query_unit(CtlQuery *query, const char *text, char buf[static UNIT_NAME_MAX]);

/* The host's journal, or that of --directory. Says why not. */
CtlExit ctl_archive_open(const Ctl *ctl, sd_journal **ret);

/* What matches, by time, oldest first. */
int ctl_archive_read(sd_journal *journal, const CtlQuery *query, CtlIncidents *ret);

/* What memguard did and did not do for the unit within a minute of the incident. */
int ctl_archive_steps(sd_journal *journal, const CtlIncident *incident, CtlSteps *ret);

/* The catalog's text for an incident, without its head; the caller's to free. -ENOENT when there is none. */
int ctl_archive_advice(sd_journal *journal, const CtlIncident *incident, char **ret);

/* Where the journal begins; UINT64_MAX when that is unknown. */
uint64_t ctl_archive_begin(sd_journal *journal);

/* The sentence for whatever of these failed. */
CtlExit ctl_archive_complain(int r);
