/* Texts between quotes within one line: JSON of log formatters, and what logfmt writes (key="text"). Nothing is built up or
 * checked: a line may be cut off anywhere, and what is no JSON gives strings too. */
#pragma once

#include "span.h"

typedef struct JsonItem {
        Span key;    /* raw; empty where the text is no member's value */
        Span text;   /* raw, with its escapes, without its quotes */
        bool quoted; /* else a number or a word */
} JsonItem;

/* Takes the next value off the line. False when none is left. */
bool tracejson_next(Span *line, JsonItem *ret);

/* Decodes the text up to its next newline (in either spelling) into buf, and takes it off. A line that does not fit is cut.
 * False when nothing is left. */
bool tracejson_next_line(Span *text, char *buf, size_t size, Span *ret);

/* Is this the key under which log formatters put an exception's class? *ret_frames: theirs is the list of frames too. */
bool tracejson_is_class_key(Span key, bool *ret_frames);
