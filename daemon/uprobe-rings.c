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

#define CLOSE_LIMIT (30 * USEC_PER_SEC) /* close() can't be interrupted; this is only what the worker asks for */

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
        Probes *probes = &build->probes;
        unsigned n = probes->n_fds / build->python.n_probes;
        int r;

        probes->rings = calloc(n, sizeof(Ring));
        if (!probes->rings)
                return -ENOMEM;
        while (probes->n_rings < n) {
                unsigned i = probes->n_rings++; /* counted first: rings_close() undoes what of it was done */

                r = open_ring(build, &probes->rings[i], probes->fds + i * build->python.n_probes);
                if (r < 0)
                        return r;
        }
        for (unsigned i = 0; i < probes->n_fds; i++)
                if (ioctl(probes->fds[i], PERF_EVENT_IOC_ENABLE, 0) < 0)
                        return -errno;
        return 0;
}

/* The last close of each event takes the probe out of every process: up to 90 ms each (Linux 6.18), one after another
 * even from several threads. A buffer holds its event, so it goes first. */
static int run_close(void *job) {
        Probes *probes = job;

        for (unsigned i = 0; i < probes->n_rings; i++)
                if (probes->rings[i].map)
                        (void) munmap(probes->rings[i].map, (1 + RING_PAGES) * page_size());
        for (unsigned i = 0; i < probes->n_fds; i++)
                (void) close(probes->fds[i]);
        return 0;
}

static void close_done(void *job, int result) {
        Probes *probes = job;

        if (result == -ECANCELED)
                (void) run_close(probes);
        free(probes->rings);
        free(probes->fds);
        free(probes);
}

void rings_close(Build *build) {
        Probes *probes = &build->probes, *job = malloc(sizeof(Probes));

        for (unsigned i = 0; i < probes->n_rings; i++)
                probes->rings[i].source = sd_event_source_disable_unref(probes->rings[i].source);
        if (job && probes->n_fds > 0 && build->worker) {
                *job = *probes;
                if (worker_submit(build->worker, run_close, close_done, job, CLOSE_LIMIT) >= 0) {
                        *probes = (Probes){};
                        return;
                }
        }
        (void) run_close(probes);
        free(job);
        free(probes->rings);
        free(probes->fds);
        *probes = (Probes){};
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

        for (unsigned i = 0; i < build->probes.n_rings && n < max; i++)
                n += read_ring(build, &build->probes.rings[i], max - n, record, userdata);
        return n;
}
