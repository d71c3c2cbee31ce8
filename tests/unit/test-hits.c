/* Hits become errors: pairs are one, starts of interpreters are none, floods are counted, none waits in vain. */
#include "temproot.h"

#include "hits.h"

#define MS USEC_PER_MSEC
#define OLD (60 * USEC_PER_SEC)

static Hits hits;

static int empty(void **state) {
        (void) state;
        hits = (Hits){};
        return 0;
}

/* A history in words: "n" PyErr_NoMemory, "i" _PyErr_NoMemory, "w" tp_new, capitals: on another CPU; a number lets so
 * many microseconds pass, '*' repeats what follows so often ("16*w"). Between two letters pass 20 microseconds. */
typedef struct Story {
        const char *text;
        usec_t at;
        uint32_t pid, tid;
        usec_t age;
        bool pairs;
        unsigned n_events, n_errors;
        usec_t first_event; /* when it was out */
        bool made; /* all of them */
        unsigned n_sure; /* events that are no part of a start */
} Story;

static void let_pass(Story *story, usec_t until) {
        Raised raised;

        for (usec_t due; (due = hits_deadline(&hits)) <= until;) {
                usec_t now = MAX(due, story->at);

                if (!hits_take(&hits, now, &raised)) {
                        assert_true(hits_deadline(&hits) > due); /* or the shell would spin */
                        continue;
                }
                if (story->n_events++ == 0)
                        story->first_event = now;
                story->made = raised.made && (story->n_events == 1 || story->made);
                story->n_errors += raised.count;
                story->n_sure += !raised.young;
                assert_true(raised.count > 0 && raised.time <= now);
                assert_int_equal(raised.pid, story->pid);
                assert_int_equal(raised.cgroup, 4711);
        }
        story->at = until;
}

static void tell_one(Story *story, char letter) {
        Hit hit = {.time = story->at, .pid = story->pid, .tid = story->tid, .cgroup = 4711, .pairs = story->pairs};

        hit.cpu = letter >= 'A' && letter <= 'Z';
        letter = (char) (letter | 0x20);
        hit.kind = letter == 'n' ? PYPROBE_NO_MEMORY : letter == 'i' ? PYPROBE_NO_MEMORY_INNER : PYPROBE_NEW;
        hits_feed(&hits, &hit, hits_wants_age(&hits, &hit) ? story->age : USEC_INFINITY);
        let_pass(story, story->at + 20);
}

static void tell(Story *story) {
        char *end;

        for (const char *p = story->text; *p; p = end) {
                unsigned long n = strtoul(p, &end, 10);

                if (*p == ' ') {
                        end = (char *) (uintptr_t) p + 1;
                        continue;
                }
                if (end == p)
                        n = 1;
                else if (*end == '*')
                        end++;
                else {
                        let_pass(story, story->at + n);
                        continue;
                }
                for (unsigned long i = 0; i < n; i++)
                        tell_one(story, *end);
                end++;
        }
        let_pass(story, story->at + 3 * USEC_PER_SEC);
}

