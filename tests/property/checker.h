/* What must be true of each action of the engine, by what an outsider knows: the policies, the events that it was told,
 * and what it asked for before. */
#pragma once

#include "incident.h"
#include "property/history.h"

/* What an outsider knows of one unit, by events and actions alone. */
typedef struct Known {
        Sample sample; /* the last one told */
        uint32_t acting_id;
        usec_t acting_since;
        usec_t spent[64];
        unsigned n_spent;
        bool throttled, frozen; /* by us */
        usec_t throttled_until, frozen_until;
        bool goodbye; /* a disruptive action is under way in this run */
        bool lent;
        bool wall_lifted;
        char rung[RUNG_NAME_MAX]; /* "" = calm */
        bool unsure;              /* of the rung: it relaxed to a lower one, and has not been looked at since */
} Known;

#define STILL_MAX 400 /* more events than this without time going on are a loop */

typedef struct Checker {
        Known known[RIG_WORLDS_MAX];
        usec_t now;    /* the engine's: never falls */
        uint64_t hash; /* of everything that was asked for */
        uint32_t last_id;
        bool paused;
        usec_t still_since; /* how often the time was asked for without going on */
        unsigned n_still;
        bool told[1 << 16]; /* incidents, by their number */
} Checker;

static unsigned long n_actions[_ACTION_KIND_MAX], n_records[_RECORD_KIND_MAX], n_verdicts[_VERDICT_MAX], n_emergencies, n_forewarned;

static const Policy *policy_of(const Rig *rig, const char *path) {
        const Policy *policy = NULL;

        assert(policy_set_resolve(rig->set, unitname_of_path(path), path, &policy) >= 0);
        return policy;
}

static void add_to_hash(Checker *checker, const Action *action) {
        static char line[ACTION_LINE_MAX];
        int n = action_format(action, line);

        assert(n > 0 && n < ACTION_LINE_MAX && (size_t) n == strlen(line));
        for (int i = 0; i < n; i++)
                checker->hash = (checker->hash ^ (unsigned char) line[i]) * UINT64_C(1099511628211);
}

/* May this unit be changed at all? Putting back what the operator had is always allowed. */
static bool may_act(const Rig *rig, const Checker *checker, const char *path) {
        const Policy *policy = policy_of(rig, path);
        UnitView view;

        return policy && policy->mode == MODE_ACT && !unitname_protected(path) && !checker->paused &&
               engine_get_unit(rig->engine, path, &view) == 0 && !view.paused;
}

static void check_high(const Rig *rig, Checker *checker, const Action *action, Known *known) {
        const World *world = &rig->worlds[known - checker->known];

        if (action->restore) {
                assert(action->bytes == world->operator_high);
                known->wall_lifted = false;
                return;
        }
        assert(may_act(rig, checker, action->path));
        if (action->bytes == BYTES_INFINITY) {
                assert(world->operator_high != BYTES_INFINITY);
                known->wall_lifted = true;
                return;
        }
        /* A wire: never while a service says goodbye, never above the limit or the operator's wall, above what is used.
         */
        assert(!known->goodbye);
        assert(action->bytes < world->operator_high);
        assert(action->bytes <= known->sample.limit);
        assert(action->bytes + PAGE_BYTES > known->sample.working_set);
}

static void check_loan(const Rig *rig, const Checker *checker, const Action *action, Known *known) {
        const Policy *policy = policy_of(rig, action->path);

        if (action->restore) {
                assert(known->lent);
                /* The write itself would kill. */
                assert(known->sample.current < action->bytes);
                return;
        }
        assert(may_act(rig, checker, action->path));
        assert(policy->loan > 0 && action->bytes > known->sample.own_max);
        assert(action->bytes <= known->sample.own_max + policy->loan);
        assert(action->bytes - known->sample.own_max <= known->sample.available);
        known->lent = true;
}

