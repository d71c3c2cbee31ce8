#include "meter.h"

static void rebase(Meter *meter, uint64_t total, usec_t now) {
        meter->based = true;
        meter->base_time = now;
        meter->base_total = total;
}

/* A base from long ago says nothing about this window. The half window on top is for readings that come late: they must not
 * lose a stall that was there. */
static bool is_stale(const Meter *meter, usec_t window, usec_t now) {
        return now < meter->base_time || now - meter->base_time > window + window / 2;
}

bool meter_read(Meter *meter, uint64_t total, usec_t stall, usec_t window, usec_t now) {
        /* A total that fell is another cgroup's. */
        if (!meter->based || total < meter->base_total || is_stale(meter, window, now)) {
                meter->holds = false;
                rebase(meter, total, now);
                return false;
        }
        if (total - meter->base_total >= stall) {
                meter->holds = true;
                rebase(meter, total, now);
        } else if (now - meter->base_time >= window) {
                meter->holds = false;
                rebase(meter, total, now);
        }
        return meter->holds;
}

bool meter_holds(const Meter *meter, usec_t window, usec_t now) {
        return meter->holds && !is_stale(meter, window, now);
}

void meter_reset(Meter *meter) {
        *meter = (Meter){0};
}