static void test_the_hit_matrix(void **state) {
        static const struct {
                const char *what, *text;
                bool pairs;
                usec_t age;
                unsigned n_errors;
                usec_t wait; /* at most until the first one is out */
        } cases[] = {
                {"bytearray too large, 3.11", "iw", true, OLD, 1, 0},
                {"bytearray too large, 3.13", "i", false, OLD, 1, 0},
                {"tuple repeat, 3.13 without the inner probe", "", false, OLD, 0, 0},
                {"sorted under RLIMIT_AS, 3.11", "iiww", true, OLD, 1, 0},
                {"sorted under RLIMIT_AS, 3.13", "ii", false, OLD, 1, 0},
                {"zlib, 3.11", "iw", true, OLD, 1, 0},
                {"zlib, 3.13", "iw", false, OLD, 1, 0},
                {"zlib, 3.13, rings read the other way round", "wi", false, OLD, 1, 1 * MS},
                {"numpy, raise MemoryError", "w", false, OLD, 1, 31 * MS},
                {"raise MemoryError soon after a start", "w", false, 1 * USEC_PER_SEC, 1, 1001 * MS},
                {"parser depth, 3.11", "iw", true, OLD, 1, 0},
                {"swallowed in C (deque), 3.11", "ii", true, OLD, 1, 0},
                {"swallowed in C (deque), 3.12", "ii", false, OLD, 1, 0},
                {"3.8: both", "nw", true, OLD, 1, 0},
                {"3.8: subclass", "w", true, OLD, 1, 31 * MS},
                {"seen late by Python code, 3.11", "i 50000 w", true, OLD, 1, 0},
                {"two errors, 3.12: one each", "i 50000 w", false, OLD, 2, 0},
                {"two from C, 3.11", "iw 5000 iw", true, OLD, 2, 0},
                {"one, seen twice as its thread was moved", "i 4000 I", false, OLD, 1, 0},
                {"two, on two CPUs", "i 60000 I", false, OLD, 2, 0},
                {"25 one after another, 3.11, in 50 ms", "iw 2000 iw 2000 iw 2000 iw 2000 iw", true, OLD, 5, 0},
                {"start of Debian's python3", "16*w", true, 10 * MS, 0, 0},
                {"start, age unknown", "16*w", true, USEC_INFINITY, 0, 0},
                {"slow start", "4*w 90000 6*w 800000 6*w", true, 300 * MS, 0, 0},
                {"subinterpreter in an old process", "16*w", true, OLD, 0, 0},
                {"subinterpreter with a pause in it", "10*w 20000 6*w", true, OLD, 0, 0},
                {"three subinterpreters", "48*w", false, OLD, 0, 0},
                {"start, then raise 5 ms later", "16*w 5000 w", false, 10 * MS, 1, 40 * MS},
                {"start seen with one hit doubled", "17*w", false, 10 * MS, 0, 0},
                {"start seen with one hit lost", "15*w", false, 10 * MS, 0, 0},
                {"slow start with two doubled, then raise", "9*w 3000 9*w 40000 w", false, 10 * MS, 1, 100 * MS},
                {"start with one lost, then raise", "15*w 300000 w", false, 10 * MS, 1, 350 * MS},
                {"start, then bytearray at once", "16*w i", false, 10 * MS, 1, 2 * MS},
                {"start, then raise", "16*w 60000 w", false, 10 * MS, 1, 100 * MS},
                {"start, then bytearray, 3.11", "16*w 8000 iw", true, 10 * MS, 1, 10 * MS},
                {"start and subinterpreter", "16*w 50000 16*w", true, 10 * MS, 0, 0},
                {"a start that broke off", "7*w", true, 10 * MS, 1, 1002 * MS},
                {"13 are no start", "13*w", false, OLD, 1, 32 * MS},
                {"nor are 19", "19*w", false, OLD, 1, 32 * MS},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                Story story = {cases[i].text, 100 * USEC_PER_SEC, 500, 500, cases[i].age, cases[i].pairs, 0, 0, 0, false, 0};
                usec_t begun = story.at;

                hits = (Hits){};
                tell(&story);
                if (story.n_events > 0 && story.made != (strpbrk(cases[i].text, "ni") == NULL))
                        fail_msg("%s: taken for made by tp_new alone, or not", cases[i].what);
                if (story.n_errors != cases[i].n_errors ||
                    (story.n_events > 0 && cases[i].n_errors == 1 && story.first_event - begun > cases[i].wait))
                        fail_msg("%s: %u errors in %u events, the first one after %lu us", cases[i].what,
                                 story.n_errors, story.n_events,
                                 (unsigned long) (story.n_events ? story.first_event - begun : 0));
                assert_int_equal(hits.n_lost, 0);
                assert_true(hits_deadline(&hits) == USEC_INFINITY);
        }
}

static void test_what_may_be_the_rest_of_a_start_is_not_sure(void **state) {
        static const struct {
                const char *text;
                unsigned n_errors, n_sure;
        } cases[] = {
                {"16*w 100000 W", 1, 0}, /* seen in the guest: the 17th hit of one that was moved */
                {"16*w 100000 WW", 1, 0},
                {"14*w 200000 W 40000 W", 2, 0},
                {"16*w 4000000 W", 1, 0}, /* on a host that lets its guests starve */
                {"16*w 5100000 w", 1, 1}, /* too late */
                {"18*w 100000 w", 1, 1}, /* that start was whole */
                {"16*w 100000 w 60000 w 60000 w", 3, 1}, /* the third one is one too many */
                {"16*w 100000 i", 1, 1}, /* an allocation was refused */
                {"7*w", 1, 0},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                Story story = {.text = cases[i].text, .at = 100 * USEC_PER_SEC, .pid = 500, .tid = 500, .age = 10 * MS};

                hits = (Hits){};
                tell(&story);
                if (story.n_errors != cases[i].n_errors || story.n_sure != cases[i].n_sure)
                        fail_msg("%s: %u errors, %u sure", cases[i].text, story.n_errors, story.n_sure);
        }
}

