/* Candidates have one order, whoever compares, that can be said in words, and nobody goes in vain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "candidate.h"
#include "property/random.h"

static const Need leaking = {.missing = 60 * MIB, .falls = 25 * MIB}, still = {.missing = 60 * MIB};

static Candidate candidate(const char *name, Verb verb, uint64_t size, uint64_t growth) {
        return (Candidate){
                .name = name,
                .preference = PREFERENCE_NORMAL,
                .verb = verb,
                .budget_left = 3,
                .size = size,
                .resident = size,
                .growth = growth,
                .span = 3 * USEC_PER_SEC,
        };
}

static void who_grows_goes_before_who_is_large(void **state) {
        Candidate leak = candidate("leak", VERB_RESTART, 100 * MIB, 25 * MIB), big = candidate("big", VERB_STOP, 900 * MIB, 0);
        char text[CANDIDATE_TEXT_MAX];

        (void) state;
        assert_true(candidate_helps(&leak, &leaking) && candidate_helps(&big, &leaking));
        assert_true(candidate_compare(&leak, &big, &leaking) < 0);
        assert_true(candidate_compare(&big, &leak, &leaking) > 0);
        assert_string_equal(candidate_why(&leak, text), "it grew by 25M/s in the last 3 s and a restart frees 100M");
        assert_string_equal(candidate_why_not(&big, &leak, &leaking, text), "does not grow");
}

static void a_restart_of_what_does_not_grow_is_in_vain(void **state) {
        Candidate big = candidate("big", VERB_RESTART, 900 * MIB, 0), slow = big, stop = big;
        char text[CANDIDATE_TEXT_MAX];

        (void) state;
        assert_false(candidate_helps(&big, &still));
        big.standing = STANDING_IN_VAIN;
        assert_string_equal(candidate_why_not(&big, NULL, &still, text), "does not grow, so that a restart would be in vain");
        slow.grown = 300 * MIB;
        assert_true(candidate_helps(&slow, &still));
        assert_string_equal(candidate_why(&slow, text), "it has grown by 300M in this run and a restart frees 900M");
        stop.verb = VERB_STOP;
        assert_true(candidate_helps(&stop, &still));
}

static void what_began_unseen_is_a_last_resort_if_it_grows(void **state) {
        Candidate old = candidate("old", VERB_RESTART, 700 * MIB, 0), surely = candidate("surely", VERB_RESTART, 90 * MIB, 0), trial;
        char text[CANDIDATE_TEXT_MAX];

        (void) state;
        assert_true(candidate_may_help(&old, &still));
        assert_false(candidate_is_last_resort(&old, &still)); /* it holds what it holds */
        old.standing = STANDING_UNSURE;
        assert_string_equal(candidate_why_not(&old, NULL, &still, text),
                            "ran before the host was guarded: what it began with is not known");
        old.grown = 6 * MIB;
        assert_true(candidate_is_last_resort(&old, &still));
        trial = old, trial.seen_begin = true;
        assert_false(candidate_may_help(&trial, &still));
        trial = old, trial.resident = still.missing / 2;
        assert_false(candidate_may_help(&trial, &still));
        trial = old, trial.verb = VERB_KILL;
        assert_true(candidate_may_help(&trial, &still) && !candidate_is_last_resort(&trial, &still));
        trial = old, trial.preference = PREFERENCE_AVOID;
        assert_true(candidate_may_help(&trial, &still) && !candidate_is_last_resort(&trial, &still));
        trial = old, trial.grown = 30 * MIB; /* it helps for sure */
        assert_false(candidate_may_help(&trial, &still));

        old.standing = STANDING_HELPS;
        old.last_resort = true;
        surely.grown = 60 * MIB;
        surely.preference = PREFERENCE_AVOID;
        assert_true(candidate_compare(&surely, &old, &still) < 0);
        assert_string_equal(candidate_why_not(&old, &surely, &still, text),
                            "may have grown before it was seen, which nobody knows");
        assert_string_equal(candidate_why(&old, text), "it has grown by 6M in this run and a restart may free up to 700M (it ran "
                                                       "before the host was guarded), and nothing else would help");
}

