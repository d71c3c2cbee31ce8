/* See perfring.h. */
#include "perfring.h"

/* What follows the header, in the order that perf_event_open(2) gives for PERFRING_SAMPLE_TYPE. */
typedef struct SampleBody {
        uint64_t id;
        uint32_t pid, tid;
        uint64_t time;
        uint32_t cpu, reserved;
        uint64_t cgroup;
} SampleBody;

typedef struct LostBody {
        uint64_t id, lost;
} LostBody;

/* Records wrap around anywhere. */
static void copy_out(const void *data, size_t size, uint64_t at, void *buf, size_t n) {
        size_t begin = (size_t) (at & (size - 1)), first = MIN(n, size - begin);

        memcpy(buf, (const uint8_t *) data + begin, first);
        memcpy((uint8_t *) buf + first, data, n - first);
}

static int take_body(const void *data, size_t size, uint64_t at, size_t n, PerfRecord *record) {
        SampleBody sample;
        LostBody lost;

        switch (record->type) {
        case PERF_RECORD_SAMPLE:
                if (n < sizeof(sample))
                        return -EBADMSG;
                copy_out(data, size, at, &sample, sizeof(sample));
                record->id = sample.id;
                record->pid = sample.pid;
                record->tid = sample.tid;
                record->time = sample.time;
                record->cpu = sample.cpu;
                record->cgroup = sample.cgroup;
                return 0;
        case PERF_RECORD_LOST:
                if (n < sizeof(lost))
                        return -EBADMSG;
                copy_out(data, size, at, &lost, sizeof(lost));
                record->id = lost.id;
                record->lost = lost.lost;
                return 0;
        default:
                return 0;
        }
}

int perfring_next(const void *data, size_t size, uint64_t head, uint64_t *tail, PerfRecord *ret) {
        uint64_t left = head - *tail, at = *tail;
        struct perf_event_header header;
        PerfRecord record = {};

        assert(size > 0 && (size & (size - 1)) == 0);
        if (left == 0)
                return 0;
        *tail = head;
        if (left > size || left < sizeof(header))
                return -EBADMSG;
        copy_out(data, size, at, &header, sizeof(header));
        if (header.size < sizeof(header) || header.size > left)
                return -EBADMSG;
        record.type = header.type;
        if (take_body(data, size, at + sizeof(header), header.size - sizeof(header), &record) < 0)
                return -EBADMSG;
        *tail = at + header.size;
        *ret = record;
        return 1;
}
