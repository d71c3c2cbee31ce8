/* Finds and reads policy files: /usr/lib, /etc and /run/memguard/policy.d, where a file of the same name in a later
 * directory replaces the earlier one (an empty file or a link to /dev/null switches it off). A file that others than root
 * can write is refused. */
#pragma once

#include <sys/stat.h>

#include "conf.h"

/* All files below root into a new set, in file-name order. Mistakes go to errors, each with its file and line; files without
 * mistakes are in the set. Returns 0 or -EBADMSG when there was any mistake (the set is returned all the same), -ENOMEM. */
int conffiles_load(const char *root, PolicySet **ret, ConfErrors *errors);

/* What is wrong with who may write a file that rules the daemon, as the end of a sentence; NULL when only root may. */
const char *conffiles_untrusted(const struct stat *st);
