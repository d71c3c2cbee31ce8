/* See psi.h. */
#include <stdio.h>

#include "fd.h"
#include "psi-trigger.h"
#include "psi.h"
#include "unitname.h"

/* Readings of a hot directory are 125 ms apart or more; a tenth of that may be late without harm and saves wakeups. */
#define TIMER_ACCURACY (12 * USEC_PER_MSEC)

typedef struct Dir {
        struct Dir *next; /* in the order of coming: the first ones have triggers of their own */
        Psi *psi;
        unsigned n_users;
        bool shared; /* has no trigger of its own: the host's serves it */
        PsiPlan wanted, armed;
        PsiHeat heat;
        sd_event_source *source;
        int fd; /* the armed trigger, or -1 */
        char path[CGROUP_PATH_MAX];
} Dir;

struct Psi {
        sd_event *event;
        sd_event_source *timer;
        const Kernfs *kernfs;
        Worker *worker;
        PsiHandlers handlers;
        Dir *dirs;
        unsigned n_dirs;
        bool collecting; /* wants, all of them anew: nothing is armed until they are complete */
        Dir host; /* path "/": on /proc/pressure/memory, for all shared ones */
};

static void disarm(Dir *dir) {
        sd_event_source_disable_unref(TAKE_PTR(dir->source));
        psi_trigger_close(TAKE_FD(dir->fd), dir->psi->worker);
        dir->armed = (PsiPlan){};
        dir->heat = PSI_COLD;
}

static int arm_timer(Psi *psi) {
        usec_t next = psi->host.heat.next;
        int r;

        for (const Dir *dir = psi->dirs; dir; dir = dir->next)
                next = MIN(next, dir->heat.next);
        if (next == USEC_INFINITY)
                return sd_event_source_set_enabled(psi->timer, SD_EVENT_OFF);
        r = sd_event_source_set_time(psi->timer, next);
        return r < 0 ? r : sd_event_source_set_enabled(psi->timer, SD_EVENT_ONESHOT);
}

static void read_units(Psi *psi, const Dir *dir) {
        char path[CGROUP_PATH_MAX];

        /* The handler may unwant the directory. */
        memcpy(path, dir->path, sizeof(path));
        psi->handlers.read_units(psi->handlers.userdata, path);
}

static Dir *next_due(Psi *psi, usec_t now) {
        if (psi_heat_due(&psi->host.heat, now))
                return &psi->host;
        for (Dir *dir = psi->dirs; dir; dir = dir->next)
                if (psi_heat_due(&dir->heat, now))
                        return dir;
        return NULL;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Psi *psi = userdata;
        usec_t now;
        Dir *dir;
        int r;

        (void) source;
        (void) usec;
        r = sd_event_now(psi->event, CLOCK_BOOTTIME, &now);
        if (r < 0)
                return r;
        while ((dir = next_due(psi, now)))
                read_units(psi, dir);
        return arm_timer(psi);
}

static bool is_there(const Dir *dir) {
        _cleanup_close_ int fd = -1;

        return kernfs_open_cgroup(dir->psi->kernfs, dir->path, &fd) >= 0;
}

static void hand_on(Psi *psi);

static int on_pressure(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Dir *dir = userdata;
        usec_t now;
        int r;

        (void) source;
        (void) fd;
        /* The cgroup is gone, and the fd will say so for ever; or its files were hidden (cgroup.pressure), and may be back. */
        if (revents & (EPOLLERR | EPOLLHUP)) {
                disarm(dir);
                dir->shared = dir->n_users > 0 && is_there(dir);
                hand_on(dir->psi);
                return 0;
        }
        r = sd_event_now(dir->psi->event, CLOCK_BOOTTIME, &now);
        if (r < 0)
                return r;
        psi_heat_wake(&dir->heat, dir->wanted, dir->armed, now);
        r = arm_timer(dir->psi);
        read_units(dir->psi, dir);
        return r;
}

/* Arms what is wanted. A trigger can't be changed (EBUSY), so the new one is there before the old one goes. */
static int arm(Dir *dir) {
        PsiPlan plan = dir->wanted;
        _cleanup_close_ int fd = -1;
        sd_event_source *source;
        int r;

        fd = psi_trigger_open(dir->psi->kernfs, dir == &dir->psi->host ? NULL : dir->path, &plan);
        if (fd < 0)
                return TAKE_FD(fd);
        r = sd_event_add_io(dir->psi->event, &source, fd, EPOLLPRI, on_pressure, dir);
        if (r < 0)
                return r;
        sd_event_source_disable_unref(TAKE_PTR(dir->source));
        psi_trigger_close(TAKE_FD(dir->fd), dir->psi->worker);
        (void) sd_event_source_set_description(source, "psi");
        dir->source = source;
        dir->fd = TAKE_FD(fd);
        dir->armed = plan;
        return 0;
}

/* Is what is wanted just what was armed for it? */
static bool is_armed(const Dir *dir) {
        PsiPlan fine = psi_plan_fit(dir->wanted), coarse = psi_plan_unprivileged(dir->wanted);

        return dir->fd >= 0 && dir->armed.stall == fine.stall &&
               (dir->armed.window == fine.window || dir->armed.window == coarse.window);
}

