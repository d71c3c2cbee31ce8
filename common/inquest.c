/* What each fact means for the cases: which it belongs to, what it adds, whether it opens one. Facts come late, doubled, out of
 * order or never; none of them is needed for a case to be told. */
#include <stdio.h>

#include "inquest.h"

#define STRAY_KEPT (3 * USEC_PER_SEC)
#define RAISED_AGAIN (2 * USEC_PER_SEC)
#define KERNEL_BLIND (10 * USEC_PER_SEC) /* the kernel prints at most 10 such lines in 5 s */

int inquest_new(Inquest **ret) {
        Inquest *inquest = calloc(1, sizeof(*inquest));

        if (!inquest)
                return -ENOMEM;
        *ret = inquest;
        return 0;
}

Inquest *inquest_free(Inquest *inquest) {
        if (inquest)
                ledger_done(&inquest->ledger);
        free(inquest);
        return NULL;
}

void engine_set_id_prefix(Engine *engine, const char *prefix) {
        snprintf(engine->inquest->prefix, sizeof(engine->inquest->prefix), "%s", prefix);
}

uint64_t engine_n_lost(const Engine *engine) {
        return engine->inquest->n_lost;
}

bool engine_knows_ledger(const Engine *engine, const char *path) {
        return ledger_knows(&engine->inquest->ledger, path);
}

static void on_oom_kill(const Step *step, const RunRef *ref, const Witness *witness) {
        Case *c = case_join(step, ref, CASE_KILL, witness);

        if (!c)
                return;
        if (witness->pid == 0 || witness->pid != c->last_named)
                c->named++;
        c->last_named = witness->pid;
        case_account(step, c);
        if (witness->scope == SCOPE_UNKNOWN)
                return;
        c->scope = witness->scope;
        if (witness->limit[0])
                memcpy(c->incident.limit, witness->limit, sizeof(c->incident.limit));
}

/* An error may travel: a pool's worker sends its own to its parent, which makes it anew and prints it. */
static Case *travelled_from(const Step *step, const RunRef *ref, const Witness *witness) {
        Case *origin = NULL;

        if (!(witness->fact == FACT_RAISED && witness->weak) && witness->fact != FACT_MEMORY_ERROR)
                return NULL;
        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &step->engine->inquest->cases[i];

                if (!c->open || c->run != ref->run || c->class != CASE_ERROR)
                        continue;
                if (c->incident.pid == witness->pid || c->incident.pid == 0)
                        return NULL;
                if (case_has(c, FACT_RAISED) || c->strong)
                        origin = c;
        }
        return origin;
}

static void on_this_error(const Step *step, const RunRef *ref, const Witness *witness) {
        Case *origin = travelled_from(step, ref, witness);
        Case *c = origin ? origin : case_join(step, ref, CASE_ERROR, witness);

        if (!c)
                return;
        if (origin)
                case_note(origin, step, witness);
        c->maybe_parser |= witness->fact == FACT_NOT_MEMORY;
        if (witness->fact == FACT_RAISED && !origin && case_has(c, FACT_RAISED)) {
                c->incident.count = MIN(c->incident.count + MAX((unsigned) witness->code, 1), 1000000);
                if (!c->sighted)
                        tell_sighted(step, &c->incident);
                c->sighted = true;
                c->raised_at = step->now;
        }
        c->refused |= witness->fact == FACT_RAISED && !witness->weak;
        c->strong |= witness->fact == FACT_MEMORY_ERROR && !witness->weak;
        c->reported |= witness->fact == FACT_MEMORY_ERROR && witness->source == WITNESS_MODULE;
        if (witness->site[0] && c->incident.site[0] == 0)
                memcpy(c->incident.site, witness->site, sizeof(c->incident.site));
        if (witness->fact == FACT_RUNTIME)
                memcpy(c->incident.killer, witness->word, sizeof(c->incident.killer));
        if (witness->bytes != 0 && (witness->fact == FACT_REFUSED || witness->fact == FACT_MEMORY_ERROR)) {
                /* glibc tries a smaller piece next, and python a larger one: the least is what was asked for. */
                c->request = c->request == 0 ? witness->bytes : MIN(c->request, witness->bytes);
        }
}

