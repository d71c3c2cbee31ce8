/* Heartbeats are a unit's own, end with its run, and have a bound */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "unit.h"

static const char policy[] = "[Match]\nUnit=*.service\n";

typedef struct Rig {
        Engine *engine;
        PolicySet *set;
        ActionList actions;
        usec_t now;
} Rig;

static int feed(Rig *rig, Event *event, unsigned unit) {
        rig->actions.n_items = 0;
        event->time = rig->now += USEC_PER_SEC;
        (void) snprintf(event->path, sizeof(event->path), "/system.slice/s%u.service", unit);
        return engine_step(rig->engine, event, &rig->actions);
}

static void start(Rig *rig, unsigned unit) {
        Event event = {.kind = EVENT_START, .start = {.fresh = true, .operator_high = BYTES_INFINITY}};

        event.start.sample = (Sample){.limit = 100 * MIB, .own_max = 100 * MIB, .high = BYTES_INFINITY};
        assert_int_equal(feed(rig, &event, unit), 0);
}

static int beat(Rig *rig, unsigned unit, uint64_t anon) {
        Event event = {.kind = EVENT_BEAT, .beat = {.pid = 7}};

        memset(&event.beat.now, 0xff, sizeof(event.beat.now));
        event.beat.now.anon = anon;
        return feed(rig, &event, unit);
}

static const HeapHistory *heap(Rig *rig, unsigned unit) {
        char path[64];
        UnitView view;

        (void) snprintf(path, sizeof(path), "/system.slice/s%u.service", unit);
        return engine_get_unit(rig->engine, path, &view) < 0 ? NULL : view.heap;
}

static void open_rig(Rig *rig) {
        ConfErrors errors = {0};

        *rig = (Rig){.now = USEC_PER_SEC};
        assert_int_equal(engine_new(&rig->engine), 0);
        assert_int_equal(policy_set_new(&rig->set), 0);
        assert_int_equal(policy_set_add(rig->set, "f", policy, strlen(policy), &errors), 0);
        assert_int_equal(engine_set_policies(rig->engine, rig->set, rig->now), 0);
}

static void close_rig(Rig *rig) {
        engine_free(rig->engine);
        policy_set_free(rig->set);
}

static void a_run_has_its_own(void **state) {
        Event stop = {.kind = EVENT_STOP};
        Rig rig;

        (void) state;
        open_rig(&rig);
        assert_int_equal(beat(&rig, 1, MIB), 1); /* not watched */
        start(&rig, 1);
        assert_null(heap(&rig, 1));
        assert_int_equal(beat(&rig, 1, MIB), 0);
        assert_int_equal(heap(&rig, 1)->processes[0].last.anon, MIB);
        start(&rig, 1); /* in the same cgroup */
        assert_null(heap(&rig, 1));
        (void) beat(&rig, 1, 2 * MIB);
        assert_int_equal(feed(&rig, &stop, 1), 0);
        start(&rig, 1);
        assert_null(heap(&rig, 1));
        close_rig(&rig);
}

static void further_units_have_none(void **state) {
        Event stop = {.kind = EVENT_STOP};
        Rig rig;

        (void) state;
        open_rig(&rig);
        for (unsigned i = 0; i < HEAPS_MAX + 5; i++) {
                start(&rig, i);
                assert_int_equal(beat(&rig, i, (i + 1) * MIB), 0);
        }
        for (unsigned i = 0; i < HEAPS_MAX; i++)
                assert_int_equal(heap(&rig, i)->processes[0].last.anon, (i + 1) * MIB);
        assert_null(heap(&rig, HEAPS_MAX));
        assert_int_equal(feed(&rig, &stop, 3), 0);
        assert_int_equal(beat(&rig, HEAPS_MAX, 9 * MIB), 0);
        assert_int_equal(heap(&rig, HEAPS_MAX)->processes[0].last.anon, 9 * MIB);
        close_rig(&rig);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_run_has_its_own),
                cmocka_unit_test(further_units_have_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