static int update_host(Psi *psi) {
        PsiPlan wanted = {};

        for (const Dir *dir = psi->dirs; dir; dir = dir->next)
                if (dir->shared)
                        wanted = psi_plan_merge(wanted, dir->wanted);
        psi->host.wanted = wanted;
        if (wanted.stall == 0) {
                disarm(&psi->host);
                return 0;
        }
        return is_armed(&psi->host) ? 0 : arm(&psi->host);
}

static unsigned n_own(const Psi *psi) {
        unsigned n = 0;

        for (const Dir *dir = psi->dirs; dir; dir = dir->next)
                n += dir->fd >= 0;
        return n;
}

/* Gives the directory a trigger for what is wanted of it, or leaves it to the host's; also where the host's served it before
 * and it can't have its own. */
static int serve(Dir *dir) {
        bool was_shared = dir->shared;
        int r;

        if (dir->fd < 0)
                dir->shared = util_streq(dir->path, "/") || n_own(dir->psi) >= PSI_TRIGGERS_MAX;
        if (dir->shared || is_armed(dir))
                return 0;
        r = arm(dir);
        if (r < 0)
                dir->shared = was_shared;
        return dir->shared ? 0 : r;
}

/* A trigger has become free: the first directory without one gets it; where that fails, it keeps the host's. And where
 * the host's can't be made coarser, the finer one goes on. */
static void hand_on(Psi *psi) {
        for (Dir *dir = psi->dirs; dir && n_own(psi) < PSI_TRIGGERS_MAX; dir = dir->next)
                if (dir->shared && !util_streq(dir->path, "/"))
                        dir->shared = arm(dir) < 0;
        (void) update_host(psi);
}

/* Where the link to the directory is, or would be put. */
static Dir **find(Psi *psi, const char *path) {
        Dir **at = &psi->dirs;

        while (*at && !util_streq((*at)->path, path))
                at = &(*at)->next;
        return at;
}

static int add(Psi *psi, Dir **at, const char *path) {
        Dir *dir;

        if (!unitname_path_is_valid(path))
                return -EINVAL;
        if (psi->n_dirs >= PSI_DIRS_MAX)
                return -ENOSPC;
        dir = calloc(1, sizeof(Dir));
        if (!dir)
                return -ENOMEM;
        dir->psi = psi;
        dir->fd = -1;
        dir->heat = PSI_COLD;
        (void) snprintf(dir->path, sizeof(dir->path), "%s", path);
        *at = dir;
        psi->n_dirs++;
        return 0;
}

int psi_want(Psi *psi, const char *path, usec_t stall, usec_t window) {
        Dir **at = find(psi, path), *dir;
        int r;

        if (stall == 0 || stall > window)
                return -EINVAL;
        if (!*at) {
                r = add(psi, at, path);
                if (r < 0)
                        return r;
        }
        dir = *at;
        dir->n_users++;
        dir->wanted = psi_plan_merge(dir->wanted, (PsiPlan){.stall = stall, .window = window});
        if (psi->collecting)
                return 0;
        r = serve(dir);
        return r < 0 ? r : update_host(psi);
}

void psi_unwant(Psi *psi, const char *path) {
        Dir **at = find(psi, path), *dir = *at;

        if (!dir || --dir->n_users > 0)
                return;
        *at = dir->next;
        psi->n_dirs--;
        disarm(dir);
        free(dir);
        if (!psi->collecting)
                hand_on(psi);
}

void psi_begin_anew(Psi *psi) {
        psi->collecting = true;
        for (Dir *dir = psi->dirs; dir; dir = dir->next)
                dir->wanted = (PsiPlan){};
}

void psi_arm_anew(Psi *psi, void (*failed)(const char *dir, int error)) {
        int r;

        psi->collecting = false;
        for (Dir *dir = psi->dirs; dir; dir = dir->next) {
                if (dir->wanted.stall == 0) {
                        disarm(dir);
                        continue;
                }
                r = serve(dir);
                if (r < 0)
                        failed(dir->path, r);
        }
        r = update_host(psi);
        if (r < 0)
                failed(psi->host.path, r);
}

static void psi_freep(Psi **psi) {
        psi_free(*psi);
}

int psi_new(Psi **ret, sd_event *event, const Kernfs *kernfs, Worker *worker, const PsiHandlers *handlers) {
        _cleanup_(psi_freep) Psi *psi = calloc(1, sizeof(Psi));
        int r;

        if (!psi)
                return -ENOMEM;
        psi->event = sd_event_ref(event);
        psi->kernfs = kernfs;
        psi->worker = worker;
        psi->handlers = *handlers;
        psi->host = (Dir){.psi = psi, .fd = -1, .heat = PSI_COLD, .path = "/"};
        r = sd_event_add_time(event, &psi->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY, on_timer, psi);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(psi->timer, "psi-hot");
        r = sd_event_source_set_enabled(psi->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(psi);
        return 0;
}

Psi *psi_free(Psi *psi) {
        Dir *dir;

        if (!psi)
                return NULL;
        while ((dir = psi->dirs)) {
                psi->dirs = dir->next;
                disarm(dir);
                free(dir);
        }
        disarm(&psi->host);
        sd_event_source_disable_unref(psi->timer);
        sd_event_unref(psi->event);
        free(psi);
        return NULL;
}

unsigned psi_n_armed(const Psi *psi) {
        return n_own(psi) + (psi->host.fd >= 0);
}