static void check_disruptive(const Rig *rig, const Checker *checker, const Action *action, Known *known) {
        const Policy *policy = policy_of(rig, action->path);
        unsigned n = 0;

        /* One at a time, but for the engine's own fence behind those that never answer. */
        assert(known->acting_id == 0 || checker->now - known->acting_since >= 15 * USEC_PER_MINUTE);
        for (unsigned i = 0; i < known->n_spent; i++)
                n += checker->now - known->spent[i] < policy->budget_window;
        assert(n < policy->budget_count);
        known->spent[known->n_spent++ % ELEMENTSOF(known->spent)] = checker->now;
        known->n_spent = MIN(known->n_spent, (unsigned) ELEMENTSOF(known->spent));
        known->acting_id = action->id;
        known->acting_since = checker->now;
        known->goodbye = true;
        if (action->spec.verb == VERB_KILL)
                return;
        /* Everything that could keep a service from ending cleanly is out of the way. */
        known->throttled = false;
        assert(!known->frozen);
}

static void check_do(const Rig *rig, Checker *checker, const Action *action, Known *known) {
        const World *world = &rig->worlds[known - checker->known];

        assert(may_act(rig, checker, action->path));
        assert(action->id != 0 && action->id > checker->last_id);
        checker->last_id = action->id;
        assert(action->spec.verb != VERB_NOTIFY);
        if (verb_is_disruptive(action->spec.verb))
                check_disruptive(rig, checker, action, known);
        if (action->spec.verb == VERB_RESTART)
                assert(unitname_type(unitname_of_path(action->path)) == UNIT_SERVICE);
        if (action->spec.verb == VERB_THROTTLE) {
                assert(action->bytes <= world->operator_high && action->bytes > 0);
                known->throttled = true;
                known->throttled_until = checker->now + action->spec.duration;
        }
        if (action->spec.verb == VERB_FREEZE) {
                known->frozen = true;
                known->frozen_until = checker->now + action->spec.duration;
        }
}

/* A rung is taken only where a fresh reading shows a reason for it, at that rung or above. */
static void check_reason(const Rig *rig, const Event *event, const Policy *policy, int rung, const Known *known) {
        UnitView view;

        assert(engine_get_unit(rig->engine, event->path, &view) == 0);
        assert(event->kind == EVENT_SAMPLE || event->kind == EVENT_START);
        for (int i = rung; i < (int) policy->n_rungs; i++)
                if (known->sample.working_set >= units_level_bytes(&policy->rungs[i].usage, known->sample.limit))
                        return;
        for (int i = rung; i < (int) policy->n_rungs; i++)
                if (view.growth.class == GROWTH_LEAK && view.growth.time_to_limit <= policy->rungs[i].time_to_limit) {
                        n_forewarned++;
                        return;
                }
        for (unsigned i = 0; i < policy->n_events; i++)
                if ((int) policy->events[i].rung >= rung)
                        return;
        for (unsigned i = 0; i < policy->n_pressures; i++)
                if ((int) policy->pressures[i].rung >= rung)
                        return;
        assert(!"a rung was taken for no reason");
}

static void check_rung(const Rig *rig, const Event *event, const Record *record, Known *known) {
        const Policy *policy = policy_of(rig, event->path);
        int to = policy_find_rung(policy, record->rung);
        int from = known->rung[0] ? policy_find_rung(policy, known->rung) : -1;

        assert(to >= 0);
        if (util_streq(record->reason, "drill"))
                assert(event->kind == EVENT_DRILL);
        else {
                check_reason(rig, event, policy, to, known);
                if (util_streq(record->result, "again"))
                        assert(to == from || known->unsure);
                else
                        assert(to > from || known->unsure);
                assert(to == from + 1 || util_streq(record->result, "again") || known->unsure || util_streq(record->result, "emergency"));
                n_emergencies += util_streq(record->result, "emergency");
        }
        memcpy(known->rung, record->rung, sizeof(known->rung));
}

/* Told once, in its time, and of something. */
static void check_incident(const Event *event, const Record *record, Checker *checker) {
        const Incident *incident = record->incident;
        unsigned number;

        assert(incident && sscanf(incident->id, "0-%u", &number) == 1);
        assert(incident->count >= 1 || record->kind == RECORD_SIGHTED);
        if (record->kind == RECORD_SIGHTED) {
                assert(event->kind == EVENT_WITNESS && event->witness.fact == FACT_RAISED);
                return;
        }
        /* The last two are of a unit that lives, by its readings. */
        assert(event->kind == EVENT_TICK || event->kind == EVENT_WITNESS /* or an error that shows the one before survived */ ||
               (event->kind == EVENT_STRAIN && incident->verdict == VERDICT_LIMIT_STALL) ||
               (event->kind == EVENT_SAMPLE && incident->verdict == VERDICT_LEAK));
        assert(incident->verdict >= 0 && incident->verdict < _VERDICT_MAX && incident->verdict != VERDICT_FAILURE);
        assert(number < ELEMENTSOF(checker->told) && !checker->told[number]);
        checker->told[number] = true;
        n_verdicts[incident->verdict]++;
}

