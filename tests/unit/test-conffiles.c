/* Policy files are found in their three directories, and what others than root could have written is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conffiles.h"

#define LIB "usr/lib/memguard/policy.d"
#define ETC "etc/memguard/policy.d"
#define RUN "run/memguard/policy.d"
#define A "[Match]\nUnit=a.service\n[Policy]\n"

static int old_dir = -1;

static int make_root(void **state) {
        static char root[32];

        (void) strcpy(root, "/tmp/memguard-test-XXXXXX");
        assert_non_null(mkdtemp(root));
        assert_int_equal(chdir(root), 0);
        *state = root;
        return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;
        return remove(path);
}

static int remove_root(void **state) {
        assert_int_equal(fchdir(old_dir), 0);
        assert_int_equal(nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
        return 0;
}

static void make_parents(const char *path) {
        char part[256];

        for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
                (void) snprintf(part, sizeof(part), "%.*s", (int) (slash - path), path);
                assert_true(mkdir(part, 0755) == 0 || errno == EEXIST);
                assert_int_equal(chmod(part, 0755), 0);
        }
}

static void write_file(const char *path, const char *text) {
        FILE *file;

        make_parents(path);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fchmod(fileno(file), 0644), 0);
        assert_int_equal(fclose(file), 0);
}

/* Appends a line, less the root wherever it stands. */
static void append_line(char *all, const char *text, const char *root) {
        assert_memory_equal(text, root, strlen(root));
        for (const char *at; (at = strstr(text, root)); text = at + strlen(root))
                (void) strncat(all, text, (size_t) (at - text));
        (void) strcat(strcat(all, text), "\n");
}

/* Loads, and expects these files of the set and these mistakes, one a line and without the root. */
static void expect(const char *root, const char *files, const char *mistakes) {
        char found[4096] = "", told[8192] = "";
        ConfErrors errors = {0};
        PolicySet *set = NULL;
        int r;

        r = conffiles_load(root, &set, &errors);
        assert_non_null(set);
        for (int i = 0; i < policy_set_n_files(set); i++)
                append_line(found, policy_set_file(set, i), root);
        for (unsigned i = 0; i < errors.n_items; i++)
                append_line(told, errors.items[i].text, root);
        assert_string_equal(told, mistakes);
        assert_string_equal(found, files);
        assert_int_equal(r, *mistakes ? -EBADMSG : 0);
        conf_errors_done(&errors);
        (void) policy_set_free(set);
}

static void test_nothing_there(void **state) {
        expect(*state, "", "");
}

static void test_no_root(void **state) {
        ConfErrors errors = {0};
        PolicySet *set = NULL;

        (void) state;
        assert_int_equal(conffiles_load("gone", &set, &errors), -EBADMSG);
        assert_string_equal(errors.items[0].text, "gone: the root can't be opened: No such file or directory");
        assert_int_equal(policy_set_n_files(set), 0);
        conf_errors_done(&errors);
        (void) policy_set_free(set);
}

static void test_names(void **state) {
        write_file(RUN "/20.conf", A);
        write_file(LIB "/30.conf", A);
        write_file(ETC "/10.conf", A);
        write_file(LIB "/9.conf", A);
        write_file(ETC "/.hidden.conf", "wrong");
        write_file(ETC "/.conf", "wrong");
        write_file(ETC "/40.conf.dpkg-new", "wrong");
        write_file(ETC "/README", "wrong");
        expect(*state, "/" ETC "/10.conf\n/" RUN "/20.conf\n/" LIB "/30.conf\n/" LIB "/9.conf\n", "");
}

static void test_same_name_replaces(void **state) {
        char root[64];

        write_file(LIB "/1.conf", "wrong");
        write_file(ETC "/1.conf", A);
        write_file(LIB "/2.conf", A);
        write_file(ETC "/2.conf", "wrong");
        write_file(RUN "/2.conf", A);
        write_file(LIB "/3.conf", A);
        write_file(ETC "/3.conf", "");
        write_file(LIB "/4.conf", A);
        make_parents(RUN "/4.conf");
        assert_int_equal(symlink("/dev/null", RUN "/4.conf"), 0);
        expect(*state, "/" ETC "/1.conf\n/" RUN "/2.conf\n", "");

        /* With a slash at its end, as "/" has it. */
        (void) snprintf(root, sizeof(root), "%s//", (char *) *state);
        ConfErrors errors = {0};
        PolicySet *set = NULL;
        assert_int_equal(conffiles_load(root, &set, &errors), 0);
        assert_int_equal(strncmp(policy_set_file(set, 0), *state, strlen(*state)), 0);
        assert_string_equal(policy_set_file(set, 0) + strlen(*state), "/" ETC "/1.conf");
        (void) policy_set_free(set);
}

