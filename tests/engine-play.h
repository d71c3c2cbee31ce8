/* What happens to the rig's services, in the words of a scenario. Everything is about the first service but where a
 * world is given. Needs cmocka. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine-rig.h"

/* The log since the last look at it. */
static inline const char *play_log(Rig *rig) {
        static char log[RIG_LOG_MAX];

        while (rig->n_log > 0 && rig->log[rig->n_log - 1] == ' ')
                rig->n_log--;
        memcpy(log, rig->log, rig->n_log);
        log[rig->n_log] = 0;
        rig->n_log = 0;
        return log;
}

#define expect(rig, text) assert_string_equal(play_log(rig), text)

static inline UnitView play_view(const Rig *rig) {
        UnitView view;

        assert_int_equal(engine_get_unit(rig->engine, rig->worlds[0].path, &view), 0);
        return view;
}

/* Its event; what is to happen is up to the caller. */
static inline Event play_event(const World *world, EventKind kind) {
        Event event = {.kind = kind};

        memcpy(event.path, world->path, sizeof(event.path));
        return event;
}

static inline int play_feed(Rig *rig, EventKind kind) {
        Event event = play_event(&rig->worlds[0], kind);

        return rig_feed(rig, &event);
}

static inline int play_start_of(Rig *rig, World *world, bool fresh) {
        Event event = play_event(world, EVENT_START);

        world->run++;
        world->present = true;
        snprintf(event.start.invocation, sizeof(event.start.invocation), "%032x", world->run);
        event.start.fresh = fresh;
        event.start.operator_high = world->operator_high;
        event.start.sample = rig_reading(rig, world);
        return rig_feed(rig, &event);
}

/* Found running with this much in its working set. */
static inline void play_found(Rig *rig, uint64_t ws) {
        rig->worlds[0].ws = ws;
        assert_int_equal(play_start_of(rig, &rig->worlds[0], /* fresh= */ false), 0);
}

/* A run in a cgroup made anew. */
static inline void play_fresh_start(Rig *rig, uint64_t ws) {
        World *world = &rig->worlds[0];

        world->high = world->operator_high;
        world->max = world->operator_max;
        world->ws = ws;
        world->cache = world->n_high = world->n_max = world->n_oom_kill = 0;
        world->frozen = false;
        assert_int_equal(play_start_of(rig, world, /* fresh= */ true), 0);
}

static inline void play_stop(Rig *rig) {
        rig->worlds[0].present = false;
        assert_int_equal(play_feed(rig, EVENT_STOP), 0);
}

/* A reading that memory.events brought about, or nothing in particular. */
static inline void play_reading(Rig *rig, uint64_t ws, uint64_t cache) {
        Event event = play_event(&rig->worlds[0], EVENT_SAMPLE);

        rig->worlds[0].ws = ws;
        rig->worlds[0].cache = cache;
        event.sample = rig_reading(rig, &rig->worlds[0]);
        assert_int_equal(rig_feed(rig, &event), 0);
}

static inline void play_hit(Rig *rig, uint64_t ws, uint64_t cache) {
        rig->worlds[0].n_high++;
        play_reading(rig, ws, cache);
}

/* Somebody else writes memory.high. */
static inline void play_foreign_high(Rig *rig, uint64_t bytes) {
        Event event = play_event(&rig->worlds[0], EVENT_HIGH);

        rig->worlds[0].high = rig->worlds[0].operator_high = event.high.bytes = bytes;
        assert_int_equal(rig_feed(rig, &event), 0);
}

/* The oldest open action of a verb ends. */
static inline void play_answer(Rig *rig, Verb verb, int result) {
        RigCall *oldest = NULL;
        Event event;

        for (unsigned i = 0; i < RIG_CALLS_MAX; i++) {
                RigCall *call = &rig->calls[i];

                if (call->id != 0 && call->spec.verb == verb && (!oldest || call->id < oldest->id))
                        oldest = call;
        }
        assert_non_null(oldest);
        event = play_event(&rig->worlds[oldest->world], EVENT_DONE);
        event.done.id = oldest->id;
        event.done.result = result;
        event.done.latency = 20 * USEC_PER_MSEC;
        oldest->id = 0;
        assert_int_equal(rig_feed(rig, &event), 0);
}

static inline void play_stalled(Rig *rig, usec_t stall) {
        Event event = play_event(&rig->worlds[0], EVENT_PRESSURE);

        rig->worlds[0].stalled += stall;
        event.pressure.some_total = rig->worlds[0].stalled;
        assert_int_equal(rig_feed(rig, &event), 0);
}

/* The Python module of the unit's process 7; what is UINT64_MAX it does not know. */
static inline void play_beat(Rig *rig, uint64_t items, uint64_t blocks, uint64_t anon) {
        Event event = play_event(&rig->worlds[0], EVENT_BEAT);

        memset(&event.beat.now, 0xff, sizeof(event.beat.now));
        event.beat.pid = 7;
        event.beat.now.items = items;
        event.beat.now.blocks = blocks;
        event.beat.now.anon = anon;
        assert_int_equal(rig_feed(rig, &event), 0);
}

static inline int play_drill(Rig *rig, const char *rung) {
        Event event = play_event(&rig->worlds[0], EVENT_DRILL);

        snprintf(event.drill.rung, sizeof(event.drill.rung), "%s", rung);
        return rig_feed(rig, &event);
}

/* For everything. */
static inline void play_pause(Rig *rig, bool pause) {
        Event event = {.kind = pause ? EVENT_PAUSE : EVENT_RESUME};

        assert_int_equal(rig_feed(rig, &event), 0);
        rig_wait(rig, 0);
}
