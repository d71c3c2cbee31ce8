/* What tree.c (events) and tree-scan.c (finding cgroups, watching inodes) share. */
#pragma once

#include <sys/inotify.h>

#include "tree-table.h"

/* Some 300 directory events or 1000 file events; what is left waits for the next turn of the loop. */
#define TREE_BUFFER_BYTES (16 * 1024)

struct Tree {
        const Kernfs *kernfs;
        TreeHandlers handlers;
        int fd; /* inotify */
        sd_event_source *source;
        Table table;
        Node *first_dirty, *last_dirty;
        unsigned scan; /* number of the last scan */
        unsigned n_dirs, n_left_out;
        bool overflown; /* the kernel dropped events, and no scan has made up for it yet */
        _Alignas(struct inotify_event) char buffer[TREE_BUFFER_BYTES];
};

/* A cgroup is there: tells of it and watches it for children where wanted. Returns 1 when its children are to be looked
 * for (a walk_visit_t; userdata is the tree). */
int tree_found(void *userdata, const char *path);

/* A cgroup is gone: takes its watches back and tells of it and of all that was known below it. */
void tree_gone(Tree *tree, Node *node);

/* Is there a cgroup of that path now? */
bool tree_is_there(const Tree *tree, const char *path);

/* A cgroup has come anew, and nobody listened in it until now: tells of those below it that are gone. */
void tree_lost_below(Tree *tree, const char *path);

/* Watches an inode of the node's cgroup, or takes the watch back. */
int tree_add_watch(Tree *tree, Watch *watch, const char *name, uint32_t mask);
void tree_remove_watch(Tree *tree, Watch *watch);
