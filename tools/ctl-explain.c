/* memguardctl explain: one incident on one screen, or the latest of a unit. Needs no daemon. The showing is in
 * ctl-explain-show.c. */
#include "ctl-explain.h"
#include "ctl-archive.h"
#include "ctl-json.h"
#include "ctl-text.h"

/* "6ba1f3c2-17"; a unit may be called so too, and is looked for when there is no such incident. */
static bool looks_like_id(const char *text) {
        size_t n = strspn(text, "0123456789abcdef");

        return n > 0 && text[n] == '-' && text[n + 1] != 0 && text[n + 1 + strspn(text + n + 1, "0123456789")] == 0;
}

static CtlExit complain_none(sd_journal *journal, const char *what) {
        uint64_t begin = ctl_archive_begin(journal);
        char when[CTL_TIME_MAX];

        if (begin == UINT64_MAX)
                ctl_text_complain("The journal has no incident of %s. All there are: memguardctl history", what);
        else
                ctl_text_complain(
                        "The journal, which goes back to %s, has no incident of %s. All there are: memguardctl "
                        "history",
                        ctl_text_time(begin, when), what);
        return CTL_REFUSED;
}

static int explain(const Ctl *ctl, sd_journal *journal, const CtlIncidents *incidents, bool by_id) {
        const CtlIncident *latest = &incidents->items[incidents->n - 1];
        _cleanup_(json_decrefp) json_t *object = NULL;
        _cleanup_free_ char *advice = NULL;
        CtlSteps steps;
        int r;

        r = ctl_archive_steps(journal, latest, &steps);
        if (r < 0)
                return r;
        if (ctl->json) {
                object = ctl_incident_json(latest, &steps);
                return object ? ctl_json_print(object, /* pretty= */ true) : -ENOMEM;
        }
        (void) ctl_archive_advice(journal, latest, &advice); /* the catalog may not be installed */
        ctl_explain_show(latest, &steps, advice);
        if (!by_id && incidents->n > 1)
                ctl_explain_further(latest, incidents->n - 1, incidents->more, incidents->items[0].at);
        return 0;
}

/* The id first, then the unit: of a name the system's, and one of a user's only where nothing else has it. */
static int find(sd_journal *journal, const char *what, CtlIncidents *incidents, bool *ret_by_id) {
        CtlQuery query = {.id = what};
        char unit[UNIT_NAME_MAX];
        int r;

        if (looks_like_id(what)) {
                r = ctl_archive_read(journal, &query, incidents);
                if (r < 0 || incidents->n > 0) {
                        *ret_by_id = true;
                        return r;
                }
        }
        query.id = NULL;
        r = ctl_query_unit(&query, what, unit);
        if (r < 0)
                return r;
        *ret_by_id = false;
        query.of_system = query.unit != NULL;
        r = ctl_archive_read(journal, &query, incidents);
        if (r < 0 || incidents->n > 0 || !query.of_system)
                return r;
        query.of_system = false;
        return ctl_archive_read(journal, &query, incidents);
}

CtlExit ctl_explain(Ctl *ctl, char **arguments) {
        _cleanup_(sd_journal_closep) sd_journal *journal = NULL;
        _cleanup_(ctl_incidents_done) CtlIncidents incidents = {};
        CtlQuery query = {};
        char unit[UNIT_NAME_MAX];
        CtlExit status;
        bool by_id = false;
        int r;

        if (ctl_query_unit(&query, arguments[0], unit) < 0) {
                ctl_text_complain("\"%s\" is neither a unit's name, nor a cgroup's path, nor an incident.",
                                  arguments[0]);
                return CTL_USAGE;
        }
        status = ctl_archive_open(ctl, &journal);
        if (status != CTL_DONE)
                return status;
        r = find(journal, arguments[0], &incidents, &by_id);
        if (r >= 0 && incidents.n == 0)
                return complain_none(journal, looks_like_id(arguments[0]) ? arguments[0] : query.unit ?: query.path);
        if (r >= 0)
                r = explain(ctl, journal, &incidents, by_id);
        return r < 0 ? ctl_archive_complain(r) : CTL_DONE;
}
