/* From the rings to the witnesses. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "uprobe-internal.h"
#include "utf8.h"

#define ROUNDS_MAX 16                /* of UPROBE_BATCH_MAX hits in one go; the rest comes at the next wake */
#define LOST_TIME (1 * USEC_PER_SEC) /* between two complaints about lost samples */

static usec_t now_of(clockid_t clock) {
        struct timespec now;

        (void) clock_gettime(clock, &now);
        return (usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000;
}

static void on_record(void *userdata, const Build *build, const PerfRecord *record, PyProbeKind kind) {
        Uprobe *uprobe = userdata;

        if (record->type == PERF_RECORD_LOST)
                uprobe->n_lost = util_add(uprobe->n_lost, record->lost);
        else
                uprobe->batch[uprobe->n_batch++] = (Hit){.time = record->time / 1000,
                                                         .pid = record->pid,
                                                         .tid = record->tid,
                                                         .cpu = record->cpu,
                                                         .cgroup = record->cgroup,
                                                         .kind = kind,
                                                         .pairs = build->python.pairs};
}

/* How long the process had been alive at that time of CLOCK_MONOTONIC. Its name may hold anything, so the fields are
 * counted from its end: starttime is the 20th behind it, in ticks of CLOCK_BOOTTIME. */
static usec_t age_of(const Uprobe *uprobe, int pid, usec_t at) {
        usec_t tick = USEC_PER_SEC / (usec_t) sysconf(_SC_CLK_TCK);
        usec_t boot = at + (now_of(CLOCK_BOOTTIME) - now_of(CLOCK_MONOTONIC));
        char name[64], text[2048], *field;
        uint64_t start;

        (void) snprintf(name, sizeof(name), "%i/stat", pid);
        if (kernfs_read(uprobe->kernfs->proc_fd, name, text, sizeof(text)) < 0)
                return USEC_INFINITY;
        field = strrchr(text, ')');
        for (unsigned i = 0; field && i < 20; i++)
                field = strchr(field + 1, ' ');
        if (!field || sscanf(field, " %" SCNu64, &start) != 1)
                return USEC_INFINITY;
        return util_sub(boot, start * tick);
}

/* The path that this inode had before, or a place for it. */
static HitPath *find_path(Uprobe *uprobe, uint64_t inode) {
        HitPath *place = &uprobe->paths[0];

        for (HitPath *one = place; one < uprobe->paths + UPROBE_PATHS_MAX; one++) {
                if (one->inode == inode)
                        return one;
                if (one->used < place->used)
                        place = one;
        }
        *place = (HitPath){.inode = inode};
        return place;
}

/* Asks whose it is; false when it is none of ours. */
static bool is_ours(Uprobe *uprobe, const Hit *hit) {
        char path[CGROUP_PATH_MAX] = "";
        HitPath *known;

        uprobe->handlers.path_of(uprobe->handlers.userdata, hit->cgroup, (int) hit->pid, path);
        if (path[0] == 0)
                return false;
        known = find_path(uprobe, hit->cgroup);
        memcpy(known->path, path, sizeof(path));
        known->used = hit->time;
        return true;
}

static int compare_hits(const void *a, const void *b) {
        usec_t x = ((const Hit *) a)->time, y = ((const Hit *) b)->time;

        return x < y ? -1 : x > y;
}

static void feed_batch(Uprobe *uprobe) {
        const Hit *before = NULL;
        bool ours = false;

        qsort(uprobe->batch, uprobe->n_batch, sizeof(Hit), compare_hits);
        for (unsigned i = 0; i < uprobe->n_batch; i++) {
                const Hit *hit = &uprobe->batch[i];

                if (!before || before->cgroup != hit->cgroup || before->pid != hit->pid)
                        ours = is_ours(uprobe, hit);
                before = hit;
                if (!ours)
                        continue;
                hits_feed(&uprobe->hits, hit,
                          hits_wants_age(&uprobe->hits, hit) ? age_of(uprobe, (int) hit->pid, hit->time)
                                                             : USEC_INFINITY);
        }
}

static void say(Uprobe *uprobe, const char *path, const Witness *witness) {
        const WitnessHandlers *handlers = &uprobe->handlers.witness;

        handlers->saw(handlers->userdata, path, witness);
}

static void tell_raised(Uprobe *uprobe, const Raised *raised, usec_t offset) {
        Witness witness = {.source = WITNESS_UPROBE, .fact = FACT_RAISED, .at = raised->time + offset};
        HitPath *path = find_path(uprobe, raised->cgroup);
        char name[64], comm[64], shown[64] = "";

        witness.pid = (int) raised->pid;
        witness.weak = raised->made;
        witness.status = raised->young;
        witness.code = raised->count > 1 ? (int) MIN(raised->count, (unsigned) INT32_MAX) : 0;
        (void) snprintf(name, sizeof(name), "%u/comm", raised->pid);
        if (kernfs_read(uprobe->kernfs->proc_fd, name, comm, sizeof(comm)) > 0) {
                *strchrnul(comm, '\n') = 0;
                (void) utf8_escape(comm, witness.comm, sizeof(witness.comm));
                (void) snprintf(shown, sizeof(shown), " (%s)", witness.comm);
        }
        if (raised->count > 1)
                (void) snprintf(witness.text, sizeof(witness.text), "%u MemoryErrors raised in pid %u%s.",
                                raised->count, raised->pid, shown);
        else
                (void) snprintf(witness.text, sizeof(witness.text), "MemoryError raised in pid %u%s.", raised->pid,
                                shown);
        /* Forgotten only when more cgroups than there are places were hit meanwhile; then it may still be there. */
        if (path->path[0] == 0)
                uprobe->handlers.path_of(uprobe->handlers.userdata, raised->cgroup, witness.pid, path->path);
        say(uprobe, path->path, &witness);
}

static void tell_lost(Uprobe *uprobe, usec_t now, usec_t offset) {
        Witness witness = {.source = WITNESS_UPROBE, .fact = FACT_BLIND, .at = now + offset};

        uprobe->n_lost = util_add(uprobe->n_lost, uprobe->hits.n_lost);
        uprobe->hits.n_lost = 0;
        if (uprobe->n_lost == 0 || (uprobe->lost_told != 0 && now < uprobe->lost_told + LOST_TIME))
                return;
        (void) snprintf(witness.text, sizeof(witness.text),
                        "%" PRIu64 " hits of the probes were lost: more came than could be read.", uprobe->n_lost);
        uprobe->n_lost = 0;
        uprobe->lost_told = now;
        say(uprobe, "", &witness);
}

static void tell(Uprobe *uprobe) {
        usec_t now = now_of(CLOCK_MONOTONIC), offset = now_of(CLOCK_BOOTTIME) - now;
        Raised raised;

        while (hits_take(&uprobe->hits, now, &raised))
                tell_raised(uprobe, &raised, offset);
        tell_lost(uprobe, now, offset);
}

void uprobe_drain(Uprobe *uprobe) {
        /* A handler may cover another process. */
        if (uprobe->draining)
                return;
        uprobe->draining = true;
        for (unsigned round = 0; round < ROUNDS_MAX; round++) {
                unsigned n = 0;

                uprobe->n_batch = 0;
                for (unsigned i = 0; i < UPROBE_BUILDS_MAX; i++)
                        n += build_read(&uprobe->builds[i], UPROBE_BATCH_MAX - n, on_record, uprobe);
                feed_batch(uprobe);
                tell(uprobe);
                if (n < UPROBE_BATCH_MAX)
                        break;
        }
        uprobe->draining = false;
        uprobe_arm_timer(uprobe);
}
