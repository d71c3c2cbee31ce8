/* What the flight recorder costs for each event: a reading that is left out, one that is recorded, and a start of a new file. */
#include <stdio.h>
#include <time.h>

#include "flight.h"

#define UNITS 1000
#define CALLS 200000

static const char policy[] = "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung restart]\nUsage=90%\nAction=restart\n";

static char paths[UNITS][64];
static FlightMark marks[UNITS];
static Engine *engine;

static uint64_t nanoseconds(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

static void start_units(void) {
        static ActionList actions;
        ConfErrors errors = {0};
        PolicySet *set;

        if (policy_set_new(&set) < 0 || policy_set_add(set, "bench.conf", policy, sizeof(policy) - 1, &errors) < 0 ||
            engine_new(&engine) < 0 || engine_set_policies(engine, set, 0) < 0)
                abort();
        for (unsigned i = 0; i < UNITS; i++) {
                Event event = {.kind = EVENT_START, .time = 1000 * USEC_PER_SEC};

                snprintf(paths[i], sizeof(paths[i]), "/system.slice/system-web.slice/web@%u.service", i);
                memcpy(event.path, paths[i], sizeof(paths[i]));
                event.start.operator_high = BYTES_INFINITY;
                event.start.sample = (Sample){.current = 100 * MIB, .working_set = 90 * MIB, .anon = 90 * MIB,
                                              .file = 10 * MIB, .limit = 200 * MIB, .own_max = 200 * MIB,
                                              .high = BYTES_INFINITY, .available = GIB};
                actions.n_items = 0;
                if (engine_step(engine, &event, &actions) != 0)
                        abort();
                flight_mark(&marks[i], &event.start.sample, event.time);
        }
}

/* As the daemon does it, but for the copy into the buffer. */
static void note(unsigned i, uint64_t moved) {
        static char line[EVENT_LINE_MAX];
        Event event = {.kind = EVENT_SAMPLE, .time = 1000 * USEC_PER_SEC + i};
        UnitView view;

        memcpy(event.path, paths[i % UNITS], sizeof(paths[0]));
        if (engine_get_unit(engine, event.path, &view) < 0)
                abort();
        event.sample = *view.sample;
        event.sample.ev_max += moved;
        if (flight_worth(&marks[i % UNITS], &view, &event.sample, event.time) != FLIGHT_LEAVE_OUT)
                event_format(&event, line);
        else if (moved)
                abort();
}

static void bench(const char *what, uint64_t moved) {
        uint64_t begin = nanoseconds();

        for (unsigned i = 0; i < CALLS; i++)
                note(i, moved);
        printf("%-38s %6llu ns\n", what, (unsigned long long) ((nanoseconds() - begin) / CALLS));
}

int main(void) {
        static char line[EVENT_LINE_MAX];
        uint64_t begin, bytes = 0;
        FlightHead head = {0};
        Event event;

        start_units();
        printf("%d units, %d calls each\n", UNITS, CALLS);
        bench("a reading that is left out", 0);
        bench("a reading that is recorded", 1);
        begin = nanoseconds();
        while (flight_next_head(engine, &head, 1, &event) > 0)
                bytes += (uint64_t) event_format(&event, line) + 1;
        printf("%-38s %6llu us, %llu bytes\n", "the head of a new file, in all",
               (unsigned long long) ((nanoseconds() - begin) / 1000), (unsigned long long) bytes);
        return 0;
}
