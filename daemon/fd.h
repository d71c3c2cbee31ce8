/* File descriptors that close themselves. */
#pragma once

#include <unistd.h>

#include "util.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16: 0 = no descriptors are taken with messages */
#endif

#define _cleanup_close_ _cleanup_(fd_closep)

static inline void fd_closep(int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
        *fd = -1;
}

/* Gives an fd away: the variable is -1 afterwards. */
#define TAKE_FD(fd)            \
        ({                     \
                int _fd = (fd); \
                (fd) = -1;     \
                _fd;           \
        })
