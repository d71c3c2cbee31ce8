/* The flow of a simulation: recorded events and what is due between them (ticks, answers, hits of wires), in the order of their
 * times, into the engine, and what it asks for out. */
#include "simulate-priv.h"

#define WAKE (2 * USEC_PER_MSEC) /* from a wire's crossing to the reading: facts-kernel.md says milliseconds */
#define IN_INSTANT_MAX (4 * ENGINE_UNITS_MAX) /* ticks at one moment; an engine that wants more is moved on */

int simulate_new(Simulation **ret, PolicySet *policies, const SimulateOptions *options) {
        Simulation *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->options = *options;
        s->policies = policies;
        if (s->options.gap == 0)
                s->options.gap = SIMULATE_GAP;
        *ret = s;
        return 0;
}

Simulation *simulate_free(Simulation *s) {
        if (!s)
                return NULL;
        engine_free(s->engine);
        for (unsigned i = 0; i < s->n_units; i++)
                sim_unit_free(s->units[i]);
        free(s->units);
        free(s);
        return NULL;
}

int sim_begin(Simulation *s, const FlightBegin *clock, usec_t first) {
        SimulateItem item = {.kind = SIMULATE_BEGIN};
        int r;

        s->engine = engine_free(s->engine);
        r = engine_new(&s->engine);
        if (r < 0)
                return r;
        r = engine_set_policies(s->engine, s->policies, 0);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < s->n_units; i++)
                sim_unit_forget(s->units[i]);
        memset(s->answers, 0, sizeof(s->answers));
        s->n_readings = s->n_wanted = 0;
        s->now = s->begin = first;
        s->clock = *clock;
        s->any = true;
        sim_tell(s, &item, "");
        return 0;
}

static void add_answer(Simulation *s, SimUnit *unit, const Action *action) {
        for (unsigned i = 0; i < ANSWERS_MAX; i++) {
                if (s->answers[i].id != 0)
                        continue;
                s->answers[i] = (Answer){util_add(s->now, sim_latency(action->spec.verb)), action->id, unit, action->spec.verb};
                return;
        }
}

/* What the shell would do with it. */
static void carry_out(Simulation *s, SimUnit *unit, const Action *action) {
        if (action->kind == ACTION_SAMPLE && s->n_wanted < WANTED_MAX)
                s->wanted[s->n_wanted++] = unit;
        if (action->kind == ACTION_HIGH) {
                unit->placed = action->restore ? BYTES_INFINITY : action->bytes;
                unit->hit = false;
                sim_update_hit(unit, s->now);
        }
        if (action->kind != ACTION_DO)
                return;
        add_answer(s, unit, action);
        if (verb_is_disruptive(action->spec.verb))
                sim_part(s, unit);
}

static int step_once(Simulation *s, Event *event) {
        event->time = s->options.replay ? event->time : s->now;
        s->actions.n_items = s->actions.n_dropped = 0;
        if (++s->n_steps > SIMULATE_STEPS_MAX)
                return -E2BIG;
        (void) engine_step(s->engine, event, &s->actions);
        s->n_dropped += s->actions.n_dropped;
        for (unsigned i = 0; i < s->actions.n_items; i++) {
                const Action *action = &s->actions.items[i];
                SimUnit *unit = action->path[0] ? sim_unit_find(s, action->path) : NULL;

                sim_tell_action(s, unit, action);
                if (unit && !s->options.replay)
                        carry_out(s, unit, action);
        }
        return 0;
}

/* As in the shell: what was asked to be read is read at once, after everything else that was asked for. */
static int step(Simulation *s, Event *event, usec_t apart) {
        int r;

        s->apart = apart;
        r = step_once(s, event);
        s->answering = false;
        for (unsigned i = 0; r >= 0 && i < s->n_wanted; i++) {
                SimUnit *unit = s->wanted[i];
                Event reading = {.kind = EVENT_SAMPLE};

                if (!sim_read(unit, s->now, &reading.sample, &s->apart))
                        continue;
                memcpy(reading.path, unit->path, strlen(unit->path) + 1);
                r = step_once(s, &reading);
        }
        s->n_wanted = 0;
        s->apart = 0;
        return r;
}

