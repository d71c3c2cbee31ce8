/* The host is read from /proc/meminfo and /proc/pressure/memory, whole or not at all. */
#include "host-read.h"
#include "temproot.h"

#define PRESSURE                                                                                                       \
        "some avg10=1.50 avg60=0.00 avg300=0.00 total=1234\nfull avg10=0.25 avg60=0.00 avg300=0.00 total=567\n"

static void all_of_it_is_read(void **state) {
        HostReading reading;
        Pressure pressure;
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_mkdir(&root, "proc/pressure");
        temproot_write(&root, "proc/pressure/memory", PRESSURE);
        temproot_write(&root, "proc/meminfo",
                       "MemTotal:  1000 kB\nMemFree:  100 kB\nMemAvailable:  400 kB\nCached:  250 kB\nSwapTotal:  80 kB\n"
                       "SwapFree:  60 kB\n");
        assert_int_equal(host_read(&root.kernfs, &reading), 0);
        assert_int_equal(reading.total, 1000 * KIB);
        assert_int_equal(reading.available, 400 * KIB);
        assert_int_equal(reading.free, 100 * KIB);
        assert_int_equal(reading.cached, 250 * KIB);
        assert_int_equal(reading.swap_total, 80 * KIB);
        assert_int_equal(reading.swap_free, 60 * KIB);
        assert_int_equal(reading.some_total, 1234);
        assert_int_equal(reading.full_total, 567);
        assert_int_equal(host_read_pressure(&root.kernfs, &pressure), 0);
        assert_int_equal(pressure.some_avg10, 150);
        temproot_close(&root);
}

static void half_of_it_is_nothing(void **state) {
        HostReading reading = {.total = 7};
        TempRoot root;

        (void) state;
        temproot_open(&root);
        temproot_mkdir(&root, "proc/pressure");
        temproot_write(&root, "proc/meminfo", "MemTotal:  1000 kB\n");
        temproot_write(&root, "proc/pressure/memory", PRESSURE);
        assert_int_equal(host_read(&root.kernfs, &reading), -ENODATA);
        temproot_write(&root, "proc/meminfo", "MemTotal:  1000 kB\nMemAvailable:  400 kB\n");
        temproot_write(&root, "proc/pressure/memory", "");
        assert_true(host_read(&root.kernfs, &reading) < 0);
        assert_int_equal(reading.total, 7);
        temproot_close(&root);
}

/* A host that is not guarded is told of, but not every 15 s. */
static void each_state_is_told_once(void **state) {
        char text[HOST_READ_TEXT_MAX];
        int told = 0;

        (void) state;
        assert_false(host_read_tell(&told, 0, text));
        assert_true(host_read_tell(&told, -ENODATA, text));
        assert_string_equal(text, "The host's memory can't be read (No data available in /proc/meminfo or /proc/pressure/memory), so "
                                  "the host is not guarded; it is tried again every 15 s.");
        assert_false(host_read_tell(&told, -ENODATA, text));
        assert_true(host_read_tell(&told, -ERANGE, text));
        assert_string_equal(text, "/proc/meminfo says what can't be true (more free than there is), so the host is not guarded.");
        assert_false(host_read_tell(&told, -ERANGE, text));
        assert_true(host_read_tell(&told, 0, text));
        assert_string_equal(text, "The host's memory can be read again, so the host is guarded again.");
        assert_false(host_read_tell(&told, 0, text));
        assert_true(host_read_tell(&told, -ENODATA, text));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_of_it_is_read),
                cmocka_unit_test(half_of_it_is_nothing),
                cmocka_unit_test(each_state_is_told_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
