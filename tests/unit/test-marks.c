/* What we change in a cgroup is marked first, put back exactly, and never taken for anybody else's value. */
#include "temproot.h"

#include <dlfcn.h>
#include <sys/xattr.h>

#include "fd.h"
#include "marks.h"

#define UNIT "/system.slice/a.service"
#define FILES "sys/fs/cgroup" UNIT
#define HIGH FILES "/memory.high"
#define MAX_ FILES "/memory.max"
#define FREEZE FILES "/cgroup.freeze"

static TempRoot root;
static int dirfd = -1;

static int open_unit(void **state) {
        (void) state;
        temproot_open(&root);
        temproot_cgroup(&root, UNIT);
        temproot_write(&root, HIGH, "max\n");
        temproot_write(&root, MAX_, "104857600\n");
        temproot_write(&root, FREEZE, "0\n");
        temproot_write(&root, FILES "/memory.current", "52428800\n");
        return kernfs_open_cgroup(&root.kernfs, UNIT, &dirfd);
}

static int close_unit(void **state) {
        (void) state;
        fd_closep(&dirfd);
        temproot_close(&root);
        return 0;
}

static bool xattrs_work(void) {
        if (setxattr(temproot_path(&root, HIGH), "user.test", "1", 1, 0) == 0)
                return true;
        print_message("Skipped: user xattrs are not supported here.\n");
        return false;
}

static void set_mark(const char *file, const char *text) {
        assert_int_equal(setxattr(temproot_path(&root, file), "user.memguard", text, strlen(text), 0), 0);
}

static const char *get_mark(const char *file) {
        static char text[256];
        ssize_t n = getxattr(temproot_path(&root, file), "user.memguard", text, sizeof(text) - 1);

        text[n < 0 ? 0 : n] = 0;
        return text;
}

static void test_text_goes_both_ways(void **state) {
        static const char *const good[] = {
                "high=1048576/1048576/max",
                "max=209715200/104857600/104857600",
                "freeze=1",
                "high=1/2/3 max=4/5/max freeze=1",
                ("high=18446744073709551614/18446744073709551614/18446744073709551614 "
                 "max=18446744073709551614/18446744073709551614/18446744073709551614 freeze=1"),
        };
        static const char *const bad[] = {
                "",           " ",          "high=",          "high=1",
                "high=1/2",   "high=1/2/",  "high=1/2/3/4",   "high=1/2/3 ",
                "high=1//3",  "high=-1/2/3", "high= 1/2/3",   "high=01/2/3",
                "freeze=0",   "freeze=1 ",  "freeze=1freeze=1", "freeze=1 high=1/2/3",
                "max=1/2/3 high=1/2/3", "high=1/2/3 high=1/2/3", "high=1/2/3max=1/2/3", "high=1/2/18446744073709551616",
                "high=1/2/maxx", "other=1", "high=1/2/18446744073709551615",
        };
        char text[MARKS_TEXT_MAX];
        Marks marks;

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(good); i++) {
                assert_int_equal(marks_parse(good[i], &marks), 0);
                assert_int_equal(marks_format(&marks, text, sizeof(text)), strlen(good[i]));
                assert_string_equal(text, good[i]);
                assert_int_equal(marks_format(&marks, text, strlen(good[i])), -ENOBUFS);
        }
        marks = (Marks){.high_ours = 77};
        for (unsigned i = 0; i < ELEMENTSOF(bad); i++)
                if (marks_parse(bad[i], &marks) != -EINVAL)
                        fail_msg("'%s' was taken for a mark", bad[i]);
        assert_int_equal(marks.high_ours, 77);
}

static void test_a_wire_is_marked_moved_and_lifted(void **state) {
        Marks marks;

        (void) state;
        if (!xattrs_work())
                return;
        assert_int_equal(marks_read(dirfd, &marks), -ENODATA);
        assert_int_equal(marks_set_high(dirfd, 41943040, BYTES_INFINITY), 0);
        assert_string_equal(temproot_read(&root, HIGH), "41943040");
        assert_string_equal(get_mark(HIGH), "high=41943040/41943040/max");
        /* Moved: both are ours, as we might end between the mark and the write. */
        assert_int_equal(marks_set_high(dirfd, 62914560, BYTES_INFINITY), 0);
        assert_string_equal(temproot_read(&root, HIGH), "62914560");
        assert_string_equal(get_mark(HIGH), "high=62914560/41943040/max");
        assert_int_equal(marks_read(dirfd, &marks), 0);
        assert_true(marks.high && !marks.max && !marks.freeze);
        assert_int_equal(marks.high_ours, 62914560);
        assert_int_equal(marks.high_before, 41943040);
        assert_true(marks.high_operator == BYTES_INFINITY);
        assert_int_equal(marks_set_high(dirfd, BYTES_INFINITY, BYTES_INFINITY), 0);
        assert_string_equal(temproot_read(&root, HIGH), "max");
        assert_int_equal(marks_read(dirfd, &marks), -ENODATA);
}

