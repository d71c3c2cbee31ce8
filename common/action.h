/* What the engine asks for, as data. The shell carries it out in order (daemon/act*.c) or only notes it (dry run, tests). */
#pragma once

#include "event.h"
#include "policy.h"
#include "record.h"
#include "util.h"

typedef enum ActionKind {
        ACTION_HIGH,   /* write memory.high: bytes; restore says that bytes is the operator's own value */
        ACTION_LOAN,   /* write memory.max: bytes; restore likewise */
        ACTION_SAMPLE, /* read the unit and answer with EVENT_SAMPLE */
        ACTION_LISTEN, /* bytes 1: memory.events wakes us; 0: it does not, because it would all the time */
        ACTION_DO,     /* carry out a verb and answer with EVENT_DONE of the same id */
        ACTION_THAW,   /* cgroup.freeze = 0 */
        ACTION_SPEND,  /* the unit's budget changed: persist it */
        ACTION_LEDGER, /* read the kill counts of the cgroups above it, each as an EVENT_LEDGER */
        ACTION_STRAIN, /* read what its limit costs the unit, and answer with EVENT_STRAIN */
        ACTION_LOOK,   /* look at the process `pid`, and answer with an EVENT_WITNESS */
        ACTION_READ_BACK, /* ask the journal's reader for what the unit wrote since `since` */
        ACTION_HOST,   /* read the host and answer with an EVENT_HOST */
        ACTION_RECORD, /* tell people */
        _ACTION_KIND_MAX,
        _ACTION_KIND_INVALID = -EINVAL,
} ActionKind;

typedef struct Action {
        ActionKind kind;
        char path[CGROUP_PATH_MAX];
        uint64_t bytes; /* HIGH, LOAN, LISTEN; DO throttle: memory.high to write */
        bool restore;
        uint32_t id;
        int pid;        /* LOOK */
        uint64_t start; /* LOOK: the process' start, as an earlier look found it; 0 = the first look */
        usec_t since;   /* READ_BACK */
        ActionSpec spec; /* DO */
        Record record;   /* RECORD */
} Action;

/* Enough for everything that one event of one unit can lead to; a tick stops early and goes on at the next one. */
#define ACTIONS_MAX 64

typedef struct ActionList {
        Action items[ACTIONS_MAX];
        unsigned n_items;
        unsigned n_dropped; /* records that found no room; never anything else */
} ActionList;

const char *action_kind_name(ActionKind kind);

/* One line of text for traces and expectations. Returns its length. */
#define ACTION_LINE_MAX 4096
int action_format(const Action *action, char buf[static ACTION_LINE_MAX]);
