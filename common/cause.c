/* Why an allocation was refused (facts-python.md 3). Only what is proved is said: the kernel names what its overcommit
 * accounting refuses, with the pid; a finite limit together with the absence of such a line is the proof of that limit,
 * unless lines may have been lost, or the error was only made: by numpy, which was refused memory, or by a `raise`. */
#include "inquest.h"

#define MAPS_NEARLY(limit) ((limit) - (limit) / 100) /* glibc gives up a few areas before the kernel's bound */

static bool is_finite(uint64_t limit) {
        return limit != 0 && limit != BYTES_INFINITY;
}

/* More than the whole machine has: no setting of this host would have granted it. */
static bool is_absurd(const Case *c) {
        return c->request != 0 && c->look.ram_and_swap != 0 && c->request > c->look.ram_and_swap;
}

/* The kernel's own accounting refused it. In mode 0 it refuses only what exceeds RAM and swap together (before Linux 6.9 the
 * line has no size). */
static Cause refused_by_accounting(const Case *c) {
        if (c->look.ram_and_swap == 0)
                return CAUSE_UNKNOWN; /* nobody looked: the mode is not known either */
        return c->look.overcommit == 0 || is_absurd(c) ? CAUSE_REQUEST_SIZE : CAUSE_OVERCOMMIT;
}

static uint64_t headroom(uint64_t limit, uint64_t used) {
        return is_finite(limit) ? util_sub(limit, used) : UINT64_MAX;
}

static Cause refused_by_rlimit(const Case *c) {
        const ProcessLook *look = &c->look;

        if (!is_finite(look->as_limit) && !is_finite(look->data_limit))
                return CAUSE_UNKNOWN;
        return headroom(look->as_limit, look->vm_size) <= headroom(look->data_limit, look->vm_data) ? CAUSE_RLIMIT_AS
                                                                                                    : CAUSE_RLIMIT_DATA;
}

static bool maps_are_full(const ProcessLook *look) {
        return look->maps != 0 && look->maps_limit != 0 && look->maps >= MAPS_NEARLY(look->maps_limit);
}

Cause cause_judge(const Case *c, Confidence *confidence) {
        Cause cause;

        if (case_has(c, FACT_REFUSED))
                return refused_by_accounting(c);
        if (case_has(c, FACT_DATA_LIMIT))
                return CAUSE_RLIMIT_DATA;
        if (maps_are_full(&c->look))
                return CAUSE_MAP_COUNT;
        cause = refused_by_rlimit(c);
        if (cause == CAUSE_UNKNOWN && is_absurd(c))
                return CAUSE_REQUEST_SIZE;
        if (cause != CAUSE_UNKNOWN && (c->kernel_blind || !c->refused))
                *confidence = MIN(*confidence, CONFIDENCE_LIKELY);
        return cause;
}
