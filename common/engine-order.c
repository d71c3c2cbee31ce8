/* What operators ask of the engine: a rung now, or no more actions for a while. */
#include "unit.h"

int order_drill(const Step *step, Unit *unit, const Event *event) {
        int rung = policy_find_rung(unit->policy, event->drill.rung);
        LadderStep move = {.move = MOVE_CLIMB, .from = unit->ladder.rung, .rung = rung, .holding = -1};

        if (rung < 0)
                return rung;
        if (unit->ladder.state == LADDER_ACTING || unit->acting_id != 0)
                return -EBUSY;
        ladder_force(&unit->ladder, unit->policy, rung, step->now);
        rung_take(step, unit, &move, /* drill= */ true);
        unit_settle(step, unit);
        return 0;
}

static void pause_unit(const Step *step, Unit *unit, bool pause) {
        if (pause)
                rung_undo(step, unit, UNDOING_PAUSED);
        else
                rung_free_to_act(step, unit);
        unit_settle(step, unit);
}

int order_pause(const Step *step, Unit *unit, const Event *event) {
        bool pause = event->kind == EVENT_PAUSE;

        if (event->path[0]) {
                if (!unit)
                        return 1;
                unit->paused = pause;
                if (!unit_is_live(unit))
                        return 0;
                pause_unit(step, unit, pause);
                tell_paused(step, unit, pause);
                return 0;
        }
        step->engine->paused = pause;
        for (unsigned i = 0; i < step->engine->n_slots; i++) {
                if (!pause) {
                        step->engine->units[i].paused = false;
                        rung_free_to_act(step, &step->engine->units[i]);
                }
                /* Each unit follows at its own tick, so that the action list's bound holds however many there are. */
                if (step->engine->units[i].present)
                        step->engine->due[i] = step->now;
        }
        return 0;
}
