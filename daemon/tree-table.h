/* The known cgroups of tree.c, found by path and by inotify watch. A node is allocated when its cgroup appears and
 * holds room for all its watches, so that nothing else on the way of an event allocates. */
#pragma once

#include "tree.h"

#define TABLE_BUCKETS 4096 /* a power of two; at TREE_CGROUPS_MAX a chain has two nodes on average */
#define WATCH_DIR _TREE_FILE_MAX

typedef struct Node Node;

typedef struct Watch {
        struct Watch *next; /* in its bucket */
        Node *node;
        int wd; /* -1: not watched */
} Watch;

struct Node {
        Node *next;       /* in its bucket */
        Node *next_dirty; /* in tree.c's list of nodes to tell of */
        Watch watches[_TREE_FILE_MAX + 1];
        unsigned dirty; /* bit i = TreeFile i was modified */
        unsigned scan;  /* the last scan that saw it */
        bool of_user;   /* made by a user manager */
        bool was_dir;   /* its children have been watched: some may be known */
        char path[];
};

typedef struct Table {
        Node *nodes[TABLE_BUCKETS];
        Watch *watches[TABLE_BUCKETS];
        unsigned n_nodes, n_of_user;
} Table;

Node *table_find(const Table *table, const char *path);
Watch *table_find_watch(const Table *table, int wd);

/* Adds a node that is not there yet. -ENOSPC at a bound, -ENOMEM. */
int table_add(Table *table, const char *path, Node **ret);

/* Takes a node without watches out; the caller frees it. */
void table_remove(Table *table, Node *node);

/* Sets or (wd -1) clears a watch's descriptor. The kernel gives one inode one descriptor; if another watch had it, that
 * one loses it. */
void table_set_watch(Table *table, Watch *watch, int wd);

/* The next node that matches. Start with *bucket 0; the node may be removed before the next call, and no other. */
Node *table_next(const Table *table, unsigned *bucket, bool (*matches)(const Node *node, const void *key),
                 const void *key);
