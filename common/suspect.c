/* Units that may stand still at a limit: who is looked at, when, and what follows. A unit comes under suspicion when it hits a
 * limit, of its own or above it, and is then read every few seconds for as long as it stands still; one that runs is not
 * read for this again before it next hits a limit, and then only with a reading that is made anyway. What we do to a unit
 * ourselves (a throttle, a freeze, a wire that was hit, a goodbye) is no stall of its own. */
#include "inquest.h"
#include "stall.h"
#include "unit.h"

#define LOOK_AGAIN (8 * USEC_PER_SEC)    /* at a unit that hits its limit all the time and runs: full of cache, as most are */
/* A unit slows down before it stands, and a unit that hits its limit too often to be listened to is next read as late as its
 * pace allows: one more look of our own keeps that from hiding a stall for long. */
#define CLEAR_ENOUGH 2
#define COUNT_AGAIN USEC_PER_MINUTE      /* a stall that goes on counts for Event= again, so that a rung may try once more */
#define READ_ANSWER (2 * USEC_PER_SEC)   /* a reading that was asked for and did not come is asked for again */

static Suspect *suspect_of(Engine *engine, const Unit *unit) {
        return unit->suspect > 0 ? &engine->suspects[unit->suspect - 1] : NULL;
}

/* Then it is read when it hits a limit again, and not before. */
static bool runs(const Suspect *suspect) {
        return suspect->n_clear >= CLEAR_ENOUGH;
}

void suspect_drop(Engine *engine, Unit *unit) {
        Suspect *suspect = suspect_of(engine, unit);

        if (!suspect)
                return;
        *suspect = (Suspect){0};
        unit->suspect = 0;
}

/* A free place; or that of a unit that ran when it was last looked at, of those the one that it was longest ago for. */
static Suspect *find_place(Engine *engine) {
        Suspect *oldest = NULL;

        for (unsigned i = 0; i < SUSPECTS_MAX; i++) {
                Suspect *suspect = &engine->suspects[i];

                if (!suspect->used)
                        return suspect;
                if (suspect->n_clear > 0 && (!oldest || suspect->next < oldest->next))
                        oldest = suspect;
        }
        if (oldest)
                suspect_drop(engine, &engine->units[oldest->unit]);
        return oldest;
}

static Suspect *suspect_new(const Step *step, Unit *unit) {
        Suspect *suspect = find_place(step->engine);

        if (!suspect)
                return NULL;
        *suspect = (Suspect){.used = true, .unit = (unsigned) (unit - step->engine->units), .next = step->now};
        unit->suspect = (uint8_t) (suspect - step->engine->suspects + 1);
        return suspect;
}
static_assert(SUSPECTS_MAX < UINT8_MAX, "a unit's suspect is one byte");

static bool is_of_our_making(const Step *step, const Unit *unit) {
        return unit->throttled || unit->frozen || unit->ladder.state == LADDER_ACTING ||
               step->now < unit->ignore_pressure_until;
}

static void forget(const Step *step, const Unit *unit, Suspect *suspect) {
        stall_forget(&suspect->stall);
        suspect->n_clear = CLEAR_ENOUGH;
        suspect->next = MAX(step->now, unit->ignore_pressure_until);
}

void suspect_sample(const Step *step, Unit *unit, bool moved) {
        Suspect *suspect = suspect_of(step->engine, unit);

        if (is_of_our_making(step, unit)) {
                if (suspect)
                        forget(step, unit, suspect);
                return;
        }
        if (!suspect && moved)
                suspect = suspect_new(step, unit);
        if (!suspect || step->now < suspect->next || (runs(suspect) && !moved))
                return;
        /* A kernel that does not account for lost time (cgroup.pressure=0) never answers: no wakeup for that. */
        if (suspect->asked)
                suspect->n_clear = CLEAR_ENOUGH;
        suspect->next = util_add(step->now, suspect->asked ? LOOK_AGAIN : STALL_EVERY);
        suspect->asked = true;
        step_action(step, unit, ACTION_STRAIN);
}

usec_t suspect_next(const Step *step, const Unit *unit) {
        const Suspect *suspect = suspect_of(step->engine, unit);

        if (!suspect || runs(suspect))
                return USEC_INFINITY;
        return suspect->next > step->now ? suspect->next : util_add(step->now, READ_ANSWER);
}

