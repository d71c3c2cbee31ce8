/* The kernel's own records name the killed, whatever names stand in them, and what is doubtful is left unnamed. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "oomtext.h"

typedef struct Seen {
        Witness witness;
        char path[CGROUP_PATH_MAX];
} Seen;

typedef struct Log {
        OomText oom;
        Seen seen[64];
        unsigned n_seen;
} Log;

static void feed(Log *log, const char *record, size_t n) {
        KmsgRecord parsed;
        Seen *seen = &log->seen[log->n_seen];
        int r;

        assert_int_equal(kmsg_parse_record(record, n, &parsed), 0);
        memset(seen, 0x55, sizeof(*seen));
        r = oomtext_feed(&log->oom, &parsed, &seen->witness, seen->path);
        assert_in_range(r, 0, 1);
        if (r == 0)
                assert_int_equal(seen->path[0], 0x55);
        else
                assert_true(++log->n_seen < ELEMENTSOF(log->seen));
}

/* One text of the kernel's, half a millisecond after the one before. */
static void say(Log *log, const char *text) {
        static usec_t at = 1000000;
        char record[4096];
        int n = snprintf(record, sizeof(record), "6,1,%llu,-;%s\n", (unsigned long long) (at += 500), text);

        feed(log, record, (size_t) n);
}

static void feed_file(Log *log, const char *name) {
        char path[512], line[KMSG_RECORD_MAX];
        FILE *file;

        *log = (Log){0};
        (void) snprintf(path, sizeof(path), TEST_DIR "/fixtures/kmsg/%s.kmsg", name);
        file = fopen(path, "re");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file))
                if (line[0] != ' ')
                        feed(log, line, strlen(line));
        (void) fclose(file);
}

typedef struct Kill {
        const char *file;
        unsigned i, n; /* the i-th of n witnesses */
        int pid;
        Scope scope;
        uint64_t anon_kib;
        const char *comm, *path, *limit, *word;
} Kill;

static void check_kill(const Seen *seen, const Kill *want) {
        const Witness *witness = &seen->witness;

        if (witness->fact != FACT_OOM_KILL || witness->source != WITNESS_KERNEL || witness->pid != want->pid ||
            witness->scope != want->scope || witness->bytes != want->anon_kib * KIB || witness->at == 0 ||
            !util_streq(witness->comm, want->comm) || !util_streq(seen->path, want->path) ||
            !util_streq(witness->limit, want->limit) || !util_streq(witness->word, want->word ? want->word : ""))
                fail_msg("%s[%u]: %s pid %d (%s) scope %s bytes %llu path \"%s\" limit \"%s\" word \"%s\"", want->file,
                         want->i, fact_name(witness->fact), witness->pid, witness->comm, scope_name(witness->scope),
                         (unsigned long long) witness->bytes, seen->path, witness->limit, witness->word);
}

#define ESCAPED "/system.slice/system-foo\\x5cx2dbar.slice/foo\\x2dbar@a\\x20b.service"

