/* Lines of a trace, one event each: whatever they say, parsing and stepping never crash. The corpus is tests/replay. */
#include <stdio.h>

#include "engine.h"

static const char policy[] = "[Match]\nUnit=*\n[Policy]\nMode=act\nLoan=64M\nRestartBudget=3/1min\n"
                             "[Rung ask]\nUsage=60%\nPressureSome=100ms/1s\nHold=1s\nAction=signal SIGUSR1\n"
                             "Action=throttle 5s\nAction=freeze 1s\n"
                             "[Rung warn]\nTimeToLimit=5min\nAction=notify\n"
                             "[Rung restart]\nUsage=90%\nEvent=max 3/1min\nAction=restart\n";

/* A line that is an event means the same when it is written and read again. */
static void check_round_trip(const Event *event) {
        char line[EVENT_LINE_MAX], again[EVENT_LINE_MAX];
        Event back;

        event_format(event, line);
        if (event_parse(line, &back) < 0)
                abort();
        event_format(&back, again);
        if (!util_streq(line, again))
                abort();
}

static void step_line(Engine *engine, const char *line) {
        static char text[ACTION_LINE_MAX];
        static ActionList actions;
        Event event;

        if (event_parse(line, &event) < 0)
                return;
        check_round_trip(&event);
        actions.n_items = actions.n_dropped = 0;
        (void) engine_step(engine, &event, &actions);
        for (unsigned i = 0; i < actions.n_items; i++)
                (void) action_format(&actions.items[i], text);
        (void) engine_next_deadline(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = strndup((const char *) data, size);
        ConfErrors errors = {0};
        PolicySet *set;
        Engine *engine;

        if (!text || policy_set_new(&set) < 0 || engine_new(&engine) < 0 ||
            policy_set_add(set, "fuzz.conf", policy, sizeof(policy) - 1, &errors) < 0 ||
            engine_set_policies(engine, set, 0) < 0)
                abort();
        for (char *rest = text, *line; (line = strsep(&rest, "\n"));)
                step_line(engine, line);
        engine_free(engine);
        policy_set_free(set);
        return 0;
}
