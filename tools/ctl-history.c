/* memguardctl history: the incidents that the journal remembers, newest last. Needs no daemon. */
#include <inttypes.h>
#include <time.h>

#include "ctl-archive.h"
#include "ctl-json.h"
#include "ctl-table.h"
#include "ctl-time.h"

static const CtlColumn columns[] = {
        {.title = "TIME"},
        {.title = "UNIT", .shrink = true},
        {.title = "VERDICT"},
        {.title = "CAUSE"},
        {.title = "FATE"},
        {.title = "CONFIDENCE"},
        {.title = "PID", .right = true},
        {.title = "INCIDENT"},
        {.title = "WHAT", .shrink = true},
};

static CtlColor color_of(const CtlIncident *incident) {
        static const char *const ends[] = {"exited", "killed", "restarted"};

        for (size_t i = 0; i < ELEMENTSOF(ends); i++)
                if (util_streq(incident->fate, ends[i]))
                        return COLOR_BAD;
        return COLOR_WARN;
}

/* Who or where, in few words: the place of an error, else the killer, else the cgroup whose limit it was, with the
 * program. */
static void describe(const CtlIncident *incident, char *buf, size_t size) {
        const char *what = incident->site[0]     ? incident->site
                           : incident->killer[0] ? incident->killer
                                                 : incident->limit;

        (void) snprintf(buf, size, "%s%s%s", incident->comm, incident->comm[0] && what[0] ? ": " : "", what);
}

/* A user may give his units any name; and a name may be cut, but not at its head. */
static void name_unit(const CtlIncident *incident, char *buf, size_t size) {
        uint32_t uid;

        if (ctl_incident_user(incident, &uid) < 0)
                (void) snprintf(buf, size, "%s", incident->unit);
        else
                (void) snprintf(buf, size, "user %" PRIu32 ": %s", uid, incident->unit);
}

static int add_row(CtlTable *table, const CtlIncident *incident) {
        char when[CTL_TIME_MAX], unit[UNIT_NAME_MAX + 24], pid[24] = "", what[CTL_TEXT_MAX];
        const char *const cells[] = {ctl_text_time(incident->at, when),
                                     unit,
                                     incident->verdict,
                                     incident->cause,
                                     incident->fate,
                                     incident->confidence,
                                     pid,
                                     incident->id,
                                     what};

        static_assert(ELEMENTSOF(cells) == ELEMENTSOF(columns), "a column has no cell");
        if (incident->pid != UINT64_MAX)
                (void) snprintf(pid, sizeof(pid), "%" PRIu64, incident->pid);
        name_unit(incident, unit, sizeof(unit));
        describe(incident, what, sizeof(what));
        return ctl_table_add(table, cells, color_of(incident));
}

/* An empty history proves something only as far back as the journal goes. */
static void print_none(sd_journal *journal) {
        uint64_t begin = ctl_archive_begin(journal);
        char when[CTL_TIME_MAX];

        if (begin == UINT64_MAX)
                ctl_text_print(stdout, "The journal has no such incident.\n");
        else
                ctl_text_print(stdout, "The journal, which goes back to %s, has no such incident.\n",
                               ctl_text_time(begin, when));
}

static int print_table(sd_journal *journal, const CtlIncidents *incidents) {
        _cleanup_(ctl_table_freep) CtlTable *table = NULL;
        int r;

        if (incidents->n == 0) {
                print_none(journal);
                return 0;
        }
        r = ctl_table_new(&table, columns, ELEMENTSOF(columns));
        for (size_t i = 0; r >= 0 && i < incidents->n; i++)
                r = add_row(table, &incidents->items[i]);
        if (r >= 0)
                r = ctl_table_print(table, stdout);
        if (r >= 0 && incidents->more)
                ctl_text_print(stdout, "Older incidents are not shown; the newest %d are.\n", CTL_INCIDENTS_MAX);
        return r;
}

static int print_json(sd_journal *journal, const CtlIncidents *incidents) {
        CtlSteps steps;
        int r;

        for (size_t i = 0; i < incidents->n; i++) {
                _cleanup_(json_decrefp) json_t *object = NULL;

                r = ctl_archive_steps(journal, &incidents->items[i], &steps);
                if (r < 0)
                        return r;
                object = ctl_incident_json(&incidents->items[i], &steps);
                r = object ? ctl_json_print(object, /* pretty= */ false) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        if (incidents->more)
                ctl_text_complain("Older incidents are left out; the newest %d are shown.", CTL_INCIDENTS_MAX);
        return 0;
}

static CtlExit complain_verdict(const char *text) {
        char known[512] = "";

        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++) {
                size_t n = strlen(known);

                (void) snprintf(known + n, sizeof(known) - n, "%s%s", n > 0 ? ", " : "", verdict_name(verdict));
        }
        ctl_text_complain("There is no verdict \"%s\". Those there are: %s.", text, known);
        return CTL_USAGE;
}

static CtlExit make_query(const Ctl *ctl, CtlQuery *query, char unit[static UNIT_NAME_MAX]) {
        struct timespec now;

        if (ctl->since) {
                (void) clock_gettime(CLOCK_REALTIME, &now);
                if (ctl_time_parse(ctl->since, (uint64_t) now.tv_sec * USEC_PER_SEC, &query->since) < 0) {
                        ctl_text_complain("\"%s\" is no time. Write \"-1h\", \"-30min\", \"today\", \"yesterday\", "
                                          "\"2026-11-21\" or \"2026-11-21 10:00\".",
                                          ctl->since);
                        return CTL_USAGE;
                }
        }
        if (ctl->unit && ctl_query_unit(query, ctl->unit, unit) < 0) {
                ctl_text_complain("\"%s\" is neither a unit's name nor a cgroup's path.", ctl->unit);
                return CTL_USAGE;
        }
        if (ctl->verdict && verdict_parse(ctl->verdict) < 0)
                return complain_verdict(ctl->verdict);
        query->verdict = ctl->verdict;
        return CTL_DONE;
}

CtlExit ctl_history(Ctl *ctl, char **arguments) {
        _cleanup_(sd_journal_closep) sd_journal *journal = NULL;
        _cleanup_(ctl_incidents_done) CtlIncidents incidents = {};
        char unit[UNIT_NAME_MAX];
        CtlQuery query = {};
        CtlExit status;
        int r;

        (void) arguments;
        status = make_query(ctl, &query, unit);
        if (status != CTL_DONE)
                return status;
        status = ctl_archive_open(ctl, &journal);
        if (status != CTL_DONE)
                return status;

        r = ctl_archive_read(journal, &query, &incidents);
        if (r >= 0)
                r = ctl->json ? print_json(journal, &incidents) : print_table(journal, &incidents);
        return r < 0 ? ctl_archive_complain(r) : CTL_DONE;
}
