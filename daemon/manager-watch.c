/* What the watchers say, translated into the engine's events. */
#include <stdio.h>

#include "fd.h"
#include "journal.h"
#include "manager.h"
#include "sampler.h"

/* Where units live: slices, user managers and what is below them, and whatever a Cgroup= glob leads to. */
static bool wants_dir(void *userdata, const char *path) {
        const Manager *manager = userdata;
        const char *name = unitname_of_path(path);

        return util_streq(path, "/") || unitname_type(name) == UNIT_SLICE || unitname_matches("user@*.service", name) ||
               (manager->policies && policy_set_may_match_below(manager->policies, path));
}

static void appeared(void *userdata, const char *path) {
        guarded_appeared(userdata, path);
}

static void vanished(void *userdata, const char *path) {
        above_forget(((Manager *) userdata)->above, path);
        guarded_vanished(userdata, path);
}

/* Is path below (or the same as) dir? */
static bool is_below(const char *path, const char *dir) {
        size_t n = strlen(dir);

        return util_streq(dir, "/") || (strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == 0));
}

/* A limit that moved moves every level below it. */
static void limits_changed(Manager *manager, const char *dir) {
        for (unsigned i = 0; i < manager->n_guarded; i++) {
                Guarded *guarded = manager->guarded[i];
                uint64_t limit;

                if (!guarded->armed || !is_below(guarded->path, dir) ||
                    sampler_limit(&manager->kernfs, guarded->path, &limit, NULL) < 0 || limit == guarded->limit)
                        continue;
                guarded->limit = limit;
                guarded_feed_sample(manager, guarded);
        }
}

/* memory.high holds neither our value nor the operator's: somebody else (PID 1 at a reload or set-property) wrote it. */
static void check_high(Manager *manager, Guarded *guarded) {
        Event event = {.kind = EVENT_HIGH, .time = manager_now(manager)};
        uint64_t expected = guarded->placed ? guarded->ours : guarded->operator_high, now;

        if (!guarded->armed || kernfs_read_u64(guarded->dirfd, "memory.high", &now) < 0 || now == expected)
                return;
        guarded->operator_high = now;
        guarded->placed = false;
        event.high.bytes = now;
        snprintf(event.path, sizeof(event.path), "%s", guarded->path);
        manager_feed(manager, &event);
}

static void modified(void *userdata, const char *path, TreeFile file) {
        Manager *manager = userdata;
        Guarded *guarded = guarded_find(manager, path);

        switch (file) {
        case TREE_EVENTS:
                if (guarded)
                        guarded_feed_sample(manager, guarded);
                break;
        case TREE_HIGH:
                if (guarded)
                        check_high(manager, guarded);
                break;
        case TREE_MAX:
                limits_changed(manager, path);
                break;
        case _TREE_FILE_MAX:
        case _TREE_FILE_INVALID:
                break;
        }
}

static void read_units(void *userdata, const char *dir) {
        Manager *manager = userdata;

        if (util_streq(dir, "/") && manager->host_psi)
                manager_read_host(manager);
        for (unsigned i = 0; i < manager->n_guarded; i++) {
                Guarded *guarded = manager->guarded[i];
                Event event = {.kind = EVENT_PRESSURE, .time = manager_now(manager)};
                Pressure pressure;

                if (!guarded->armed || !guarded->wants_psi || !is_below(guarded->path, dir) ||
                    sampler_pressure(guarded->dirfd, &pressure) < 0)
                        continue;
                snprintf(event.path, sizeof(event.path), "%s", guarded->path);
                event.pressure.some_total = pressure.some_total;
                event.pressure.full_total = pressure.full_total;
                manager_feed(manager, &event);
        }
}

/* A tenth of the time over ten seconds, as the kernel has them added up already: whoever stands still below a limit has that. */
#define STRAINED 1000 /* hundredths of a percent */

static bool is_strained(int dirfd) {
        Pressure pressure;

        return sampler_pressure(dirfd, &pressure) >= 0 && pressure.full_avg10 >= STRAINED;
}

/* The pressure of a cgroup contains that of those below it: where it has none, they need not be read. */
void manager_above_hit(void *userdata, const char *path) {
        Manager *manager = userdata;
        _cleanup_close_ int dirfd = -1;
        Pressure all;

        if (kernfs_open_cgroup(&manager->kernfs, path, &dirfd) < 0 || sampler_pressure(dirfd, &all) < 0 ||
            all.some_avg10 < STRAINED)
                return;
        for (unsigned i = 0; i < manager->n_guarded; i++) {
                Guarded *guarded = manager->guarded[i];

                if (guarded->armed && is_below(guarded->path, path) && is_strained(guarded->dirfd))
                        guarded_feed_strain(manager, guarded);
        }
}

/* The second source beside the cgroup tree: a unit that became active, or one that began a new run in the cgroup of the old
 * one (which the tree does not show). */
static void unit_changed(void *userdata, const char *unit, const char *path, const char *invocation,
                         const char *active_state) {
        Manager *manager = userdata;
        Guarded *guarded;
        uint64_t inode;

        (void) unit, (void) active_state;
        if (!unitname_path_is_valid(path))
                return;
        guarded = guarded_find(manager, path);
        inode = guarded ? guarded->inode : 0;
        guarded_appeared(manager, path);
        guarded = guarded_find(manager, path);
        /* Of a cgroup that was not seen before this answer it may not tell: it is asked for again. */
        if (!guarded || guarded->inode != inode || !guarded->armed || invocation[0] == 0 ||
            util_streq(guarded->invocation, invocation))
                return;
        if (guarded->invocation[0] != 0) {
                guarded_new_run(manager, guarded, invocation);
                return;
        }
        snprintf(guarded->invocation, sizeof(guarded->invocation), "%s", invocation);
        guarded_named(manager, guarded);
}

/* inotify has told of each file that was written; this is for what it may have missed. */
static void reloaded(void *userdata) {
        Manager *manager = userdata;

        for (unsigned i = 0; i < manager->n_guarded; i++)
                check_high(manager, manager->guarded[i]);
        manager->scanning = true;
        (void) tree_scan(manager->tree);
        manager->scanning = false;
}

static void saw(void *userdata, const char *path, const Witness *witness) {
        manager_saw(userdata, path, witness);
}

static void connection(void *userdata, bool connected, int error) {
        ((Manager *) userdata)->systemd_connected = connected;
        if (!connected)
                journal_log(4, "The connection to systemd is lost (%s); it is made anew. Until then no service can be restarted.",
                            strerrordesc_np(error < 0 ? -error : error));
}

void manager_handlers(TreeHandlers *tree, PsiHandlers *psi, SystemdHandlers *systemd, Manager *manager) {
        *tree = (TreeHandlers){manager, wants_dir, appeared, vanished, modified};
        *psi = (PsiHandlers){manager, read_units};
        *systemd = (SystemdHandlers){manager, unit_changed, reloaded, connection, saw};
}
