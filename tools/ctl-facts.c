#include "ctl-facts.h"

#include <stdio.h>

#include "conffiles.h"
#include "ctl-client.h"
#include "ctl-json.h"
#include "ctl-pid1.h"
#include "ctl-text.h"

void ctl_facts_done(CtlFacts *facts) {
        facts->policies = policy_set_free(facts->policies);
}

static Tri tri(const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        return json_is_boolean(value) ? (json_is_true(value) ? TRI_YES : TRI_NO) : TRI_UNKNOWN;
}

static void take_daemon(const json_t *daemon, HostFacts *host) {
        uint64_t number;

        host->paused = tri(daemon, "paused");
        host->dry_run = tri(daemon, "dry_run");
        host->systemd_connected = tri(daemon, "systemd_connected");
        host->kernel_log = tri(daemon, "kernel_log");
        host->journal_reader = tri(daemon, "journal_reader");
        (void) snprintf(host->python_error, sizeof(host->python_error), "%s", ctl_json_text(daemon, "python_error"));
        number = ctl_json_u64(daemon, "python_builds");
        if (number != UINT64_MAX)
                host->python_builds = number;
}

/* There is a slope only where the class has one. */
static void take_growth(const json_t *from, UnitFacts *unit) {
        uint64_t slope = ctl_json_u64(from, "growth_slope_bytes_per_s");

        (void) snprintf(unit->growth, sizeof(unit->growth), "%s", ctl_json_text(from, "growth_class"));
        unit->growth_slope = slope == UINT64_MAX ? 0 : slope;
}

/* The daemon writes down what it has learned, so that its file has all of it. */
static void ask_daemon(Ctl *ctl, CtlFacts *facts) {
        _cleanup_(json_decrefp) json_t *daemon = NULL, *unit = NULL;
        int r;

        r = ctl_client_try(ctl, "GetDaemon", NULL, &daemon);
        facts->host.daemon = r >= 0 ? TRI_YES : r == -EACCES || r == -EPERM ? TRI_UNKNOWN : TRI_NO;
        if (r < 0)
                return;
        take_daemon(daemon, &facts->host);
        if (!facts->has_unit)
                return;
        (void) ctl_client_try(ctl, "SavePeaks", NULL, NULL);
        if (facts->unit.path[0] == 0 ||
            ctl_client_try(ctl, "GetUnit", (const char *const[]){facts->unit.path, NULL}, &unit) < 0)
                return;
        take_growth(unit, &facts->unit);
}

static void resolve_policy(const PolicySet *set, UnitFacts *unit, const Policy *policy) {
        int file = policy ? policy->mode_source.file : -1;

        unit->has_policies = true;
        unit->policy = policy;
        if (policy && file < 0 && policy->n_rungs > 0)
                file = policy->rungs[0].source.file;
        (void) snprintf(unit->policy_file, sizeof(unit->policy_file), "%s", policy_set_file(set, file));
}

/* The path of a unit that does not run is not known; its name is what nearly all policies go by. */
static void read_policies(const Ctl *ctl, CtlFacts *facts) {
        _cleanup_(conf_errors_done) ConfErrors errors = {};
        const Policy *policy = NULL;
        char path[CGROUP_PATH_MAX];
        int r;

        r = conffiles_load(ctl->root, &facts->policies, &errors);
        if (r < 0 && r != -EBADMSG)
                return;
        (void) policy_set_check(facts->policies, &errors);
        facts->host.policy_mistakes = errors.n_items + errors.n_dropped;
        if (!facts->has_unit)
                return;
        (void) snprintf(path, sizeof(path), "/system.slice/%s", facts->unit.name);
        if (policy_set_resolve(facts->policies, facts->unit.name, facts->unit.path[0] ? facts->unit.path : path,
                               &policy) >= 0)
                resolve_policy(facts->policies, &facts->unit, policy);
}

/* "api" -> "api.service", "/system.slice/api.service" -> likewise. */
static CtlExit name_unit(const char *text, CtlFacts *facts) {
        char name[UNIT_NAME_MAX];
        uint32_t uid;
        int n;

        if (text[0] == '/' && unitname_path_is_valid(text) && unitname_user(text, &uid) >= 0) {
                ctl_text_complain("%s is a unit of user %u's own manager. Only units of the system can be looked at.",
                                  text, uid);
                return CTL_REFUSED;
        }
        if (text[0] == '/')
                text = unitname_path_is_valid(text) ? unitname_of_path(text) : "";
        n = snprintf(name, sizeof(name), "%s%s", text, unitname_type(text) == UNIT_NONE ? ".service" : "");
        if (text[0] == 0 || n < 0 || (size_t) n >= sizeof(name) || !ctl_pid1_name_is_valid(name)) {
                ctl_text_complain("\"%s\" is neither a unit's name nor a cgroup's path.", text);
                return CTL_USAGE;
        }
        unit_facts_init(&facts->unit, name);
        facts->has_unit = true;
        return CTL_DONE;
}

static CtlExit ask_systemd(const Ctl *ctl, CtlFacts *facts) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *bus = NULL;
        int r;

        r = ctl_pid1_open(ctl->root, &bus);
        if (r < 0)
                ctl_text_complain("systemd can't be asked: %s. What only it knows is left out.", strerror(-r));
        ctl_facts_systemd(bus, &facts->host);
        if (!facts->has_unit)
                return CTL_DONE;
        if (bus)
                r = ctl_facts_unit(bus, &facts->unit);
        if (r == -ENOENT && bus)
                ctl_text_complain("systemd knows no unit %s (it is \"%s\"). See: systemctl list-units --all",
                                  facts->unit.name, facts->unit.load_state);
        else if (r < 0 && bus)
                ctl_text_complain("systemd could not be asked about %s: %s.", facts->unit.name, strerror(-r));
        return r < 0 ? CTL_REFUSED : CTL_DONE;
}

CtlExit ctl_facts_gather(Ctl *ctl, const char *unit, CtlFacts *ret) {
        CtlExit status;

        host_facts_init(&ret->host);
        ret->has_unit = false;
        ret->policies = NULL;
        if (unit) {
                status = name_unit(unit, ret);
                if (status != CTL_DONE)
                        return status;
        }
        ctl_facts_kernel(ctl->root, &ret->host);
        ctl_facts_journald(ctl->root, &ret->host);
        status = ask_systemd(ctl, ret);
        if (status != CTL_DONE)
                return status;
        ask_daemon(ctl, ret);
        read_policies(ctl, ret);
        if (!ret->has_unit)
                return CTL_DONE;
        ctl_facts_memory(ctl->root, &ret->unit);
        ctl_facts_learned(ctl, &ret->unit);
        ctl_facts_history(ctl, &ret->unit);
        return CTL_DONE;
}
