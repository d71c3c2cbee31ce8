/* Random legal histories for the engine: policies, services that grow and shrink and come and go, operators who do as
 * they like, answers that are late or never come. */
#pragma once

#include "engine-rig.h"
#include "property/history-witness.h"
#include "property/random.h"

#define HISTORY_WINDOW (10 * USEC_PER_MINUTE) /* of every budget */

static const char *const history_paths[] = {
        "/system.slice/api.service",
        "/system.slice/system-web.slice/web@1.service",
        "/user.slice/user-1000.slice/session-2.scope",
        "/system.slice/systemd-journald.service",
        "/system.slice/observed.service",
};

/* A line of text, or none. */
static inline _printf_(3, 4) void history_add(char *text, size_t size, const char *format, ...) {
        size_t used = strlen(text);
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text + used, size - used, format, ap);
        va_end(ap);
}

static inline void history_rung(char *text, size_t size, unsigned i) {
        static const char *const mild[] = {"notify",        "signal SIGUSR1", "reclaim 10%", "throttle 3s",
                                           "throttle 1min", "freeze 2s",      "pressure",    "start dump.service"};
        static const char *const harsh[] = {"restart", "stop", "kill"};

        /* Names from a small set, so that a rung survives some reloads at another place. */
        history_add(text, size, "[Rung r%u]\n", i + (unsigned) random_below(2) * 10);
        if (random_one_in(4))
                history_add(text, size, "TimeToLimit=%umin\n", 1 + (unsigned) random_below(60));
        if (!random_one_in(5))
                history_add(text, size, "Usage=%u%%\n", 30 + 15 * i + (unsigned) random_below(15));
        else
                history_add(text, size, "PressureSome=%ums/1s\n", 100 + (unsigned) random_below(500));
        if (i < 2 && random_one_in(3))
                history_add(text, size, "Event=%s %u/1min\n", random_one_in(2) ? "max" : "high",
                            1 + (unsigned) random_below(20));
        else if (random_one_in(4))
                history_add(text, size, "Event=limit-stall 1/1min\n");
        if (random_one_in(3))
                history_add(text, size, "Hold=%us\n", (unsigned) random_below(20));
        if (random_one_in(2))
                history_add(text, size, "Settle=%ums\n", 100 + (unsigned) random_below(8000));
        for (uint64_t n = random_below(3); n > 0; n--)
                history_add(text, size, "Action=%s\n", mild[random_below(ELEMENTSOF(mild))]);
        if (random_one_in(2))
                history_add(text, size, "Action=%s\n", harsh[random_below(ELEMENTSOF(harsh))]);
}

/* The host's rungs, in two of three histories. */
static inline void history_host(char *text, size_t size) {
        if (random_one_in(3))
                return;
        if (random_one_in(3))
                history_add(text, size, "[Host warn]\nAvailable=%u%%\nAction=notify\n", 50 + (unsigned) random_below(20));
        history_add(text, size, "[Host low]\nAction=relieve\n");
        if (!random_one_in(6))
                history_add(text, size, "Available=%u%%\n", 10 + (unsigned) random_below(35));
        else
                history_add(text, size, "PressureSome=%ums/1s\n", 100 + (unsigned) random_below(500));
        if (random_one_in(4))
                history_add(text, size, "SwapFree=%u%%\n", 1 + (unsigned) random_below(30));
        if (random_one_in(2))
                history_add(text, size, "Settle=%ums\n", 100 + (unsigned) random_below(8000));
        if (random_one_in(4))
                history_add(text, size, "Hold=%us\n", (unsigned) random_below(5));
        if (random_one_in(2))
                history_add(text, size, "[Host last]\nAvailable=%u%%\nAction=relieve\n", 1 + (unsigned) random_below(8));
}

static inline PolicySet *history_policies(void) {
        static const char observed[] = "[Match]\nUnit=observed.service\n[Policy]\nMode=observe\n";
        static const char *const preferences[] = {"avoid", "normal", "sacrifice"};
        char preferred[128];
        ConfErrors errors = {0};
        char text[4096] = "";
        PolicySet *set;

        history_add(text, sizeof(text), "[Match]\nUnit=%s\n[Policy]\nMode=%s\nRestartBudget=%u/10min\n",
                    random_one_in(12) ? "web*.service" : "*", random_one_in(5) ? "observe" : "act",
                    (unsigned) random_below(4));
        if (random_one_in(2))
                history_add(text, sizeof(text), "Loan=%uM\n", 1 + (unsigned) random_below(300));
        if (random_one_in(2))
                history_add(text, sizeof(text), "Relax=%us\n", 1 + (unsigned) random_below(20));
        for (unsigned i = 0, n = 1 + (unsigned) random_below(4); i < n; i++)
                history_rung(text, sizeof(text), i);
        history_host(text, sizeof(text));
        set = rig_policies(text);
        (void) snprintf(preferred, sizeof(preferred), "[Match]\nUnit=%s.service\n[Policy]\nPreference=%s\n",
                        random_one_in(2) ? "api" : "web@1", preferences[random_below(ELEMENTSOF(preferences))]);
        if (policy_set_add(set, "zz-observed.conf", observed, strlen(observed), &errors) < 0 ||
            policy_set_add(set, "zz-preferred.conf", preferred, strlen(preferred), &errors) < 0)
                abort();
        return set;
}

