/* The end of a case: the last questions, the verdict, the record, and what counts for Event=. */
#include "inquest.h"
#include "released.h"

#define CLOSED_A_TICK 4 /* each asks for four things at most, or is told in a record: the action list has its bound */
#define ROOM 4
#define LAST_ANSWERS (50 * USEC_PER_MSEC)
#define READ_BACK_ANSWERS USEC_PER_SEC
#define READ_BACK (10 * USEC_PER_SEC) /* before the first evidence */
#define CODE_KILLED 2
#define STATUS_137 137
#define TELL_LOST USEC_PER_MINUTE /* so often at most */

/* Did the run end in a way that a kernel kill can lead to? Only then may it come for what a parent's counters owe. */
static bool may_claim(const Case *c) {
        if (c->named > 0 || c->counted > 0 || c->class == CASE_ERROR)
                return false;
        return c->end.code == 0 ? c->run_ended != 0 : c->end.code == CODE_KILLED || c->end.status == STATUS_137;
}

static void claim(const Step *step, Case *c) {
        usec_t until = c->run_ended != 0 ? c->run_ended : USEC_INFINITY;
        unsigned owed = ledger_owed(&step->engine->inquest->ledger, c->incident.path, until, step->now);

        if (owed == 0 || !may_claim(c))
                return;
        c->class = CASE_KILL;
        c->claimed = 1; /* the others are for the other runs that ended */
        case_account(step, c);
}

/* A cgroup that is gone holds nothing; the host's side of it is that of the newest reading of any unit. */
static void look_after(const Step *step, Case *c) {
        const Sample *host = &step->engine->inquest->host;
        Incident *incident = &c->incident;

        if (incident->has_after || !c->run_ended)
                return;
        incident->has_after = incident->has_before;
        incident->after = (Sample){
                .limit = incident->before.limit, .own_max = incident->before.own_max, .high = incident->before.high,
                .stolen = incident->before.stolen, .available = host->available, .swap_free = host->swap_free,
                .host_free = host->host_free, .host_cached = host->host_cached,
        };
        incident->after_at = step->now;
}

static bool is_kernel_kill(Verdict verdict) {
        return verdict == VERDICT_KERNEL_OOM_UNIT || verdict == VERDICT_KERNEL_OOM_ANCESTOR ||
               verdict == VERDICT_KERNEL_OOM_HOST;
}

static void count_for_rungs(const Step *step, const Case *c) {
        Unit *unit = unit_find(step->engine, c->incident.path);

        if (!unit || !unit->policy)
                return;
        /* What may be forged leads to no action. */
        if (c->incident.confidence == CONFIDENCE_POSSIBLE)
                return;
        if (c->incident.verdict == VERDICT_MEMORY_ERROR)
                judge_count_incident(unit, COUNTED_MEMORY_ERROR, 1, step->now);
        else if (is_kernel_kill(c->incident.verdict) && !c->counted_live)
                judge_count_incident(unit, COUNTED_OOM_KILL, c->incident.count, step->now);
        else
                return;
        if (!unit->present)
                return;
        unit->ladder_due = step->now;
        unit_update_due(step->engine, unit);
}

static bool is_told(const Step *step, const Case *c) {
        const Unit *unit = unit_find(step->engine, c->incident.path);

        if (c->incident.verdict < 0)
                return false;
        return c->incident.verdict != VERDICT_FAILURE || (unit && unit->policy && unit->policy->report_failures);
}

/* A MemoryError before the kill of the same run is told before it. */
static Case *earlier_than(const Step *step, Case *c) {
        if (c->class != CASE_KILL)
                return c;
        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *earlier = &step->engine->inquest->cases[i];

                if (earlier->open && earlier->run == c->run && earlier->class == CASE_ERROR && earlier->opened <= c->opened)
                        return earlier;
        }
        return c;
}

void case_close(const Step *step, Case *c) {
        claim(step, c);
        look_after(step, c);
        verdict_judge(step->engine->inquest, c);
        (void) released_sentence(&c->incident, c->incident.released, sizeof(c->incident.released));
        if (is_told(step, c)) {
                tell_incident(step, &c->incident);
                count_for_rungs(step, c);
        }
        case_bury(step->engine->inquest, c, step->now);
}

/* The unit may be muted for printing too much, or its reader may have come late: what it said is looked up once more where it
 * would change the verdict. */
static bool read_back(const Step *step, const Case *c) {
        Action *action;

        if (c->class == CASE_KILL || c->strong)
                return false;
        action = step_action(step, NULL, ACTION_READ_BACK);
        memcpy(action->path, c->incident.path, sizeof(action->path));
        action->since = util_sub(c->incident.at, READ_BACK);
        return true;
}

/* The last quarter of the list takes no records (step_action()). */
static bool has_room(const Step *step) {
        return step->actions->n_items + ROOM <= ACTIONS_MAX / 4 * 3;
}

static usec_t lost_due(const Inquest *inquest) {
        if (inquest->n_lost == inquest->n_lost_told)
                return USEC_INFINITY;
        return inquest->lost_told_at != 0 ? util_add(inquest->lost_told_at, TELL_LOST) : 0;
}

static void say_lost(const Step *step) {
        Inquest *inquest = step->engine->inquest;

        if (lost_due(inquest) > step->now || !has_room(step))
                return;
        tell_crowded(step, inquest->lost_in, inquest->n_lost - inquest->n_lost_told);
        inquest->n_lost_told = inquest->n_lost;
        inquest->lost_told_at = MAX(step->now, 1);
}

void inquest_tick(const Step *step) {
        unsigned n = 0;

        say_lost(step);
        for (unsigned i = 0; i < CASES_MAX && n < CLOSED_A_TICK && has_room(step);) {
                Case *c = &step->engine->inquest->cases[i];

                if (!c->open || c->closes > step->now) {
                        i++;
                        continue;
                }
                n++;
                if (c->asked) {
                        case_close(step, earlier_than(step, c));
                        continue;
                }
                c->asked = true;
                case_ask(step, c);
                c->closes = util_add(step->now, read_back(step, c) ? READ_BACK_ANSWERS : LAST_ANSWERS);
        }
}

usec_t inquest_deadline(const Inquest *inquest) {
        usec_t least = lost_due(inquest);

        for (unsigned i = 0; i < CASES_MAX; i++)
                if (inquest->cases[i].open)
                        least = MIN(least, inquest->cases[i].closes);
        return least;
}

/* With what is known by now. */
unsigned engine_finish(Engine *engine, ActionList *actions) {
        Step step = {engine, actions, engine->now};
        unsigned left = 0;

        for (unsigned i = 0; i < CASES_MAX; i++) {
                Case *c = &engine->inquest->cases[i];

                if (c->open && has_room(&step))
                        case_close(&step, c);
                left += c->open;
        }
        return left;
}
