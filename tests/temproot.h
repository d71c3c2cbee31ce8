/* A root directory of its own for a test, with the kernel's files as plain files: made, written, and removed with all
 * in it. */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernfs.h"

typedef struct TempRoot {
        char path[256];
        Kernfs kernfs;
} TempRoot;

static inline const char *temproot_path(const TempRoot *root, const char *below) {
        static char path[4096];

        (void) snprintf(path, sizeof(path), "%s/%s", root->path, below);
        return path;
}

/* Makes a directory with its parents. */
static inline void temproot_mkdir(const TempRoot *root, const char *below) {
        char path[4096];

        (void) snprintf(path, sizeof(path), "%s/%s", root->path, below);
        for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = 0;
                (void) mkdir(path, 0755);
                *slash = '/';
        }
        if (mkdir(path, 0755) < 0)
                assert_int_equal(errno, EEXIST);
}

static inline void temproot_rmdir(const TempRoot *root, const char *below) {
        assert_int_equal(rmdir(temproot_path(root, below)), 0);
}

static inline void temproot_write(const TempRoot *root, const char *below, const char *text) {
        FILE *file = fopen(temproot_path(root, below), "we");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static inline const char *temproot_read(const TempRoot *root, const char *below) {
        static char text[4096];
        FILE *file = fopen(temproot_path(root, below), "re");
        size_t n;

        assert_non_null(file);
        n = fread(text, 1, sizeof(text) - 1, file);
        text[n] = 0;
        (void) fclose(file);
        return text;
}

/* A cgroup's directory; path as in unitname.h. */
static inline void temproot_cgroup(const TempRoot *root, const char *path) {
        char below[2048];

        (void) snprintf(below, sizeof(below), "sys/fs/cgroup%s", path);
        temproot_mkdir(root, below);
}

static inline int temproot_remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
        (void) st;
        (void) flag;
        (void) ftw;
        return remove(path);
}

/* Empty but for proc and sys/fs/cgroup, and opened. */
static inline void temproot_open(TempRoot *root) {
        const char *tmp = getenv("TMPDIR");

        *root = (TempRoot){.kernfs = KERNFS_INIT};
        (void) snprintf(root->path, sizeof(root->path), "%s/memguard-test-XXXXXX", tmp ? tmp : "/tmp");
        assert_non_null(mkdtemp(root->path));
        temproot_mkdir(root, "proc/pressure");
        temproot_mkdir(root, "sys/fs/cgroup");
        assert_int_equal(kernfs_open(&root->kernfs, root->path), 0);
}

static inline void temproot_close(TempRoot *root) {
        kernfs_done(&root->kernfs);
        (void) nftw(root->path, temproot_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
