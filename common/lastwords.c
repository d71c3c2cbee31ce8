/* A row is a line, or two lines where one of them alone says too little: "Out of memory" is anybody's. */
#include "lastwords.h"

#define HALF_LINES 8 /* a stack trace or another thread's line may come between; a page of them is another story */

typedef struct Row {
        Span start;  /* how the line begins */
        Span inside; /* what stands in it, further on; may be empty */
        Span before; /* how a line before it began; empty = none is needed */
        LastWord word;
} Row;

#define JVM_ERROR "java.lang.OutOfMemoryError"

static const Row rows[] = {
        {SPAN("Exception in thread \""), SPAN(JVM_ERROR), SPAN(""), {"jvm", "a thread ended by OutOfMemoryError"}},
        {SPAN("Exception: " JVM_ERROR), SPAN(""), SPAN(""), {"jvm", "a thread ended by OutOfMemoryError"}},
        {SPAN(JVM_ERROR), SPAN(""), SPAN(""), {"jvm", "OutOfMemoryError was thrown"}},
        {SPAN("Caused by: " JVM_ERROR), SPAN(""), SPAN(""), {"jvm", "OutOfMemoryError was thrown"}},
        {SPAN("Terminating due to " JVM_ERROR), SPAN(""), SPAN(""), {"jvm", "the JVM ended itself at OutOfMemoryError"}},
        {SPAN("Aborting due to " JVM_ERROR), SPAN(""), SPAN(""), {"jvm", "the JVM aborted at OutOfMemoryError"}},
        {SPAN("#  fatal error: OutOfMemory encountered"), SPAN(""), SPAN(""), {"jvm", "the JVM aborted at OutOfMemoryError"}},
        {SPAN("Could not reserve enough space for "), SPAN("object heap"), SPAN(""), {"jvm", "the heap could not be reserved"}},
        {SPAN("# There is insufficient memory for the Java Runtime"), SPAN(""), SPAN(""), {"jvm", "the kernel refused memory"}},

        {SPAN("FATAL ERROR: "), SPAN("out of memory"), SPAN(""), {"node", "the JavaScript heap was full"}},
        {SPAN("# Fatal JavaScript out of memory"), SPAN(""), SPAN(""), {"node", "the JavaScript heap was full"}},
        {SPAN("# Fatal process out of memory"), SPAN(""), SPAN(""), {"node", "V8 was refused memory"}},
        {SPAN("RangeError: Array buffer allocation failed"), SPAN(""), SPAN(""), {"node", "a buffer was refused"}},
        {SPAN("RangeError: WebAssembly.Memory(): could not allocate"), SPAN(""), SPAN(""), {"node", "a buffer was refused"}},

        {SPAN("fatal error: runtime: out of memory"), SPAN(""), SPAN(""), {"go", "the kernel refused memory"}},
        {SPAN("fatal error: runtime: cannot allocate memory"), SPAN(""), SPAN(""), {"go", "the kernel refused memory"}},
        {SPAN("fatal error: out of memory"), SPAN(""), SPAN("runtime: out of memory: "), {"go", "the kernel refused memory"}},
        {SPAN("fatal error: "), SPAN("out of memory"), SPAN("runtime: out of memory: "), {"go", "the kernel refused memory"}},

        {SPAN("[FATAL] failed to allocate memory"), SPAN(""), SPAN(""), {"ruby", "memory was refused"}},
        {SPAN(""), SPAN("failed to allocate memory (NoMemoryError)"), SPAN(""), {"ruby", "memory was refused"}},

        {SPAN("PHP Fatal error:  "), SPAN("(tried to allocate "), SPAN(""), {"php", "memory_limit was reached or memory refused"}},
        {SPAN("Fatal error: "), SPAN("(tried to allocate "), SPAN(""), {"php", "memory_limit was reached or memory refused"}},
        {SPAN("Out of memory"), SPAN(""), SPAN("mmap() failed: [12] "), {"php", "the kernel refused memory"}},

        {SPAN("memory allocation of "), SPAN(" bytes failed"), SPAN(""), {"rust", "memory was refused"}},

        {SPAN("terminate called after throwing an instance of 'std::bad_alloc'"), SPAN(""), SPAN(""),
         {"c++", "memory was refused"}},
        {SPAN("  what():  "), SPAN("bad_alloc"), SPAN("terminate called after throwing an instance of '"),
         {"c++", "memory was refused"}},
        {SPAN("libc++abi: terminating "), SPAN("std::bad_alloc"), SPAN(""), {"c++", "memory was refused"}},
};
static_assert(ELEMENTSOF(rows) < UINT8_MAX, "a row's number does not fit");

