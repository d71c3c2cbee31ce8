/* See bucket.h. The generic cell rate algorithm: no counter that must be refilled, and no remainder that gets lost. */
#include "bucket.h"

/* When it will be full again as things stand; a time that can't be is that of a clock that was set back. */
static usec_t full_at(const Bucket *bucket, usec_t whole, usec_t now) {
        return bucket->until < now || bucket->until - now > whole ? now : bucket->until;
}

bool bucket_is_empty(const Bucket *bucket, uint32_t rate, uint32_t burst, usec_t now) {
        usec_t each = USEC_PER_SEC / rate, whole = each * burst;

        return full_at(bucket, whole, now) - now + each > whole;
}

bool bucket_take(Bucket *bucket, uint32_t rate, uint32_t burst, usec_t now) {
        usec_t each = USEC_PER_SEC / rate;

        if (bucket_is_empty(bucket, rate, burst, now))
                return false;
        bucket->until = full_at(bucket, each * burst, now) + each;
        return true;
}
