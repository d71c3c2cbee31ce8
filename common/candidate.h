/* Who is to help when the host is short of memory? What each unit's next step would do, in numbers, and an order among them
 * that can be said in words. Pure: whose step it is, and whether it may be taken, is hostguard.c's to know. */
#pragma once

#include "policy.h"
#include "util.h"

/* What the host lacks. */
typedef struct Need {
        uint64_t missing; /* bytes */
        uint64_t falls;   /* bytes a second that go */
} Need;

/* Why a unit is no candidate, or that it is one. The order is that in which it is told. */
typedef enum Standing {
        STANDING_HELPS,
        STANDING_IN_VAIN,   /* its step would free too little, and it does not grow */
        STANDING_UNSURE,    /* nobody saw what it began with, so a restart may help or be in vain */
        STANDING_EXHAUSTED, /* all its rungs were taken for this shortage already */
        STANDING_ENDING,    /* an action that ends it is under way: nothing may hold it back now */
        STANDING_REFUSED,   /* its next steps are withheld: the budget, no swap, ... */
        STANDING_UNREAD,    /* its memory could not be read just now */
        STANDING_NO_LADDER,
        STANDING_PAUSED,
        STANDING_OBSERVED,
        STANDING_PROTECTED,
        _STANDING_MAX,
        _STANDING_INVALID = -EINVAL,
} Standing;

typedef struct Candidate {
        const char *name;
        Standing standing;
        Preference preference;
        Verb verb;            /* the strongest of its next step */
        unsigned budget_left; /* restarts */
        uint64_t size;        /* working set, and what is in swap */
        uint64_t growth;      /* bytes a second, seen over this span */
        usec_t span;
        uint64_t resident;    /* what goes when it ends: anon, shmem, swap */
        uint64_t grown;       /* of that what it has grown by in this run; a restart does not bring that back */
        uint64_t reclaims;    /* what a reclaim step could put into swap; without swap nothing */
        bool begins;          /* the run is seconds old: what it grows by is what a program begins with */
        bool seen_begin;      /* the run: otherwise it may have grown by more than that before it was seen */
        bool last_resort;     /* it is taken though it may be in vain */
} Candidate;

/* The bytes that the step really frees, and keeps free. */
uint64_t candidate_frees(const Candidate *candidate);

/* Does the step end the unit's growth, at least for a while? */
bool candidate_stops(const Candidate *candidate);

/* Would it help by a meaningful share? */
bool candidate_helps(const Candidate *candidate, const Need *need);

/* May its restart help, though what was seen of its growth does not show it? Only of a run whose beginning nobody saw. */
bool candidate_may_help(const Candidate *candidate, const Need *need);

/* Is that worth a try when the host would not live on otherwise? */
bool candidate_is_last_resort(const Candidate *candidate, const Need *need);

/* Is it one of those that make the shortage, now? */
bool candidate_is_culprit(const Candidate *candidate, const Need *need);

/* Of two that help: below zero when a goes first. Never 0 for different names. */
int candidate_compare(const Candidate *a, const Candidate *b, const Need *need);

/* "it grew by 25.1M/s in the last 3 s and a restart frees 410.2M": why this one. Returns buf. */
#define CANDIDATE_TEXT_MAX 160
const char *candidate_why(const Candidate *candidate, char buf[static CANDIDATE_TEXT_MAX]);

/* "does not grow", "has Preference=avoid": why not this one, seeing the one that was chosen (may be NULL). Returns buf. */
const char *candidate_why_not(const Candidate *candidate, const Candidate *chosen, const Need *need,
                              char buf[static CANDIDATE_TEXT_MAX]);

/* "only observes": for a number of units. */
const char *standing_text(Standing standing, bool several);
