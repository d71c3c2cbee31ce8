/* The witnesses: what each of them saw becomes an event, and what the engine wants to know of a process or of the parents'
 * counters is looked up. Every one of them may be absent; the others go on. */
#include <stdio.h>
#include <sys/stat.h>

#include "fd.h"
#include "journal.h"
#include "manager.h"
#include "pace.h"
#include "proclook.h"
#include "sampler.h"

#define COVER_SOON USEC_PER_SEC          /* a service's python has been started by then */
#define COVER_AGAIN (10 * USEC_PER_SEC)  /* and has loaded what it is made of; at the calm units' next moment after that */
#define COVER_A_TURN 16                  /* units with processes, then the loop has its turn */
#define COVER_PIDS 16                    /* of one unit */

static void feed_ledger(Manager *manager, const char *path) {
        Event event = {.kind = EVENT_LEDGER, .time = manager_now(manager)};
        _cleanup_close_ int dirfd = -1;
        MemoryEvents all, own;
        struct stat st;

        if (kernfs_open_cgroup(&manager->kernfs, path, &dirfd) < 0 || fstat(dirfd, &st) < 0 ||
            sampler_events(dirfd, &all, &own) < 0)
                return;
        snprintf(event.path, sizeof(event.path), "%s", path);
        event.ledger.inode = st.st_ino;
        event.ledger.oom = all.oom;
        event.ledger.oom_kill = all.oom_kill;
        event.ledger.oom_group_kill = all.oom_group_kill;
        event.ledger.local_oom = own.oom;
        manager_feed(manager, &event);
}

void manager_read_ledger(Manager *manager, const char *path, bool unknown_only) {
        char at[CGROUP_PATH_MAX];
        char *slash;

        snprintf(at, sizeof(at), "%s", path);
        while ((slash = strrchr(at, '/')) && slash != at) {
                *slash = 0;
                if (!unknown_only || !engine_knows_ledger(manager->engine, at))
                        feed_ledger(manager, at);
        }
}

static void saw(void *userdata, const char *path, const Witness *witness) {
        Manager *manager = userdata;
        Event event = {.kind = EVENT_WITNESS, .time = manager_now(manager)};

        if (path[0] && !unitname_path_is_valid(path))
                return;
        snprintf(event.path, sizeof(event.path), "%s", path);
        /* The kernel's refusals name a process only; it lives as a rule. */
        if (!path[0] && !witness->unit[0] && witness->pid > 0 && witness->fact != FACT_OOM_KILL &&
            proclook_cgroup(&manager->kernfs, witness->pid, event.path) < 0)
                event.path[0] = 0;
        event.witness = *witness;
        manager_feed(manager, &event);
        /* Of what it watches the engine asks for itself. */
        if (witness->fact == FACT_OOM_KILL && path[0] && !guarded_find(manager, path))
                manager_read_ledger(manager, path, /* unknown_only= */ false);
}

void manager_saw(Manager *manager, const char *path, const Witness *witness) {
        saw(manager, path, witness);
}

static bool is_pid1s(const char *path) {
        uint32_t uid;

        return unitname_user(path, &uid) < 0;
}

/* What the unit's own settings allowed its processes, now that this one can't be looked at any more. */
static void on_limits(void *userdata, int result, const ServiceFacts *facts) {
        LimitQuery *query = userdata;
        Witness witness = {.source = WITNESS_SYSTEMD, .fact = FACT_LOOK, .pid = query->pid, .code = 1};

        query->pid = 0;
        if (result < 0)
                return;
        witness.look.as_limit = facts->as_limit_soft;
        witness.look.data_limit = facts->data_limit_soft;
        saw(query->manager, query->path, &witness);
}

static void ask_limits(Manager *manager, const char *path, int pid) {
        for (unsigned i = 0; i < LIMIT_QUERIES_MAX; i++) {
                LimitQuery *query = &manager->limit_queries[i];

                if (query->pid != 0)
                        continue;
                *query = (LimitQuery){.manager = manager, .pid = pid};
                snprintf(query->path, sizeof(query->path), "%s", path);
                if (systemd_service_facts(manager->systemd, unitname_of_path(path), on_limits, query) < 0)
                        query->pid = 0;
                return;
        }
}

void manager_look(Manager *manager, const Action *action) {
        Witness witness;

        if (proclook_read(&manager->kernfs, action->pid, /* count_maps= */ false, &witness) < 0)
                return;
        if (action->start != 0 && witness.look.start != 0 && witness.look.start != action->start) {
                witness = (Witness){.source = WITNESS_PROC, .fact = FACT_LOOK, .pid = action->pid, .code = 1};
        }
        saw(manager, action->path, &witness);
        if (witness.code == 0 && manager->looks)
                (void) looks_count(manager->looks, action->path, action->pid, witness.look.start);
        if (witness.code == 1 && action->start == 0 && is_pid1s(action->path))
                ask_limits(manager, action->path, action->pid);
}

