/* memguardctl status: how things stand, the units that want attention first; or all about one unit (ctl-show.c). */
#include <inttypes.h>

#include "ctl-client.h"
#include "ctl-json.h"
#include "ctl-show.h"
#include "ctl-unit.h"

#define SHOWN_MAX 20 /* units in the overview: a screenful; `list` has them all */

static int print_json(const json_t *daemon, const json_t *host, const json_t *units) {
        _cleanup_(json_decrefp) json_t *all = NULL;
        json_t *list = json_array();
        const json_t *unit;
        size_t i;

        json_array_foreach(units, i, unit)(void) json_array_append_new(list, ctl_unit_json(unit));
        all = json_pack("{s:O, s:o*, s:o}", "daemon", daemon, "host", ctl_host_json(host), "units", list);
        return all ? ctl_json_print(all, /* pretty= */ true) : -ENOMEM;
}

/* What verdicts can rest on. The counters and PID 1 are always there. */
static void print_witnesses(const json_t *daemon) {
        uint64_t builds = ctl_json_u64(daemon, "python_builds");
        const char *error = ctl_json_text(daemon, "python_error");

        if (!json_object_get(daemon, "kernel_log"))
                return;
        ctl_text_print(stdout, "Witnesses: memory.events, systemd%s%s, probes in %" PRIu64 " build%s of Python.\n",
                       ctl_json_bool(daemon, "kernel_log") ? ", the kernel's log" : "",
                       ctl_json_bool(daemon, "journal_reader") ? ", the journal" : "", builds, builds == 1 ? "" : "s");
        if (error[0])
                ctl_text_print(stdout, "%sThe last build of Python that was found could not be probed: %s.%s\n",
                               ctl_text_color(stdout, COLOR_WARN), error, ctl_text_color(stdout, COLOR_PLAIN));
}

/* What the history may lack. */
static void print_lost(const json_t *daemon) {
        uint64_t n = ctl_json_u64(daemon, "incident_reports_lost");

        if (!json_object_get(daemon, "incident_reports_lost") || n == 0)
                return;
        ctl_text_print(stdout,
                       "%s%" PRIu64 " report%s of memory incidents found no place, as too much happened at once. See when with: "
                       "journalctl MEMGUARD_REASON=crowded%s\n",
                       ctl_text_color(stdout, COLOR_WARN), n, n == 1 ? "" : "s", ctl_text_color(stdout, COLOR_PLAIN));
}

static void print_daemon(const json_t *daemon) {
        char uptime[UNITS_TEXT_MAX];
        size_t n_files = json_array_size(json_object_get(daemon, "policy_files"));
        uint64_t mistakes = ctl_json_u64(daemon, "policy_mistakes");

        ctl_text_print(stdout, "memguardd %s", ctl_json_text(daemon, "version"));
        if (json_object_get(daemon, "uptime_usec"))
                ctl_text_print(stdout, ", up %s", ctl_unit_duration(daemon, "uptime_usec", uptime));
        ctl_text_print(stdout,
                       ": %" PRIu64 " units watched (%" PRIu64 " by tripwire, %" PRIu64 " by timer), %zu policy file%s",
                       ctl_json_u64(daemon, "units"), ctl_json_u64(daemon, "units_by_wire"),
                       ctl_json_u64(daemon, "units_by_timer"), n_files, n_files == 1 ? "" : "s");
        if (json_object_get(daemon, "psi_triggers"))
                ctl_text_print(stdout, ", %" PRIu64 " pressure triggers", ctl_json_u64(daemon, "psi_triggers"));
        ctl_text_print(stdout, ".\n");
        print_witnesses(daemon);
        print_lost(daemon);

        if (ctl_json_bool(daemon, "paused"))
                ctl_text_print(stdout, "%sEverything is paused: no action is taken. Go on with: memguardctl resume%s\n",
                               ctl_text_color(stdout, COLOR_BAD), ctl_text_color(stdout, COLOR_PLAIN));
        if (ctl_json_bool(daemon, "dry_run"))
                ctl_text_print(stdout, "Dry run: what would be done is recorded, and nothing is done.\n");
        if (json_object_get(daemon, "policy_mistakes") && mistakes > 0)
                ctl_text_print(stdout,
                               "%sThe policy files hold %" PRIu64 " mistakes. See them with: memguardctl check%s\n",
                               ctl_text_color(stdout, COLOR_WARN), mistakes, ctl_text_color(stdout, COLOR_PLAIN));
        if (json_is_false(json_object_get(daemon, "systemd_connected")))
                ctl_text_print(stdout, "%sThere is no connection to systemd: units can't be restarted or stopped.%s\n",
                               ctl_text_color(stdout, COLOR_BAD), ctl_text_color(stdout, COLOR_PLAIN));
}

static void print_counts(const json_t *units) {
        static const char *const states[] = {"acting", "settling", "standing", "calm"};
        bool first = true;

        for (size_t i = 0; i < ELEMENTSOF(states); i++) {
                const json_t *unit;
                size_t j, n = 0;

                json_array_foreach(units, j, unit) n += util_streq(ctl_json_text(unit, "state"), states[i]);
                if (n > 0)
                        ctl_text_print(stdout, "%s%zu %s", first ? "" : ", ", n, states[i]);
                first = first && n == 0;
        }
        ctl_text_print(stdout, first ? "No unit is watched. A policy that matches a running unit is needed: see "
                                       "memguard.policy(5).\n"
                                     : "\n\n");
}

static int print_overview(const json_t *daemon, const json_t *host, const json_t *units) {
        size_t n_units = json_array_size(units);
        int r;

        print_daemon(daemon);
        ctl_host_print(host);
        print_counts(units);
        if (n_units == 0)
                return 0;
        r = ctl_unit_table(units, SHOWN_MAX);
        if (r < 0)
                return r;
        if (n_units > SHOWN_MAX)
                ctl_text_print(stdout, "\n%zu more units are listed by: memguardctl list\n", n_units - SHOWN_MAX);
        return 0;
}

static CtlExit finish(int r) {
        if (r >= 0)
                return CTL_DONE;
        ctl_text_complain("The status could not be written: %s.", strerror(-r));
        return CTL_REFUSED;
}

static CtlExit status_of_unit(Ctl *ctl, const json_t *daemon, const json_t *host, const char *name) {
        _cleanup_(json_decrefp) json_t *unit = NULL, *units = NULL;
        CtlExit status;

        status = ctl_client_call(ctl, "GetUnit", (const char *const[]){name, NULL}, &unit);
        if (status != CTL_DONE)
                return status;
        if (!ctl->json)
                return finish(ctl_show_unit(unit));
        units = json_pack("[O]", unit);
        return finish(units ? print_json(daemon, host, units) : -ENOMEM);
}

CtlExit ctl_status(Ctl *ctl, char **arguments) {
        _cleanup_(json_decrefp) json_t *daemon = NULL, *host = NULL, *units = NULL;
        CtlExit status;
        int r;

        status = ctl_client_call(ctl, "GetDaemon", NULL, &daemon);
        if (status != CTL_DONE)
                return status;
        status = ctl_client_call(ctl, "GetHost", NULL, &host);
        if (status != CTL_DONE)
                return status;
        if (arguments[0])
                return status_of_unit(ctl, daemon, host, arguments[0]);

        status = ctl_client_call(ctl, "ListUnits", NULL, &units);
        if (status != CTL_DONE)
                return status;
        r = ctl_unit_sort(units);
        if (r < 0)
                return finish(r);
        return finish(ctl->json ? print_json(daemon, host, units) : print_overview(daemon, host, units));
}
