/* What a simulation tells: each item with its times, how far it can be trusted, and what is counted of it. */
#include <stdio.h>

#include "simulate-priv.h"

static const char *const kind_names[] = {
        [SIMULATE_BEGIN] = "begin",     [SIMULATE_ACTION] = "action", [SIMULATE_PARTED] = "parted",
        [SIMULATE_HISTORY] = "history", [SIMULATE_JOINED] = "joined", [SIMULATE_GAP_SKIPPED] = "gap",
};
static_assert(ELEMENTSOF(kind_names) == _SIMULATE_KIND_MAX, "a kind has no name");

static const char *const mark_names[] = {
        [MARK_NONE] = "",
        [MARK_ANSWERED] = "answered",
        [MARK_UNMOVED] = "unmoved",
};
static_assert(ELEMENTSOF(mark_names) == _SIMULATE_MARK_MAX, "a mark has no name");

/* How long an action takes as a rule, measured in guests: a goodbye 0.5 to 0.9 s and a new start, a write of memory.reclaim by
 * what it frees, the others a few system calls. */
static const usec_t latencies[] = {
        [VERB_NOTIFY] = 0,
        [VERB_SIGNAL] = 5 * USEC_PER_MSEC,
        [VERB_RECLAIM] = 100 * USEC_PER_MSEC,
        [VERB_PRESSURE] = 5 * USEC_PER_MSEC,
        [VERB_THROTTLE] = 20 * USEC_PER_MSEC,
        [VERB_FREEZE] = 20 * USEC_PER_MSEC,
        [VERB_START] = 100 * USEC_PER_MSEC,
        [VERB_RESTART] = USEC_PER_SEC,
        [VERB_STOP] = USEC_PER_SEC,
        [VERB_KILL] = 100 * USEC_PER_MSEC,
};
static_assert(ELEMENTSOF(latencies) == _VERB_MAX, "a verb has no latency");

usec_t sim_latency(Verb verb) {
        return verb >= 0 && verb < _VERB_MAX ? latencies[verb] : 0;
}

const char *simulate_kind_name(SimulateKind kind) {
        return kind >= 0 && kind < _SIMULATE_KIND_MAX ? kind_names[kind] : "unknown";
}

const char *simulate_mark_name(SimulateMark mark) {
        return mark >= 0 && mark < _SIMULATE_MARK_MAX ? mark_names[mark] : "unknown";
}

void sim_tell(Simulation *s, SimulateItem *item, const char *path) {
        item->path = path;
        item->time = s->now;
        item->since = util_sub(s->now, s->begin);
        if (s->clock.realtime != 0)
                item->realtime = util_add(s->clock.realtime, util_sub(s->now, s->clock.boottime));
        s->options.tell(s->options.userdata, item);
}

static void count_record(Simulation *s, SimUnit *unit, const Record *record) {
        SimulateTotals *totals = &unit->totals;

        (void) s;
        if (record->kind == RECORD_RUNG) {
                totals->rungs++;
                unit->acted = false;
        }
        totals->withheld += record->kind == RECORD_WITHHELD || record->kind == RECORD_BUDGET;
        totals->incidents += record->kind == RECORD_INCIDENT;
}

static void count_verb(Simulation *s, SimUnit *unit, const ActionSpec *spec) {
        SimulateTotals *totals = &unit->totals;

        unit->acted = true;
        if (!verb_is_disruptive(spec->verb)) {
                totals->actions++;
                return;
        }
        totals->disruptions++;
        if (totals->first_disruption == USEC_INFINITY)
                totals->first_disruption = util_sub(s->now, s->begin);
}

void sim_tell_action(Simulation *s, SimUnit *unit, const Action *action) {
        SimulateItem item = {.kind = SIMULATE_ACTION, .action = action, .apart = s->apart};
        bool record = action->kind == ACTION_RECORD;

        if (unit && record)
                count_record(s, unit, &action->record);
        if (unit && action->kind == ACTION_DO)
                count_verb(s, unit, &action->spec);
        if (record && s->answering && (action->record.kind == RECORD_ACTION || action->record.kind == RECORD_FAILED))
                item.mark = MARK_ANSWERED;
        else if (record && !s->options.replay && unit && unit->acted && action->record.kind == RECORD_VERIFIED)
                item.mark = MARK_UNMOVED;
        sim_tell(s, &item, action->path);
}

void sim_part(Simulation *s, SimUnit *unit) {
        SimulateItem item = {.kind = SIMULATE_PARTED, .n_left_out = sim_readings_left(unit), .until = USEC_INFINITY};

        unit->parted = true;
        unit->parted_at = s->now;
        memcpy(unit->parted_invocation, unit->invocation, sizeof(unit->parted_invocation));
        unit->told_kill = unit->told_end = false;
        sim_update_hit(unit, s->now);
        if (unit->at_start < unit->n_starts)
                item.until = util_sub(unit->starts[unit->at_start], s->begin);
        sim_tell(s, &item, unit->path);
}

