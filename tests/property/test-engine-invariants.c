/* The engine holds its invariants over random histories of several units, operators and policies. */
#undef NDEBUG
#include <assert.h>

#include "property/checker.h"

#define HISTORIES 40
#define STEPS 1000

static unsigned long n_steps;

/* What is in the kernel's files is what the engine believes, and nothing outlives its time. */
static void check_unit(const Rig *rig, const Checker *checker, unsigned i) {
        const World *world = &rig->worlds[i];
        const Known *known = &checker->known[i];
        UnitView view;

        if (!world->present || engine_get_unit(rig->engine, world->path, &view) < 0)
                return;
        assert(!view.throttled || (known->throttled && checker->now < known->throttled_until));
        assert(!world->frozen || (known->frozen && checker->now < known->frozen_until));
        if (view.wire != BYTES_INFINITY) {
                assert(world->high == view.wire && !known->goodbye);
                assert(may_act(rig, checker, world->path));
        } else if (known->wall_lifted)
                assert(world->high == BYTES_INFINITY && known->goodbye);
        else if (!view.throttled)
                assert(world->high == world->operator_high);
        /* Who waits for a wire to wake it must hear it. */
        assert(view.watch != WATCH_WIRE || !world->muted);
        assert(view.on_loan || world->max == world->operator_max);
        assert((view.state == LADDER_CALM) == (view.rung < 0) || view.state == LADDER_ACTING);
}

static void check_all(const Rig *rig, const Checker *checker) {
        /* While a clock that fell catches up nothing is due. */
        if (rig->now < checker->now)
                return;
        assert(engine_next_deadline(rig->engine) > checker->now);
        for (unsigned i = 0; i < rig->n_worlds; i++)
                check_unit(rig, checker, i);
}

/* Goes on, stands still, jumps as after a suspend (the next event is there before a tick), or falls. */
static void pass_time(Rig *rig) {
        switch (random_below(40)) {
        case 0:
                rig->now += random_below(3) * 60 * USEC_PER_MINUTE;
                break;
        case 1:
                rig->now -= random_below(2) * USEC_PER_SEC;
                break;
        case 2:
                rig_wait(rig, random_below(20) * USEC_PER_MINUTE);
                break;
        case 3:
        case 4:
        case 5:
        case 6:
        case 7:
        case 8:
                break;
        default:
                rig_wait(rig, random_below(2000) * USEC_PER_MSEC);
        }
}

/* With calm and answers everything that can be undone is undone, and every ladder comes down. */
static void check_calm(Rig *rig, const Checker *checker) {
        Event resume = {.kind = EVENT_RESUME};

        rig->deaf = false;
        rig_feed(rig, &resume);
        for (unsigned i = 0; i < rig->n_worlds; i++) {
                rig->worlds[i].ws = 10 * MIB;
                rig->worlds[i].cache = 0;
        }
        rig_wait(rig, 40 * USEC_PER_MINUTE);
        for (unsigned i = 0; i < rig->n_worlds; i++) {
                const World *world = &rig->worlds[i];
                UnitView view;

                if (!world->present || engine_get_unit(rig->engine, world->path, &view) < 0)
                        continue;
                assert(view.rung == -1 && !view.throttled && !view.frozen && !view.on_loan);
                assert(!world->frozen && world->max == world->operator_max);
        }
        check_all(rig, checker);
}

static uint64_t run_history(void) {
        static Checker checker;
        static Rig rig;

        rig_init(&rig, "[Match]\nUnit=none.service\n");
        rig.n_worlds = 0;
        for (size_t i = 0; i < ELEMENTSOF(history_paths); i++)
                rig_add(&rig, history_paths[i]);
        checker = (Checker){.hash = UINT64_C(14695981039346656037)};
        rig.watcher = check_step;
        rig.userdata = &checker;
        history_reload(&rig);
        rig_feed(&rig, &(Event){.kind = EVENT_TICK}); /* what happened before the first event is another matter */
        for (unsigned i = 0; i < STEPS; i++) {
                pass_time(&rig);
                history_step(&rig);
                rig_run_until(&rig, rig.now);
                check_all(&rig, &checker);
                rig.n_log = 0;
                n_steps++;
                if (random_one_in(200))
                        check_calm(&rig, &checker);
        }
        rig_done(&rig);
        return checker.hash;
}

/* Histories in which nothing happens hold every invariant. */
static void check_coverage(void) {
        for (ActionKind kind = 0; kind < _ACTION_KIND_MAX; kind++) {
                printf("%s %lu\n", action_kind_name(kind), n_actions[kind]);
                fflush(stdout);
                assert(n_actions[kind] > 0);
        }
        /* The shell writes its own two, and a table that is full takes more than happens here. */
        for (RecordKind kind = 0; kind < _RECORD_KIND_MAX; kind++)
                assert(n_records[kind] > 0 || kind == RECORD_DAEMON || kind == RECORD_POLICY || kind == RECORD_CROWDED);
        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++)
                assert(n_verdicts[verdict] > 0 || verdict == VERDICT_FAILURE); /* told where asked for only */
        assert(n_emergencies > 0 && n_forewarned > 0);
        printf("%lu emergencies, %lu rungs by forecast, %lu steps\n", n_emergencies, n_forewarned, n_steps);
}

int main(void) {
        random_start();
        for (unsigned i = 0; i < HISTORIES; i++) {
                uint64_t state = random_state, hash = run_history();

                random_state = state;
                assert(run_history() == hash);
        }
        check_coverage();
        return EXIT_SUCCESS;
}