static bool row_fits(const Row *row, Span line) {
        return span_starts(line, row->start) && (row->inside.n == 0 || span_find(span_from(line, row->start.n), row->inside));
}

/* Is the first half that was seen the one this row needs? Rows may share their first lines. */
static bool half_fits(const LastWords *words, const Row *row) {
        return row->before.n == 0 || (words->half > 0 && span_is(rows[words->half - 1].before, row->before));
}

static void note_half(LastWords *words, Span line) {
        if (words->lines > 0 && --words->lines == 0)
                words->half = 0;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (rows[i].before.n > 0 && span_starts(line, rows[i].before)) {
                        *words = (LastWords){(uint8_t) (i + 1), HALF_LINES};
                        return;
                }
}

const LastWord *lastwords_read(LastWords *words, Span line) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (row_fits(&rows[i], line) && half_fits(words, &rows[i])) {
                        *words = (LastWords){0};
                        return &rows[i].word;
                }
        note_half(words, line);
        return NULL;
}

typedef struct Unit {
        Span name;
        uint64_t bytes;
} Unit;

/* The longer name first where one begins with another. */
static const Unit units[] = {
        {SPAN("bytes"), 1},       {SPAN("byte"), 1},          {SPAN("KiB"), KIB},        {SPAN("MiB"), MIB},
        {SPAN("GiB"), GIB},       {SPAN("TiB"), 1024 * GIB},  {SPAN("PiB"), 1024 * 1024 * GIB},
        {SPAN("EiB"), 1024 * 1024 * 1024 * GIB},              {SPAN("failed"), 1},       {SPAN("-byte"), 1},
};

static const Span requests[] = {
        SPAN("nable to allocate "), SPAN("tried to allocate "), SPAN("alloc of size "),
        SPAN("cannot allocate "),   SPAN("not allocate "),      SPAN("memory allocation of "),
};

/* "7.28 TiB", "298. GiB", "8192 bytes". */
static uint64_t read_amount(Span text) {
        uint64_t whole, fraction = 0, scale = 1;
        const Unit *unit = NULL;

        if (!span_u64(text, &whole))
                return 0;
        while (text.n > 0 && span_is_digit(text.p[0]))
                text = span_from(text, 1);
        if (span_skip(&text, SPAN(".")))
                for (; text.n > 0 && span_is_digit(text.p[0]); text = span_from(text, 1))
                        if (scale < 1000) {
                                fraction = fraction * 10 + (uint64_t) (text.p[0] - '0');
                                scale *= 10;
                        }
        (void) span_skip(&text, SPAN(" "));
        for (size_t i = 0; i < ELEMENTSOF(units) && !unit; i++)
                if (span_starts(text, units[i].name))
                        unit = &units[i];
        if (!unit || __builtin_mul_overflow(whole, unit->bytes, &whole))
                return 0;
        return util_add(whole, unit->bytes / scale * fraction + unit->bytes % scale * fraction / scale);
}

uint64_t lastwords_bytes(Span line) {
        for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
                const char *at = span_find(line, requests[i]);
                if (at)
                        return read_amount(span_from(line, (size_t) (at - line.p) + requests[i].n));
        }
        return 0;
}
