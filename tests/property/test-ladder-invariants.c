/* The ladder holds its invariants over random histories. */
#undef NDEBUG
#include <assert.h>

#include "ladder.h"
#include "property/random.h"

#define HISTORIES 3000
#define STEPS 300

/* One history: what the ladder was told, and what must be true of it by that alone. */
typedef struct History {
        Policy policy;
        Ladder ladder;
        LadderInput input;
        usec_t now;
        usec_t firing_since[POLICY_RUNGS_MAX]; /* as seen from outside; USEC_INFINITY = not now */
        usec_t clear_since;                    /* of the rung it stands on */
        usec_t settled_at;                     /* when the rung's settling time is over */
} History;

static void random_policy(Policy *policy) {
        policy_init(policy);
        policy->n_rungs = (unsigned) random_below(POLICY_RUNGS_MAX + 1);
        policy->relax = random_below(30) * USEC_PER_SEC;
        for (unsigned i = 0; i < policy->n_rungs; i++) {
                rung_init(&policy->rungs[i], "r");
                policy->rungs[i].hold = random_one_in(2) ? 0 : random_below(20) * USEC_PER_SEC;
                policy->rungs[i].settle = random_below(10) * USEC_PER_SEC;
        }
}

/* Time stands still, goes on, jumps, or (in a broken trace) falls. */
static void random_time(History *history) {
        usec_t fall = random_below(5) * USEC_PER_SEC;

        switch (random_below(12)) {
        case 0:
                break;
        case 1:
                history->now += random_below(1000) * USEC_PER_MINUTE;
                break;
        case 2:
                history->now -= MIN(history->now, fall);
                break;
        default:
                history->now += random_below(3000) * USEC_PER_MSEC;
        }
}

static void random_input(History *history) {
        uint32_t random = (uint32_t) random_u64();

        if (random_one_in(3))
                history->input.firing = random & (uint32_t) random_u64() & (uint32_t) random_u64();
        if (random_one_in(4))
                history->input.firing = 0;
        history->input.urgent = history->input.firing & (uint32_t) random_u64();
        history->input.clear = ~history->input.firing & (random_one_in(2) ? UINT32_MAX : (uint32_t) random_u64());
}

/* As an outsider notes it: a condition that began in the future (time fell) begins now. */
static void note_input(History *history) {
        for (unsigned i = 0; i < history->policy.n_rungs; i++) {
                usec_t *since = &history->firing_since[i];

                if (!(history->input.firing & (1U << i)))
                        *since = USEC_INFINITY;
                else
                        *since = MIN(*since, history->now);
        }
        if (history->ladder.rung < 0 || !(history->input.clear & (1U << history->ladder.rung)))
                history->clear_since = USEC_INFINITY;
        else
                history->clear_since = MIN(history->clear_since, history->now);
}

static bool is_mature(const History *history, int rung) {
        return history->firing_since[rung] != USEC_INFINITY &&
               history->now - history->firing_since[rung] >= history->policy.rungs[rung].hold;
}

static bool any_mature(const History *history, int from, uint32_t among) {
        for (int i = MAX(from, 0); i < (int) history->policy.n_rungs; i++)
                if (is_mature(history, i) && (among & (1U << i)))
                        return true;
        return false;
}

static void check_rise(const History *history, const LadderStep *step, const Ladder *before) {
        bool jump = step->move == MOVE_JUMP;

        assert(step->rung >= 0 && step->rung < (int) history->policy.n_rungs);
        /* Nothing rises without a condition that has held for its time, at this rung or above. */
        assert(any_mature(history, step->rung, UINT32_MAX));
        assert(history->ladder.state == LADDER_SETTLING);
        /* Nothing is skipped but by the emergency, and that is for a level that is reached itself. */
        assert(jump || step->rung <= before->rung + 1);
        assert(!jump || (is_mature(history, step->rung) && history->input.urgent & (1U << step->rung)));
        assert(!jump || step->rung > before->rung);
        assert(step->verify_skipped == (before->state == LADDER_SETTLING));
        /* A verify that is due is not skipped, only one whose time has not come. */
        assert(!step->verify_skipped || history->now < history->settled_at);
        assert(before->state != LADDER_SETTLING || jump);
}

static void check_fall(const History *history, const LadderStep *step, const Ladder *before) {
        assert(step->rung < before->rung);
        assert(before->state == LADDER_STANDING);
        assert(history->clear_since != USEC_INFINITY);
        assert(history->now - history->clear_since >= history->policy.relax);
        for (int i = step->rung + 1; i < before->rung; i++)
                assert(history->input.clear & (1U << i));
        assert((history->ladder.state == LADDER_CALM) == (step->rung < 0));
}

