/* The ladder moves as its table says: small histories and the moves they lead to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "ladder.h"

#define T (1000 * USEC_PER_SEC)
#define MAX_LOOKS 12

/* One look: at this second, conditions as letters, one for each rung: 'U' its Usage= is reached, 'f' it fires for
 * another reason, 'c' it is clear, '.' neither. "act" and "end" are a disruptive action's, in place of conditions. The
 * moves that follow are "+0" (climb to 0), "!2" (jump to 2; "!!2" when a verify was skipped), "=1" (again), "v"
 * (verify), "-0", "-" (relax to 0, to calm) and "h1" (rung 1 waits for its Hold=); "" for none. */
typedef struct Look {
        unsigned second;
        const char *conditions, *moves;
} Look;

typedef struct History {
        const char *name;
        Look looks[MAX_LOOKS];
} History;

/* Three rungs that settle in 5 s; the last one is held for 3 s where the history says so. Relax=10s. */
static void make_policy(Policy *policy, usec_t hold) {
        policy_init(policy);
        for (int i = 0; i < 3; i++) {
                char name[RUNG_NAME_MAX];

                snprintf(name, sizeof(name), "r%d", i);
                assert_int_equal(policy_add_rung(policy, name), i);
        }
        policy->rungs[2].hold = hold;
}

static LadderInput make_input(const char *conditions) {
        LadderInput input = {0};

        for (unsigned i = 0; conditions[i]; i++) {
                if (conditions[i] == 'U' || conditions[i] == 'f')
                        input.firing |= 1U << i;
                if (conditions[i] == 'U')
                        input.urgent |= 1U << i;
                if (conditions[i] == 'c')
                        input.clear |= 1U << i;
        }
        return input;
}

static void add_move(char *text, size_t size, const LadderStep *step) {
        static const char *const signs[_LADDER_MOVE_MAX] = {
                [MOVE_NONE] = "",   [MOVE_CLIMB] = "+",  [MOVE_JUMP] = "!",
                [MOVE_RETRY] = "=", [MOVE_VERIFY] = "v", [MOVE_RELAX] = "-",
        };
        size_t used = strlen(text);

        if (step->holding >= 0)
                used += (size_t) snprintf(text + used, size - used, "h%d", step->holding);
        used += (size_t) snprintf(text + used, size - used, "%s%s", signs[step->move], step->verify_skipped ? "!" : "");
        if (step->move != MOVE_NONE && step->move != MOVE_VERIFY && step->rung >= 0)
                snprintf(text + used, size - used, "%d", step->rung);
}

/* All moves of one reading, as the engine takes them. */
static void look(Ladder *ladder, const Policy *policy, const Look *at, char *text, size_t size) {
        usec_t now = T + at->second * USEC_PER_SEC;
        LadderInput input = make_input(at->conditions);
        LadderStep step;

        text[0] = 0;
        if (strcmp(at->conditions, "act") == 0) {
                ladder_begin_action(ladder);
                return;
        }
        if (strcmp(at->conditions, "end") == 0) {
                ladder_end_action(ladder, now + 20 * USEC_PER_SEC);
                return;
        }
        do {
                step = ladder_step(ladder, policy, &input, now);
                add_move(text, size, &step);
        } while (step.move != MOVE_NONE);
}

static const History histories[] = {
        {"nothing", {{0, "...", ""}, {100, "ccc", ""}}},
        {"one rung after the other",
         {{0, "U..", "+0"}, {2, "U..", ""}, {5, "U..", "v"}, {6, "UU.", "+1"}, {11, "UUU", "v+2"}}},
        {"a verify that is due is said, also in an emergency", {{0, "U..", "+0"}, {5, "UUU", "v!2"}}},
        {"a condition of a later rung is climbed to", {{0, "..f", "+0"}, {5, "..f", "v+1"}, {10, "..f", "v+2"}}},
        {"an emergency leaves rungs out", {{0, ".U.", "!1"}, {1, "..U", "!!2"}}},
        {"an emergency out of settling skips the verify", {{0, "U..", "+0"}, {1, "UU.", "!!1"}}},
        {"no emergency but by Usage=", {{0, "U..", "+0"}, {1, "Uff", ""}, {5, "Uff", "v+1"}}},
        {"the next rung of a standing ladder is no emergency", {{0, "U..", "+0"}, {5, "U..", "v"}, {6, "UU.", "+1"}}},
        {"a verify comes late but comes", {{0, "U..", "+0"}, {100, "U..", "v"}}},
        {"relaxed after Relax= of calm, not before",
         {{0, "U..", "+0"}, {5, "ccc", "v"}, {14, "ccc", ""}, {15, "ccc", "-"}, {16, "ccc", ""}}},
        {"calm counts while settling", {{0, "U..", "+0"}, {1, "ccc", ""}, {5, "ccc", "v"}, {11, "ccc", "-"}}},
        {"calm begins anew",
         {{0, "U..", "+0"}, {5, "ccc", "v"}, {14, ".cc", ""}, {15, "ccc", ""}, {24, "ccc", ""}, {25, "ccc", "-"}}},
        {"neither clear nor firing keeps the rung", {{0, "U..", "+0"}, {5, "...", "v"}, {500, "...", ""}}},
        {"down to the highest rung that is not clear",
         {{0, "..U", "!2"},
          {5, "..c", "v"},
          {15, "..c", "-1"},
          {16, ".cc", ""},
          {26, ".cc", "-0"},
          {27, "ccc", ""},
          {37, "ccc", "-"}}},
        {"again after it was clear",
         {{0, "U..", "+0"}, {5, "ccc", "v"}, {9, "U..", "=0"}, {14, "U..", "v"}, {15, "U..", ""}}},
        {"not again while it just goes on", {{0, "U..", "+0"}, {5, "U..", "v"}, {9, "...", ""}, {10, "U..", ""}}},
        {"an action stops everything",
         {{0, "..U", "!2"},
          {0, "act", ""},
          {60, "UUU", ""},
          {90, "ccc", ""},
          {100, "end", ""},
          {101, "UUU", ""},
          {119, "UUU", ""},
          {120, "UUU", "=2"}}},
        {"calm after an action counts from its end",
         {{0, "..U", "!2"},
          {0, "act", ""},
          {50, "ccc", ""},
          {60, "end", ""},
          {61, "ccc", ""},
          {70, "ccc", ""},
          {71, "ccc", "-"}}},
        {"an unknown rung's bit means nothing", {{0, "...UUU", ""}, {1, "U..fff", "+0"}, {6, "cccccc", "v"}}},
};

