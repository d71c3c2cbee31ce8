/* Walks the cgroup tree, parents first. Bounded in depth, so in fds too; names that unitname_path_is_valid() refuses
 * are skipped with all that is below them. */
#pragma once

#include "kernfs.h"

#define WALK_DEPTH_MAX 32 /* of directories below the start; a user may nest his delegated cgroups without end */

/* Called for each child directory. path is valid during the call only. Returns above 0 to go into the directory, 0 to
 * leave it aside, or a negative errno to end the walk with it. */
typedef int (*walk_visit_t)(void *userdata, const char *path);

/* Calls visit() for everything below `path`, not for itself. A directory that vanishes on the way
 * or may not be read is no error. */
int walk_cgroups(const Kernfs *kernfs, const char *path, walk_visit_t visit, void *userdata);
