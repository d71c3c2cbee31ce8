/* See tree.h. A batch of events is read whole before any file's change is told of, so that a file that changes often in
 * it is told of once, and one of a cgroup that is gone by then not at all. */
#include <stdio.h>
#include <unistd.h>

#include "tree-internal.h"
#include "unitname.h"
#include "walk.h"

static const char *const tree_files[_TREE_FILE_MAX] = {
        [TREE_EVENTS] = "memory.events",
        [TREE_HIGH] = "memory.high",
        [TREE_MAX] = "memory.max",
};

static void make_dirty(Tree *tree, Node *node, unsigned files) {
        if (files == 0)
                return;
        if (!node->dirty) {
                node->next_dirty = NULL;
                if (tree->last_dirty)
                        tree->last_dirty->next_dirty = node;
                else
                        tree->first_dirty = node;
                tree->last_dirty = node;
        }
        node->dirty |= files;
}

/* The kernel dropped events: each watched file may have changed. */
static void make_all_dirty(Tree *tree) {
        for (unsigned i = 0; i < TABLE_BUCKETS; i++)
                for (Node *node = tree->table.nodes[i]; node; node = node->next)
                        for (unsigned file = 0; file < _TREE_FILE_MAX; file++)
                                if (node->watches[file].wd >= 0)
                                        make_dirty(tree, node, 1u << file);
}

static void tell_dirty(Tree *tree) {
        char path[CGROUP_PATH_MAX];
        unsigned files;
        Node *node;

        while ((node = tree->first_dirty)) {
                tree->first_dirty = node->next_dirty;
                if (!tree->first_dirty)
                        tree->last_dirty = NULL;
                files = node->dirty;
                node->dirty = 0;
                (void) snprintf(path, sizeof(path), "%s", node->path);
                for (TreeFile file = 0; file < _TREE_FILE_MAX; file++)
                        if (files & 1u << file)
                                tree->handlers.modified(tree->handlers.userdata, path, file);
        }
}

static int on_child(Tree *tree, const Node *parent, const struct inotify_event *event) {
        bool in_root = util_streq(parent->path, "/");
        char path[CGROUP_PATH_MAX];
        Node *node;
        int r;

        if (!(event->mask & IN_ISDIR) || event->len == 0)
                return 0;
        r = snprintf(path, sizeof(path), "%s/%s", in_root ? "" : parent->path, event->name);
        if (r < 0 || (size_t) r >= sizeof(path) || !unitname_path_is_valid(path))
                return 0;
        /* One that has come anew since is there and may be known as that: it has not gone. */
        if (event->mask & IN_DELETE && !tree_is_there(tree, path)) {
                node = table_find(&tree->table, path);
                if (node)
                        tree_gone(tree, node);
                return 0;
        }
        /* Its watch is there before its children are looked for: none is missed, and one may be found twice. */
        r = tree_found(tree, path);
        if (r <= 0)
                return r;
        r = walk_cgroups(tree->kernfs, path, tree_found, tree);
        if (event->mask & IN_DELETE)
                tree_lost_below(tree, path);
        return r;
}

static int on_event(Tree *tree, const struct inotify_event *event) {
        Watch *watch = table_find_watch(&tree->table, event->wd);

        if (event->mask & IN_Q_OVERFLOW) {
                tree->overflown = true;
                return 0;
        }
        if (!watch)
                return 0; /* queued before the watch was taken back; descriptors are not used again */
        if (event->mask & IN_IGNORED)
                tree_remove_watch(tree, watch); /* the inode is gone for good, as on unmounting */
        else if (watch == &watch->node->watches[WATCH_DIR])
                return on_child(tree, watch->node, event);
        else if (event->mask & IN_MODIFY)
                make_dirty(tree, watch->node, 1u << (watch - watch->node->watches));
        return 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Tree *tree = userdata;
        ssize_t n = read(fd, tree->buffer, sizeof(tree->buffer));
        int r = 0;

        (void) source;
        (void) revents;
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        for (const char *at = tree->buffer; at < tree->buffer + n;) {
                const struct inotify_event *event = (const struct inotify_event *) at;

                /* Out of memory or fds: what we did not learn now, the next scan learns. */
                r = on_event(tree, event);
                if (r < 0)
                        tree->overflown = true;
                at += sizeof(*event) + event->len;
        }
        if (tree->overflown) {
                make_all_dirty(tree);
                (void) tree_scan(tree); /* stays overflown if it fails, and is tried again at the next event */
        }
        tell_dirty(tree);
        return 0;
}

static void tree_freep(Tree **tree) {
        tree_free(*tree);
}

int tree_new(Tree **ret, sd_event *event, const Kernfs *kernfs, const TreeHandlers *handlers) {
        _cleanup_(tree_freep) Tree *tree = calloc(1, sizeof(Tree));
        int r;

        if (!tree)
                return -ENOMEM;
        tree->kernfs = kernfs;
        tree->handlers = *handlers;
        tree->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (tree->fd < 0)
                return -errno;
        r = sd_event_add_io(event, &tree->source, tree->fd, EPOLLIN, on_readable, tree);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(tree->source, "cgroup-tree");
        *ret = TAKE_PTR(tree);
        return 0;
}

Tree *tree_free(Tree *tree) {
        if (!tree)
                return NULL;
        sd_event_source_unref(tree->source);
        for (unsigned i = 0; i < TABLE_BUCKETS; i++)
                for (Node *node = tree->table.nodes[i], *next; node; node = next) {
                        next = node->next;
                        free(node);
                }
        if (tree->fd >= 0)
                (void) close(tree->fd);
        free(tree);
        return NULL;
}

int tree_watch(Tree *tree, const char *path, unsigned files) {
        Node *node = table_find(&tree->table, path);

        if (!node)
                return -ENOENT;
        for (unsigned i = 0; i < _TREE_FILE_MAX; i++)
                if (files & 1u << i) {
                        int r = tree_add_watch(tree, &node->watches[i], tree_files[i], IN_MODIFY);

                        if (r < 0)
                                return r;
                }
        return 0;
}

void tree_unwatch(Tree *tree, const char *path, unsigned files) {
        Node *node = table_find(&tree->table, path);

        for (unsigned i = 0; node && i < _TREE_FILE_MAX; i++)
                if (files & 1u << i)
                        tree_remove_watch(tree, &node->watches[i]);
}

unsigned tree_left_out(const Tree *tree) {
        return tree->n_left_out;
}
