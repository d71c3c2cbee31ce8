/* One trigger of the kernel: how it is made, and how it is closed without waiting. */
#pragma once

#include "kernfs.h"
#include "psi-plan.h"
#include "worker.h"

/* On a cgroup's memory.pressure, or with path NULL on the whole host's. *plan is what is wanted, and becomes what was armed.
 * Returns the fd, which polls as EPOLLPRI; or why there is none. */
int psi_trigger_open(const Kernfs *kernfs, const char *path, PsiPlan *plan);

/* Takes the fd; -1 is none. */
void psi_trigger_close(int fd, Worker *worker);