static void test_mistakes_of_several_files(void **state) {
        write_file(ETC "/1.conf", A "Mode=on\nMoed=act\n");
        write_file(ETC "/2.conf", A "Mode=act\n[Rung a]\nUsage=75%\nAction=notify\n");
        write_file(ETC "/3.conf", "[Match]\nUnit=a.service\n[Rung b]\nUsage=70%\n");
        expect(*state, "/" ETC "/2.conf\n/" ETC "/3.conf\n",
               "/" ETC "/1.conf:4: Mode=on is not understood; expected observe or act\n"
               "/" ETC "/1.conf:5: Moed= is no key that we know (did you mean Mode?); expected one of Mode=, "
               "RestartBudget=, Preference=, Loan=, Relax=, ReportFailures=, Uprobes=, Journal= in [Policy]\n"
               "/" ETC "/3.conf:3: [Rung b] has no action for a unit like a.service; expected Action=\n"
               "/" ETC "/3.conf:4: Usage=70% of [Rung b] is below the 75% of [Rung a], which comes before it (/" ETC
               "/2.conf:6); expected rising levels\n");
}

#define WRITABLE "others than root can write it; expected no write permission for group and others\n"

static void test_writable_by_others(void **state) {
        write_file(ETC "/1.conf", A);
        write_file(ETC "/2.conf", A);
        write_file(ETC "/3.conf", A);
        assert_int_equal(chmod(ETC "/1.conf", 0664), 0);
        assert_int_equal(chmod(ETC "/2.conf", 0646), 0);
        assert_int_equal(chmod(ETC "/3.conf", 0600), 0);
        expect(*state, "/" ETC "/3.conf\n", "/" ETC "/1.conf: " WRITABLE "/" ETC "/2.conf: " WRITABLE);
        assert_int_equal(chmod(ETC, 0777), 0);
        expect(*state, "", "/" ETC ": " WRITABLE);
}

/* Only root can give a file away; others see that they can't, which is what the check relies on. */
static void test_owner(void **state) {
        write_file(ETC "/1.conf", A);
        if (geteuid() != 0) {
                assert_int_equal(chown(ETC "/1.conf", 65534, (gid_t) -1), -1);
                return;
        }
        assert_int_equal(chown(ETC "/1.conf", 65534, (gid_t) -1), 0);
        expect(*state, "", "/" ETC "/1.conf: it belongs to another user; expected root to own it\n");
        write_file(LIB "/2.conf", A);
        assert_int_equal(chown(LIB, 65534, (gid_t) -1), 0);
        expect(*state, "",
               "/" LIB ": it belongs to another user; expected root to own it\n"
               "/" ETC "/1.conf: it belongs to another user; expected root to own it\n");
}

#define LINK "it is a symbolic link; expected a file (or a link to /dev/null, which switches it off)\n"

static void test_no_plain_files(void **state) {
        write_file("elsewhere.conf", A);
        make_parents(ETC "/x");
        assert_int_equal(symlink("../../../elsewhere.conf", ETC "/1.conf"), 0);
        assert_int_equal(symlink("/dev/nullx", ETC "/2.conf"), 0);
        assert_int_equal(symlink("/dev/nul", ETC "/3.conf"), 0);
        assert_int_equal(mkdir(ETC "/4.conf", 0755), 0);
        /* Nobody writes to it: a plain open() would wait for ever. */
        assert_int_equal(mkfifo(ETC "/5.conf", 0644), 0);
        expect(*state, "",
               "/" ETC "/1.conf: " LINK "/" ETC "/2.conf: " LINK "/" ETC "/3.conf: " LINK "/" ETC
               "/4.conf: it is no regular file; expected one\n/" ETC "/5.conf: it is no regular file; expected one\n");
}

static void test_no_plain_directory(void **state) {
        write_file("etc/memguard/policy.d", "");
        write_file("elsewhere/1.conf", A);
        make_parents(RUN);
        assert_int_equal(symlink("../../elsewhere", RUN), 0);
        expect(*state, "",
               "/" ETC ": the directory can't be read: Not a directory\n"
               "/" RUN ": the directory can't be read: Not a directory\n");
}

static void test_large_file(void **state) {
        static char text[CONF_FILE_BYTES_MAX + 2];

        memset(text, '\n', CONF_FILE_BYTES_MAX);
        memcpy(text, A, strlen(A));
        write_file(ETC "/1.conf", text);
        text[CONF_FILE_BYTES_MAX] = '\n';
        write_file(ETC "/2.conf", text);
        expect(*state, "/" ETC "/1.conf\n", "/" ETC "/2.conf: the file has too many bytes; expected at most 65536\n");
}

static void test_many_files(void **state) {
        ConfErrors errors = {0};
        PolicySet *set = NULL;
        char path[64];

        for (unsigned i = 0; i < 1030; i++) {
                (void) snprintf(path, sizeof(path), LIB "/%04u.conf", i);
                write_file(path, i < 900 ? "" : A);
        }
        assert_int_equal(conffiles_load(*state, &set, &errors), -EBADMSG);
        assert_int_equal(errors.n_items, 1);
        assert_non_null(strstr(errors.items[0].text, "policy.d: too many files"));
        assert_in_range(policy_set_n_files(set), 1, 1024 - 890);
        conf_errors_done(&errors);
        (void) policy_set_free(set);
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)
        const struct CMUnitTest tests[] = {
                T(test_nothing_there),
                T(test_no_root),
                T(test_names),
                T(test_same_name_replaces),
                T(test_mistakes_of_several_files),
                T(test_writable_by_others),
                T(test_owner),
                T(test_no_plain_files),
                T(test_no_plain_directory),
                T(test_large_file),
                T(test_many_files),
        };

        old_dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
