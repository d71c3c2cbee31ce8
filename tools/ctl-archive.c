#include "ctl-archive.h"

#include <stdio.h>
#include <unistd.h>

#include "ctl-text.h"

#define AROUND USEC_PER_MINUTE /* of an incident: its steps */
#define SKEW USEC_PER_MINUTE   /* by which a clock that was set back may mix up the order of records */

int ctl_query_unit(CtlQuery *query, const char *text, char buf[static UNIT_NAME_MAX]) {
        int n;

        if (text[0] == '/') {
                query->path = text;
                return unitname_path_is_valid(text) ? 0 : -EINVAL;
        }
        /* "api" -> "api.service", as the daemon and systemctl do it. */
        n = snprintf(buf, UNIT_NAME_MAX, "%s%s", text, unitname_type(text) == UNIT_NONE ? ".service" : "");
        if (text[0] == 0 || n < 0 || n >= UNIT_NAME_MAX)
                return -EINVAL;
        query->unit = buf;
        return 0;
}

CtlExit ctl_archive_complain(int r) {
        ctl_text_complain("The journal can't be read: %s.", strerror(-r));
        return CTL_REFUSED;
}

/* The library opens what it may and is silent about the rest. */
static CtlExit complain_nothing(const Ctl *ctl) {
        if (ctl->directory)
                ctl_text_complain("%s has no journal that can be read.", ctl->directory);
        else if (geteuid() != 0 && (access("/var/log/journal", F_OK) == 0 || access("/run/log/journal", F_OK) == 0))
                ctl_text_complain("The journal of the system can't be read by this user. Run this again as root, for "
                                  "example with sudo, or as a member of the group systemd-journal.");
        else
                ctl_text_complain(
                        "There is no journal on this host, and that is where memguardd keeps its incidents. See: "
                        "systemctl status systemd-journald");
        return CTL_REFUSED;
}

CtlExit ctl_archive_open(const Ctl *ctl, sd_journal **ret) {
        _cleanup_(sd_journal_closep) sd_journal *journal = NULL;
        uint64_t bytes = 0;
        int r;

        r = ctl->directory ? sd_journal_open_directory(&journal, ctl->directory, 0)
                           : sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
        if (r < 0 && ctl->directory) {
                ctl_text_complain("The journal in %s can't be read: %s.", ctl->directory, strerror(-r));
                return CTL_REFUSED;
        }
        if (r < 0)
                return ctl_archive_complain(r);
        r = sd_journal_get_usage(journal, &bytes);
        if (r < 0)
                return ctl_archive_complain(r);
        if (bytes == 0)
                return complain_nothing(ctl);
        *ret = TAKE_PTR(journal);
        return CTL_DONE;
}

static int match(sd_journal *journal, const char *name, const char *value) {
        char text[2 * CGROUP_PATH_MAX];

        if (!value)
                return 0;
        (void) snprintf(text, sizeof(text), "%s=%s", name, value);
        return sd_journal_add_match(journal, text, 0);
}

/* Pairs of name and value, ended by NULL; the same name again means "or". */
static int match_all(sd_journal *journal, const char *const *pairs) {
        int r;

        sd_journal_flush_matches(journal);
        r = match(journal, "_SYSTEMD_UNIT", "memguardd.service");
        for (; r >= 0 && pairs[0]; pairs += 2)
                r = match(journal, pairs[0], pairs[1]);
        return r;
}

/* The record at which the journal stands. -EBADMSG when it is no incident. */
static int read_incident(sd_journal *journal, CtlIncident *ret) {
        uint64_t recorded;
        const void *data;
        size_t n;
        int r;

        r = sd_journal_get_realtime_usec(journal, &recorded);
        if (r < 0)
                return r;
        ctl_incident_begin(ret);
        SD_JOURNAL_FOREACH_DATA(journal, data, n) ctl_incident_field(ret, data, n);
        return ctl_incident_end(ret, recorded);
}

static int add(CtlIncidents *incidents, size_t *n_allocated, const CtlIncident *incident) {
        if (incidents->n == *n_allocated) {
                size_t n = MAX(2 * *n_allocated, (size_t) 16);
                CtlIncident *items;

                items = reallocarray(incidents->items, n, sizeof(*items));
                if (!items)
                        return -ENOMEM;
                incidents->items = items;
                *n_allocated = n;
        }
        incidents->items[incidents->n++] = *incident;
        return 0;
}

static int compare(const void *a, const void *b) {
        const CtlIncident *x = a, *y = b;

        return x->at < y->at ? -1 : x->at > y->at;
}

