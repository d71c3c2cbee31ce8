/* See killertext.h. systemd-oomd and oomd name a cgroup, earlyoom a pid, and nohang both, in a block of lines before it
 * kills. Names of processes and cgroups are their owners' to choose, so nothing is looked for behind one that could
 * stand in it. */
#include "killertext.h"

#include <stdio.h>

#include "utf8.h"

static const struct {
        const char *unit, *word;
        Killer killer;
} services[] = {
        {"systemd-oomd.service", "systemd-oomd", KILLER_SYSTEMD_OOMD},
        {"earlyoom.service", "earlyoom", KILLER_EARLYOOM},
        {"nohang.service", "nohang", KILLER_NOHANG},
        {"nohang-desktop.service", "nohang", KILLER_NOHANG},
        {"oomd.service", "oomd", KILLER_OOMD},
};

const char *killertext_unit(size_t i) {
        return i < ELEMENTSOF(services) ? services[i].unit : NULL;
}

Killer killertext_of(const char *unit) {
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                if (util_streq(services[i].unit, unit))
                        return services[i].killer;
        return _KILLER_INVALID;
}

static const char *skip(const char *text, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* A pid and what stands behind its digits, or NULL. */
static const char *take_pid(const char *text, int *ret) {
        size_t n = strspn(text, "0123456789");
        long pid = strtol(text, NULL, 10);

        if (n == 0 || n > 9 || pid <= 0)
                return NULL;
        *ret = (int) pid;
        return text + n;
}

/* The name up to the last `end` that could end one, or nothing. */
static void take_comm(const char *text, const char *end, char ret[static COMM_MAX]) {
        char comm[COMM_MAX] = {};

        for (size_t n = MIN(strlen(text), (size_t) COMM_MAX - 1) + 1; n-- > 0;)
                if (strncmp(text + n, end, strlen(end)) == 0) {
                        memcpy(comm, text, n);
                        break;
                }
        (void) utf8_escape(comm, ret, COMM_MAX);
}

/* The first n characters as a cgroup, or "". oomd shows the directory, the others what stands below the cgroup root. */
static void take_path(const char *text, size_t n, char ret[static CGROUP_PATH_MAX]) {
        static const char root[] = "/sys/fs/cgroup/";

        if (strncmp(text, root, strlen(root)) == 0 && n > strlen(root)) {
                text += strlen(root) - 1;
                n -= strlen(root) - 1;
        }
        ret[0] = 0;
        if (n >= CGROUP_PATH_MAX)
                return;
        memcpy(ret, text, n);
        ret[n] = 0;
        if (!unitname_path_is_valid(ret))
                ret[0] = 0;
}

/* "Killed PATH due to memory pressure for ...", "... due to memory used ..."; from 260 on "Marked PATH for killing due ..." */
static bool read_systemd_oomd(KillerState *state, const char *line) {
        static const char *const forms[][2] = {
                {"Killed ", " due to "},
                {"Marked ", " for killing due to "},
        };

        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                const char *path = skip(line, forms[i][0]), *end = path ? strstr(path, forms[i][1]) : NULL;

                if (end && path[0] == '/') {
                        take_path(path, (size_t) (end - path), state->path);
                        return true;
                }
        }
        return false;
}

/* "sending SIGTERM to process 244 uid 0 "python3": badness 1000, VmRSS 300 MiB"; the end differs by version. */
static bool read_earlyoom(KillerState *state, const char *line) {
        const char *rest = skip(line, "sending SIGTERM to process ");

        if (!rest)
                rest = skip(line, "sending SIGKILL to process ");
        rest = rest ? take_pid(rest, &state->pid) : NULL;
        rest = rest ? skip(rest, " uid ") : NULL;
        if (!rest)
                return false;
        rest = skip(rest + strspn(rest, "0123456789"), " \"");
        if (rest)
                take_comm(rest, "\": ", state->comm);
        return rest;
}

/* "PID:       244, name: python3, state: ...", "cgroup_v2: /system.slice/x.service", "Sending SIGKILL to the victim" */
static bool read_nohang(KillerState *state, const char *line) {
        const char *rest;

        if (skip(line, "Victim status (found in "))
                *state = (KillerState){};
        rest = skip(line, "PID:");
        if (rest) {
                rest = take_pid(rest + strspn(rest, " "), &state->pid);
                rest = rest ? skip(rest, ", name: ") : NULL;
                if (rest)
                        take_comm(rest, ", state: ", state->comm);
        }
        rest = skip(line, "cgroup_v2: ");
        if (rest)
                take_path(rest, strlen(rest), state->path);
        return util_streq(line, "Sending SIGKILL to the victim") || util_streq(line, "Sending SIGTERM to the victim");
}

/* "[FILE:LINE] Trying to kill /sys/fs/cgroup/PATH", then "[FILE:LINE] Killed 2: 12(python3) 13(sh)[E1]" */
static bool read_oomd(KillerState *state, const char *line) {
        static const char at_once[] = " with cgroup.freeze and cgroup.kill";
        const char *rest, *end;
        char comm[COMM_MAX];
        int n;

        if (line[0] == '[' && (rest = strstr(line, "] ")))
                line = rest + 2;
        rest = skip(line, "Trying to kill ");
        if (rest) {
                *state = (KillerState){};
                end = strstr(rest, at_once);
                take_path(rest, end ? (size_t) (end - rest) : strlen(rest), state->path);
                return end;
        }
        rest = skip(line, "Killed ");
        rest = rest ? take_pid(rest, &n) : NULL;
        rest = rest ? skip(rest, ": ") : NULL;
        rest = rest ? take_pid(rest, &state->pid) : NULL;
        if (rest && *rest == '(') {
                /* Up to the first ')' that can end it: behind it there may be the next one. */
                end = strchr(rest, ')');
                while (end && !strchr(" [", end[1]))
                        end = strchr(end + 1, ')');
                n = end ? (int) MIN(end - rest, COMM_MAX) : 0;
                (void) snprintf(comm, sizeof(comm), "%.*s", MAX(n - 1, 0), rest + 1);
                (void) utf8_escape(comm, state->comm, sizeof(state->comm));
        }
        return rest;
}

int killertext_feed(KillerState *state, Killer killer, const char *line, Witness *ret, char ret_path[static CGROUP_PATH_MAX]) {
        static bool (*const readers[])(KillerState *state, const char *line) = {
                [KILLER_SYSTEMD_OOMD] = read_systemd_oomd,
                [KILLER_EARLYOOM] = read_earlyoom,
                [KILLER_NOHANG] = read_nohang,
                [KILLER_OOMD] = read_oomd,
        };
        static_assert(ELEMENTSOF(readers) == _KILLER_MAX, "a killer has no reader");
        Witness witness = {.source = WITNESS_OOMD, .fact = FACT_USERSPACE};

        line += strspn(line, " \t");
        if (!readers[killer](state, line))
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(services); i++)
                if (services[i].killer == killer)
                        strcpy(witness.word, services[i].word);
        witness.pid = state->pid;
        memcpy(witness.comm, state->comm, sizeof(witness.comm));
        (void) utf8_escape(line, witness.text, sizeof(witness.text));
        strcpy(ret_path, state->path);
        *ret = witness;
        /* oomd says it for twenty processes at a time. */
        if (killer != KILLER_OOMD)
                state->path[0] = 0;
        state->pid = 0;
        state->comm[0] = 0;
        return 1;
}
