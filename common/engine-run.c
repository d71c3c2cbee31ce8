/* From one run of a unit to the next: what goes with the run, and what stays with the unit. */
#include "unit.h"

/* A process that was left behind keeps the cgroup for the next run, and with it what we did to the cgroup. */
void run_end(const Step *step, Unit *unit, uint64_t operator_high) {
        suspect_drop(step->engine, unit);
        heap_forget(step->engine, unit);
        if (!unit->present)
                return;
        rung_undo(step, unit, UNDOING_ENDED);
        unit->wall_lifted |= unit->placed != BYTES_INFINITY;
        unit->operator_high = operator_high;
        rung_raise_wall(step, unit);
}

static void copy_counts(Sample *to, const Sample *from) {
        to->ev_high = from->ev_high;
        to->ev_max = from->ev_max;
        to->ev_oom = from->ev_oom;
        to->ev_oom_kill = from->ev_oom_kill;
}

void run_begin(Unit *unit, const Event *event) {
        Sample before = unit->sample;
        bool same = unit->present;

        memcpy(unit->invocation, event->start.invocation, sizeof(unit->invocation));
        unit->present = true;
        unit->sample = event->start.sample;
        /* The counters of a run that began just now count from zero: what happened before we looked is not lost. */
        if (same)
                copy_counts(&unit->sample, &before);
        else if (event->start.fresh)
                unit->sample.ev_high = unit->sample.ev_max = unit->sample.ev_oom = unit->sample.ev_oom_kill = 0;
        unit->began = event->start.fresh ? event->time : 0;
        unit->sample_time = 0;
        unit->pace = (Pace){0};
        unit->operator_high = event->start.operator_high;
        unit->placed = BYTES_INFINITY;
        unit->wire_offset = 0;
        unit->timer_cause = TIMER_NONE;
        unit->timer_until = 0;
        unit->muted = unit->muted && same;
        unit->on_loan = unit->on_loan && same;
        unit->throttled = unit->frozen = unit->wall_lifted = unit->withheld = false;
        unit->started_above = false;
        unit->told_hold = -1;
        ladder_init(&unit->ladder);
        judge_forget_pressure(unit, 0);
        trend_drop(unit);
        unit->notified = (Bucket){0};
}
