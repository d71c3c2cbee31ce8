/* Names of cgroups and units say what a cgroup is, and no name puts a cgroup within reach that must not be acted on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unitname.h"

#define USER "/user.slice/user-1000.slice/user@1000.service"

static void paths_are_checked(void **state) {
        static const struct {
                const char *path;
                bool valid;
        } cases[] = {
                {"/", true},
                {"/system.slice/api.service", true},
                {"/a", true},
                {"/...", true},
                {"/a/.b/..c", true},
                {"/a.", true},
                {"/a b/c,d=e", true},
                {"/system.slice/dev-disk\\x2dby.swap", true},
                {"/\xc3\xa9t\xc3\xa9.service", true},
                {"", false},
                {"a", false},
                {"a/b", false},
                {"//", false},
                {"//a", false},
                {"/a/", false},
                {"/a//b", false},
                {"/.", false},
                {"/..", false},
                {"/a/../b", false},
                {"/a/./b", false},
                {"/a/..", false},
                {"/a\nb", false},
                {"/a\x1b[31m", false},
                {"/a\x7f", false},
                {"/\t", false},
        };
        char path[CGROUP_PATH_MAX + 1];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (unitname_path_is_valid(cases[i].path) != cases[i].valid)
                        fail_msg("\"%s\" should be %s", cases[i].path, cases[i].valid ? "valid" : "refused");
        memset(path, 'a', sizeof(path));
        path[0] = '/';
        path[CGROUP_PATH_MAX] = '\0';
        assert_false(unitname_path_is_valid(path));
        path[CGROUP_PATH_MAX - 1] = '\0';
        assert_true(unitname_path_is_valid(path));
}

static void names_and_types(void **state) {
        static const struct {
                const char *path, *name;
                UnitType type;
        } cases[] = {
                {"/", "-.slice", UNIT_SLICE},
                {"/system.slice", "system.slice", UNIT_SLICE},
                {"/system.slice/api.service", "api.service", UNIT_SERVICE},
                {"/system.slice/system-web.slice/web@a\\x2db.service", "web@a\\x2db.service", UNIT_SERVICE},
                {"/init.scope", "init.scope", UNIT_SCOPE},
                {"/machine.slice/libpod-12ab.scope", "libpod-12ab.scope", UNIT_SCOPE},
                {"/system.slice/boot.mount", "boot.mount", UNIT_OTHER},
                {"/system.slice/ssh.socket", "ssh.socket", UNIT_OTHER},
                {"/system.slice/dev-sda2.swap", "dev-sda2.swap", UNIT_OTHER},
                /* systemd's escaping, one level of it. */
                {"/system.slice/_cgroup.service", "cgroup.service", UNIT_SERVICE},
                {"/system.slice/__a.service", "_a.service", UNIT_SERVICE},
                {"/system.slice/_", "", UNIT_NONE},
                /* No units: Docker's, Kubernetes' and made-up names. */
                {"/docker/12ab34cd", "12ab34cd", UNIT_NONE},
                {"/system.slice/api.service/worker", "worker", UNIT_NONE},
                {"/system.slice/api.servicex", "api.servicex", UNIT_NONE},
                {"/system.slice/service", "service", UNIT_NONE},
                {"/system.slice/.service", ".service", UNIT_NONE},
                {"/system.slice/api.timer", "api.timer", UNIT_NONE},
                {"/a b.service", "a b.service", UNIT_NONE},
                {"/a)b.service", "a)b.service", UNIT_NONE},
                {"/)b.service", ")b.service", UNIT_NONE},
                {"/\xc3\xa9.service", "\xc3\xa9.service", UNIT_NONE},
                {"/@x.service", "@x.service", UNIT_NONE},
        };
        char name[UNIT_NAME_MAX + 1];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_string_equal(unitname_of_path(cases[i].path), cases[i].name);
                if (unitname_type(cases[i].name) != cases[i].type)
                        fail_msg("\"%s\": type %d, expected %d", cases[i].name, unitname_type(cases[i].name),
                                 cases[i].type);
        }
        memset(name, 'a', sizeof(name));
        strcpy(name + UNIT_NAME_MAX - strlen(".service"), ".service");
        assert_int_equal(unitname_type(name), UNIT_NONE);
        assert_int_equal(unitname_type(name + 1), UNIT_SERVICE);
}