static inline Event history_event(const World *world, EventKind kind) {
        Event event = {.kind = kind};

        memcpy(event.path, world->path, sizeof(event.path));
        return event;
}

static inline void history_restore(World *world) {
        world->high = world->operator_high;
        world->frozen = false;
        if (world->ws + world->cache < world->operator_max)
                world->max = world->operator_max;
}

static inline void history_start(Rig *rig, World *world) {
        Event event = history_event(world, EVENT_START);
        bool fresh = world->present || random_one_in(2);

        /* In the old cgroup the shell first undoes what is marked on it (a loan only where it can). */
        if (world->present)
                history_restore(world);
        else {
                world->ws = random_below(190) * MIB;
                world->cache = random_below(60) * MIB;
                world->n_high = world->n_max = fresh ? 0 : random_below(100);
                world->n_oom_kill = 0;
                world->strain = (Strain){0};
                world->max = world->operator_max;
                world->muted = false;
                history_restore(world);
        }
        world->present = true;
        snprintf(event.start.invocation, sizeof(event.start.invocation), "%032x", ++world->run);
        event.start.fresh = fresh;
        event.start.operator_high = world->operator_high;
        event.start.sample = rig_reading(rig, world);
        rig_feed(rig, &event);
}

static inline void history_stop(Rig *rig, World *world) {
        Event event = history_event(world, EVENT_STOP);

        world->present = false;
        rig_feed(rig, &event);
}

static inline void history_read(Rig *rig, World *world) {
        Event event = history_event(world, EVENT_SAMPLE);

        event.sample = rig_reading(rig, world);
        rig_feed(rig, &event);
}

/* Grows and shrinks; what crosses memory.high or memory.max is counted, and wakes us. */
static inline void history_move(Rig *rig, World *world) {
        uint64_t limit = MIN(world->max, world->above), cache = random_below(100) * MIB, room, current;

        if (random_one_in(3))
                world->ws = random_below(MIN(limit / MIB, 1024) + 1) * MIB;
        else
                world->ws += random_below(8 * MIB / PAGE_BYTES) * PAGE_BYTES;
        if (random_one_in(6))
                world->ws /= 2;
        world->ws = MIN(world->ws, limit);
        room = limit == BYTES_INFINITY ? GIB : limit - world->ws;
        if (random_one_in(2))
                cache = world->cache;
        world->cache = MIN(cache, room);
        current = world->ws + world->cache;
        if (current <= world->high && current < limit)
                return;
        world->n_high += current > world->high;
        world->n_max += current >= limit;
        if (!world->muted)
                history_read(rig, world);
}

static inline void history_operate(Rig *rig, World *world) {
        Event event = history_event(world, EVENT_HIGH);

        if (random_one_in(2)) {
                world->operator_high = random_one_in(2) ? BYTES_INFINITY : (50 + random_below(200)) * MIB;
                world->high = event.high.bytes = world->operator_high;
                rig_feed(rig, &event);
                return;
        }
        world->operator_max = random_one_in(5) ? BYTES_INFINITY : (100 + random_below(200)) * MIB;
        world->max = world->operator_max;
        world->ws = MIN(world->ws, world->max);
        world->cache = MIN(world->cache, world->max - world->ws);
        history_read(rig, world);
}

/* The service sits at its limit, or somebody writes memory.high without end. */
static inline void history_storm(Rig *rig, World *world) {
        bool contest = random_one_in(2);

        for (int i = 0; i < (contest ? 70 : 20) && world->present; i++) {
                Event event = history_event(world, EVENT_HIGH);

                rig->now += random_below(20) * USEC_PER_MSEC;
                if (contest) {
                        world->high = event.high.bytes = world->operator_high;
                        rig_feed(rig, &event);
                } else if (!world->muted) {
                        world->n_max++;
                        history_read(rig, world);
                }
        }
}

static inline void history_press(Rig *rig, World *world) {
        Event event = history_event(world, EVENT_PRESSURE);

        world->stalled += random_one_in(2) ? 0 : random_below(600) * USEC_PER_MSEC;
        event.pressure.some_total = world->stalled;
        rig_feed(rig, &event);
}

/* Held back at a limit for a while, of its own or above it; or what it costs is anything at all. */
static inline void history_hold(Rig *rig, World *world) {
        Event event;

        if (random_one_in(4)) {
                event = history_event(world, EVENT_STRAIN);
                event.strain.full = random_below(1000) * USEC_PER_SEC;
                event.strain.above_n_max = random_below(3);
                rig_feed(rig, &event);
                return;
        }
        world->lost = 60 + (unsigned) random_below(40);
        world->stuck_above = random_one_in(3);
        world->strain_at = rig->now;
        for (uint64_t n = 2 + random_below(30); n > 0 && world->present; n--) {
                world->n_max += !world->stuck_above;
                if (world->stuck_above && random_one_in(2)) {
                        event = rig_strain(rig, world);
                        rig_feed(rig, &event);
                } else if (!world->muted)
                        history_read(rig, world);
                rig_wait(rig, random_below(2000) * USEC_PER_MSEC);
        }
        world->lost = 0;
}