static void test_values_are_compared_as_the_kernel_keeps_them(void **state) {
        Marks marks;

        (void) state;
        if (!xattrs_work())
                return;
        assert_int_equal(marks_set_high(dirfd, 41943040 + 1234, BYTES_INFINITY), 0);
        assert_int_equal(marks_read(dirfd, &marks), 0);
        assert_int_equal(marks.high_ours % (uint64_t) sysconf(_SC_PAGESIZE), 0);
        temproot_write(&root, HIGH, "41943040\n"); /* what the kernel makes of it */
        assert_int_equal(marks_restore(dirfd), 1);
        assert_string_equal(temproot_read(&root, HIGH), "max");
}

static void test_somebody_elses_new_value_is_left_alone(void **state) {
        Marks marks;

        (void) state;
        if (!xattrs_work())
                return;
        assert_int_equal(marks_set_high(dirfd, 41943040, BYTES_INFINITY), 0);
        temproot_write(&root, HIGH, "20971520\n");
        assert_int_equal(marks_set_high(dirfd, 62914560, BYTES_INFINITY), -ESTALE);
        assert_string_equal(temproot_read(&root, HIGH), "20971520\n");
        assert_int_equal(marks_read(dirfd, &marks), -ENODATA);
        /* Putting back is done when nothing of ours is there. */
        assert_int_equal(marks_set_high(dirfd, BYTES_INFINITY, BYTES_INFINITY), 0);
        assert_string_equal(temproot_read(&root, HIGH), "20971520\n");
        /* Once the caller knows it, it goes on from there. */
        assert_int_equal(marks_set_high(dirfd, 10485760, 20971520), 0);
        assert_string_equal(get_mark(HIGH), "high=10485760/10485760/20971520");
}

/* PID 1 writes the unit's own limit while we mark the file. */
static const char *written_meanwhile;

int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags) {
        int (*real)(int, const char *, const void *, size_t, int);

        *(void **) &real = dlsym(RTLD_NEXT, "fsetxattr");
        if (written_meanwhile)
                temproot_write(&root, HIGH, written_meanwhile);
        return real(fd, name, value, size, flags);
}

static void test_what_is_written_meanwhile_is_not_lost(void **state) {
        (void) state;
        if (!xattrs_work())
                return;
        written_meanwhile = "83886080\n";
        assert_int_equal(marks_set_high(dirfd, 94371840, BYTES_INFINITY), -ESTALE);
        written_meanwhile = NULL;
        assert_string_equal(temproot_read(&root, HIGH), "83886080\n");
        assert_string_equal(get_mark(HIGH), "");
        /* The same while a wire is moved. */
        temproot_write(&root, HIGH, "max\n");
        assert_int_equal(marks_set_high(dirfd, 94371840, BYTES_INFINITY), 0);
        written_meanwhile = "83886080\n";
        assert_int_equal(marks_set_high(dirfd, 90000000, BYTES_INFINITY), -ESTALE);
        written_meanwhile = NULL;
        assert_string_equal(temproot_read(&root, HIGH), "83886080\n");
        assert_int_equal(marks_restore(dirfd), 0);
        assert_string_equal(temproot_read(&root, HIGH), "83886080\n");
}

static void test_restore_after_a_crash_at_any_point(void **state) {
        (void) state;
        if (!xattrs_work())
                return;
        /* Between the first mark and the write. */
        set_mark(HIGH, "high=41943040/41943040/max");
        assert_int_equal(marks_restore(dirfd), 0);
        assert_string_equal(temproot_read(&root, HIGH), "max\n");
        assert_string_equal(get_mark(HIGH), "");
        /* Between the mark and the write of a move. */
        temproot_write(&root, HIGH, "41943040\n");
        set_mark(HIGH, "high=62914560/41943040/max");
        assert_int_equal(marks_restore(dirfd), 1);
        assert_string_equal(temproot_read(&root, HIGH), "max");
        assert_string_equal(get_mark(HIGH), "");
        /* After the write of a move. */
        temproot_write(&root, HIGH, "62914560\n");
        set_mark(HIGH, "high=62914560/41943040/83886080");
        assert_int_equal(marks_restore(dirfd), 1);
        assert_string_equal(temproot_read(&root, HIGH), "83886080");
        /* Twice does nothing more. */
        assert_int_equal(marks_restore(dirfd), 0);
        /* The operator has written since. */
        set_mark(HIGH, "high=62914560/41943040/max");
        assert_int_equal(marks_restore(dirfd), 0);
        assert_string_equal(temproot_read(&root, HIGH), "83886080");
        assert_string_equal(get_mark(HIGH), "");
}

