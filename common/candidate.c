/* The order of candidates is the table in candidate_compare(): what an operator wrote, then who makes it worse, then what
 * costs least, then what frees most. */
#include "candidate.h"

#include <stdio.h>

#include "units.h"

#define HELPS_SHARE 4            /* a step helps that frees a quarter of what is missing */
#define HELPS_LEAST (4 * MIB)    /* and no less than this */
#define HORIZON (10 * USEC_PER_SEC) /* so much of a culprit's growth counts as freed when a step ends it */
#define CULPRIT_SHARE 4          /* a culprit makes a quarter of the fall */
#define CULPRIT_LEAST MIB        /* a second */
#define UNSURE_SHARE 2           /* what may be in vain is tried only where it could free half of what is missing */
#define CREDIT_SHARE 4           /* what a service that is asked may give back: nobody knows; a quarter of what it has */

bool candidate_stops(const Candidate *candidate) {
        return verb_is_disruptive(candidate->verb) || verb_is_reversible(candidate->verb);
}

/* A unit that is restarted comes back, and so does what it has from its beginning: only what it has grown by stays free. But
 * who is to be sacrificed may go also for a while. */
uint64_t candidate_frees(const Candidate *candidate) {
        switch (candidate->verb) {
        case VERB_RESTART:
        case VERB_KILL:
                return candidate->preference == PREFERENCE_SACRIFICE ? candidate->resident : candidate->grown;
        case VERB_STOP:
                return candidate->resident;
        case VERB_RECLAIM:
                return candidate->reclaims;
        case VERB_SIGNAL:
        case VERB_PRESSURE:
                return candidate->resident / CREDIT_SHARE;
        case VERB_NOTIFY:
        case VERB_THROTTLE:
        case VERB_FREEZE:
        case VERB_START:
        case _VERB_MAX:
        case _VERB_INVALID:
                break;
        }
        return 0;
}

/* What a program grows by as it begins comes back when it begins again. */
static bool comes_back(const Candidate *candidate) {
        return candidate->begins && (candidate->verb == VERB_RESTART || candidate->verb == VERB_KILL);
}

/* The bytes a second of growth that the step puts an end to. */
static uint64_t ends(const Candidate *candidate) {
        return candidate_stops(candidate) && !comes_back(candidate) ? candidate->growth : 0;
}

bool candidate_is_culprit(const Candidate *candidate, const Need *need) {
        return candidate->growth >= MAX(CULPRIT_LEAST, need->falls / CULPRIT_SHARE);
}

/* Who makes the shortage is taken to go on like that. Of anybody else only what was seen counts: it may have been a jump, such
 * as the 2 MiB that the kernel's khugepaged adds for each range that it makes one huge page. */
static uint64_t benefit(const Candidate *candidate, const Need *need) {
        usec_t time = candidate_is_culprit(candidate, need) ? HORIZON : MIN(candidate->span, HORIZON);
        uint64_t growth = ends(candidate), ms = time / USEC_PER_MSEC;

        return util_add(candidate_frees(candidate), growth > UINT64_MAX / (HORIZON / USEC_PER_MSEC) ? UINT64_MAX
                                                                                                    : growth * ms / 1000);
}

bool candidate_helps(const Candidate *candidate, const Need *need) {
        uint64_t enough = MAX(need->missing / HELPS_SHARE, HELPS_LEAST);

        return benefit(candidate, need) >= enough ||
               (need->falls > 0 && ends(candidate) >= MAX(CULPRIT_LEAST, need->falls / 2));
}

bool candidate_may_help(const Candidate *candidate, const Need *need) {
        return !candidate->seen_begin && (candidate->verb == VERB_RESTART || candidate->verb == VERB_KILL) &&
               candidate->resident > need->missing / UNSURE_SHARE && !candidate_helps(candidate, need);
}

/* A doubt means no action; but here the kernel would kill next, and the largest most likely, so that one clean restart of
 * who leaked before it was seen costs less than waiting. It is asked for more than its size: a leak goes on, so who has not
 * grown at all since is none, and an operator's "avoid" is not overruled by a guess. It can't happen twice: the new run's
 * beginning is seen. */
