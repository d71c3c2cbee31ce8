/* Every incident is told in one finished sentence, safe to show, and its words and ids are a table each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "incident.h"
#include "record.h"

static Incident incident;
static char text[RECORD_TEXT_MAX];

static const char *tell(void) {
        int n = incident_sentence(&incident, text, sizeof(text));

        assert_int_equal(n, strlen(text));
        return text;
}

static Incident *begin(Verdict verdict, Fate fate) {
        incident = (Incident){
                .path = "/system.slice/api.service",
                .pid = 4242,
                .comm = "python3",
                .verdict = verdict,
                .fate = fate,
                .confidence = CONFIDENCE_CERTAIN,
                .count = 1,
                .has_before = true,
                .before = {.current = 150 * MIB, .own_max = 150 * MIB, .limit = 150 * MIB},
        };
        return &incident;
}

static void test_memory_errors(void **state) {
        static const struct {
                Cause cause;
                const char *why;
        } causes[] = {
                {CAUSE_RLIMIT_AS, "LimitAS= (RLIMIT_AS) refused the memory"},
                {CAUSE_RLIMIT_DATA, "LimitDATA= (RLIMIT_DATA) refused the memory"},
                {CAUSE_OVERCOMMIT, "the host's commit limit (vm.overcommit_memory=2) refused the memory"},
                {CAUSE_MAP_COUNT, "the process had as many mappings as vm.max_map_count allows"},
                {CAUSE_REQUEST_SIZE, "it asked at once for more than the memory and swap of the host"},
                {CAUSE_UNKNOWN, "no limit is known that refused the memory"},
                {CAUSE_NONE, "no limit is known that refused the memory"},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(causes); i++) {
                char expected[256];

                begin(VERDICT_MEMORY_ERROR, FATE_SURVIVED)->cause = causes[i].cause;
                (void) snprintf(expected, sizeof(expected),
                                "api.service: MemoryError in python3 (pid 4242): %s; the process survived.",
                                causes[i].why);
                assert_string_equal(tell(), expected);
        }

        begin(VERDICT_MEMORY_ERROR, FATE_EXITED)->cause = CAUSE_RLIMIT_AS;
        strcpy(incident.site, "/srv/app/main.py:12 in load");
        assert_string_equal(tell(),
                            "api.service: MemoryError in python3 (pid 4242) at /srv/app/main.py:12 in load: LimitAS= "
                            "(RLIMIT_AS) refused the memory; the main process exited.");
        incident.count = 3;
        incident.fate = FATE_RESTARTED;
        incident.confidence = CONFIDENCE_LIKELY;
        assert_string_equal(tell(),
                            "api.service: probably 3 MemoryErrors in python3 (pid 4242), the first at "
                            "/srv/app/main.py:12 in load: LimitAS= (RLIMIT_AS) refused the memory; the run ended, "
                            "and systemd restarted it.");
        begin(VERDICT_MEMORY_ERROR, FATE_WORKER_DIED)->confidence = CONFIDENCE_POSSIBLE;
        assert_string_equal(tell(), "api.service: possibly a MemoryError in python3 (pid 4242): no limit is known that "
                                    "refused the memory; that process died, and the rest of the unit goes on.");
}

static void test_kernel_kills(void **state) {
        (void) state;
        begin(VERDICT_KERNEL_OOM_UNIT, FATE_RESTARTED);
        assert_string_equal(tell(),
                            "api.service: the kernel killed python3 (pid 4242) because the unit's own limit of 150M "
                            "was reached; systemd restarted it.");
        incident.count = 3;
        strcpy(incident.limit, incident.path);
        incident.before.own_max = BYTES_INFINITY;
        assert_string_equal(tell(),
                            "api.service: the kernel killed python3 (pid 4242) and 2 other processes because the "
                            "unit's own limit was reached; systemd restarted it.");
        strcpy(incident.limit, "/system.slice/api.service/worker");
        incident.count = 2;
        incident.fate = FATE_WORKER_DIED;
        assert_string_equal(tell(),
                            "api.service: the kernel killed python3 (pid 4242) and 1 other process because the limit "
                            "of /system.slice/api.service/worker, inside the unit, was reached; the rest of the "
                            "unit goes on.");

        begin(VERDICT_KERNEL_OOM_ANCESTOR, FATE_KILLED)->before.current = 120 * MIB;
        strcpy(incident.limit, "/batch.slice");
        assert_string_equal(tell(),
                            "api.service: the kernel killed python3 (pid 4242) because the limit of /batch.slice, "
                            "above the unit, was reached (this unit used 120M of it); that was the end of this run.");
        incident.limit[0] = 0;
        incident.has_before = false;
        assert_string_equal(tell(),
                            "api.service: the kernel killed python3 (pid 4242) because the limit of a cgroup above "
                            "the unit was reached; that was the end of this run.");
        begin(VERDICT_KERNEL_OOM_HOST, FATE_EXITED)->has_before = false;
        assert_string_equal(tell(),
                            "api.service: the kernel killed python3 (pid 4242) because the host ran out of memory; "
                            "the main process then exited.");
}

static void test_the_others(void **state) {
        (void) state;
        begin(VERDICT_USERSPACE_OOM, FATE_KILLED);
        strcpy(incident.killer, "earlyoom");
        assert_string_equal(tell(),
                            "api.service: earlyoom killed python3 (pid 4242) to free memory, before the kernel had to; "
                            "that was the end of this run.");
        incident.killer[0] = 0;
        assert_non_null(strstr(tell(), ": a userspace OOM killer killed "));

        begin(VERDICT_MEMGUARD, FATE_RESTARTED);
        assert_string_equal(tell(),
                            "api.service: memguard itself ended python3 (pid 4242), as the unit's policy asks; systemd "
                            "restarted it.");

        begin(VERDICT_KILLED, FATE_KILLED);
        assert_string_equal(tell(),
                            "api.service: python3 (pid 4242) was killed with SIGKILL, and memory had no part in it: no "
                            "limit was hit and the kernel's OOM killer did nothing; that was the end of this run.");
        incident.confidence = CONFIDENCE_POSSIBLE;
        assert_null(strstr(tell(), "did nothing"));

        begin(VERDICT_EXIT_137, FATE_EXITED);
        assert_string_equal(tell(),
                            "api.service: python3 (pid 4242) exited with status 137, which looks like a kill, but "
                            "nothing was killed.");
        incident.fate = FATE_RESTARTED;
        assert_non_null(strstr(tell(), "nothing was killed; systemd restarted it."));
        incident.confidence = CONFIDENCE_LIKELY;
        assert_null(strstr(tell(), "nothing was killed"));

        begin(VERDICT_RUNTIME_OOM, FATE_SURVIVED);
        strcpy(incident.killer, "jvm");
        strcpy(incident.comm, "java");
        assert_string_equal(tell(),
                            "api.service: an out-of-memory error of the jvm runtime in java (pid 4242); the process "
                            "survived.");

        begin(VERDICT_FAILURE, FATE_EXITED);
        assert_string_equal(tell(), "api.service: python3 (pid 4242) failed, and memory had no part in it.");
}

static void test_what_is_unknown_is_left_out(void **state) {
        (void) state;
        begin(VERDICT_KERNEL_OOM_UNIT, FATE_KILLED)->comm[0] = 0;
        assert_non_null(strstr(tell(), "killed pid 4242 because"));
        incident.pid = 0;
        assert_non_null(strstr(tell(), "killed a process because"));
        incident.count = 4;
        assert_non_null(strstr(tell(), "killed 4 processes because"));
        strcpy(incident.comm, "python3");
        assert_non_null(strstr(tell(), "killed python3 and 3 other processes because"));
        incident.count = 0;
        assert_non_null(strstr(tell(), "killed python3 because"));
        strcpy(incident.path, "/kubepods.slice/pod1");
        assert_int_equal(strncmp(tell(), "/kubepods.slice/pod1: ", 22), 0);
}

static void test_every_sentence_is_finished(void **state) {
        (void) state;
        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++)
                for (Fate fate = 0; fate < _FATE_MAX; fate++)
                        for (Confidence confidence = 0; confidence < _CONFIDENCE_MAX; confidence++)
                                for (unsigned count = 1; count < 4; count++) {
                                        begin(verdict, fate)->confidence = confidence;
                                        incident.count = count;
                                        tell();
                                        assert_int_equal(strncmp(text, "api.service: ", 13), 0);
                                        assert_int_equal(text[strlen(text) - 1], '.');
                                        assert_null(strstr(text, "  "));
                                        assert_null(strstr(text, "(null)"));
                                        /* These two are the unit's, not a process'. */
                                        if (verdict != VERDICT_LIMIT_STALL && verdict != VERDICT_LEAK)
                                                assert_non_null(strstr(text, "python3 (pid 4242)"));
                                        assert_int_equal(strstr(text, "probably") != NULL,
                                                         confidence == CONFIDENCE_LIKELY);
                                        assert_int_equal(strstr(text, "possibly") != NULL,
                                                         confidence == CONFIDENCE_POSSIBLE);
                                }
}

