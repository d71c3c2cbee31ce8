/* Finding cgroups and watching their inodes; see tree.h. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tree-internal.h"
#include "unitname.h"
#include "walk.h"

static_assert(WALK_DEPTH_MAX >= TREE_DEPTH_MAX, "the walk must reach as deep as the tree");

/* inotify_add_watch() knows no directory fd. The magic link of the one that we hold leads into the hierarchy opened at
 * start, whatever is mounted over its path since, and needs no privilege. */
int tree_add_watch(Tree *tree, Watch *watch, const char *name, uint32_t mask) {
        char path[CGROUP_PATH_MAX + 64];
        int wd;

        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d%s/%s", tree->kernfs->cgroup_fd, watch->node->path, name);
        wd = inotify_add_watch(tree->fd, path, mask | IN_DONT_FOLLOW);
        if (wd < 0)
                return -errno;
        if (wd == watch->wd)
                return 0;
        tree_remove_watch(tree, watch); /* of the inode that had this path before */
        table_set_watch(&tree->table, watch, wd);
        tree->n_dirs += watch == &watch->node->watches[WATCH_DIR];
        return 0;
}

void tree_remove_watch(Tree *tree, Watch *watch) {
        if (watch->wd < 0)
                return;
        /* Fails for an inode that the kernel has already let go of. */
        (void) inotify_rm_watch(tree->fd, watch->wd);
        table_set_watch(&tree->table, watch, -1);
        tree->n_dirs -= watch == &watch->node->watches[WATCH_DIR];
}

/* Returns 1 when the directory is watched. */
static int watch_dir(Tree *tree, Node *node) {
        Watch *watch = &node->watches[WATCH_DIR];
        int r;

        if (watch->wd < 0 && tree->n_dirs >= TREE_DIRS_MAX)
                r = -ENOSPC;
        else
                r = tree_add_watch(tree, watch, ".", IN_CREATE | IN_DELETE | IN_ONLYDIR);
        if (r == -ENOSPC)
                tree->n_left_out++;
        if (r == -ENOSPC || r == -ENOENT || r == -EACCES)
                return 0;
        node->was_dir = true;
        return r < 0 ? r : 1;
}

static unsigned depth_of(const char *path) {
        unsigned depth = 0;

        for (; *path; path++)
                depth += *path == '/';
        return depth;
}

int tree_found(void *userdata, const char *path) {
        Tree *tree = userdata;
        Node *node = table_find(&tree->table, path);
        int r;

        if (!node) {
                r = table_add(&tree->table, path, &node);
                if (r == -ENOSPC) {
                        tree->n_left_out++;
                        return 0;
                }
                if (r < 0)
                        return r;
        }
        node->scan = tree->scan;
        tree->handlers.appeared(tree->handlers.userdata, path);
        if (depth_of(path) < TREE_DEPTH_MAX && tree->handlers.wants_dir(tree->handlers.userdata, path))
                return watch_dir(tree, node);
        tree_remove_watch(tree, &node->watches[WATCH_DIR]);
        return 0;
}

static void forget_dirty(Tree *tree, Node *node) {
        Node **at = &tree->first_dirty, *before = NULL;

        for (; *at != node; at = &before->next_dirty)
                before = *at;
        *at = node->next_dirty;
        if (tree->last_dirty == node)
                tree->last_dirty = before;
}

/* Takes one node out and tells of it. It is no longer found by then, so a handler can do what it likes with the path.
 */
static void drop(Tree *tree, Node *node) {
        for (unsigned i = 0; i < ELEMENTSOF(node->watches); i++)
                tree_remove_watch(tree, &node->watches[i]);
        if (node->dirty)
                forget_dirty(tree, node);
        table_remove(&tree->table, node);
        tree->handlers.vanished(tree->handlers.userdata, node->path);
        free(node);
}

static bool is_below(const Node *node, const void *key) {
        size_t length = strlen(key);

        return strncmp(node->path, key, length) == 0 && node->path[length] == '/';
}

void tree_gone(Tree *tree, Node *node) {
        unsigned bucket = 0;
        Node *below;

        /* The kernel removes children first, but their events may be lost. Most cgroups never had a known child. */
        if (node->was_dir)
                while ((below = table_next(&tree->table, &bucket, is_below, node->path)))
                        drop(tree, below);
        drop(tree, node);
}

bool tree_is_there(const Tree *tree, const char *path) {
        return faccessat(tree->kernfs->cgroup_fd, path + 1, F_OK, AT_SYMLINK_NOFOLLOW) >= 0 || errno != ENOENT;
}

typedef struct Below {
        const Tree *tree;
        const char *path;
} Below;

static bool is_lost(const Node *node, const void *key) {
        const Below *below = key;

        return is_below(node, below->path) && !tree_is_there(below->tree, node->path);
}

void tree_lost_below(Tree *tree, const char *path) {
        Below below = {tree, path};
        unsigned bucket = 0;
        Node *lost;

        while ((lost = table_next(&tree->table, &bucket, is_lost, &below)))
                drop(tree, lost);
}

static bool is_stale(const Node *node, const void *key) {
        return node->scan != *(const unsigned *) key;
}

static int watch_root(Tree *tree) {
        Node *root = table_find(&tree->table, "/");
        int r;

        if (!root) {
                r = table_add(&tree->table, "/", &root);
                if (r < 0)
                        return r;
        }
        root->scan = tree->scan;
        return tree_add_watch(tree, &root->watches[WATCH_DIR], ".", IN_CREATE | IN_DELETE | IN_ONLYDIR);
}

int tree_scan(Tree *tree) {
        unsigned bucket = 0;
        Node *stale;
        int r;

        tree->scan++;
        tree->n_left_out = 0;
        r = watch_root(tree);
        if (r < 0)
                return r;
        r = walk_cgroups(tree->kernfs, "/", tree_found, tree);
        if (r < 0)
                return r;
        while ((stale = table_next(&tree->table, &bucket, is_stale, &tree->scan)))
                drop(tree, stale);
        tree->overflown = false;
        return 0;
}
