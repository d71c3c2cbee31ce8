/* memguardctl check finds every mistake in every policy file without a daemon, and says so by its exit status. */
#include "run-ctl.h"

#include <ftw.h>
#include <jansson.h>
#include <sys/stat.h>

static char root[64];
static Run run;

static void make_dirs(const char *path) {
        char part[256];

        for (const char *p = path + 1; *p; p++) {
                (void) snprintf(part, sizeof(part), "%.*s", (int) (p - path), path);
                if (*p == '/')
                        assert_true(mkdir(part, 0755) == 0 || errno == EEXIST);
        }
}

static void put_file(const char *name, const char *text, mode_t mode) {
        char path[256];
        int fd;

        (void) snprintf(path, sizeof(path), "%s/%s", root, name);
        make_dirs(path);
        fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(fchmod(fd, mode), 0);
        (void) close(fd);
}

static const char good[] = "[Match]\nUnit=api.service\n[Rung ask]\nUsage=75%\nAction=notify\n";

static void test_nothing_is_no_mistake(void **state) {
        (void) state;
        RUN(&run, "check", "--root", root);
        assert_int_equal(run.status, 0);
        assert_string_equal(run.out, "OK: 0 policy files, no mistakes.\n");
        assert_string_equal(run.err, "");
}

static void test_good_files(void **state) {
        (void) state;
        put_file("etc/memguard/policy.d/10-api.conf", good, 0644);
        RUN(&run, "check", "--root", root);
        assert_string_equal(run.out, "OK: 1 policy file, no mistakes.\n");
        put_file("usr/lib/memguard/policy.d/20-web.conf", good, 0644);
        RUN(&run, "check", "--root", root);
        assert_string_equal(run.out, "OK: 2 policy files, no mistakes.\n");
        assert_int_equal(run.status, 0);
}

static void test_every_mistake_with_file_and_line(void **state) {
        (void) state;
        put_file("etc/memguard/policy.d/10-api.conf", good, 0644);
        put_file("etc/memguard/policy.d/50-bad.conf", "[Match]\nUnit=x.service\n[Rung a]\nUsage=75%%\nAction=explode\n",
                 0644);
        put_file("run/memguard/policy.d/60-bad.conf", "[Policy]\nMode=perhaps\n\033[2J\n", 0644);
        RUN(&run, "check", "--root", root);
        assert_int_equal(run.status, 1);
        assert_string_equal(run.out, "");
        assert_non_null(strstr(run.err, "50-bad.conf:4: "));
        assert_non_null(strstr(run.err, "50-bad.conf:5: "));
        assert_non_null(strstr(run.err, "60-bad.conf:2: "));
        assert_non_null(strstr(run.err, "60-bad.conf:3: "));
        assert_null(strstr(run.err, "10-api.conf"));
        assert_null(strchr(run.err, '\033'));
}

static void test_json(void **state) {
        json_t *all;

        (void) state;
        put_file("etc/memguard/policy.d/10-api.conf", good, 0644);
        put_file("etc/memguard/policy.d/50-bad.conf", "[Match]\nUnit=x.service\n[Rung a]\nUsage=75%%\nAction=explode\n",
                 0644);
        RUN(&run, "check", "--json", "--root", root);
        assert_int_equal(run.status, 1);
        assert_string_equal(run.err, "");
        all = json_loads(run.out, 0, NULL);
        assert_non_null(all);
        assert_int_equal(json_array_size(json_object_get(all, "mistakes")), 2);
        assert_int_equal(json_array_size(json_object_get(all, "files")), 1);
        json_decref(all);
}

static void test_file_that_others_can_write(void **state) {
        (void) state;
        put_file("etc/memguard/policy.d/10-api.conf", good, 0666);
        RUN(&run, "check", "--root", root);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "10-api.conf: "));
}

static void test_mistakes_that_show_when_files_meet(void **state) {
        (void) state;
        put_file("etc/memguard/policy.d/10-api.conf", "[Match]\nUnit=api.service\n[Rung empty]\nUsage=75%\n", 0644);
        RUN(&run, "check", "--root", root);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "10-api.conf:"));
}

static void test_usage(void **state) {
        (void) state;
        RUN(&run, "check", "surplus");
        assert_int_equal(run.status, 2);
        RUN(&run, "check", "--no-such-option");
        assert_int_equal(run.status, 2);
        RUN(&run, "no-such-verb\033[2J");
        assert_int_equal(run.status, 2);
        assert_null(strchr(run.err, '\033'));
}

static int set_up(void **state) {
        (void) state;
        (void) snprintf(root, sizeof(root), "/tmp/test-ctl-check-XXXXXX");
        return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

static int tear_down(void **state) {
        (void) state;
        return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_nothing_is_no_mistake, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_good_files, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_every_mistake_with_file_and_line, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_json, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_file_that_others_can_write, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_mistakes_that_show_when_files_meet, set_up, tear_down),
                cmocka_unit_test(test_usage),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
