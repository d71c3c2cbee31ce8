/* The manager's life: what it is made of, its start, its run and its end. */
#include "manager.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "fd.h"
#include "journal.h"
#include "loop.h"
#include "marks.h"
#include "statefile.h"

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        char detail[512];

        (void) source, (void) info;
        (void) manager_load_policies(userdata, detail, sizeof(detail));
        return 0;
}

static int open_dir(const char *root, const char *path, int *ret_fd) {
        char full[4096];
        int fd;

        snprintf(full, sizeof(full), "%s/%s", root, path);
        fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        *ret_fd = fd;
        return 0;
}

static void read_boot_id(Manager *manager) {
        char *newline;

        if (kernfs_read(manager->kernfs.proc_fd, "sys/kernel/random/boot_id", manager->boot_id, sizeof(manager->boot_id)) < 0)
                snprintf(manager->boot_id, sizeof(manager->boot_id), "unknown");
        newline = strchr(manager->boot_id, '\n');
        if (newline)
                *newline = 0;
}

static int add_sources(Manager *manager) {
        int r;

        r = manager_add_timers(manager);
        if (r < 0)
                return r;
        r = sd_event_add_signal(manager->event, NULL, SIGHUP, on_reload, manager);
        if (r < 0)
                return r;
        r = sd_event_add_signal(manager->event, NULL, SIGTERM, NULL, NULL);
        if (r < 0)
                return r;
        r = sd_event_add_signal(manager->event, NULL, SIGINT, NULL, NULL);
        if (r < 0)
                return r;
        return sd_event_set_watchdog(manager->event, true);
}

static int add_parts(Manager *manager) {
        TreeHandlers tree;
        PsiHandlers psi;
        SystemdHandlers systemd;
        ApiHandlers api;
        char path[4096];
        int r;

        manager_handlers(&tree, &psi, &systemd, manager);
        manager_api_handlers(&api, manager);
        r = worker_new(&manager->worker, manager->event);
        if (r < 0)
                return r;
        r = tree_new(&manager->tree, manager->event, &manager->kernfs, &tree);
        if (r < 0)
                return r;
        r = above_new(&manager->above, manager->event, &manager->kernfs, &(AboveHandlers){manager, manager_above_hit});
        if (r < 0)
                return r;
        r = psi_new(&manager->psi, manager->event, &manager->kernfs, manager->worker, &psi);
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "%s/run", manager->options.root);
        r = systemd_new(&manager->systemd, manager->event, path, &systemd);
        if (r < 0)
                return r;
        snprintf(path, sizeof(path), "%s/run/memguard/private", manager->options.root);
        return api_new(&manager->api, manager->event, path, &api);
}