static void test_a_loan_never_goes_back_below_usage(void **state) {
        Marks marks;

        (void) state;
        if (!xattrs_work())
                return;
        assert_int_equal(marks_set_max(dirfd, 209715200, 104857600), 0);
        assert_string_equal(temproot_read(&root, MAX_), "209715200");
        temproot_write(&root, FILES "/memory.current", "104857600\n");
        assert_int_equal(marks_set_max(dirfd, 104857600, 104857600), -EBUSY);
        assert_int_equal(marks_restore(dirfd), -EBUSY);
        assert_string_equal(temproot_read(&root, MAX_), "209715200");
        assert_int_equal(marks_read(dirfd, &marks), 0);
        assert_true(marks.max);
        /* Just below is still too near: a unit grows between the look and the write. */
        temproot_write(&root, FILES "/memory.current", "104857599\n");
        assert_int_equal(marks_set_max(dirfd, 104857600, 104857600), -EBUSY);
        temproot_write(&root, FILES "/memory.current", "52428800\n");
        assert_int_equal(marks_set_max(dirfd, 104857600, 104857600), 0);
        assert_string_equal(temproot_read(&root, MAX_), "104857600");
        assert_int_equal(marks_read(dirfd, &marks), -ENODATA);
}

static void test_restore_does_the_rest_when_a_loan_must_wait(void **state) {
        Marks marks;

        (void) state;
        if (!xattrs_work())
                return;
        assert_int_equal(marks_set_high(dirfd, 41943040, BYTES_INFINITY), 0);
        assert_int_equal(marks_set_max(dirfd, BYTES_INFINITY, 104857600), 0);
        assert_int_equal(marks_set_freeze(dirfd, true), 0);
        temproot_write(&root, FILES "/memory.current", "204857600\n");
        assert_int_equal(marks_restore(dirfd), -EBUSY);
        assert_string_equal(temproot_read(&root, HIGH), "max");
        assert_string_equal(temproot_read(&root, FREEZE), "0");
        assert_int_equal(marks_read(dirfd, &marks), 0);
        assert_true(marks.max && !marks.high && !marks.freeze);
        temproot_write(&root, FILES "/memory.current", "1\n");
        assert_int_equal(marks_restore(dirfd), 1);
        assert_string_equal(temproot_read(&root, MAX_), "104857600");
}

static void test_only_our_own_freeze_is_undone(void **state) {
        (void) state;
        if (!xattrs_work())
                return;
        assert_int_equal(marks_set_freeze(dirfd, true), 0);
        assert_int_equal(marks_set_freeze(dirfd, true), 0);
        assert_string_equal(temproot_read(&root, FREEZE), "1");
        assert_string_equal(get_mark(FREEZE), "freeze=1");
        assert_int_equal(marks_set_freeze(dirfd, false), 0);
        assert_string_equal(temproot_read(&root, FREEZE), "0");
        assert_string_equal(get_mark(FREEZE), "");
        temproot_write(&root, FREEZE, "1\n");
        assert_int_equal(marks_set_freeze(dirfd, true), -EALREADY);
        assert_int_equal(marks_set_freeze(dirfd, false), 0);
        assert_int_equal(marks_restore(dirfd), 0);
        assert_string_equal(temproot_read(&root, FREEZE), "1\n");
}

/* The directory of a delegated cgroup is its user's; a mark counts only on the file that it speaks of. */
static void test_forged_and_foreign_marks_are_left_alone(void **state) {
        Marks marks = {.high_ours = 77};

        (void) state;
        if (!xattrs_work())
                return;
        set_mark(FILES, "max=104857600/104857600/max");
        assert_int_equal(marks_read(dirfd, &marks), -ENODATA);
        set_mark(HIGH, "max=104857600/104857600/max");
        assert_int_equal(marks_read(dirfd, &marks), -EINVAL);
        assert_int_equal(marks_restore(dirfd), -EINVAL);
        assert_string_equal(temproot_read(&root, MAX_), "104857600\n");
        assert_string_equal(get_mark(HIGH), "max=104857600/104857600/max");
        assert_int_equal(setxattr(temproot_path(&root, HIGH), "user.memguard", "high=1/1/max\0x", 14, 0), 0);
        assert_int_equal(marks_read(dirfd, &marks), -EINVAL);
        assert_int_equal(marks.high_ours, 77);
        /* But it does not keep us from guarding. */
        assert_int_equal(marks_set_high(dirfd, 41943040, BYTES_INFINITY), 0);
        assert_string_equal(get_mark(HIGH), "high=41943040/41943040/max");
}

