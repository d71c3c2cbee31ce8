/* A host made of numbers around the engine: it carries out what the engine asks for as the shell would, answers its
 * readings, and notes everything in one line of text, so that a scenario is a list of "this happens, that is done". */
#pragma once

#include <stdarg.h>
#include <stdio.h>

#include "engine.h"

#define RIG_WORLDS_MAX 8
#define RIG_CALLS_MAX 256
#define RIG_LOG_MAX 16384

/* One unit as the kernel has it. */
typedef struct World {
        char path[CGROUP_PATH_MAX];
        bool present;
        unsigned run;
        uint64_t ws, cache;           /* memory.current is their sum */
        uint64_t swapped;
        uint64_t high, operator_high; /* memory.high: in the file, and what the operator set */
        uint64_t max, operator_max;   /* memory.max likewise */
        uint64_t above;               /* the least limit of its parents */
        uint64_t n_high, n_max, n_oom_kill;
        uint64_t stalled; /* usec */
        bool frozen, muted;
        unsigned lost, busy; /* percent of the time that no process could run; that its own code did */
        bool stuck_above;    /* and it is the limit of its parents that it stands at */
        Strain strain;       /* up to strain_at */
        usec_t strain_at;
} World;

typedef struct RigCall {
        uint32_t id; /* 0 = free */
        unsigned world;
        ActionSpec spec;
} RigCall;

typedef struct Rig Rig;
struct Rig {
        Engine *engine;
        PolicySet *set;
        usec_t now;
        uint64_t available, swap_free;
        HostReading host; /* what the host guard is told; available and swap_free are the rig's own */
        World worlds[RIG_WORLDS_MAX];
        unsigned n_worlds;
        RigCall calls[RIG_CALLS_MAX];
        uint64_t killed;    /* as the ledgers of the slices count it */
        unsigned n_samples; /* asked for */
        unsigned n_hosts;   /* likewise, readings of the host */
        bool deaf;          /* readings are not answered */
        bool no_strain;     /* and what a limit costs can't be read */
        char log[RIG_LOG_MAX];
        size_t n_log;
        ActionList actions; /* of the last step */
        /* For whoever checks invariants: each event with what it led to, before anything is carried out. */
        void (*watcher)(Rig *rig, const Event *event, const ActionList *actions, int result);
        void *userdata;
};

static inline PolicySet *rig_policies(const char *text) {
        PolicySet *set;
        ConfErrors errors = {0};

        if (policy_set_new(&set) < 0)
                abort();
        if (policy_set_add(set, "test.conf", text, strlen(text), &errors) < 0) {
                fprintf(stderr, "%s\n%s\n", errors.n_items > 0 ? errors.items[0].text : "?", text);
                abort();
        }
        conf_errors_done(&errors);
        return set;
}

static inline World *rig_add(Rig *rig, const char *path) {
        World *world = &rig->worlds[rig->n_worlds++];

        *world = (World){.ws = 100 * MIB,
                         .high = BYTES_INFINITY,
                         .operator_high = BYTES_INFINITY,
                         .max = 200 * MIB,
                         .operator_max = 200 * MIB,
                         .above = BYTES_INFINITY};
        snprintf(world->path, sizeof(world->path), "%s", path);
        return world;
}

/* An engine with this policy, a host with 4 GiB to spare and no swap, and one service that has not started. */
static inline void rig_init(Rig *rig, const char *text) {
        memset(rig, 0, sizeof(*rig));
        rig->now = 1000 * USEC_PER_SEC;
        rig->available = 4 * GIB;
        rig->host = (HostReading){.total = 8 * GIB};
        rig->set = rig_policies(text);
        if (engine_new(&rig->engine) < 0)
                abort();
        engine_set_policies(rig->engine, rig->set, rig->now);
        rig_add(rig, "/system.slice/api.service");
}

static inline void rig_done(Rig *rig) {
        engine_free(rig->engine);
        policy_set_free(rig->set);
}

static inline _printf_(2, 3) void rig_note(Rig *rig, const char *format, ...) {
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(rig->log + rig->n_log, RIG_LOG_MAX - rig->n_log, format, ap);
        va_end(ap);
        rig->n_log = MIN(rig->n_log + (size_t) MAX(n, 0), (size_t) RIG_LOG_MAX - 1);
}