/* A unit that ended before we came, or some time ago, is not followed: it is for as long as this takes. */
void manager_read_back(Manager *manager, const Action *action) {
        const char *unit = unitname_of_path(action->path);

        if (!manager->textwatch || textwatch_read_back(manager->textwatch, unit, action->since) != -ENOENT ||
            textwatch_follow(manager->textwatch, unit) < 0)
                return;
        (void) textwatch_read_back(manager->textwatch, unit, action->since);
        textwatch_unfollow(manager->textwatch, unit);
}

/* A hit of a probe names a cgroup by its inode; a process in a cgroup below a unit's own by its pid. */
static void path_of(void *userdata, uint64_t inode, int pid, char ret_path[static CGROUP_PATH_MAX]) {
        const Manager *manager = userdata;
        UnitView view;

        ret_path[0] = 0;
        for (unsigned i = 0; i < manager->n_guarded; i++)
                if (manager->guarded[i]->inode == inode) {
                        snprintf(ret_path, CGROUP_PATH_MAX, "%s", manager->guarded[i]->path);
                        break;
                }
        if (ret_path[0] == 0 && proclook_cgroup(&manager->kernfs, pid, ret_path) < 0)
                ret_path[0] = 0;
        if (ret_path[0] && engine_get_unit(manager->engine, ret_path, &view) == 0 && !view.policy->uprobes)
                ret_path[0] = 0;
}

/* Returns whether there was a process to look at. */
static bool cover(Manager *manager, Guarded *guarded) {
        char text[KERNFS_TEXT_MAX];
        const char *at = text;
        Witness witness;
        UnitView view;
        char *end;

        if (engine_get_unit(manager->engine, guarded->path, &view) < 0 ||
            kernfs_read(guarded->dirfd, "cgroup.procs", text, sizeof(text)) < 0)
                return false;
        for (unsigned i = 0; i < COVER_PIDS; i++) {
                long pid = strtol(at, &end, 10);

                if (end == at || pid <= 0 || pid > INT32_MAX)
                        break;
                at = end;
                if (view.policy->uprobes && manager->uprobe)
                        (void) uprobe_cover(manager->uprobe, (int) pid);
                if (i == 0 && proclook_read(&manager->kernfs, (int) pid, /* count_maps= */ false, &witness) >= 0)
                        saw(manager, guarded->path, &witness);
        }
        return at != text;
}

static usec_t cover_due(Manager *manager, usec_t now) {
        usec_t next = USEC_INFINITY;
        unsigned n = 0;

        for (unsigned i = 0; i < manager->n_guarded; i++) {
                Guarded *guarded = manager->guarded[i];

                if (!guarded->armed || guarded->n_covers >= 2)
                        continue;
                if (guarded->cover_at <= now && n < COVER_A_TURN) {
                        guarded->n_covers++;
                        guarded->cover_at = ((now + COVER_AGAIN) / PACE_SLOWEST + 1) * PACE_SLOWEST;
                        n += cover(manager, guarded);
                }
                if (guarded->n_covers < 2)
                        next = MIN(next, MAX(guarded->cover_at, now + 50 * USEC_PER_MSEC));
        }
        return next;
}

