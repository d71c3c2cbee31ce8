/* Cgroups that come and go and files that change are seen, once each, and no watch outlives its cgroup. */
#include "temproot.h"

#include <dirent.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "fd.h"
#include "tree.h"
#include "unitname.h"

static TempRoot root;
static sd_event *event;
static Tree *tree;
static char seen[64 * 1024];
static unsigned n_appeared;
static unsigned watch_on_appearance; /* files to watch in appeared() */
static bool root_only;
static const char *short_lived; /* it ends as soon as it is told of */

static void remove_unit(const char *path);

static void note(const char *what, const char *path, int file) {
        size_t length = strlen(seen);

        if (file < 0)
                (void) snprintf(seen + length, sizeof(seen) - length, "%s%s ", what, path);
        else
                (void) snprintf(seen + length, sizeof(seen) - length, "%s%s:%d ", what, path, file);
}

static bool wants_dir(void *userdata, const char *path) {
        size_t length = strlen(path);

        (void) userdata;
        return !root_only &&
               ((length > 6 && strcmp(path + length - 6, ".slice") == 0) || strstr(path, "/user@1000.service") != NULL);
}

static void appeared(void *userdata, const char *path) {
        (void) userdata;
        n_appeared++;
        note("+", path, -1);
        if (watch_on_appearance)
                (void) tree_watch(tree, path, watch_on_appearance);
        if (short_lived && strcmp(path, short_lived) == 0) {
                short_lived = NULL;
                remove_unit(path);
        }
}

static void vanished(void *userdata, const char *path) {
        (void) userdata;
        note("-", path, -1);
        tree_unwatch(tree, path, ~0u); /* is safe */
}

static void modified(void *userdata, const char *path, TreeFile file) {
        (void) userdata;
        note("~", path, (int) file);
}

static const TreeHandlers handlers = {
        .wants_dir = wants_dir,
        .appeared = appeared,
        .vanished = vanished,
        .modified = modified,
};

static int open_tree(void **state) {
        (void) state;
        seen[0] = 0;
        n_appeared = watch_on_appearance = 0;
        root_only = false;
        /* Thousands of directories: in memory where that can be had. */
        if (access("/dev/shm", W_OK) == 0)
                (void) setenv("TMPDIR", "/dev/shm", 0);
        temproot_open(&root);
        assert_true(sd_event_new(&event) >= 0);
        return tree_new(&tree, event, &root.kernfs, &handlers);
}

static int close_tree(void **state) {
        (void) state;
        tree = tree_free(tree);
        event = sd_event_unref(event);
        temproot_close(&root);
        return 0;
}

/* Handles all that is there, and gives back (and forgets) what was seen. */
static const char *turn(void) {
        static char copy[sizeof(seen)];
        int r;

        while ((r = sd_event_run(event, 0)) > 0)
                ;
        assert_int_equal(r, 0);
        memcpy(copy, seen, sizeof(copy));
        seen[0] = 0;
        return copy;
}

static void write_unit_file(const char *path, const char *name, const char *text) {
        char below[512];

        (void) snprintf(below, sizeof(below), "sys/fs/cgroup%s/%s", path, name);
        temproot_write(&root, below, text);
}

static void make_unit(const char *path) {
        temproot_cgroup(&root, path);
        write_unit_file(path, "memory.events", "low 0\n");
        write_unit_file(path, "memory.high", "max\n");
        write_unit_file(path, "memory.max", "max\n");
}

static void remove_unit(const char *path) {
        static const char *const files[] = {"memory.events", "memory.high", "memory.max"};
        char below[512];

        for (unsigned i = 0; i < ELEMENTSOF(files); i++) {
                (void) snprintf(below, sizeof(below), "sys/fs/cgroup%s/%s", path, files[i]);
                (void) unlink(temproot_path(&root, below));
        }
        (void) snprintf(below, sizeof(below), "sys/fs/cgroup%s", path);
        temproot_rmdir(&root, below);
}

