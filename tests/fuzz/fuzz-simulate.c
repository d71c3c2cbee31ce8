/* Any text as a trace, under a policy with every kind of rung, in both modes: never a crash, never without an end, and every item
 * makes sense. The corpus is tests/replay. */
#include "simulate.h"
#include "utf8.h"

#define BYTES_MAX 20000

static const char policy[] = "[Match]\nUnit=*\n[Policy]\nMode=act\nLoan=64M\nRestartBudget=3/1min\nRelax=2s\n"
                             "[Rung ask]\nUsage=60%\nPressureSome=100ms/1s\nHold=1s\nAction=signal SIGUSR1\n"
                             "Action=throttle 5s\nAction=freeze 1s\nAction=reclaim 10%\n"
                             "[Rung restart]\nUsage=90%\nEvent=max 3/1min\nEvent=oom-kill 2/1min\nAction=restart\n";

static void check(bool holds) {
        if (!holds)
                abort();
}

static void tell(void *userdata, const SimulateItem *item) {
        static char line[ACTION_LINE_MAX];
        const bool *replay = userdata;

        check(item->kind >= 0 && item->kind < _SIMULATE_KIND_MAX && item->mark >= 0 && item->mark < _SIMULATE_MARK_MAX);
        check(item->path && (item->kind == SIMULATE_ACTION) == (item->action != NULL));
        check(!*replay || item->kind == SIMULATE_ACTION || item->kind == SIMULATE_BEGIN);
        if (item->action)
                check(action_format(item->action, line) < ACTION_LINE_MAX);
        check(memchr(item->text, 0, sizeof(item->text)));
}

static void simulate(PolicySet *set, const uint8_t *data, size_t size, bool replay) {
        /* Little time is played between events, so that each input is done soon. */
        SimulateOptions options = {.replay = replay, .gap = 5 * USEC_PER_SEC, .userdata = &replay, .tell = tell};
        SimulateProblem problem = {0};
        Simulation *simulation;
        SimulateTotals totals;
        unsigned iterator = 0;
        int r;

        check(simulate_new(&simulation, set, &options) == 0);
        for (unsigned i = 0; i < 2; i++) {
                r = simulate_text(simulation, (const char *) data, size, &problem);
                check(r == 0 || (r == -EBADMSG && problem.text[0]));
        }
        while (simulate_next_unit(simulation, &iterator, &totals) > 0)
                check(totals.path[0] == '/' && (totals.disruptions > 0) == (totals.first_disruption != USEC_INFINITY) &&
                      (totals.lead == USEC_INFINITY || totals.kills > 0));
        simulate_free(simulation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        ConfErrors errors = {0};
        PolicySet *set;

        if (size > BYTES_MAX)
                return 0;
        if (policy_set_new(&set) < 0 || policy_set_add(set, "fuzz.conf", policy, sizeof(policy) - 1, &errors) < 0)
                abort();
        simulate(set, data, size, false);
        simulate(set, data, size, true);
        policy_set_free(set);
        return 0;
}