static void test_real_records_name_the_victim(void **state) {
        static const char hostile[] = "/x.slice/a,task_memcg=b,pid=1";
        static const Kill kills[] = {
                {"memcg-6.1", 0, 1, 320, SCOPE_CGROUP, 20320, "memev", "/x.slice/w", "/x.slice/w", NULL},
                {"memcg-6.12", 0, 1, 411, SCOPE_CGROUP, 20448, "memev", "/x.slice/w", "/x.slice/w", NULL},
                {"parent-6.1", 0, 1, 329, SCOPE_CGROUP, 30512, "memev", "/x.slice/w", "/x.slice", NULL},
                {"parent-6.12", 0, 1, 420, SCOPE_CGROUP, 30688, "memev", "/x.slice/w", "/x.slice", NULL},
                {"names-6.1", 1, 3, 384, SCOPE_CGROUP, 20284, "memev", hostile, hostile, NULL},
                {"names-6.1", 2, 3, 387, SCOPE_CGROUP, 20308, "a b,pid=7\\x0a(x", ESCAPED, ESCAPED, NULL},
                {"names-6.12", 1, 2, 475, SCOPE_CGROUP, 20452, "memev", hostile, hostile, NULL},
                {"group-6.1", 0, 3, 324, SCOPE_CGROUP, 27928, "memev", "/x.slice/w", "/x.slice/w", NULL},
                {"group-6.1", 1, 3, 325, SCOPE_CGROUP, 14424, "memev", "/x.slice/w", "/x.slice/w", NULL},
                {"group-6.1", 2, 3, 323, SCOPE_CGROUP, 18696, "memev", "/x.slice/w", "/x.slice/w", NULL},
                {"group-6.12", 0, 3, 415, SCOPE_CGROUP, 22876, "memev", "/x.slice/w", "/x.slice/w", NULL},
                {"group-6.12", 1, 3, 414, SCOPE_CGROUP, 18532, "memev", "/x.slice/w", "/x.slice/w", NULL},
                {"group-6.12", 2, 3, 416, SCOPE_CGROUP, 20024, "memev", "/x.slice/w", "/x.slice/w", NULL},
                {"global-6.1", 0, 1, 393, SCOPE_HOST, 894704, "hogself", "/system.slice/big.service", "", NULL},
                {"global-6.12", 0, 1, 486, SCOPE_HOST, 898140, "hogself", "/system.slice/big.service", "", NULL},
                {"sysrq-6.1", 0, 1, 424, SCOPE_HOST, 204800, "hogself", "/system.slice/mid.service", "", "sysrq"},
                {"sysrq-6.12", 0, 1, 526, SCOPE_HOST, 204800, "hogself", "/system.slice/mid.service", "", "sysrq"},
        };
        static Log log;

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(kills); i++) {
                feed_file(&log, kills[i].file);
                assert_int_equal(log.n_seen, kills[i].n);
                check_kill(&log.seen[kills[i].i], &kills[i]);
        }
}

static void test_the_telling_line_is_one_line_of_text(void **state) {
        static Log log;

        (void) state;
        feed_file(&log, "names-6.1");
        assert_int_equal(log.seen[0].witness.fact, FACT_BLIND);
        assert_string_equal(log.seen[0].witness.text, "oom_kill_process: 20 callbacks suppressed");
        assert_int_equal(log.seen[0].witness.at, 53532390);
        assert_string_equal(log.seen[2].witness.text,
                            "Memory cgroup out of memory: Killed process 387 (a b,pid=7\\x0a(x)) total-vm:43296kB, "
                            "anon-rss:20308kB, file-rss:1032kB, shmem-rss:0kB, UID:0 pgtables:84kB oom_score_adj:0");
}

/* 40 kills, of which the kernel names the cgroup of 19 or 17: all are seen, and none is named that the kernel did not. */
static void test_a_burst_names_only_what_the_kernel_named(void **state) {
        static const struct {
                const char *file;
                unsigned n_named;
        } bursts[] = {{"burst-6.1", 19}, {"burst-6.12", 17}};
        static Log log;

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(bursts); i++) {
                unsigned n_kills = 0, n_named = 0;

                feed_file(&log, bursts[i].file);
                for (unsigned k = 0; k < log.n_seen; k++) {
                        if (log.seen[k].witness.fact != FACT_OOM_KILL)
                                continue;
                        n_kills++;
                        n_named += log.seen[k].path[0] != 0;
                        assert_int_equal(log.seen[k].witness.scope, SCOPE_CGROUP);
                        assert_int_equal(log.seen[k].path[0] == 0, log.seen[k].witness.limit[0] == 0);
                }
                assert_int_equal(n_kills, 40);
                assert_int_equal(n_named, bursts[i].n_named);
        }
}

#define HEADER(names, pid)                                                                                             \
        "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0," names ",pid=" pid ",uid=0"
