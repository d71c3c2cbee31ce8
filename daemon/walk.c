/* See walk.h. */
#include <dirent.h>
#include <stdio.h>

#include "fd.h"
#include "unitname.h"
#include "walk.h"

typedef struct Walk {
        const Kernfs *kernfs;
        walk_visit_t visit;
        void *userdata;
        char path[CGROUP_PATH_MAX]; /* of the directory that is being read; its parts are cut off on the way back */
} Walk;

static void closedirp(DIR **dir) {
        if (*dir)
                (void) closedir(*dir);
}

static int open_path(const Kernfs *kernfs, const char *path, DIR **ret) {
        _cleanup_close_ int fd = -1;
        DIR *dir;
        int r;

        r = kernfs_open_cgroup(kernfs, path, &fd);
        if (r < 0)
                return r;
        dir = fdopendir(fd);
        if (!dir)
                return -errno;
        TAKE_FD(fd);
        *ret = dir;
        return 0;
}

/* Appends a name to the path; false where that makes no valid path, and then the path is as before. */
static bool enter(Walk *walk, size_t length, const char *name) {
        size_t size = sizeof(walk->path) - length;
        int n = snprintf(walk->path + length, size, "%s%s", length > 1 ? "/" : "", name);

        if (n > 0 && (size_t) n < size && unitname_path_is_valid(walk->path))
                return true;
        walk->path[length] = 0;
        return false;
}

static int walk_dir(Walk *walk, unsigned depth) {
        _cleanup_(closedirp) DIR *dir = NULL;
        size_t length = strlen(walk->path);
        struct dirent *entry;
        int r;

        r = open_path(walk->kernfs, walk->path, &dir);
        if (r == -ENOENT || r == -EACCES)
                return 0;
        if (r < 0)
                return r;
        while ((entry = readdir(dir))) {
                if (entry->d_type != DT_DIR || !enter(walk, length, entry->d_name))
                        continue;
                r = walk->visit(walk->userdata, walk->path);
                if (r > 0 && depth < WALK_DEPTH_MAX)
                        r = walk_dir(walk, depth + 1);
                if (r < 0)
                        return r;
                walk->path[length] = 0;
        }
        return 0;
}

int walk_cgroups(const Kernfs *kernfs, const char *path, walk_visit_t visit, void *userdata) {
        Walk walk = {.kernfs = kernfs, .visit = visit, .userdata = userdata};

        if (!unitname_path_is_valid(path))
                return -EINVAL;
        (void) snprintf(walk.path, sizeof(walk.path), "%s", path);
        return walk_dir(&walk, 1);
}
