/* What each fact means for the cases: which it belongs to, what it adds, whether it opens one. Facts come late, doubled, out of
 * order or never; none of them is needed for a case to be told. */
#include "inquest.h"

#define STRAY_KEPT (3 * USEC_PER_SEC)
#define KERNEL_BLIND (10 * USEC_PER_SEC) /* the kernel prints at most 10 such lines in 5 s */
#define SIGNAL_KILL 9
#define CODE_EXITED 1
#define CODE_KILLED 2

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

/* New evidence lets the slower witnesses of the same moment come too. */
static void settle_anew(const Step *step, Case *c) {
        usec_t last = util_add(c->opened, CASE_SETTLE_MAX);

        if (!c->asked)
                c->closes = MIN(MAX(c->closes, util_add(step->now, CASE_SETTLE)), last);
}

/* The case that a fact about this process of this run belongs to; a new one where there is none. NULL: it speaks of what has
 * been told already, or there is no room. */
static Case *join(const Step *step, const RunRef *ref, CaseClass class, const Witness *witness) {
        Inquest *inquest = step->engine->inquest;
        Case *c = case_find(inquest, ref->run, class, witness->pid);

        if (c && c->class == CASE_END && class != CASE_END) {
                c->class = class;
                if (witness->pid != 0)
                        c->incident.pid = witness->pid;
        }
        if (!c) {
                if (case_is_buried(inquest, ref->run, class, witness->pid, witness->at))
                        return NULL;
                c = case_open(step, ref, class, witness->pid, witness->at);
                if (!c)
                        return NULL;
                case_ask(step, c);
        } else if (c->incident.pid == 0 && witness->pid != 0) {
                c->incident.pid = witness->pid;
                case_ask(step, c);
        }
        case_note(c, step, witness);
        settle_anew(step, c);
        return c;
}

static void on_oom_kill(const Step *step, const RunRef *ref, const Witness *witness) {
        Case *c = join(step, ref, CASE_KILL, witness);

        if (!c)
                return;
        if (witness->pid == 0 || witness->pid != c->last_named)
                c->named++;
        c->last_named = witness->pid;
        case_account(step, c, c->named);
        if (witness->scope == SCOPE_UNKNOWN)
                return;
        c->scope = witness->scope;
        memcpy(c->incident.limit, witness->limit, sizeof(c->incident.limit));
}

static void on_error(const Step *step, const RunRef *ref, const Witness *witness) {
        Case *c = join(step, ref, CASE_ERROR, witness);

        if (!c)
                return;
        if (witness->fact == FACT_RAISED) {
                c->incident.count = MIN(c->incident.count + MAX((unsigned) witness->code, 1), 1000000);
                if (!c->sighted)
                        tell_sighted(step, &c->incident);
                c->sighted = true;
        }
        if (witness->fact == FACT_MEMORY_ERROR && !witness->weak)
                c->strong = true;
        if (witness->site[0] && c->incident.site[0] == 0)
                memcpy(c->incident.site, witness->site, sizeof(c->incident.site));
        if (witness->fact == FACT_RUNTIME)
                memcpy(c->incident.killer, witness->word, sizeof(c->incident.killer));
        if (witness->bytes != 0 && (witness->fact == FACT_REFUSED || witness->fact == FACT_MEMORY_ERROR)) {
                /* glibc tries a smaller piece next, and python a larger one: the least is what was asked for. */
                c->refused_size |= witness->fact == FACT_REFUSED;
                c->request = c->request == 0 ? witness->bytes : MIN(c->request, witness->bytes);
        }
}

static void on_userspace(const Step *step, const RunRef *ref, const Witness *witness) {
        Case *c = join(step, ref, CASE_KILL, witness);

        if (c)
                memcpy(c->incident.killer, witness->word, sizeof(c->incident.killer));
}

static bool is_noteworthy(const Witness *witness, const Disruption *disruption) {
        return disruption->at != 0 || (witness->word[0] && !util_streq(witness->word, "success")) ||
               (witness->word[0] == 0 && (witness->code != CODE_EXITED || witness->status != 0));
}

static void take_end(RunEnd *end, const Witness *witness) {
        end->pid = witness->pid;
        end->code = witness->code;
        end->status = witness->status;
        end->at = witness->at;
        if (witness->word[0])
                memcpy(end->result, witness->word, sizeof(end->result));
}