/* A restart ends the run and begins another before or after it answers; or it fails. */
static inline void history_answer(Rig *rig) {
        RigCall *call = &rig->calls[random_below(RIG_CALLS_MAX)];
        World *world = &rig->worlds[call->world];
        Event event = history_event(world, EVENT_DONE);
        bool failed = random_one_in(4), first = random_one_in(2);
        bool ends = !failed && verb_is_disruptive(call->spec.verb);

        if (call->id == 0)
                return;
        event.done.id = call->id;
        event.done.result = failed ? -EIO : 0;
        call->id = 0;
        if (ends && world->present)
                history_stop(rig, world);
        if (ends && call->spec.verb == VERB_RESTART && first)
                history_start(rig, world);
        rig_feed(rig, &event);
        if (ends && call->spec.verb == VERB_RESTART && !first)
                history_start(rig, world);
}

static inline void history_reload(Rig *rig) {
        PolicySet *before = rig->set;

        rig->set = history_policies();
        engine_set_policies(rig->engine, rig->set, rig->now);
        policy_set_free(before);
        rig->watcher(rig, NULL, NULL, 0);
        for (unsigned i = 0; i < rig->n_worlds; i++) {
                World *world = &rig->worlds[i];
                const Policy *policy;

                policy_set_resolve(rig->set, unitname_of_path(world->path), world->path, &policy);
                if (policy || !world->present)
                        continue;
                history_restore(world);
                history_stop(rig, world);
        }
}

static inline void history_drill(Rig *rig, World *world) {
        Event event = history_event(world, EVENT_DRILL);

        snprintf(event.drill.rung, sizeof(event.drill.rung), "r%u", (unsigned) random_below(4));
        rig_feed(rig, &event);
}

static inline void history_pause(Rig *rig, World *world) {
        Event event = history_event(world, random_one_in(2) ? EVENT_PAUSE : EVENT_RESUME);

        if (random_one_in(2))
                event.path[0] = 0;
        rig_feed(rig, &event);
}

/* The host's memory goes in steps and in leaps; it stalls now and then, and somebody adds swap. */
static inline void history_host_moves(Rig *rig) {
        uint64_t fall = random_below(80) * MIB;

        rig->host.total = 4 * GIB;
        if (random_one_in(3))
                rig->available = random_below(4096) * MIB;
        else
                rig->available -= MIN(fall, rig->available);
        if (random_one_in(100))
                rig->host.swap_total = random_below(3) * GIB;
        if (random_one_in(5))
                rig->host.some_total += random_below(600) * USEC_PER_MSEC;
        if (random_one_in(10)) {
                Event event = rig_host_event(rig);

                rig_feed(rig, &event);
        }
}

/* A leak of minutes or hours, and sometimes its end. */
static inline void history_leak(Rig *rig, World *world) {
        usec_t pause = (1 + random_below(100)) * USEC_PER_SEC;
        uint64_t limit = MIN(MIN(world->max, world->above), GIB), step = (limit - MIN(world->ws, limit)) / 70;

        for (unsigned i = 0; i < 60 + random_below(30) && world->present; i++) {
                rig_wait(rig, pause);
                world->ws = MIN(world->ws + step, limit);
                world->cache = MIN(world->cache, limit - world->ws);
                history_read(rig, world);
        }
        if (random_one_in(2))
                rig_wait(rig, 80 * pause);
}

/* Something happens. Most of it to memory. */
static inline void history_step(Rig *rig) {
        World *world = &rig->worlds[random_below(rig->n_worlds)];
        uint64_t what = random_below(100);

        rig->swap_free = random_one_in(2) ? 0 : GIB;
        history_host_moves(rig);
        rig->deaf = random_one_in(20);
        if (!world->present) {
                if (what < 20)
                        history_start(rig, world);
                else if (what < 40)
                        history_witnesses(rig, world);
        } else if (what < 45)
                history_move(rig, world);
        else if (what < 50)
                history_read(rig, world);
        else if (what < 60)
                history_press(rig, world);
        else if (what < 64)
                history_operate(rig, world);
        else if (what < 67)
                history_stop(rig, world);
        else if (what < 69)
                history_start(rig, world);
        else if (what < 71)
                history_drill(rig, world);
        else if (what < 73)
                history_pause(rig, world);
        else if (what < 74)
                history_reload(rig);
        else if (what < 75)
                history_storm(rig, world);
        else if (what < 85)
                history_witnesses(rig, world);
        else if (what < 86)
                history_hold(rig, world);
        else if (what < 87 && random_one_in(3))
                history_leak(rig, world);
        for (int i = 0; i < 8; i++)
                history_answer(rig);
}
