/* What the engine costs with a thousand units, of which none moves: each line is one kind of call. */
#include <stdio.h>
#include <time.h>

#include "engine.h"

#define UNITS 1000
#define CALLS 200000

static const char policy[] = "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung ask]\nUsage=75%\nPressureSome=300ms/1s\n"
                             "Action=signal SIGUSR1\n[Rung restart]\nUsage=90%\nEvent=max 20/1min\nAction=restart\n";

static ActionList actions;
static Event events[UNITS];
static Engine *engine;

static uint64_t nanoseconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static void step(Event *event, EventKind kind, unsigned i) {
        event->kind = kind;
        event->time = 1000 * USEC_PER_SEC + i;
        actions.n_items = 0;
        if (engine_step(engine, event, &actions) != 0 || (i > 0 && actions.n_items > 0))
                abort();
}

static void start_units(void) {
        PolicySet *set;
        ConfErrors errors = {0};

        if (policy_set_new(&set) < 0 || policy_set_add(set, "bench.conf", policy, sizeof(policy) - 1, &errors) < 0 ||
            engine_new(&engine) < 0 || engine_set_policies(engine, set, 0) < 0)
                abort();
        for (unsigned i = 0; i < UNITS; i++) {
                Sample sample = {
                        .current = 100 * MIB, .working_set = 90 * MIB, .limit = 200 * MIB, .own_max = 200 * MIB};

                snprintf(events[i].path, sizeof(events[i].path), "/system.slice/system-web.slice/web@%u.service", i);
                events[i].start.operator_high = BYTES_INFINITY;
                events[i].start.sample = sample;
                step(&events[i], EVENT_START, 0);
                events[i].sample = sample;
        }
}

static void call_sample(unsigned i) {
        step(&events[i % UNITS], EVENT_SAMPLE, i + 1);
}

static void call_tick(unsigned i) {
        static Event tick;

        step(&tick, EVENT_TICK, i + 1);
}

static void call_deadline(unsigned i) {
        if (engine_next_deadline(engine) == i)
                abort();
}

static void call_format(unsigned i) {
        char line[EVENT_LINE_MAX];

        event_format(&events[i % UNITS], line);
}

static void call_parse(unsigned i) {
        static char line[EVENT_LINE_MAX];
        Event event;

        if (i == 0)
                event_format(&events[0], line);
        if (event_parse(line, &event) < 0)
                abort();
}

static const struct {
        const char *name;
        void (*call)(unsigned i);
} rows[] = {
        {"step: a sample that moves nothing", call_sample},
        {"step: a tick with nothing due", call_tick},
        {"next deadline", call_deadline},
        {"format a sample", call_format},
        {"parse a sample", call_parse},
};

int main(void) {
        start_units();
        printf("%u units, %u calls each\n", UNITS, CALLS);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                uint64_t from = nanoseconds();

                for (unsigned n = 0; n < CALLS; n++)
                        rows[i].call(n);
                printf("%-36s %6llu ns\n", rows[i].name, (unsigned long long) ((nanoseconds() - from) / CALLS));
        }
        return EXIT_SUCCESS;
}
