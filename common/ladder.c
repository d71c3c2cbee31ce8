/* The ladder's moves. Which moves a state allows is the table; in what order they are tried is the order of LadderMove's
 * table of tests; nothing else decides. Time comes in with each call, may stand still and may jump. */
#include "ladder.h"

static const char *const state_names[] = {
        [LADDER_CALM] = "calm",
        [LADDER_SETTLING] = "settling",
        [LADDER_STANDING] = "standing",
        [LADDER_ACTING] = "acting",
};
static_assert(ELEMENTSOF(state_names) == _LADDER_STATE_MAX, "a state has no name");

static const bool allowed[_LADDER_STATE_MAX][_LADDER_MOVE_MAX] = {
        [LADDER_CALM] = {[MOVE_JUMP] = true, [MOVE_CLIMB] = true},
        [LADDER_SETTLING] = {[MOVE_JUMP] = true, [MOVE_VERIFY] = true},
        [LADDER_STANDING] = {[MOVE_JUMP] = true, [MOVE_CLIMB] = true, [MOVE_RETRY] = true, [MOVE_RELAX] = true},
        [LADDER_ACTING] = {0},
};

/* What one call of ladder_step() reasons about. */
typedef struct Look {
        const Policy *policy;
        uint32_t clear;
        int demand; /* the highest rung whose condition has held long enough, or -1 */
        int urgent; /* likewise by Usage= alone */
        usec_t now;
} Look;

const char *ladder_state_name(LadderState state) {
        return state >= 0 && state < _LADDER_STATE_MAX ? state_names[state] : "unknown";
}

void ladder_init(Ladder *ladder) {
        *ladder = (Ladder){
                .state = LADDER_CALM,
                .rung = -1,
                .settle_until = USEC_INFINITY,
                .clear_since = USEC_INFINITY,
                .retry_at = USEC_INFINITY,
        };
        for (unsigned i = 0; i < POLICY_RUNGS_MAX; i++)
                ladder->held_since[i] = USEC_INFINITY;
}

static int highest(uint32_t rungs) {
        return rungs == 0 ? -1 : 31 - __builtin_clz(rungs);
}

/* Notes since when each condition holds, and returns the rungs whose Hold= has passed. A start in the future (time jumped
 * back) begins anew. */
static uint32_t mature(Ladder *ladder, const Policy *policy, uint32_t firing, usec_t now) {
        uint32_t matured = 0;

        for (unsigned i = 0; i < policy->n_rungs; i++) {
                usec_t *since = &ladder->held_since[i];

                if (!(firing & (1U << i))) {
                        *since = USEC_INFINITY;
                        continue;
                }
                if (*since > now)
                        *since = now;
                if (now - *since >= policy->rungs[i].hold)
                        matured |= 1U << i;
        }
        return matured;
}

static void note_clear(Ladder *ladder, uint32_t clear, usec_t now) {
        if (ladder->rung < 0 || !(clear & (1U << ladder->rung))) {
                ladder->clear_since = USEC_INFINITY;
                return;
        }
        ladder->was_clear = true;
        if (ladder->clear_since > now)
                ladder->clear_since = now;
}

/* Out of a settling rung every later one is an emergency; otherwise only one that leaves a rung out. */
static bool may_jump(const Ladder *ladder, const Look *look) {
        return look->urgent > ladder->rung + (ladder->state == LADDER_SETTLING ? 0 : 1);
}

static bool may_verify(const Ladder *ladder, const Look *look) {
        return look->now >= ladder->settle_until;
}

static bool may_climb(const Ladder *ladder, const Look *look) {
        return look->demand > ladder->rung;
}

static bool may_retry(const Ladder *ladder, const Look *look) {
        return look->demand == ladder->rung && (ladder->was_clear || look->now >= ladder->retry_at);
}

static bool may_relax(const Ladder *ladder, const Look *look) {
        return ladder->clear_since <= look->now && look->now - ladder->clear_since >= look->policy->relax;
}

/* In the order in which they are tried: a verify that is due is said before anything else, an emergency's too. */
static const struct {
        LadderMove move;
        bool (*may)(const Ladder *ladder, const Look *look);
} moves[] = {
        {MOVE_VERIFY, may_verify}, {MOVE_JUMP, may_jump},   {MOVE_CLIMB, may_climb},
        {MOVE_RETRY, may_retry},   {MOVE_RELAX, may_relax},
};

