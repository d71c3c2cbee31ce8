/* Growth of Python's own objects is told from native growth and from memory that is only kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "growth-source.h"

#define NONE BYTES_INFINITY
#define BEAT (15 * USEC_PER_SEC)

/* So much more of each with every beat. */
typedef struct Rise {
        int64_t blocks, used, unused, anon, traced;
} Rise;

static ModuleBeat start(bool traced) {
        ModuleBeat beat;

        memset(&beat, 0xff, sizeof(beat));
        beat.blocks = 200000;
        beat.used = 8 * MIB;
        beat.unused = MIB;
        beat.anon = 60 * MIB;
        if (traced)
                beat.traced = 20 * MIB;
        return beat;
}

static usec_t feed(HeapHistory *history, int pid, usec_t now, unsigned n, ModuleBeat beat, Rise rise) {
        for (unsigned i = 0; i < n; i++, now += BEAT) {
                heap_note(history, pid, now, &beat);
                beat.blocks += (uint64_t) rise.blocks;
                beat.used += (uint64_t) rise.used;
                beat.unused += (uint64_t) rise.unused;
                beat.anon += (uint64_t) rise.anon;
                if (beat.traced != NONE)
                        beat.traced += (uint64_t) rise.traced;
        }
        return now;
}

static GrowthSource judge(bool traced, Rise rise, unsigned n) {
        HeapHistory history = {0};
        GrowthSource source;
        char text[GROWTH_SOURCE_TEXT_MAX];

        (void) feed(&history, 77, USEC_PER_SEC, n, start(traced), rise);
        growth_source_judge(&history, &source);
        (void) growth_source_sentence(&source, text);
        assert_int_equal(text[0] != 0, source.growth > 0 || source.kind == GROWTH_SOURCE_HELD);
        return source;
}

static const struct {
        const char *what;
        bool traced;
        Rise rise;
        GrowthSourceKind kind;
} rows[] = {
        {"small objects", false, {.blocks = 20000, .anon = 2 * MIB}, GROWTH_SOURCE_PYTHON},
        {"small objects, some of it by malloc", false, {.blocks = 20000, .used = MIB / 2, .anon = 2 * MIB}, GROWTH_SOURCE_PYTHON},
        {"objects of a few KiB each with small ones", false, {.blocks = 1000, .used = 2 * MIB, .anon = 2 * MIB + 65536},
         GROWTH_SOURCE_PYTHON},
        {"a C extension", false, {.used = 2 * MIB, .anon = 2 * MIB}, GROWTH_SOURCE_NATIVE},
        {"a C extension in a service that grows a little", false, {.blocks = 20, .used = 2 * MIB, .anon = 2 * MIB + 4096},
         GROWTH_SOURCE_NATIVE},
        {"freed and kept by malloc", false, {.used = -65536, .unused = 2 * MIB, .anon = 2 * MIB}, GROWTH_SOURCE_HELD},
        {"neither", false, {.anon = 2 * MIB}, GROWTH_SOURCE_UNKNOWN},
        {"half and half", false, {.used = MIB, .unused = MIB, .anon = 2 * MIB}, GROWTH_SOURCE_UNKNOWN},
        {"large buffers, traced", true, {.blocks = 2, .used = 2 * MIB, .anon = 2 * MIB, .traced = 2 * MIB}, GROWTH_SOURCE_PYTHON},
        {"a C extension, traced", true, {.blocks = 9000, .used = 2 * MIB, .anon = 2 * MIB, .traced = 4096}, GROWTH_SOURCE_NATIVE},
        {"kept, traced", true, {.unused = 2 * MIB, .anon = 2 * MIB, .traced = 0}, GROWTH_SOURCE_HELD},
        {"nothing grows", false, {.blocks = 10, .anon = 4096}, GROWTH_SOURCE_UNKNOWN},
};

static void each_kind_is_told(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                for (unsigned n = 10; n < 200; n += 63) {
                        GrowthSource source = judge(rows[i].traced, rows[i].rise, n);

                        if (source.kind != rows[i].kind)
                                fail_msg("%s, %u beats: %s", rows[i].what, n, growth_source_name(source.kind));
                        assert_int_equal(source.traced, rows[i].traced && source.growth > 0);
                        assert_true(source.python + source.native + source.held <= source.growth || source.growth == 0);
                        assert_true(source.over <= 2 * HEAP_SPAN + BEAT);
                }
}