#define KILLED(victim) "Memory cgroup out of memory: Killed process " victim " total-vm:8kB, anon-rss:4kB, file-rss:0kB"

static void test_names_made_of_the_format_fool_nobody(void **state) {
        static const struct {
                const char *header, *kill, *comm, *path, *limit;
        } cases[] = {
                /* A task's name, as anybody may choose it. */
                {HEADER("oom_memcg=/a,task_memcg=/a/b,task=x,task=y", "7"), KILLED("7 (x,task=y)"), "x,task=y", "/a/b", "/a"},
                {HEADER("oom_memcg=/a,task_memcg=/a,task=,task_memcg=/a", "7"), KILLED("7 (,task_memcg=/a)"),
                 ",task_memcg=/a", "/a", "/a"},
                {HEADER("oom_memcg=/a,task_memcg=/a,task=,pid=9,uid=0", "7"), KILLED("7 (,pid=9,uid=0)"),
                 ",pid=9,uid=0", "/a", "/a"},
                {HEADER("oom_memcg=/a,task_memcg=/a,task=) total-vm:1", "7"), KILLED("7 () total-vm:1)"),
                 ") total-vm:1", "/a", "/a"},
                {HEADER("oom_memcg=/a,task_memcg=/a,task=", "7"), KILLED("7 ()"), "", "/a", "/a"},
                {HEADER("oom_memcg=/a,task_memcg=/a,task=\\xff\\x1b[2J", "7"), KILLED("7 (\\xff\\x1b[2J)"),
                 "\\xff\\x1b[2J", "/a", "/a"},
                /* A cgroup's. */
                {HEADER("oom_memcg=/a,task=b,task_memcg=/a,task=b,task=b", "7"), KILLED("7 (b)"), "b", "/a,task=b", "/a,task=b"},
                {HEADER("oom_memcg=/a,task_memcg=/ab,task=b", "7"), KILLED("7 (b)"), "b", "", ""}, /* no ancestor */
                {HEADER("oom_memcg=/a,task_memcg=/a,task_memcg=/a,task_memcg=/a,task=b", "7"), KILLED("7 (b)"), "b",
                 "/a,task_memcg=/a", "/a,task_memcg=/a"},
                /* Two readings: /a,task_memcg= and /a/b below it, or the other way round. */
                {HEADER("oom_memcg=/a,task_memcg=/a/b,task_memcg=/a,task_memcg=/a/b/c,task=b", "7"), KILLED("7 (b)"), "b", "", ""},
                {HEADER("oom_memcg=/a\\x0a,task_memcg=/a\\x0a,task=b", "7"), KILLED("7 (b)"), "b", "", ""},
                {HEADER("oom_memcg=/a/../b,task_memcg=/a/../b,task=b", "7"), KILLED("7 (b)"), "b", "", ""},
                {"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,oom_memcg=,task_memcg=,task=b,pid=7,uid=0,"
                 "mems_allowed=0,oom_memcg=/a,task_memcg=/a,task=b,pid=7,uid=-2",
                 KILLED("7 (b)"), "b", "/a", "/a"},
                /* Neither another pid nor another name at that pid is the header's. */
                {HEADER("oom_memcg=/a,task_memcg=/a,task=b", "7"), KILLED("8 (b)"), "b", "", ""},
                {HEADER("oom_memcg=/a,task_memcg=/a,task=b", "7"), KILLED("7 (c)"), "c", "", ""},
                /* Cut in two by another CPU's line. */
                {"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a", KILLED("7 (b)"),
                 "b", "", ""},
                {HEADER("oom_memcg=/a,task_memcg=/a,task=b", "99999999999"), KILLED("7 (b)"), "b", "", ""},
        };
        static Log log;

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                log = (Log){0};
                say(&log, cases[i].header);
                say(&log, cases[i].kill);
                assert_int_equal(log.n_seen, 1);
                if (!util_streq(log.seen[0].path, cases[i].path) || !util_streq(log.seen[0].witness.limit, cases[i].limit) ||
                    !util_streq(log.seen[0].witness.comm, cases[i].comm))
                        fail_msg("%s: path \"%s\" limit \"%s\" comm \"%s\"", cases[i].header, log.seen[0].path,
                                 log.seen[0].witness.limit, log.seen[0].witness.comm);
                assert_int_equal(log.seen[0].witness.bytes, 4 * KIB);
        }
}