/* How many watches the kernel holds for all our inotify instances. */
static unsigned n_kernel_watches(void) {
        unsigned n = 0;
        struct dirent *entry;
        DIR *dir = opendir("/proc/self/fdinfo");

        assert_non_null(dir);
        while ((entry = readdir(dir))) {
                char path[512], line[512];
                FILE *file;

                (void) snprintf(path, sizeof(path), "/proc/self/fdinfo/%s", entry->d_name);
                file = fopen(path, "re");
                while (file && fgets(line, sizeof(line), file))
                        n += strncmp(line, "inotify wd:", 11) == 0;
                if (file)
                        (void) fclose(file);
        }
        (void) closedir(dir);
        return n;
}

static unsigned count(const char *text, const char *part) {
        unsigned n = 0;

        for (; (text = strstr(text, part)); text += strlen(part))
                n++;
        return n;
}

static void test_a_scan_finds_what_is_wanted_parents_first(void **state) {
        const char *found;

        (void) state;
        make_unit("/system.slice/a.service");
        make_unit("/system.slice/sub.slice/b.service");
        make_unit("/system.slice/a.service/inside");
        temproot_cgroup(&root, "/system.slice/bad\nname.slice/c.service");
        temproot_write(&root, "sys/fs/cgroup/cgroup.procs", "");
        assert_int_equal(tree_scan(tree), 0);
        found = turn();
        assert_int_equal(count(found, "+"), 4);
        assert_int_equal(count(found, "-"), 0);
        assert_true(strstr(found, "+/system.slice ") == found);
        assert_non_null(strstr(found, "+/system.slice/a.service "));
        assert_true(strstr(found, "+/system.slice/sub.slice ") < strstr(found, "+/system.slice/sub.slice/b.service "));
        assert_int_equal(tree_left_out(tree), 0);
        assert_int_equal(n_kernel_watches(), 3);
}

static void test_coming_and_going_is_told(void **state) {
        (void) state;
        temproot_cgroup(&root, "/system.slice");
        assert_int_equal(tree_scan(tree), 0);
        assert_string_equal(turn(), "+/system.slice ");
        make_unit("/system.slice/a.service");
        assert_string_equal(turn(), "+/system.slice/a.service ");
        make_unit("/system.slice/a.service/inside");
        assert_string_equal(turn(), "");
        remove_unit("/system.slice/a.service/inside");
        remove_unit("/system.slice/a.service");
        assert_string_equal(turn(), "-/system.slice/a.service ");
        /* Anew under the same name, and gone again, before anybody looked. */
        make_unit("/system.slice/a.service");
        remove_unit("/system.slice/a.service");
        assert_string_equal(turn(), "+/system.slice/a.service -/system.slice/a.service ");
        temproot_cgroup(&root, "/system.slice/bad\nname.service");
        assert_string_equal(turn(), "");
        temproot_write(&root, "sys/fs/cgroup/system.slice/plain-file", "");
        assert_string_equal(turn(), "");
}

static void test_children_made_before_the_watch_are_found(void **state) {
        const char *found;

        (void) state;
        assert_int_equal(tree_scan(tree), 0);
        make_unit("/x.slice/y.slice/z.service"); /* all before the loop turns */
        found = turn();
        assert_non_null(strstr(found, "+/x.slice "));
        assert_non_null(strstr(found, "+/x.slice/y.slice "));
        assert_non_null(strstr(found, "+/x.slice/y.slice/z.service "));
        make_unit("/x.slice/y.slice/later.service");
        assert_string_equal(turn(), "+/x.slice/y.slice/later.service ");
}

static void test_a_change_is_told_once_a_batch(void **state) {
        (void) state;
        make_unit("/a.service");
        make_unit("/b.service");
        assert_int_equal(tree_scan(tree), 0);
        assert_int_equal(tree_watch(tree, "/a.service", 1u << TREE_EVENTS | 1u << TREE_HIGH), 0);
        assert_int_equal(tree_watch(tree, "/b.service", 1u << TREE_EVENTS), 0);
        (void) turn();
        /* In turns, so that the kernel's own merging of equal neighbours does not do it. */
        for (unsigned i = 0; i < 20; i++) {
                write_unit_file("/a.service", "memory.events", "low 1\n");
                write_unit_file("/b.service", "memory.events", "low 1\n");
                write_unit_file("/a.service", "memory.high", "1\n");
        }
        write_unit_file("/a.service", "memory.max", "1\n");
        assert_string_equal(turn(), "~/a.service:0 ~/a.service:1 ~/b.service:0 ");
        tree_unwatch(tree, "/a.service", 1u << TREE_HIGH);
        write_unit_file("/a.service", "memory.high", "2\n");
        assert_string_equal(turn(), "");
        write_unit_file("/a.service", "memory.events", "low 2\n");
        assert_string_equal(turn(), "~/a.service:0 ");
}

