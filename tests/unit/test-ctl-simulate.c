/* memguardctl simulate tells what policies would have done in a trace, for people and programs, and refuses what is no trace */
#include "run-ctl.h"

#include <ftw.h>
#include <jansson.h>
#include <sys/stat.h>

static char root[64];
static Run run;

#define REPLAY TEST_DIR "/replay/"

static void put_file(const char *name, const char *text) {
        char path[256];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/%s", root, name);
        for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = 0;
                assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
                *slash = '/';
        }
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fchmod(fileno(file), 0644), 0);
        assert_int_equal(fclose(file), 0);
}

static const char *at(const char *name) {
        static char path[256];

        (void) snprintf(path, sizeof(path), "%s/%s", root, name);
        return path;
}

/* The last line of --json. */
static json_t *summary(void) {
        char *last;
        json_t *object;

        assert_int_equal(run.status, 0);
        run.out[strlen(run.out) - 1] = 0;
        last = strrchr(run.out, '\n');
        object = json_loads(last ? last + 1 : run.out, 0, NULL);
        assert_non_null(object);
        assert_string_equal(json_string_value(json_object_get(object, "kind")), "summary");
        return object;
}

static void test_text(void **state) {
        (void) state;
        RUN(&run, "simulate", REPLAY "leak.trace", "--policy", REPLAY "leak.conf");
        assert_int_equal(run.status, 0);
        assert_string_equal(run.err, "");
        assert_non_null(strstr(run.out, "    9.100 s  boot+1009.100 s  rung      api.service reached rung 'ask': its working set is 112.5M"));
        assert_non_null(strstr(run.out, "would     Would do now to api.service: restart.\n"));
        assert_non_null(strstr(run.out, "is left out (1 reading, up to its next start at +18.846 s)"));
        assert_non_null(strstr(run.out, "Simulated: 1 unit, 2 rungs taken, 1 restarts, stops or kills, 2 other actions, 0 actions "
                                        "withheld, 0 incidents; 24 events over 19 s.\n"));
}

static const char *expectation(const char *name) {
        static char text[64 * 1024];
        FILE *file = fopen(name, "re");
        size_t n;

        assert_non_null(file);
        n = fread(text, 1, sizeof(text), file);
        assert_true(n > 0 && n < sizeof(text));
        text[n] = 0;
        (void) fclose(file);
        return text;
}

/* A replay says what the expectation says: each record of the one is in the other, and as many. */
static void check_replay(const char *trace, const char *conf, const char *expect) {
        const char *expected = expectation(expect);
        unsigned n = 0, n_expected = 0;
        char *line, *rest = NULL;

        RUN(&run, "simulate", "--replay", "--json", trace, "--policy", conf);
        assert_int_equal(run.status, 0);
        assert_string_equal(run.err, "");
        for (line = strtok_r(run.out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                json_t *object = json_loads(line, 0, NULL);
                char wanted[2048];

                assert_non_null(object);
                (void) snprintf(wanted, sizeof(wanted), "text=\"%s\"\n", json_string_value(json_object_get(object, "text")) ?: "");
                if (json_object_get(object, "result")) {
                        n++;
                        if (!strstr(expected, wanted))
                                fail_msg("not in %s: %s", expect, wanted);
                }
                json_decref(object);
        }
        for (const char *found = expected; (found = strstr(found, " record ")); found++)
                n_expected++;
        assert_int_equal(n, n_expected);
        assert_true(n > 2);
}

static void test_replay_equals_the_expectation(void **state) {
        (void) state;
        check_replay(REPLAY "oom-restart.trace", REPLAY "oom-restart.conf", REPLAY "oom-restart.expect");
        check_replay(REPLAY "leak.trace", REPLAY "leak.conf", REPLAY "leak.expect");
        check_replay(REPLAY "recorded.trace", REPLAY "recorded.conf", REPLAY "recorded.expect");
}

static void test_json(void **state) {
        json_t *object, *units;

        (void) state;
        RUN(&run, "simulate", "--json", REPLAY "leak.trace", "--policy", REPLAY "leak.conf");
        assert_non_null(strstr(run.out, "{\"kind\":\"parted\","));
        object = summary();
        assert_int_equal(json_integer_value(json_object_get(object, "disruptions")), 1);
        units = json_object_get(object, "units");
        assert_int_equal(json_array_size(units), 1);
        assert_string_equal(json_string_value(json_object_get(json_array_get(units, 0), "unit")), "api.service");
        json_decref(object);
}

static void test_one_unit(void **state) {
        json_t *object;

        (void) state;
        RUN(&run, "simulate", "--json", REPLAY "recorded.trace", "--policy", REPLAY "recorded.conf", "--unit=recorded-leak");
        assert_null(strstr(run.out, "recorded-shed"));
        object = summary();
        assert_int_equal(json_integer_value(json_object_get(object, "rungs")), 1);
        json_decref(object);
        RUN(&run, "simulate", REPLAY "recorded.trace", "--policy", REPLAY "recorded.conf", "--unit=");
        assert_int_equal(run.status, 2);
}

/* The installed ones where none is named; several files make one policy. */
static void test_policies(void **state) {
        (void) state;
        put_file("etc/memguard/policy.d/10.conf", "[Match]\nUnit=api.service\n[Policy]\nMode=act\n[Rung only]\nUsage=80%\nAction=stop\n");
        RUN(&run, "simulate", REPLAY "leak.trace", "--root", root);
        assert_int_equal(run.status, 0);
        assert_non_null(strstr(run.out, "Would do now to api.service: stop."));
        put_file("observe.conf", "[Match]\nUnit=api.service\n[Policy]\nMode=observe\n");
        RUN(&run, "simulate", REPLAY "leak.trace", "--policy", REPLAY "leak.conf", "--policy", at("observe.conf"));
        assert_int_equal(run.status, 0);
        assert_non_null(strstr(run.out, "with Mode=act it would have been taken now"));
        put_file("bad.conf", "[Match]\nUnit=api.service\n[Rung x]\nUsage=200%\n");
        RUN(&run, "simulate", REPLAY "leak.trace", "--policy", at("bad.conf"));
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "bad.conf:4: "));
        assert_string_equal(run.out, "");
}