static void tell_history(Simulation *s, const SimUnit *unit, const char *text) {
        SimulateItem item = {.kind = SIMULATE_HISTORY};

        snprintf(item.text, sizeof(item.text), "%s", text);
        sim_tell(s, &item, unit->path);
}

/* Several witnesses speak of one kill: the kernel's lines, the unit's counters. Neither sees all. */
static bool count_kill(Simulation *s, SimUnit *unit) {
        SimulateTotals *totals = &unit->totals;
        unsigned kills = (unsigned) MIN(MAX(unit->kills_counted, unit->kills_named), 1000000);

        if (kills <= totals->kills)
                return false;
        totals->kills = kills;
        if (totals->first_kill == USEC_INFINITY)
                totals->first_kill = util_sub(s->now, s->begin);
        if (unit->parted && totals->lead == USEC_INFINITY)
                totals->lead = util_sub(s->now, unit->parted_at);
        return true;
}

static void note_kill(Simulation *s, SimUnit *unit, const Witness *witness) {
        char text[160];

        unit->kills_named = util_add(unit->kills_named, 1);
        (void) count_kill(s, unit);
        if (!unit->parted || unit->told_kill)
                return;
        unit->told_kill = true;
        snprintf(text, sizeof(text), "the kernel's OOM killer killed process %d (%s) of it", witness->pid, witness->comm);
        tell_history(s, unit, text);
}

static void note_end(Simulation *s, SimUnit *unit, const Witness *witness) {
        char text[160];

        if (!unit->parted || unit->told_end || witness->code == 0)
                return;
        unit->told_end = true;
        snprintf(text, sizeof(text), "its main process %d ended (%s %d, result %s)", witness->pid,
                 witness->code == 1 ? "exit status" : "signal", witness->status,
                 witness->word[0] ? witness->word : "unknown");
        tell_history(s, unit, text);
}

static void note_counts(Simulation *s, SimUnit *unit, const Sample *sample, bool begins) {
        unit->kills_counted = util_add(unit->kills_counted, begins ? 0 : util_sub(sample->ev_oom_kill, unit->last_oom_kill));
        unit->last_oom_kill = sample->ev_oom_kill;
        if (!count_kill(s, unit) || !unit->parted || unit->told_kill)
                return;
        unit->told_kill = true;
        tell_history(s, unit, "the kernel's OOM killer killed in it, as its memory.events counted");
}

static void note_policy(Simulation *s, SimUnit *unit) {
        const Policy *policy = NULL;

        (void) policy_set_resolve(s->policies, unitname_of_path(unit->path), unit->path, &policy);
        unit->wants_pressure |= policy && policy->n_pressures > 0;
}

void sim_note_history(Simulation *s, SimUnit *unit, const Event *event) {
        if (event->kind == EVENT_START)
                note_policy(s, unit);
        unit->saw_pressure |= event->kind == EVENT_PRESSURE;
        if (event->kind == EVENT_SAMPLE)
                note_counts(s, unit, &event->sample, /* begins= */ false);
        else if (event->kind == EVENT_START)
                note_counts(s, unit, &event->start.sample, /* begins= */ true);
        else if (event->kind == EVENT_DONE)
                unit->totals.answers++;
        else if (event->kind == EVENT_WITNESS && event->witness.fact == FACT_OOM_KILL)
                note_kill(s, unit, &event->witness);
        else if (event->kind == EVENT_WITNESS && event->witness.fact == FACT_ENDED)
                note_end(s, unit, &event->witness);
        else if (event->kind == EVENT_STOP && unit->parted)
                tell_history(s, unit, "its cgroup was removed");
}

int simulate_next_unit(const Simulation *s, unsigned *iterator, SimulateTotals *ret) {
        if (*iterator >= s->n_units)
                return 0;
        *ret = s->units[*iterator]->totals;
        ret->pressure_unknown = s->units[*iterator]->wants_pressure && !s->units[*iterator]->saw_pressure;
        (*iterator)++;
        return 1;
}

bool simulate_was_cut(const Simulation *s) {
        return s->cut;
}

uint64_t simulate_n_events(const Simulation *s) {
        return s->n_events;
}

usec_t simulate_length(const Simulation *s) {
        return s->longest;
}

uint64_t simulate_n_dropped(const Simulation *s) {
        return s->n_dropped;
}

unsigned simulate_n_strangers(const Simulation *s) {
        return s->n_strangers;
}