/* Seen in the guest: a quiet service was ended for two huge pages, in place of the leak that was to be avoided. */
static void a_jump_of_who_is_no_culprit_is_no_growth(void **state) {
        const Need need = {.missing = 42 * MIB, .falls = 31 * MIB};
        Candidate quiet = candidate("quiet", VERB_RESTART, 25 * MIB, 4 * MIB), several = quiet, culprit = quiet;
        char text[CANDIDATE_TEXT_MAX];

        (void) state;
        quiet.span = USEC_PER_SEC;
        assert_false(candidate_helps(&quiet, &need));
        quiet.standing = STANDING_IN_VAIN;
        assert_string_equal(candidate_why_not(&quiet, NULL, &need, text), "would free only 0B"); /* nothing it has grown by */
        /* One of several that leak together; and who makes a quarter of the fall. */
        several.growth = 5 * MIB;
        assert_true(candidate_helps(&several, &need));
        culprit.growth = 8 * MIB;
        culprit.span = USEC_PER_SEC;
        assert_true(candidate_helps(&culprit, &need));
}

static void who_has_just_begun_would_be_as_large_again(void **state) {
        Candidate begins = candidate("begins", VERB_RESTART, 25 * MIB, 13 * MIB), stop;
        char text[CANDIDATE_TEXT_MAX];

        (void) state;
        assert_true(candidate_helps(&begins, &leaking));
        begins.begins = true;
        stop = begins;
        stop.verb = VERB_STOP;
        assert_false(candidate_helps(&begins, &leaking));
        assert_true(candidate_helps(&stop, &leaking));
        begins.standing = STANDING_IN_VAIN;
        assert_string_equal(candidate_why_not(&begins, NULL, &leaking, text),
                            "has just begun, and would have as much again after a restart");
        begins.verb = VERB_KILL;
        assert_false(candidate_helps(&begins, &leaking));
}

static void preferences_come_before_all_but_help(void **state) {
        Candidate leak = candidate("leak", VERB_RESTART, 400 * MIB, 25 * MIB), cache = candidate("cache", VERB_RESTART, 90 * MIB, 0);
        Candidate tiny = candidate("tiny", VERB_RESTART, MIB, 0), avoided = leak;
        char text[CANDIDATE_TEXT_MAX];

        (void) state;
        cache.preference = tiny.preference = PREFERENCE_SACRIFICE;
        avoided.preference = PREFERENCE_AVOID;
        assert_true(candidate_helps(&cache, &leaking));
        assert_false(candidate_helps(&tiny, &leaking));
        assert_true(candidate_compare(&cache, &leak, &leaking) < 0);
        assert_true(candidate_compare(&avoided, &leak, &leaking) > 0);
        assert_string_equal(candidate_why_not(&avoided, &leak, &leaking, text), "has Preference=avoid");
}

static void what_costs_nothing_goes_first_where_nobody_is_to_blame(void **state) {
        Candidate ask = candidate("ask", VERB_SIGNAL, 200 * MIB, 0), end = candidate("end", VERB_STOP, 800 * MIB, 0);
        char text[CANDIDATE_TEXT_MAX];

        (void) state;
        assert_true(candidate_compare(&ask, &end, &still) < 0);
        assert_string_equal(candidate_why(&ask, text), "a signal may free up to 50M and ends nothing");
        assert_string_equal(candidate_why_not(&end, &ask, &still, text), "would have to be ended for it");
}

static void a_reclaim_helps_by_what_swap_can_take(void **state) {
        Candidate reclaim = candidate("a", VERB_RECLAIM, 500 * MIB, 0);

        (void) state;
        assert_false(candidate_helps(&reclaim, &still));
        reclaim.reclaims = 100 * MIB;
        assert_true(candidate_helps(&reclaim, &still));
        assert_false(candidate_stops(&reclaim));
        reclaim.verb = VERB_FREEZE;
        assert_true(candidate_stops(&reclaim));
        assert_false(candidate_helps(&reclaim, &still));
        reclaim.growth = 20 * MIB;
        assert_true(candidate_helps(&reclaim, &leaking));
}

