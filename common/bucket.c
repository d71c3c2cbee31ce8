/* See bucket.h. The generic cell rate algorithm: no counter that must be refilled, and no remainder that gets lost. */
#include "bucket.h"

bool bucket_take(Bucket *bucket, uint32_t rate, uint32_t burst, usec_t now) {
        usec_t each = USEC_PER_SEC / rate, whole = each * burst;

        if (bucket->until < now || bucket->until - now > whole)
                bucket->until = now;
        if (bucket->until - now + each > whole)
                return false;
        bucket->until += each;
        return true;
}
