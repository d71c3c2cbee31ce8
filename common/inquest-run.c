/* Which run is a witness speaking of? A unit may have died and come back (RestartSec=100ms) before the slower witnesses arrive,
 * so each is given to a run by the run's invocation id where it names one, otherwise by the main process' pid, otherwise by
 * the time at which it happened. */
#include <stdio.h>

#include "inquest.h"

#define CLOCK_SLACK (50 * USEC_PER_MSEC) /* the kernel's log is stamped up to 20 ms early (facts-kernel.md 2) */
#define LAST_FACT (30 * USEC_PER_SEC) /* what happened later than this after a run's end was not of that run */

RunRef run_of_unit(Unit *unit) {
        return (RunRef){.run = unit->run, .unit = unit};
}

static RunRef run_of_ghost(Ghost *ghost) {
        return (RunRef){.run = ghost->run, .ghost = ghost};
}

const char *run_path(const RunRef *ref) {
        return ref->unit ? ref->unit->path : ref->ghost->path;
}

const RunEnd *run_end_of(const Inquest *inquest, unsigned run) {
        for (unsigned i = 0; i < ENDINGS_MAX; i++)
                if (inquest->endings[i].run == run)
                        return &inquest->endings[i].end;
        return NULL;
}

RunEnd *run_end_note(Inquest *inquest, unsigned run) {
        RunEnd *end = (RunEnd *) run_end_of(inquest, run);
        Ending *ending = &inquest->endings[inquest->next_ending];

        if (end)
                return end;
        inquest->next_ending = (inquest->next_ending + 1) % ENDINGS_MAX;
        *ending = (Ending){.run = run};
        return &ending->end;
}

/* Pids are used again, and a unit that no policy matches any more goes on without us. */
static bool may_speak_of(const Ghost *ghost, usec_t at) {
        return at <= util_add(ghost->ended, LAST_FACT);
}

/* Its cgroup may be gone before PID 1 says how its main process ended. */
static bool ended_as(const Inquest *inquest, const Ghost *ghost, int pid, usec_t at) {
        const RunEnd *end = run_end_of(inquest, ghost->run);

        return (end ? end->pid : ghost->main_pid) == pid && may_speak_of(ghost, at);
}

/* The watched unit that a cgroup is, or is inside of. */
static bool is_at_or_below(const char *path, const char *unit) {
        size_t n = strlen(unit);

        return strncmp(path, unit, n) == 0 && (path[n] == 0 || path[n] == '/');
}

static Unit *unit_at(Engine *engine, const char *path) {
        char at[CGROUP_PATH_MAX];
        Unit *unit;
        char *slash;

        memcpy(at, path, strlen(path) + 1);
        for (;;) {
                unit = unit_find(engine, at);
                if (unit_is_live(unit))
                        return unit;
                slash = strrchr(at, '/');
                if (!slash || slash == at)
                        return NULL;
                *slash = 0;
        }
}

/* By name alone, among the units of PID 1. */
static Unit *unit_named(Engine *engine, const char *name) {
        uint32_t uid;

        for (unsigned i = 0; i < engine->n_slots; i++) {
                Unit *unit = &engine->units[i];

                if (unit->used && unit_is_live(unit) && util_streq(unitname_of_path(unit->path), name) &&
                    unitname_user(unit->path, &uid) < 0)
                        return unit;
        }
        return NULL;
}

static bool ghost_fits(const Ghost *ghost, const char *path, const char *name) {
        uint32_t uid;

        if (path[0])
                return is_at_or_below(path, ghost->path);
        return name[0] && util_streq(unitname_of_path(ghost->path), name) && unitname_user(ghost->path, &uid) < 0;
}

typedef struct Candidates {
        Unit *unit; /* live, or NULL */
        Ghost *ghosts[GHOSTS_MAX];
        unsigned n_ghosts; /* newest first */
} Candidates;

static void find_candidates(const Step *step, const char *path, const char *name, Candidates *ret) {
        Inquest *inquest = step->engine->inquest;

        ret->n_ghosts = 0;
        ret->unit = path[0] ? unit_at(step->engine, path) : name[0] ? unit_named(step->engine, name) : NULL;
        for (unsigned i = 1; i <= GHOSTS_MAX; i++) {
                Ghost *ghost = &inquest->ghosts[(inquest->next_ghost + GHOSTS_MAX - i) % GHOSTS_MAX];

                if (ghost->run != 0 && ghost_fits(ghost, path, name))
                        ret->ghosts[ret->n_ghosts++] = ghost;
        }
}

static bool invocation_is(const char *known, const char *invocation) {
        return invocation[0] && util_streq(known, invocation);
}

static RunRef by_pid(const Step *step, int pid, usec_t at) {
        Engine *engine = step->engine;
        Inquest *inquest = engine->inquest;

        for (unsigned i = 0; i < engine->n_slots; i++)
                if (unit_is_live(&engine->units[i]) && engine->units[i].main_pid == pid)
                        return run_of_unit(&engine->units[i]);
        for (unsigned i = 0; i < GHOSTS_MAX; i++)
                if (inquest->ghosts[i].run != 0 && ended_as(inquest, &inquest->ghosts[i], pid, at))
                        return run_of_ghost(&inquest->ghosts[i]);
        return (RunRef){0};
}

