/* A small host that runs short of memory: services that grow, restarts that take a moment, and the log of what was done. */
#pragma once

#include "engine-play.h"

#define HOST_TOTAL (1000 * MIB)
#define HOST_STEP (50 * USEC_PER_MSEC)
#define GOODBYE_TAKES (800 * USEC_PER_MSEC)

typedef struct HostPlay {
        Rig rig;
        uint64_t rate[RIG_WORLDS_MAX]; /* bytes a second; begins anew with each run */
        uint64_t fresh[RIG_WORLDS_MAX]; /* what a run begins with */
        unsigned n_restarts[RIG_WORLDS_MAX];
        usec_t ends[RIG_CALLS_MAX];    /* when an action answers; by its place in rig.calls */
        uint64_t others;               /* used by what nobody watches */
        uint64_t others_rate;
        uint64_t least;                /* the least that was available */
        unsigned stuck;                /* bit i: the ends of this service never end */
} HostPlay;

static inline uint64_t host_play_available(const HostPlay *play) {
        uint64_t used = play->others;

        for (unsigned i = 0; i < play->rig.n_worlds; i++)
                used += play->rig.worlds[i].present ? play->rig.worlds[i].ws : 0;
        return used >= HOST_TOTAL ? 0 : HOST_TOTAL - used;
}

/* With these policies, and 150 MiB used by the system. */
static inline void host_play_init(HostPlay *play, const char *policies) {
        *play = (HostPlay){.others = 150 * MIB, .least = HOST_TOTAL};
        rig_init(&play->rig, policies);
        play->rig.n_worlds = 0;
        play->rig.host.total = HOST_TOTAL;
}

/* A service without a limit of its own; found running. */
static inline World *host_play_add(HostPlay *play, const char *name, uint64_t ws, uint64_t rate) {
        World *world;
        char path[CGROUP_PATH_MAX];

        (void) snprintf(path, sizeof(path), "/system.slice/%s.service", name);
        world = rig_add(&play->rig, path);
        world->ws = ws;
        world->max = world->operator_max = BYTES_INFINITY;
        world->above = HOST_TOTAL;
        play->fresh[world - play->rig.worlds] = rate > 0 ? 8 * MIB : ws;
        play->rate[world - play->rig.worlds] = rate;
        play->rig.available = host_play_available(play);
        assert_int_equal(play_start_of(&play->rig, world, /* fresh= */ false), 0);
        return world;
}

static inline void host_play_answer(HostPlay *play, RigCall *call) {
        World *world = &play->rig.worlds[call->world];
        Event event = play_event(world, EVENT_DONE);
        bool ends = verb_is_disruptive(call->spec.verb);

        event.done.id = call->id;
        event.done.latency = GOODBYE_TAKES;
        call->id = 0;
        if (ends) {
                Event stop = play_event(world, EVENT_STOP);

                play->n_restarts[world - play->rig.worlds]++;
                world->present = false;
                rig_feed(&play->rig, &stop);
        }
        if (call->spec.verb == VERB_RESTART) {
                world->ws = play->fresh[world - play->rig.worlds];
                world->cache = world->n_high = 0;
                world->high = BYTES_INFINITY;
                assert_int_equal(play_start_of(&play->rig, world, /* fresh= */ true), 0);
        }
        play->rig.available = host_play_available(play);
        rig_feed(&play->rig, &event);
}

static inline void host_play_answers(HostPlay *play) {
        for (unsigned i = 0; i < RIG_CALLS_MAX; i++) {
                RigCall *call = &play->rig.calls[i];

                if (call->id == 0)
                        play->ends[i] = 0;
                else if (play->ends[i] == 0)
                        play->ends[i] = play->rig.now + (verb_is_disruptive(call->spec.verb) ? GOODBYE_TAKES : HOST_STEP);
                else if (play->rig.now >= play->ends[i] &&
                         !(play->stuck >> call->world & 1 && verb_is_disruptive(call->spec.verb)))
                        host_play_answer(play, call);
        }
}

static inline void host_play_run(HostPlay *play, usec_t usec) {
        for (usec_t until = play->rig.now + usec; play->rig.now < until;) {
                for (unsigned i = 0; i < play->rig.n_worlds; i++)
                        if (play->rig.worlds[i].present && !play->rig.worlds[i].frozen)
                                play->rig.worlds[i].ws += play->rate[i] * HOST_STEP / USEC_PER_SEC;
                play->others += play->others_rate * HOST_STEP / USEC_PER_SEC;
                play->rig.available = host_play_available(play);
                play->least = MIN(play->least, play->rig.available);
                rig_wait(&play->rig, HOST_STEP);
                host_play_answers(play);
                play->rig.n_samples = 0;
        }
}

/* Until this is in the log, which is then forgotten up to there; or the time is over. */
static inline bool host_play_until(HostPlay *play, const char *word, usec_t limit) {
        for (usec_t until = play->rig.now + limit; play->rig.now < until;) {
                play->rig.log[play->rig.n_log] = 0;
                if (strstr(play->rig.log, word))
                        return true;
                host_play_run(play, HOST_STEP);
        }
        return false;
}

/* The text of the last record of a kind. With $MEMGUARD_TRACE everything is printed, to be read or to be cut down to a
 * tests/replay/NAME.trace. */
static char host_play_said[_RECORD_KIND_MAX][RECORD_TEXT_MAX];
static unsigned host_play_n_said[_RECORD_KIND_MAX];

static inline void host_play_listen(Rig *rig, const Event *event, const ActionList *actions, int result) {
        (void) rig, (void) result;
        if (getenv("MEMGUARD_TRACE")) {
                static char line[EVENT_LINE_MAX];

                event_format(event, line);
                fprintf(stderr, "%s\n", line);
        }
        for (unsigned i = 0; i < actions->n_items; i++)
                if (actions->items[i].kind == ACTION_RECORD) {
                        const Record *record = &actions->items[i].record;

                        memcpy(host_play_said[record->kind], record->text, sizeof(record->text));
                        host_play_n_said[record->kind]++;
                        if (getenv("MEMGUARD_TRACE"))
                                fprintf(stderr, "# %s\n", record->text);
                }
}
