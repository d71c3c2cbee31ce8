/* Cgroups that come and go. A cgroup is guarded once its kernel files are there and the engine has been told; that happens
 * within the inotify event that announces its directory, or a few milliseconds later when the kernel has not made the files
 * yet. */
#include <stdio.h>
#include <sys/stat.h>

#include "fd.h"
#include "journal.h"
#include "manager.h"
#include "marks.h"
#include "sampler.h"
#include "sorted.h"
#include "strain.h"

#define SEE_AGAIN_EVENTS (TREE_DEPTH_MAX + 8) /* an end, a start, and the ledgers of as many cgroups above it as there may be */
#define RETRY_EVERY (20 * USEC_PER_MSEC)
#define RETRY_MAX 100 /* 2 s: then the memory controller is not coming for this cgroup */
#define WATCHED_FILES (1U << TREE_EVENTS | 1U << TREE_HIGH | 1U << TREE_MAX)

static unsigned position(const Manager *manager, const char *path, bool *ret_found) {
        return sorted_position(manager->guarded, manager->n_guarded, path, ret_found);
}

Guarded *guarded_find(const Manager *manager, const char *path) {
        bool found;
        unsigned at = position(manager, path, &found);

        return found ? manager->guarded[at] : NULL;
}

static Guarded *guarded_free(Guarded *guarded) {
        if (!guarded)
                return NULL;
        fd_closep(&guarded->dirfd);
        free(guarded->path);
        free(guarded);
        return NULL;
}

static void guarded_freep(Guarded **guarded) {
        guarded_free(*guarded);
}

static int guarded_new(Guarded **ret, const Kernfs *kernfs, const char *path) {
        _cleanup_(guarded_freep) Guarded *guarded = calloc(1, sizeof(*guarded));
        struct stat st;
        int r;

        if (!guarded)
                return -ENOMEM;
        guarded->dirfd = -1;
        guarded->operator_high = BYTES_INFINITY;
        guarded->path = strdup(path);
        if (!guarded->path)
                return -ENOMEM;
        r = kernfs_open_cgroup(kernfs, path, &guarded->dirfd);
        if (r < 0)
                return r;
        if (fstat(guarded->dirfd, &st) < 0)
                return -errno;
        guarded->inode = st.st_ino;
        *ret = TAKE_PTR(guarded);
        return 0;
}

static void parent_of(const char *path, char parent[static CGROUP_PATH_MAX]) {
        const char *slash = strrchr(path, '/');

        snprintf(parent, CGROUP_PATH_MAX, "%.*s", slash && slash != path ? (int) (slash - path) : 1, path);
}

static const Policy *policy_of(const Manager *manager, const char *path) {
        const Policy *policy = NULL;

        if (manager->policies && unitname_path_is_valid(path))
                (void) policy_set_resolve(manager->policies, unitname_of_path(path), path, &policy);
        return policy;
}

static void want_psi(Manager *manager, Guarded *guarded, const Policy *policy) {
        char parent[CGROUP_PATH_MAX];
        usec_t stall, window;
        bool wanted = policy && engine_pressure_wanted(policy, &stall, &window);
        bool before = guarded->wants_psi;
        int r = 0;

        parent_of(guarded->path, parent);
        guarded->wants_psi = wanted;
        if (wanted)
                r = psi_want(manager->psi, parent, stall, window);
        if (r < 0)
                manager_psi_failed(parent, r);
        /* After the want, so that a trigger that stays in use is not closed and made anew. */
        if (before)
                psi_unwant(manager->psi, parent);
}

static void remove_at(Manager *manager, unsigned at) {
        Guarded *guarded = manager->guarded[at];

        memmove(&manager->guarded[at], &manager->guarded[at + 1], (manager->n_guarded - at - 1) * sizeof(guarded));
        manager->n_guarded--;
        guarded_free(guarded);
}

static void detach(Manager *manager, unsigned at) {
        Guarded *guarded = manager->guarded[at];
        Event event = {.kind = EVENT_STOP, .time = manager_now(manager)};
        bool armed = guarded->armed;

        snprintf(event.path, sizeof(event.path), "%s", guarded->path);
        act_forget(guarded->path);
        module_unit_gone(manager->module, guarded->path);
        tree_unwatch(manager->tree, guarded->path, WATCHED_FILES);
        want_psi(manager, guarded, NULL);
        if (armed)
                manager_witness_end(manager, guarded);
        manager_peaks_ended(manager, guarded);
        remove_at(manager, at);
        if (armed)
                manager_feed(manager, &event);
}

