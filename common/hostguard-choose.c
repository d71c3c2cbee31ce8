/* From what is known of each unit to the one whose next step is taken. Nothing here changes anything. */
#include "hostguard.h"

#define BEGIN_AGE (5 * USEC_PER_SEC) /* of a run that grows by what it begins with; a leak takes longer to make a host short */

/* What is known of a unit that could be acted on; its step is looked for next. */
static Candidate candidate_of(const Step *step, const Hostguard *guard, const Unit *unit) {
        const Track *track = &guard->tracks[unit - step->engine->units];
        const Policy *policy = unit->policy;
        const Sample *sample = &unit->sample;
        Candidate candidate = {
                .name = unitname_of_path(unit->path),
                .preference = policy->preference,
                .size = hostguard_size(sample),
                .growth = slope_growth(&track->slope),
                .span = slope_span(&track->slope),
                .resident = util_add(util_add(sample->anon, sample->shmem), sample->swap),
                .begins = step->now - unit->began < BEGIN_AGE,
                .seen_begin = track->seen_begin,
        };
        unsigned spent = budget_spent(unit_budget(step->engine, unit), policy->budget_window, step->now);

        candidate.budget_left = policy->budget_count - MIN(spent, policy->budget_count);
        if (track->base > 0)
                candidate.grown = MIN(util_sub(candidate.size, track->base * PAGE_BYTES), candidate.resident);
        return candidate;
}

/* Who can't be one whatever its rungs are. */
static Standing standing_of(const Step *step, const Hostguard *guard, const Unit *unit) {
        const Track *track = &guard->tracks[unit - step->engine->units];

        if (unit->protected_why)
                return STANDING_PROTECTED;
        if (unit->policy->mode != MODE_ACT)
                return STANDING_OBSERVED;
        if (unit->paused || step->engine->paused)
                return STANDING_PAUSED;
        if (unit->policy->n_rungs == 0)
                return STANDING_NO_LADDER;
        if (unit->acting_id != 0)
                return STANDING_ENDING;
        /* To a millisecond, as it is kept. */
        if (slope_age(&track->slope, step->now) > util_add(step->now - guard->survey_began, USEC_PER_MSEC))
                return STANDING_UNREAD;
        return STANDING_HELPS;
}

/* Without swap a reclaim only takes cache, which MemAvailable counts as available already. */
static uint64_t reclaimed(const Hostguard *guard, const Unit *unit, const ActionSpec *spec) {
        uint64_t amount = units_level_bytes(&spec->amount, unit->sample.current);

        return MIN(MIN(amount, unit->sample.anon), guard->host.reading.swap_free);
}

/* The strongest action of a rung that would not be refused. False when there is none that does anything. */
static bool find_verb(const Step *step, const Hostguard *guard, const Unit *unit, const Rung *rung, Candidate *candidate) {
        bool found = false;
        Refusal refusal;

        for (unsigned i = 0; i < rung->n_actions; i++) {
                const ActionSpec *spec = &rung->actions[i];

                if (spec->verb == VERB_NOTIFY || spec->verb == VERB_START || refuse(step, unit, spec, &refusal))
                        continue;
                if (found && spec->verb < candidate->verb)
                        continue;
                candidate->verb = spec->verb;
                candidate->reclaims = spec->verb == VERB_RECLAIM ? reclaimed(guard, unit, spec) : 0;
                found = true;
        }
        return found;
}

/* The unit's next rung for the host: the first above where it stands that helps. Returns it, with what it does in *candidate;
 * -ENOENT when there is none, with the reason. */
static int find_step(const Step *step, const Hostguard *guard, const Unit *unit, const Need *need, bool hurry,
                     Candidate *candidate, unsigned *ret_skipped) {
        const Track *track = &guard->tracks[unit - step->engine->units];
        int from = MAX((int) track->taken - 1, unit->ladder.rung);
        Candidate vain = *candidate;
        unsigned skipped = 0;

        candidate->standing = from + 1 >= (int) unit->policy->n_rungs ? STANDING_EXHAUSTED : STANDING_REFUSED;
        for (int i = from + 1; i < (int) unit->policy->n_rungs; i++) {
                Candidate trial = vain;

                if (!find_verb(step, guard, unit, &unit->policy->rungs[i], &trial))
                        continue;
                trial.last_resort = hurry && candidate_is_last_resort(&trial, need);
                if (trial.last_resort || ((!hurry || candidate_stops(&trial)) && candidate_helps(&trial, need))) {
                        *candidate = trial;
                        candidate->standing = STANDING_HELPS;
                        *ret_skipped = skipped;
                        return i;
                }
                skipped++;
                *candidate = trial;
                candidate->standing = candidate_may_help(&trial, need) ? STANDING_UNSURE : STANDING_IN_VAIN;
        }
        return -ENOENT;
}

/* Keeps the two largest. */
static void note_other(Choice *choice, const Candidate *candidate, const Unit *unit) {
        unsigned at = choice->n_others;

        while (at > 0 && choice->others[at - 1].candidate.size < candidate->size)
                at--;
        if (at >= ELEMENTSOF(choice->others))
                return;
        for (unsigned i = MIN(choice->n_others, (unsigned) ELEMENTSOF(choice->others) - 1); i > at; i--)
                choice->others[i] = choice->others[i - 1];
        choice->others[at].candidate = *candidate;
        choice->others[at].unit = unit;
        choice->n_others = MIN(choice->n_others + 1, (unsigned) ELEMENTSOF(choice->others));
}

static void consider(const Step *step, const Hostguard *guard, Unit *unit, bool hurry, Choice *choice) {
        Candidate candidate = candidate_of(step, guard, unit);
        unsigned skipped = 0;
        int rung = -ENOENT;

        candidate.standing = standing_of(step, guard, unit);
        if (candidate.standing == STANDING_HELPS)
                rung = find_step(step, guard, unit, &choice->need, hurry, &candidate, &skipped);
        choice->counts[candidate.standing]++;
        if (rung < 0 || (choice->unit && candidate_compare(&candidate, &choice->best, &choice->need) >= 0)) {
                note_other(choice, &candidate, unit);
                return;
        }
        if (choice->unit)
                note_other(choice, &choice->best, choice->unit);
        choice->best = candidate;
        choice->unit = unit;
        choice->rung = (unsigned) rung;
        choice->n_skipped = skipped;
}

void hostguard_choose(const Step *step, const Hostguard *guard, const HostRung *rung, bool hurry, Choice *ret) {
        *ret = (Choice){.need = {.missing = host_missing(&guard->host, rung), .falls = host_falls(&guard->host)}};
        for (unsigned i = 0; i < step->engine->n_slots; i++)
                if (step->engine->units[i].used && unit_is_live(&step->engine->units[i]))
                        consider(step, guard, &step->engine->units[i], hurry, ret);
}
