#include "hostpolicy.h"

void host_rung_init(HostRung *rung, const char *name) {
        const Source built_in = {.file = -1};

        *rung = (HostRung){
                .settle = 5 * USEC_PER_SEC,
                .source = built_in,
                .available_source = built_in,
                .swap_free_source = built_in,
                .hold_source = built_in,
                .settle_source = built_in,
                .notify_source = built_in,
                .relieve_source = built_in,
        };
        for (Stalled what = 0; what < _STALLED_MAX; what++)
                rung->stalls[what].source = built_in;
        memcpy(rung->name, name, MIN(strlen(name), sizeof(rung->name) - 1));
}

bool host_rung_has_condition(const HostRung *rung) {
        return rung->available.set || rung->swap_free.set || rung->stalls[STALLED_SOME].stall > 0 ||
               rung->stalls[STALLED_FULL].stall > 0;
}

int host_policy_find(const HostPolicy *policy, const char *name) {
        for (unsigned i = 0; i < policy->n_rungs; i++)
                if (util_streq(policy->rungs[i].name, name))
                        return (int) i;
        return -ENOENT;
}

int host_policy_add(HostPolicy *policy, const char *name) {
        int i = host_policy_find(policy, name);

        if (i >= 0)
                return i;
        if (policy->n_rungs >= HOST_RUNGS_MAX)
                return -ENOSPC;
        host_rung_init(&policy->rungs[policy->n_rungs], name);
        return (int) policy->n_rungs++;
}

void host_policy_shape(const HostPolicy *policy, Policy *ret) {
        policy_init(ret);
        ret->n_rungs = policy->n_rungs;
        for (unsigned i = 0; i < policy->n_rungs; i++) {
                rung_init(&ret->rungs[i], policy->rungs[i].name);
                ret->rungs[i].hold = policy->rungs[i].hold;
                ret->rungs[i].settle = policy->rungs[i].settle;
        }
}

int host_policy_pressure(const HostPolicy *policy, usec_t *ret_stall, usec_t *ret_window) {
        usec_t window = USEC_INFINITY, stall = USEC_INFINITY;

        for (unsigned i = 0; i < policy->n_rungs * _STALLED_MAX; i++) {
                const HostStall *at = &policy->rungs[i / _STALLED_MAX].stalls[i % _STALLED_MAX];

                if (at->stall > 0)
                        window = MIN(window, at->window);
        }
        if (window == USEC_INFINITY)
                return 0;
        for (unsigned i = 0; i < policy->n_rungs * _STALLED_MAX; i++) {
                const HostStall *at = &policy->rungs[i / _STALLED_MAX].stalls[i % _STALLED_MAX];

                if (at->stall > 0)
                        stall = MIN(stall, window * at->stall / at->window);
        }
        *ret_stall = MAX(stall, 1);
        *ret_window = window;
        return 1;
}

const char *host_rung_actions(const HostRung *rung) {
        if (rung->notify)
                return rung->relieve ? "notify, relieve" : "notify";
        return rung->relieve ? "relieve" : "";
}