static void users(void **state) {
        static const struct {
                const char *path;
                int r;
                uint32_t uid;
        } cases[] = {
                {USER "/app.slice/x.service", 0, 1000},
                {USER "/init.scope", 0, 1000},
                {USER "/app.slice/a/b/c", 0, 1000},
                {"/user.slice/user-0.slice/user@0.service/x.service", 0, 0},
                {"/user@4294967294.service/x.service", 0, UINT32_MAX - 1},
                {USER, -ENOENT, 0}, /* PID 1's */
                {"/user.slice/user-1000.slice/session-2.scope", -ENOENT, 0},
                {"/user.slice/user-1000.slice/session-2.scope/user@0.service/x.service", -ENOENT, 0},
                {"/system.slice/api.service", -ENOENT, 0},
                {"/", -ENOENT, 0},
                {"/user.slice/user-1000.slice", -ENOENT, 0},
                /* Cgroups that a unit or a user made, and named like another user's manager. */
                {"/system.slice/api.service/user@0.service/x.service", -ENOENT, 0},
                {USER "/app.slice/evil.service/user@0.service/x.service", 0, 1000},
                {USER "/user@0.service/x.service", 0, 1000},
                {"/user.slice/user@.service/x.service", -ENOENT, 0},
                {"/user.slice/user@4294967295.service/x.service", -ENOENT, 0}, /* (uid_t) -1 */
                {"/user.slice/user@4294967296.service/x.service", -ENOENT, 0}, /* 0 in 32 bits */
                {"/user.slice/user@18446744073709551616.service/x.service", -ENOENT, 0},
                {"/user.slice/user@42949672960.service/x.service", -ENOENT, 0},
                {"/user.slice/user@-1.service/x.service", -ENOENT, 0},
                {"/user.slice/user@0x1.service/x.service", -ENOENT, 0},
                {"/user.slice/user@01.service/x.service", -ENOENT, 0},
                {"/user.slice/user@max.service/x.service", -ENOENT, 0},
                {"/user.slice/user@ 1.service/x.service", -ENOENT, 0},
                {"/user.slice/user@lennart.service/x.service", -ENOENT, 0},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint32_t uid = 77;
                int r = unitname_user(cases[i].path, &uid);
                if (r != cases[i].r || uid != (r < 0 ? 77 : cases[i].uid))
                        fail_msg("\"%s\": got %d and %u", cases[i].path, r, uid);
        }
}

