/* See pid1text.h. The message ids are the same from systemd 247 on; what has none is known by its words. */
#include "pid1text.h"

#include <stdio.h>

#include "kerneltext.h"
#include "utf8.h"

#define SUPPRESSED_ID "a596d6fe7bfa4994828e72309e95d61e"

static int read_pid(const char *text) {
        size_t n = strspn(text, "0123456789");
        long pid = strtol(text, NULL, 10);

        return n > 0 && n < 10 && pid > 0 && pid <= INT32_MAX ? (int) pid : 0;
}

/* What stands behind "UNIT: ", or NULL when that is not how the message begins. */
static const char *behind_unit(const Pid1Record *record) {
        size_t n = strlen(record->unit);

        if (strncmp(record->message, record->unit, n) != 0 || strncmp(record->message + n, ": ", 2) != 0)
                return NULL;
        return record->message + n + 2;
}

static int read_oom(const Pid1Record *record, Witness *ret) {
        (void) record;
        ret->fact = FACT_OOM_SAID;
        return 1;
}

static int read_oomd(const Pid1Record *record, Witness *ret) {
        (void) record;
        ret->fact = FACT_USERSPACE;
        strcpy(ret->word, "systemd-oomd");
        return 1;
}

/* Of the main process only: that of an ExecReload= ends under the same message id. */
static int read_ended(const Pid1Record *record, Witness *ret) {
        static const char *const codes[] = {[1] = "exited", [2] = "killed", [3] = "dumped"};
        const char *words = behind_unit(record);
        uint64_t status;

        if (!words || strncmp(words, "Main process exited", strlen("Main process exited")) != 0)
                return 0;
        if (kerneltext_u64(record->exit_status, &status) < 0 || status > 255)
                return 0;
        for (int i = 1; i < (int) ELEMENTSOF(codes); i++)
                if (util_streq(record->exit_code, codes[i]))
                        ret->code = i;
        ret->fact = FACT_ENDED;
        ret->status = (int) status;
        return ret->code > 0;
}

static const struct {
        const char *id;
        int (*read)(const Pid1Record *record, Witness *ret);
} records[] = {
        {"fe6faa94e7774663a0da52717891d8ef", read_oom},
        {"d989611b15e44c9dbf31e3c81256e4ed", read_oomd},
        {"98e322203f7a4ed290d09fe03c09fe15", read_ended},
};

/* Words without a message id. A process is named in the first kind: "main process 409 (sleep) on client request." */
static const char *const kills[] = {
        "Sent signal SIGKILL to main process ",
        "Sent signal SIGKILL to control process ",
        "Sending signal SIGKILL to process ",
        "Killed unit cgroup with SIGKILL on client request",
};

static int read_kill(const Pid1Record *record, Witness *ret) {
        const char *words = behind_unit(record), *open, *close;

        for (size_t i = 0; words && i < ELEMENTSOF(kills); i++) {
                size_t n = strlen(kills[i]);

                if (strncmp(words, kills[i], n) != 0 || !strstr(words, " on client request"))
                        continue;
                ret->fact = FACT_CLIENT_KILL;
                ret->pid = read_pid(words + n);
                open = ret->pid > 0 ? strstr(words, " (") : NULL;
                close = open ? strstr(open, ") on client request") : NULL;
                /* Cut where it does not fit, as the kernel did before. */
                if (close && close - open - 2 < COMM_MAX) {
                        char comm[COMM_MAX] = {};

                        memcpy(comm, open + 2, (size_t) (close - open - 2));
                        (void) utf8_escape(comm, ret->comm, sizeof(ret->comm));
                }
                return 1;
        }
        return 0;
}

static void name(Witness *witness, const char *unit, const char *invocation, const char *text) {
        if (strspn(invocation, "0123456789abcdef") == INVOCATION_MAX - 1 && strlen(invocation) == INVOCATION_MAX - 1)
                strcpy(witness->invocation, invocation);
        strcpy(witness->unit, unit);
        (void) utf8_escape(text, witness->text, sizeof(witness->text));
}

int pid1text_read(const Pid1Record *record, Witness *ret) {
        Witness witness = {.source = WITNESS_SYSTEMD};
        int r = 0;

        if (unitname_type(record->unit) == UNIT_NONE)
                return 0;
        if (record->message_id[0] == 0)
                r = read_kill(record, &witness);
        for (size_t i = 0; i < ELEMENTSOF(records); i++)
                if (util_streq(record->message_id, records[i].id))
                        r = records[i].read(record, &witness);
        if (r <= 0)
                return 0;
        name(&witness, record->unit, record->invocation, record->message);
        *ret = witness;
        return 1;
}

int pid1text_suppressed(const char *message_id, const char *message, const char *unit, Witness *ret) {
        Witness witness = {.source = WITNESS_JOURNAL, .fact = FACT_BLIND};
        const char *from = strstr(message, " messages from ");

        if (!util_streq(message_id, SUPPRESSED_ID))
                return 0;
        if (unit[0] == 0 && from)
                unit = from + strlen(" messages from ");
        if (unitname_type(unit) == UNIT_NONE)
                return 0;
        name(&witness, unit, "", message);
        *ret = witness;
        return 1;
}
