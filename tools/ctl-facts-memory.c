/* What a unit has in memory now, and which of its processes. */
#include <fcntl.h>
#include <stdio.h>

#include "ctl-facts.h"
#include "fd.h"
#include "walk.h"

#define PROCESSES_MAX 1024 /* further ones are not looked at */
#define CGROUPS_MAX 256    /* likewise, below the unit's own */

typedef struct Processes {
        const Kernfs *kernfs;
        unsigned n, n_cgroups;
        ProcessFacts items[PROCESSES_MAX];
} Processes;

/* What it shares with others counts in parts, where the kernel tells. */
static int read_anon(int pid_fd, uint64_t *ret) {
        char text[KERNFS_TEXT_MAX];
        uint64_t anon = 0, swap = 0;

        if (kernfs_read(pid_fd, "smaps_rollup", text, sizeof(text)) >= 0 &&
            kerneltext_kib(text, "Pss_Anon", &anon) >= 0) {
                (void) kerneltext_kib(text, "SwapPss", &swap);
                *ret = util_add(anon, swap);
                return 0;
        }
        if (kernfs_read(pid_fd, "status", text, sizeof(text)) < 0 || kerneltext_kib(text, "RssAnon", &anon) < 0)
                return -ENODATA;
        (void) kerneltext_kib(text, "VmSwap", &swap);
        *ret = util_add(anon, swap);
        return 0;
}

static void add_process(Processes *processes, uint64_t pid) {
        ProcessFacts *process = &processes->items[processes->n];
        _cleanup_close_ int fd = -1;
        char name[24], comm[64];

        if (processes->n == PROCESSES_MAX || pid == 0)
                return;
        (void) snprintf(name, sizeof(name), "%u", (unsigned) MIN(pid, UINT32_MAX));
        fd = openat(processes->kernfs->proc_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || kernfs_read(fd, "comm", comm, sizeof(comm)) < 0 || read_anon(fd, &process->anon) < 0)
                return;
        comm[strcspn(comm, "\n")] = 0;
        (void) snprintf(process->comm, sizeof(process->comm), "%.15s", comm);
        processes->n++;
}

static void add_cgroup(Processes *processes, const char *path) {
        _cleanup_close_ int dirfd = -1, fd = -1;
        char *line = NULL;
        size_t size = 0;
        FILE *file;

        if (kernfs_open_cgroup(processes->kernfs, path, &dirfd) < 0)
                return;
        fd = kernfs_open_file(dirfd, "cgroup.procs", O_RDONLY);
        file = fd < 0 ? NULL : fdopen(fd, "re");
        if (!file)
                return;
        TAKE_FD(fd);
        while (processes->n < PROCESSES_MAX && getline(&line, &size, file) > 0) {
                uint64_t pid;

                if (kerneltext_u64(line, &pid) >= 0)
                        add_process(processes, pid);
        }
        free(line);
        (void) fclose(file);
}

static int visit(void *userdata, const char *path) {
        Processes *processes = userdata;

        if (processes->n_cgroups++ >= CGROUPS_MAX)
                return -ENOBUFS;
        add_cgroup(processes, path);
        return 1;
}

static void read_workers(const Kernfs *kernfs, UnitFacts *unit) {
        _cleanup_free_ Processes *processes = calloc(1, sizeof(*processes));

        if (!processes)
                return;
        processes->kernfs = kernfs;
        add_cgroup(processes, unit->path);
        (void) walk_cgroups(kernfs, unit->path, visit, processes);
        facts_find_workers(processes->items, processes->n, &unit->workers);
}

static void read_number(int dirfd, const char *name, uint64_t *ret) {
        uint64_t value;

        if (kernfs_read_u64(dirfd, name, &value) >= 0)
                *ret = value;
}

void ctl_facts_memory(const char *root, UnitFacts *unit) {
        _cleanup_(kernfs_done) Kernfs kernfs = KERNFS_INIT;
        _cleanup_close_ int dirfd = -1;
        char text[KERNFS_TEXT_MAX];
        MemoryStat stat;

        if (unit->path[0] == 0 || kernfs_open(&kernfs, root) < 0 || kernfs_open_cgroup(&kernfs, unit->path, &dirfd) < 0)
                return;
        read_number(dirfd, "memory.current", &unit->current);
        read_number(dirfd, "memory.peak", &unit->peak);
        read_number(dirfd, "memory.swap.current", &unit->swap);
        if (fact_known(unit->current) && kernfs_read(dirfd, "memory.stat", text, sizeof(text)) >= 0 &&
            kerneltext_memory_stat(text, &stat) >= 0) {
                unit->working_set = kerneltext_working_set(unit->current, &stat);
                unit->anon = stat.anon;
        }
        if (facts_is_service(unit))
                read_workers(&kernfs, unit);
}