/* A run that was over before we came, with nobody to tell its id: the kernel's line comes before the journal's. */
static Ghost *nameless(const Candidates *found) {
        for (unsigned i = 0; i < found->n_ghosts; i++)
                if (found->ghosts[i]->invocation[0] == 0)
                        return found->ghosts[i];
        return NULL;
}

/* Before our time, in a unit whose counters know of no kill: then it was in a run before this one. */
static bool is_earlier_run(const Step *step, const Candidates *found, Fact fact, usec_t at) {
        return fact == FACT_OOM_KILL && found->unit && found->n_ghosts == 0 && at != 0 && at < step->engine->inquest->since &&
               found->unit->began == 0 && found->unit->sample.ev_oom_kill == 0;
}

/* The run that had begun last at that time. */
static RunRef by_time(const Candidates *found, usec_t at, usec_t now) {
        if (found->unit && (at == 0 || found->n_ghosts == 0 || found->ghosts[0]->ended + CLOCK_SLACK <= at ||
                            (found->unit->began != 0 && found->unit->began <= at)))
                return run_of_unit(found->unit);
        if (found->n_ghosts > 0 && !may_speak_of(found->ghosts[0], at != 0 ? at : now))
                return (RunRef){0};
        for (unsigned i = 0; i < found->n_ghosts; i++)
                if (at == 0 || found->ghosts[i]->began <= at)
                        return run_of_ghost(found->ghosts[i]);
        if (found->n_ghosts > 0)
                return run_of_ghost(found->ghosts[found->n_ghosts - 1]);
        return (RunRef){0};
}

/* An id that no run we know has, from before our time: a run that we were not there to see. */
static RunRef by_past(const Step *step, const Candidates *found, const char *path, const char *name, const char *invocation,
                      usec_t at) {
        Ghost *ghost;

        if (at == 0 || at >= step->engine->inquest->since || (found->unit && found->unit->invocation[0] == 0))
                return (RunRef){0};
        ghost = nameless(found);
        if (ghost)
                snprintf(ghost->invocation, sizeof(ghost->invocation), "%s", invocation);
        else
                ghost = past_ghost(step, found->unit ? found->unit->path : path, name, invocation, at);
        return ghost ? run_of_ghost(ghost) : (RunRef){0};
}

RunRef run_find(const Step *step, const char *path, const char *name, const Witness *witness) {
        const char *invocation = witness->invocation;
        usec_t at = witness->at, then = at != 0 ? at : step->now;
        int pid = witness->pid;
        Candidates found;
        Ghost *ghost;
        RunRef past;

        if (!path[0] && !name[0])
                return pid > 0 ? by_pid(step, pid, then) : (RunRef){0};
        find_candidates(step, path, name, &found);
        if (found.unit && invocation_is(found.unit->invocation, invocation))
                return run_of_unit(found.unit);
        for (unsigned i = 0; i < found.n_ghosts; i++)
                if (invocation_is(found.ghosts[i]->invocation, invocation))
                        return run_of_ghost(found.ghosts[i]);
        for (unsigned i = 0; i < found.n_ghosts && pid > 0; i++)
                if (ended_as(step->engine->inquest, found.ghosts[i], pid, then))
                        return run_of_ghost(found.ghosts[i]);
        /* A run whose id is not known yet is the one that is new. */
        if (invocation[0] && found.unit && found.unit->invocation[0] == 0)
                return run_of_unit(found.unit);
        if (is_earlier_run(step, &found, witness->fact, at)) {
                ghost = past_ghost(step, found.unit->path, name, "", at);
                return ghost ? run_of_ghost(ghost) : (RunRef){0};
        }
        past = invocation[0] ? by_past(step, &found, path, name, invocation, at) : (RunRef){0};
        return past.run != 0 ? past : by_time(&found, at, step->now);
}

Ghost *ghost_new(Inquest *inquest) {
        Ghost *ghost = &inquest->ghosts[inquest->next_ghost];

        inquest->next_ghost = (inquest->next_ghost + 1) % GHOSTS_MAX;
        return ghost;
}

void inquest_run_began(const Step *step, Unit *unit) {
        Inquest *inquest = step->engine->inquest;

        unit->run = ++inquest->last_run;
        unit->main_pid = 0;
        unit->as_limit = unit->data_limit = 0;
        unit->disruption = (Disruption){0};
        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &inquest->cases[i];

                if (c->open && c->run != unit->run && util_streq(c->incident.path, unit->path))
                        c->restarted = true;
        }
        if (unit->began == 0)
                past_begin_run(step, unit);
}

void inquest_run_ended(const Step *step, Unit *unit) {
        Inquest *inquest = step->engine->inquest;
        Ghost *ghost = ghost_new(inquest);

        *ghost = (Ghost){
                .run = unit->run,
                .main_pid = unit->main_pid,
                .began = unit->began,
                .ended = step->now,
                .as_limit = unit->as_limit,
                .data_limit = unit->data_limit,
                .disruption = unit->disruption,
                .sample = unit->sample,
                .sample_time = unit->sample_time,
        };
        memcpy(ghost->path, unit->path, strlen(unit->path) + 1);
        memcpy(ghost->invocation, unit->invocation, sizeof(ghost->invocation));
        for (unsigned i = 0; i < CASES_MAX; i++)
                if (inquest->cases[i].open && inquest->cases[i].run == unit->run)
                        inquest->cases[i].run_ended = MAX(step->now, 1);
}
