/* The ledger of kills: the hierarchical counters of the cgroups above units (slices) against what is accounted for below
 * them. A unit's own counters go with its cgroup, 4 to 40 ms after a kill (facts-kernel.md 2); its parents' stay. What a parent
 * counted and nobody below accounts for is owed to a unit that died without saying how many. */
#pragma once

#include "unitname.h"
#include "util.h"

#define LEDGER_PAGES_MAX 256 /* cgroups above watched units; a further one takes the place of the one not read for longest */
#define LEDGER_OWED_FOR (10 * USEC_PER_SEC) /* nobody has come for it: it was no unit that we know */

typedef struct LedgerCounts {
        uint64_t inode;
        uint64_t oom, oom_kill, oom_group_kill; /* memory.events: of it and everything below */
        uint64_t local_oom;                     /* memory.events.local: its own limit was hit */
} LedgerCounts;

/* Kills that were counted (n > 0: after `at`, when they were not counted yet) or accounted for (n < 0: they happened at `at`). */
typedef struct LedgerChange {
        usec_t at;
        int32_t n;
} LedgerChange;

#define LEDGER_CHANGES_MAX 32 /* the last ones; what is older happened before the end of any run that still asks */

typedef struct LedgerPage {
        char *path; /* owned; NULL = free */
        usec_t read_at;
        LedgerCounts counts;
        int64_t owed;      /* kills that it counted, less those accounted for; below 0: it was not read since */
        usec_t owed_at;    /* when that last changed */
        LedgerChange changes[LEDGER_CHANGES_MAX]; /* of owed; a ring */
        unsigned n_changes;
        usec_t oom_at, local_at; /* when a limit at or below it, and its own, was last seen to be hit; 0 = never */
} LedgerPage;

typedef struct Ledger {
        LedgerPage pages[LEDGER_PAGES_MAX];
        unsigned n_pages;
} Ledger;

void ledger_done(Ledger *ledger);

/* A reading. The first one of a path is where counting begins. -ENOMEM. */
int ledger_read(Ledger *ledger, const char *path, const LedgerCounts *counts, usec_t now);

/* n kills below this path, which happened at `at`, are accounted for: every page above it owes so many less. */
void ledger_account(Ledger *ledger, const char *path, uint64_t n, usec_t at, usec_t now);

/* How many kills the pages above this path still owe to a run that had ended by `until`; the nearest page to the root counts,
 * because it outlives the others. What happened later is another's, whose own witnesses may still be on their way (its line in
 * the kernel's log comes after the count): it counts neither for this run nor against it. */
unsigned ledger_owed(const Ledger *ledger, const char *path, usec_t until, usec_t now);

/* Whose limit was hit since then, by the counters alone: 1 and the path of the nearest cgroup above whose own limit it was;
 * 0 and "": one at or inside of `path`; -ENODATA when no limit was hit at all (a host-wide kill); -ENOENT when none of them
 * was ever read. */
int ledger_limit(const Ledger *ledger, const char *path, usec_t since, char ret_limit[static CGROUP_PATH_MAX]);

bool ledger_knows(const Ledger *ledger, const char *path);

/* The pages, for the state file: 1 and a page, or 0 at the end. */
int ledger_next(const Ledger *ledger, unsigned *iterator, const LedgerPage **ret);