static void test_what_is_no_trace(void **state) {
        (void) state;
        put_file("a.trace", "# a comment\n5 tick -\nrubbish \033[2J\n");
        RUN(&run, "simulate", at("a.trace"), "--root", root);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "a.trace:3: this is no event"));
        assert_null(strchr(run.err, '\033'));
        RUN(&run, "simulate", at("none.trace"), "--root", root);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "none.trace can't be read"));
        RUN(&run, "simulate", root, "--root", root);
        assert_int_equal(run.status, 1);
        RUN(&run, "simulate", "--root", root);
        assert_int_equal(run.status, 2);
        RUN(&run, "simulate", "--flight", at("a.trace"));
        assert_int_equal(run.status, 2);
}

/* Names in a trace may be anybody's. */
static void test_names_are_escaped(void **state) {
        char policy[256];

        (void) state;
        (void) strcpy(policy, at("b.conf"));
        put_file("b.conf", "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung x]\nUsage=50%\nAction=kill\n");
        put_file("b.trace", "1000000 start /a/\033[2Jx.service limit=100\n");
        RUN(&run, "simulate", at("b.trace"), "--policy", policy);
        assert_int_equal(run.status, 1);
        assert_null(strchr(run.err, '\033'));
        put_file("b.trace", "1000000 start /a/\xe2\x80\xae.service ws=60000000 current=60000000 limit=100000000 own_max=100000000\n"
                            "2000000 witness /a/\xe2\x80\xae.service source=kernel fact=oom-kill pid=5 comm=\\x1b[2J scope=host\n");
        RUN(&run, "simulate", at("b.trace"), "--policy", policy);
        assert_string_equal(run.err, "");
        assert_int_equal(run.status, 0);
        assert_non_null(strstr(run.out, "Would do now to /a/\\xe2\\x80\\xae.service: kill."));
        assert_non_null(strstr(run.out, "killed process 5 (\\x1b[2J) of it"));
        assert_null(strchr(run.out, '\033'));
        RUN(&run, "simulate", "--json", at("b.trace"), "--policy", policy);
        assert_int_equal(run.status, 0);
        assert_null(strchr(run.out, '\033'));
}

static void test_flight(void **state) {
        static const char start[] = " start /system.slice/api.service invocation=00000000000000000000000000000001 operator_high=max "
                                    "current=50000000 ws=50000000 limit=100000000 own_max=100000000 high_now=max\n";
        char text[2048];

        (void) state;
        RUN(&run, "simulate", "--flight", "--root", root);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "There is no flight record in"));
        RUN(&run, "flight", "--root", root);
        assert_int_equal(run.status, 1);

        (void) snprintf(text, sizeof(text), "#begin boottime=1000000 realtime=1795255201000000 boot=a goes_on=0\n1000000%s"
                                            "4000000 sample /system.slice/api.service current=85000000 ws=85000000 limit=100000000 "
                                            "own_max=100000000 high_now=max\n50000", start);
        put_file("var/lib/memguard/flight/current.trace", text);
        RUN(&run, "simulate", "--flight", "--root", root, "--policy", REPLAY "leak.conf");
        assert_int_equal(run.status, 0);
        assert_non_null(strstr(run.out, "reached rung 'ask'"));
        assert_null(strstr(run.out, "boot+"));
        assert_non_null(strstr(run.err, "the last line is cut off"));
        RUN(&run, "flight", "--json", "--root", root);
        assert_int_equal(run.status, 0);
        assert_non_null(strstr(run.out, "current.trace\""));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st, (void) type, (void) ftw;
        return remove(path);
}

static int set_up(void **state) {
        (void) state;
        (void) strcpy(root, "/tmp/memguard-test-XXXXXX");
        assert_non_null(mkdtemp(root));
        return chmod(root, 0755);
}

static int tear_down(void **state) {
        (void) state;
        return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_text, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_replay_equals_the_expectation, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_one_unit, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_policies, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_is_no_trace, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_names_are_escaped, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_flight, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
