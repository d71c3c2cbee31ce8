/* Reads what one process prints and says when a MemoryError was really raised, or another runtime ran out of memory.
 *
 * One raised error is one finding, however often it is printed; so a finding is held back for up to TRACEBACK_HOLD, while
 * what belongs to it may still come. Limits: text can be forged by whoever can write it; an error that was swallowed or
 * raised again `from None` leaves none; lines of a process's threads may be mixed, and then the site is left out. */
#pragma once

#include "lastwords.h"
#include "traceline.h"

#define TRACEBACK_HOLD (300 * USEC_PER_MSEC)
#define TRACEBACK_FRAMES 8 /* innermost frames that are compared to know a traceback again */
#define TRACEBACK_PREFIX_MAX 64

typedef struct Finding {
        Fact fact;     /* FACT_MEMORY_ERROR, FACT_NOT_MEMORY or FACT_RUNTIME */
        bool weak;     /* only claimed in a line of a log, or told by a name or a source line that may mislead */
        char word[32]; /* the class, or the runtime: "jvm", "node", "go", "ruby", "php", "rust", "c++" */
        char site[SITE_MAX];         /* the innermost frame, where MemoryError was first raised; empty = not told */
        char text[WITNESS_TEXT_MAX]; /* the telling line */
        uint64_t bytes;              /* how many were asked for, where the text says so; else 0 */
        unsigned count;              /* errors: more than 1 in a group, or in a chain that shows several */
        usec_t at;                   /* when its telling line was fed */
} Finding;

typedef struct FindingHandlers {
        void *userdata;
        void (*found)(void *userdata, const Finding *finding); /* the finding is the callee's to copy */
} FindingHandlers;

/* Frames from the innermost outwards, as hashes of their lines. */
typedef struct TraceFrames {
        uint32_t hash[TRACEBACK_FRAMES]; /* a ring, by n */
        uint32_t n;                      /* all of them, those that were overwritten too */
} TraceFrames;

/* The report that is being printed: a traceback, or several that are joined as cause and effect or in a group. */
typedef struct TraceBlock {
        char site[SITE_MAX];
        TraceFrames frames;
        usec_t last;   /* its last line */
        uint8_t open;  /* tracebacks begun and not ended; more than one where threads are mixed */
        uint8_t alien; /* lines since `last` that are none of it */
        bool header;   /* a header was seen, not only a line that says one will come */
        bool framed, mixed, doctest, after_frame, parsing, parser_said, awaits_site;
        bool joined;   /* a line said that the next traceback belongs to the one before */
        bool group, remote;
        bool told;     /* its MemoryError was found already */
        bool bare;     /* ... and that was a name alone in its line, which says little until it is joined to another */
        uint8_t n_prefix;
        char prefix[TRACEBACK_PREFIX_MAX]; /* of every line, as honcho or docker put it there; digits may differ */
} TraceBlock;

/* What is remembered of one process. All zero is ready for use; nothing is allocated, so nothing is freed. */
typedef struct TracebackStream {
        TraceBlock block;
        Finding held;
        usec_t deadline; /* of `held`; 0 = nothing is held */
        TraceFrames told_frames;
        usec_t told_at;
        LastWords words;
        const char *runtime; /* whose last words were found at runtime_at */
        usec_t runtime_at;
} TracebackStream;

/* Feeds an entry: one line, or several with newlines between, or one line of JSON with escapes. Bytes may be anything, n
 * anything. `now` never falls. Findings whose time has come are handed on first. */
void traceback_feed(TracebackStream *stream, usec_t now, const char *bytes, size_t n, const FindingHandlers *handlers);

/* Hands on what has been held until its deadline. */
void traceback_flush(TracebackStream *stream, usec_t now, const FindingHandlers *handlers);

/* The process prints no more: hands on what is held, and leaves the stream ready for another. */
void traceback_end(TracebackStream *stream, const FindingHandlers *handlers);

/* When traceback_flush() is to be called at the latest; USEC_INFINITY when nothing is held. */
usec_t traceback_deadline(const TracebackStream *stream);
