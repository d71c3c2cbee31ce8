/* Sockets that others find by a path. */
#pragma once

#include <sys/types.h>

/* Makes a socket of this type (SOCK_STREAM or SOCK_SEQPACKET) and binds it; the caller listens. A socket that a dead daemon
 * left behind is removed. -EADDRINUSE: another daemon answers there; -EEXIST: something that is no socket is in the way. */
int listen_bind(const char *path, int type, mode_t mode, int *ret_fd);
