/* What units have needed, for memguardctl advise: noted at each reading, kept by the file. Written rarely, and never on
 * the way from an event to an action: after the events of a moment are dealt with, when the time has come. */
#include "journal.h"
#include "manager.h"

#define SAVE_EVERY (60 * USEC_PER_MINUTE)
#define SAVE_ENDED (1 * USEC_PER_MINUTE) /* after the end of a run: units that end together are written together */

static PeaksTime both_clocks(const Manager *manager) {
        uint64_t now = 0;

        (void) sd_event_now(manager->event, CLOCK_REALTIME, &now);
        return (PeaksTime){manager_now(manager), now / USEC_PER_SEC};
}

static void give_ended(void *userdata, unsigned i, PeaksUpdate *ret) {
        EndedRun *run = &((Manager *) userdata)->ended[i];

        *ret = (PeaksUpdate){run->path, run->invocation, &run->peaks, run->at};
}

static void give_living(void *userdata, unsigned i, PeaksUpdate *ret) {
        Manager *manager = userdata;
        Guarded *guarded = manager->guarded[i];

        *ret = (PeaksUpdate){guarded->path, guarded->invocation, &guarded->peaks, both_clocks(manager)};
}

static void forget_ended(Manager *manager) {
        for (unsigned i = 0; i < manager->n_ended; i++)
                free(manager->ended[i].path);
        manager->n_ended = 0;
}

void manager_save_peaks(Manager *manager) {
        int r = 0;

        manager->peaks_due = util_add(manager_now(manager), SAVE_EVERY);
        if (manager->state_fd >= 0 && manager->n_ended > 0)
                r = peaksfile_update(manager->state_fd, manager->peaks_saved, manager->n_ended, give_ended, manager);
        if (manager->state_fd >= 0 && r >= 0)
                r = peaksfile_update(manager->state_fd, manager->peaks_saved, manager->n_guarded, give_living, manager);
        forget_ended(manager);
        if (r >= 0)
                manager->peaks_saved = manager_now(manager);
        else
                journal_log(4,
                            "What the units have needed could not be saved: %s. What memguardctl advise says rests on "
                            "less.",
                            strerrordesc_np(-r));
}

static void save_by(Manager *manager, usec_t when) {
        manager->peaks_due = manager->peaks_due == 0 ? when : MIN(manager->peaks_due, when);
}

void manager_save_peaks_in_time(Manager *manager) {
        usec_t now = manager_now(manager);

        if (manager->peaks_due == 0)
                save_by(manager, util_add(now, SAVE_EVERY));
        if (now >= manager->peaks_due)
                manager_save_peaks(manager);
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
                save_by(manager, now); /* this one finds no place, those to come will */
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