static int on_errand(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *manager = userdata;
        usec_t next = cover_due(manager, manager_now(manager));

        (void) usec;
        if (next == USEC_INFINITY)
                return 0;
        (void) sd_event_source_set_time(source, next);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void errand_at(Manager *manager, usec_t at) {
        usec_t due = USEC_INFINITY;
        int enabled = SD_EVENT_OFF;

        if (!manager->errands)
                return;
        (void) sd_event_source_get_enabled(manager->errands, &enabled);
        if (enabled != SD_EVENT_OFF)
                (void) sd_event_source_get_time(manager->errands, &due);
        if (at >= due)
                return;
        (void) sd_event_source_set_time(manager->errands, at);
        (void) sd_event_source_set_enabled(manager->errands, SD_EVENT_ONESHOT);
}

void manager_witness_run(Manager *manager, Guarded *guarded) {
        const char *name = unitname_of_path(guarded->path);
        UnitView view;

        manager_read_ledger(manager, guarded->path, /* unknown_only= */ true);
        if (engine_get_unit(manager->engine, guarded->path, &view) < 0)
                return;
        guarded->n_covers = 0;
        guarded->cover_at = manager_now(manager) + COVER_SOON;
        errand_at(manager, guarded->cover_at);
        if (!manager->textwatch || !view.policy->journal || !is_pid1s(guarded->path))
                return;
        (void) textwatch_follow(manager->textwatch, name);
}

/* What a userspace killer wrote on the cgroup before it killed. */
static void read_xattrs(Manager *manager, const Guarded *guarded) {
        Witness witness = {.source = WITNESS_OOMD, .fact = FACT_USERSPACE, .at = manager_now(manager), .weak = true};
        uint64_t n;

        if (sampler_userspace_kills(guarded->dirfd, &n) < 0)
                return;
        memcpy(witness.invocation, guarded->invocation, sizeof(witness.invocation));
        snprintf(witness.word, sizeof(witness.word), "systemd-oomd");
        snprintf(witness.text, sizeof(witness.text), "user.oomd_kill on the cgroup: %llu killed by a userspace killer.",
                 (unsigned long long) n);
        saw(manager, guarded->path, &witness);
}

void manager_witness_end(Manager *manager, const Guarded *guarded) {
        manager_read_ledger(manager, guarded->path, /* unknown_only= */ false);
        read_xattrs(manager, guarded);
        if (manager->textwatch && is_pid1s(guarded->path))
                textwatch_unfollow(manager->textwatch, unitname_of_path(guarded->path));
}

static int add_errands(Manager *manager) {
        int r = sd_event_add_time(manager->event, &manager->errands, CLOCK_BOOTTIME, 0, 100 * USEC_PER_MSEC, on_errand, manager);

        if (r < 0)
                return r;
        return sd_event_source_set_enabled(manager->errands, SD_EVENT_OFF);
}

/* Ids of incidents begin with the daemon's start, in seconds since 1970. */
static void name_incidents(Manager *manager) {
        char prefix[12];
        uint64_t now = 0;

        (void) sd_event_now(manager->event, CLOCK_REALTIME, &now);
        snprintf(prefix, sizeof(prefix), "%llx", (unsigned long long) (now / USEC_PER_SEC) & 0xffffffffff);
        engine_set_id_prefix(manager->engine, prefix);
}

int manager_witness_start(Manager *manager) {
        WitnessHandlers handlers = {manager, saw};
        UprobeHandlers uprobe = {manager, path_of, handlers};
        PastPlaces places = {.kmsg_seq = UINT64_MAX};
        char path[4096];
        int r;

        name_incidents(manager);
        r = pastfile_load(manager->engine, manager->run_fd, &places);
        if (r < 0 && r != -ENOENT)
                journal_log(4, "What the daemon before this one had seen could not be read: %s.", strerrordesc_np(-r));
        r = add_errands(manager);
        if (r < 0)
                return r;
        if (manager->options.kmsg_fd >= 0)
                r = kmsg_new(&manager->kmsg, manager->event, manager->options.kmsg_fd, places.kmsg_seq, &handlers);
        else
                r = manager->options.kmsg_fd;
        if (r < 0)
                journal_log(5, "The kernel's log can't be read (%s); kernel OOM kills are told by the counters and by systemd.",
                            strerrordesc_np(-r));
        snprintf(path, sizeof(path), "%s/run/memguard/journal", manager->options.root);
        r = textwatch_new(&manager->textwatch, manager->event, path, places.cursor, &handlers);
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "%s/run/memguard/uprobe", manager->options.root);
        r = uprobe_new(&manager->uprobe, manager->event, &manager->kernfs, path, &uprobe);
        if (r < 0)
                return r;
        r = looks_new(&manager->looks, &manager->kernfs, uprobe_worker(manager->uprobe), saw, manager);
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "%s/usr/bin/python3", manager->options.root);
        (void) uprobe_cover_file(manager->uprobe, path);
        return 0;
}

/* After each incident, so that a daemon that comes after a crash tells none of it again. */
void manager_witness_save(Manager *manager) {
        PastPlaces places = {.kmsg_seq = manager->kmsg ? kmsg_seq(manager->kmsg) : UINT64_MAX};
        int r;

        if (manager->textwatch)
                snprintf(places.cursor, sizeof(places.cursor), "%s", textwatch_cursor(manager->textwatch));
        r = pastfile_save(manager->engine, manager->run_fd, &places);
        if (r < 0)
                journal_log(4, "What was seen so far could not be written down: %s. Should memguardd be restarted now, it may "
                               "tell the last incidents again, or miss one.", strerrordesc_np(-r));
}

void manager_witness_done(Manager *manager) {
        manager->kmsg = kmsg_free(manager->kmsg);
        manager->textwatch = textwatch_free(manager->textwatch);
        manager->uprobe = uprobe_free(manager->uprobe);
        manager->looks = looks_free(manager->looks);
        sd_event_source_unref(manager->errands);
        manager->errands = NULL;
}