static void test_leak(void **state) {
        (void) state;
        begin(VERDICT_LEAK, FATE_SURVIVED)->confidence = CONFIDENCE_LIKELY;
        incident.at = 20000 * USEC_PER_SEC;
        incident.after = (Sample){.working_set = 300 * MIB, .limit = 512 * MIB};
        incident.growth = (Growth){.class = GROWTH_LEAK, .forecasts = true, .slope = 18000,
                                   .grown = 220 * MIB, .since = 7000 * USEC_PER_SEC,
                                   .time_to_limit = 12000 * USEC_PER_SEC};
        assert_string_equal(tell(), "api.service: probably a leak: in 3 h 37 min its working set has grown by 220M to 300M, "
                                    "1M a minute; at this rate it reaches its limit of 512M in 3 h 20 min.");
}

/* Fields of the largest size, of bytes that a terminal would obey, in the smallest and in the record's own room. */
static void test_hostile_names(void **state) {
        (void) state;
        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++) {
                begin(verdict, FATE_RESTARTED)->count = 2;
                memset(incident.comm, '\033', sizeof(incident.comm) - 1);
                memset(incident.site, '\xff', sizeof(incident.site) - 1);
                memset(incident.killer, '\n', sizeof(incident.killer) - 1);
                memset(incident.limit, '\xc3', sizeof(incident.limit) - 1);
                memset(incident.path, '\xe2', sizeof(incident.path) - 1);
                incident.path[0] = incident.limit[0] = '/';
                tell();
                assert_int_equal(text[strlen(text) - 1], '.');
                for (const char *p = text; *p; p++)
                        assert_in_range(*p, ' ', '~');

                for (size_t size = 1; size < 64; size++) {
                        char small[65];
                        int n;

                        memset(small, '#', sizeof(small));
                        n = incident_sentence(&incident, small, size);

                        assert_int_equal(n, strlen(small));
                        assert_in_range(strlen(small), 0, size - 1);
                        assert_int_equal(small[size], '#');
                }
        }
}

