/* See tree-table.h. */
#include <stdio.h>

#include "tree-table.h"
#include "unitname.h"

/* FNV-1a. Names are chosen by strangers, who could make one long chain; it is no longer than TREE_CGROUPS_MAX. */
static unsigned bucket_of_path(const char *path) {
        uint32_t hash = 2166136261u;

        for (; *path; path++)
                hash = (hash ^ (unsigned char) *path) * 16777619u;
        return (hash ^ hash >> 16) % TABLE_BUCKETS;
}

/* The kernel counts descriptors up, so that their low bits are spread as well as can be. */
static unsigned bucket_of_watch(int wd) {
        return (unsigned) wd % TABLE_BUCKETS;
}

Node *table_find(const Table *table, const char *path) {
        Node *node = table->nodes[bucket_of_path(path)];

        while (node && !util_streq(node->path, path))
                node = node->next;
        return node;
}

Watch *table_find_watch(const Table *table, int wd) {
        Watch *watch = wd < 0 ? NULL : table->watches[bucket_of_watch(wd)];

        while (watch && watch->wd != wd)
                watch = watch->next;
        return watch;
}

int table_add(Table *table, const char *path, Node **ret) {
        Node **bucket = &table->nodes[bucket_of_path(path)];
        size_t size = strlen(path) + 1;
        uint32_t uid;
        Node *node;
        bool of_user = unitname_user(path, &uid) == 0;

        if (table->n_nodes >= TREE_CGROUPS_MAX || (of_user && table->n_of_user >= TREE_CGROUPS_MAX / 2))
                return -ENOSPC;
        node = calloc(1, sizeof(Node) + size);
        if (!node)
                return -ENOMEM;
        memcpy(node->path, path, size);
        node->of_user = of_user;
        for (unsigned i = 0; i < ELEMENTSOF(node->watches); i++)
                node->watches[i] = (Watch){.node = node, .wd = -1};
        node->next = *bucket;
        *bucket = node;
        table->n_nodes++;
        table->n_of_user += of_user;
        *ret = node;
        return 0;
}

void table_remove(Table *table, Node *node) {
        Node **at = &table->nodes[bucket_of_path(node->path)];

        while (*at != node)
                at = &(*at)->next;
        *at = node->next;
        table->n_nodes--;
        table->n_of_user -= node->of_user;
}

static void unlink_watch(Table *table, Watch *watch) {
        Watch **at = &table->watches[bucket_of_watch(watch->wd)];

        while (*at != watch)
                at = &(*at)->next;
        *at = watch->next;
        watch->wd = -1;
}

void table_set_watch(Table *table, Watch *watch, int wd) {
        Watch *other = table_find_watch(table, wd);

        if (other)
                unlink_watch(table, other);
        if (watch->wd >= 0)
                unlink_watch(table, watch);
        if (wd < 0)
                return;
        watch->wd = wd;
        watch->next = table->watches[bucket_of_watch(wd)];
        table->watches[bucket_of_watch(wd)] = watch;
}

Node *table_next(const Table *table, unsigned *bucket, bool (*matches)(const Node *node, const void *key),
                 const void *key) {
        for (; *bucket < TABLE_BUCKETS; (*bucket)++)
                for (Node *node = table->nodes[*bucket]; node; node = node->next)
                        if (matches(node, key))
                                return node;
        return NULL;
}