static void test_watching_what_is_not_there_is_refused(void **state) {
        (void) state;
        temproot_cgroup(&root, "/a.service");
        assert_int_equal(tree_watch(tree, "/a.service", 1), -ENOENT);
        assert_int_equal(tree_scan(tree), 0);
        assert_int_equal(tree_watch(tree, "/a.service", 1), -ENOENT);
        tree_unwatch(tree, "/a.service", 7);
        tree_unwatch(tree, "/none.service", 7);
}

static void test_no_watch_outlives_its_cgroup(void **state) {
        (void) state;
        watch_on_appearance = 7;
        temproot_cgroup(&root, "/system.slice");
        assert_int_equal(tree_scan(tree), 0);
        (void) turn();
        assert_int_equal(n_kernel_watches(), 2);
        for (unsigned i = 0; i < 50; i++) {
                make_unit("/system.slice/a.service");
                (void) turn();
                assert_int_equal(tree_watch(tree, "/system.slice/a.service", 7), 0);
                assert_int_equal(n_kernel_watches(), 5);
                remove_unit("/system.slice/a.service");
                (void) turn();
                assert_int_equal(n_kernel_watches(), 2);
        }
}

static void test_a_new_inode_is_watched_anew(void **state) {
        (void) state;
        make_unit("/a.service");
        assert_int_equal(tree_scan(tree), 0);
        assert_int_equal(tree_watch(tree, "/a.service", 1), 0);
        (void) turn();
        /* The manager may learn of the new run from PID 1 before we have read of the old one's end. */
        remove_unit("/a.service");
        make_unit("/a.service");
        assert_int_equal(tree_watch(tree, "/a.service", 1), 0);
        assert_string_equal(turn(), "+/a.service +/a.service "); /* its end is not told: it would be taken for the new one's */
        write_unit_file("/a.service", "memory.events", "low 1\n");
        assert_string_equal(turn(), "~/a.service:0 ");
        assert_int_equal(n_kernel_watches(), 2);
}

/* Nobody listens in the new directory while the ends of the old one are read. */
static void test_an_end_in_a_slice_made_anew_is_seen(void **state) {
        const char *found;

        (void) state;
        make_unit("/system.slice/a.service");
        make_unit("/system.slice/b.service");
        assert_int_equal(tree_scan(tree), 0);
        (void) turn();
        remove_unit("/system.slice/a.service");
        remove_unit("/system.slice/b.service");
        remove_unit("/system.slice");
        make_unit("/system.slice/a.service");
        make_unit("/system.slice/b.service");
        short_lived = "/system.slice/a.service";
        found = turn();
        assert_int_equal(count(found, "-"), 1);
        assert_non_null(strstr(found, "-/system.slice/a.service "));
        remove_unit("/system.slice/b.service");
        assert_string_equal(turn(), "-/system.slice/b.service ");
}

static void test_a_scan_reports_what_is_gone_or_no_longer_wanted(void **state) {
        const char *found;

        (void) state;
        make_unit("/system.slice/a.service");
        make_unit("/b.service");
        assert_int_equal(tree_scan(tree), 0);
        assert_int_equal(tree_watch(tree, "/system.slice/a.service", 7), 0);
        (void) turn();
        root_only = true;
        assert_int_equal(tree_scan(tree), 0);
        found = turn();
        assert_int_equal(count(found, "-"), 1);
        assert_non_null(strstr(found, "-/system.slice/a.service "));
        assert_int_equal(n_kernel_watches(), 1);
        root_only = false;
        assert_int_equal(tree_scan(tree), 0);
        assert_non_null(strstr(turn(), "+/system.slice/a.service "));
}