/* A process that raises another error after a while has survived the one before. */
static void close_survived(const Step *step, const RunRef *ref, const Witness *witness) {
        Inquest *inquest = step->engine->inquest;
        Case *c = case_find(inquest, ref->run, CASE_ERROR, witness->pid);

        if (witness->fact != FACT_RAISED || !c || c->class != CASE_ERROR || c->incident.pid != witness->pid || c->gone ||
            c->raised_at == 0 || step->now - c->raised_at < RAISED_AGAIN)
                return;
        case_close(step, c);
        /* What comes now is another one. */
        inquest->tombstones[(inquest->next_tombstone + TOMBSTONES_MAX - 1) % TOMBSTONES_MAX].closed = c->raised_at;
}

static void on_error(const Step *step, const RunRef *ref, const Witness *witness) {
        close_survived(step, ref, witness);
        on_this_error(step, ref, witness);
}

static void on_userspace(const Step *step, const RunRef *ref, const Witness *witness) {
        Case *c = case_join(step, ref, CASE_KILL, witness);

        if (!c)
                return;
        c->xattr |= witness->weak;
        if (!witness->weak || c->incident.killer[0] == 0)
                memcpy(c->incident.killer, witness->word, sizeof(c->incident.killer));
}

/* The first look at a process is the nearest to its error. Of one that is gone the host's settings are left. */
static void take_look(Case *c, const Witness *witness) {
        uint64_t as_limit = c->look.as_limit, data_limit = c->look.data_limit;

        /* The unit's settings, which stand in for those of a process that nobody has looked at. */
        if (witness->source == WITNESS_SYSTEMD && as_limit == 0 && data_limit == 0) {
                c->look.as_limit = witness->look.as_limit;
                c->look.data_limit = witness->look.data_limit;
        }
        if (witness->source == WITNESS_SYSTEMD)
                return;
        /* Its areas are counted a moment later (looks.h). */
        if (witness->code == 0 && witness->look.start == c->look.start && c->look.maps == 0) {
                c->look.maps = witness->look.maps;
                c->look.maps_limit = witness->look.maps_limit;
        }
        if (c->look.start != 0 || c->look.ram_and_swap != 0)
                return;
        c->look = witness->look;
        if (witness->code == 0)
                return;
        c->look.as_limit = as_limit;
        c->look.data_limit = data_limit;
}

static void on_look(const Step *step, const RunRef *ref, const Witness *witness) {
        if (ref->unit && witness->code == 0 && witness->pid == ref->unit->main_pid) {
                ref->unit->as_limit = witness->look.as_limit;
                ref->unit->data_limit = witness->look.data_limit;
        }
        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &step->engine->inquest->cases[i];

                /* A pid that is gone and is found alive is another process by now. */
                if (!c->open || c->run != ref->run || c->incident.pid != witness->pid || (c->gone && witness->code == 0))
                        continue;
                c->gone |= witness->code == 1;
                take_look(c, witness);
                if (witness->comm[0] && c->incident.comm[0] == 0)
                        memcpy(c->incident.comm, witness->comm, sizeof(c->incident.comm));
        }
}

static void on_restarting(const Step *step, const RunRef *ref) {
        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &step->engine->inquest->cases[i];

                if (c->open && c->run == ref->run)
                        c->restarted = true;
        }
}

/* The kernel did not say which cgroup: PID 1 will say whose main process it was. */
static void keep_stray(const Step *step, const Witness *witness) {
        Inquest *inquest = step->engine->inquest;

        inquest->strays[inquest->next_stray] = (Stray){util_add(step->now, STRAY_KEPT), *witness};
        inquest->next_stray = (inquest->next_stray + 1) % STRAYS_MAX;
}

