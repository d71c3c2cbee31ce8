/* One line after another of a report, and what follows of each for the finding: the inner half of common/traceback.h. */
#pragma once

#include "tracehold.h"

/* Reads a line of text that is no JSON and holds no newline. True when something was made of it. */
bool traceblock_line(TraceReader *reader, Span line);

/* May the next line belong to something that was begun? */
bool traceblock_is_busy(const TracebackStream *stream);