static bool is_wanted(const CtlQuery *query, const CtlIncident *incident) {
        uint32_t uid;

        return incident->at >= query->since && !(query->of_system && ctl_incident_user(incident, &uid) >= 0);
}

/* From the newest record back to the time, or to the bound. */
static int read_back(sd_journal *journal, const CtlQuery *query, CtlIncidents *incidents) {
        size_t n_allocated = 0;
        CtlIncident incident;
        int r;

        r = sd_journal_seek_tail(journal);
        if (r < 0)
                return r;
        while ((r = sd_journal_previous(journal)) > 0) {
                uint64_t recorded;

                /* An incident is recorded after it happened, never before. */
                if (sd_journal_get_realtime_usec(journal, &recorded) >= 0 && util_add(recorded, SKEW) < query->since)
                        return 0;
                r = read_incident(journal, &incident);
                if (r < 0 || !is_wanted(query, &incident))
                        continue; /* a record that is damaged does not hide the others */
                if (incidents->n == CTL_INCIDENTS_MAX) {
                        incidents->more = true;
                        return 0;
                }
                r = add(incidents, &n_allocated, &incident);
                if (r < 0)
                        return r;
        }
        return r;
}

int ctl_archive_read(sd_journal *journal, const CtlQuery *query, CtlIncidents *ret) {
        _cleanup_(ctl_incidents_done) CtlIncidents incidents = {};
        const char *pairs[] = {"MEMGUARD_KIND",
                               "incident",
                               "MEMGUARD_INCIDENT",
                               query->id,
                               "MEMGUARD_UNIT",
                               query->unit,
                               "MEMGUARD_CGROUP",
                               query->path,
                               "MEMGUARD_VERDICT",
                               query->verdict,
                               NULL};
        int r;

        r = match_all(journal, pairs);
        if (r < 0)
                return r;
        r = read_back(journal, query, &incidents);
        if (r < 0)
                return r;
        if (incidents.n > 0)
                qsort(incidents.items, incidents.n, sizeof(incidents.items[0]), compare);
        *ret = incidents;
        incidents = (CtlIncidents){};
        return 0;
}

int ctl_archive_steps(sd_journal *journal, const CtlIncident *incident, CtlSteps *ret) {
        const char *pairs[] = {"MEMGUARD_KIND",
                               "rung",
                               "MEMGUARD_KIND",
                               "action",
                               "MEMGUARD_KIND",
                               "withheld",
                               incident->path[0] ? "MEMGUARD_CGROUP" : "MEMGUARD_UNIT",
                               incident->path[0] ? incident->path : incident->unit,
                               NULL};
        int r;

        ret->n = ret->n_dropped = 0;
        r = match_all(journal, pairs);
        if (r < 0)
                return r;
        r = sd_journal_seek_realtime_usec(journal, util_sub(incident->at, AROUND));
        if (r < 0)
                return r;
        while ((r = sd_journal_next(journal)) > 0) {
                uint64_t recorded;
                const void *data;
                size_t n;

                r = sd_journal_get_realtime_usec(journal, &recorded);
                if (r < 0)
                        return r;
                if (recorded > util_add(incident->at, AROUND))
                        return 0;
                if (ret->n == ELEMENTSOF(ret->items)) {
                        ret->n_dropped++;
                        continue;
                }
                ctl_step_begin(&ret->items[ret->n], recorded);
                SD_JOURNAL_FOREACH_DATA(journal, data, n) ctl_step_field(&ret->items[ret->n], data, n);
                ret->n++;
        }
        return r;
}

int ctl_archive_advice(sd_journal *journal, const CtlIncident *incident, char **ret) {
        const char *pairs[] = {"MEMGUARD_KIND", "incident", "MEMGUARD_INCIDENT", incident->id, NULL};
        _cleanup_free_ char *text = NULL;
        char *body, *copy;
        int r;

        r = match_all(journal, pairs);
        if (r < 0)
                return r;
        r = sd_journal_seek_tail(journal);
        if (r < 0)
                return r;
        r = sd_journal_previous(journal);
        if (r <= 0)
                return r < 0 ? r : -ENOENT;
        r = sd_journal_get_catalog(journal, &text);
        if (r < 0)
                return r;
        body = strstr(text, "\n\n");
        if (!body)
                return -ENOENT;
        copy = strdup(body + 2);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

uint64_t ctl_archive_begin(sd_journal *journal) {
        uint64_t from, to;

        return sd_journal_get_cutoff_realtime_usec(journal, &from, &to) > 0 ? from : UINT64_MAX;
}
