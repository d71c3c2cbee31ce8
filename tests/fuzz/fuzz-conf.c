/* Policy files of any content: the parts between lines "===" are the files of one set. Whatever they are, mistakes are
 * told in lines that a terminal can be shown, and the policies that come out keep every bound that the engine relies
 * on. */
#include <stdio.h>

#include "conf.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SEPARATOR "\n===\n"

#define require(condition)                                                                                             \
        do {                                                                                                           \
                if (!(condition))                                                                                      \
                        abort();                                                                                       \
        } while (false)

static void check_errors(const ConfErrors *errors) {
        uint32_t c;
        int n;

        for (unsigned i = 0; i < errors->n_items; i++) {
                const char *text = errors->items[i].text;

                require(strncmp(text, "file:", strlen("file:")) == 0);
                for (; (n = utf8_next(text, &c)) > 0; text += n)
                        require(utf8_is_printable(c));
                require(n == 0);
        }
}

/* What an action is shown as can be written into a policy file again, and means the same. */
static void check_action(const ActionSpec *spec) {
        char text[ACTION_TEXT_MAX], again[ACTION_TEXT_MAX], file[2 * ACTION_TEXT_MAX];
        const Policy *policy = NULL;
        PolicySet *set = NULL;

        (void) snprintf(file, sizeof(file), "[Match]\nUnit=a.service\n[Rung r]\nAction=%s\n",
                        action_spec_format(spec, text));
        require(policy_set_new(&set) == 0);
        require(policy_set_add(set, "file", file, strlen(file), NULL) == 0);
        require(policy_set_resolve(set, "a.service", "/a.service", &policy) == 0);
        require(util_streq(action_spec_format(&policy->rungs[0].actions[0], again), text));
        (void) policy_set_free(set);
}

static void check_rung(const Rung *rung) {
        require(rung->name[0] && strlen(rung->name) < RUNG_NAME_MAX);
        require(!rung->usage.set || rung->usage.value > 0);
        require(!rung->usage.percent || rung->usage.value <= 9500);
        require(rung->hold <= 10 * USEC_PER_MINUTE);
        require(rung->settle >= 100 * USEC_PER_MSEC && rung->settle <= 10 * USEC_PER_MINUTE);
        require(rung->n_actions <= POLICY_ACTIONS_MAX);
        for (unsigned i = 0; i < rung->n_actions; i++) {
                require(i + 1 == rung->n_actions || !verb_is_disruptive(rung->actions[i].verb));
                check_action(&rung->actions[i]);
        }
}

static void check_policy(const Policy *policy) {
        require(policy->budget_count <= 32 && policy->budget_window > 0);
        require(policy->relax >= USEC_PER_SEC && policy->relax <= 60 * USEC_PER_MINUTE);
        require(policy->n_rungs <= POLICY_RUNGS_MAX);
        require(policy->n_events <= POLICY_EVENTS_MAX);
        require(policy->n_pressures <= POLICY_PRESSURE_MAX);
        for (unsigned i = 0; i < policy->n_rungs; i++)
                check_rung(&policy->rungs[i]);
        for (unsigned i = 0; i < policy->n_events; i++)
                require(policy->events[i].rung < policy->n_rungs && policy->events[i].count > 0 &&
                        policy->events[i].window > 0);
        for (unsigned i = 0; i < policy->n_pressures; i++)
                require(policy->pressures[i].rung < policy->n_rungs && policy->pressures[i].stall > 0 &&
                        policy->pressures[i].stall <= policy->pressures[i].window);
}

static void check_host(const HostPolicy *host) {
        require(host->n_rungs <= HOST_RUNGS_MAX);
        for (unsigned i = 0; i < host->n_rungs; i++) {
                const HostRung *rung = &host->rungs[i];

                require(rung->name[0] && strlen(rung->name) < RUNG_NAME_MAX);
                require(!rung->available.set || rung->available.value > 0);
                require(!rung->swap_free.percent || rung->swap_free.value <= 7500);
                require(rung->settle >= 100 * USEC_PER_MSEC && rung->settle <= 10 * USEC_PER_MINUTE);
                require(rung->hold <= 10 * USEC_PER_MINUTE);
                for (Stalled what = 0; what < _STALLED_MAX; what++)
                        require(rung->stalls[what].stall <= rung->stalls[what].window);
        }
}

static void add_files(PolicySet *set, const char *text, size_t size, ConfErrors *errors) {
        const char *end;
        size_t length;
        int r;

        for (;;) {
                unsigned n_before = errors->n_items + errors->n_dropped;

                end = memmem(text, size, SEPARATOR, strlen(SEPARATOR));
                length = end ? (size_t) (end - text) : size;
                r = policy_set_add(set, "file", text, length, errors);
                require(r == 0 || r == -EBADMSG || r == -E2BIG);
                require(r < 0 || errors->n_items + errors->n_dropped == n_before);
                require(r == 0 || errors->n_items > 0);
                if (!end)
                        return;
                text += length + strlen(SEPARATOR);
                size -= length + strlen(SEPARATOR);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const units[] = {"a.service", "api.service", "web@1.service", "user.slice", "x"};
        ConfErrors errors = {0};
        const Policy *policy = NULL;
        PolicySet *set = NULL;
        char path[64];
        int r;

        require(policy_set_new(&set) == 0);
        add_files(set, (const char *) data, size, &errors);
        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                (void) snprintf(path, sizeof(path), "/system.slice/%s", units[i]);
                require(policy_set_resolve(set, units[i], path, &policy) == 0);
                if (policy)
                        check_policy(policy);
        }
        check_host(policy_set_host(set));
        (void) policy_set_may_match_below(set, "/system.slice");

        r = policy_set_check(set, &errors);
        require(r == 0 || r == -EBADMSG);
        require(r == 0 || errors.n_items > 0);
        check_errors(&errors);
        conf_errors_done(&errors);
        (void) policy_set_free(set);
        return 0;
}
