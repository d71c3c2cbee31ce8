/* An event loop that runs for a while, and what a Textwatch saw in it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "textwatch.h"

#define SAW_MAX 64

typedef struct Saw {
        unsigned n;
        struct {
                char path[CGROUP_PATH_MAX];
                Witness witness;
        } all[SAW_MAX]; /* the last ones */
} Saw;

static inline void saw_witness(void *userdata, const char *path, const Witness *witness) {
        Saw *saw = userdata;

        (void) snprintf(saw->all[saw->n % SAW_MAX].path, CGROUP_PATH_MAX, "%s", path);
        saw->all[saw->n++ % SAW_MAX].witness = *witness;
}

static inline const Witness *saw_last(const Saw *saw) {
        assert_true(saw->n > 0);
        return &saw->all[(saw->n - 1) % SAW_MAX].witness;
}

/* Until n witnesses were seen in all, or the time is up; says which. */
static inline bool run_until(sd_event *event, const Saw *saw, unsigned n, usec_t usec) {
        uint64_t now, until;

        assert_true(sd_event_now(event, CLOCK_MONOTONIC, &now) >= 0);
        for (until = now + usec; now < until && saw->n < n; (void) sd_event_now(event, CLOCK_MONOTONIC, &now))
                assert_true(sd_event_run(event, until - now) >= 0);
        return saw->n >= n;
}
