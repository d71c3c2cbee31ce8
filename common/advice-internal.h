/* Inside the adviser. */
#pragma once

#include "advice.h"

typedef struct AdviceCase {
        const HostFacts *host;
        const UnitFacts *unit;
        Advice *advice;
        bool can_swap;
} AdviceCase;

void advice_warn(Advice *advice, const char *format, ...) _printf_(2, 3);
void advice_tell(Advice *advice, const char *format, ...) _printf_(2, 3); /* a line of evidence */
/* A further setting; its value and reason are to be filled. */
AdviceSetting *advice_set(Advice *advice, const char *key);

/* The level of the last rung in bytes. */
static inline uint64_t advice_last_level(const Advice *advice) {
        return advice->max / 100 * advice->restart;
}

void advice_evidence(const AdviceCase *c); /* advice-evidence.c */
void advice_write(const AdviceCase *c);    /* advice-text.c: the drop-in and the policy */
