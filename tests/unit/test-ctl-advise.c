/* memguardctl advise turns what was learned into files that are taken, and says when too little is known */
#include "fake-archive.h"
#include "host-bench.h"

#include <time.h>

#define HEAD "memguard-peaks 1\n"

static void learn(const Bench *bench, const char *lines) {
        char text[2048];

        (void) snprintf(text, sizeof(text), HEAD "%s", lines);
        temproot_write(&bench->root, "var/lib/memguard/peaks", text);
}

static const char *text_at(const json_t *all, const char *object, const char *key) {
        return json_string_value(json_object_get(json_object_get(all, object), key));
}

static void test_known(void **state) {
        Bench *bench = *state;
        json_t *all;

        learn(bench, "ws=314572800 anon=209715200 current=400000000 start=62914560 last=314572800 swapped=0 runs=2 "
                     "total=200000 "
                     "longest=150000 began=1 first=1700000000 seen=1700200000 at=1700100000 run= path=" SOUND "\n");
        CTL(bench, "advise", "sound", "--json");
        assert_string_equal(bench->run.err, "");
        assert_int_equal(bench->run.status, 0);
        all = host_json(bench);
        assert_true(json_is_false(json_object_get(all, "provisional")));
        assert_int_equal(json_integer_value(json_object_get(all, "peak")), 300 * MIB);
        assert_int_equal(json_integer_value(json_object_get(all, "memory_max")), 400 * MIB);
        assert_true(json_is_null(json_object_get(all, "memory_high")));
        assert_int_equal(json_integer_value(json_object_get(all, "workers")), 3);
        assert_string_equal(text_at(all, "dropin", "path"), "/etc/systemd/system/sound.service.d/50-memory.conf");
        assert_non_null(strstr(text_at(all, "dropin", "text"), "\nMemoryMax=400M\n"));
        /* The policy as advised is one that check takes. */
        temproot_write(&bench->root, "etc/memguard/policy.d/50-sound.conf", text_at(all, "policy", "text"));
        json_decref(all);
        CTL(bench, "check");
        assert_string_equal(bench->run.out, "OK: 1 policy file, no mistakes.\n");
        CTL(bench, "advise", "sound");
        assert_non_null(strstr(bench->run.out, "\nAdvice:\n  MemoryMax      400M      The limit that it has fits"));
        assert_non_null(strstr(bench->run.out, "\n[Rung restart]\nUsage=90%\nAction=restart\n"));
}

static void test_little_is_known(void **state) {
        Bench *bench = *state;

        learn(bench, "ws=209715200 runs=1 total=600 longest=600 first=1700000000 seen=1700000600 at=1700000000 run= "
                     "path=" SOUND "\n");
        CTL(bench, "advise", "sound");
        assert_int_equal(bench->run.status, 0);
        assert_non_null(strstr(bench->run.out, "its longest run was watched for 10 min. Ask again in 50 min"));
        assert_non_null(strstr(bench->run.out, "# PROVISIONAL"));
        assert_non_null(strstr(bench->run.out, "\nMode=observe\n"));
        /* Without a file, by what it has now. */
        assert_int_equal(unlink(temproot_path(&bench->root, "var/lib/memguard/peaks")), 0);
        CTL(bench, "advise", "sound");
        assert_int_equal(bench->run.status, 0);
        assert_non_null(strstr(bench->run.out, "memguardd has not watched it"));
        assert_non_null(strstr(bench->run.out, "Now its working set is 200M; the kernel has seen 250M"));
}

static void test_nothing_is_known(void **state) {
        Bench *bench = *state;

        CTL(bench, "advise", "odd.service");
        assert_int_equal(bench->run.status, 1);
        assert_string_equal(bench->run.out, "");
        assert_non_null(strstr(bench->run.err, "Nothing is known of the memory of odd.service"));
        CTL(bench, "advise", "none");
        assert_int_equal(bench->run.status, 1);
        CTL(bench, "advise", "a b");
        assert_int_equal(bench->run.status, 2);
        CTL(bench, "advise");
        assert_int_equal(bench->run.status, 2);
}

static void test_hostile_file(void **state) {
        Bench *bench = *state;

        learn(bench, "ws=99999999999999999999 runs=1 path=" SOUND "\n\033[2J\nruns=1 path=" SOUND);
        CTL(bench, "advise", "sound");
        assert_int_equal(bench->run.status, 0);
        assert_null(strchr(bench->run.out, '\033'));
        assert_non_null(strstr(bench->run.out, "memguardd has not watched it"));
}

static void put_kill(FILE *f, const char *path) {
        char cgroup[128];

        (void) snprintf(cgroup, sizeof(cgroup), "MEMGUARD_CGROUP=%s", path);
        PUT(f, (uint64_t) time(NULL) * USEC_PER_SEC, "memguardd.service", "MEMGUARD_UNIT=sound.service", cgroup,
            "MEMGUARD_KIND=incident", "MEMGUARD_INCIDENT=aa-1", "MEMGUARD_VERDICT=kernel-oom-unit");
}

#define THEIRS "/user.slice/user-1000.slice/user@1000.service/app.slice/sound.service"

static void write_kills(FILE *f) {
        for (unsigned i = 0; i < 3; i++)
                put_kill(f, THEIRS);
        put_kill(f, "/machine.slice/box.scope/system.slice/sound.service");
        put_kill(f, SOUND);
}

/* Whoever may start units may start one of any name: neither its kills nor what it needed are taken for the system's. */
static void test_namesakes_are_not_counted(void **state) {
        Bench *bench = *state;
        char option[300];

        learn(bench, "ws=209715200 runs=1 total=600 longest=600 first=1700000000 seen=1700000600 at=1700000000 run= "
                     "path=" THEIRS "\n");
        CTL(bench, "advise", "sound");
        assert_non_null(strstr(bench->run.out, "memguardd has not watched it"));
        if (!make_journal(bench->root.path, "a.journal", write_kills))
                skip();
        (void) snprintf(option, sizeof(option), "--directory=%s", bench->root.path);
        CTL(bench, "advise", "sound", option);
        assert_int_equal(bench->run.status, 0);
        assert_non_null(strstr(bench->run.out, ": 1 kernel kill at its own limit"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_known, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_little_is_known, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_nothing_is_known, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_hostile_file, host_up, host_down),
                cmocka_unit_test_setup_teardown(test_namesakes_are_not_counted, host_up, host_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