static void the_host_is_protected(void **state) {
        static const struct {
                const char *path, *word; /* of the reason */
        } cases[] = {
                {"/", "root"},
                {"", "valid"},
                {"/a//b.service", "valid"},
                {"/../api.service", "valid"},
                {"/init.scope", "PID 1"},
                {"/init.scope/sub", "manager"},
                {"/machine.slice/box.scope/init.scope", "manager"}, /* a container's own manager */
                {"/system.slice", "slice"},
                {"/system.slice/system-web.slice", "slice"},
                {USER "/app.slice", "slice"},
                {"/system.slice/systemd-journald.service", "journal"},
                {"/system.slice/system-systemd\\x2djournald.slice/systemd-journald@ns.service", "journal"},
                {"/system.slice/dbus.service", "message bus"},
                {"/system.slice/dbus.service/sub", "message bus"},
                {"/system.slice/dbus.service/sub/a.service", "message bus"},
                {"/system.slice/dbus-broker.service", "message bus"},
                {"/system.slice/_dbus.service", "message bus"},
                {"/system.slice/systemd-udevd.service", "device"},
                {"/system.slice/systemd-udevd.service/udev", "device"}, /* systemd 252 puts the workers there */
                {"/system.slice/systemd-logind.service", "login"},
                {"/system.slice/memguardd.service", "memguard"},
                {"/system.slice/memguard-journal.service", "memguard"},
                {"/system.slice/memguard-uprobe.service", "memguard"},
                {"/elsewhere.slice/memguardd.service/x", "memguard"},
                {USER, "user's"},
                {"/user.slice/user-0.slice/user@0.service", "user's"},
                {"/user.slice/user@lennart.service", "user's"},
                {USER "/init.scope", "manager"},
                {USER "/app.slice/dbus.service", "message bus"},
                {USER "/app.slice/dbus.service/sub", "message bus"},
                /* These are ordinary units. */
                {"/system.slice/api.service", NULL},
                {"/system.slice/api.service/worker", NULL},
                {USER "/app.slice/foo.service", NULL},
                {USER "/app.slice/app-gnome-firefox-123.scope", NULL},
                {"/user.slice/user-1000.slice/session-2.scope", NULL},
                {"/system.slice/dbus.socket", NULL},
                {"/system.slice/dbus-daemon.service", NULL},
                {"/system.slice/xdbus.service", NULL},
                {"/system.slice/dbus", NULL},
                {"/system.slice/mydbus.service/dbus.servicex", NULL},
                {"/system.slice/user.service", NULL},
                {"/system.slice/users@1.service", NULL},
                {"/system.slice/memguardd.service.service", NULL},
                {"/system.slice/memguardd-example.service", NULL},
                {"/system.slice/myinit.scope", NULL},
                {"/kubepods.slice/kubepods-pod1.slice/cri-containerd-1.scope", NULL},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *reason = unitname_protected(cases[i].path);
                if (!reason != !cases[i].word || (reason && !strstr(reason, cases[i].word)))
                        fail_msg("\"%s\": %s", cases[i].path, reason ? reason : "not protected");
        }
}

