/* Inside the reader of policy files: from bytes to sections and settings (conf.c). */
#pragma once

#include "conf.h"

#define CONF_NAME_MAX 48 /* libinih keeps 49 bytes of a section's name and of a key, and cuts the rest silently */

/* Both return 0, -EBADMSG when they told a mistake, or what ends the reading. */
typedef struct ConfHandlers {
        /* A section begins. The name may be anything. */
        int (*section)(void *userdata, unsigned line, const char *name);
        /* A setting. The section's name is "" before the first one, and "?" when it was not fit to be handed on. */
        int (*setting)(void *userdata, unsigned line, const char *section, const char *key, const char *value);
} ConfHandlers;

/* Reads all of a file. 0; -EBADMSG when there was any mistake; or what a handler ended it with. */
int conf_read(const char *path, const char *text, size_t size, const ConfHandlers *handlers, void *userdata,
              ConfErrors *errors);