static void test_a_header_serves_one_kill(void **state) {
        static Log log;

        (void) state;
        log = (Log){0};
        say(&log, HEADER("oom_memcg=/a,task_memcg=/a,task=b", "7"));
        say(&log, KILLED("7 (b)"));
        say(&log, KILLED("7 (b)")); /* the pid again, its header suppressed */
        assert_int_equal(log.n_seen, 2);
        assert_string_equal(log.seen[0].path, "/a");
        assert_string_equal(log.seen[1].path, "");
        /* A report that began since then, of which no more is known. */
        say(&log, HEADER("oom_memcg=/a,task_memcg=/a,task=b", "7"));
        say(&log, "b invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0");
        say(&log, KILLED("7 (b)"));
        assert_string_equal(log.seen[2].path, "");
        /* And records that were lost. */
        say(&log, HEADER("oom_memcg=/a,task_memcg=/a,task=b", "7"));
        oomtext_lost(&log.oom);
        say(&log, KILLED("7 (b)"));
        assert_string_equal(log.seen[3].path, "");
        assert_int_equal(log.seen[3].witness.scope, SCOPE_CGROUP);
}

static void test_who_was_dying_anyway_was_not_killed(void **state) {
        static Log log;

        (void) state;
        log = (Log){0};
        say(&log, HEADER("oom_memcg=/a,task_memcg=/a/b,task=b", "7"));
        say(&log, "Memory cgroup out of memory: OOM victim 7 (b) is already exiting. Skip killing the task");
        assert_int_equal(log.n_seen, 0);
        say(&log, "Tasks in /a/b are going to be killed due to memory.oom.group set");
        say(&log, "Memory cgroup out of memory: OOM victim 7 (b) is already exiting. Skip killing the task");
        say(&log, KILLED("8 (c)"));
        assert_int_equal(log.n_seen, 1);
        assert_string_equal(log.seen[0].path, "/a/b");
        assert_string_equal(log.seen[0].witness.limit, "/a");
}

static void test_a_group_ends_where_a_header_may_be_missing(void **state) {
        static Log log;

        (void) state;
        log = (Log){0};
        for (unsigned i = 0; i < OOM_HEADERS_MAX; i++)
                say(&log, HEADER("oom_memcg=/a,task_memcg=/a,task=b", "7"));
        say(&log, KILLED("7 (b)"));
        say(&log, "Tasks in /a are going to be killed due to memory.oom.group set");
        say(&log, KILLED("7 (b)"));
        say(&log, KILLED("8 (b)")); /* of the group, or the victim of an eleventh report? */
        assert_int_equal(log.n_seen, 2);
        assert_string_equal(log.seen[0].path, "/a");
        assert_string_equal(log.seen[1].path, "");
        /* The same after a loss of records, which may have held ten headers. */
        oomtext_lost(&log.oom);
        say(&log, "Tasks in /a are going to be killed due to memory.oom.group set");
        say(&log, KILLED("9 (b)"));
        assert_string_equal(log.seen[2].path, "");
}