/* The end of a run explains itself by what is open about it: a kill, an error. Several kills of one end are one incident. */
static Case *explain_end(const Step *step, unsigned run, bool killed, const RunEnd *end) {
        Case *kill = NULL, *other = NULL;

        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &step->engine->inquest->cases[i];

                if (!c->open || c->run != run)
                        continue;
                c->end = *end;
                if (c->class == CASE_KILL && kill)
                        case_fold(kill, c);
                else if (c->class == CASE_KILL)
                        kill = c;
                else if (c->class == CASE_END || !killed)
                        other = c;
        }
        return kill ? kill : other;
}

static void on_ended(const Step *step, const RunRef *ref, const Witness *witness) {
        bool killed = witness->code == CODE_KILLED && witness->status == SIGNAL_KILL;
        RunEnd *end = run_end_note(step->engine->inquest, ref->run);
        const Disruption *disruption = ref->unit ? &ref->unit->disruption : &ref->ghost->disruption;
        Case *c;

        take_end(end, witness);
        c = explain_end(step, ref->run, killed, end);
        if (c) {
                case_note(c, step, witness);
                settle_anew(step, c);
                if (c->incident.pid == 0 && (killed || c->class == CASE_END))
                        c->incident.pid = witness->pid;
        } else if (is_noteworthy(witness, disruption)) {
                c = join(step, ref, killed ? CASE_KILL : CASE_END, witness);
        }
        if (c) {
                c->end = *end;
                c->gone |= c->incident.pid == witness->pid;
        }
}

static void on_look(const Step *step, const RunRef *ref, const Witness *witness) {
        if (ref->unit && witness->code == 0 && witness->pid == ref->unit->main_pid) {
                ref->unit->as_limit = witness->look.as_limit;
                ref->unit->data_limit = witness->look.data_limit;
        }
        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &step->engine->inquest->cases[i];

                if (!c->open || c->run != ref->run || c->incident.pid != witness->pid)
                        continue;
                c->gone |= witness->code == 1;
                if (witness->code == 0)
                        c->look = witness->look;
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
                (void) join(step, ref, CASE_KILL, witness);
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
                on_ended(step, ref, witness);
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

void inquest_witness(const Step *step, const Event *event) {
        Inquest *inquest = step->engine->inquest;
        const Witness *witness = &event->witness;
        RunRef ref;

        if (witness->fact == FACT_BLIND) {
                if (witness->source == WITNESS_KERNEL)
                        inquest->kernel_blind_until = util_add(step->now, KERNEL_BLIND);
                return;
        }
        ref = run_find(step, event->path, witness->unit, witness->invocation, witness->pid, witness->at);
        if (ref.run != 0) {
                dispatch(step, &ref, witness);
                return;
        }
        if (witness->fact != FACT_OOM_KILL)
                return;
        if (event->path[0])
                ledger_account(&inquest->ledger, event->path, 1, step->now);
        else
                keep_stray(step, witness);
}

/* A kill count that rose: a kill, whoever else saw it. */
static void count_kills(const Step *step, Unit *unit, uint64_t n, bool own_oom) {
        Witness witness = {.source = WITNESS_EVENTS, .fact = FACT_OOM_KILL, .at = step->now};
        RunRef ref = run_of_unit(unit);
        Case *c = case_find(step->engine->inquest, ref.run, CASE_KILL, 0);

        tell_count(&witness, n);
        if (c && c->class == CASE_KILL)
                case_note(c, step, &witness);
        else
                c = join(step, &ref, CASE_KILL, &witness);
        if (!c)
                return;
        c->counted += (unsigned) MIN(n, 100000);
        case_account(step, c, c->counted);
        c->counted_live = true;
        c->own_oom |= own_oom;
}

void inquest_sample(const Step *step, Unit *unit, const Sample *sample) {
        Inquest *inquest = step->engine->inquest;
        uint64_t kills = util_sub(sample->ev_oom_kill, unit->sample.ev_oom_kill);

        inquest->host = *sample;
        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &inquest->cases[i];

                if (!c->open || c->run != unit->run)
                        continue;
                if (c->asked) {
                        c->incident.has_after = true;
                        c->incident.after = *sample;
                        c->incident.after_at = step->now;
                } else if (!c->incident.has_before || sample->anon > c->incident.before.anon) {
                        c->incident.has_before = true;
                        c->incident.before = *sample;
                        c->incident.before_at = step->now;
                }
        }
        if (kills > 0)
                count_kills(step, unit, kills, sample->ev_oom > unit->sample.ev_oom);
}

void inquest_ledger(const Step *step, const Event *event) {
        LedgerCounts counts = {event->ledger.inode, event->ledger.oom, event->ledger.oom_kill,
                               event->ledger.oom_group_kill, event->ledger.local_oom};

        (void) ledger_read(&step->engine->inquest->ledger, event->path, &counts, step->now);
}
