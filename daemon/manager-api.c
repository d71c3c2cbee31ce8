/* What clients and signals ask of the daemon: looks, pause and resume, drills, reloads. */
#include <fcntl.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "conffiles.h"
#include "fd.h"
#include "host-read.h"
#include "journal.h"
#include "manager.h"
#include "sampler.h"

static Engine *get_engine(void *userdata) {
        return ((Manager *) userdata)->engine;
}

static PolicySet *get_policies(void *userdata) {
        return ((Manager *) userdata)->policies;
}

static int refresh(void *userdata, const char *path) {
        Guarded *guarded = guarded_find(userdata, path);

        if (!guarded)
                return -ENOENT;
        guarded_feed_sample(userdata, guarded);
        return 0;
}

static int limit_source(void *userdata, const char *path, char *ret_source) {
        const Manager *manager = userdata;
        uint64_t limit;

        return sampler_limit(&manager->kernfs, path, &limit, ret_source);
}

static int read_pressure(void *userdata, const char *path, Pressure *ret) {
        const Guarded *guarded = guarded_find(userdata, path);

        return guarded ? sampler_pressure(guarded->dirfd, ret) : -ENOENT;
}

static int read_host(void *userdata, HostReading *ret, Pressure *ret_pressure) {
        const Manager *manager = userdata;
        int r;

        r = host_read(&manager->kernfs, ret);
        return r < 0 ? r : host_read_pressure(&manager->kernfs, ret_pressure);
}

static void describe(void *userdata, ApiDaemon *ret) {
        const Manager *manager = userdata;

        ret->started = manager->started;
        ret->psi_triggers = psi_n_armed(manager->psi);
        ret->policy_mistakes = manager->policy_mistakes;
        ret->dry_run = manager->options.dry_run;
        ret->systemd_connected = manager->systemd_connected;
        ret->kernel_log = manager->kmsg != NULL;
        ret->journal_reader = manager->textwatch && textwatch_is_connected(manager->textwatch);
        ret->python_builds = manager->uprobe ? uprobe_n_builds(manager->uprobe) : 0;
        ret->python_error = manager->uprobe ? uprobe_error(manager->uprobe) : -EOPNOTSUPP;
}

/* A pause of everything outlives the daemon: who paused it does not expect a crash to end it. */
static void remember_pause(const Manager *manager, bool pause) {
        _cleanup_close_ int fd = -1;

        if (pause)
                fd = openat(manager->run_fd, "paused", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        else
                (void) unlinkat(manager->run_fd, "paused", 0);
}

int manager_set_paused(Manager *manager, const char *path, bool pause) {
        Event event = {.kind = pause ? EVENT_PAUSE : EVENT_RESUME, .time = manager_now(manager)};

        snprintf(event.path, sizeof(event.path), "%s", path);
        if (path[0] == 0) {
                remember_pause(manager, pause);
                manager_tell(manager, pause ? RECORD_PAUSED : RECORD_RESUMED,
                             pause ? "memguardd is paused: it watches, but does nothing until: memguardctl resume."
                                   : "memguardd guards again.");
        }
        manager_feed(manager, &event);
        return 0;
}

static int api_pause(void *userdata, const char *path, bool pause, char *detail) {
        Manager *manager = userdata;

        if (path[0] && !guarded_find(manager, path)) {
                snprintf(detail, 512, "%s is not watched.", path);
                return -ENOENT;
        }
        return manager_set_paused(manager, path, pause);
}

static int drill(void *userdata, const char *path, const char *rung, char *detail) {
        Manager *manager = userdata;
        Event event = {.kind = EVENT_DRILL, .time = manager_now(manager)};
        UnitView view;
        int r;

        r = engine_get_unit(manager->engine, path, &view);
        if (r < 0) {
                snprintf(detail, 512, "%s is not watched.", path);
                return r;
        }
        if (policy_find_rung(view.policy, rung) < 0) {
                snprintf(detail, 512, "The policy of %s has no rung of that name; see: memguardctl policy %s", view.name,
                         view.name);
                return -ENOENT;
        }
        if (view.state == LADDER_ACTING) {
                snprintf(detail, 512, "An action on %s is under way already.", view.name);
                return -EBUSY;
        }
        (void) refresh(userdata, path);
        snprintf(event.path, sizeof(event.path), "%s", path);
        snprintf(event.drill.rung, sizeof(event.drill.rung), "%s", rung);
        manager_feed(manager, &event);
        return 0;
}

static void log_errors(const ConfErrors *errors) {
        for (unsigned i = 0; i < errors->n_items; i++)
                journal_log(3, "%s", errors->items[i].text);
        if (errors->n_dropped > 0)
                journal_log(3, "%u further mistakes are not shown.", errors->n_dropped);
}

static void install(Manager *manager, PolicySet *set) {
        PolicySet *old = manager->policies;

        manager->policies = set;
        (void) engine_set_policies(manager->engine, set, manager_now(manager));
        policy_set_free(old);
        psi_begin_anew(manager->psi);
        manager_want_host(manager);
        guarded_rematch(manager);
        psi_arm_anew(manager->psi, manager_psi_failed);
        if (!old)
                return;
        manager->scanning = true;
        (void) tree_scan(manager->tree);
        manager->scanning = false;
        manager_feed(manager, &(Event){.kind = EVENT_TICK, .time = manager_now(manager)});
}

/* A start takes the files that are right and says loudly what is wrong with the others; a reload with any mistake keeps what
 * runs. Nothing is ever acted on by a half-read policy. */
int manager_load_policies(Manager *manager, char *detail, size_t size) {
        bool start = manager->policies == NULL;
        PolicySet *set = NULL;
        ConfErrors errors = {0};
        unsigned n;
        int r;

        r = conffiles_load(manager->options.root, &set, &errors);
        if (r < 0 && r != -EBADMSG)
                return r;
        if (policy_set_check(set, &errors) < 0)
                r = -EBADMSG;
        n = errors.n_items + errors.n_dropped;
        manager->policy_mistakes = n;
        log_errors(&errors);
        if (r < 0 && !start) {
                policy_set_free(set);
                snprintf(detail, size, "The policies have %u mistake%s, so the running ones are kept. First: %s", n,
                         n == 1 ? "" : "s", errors.n_items > 0 ? errors.items[0].text : "");
                manager_tell(manager, RECORD_POLICY, "%s", detail);
                conf_errors_done(&errors);
                return r;
        }
        conf_errors_done(&errors);
        install(manager, set);
        if (r < 0)
                manager_tell(manager, RECORD_POLICY,
                             "The policies have %u mistake%s; the files with mistakes are left out until they are mended "
                             "(memguardctl check shows them) and reloaded.",
                             n, n == 1 ? "" : "s");
        else
                manager_tell(manager, RECORD_POLICY, "%d policy files are in force; they match %u units.",
                             policy_set_n_files(set), manager->n_guarded);
        return r;
}

static int reload(void *userdata, char *detail) {
        return manager_load_policies(userdata, detail, 512);
}

static void save_peaks(void *userdata) {
        manager_save_peaks(userdata);
}

void manager_api_handlers(ApiHandlers *handlers, Manager *manager) {
        *handlers = (ApiHandlers){
                .userdata = manager,
                .engine = get_engine,
                .policies = get_policies,
                .refresh = refresh,
                .limit_source = limit_source,
                .pause = api_pause,
                .drill = drill,
                .reload = reload,
                .save_peaks = save_peaks,
                .write_flight = manager_flight_write,
                .pressure = read_pressure,
                .host = read_host,
                .describe = describe,
        };
        manager_module_handlers(handlers);
}