static void test_a_parent_takes_its_known_children_along(void **state) {
        const char *found;

        (void) state;
        make_unit("/x.slice/a.service");
        make_unit("/x.slice/y.slice/b.service");
        make_unit("/x.slice-not-below.service");
        assert_int_equal(tree_scan(tree), 0);
        (void) turn();
        remove_unit("/x.slice/a.service");
        remove_unit("/x.slice/y.slice/b.service");
        temproot_rmdir(&root, "sys/fs/cgroup/x.slice/y.slice");
        temproot_rmdir(&root, "sys/fs/cgroup/x.slice");
        found = turn();
        assert_int_equal(count(found, "-/x.slice/a.service "), 1);
        assert_int_equal(count(found, "-/x.slice/y.slice/b.service "), 1);
        assert_int_equal(count(found, "-/x.slice/y.slice "), 1);
        assert_int_equal(count(found, "-/x.slice "), 1);
        assert_int_equal(count(found, "-/x.slice-not"), 0);
        assert_int_equal(n_kernel_watches(), 1);
}

static unsigned max_queued_events(void) {
        FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
        unsigned n = 0;

        if (file) {
                if (fscanf(file, "%u", &n) != 1)
                        n = 0;
                (void) fclose(file);
        }
        return n;
}

static void test_an_overflow_loses_nothing(void **state) {
        _cleanup_close_ int events = -1, high = -1;
        unsigned n = max_queued_events();
        const char *found;

        (void) state;
        if (n == 0 || n > 1000000) {
                print_message("Skipped: the bound on queued inotify events is not known or too large.\n");
                return;
        }
        make_unit("/a.service");
        make_unit("/b.service");
        make_unit("/gone.service");
        assert_int_equal(tree_scan(tree), 0);
        assert_int_equal(tree_watch(tree, "/a.service", 1u << TREE_EVENTS), 0);
        assert_int_equal(tree_watch(tree, "/b.service", 1u << TREE_MAX | 1u << TREE_HIGH), 0);
        (void) turn();
        events = open(temproot_path(&root, "sys/fs/cgroup/a.service/memory.events"), O_WRONLY | O_CLOEXEC);
        high = open(temproot_path(&root, "sys/fs/cgroup/b.service/memory.high"), O_WRONLY | O_CLOEXEC);
        for (unsigned i = 0; i <= n / 2 + 1; i++) {
                assert_int_equal(pwrite(events, "low 1\n", 6, 0), 6);
                assert_int_equal(pwrite(high, "1\n", 2, 0), 2);
        }
        /* All of these come after the queue was full. */
        write_unit_file("/b.service", "memory.max", "1\n");
        make_unit("/new.service");
        remove_unit("/gone.service");
        found = turn();
        assert_non_null(strstr(found, "+/new.service "));
        assert_non_null(strstr(found, "-/gone.service "));
        assert_non_null(strstr(found, "~/b.service:2 "));
        assert_non_null(strstr(found, "~/a.service:0 "));
        make_unit("/later.service");
        assert_string_equal(turn(), "+/later.service ");
}

static void test_depth_and_numbers_are_bounded(void **state) {
        char path[CGROUP_PATH_MAX] = "";

        (void) state;
        for (unsigned i = 0; i < TREE_DEPTH_MAX + 8; i++)
                strcat(path, "/d.slice");
        temproot_cgroup(&root, path);
        assert_int_equal(tree_scan(tree), 0);
        assert_int_equal(count(turn(), "+"), TREE_DEPTH_MAX);
        for (unsigned i = 0; i < TREE_DIRS_MAX + 10; i++) {
                (void) snprintf(path, sizeof(path), "sys/fs/cgroup/%u.slice", i);
                assert_int_equal(mkdir(temproot_path(&root, path), 0755), 0);
        }
        assert_int_equal(tree_scan(tree), 0);
        /* The root, and the chain's directories that are watched (all but the deepest), take TREE_DEPTH_MAX. */
        assert_int_equal(n_kernel_watches(), TREE_DIRS_MAX);
        assert_int_equal(tree_left_out(tree), TREE_DEPTH_MAX + 10);
}