static void test_a_group_is_killed_in_the_words_of_its_first(void **state) {
        static Log log;

        (void) state;
        log = (Log){0};
        say(&log, HEADER("oom_memcg=/a,task_memcg=/a/b,task=b", "7"));
        say(&log, KILLED("7 (b)"));
        say(&log, "Tasks in /a/b are going to be killed due to memory.oom.group set");
        say(&log, "Out of memory: Killed process 7 (b) total-vm:8kB, anon-rss:4kB");
        assert_int_equal(log.n_seen, 2);
        assert_int_equal(log.seen[1].witness.scope, SCOPE_HOST);
        assert_string_equal(log.seen[1].witness.limit, "");
        assert_string_equal(log.seen[1].path, "");
        /* Nor does a cgroup's header speak of a kill by the host. */
        say(&log, HEADER("oom_memcg=/a,task_memcg=/a/b,task=b", "9"));
        say(&log, "Out of memory: Killed process 9 (b) total-vm:8kB, anon-rss:4kB");
        assert_string_equal(log.seen[2].witness.limit, "");
        assert_string_equal(log.seen[2].path, "");
}

static void test_refusals_and_the_rest(void **state) {
        static const struct {
                const char *text;
                Fact fact;
                int pid;
                const char *comm;
                uint64_t bytes;
        } cases[] = {
                {"__vm_enough_memory: pid: 318, comm: python3, no enough memory for the allocation", FACT_REFUSED, 318,
                 "python3", 0},
                {"__vm_enough_memory: pid: 318, comm: python3, bytes: 10000000004096 not enough memory for the allocation",
                 FACT_REFUSED, 318, "python3", UINT64_C(10000000004096)},
                {"__vm_enough_memory: pid: 1, comm: a, bytes: 1, no enough memory for the allocation", FACT_REFUSED, 1,
                 "a, bytes: 1", 0},
                {"__vm_enough_memory: pid: 1, comm: , bytes: 1, bytes: 4096 not enough memory for the allocation", FACT_REFUSED,
                 1, ", bytes: 1", 4096},
                {"__vm_enough_memory: 156 callbacks suppressed", FACT_BLIND, 0, "", 0},
                {"oom_kill_process: 1 callbacks suppressed", FACT_BLIND, 0, "", 0},
                {"mmap: python3 (212): VmData 104812544 exceed data ulimit 52428800. Update limits or use boot option "
                 "ignore_rlimit_data.",
                 FACT_DATA_LIMIT, 212, "python3", 104812544},
                {"mmap: a (1): VmData 2 (212): VmData 104812544 exceed data ulimit 52428800. Update limits", FACT_DATA_LIMIT, 212,
                 "a (1): VmData 2", 104812544},
                {"Out of memory (oom_kill_allocating_task): Killed process 5 (b) total-vm:1kB, anon-rss:2kB", FACT_OOM_KILL, 5,
                 "b", 2048},
                {"Out of memory: Killed process 5 (b) total-vm:1kB", FACT_OOM_KILL, 5, "b", 0},
        };
        static Log log;

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                const Witness *witness = &log.seen[0].witness;

                log = (Log){0};
                say(&log, cases[i].text);
                assert_int_equal(log.n_seen, 1);
                assert_int_equal(witness->fact, cases[i].fact);
                assert_int_equal(witness->pid, cases[i].pid);
                assert_int_equal(witness->bytes, cases[i].bytes);
                assert_string_equal(witness->comm, cases[i].comm);
                assert_string_equal(witness->text, cases[i].text);
                assert_string_equal(log.seen[0].path, "");
        }
}

static void test_what_is_not_whole_is_nothing(void **state) {
        static const char *const texts[] = {
                "",
                "Out of memory: ",
                "Out of memory: Killed process",
                "Out of memory: Killed process 5",
                "Out of memory: Killed process 5 (b",
                "Out of memory: Killed process 0 (b) total-vm:1kB",
                "Out of memory: Killed process -5 (b) total-vm:1kB",
                "Out of memory: Killed process 2147483648 (b) total-vm:1kB",
                " Out of memory: Killed process 5 (b) total-vm:1kB",
                "b: Out of memory: Killed process 5 (b) total-vm:1kB",
                "Out of memory:  invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
                "__vm_enough_memory: pid: 1, comm: a, enough memory for the allocation",
                "__vm_enough_memory: pid: 1, comm: a, bytes:  not enough memory for the allocation",
                "__vm_enough_memory: pid: 1, comm: a, bytes: 99999999999999999999 not enough memory for the allocation",
                "__vm_enough_memory: pid: 1, no enough memory for the allocation",
                "__vm_enough_memory: 5 callbacks",
                "net_ratelimit: 5 callbacks suppressed",
                "mmap: a (1): VmData x exceed data ulimit 5.",
                "mmap: a (1): VmData 5",
                "mmap: (1): VmData 5 exceed data ulimit 5.",
        };
        static Log log;

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(texts); i++) {
                log = (Log){0};
                say(&log, texts[i]);
                if (log.n_seen > 0)
                        fail_msg("\"%s\" is no witness", texts[i]);
        }
}

