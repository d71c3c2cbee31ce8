/* Carries out what the engine asks for. What fails here without an answer of its own shows in the next reading, from which
 * the engine judges anew; what people must know is said here. */
#include <stdarg.h>
#include <stdio.h>
#include <sys/time.h>

#include "journal.h"
#include "manager.h"
#include "marks.h"
#include "statefile.h"

static uint64_t realtime(const Manager *manager) {
        uint64_t now = 0;

        (void) sd_event_now(manager->event, CLOCK_REALTIME, &now);
        return now;
}

void manager_tell_unit(Manager *manager, const Record *record, const char *path) {
        bool host = path[0] == 0;
        const char *name = host ? "" : unitname_of_path(path);
        UnitView view;
        bool known = !host && engine_get_unit(manager->engine, path, &view) == 0;

        journal_record(record, host ? NULL : name, host ? NULL : path, known ? mode_name(view.policy->mode) : NULL);
        api_broadcast(manager->api, record, name, path, realtime(manager));
}

void manager_tell(Manager *manager, RecordKind kind, const char *format, ...) {
        Record record = {.kind = kind, .latency = USEC_INFINITY, .freed = BYTES_INFINITY};
        va_list ap;

        va_start(ap, format);
        vsnprintf(record.text, sizeof(record.text), format, ap);
        va_end(ap);
        journal_record(&record, NULL, NULL, NULL);
        if (manager->api)
                api_broadcast(manager->api, &record, "", "", realtime(manager));
}

static void set_high(Manager *manager, const Action *action) {
        Guarded *guarded = guarded_find(manager, action->path);
        int r;

        if (!guarded || manager->options.dry_run)
                return;
        act_forget(action->path);
        r = marks_set_high(guarded->dirfd, action->bytes, guarded->operator_high);
        if (r < 0) {
                /* Stale: somebody else wrote it just now, and inotify is about to say so. */
                if (r != -ENODEV && r != -ENOENT && r != -ESTALE)
                        manager_tell(manager, RECORD_FAILED, "%s: memory.high could not be written: %s.", action->path,
                                     strerrordesc_np(-r));
                return;
        }
        guarded->placed = !action->restore;
        guarded->ours = action->bytes;
}

static void set_max(Manager *manager, const Action *action) {
        Guarded *guarded = guarded_find(manager, action->path);
        uint64_t own = action->bytes;
        int r;

        if (!guarded || manager->options.dry_run)
                return;
        if (!action->restore) {
                r = kernfs_read_u64(guarded->dirfd, "memory.max", &own);
                if (r < 0)
                        return;
        }
        r = marks_set_max(guarded->dirfd, action->bytes, own);
        /* A loan that can't be repaid yet is asked for again at the next reading. */
        if (r < 0 && r != -ENODEV && r != -ENOENT && r != -EBUSY)
                manager_tell(manager, RECORD_FAILED, "%s: memory.max could not be written: %s.", action->path,
                             strerrordesc_np(-r));
}

static void thaw(Manager *manager, const Action *action) {
        Guarded *guarded = guarded_find(manager, action->path);

        if (guarded && !manager->options.dry_run)
                (void) marks_set_freeze(guarded->dirfd, false);
}

static void on_done(void *userdata, int result, uint64_t freed, const char *detail) {
        Call *call = userdata;
        Manager *manager = call->manager;
        Guarded *guarded = guarded_find(manager, call->path);
        Event event = {.kind = EVENT_DONE, .time = manager_now(manager)};

        /* Only now does memory.high hold the throttle: the cache above it may have been dropped on the worker first. */
        if (call->throttle_to != 0 && result == 0 && guarded) {
                guarded->placed = true;
                guarded->ours = call->throttle_to;
        }

        event.done.id = call->id;
        event.done.result = result;
        event.done.freed = freed;
        event.done.latency = util_sub(event.time, call->since);
        snprintf(event.path, sizeof(event.path), "%s", call->path);
        snprintf(event.done.detail, sizeof(event.done.detail), "%s", detail);
        call->id = 0;
        manager_feed(manager, &event);
}

