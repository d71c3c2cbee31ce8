/* See uprobe-build.h and uprobe-rings.h. */
#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "fd.h"
#include "uprobe-rings.h"

#define RING_PAGES 2 /* 170 samples; more at a time are a flood, of which only the count matters */

/* A process that raises without end must not keep us awake: after so many wakes a CPU's ring rests for the time. */
#define WAKES_MAX 5
#define WAKES_TIME (100 * USEC_PER_MSEC)

static size_t page_size(void) {
        return (size_t) sysconf(_SC_PAGESIZE);
}

static int on_hit(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Build *build = userdata;

        (void) fd;
        /* What else than POLLIN would be so for ever. */
        if (revents & (EPOLLERR | EPOLLHUP))
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        build->handlers->hit(build->handlers->userdata);
        return 0;
}

static int open_ring(Build *build, Ring *ring, const int *fds) {
        void *map = mmap(NULL, (1 + RING_PAGES) * page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
        int r;

        if (map == MAP_FAILED)
                return -errno;
        ring->map = map;
        for (unsigned i = 0; i < build->python.n_probes; i++) {
                if (i > 0 && ioctl(fds[i], PERF_EVENT_IOC_SET_OUTPUT, fds[0]) < 0)
                        return -errno;
                if (ioctl(fds[i], PERF_EVENT_IOC_ID, &ring->ids[i]) < 0)
                        return -errno;
        }
        r = sd_event_add_io(build->event, &ring->source, fds[0], EPOLLIN, on_hit, build);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(ring->source, "uprobe-ring");
        return sd_event_source_set_ratelimit(ring->source, WAKES_TIME, WAKES_MAX);
}

int rings_open(Build *build) {
        unsigned n = build->n_fds / build->python.n_probes;
        int r;

        build->rings = calloc(n, sizeof(Ring));
        if (!build->rings)
                return -ENOMEM;
        for (; build->n_rings < n; build->n_rings++) {
                r = open_ring(build, &build->rings[build->n_rings],
                              build->fds + build->n_rings * build->python.n_probes);
                if (r < 0) {
                        build->n_rings++; /* closes what of it is open */
                        return r;
                }
        }
        for (unsigned i = 0; i < build->n_fds; i++)
                if (ioctl(build->fds[i], PERF_EVENT_IOC_ENABLE, 0) < 0)
                        return -errno;
        return 0;
}

void rings_close(Build *build) {
        for (unsigned i = 0; i < build->n_rings; i++) {
                sd_event_source_disable_unref(build->rings[i].source);
                if (build->rings[i].map)
                        (void) munmap(build->rings[i].map, (1 + RING_PAGES) * page_size());
        }
        build->n_rings = 0;
        free(TAKE_PTR(build->rings));
}

/* Which probe of the build this event is; _PYPROBE_INVALID when it is none. */
static PyProbeKind kind_of(const Build *build, const Ring *ring, uint64_t id) {
        for (unsigned i = 0; i < build->python.n_probes; i++)
                if (ring->ids[i] == id)
                        return build->python.probes[i].kind;
        return _PYPROBE_INVALID;
}

static unsigned read_ring(const Build *build, const Ring *ring, unsigned max, build_record_t record, void *userdata) {
        struct perf_event_mmap_page *page = ring->map;
        const void *data = (const uint8_t *) ring->map + page_size();
        uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE), tail = page->data_tail;
        PerfRecord one;
        unsigned n = 0;

        while (n < max && perfring_next(data, RING_PAGES * page_size(), head, &tail, &one) > 0) {
                PyProbeKind kind = kind_of(build, ring, one.id);

                if (one.type == PERF_RECORD_LOST || (one.type == PERF_RECORD_SAMPLE && kind >= 0)) {
                        record(userdata, build, &one, kind);
                        n++;
                }
        }
        __atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
        return n;
}

unsigned build_read(const Build *build, unsigned max, build_record_t record, void *userdata) {
        unsigned n = 0;

        for (unsigned i = 0; i < build->n_rings && n < max; i++)
                n += read_ring(build, &build->rings[i], max - n, record, userdata);
        return n;
}
