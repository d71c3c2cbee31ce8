/* The table of open cases: finding the one that a fact belongs to, opening, folding two into one, burying. */
#include <stdio.h>

#include "inquest.h"

static bool pids_agree(int a, int b) {
        return a == 0 || b == 0 || a == b;
}

/* With the end of a run all that was killed in it is one matter, whoever is named. */
static bool is_of_the_end(const Case *c) {
        return c->class == CASE_KILL && c->end.code != 0;
}

/* Of the same run: first the very process, then one whose process is not known, then an end that nobody has explained. */
Case *case_find(Inquest *inquest, unsigned run, CaseClass class, int pid) {
        Case *vague = NULL, *end = NULL;

        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &inquest->cases[i];

                if (!c->open || c->run != run)
                        continue;
                if (c->class == class && pid != 0 && c->incident.pid == pid)
                        return c;
                if (c->class == class && (pids_agree(c->incident.pid, pid) || is_of_the_end(c)))
                        vague = c;
                if (c->class == CASE_END)
                        end = c;
        }
        return vague ? vague : end;
}

bool case_is_buried(const Inquest *inquest, unsigned run, CaseClass class, int pid, usec_t at) {
        for (unsigned i = 0; i < TOMBSTONES_MAX; i++) {
                const Tombstone *tombstone = &inquest->tombstones[i];

                if (tombstone->run == run && (class == CASE_END || tombstone->class == class) &&
                    pids_agree(tombstone->pid, pid) && at <= tombstone->closed)
                        return true;
        }
        return false;
}

void case_bury(Inquest *inquest, Case *c, usec_t now) {
        inquest->tombstones[inquest->next_tombstone] = (Tombstone){
                .run = c->run, .class = c->class, .pid = is_of_the_end(c) ? 0 : c->incident.pid, .closed = now,
        };
        inquest->next_tombstone = (inquest->next_tombstone + 1) % TOMBSTONES_MAX;
        c->open = false;
        c->closed_by = inquest->n_events;
}

/* What a unit says of itself, which whoever can write to its stderr can say. */
#define CLAIMS (1U << FACT_MEMORY_ERROR | 1U << FACT_NOT_MEMORY | 1U << FACT_RUNTIME)

static bool rests_on_claims(const Case *c) {
        return c->class == CASE_ERROR && !(c->facts & ~CLAIMS) && !c->maybe_start && c->end.code == 0;
}

static void note_lost(Inquest *inquest, const char *path) {
        inquest->n_lost++;
        memcpy(inquest->lost_in, path, strlen(path) + 1);
}

static bool is_of_user(const char *path) {
        uint32_t uid;

        return unitname_user(path, &uid) >= 0;
}

static Case *older(Case *a, Case *b) {
        return !a || b->opened < a->opened ? b : a;
}

/* The part of the table that is left to one run, and the one that is left to the units of all users, so that nobody takes
 * the room of the others. Where it is full, its oldest case is due at once; in a full table claims make room for what is
 * none. */
static Case *free_case(Inquest *inquest, const RunRef *ref, CaseClass class, Fact fact, usec_t now) {
        Case *free = NULL, *oldest = NULL, *its_oldest = NULL, *users_oldest = NULL, *claim = NULL;
        unsigned n = 0, n_of_users = 0;

        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &inquest->cases[i];

                if (!c->open) {
                        free = free || (c->closed_by != 0 && c->closed_by == inquest->n_events) ? free : c;
                        continue;
                }
                oldest = older(oldest, c);
                if (rests_on_claims(c))
                        claim = older(claim, c);
                if (is_of_user(c->incident.path)) {
                        n_of_users++;
                        users_oldest = older(users_oldest, c);
                }
                if (c->run == ref->run && c->class == class) {
                        n++;
                        its_oldest = older(its_oldest, c);
                }
        }
        if (n >= CASES_A_RUN)
                oldest = its_oldest;
        else if (n_of_users >= CASES_OF_USERS && is_of_user(run_path(ref)))
                oldest = users_oldest;
        else if (free)
                return free;
        else if (claim && !(CLAIMS & 1U << fact)) {
                note_lost(inquest, claim->incident.path);
                return claim;
        }
        if (oldest)
                oldest->closes = now;
        return NULL;
}

static void remember_before(Case *c, const Sample *sample, usec_t at) {
        if (at == 0)
                return;
        c->incident.has_before = true;
        c->incident.before = *sample;
        c->incident.before_at = at;
}