int guarded_read(Manager *manager, Guarded *guarded, Sample *ret) {
        return sampler_read(&manager->kernfs, guarded->dirfd, guarded->limit, /* need_stat= */ true, ret);
}

/* systemd writes the run's id on the cgroup a little after making it, so it is looked for until it is there. */
static void name_run(Manager *manager, Guarded *guarded) {
        if (guarded->invocation[0] != 0 || sampler_invocation(guarded->dirfd, guarded->invocation) < 0)
                return;
        guarded_named(manager, guarded);
}

void guarded_named(Manager *manager, const Guarded *guarded) {
        Event event = {.kind = EVENT_NAMED, .time = manager_now(manager)};

        snprintf(event.path, sizeof(event.path), "%s", guarded->path);
        memcpy(event.named.invocation, guarded->invocation, sizeof(event.named.invocation));
        manager_feed(manager, &event);
}

/* Its directory is there and its files are not (of one that is removed it is -ENODEV): the memory controller was taken from
 * it, and with it our watches. It is asked for on, and once its files are back they are new ones: it is guarded anew. That is
 * more than one event, of which none may be lost; where many come back at once it is this one's turn when it is asked again. */
static void see_again(Manager *manager, Guarded *guarded) {
        char path[CGROUP_PATH_MAX];
        bool found, before = manager->scanning;

        /* A freeze that can't be undone now must not be forgotten with the run. */
        if (manager_queue_room(manager) < SEE_AGAIN_EVENTS || marks_restore(guarded->dirfd) < 0)
                return;
        snprintf(path, sizeof(path), "%s", guarded->path);
        journal_log(5, "%s has its memory controller back and is guarded again.", path);
        detach(manager, position(manager, path, &found));
        manager->scanning = true; /* found, not begun just now */
        guarded_appeared(manager, path);
        manager->scanning = before;
}

void guarded_feed_sample(Manager *manager, Guarded *guarded) {
        Event event = {.kind = EVENT_SAMPLE, .time = manager_now(manager)};
        int r;

        if (!guarded->armed)
                return;
        r = guarded_read(manager, guarded, &event.sample);
        if (r == -ENOENT && !guarded->blind) {
                guarded->blind = true;
                journal_log(4,
                            "%s has no memory controller any more, so it can't be guarded until that is back. Somebody "
                            "took it from the cgroup above (cgroup.subtree_control); systemctl daemon-reload may bring it "
                            "back.",
                            guarded->path);
        }
        if (r < 0)
                return;
        if (guarded->blind) {
                see_again(manager, guarded);
                return;
        }
        run_peaks_note(&guarded->peaks, &event.sample, event.time);
        name_run(manager, guarded);
        snprintf(event.path, sizeof(event.path), "%s", guarded->path);
        manager_feed(manager, &event);
}

void guarded_feed_strain(Manager *manager, Guarded *guarded) {
        Event event = {.kind = EVENT_STRAIN, .time = manager_now(manager)};

        if (!guarded || !guarded->armed || strain_read(&manager->kernfs, guarded->dirfd, guarded->path, &event.strain) < 0)
                return;
        snprintf(event.path, sizeof(event.path), "%s", guarded->path);
        manager_feed(manager, &event);
}

/* memory.max of every ancestor counts for the effective limit, and its limits may hold the unit back; a watch that is there
 * already is not doubled. */
static void watch_ancestors(Manager *manager, const char *path) {
        char at[CGROUP_PATH_MAX], parent[CGROUP_PATH_MAX];

        snprintf(at, sizeof(at), "%s", path);
        for (parent_of(at, parent); !util_streq(parent, "/"); parent_of(at, parent)) {
                (void) tree_watch(manager->tree, parent, 1U << TREE_MAX);
                (void) above_watch(manager->above, parent);
                memcpy(at, parent, sizeof(at));
        }
}

static int feed_start(Manager *manager, Guarded *guarded, bool fresh) {
        Event event = {.kind = EVENT_START, .time = manager_now(manager)};
        int r;

        r = kernfs_read_u64(guarded->dirfd, "memory.high", &guarded->operator_high);
        if (r < 0)
                return r;
        r = guarded_read(manager, guarded, &event.start.sample);
        if (r < 0)
                return r;
        snprintf(event.path, sizeof(event.path), "%s", guarded->path);
        memcpy(event.start.invocation, guarded->invocation, sizeof(event.start.invocation));
        event.start.fresh = fresh;
        event.start.operator_high = guarded->operator_high;
        guarded->placed = false;
        guarded->armed = true;
        run_peaks_begin(&guarded->peaks, fresh);
        run_peaks_note(&guarded->peaks, &event.start.sample, event.time);
        manager_feed(manager, &event);
        manager_witness_run(manager, guarded);
        return 0;
}

