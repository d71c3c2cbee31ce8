/* What services print, stream by stream: a stream is what one process of one unit writes. Streams are few at a time, and the
 * one that was quiet longest makes room at the bound: it loses the beginning of a traceback at most.
 *
 * The reader of tracebacks goes by the time of the entries; when it has waited long enough is told by the clock, since
 * journald wakes us up to half a second late, in packs. */
#include "helper-journal.h"
#include "traceback.h"
#include "utf8.h"

#define STREAMS_MAX 256
#define TIMER_ACCURACY (20 * USEC_PER_MSEC)

typedef struct Stream {
        Findings *findings;
        uint64_t used; /* number of the feed that used it last; 0 = unused */
        usec_t last;   /* of its entries, CLOCK_BOOTTIME */
        usec_t due;    /* when what it holds back is told; 0 = it holds nothing */
        int pid;
        char unit[UNIT_NAME_MAX], path[CGROUP_PATH_MAX], invocation[INVOCATION_MAX], comm[COMM_MAX];
        TracebackStream traceback;
} Stream;

struct Findings {
        WitnessHandlers handlers;
        sd_event_source *timer;
        uint64_t n_fed;
        Stream streams[STREAMS_MAX];
};

static void on_finding(void *userdata, const Finding *finding) {
        const Stream *stream = userdata;
        Witness witness = {
                .source = WITNESS_JOURNAL,
                .fact = finding->fact,
                .at = finding->at,
                .pid = stream->pid,
                .code = finding->count > 1 ? (int) MIN(finding->count, 1000u) : 0,
                .weak = finding->weak,
                .bytes = finding->bytes,
        };

        memcpy(witness.unit, stream->unit, sizeof(witness.unit));
        memcpy(witness.invocation, stream->invocation, sizeof(witness.invocation));
        memcpy(witness.comm, stream->comm, sizeof(witness.comm));
        memcpy(witness.word, finding->word, sizeof(witness.word));
        memcpy(witness.site, finding->site, sizeof(witness.site));
        memcpy(witness.text, finding->text, sizeof(witness.text));
        stream->findings->handlers.saw(stream->findings->handlers.userdata, stream->path, &witness);
}

static FindingHandlers handlers_of(Stream *stream) {
        return (FindingHandlers){stream, on_finding};
}

static Stream *stream_of(Findings *findings, const Entry *entry) {
        Stream *oldest = &findings->streams[0];
        FindingHandlers handlers;

        for (Stream *stream = findings->streams; stream < findings->streams + STREAMS_MAX; stream++) {
                if (stream->used > 0 && stream->pid == entry->pid && util_streq(stream->unit, entry->unit))
                        return stream;
                if (stream->used < oldest->used)
                        oldest = stream;
        }
        handlers = handlers_of(oldest);
        if (oldest->used > 0)
                traceback_end(&oldest->traceback, &handlers);
        *oldest = (Stream){.findings = findings, .pid = entry->pid};
        memcpy(oldest->unit, entry->unit, sizeof(oldest->unit));
        return oldest;
}

/* A short-lived process may be gone when journald looks for its cgroup and name. */
static void describe(Stream *stream, const char *path, const Entry *entry) {
        if (path[0])
                strcpy(stream->path, path);
        if (entry->comm[0])
                (void) utf8_escape(entry->comm, stream->comm, sizeof(stream->comm));
        if (strlen(entry->invocation) == INVOCATION_MAX - 1)
                memcpy(stream->invocation, entry->invocation, sizeof(stream->invocation));
}

static void arm(Findings *findings) {
        usec_t next = USEC_INFINITY;

        for (Stream *stream = findings->streams; stream < findings->streams + STREAMS_MAX; stream++)
                if (stream->due > 0)
                        next = MIN(next, stream->due);
        if (next != USEC_INFINITY)
                (void) sd_event_source_set_time(findings->timer, next);
        (void) sd_event_source_set_enabled(findings->timer, next != USEC_INFINITY ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* python-systemd's JournalHandler puts the exception beside the message, which its formatter may leave bare. */
static void feed(Stream *stream, const Entry *entry, const FindingHandlers *handlers) {
        static const char name[] = "MemoryError";

        traceback_feed(&stream->traceback, stream->last, entry->message, entry->n_message, handlers);
        if (!entry->exception_info[0] || memmem(entry->message, entry->n_message, name, strlen(name)))
                return;
        if (memmem(entry->exception, entry->n_exception, name, strlen(name)))
                traceback_feed(&stream->traceback, stream->last, entry->exception, entry->n_exception, handlers);
        else
                traceback_feed(&stream->traceback, stream->last, entry->exception_info, strlen(entry->exception_info), handlers);
}

void findings_feed(Findings *findings, const char *path, const Entry *entry) {
        Stream *stream = stream_of(findings, entry);
        FindingHandlers handlers = handlers_of(stream);
        bool was_due = stream->due > 0;

        stream->used = ++findings->n_fed;
        stream->last = MAX(stream->last, entry->at);
        describe(stream, path, entry);
        feed(stream, entry, &handlers);
        if (traceback_deadline(&stream->traceback) != USEC_INFINITY)
                stream->due = helper_now(CLOCK_BOOTTIME) + TRACEBACK_HOLD;
        else
                stream->due = 0;
        if (was_due || stream->due > 0)
                arm(findings);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        usec_t now = helper_now(CLOCK_BOOTTIME);
        Findings *findings = userdata;

        (void) source;
        (void) usec;
        for (Stream *stream = findings->streams; stream < findings->streams + STREAMS_MAX; stream++) {
                FindingHandlers handlers = handlers_of(stream);

                if (stream->due == 0 || stream->due > now)
                        continue;
                stream->due = 0;
                stream->last = MAX(stream->last, traceback_deadline(&stream->traceback));
                traceback_flush(&stream->traceback, stream->last, &handlers);
        }
        arm(findings);
        return 0;
}

bool findings_is_pending(const Findings *findings) {
        for (const Stream *stream = findings->streams; stream < findings->streams + STREAMS_MAX; stream++)
                if (stream->due > 0)
                        return true;
        return false;
}

int findings_new(Findings **ret, sd_event *event, const WitnessHandlers *handlers) {
        Findings *findings = calloc(1, sizeof(Findings));
        int r;

        if (!findings)
                return -ENOMEM;
        findings->handlers = *handlers;
        r = sd_event_add_time(event, &findings->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY, on_timer, findings);
        if (r >= 0)
                r = sd_event_source_set_enabled(findings->timer, SD_EVENT_OFF);
        if (r < 0) {
                findings_free(findings);
                return r;
        }
        *ret = findings;
        return 0;
}

Findings *findings_free(Findings *findings) {
        if (!findings)
                return NULL;
        sd_event_source_disable_unref(findings->timer);
        free(findings);
        return NULL;
}
