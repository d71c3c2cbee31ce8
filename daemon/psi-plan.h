/* Which trigger to arm for what units want, and when a directory is hot. Pure: the time is an argument. */
#pragma once

#include "util.h"

/* `some` stall of this much in this window; stall 0 stands for none. */
typedef struct PsiPlan {
        usec_t stall, window;
} PsiPlan;

/* A plan that fires whenever one of the two would. */
PsiPlan psi_plan_merge(PsiPlan a, PsiPlan b);

/* The same within the kernel's limits for windows: fires whenever the given one would. */
PsiPlan psi_plan_fit(PsiPlan plan);

/* The same for a process without CAP_SYS_RESOURCE. */
PsiPlan psi_plan_unprivileged(PsiPlan plan);

typedef struct PsiHeat {
        usec_t step, next, until; /* next is USEC_INFINITY when cold */
} PsiHeat;

#define PSI_COLD ((PsiHeat){.next = USEC_INFINITY})

/* A trigger fired: read every quarter of the wanted window, for two of the armed one. */
void psi_heat_wake(PsiHeat *heat, PsiPlan wanted, PsiPlan armed, usec_t now);

/* Is it time to read? Then the next time is set, or it has cooled. */
bool psi_heat_due(PsiHeat *heat, usec_t now);
