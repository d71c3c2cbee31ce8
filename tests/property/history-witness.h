/* Witnesses for random histories: what PID 1, the kernel, the probes, the journal and the counters might say of a unit, true
 * or not, in time or late. */
#pragma once

#include "engine-rig.h"
#include "property/random.h"

static inline void history_ledger(Rig *rig) {
        static const char *const slices[] = {"/system.slice", "/user.slice", "/user.slice/user-1000.slice"};
        Event event = {.kind = EVENT_LEDGER};
        const char *path = slices[random_below(ELEMENTSOF(slices))];

        rig->counted = random_one_in(50) ? 0 : rig->counted + random_below(3);
        memcpy(event.path, path, strlen(path) + 1);
        event.ledger.inode = random_one_in(20) ? 2 : 1;
        event.ledger.oom = event.ledger.oom_kill = rig->counted;
        event.ledger.local_oom = random_one_in(2) ? rig->counted : 0;
        rig_feed(rig, &event);
}

/* Of what happened just now, a little ago, or at a time that nobody knows; never of the time before the first event. */
static inline usec_t history_time(const Rig *rig) {
        usec_t ago = random_one_in(4) ? random_below(20) * USEC_PER_SEC : random_below(800) * USEC_PER_MSEC;

        return random_one_in(3) ? 0 : MAX(util_sub(rig->now, ago), 1000 * USEC_PER_SEC);
}

static inline void history_end_of(Witness *witness) {
        static const struct {
                const char *result;
                int code, status;
        } ends[] = {{"oom-kill", 2, 9}, {"signal", 2, 9},  {"oom-kill", 2, 15}, {"exit-code", 1, 137},
                    {"success", 1, 0},  {"watchdog", 2, 6}, {"exit-code", 1, 1}, {"oom-kill", 0, 0}};
        size_t i = random_below(ELEMENTSOF(ends));

        snprintf(witness->word, sizeof(witness->word), "%s", ends[i].result);
        witness->code = ends[i].code;
        witness->status = ends[i].status;
}

static inline void history_look(Witness *witness) {
        witness->code = random_one_in(3);
        witness->look = (ProcessLook){.start = random_below(3), .as_limit = random_one_in(2) ? BYTES_INFINITY : GIB,
                                      .data_limit = BYTES_INFINITY, .vm_size = random_below(GIB),
                                      .maps = random_one_in(2) ? 65520 : 80, .maps_limit = 65530,
                                      .overcommit = random_below(3), .ram_and_swap = random_one_in(3) ? 0 : 4 * GIB};
}

static inline void history_witness(Rig *rig, const World *world) {
        Event event = {.kind = EVENT_WITNESS};
        Witness *witness = &event.witness;

        witness->source = (WitnessKind) random_below(_WITNESS_KIND_MAX);
        witness->fact = (Fact) random_below(_FACT_MAX);
        witness->at = history_time(rig);
        witness->pid = (int) random_below(6);
        witness->weak = random_one_in(4);
        witness->bytes = random_one_in(4) ? 8 * GIB : 0;
        if (random_one_in(3))
                snprintf(witness->unit, sizeof(witness->unit), "%s", unitname_of_path(world->path));
        else if (!random_one_in(8))
                memcpy(event.path, world->path, sizeof(event.path));
        if (random_one_in(2))
                snprintf(witness->invocation, sizeof(witness->invocation), "%032x", world->run - (unsigned) random_below(2));
        snprintf(witness->text, sizeof(witness->text), "Seen %u.", (unsigned) random_below(30));
        if (witness->fact == FACT_ENDED)
                history_end_of(witness);
        if (witness->fact == FACT_LOOK)
                history_look(witness);
        if (witness->fact == FACT_OOM_KILL) {
                witness->scope = (Scope) random_below(_SCOPE_MAX);
                snprintf(witness->limit, sizeof(witness->limit), "%s", random_one_in(2) ? world->path : "/system.slice");
        }
        rig_feed(rig, &event);
}

/* The kernel kills something in it, which the counters see. */
static inline void history_kill(Rig *rig, World *world) {
        Event event = {.kind = EVENT_SAMPLE};

        world->n_oom_kill += 1 + random_below(2);
        memcpy(event.path, world->path, sizeof(event.path));
        event.sample = rig_reading(rig, world);
        rig_feed(rig, &event);
}

/* Many at once, of one unit. */
static inline void history_witnesses(Rig *rig, World *world) {
        for (uint64_t n = random_one_in(30) ? 60 : 1 + random_below(4); n > 0; n--) {
                if (random_one_in(6))
                        history_ledger(rig);
                else if (random_one_in(8) && world->present)
                        history_kill(rig, world);
                else
                        history_witness(rig, world);
                rig->now += random_one_in(3) ? random_below(300) * USEC_PER_MSEC : 0;
        }
}
