/* A token bucket: so many a second, and a burst of so many at once. One time says its whole state, and zeroed memory is a
 * full bucket. */
#pragma once

#include "util.h"

typedef struct Bucket {
        usec_t until; /* when it will be full again */
} Bucket;

/* Takes one token at this time. False when there is none; that costs nothing, so whoever asks too often gets his rate still.
 * rate and burst are at least 1. A clock that was set back finds the bucket full. */
bool bucket_take(Bucket *bucket, uint32_t rate, uint32_t burst, usec_t now);

/* Would bucket_take() find none? */
bool bucket_is_empty(const Bucket *bucket, uint32_t rate, uint32_t burst, usec_t now);