static void name_globs(void **state) {
        static const struct {
                const char *glob, *name;
                bool matches;
        } cases[] = {
                {"api.service", "api.service", true},
                {"web@*.service", "web@1.service", true},
                {"web@*.service", "web@.service", true},
                {"web@*.service", "web.service", false},
                {"*", "anything.scope", true},
                {"?pi.service", "api.service", true},
                {"[a-c]pi.service", "api.service", true},
                {"[!a-c]pi.service", "api.service", false},
                {"api", "api.service", false},
                {"API.service", "api.service", false},
                {"", "api.service", false},
                {"[", "api.service", false},
                {"dev-disk\\x2dby.swap", "dev-disk\\x2dby.swap", true},
                {"dev-disk\\x2d*.swap", "dev-disk\\x2dby.swap", true},
                {"\\a*", "api.service", false},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (unitname_matches(cases[i].glob, cases[i].name) != cases[i].matches)
                        fail_msg("\"%s\" and \"%s\"", cases[i].glob, cases[i].name);
}

static void path_globs(void **state) {
        static const struct {
                const char *glob, *path;
                bool matches;
        } cases[] = {
                {"/kubepods.slice/**", "/kubepods.slice/a", true},
                {"/kubepods.slice/**", "/kubepods.slice/a/b.scope", true},
                {"/kubepods.slice/**", "/kubepods.slice", false},
                {"/kubepods.slice/**", "/kubepods.slicer/a", false},
                {"/kubepods.slice/*", "/kubepods.slice/a", true},
                {"/kubepods.slice/*", "/kubepods.slice/a/b", false},
                {"/docker/*", "/docker/12ab", true},
                {"/a/*/c", "/a/b/c", true},
                {"/a/*/c", "/a/b/b/c", false},
                {"/a/*/c", "/a/c", false},
                {"/a/**/c", "/a/c", true},
                {"/a/**/c", "/a/b/c", true},
                {"/a/**/c", "/a/b/b/c", true},
                {"/a/**/c", "/a/b/bc", false},
                {"/a/**/c", "/ac", false},
                {"/a/**/**/c", "/a/c", true},
                {"/**.scope", "/a/b/c.scope", true},
                {"/**.scope", "/a/b.scope/c", false},
                {"**", "/a/b", true},
                {"/**", "/", true},
                {"/", "/", true},
                {"/*b*d*", "/abcd", true},
                {"/*b*d*", "/abc/d", false},
                {"/a***", "/a/b", true},
                {"/a?c", "/abc", true},
                {"/a?c", "/a/c", false},
                {"/a[/]c", "/a/c", false},
                {"/[ab]", "/b", true},
                {"/[!ab]", "/b", false},
                {"/[!ab]", "/a", false},
                {"/[^ab]", "/c", true},
                {"/a[!b]c", "/a/c", false},
                {"/[a-c]x", "/ax", true},
                {"/[a-c]x", "/bx", true},
                {"/[a-c]x", "/cx", true},
                {"/[a-c]x", "/dx", false},
                {"/[]a]x", "/]x", true},
                {"/[a-]x", "/-x", true},
                {"/[a", "/[a", true},
                {"/[a", "/a", false},
                {"/[a-", "/[a-", true},
                {"/[a-/x]", "/[a-/x]", true},
                {"/x\\x2dy", "/x\\x2dy", true},
                {"a", "/a", false},
                {"", "/", false},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (unitname_path_matches(cases[i].glob, cases[i].path) != cases[i].matches)
                        fail_msg("\"%s\" and \"%s\"", cases[i].glob, cases[i].path);
}

static void directories_lead_to_globs(void **state) {
        static const struct {
                const char *glob, *dir;
                bool leads;
        } cases[] = {
                {"/kubepods.slice/**", "/", true},
                {"/kubepods.slice/**", "/kubepods.slice", true},
                {"/kubepods.slice/**", "/kubepods.slice/a/b", true},
                {"/kubepods.slice/**", "/system.slice", false},
                {"/kubepods.slice/**", "/kubepods.slicer", false},
                {"/docker/*", "/docker", true},
                {"/docker/*", "/docker/a", false},
                {"/a/*/c", "/a/b", true},
                {"/a/*/c", "/a/b/c", false},
                {"/a/**/c", "/a/c", true},
                {"/a/b", "/a", true},
                {"/a/b", "/a/b", false},
                {"/a/b", "/", true},
                {"/*.slice/x", "/b.slice", true},
                {"/*.slice/x", "/b.scope", false},
                {"/", "/", false},
                {"**", "/a", true},
                {"a", "/", false},
                {"", "/", false},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (unitname_path_may_lead_to(cases[i].glob, cases[i].dir) != cases[i].leads)
                        fail_msg("\"%s\" below \"%s\"", cases[i].glob, cases[i].dir);
}

/* A matcher that tries every star in turn would not come back from this one. */
static void globs_take_bounded_time(void **state) {
        char glob[CGROUP_PATH_MAX + 1], path[CGROUP_PATH_MAX];

        (void) state;
        for (size_t i = 0; i < CGROUP_PATH_MAX; i++)
                glob[i] = i % 3 == 2 ? 'a' : '*';
        memset(path, 'a', sizeof(path));
        path[0] = '/';
        path[CGROUP_PATH_MAX - 1] = '\0';
        glob[CGROUP_PATH_MAX - 1] = '\0';
        glob[CGROUP_PATH_MAX - 2] = 'b';
        assert_false(unitname_path_matches(glob, path));
        glob[CGROUP_PATH_MAX - 2] = 'a';
        assert_true(unitname_path_matches(glob, path));
        /* One character more is no glob. */
        memset(glob, '*', sizeof(glob));
        glob[CGROUP_PATH_MAX] = '\0';
        assert_false(unitname_path_matches(glob, "/a"));
        assert_false(unitname_path_may_lead_to(glob, "/a"));
        glob[CGROUP_PATH_MAX - 1] = '\0';
        assert_true(unitname_path_matches(glob, "/a"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(paths_are_checked),
                cmocka_unit_test(names_and_types),
                cmocka_unit_test(users),
                cmocka_unit_test(the_host_is_protected),
                cmocka_unit_test(name_globs),
                cmocka_unit_test(path_globs),
                cmocka_unit_test(directories_lead_to_globs),
                cmocka_unit_test(globs_take_bounded_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