/* "[withheld restart budget]": what it is about, in the order that tells most. */
static inline void rig_note_record(Rig *rig, const Record *record) {
        static const char *const words[_RECORD_KIND_MAX] = {
                [RECORD_ARMED] = "armed",       [RECORD_CACHE] = "cache",       [RECORD_REARMED] = "rearmed",
                [RECORD_RUNG] = "rung",         [RECORD_VERIFIED] = "verified", [RECORD_RELAXED] = "relaxed",
                [RECORD_ACTION] = "action",     [RECORD_FAILED] = "action",     [RECORD_UNDONE] = "undone",
                [RECORD_WITHHELD] = "withheld", [RECORD_BUDGET] = "alert",      [RECORD_PAUSED] = "paused",
                [RECORD_RESUMED] = "resumed",   [RECORD_HOST_RUNG] = "host",    [RECORD_HOST_STEP] = "for-host",
                [RECORD_HOST_NONE] = "host-none",                                [RECORD_HOST_VERIFIED] = "host-verified",
                [RECORD_HOST_RELAXED] = "host-relaxed",                          [RECORD_HOST_IDLE] = "host-idle",
                [RECORD_INCIDENT] = "incident",
                [RECORD_GROWTH] = "growth",
                [RECORD_STALL_OVER] = "stall",
        };
        bool rung = record->kind == RECORD_RUNG || record->kind == RECORD_VERIFIED || record->kind == RECORD_RELAXED;
        bool hold = util_streq(record->reason, "hold");

        rig_note(rig, "[%s", words[record->kind] ? words[record->kind] : "?");
        if (record->kind >= RECORD_HOST_RUNG && record->kind <= RECORD_HOST_IDLE) {
                rig_note(rig, " %s %s] ", record->rung, util_streq(record->reason, "host") ? record->result : record->reason);
                return;
        }
        if (rung || hold)
                rig_note(rig, " %s", record->rung);
        if (record->action[0])
                rig_note(rig, " %s", record->action);
        if (record->reason[0])
                rig_note(rig, " %s", record->reason);
        else if (record->result[0])
                rig_note(rig, " %s", record->result);
        rig_note(rig, "] ");
}

static inline void rig_note_action(Rig *rig, const Action *action) {
        char text[ACTION_TEXT_MAX];

        switch (action->kind) {
        case ACTION_HIGH:
                units_format_bytes(action->bytes, text);
                rig_note(rig, "%s=%s ", action->restore ? "high-back" : "high", text);
                break;
        case ACTION_LOAN:
                units_format_bytes(action->bytes, text);
                rig_note(rig, "%s=%s ", action->restore ? "max-back" : "max", text);
                break;
        case ACTION_LISTEN:
                rig_note(rig, "%s ", action->bytes ? "listen" : "mute");
                break;
        case ACTION_DO:
                rig_note(rig, "do(%s) ", action_spec_format(&action->spec, text));
                break;
        case ACTION_THAW:
                rig_note(rig, "thaw ");
                break;
        case ACTION_SPEND:
                rig_note(rig, "spend ");
                break;
        case ACTION_RECORD:
                rig_note_record(rig, &action->record);
                break;
        case ACTION_SAMPLE:
                rig->n_samples++;
                break;
        case ACTION_HOST:
                rig->n_hosts++;
                break;
        case ACTION_STRAIN:
        case ACTION_LEDGER:
        case ACTION_LOOK:
        case ACTION_READ_BACK:
                break;
        case _ACTION_KIND_MAX:
        case _ACTION_KIND_INVALID:
                abort();
        }
}

static inline Sample rig_reading(const Rig *rig, const World *world) {
        return (Sample){
                .current = world->ws + world->cache,
                .working_set = world->ws,
                .anon = world->ws,
                .file = world->cache,
                .swap = world->swapped,
                .limit = MIN(world->max, world->above),
                .own_max = world->max,
                .high = world->high,
                .available = rig->available,
                .swap_free = rig->swap_free,
                .ev_high = world->n_high,
                .ev_max = world->n_max,
                .ev_oom_kill = world->n_oom_kill,
        };
}

/* Time goes on for a unit as it was set to be. */
static inline Event rig_strain(Rig *rig, World *world) {
        Event event = {.kind = EVENT_STRAIN};
        usec_t took = rig->now > world->strain_at ? rig->now - world->strain_at : 0;

        world->strain.full += took * world->lost / 100;
        world->strain.user += took * world->busy / 100;
        world->strain_at = MAX(rig->now, world->strain_at);
        world->strain.above_n_high += world->stuck_above;
        world->strain.above_high = world->strain.above_max = BYTES_INFINITY;
        memcpy(event.path, world->path, sizeof(event.path));
        event.strain = world->strain;
        if (world->stuck_above) {
                snprintf(event.strain.above, sizeof(event.strain.above), "/system.slice");
                event.strain.above_high = 512 * MIB;
        }
        return event;
}

