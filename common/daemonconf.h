/* memguardd.conf: the daemon's own settings, from INI text. Opening files is the shell's work (daemon/mainconf.c). */
#pragma once

#include "conf.h"

#define FLIGHT_SIZE_DEFAULT (2 * MIB)
#define FLIGHT_SIZE_LEAST (256 * KIB)
#define FLIGHT_SIZE_MOST (256 * MIB)

typedef struct DaemonConf {
        bool flight;          /* [Recorder] Flight=: the flight recorder; yes by default */
        uint64_t flight_size; /* FlightSize=: bytes of each of its two files; 2M by default */
} DaemonConf;

void daemon_conf_init(DaemonConf *conf);

/* What a file says, on top of what conf holds. A setting with a mistake is told and left out. 0, -EBADMSG, -ENOMEM. */
int daemon_conf_read(DaemonConf *conf, const char *path, const char *text, size_t size, ConfErrors *errors);
