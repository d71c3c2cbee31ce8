/* What other runtimes print when memory gives out: one table of their own words. Limit: a line that a service logs word by
 * word at its start cannot be told from the runtime's own. */
#pragma once

#include "span.h"

typedef struct LastWord {
        const char *runtime; /* "jvm", "node", "go", "ruby", "php", "rust", "c++" */
        const char *means;   /* what the line says of memory, the end of a sentence */
} LastWord;

/* What one stream has said so far; all zero at its start. */
typedef struct LastWords {
        uint8_t half;  /* 1 + the row whose first line was seen, 0 = none */
        uint8_t lines; /* how many lines its second one may still be away */
} LastWords;

/* Reads the next line. Returns what it means, or NULL for a line that is none of theirs, or only the first half of one.
 * The answer is static. */
const LastWord *lastwords_read(LastWords *words, Span line);

/* The bytes that a message names as asked for ("tried to allocate 8192 bytes", "Unable to allocate 7.28 TiB for an array"),
 * or 0. A number with a fraction is rounded down. */
uint64_t lastwords_bytes(Span line);