static void test_only_the_kernel_is_heard(void **state) {
        static const char kill[] = "3,9,5,-;Out of memory: Killed process 5 (b) total-vm:1kB\n",
                          forged[] = "12,9,5,-;Out of memory: Killed process 5 (b) total-vm:1kB\n";
        static Log log;

        (void) state;
        log = (Log){0};
        feed(&log, forged, strlen(forged));
        assert_int_equal(log.n_seen, 0);
        feed(&log, kill, strlen(kill));
        assert_int_equal(log.n_seen, 1);
}

static void test_records(void **state) {
        static const struct {
                const char *record;
                int r;
                KmsgRecord parsed;
        } cases[] = {
                {"6,1435,120920648,-;text\n KEY=value\n", 0, {6, 1435, 120920648, true, "text", 4}},
                {"30,0,0,c,caller=T1;\n", 0, {6, 0, 0, false, "", 0}},
                {"0,18446744073709551615,1;;;\n", 0, {0, UINT64_MAX, 1, true, ";;", 2}},
                {"6,1435,120920648,-;text", -EINVAL, {0}},
                {"6,1435,120920648,-\n;text\n", -EINVAL, {0}},
                {"6,1435,120920648\n", -EINVAL, {0}},
                {"6,18446744073709551616,1,-;text\n", -EINVAL, {0}},
                {"4294967296,1,1,-;text\n", -EINVAL, {0}},
                {"6;1,1,-;text\n", -EINVAL, {0}},
                {"-6,1,1,-;text\n", -EINVAL, {0}},
                {"6,,1,-;text\n", -EINVAL, {0}},
                {" KEY=value\n", -EINVAL, {0}},
                {"\n", -EINVAL, {0}},
                {"", -EINVAL, {0}},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                const KmsgRecord *want = &cases[i].parsed;
                KmsgRecord got = {.seq = 77};

                if (kmsg_parse_record(cases[i].record, strlen(cases[i].record), &got) != cases[i].r)
                        fail_msg("\"%s\"", cases[i].record);
                if (cases[i].r < 0) {
                        assert_int_equal(got.seq, 77);
                        continue;
                }
                assert_int_equal(got.priority, want->priority);
                assert_true(got.seq == want->seq && got.at == want->at && got.from_kernel == want->from_kernel);
                assert_int_equal(got.n_text, want->n_text);
                assert_memory_equal(got.text, want->text, want->n_text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_real_records_name_the_victim),
                cmocka_unit_test(test_the_telling_line_is_one_line_of_text),
                cmocka_unit_test(test_a_burst_names_only_what_the_kernel_named),
                cmocka_unit_test(test_names_made_of_the_format_fool_nobody),
                cmocka_unit_test(test_a_header_serves_one_kill),
                cmocka_unit_test(test_who_was_dying_anyway_was_not_killed),
                cmocka_unit_test(test_a_group_ends_where_a_header_may_be_missing),
                cmocka_unit_test(test_a_group_is_killed_in_the_words_of_its_first),
                cmocka_unit_test(test_refusals_and_the_rest),
                cmocka_unit_test(test_what_is_not_whole_is_nothing),
                cmocka_unit_test(test_only_the_kernel_is_heard),
                cmocka_unit_test(test_records),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
