/* See psi-plan.h. */
#include "psi-plan.h"

/* kernel/sched/psi.c: WINDOW_MIN_US (gone in 6.12, where a finer one would do, too) and WINDOW_MAX_US. */
#define WINDOW_MIN (500 * USEC_PER_MSEC)
#define WINDOW_MAX (10 * USEC_PER_SEC)

/* Triggers without CAP_SYS_RESOURCE need a window that is a multiple of this (the averages' period, PSI_FREQ). */
#define WINDOW_UNPRIVILEGED (2 * USEC_PER_SEC)

/* A shorter window. So much stall somewhere in the longer one lies in as many of the shorter ones as cover it, so at
 * least one of these has its share: scaling by the bare ratio would miss a burst on an edge. */
static usec_t share(PsiPlan plan, usec_t window) {
        usec_t parts = (plan.window + window - 1) / window;

        return MAX(plan.stall / parts, (usec_t) 1);
}

PsiPlan psi_plan_merge(PsiPlan a, PsiPlan b) {
        usec_t window = MIN(a.window, b.window);

        if (a.stall == 0)
                return b;
        if (b.stall == 0)
                return a;
        return (PsiPlan){.stall = MIN(share(a, window), share(b, window)), .window = window};
}

/* Making a window longer keeps the stall: what happened in the shorter one happened in the longer one. */
PsiPlan psi_plan_fit(PsiPlan plan) {
        if (plan.window > WINDOW_MAX)
                return (PsiPlan){.stall = share(plan, WINDOW_MAX), .window = WINDOW_MAX};
        return (PsiPlan){.stall = plan.stall, .window = MAX(plan.window, WINDOW_MIN)};
}

PsiPlan psi_plan_unprivileged(PsiPlan plan) {
        usec_t periods;

        plan = psi_plan_fit(plan);
        periods = (plan.window + WINDOW_UNPRIVILEGED - 1) / WINDOW_UNPRIVILEGED;
        return (PsiPlan){.stall = plan.stall, .window = periods * WINDOW_UNPRIVILEGED};
}

void psi_heat_wake(PsiHeat *heat, PsiPlan wanted, PsiPlan armed, usec_t now) {
        heat->step = wanted.window / 4;
        heat->next = now + heat->step;
        heat->until = now + 2 * armed.window;
}

bool psi_heat_due(PsiHeat *heat, usec_t now) {
        if (now < heat->next)
                return false;
        heat->next = now + heat->step > heat->until ? USEC_INFINITY : now + heat->step;
        return true;
}