/* Has the service itself said that it got on? Its silence proves nothing: the module's thread is held up as all others are. */
static bool has_got_on(const Step *step, const Unit *unit, Suspect *suspect) {
        const HeapHistory *heap = heap_of(step->engine, unit);
        uint64_t before = suspect->items;
        ModuleBeat beat;

        suspect->items = heap && heap_totals(heap, step->now, &beat) > 0 && beat.items != UINT64_MAX ? beat.items : 0;
        return before > 0 && suspect->items > before;
}

static StallReading reading_of(const Step *step, const Unit *unit, Suspect *suspect, const Strain *strain) {
        bool progress = has_got_on(step, unit, suspect);

        return (StallReading){
                .progress_known = progress,
                .progress = progress,
                .at = step->now,
                .full = strain->full,
                .io_full = strain->io_full,
                .user = strain->user,
                .hits = {
                        [STALL_AT_OWN_HIGH] = unit->sample.ev_high,
                        [STALL_AT_OWN_MAX] = unit->sample.ev_max,
                        [STALL_AT_ABOVE_HIGH] = strain->above_n_high,
                        [STALL_AT_ABOVE_MAX] = strain->above_n_max,
                },
                .refaults = strain->refaults,
                .swapins = strain->swapins,
                .faults = strain->faults,
                .stolen = unit->sample.stolen,
        };
}

/* What may be the unit's way of working leads to no action. */
static void count(const Step *step, Unit *unit, Suspect *suspect, const StallReport *report) {
        if (report->by_files || (suspect->counted != 0 && step->now - suspect->counted < COUNT_AGAIN))
                return;
        suspect->counted = MAX(step->now, 1);
        judge_count_incident(unit, COUNTED_LIMIT_STALL, 1, step->now);
        if (unit->policy->n_events > 0)
                unit->ladder_due = step->now;
}

/* Slow readings fall on common multiples, as the pace's do. */
static usec_t slowly(usec_t now) {
        return (now / PACE_SLOWEST + 1) * PACE_SLOWEST;
}

static void follow(const Step *step, Unit *unit, Suspect *suspect, StallMove move) {
        suspect->asked = false;
        suspect->n_clear = move == STALL_CLEAR ? (uint8_t) MIN(suspect->n_clear + 1, UINT8_MAX) : 0;
        switch (move) {
        case STALL_BEGUN:
        case STALL_SUSPECTED:
                suspect->next = util_add(step->now, STALL_EVERY);
                break;
        case STALL_CLEAR:
                suspect->next = util_add(step->now, LOOK_AGAIN);
                break;
        case STALL_FOUND:
        case STALL_GOES_ON:
        case STALL_RESTS:
                suspect->next = slowly(step->now);
                break;
        case STALL_OVER:
        case _STALL_MOVE_MAX:
        case _STALL_MOVE_INVALID:
                suspect_drop(step->engine, unit);
                break;
        }
}

void suspect_strain(const Step *step, Unit *unit, const Strain *strain) {
        Suspect *suspect = suspect_of(step->engine, unit);
        StallReading reading;
        StallReport report;
        StallMove move;
        usec_t runs_since;

        if (is_of_our_making(step, unit)) {
                if (suspect)
                        forget(step, unit, suspect);
                return;
        }
        if (!suspect)
                suspect = suspect_new(step, unit);
        if (!suspect)
                return;
        if (suspect->stall.begun && util_sub(step->now, suspect->stall.last.at) < STALL_SOONEST)
                return; /* its own next look stays where it is */
        reading = reading_of(step, unit, suspect, strain);
        runs_since = suspect->stall.runs_since;
        move = stall_read(&suspect->stall, &reading, &report);
        if (move == STALL_FOUND) {
                suspect->found = suspect->stall.first.at;
                tell_stall(step, unit, &report, strain, suspect->found);
        }
        if (move == STALL_OVER)
                tell_stall_over(step, unit, util_sub(runs_since, suspect->found));
        if (move == STALL_FOUND || move == STALL_GOES_ON)
                count(step, unit, suspect, &report);
        follow(step, unit, suspect, move);
}
