/* What units have needed is written by the worker: the loop waits for no disk, and nothing is written twice at a time */
#include "temproot.h"

#include "manager.h"

#define API "/system.slice/api.service"
#define WEB "/system.slice/web.service"

typedef struct Bench {
        TempRoot root;
        Manager *manager;
        Guarded units[2];
} Bench;

static int set_up(void **state) {
        Bench *bench = calloc(1, sizeof(*bench));
        Manager *manager = calloc(1, sizeof(*manager));

        temproot_open(&bench->root);
        temproot_mkdir(&bench->root, "state");
        manager->state_fd = open(temproot_path(&bench->root, "state"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(manager->state_fd >= 0);
        assert_true(sd_event_new(&manager->event) >= 0);
        assert_int_equal(worker_new(&manager->worker, manager->event), 0);
        for (unsigned i = 0; i < ELEMENTSOF(bench->units); i++) {
                Sample sample = {.working_set = (i + 1) * MIB};

                bench->units[i].path = strdup(i == 0 ? API : WEB);
                run_peaks_note(&bench->units[i].peaks, &sample, manager_now(manager));
                manager->guarded[manager->n_guarded++] = &bench->units[i];
        }
        bench->manager = manager;
        *state = bench;
        return 0;
}

static int tear_down(void **state) {
        Bench *bench = *state;
        Manager *manager = bench->manager;

        manager_peaks_done(manager);
        worker_free(manager->worker);
        for (unsigned i = 0; i < ELEMENTSOF(bench->units); i++)
                free(bench->units[i].path);
        (void) close(manager->state_fd);
        sd_event_unref(manager->event);
        free(manager);
        temproot_close(&bench->root);
        free(bench);
        return 0;
}

static uint64_t runs_of(const Bench *bench, const char *path) {
        Peaks peaks = {};

        (void) peaksfile_find(bench->manager->state_fd, path, &peaks);
        return peaks.runs;
}

static void wait_for_worker(Manager *manager) {
        for (unsigned i = 0; i < 100 && manager->saving_peaks; i++)
                assert_true(sd_event_run(manager->event, 100 * USEC_PER_MSEC) >= 0);
        assert_false(manager->saving_peaks);
}

static void test_the_worker_writes(void **state) {
        Bench *bench = *state;
        Manager *manager = bench->manager;
        usec_t saved;

        manager->peaks_due = 1;
        manager_peaks_ended(manager, &bench->units[0]); /* and none of its begins */
        manager_save_peaks_in_time(manager);
        assert_true(manager->saving_peaks);
        assert_int_equal(manager->n_ended, 0);
        assert_int_equal(manager->peaks_saved, 0);
        /* The units may go meanwhile: what is written is a copy. */
        manager->n_guarded = 0;
        memset(bench->units[1].path, 'x', strlen(WEB));
        /* Due again, or asked for by a client: not while it writes. */
        manager->peaks_due = 1;
        manager_save_peaks_in_time(manager);
        assert_int_equal(manager->peaks_due, 1);
        manager_save_peaks(manager);
        wait_for_worker(manager);
        saved = manager->peaks_saved;
        assert_true(saved > 0);
        assert_int_equal(runs_of(bench, API), 1);
        assert_int_equal(runs_of(bench, WEB), 1);
        manager_save_peaks_in_time(manager);
        assert_true(manager->saving_peaks);
        wait_for_worker(manager);
        assert_true(manager->peaks_saved > saved);
        assert_true(manager->peaks_due > manager_now(manager) + USEC_PER_MINUTE);
}

/* At the end, and for a client that waits: by ourselves, also what the worker had not begun when it ended. */
static void test_at_the_end_all_is_written(void **state) {
        Bench *bench = *state;
        Manager *manager = bench->manager;

        manager->peaks_due = 1;
        manager_save_peaks_in_time(manager);
        manager->worker = worker_free(manager->worker);
        assert_false(manager->saving_peaks);
        assert_int_equal(runs_of(bench, WEB), 1);
        manager_peaks_ended(manager, &bench->units[0]);
        assert_int_equal(unlinkat(manager->state_fd, "peaks", 0), 0);
        manager_save_peaks(manager);
        assert_int_equal(manager->n_ended, 0);
        assert_int_equal(runs_of(bench, API), 1);
}

/* More runs that end than are held are no reason to write all the time. */
static void test_many_that_end_are_written_now_and_then(void **state) {
        Bench *bench = *state;
        Manager *manager = bench->manager;
        unsigned n_begun = 0;

        manager->n_guarded = 0;
        for (unsigned i = 0; i < 5 * ENDED_RUNS_MAX; i++) {
                char path[64];
                Guarded one = {.path = path};
                Sample sample = {.working_set = MIB};

                (void) snprintf(path, sizeof(path), "/system.slice/u%u.service", i);
                run_peaks_note(&one.peaks, &sample, manager_now(manager));
                manager_peaks_ended(manager, &one);
                manager_save_peaks_in_time(manager);
                n_begun += manager->saving_peaks;
                wait_for_worker(manager);
        }
        assert_int_equal(n_begun, 1);
        assert_int_equal(manager->n_ended, ENDED_RUNS_MAX);
        assert_int_equal(runs_of(bench, "/system.slice/u0.service"), 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_the_worker_writes, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_at_the_end_all_is_written, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_many_that_end_are_written_now_and_then, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
