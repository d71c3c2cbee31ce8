/* Files of lines below our state directory, which may have been damaged: read with a bound on everything. */
#pragma once

#include <stdio.h>

#include "util.h"

static inline void fclosep(FILE **file) {
        if (*file)
                (void) fclose(*file);
}

/* Opens a regular file of at most `most` bytes. -EBADF for what is no file, -EFBIG, and what openat(2) says. */
int linefile_open(int dirfd, const char *name, uint64_t most, FILE **ret);

/* One whole line without its newline: 1, 0 at the end, -EBADMSG for one that is too long, cut off or holds a NUL; the next
 * call goes on behind it. */
int linefile_read(FILE *file, char *line, size_t size);