static void take_run(const Inquest *inquest, Case *c, const RunRef *ref) {
        const char *path = run_path(ref);
        const RunEnd *end = run_end_of(inquest, ref->run);

        c->run = ref->run;
        memcpy(c->incident.path, path, strlen(path) + 1);
        if (end)
                c->end = *end;
        c->look.as_limit = ref->unit ? ref->unit->as_limit : ref->ghost->as_limit;
        c->look.data_limit = ref->unit ? ref->unit->data_limit : ref->ghost->data_limit;
        if (ref->unit) {
                memcpy(c->incident.invocation, ref->unit->invocation, sizeof(c->incident.invocation));
                remember_before(c, &ref->unit->sample, ref->unit->sample_time);
                c->disruption = ref->unit->disruption;
        } else {
                memcpy(c->incident.invocation, ref->ghost->invocation, sizeof(c->incident.invocation));
                remember_before(c, &ref->ghost->sample, ref->ghost->sample_time);
                c->disruption = ref->ghost->disruption;
                c->run_ended = MAX(ref->ghost->ended, 1);
        }
}

/* What only this moment can tell: memory, the parents' counts, the process. The answers come as events. */
void case_ask(const Step *step, Case *c) {
        Unit *unit = unit_find(step->engine, c->incident.path);
        Action *action;

        if (unit_is_live(unit) && unit->run == c->run)
                step_action(step, unit, ACTION_SAMPLE);
        action = step_action(step, NULL, ACTION_LEDGER);
        memcpy(action->path, c->incident.path, sizeof(action->path));
        /* Of an error the limits must be known, from wherever they can be had. */
        if (c->incident.pid == 0 || (c->gone && (c->class != CASE_ERROR || c->look.as_limit != 0 || c->look.data_limit != 0)))
                return;
        action = step_action(step, NULL, ACTION_LOOK);
        memcpy(action->path, c->incident.path, sizeof(action->path));
        action->pid = c->incident.pid;
        action->start = c->look.start;
}

Case *case_open(const Step *step, const RunRef *ref, CaseClass class, const Witness *witness) {
        Inquest *inquest = step->engine->inquest;
        Case *c = free_case(inquest, ref, class, witness->fact, step->now);
        const Unit *live;

        if (!c) {
                note_lost(inquest, run_path(ref));
                return NULL;
        }
        *c = (Case){.open = true, .class = class, .opened = step->now};
        take_run(inquest, c, ref);
        c->incident.at = witness->at != 0 ? witness->at : step->now;
        c->incident.pid = witness->pid;
        c->closes = util_add(step->now, CASE_SETTLE);
        incident_set_id(inquest, &c->incident);
        live = unit_find(step->engine, c->incident.path);
        c->restarted = live && live->present && live->run != c->run;
        return c;
}

static bool is_known(const Case *c, const Witness *witness, const char *text) {
        for (unsigned i = 0; i < c->incident.n_evidence; i++)
                if (c->incident.evidence[i].source == witness->source && util_streq(c->incident.evidence[i].text, text))
                        return true;
        return false;
}

/* The start of an interpreter makes MemoryErrors, too; when its burst was torn, what is left of it looks like one. */
static bool is_maybe_start(const Witness *witness) {
        return witness->fact == FACT_RAISED && witness->status == 1;
}

void case_note(Case *c, const Step *step, const Witness *witness) {
        Incident *incident = &c->incident;
        Evidence *evidence;

        if (witness->at != 0)
                incident->at = MIN(incident->at, witness->at);
        if (is_maybe_start(witness))
                c->maybe_start = true;
        else if (!witness->weak || witness->fact == FACT_RAISED)
                c->facts |= 1U << witness->fact;
        if (incident->comm[0] == 0 && witness->comm[0] && witness->pid == incident->pid)
                memcpy(incident->comm, witness->comm, sizeof(incident->comm));
        if (witness->text[0] == 0 || is_known(c, witness, witness->text))
                return;
        if (incident->n_evidence >= EVIDENCE_MAX) {
                incident->n_dropped++;
                return;
        }
        evidence = &incident->evidence[incident->n_evidence++];
        evidence->source = witness->source;
        evidence->at = witness->at != 0 ? witness->at : step->now;
        memcpy(evidence->text, witness->text, sizeof(evidence->text));
}

