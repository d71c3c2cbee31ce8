/* Small helpers that every file may use: clean-up attributes, units of time and size, and the error convention.
 *
 * Errors: a function that can fail returns an int. Below zero it is a negative errno and is passed up unchanged; zero
 * means done; above zero it is an outcome named beside that function's prototype. Outputs are called ret_x and are set on
 * success only. */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Times are microseconds of CLOCK_BOOTTIME: it goes on through a suspend, so that no hold or throttle outlives one. */
typedef uint64_t usec_t;

#define USEC_PER_MSEC ((usec_t) 1000)
#define USEC_PER_SEC ((usec_t) 1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_INFINITY UINT64_MAX /* never */

#define KIB ((uint64_t) 1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define BYTES_INFINITY UINT64_MAX /* the kernel's "max" */
#define PAGE_BYTES ((uint64_t) 4096)

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _cleanup_free_ _cleanup_(util_freep)
#define _printf_(a, b) __attribute__((format(printf, a, b)))

/* Gives a pointer away: the variable is NULL afterwards, so that its clean-up does nothing. */
#define TAKE_PTR(p)                        \
        ({                                 \
                __typeof__(p) _taken = (p); \
                (p) = NULL;                \
                _taken;                    \
        })

static inline void util_freep(void *p) {
        free(*(void **) p);
}

static inline bool util_streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* a + b, or UINT64_MAX where that overflows. */
static inline uint64_t util_add(uint64_t a, uint64_t b) {
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* a - b, or 0 where that would be negative: counters of a cgroup may fall when it is made anew. */
static inline uint64_t util_sub(uint64_t a, uint64_t b) {
        return a > b ? a - b : 0;
}