static void check_record(const Rig *rig, const Event *event, const Record *record, Known *known) {
        n_records[record->kind]++;
        assert(record->text[0]);
        assert((record->incident != NULL) == (record->kind == RECORD_INCIDENT || record->kind == RECORD_SIGHTED));
        if (record->incident)
                check_incident(event, record, rig->userdata);
        /* What we hold back ourselves does not stand still of its own. */
        if (record->incident && record->incident->verdict == VERDICT_LIMIT_STALL) {
                UnitView view;

                assert(engine_get_unit(rig->engine, record->incident->path, &view) == 0);
                assert(!view.throttled && !view.frozen && view.state != LADDER_ACTING && !known->goodbye);
        }
        if (record->kind == RECORD_RUNG)
                check_rung(rig, event, record, known);
        if (record->kind == RECORD_RELAXED) {
                assert(util_streq(record->rung, known->rung) || known->unsure);
                known->unsure = util_streq(record->result, "lower");
                known->rung[0] = 0;
        }
}

/* What is about the host itself: readings and records of its own. */
static void check_host_action(const Action *action) {
        RecordKind kind = action->record.kind;

        assert(action->kind == ACTION_HOST || action->kind == ACTION_RECORD);
        if (action->kind == ACTION_HOST)
                return;
        assert(kind >= RECORD_HOST_RUNG && kind != RECORD_HOST_STEP && action->record.text[0]);
        n_records[kind]++;
}

/* A step for the host is taken because the host itself is short, as it was just read; a service that is being ended
 * has had two seconds for that, and nobody who may go first is passed over for one to be avoided. */
static void check_host_step(const Rig *rig, const Event *event, const Action *action, const Checker *checker) {
        const Policy *policy = policy_of(rig, action->path);
        const HostPolicy *host = policy_set_host(rig->set);
        bool is_short = false;

        assert(event->kind == EVENT_HOST && may_act(rig, checker, action->path));
        for (unsigned i = 0; i < rig->n_worlds; i++) {
                const Known *known = &checker->known[i];

                assert(known->acting_id == 0 || checker->now - known->acting_since >= 2 * USEC_PER_SEC);
        }
        for (unsigned i = 0; i < host->n_rungs; i++) {
                const HostRung *rung = &host->rungs[i];

                if (!rung->relieve && i + 1 == host->n_rungs)
                        break;
                is_short |= event->host.available < units_level_bytes(&rung->available, event->host.total);
                is_short |= event->host.swap_free < units_level_bytes(&rung->swap_free, event->host.swap_total);
                is_short |= rung->stalls[STALLED_SOME].stall > 0;
        }
        assert(is_short);
        assert(policy_find_rung(policy, action->record.rung) >= 0);
        assert(!strstr(action->record.text, "though it has") || policy->preference == PREFERENCE_AVOID);
}

static void check_action(Rig *rig, const Event *event, const Action *action) {
        Checker *checker = rig->userdata;
        int at = rig_world(rig, action->path);
        Known *known;

        n_actions[action->kind]++;
        add_to_hash(checker, action);
        if (action->path[0] == 0) {
                check_host_action(action);
                return;
        }
        assert(at >= 0);
        known = &checker->known[at];
        switch (action->kind) {
        case ACTION_HIGH:
                check_high(rig, checker, action, known);
                break;
        case ACTION_LOAN:
                check_loan(rig, checker, action, known);
                break;
        case ACTION_DO:
                check_do(rig, checker, action, known);
                break;
        case ACTION_THAW:
                known->frozen = false;
                break;
        case ACTION_RECORD:
                check_record(rig, event, &action->record, known);
                if (action->record.kind == RECORD_HOST_STEP)
                        check_host_step(rig, event, action, checker);
                break;
        case ACTION_HOST:
                assert(false);
                break;
        case ACTION_SAMPLE:
        case ACTION_LISTEN:
        case ACTION_SPEND:
        case ACTION_STRAIN:
        case ACTION_LEDGER:
        case ACTION_LOOK:
        case ACTION_READ_BACK:
                break;
        case _ACTION_KIND_MAX:
        case _ACTION_KIND_INVALID:
                assert(false);
        }
}