static Answer *next_answer(Simulation *s) {
        Answer *next = NULL;

        for (unsigned i = 0; i < ANSWERS_MAX; i++)
                if (s->answers[i].id != 0 && (!next || s->answers[i].due < next->due))
                        next = &s->answers[i];
        return next;
}

static SimUnit *next_hit(const Simulation *s) {
        SimUnit *next = NULL;

        for (unsigned i = 0; i < s->n_units; i++)
                if (s->units[i]->hit_at != USEC_INFINITY && (!next || s->units[i]->hit_at < next->hit_at))
                        next = s->units[i];
        return next;
}

/* A run that was ended is over; the next one is that of the recording. */
static int give_answer(Simulation *s, Answer *answer) {
        Event event = {.kind = EVENT_DONE};
        SimUnit *unit = answer->unit;
        Event stop = {.kind = EVENT_STOP};
        int r = 0;

        memcpy(event.path, unit->path, strlen(unit->path) + 1);
        memcpy(stop.path, unit->path, strlen(unit->path) + 1);
        event.done.id = answer->id;
        event.done.latency = sim_latency(answer->verb);
        answer->id = 0;
        if (verb_is_disruptive(answer->verb) && unit->present && unit->parted) {
                unit->present = false;
                r = step(s, &stop, 0);
        }
        s->answering = true;
        return r < 0 ? r : step(s, &event, 0);
}

static int give_hit(Simulation *s, SimUnit *unit) {
        Event event = {.kind = EVENT_SAMPLE};
        usec_t apart;

        unit->hit = true;
        unit->hit_at = USEC_INFINITY;
        unit->n_high = util_add(unit->n_high, 1);
        if (!sim_read(unit, s->now, &event.sample, &apart))
                return 0;
        memcpy(event.path, unit->path, strlen(unit->path) + 1);
        return step(s, &event, apart);
}

static int give_tick(Simulation *s) {
        Event event = {.kind = EVENT_TICK};

        s->n_in_instant = s->instant == s->now ? s->n_in_instant + 1 : 0;
        s->instant = s->now;
        if (s->n_in_instant > IN_INSTANT_MAX)
                s->now = util_add(s->now, USEC_PER_MSEC);
        return step(s, &event, 0);
}

static int advance(Simulation *s, usec_t until) {
        int r = 0;

        while (r >= 0) {
                usec_t tick = engine_next_deadline(s->engine), answered, hit_at, due;
                Answer *answer = next_answer(s);
                SimUnit *hit = next_hit(s);

                answered = answer ? answer->due : USEC_INFINITY;
                hit_at = hit ? util_add(hit->hit_at, WAKE) : USEC_INFINITY;
                due = MIN(tick, MIN(answered, hit_at));
                if (due > until)
                        break;
                s->now = MAX(s->now, due);
                r = due == answered ? give_answer(s, answer) : due == hit_at ? give_hit(s, hit) : give_tick(s);
        }
        s->now = MAX(s->now, until);
        return r;
}

/* A silence: as much of it is played as may matter. */
static int pass_time(Simulation *s, usec_t until) {
        SimulateItem item = {.kind = SIMULATE_GAP_SKIPPED};
        int r;

        if (util_sub(until, s->now) <= s->options.gap)
                return advance(s, until);
        r = advance(s, s->now + s->options.gap);
        item.until = util_sub(until, s->begin);
        if (r >= 0)
                sim_tell(s, &item, "");
        s->now = until;
        return r;
}

