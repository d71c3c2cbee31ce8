/* What the counters say: kills that a unit's own memory.events shows, the parents' ledger, and the readings around a case. */
#include "inquest.h"

/* A kill count that rose: a kill, whoever else saw it. */
static void count_kills(const Step *step, Unit *unit, uint64_t n, bool own_oom) {
        Witness witness = {.source = WITNESS_EVENTS, .fact = FACT_OOM_KILL, .at = step->now};
        RunRef ref = run_of_unit(unit);
        Case *c = case_find(step->engine->inquest, ref.run, CASE_KILL, 0);

        tell_count(&witness, n);
        if (c && c->class == CASE_KILL)
                case_note(c, step, &witness);
        else
                c = case_join(step, &ref, CASE_KILL, &witness);
        if (!c)
                return;
        c->counted += (unsigned) MIN(n, 100000);
        case_account(step, c);
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