static void check_step(const History *history, const LadderStep *step, const Ladder *before) {
        assert(step->from == before->rung && step->rung == history->ladder.rung);
        assert(!step->verify_skipped || step->move == MOVE_JUMP);
        switch (step->move) {
        case MOVE_NONE:
                assert(step->rung == before->rung && history->ladder.state == before->state);
                break;
        case MOVE_VERIFY:
                assert(step->rung == before->rung && before->state == LADDER_SETTLING);
                assert(history->now >= history->settled_at);
                break;
        case MOVE_CLIMB:
                assert(step->rung == before->rung + 1);
                check_rise(history, step, before);
                break;
        case MOVE_RETRY:
                assert(step->rung == before->rung && before->state == LADDER_STANDING);
                check_rise(history, step, before);
                break;
        case MOVE_JUMP:
                check_rise(history, step, before);
                break;
        case MOVE_RELAX:
                check_fall(history, step, before);
                break;
        case _LADDER_MOVE_MAX:
        case _LADDER_MOVE_INVALID:
                assert(false);
        }
}

static void check_state(const History *history) {
        const Ladder *ladder = &history->ladder;
        usec_t due = ladder_deadline(ladder, &history->policy, history->now);

        assert((ladder->state == LADDER_CALM) == (ladder->rung < 0));
        assert(ladder->rung < (int) history->policy.n_rungs);
        assert(due > history->now);
        if (ladder->state == LADDER_SETTLING && ladder->settle_until > history->now)
                assert(due <= ladder->settle_until);
}

/* Between this moment and the deadline nothing happens by time alone, or a timer would miss it. */
static void check_quiet(const History *history) {
        Ladder ladder = history->ladder;
        usec_t due, quiet;

        for (int i = 0; i < 4 * POLICY_RUNGS_MAX; i++) /* a Settle= of nothing climbs all at once */
                (void) ladder_step(&ladder, &history->policy, &history->input, history->now);
        due = ladder_deadline(&ladder, &history->policy, history->now);
        quiet = due == USEC_INFINITY ? random_below(USEC_PER_MINUTE) : random_below(due - history->now);
        assert(ladder_step(&ladder, &history->policy, &history->input, history->now + quiet).move == MOVE_NONE);
}

/* With calm it comes down to the ground in bounded time, by its own deadlines alone. */
static void check_calm(const History *history) {
        History calm = *history;
        usec_t end = calm.now + 11 * USEC_PER_SEC + (POLICY_RUNGS_MAX + 1) * (calm.policy.relax + USEC_PER_SEC);

        calm.input = (LadderInput){.clear = UINT32_MAX};
        while (calm.now < end && calm.ladder.rung >= 0) {
                LadderStep step = ladder_step(&calm.ladder, &calm.policy, &calm.input, calm.now);

                assert(step.rung <= step.from);
                if (step.move == MOVE_NONE)
                        calm.now = ladder_deadline(&calm.ladder, &calm.policy, calm.now);
        }
        assert(calm.ladder.rung == -1);
}

static void act_or_answer(History *history) {
        if (history->ladder.state == LADDER_ACTING) {
                if (!random_one_in(4))
                        return;
                ladder_end_action(&history->ladder,
                                  random_one_in(2) ? USEC_INFINITY : history->now + random_below(20) * USEC_PER_SEC);
                history->clear_since = USEC_INFINITY;
        } else if (history->ladder.state == LADDER_SETTLING && random_one_in(8))
                ladder_begin_action(&history->ladder);
}

static void step_once(History *history) {
        Ladder before;
        LadderStep step;

        random_time(history);
        random_input(history);
        act_or_answer(history);
        before = history->ladder;
        note_input(history);
        step = ladder_step(&history->ladder, &history->policy, &history->input, history->now);
        check_step(history, &step, &before);
        check_state(history);
        if (history->ladder.state == LADDER_SETTLING && step.move != MOVE_NONE)
                history->settled_at = history->now + history->policy.rungs[step.rung].settle;
        if (step.move != MOVE_NONE && step.move != MOVE_VERIFY)
                history->clear_since = USEC_INFINITY;
        if (random_one_in(10))
                check_quiet(history);
        if (random_one_in(50) && history->ladder.state != LADDER_ACTING)
                check_calm(history);
}

int main(void) {
        random_start();
        for (unsigned i = 0; i < HISTORIES; i++) {
                History history = {.now = random_below(100) * USEC_PER_SEC, .clear_since = USEC_INFINITY};

                random_policy(&history.policy);
                ladder_init(&history.ladder);
                for (unsigned j = 0; j < POLICY_RUNGS_MAX; j++)
                        history.firing_since[j] = USEC_INFINITY;
                for (unsigned j = 0; j < STEPS; j++)
                        step_once(&history);
        }
        printf("%u steps\n", HISTORIES * STEPS);
        return EXIT_SUCCESS;
}
