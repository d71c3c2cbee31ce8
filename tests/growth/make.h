/* Makes labelled traces: what the working set of a service looks like when it is steady, warms up, leaks, steps, saws,
 * bursts or only fills its cache, with the noise, gaps, restarts and changed limits that real ones have. The same seed
 * makes the same traces; another seed other sizes, times and noise of the same kinds. It was written before the
 * estimator that is judged by it, and knows nothing of its constants. */
#pragma once

#include <math.h>
#include <stdio.h>

#include "event.h"

/* What memory does. size in MiB, times in seconds of the run. */
typedef enum PartKind {
        PART_NONE,
        PART_FLAT,   /* size */
        PART_RISE,   /* size, linearly between from and until */
        PART_LEAK,   /* size an hour, from `from` on, until `until` if that is set */
        PART_EXP,    /* up to size with the time constant time, from `from` on */
        PART_LOG,    /* size * ln(1 + t / time), from `from` on */
        PART_STAIR,  /* size every time */
        PART_SAW,    /* ramps up by size and falls at once, every time */
        PART_RAGGED, /* likewise, of teeth whose size and time differ up to threefold */
        PART_WAVE,   /* a sine of size from trough to crest, every time */
        PART_STEP,   /* size, at once, between from and until if that is set */
        PART_BURSTS, /* size for 30 s at the beginning of every time, from `from` on */
        PART_SPIN,   /* reads a file of this size again and again: rises within time, then stays with small dips */
} PartKind;

typedef struct Part {
        PartKind kind;
        double size, time, from, until;
} Part;

/* When readings come. */
typedef enum Cadence {
        CADENCE_SECOND, /* every second or two, of what is watched closely */
        CADENCE_SLOW,   /* every 15 s */
        CADENCE_MINUTE,
        CADENCE_YOUNG,  /* ever more slowly as the run grows older, up to a minute */
        CADENCE_EVENTS, /* every minute, and whenever something else brings a reading */
} Cadence;

typedef struct Make {
        const char *name, *class;
        double limit, span; /* MiB, seconds; a leak ends when it reaches its limit */
        Cadence cadence;
        double noise;         /* MiB: each reading by itself */
        double drift, memory; /* MiB, seconds: noise that remembers */
        Part parts[5];
        Part cache[2];
        double limit_at, limit_to;     /* the limit is changed */
        double restart_at, restart_more; /* the run ends and a new one begins; once more so long after that */
        double gap_from, gap_until;      /* nothing is read */
        double swap_at, swap_share;      /* that share of what is held then is swapped out */
        double leaks_from;               /* of a leak: where its way begins */
} Make;

typedef struct MakeState {
        uint64_t random;
        double drift;
        double tooth_from, tooth_time, tooth_size;
} MakeState;

static inline uint64_t make_random(MakeState *state) {
        state->random ^= state->random >> 12;
        state->random ^= state->random << 25;
        state->random ^= state->random >> 27;
        return state->random * UINT64_C(2685821657736338717);
}

static inline double make_uniform(MakeState *state) {
        return (double) (make_random(state) >> 11) / 9007199254740992.0;
}

static inline double make_normal(MakeState *state) {
        double sum = -6;

        for (unsigned i = 0; i < 12; i++)
                sum += make_uniform(state);
        return sum;
}

static inline double make_ragged(MakeState *state, const Part *part, double t) {
        while (t >= state->tooth_from + state->tooth_time) {
                state->tooth_from += state->tooth_time;
                state->tooth_time = part->time * (0.5 + make_uniform(state));
                state->tooth_size = part->size * (0.5 + make_uniform(state));
        }
        return state->tooth_size * (t - state->tooth_from) / state->tooth_time;
}

static inline double make_part(MakeState *state, const Part *part, double t) {
        double since = fmax(t - part->from, 0), phase = part->time > 0 ? fmod(since, part->time) / part->time : 0;
        bool on = t >= part->from && (part->until == 0 || t < part->until);

        switch (part->kind) {
        case PART_NONE:
                return 0;
        case PART_FLAT:
                return part->size;
        case PART_RISE:
                return part->size * fmin(since / (part->until - part->from), 1);
        case PART_LEAK:
                return part->size * (part->until > 0 ? fmin(since, part->until - part->from) : since) / 3600;
        case PART_EXP:
                return part->size * (1 - exp(-since / part->time));
        case PART_LOG:
                return part->size * log(1 + since / part->time);
        case PART_STAIR:
                return part->size * floor(since / part->time);
        case PART_SAW:
                return t < part->from ? 0 : part->size * phase;
        case PART_RAGGED:
                return make_ragged(state, part, t);
        case PART_WAVE:
                return part->size * (1 - cos(2 * M_PI * phase)) / 2;
        case PART_STEP:
                return on ? part->size : 0;
        case PART_BURSTS:
                return on && phase * part->time < 30 ? part->size : 0;
        case PART_SPIN:
                return since < part->time ? part->size * since / part->time
                                          : part->size * (1 - 0.1 * make_uniform(state));
        }
        return 0;
}