static void old_growth_is_forgotten(void **state) {
        HeapHistory history = {0};
        GrowthSource source;
        ModuleBeat beat = start(false);
        usec_t now = feed(&history, 5, 1, 20, beat, (Rise){.blocks = 20000, .anon = 2 * MIB});

        (void) state;
        beat.anon = 100 * MIB;
        beat.blocks = 600000;
        now = feed(&history, 5, now, 60, beat, (Rise){0});
        growth_source_judge(&history, &source);
        assert_int_equal(source.growth, 0);
        assert_int_equal(source.kind, GROWTH_SOURCE_UNKNOWN);
        /* Its objects go, its memory stays. */
        beat.blocks = 100000;
        (void) feed(&history, 5, now, 4, beat, (Rise){0});
        growth_source_judge(&history, &source);
        assert_int_equal(source.kind, GROWTH_SOURCE_HELD);
        assert_true(source.held >= 16 * MIB && source.held <= 100 * MIB);
}

static void tracing_that_begins_is_no_growth(void **state) {
        HeapHistory history = {0};
        GrowthSource source;
        ModuleBeat beat = start(false);
        usec_t now = feed(&history, 5, 1, 20, beat, (Rise){.blocks = 20000, .anon = 2 * MIB});

        (void) state;
        beat = start(true);
        (void) feed(&history, 5, now, 10, beat, (Rise){.used = 2 * MIB, .anon = 2 * MIB});
        growth_source_judge(&history, &source);
        assert_true(source.traced);
        assert_int_equal(source.kind, GROWTH_SOURCE_NATIVE);
}

/* The module does not count objects while some of them are swapped out. */
static void growth_whose_objects_were_not_counted_is_nobodys(void **state) {
        static const struct {
                bool before, after;
        } counted[] = {{true, false}, {false, true}, {false, false}};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(counted); i++) {
                ModuleBeat beat = start(false);
                HeapHistory history = {0};
                GrowthSource source;
                char text[GROWTH_SOURCE_TEXT_MAX];

                beat.blocks = counted[i].before ? 200000 : NONE;
                heap_note(&history, 5, 1, &beat);
                beat.blocks = counted[i].after ? 200000 : NONE;
                beat.used += 40 * MIB;
                beat.anon += 40 * MIB;
                heap_note(&history, 5, 1 + 4 * BEAT, &beat);
                growth_source_judge(&history, &source);
                assert_int_equal(source.growth, 40 * MIB);
                assert_int_equal(source.kind, GROWTH_SOURCE_UNKNOWN);
                assert_int_equal(source.native, 0);
                assert_string_equal(growth_source_sentence(&source, text),
                                    "Process 5 grew by 40M in 1 min, and what is known of Python's objects and of malloc does not "
                                    "explain most of it.");
        }
}

static void of_many_processes_the_largest_are_followed(void **state) {
        HeapHistory history = {0};
        GrowthSource source;
        ModuleBeat beat = start(false), all;
        usec_t now = 1;

        (void) state;
        beat.items = 3;
        for (unsigned i = 0; i < 10; i++, now += BEAT)
                for (int pid = 1; pid <= 12; pid++) {
                        beat.anon = (uint64_t) pid * 10 * MIB + (pid == 12 ? i * MIB * 2 : 0);
                        beat.used = 8 * MIB + (pid == 12 ? i * MIB * 2 : 0);
                        heap_note(&history, pid, now, &beat);
                }
        growth_source_judge(&history, &source);
        assert_int_equal(source.pid, 12);
        assert_int_equal(source.kind, GROWTH_SOURCE_NATIVE);
        assert_int_equal(heap_totals(&history, now, &all), HEAP_PROCESSES_MAX);
        assert_int_equal(all.items, 3 * HEAP_PROCESSES_MAX);
        assert_true(all.queue == NONE);
        assert_int_equal(heap_totals(&history, now + HEAP_STALE + BEAT, &all), 0);
}

static void what_was_said_is_a_sentence(void **state) {
        GrowthSource source = judge(true, rows[8].rise, 20);
        char text[GROWTH_SOURCE_TEXT_MAX];

        (void) state;
        assert_string_equal(growth_source_sentence(&source, text),
                            "Process 77 grew by 38M in 4 min 45 s, 38M of it by Python's own objects; where: memguardctl snapshot.");
        assert_string_equal(growth_source_sentence(&(GrowthSource){0}, text), "");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_kind_is_told),
                cmocka_unit_test(old_growth_is_forgotten),
                cmocka_unit_test(tracing_that_begins_is_no_growth),
                cmocka_unit_test(growth_whose_objects_were_not_counted_is_nobodys),
                cmocka_unit_test(of_many_processes_the_largest_are_followed),
                cmocka_unit_test(what_was_said_is_a_sentence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
