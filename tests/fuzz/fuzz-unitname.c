/* Any glob and any path, a newline between them: globs without "**" agree with fnmatch(), a directory above a match is
 * always said to lead to it, and what is protected stays so whatever is made below it. */
#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unitname.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
        if (!good)
                abort();
}

/* fnmatch() tries stars in turn, so that many of them take for ever; and it reads "[[:alpha:]]", which we don't. */
static bool fnmatch_can_tell(const char *glob) {
        unsigned stars = 0;

        for (const char *p = glob; *p != '\0'; p++)
                stars += *p == '*';
        return stars <= 5 && strlen(glob) < CGROUP_PATH_MAX && !strstr(glob, "**") && !strchr(glob, '[');
}

static void check_globs(const char *glob, const char *path) {
        char dir[CGROUP_PATH_MAX];
        bool matches = unitname_path_matches(glob, path);

        if (fnmatch_can_tell(glob))
                require(matches == (fnmatch(glob, path, FNM_PATHNAME | FNM_NOESCAPE) == 0));
        if (!unitname_path_is_valid(path) || !matches)
                return;
        strcpy(dir, path);
        while (!util_streq(dir, "/")) {
                char *slash = strrchr(dir, '/');
                slash[slash == dir] = '\0';
                require(unitname_path_may_lead_to(glob, dir) || util_streq(path, "/"));
        }
}

static void check_path(const char *path) {
        const char *name = unitname_of_path(path);
        char below[CGROUP_PATH_MAX + 8];
        uint32_t uid, same;

        require(util_streq(path, "/") || (name >= path && name <= path + strlen(path)));
        require(unitname_type(name) >= 0 && unitname_type(name) < _UNIT_TYPE_MAX);
        if (!unitname_path_is_valid(path)) {
                require(unitname_protected(path) != NULL);
                return;
        }
        strcpy(stpcpy(below, util_streq(path, "/") ? "" : path), "/a");
        if (!unitname_path_is_valid(below))
                return;
        if (unitname_protected(path) && unitname_type(name) == UNIT_SERVICE && strncmp(name, "user@", 5) != 0)
                require(unitname_protected(below) != NULL);
        if (unitname_user(path, &uid) == 0)
                require(unitname_user(below, &same) == 0 && same == uid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *glob = calloc(1, size + 1);

        memcpy(glob, data, size);
        char *path = strchrnul(glob, '\n');
        if (*path == '\n')
                *path++ = '\0';
        check_globs(glob, path);
        check_path(path);
        (void) unitname_matches(glob, unitname_of_path(path));
        return 0;
}