static LadderMove choose(const Ladder *ladder, const Look *look) {
        for (size_t i = 0; i < ELEMENTSOF(moves); i++)
                if (allowed[ladder->state][moves[i].move] && moves[i].may(ladder, look))
                        return moves[i].move;
        return MOVE_NONE;
}

static void enter(Ladder *ladder, const Policy *policy, int rung, usec_t now) {
        ladder->state = LADDER_SETTLING;
        ladder->rung = rung;
        ladder->settle_until = util_add(now, policy->rungs[rung].settle);
        ladder->clear_since = USEC_INFINITY;
        ladder->retry_at = USEC_INFINITY;
        ladder->was_clear = false;
}

/* Down to the highest lower rung that is not clear yet. */
static void relax(Ladder *ladder, uint32_t clear) {
        uint32_t below = (1U << ladder->rung) - 1;

        ladder->rung = highest(below & ~clear);
        ladder->state = ladder->rung < 0 ? LADDER_CALM : LADDER_STANDING;
        ladder->clear_since = USEC_INFINITY;
        ladder->retry_at = USEC_INFINITY;
        ladder->was_clear = false;
}

static void apply(Ladder *ladder, LadderMove move, const Look *look) {
        switch (move) {
        case MOVE_CLIMB:
                enter(ladder, look->policy, ladder->rung + 1, look->now);
                break;
        case MOVE_JUMP:
                enter(ladder, look->policy, look->urgent, look->now);
                break;
        case MOVE_RETRY:
                enter(ladder, look->policy, ladder->rung, look->now);
                break;
        case MOVE_VERIFY:
                ladder->state = LADDER_STANDING;
                ladder->settle_until = USEC_INFINITY;
                break;
        case MOVE_RELAX:
                relax(ladder, look->clear);
                break;
        case MOVE_NONE:
        case _LADDER_MOVE_MAX:
        case _LADDER_MOVE_INVALID:
                break;
        }
}

LadderStep ladder_step(Ladder *ladder, const Policy *policy, const LadderInput *input, usec_t now) {
        uint32_t known = policy->n_rungs == 0 ? 0 : (uint32_t) ((UINT64_C(1) << policy->n_rungs) - 1);
        uint32_t firing = input->firing & known;
        uint32_t matured = mature(ladder, policy, firing, now);
        Look look = {
                .policy = policy,
                .clear = input->clear & known & ~firing,
                .demand = highest(matured),
                .urgent = highest(matured & input->urgent),
                .now = now,
        };
        LadderStep step = {.from = ladder->rung, .holding = -1};
        LadderState before = ladder->state;
        int unripe = highest(firing & ~matured);

        note_clear(ladder, look.clear, now);
        step.move = choose(ladder, &look);
        step.anew = step.move == MOVE_RETRY && ladder->was_clear;
        apply(ladder, step.move, &look);
        step.rung = ladder->rung;
        step.verify_skipped = step.move == MOVE_JUMP && before == LADDER_SETTLING;
        if (unripe > ladder->rung && ladder->state != LADDER_ACTING)
                step.holding = unripe;
        return step;
}

usec_t ladder_deadline(const Ladder *ladder, const Policy *policy, usec_t now) {
        usec_t due[3 + POLICY_RUNGS_MAX], least = USEC_INFINITY;
        unsigned n = 0;

        if (ladder->state == LADDER_ACTING)
                return USEC_INFINITY;
        if (ladder->state == LADDER_SETTLING)
                due[n++] = ladder->settle_until;
        if (ladder->state == LADDER_STANDING) {
                due[n++] = util_add(ladder->clear_since, policy->relax);
                due[n++] = ladder->retry_at;
        }
        for (unsigned i = 0; i < policy->n_rungs; i++)
                if ((int) i >= ladder->rung)
                        due[n++] = util_add(ladder->held_since[i], policy->rungs[i].hold);
        for (unsigned i = 0; i < n; i++)
                if (due[i] > now)
                        least = MIN(least, due[i]);
        return least;
}

void ladder_begin_action(Ladder *ladder) {
        ladder->state = LADDER_ACTING;
        ladder->settle_until = USEC_INFINITY;
}

void ladder_end_action(Ladder *ladder, usec_t retry_at) {
        /* On no rung any more when the policy changed meanwhile. */
        ladder->state = ladder->rung < 0 ? LADDER_CALM : LADDER_STANDING;
        ladder->retry_at = retry_at;
        ladder->was_clear = false;
        ladder->clear_since = USEC_INFINITY;
}

void ladder_force(Ladder *ladder, const Policy *policy, int rung, usec_t now) {
        enter(ladder, policy, rung, now);
}
