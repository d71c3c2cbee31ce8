/* A journal file with the records that a test wants. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util.h"

/* Writes a journal file from text; of Debian's package systemd-journal-remote. */
#define REMOTE "/lib/systemd/systemd-journal-remote"

#define NOW (UINT64_C(1795266000) * USEC_PER_SEC) /* 2026-11-21 13:00:00 UTC */
#define HOUR (60 * USEC_PER_MINUTE)

/* One record in the journal's export format. */
static inline void put(FILE *f, uint64_t time, const char *unit, const char *const *fields) {
        (void) fprintf(f, "__REALTIME_TIMESTAMP=%llu\n__MONOTONIC_TIMESTAMP=%llu\n", (unsigned long long) time,
                       (unsigned long long) (time - NOW + 100 * HOUR));
        (void) fprintf(f, "_BOOT_ID=%032d\n_MACHINE_ID=%032d\n_SYSTEMD_UNIT=%s\n", 1, 2, unit);
        for (; *fields; fields++)
                (void) fprintf(f, "%s\n", *fields);
        (void) fputc('\n', f);
}

#define PUT(f, time, unit, ...) put(f, time, unit, (const char *const[]){__VA_ARGS__, NULL})

/* A journal of what write() writes; false where there is no program to make one. */
static inline bool make_journal(const char *dir, const char *name, void (*write)(FILE *f)) {
        char from[320], to[320];
        pid_t pid;
        int status;
        FILE *f;

        if (access(REMOTE, X_OK) < 0)
                return false;
        (void) snprintf(from, sizeof(from), "%s/export", dir);
        (void) snprintf(to, sizeof(to), "--output=%s/%s", dir, name);
        f = fopen(from, "we");
        assert_non_null(f);
        write(f);
        assert_int_equal(fclose(f), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                (void) freopen("/dev/null", "w", stderr);
                (void) execl(REMOTE, REMOTE, to, from, NULL);
                _exit(97);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(unlink(from), 0);
        return true;
}