/* The unit's next recorded run: from here both histories are one again. */
static void join(Simulation *s, SimUnit *unit, const Event *event) {
        SimulateItem item = {.kind = SIMULATE_JOINED};

        if (unit->parted) {
                unit->joined_at = s->now;
                sim_tell(s, &item, unit->path);
        }
        unit->parted = false;
        unit->present = true;
        unit->placed = BYTES_INFINITY;
        unit->hit = false;
        unit->operator_high = event->start.operator_high;
        memcpy(unit->invocation, event->start.invocation, sizeof(unit->invocation));
        if (unit->at_start < unit->n_starts)
                unit->at_start++;
}

static void leave_out(SimUnit *unit, const Event *event) {
        if (event->kind == EVENT_STOP)
                unit->invocation[0] = 0;
        if (event->kind != EVENT_SAMPLE && event->kind != EVENT_START)
                return;
        unit->totals.left_out++;
        if (unit->at < unit->n_readings)
                unit->at++;
}

/* Witnesses may speak of a run when the next one is there. */
static bool is_of_parted_run(const SimUnit *unit, const Event *event) {
        const Witness *witness = &event->witness;

        if (unit->parted)
                return event->kind != EVENT_PAUSE && event->kind != EVENT_RESUME;
        if (unit->joined_at == 0 || event->kind != EVENT_WITNESS)
                return false;
        if (witness->invocation[0] && unit->parted_invocation[0])
                return util_streq(witness->invocation, unit->parted_invocation);
        return witness->at >= unit->parted_at && witness->at < unit->joined_at;
}

/* What changes without the engine's doing. */
static void follow(SimUnit *unit, Event *event) {
        if (event->kind == EVENT_NAMED)
                memcpy(unit->invocation, event->named.invocation, sizeof(unit->invocation));
        if (event->kind == EVENT_HIGH) {
                unit->operator_high = event->high.bytes;
                unit->placed = BYTES_INFINITY;
        }
        if (event->kind == EVENT_STOP) {
                unit->present = false;
                unit->invocation[0] = 0;
        }
        if (event->kind == EVENT_START)
                sim_take_reading(unit, event, &event->start.sample);
        if (event->kind == EVENT_SAMPLE)
                sim_take_reading(unit, event, &event->sample);
}

/* What a recorded event is to the engine, once its time has come. */
static int play_of(Simulation *s, SimUnit *unit, Event *event) {
        bool again = event->kind == EVENT_START && sim_is_told_again(unit->invocation, event);
        int r;

        sim_note_history(s, unit, event);
        if (event->kind == EVENT_DONE)
                return 0;
        if (again && !unit->parted) {
                Sample sample = event->start.sample;

                event->kind = EVENT_SAMPLE;
                event->sample = sample;
        }
        if (event->kind == EVENT_START && !again)
                join(s, unit, event);
        if (is_of_parted_run(unit, event)) {
                leave_out(unit, event);
                return 0;
        }
        follow(unit, event);
        r = step(s, event, 0);
        sim_update_hit(unit, s->now);
        return r;
}

/* Recorded answers that no action of this replay asked for. */
static void note_stranger(Simulation *s, const Event *event) {
        if (event->kind != EVENT_DONE)
                return;
        for (unsigned i = 0; i < s->actions.n_items; i++)
                if (s->actions.items[i].kind == ACTION_RECORD)
                        return;
        s->n_strangers++;
}

static int replay(Simulation *s, Event *event) {
        SimUnit *unit = sim_unit_of(s, event);
        int r;

        s->now = event->time;
        if (unit)
                sim_note_history(s, unit, event);
        r = step_once(s, event);
        note_stranger(s, event);
        return r;
}

int sim_play(Simulation *s, const Event *event) {
        Event own = *event;
        SimUnit *unit;
        int r;

        s->n_events++;
        s->longest = MAX(s->longest, util_sub(event->time, s->begin));
        if (s->options.replay)
                return replay(s, &own);
        r = pass_time(s, event->time);
        if (r < 0 || event->kind == EVENT_TICK)
                return r;
        unit = sim_unit_of(s, event);
        return unit ? play_of(s, unit, &own) : event->kind == EVENT_DONE ? 0 : step(s, &own, 0);
}
