/* What services print, stream by stream: a stream is what one process of one unit writes. Streams are few at a time, and the one
 * that was quiet longest makes room at the bound; it loses the beginning of a traceback at most. */
#include <stdio.h>

#include "helper-journal.h"
#include "utf8.h"

#define STREAMS_MAX 256

typedef struct Stream {
        int pid;         /* 0 = unused */
        uint64_t used;   /* number of the feed that used it last */
        char path[CGROUP_PATH_MAX];
        Witness about;   /* what is the same in all its findings */
} Stream;

struct Findings {
        WitnessHandlers handlers;
        uint64_t n_fed;
        Stream streams[STREAMS_MAX];
};

static Stream *stream_of(Findings *findings, const Entry *entry) {
        Stream *oldest = &findings->streams[0];

        for (Stream *stream = findings->streams; stream < findings->streams + STREAMS_MAX; stream++) {
                if (stream->pid == entry->pid && util_streq(stream->about.unit, entry->unit))
                        return stream;
                if (stream->used < oldest->used)
                        oldest = stream;
        }
        *oldest = (Stream){.pid = entry->pid};
        return oldest;
}

static void describe(Stream *stream, const char *path, const Entry *entry) {
        Witness *about = &stream->about;

        *about = (Witness){.source = WITNESS_JOURNAL, .at = entry->at, .pid = entry->pid};
        strcpy(about->unit, entry->unit);
        if (strlen(entry->invocation) == INVOCATION_MAX - 1)
                strcpy(about->invocation, entry->invocation);
        (void) utf8_escape(entry->comm, about->comm, sizeof(about->comm));
        strcpy(stream->path, path);
}

void findings_feed(Findings *findings, const char *path, const Entry *entry) {
        Stream *stream = stream_of(findings, entry);

        stream->used = ++findings->n_fed;
        describe(stream, path, entry);
        /* SEAM: the traceback reader. */
        if (strncmp(entry->message, "MemoryError", 11) == 0) {
                Witness witness = stream->about;

                witness.fact = FACT_MEMORY_ERROR;
                strcpy(witness.word, "MemoryError");
                (void) utf8_escape(entry->message, witness.text, sizeof(witness.text));
                findings->handlers.saw(findings->handlers.userdata, stream->path, &witness);
        }
}

bool findings_is_pending(const Findings *findings) {
        (void) findings;
        return false;
}

int findings_new(Findings **ret, sd_event *event, const WitnessHandlers *handlers) {
        Findings *findings = calloc(1, sizeof(Findings));

        (void) event;
        if (!findings)
                return -ENOMEM;
        findings->handlers = *handlers;
        *ret = findings;
        return 0;
}

Findings *findings_free(Findings *findings) {
        free(findings);
        return NULL;
}
