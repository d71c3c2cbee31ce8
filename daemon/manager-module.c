/* The Python modules: what they say becomes events of the unit whose process says it, and what is asked of them. */
#include <stdio.h>
#include <sys/time.h>

#include "journal.h"
#include "manager.h"
#include "units.h"
#include "utf8.h"

static bool unit_of(void *userdata, const char *cgroup, char ret_path[static CGROUP_PATH_MAX]) {
        char at[CGROUP_PATH_MAX], *slash;

        (void) snprintf(at, sizeof(at), "%s", cgroup);
        do {
                if (guarded_find(userdata, at)) {
                        memcpy(ret_path, at, strlen(at) + 1);
                        return true;
                }
                slash = strrchr(at, '/');
                if (slash)
                        *slash = 0;
        } while (slash && slash != at);
        return false;
}

static void beat(void *userdata, const char *path, int pid, const ModuleBeat *beat) {
        Manager *manager = userdata;
        Event event = {.kind = EVENT_BEAT, .time = manager_now(manager)};

        (void) snprintf(event.path, sizeof(event.path), "%s", path);
        event.beat.pid = pid;
        event.beat.now = *beat;
        manager_feed(manager, &event);
}

static void saw(void *userdata, const char *path, const Witness *witness) {
        manager_saw(userdata, path, witness);
}

static void add_site(char *text, size_t size, const ModuleSite *site, bool first) {
        size_t used = strlen(text);
        char bytes[UNITS_TEXT_MAX];
        int n;

        n = snprintf(text + used, size - used, "%s%s by %s in %llu object%s", first ? " " : "; ", site->site,
                     units_format_bytes(site->bytes, bytes), (unsigned long long) site->count, site->count == 1 ? "" : "s");
        /* Whole sites only. */
        if (n < 0 || (size_t) n + 2 > size - used)
                text[used] = 0;
}

static void grew(void *userdata, const char *path, int pid, const ModuleSite *sites, unsigned n_sites, const char *said) {
        Manager *manager = userdata;
        char name[UNIT_NAME_MAX], what[201];
        Record record = {.kind = RECORD_ACTION, .latency = USEC_INFINITY, .freed = BYTES_INFINITY, .action = "snapshot",
                         .result = "done"};
        UnitView view;

        if (engine_get_unit(manager->engine, path, &view) < 0)
                return;
        memcpy(record.invocation, view.invocation, sizeof(record.invocation));
        /* What is too long is cut at a character. */
        (void) utf8_escape(unitname_of_path(path), name, sizeof(name));
        (void) utf8_escape(said, what, n_sites == 0 ? sizeof(what) : 61);
        if (n_sites == 0)
                (void) snprintf(record.text, sizeof(record.text), "%s: process %d on where its Python memory grew: %s", name,
                                pid, what[0] ? what : "nowhere.");
        else
                (void) snprintf(record.text, sizeof(record.text), "%s: the Python memory of process %d grew most%s%s at:", name,
                                pid, what[0] ? ", " : "", what);
        for (unsigned i = 0; i < n_sites; i++)
                add_site(record.text, sizeof(record.text), &sites[i], i == 0);
        manager_tell_unit(manager, &record, path);
}

static int snapshot(void *userdata, const char *path, char *detail) {
        Manager *manager = userdata;
        int r;

        if (manager->options.dry_run) {
                (void) snprintf(detail, 512, "This daemon runs dry: it asks nothing of any service.");
                return -EPERM;
        }
        r = manager->module ? module_snapshot(manager->module, path, /* begin= */ true) : 0;
        if (r > 0)
                return r;
        (void) snprintf(detail, 512, "No process of %s speaks through the Python module. Have it do so with: memguardctl "
                                     "instrument %s", unitname_of_path(path), unitname_of_path(path));
        return -EOPNOTSUPP;
}

static unsigned look(void *userdata, const char *path, ModuleView *ret) {
        return module_view(((Manager *) userdata)->module, path, ret);
}

void manager_module_handlers(ApiHandlers *handlers) {
        handlers->module = look;
        handlers->snapshot = snapshot;
}

/* The daemon is whole without it. */
void manager_module_start(Manager *manager) {
        const ModuleHandlers handlers = {.witness = {manager, saw}, .userdata = manager, .unit_of = unit_of, .beat = beat,
                                         .grew = grew};
        char path[4096];
        int r;

        (void) snprintf(path, sizeof(path), "%s/run/memguard/module", manager->options.root);
        r = module_new(&manager->module, manager->event, &manager->kernfs, path, &handlers);
        if (r < 0)
                journal_log(4, "%s can't be opened (%s); Python modules in services are not heard.", path,
                            strerrordesc_np(-r));
}