static Call *call_new(Manager *manager, const Action *action) {
        for (unsigned i = 0; i < CALLS_MAX; i++) {
                Call *call = &manager->calls[i];

                if (call->id != 0)
                        continue;
                *call = (Call){.manager = manager, .id = action->id, .since = manager_now(manager)};
                memcpy(call->path, action->path, sizeof(call->path));
                return call;
        }
        return NULL;
}

static void do_verb(Manager *manager, const Action *action) {
        const ActTable *table = manager->options.dry_run ? &act_dry : &act_real;
        ActContext context = {&manager->kernfs, manager->systemd, manager->worker, manager->module};
        Guarded *guarded = guarded_find(manager, action->path);
        Call *call = call_new(manager, action);
        ActRequest request = {.path = action->path, .dirfd = -1, .spec = &action->spec};
        UnitView view;
        int r;

        /* Never: the engine has no more open actions than we have calls. It would be told by its own time limit. */
        if (!call)
                return;
        if (guarded) {
                request.dirfd = guarded->dirfd;
                request.operator_high = guarded->operator_high;
        }
        if (engine_get_unit(manager->engine, action->path, &view) == 0)
                request.sample = view.sample;
        request.throttle_to = call->throttle_to = action->spec.verb == VERB_THROTTLE ? action->bytes : 0;
        r = act(table, &context, &request, on_done, call);
        if (r < 0)
                on_done(call, r, 0, strerrordesc_np(-r));
}

/* A dry run plays with budgets of its own: what it has spent is no daemon's after it. */
static void spend(Manager *manager) {
        int r;

        if (manager->state_fd < 0 || manager->options.dry_run)
                return;
        r = statefile_save(manager->engine, manager->state_fd, manager->boot_id);
        if (r < 0)
                journal_log(3, "The restart budgets could not be saved: %s. If memguardd is restarted now, it allows more "
                               "restarts than the policies say.", strerrordesc_np(-r));
}

static void listen_to(Manager *manager, const Action *action) {
        if (action->bytes)
                (void) tree_watch(manager->tree, action->path, 1U << TREE_EVENTS);
        else
                tree_unwatch(manager->tree, action->path, 1U << TREE_EVENTS);
}

static void sample(Manager *manager, const Action *action) {
        Guarded *guarded = guarded_find(manager, action->path);

        if (guarded)
                guarded_feed_sample(manager, guarded);
}

void manager_carry_out(Manager *manager, const Action *action) {
        switch (action->kind) {
        case ACTION_HIGH:
                set_high(manager, action);
                break;
        case ACTION_LOAN:
                set_max(manager, action);
                break;
        case ACTION_SAMPLE:
                sample(manager, action);
                break;
        case ACTION_STRAIN:
                guarded_feed_strain(manager, guarded_find(manager, action->path));
                break;
        case ACTION_LISTEN:
                listen_to(manager, action);
                break;
        case ACTION_DO:
                do_verb(manager, action);
                break;
        case ACTION_THAW:
                thaw(manager, action);
                break;
        case ACTION_SPEND:
                spend(manager);
                break;
        case ACTION_LEDGER:
                manager_read_ledger(manager, action->path, /* unknown_only= */ false);
                break;
        case ACTION_LOOK:
                manager_look(manager, action);
                break;
        case ACTION_READ_BACK:
                manager_read_back(manager, action);
                break;
        case ACTION_HOST:
                manager_read_host(manager);
                break;
        case ACTION_RECORD:
                manager_tell_unit(manager, &action->record, action->path);
                if (action->record.kind == RECORD_INCIDENT && !manager->stopping)
                        manager_witness_save(manager);
                break;
        case _ACTION_KIND_MAX:
        case _ACTION_KIND_INVALID:
                break;
        }
}
