/* See growth-source.h. */
#include "growth-source.h"

#include <stdio.h>

#include "units.h"

#define LOOK_LEAST (45 * USEC_PER_SEC) /* four beats: less is noise of a start */
#define GROWTH_LEAST (4 * MIB)
#define HELD_LEAST (16 * MIB)
#define SMALL_MAX 512            /* bytes: CPython's own heap takes no larger object (Objects/obmalloc.c) */
#define BYTES_AN_OBJECT (16 * KIB) /* of malloc for each new small object: more is none that Python's objects explain */
#define MOST(whole) ((whole) / 10 * 6) /* a part that explains it */

static bool is_known(uint64_t value) {
        return value != BYTES_INFINITY;
}

/* By how much it rose; 0 where it fell or is unknown. */
static uint64_t rise(uint64_t before, uint64_t after) {
        return is_known(before) && is_known(after) ? util_sub(after, before) : 0;
}

static HeapProcess *find_process(HeapHistory *history, int pid, usec_t now, uint64_t anon) {
        HeapProcess *place = NULL;

        for (unsigned i = 0; i < HEAP_PROCESSES_MAX; i++)
                if (history->processes[i].pid == pid)
                        return &history->processes[i];
        for (unsigned i = 0; i < HEAP_PROCESSES_MAX; i++) {
                HeapProcess *one = &history->processes[i];

                if (one->pid == 0 || util_sub(now, one->last.at) > HEAP_STALE) {
                        place = one;
                        break;
                }
                if (one->last.anon < anon && (!place || one->last.anon < place->last.anon))
                        place = one;
        }
        if (place)
                *place = (HeapProcess){.pid = pid};
        return place;
}

void heap_note(HeapHistory *history, int pid, usec_t now, const ModuleBeat *beat) {
        HeapProcess *process;
        HeapPoint point = {MAX(now, 1), beat->blocks, beat->used, beat->unused, beat->anon, beat->traced};

        if (pid <= 0 || !is_known(beat->anon))
                return;
        process = find_process(history, pid, now, beat->anon);
        if (!process)
                return;
        /* A pid that was silent for so long is another process by now. */
        if (process->last.at != 0 && util_sub(point.at, process->last.at) > HEAP_STALE)
                *process = (HeapProcess){.pid = pid};
        if (process->base.at == 0)
                process->base = process->next = point;
        else if (util_sub(point.at, process->next.at) >= HEAP_SPAN) {
                process->base = process->next;
                process->next = point;
        }
        /* Tracing that begins or ends changes what is comparable. */
        if (is_known(point.traced) != is_known(process->base.traced))
                process->base = process->next = point;
        process->last = point;
        process->items = beat->items;
        process->queue = beat->queue;
        process->cache = beat->cache;
}

static void add_known(uint64_t *sum, uint64_t value) {
        if (is_known(value))
                *sum = util_add(is_known(*sum) ? *sum : 0, value);
}

unsigned heap_totals(const HeapHistory *history, usec_t now, ModuleBeat *ret) {
        unsigned n = 0;

        memset(ret, 0xff, sizeof(*ret));
        for (unsigned i = 0; i < HEAP_PROCESSES_MAX; i++) {
                const HeapProcess *process = &history->processes[i];

                if (process->pid == 0 || util_sub(now, process->last.at) > HEAP_STALE)
                        continue;
                n++;
                add_known(&ret->items, process->items);
                add_known(&ret->queue, process->queue);
                add_known(&ret->cache, process->cache);
                add_known(&ret->blocks, process->last.blocks);
                add_known(&ret->used, process->last.used);
                add_known(&ret->unused, process->last.unused);
                add_known(&ret->anon, process->last.anon);
                add_known(&ret->traced, process->last.traced);
        }
        return n;
}

/* Tracemalloc knows every byte that Python asked for; the rest is native, or free and kept. */
static void split_traced(const HeapProcess *process, GrowthSource *source) {
        uint64_t left = source->growth;

        source->traced = true;
        source->python = MIN(left, rise(process->base.traced, process->last.traced));
        left -= source->python;
        source->held = MIN(left, rise(process->base.unused, process->last.unused));
        left -= source->held;
        source->native = is_known(process->last.used) ? MIN(left, rise(process->base.used, process->last.used)) : left;
}

/* Small objects fill what is not malloc's; malloc's is Python's too where small objects came with it. */
static void split_estimated(const HeapProcess *process, GrowthSource *source) {
        uint64_t blocks = rise(process->base.blocks, process->last.blocks);
        uint64_t used = rise(process->base.used, process->last.used);
        uint64_t left = source->growth;

        source->held = MIN(left, rise(process->base.unused, process->last.unused));
        left -= source->held;
        used = MIN(left, used);
        left -= used;
        source->python = MIN(left, blocks > UINT64_MAX / SMALL_MAX ? UINT64_MAX : blocks * SMALL_MAX);
        if (used / BYTES_AN_OBJECT <= blocks)
                source->python += used;
        else
                source->native = used;
}

