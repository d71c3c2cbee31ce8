/* What units have needed, for memguardctl advise: noted at each reading, kept by the file. Written rarely, and never on
 * the way from an event to an action: after the events of a moment are dealt with, when the time has come, and by the
 * worker, as a disk may be slow just when memory is short. */
#include <sys/mman.h>

#include "journal.h"
#include "manager.h"

#define SAVE_EVERY (60 * USEC_PER_MINUTE)
#define SAVE_ENDED (1 * USEC_PER_MINUTE) /* after the end of a run: units that end together are written together */
#define SAVE_CROWDED (10 * USEC_PER_SEC) /* after the time before, where they are too many to be held */
#define SAVE_MAX (5 * USEC_PER_SEC)      /* of the worker's time: a slow disk must not keep it from the guard's own work */

/* What is written, copied: the worker touches nothing of ours. In pages of its own, which go back when it is done. */
typedef struct PeaksJob {
        Manager *manager;
        size_t size;
        int dirfd;
        usec_t saved, at; /* the time before, and this one */
        unsigned n_ended, n_living;
        char *text;      /* paths */
        EndedRun runs[]; /* those that are over, then the others: both sorted by path */
} PeaksJob;

static PeaksTime both_clocks(const Manager *manager) {
        uint64_t now = 0;

        (void) sd_event_now(manager->event, CLOCK_REALTIME, &now);
        return (PeaksTime){manager_now(manager), now / USEC_PER_SEC};
}

static void copy_run(PeaksJob *job, const EndedRun *run) {
        EndedRun *copy = &job->runs[job->n_ended + job->n_living];
        size_t n = strlen(run->path) + 1;

        *copy = *run;
        copy->path = memcpy(job->text, run->path, n);
        job->text += n;
}

static void copy_all(PeaksJob *job) {
        Manager *manager = job->manager;
        EndedRun run = {.at = both_clocks(manager)};

        for (; job->n_ended < manager->n_ended; job->n_ended++)
                copy_run(job, &manager->ended[job->n_ended]);
        for (; job->n_living < manager->n_guarded; job->n_living++) {
                const Guarded *guarded = manager->guarded[job->n_living];

                run.path = guarded->path;
                run.peaks = guarded->peaks;
                memcpy(run.invocation, guarded->invocation, sizeof(run.invocation));
                copy_run(job, &run);
        }
}

static int job_new(Manager *manager, PeaksJob **ret) {
        size_t size = sizeof(PeaksJob) + (manager->n_ended + manager->n_guarded) * sizeof(EndedRun);
        PeaksJob *job;
        char *text;

        for (unsigned i = 0; i < manager->n_ended; i++)
                size += strlen(manager->ended[i].path) + 1;
        for (unsigned i = 0; i < manager->n_guarded; i++)
                size += strlen(manager->guarded[i]->path) + 1;
        job = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (job == MAP_FAILED)
                return -errno;
        text = (char *) &job->runs[manager->n_ended + manager->n_guarded];
        *job = (PeaksJob){manager, size, manager->state_fd, manager->peaks_saved, manager_now(manager), .text = text};
        copy_all(job);
        *ret = job;
        return 0;
}

static void give(void *userdata, unsigned i, PeaksUpdate *ret) {
        const EndedRun *run = (const EndedRun *) userdata + i;

        *ret = (PeaksUpdate){run->path, run->invocation, &run->peaks, run->at};
}

static int run_job(void *userdata) {
        PeaksJob *job = userdata;
        int r = 0;

        if (job->n_ended > 0)
                r = peaksfile_update(job->dirfd, job->saved, job->n_ended, give, job->runs);
        if (r >= 0)
                r = peaksfile_update(job->dirfd, job->saved, job->n_living, give, job->runs + job->n_ended);
        return r;
}

static void complain(int error) {
        journal_log(4, "What the units have needed could not be saved: %s. What memguardctl advise says rests on less.",
                    strerrordesc_np(-error));
}

