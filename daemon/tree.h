/* The cgroup tree by inotify: which cgroups come and go, and which files of a watched cgroup were written. One inotify
 * instance for everything (there are only 128 a user). Kernel facts: IN_CREATE/IN_DELETE of child cgroups come on the parent
 * directory; memory.events gives IN_MODIFY when it changes (at most one in 10 ms a file); writes by PID 1 or an operator to
 * memory.high and memory.max give IN_MODIFY too; the removal of a cgroup gives nothing on its own files, so their watches are
 * taken back here when the parent directory tells of it.
 *
 * Bounds: what is beyond them is not seen, and counted (tree_left_out()), until a later tree_scan() finds room. Handlers may
 * call tree_watch() and tree_unwatch(), nothing else. */
#pragma once

#include <systemd/sd-event.h>

#include "kernfs.h"

#define TREE_CGROUPS_MAX 8192 /* known at a time; user managers' own may take half, so that no user can crowd out PID 1's */
#define TREE_DIRS_MAX 4096    /* whose children are watched */
#define TREE_DEPTH_MAX 32     /* deeper cgroups are not looked for */

typedef struct Tree Tree;

typedef enum TreeFile {
        TREE_EVENTS, /* memory.events */
        TREE_HIGH,   /* memory.high */
        TREE_MAX,    /* memory.max */
        _TREE_FILE_MAX,
        _TREE_FILE_INVALID = -EINVAL,
} TreeFile;

typedef struct TreeHandlers {
        void *userdata;
        /* Should this directory's children be watched (slices, user managers, whatever a Cgroup= glob leads to)? */
        bool (*wants_dir)(void *userdata, const char *path);
        void (*appeared)(void *userdata, const char *path); /* also for each cgroup found by tree_scan() */
        /* Or its parent is no longer wanted. Of one that is there again before its end was read, only appeared() comes. */
        void (*vanished)(void *userdata, const char *path);
        void (*modified)(void *userdata, const char *path, TreeFile file);
} TreeHandlers;

int tree_new(Tree **ret, sd_event *event, const Kernfs *kernfs, const TreeHandlers *handlers);
Tree *tree_free(Tree *tree);

/* Walks the tree: watches the root and wanted directories, calls appeared() for every cgroup in them, parents first. Called
 * at start, after IN_Q_OVERFLOW (by itself, with modified() for every watched file), and whenever the policies changed. Known cgroups that are gone are reported as
 * vanished; appeared() may come again for known ones. */
int tree_scan(Tree *tree);

/* Watches or leaves files of one cgroup (bit i = TreeFile i). Removing is safe for a cgroup that is gone. A watch is bound to
 * the inode, so a cgroup made anew under the same path needs a new call. -ENOENT for a cgroup that has not appeared or has no
 * such file; -ENOSPC at the kernel's bound on watches. */
int tree_watch(Tree *tree, const char *path, unsigned files);
void tree_unwatch(Tree *tree, const char *path, unsigned files);

/* How many cgroups and directories were beyond the bounds since the last tree_scan(); for status. */
unsigned tree_left_out(const Tree *tree);
