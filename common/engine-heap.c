/* The memory of units that the Python module speaks for. Few units have it, so what is remembered of one stands in a
 * table of its own. */
#include "unit.h"

const HeapHistory *heap_of(const Engine *engine, const Unit *unit) {
        return unit->heap == 0 ? NULL : &engine->heaps[unit->heap - 1].history;
}

void heap_forget(Engine *engine, Unit *unit) {
        if (unit->heap != 0)
                engine->heaps[unit->heap - 1].unit = 0;
        unit->heap = 0;
}

static HeapHistory *own_heap(Engine *engine, Unit *unit) {
        for (uint16_t i = 0; unit->heap == 0 && i < HEAPS_MAX; i++) {
                if (engine->heaps[i].unit != 0)
                        continue;
                engine->heaps[i] = (Heap){.unit = (unsigned) (unit - engine->units) + 1};
                unit->heap = i + 1;
        }
        return unit->heap == 0 ? NULL : &engine->heaps[unit->heap - 1].history;
}

void heap_beat(const Step *step, Unit *unit, const Event *event) {
        HeapHistory *history = own_heap(step->engine, unit);

        if (history)
                heap_note(history, event->beat.pid, step->now, &event->beat.now);
}