int manager_new(Manager **ret, const ManagerOptions *options) {
        _cleanup_(manager_freep) Manager *manager = calloc(1, sizeof(*manager));
        int r;

        if (!manager)
                return -ENOMEM;
        manager->options = *options;
        manager->kernfs = KERNFS_INIT;
        manager->state_fd = manager->run_fd = manager->trace_fd = -1;
        r = sd_event_default(&manager->event);
        if (r < 0)
                return r;
        r = kernfs_open(&manager->kernfs, options->root);
        if (r < 0)
                return r;
        r = open_dir(options->root, "run/memguard", &manager->run_fd);
        if (r < 0)
                return r;
        if (open_dir(options->root, "var/lib/memguard", &manager->state_fd) < 0)
                journal_log(4, "There is no /var/lib/memguard; restart budgets will not survive the daemon.");
        if (options->trace) {
                manager->trace_fd = open(options->trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
                if (manager->trace_fd < 0)
                        return -errno;
        }
        read_boot_id(manager);
        r = engine_new(&manager->engine);
        if (r < 0)
                return r;
        r = add_sources(manager);
        if (r < 0)
                return r;
        r = add_parts(manager);
        if (r < 0)
                return r;
        manager_trace_begin(manager);
        manager_flight_start(manager);
        *ret = TAKE_PTR(manager);
        return 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;
        manager->stopping = true;
        manager_witness_done(manager);
        manager->module = module_free(manager->module);
        api_free(manager->api);
        systemd_free(manager->systemd);
        psi_free(manager->psi);
        above_free(manager->above);
        guarded_done(manager);
        manager_peaks_done(manager);
        tree_free(manager->tree);
        worker_free(manager->worker);
        recorder_free(manager->recorder);
        sd_event_source_unref(manager->timer);
        sd_event_source_unref(manager->overdue);
        sd_event_source_unref(manager->retry);
        engine_free(manager->engine);
        policy_set_free(manager->policies);
        kernfs_done(&manager->kernfs);
        fd_closep(&manager->state_fd);
        fd_closep(&manager->run_fd);
        fd_closep(&manager->trace_fd);
        sd_event_unref(manager->event);
        free(manager);
        return NULL;
}

static void tell_restored(void *userdata, const char *path, int result) {
        if (result > 0)
                manager_tell(userdata, RECORD_UNDONE,
                             "%s: %d change%s that an earlier run of memguardd had left behind %s undone.", path, result,
                             result == 1 ? "" : "s", result == 1 ? "was" : "were");
        else if (result < 0)
                manager_tell(userdata, RECORD_FAILED,
                             "%s: what an earlier run of memguardd had changed could not all be undone: %s.", path,
                             strerrordesc_np(-result));
}

static void load_budgets(Manager *manager) {
        unsigned bad = 0;
        int r;

        if (manager->state_fd < 0)
                return;
        r = statefile_load(manager->engine, manager->state_fd, manager->boot_id, &bad);
        if (r < 0)
                journal_log(4, "The restart budgets of before could not be read: %s.", strerrordesc_np(-r));
        else if (bad > 0)
                journal_log(4, "%u lines of the budgets file were damaged and are left out.", bad);
}

static int start(Manager *manager) {
        char detail[512];
        int r;

        manager->started = manager_now(manager);
        marks_restore_all(&manager->kernfs, tell_restored, manager);
        r = manager_load_policies(manager, detail, sizeof(detail));
        if (r < 0 && r != -EBADMSG)
                return r;
        load_budgets(manager);
        r = manager_witness_start(manager);
        if (r < 0)
                return r;
        manager_module_start(manager);
        if (faccessat(manager->run_fd, "paused", F_OK, 0) == 0)
                (void) manager_set_paused(manager, "", true);
        manager->scanning = true;
        r = tree_scan(manager->tree);
        manager->scanning = false;
        engine_forget_past(manager->engine);
        if (r < 0)
                return r;
        manager_flight_run(manager);
        manager_tell(manager, RECORD_DAEMON, "memguardd %s started: it watches %u units by %d policy files.",
                     MEMGUARD_VERSION, manager->n_guarded, policy_set_n_files(manager->policies));
        (void) sd_notifyf(0, "READY=1\nSTATUS=Watching %u units.", manager->n_guarded);
        return 0;
}

/* Incidents that still settle are told with what is known, once nothing of ours is left on any unit. */
static void finish(Manager *manager) {
        unsigned left;

        do {
                manager->actions.n_items = 0;
                left = engine_finish(manager->engine, &manager->actions);
                for (unsigned i = 0; i < manager->actions.n_items; i++)
                        if (manager->actions.items[i].kind == ACTION_RECORD)
                                manager_carry_out(manager, &manager->actions.items[i]);
        } while (left > 0 && manager->actions.n_items > 0);
}

/* A throttle that still drops cache on the worker must not put its wall up after all was undone: it is given up, and the
 * worker has ended before the marks are looked at. */
static void stop(Manager *manager) {
        manager->stopping = true;
        (void) sd_notify(0, "STOPPING=1");
        for (unsigned i = 0; i < manager->n_guarded; i++)
                act_forget(manager->guarded[i]->path);
        manager->psi = psi_free(manager->psi);
        manager->worker = worker_free(manager->worker);
        manager->recorder = recorder_free(manager->recorder);
        marks_restore_all(&manager->kernfs, NULL, NULL);
        finish(manager);
        manager_save_peaks(manager);
        manager_witness_save(manager);
        manager_tell(manager, RECORD_DAEMON, "memguardd stopped; nothing of it is left on any unit.");
}

int manager_run(Manager *manager) {
        int r;

        r = start(manager);
        if (r < 0)
                return r;
        r = loop_run(manager->event);
        stop(manager);
        return r;
}