bool candidate_is_last_resort(const Candidate *candidate, const Need *need) {
        return candidate_may_help(candidate, need) && candidate->verb == VERB_RESTART && candidate->grown >= HELPS_LEAST &&
               candidate->preference != PREFERENCE_AVOID;
}

/* Who surely helps goes before who may. */
static int by_certainty(const Candidate *a, const Candidate *b, const Need *need) {
        (void) need;
        return (int) a->last_resort - (int) b->last_resort;
}

static int by_preference(const Candidate *a, const Candidate *b, const Need *need) {
        (void) need;
        return (int) b->preference - (int) a->preference; /* sacrifice has the highest number */
}

static int by_culprit(const Candidate *a, const Candidate *b, const Need *need) {
        return (int) candidate_is_culprit(b, need) - (int) candidate_is_culprit(a, need);
}

static int compare(uint64_t a, uint64_t b) {
        return (a < b) - (a > b);
}

static int by_growth(const Candidate *a, const Candidate *b, const Need *need) {
        return candidate_is_culprit(a, need) && candidate_is_culprit(b, need) ? compare(a->growth, b->growth) : 0;
}

static int by_gentleness(const Candidate *a, const Candidate *b, const Need *need) {
        (void) need;
        return (int) verb_is_disruptive(a->verb) - (int) verb_is_disruptive(b->verb);
}

static int by_benefit(const Candidate *a, const Candidate *b, const Need *need) {
        return compare(benefit(a, need), benefit(b, need));
}

static int by_budget(const Candidate *a, const Candidate *b, const Need *need) {
        (void) need;
        return compare(a->budget_left, b->budget_left);
}

static int by_name(const Candidate *a, const Candidate *b, const Need *need) {
        (void) need;
        return strcmp(a->name, b->name);
}

static const struct {
        int (*compare)(const Candidate *a, const Candidate *b, const Need *need);
        const char *loses; /* what is said of the one that comes later; NULL: in numbers */
} order[] = {
        {by_certainty, "may have grown before it was seen, which nobody knows"},
        {by_preference, NULL},
        {by_culprit, NULL},
        {by_growth, NULL},
        {by_gentleness, "would have to be ended for it"},
        {by_benefit, NULL},
        {by_budget, "has less of its budget left"},
        {by_name, "is equal, and later in the alphabet"},
};

int candidate_compare(const Candidate *a, const Candidate *b, const Need *need) {
        for (size_t i = 0; i < ELEMENTSOF(order); i++) {
                int r = order[i].compare(a, b, need);

                if (r != 0)
                        return r;
        }
        return 0;
}

/* "it grew by 25.1M/s in the last 3 s and ", or nothing where that is no reason. */
static void describe_growth(const Candidate *candidate, char *buf, size_t size) {
        char rate[UNITS_TEXT_MAX], span[UNITS_TEXT_MAX];
        usec_t rounded = (candidate->span + USEC_PER_SEC / 2) / USEC_PER_SEC * USEC_PER_SEC;

        buf[0] = 0;
        if (candidate->growth >= CULPRIT_LEAST || (candidate->growth > 0 && candidate->grown == 0))
                snprintf(buf, size, "it grew by %s/s in the last %s and ", units_format_bytes(candidate->growth, rate),
                         units_format_duration(rounded > 0 ? rounded : candidate->span, span));
        else if (candidate->grown >= HELPS_LEAST)
                snprintf(buf, size, "it has grown by %s in this run and ", units_format_bytes(candidate->grown, rate));
}

const char *candidate_why(const Candidate *candidate, char buf[static CANDIDATE_TEXT_MAX]) {
        char growth[96], frees[UNITS_TEXT_MAX];
        bool ends = verb_is_disruptive(candidate->verb);

        describe_growth(candidate, growth, sizeof(growth));
        units_format_bytes(ends ? candidate->resident : candidate_frees(candidate), frees);
        if (candidate->last_resort)
                snprintf(buf, CANDIDATE_TEXT_MAX,
                         "%sa %s may free up to %s (it ran before the host was guarded), and nothing else would help",
                         growth, verb_name(candidate->verb), frees);
        else if (ends)
                snprintf(buf, CANDIDATE_TEXT_MAX, "%sa %s frees %s", growth, verb_name(candidate->verb), frees);
        else if (candidate_stops(candidate))
                snprintf(buf, CANDIDATE_TEXT_MAX, "%sa %s halts that", growth, verb_name(candidate->verb));
        else
                snprintf(buf, CANDIDATE_TEXT_MAX, "%sa %s may free up to %s and ends nothing", growth,
                         verb_name(candidate->verb), frees);
        return buf;
}

