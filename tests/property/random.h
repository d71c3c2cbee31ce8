/* Random numbers whose seed is told, so that what they found can be seen again: MEMGUARD_SEED=... test-x */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t random_state;

/* xorshift64* */
static inline uint64_t random_u64(void) {
        random_state ^= random_state >> 12;
        random_state ^= random_state << 25;
        random_state ^= random_state >> 27;
        return random_state * UINT64_C(2685821657736338717);
}

/* 0 to n - 1. */
static inline uint64_t random_below(uint64_t n) {
        return (random_u64() >> 11) % n;
}

static inline bool random_one_in(unsigned n) {
        return random_below(n) == 0;
}

static inline void random_start(void) {
        const char *given = getenv("MEMGUARD_SEED");
        uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t) time(NULL) * UINT64_C(0x9e3779b97f4a7c15);

        random_state = seed ? seed : 1;
        printf("MEMGUARD_SEED=%#llx\n", (unsigned long long) random_state);
        fflush(stdout);
}
