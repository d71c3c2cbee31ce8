/* The end of a run, as PID 1 tells it: it explains itself by what is open about the run, or is a matter of its own. */
#include "inquest.h"

#define SIGNAL_KILL 9
#define CODE_EXITED 1
#define CODE_KILLED 2

static bool is_noteworthy(const Witness *witness, const Disruption *disruption) {
        return is_our_doing(disruption, witness->at) || (witness->word[0] && !util_streq(witness->word, "success")) ||
               (witness->word[0] == 0 && (witness->code != CODE_EXITED || witness->status != 0));
}

/* PID 1's journal records say it too, later and without the pid. */
static void take_end(RunEnd *end, const Witness *witness) {
        if (end->code != 0 && witness->pid == 0)
                return;
        end->pid = witness->pid;
        end->code = witness->code;
        end->status = witness->status;
        end->at = witness->at;
        if (witness->word[0])
                memcpy(end->result, witness->word, sizeof(end->result));
}

static bool is_sure_error(const Case *c) {
        return c->strong || case_has(c, FACT_RAISED) || case_has(c, FACT_RUNTIME) || case_has(c, FACT_NOT_MEMORY);
}

/* The end of a run explains itself by what is open about it: a kill, an error. Several kills of one end are one incident. An
 * end that somebody else brought about is explained by an error that is sure only, not by the name of one in a log. */
static Case *explain_end(const Step *step, unsigned run, bool killed, const RunEnd *end, const Disruption *disruption) {
        bool others = is_our_doing(disruption, end->at) || util_streq(end->result, "oom-kill");
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
                else if (c->class == CASE_END || (!killed && (!others || is_sure_error(c))))
                        other = c;
        }
        return kill ? kill : other;
}

/* PID 1 has made up its mind before the main process ended (or there is none): only its word counts. */
void inquest_failing(const Step *step, const RunRef *ref, const Witness *witness) {
        bool is_oom = util_streq(witness->word, "oom-kill");
        Case *c = case_find(step->engine->inquest, ref->run, CASE_KILL, 0);

        if (witness->word[0] && (is_oom || c))
                memcpy(run_end_note(step->engine->inquest, ref->run)->result, witness->word, sizeof(witness->word));
        if (c && c->class == CASE_KILL) {
                memcpy(c->end.result, witness->word, sizeof(c->end.result));
                case_note(c, step, witness);
        } else if (is_oom)
                (void) case_join(step, ref, CASE_KILL, witness);
}

void inquest_ended(const Step *step, const RunRef *ref, const Witness *witness) {
        bool killed = witness->code == CODE_KILLED && witness->status == SIGNAL_KILL;
        RunEnd *end = run_end_note(step->engine->inquest, ref->run);
        const Disruption *disruption = ref->unit ? &ref->unit->disruption : &ref->ghost->disruption;
        Case *c;

        take_end(end, witness);
        c = explain_end(step, ref->run, killed, end, disruption);
        if (c) {
                case_note(c, step, witness);
                case_settle_anew(step, c);
                if (c->incident.pid == 0 && (killed || c->class == CASE_END))
                        c->incident.pid = end->pid;
        } else if (is_noteworthy(witness, disruption)) {
                c = case_join(step, ref, killed ? CASE_KILL : CASE_END, witness);
        }
        if (c) {
                c->end = *end;
                c->gone |= end->pid != 0 && c->incident.pid == end->pid;
        }
}
