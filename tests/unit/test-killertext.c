/* The lines of userspace OOM killers, as their packages in Debian 12 and 13 write them, name their victims. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "killertext.h"

#define OLOG "[../src/oomd/plugins/BaseKillPlugin.cpp:141] "

typedef struct Case {
        const char *unit, *line; /* up to the last of the lines, none says a kill */
        const char *word, *path, *comm;
        int pid;
} Case;

static const Case cases[] = {
        {"systemd-oomd.service", "Considered 3 cgroups for killing, top candidates were:", NULL, NULL, NULL, 0},
        {"systemd-oomd.service",
         "Killed /system.slice/t.service due to memory pressure for /system.slice/t.service being 20.15% > 1.00% for > 1s with "
         "reclaim activity",
         "systemd-oomd", "/system.slice/t.service", "", 0},
        {"systemd-oomd.service",
         "Killed /system.slice/a b.service due to memory used (93) / total (100) and swap used (92) / total (100) being more than "
         "90.00%",
         "systemd-oomd", "/system.slice/a b.service", "", 0},
        {"systemd-oomd.service", "Marked /a/b.service for killing due to memory pressure for /a being 61.00% > 60.00% for > 30s",
         "systemd-oomd", "/a/b.service", "", 0},
        {"systemd-oomd.service", "Killed /../x due to memory pressure", "systemd-oomd", "", "", 0},
        {"systemd-oomd.service", "Killed nobody", NULL, NULL, NULL, 0},
        {"systemd-oomd.service", "oomd dry-run: Would have tried to kill /a with recurse=true", NULL, NULL, NULL, 0},
        {"earlyoom.service", "mem avail:  1520 of  1960 MiB (77.57%), swap free:    0 of    0 MiB ( 0.00%)", NULL, NULL, NULL, 0},
        {"earlyoom.service", "low memory! at or below SIGTERM limits: mem 10.00%, swap 10.00%", NULL, NULL, NULL, 0},
        {"earlyoom.service", "sending SIGTERM to process 244 uid 0 \"python3\": badness 1018, VmRSS 322 MiB", "earlyoom", "",
         "python3", 244},
        {"earlyoom.service", "sending SIGKILL to process 45 uid 1000 \"a\": b\": oom_score 900, VmRSS 3 MiB, cmdline \"x\": y\"",
         "earlyoom", "", "a\": b", 45},
        {"earlyoom.service", "sending 0 (no-op signal) to process 1 uid 0 \"x\": badness 1, VmRSS 1 MiB", NULL, NULL, NULL, 0},
        {"earlyoom.service", "sending SIGTERM to process x", NULL, NULL, NULL, 0},
        {"earlyoom.service", "kill failed: No such process", NULL, NULL, NULL, 0},
        {"nohang.service", "Victim status (found in 3ms):", NULL, NULL, NULL, 0},
        {"nohang.service", "  PID:       356, name: python3, state: R, EUID: 0, SID: 356 (python3), lifetime: 6.2s", NULL, NULL,
         NULL, 0},
        {"nohang.service", "  cgroup_v1: ", NULL, NULL, NULL, 0},
        {"nohang.service", "  cgroup_v2: /system.slice/leak.service", NULL, NULL, NULL, 0},
        {"nohang.service", "Implementing a corrective action:", NULL, NULL, NULL, 0},
        {"nohang.service", "  Sending SIGTERM to the victim", "nohang", "/system.slice/leak.service", "python3", 356},
        {"nohang.service", "  Sending SIGKILL to the victim", "nohang", "", "", 0}, /* of whom it was not said again */
        {"nohang-desktop.service", "Sending SIGKILL to the victim", "nohang", "", "", 0},
        {"oomd.service", OLOG "OOMD: In dry-run mode; would have tried to kill /sys/fs/cgroup/a", NULL, NULL, NULL, 0},
        {"oomd.service", OLOG "Trying to kill /sys/fs/cgroup/system.slice/leak.service", NULL, NULL, NULL, 0},
        {"oomd.service", OLOG "Killed 0: 1377(ssh-agent)[E1] 1401(tmux: server)[E1]", NULL, NULL, NULL, 0},
        {"oomd.service", OLOG "Killed 2: 345(python3) 346(sh)", "oomd", "/system.slice/leak.service", "python3", 345},
        {"oomd.service", OLOG "Killed 1: 347", "oomd", "/system.slice/leak.service", "", 347},
        {"oomd.service", OLOG "Trying to kill /sys/fs/cgroup/b with cgroup.freeze and cgroup.kill", "oomd", "/b", "", 0},
};

static void test_lines(void **state) {
        static KillerState killers[_KILLER_MAX];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Killer killer = killertext_of(cases[i].unit);
                char path[CGROUP_PATH_MAX];
                Witness witness;
                int r;

                assert_true(killer >= 0);
                r = killertext_feed(&killers[killer], killer, cases[i].line, &witness, path);
                if (r != (cases[i].word != NULL))
                        fail_msg("%d for: %s", r, cases[i].line);
                if (r == 0)
                        continue;
                assert_int_equal(witness.source, WITNESS_OOMD);
                assert_int_equal(witness.fact, FACT_USERSPACE);
                assert_string_equal(witness.word, cases[i].word);
                assert_string_equal(witness.comm, cases[i].comm);
                assert_string_equal(path, cases[i].path);
                assert_int_equal(witness.pid, cases[i].pid);
        }
}

static void test_units(void **state) {
        size_t i;

        (void) state;
        for (i = 0; killertext_unit(i); i++)
                assert_true(killertext_of(killertext_unit(i)) >= 0);
        assert_int_equal(i, 5);
        assert_int_equal(killertext_of("api.service"), _KILLER_INVALID);
        assert_int_equal(killertext_of(""), _KILLER_INVALID);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_lines),
                cmocka_unit_test(test_units),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
