/* What a simulation knows of a unit: its recorded readings and starts, where the recording stands, and the wire that the engine
 * has placed on it. */
#include "simulate-priv.h"
#include "sorted.h"

void sim_unit_free(SimUnit *unit) {
        free(unit->path);
        free(unit->readings);
        free(unit->starts);
        free(unit);
}

SimUnit *sim_unit_find(const Simulation *s, const char *path) {
        bool found;
        unsigned at = sorted_position(s->units, s->n_units, path, &found);

        return found ? s->units[at] : NULL;
}

static SimUnit *find_by_name(const Simulation *s, const char *name) {
        for (unsigned i = 0; i < s->n_units; i++)
                if ((s->units[i]->present || s->units[i]->parted) && util_streq(unitname_of_path(s->units[i]->path), name))
                        return s->units[i];
        return NULL;
}

SimUnit *sim_unit_of(const Simulation *s, const Event *event) {
        char path[CGROUP_PATH_MAX];
        char *slash;

        memcpy(path, event->path, sizeof(path));
        for (slash = path + strlen(path); slash && slash != path; slash = strrchr(path, '/')) {
                SimUnit *unit;

                *slash = 0;
                unit = sim_unit_find(s, path);
                /* What is told of a slice is not told of the units in it, nor the other way round. */
                if (unit || event->kind != EVENT_WITNESS)
                        return unit;
        }
        return event->kind == EVENT_WITNESS && event->witness.unit[0] ? find_by_name(s, event->witness.unit) : NULL;
}

int sim_unit_add(Simulation *s, const char *path, SimUnit **ret) {
        bool found;
        unsigned at = sorted_position(s->units, s->n_units, path, &found);
        _cleanup_free_ char *copy = NULL;
        SimUnit *unit;

        if (found) {
                *ret = s->units[at];
                return 0;
        }
        if (s->n_units >= SIMULATE_UNITS_MAX)
                return -ENOSPC;
        if (s->n_units == s->n_units_allocated) {
                unsigned n = MAX(2 * s->n_units_allocated, 64);
                SimUnit **more = reallocarray(s->units, n, sizeof(SimUnit *));

                if (!more)
                        return -ENOMEM;
                s->units = more;
                s->n_units_allocated = n;
        }
        copy = strdup(path);
        unit = copy ? calloc(1, sizeof(*unit)) : NULL;
        if (!unit)
                return -ENOMEM;
        unit->path = TAKE_PTR(copy);
        unit->totals = (SimulateTotals){.path = unit->path, .first_disruption = USEC_INFINITY,
                                        .first_kill = USEC_INFINITY, .lead = USEC_INFINITY};
        memmove(&s->units[at + 1], &s->units[at], (s->n_units - at) * sizeof(SimUnit *));
        s->units[at] = unit;
        s->n_units++;
        sim_unit_forget(unit);
        *ret = unit;
        return 0;
}

void sim_unit_forget(SimUnit *unit) {
        SimUnit fresh = {
                .path = unit->path,
                .readings = unit->readings,
                .n_allocated = unit->n_allocated,
                .starts = unit->starts,
                .n_starts_allocated = unit->n_starts_allocated,
                .operator_high = BYTES_INFINITY,
                .placed = BYTES_INFINITY,
                .hit_at = USEC_INFINITY,
                .wants_pressure = unit->wants_pressure,
                .saw_pressure = unit->saw_pressure,
                .kills_counted = unit->kills_counted,
                .kills_named = unit->kills_named,
                .totals = unit->totals,
        };

        *unit = fresh;
}

