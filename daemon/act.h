/* Carries out verbs. Each is bounded in time, runs without blocking the event loop and ends in exactly one answer. Which
 * table of verbs is used is decided once: the real ones, or the dry run's that only note (design: "dry run is another set of
 * actors, not an if"). Throttle and freeze are only begun here; the engine asks for their end. */
#pragma once

#include "action.h"
#include "kernfs.h"
#include "systemd.h"
#include "worker.h"

/* What a verb may touch. All borrowed for as long as the actor lives. */
typedef struct ActContext {
        const Kernfs *kernfs;
        Systemd *systemd;
        Worker *worker;
        struct Module *module; /* may be NULL */
} ActContext;

/* One request: a unit, its directory fd (borrowed for the call; duplicated where a verb needs it later), and the verb. */
typedef struct ActRequest {
        const char *path;      /* cgroup; copied */
        int dirfd;             /* -1 when the cgroup is gone; duplicated where a verb needs it later */
        const ActionSpec *spec; /* copied */
        uint64_t throttle_to;  /* bytes for memory.high (throttle), from the engine */
        uint64_t operator_high;
        const Sample *sample; /* the latest; for percentages */
} ActRequest;

/* A throttle is in force when its answer is 0, not before: its cache may be dropped first, for 2 s at most.
 * result: 0, DONE_PLAYED or negative errno; freed: bytes memory.current fell by (reclaim), else 0; detail: for people, never
 * NULL. */
typedef void (*act_done_t)(void *userdata, int result, uint64_t freed, const char *detail);

typedef struct ActTable {
        int (*verbs[_VERB_MAX])(const ActContext *context, const ActRequest *request, act_done_t done, void *userdata);
} ActTable;

extern const ActTable act_real;
extern const ActTable act_dry;

/* Gives up what is pending on a cgroup and was not written yet (a throttle whose cache is being dropped first): -ECANCELED. To
 * be called before memory.high is written by anybody else of the daemon, and when the unit is left alone. */
void act_forget(const char *path);

/* Carries out one request through a table. Returns 0 when done() will be called or has been; a negative errno when the verb
 * could not even be begun (done() is not called then). */
int act(const ActTable *table, const ActContext *context, const ActRequest *request, act_done_t done, void *userdata);
