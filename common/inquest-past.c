/* What happened while no daemon was there: the counters that the daemon before us wrote down against those of now, and the
 * runs that the journal speaks of and we never saw. */
#include <stdio.h>

#include "inquest.h"

static Past *find_past(const Inquest *inquest, const char *path) {
        for (unsigned i = 0; i < inquest->n_pasts; i++)
                if (util_streq(inquest->pasts[i].path, path))
                        return &inquest->pasts[i];
        return NULL;
}

static int add_past(Inquest *inquest, const char *path, Past **ret) {
        _cleanup_free_ char *copy = strdup(path);
        Past *more;

        *ret = find_past(inquest, path);
        if (*ret)
                return 0;
        if (inquest->n_pasts >= ENGINE_UNITS_MAX)
                return -ENOSPC;
        more = reallocarray(inquest->pasts, inquest->n_pasts + 1, sizeof(*more));
        if (!more || !copy) {
                inquest->pasts = more ? more : inquest->pasts;
                return -ENOMEM;
        }
        inquest->pasts = more;
        *ret = &more[inquest->n_pasts++];
        **ret = (Past){.path = TAKE_PTR(copy)};
        return 0;
}

int engine_restore_past(Engine *engine, const Event *event) {
        Inquest *inquest = engine->inquest;
        LedgerCounts counts = {event->ledger.inode, event->ledger.oom, event->ledger.oom_kill,
                               event->ledger.oom_group_kill, event->ledger.local_oom};
        Past *past;
        int r;

        inquest->has_past = true;
        inquest->news_from = MAX(inquest->news_from, event->time);
        if (event->kind == EVENT_LEDGER && unitname_type(unitname_of_path(event->path)) == UNIT_SLICE)
                return ledger_read(&inquest->ledger, event->path, &counts, event->time);
        if (event->kind != EVENT_LEDGER && event->kind != EVENT_NAMED)
                return -EINVAL;
        r = add_past(inquest, event->path, &past);
        if (r < 0)
                return r;
        if (event->kind == EVENT_NAMED) {
                memcpy(past->invocation, event->named.invocation, sizeof(past->invocation));
        } else {
                past->oom = event->ledger.oom;
                past->oom_kill = event->ledger.oom_kill;
        }
        return 0;
}

void engine_forget_past(Engine *engine) {
        Inquest *inquest = engine->inquest;

        for (unsigned i = 0; i < inquest->n_pasts; i++)
                free(inquest->pasts[i].path);
        free(inquest->pasts);
        inquest->pasts = NULL;
        inquest->n_pasts = 0;
        inquest->has_past = false; /* what is found from now on is found for another reason: a policy that is new */
}

/* The same run: what its counters gained is news. Another one: the run before it ended unseen. */
void past_begin_run(const Step *step, Unit *unit) {
        Inquest *inquest = step->engine->inquest;
        const Past *past = find_past(inquest, unit->path);
        Ghost *ghost;

        if (!inquest->has_past)
                return;
        if (past && past->invocation[0] && !util_streq(past->invocation, unit->invocation)) {
                ghost = ghost_new(inquest);
                *ghost = (Ghost){.run = ++inquest->last_run, .ended = step->now};
                memcpy(ghost->path, unit->path, strlen(unit->path) + 1);
                memcpy(ghost->invocation, past->invocation, sizeof(ghost->invocation));
                past = NULL;
        }
        unit->sample.ev_oom_kill = past ? past->oom_kill : 0;
        unit->sample.ev_oom = past ? past->oom : 0;
}

static bool is_watched(const Step *step, const char *path) {
        const Policy *policy = NULL;

        return step->engine->policies && unitname_path_is_valid(path) &&
               policy_set_resolve(step->engine->policies, unitname_of_path(path), path, &policy) >= 0 && policy;
}

Ghost *past_ghost(const Step *step, const char *path, const char *name, const char *invocation, usec_t at) {
        Inquest *inquest = step->engine->inquest;
        char guess[CGROUP_PATH_MAX];
        Ghost *ghost;

        /* A service that runs no more has no cgroup to tell its path; PID 1 puts it here unless Slice= says otherwise. */
        if (!path[0]) {
                snprintf(guess, sizeof(guess), "/system.slice/%s", name);
                path = guess;
        }
        if (!is_watched(step, path))
                return NULL;
        ghost = ghost_new(inquest);
        *ghost = (Ghost){.run = ++inquest->last_run, .ended = at};
        memcpy(ghost->path, path, strlen(path) + 1);
        snprintf(ghost->invocation, sizeof(ghost->invocation), "%s", invocation);
        return ghost;
}

static int next_unit_line(const Engine *engine, unsigned at, unsigned part, Event *ret) {
        const Unit *unit = &engine->units[at];

        *ret = (Event){.kind = part == 0 ? EVENT_NAMED : EVENT_LEDGER, .time = engine->now};
        memcpy(ret->path, unit->path, strlen(unit->path) + 1);
        if (part == 0) {
                memcpy(ret->named.invocation, unit->invocation, sizeof(ret->named.invocation));
                return unit->invocation[0] != 0;
        }
        ret->ledger.oom = unit->sample.ev_oom;
        ret->ledger.oom_kill = unit->sample.ev_oom_kill;
        return unit->sample.ev_oom_kill > 0;
}

int engine_next_past(const Engine *engine, unsigned *iterator, Event *ret) {
        for (; *iterator < 2 * engine->n_slots; (*iterator)++) {
                unsigned at = *iterator / 2;

                if (engine->units[at].used && engine->units[at].present &&
                    next_unit_line(engine, at, *iterator % 2, ret) > 0) {
                        (*iterator)++;
                        return 1;
                }
        }
        if (*iterator - 2 * engine->n_slots < engine->inquest->ledger.n_pages) {
                const LedgerPage *page = &engine->inquest->ledger.pages[*iterator - 2 * engine->n_slots];

                *ret = (Event){.kind = EVENT_LEDGER, .time = engine->now};
                memcpy(ret->path, page->path, strlen(page->path) + 1);
                ret->ledger.inode = page->counts.inode;
                ret->ledger.oom = page->counts.oom;
                ret->ledger.oom_kill = page->counts.oom_kill;
                ret->ledger.oom_group_kill = page->counts.oom_group_kill;
                ret->ledger.local_oom = page->counts.local_oom;
                (*iterator)++;
                return 1;
        }
        return 0;
}
