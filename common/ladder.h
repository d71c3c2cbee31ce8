/* The ladder of one unit: which rung it stands on and where it goes next. Pure state and a step; it does not know what the
 * rungs do. The policy of moves is the table in ladder.c.
 *
 * Rungs are climbed one at a time: after each its Settle= must pass and its verify must be said. The one exception is the
 * emergency: when a later rung's Usage= is already reached, it is taken at once, and what was skipped is said. */
#pragma once

#include "policy.h"
#include "util.h"

typedef enum LadderState {
        LADDER_CALM,     /* on no rung */
        LADDER_SETTLING, /* a rung was taken; its verify is due */
        LADDER_STANDING, /* verified; waiting for a higher rung or for calm */
        LADDER_ACTING,   /* a disruptive action is under way; nothing moves until it is done */
        _LADDER_STATE_MAX,
        _LADDER_STATE_INVALID = -EINVAL,
} LadderState;

typedef enum LadderMove {
        MOVE_NONE,
        MOVE_CLIMB,  /* to the next rung */
        MOVE_JUMP,   /* emergency: to a later rung; the verify of the one before may have been skipped */
        MOVE_RETRY,  /* the same rung again: its action failed or was withheld, and its time has come */
        MOVE_VERIFY, /* stays; the settling time is over */
        MOVE_RELAX,  /* down, to `rung` (-1 = calm) */
        _LADDER_MOVE_MAX,
        _LADDER_MOVE_INVALID = -EINVAL,
} LadderMove;

typedef struct Ladder {
        LadderState state;
        int rung;            /* -1 = calm */
        usec_t settle_until; /* SETTLING */
        usec_t clear_since;  /* all conditions of the current rung clear since; USEC_INFINITY = not clear */
        usec_t retry_at;     /* STANDING: take this rung again then, if it still holds; USEC_INFINITY = no */
        bool was_clear;      /* its conditions were clear since it was taken: take it again when they hold anew */
        usec_t held_since[POLICY_RUNGS_MAX]; /* condition true since; USEC_INFINITY = not true */
} Ladder;

/* What is true now. Bit i = rung i. */
typedef struct LadderInput {
        uint32_t firing; /* any condition holds */
        uint32_t urgent; /* its Usage= level is reached */
        uint32_t clear;  /* every condition is clear by the hysteresis' measure; never set together with firing */
} LadderInput;

typedef struct LadderStep {
        LadderMove move;
        int from, rung;        /* before and after */
        bool verify_skipped;   /* MOVE_JUMP out of SETTLING */
        bool anew;             /* MOVE_RETRY: its conditions were clear in between */
        int holding;           /* a rung whose condition is true but below its Hold=, or -1 */
} LadderStep;

void ladder_init(Ladder *ladder);

/* One look at what is true now. Changes the ladder and says how it moved. At most one move a call. */
LadderStep ladder_step(Ladder *ladder, const Policy *policy, const LadderInput *input, usec_t now);

/* When, after now, ladder_step() could move by time alone; USEC_INFINITY for never. */
usec_t ladder_deadline(const Ladder *ladder, const Policy *policy, usec_t now);

/* A disruptive action began or ended. At its end the ladder stands on its rung; retry_at says when to try again. */
void ladder_begin_action(Ladder *ladder);
void ladder_end_action(Ladder *ladder, usec_t retry_at);

/* Takes a rung by order of an operator. */
void ladder_force(Ladder *ladder, const Policy *policy, int rung, usec_t now);

const char *ladder_state_name(LadderState state);