static void test_a_user_can_not_crowd_out_the_system(void **state) {
        static const char manager[] = "/user.slice/user-1000.slice/user@1000.service";
        char path[256];

        (void) state;
        temproot_cgroup(&root, manager);
        for (unsigned i = 0; i < TREE_CGROUPS_MAX / 2 + 10; i++) {
                (void) snprintf(path, sizeof(path), "sys/fs/cgroup%s/%u.scope", manager, i);
                assert_int_equal(mkdir(temproot_path(&root, path), 0755), 0);
        }
        assert_int_equal(tree_scan(tree), 0);
        (void) turn();
        assert_int_equal(n_appeared, 3 + TREE_CGROUPS_MAX / 2);
        make_unit("/zz.service");
        assert_string_equal(turn(), "+/zz.service ");
}

/* The same on the kernel's own files, where a removed directory says nothing on its own watch. */
static void test_real_cgroups_are_seen(void **state) {
        static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
        char name[64], dir[256] = "", inner[300];
        Kernfs real = KERNFS_INIT;
        struct statfs fs;
        const char *found;
        unsigned n;

        (void) state;
        (void) snprintf(name, sizeof(name), "/memguard-test-%d.slice", (int) getpid());
        for (unsigned i = 0; i < ELEMENTSOF(mounts) && !dir[0]; i++)
                if (statfs(mounts[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC) {
                        (void) snprintf(dir, sizeof(dir), "%s%s", mounts[i], name);
                        real.cgroup_fd = open(mounts[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
                }
        if (!dir[0] || mkdir(dir, 0755) < 0) {
                print_message("Skipped: no cgroup v2 hierarchy that we may write to.\n");
                kernfs_done(&real);
                return;
        }
        tree_free(tree);
        assert_int_equal(tree_new(&tree, event, &real, &handlers), 0);
        assert_int_equal(tree_scan(tree), 0);
        assert_non_null(strstr(turn(), name));
        (void) snprintf(inner, sizeof(inner), "%s/x.service", dir);
        assert_int_equal(mkdir(inner, 0755), 0);
        found = turn();
        assert_int_equal(count(found, "+"), 1);
        assert_non_null(strstr(found, "/x.service "));
        assert_int_equal(rmdir(inner), 0);
        found = turn();
        assert_int_equal(count(found, "-/"), 1);
        assert_non_null(strstr(found, "/x.service "));
        /* Made anew before we have read of its end: the kernel does not let go of the old one's watch by itself. */
        n = n_kernel_watches();
        assert_int_equal(rmdir(dir), 0);
        assert_int_equal(mkdir(dir, 0755), 0);
        assert_int_equal(tree_scan(tree), 0);
        assert_int_equal(n_kernel_watches(), n);
        (void) turn();
        assert_int_equal(n_kernel_watches(), n);
        assert_int_equal(rmdir(dir), 0);
        (void) turn();
        assert_int_equal(n_kernel_watches(), n - 1);
        tree = tree_free(tree);
        kernfs_done(&real);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_tree, close_tree)
        const struct CMUnitTest tests[] = {
                TEST(test_a_scan_finds_what_is_wanted_parents_first),
                TEST(test_coming_and_going_is_told),
                TEST(test_children_made_before_the_watch_are_found),
                TEST(test_a_change_is_told_once_a_batch),
                TEST(test_watching_what_is_not_there_is_refused),
                TEST(test_no_watch_outlives_its_cgroup),
                TEST(test_a_new_inode_is_watched_anew),
                TEST(test_an_end_in_a_slice_made_anew_is_seen),
                TEST(test_a_scan_reports_what_is_gone_or_no_longer_wanted),
                TEST(test_a_parent_takes_its_known_children_along),
                TEST(test_an_overflow_loses_nothing),
                TEST(test_depth_and_numbers_are_bounded),
                TEST(test_a_user_can_not_crowd_out_the_system),
                TEST(test_real_cgroups_are_seen),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