static void ties_are_broken_the_same_way_always(void **state) {
        Candidate a = candidate("a", VERB_STOP, 100 * MIB, 0), b = candidate("b", VERB_STOP, 100 * MIB, 0);
        char text[CANDIDATE_TEXT_MAX];

        (void) state;
        assert_true(candidate_compare(&a, &b, &still) < 0);
        assert_string_equal(candidate_why_not(&b, &a, &still, text), "is equal, and later in the alphabet");
        b.budget_left = 5;
        assert_true(candidate_compare(&a, &b, &still) > 0);
        assert_string_equal(candidate_why_not(&a, &b, &still, text), "has less of its budget left");
}

static Candidate any(void) {
        static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
        static const uint64_t sizes[] = {0, 1, MIB, 50 * MIB, 500 * MIB, UINT64_MAX};

        return (Candidate){
                .name = names[random_below(ELEMENTSOF(names))],
                .preference = (Preference) random_below(_PREFERENCE_MAX),
                .verb = (Verb) random_below(_VERB_MAX),
                .budget_left = (unsigned) random_below(3),
                .size = sizes[random_below(ELEMENTSOF(sizes))],
                .growth = sizes[random_below(ELEMENTSOF(sizes))],
                .resident = sizes[random_below(ELEMENTSOF(sizes))],
                .grown = sizes[random_below(ELEMENTSOF(sizes))],
                .reclaims = sizes[random_below(ELEMENTSOF(sizes))],
                .last_resort = random_below(2),
        };
}

static int sign(int value) {
        return (value > 0) - (value < 0);
}

static void it_is_an_order(void **state) {
        char text[CANDIDATE_TEXT_MAX];

        (void) state;
        random_start();
        for (unsigned i = 0; i < 200000; i++) {
                Candidate a = any(), b = any(), c = any();
                Need need = {.missing = random_below(GIB), .falls = random_below(2) * random_below(100 * MIB)};

                assert_int_equal(sign(candidate_compare(&a, &b, &need)), -sign(candidate_compare(&b, &a, &need)));
                if (candidate_compare(&a, &b, &need) < 0 && candidate_compare(&b, &c, &need) < 0)
                        assert_true(candidate_compare(&a, &c, &need) < 0);
                if (!util_streq(a.name, b.name))
                        assert_int_not_equal(candidate_compare(&a, &b, &need), 0);
                text[0] = 0;
                assert_true(candidate_why_not(&a, &b, &need, text)[0] || util_streq(a.name, b.name));
                assert_true(candidate_why(&a, text)[0]);
        }
}

static void every_standing_has_words(void **state) {
        (void) state;
        for (Standing standing = 0; standing < _STANDING_MAX; standing++) {
                assert_string_not_equal(standing_text(standing, false), "unknown");
                assert_non_null(standing_text(standing, true));
        }
        assert_string_equal(standing_text(_STANDING_INVALID, true), "unknown");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(who_grows_goes_before_who_is_large),
                cmocka_unit_test(a_restart_of_what_does_not_grow_is_in_vain),
                cmocka_unit_test(what_began_unseen_is_a_last_resort_if_it_grows),
                cmocka_unit_test(a_jump_of_who_is_no_culprit_is_no_growth),
                cmocka_unit_test(who_has_just_begun_would_be_as_large_again),
                cmocka_unit_test(preferences_come_before_all_but_help),
                cmocka_unit_test(what_costs_nothing_goes_first_where_nobody_is_to_blame),
                cmocka_unit_test(a_reclaim_helps_by_what_swap_can_take),
                cmocka_unit_test(ties_are_broken_the_same_way_always),
                cmocka_unit_test(it_is_an_order),
                cmocka_unit_test(every_standing_has_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
