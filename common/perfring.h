/* The records that the kernel puts into a perf ring buffer, for events whose samples carry what PERFRING_SAMPLE_TYPE
 * says. Pure: the caller reads data_head with acquire order before, and stores the new tail with release order after.
 */
#pragma once

#include <linux/perf_event.h>

#include "util.h"

#define PERFRING_SAMPLE_TYPE                                                                                           \
        (PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU | PERF_SAMPLE_CGROUP)

typedef struct PerfRecord {
        uint32_t type; /* PERF_RECORD_SAMPLE, PERF_RECORD_LOST (only lost is set), or one of no interest */
        uint32_t pid, tid, cpu;
        uint64_t id;     /* of the event, as PERF_EVENT_IOC_ID says */
        uint64_t time;   /* nanoseconds of the event's clock */
        uint64_t cgroup; /* inode number of its directory */
        uint64_t lost;
} PerfRecord;

/* Takes the record at *tail and moves *tail behind it. 1: *ret is filled; 0: none is left; -EBADMSG: what is there is
 * no record, and *tail is head now. size: of data, a power of two. */
int perfring_next(const void *data, size_t size, uint64_t head, uint64_t *tail, PerfRecord *ret);
