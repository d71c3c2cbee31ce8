/* A made-up host for memguardctl doctor and advise: the kernel's files, journald's and memguard's below a root of its
 * own, and a systemd with three services: sound.service, which nothing is wrong with, and bad.service and odd.service.
 */
#pragma once

#include "fake-systemd.h"
#include "run-ctl.h"

#include <jansson.h>

#define SOUND "/system.slice/sound.service"
#define BAD "/system.slice/bad.service"

#define TEXT(unit, name, text)                                                                                         \
        { unit, name, 's', text, 0 }
#define U64(unit, name, number)                                                                                        \
        { unit, name, 't', NULL, number }
#define U32(unit, name, number)                                                                                        \
        { unit, name, 'u', NULL, number }
#define I32(unit, name, number)                                                                                        \
        { unit, name, 'i', NULL, (uint32_t) (number) }
#define BOOL(unit, name, value)                                                                                        \
        { unit, name, 'b', NULL, value }

static const FakeProperty properties[] = {
        TEXT(NULL, "Version", "252.39-1~deb12u1"),
        TEXT("memguardd.service", "ActiveState", "active"),
        U64("memguardd.service", "MemoryMin", 16 * MIB),
        I32("memguardd.service", "OOMScoreAdjust", -900),
        TEXT("systemd-oomd.service", "ActiveState", "active"),
        TEXT("earlyoom.service", "ActiveState", "inactive"),

        U64("system.slice", "MemoryMax", UINT64_MAX),
        U64("system.slice", "MemoryHigh", UINT64_MAX),
        TEXT("system.slice", "Slice", "-.slice"),
        U64("-.slice", "MemoryMax", UINT64_MAX),
        U64("-.slice", "MemoryHigh", UINT64_MAX),
        TEXT("-.slice", "Slice", ""),

        TEXT("sound.service", "LoadState", "loaded"),
        TEXT("sound.service", "ActiveState", "active"),
        U64("sound.service", "ActiveEnterTimestampMonotonic", 1),
        U32("sound.service", "StartLimitBurst", 5),
        U64("sound.service", "StartLimitIntervalUSec", 10 * USEC_PER_SEC),
        TEXT("sound.service", "ControlGroup", SOUND),
        TEXT("sound.service", "Slice", "system.slice"),
        BOOL("sound.service", "MemoryAccounting", 1),
        U64("sound.service", "MemoryMax", 400 * MIB),
        U64("sound.service", "MemoryHigh", UINT64_MAX),
        TEXT("sound.service", "Restart", "on-failure"),
        TEXT("sound.service", "OOMPolicy", "continue"),
        TEXT("sound.service", "KillMode", "control-group"),
        TEXT("sound.service", "StandardOutput", "journal"),
        TEXT("sound.service", "StandardError", "inherit"),
        U64("sound.service", "TimeoutStopUSec", 90 * USEC_PER_SEC),
        U64("sound.service", "LimitAS", UINT64_MAX),
        I32("sound.service", "OOMScoreAdjust", 0),

        TEXT("bad.service", "LoadState", "loaded"),
        TEXT("bad.service", "ActiveState", "active"),
        TEXT("bad.service", "ControlGroup", BAD),
        TEXT("bad.service", "Slice", "bad.slice"),
        TEXT("bad.service", "Restart", "on-abort"),
        TEXT("bad.service", "OOMPolicy", "stop"),
        TEXT("bad.service", "StandardOutput", "null\033[2J"),
        TEXT("bad.service", "StandardError", "inherit"),
        U64("bad.service", "LimitAS", GIB),
        I32("bad.service", "OOMScoreAdjust", -1000),
        U64("bad.slice", "MemoryMax", UINT64_MAX),
        U64("bad.slice", "MemoryHigh", 100 * MIB),
        TEXT("bad.slice", "ManagedOOMMemoryPressure", "kill"),
        TEXT("bad.slice", "Slice", "-.slice"),

        /* Nothing is of the type that it should be of. */
        TEXT("odd.service", "LoadState", "loaded"),
        TEXT("odd.service", "ControlGroup", "/../../etc"),
        TEXT("odd.service", "Slice", "odd.service"), /* it is above itself */
        TEXT("odd.service", "MemoryMax", "much"),
        U64("odd.service", "Restart", 1),
        TEXT("odd.service", "MemoryAccounting", "no"),
        {},
};

typedef struct Bench {
        TempRoot root;
        pid_t systemd;
        Run run;
} Bench;