static void test_a_cgroup_that_is_gone_says_so(void **state) {
        Marks marks;

        (void) state;
        assert_int_equal(unlink(temproot_path(&root, HIGH)), 0);
        assert_int_equal(marks_set_high(dirfd, 41943040, BYTES_INFINITY), -ENOENT);
        assert_int_equal(unlink(temproot_path(&root, MAX_)), 0);
        assert_int_equal(unlink(temproot_path(&root, FREEZE)), 0);
        assert_int_equal(marks_read(dirfd, &marks), -ENODATA);
        assert_int_equal(unlink(temproot_path(&root, FILES "/memory.current")), 0);
        temproot_rmdir(&root, FILES);
        assert_int_equal(marks_set_high(dirfd, 41943040, BYTES_INFINITY), -ENODEV);
        assert_int_equal(marks_set_freeze(dirfd, true), -ENODEV);
        assert_int_equal(marks_read(dirfd, &marks), -ENODEV);
        assert_int_equal(marks_restore(dirfd), -ENODEV);
}

static void note(void *userdata, const char *path, int result) {
        char *seen = userdata;

        (void) sprintf(seen + strlen(seen), "%s:%d ", path, result);
}

static void test_the_whole_tree_is_restored(void **state) {
        char seen[1024] = "";

        (void) state;
        if (!xattrs_work())
                return;
        temproot_cgroup(&root, "/user.slice/deep/er");
        temproot_cgroup(&root, "/user.slice/bad\nname");
        temproot_write(&root, "sys/fs/cgroup/user.slice/deep/er/memory.high", "4096\n");
        set_mark("sys/fs/cgroup/user.slice/deep/er/memory.high", "high=4096/4096/max");
        assert_int_equal(marks_restore_all(&root.kernfs, note, seen), 0);
        assert_string_equal(seen, "/user.slice/deep/er:1 ");
        assert_string_equal(temproot_read(&root, "sys/fs/cgroup/user.slice/deep/er/memory.high"), "max");
        seen[0] = 0;
        assert_int_equal(marks_restore_all(&root.kernfs, note, seen), 0);
        assert_string_equal(seen, "");
        /* One that can't be undone does not stop the others. */
        set_mark(HIGH, "garbage");
        temproot_write(&root, "sys/fs/cgroup/user.slice/deep/er/memory.high", "4096\n");
        set_mark("sys/fs/cgroup/user.slice/deep/er/memory.high", "high=4096/4096/max");
        assert_int_equal(marks_restore_all(&root.kernfs, note, seen), -EINVAL);
        assert_non_null(strstr(seen, "/user.slice/deep/er:1 "));
        assert_non_null(strstr(seen, UNIT ":-22 "));
        /* At the daemon's stop nobody listens. */
        temproot_write(&root, "sys/fs/cgroup/user.slice/deep/er/memory.high", "4096\n");
        set_mark("sys/fs/cgroup/user.slice/deep/er/memory.high", "high=4096/4096/max");
        assert_int_equal(marks_restore_all(&root.kernfs, NULL, NULL), -EINVAL);
        assert_string_equal(temproot_read(&root, "sys/fs/cgroup/user.slice/deep/er/memory.high"), "max");
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_unit, close_unit)
        const struct CMUnitTest tests[] = {
                TEST(test_text_goes_both_ways),
                TEST(test_a_wire_is_marked_moved_and_lifted),
                TEST(test_values_are_compared_as_the_kernel_keeps_them),
                TEST(test_somebody_elses_new_value_is_left_alone),
                TEST(test_what_is_written_meanwhile_is_not_lost),
                TEST(test_restore_after_a_crash_at_any_point),
                TEST(test_a_loan_never_goes_back_below_usage),
                TEST(test_restore_does_the_rest_when_a_loan_must_wait),
                TEST(test_only_our_own_freeze_is_undone),
                TEST(test_forged_and_foreign_marks_are_left_alone),
                TEST(test_a_cgroup_that_is_gone_says_so),
                TEST(test_the_whole_tree_is_restored),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
