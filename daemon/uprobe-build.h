/* One CPython build and its probes: asked for at the helper without waiting, mapped when they have come, read when they
 * are hit. */
#pragma once

#include <systemd/sd-event.h>

#include "perfring.h"
#include "uprobe-find.h"
#include "uprobe-wire.h"
#include "worker.h"

typedef struct Build Build;

/* Of all probes of one CPU: the first event has the buffer, the others write into it. */
typedef struct Ring {
        void *map;
        sd_event_source *source;
        uint64_t ids[UPROBE_OFFSETS_MAX];
} Ring;

/* The events of a build, n_probes for each CPU, and their buffers. */
typedef struct Probes {
        unsigned n_fds, n_rings;
        int *fds;
        Ring *rings;
} Probes;

typedef enum BuildState {
        BUILD_NONE,
        BUILD_ASKED,
        BUILD_ARMED,
        _BUILD_STATE_MAX,
        _BUILD_STATE_INVALID = -EINVAL,
} BuildState;

typedef struct BuildHandlers {
        void *userdata;
        void (*armed)(void *userdata, Build *build);
        void (*failed)(void *userdata, Build *build, int error); /* nothing is held any more; BUILD_NONE follows */
        void (*hit)(void *userdata);                             /* a ring has something */
} BuildHandlers;

struct Build {
        BuildState state;
        FileKey own;
        PyBuild python;
        usec_t seen;    /* in a process */
        usec_t give_up; /* BUILD_ASKED: when the helper's time is over */
        int file;       /* until it is armed */
        int socket;
        bool asked_again;
        const char *socket_path;
        const BuildHandlers *handlers;
        sd_event *event;
        sd_event_source *source; /* of the socket */
        Worker *worker; /* closes probes: the kernel takes up to 90 ms for each. NULL: build_release() waits for it */
        Probes probes;
};

#define BUILD_INIT ((Build){.file = -1, .socket = -1})

/* Asks for the probes; takes the file. An answer comes through handlers, unless this fails. handlers, event and
 * socket_path are borrowed. */
int build_ask(Build *build, int file, usec_t now);

/* Ends the request or the probes; BUILD_NONE afterwards. */
void build_release(Build *build);

typedef void (*build_record_t)(void *userdata, const Build *build, const PerfRecord *record, PyProbeKind kind);

/* Reads all rings, at most so many records. Records of no interest are left out. Returns how many were read. */
unsigned build_read(const Build *build, unsigned max, build_record_t record, void *userdata);
