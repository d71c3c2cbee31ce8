/* What the files of uprobe.h share. */
#pragma once

#include "hits.h"
#include "uprobe-build.h"
#include "uprobe.h"
#include "worker.h"

#define UPROBE_WAITING_MAX 64 /* processes to look at; the next one is refused with -EAGAIN */
#define UPROBE_BATCH_MAX 512  /* hits that are sorted together */
#define UPROBE_PATHS_MAX 32

typedef struct Waiting {
        int pid;
        char path[FIND_PATH_MAX];
} Waiting;

/* A file that needs no look until then: it is probed (build), is no Python, or could not be probed just now. */
typedef struct Known {
        FileKey key;
        Build *build;
        usec_t until; /* 0 = unused */
} Known;

/* A cgroup's path as it was when the hit came: the cgroup may be gone before the error is told. */
typedef struct HitPath {
        uint64_t inode; /* 0 = unused */
        usec_t used;
        char path[CGROUP_PATH_MAX];
} HitPath;

struct Uprobe {
        sd_event *event;
        sd_event_source *timer;
        const Kernfs *kernfs;
        Worker *worker; /* our own: acts must not wait behind a look at a file system that hangs */
        UprobeHandlers handlers;
        BuildHandlers build_handlers;
        char *socket_path;
        int error;

        bool finding; /* find is with the worker */
        FindJob *find;
        unsigned n_waiting;
        Waiting waiting[UPROBE_WAITING_MAX];
        Known known[FIND_KNOWN_MAX];
        Build builds[UPROBE_BUILDS_MAX];

        Hits hits;
        bool draining;
        uint64_t n_lost;  /* since it was told */
        usec_t lost_told; /* 0 = never */
        unsigned n_batch;
        Hit batch[UPROBE_BATCH_MAX];
        HitPath paths[UPROBE_PATHS_MAX];
};

static inline void uprobe_freep(Uprobe **uprobe) {
        uprobe_free(*uprobe);
}

/* Begins the next look, where none is under way. */
int uprobe_find_next(Uprobe *uprobe);

/* Reads all rings and hands on what is due. */
void uprobe_drain(Uprobe *uprobe);

void uprobe_arm_timer(Uprobe *uprobe);
