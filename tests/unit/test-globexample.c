/* Every glob that some name fits has an example that it fits, and the plainest one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "globexample.h"
#include "unitname.h"

static void test_units(void **state) {
        static const struct {
                const char *glob, *example;
        } cases[] = {
                {"", ""},
                {"api.service", "api.service"},
                {"web@*.service", "web@~.service"},
                {"***", "~"},
                {"a?.service", "a~.service"},
                {"[abc].service", "a.service"},
                {"[!a].service", "~.service"},
                {"[^~].service", "!.service"},
                {"[]].service", "].service"},
                {"[!]].service", "~.service"},
                {"[[:digit:]].service", "0.service"},
                {"[[:upper:]7][b-d]", "7b"},
                {"a[b.service", "a[b.service"},
                {"dev\\x2dby.service", "dev\\x2dby.service"},
        };
        char name[64];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(glob_example(cases[i].glob, name, sizeof(name)), 0);
                assert_string_equal(name, cases[i].example);
                assert_true(unitname_matches(cases[i].glob, name));
        }
}

static void test_paths(void **state) {
        char path[64];

        (void) state;
        assert_int_equal(glob_example("/kubepods.slice/**/pod-?[!x]*", path, sizeof(path)), 0);
        assert_string_equal(path, "/kubepods.slice/~/pod-~~~");
        assert_true(unitname_path_matches("/kubepods.slice/**/pod-?[!x]*", path));
}

static void test_failures(void **state) {
        char name[4] = "old";

        (void) state;
        assert_int_equal(glob_example("[[:cntrl:]]", name, sizeof(name)), -ENOENT);
        assert_int_equal(glob_example("[/]", name, sizeof(name)), -ENOENT);
        assert_int_equal(glob_example("abcd", name, sizeof(name)), -ENOBUFS);
        assert_int_equal(glob_example("", name, 0), -ENOBUFS);
        assert_int_equal(glob_example("abc", name, sizeof(name)), 0);
        assert_string_equal(name, "abc");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_units),
                cmocka_unit_test(test_paths),
                cmocka_unit_test(test_failures),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