static void test_a_tight_loop_gives_ten_events_a_second(void **state) {
        Story c = {"100000*i", 100 * USEC_PER_SEC, 500, 501, OLD, false, 0, 0, 0, false, 0};
        Story python = {"100000*w", 200 * USEC_PER_SEC, 600, 601, OLD, false, 0, 0, 0, false, 0};

        (void) state;
        tell(&c); /* 2 s */
        assert_in_range(c.n_events, 18, 22);
        assert_in_range(c.n_errors, 1500, 2100); /* at most one a millisecond */
        assert_true(c.first_event == 100 * USEC_PER_SEC);
        tell(&python);
        assert_in_range(python.n_events, 15, 22);
        assert_true(python.n_errors >= python.n_events);
        assert_true(python.first_event - 200 * USEC_PER_SEC < 2 * MS); /* 67 in a row are no start */
}

static void test_threads_and_processes_are_told_apart(void **state) {
        usec_t now = 100 * USEC_PER_SEC;
        unsigned n_events = 0, n_errors = 0;
        Raised raised;

        (void) state;
        for (unsigned i = 0; i < 32; i++) {
                Hit start = {now + i, 500, 500 + i % 2, 0, 1, PYPROBE_NEW, false};
                Hit real = {now + i, 600 + i, 600 + i, 0, 1, PYPROBE_NO_MEMORY, false};

                hits_feed(&hits, &start, OLD);
                if (i < 5)
                        hits_feed(&hits, &real, OLD);
        }
        while (hits_take(&hits, now + USEC_PER_SEC, &raised)) {
                n_events++;
                n_errors += raised.count;
                assert_in_range(raised.pid, 600, 604);
        }
        assert_int_equal(n_events, 5);
        assert_int_equal(n_errors, 5);
}

static void test_full_tables(void **state) {
        usec_t now = 100 * USEC_PER_SEC;
        unsigned n_events = 0;
        Raised raised;

        (void) state;
        /* More threads than places wait for a burst: the ones that waited longest are taken for errors. */
        for (uint32_t i = 1; i <= HITS_THREADS_MAX + 10; i++)
                hits_feed(&hits, &(Hit){now + i, 500, i, 0, 1, PYPROBE_NEW, false}, OLD);
        assert_true(hits_take(&hits, now + 1000, &raised));
        assert_int_equal(raised.count, 10);
        assert_true(hits.n_lost == 0);
        /* More processes than places raise at once: the further ones are counted as lost. */
        hits = (Hits){};
        for (uint32_t i = 1; i <= HITS_PIDS_MAX + 10; i++)
                hits_feed(&hits, &(Hit){now + i, i, i, 0, 1, PYPROBE_NO_MEMORY, false}, OLD);
        assert_int_equal(hits.n_lost, 10);
        while (hits_take(&hits, now + 1000, &raised))
                n_events++;
        assert_int_equal(n_events, HITS_PIDS_MAX);
        /* Places of those that were told are free again. */
        hits_feed(&hits, &(Hit){now + 2000, 9999, 9999, 0, 1, PYPROBE_NO_MEMORY, false}, OLD);
        assert_true(hits_take(&hits, now + 2000, &raised));
        assert_int_equal(raised.pid, 9999);
        /* What the kernel does not know the pid of (another namespace) is nobody's. */
        hits_feed(&hits, &(Hit){now + 3000, 0, 0, 0, 1, PYPROBE_NO_MEMORY, false}, OLD);
        assert_false(hits_take(&hits, now + 3000, &raised));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_the_hit_matrix, empty),
                cmocka_unit_test_setup(test_what_may_be_the_rest_of_a_start_is_not_sure, empty),
                cmocka_unit_test_setup(test_a_tight_loop_gives_ten_events_a_second, empty),
                cmocka_unit_test_setup(test_threads_and_processes_are_told_apart, empty),
                cmocka_unit_test_setup(test_full_tables, empty),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