static const History held[] = {
        {"a hold is waited for", {{0, "..U", "h2"}, {2, "..U", "h2"}, {3, "..U", "!2"}}},
        {"a hold begins anew",
         {{0, "..U", "h2"}, {2, "...", ""}, {3, "..U", "h2"}, {5, "..U", "h2"}, {6, "..U", "!2"}}},
        {"a hold goes on while a lower rung settles", {{0, "U.U", "h2+0h2"}, {3, "U.U", "!!2"}}},
        {"nothing is said of a hold during an action", {{0, "U..", "+0"}, {0, "act", ""}, {1, "..U", ""}}},
};

static void check_histories(const History *all, size_t n, usec_t hold) {
        Policy policy;

        make_policy(&policy, hold);
        for (size_t i = 0; i < n; i++) {
                Ladder ladder;

                ladder_init(&ladder);
                for (const Look *at = all[i].looks; at->conditions; at++) {
                        char moves[64];

                        look(&ladder, &policy, at, moves, sizeof(moves));
                        if (strcmp(moves, at->moves) != 0)
                                fail_msg("%s: at %u s \"%s\", expected \"%s\"", all[i].name, at->second, moves,
                                         at->moves);
                }
        }
}

static void small_histories(void **state) {
        (void) state;
        check_histories(histories, ELEMENTSOF(histories), 0);
}

static void small_histories_with_a_hold(void **state) {
        (void) state;
        check_histories(held, ELEMENTSOF(held), 3 * USEC_PER_SEC);
}

static void deadlines_are_those_of_time_alone(void **state) {
        LadderInput firing = make_input("U.U"), clear = make_input("ccc");
        Policy policy;
        Ladder ladder;

        (void) state;
        make_policy(&policy, 3 * USEC_PER_SEC);
        ladder_init(&ladder);
        assert_int_equal(ladder_deadline(&ladder, &policy, T), USEC_INFINITY);
        ladder_step(&ladder, &policy, &firing, T);
        /* The hold before the settling. */
        assert_int_equal(ladder_deadline(&ladder, &policy, T), T + 3 * USEC_PER_SEC);
        assert_int_equal(ladder_deadline(&ladder, &policy, T + 3 * USEC_PER_SEC), T + 5 * USEC_PER_SEC);
        ladder_step(&ladder, &policy, &clear, T + USEC_PER_SEC);
        ladder_step(&ladder, &policy, &clear, T + 5 * USEC_PER_SEC);
        assert_int_equal(ladder_deadline(&ladder, &policy, T + 5 * USEC_PER_SEC), T + 11 * USEC_PER_SEC);
        ladder_begin_action(&ladder);
        assert_int_equal(ladder_deadline(&ladder, &policy, T), USEC_INFINITY);
        ladder_end_action(&ladder, T + 60 * USEC_PER_SEC);
        assert_int_equal(ladder_deadline(&ladder, &policy, T), T + 60 * USEC_PER_SEC);
}

/* A reload may take the rung away under a restart. */
static void an_action_may_end_on_no_rung(void **state) {
        LadderInput firing = make_input("...");
        Policy policy;
        Ladder ladder;

        (void) state;
        make_policy(&policy, 0);
        ladder_init(&ladder);
        ladder_begin_action(&ladder);
        ladder_end_action(&ladder, T);
        assert_int_equal(ladder.state, LADDER_CALM);
        assert_int_equal(ladder_step(&ladder, &policy, &firing, T + 1).move, MOVE_NONE);
        assert_int_equal(ladder.rung, -1);
}

static void every_state_has_a_name(void **state) {
        (void) state;
        for (LadderState i = 0; i < _LADDER_STATE_MAX; i++)
                assert_string_not_equal(ladder_state_name(i), "unknown");
        assert_string_equal(ladder_state_name(_LADDER_STATE_INVALID), "unknown");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(small_histories),
                cmocka_unit_test(small_histories_with_a_hold),
                cmocka_unit_test(deadlines_are_those_of_time_alone),
                cmocka_unit_test(an_action_may_end_on_no_rung),
                cmocka_unit_test(every_state_has_a_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
