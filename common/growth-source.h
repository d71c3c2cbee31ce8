/* Whose growth is it: Python's own objects, native code, or memory that was freed and is kept? Told from the beats of
 * the Python module, so it is a claim of the service. Without tracemalloc it is an estimate: CPython counts objects of
 * up to 512 bytes in its own heap and takes larger ones from malloc, where they look like a C extension's; that many
 * small objects grow with them tells them apart, and few large buffers can't be. */
#pragma once

#include "moduletalk.h"

#define HEAP_PROCESSES_MAX 8 /* of a unit: of more the largest are followed */
#define GROWTH_SOURCE_TEXT_MAX 320

/* A moment of one process. */
typedef struct HeapPoint {
        usec_t at; /* 0 = none */
        uint64_t blocks, used, unused, anon, traced;
} HeapPoint;

/* Growth is measured from a point that is one to two HEAP_SPANs old. */
typedef struct HeapProcess {
        int pid; /* 0 = free */
        HeapPoint base, next, last;
        uint64_t items, queue, cache;
} HeapProcess;

/* Of one unit; zeroed memory is an empty one. */
typedef struct HeapHistory {
        HeapProcess processes[HEAP_PROCESSES_MAX];
} HeapHistory;

#define HEAP_SPAN (5 * USEC_PER_MINUTE)
#define HEAP_STALE (2 * USEC_PER_MINUTE) /* a process that was silent for so long is gone */

void heap_note(HeapHistory *history, int pid, usec_t now, const ModuleBeat *beat);

typedef enum GrowthSourceKind {
        GROWTH_SOURCE_UNKNOWN, /* or nothing grew */
        GROWTH_SOURCE_PYTHON,  /* its own objects */
        GROWTH_SOURCE_NATIVE,  /* malloc's memory in use, by a C extension or by few large buffers */
        GROWTH_SOURCE_HELD,    /* freed, and kept by the allocators */
        _GROWTH_SOURCE_MAX,
        _GROWTH_SOURCE_INVALID = -EINVAL,
} GrowthSourceKind;

typedef struct GrowthSource {
        GrowthSourceKind kind;
        int pid;         /* of the process that grew most; 0 = no process is known for long enough */
        usec_t over;     /* how long it was looked at */
        uint64_t growth; /* bytes of private memory; 0 = it did not grow */
        uint64_t python, native, held; /* parts of the growth; held without growth: all that is kept now */
        bool traced;     /* by tracemalloc: measured, and no estimate */
} GrowthSource;

/* Always fills ret; times are those of the beats, so a unit that went silent is judged as it was. */
void growth_source_judge(const HeapHistory *history, GrowthSource *ret);

/* What all processes that still beat say together; unknown where none says it. Returns how many they are. */
unsigned heap_totals(const HeapHistory *history, usec_t now, ModuleBeat *ret);

/* "python", "native", "held", "unknown": for programs. */
const char *growth_source_name(GrowthSourceKind kind);

/* A finished sentence, for status and as evidence of a leak; empty when there is nothing to say. Returns buf. */
const char *growth_source_sentence(const GrowthSource *source, char buf[static GROWTH_SOURCE_TEXT_MAX]);