/* Several victims of one end are one incident: the first one's. */
void case_fold(Case *into, Case *c) {
        into->facts |= c->facts;
        into->named += c->named;
        into->accounted += c->accounted;
        into->counted = MAX(into->counted, c->counted);
        into->claimed = MAX(into->claimed, c->claimed);
        into->own_oom |= c->own_oom;
        into->counted_live |= c->counted_live;
        into->xattr |= c->xattr;
        into->incident.at = MIN(into->incident.at, c->incident.at);
        if (into->scope == SCOPE_UNKNOWN)
                into->scope = c->scope;
        if (into->incident.limit[0] == 0)
                memcpy(into->incident.limit, c->incident.limit, sizeof(into->incident.limit));
        if (into->incident.killer[0] == 0)
                memcpy(into->incident.killer, c->incident.killer, sizeof(into->incident.killer));
        into->incident.n_dropped += c->incident.n_dropped;
        for (unsigned i = 0; i < c->incident.n_evidence; i++) {
                if (into->incident.n_evidence >= EVIDENCE_MAX) {
                        into->incident.n_dropped++;
                        continue;
                }
                into->incident.evidence[into->incident.n_evidence++] = c->incident.evidence[i];
        }
        c->open = false;
}

/* The readings have seen all that the lines named: Event= needs no kill of these once more. */
static void note_counted_live(Inquest *inquest, unsigned run) {
        for (unsigned i = 0; i < CASES_MAX; i++)
                if (inquest->cases[i].open && inquest->cases[i].run == run && inquest->cases[i].class == CASE_KILL)
                        inquest->cases[i].counted_live = true;
}

/* A reading counts the kills of all cases of the run at once, and each line is one of them. */
void case_account(const Step *step, Case *c) {
        unsigned named = 0, counted = 0, claimed = 0, accounted = 0, known;

        for (unsigned i = 0; i < CASES_MAX; i++) {
                const Case *each = &step->engine->inquest->cases[i];

                if (!each->open || each->run != c->run)
                        continue;
                named += each->named;
                counted += each->counted;
                claimed += each->claimed;
                accounted += each->accounted;
        }
        if (counted > 0 && counted >= named)
                note_counted_live(step->engine->inquest, c->run);
        known = MAX(named, counted) + claimed;
        if (known <= accounted)
                return;
        ledger_account(&step->engine->inquest->ledger, c->incident.path, known - accounted, c->incident.at,
                       step->now);
        c->accounted += known - accounted;
}

/* There is no more to wait for than the slower witnesses of the same: an error's end is known, or who killed. A userspace killer
 * says it in the journal, which may lag. */
static bool is_explained(const Case *c) {
        if (c->class == CASE_ERROR)
                return c->end.code != 0;
        return c->class != CASE_KILL || c->named > 0 || c->counted > 0 || case_has(c, FACT_OOM_SAID) ||
               case_has(c, FACT_USERSPACE);
}

static usec_t settling_time(const Case *c) {
        if (is_explained(c))
                return CASE_SETTLE;
        if (c->class == CASE_KILL)
                return CASE_SETTLE_UNEXPLAINED;
        return case_has(c, FACT_MEMORY_ERROR) ? CASE_SETTLE_PRINTED : CASE_SETTLE_ERROR;
}

/* New evidence lets the slower witnesses of the same moment come too. */
void case_settle_anew(const Step *step, Case *c) {
        usec_t last = util_add(c->opened, CASE_SETTLE_MAX);
        usec_t settle = settling_time(c);
        usec_t settled = util_add(step->now, settle);

        if (c->asked) {
                c->closes = MAX(c->closes, util_add(step->now, CASE_ANSWERS));
                return;
        }
        c->closes = MIN(c->class != CASE_END && is_explained(c) ? settled : MAX(c->closes, settled), last);
}

/* Does it say why a run ended? Not the name of an error in a log, nor a refusal that may have hit anybody. */
static bool explains(CaseClass class, const Witness *witness) {
        if (class != CASE_ERROR || witness->fact == FACT_RAISED)
                return true;
        return !witness->weak && witness->fact != FACT_REFUSED && witness->fact != FACT_DATA_LIMIT;
}

Case *case_join(const Step *step, const RunRef *ref, CaseClass class, const Witness *witness) {
        Inquest *inquest = step->engine->inquest;
        Case *c = case_find(inquest, ref->run, class, witness->pid);

        if (c && c->class == CASE_END && class != CASE_END && explains(class, witness)) {
                c->class = class;
                if (witness->pid != 0)
                        c->incident.pid = witness->pid;
                case_ask(step, c);
        }
        if (!c) {
                if (case_is_buried(inquest, ref->run, class, witness->pid, witness->at))
                        return NULL;
                c = case_open(step, ref, class, witness);
                if (!c)
                        return NULL;
                case_ask(step, c);
        } else if (c->incident.pid == 0 && witness->pid != 0) {
                c->incident.pid = witness->pid;
                case_ask(step, c);
        }
        case_note(c, step, witness);
        case_settle_anew(step, c);
        return c;
}
