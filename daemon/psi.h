/* PSI triggers. One privileged trigger costs a kernel thread, 30-46 kB and 20 ms at close(), so there is one a parent
 * directory (slice), not one a unit: the pressure of a slice includes its units', so a trigger that fires whenever one of its
 * units' would wakes us, and reading the units' own totals says whose stall it was. At most PSI_TRIGGERS_MAX; directories beyond
 * that share one on the whole host (/proc/pressure/memory).
 *
 * After a wake a directory is "hot": its units' totals are asked for every quarter window until two windows after the last
 * wake. Whether a unit's stall reaches its rung is the core's to judge. */
#pragma once

#include <systemd/sd-event.h>

#include "kernfs.h"
#include "worker.h"

#define PSI_TRIGGERS_MAX 14 /* of the 20 psimon threads that a thousand units may cost; systemd 257 arms 2 or 3 itself */

typedef struct Psi Psi;

typedef struct PsiHandlers {
        void *userdata;
        /* Read the totals of every watched unit directly or indirectly below this directory that has pressure rungs. */
        void (*read_units)(void *userdata, const char *dir);
} PsiHandlers;

/* All are borrowed; triggers are closed on the worker, which must outlive this. */
int psi_new(Psi **ret, sd_event *event, const Kernfs *kernfs, Worker *worker, const PsiHandlers *handlers);
Psi *psi_free(Psi *psi);

#define PSI_DIRS_MAX 2048 /* as many as units are watched at most; -ENOSPC for the next one */

/* A unit below this directory wants a wake when `some` stall reaches this much in this window. The trigger is made finer
 * where it would miss that, and stays so until the last user has gone or all is wanted anew. Counts its users: each want
 * needs one unwant, also after a failure to arm, which is returned and retried when next wanted. A handler may call both. */
int psi_want(Psi *psi, const char *dir, usec_t stall, usec_t window);
void psi_unwant(Psi *psi, const char *dir);

/* When the wants of all users may have changed: begin, let each user want what it wants now and unwant what it wanted, then
 * arm. Only then triggers are made, finer or coarser; one that suits stays. What could not be armed is told ("/": the
 * host's). */
void psi_begin_anew(Psi *psi);
void psi_arm_anew(Psi *psi, void (*failed)(const char *dir, int error));

/* How many triggers are armed; for status. */
unsigned psi_n_armed(const Psi *psi);
