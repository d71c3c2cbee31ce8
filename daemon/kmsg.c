/* See kmsg.h. The kernel's stamps stand still while the host sleeps, as CLOCK_MONOTONIC does, and are up to 20 ms beside it:
 * good enough to find what belongs together, not to say what came first. */
#include <fcntl.h>
#include <time.h>

#include "fd.h"
#include "kmsg.h"
#include "oomtext.h"

/* Reads that fail one after another; more, and this is no log that loses records but no log. */
#define FAILURES_MAX 1000

/* One global OOM report is about 60 records. What is left after so many waits until others have had their turn. */
#define RECORDS_A_WAKE 64

struct Kmsg {
        sd_event *event;
        sd_event_source *source;
        int fd;
        unsigned n_failures; /* one after another */
        uint64_t after_seq, seq;
        bool has_seq;
        WitnessHandlers handlers;
        OomText oom;
        Witness witness;
        char path[CGROUP_PATH_MAX];
        char record[KMSG_RECORD_MAX];
};

int kmsg_open(const char *path) {
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

        return fd < 0 ? -errno : fd;
}

static usec_t clock_usec(clockid_t clock) {
        struct timespec ts = {};

        (void) clock_gettime(clock, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

/* The kernel's stamp as CLOCK_BOOTTIME, and never later than the event that it becomes. */
static usec_t to_boottime(const Kmsg *kmsg, usec_t at) {
        usec_t slept = util_sub(clock_usec(CLOCK_BOOTTIME), clock_usec(CLOCK_MONOTONIC)), now;

        if (sd_event_now(kmsg->event, CLOCK_BOOTTIME, &now) < 0)
                now = clock_usec(CLOCK_BOOTTIME);
        return MIN(util_add(at, slept), now);
}

static void tell_lost(Kmsg *kmsg, const char *text) {
        oomtext_lost(&kmsg->oom);
        kmsg->witness = (Witness){.source = WITNESS_KERNEL, .fact = FACT_BLIND};
        memcpy(kmsg->witness.text, text, strlen(text) + 1);
        kmsg->handlers.saw(kmsg->handlers.userdata, "", &kmsg->witness);
}

/* Is a record missing between the last one and this? Behind a loss that was told already, has_seq is not set. */
static bool has_gap(const Kmsg *kmsg, uint64_t seq) {
        return kmsg->has_seq && seq > kmsg->seq && seq - kmsg->seq > 1;
}

static void take_record(Kmsg *kmsg, size_t n) {
        KmsgRecord record;

        if (kmsg_parse_record(kmsg->record, n, &record) < 0)
                return;
        if (has_gap(kmsg, record.seq))
                tell_lost(kmsg, "Records of the kernel's log are missing.");
        if (!kmsg->has_seq || record.seq > kmsg->seq)
                kmsg->seq = record.seq;
        kmsg->has_seq = true;
        /* What was seen before is read all the same: a report may have begun in it. */
        if (oomtext_feed(&kmsg->oom, &record, &kmsg->witness, kmsg->path) == 0)
                return;
        if (kmsg->after_seq != UINT64_MAX && record.seq <= kmsg->after_seq)
                return;
        kmsg->witness.at = to_boottime(kmsg, kmsg->witness.at);
        kmsg->handlers.saw(kmsg->handlers.userdata, kmsg->path, &kmsg->witness);
}

/* The ring was overwritten (EPIPE), or a record was larger than the kernel says any can be (EINVAL); either way the next
 * read goes on behind it. Returns false when it does not: then no more is to be had here. */
static bool pass_loss(Kmsg *kmsg, int error) {
        if ((error != EPIPE && error != EINVAL) || ++kmsg->n_failures > FAILURES_MAX) {
                (void) sd_event_source_set_enabled(kmsg->source, SD_EVENT_OFF);
                tell_lost(kmsg, "The kernel's log can't be read any more.");
                return false;
        }
        if (kmsg->n_failures == 1)
                tell_lost(kmsg, "Records of the kernel's log were overwritten before they were read.");
        kmsg->has_seq = false;
        return true;
}

static int on_record(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Kmsg *kmsg = userdata;

        (void) source;
        (void) revents; /* EPOLLERR only says that the next read() is EPIPE */
        for (unsigned i = 0; i < RECORDS_A_WAKE; i++) {
                ssize_t n = read(fd, kmsg->record, sizeof(kmsg->record));

                if (n < 0 && errno == EAGAIN)
                        return 0;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0) {
                        if (!pass_loss(kmsg, n < 0 ? errno : ENODEV))
                                return 0;
                        continue;
                }
                kmsg->n_failures = 0;
                take_record(kmsg, (size_t) n);
        }
        return 0;
}

static void kmsg_freep(Kmsg **kmsg) {
        kmsg_free(*kmsg);
}

int kmsg_new(Kmsg **ret, sd_event *event, int fd, uint64_t after_seq, const WitnessHandlers *handlers) {
        _cleanup_close_ int owned = fd;
        _cleanup_(kmsg_freep) Kmsg *kmsg = calloc(1, sizeof(Kmsg));
        int r;

        if (!kmsg)
                return -ENOMEM;
        kmsg->fd = TAKE_FD(owned);
        kmsg->event = sd_event_ref(event);
        kmsg->after_seq = kmsg->seq = after_seq;
        kmsg->has_seq = after_seq != UINT64_MAX;
        kmsg->handlers = *handlers;
        /* What stood before the first record that is read is not known. */
        oomtext_lost(&kmsg->oom);
        if (after_seq == UINT64_MAX && lseek(fd, 0, SEEK_END) < 0 && errno != ESPIPE)
                return -errno;
        r = sd_event_add_io(event, &kmsg->source, fd, EPOLLIN, on_record, kmsg);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(kmsg->source, "kmsg");
        *ret = TAKE_PTR(kmsg);
        return 0;
}

Kmsg *kmsg_free(Kmsg *kmsg) {
        if (!kmsg)
                return NULL;
        sd_event_source_disable_unref(kmsg->source);
        fd_closep(&kmsg->fd);
        sd_event_unref(kmsg->event);
        free(kmsg);
        return NULL;
}

uint64_t kmsg_seq(const Kmsg *kmsg) {
        return kmsg->seq;
}