static inline double make_interval(MakeState *state, Cadence cadence, double t) {
        double uniform = make_uniform(state);

        switch (cadence) {
        case CADENCE_SECOND:
                return 1 + uniform;
        case CADENCE_SLOW:
                return 15 - fmod(t, 15);
        case CADENCE_MINUTE:
                return 60 - fmod(t, 60);
        case CADENCE_YOUNG:
                return fmin(fmax(t / 16, 1), 60);
        case CADENCE_EVENTS:
                return fmin(60 - fmod(t, 60), 1 - 40 * log(1 - uniform));
        }
        return 60;
}

static inline double make_sum(MakeState *state, const Part *parts, size_t n, double t) {
        double sum = 0;

        for (size_t i = 0; i < n; i++)
                sum += make_part(state, &parts[i], t);
        return sum;
}

/* Another seed makes another service of the same kind. */
static inline Make make_vary(const Make *make, MakeState *state) {
        Make varied = *make;
        double sizes = 0.85 + 0.3 * make_uniform(state);

        varied.limit *= sizes;
        varied.limit_to *= sizes;
        for (size_t i = 0; i < ELEMENTSOF(varied.parts); i++) {
                varied.parts[i].size *= sizes * (0.92 + 0.16 * make_uniform(state));
                varied.parts[i].time *= 0.85 + 0.3 * make_uniform(state);
        }
        varied.noise *= 0.7 + 0.6 * make_uniform(state);
        varied.drift *= 0.7 + 0.6 * make_uniform(state);
        return varied;
}

static inline void make_sample(const Make *make, MakeState *state, double t, double age, double step, Sample *ret) {
        double held = make_sum(state, make->parts, ELEMENTSOF(make->parts), age);
        double cache = make_sum(state, make->cache, ELEMENTSOF(make->cache), age);
        double limit = make->limit_at > 0 && t >= make->limit_at ? make->limit_to : make->limit, swap = 0;
        double forget = make->memory > 0 ? exp(-step / make->memory) : 0;

        state->drift = state->drift * forget + make->drift * sqrt(1 - forget * forget) * make_normal(state);
        held = fmax(held + state->drift + make->noise * make_normal(state), 1);
        if (make->swap_at > 0 && t >= make->swap_at)
                swap = make->swap_share *
                       make_sum(state, make->parts, ELEMENTSOF(make->parts), make->swap_at);
        held -= swap;
        cache = fmin(cache, fmax(limit - held, 0)); /* the kernel takes cache back at the limit */
        *ret = (Sample){
                .current = (uint64_t) ((held + cache) * (double) MIB),
                .working_set = (uint64_t) (held * (double) MIB),
                .anon = (uint64_t) (held * 0.97 * (double) MIB),
                .file = (uint64_t) (cache * (double) MIB),
                .swap = (uint64_t) (swap * (double) MIB),
                .limit = (uint64_t) (limit * (double) MIB),
                .own_max = (uint64_t) (limit * (double) MIB),
                .high = BYTES_INFINITY,
                .available = 16 * GIB,
                .swap_free = swap > 0 ? GIB : 0,
        };
}

static inline Event make_event(EventKind kind, double t) {
        Event event = {.kind = kind, .time = (usec_t) ((10000 + t) * USEC_PER_SEC)};

        snprintf(event.path, sizeof(event.path), "/system.slice/app.service");
        return event;
}

static inline void make_begin(MakeState *state) {
        state->drift = state->tooth_from = state->tooth_time = 0;
}

/* Calls tell() with every event of the trace, in order. */
static inline void make_trace(const Make *base, uint64_t seed, void (*tell)(const Event *event, void *userdata),
                              void *userdata) {
        MakeState state = {.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
        Make make;
        double began = 0, last = 0, restart = base->restart_at, more = base->restart_more;

        for (const char *p = base->name; *p; p++)
                state.random = (state.random ^ (unsigned char) *p) * UINT64_C(1099511628211);
        make = make_vary(base, &state);
        for (double t = 0; t < make.span;) {
                bool begins = t == began;
                Event event = make_event(begins ? EVENT_START : EVENT_SAMPLE, t);
                Sample sample;

                if (begins)
                        make_begin(&state);
                make_sample(&make, &state, t, t - began, t - last, &sample);
                if (begins) {
                        event.start.fresh = true;
                        event.start.operator_high = BYTES_INFINITY;
                        event.start.sample = sample;
                } else
                        event.sample = sample;
                tell(&event, userdata);
                /* What a leak does at its limit is no longer its way there. */
                if (sample.working_set >= sample.limit)
                        break;
                last = t;
                t += make_interval(&state, make.cadence, t - began);
                if (make.gap_from > 0 && t >= make.gap_from && t < make.gap_until)
                        t = make.gap_until;
                if (restart > 0 && t >= restart) {
                        event = make_event(EVENT_STOP, restart);
                        tell(&event, userdata);
                        t = began = last = restart + 1;
                        restart = more > 0 ? restart + more : 0;
                        more = 0;
                }
        }
}