/* Watches are placed before the files are read, so that no change falls between. */
static int arm(Manager *manager, Guarded *guarded) {
        int r;

        r = tree_watch(manager->tree, guarded->path, WATCHED_FILES);
        if (r < 0)
                return r;
        watch_ancestors(manager, guarded->path);
        r = sampler_limit(&manager->kernfs, guarded->path, &guarded->limit, NULL);
        if (r < 0)
                return r;
        (void) sampler_invocation(guarded->dirfd, guarded->invocation);
        want_psi(manager, guarded, policy_of(manager, guarded->path));
        return feed_start(manager, guarded, !manager->scanning);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;
        bool again = false;

        (void) usec;
        for (unsigned i = 0; i < manager->n_guarded; i++) {
                Guarded *guarded = manager->guarded[i];

                if (guarded->armed || guarded->tries >= RETRY_MAX)
                        continue;
                guarded->tries++;
                if (arm(manager, guarded) < 0)
                        again = true;
        }
        if (!again)
                return 0;
        (void) sd_event_source_set_time_relative(source, RETRY_EVERY);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void retry_soon(Manager *manager) {
        if (!manager->retry) {
                if (sd_event_add_time_relative(manager->event, &manager->retry, CLOCK_BOOTTIME, RETRY_EVERY, USEC_PER_MSEC,
                                               on_retry, manager) < 0)
                        return;
        } else
                (void) sd_event_source_set_time_relative(manager->retry, RETRY_EVERY);
        (void) sd_event_source_set_enabled(manager->retry, SD_EVENT_ONESHOT);
}

/* The same path may have a new inode: the unit was restarted faster than we were told of its end. Where that can't be seen (no
 * descriptor is free) it is the same: what was frozen or throttled must not be forgotten for that. */
static bool is_the_same(const Manager *manager, const Guarded *guarded) {
        _cleanup_close_ int fd = -1;
        struct stat st;
        int r = kernfs_open_cgroup(&manager->kernfs, guarded->path, &fd);

        return r < 0 ? r != -ENOENT : fstat(fd, &st) < 0 || st.st_ino == guarded->inode;
}

void guarded_appeared(Manager *manager, const char *path) {
        _cleanup_(guarded_freep) Guarded *guarded = NULL;
        bool found;
        unsigned at = position(manager, path, &found);
        uint32_t uid;

        if (found && is_the_same(manager, manager->guarded[at])) {
                if (!manager->guarded[at]->armed) {
                        manager->guarded[at]->tries = 0;
                        retry_soon(manager);
                }
                return;
        }
        if (found)
                detach(manager, at);
        if (!policy_of(manager, path) || manager->n_guarded >= ENGINE_UNITS_MAX ||
            guarded_new(&guarded, &manager->kernfs, path) < 0)
                return;
        at = position(manager, path, &found);
        memmove(&manager->guarded[at + 1], &manager->guarded[at], (manager->n_guarded - at) * sizeof(guarded));
        manager->guarded[at] = TAKE_PTR(guarded);
        manager->n_guarded++;
        if (unitname_user(path, &uid) < 0) /* PID 1 is asked by name, of its own units only */
                systemd_cgroup_came(manager->systemd, unitname_of_path(path));
        if (arm(manager, manager->guarded[at]) < 0)
                retry_soon(manager);
        module_unit_came(manager->module);
}

void guarded_vanished(Manager *manager, const char *path) {
        bool found;
        unsigned at = position(manager, path, &found);

        if (found)
                detach(manager, at);
}

void guarded_new_run(Manager *manager, Guarded *guarded, const char *invocation) {
        manager_peaks_ended(manager, guarded);
        snprintf(guarded->invocation, sizeof(guarded->invocation), "%s", invocation);
        (void) marks_restore(guarded->dirfd);
        (void) feed_start(manager, guarded, /* fresh= */ true);
}

void guarded_rematch(Manager *manager) {
        for (unsigned i = manager->n_guarded; i-- > 0;) {
                Guarded *guarded = manager->guarded[i];
                const Policy *policy = policy_of(manager, guarded->path);

                if (!policy) {
                        (void) marks_restore(guarded->dirfd);
                        detach(manager, i);
                } else
                        want_psi(manager, guarded, policy);
        }
}

void guarded_done(Manager *manager) {
        while (manager->n_guarded > 0)
                remove_at(manager, manager->n_guarded - 1);
}
