/* The host: the kernel's files, and what systemd runs. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl-facts.h"
#include "ctl-pid1.h"
#include "fd.h"

static void read_number(int dirfd, const char *name, uint64_t *ret) {
        uint64_t value;

        if (kernfs_read_u64(dirfd, name, &value) >= 0)
                *ret = value;
}

/* "6.1.0-50-amd64" */
static void read_kernel(int proc_fd, HostFacts *host) {
        char text[256];
        unsigned major, minor;

        if (kernfs_read(proc_fd, "sys/kernel/osrelease", text, sizeof(text)) >= 0 &&
            sscanf(text, "%3u.%3u", &major, &minor) == 2)
                host->kernel = 1000 * (uint64_t) major + minor;
}

static void read_meminfo(const Kernfs *kernfs, HostFacts *host) {
        MemInfo info;

        if (kernfs_read_meminfo(kernfs, &info) < 0)
                return;
        host->memory_total = info.total;
        host->available = info.available;
        host->swap_total = info.swap_total;
        host->swap_free = info.swap_free;
        if (info.commit_limit > 0) {
                host->commit_limit = info.commit_limit;
                host->committed = info.committed;
        }
}

static Tri there_is(int dirfd, const char *name) {
        if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return TRI_YES;
        return errno == ENOENT ? TRI_NO : TRI_UNKNOWN;
}

static Tri lists(int dirfd, const char *name, const char *word) {
        char text[1024], *rest = text, *one;

        if (kernfs_read(dirfd, name, text, sizeof(text)) < 0)
                return TRI_UNKNOWN;
        while ((one = strsep(&rest, " \n")))
                if (util_streq(one, word))
                        return TRI_YES;
        return TRI_NO;
}

/* "none [integrity] confidentiality": the one in brackets. */
static void read_lockdown(int root_fd, char ret[static FACT_WORD_MAX]) {
        char text[128], *from, *to;

        if (kernfs_read(root_fd, "sys/kernel/security/lockdown", text, sizeof(text)) < 0)
                return;
        from = strchr(text, '[');
        to = from ? strchr(from, ']') : NULL;
        if (to)
                (void) snprintf(ret, FACT_WORD_MAX, "%.*s", (int) (to - from - 1), from + 1);
}

void ctl_facts_kernel(const char *root, HostFacts *host) {
        _cleanup_(kernfs_done) Kernfs kernfs = KERNFS_INIT;
        _cleanup_close_ int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (root_fd < 0 || kernfs_open(&kernfs, root) < 0)
                return;
        read_meminfo(&kernfs, host);
        read_kernel(kernfs.proc_fd, host);
        read_number(kernfs.proc_fd, "sys/vm/overcommit_memory", &host->overcommit_memory);
        read_number(kernfs.proc_fd, "sys/vm/overcommit_ratio", &host->overcommit_ratio);
        read_number(kernfs.proc_fd, "sys/vm/overcommit_kbytes", &host->overcommit_kbytes);
        read_number(kernfs.proc_fd, "sys/vm/panic_on_oom", &host->panic_on_oom);
        read_number(kernfs.proc_fd, "sys/vm/oom_kill_allocating_task", &host->kill_allocating);
        host->psi = there_is(kernfs.proc_fd, "pressure/memory");
        host->unified = there_is(kernfs.cgroup_fd, "cgroup.controllers");
        host->memory_controller = lists(kernfs.cgroup_fd, "cgroup.controllers", "memory");
        if (there_is(root_fd, "sys/bus/event_source/devices") == TRI_YES)
                host->uprobes = there_is(root_fd, "sys/bus/event_source/devices/uprobe");
        read_lockdown(root_fd, host->lockdown);
}

static Tri is_running(sd_bus *bus, const char *unit) {
        char state[FACT_WORD_MAX] = "";
        const CtlField field = {"ActiveState", CTL_FIELD_TEXT, 0, sizeof(state)};

        if (ctl_pid1_read(bus, unit, "Unit", &field, 1, state) <= 0)
                return TRI_UNKNOWN;
        return util_streq(state, "active") || util_streq(state, "reloading") ? TRI_YES : TRI_NO;
}

void ctl_facts_systemd(sd_bus *bus, HostFacts *host) {
        static const CtlField guard[] = {
                CTL_FIELD(HostFacts, "MemoryMin", CTL_FIELD_U64, guard_min),
                CTL_FIELD(HostFacts, "OOMScoreAdjust", CTL_FIELD_I64, guard_oom_score),
        };
        char version[FACT_WORD_MAX] = "";
        const CtlField field = {"Version", CTL_FIELD_TEXT, 0, sizeof(version)};
        unsigned number;

        if (!bus)
                return;
        if (ctl_pid1_read_manager(bus, &field, 1, version) > 0 && sscanf(version, "%5u", &number) == 1)
                host->systemd = number;
        for (Killer killer = 0; killer < _KILLER_MAX; killer++)
                host->killers[killer] = is_running(bus, killer_name(killer));
        if (ctl_pid1_read(bus, "memguardd.service", "Service", guard, ELEMENTSOF(guard), host) !=
                    (int) ELEMENTSOF(guard) ||
            is_running(bus, "memguardd.service") != TRI_YES)
                host->guard_min = FACT_UNKNOWN;
}