/* What the event itself changes. */
static void note_event(Checker *checker, const Event *event, Known *known, uint64_t operator_max) {
        switch (event->kind) {
        case EVENT_START:
                known->sample = event->start.sample;
                /* Not what we lent: levels are shares of what the operator allows. */
                known->sample.limit = MIN(known->sample.limit, operator_max);
                known->goodbye = known->throttled = known->frozen = known->wall_lifted = false;
                known->rung[0] = 0; /* a new run starts calm */
                break;
        case EVENT_STOP:
                known->goodbye = known->throttled = known->frozen = known->wall_lifted = known->lent = false;
                break;
        case EVENT_SAMPLE:
                known->sample = event->sample;
                known->sample.limit = MIN(known->sample.limit, operator_max);
                break;
        case EVENT_HIGH:
                known->throttled = known->wall_lifted = false;
                break;
        case EVENT_DONE:
                if (event->done.id != known->acting_id)
                        break;
                known->acting_id = 0;
                known->goodbye = false;
                break;
        case EVENT_PAUSE:
        case EVENT_RESUME:
                if (!event->path[0])
                        checker->paused = event->kind == EVENT_PAUSE;
                break;
        case EVENT_TICK:
        case EVENT_NAMED:
        case EVENT_PRESSURE:
        case EVENT_DRILL:
        case EVENT_WITNESS:
        case EVENT_LEDGER:
        case EVENT_HOST:
        case EVENT_STRAIN:
        case EVENT_BEAT:
        case _EVENT_KIND_MAX:
        case _EVENT_KIND_INVALID:
                break;
        }
}

/* Where each ladder stands now. */
static void look_at_rungs(const Rig *rig, Checker *checker) {
        for (unsigned i = 0; i < rig->n_worlds; i++) {
                Known *known = &checker->known[i];
                UnitView view;

                known->unsure = false;
                known->rung[0] = 0;
                if (engine_get_unit(rig->engine, rig->worlds[i].path, &view) == 0 && view.rung >= 0)
                        memcpy(known->rung, view.policy->rungs[view.rung].name, sizeof(known->rung));
        }
}

/* With $MEMGUARD_TRACE: what led to a failure, to be read or to be cut down to a tests/replay/NAME.trace. */
static void trace(const Event *event, const ActionList *actions) {
        static char line[EVENT_LINE_MAX], action[ACTION_LINE_MAX];

        event_format(event, line);
        fprintf(stderr, "%s\n", line);
        for (unsigned i = 0; i < actions->n_items; i++) {
                action_format(&actions->items[i], action);
                fprintf(stderr, "#   %s\n", action);
        }
}

/* The rig's watcher; without an event after a reload. */
static void check_step(Rig *rig, const Event *event, const ActionList *actions, int result) {
        static Known nobody;
        Checker *checker = rig->userdata;
        int at = event && event->path[0] ? rig_world(rig, event->path) : -ENOENT;

        if (!event) {
                look_at_rungs(rig, checker);
                return;
        }
        if (getenv("MEMGUARD_TRACE"))
                trace(event, actions);
        checker->n_still = event->time == checker->still_since ? checker->n_still + 1 : 0;
        checker->still_since = event->time;
        assert(checker->n_still < STILL_MAX);
        checker->now = MAX(checker->now, event->time);
        if (result == 0)
                note_event(checker, event, at < 0 ? &nobody : &checker->known[at],
                           at < 0 ? 0 : rig->worlds[at].operator_max);
        for (unsigned i = 0; i < rig->n_worlds; i++)
                if (checker->known[i].goodbye && checker->now - checker->known[i].acting_since >= 15 * USEC_PER_MINUTE)
                        checker->known[i].goodbye = false;
        assert(result == 0 || actions->n_items == 0);
        assert(actions->n_dropped == 0);
        for (unsigned i = 0; i < actions->n_items; i++)
                check_action(rig, event, &actions->items[i]);
        look_at_rungs(rig, checker);
}