static void test_a_long_name_is_cut_at_a_character(void **state) {
        (void) state;
        begin(VERDICT_MEMORY_ERROR, FATE_SURVIVED);
        for (unsigned i = 0; i < 120; i += 2)
                memcpy(incident.site + i, "\xc3\xa9", 3);
        strcat(incident.site, ".py:12 in load");
        assert_non_null(strstr(tell(), " at ...\xc3\xa9"));
        assert_non_null(strstr(text, "\xc3\xa9.py:12 in load: "));
        assert_null(strstr(text, "\\x"));
}

static void test_words(void **state) {
        static const char *const words[] = {"memory-error",    "kernel-oom-unit", "kernel-oom-ancestor",
                                            "kernel-oom-host", "userspace-oom",   "memguard",
                                            "killed",          "exit-137",        "runtime-oom",
                                            "limit-stall",     "leak",            "failure"};

        (void) state;
        assert_int_equal(ELEMENTSOF(words), _VERDICT_MAX);
        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++) {
                assert_string_equal(verdict_name(verdict), words[verdict]);
                assert_int_equal(verdict_parse(words[verdict]), verdict);
        }
        assert_int_equal(verdict_parse("oom"), _VERDICT_INVALID);
        assert_int_equal(verdict_parse(""), _VERDICT_INVALID);
        assert_string_equal(verdict_name(_VERDICT_MAX), "unknown");
        assert_string_equal(cause_name(CAUSE_NONE), "");
        assert_string_equal(cause_name(CAUSE_REQUEST_SIZE), "request-size");
        assert_string_equal(cause_name(_CAUSE_INVALID), "unknown");
        assert_string_equal(fate_name(FATE_WORKER_DIED), "worker-died");
        assert_string_equal(fate_name(_FATE_MAX), "unknown");
        assert_string_equal(confidence_name(CONFIDENCE_CERTAIN), "certain");
        assert_string_equal(confidence_name(_CONFIDENCE_INVALID), "unknown");
}

static void test_ids_are_unique(void **state) {
        (void) state;
        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++) {
                assert_int_equal(strlen(verdict_message_id(verdict)), 32);
                assert_int_equal(strspn(verdict_message_id(verdict), "0123456789abcdef"), 32);
                for (Verdict other = 0; other < verdict; other++)
                        assert_string_not_equal(verdict_message_id(verdict), verdict_message_id(other));
        }
}

static void test_memory(void **state) {
        const Sample sample = {.anon = 1,
                               .file = 2,
                               .shmem = 3,
                               .kernel = 4,
                               .swap = 5,
                               .current = 6,
                               .host_cached = 7,
                               .host_free = 8,
                               .available = 9};
        Sample largest;
        char buf[INCIDENT_MEMORY_MAX];
        int n = incident_memory(&sample, buf);

        (void) state;
        assert_int_equal(n, strlen(buf));
        assert_string_equal(buf, "anon=1 file=2 shmem=3 kernel=4 swap=5 current=6 cached=7 free=8 available=9");
        memset(&largest, 0xff, sizeof(largest));
        n = incident_memory(&largest, buf);
        assert_int_equal(n, strlen(buf));
        assert_non_null(strstr(buf, " available=18446744073709551615"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_memory_errors),
                cmocka_unit_test(test_kernel_kills),
                cmocka_unit_test(test_the_others),
                cmocka_unit_test(test_what_is_unknown_is_left_out),
                cmocka_unit_test(test_every_sentence_is_finished),
                cmocka_unit_test(test_leak), cmocka_unit_test(test_hostile_names),
                cmocka_unit_test(test_a_long_name_is_cut_at_a_character),
                cmocka_unit_test(test_words),
                cmocka_unit_test(test_ids_are_unique),
                cmocka_unit_test(test_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
