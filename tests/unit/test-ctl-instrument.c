/* instrument writes one drop-in that keeps what was set, and takes it back whole */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ctl-service.h"
#include "run-ctl.h"
#include "temproot.h"

static Run run;

static void the_dropin_comes_and_goes(void **state) {
        const char *file = "etc/systemd/system/api.service.d/50-memguard.conf";
        char option[300];
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_mkdir(&root, "etc/systemd/system");
        (void) snprintf(option, sizeof(option), "--root=%s", root.path);
        RUN(&run, option, "instrument", "api", "--dry");
        assert_int_equal(run.status, 0);
        assert_non_null(strstr(run.out, "Would write"));
        assert_int_equal(access(temproot_path(&root, file), F_OK), -1);
        for (unsigned i = 0; i < 2; i++) {
                RUN(&run, option, "instrument", "api");
                assert_int_equal(run.status, 0);
                assert_non_null(strstr(temproot_read(&root, file),
                                       "\n[Service]\nEnvironment=\"PYTHONPATH=/usr/lib/memguard/python\"\n"));
        }
        assert_non_null(strstr(run.out, "systemctl daemon-reload && systemctl restart api.service"));
        RUN(&run, option, "instrument", "--remove", "api.service");
        assert_int_equal(run.status, 0);
        assert_int_equal(access(temproot_path(&root, "etc/systemd/system/api.service.d"), F_OK), -1);
        RUN(&run, option, "instrument", "--remove", "api.service");
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "is not instrumented"));
        temproot_close(&root);
}

static void only_services_are_taken(void **state) {
        static const char *const bad[] = {"", "../api", "a/b", "api.slice", "session-1.scope"};

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                RUN(&run, "--root=/nonexistent", "instrument", bad[i]);
                assert_int_equal(run.status, 2);
        }
        RUN(&run, "--root=/nonexistent", "instrument", "api");
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "can't be changed"));
}

#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_python_that_ignores_its_environment_is_known(void **state) {
        (void) state;
        assert_true(ctl_service_is_isolated(ARGV("/usr/bin/python3", "-I", "app.py")));
        assert_true(ctl_service_is_isolated(ARGV("/srv/venv/bin/python3.11", "-u", "-W", "error", "-E", "app.py")));
        assert_true(ctl_service_is_isolated(ARGV("python3", "-uS", "-m", "app")));
        assert_false(ctl_service_is_isolated(ARGV("/usr/bin/python3", "-u", "app.py", "-I")));
        assert_false(ctl_service_is_isolated(ARGV("/usr/bin/python3", "-m", "app", "-E")));
        assert_false(ctl_service_is_isolated(ARGV("/usr/bin/python3", "-W", "-E")));
        assert_false(ctl_service_is_isolated(ARGV("/usr/bin/python3", "-cE")));
        assert_false(ctl_service_is_isolated(ARGV("/usr/bin/python3", "-", "-I")));
        assert_false(ctl_service_is_isolated(ARGV("/usr/bin/gunicorn", "-I")));
        assert_false(ctl_service_is_isolated((const char *const[]){NULL}));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_dropin_comes_and_goes),
                cmocka_unit_test(only_services_are_taken),
                cmocka_unit_test(a_python_that_ignores_its_environment_is_known),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
