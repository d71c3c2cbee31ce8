/* The text of a trace: lines to events, and stretches of recording, each of which is gone over twice: first what there will be,
 * then what follows from it. */
#include <stdarg.h>
#include <stdio.h>

#include "simulate-priv.h"

#define BEGINS "#begin "

typedef struct Text {
        const char *at, *end;
        unsigned line;
        bool cut; /* the line last taken has no end */
        char buf[EVENT_LINE_MAX + 1];
        SimulateProblem *problem;
} Text;

static _printf_(2, 3) int fail(Text *text, const char *format, ...) {
        va_list ap;

        text->problem->line = text->line;
        va_start(ap, format);
        vsnprintf(text->problem->text, sizeof(text->problem->text), format, ap);
        va_end(ap);
        return -EBADMSG;
}

/* The next line: 1, 0 at the end, -EBADMSG. */
static int take_line(Text *text) {
        const char *end;
        size_t n;

        if (text->at >= text->end)
                return 0;
        end = memchr(text->at, '\n', (size_t) (text->end - text->at));
        text->cut = end == NULL;
        n = (size_t) ((end ? end : text->end) - text->at);
        text->line++;
        if (n > EVENT_LINE_MAX)
                return fail(text, "the line has %zu bytes; expected at most %d", n, EVENT_LINE_MAX);
        if (memchr(text->at, 0, n))
                return fail(text, "the line holds a NUL byte; expected text");
        memcpy(text->buf, text->at, n);
        text->buf[n] = 0;
        text->at += n + (end != NULL);
        return 1;
}

/* The next event of this stretch: 1; 0 at its end, before the line that begins the next one. */
static int take_event(Simulation *s, Text *text, Event *ret) {
        int r;

        for (;;) {
                const char *at = text->at;

                r = take_line(text);
                if (r <= 0)
                        return r;
                if (strncmp(text->buf, BEGINS, strlen(BEGINS)) == 0) {
                        text->at = at;
                        text->line--;
                        return 0;
                }
                if (text->buf[0] == 0 || text->buf[0] == '#')
                        continue;
                /* Even what looks like an event may have lost the end of a number. */
                if (text->cut) {
                        s->cut = true;
                        return 0;
                }
                r = event_parse(text->buf, ret);
                if (r < 0)
                        return fail(text, "this is no event that this version knows; expected TIME KIND PATH KEY=VALUE...");
                if (ret->time > USEC_INFINITY / 4)
                        return fail(text, "the time lies some hundred thousand years ahead; expected microseconds since boot");
                return 1;
        }
}

static int too_many(Text *text, int r) {
        if (r == -ENOSPC)
                return fail(text, "the trace is about too much; expected at most %d cgroups and %d readings", SIMULATE_UNITS_MAX,
                            SIMULATE_READINGS_MAX);
        if (r == -E2BIG)
                return fail(text, "up to this line the engine was asked %d times; longer traces must be cut in parts",
                            SIMULATE_STEPS_MAX);
        return r;
}

/* Over a stretch with one of the two passes. */
static int pass(Simulation *s, Text *text, int (*take)(Simulation *s, const Event *event)) {
        Event event;
        int r;

        while ((r = take_event(s, text, &event)) > 0) {
                r = take(s, &event);
                if (r < 0)
                        return too_many(text, r);
        }
        return r;
}

static int first_time(Simulation *s, Text *text, const FlightBegin *clock, usec_t *ret) {
        Text look = *text;
        Event event;
        int r;

        *ret = clock->boottime;
        r = take_event(s, &look, &event);
        if (r > 0 && clock->boottime == 0)
                *ret = event.time;
        return r;
}

/* Does this stretch go on where the one before ended? */
static bool goes_on(const Simulation *s, const FlightBegin *clock) {
        return s->any && clock->goes_on && util_streq(clock->boot, s->clock.boot) && clock->boottime + USEC_PER_MINUTE >= s->now;
}

/* Comments are all that is left of it. */
static int skip(Text *text) {
        int r = 1;

        while (r > 0 && strncmp(text->at, BEGINS, MIN((size_t) (text->end - text->at), strlen(BEGINS))) != 0)
                r = take_line(text);
        return MIN(r, 0);
}

static int play_stretch(Simulation *s, Text *text, const FlightBegin *clock) {
        Text again;
        usec_t first;
        int r;

        r = first_time(s, text, clock, &first);
        if (r < 0)
                return r;
        if (r == 0)
                return skip(text);
        if (!goes_on(s, clock)) {
                r = sim_begin(s, clock, first);
                if (r < 0)
                        return r;
        }
        again = *text;
        r = pass(s, &again, sim_learn);
        if (r < 0)
                return r;
        return pass(s, text, sim_play);
}

int simulate_text(Simulation *s, const char *bytes, size_t size, SimulateProblem *ret_problem) {
        _cleanup_free_ Text *text = malloc(sizeof(*text));
        FlightBegin clock = {0};
        int r = 0;

        if (!text)
                return -ENOMEM;
        s->cut = false;
        *ret_problem = (SimulateProblem){0};
        *text = (Text){.at = bytes, .end = bytes + size, .problem = ret_problem};
        while (r >= 0 && text->at < text->end) {
                r = play_stretch(s, text, &clock);
                if (r < 0 || text->at >= text->end || s->cut)
                        break;
                r = take_line(text);
                if (r < 0)
                        break;
                r = flight_begin_parse(text->buf, &clock);
                if (text->cut) {
                        s->cut = true;
                        return 0;
                }
                if (r < 0)
                        r = fail(text, "the beginning of a stretch is damaged; expected #begin boottime=... realtime=... boot=... goes_on=...");
        }
        return MIN(r, 0);
}