static int add_reading(Simulation *s, SimUnit *unit, usec_t time, const Sample *sample) {
        if (s->n_readings >= SIMULATE_READINGS_MAX)
                return -ENOSPC;
        if (unit->n_readings == unit->n_allocated) {
                unsigned n = MAX(2 * unit->n_allocated, 16);
                Reading *more = reallocarray(unit->readings, n, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                unit->readings = more;
                unit->n_allocated = n;
        }
        unit->readings[unit->n_readings++] = (Reading){time, unit->learned_run, *sample};
        s->n_readings++;
        return 0;
}

static int add_start(SimUnit *unit, usec_t time) {
        if (unit->n_starts == unit->n_starts_allocated) {
                unsigned n = MAX(2 * unit->n_starts_allocated, 4);
                usec_t *more = reallocarray(unit->starts, n, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                unit->starts = more;
                unit->n_starts_allocated = n;
        }
        unit->starts[unit->n_starts++] = time;
        unit->learned_run++;
        return 0;
}

/* A file that goes on where another ended tells again of units that are known, and so does a daemon that was restarted. */
bool sim_is_told_again(const char *invocation, const Event *event) {
        return !event->start.fresh && invocation[0] && util_streq(invocation, event->start.invocation);
}

static int learn_start(Simulation *s, const Event *event) {
        SimUnit *unit;
        int r;

        r = sim_unit_add(s, event->path, &unit);
        if (r >= 0 && !sim_is_told_again(unit->learned_invocation, event))
                r = add_start(unit, event->time);
        if (r < 0)
                return r;
        memcpy(unit->learned_invocation, event->start.invocation, sizeof(unit->learned_invocation));
        return add_reading(s, unit, event->time, &event->start.sample);
}

int sim_learn(Simulation *s, const Event *event) {
        SimUnit *unit;

        if (event->kind == EVENT_START)
                return learn_start(s, event);
        unit = sim_unit_find(s, event->path);
        if (!unit || unit->n_starts == 0)
                return 0;
        if (event->kind == EVENT_SAMPLE)
                return add_reading(s, unit, event->time, &event->sample);
        if (event->kind == EVENT_NAMED)
                memcpy(unit->learned_invocation, event->named.invocation, sizeof(unit->learned_invocation));
        if (event->kind == EVENT_STOP) {
                unit->learned_run++;
                unit->learned_invocation[0] = 0;
        }
        return 0;
}

unsigned sim_readings_left(const SimUnit *unit) {
        usec_t until = unit->at_start < unit->n_starts ? unit->starts[unit->at_start] : USEC_INFINITY;
        unsigned n = 0;

        for (unsigned i = unit->at; i < unit->n_readings && unit->readings[i].time < until; i++)
                n++;
        return n;
}

/* High events that a wire of the recorded guard made are none here; those at an operator's own wall are. */
static void count_high(SimUnit *unit, const Sample *sample) {
        uint64_t gained = util_sub(sample->ev_high, unit->high_seen);

        if (sample->high == unit->operator_high && unit->high_seen_at == unit->operator_high)
                unit->n_high = util_add(unit->n_high, gained);
        unit->high_seen = sample->ev_high;
        unit->high_seen_at = sample->high;
}

static void adapt(const SimUnit *unit, Sample *sample) {
        sample->ev_high = unit->n_high;
        sample->high = MIN(unit->placed, unit->operator_high);
}

void sim_take_reading(SimUnit *unit, const Event *event, Sample *sample) {
        if (event->kind == EVENT_START) {
                unit->high_seen = event->start.fresh ? 0 : sample->ev_high;
                unit->high_seen_at = sample->high;
                unit->n_high = 0;
        }
        if (unit->at < unit->n_readings)
                unit->at++;
        count_high(unit, sample);
        unit->hit = unit->hit && sample->current >= unit->placed;
        adapt(unit, sample);
}

static uint64_t between(uint64_t a, uint64_t b, usec_t past, usec_t whole) {
        if (a == b || a == BYTES_INFINITY || b == BYTES_INFINITY || whole == 0)
                return a;
        if (b > a)
                return a + (uint64_t) ((__uint128_t) (b - a) * past / whole);
        return a - (uint64_t) ((__uint128_t) (a - b) * past / whole);
}

/* The two recorded readings around now; b is a where the run has no later one. False before the first. */
static bool neighbours(const SimUnit *unit, usec_t now, const Reading **ret_a, const Reading **ret_b) {
        const Reading *a, *b;

        if (unit->at == 0)
                return false;
        a = b = &unit->readings[unit->at - 1];
        if (unit->at < unit->n_readings && b[1].run == a->run && b[1].time > a->time && now >= a->time)
                b++;
        *ret_a = a;
        *ret_b = b;
        return true;
}

bool sim_read(const SimUnit *unit, usec_t now, Sample *ret, usec_t *ret_apart) {
        static const size_t amounts[] = {
                offsetof(Sample, current),   offsetof(Sample, working_set), offsetof(Sample, anon),
                offsetof(Sample, file),      offsetof(Sample, shmem),       offsetof(Sample, kernel),
                offsetof(Sample, swap),      offsetof(Sample, available),   offsetof(Sample, swap_free),
                offsetof(Sample, host_free), offsetof(Sample, host_cached),
        };
        const Reading *a, *b;

        if (!unit->present || unit->parted || !neighbours(unit, now, &a, &b))
                return false;
        *ret = a->sample;
        for (size_t i = 0; i < ELEMENTSOF(amounts) && b != a; i++) {
                uint64_t from, to;

                memcpy(&from, (const char *) &a->sample + amounts[i], sizeof(from));
                memcpy(&to, (const char *) &b->sample + amounts[i], sizeof(to));
                from = between(from, to, MIN(now, b->time) - a->time, b->time - a->time);
                memcpy((char *) ret + amounts[i], &from, sizeof(from));
        }
        *ret_apart = now > a->time && now < b->time ? b->time - a->time : 0;
        adapt(unit, ret);
        return true;
}

/* The kernel charges in batches, so what is read at a hit lies above the wire. */
void sim_update_hit(SimUnit *unit, usec_t now) {
        uint64_t target = util_add(unit->placed, 2 * PAGE_BYTES), from, to;
        const Reading *a, *b;

        unit->hit_at = USEC_INFINITY;
        if (unit->placed == BYTES_INFINITY || unit->hit || !unit->present || unit->parted ||
            !neighbours(unit, now, &a, &b))
                return;
        from = b == a ? a->sample.current
                      : between(a->sample.current, b->sample.current, MIN(now, b->time) - a->time, b->time - a->time);
        to = b->sample.current;
        if (from >= target) {
                unit->hit_at = now;
                return;
        }
        from = a->sample.current;
        if (b == a || to < target || from >= target)
                return;
        unit->hit_at = a->time + (usec_t) (((__uint128_t) (b->time - a->time) * (target - from) + (to - from) - 1) / (to - from));
        unit->hit_at = MAX(unit->hit_at, now);
}
