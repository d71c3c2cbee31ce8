/* Runs the built memguardctl and catches what it prints. */
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util.h"

#define RUN_TEXT_MAX (256 * 1024)

typedef struct Run {
        int status; /* exit status, or -1 when a signal ended it */
        char out[RUN_TEXT_MAX], err[RUN_TEXT_MAX];
} Run;

static void run_drain(int fd, char *buf) {
        size_t used = 0;
        ssize_t n;

        while ((n = read(fd, buf + used, RUN_TEXT_MAX - 1 - used)) > 0)
                used += (size_t) n;
        buf[used] = 0;
        (void) close(fd);
}

/* Starts it with its output in two files that have no name, so that neither can block it. */
static pid_t run_spawn(const char *const *arguments, int out, int err) {
        const char *argv[16] = {"memguardctl"};
        pid_t pid;

        for (unsigned i = 0; arguments[i]; i++) {
                assert_true(i + 2 < ELEMENTSOF(argv));
                argv[i + 1] = arguments[i];
        }
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                if (dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
                        _exit(98);
                (void) execv(MEMGUARDCTL, (char **) argv);
                _exit(97);
        }
        return pid;
}

static void run_ctl(Run *run, const char *const *arguments) {
        char name[] = "/tmp/test-ctl-XXXXXX";
        int fds[2], status;

        for (unsigned i = 0; i < 2; i++) {
                (void) strcpy(name + sizeof(name) - 7, "XXXXXX");
                fds[i] = mkostemp(name, O_CLOEXEC);
                assert_true(fds[i] >= 0);
                assert_int_equal(unlink(name), 0);
        }
        assert_true(waitpid(run_spawn(arguments, fds[0], fds[1]), &status, 0) > 0);
        run->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        assert_int_equal(lseek(fds[0], 0, SEEK_SET), 0);
        assert_int_equal(lseek(fds[1], 0, SEEK_SET), 0);
        run_drain(fds[0], run->out);
        run_drain(fds[1], run->err);
}

#define RUN(run, ...) run_ctl(run, (const char *const[]){__VA_ARGS__, NULL})