static void claim_strays(const Step *step, const RunRef *ref, int pid) {
        Inquest *inquest = step->engine->inquest;

        for (unsigned i = 0; i < STRAYS_MAX; i++) {
                Stray *stray = &inquest->strays[i];

                if (stray->until < step->now || pid == 0 || stray->witness.pid != pid)
                        continue;
                stray->until = 0;
                on_oom_kill(step, ref, &stray->witness);
        }
}

static void dispatch(const Step *step, const RunRef *ref, const Witness *witness) {
        switch (witness->fact) {
        case FACT_OOM_KILL:
                on_oom_kill(step, ref, witness);
                break;
        case FACT_OOM_SAID:
        case FACT_CLIENT_KILL:
                (void) case_join(step, ref, CASE_KILL, witness);
                break;
        case FACT_USERSPACE:
                on_userspace(step, ref, witness);
                break;
        case FACT_REFUSED:
        case FACT_DATA_LIMIT:
        case FACT_RAISED:
        case FACT_MEMORY_ERROR:
        case FACT_NOT_MEMORY:
        case FACT_RUNTIME:
                on_error(step, ref, witness);
                break;
        case FACT_STARTED:
                if (ref->unit)
                        ref->unit->main_pid = witness->pid;
                break;
        case FACT_ENDED:
                if (witness->code == 0) {
                        inquest_failing(step, ref, witness);
                        break;
                }
                inquest_ended(step, ref, witness);
                claim_strays(step, ref, witness->pid);
                break;
        case FACT_RESTARTING:
                on_restarting(step, ref);
                break;
        case FACT_LOOK:
                on_look(step, ref, witness);
                break;
        case FACT_BLIND:
        case _FACT_MAX:
        case _FACT_INVALID:
                break;
        }
}

void inquest_begin(Inquest *inquest, usec_t now) {
        inquest->n_events++;
        if (inquest->since != 0)
                return;
        inquest->since = MAX(now, 1);
        if (inquest->news_from == 0)
                inquest->news_from = inquest->since;
}

/* PID 1 tells of the last end of every failed service again when it reloads, and the kernel's log reaches back to the boot. */
static bool is_old_news(const Inquest *inquest, const Witness *witness) {
        return witness->at != 0 && witness->at < inquest->news_from && witness->fact != FACT_STARTED &&
               witness->fact != FACT_LOOK;
}

/* Of one unit, or of all. Once each: how much was lost is no more evidence. */
static void note_blind(const Step *step, const Witness *witness) {
        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &step->engine->inquest->cases[i];

                if (!c->open || (c->blind & 1U << witness->source) ||
                    (witness->unit[0] && !util_streq(unitname_of_path(c->incident.path), witness->unit)))
                        continue;
                c->blind |= 1U << witness->source;
                incident_add_evidence(&c->incident, witness->source, step->now, witness->text);
        }
}

void inquest_witness(const Step *step, const Event *event) {
        Inquest *inquest = step->engine->inquest;
        const Witness *witness = &event->witness;
        RunRef ref;

        if (witness->fact == FACT_BLIND) {
                if (witness->source == WITNESS_KERNEL)
                        inquest->kernel_blind_until = util_add(step->now, KERNEL_BLIND);
                note_blind(step, witness);
                return;
        }
        if (is_old_news(inquest, witness))
                return;
        ref = run_find(step, event->path, witness->unit, witness);
        /* A group kill names the group's cgroup, which may lie above its victims'. */
        if (ref.run == 0 && witness->fact == FACT_OOM_KILL && event->path[0])
                ref = run_find(step, "", "", witness);
        if (ref.run != 0) {
                dispatch(step, &ref, witness);
                return;
        }
        if (witness->fact != FACT_OOM_KILL)
                return;
        if (event->path[0])
                ledger_account(&inquest->ledger, event->path, 1, witness->at != 0 ? witness->at : step->now, step->now);
        else
                keep_stray(step, witness);
}
