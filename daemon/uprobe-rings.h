/* The ring buffers of a build's events, one a CPU. */
#pragma once

#include "uprobe-build.h"

/* Maps them, leads the events of each CPU into one and enables all. On failure build_release() undoes the rest. */
int rings_open(Build *build);

/* Stops listening, and closes all on the build's worker or at once. */
void rings_close(Build *build);