static inline int rig_world(const Rig *rig, const char *path) {
        for (unsigned i = 0; i < rig->n_worlds; i++)
                if (util_streq(rig->worlds[i].path, path))
                        return (int) i;
        return -ENOENT;
}

static inline void rig_begin(Rig *rig, const Action *action, World *world) {
        for (unsigned i = 0; i < RIG_CALLS_MAX; i++) {
                if (rig->calls[i].id != 0)
                        continue;
                rig->calls[i] = (RigCall){action->id, (unsigned) (world - rig->worlds), action->spec};
                break;
        }
        if (!world->present)
                return;
        if (action->spec.verb == VERB_THROTTLE)
                world->high = action->bytes;
        if (action->spec.verb == VERB_FREEZE)
                world->frozen = true;
}

/* Changes the world; true for a reading that is to be answered. */
static inline bool rig_carry_out(Rig *rig, const Action *action) {
        int at = rig_world(rig, action->path);
        World *world = at < 0 ? NULL : &rig->worlds[at];

        if (!world)
                return false;
        if (action->kind == ACTION_HIGH && world->present)
                world->high = action->bytes;
        /* The kernel would kill for a memory.max below the use; the shell refuses to write it. */
        if (action->kind == ACTION_LOAN && world->present && action->bytes > world->ws + world->cache)
                world->max = action->bytes;
        if (action->kind == ACTION_LISTEN)
                world->muted = !action->bytes;
        if (action->kind == ACTION_THAW)
                world->frozen = false;
        if (action->kind == ACTION_DO)
                rig_begin(rig, action, world);
        return (action->kind == ACTION_SAMPLE || action->kind == ACTION_STRAIN) && world->present && !rig->deaf;
}

/* At its own memory.high: who stands there hits it at least every two seconds. */
static inline bool rig_is_stuck(const Rig *rig, const char *path) {
        const World *world = &rig->worlds[rig_world(rig, path)];

        return world->lost > 0 && !world->stuck_above && world->high != BYTES_INFINITY;
}

static inline Event rig_host_event(const Rig *rig) {
        Event event = {.kind = EVENT_HOST, .host = rig->host};

        event.host.available = MIN(rig->available, rig->host.total);
        event.host.swap_free = MIN(rig->swap_free, rig->host.swap_total);
        return event;
}

/* As in the shell: read at once, told after everything else that was asked for has been done. */
static inline int rig_feed(Rig *rig, Event *event) {
        ActionList *actions = &rig->actions;
        Event samples[2 * RIG_WORLDS_MAX];
        unsigned n_samples = 0;
        int result;

        event->time = rig->now;
        actions->n_items = actions->n_dropped = 0;
        result = engine_step(rig->engine, event, actions);
        if (actions->n_dropped > 0)
                abort(); /* whatever was dropped would be missed by no test */
        for (unsigned i = 0; i < actions->n_items; i++)
                rig_note_action(rig, &actions->items[i]);
        if (rig->watcher)
                rig->watcher(rig, event, actions, result);
        for (unsigned i = 0; i < actions->n_items; i++) {
                const Action *action = &actions->items[i];

                if (n_samples == ELEMENTSOF(samples))
                        break;
                if (action->kind == ACTION_HOST && !rig->deaf)
                        samples[n_samples++] = rig_host_event(rig);
                if (!rig_carry_out(rig, action))
                        continue;
                if (action->kind == ACTION_STRAIN) {
                        if (rig->no_strain)
                                continue;
                        samples[n_samples++] = rig_strain(rig, &rig->worlds[rig_world(rig, action->path)]);
                        continue;
                }
                rig->worlds[rig_world(rig, action->path)].n_high += rig_is_stuck(rig, action->path);
                samples[n_samples] = (Event){.kind = EVENT_SAMPLE};
                memcpy(samples[n_samples].path, action->path, sizeof(action->path));
                samples[n_samples++].sample = rig_reading(rig, &rig->worlds[rig_world(rig, action->path)]);
        }
        for (unsigned i = 0; i < n_samples; i++)
                rig_feed(rig, &samples[i]);
        return result;
}

/* Time goes on to a moment: the engine gets its ticks on the way. */
static inline void rig_run_until(Rig *rig, usec_t until) {
        usec_t due;

        while ((due = engine_next_deadline(rig->engine)) <= until) {
                Event tick = {.kind = EVENT_TICK};

                rig->now = MAX(rig->now, due);
                rig_feed(rig, &tick);
        }
        rig->now = MAX(rig->now, until);
}

static inline void rig_wait(Rig *rig, usec_t usec) {
        rig_run_until(rig, rig->now + usec);
}
