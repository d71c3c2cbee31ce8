/* journald's end of the socket, and a stderr that can be read, for tests of daemon/journal.c. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fd.h"
#include "journal.h"

typedef struct Bench {
        char dir[90], path[108];
        int fd; /* journald's end */
        int stderr_saved, stderr_read;
        char entry[32768];
        size_t n;
} Bench;

static inline int listen_at(const char *path) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        (void) unlink(path);
        strcpy(address.sun_path, path);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        return fd;
}

static inline int set_up(void **state) {
        Bench *bench = calloc(1, sizeof(Bench));
        const char *tmp = getenv("TMPDIR");
        int pipe_fds[2];

        (void) snprintf(bench->dir, sizeof(bench->dir), "%.50s/memguard-journal.XXXXXX", tmp ? tmp : "/tmp");
        assert_non_null(mkdtemp(bench->dir));
        (void) snprintf(bench->path, sizeof(bench->path), "%s/socket", bench->dir);
        bench->fd = listen_at(bench->path);
        journal_set_socket(bench->path);
        assert_int_equal(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
        (void) fflush(stderr);
        bench->stderr_saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
        assert_int_equal(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
        (void) close(pipe_fds[1]);
        bench->stderr_read = pipe_fds[0];
        *state = bench;
        return 0;
}

static inline int tear_down(void **state) {
        Bench *bench = *state;

        (void) dup2(bench->stderr_saved, STDERR_FILENO);
        fd_closep(&bench->stderr_saved);
        fd_closep(&bench->stderr_read);
        fd_closep(&bench->fd);
        (void) unlink(bench->path);
        assert_int_equal(rmdir(bench->dir), 0);
        free(bench);
        return 0;
}

static inline bool receive(Bench *bench) {
        ssize_t n = recv(bench->fd, bench->entry, sizeof(bench->entry), 0);

        bench->n = n > 0 ? (size_t) n : 0;
        return n > 0;
}

static inline bool has(const Bench *bench, const char *line) {
        char wanted[1200];
        int n = snprintf(wanted, sizeof(wanted), "\n%s\n", line);
        char text[sizeof(bench->entry) + 2];

        text[0] = '\n';
        memcpy(text + 1, bench->entry, bench->n);
        return memmem(text, bench->n + 1, wanted, (size_t) n) != NULL;
}

static inline const char *printed(const Bench *bench) {
        static char text[4096];
        ssize_t n = read(bench->stderr_read, text, sizeof(text) - 1);

        text[n > 0 ? n : 0] = 0;
        return text;
}