static void say_in_vain(const Candidate *candidate, char *buf) {
        char frees[UNITS_TEXT_MAX];

        units_format_bytes(candidate_frees(candidate), frees);
        if (comes_back(candidate))
                snprintf(buf, CANDIDATE_TEXT_MAX, "has just begun, and would have as much again after a %s",
                         verb_name(candidate->verb));
        else if (candidate->growth == 0 && verb_is_disruptive(candidate->verb))
                snprintf(buf, CANDIDATE_TEXT_MAX, "does not grow, so that a %s would be in vain", verb_name(candidate->verb));
        else
                snprintf(buf, CANDIDATE_TEXT_MAX, "would free only %s", frees);
}

static void say_comparison(size_t at, const Candidate *candidate, char *buf) {
        char number[UNITS_TEXT_MAX];

        if (order[at].loses)
                snprintf(buf, CANDIDATE_TEXT_MAX, "%s", order[at].loses);
        else if (order[at].compare == by_preference)
                snprintf(buf, CANDIDATE_TEXT_MAX, "has Preference=%s", preference_name(candidate->preference));
        else if (order[at].compare == by_benefit)
                snprintf(buf, CANDIDATE_TEXT_MAX, "would free less (%s)",
                         units_format_bytes(candidate_frees(candidate), number));
        else if (candidate->growth == 0)
                snprintf(buf, CANDIDATE_TEXT_MAX, "does not grow");
        else
                snprintf(buf, CANDIDATE_TEXT_MAX, "grows by only %s/s", units_format_bytes(candidate->growth, number));
}

const char *candidate_why_not(const Candidate *candidate, const Candidate *chosen, const Need *need,
                              char buf[static CANDIDATE_TEXT_MAX]) {
        if (candidate->standing == STANDING_IN_VAIN)
                say_in_vain(candidate, buf);
        else if (candidate->standing == STANDING_UNSURE)
                snprintf(buf, CANDIDATE_TEXT_MAX, "ran before the host was guarded: what it began with is not known");
        else if (candidate->standing != STANDING_HELPS || !chosen)
                snprintf(buf, CANDIDATE_TEXT_MAX, "%s", standing_text(candidate->standing, false));
        else
                for (size_t i = 0; i < ELEMENTSOF(order); i++)
                        if (order[i].compare(candidate, chosen, need) != 0) {
                                say_comparison(i, candidate, buf);
                                break;
                        }
        return buf;
}

const char *standing_text(Standing standing, bool several) {
        static const char *const texts[][2] = {
                [STANDING_HELPS] = {"would help", "would help"},
                [STANDING_IN_VAIN] = {"would free too little and does not grow", "would free too little and do not grow"},
                [STANDING_UNSURE] = {"may have grown before the host was guarded",
                                     "may have grown before the host was guarded"},
                [STANDING_EXHAUSTED] = {"has had all its rungs taken for this shortage",
                                        "have had all their rungs taken for this shortage"},
                [STANDING_ENDING] = {"is being ended already", "are being ended already"},
                [STANDING_REFUSED] = {"has its next steps withheld", "have their next steps withheld"},
                [STANDING_UNREAD] = {"could not be read", "could not be read"},
                [STANDING_NO_LADDER] = {"has no rungs", "have no rungs"},
                [STANDING_PAUSED] = {"is paused", "are paused"},
                [STANDING_OBSERVED] = {"only observes", "only observe"},
                [STANDING_PROTECTED] = {"is protected", "are protected"},
        };
        static_assert(ELEMENTSOF(texts) == _STANDING_MAX, "a standing has no words");

        return standing >= 0 && standing < _STANDING_MAX ? texts[standing][several] : "unknown";
}
