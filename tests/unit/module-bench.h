/* The daemon's side of the Python modules' socket, with fixtures for who connects, and a client. */
#pragma once

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fd.h"
#include "module.h"
#include "temproot.h"

#define API "/system.slice/api.service"

typedef struct Bench {
        TempRoot root;
        sd_event *event;
        Module *module;
        char path[300];
        bool watched; /* API is */
        const char *other; /* the unit that all are taken for in place of API, or NULL */
        unsigned n_saw, n_beats, n_done, n_grew;
        Witness last;
        ModuleBeat beat;
        int pid, result;
        uint64_t freed;
        char detail[200], grew[400], unit[CGROUP_PATH_MAX];
} Bench;

static inline void on_saw(void *userdata, const char *path, const Witness *witness) {
        Bench *bench = userdata;

        bench->n_saw++;
        bench->last = *witness;
        (void) snprintf(bench->unit, sizeof(bench->unit), "%s", path);
}

static inline bool on_unit_of(void *userdata, const char *cgroup, char ret_path[static CGROUP_PATH_MAX]) {
        const Bench *bench = userdata;

        if (bench->other) {
                (void) snprintf(ret_path, CGROUP_PATH_MAX, "%s", bench->other);
                return true;
        }
        if (!bench->watched || strncmp(cgroup, API, strlen(API)) != 0)
                return false;
        (void) snprintf(ret_path, CGROUP_PATH_MAX, "%s", API);
        return true;
}

static inline void on_beat(void *userdata, const char *path, int pid, const ModuleBeat *beat) {
        Bench *bench = userdata;

        assert_string_equal(path, API);
        bench->n_beats++;
        bench->beat = *beat;
        bench->pid = pid;
}

static inline void on_grew(void *userdata, const char *path, int pid, const ModuleSite *sites, unsigned n, const char *text) {
        Bench *bench = userdata;

        (void) path, (void) pid;
        bench->n_grew++;
        (void) snprintf(bench->grew, sizeof(bench->grew), "%u %s %s", n, n > 0 ? sites[0].site : "-", text);
}

static inline void on_done(void *userdata, int result, uint64_t freed, const char *detail) {
        Bench *bench = userdata;

        bench->n_done++;
        bench->result = result;
        bench->freed = freed;
        (void) snprintf(bench->detail, sizeof(bench->detail), "%s", detail);
}

/* A process in the fixture's /proc. */
static inline void add_process(Bench *bench, int pid, const char *cgroup) {
        char name[64], text[512];

        (void) snprintf(name, sizeof(name), "proc/%d", pid);
        temproot_mkdir(&bench->root, name);
        (void) snprintf(name, sizeof(name), "proc/%d/cgroup", pid);
        (void) snprintf(text, sizeof(text), "0::%s\n", cgroup);
        temproot_write(&bench->root, name, text);
        (void) snprintf(name, sizeof(name), "proc/%d/stat", pid);
        temproot_write(&bench->root, name, "1 (python3) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 555 0 0\n");
}

static inline void open_module(Bench *bench) {
        const ModuleHandlers handlers = {.witness = {bench, on_saw}, .userdata = bench, .unit_of = on_unit_of, .beat = on_beat,
                                         .grew = on_grew};

        assert_int_equal(module_new(&bench->module, bench->event, &bench->root.kernfs, bench->path, &handlers), 0);
}

static inline int set_up(void **state) {
        Bench *bench = calloc(1, sizeof(*bench));

        temproot_open(&bench->root);
        (void) snprintf(bench->path, sizeof(bench->path), "%s/module", bench->root.path);
        assert_true(sd_event_new(&bench->event) >= 0);
        open_module(bench);
        add_process(bench, getpid(), API "/worker");
        bench->watched = true;
        *state = bench;
        return 0;
}

static inline int tear_down(void **state) {
        Bench *bench = *state;

        module_free(bench->module);
        assert_int_equal(access(bench->path, F_OK), -1);
        sd_event_unref(bench->event);
        temproot_close(&bench->root);
        free(bench);
        return 0;
}

static inline int dial(const Bench *bench) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        memcpy(address.sun_path, bench->path, strlen(bench->path) + 1);
        assert_int_equal(connect(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static inline void say(int fd, const char *text) {
        assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Everything that is there to be done. */
static inline void run(Bench *bench) {
        while (sd_event_run(bench->event, 20000) > 0)
                ;
}

static inline int greet(Bench *bench) {
        int fd = dial(bench);

        say(fd, "hello\nprotocol=1\npython=3.11.2\nmodule=1.0\ntraced=0");
        run(bench);
        return fd;
}

static inline bool is_closed(int fd) {
        char c;

        return recv(fd, &c, 1, MSG_DONTWAIT) == 0 || errno == ECONNRESET;
}

static inline const char *heard(int fd) {
        static char text[MODULETALK_MAX];
        ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

        text[MAX(n, 0)] = 0;
        return text;
}