static void end_job(void *userdata, int result) {
        PeaksJob *job = userdata;
        /* The worker has ended before it was its turn. */
        int r = result == -ECANCELED ? run_job(job) : result;

        job->manager->saving_peaks = false;
        if (r >= 0)
                job->manager->peaks_saved = job->at;
        else
                complain(r);
        (void) munmap(job, job->size);
}

static void forget_ended(Manager *manager) {
        for (unsigned i = 0; i < manager->n_ended; i++)
                free(manager->ended[i].path);
        manager->n_ended = 0;
}

static void save(Manager *manager, Worker *worker) {
        usec_t now = manager_now(manager);
        PeaksJob *job = NULL;
        int r;

        manager->peaks_due = util_add(now, SAVE_EVERY);
        if (manager->state_fd < 0) {
                forget_ended(manager);
                return;
        }
        r = job_new(manager, &job);
        if (r < 0) {
                complain(r);
                return;
        }
        manager->saving_peaks = true;
        if (!worker)
                end_job(job, run_job(job));
        else if (worker_submit(worker, run_job, end_job, job, SAVE_MAX) < 0) {
                /* Its ring is full of the guard's own work, which comes first. */
                manager->saving_peaks = false;
                manager->peaks_due = util_add(now, SAVE_ENDED);
                (void) munmap(job, job->size);
                return;
        }
        forget_ended(manager);
}

/* While the worker writes, it has nearly all that there is; two writers of one file there must not be. */
void manager_save_peaks(Manager *manager) {
        if (!manager->saving_peaks)
                save(manager, NULL);
}

static void save_by(Manager *manager, usec_t when) {
        manager->peaks_due = manager->peaks_due == 0 ? when : MIN(manager->peaks_due, when);
}

void manager_save_peaks_in_time(Manager *manager) {
        usec_t now = manager_now(manager);

        if (manager->peaks_due == 0)
                save_by(manager, util_add(now, SAVE_EVERY));
        if (now >= manager->peaks_due && !manager->saving_peaks)
                save(manager, manager->worker);
}

/* Updates are sorted by path. NULL at the bound. */
static EndedRun *ended_place(Manager *manager, const char *path, bool *ret_again) {
        unsigned at = 0;

        while (at < manager->n_ended && strcmp(manager->ended[at].path, path) < 0)
                at++;
        *ret_again = at < manager->n_ended && util_streq(manager->ended[at].path, path);
        if (*ret_again)
                return &manager->ended[at];
        if (manager->n_ended == ENDED_RUNS_MAX)
                return NULL;
        memmove(&manager->ended[at + 1], &manager->ended[at], (manager->n_ended - at) * sizeof(manager->ended[0]));
        manager->n_ended++;
        return &manager->ended[at];
}

/* A unit that fails again and again: of its runs within a minute one is counted, with the peaks of all. */
static void fold_run(RunPeaks *into, const RunPeaks *run) {
        into->working_set = MAX(into->working_set, run->working_set);
        into->anon = MAX(into->anon, run->anon);
        into->current = MAX(into->current, run->current);
        into->swapped |= run->swapped;
}

void manager_peaks_ended(Manager *manager, Guarded *guarded) {
        _cleanup_free_ char *path = NULL;
        usec_t now = manager_now(manager);
        EndedRun *run;
        bool again;

        if (guarded->peaks.began == 0)
                return;
        save_by(manager, util_add(now, SAVE_ENDED));
        path = strdup(guarded->path);
        run = path ? ended_place(manager, path, &again) : NULL;
        if (!run) {
                /* This one finds no place, those to come will. Whoever starts and ends units at will must not make us
                 * write all the time. */
                save_by(manager, util_add(manager->peaks_saved, SAVE_CROWDED));
                return;
        }
        if (again)
                fold_run(&run->peaks, &guarded->peaks);
        else {
                *run = (EndedRun){TAKE_PTR(path), "", guarded->peaks, both_clocks(manager)};
                memcpy(run->invocation, guarded->invocation, sizeof(run->invocation));
        }
        guarded->peaks = (RunPeaks){};
}

void manager_peaks_done(Manager *manager) {
        forget_ended(manager);
}
