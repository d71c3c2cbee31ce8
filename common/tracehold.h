/* The finding that waits for what belongs to it, and what counts as the same error: used by the reader of tracebacks only. */
#pragma once

#include "traceback.h"

/* One call of traceback_feed(). */
typedef struct TraceReader {
        TracebackStream *stream;
        usec_t now;
        const FindingHandlers *handlers;
        bool nested; /* reading a text within a line of JSON: what looks like JSON there is not looked into */
} TraceReader;

/* Hands on what is held. */
void tracehold_emit(TracebackStream *stream, const FindingHandlers *handlers);

/* Is an error held, and not only the claim of one? */
bool tracehold_has_error(const TracebackStream *stream);

/* One error more in the report whose finding is held. */
void tracehold_count(TracebackStream *stream);

/* A finding of one error, without a site, with the bytes that its text names. */
Finding tracehold_make(TraceReader *reader, Fact fact, Span word, Span text);

/* Holds a finding. What was held goes out first, unless it is a mere claim of the same. */
void tracehold_put(TraceReader *reader, const Finding *finding);

/* A line of a log claims an error; site "" = not known. Nothing, where an error was found so shortly before that it is
 * the same. */
void tracehold_claim(TraceReader *reader, Span line, Span word, const char *site);

/* An error was raised at a site that is known otherwise than from frames, or not at all (""). */
void tracehold_raised(TraceReader *reader, Span class, Span text, const char *site);

/* Is this the traceback of `told`, seen from further up? An exception that is logged and raised again gains frames at its
 * outer end only. The same frames once more are another error: whoever logged it caught it. */
bool tracehold_is_seen_again(const TraceFrames *frames, const TraceFrames *told);