static GrowthSourceKind largest_part(const GrowthSource *source) {
        if (source->python >= MOST(source->growth))
                return GROWTH_SOURCE_PYTHON;
        if (source->native >= MOST(source->growth))
                return GROWTH_SOURCE_NATIVE;
        return source->held >= MOST(source->growth) ? GROWTH_SOURCE_HELD : GROWTH_SOURCE_UNKNOWN;
}

/* What malloc keeps, and what Python's heap keeps of objects that are gone: their number fell, the memory did not. */
static uint64_t kept(const HeapProcess *process) {
        const HeapPoint *base = &process->base, *last = &process->last;
        uint64_t all = is_known(last->unused) ? last->unused : 0;
        uint64_t in_malloc = is_known(last->used) ? util_add(last->used, all) : 0;
        uint64_t own = util_sub(last->anon, in_malloc);

        if (is_known(base->blocks) && is_known(last->blocks) && last->blocks < base->blocks / 2 &&
            last->anon >= base->anon - base->anon / 10)
                all = util_add(all, own / 2);
        return MIN(all, last->anon);
}

static void judge_process(const HeapProcess *process, GrowthSource *source) {
        uint64_t keeps;

        *source = (GrowthSource){.pid = process->pid, .over = process->last.at - process->base.at};
        source->growth = rise(process->base.anon, process->last.anon);
        if (source->growth < GROWTH_LEAST) {
                source->growth = 0;
                keeps = kept(process);
                if (keeps < HELD_LEAST || keeps < process->last.anon / 4)
                        return;
                source->held = keeps;
                source->kind = GROWTH_SOURCE_HELD;
                return;
        }
        if (is_known(process->base.traced) && is_known(process->last.traced))
                split_traced(process, source);
        else if (is_known(process->last.used) && is_known(process->base.blocks) && is_known(process->last.blocks))
                split_estimated(process, source);
        else
                return;
        source->kind = largest_part(source);
}

void growth_source_judge(const HeapHistory *history, GrowthSource *ret) {
        *ret = (GrowthSource){0};
        for (unsigned i = 0; i < HEAP_PROCESSES_MAX; i++) {
                const HeapProcess *process = &history->processes[i];
                GrowthSource source;

                if (process->pid == 0 || process->last.at < process->base.at ||
                    process->last.at - process->base.at < LOOK_LEAST)
                        continue;
                judge_process(process, &source);
                if (ret->pid == 0 || source.growth > ret->growth || (ret->growth == 0 && source.held > ret->held))
                        *ret = source;
        }
}

static const char *const names[] = {
        [GROWTH_SOURCE_UNKNOWN] = "unknown", [GROWTH_SOURCE_PYTHON] = "python",
        [GROWTH_SOURCE_NATIVE] = "native", [GROWTH_SOURCE_HELD] = "held",
};
static_assert(ELEMENTSOF(names) == _GROWTH_SOURCE_MAX, "a source has no name");

const char *growth_source_name(GrowthSourceKind kind) {
        return kind >= 0 && kind < _GROWTH_SOURCE_MAX ? names[kind] : "unknown";
}

const char *growth_source_sentence(const GrowthSource *source, char buf[static GROWTH_SOURCE_TEXT_MAX]) {
        char growth[UNITS_TEXT_MAX], part[UNITS_TEXT_MAX], over[UNITS_TEXT_MAX];

        buf[0] = 0;
        if (source->pid == 0)
                return buf;
        if (source->growth == 0) {
                if (source->kind == GROWTH_SOURCE_HELD)
                        (void) snprintf(buf, GROWTH_SOURCE_TEXT_MAX,
                                        "Process %d keeps %s that it has freed: Action=pressure has it given back.",
                                        source->pid, units_format_bytes(source->held, part));
                return buf;
        }
        units_format_bytes(source->growth, growth);
        units_format_duration(source->over, over);
        switch (source->kind) {
        case GROWTH_SOURCE_PYTHON:
                (void) snprintf(buf, GROWTH_SOURCE_TEXT_MAX,
                                "Process %d grew by %s in %s, %s%s of it by Python's own objects; where: memguardctl "
                                "snapshot.",
                                source->pid, growth, over, source->traced ? "" : "about ",
                                units_format_bytes(source->python, part));
                break;
        case GROWTH_SOURCE_NATIVE:
                (void) snprintf(buf, GROWTH_SOURCE_TEXT_MAX,
                                "Process %d grew by %s in %s, %s of it in native code%s.", source->pid, growth, over,
                                units_format_bytes(source->native, part),
                                source->traced ? " (a C extension)"
                                               : ": a C extension, or few large buffers of Python's (more than 16K each)");
                break;
        case GROWTH_SOURCE_HELD:
                (void) snprintf(buf, GROWTH_SOURCE_TEXT_MAX,
                                "Process %d grew by %s in %s, %s of it is free but kept by malloc (fragmentation).",
                                source->pid, growth, over, units_format_bytes(source->held, part));
                break;
        case GROWTH_SOURCE_UNKNOWN:
        case _GROWTH_SOURCE_MAX:
        case _GROWTH_SOURCE_INVALID:
                (void) snprintf(buf, GROWTH_SOURCE_TEXT_MAX,
                                "Process %d grew by %s in %s, and what is known of Python's objects and of malloc does not "
                                "explain most of it.", source->pid, growth, over);
                break;
        }
        return buf;
}