static inline void put_unit(const TempRoot *root, const char *path, const char *processes) {
        static const struct {
                const char *name, *text;
        } files[] = {
                {"memory.current", "220200960\n"}, /* 210M */
                {"memory.peak", "262144000\n"},    /* 250M */
                {"memory.swap.current", "0\n"},
                {"memory.stat", "anon 188743680\nfile 31457280\ninactive_file 10485760\nactive_file 0\n"},
        };
        char below[512];

        temproot_cgroup(root, path);
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                (void) snprintf(below, sizeof(below), "sys/fs/cgroup%s/%s", path, files[i].name);
                temproot_write(root, below, files[i].text);
        }
        (void) snprintf(below, sizeof(below), "sys/fs/cgroup%s/cgroup.procs", path);
        temproot_write(root, below, processes);
}

static inline void put_process(const TempRoot *root, unsigned pid, const char *comm, unsigned mib) {
        char below[64], text[256];

        (void) snprintf(below, sizeof(below), "proc/%u", pid);
        temproot_mkdir(root, below);
        (void) snprintf(below, sizeof(below), "proc/%u/comm", pid);
        (void) snprintf(text, sizeof(text), "%s\n", comm);
        temproot_write(root, below, text);
        (void) snprintf(below, sizeof(below), "proc/%u/smaps_rollup", pid);
        (void) snprintf(text, sizeof(text), "Rss: %u kB\nPss_Anon: %u kB\nSwapPss: 0 kB\n", 2048 * mib, 1024 * mib);
        temproot_write(root, below, text);
}

static inline void put_host(const TempRoot *root) {
        temproot_mkdir(root, "proc/sys/kernel");
        temproot_mkdir(root, "proc/sys/vm");
        temproot_mkdir(root, "etc/systemd/journald.conf.d");
        temproot_mkdir(root, "etc/memguard/policy.d");
        temproot_mkdir(root, "run/memguard");
        temproot_mkdir(root, "var/lib/memguard");
        temproot_write(root, "proc/meminfo",
                       "MemTotal: 4194304 kB\nMemFree: 1000 kB\nMemAvailable: 2097152 kB\nSwapTotal: 0 kB\n"
                       "SwapFree: 0 kB\nCommitLimit: 8388608 kB\nCommitted_AS: 1048576 kB\n");
        temproot_write(root, "proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
        temproot_write(root, "proc/sys/kernel/osrelease", "6.1.0-50-amd64\n");
        temproot_write(root, "proc/sys/vm/overcommit_memory", "0\n");
        temproot_write(root, "proc/sys/vm/panic_on_oom", "0\n");
        temproot_write(root, "proc/sys/vm/oom_kill_allocating_task", "0\n");
        temproot_write(root, "sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n");
        temproot_write(root, "etc/systemd/journald.conf", "[Journal]\n#Storage=volatile\n Storage = persistent \n");
        temproot_write(root, "etc/memguard/policy.d/50-sound.conf",
                       "[Match]\nUnit=sound.service\n[Policy]\nMode=act\n[Rung last]\nUsage=90%\nAction=restart\n");
}

static inline int host_up(void **state) {
        Bench *bench = calloc(1, sizeof(*bench));

        temproot_open(&bench->root);
        put_host(&bench->root);
        put_unit(&bench->root, SOUND, "101\n102\n103\n104\n");
        put_process(&bench->root, 101, "gunicorn", 10);
        for (unsigned pid = 102; pid <= 104; pid++)
                put_process(&bench->root, pid, "gunicorn", 40 + pid % 2);
        put_unit(&bench->root, BAD, "101\n102\n103\n104\n");
        bench->systemd = fake_systemd_start(&bench->root, properties);
        *state = bench;
        return 0;
}

static inline int host_down(void **state) {
        Bench *bench = *state;

        fake_systemd_stop(bench->systemd);
        temproot_close(&bench->root);
        free(bench);
        return 0;
}

/* memguardctl below the bench's root. */
#define CTL(bench, ...) RUN(&(bench)->run, "--root", (bench)->root.path, "--socket", host_socket(bench), __VA_ARGS__)

static inline const char *host_socket(const Bench *bench) {
        static char path[300];

        (void) snprintf(path, sizeof(path), "%s/run/memguard/private", bench->root.path);
        return path;
}

static inline json_t *host_json(const Bench *bench) {
        json_t *all = json_loads(bench->run.out, 0, NULL);

        assert_non_null(all);
        return all;
}
