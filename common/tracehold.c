/* Findings are held back one at a time: the next error lets the one before go. */
#include "tracehold.h"

#define CLAIM_AFTER USEC_PER_SEC /* a claim so soon after a traceback is about the same error */

void tracehold_emit(TracebackStream *stream, const FindingHandlers *handlers) {
        if (stream->deadline == 0)
                return;
        stream->deadline = 0;
        handlers->found(handlers->userdata, &stream->held);
}

bool tracehold_has_error(const TracebackStream *stream) {
        return stream->deadline > 0 && !stream->held.weak;
}

void tracehold_count(TracebackStream *stream) {
        if (stream->held.count < UINT16_MAX)
                stream->held.count++;
}

Finding tracehold_make(TraceReader *reader, Fact fact, Span word, Span text) {
        Finding finding = {.fact = fact, .count = 1, .at = reader->now, .bytes = lastwords_bytes(text)};

        traceline_copy(word, finding.word, sizeof(finding.word));
        traceline_copy(text, finding.text, sizeof(finding.text));
        return finding;
}

bool tracehold_is_seen_again(const TraceFrames *frames, const TraceFrames *told) {
        if (told->n == 0 || frames->n <= told->n)
                return false;
        for (uint32_t i = 1; i <= MIN(told->n, (uint32_t) TRACEBACK_FRAMES); i++)
                if (frames->hash[(frames->n - i) % TRACEBACK_FRAMES] != told->hash[(told->n - i) % TRACEBACK_FRAMES])
                        return false;
        return true;
}

void tracehold_put(TraceReader *reader, const Finding *finding) {
        TracebackStream *stream = reader->stream;
        uint64_t claimed = 0;

        if (stream->deadline > 0 && stream->held.weak && stream->held.fact == FACT_MEMORY_ERROR)
                claimed = stream->held.bytes;
        else
                tracehold_emit(stream, reader->handlers);
        stream->held = *finding;
        if (finding->bytes == 0)
                stream->held.bytes = claimed;
        stream->deadline = util_add(reader->now, TRACEBACK_HOLD);
}

void tracehold_claim(TraceReader *reader, Span line, Span word, const char *site) {
        TracebackStream *stream = reader->stream;
        Finding finding = tracehold_make(reader, FACT_MEMORY_ERROR, word, span_trim_right(line));

        if (stream->told_at > 0 && reader->now - stream->told_at < CLAIM_AFTER)
                return;
        finding.weak = true;
        (void) stpncpy(finding.site, site, sizeof(finding.site) - 1);
        if (stream->deadline == 0)
                tracehold_put(reader, &finding);
        else if (util_streq(stream->held.text, finding.text))
                tracehold_count(stream);
        else if (stream->held.bytes == 0)
                stream->held.bytes = finding.bytes;
}

void tracehold_raised(TraceReader *reader, Span class, Span text, const char *site) {
        Finding finding = tracehold_make(reader, FACT_MEMORY_ERROR, class, text);

        if (tracehold_has_error(reader->stream))
                return;
        (void) stpncpy(finding.site, site, sizeof(finding.site) - 1);
        tracehold_put(reader, &finding);
        reader->stream->told_frames = (TraceFrames){0};
        reader->stream->told_at = reader->now;
        reader->stream->block.told = true;
}
