/* Inside the reader of policy files: from bytes to sections and settings (conf.c). */
#pragma once

#include "conf.h"

#define CONF_SECTION_MAX 48 /* libinih keeps 49 bytes of a section's name and of a key, and cuts the rest silently */

typedef struct ConfHandlers {
        /* A section begins. The name may be anything. Returns what stands for it from now on: shorter than
         * CONF_SECTION_MAX, of letters, digits and blanks. */
        const char *(*section)(void *userdata, unsigned line, const char *name);
        /* A setting in a section of that name ("" before the first one). 0, -EBADMSG when a mistake was told, or what
         * ends the reading. */
        int (*setting)(void *userdata, unsigned line, const char *section, const char *key, const char *value);
} ConfHandlers;

/* Reads all of a file. 0; -EBADMSG when there was any mistake; or what a handler ended it with. */
int conf_read(const char *path, const char *text, size_t size, const ConfHandlers *handlers, void *userdata,
              ConfErrors *errors);
