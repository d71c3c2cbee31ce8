/* Finds and reads the daemon's own settings: /etc/memguard/memguardd.conf, then /etc/memguard/memguardd.conf.d/NAME.conf in the order
 * of their names. A file that others than root can write is refused. */
#pragma once

#include "daemonconf.h"

/* Below root. Without any file: the defaults. Mistakes go to errors, and what is right counts. 0, -EBADMSG when there was any
 * mistake, -ENOMEM. */
int mainconf_load(const char *root, DaemonConf *ret, ConfErrors *errors);
