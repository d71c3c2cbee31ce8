/* memguardd.conf and its drop-ins: the right settings count, every mistake is told, and what others can write is refused */
#include "temproot.h"

#include "mainconf.h"

#define MAIN "etc/memguard/memguardd.conf"
#define DROPIN "etc/memguard/memguardd.conf.d"

static TempRoot root;
static DaemonConf conf;
static ConfErrors errors;

static int set_up(void **state) {
        (void) state;
        (void) umask(0022);
        temproot_open(&root);
        temproot_mkdir(&root, DROPIN);
        return 0;
}

static int tear_down(void **state) {
        (void) state;
        conf_errors_done(&errors);
        errors = (ConfErrors){0};
        temproot_close(&root);
        return 0;
}

/* The mistakes without the root, one a line. */
static const char *load(int expected) {
        static char text[4096];
        size_t n = 0;

        conf_errors_done(&errors);
        errors = (ConfErrors){0};
        memset(&conf, 0xff, sizeof(conf));
        assert_int_equal(mainconf_load(root.path, &conf, &errors), expected);
        text[0] = 0;
        for (unsigned i = 0; i < errors.n_items; i++) {
                assert_memory_equal(errors.items[i].text, root.path, strlen(root.path));
                n += (size_t) snprintf(text + n, sizeof(text) - n, "%s\n", errors.items[i].text + strlen(root.path) + 1);
        }
        return text;
}

static void test_defaults(void **state) {
        (void) state;
        assert_string_equal(load(0), "");
        assert_true(conf.flight);
        assert_int_equal(conf.flight_size, 2 * MIB);
        temproot_write(&root, MAIN, "# nothing\n[Recorder]\n");
        assert_string_equal(load(0), "");
        assert_true(conf.flight);
}

static void test_later_files_override(void **state) {
        (void) state;
        temproot_write(&root, MAIN, "[Recorder]\nFlight=no\nFlightSize=512K\n");
        assert_string_equal(load(0), "");
        assert_false(conf.flight);
        assert_int_equal(conf.flight_size, 512 * KIB);
        temproot_write(&root, DROPIN "/10-a.conf", "[Recorder]\nFlightSize=64M\n");
        temproot_write(&root, DROPIN "/20-b.conf", "[Recorder]\nFlight=yes\n");
        temproot_write(&root, DROPIN "/30-c.conf.bak", "rubbish\n");
        assert_string_equal(load(0), "");
        assert_true(conf.flight);
        assert_int_equal(conf.flight_size, 64 * MIB);
        temproot_write(&root, DROPIN "/40-d.conf", "[Recorder]\nFlightSize=\n");
        assert_string_equal(load(0), "");
        assert_int_equal(conf.flight_size, 2 * MIB);
}

static void test_mistakes(void **state) {
        (void) state;
        temproot_write(&root, MAIN,
                       "Flight=no\n[Recorder]\nFlight=maybe\nFlightSize=1K\nFlightSice=2M\nFlightSize=1M\n[Recoder]\nFlight=no\n");
        assert_string_equal(
                load(-EBADMSG),
                MAIN ":1: Flight= stands before any section; expected [Recorder] first\n"
                MAIN ":3: Flight=maybe is not understood; expected yes or no\n"
                MAIN ":4: FlightSize=1K is out of range; expected a size from 256K to 256M, such as 2M\n"
                MAIN ":5: FlightSice= is no key of [Recorder] (did you mean FlightSize?)\n"
                MAIN ":7: [Recoder] is no section of memguardd.conf (did you mean Recorder?); expected [Recorder]\n");
        assert_true(conf.flight);
        assert_int_equal(conf.flight_size, MIB); /* what is right counts */
}

static void test_what_others_can_write(void **state) {
        (void) state;
        temproot_write(&root, MAIN, "[Recorder]\nFlight=no\n");
        assert_int_equal(chmod(temproot_path(&root, MAIN), 0666), 0);
        assert_string_equal(load(-EBADMSG), MAIN ": others than root can write it; expected no write permission for group and others\n");
        assert_true(conf.flight);
        assert_int_equal(unlink(temproot_path(&root, MAIN)), 0);
        assert_int_equal(symlink("/dev/zero", temproot_path(&root, MAIN)), 0);
        assert_non_null(strstr(load(-EBADMSG), MAIN ": the file can't be read"));
        assert_int_equal(unlink(temproot_path(&root, MAIN)), 0);
        assert_int_equal(mkfifo(temproot_path(&root, MAIN), 0600), 0);
        assert_non_null(strstr(load(-EBADMSG), MAIN ": it is no regular file"));
        assert_int_equal(unlink(temproot_path(&root, MAIN)), 0);
        assert_int_equal(chmod(temproot_path(&root, DROPIN), 0777), 0);
        assert_non_null(strstr(load(-EBADMSG), DROPIN ": others than root can write it"));
}

static void test_too_large(void **state) {
        FILE *file;

        (void) state;
        file = fopen(temproot_path(&root, MAIN), "we");
        assert_non_null(file);
        for (unsigned i = 0; i < 70000; i++)
                (void) fputs("\n", file);
        assert_int_equal(fclose(file), 0);
        assert_non_null(strstr(load(-EBADMSG), "too large"));
        assert_true(conf.flight);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_defaults, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_later_files_override, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_mistakes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_others_can_write, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_too_large, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
