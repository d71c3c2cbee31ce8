/* A name that a glob matches, as plain as can be: "web@*.service" -> "web@~.service". */
#pragma once

#include "util.h"

/* ret must hold the glob's length and a little more. -ENOENT when none was found (a set of characters that is empty),
 * -ENOBUFS. */
int glob_example(const char *glob, char *ret, size_t size);
