/* See uprobe.h. Processes to look at wait in a short queue; a thread of our own looks at one after another; new builds
 * are asked for at the helper; hits of all rings are sorted, made errors of, and handed on. Inside, times are those of
 * CLOCK_MONOTONIC, which the hits carry; a CPU that comes online later is not probed. */
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>

#include "fd.h"
#include "hits.h"
#include "uprobe-internal.h"

#define FIND_LIMIT (5 * USEC_PER_SEC)      /* for a look at one process */
#define FORGET_TIME (60 * USEC_PER_MINUTE) /* inode numbers are used again: what was no Python is looked at again */
#define RETRY_TIME (1 * USEC_PER_MINUTE)   /* after a failure to arm */
#define TIMER_ACCURACY (1 * USEC_PER_MSEC)

static usec_t now_of(clockid_t clock) {
        struct timespec now;

        (void) clock_gettime(clock, &now);
        return (usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000;
}

/* --- Which files are known --- */

static Known *find_known(Uprobe *uprobe, FileKey key) {
        for (unsigned i = 0; i < FIND_KNOWN_MAX; i++)
                if (uprobe->known[i].until != 0 && filekey_equal(uprobe->known[i].key, key))
                        return &uprobe->known[i];
        return NULL;
}

/* A free place, or that of what is to be forgotten first; those of builds come last. */
static void remember(Uprobe *uprobe, FileKey key, Build *build, usec_t until) {
        Known *known = find_known(uprobe, key), *one;

        if (!known) {
                known = &uprobe->known[0];
                for (one = known + 1; one < uprobe->known + FIND_KNOWN_MAX; one++)
                        if (one->until < known->until)
                                known = one;
        }
        *known = (Known){.key = key, .build = build, .until = until};
}

static void forget(Uprobe *uprobe, const Build *build, usec_t until) {
        for (unsigned i = 0; i < FIND_KNOWN_MAX; i++)
                if (uprobe->known[i].build == build) {
                        uprobe->known[i].build = NULL;
                        uprobe->known[i].until = until;
                }
}

/* --- Builds --- */

static Build *find_build(Uprobe *uprobe, FileKey own) {
        for (unsigned i = 0; i < UPROBE_BUILDS_MAX; i++)
                if (uprobe->builds[i].state != BUILD_NONE && filekey_equal(uprobe->builds[i].own, own))
                        return &uprobe->builds[i];
        return NULL;
}

static Build *place_for_build(Uprobe *uprobe) {
        Build *place = &uprobe->builds[0];

        for (Build *one = place; one < uprobe->builds + UPROBE_BUILDS_MAX; one++) {
                if (one->state == BUILD_NONE)
                        return one;
                if (one->seen < place->seen)
                        place = one;
        }
        uprobe_drain(uprobe);
        forget(uprobe, place, 0);
        build_release(place);
        return place;
}

static void on_armed(void *userdata, Build *build) {
        Uprobe *uprobe = userdata;

        (void) build;
        uprobe->error = 0;
        uprobe_arm_timer(uprobe);
}

static void on_failed(void *userdata, Build *build, int error) {
        Uprobe *uprobe = userdata;

        uprobe->error = error;
        forget(uprobe, build, now_of(CLOCK_MONOTONIC) + RETRY_TIME);
        uprobe_arm_timer(uprobe);
}

static void on_hit(void *userdata) {
        uprobe_drain(userdata);
}

static void add_build(Uprobe *uprobe, FoundFile *found, usec_t now) {
        Build *build = find_build(uprobe, found->own);
        int r;

        if (build) {
                build->seen = now;
                remember(uprobe, found->own, build, USEC_INFINITY);
                return;
        }
        build = place_for_build(uprobe);
        *build = BUILD_INIT;
        build->own = found->own;
        build->python = found->build;
        build->seen = now;
        build->socket_path = uprobe->socket_path;
        build->event = uprobe->event;
        build->worker = uprobe->worker;
        build->handlers = &uprobe->build_handlers;
        remember(uprobe, found->own, build, USEC_INFINITY);
        r = build_ask(build, TAKE_FD(found->fd), now);
        if (r < 0)
                on_failed(uprobe, build, r);
}

/* --- Looking at processes --- */

static void find_done(void *userdata, int result) {
        FindJob *job = userdata;
        Uprobe *uprobe = job->owner;
        usec_t now = now_of(CLOCK_MONOTONIC);

        if (result == -ECANCELED) {
                uprobe->finding = false;
                return;
        }
        for (unsigned i = 0; i < job->n_seen; i++) {
                Known *known = find_known(uprobe, job->seen[i]);

                if (known && known->build)
                        known->build->seen = now;
        }
        for (unsigned i = 0; i < job->n_found; i++)
                if (job->found[i].fd >= 0)
                        add_build(uprobe, &job->found[i], now);
                else if (job->found[i].own.inode != 0)
                        remember(uprobe, job->found[i].own, NULL,
                                 now + (job->found[i].unread ? RETRY_TIME : FORGET_TIME));
        find_close(job);
        /* Not before: a handler that was called meanwhile may have covered the next one. */
        uprobe->finding = false;
        uprobe_arm_timer(uprobe);
        (void) uprobe_find_next(uprobe);
}

int uprobe_find_next(Uprobe *uprobe) {
        FindJob *job = uprobe->find;
        usec_t now = now_of(CLOCK_MONOTONIC);
        int r;

        if (uprobe->finding || uprobe->n_waiting == 0)
                return 0;
        job->pid = uprobe->waiting[0].pid;
        memcpy(job->path, uprobe->waiting[0].path, sizeof(job->path));
        job->n_known = job->n_seen = job->n_found = 0;
        for (unsigned i = 0; i < FIND_KNOWN_MAX; i++)
                if (uprobe->known[i].until > now)
                        job->known[job->n_known++] = uprobe->known[i].key;
        r = worker_submit(uprobe->worker, find_run, find_done, job, FIND_LIMIT);
        if (r < 0)
                return r;
        uprobe->finding = true;
        uprobe->n_waiting--;
        memmove(uprobe->waiting, uprobe->waiting + 1, uprobe->n_waiting * sizeof(uprobe->waiting[0]));
        return 0;
}

static int enqueue(Uprobe *uprobe, int pid, const char *path) {
        Waiting *place = &uprobe->waiting[uprobe->n_waiting];

        if (strlen(path) >= sizeof(place->path))
                return -ENAMETOOLONG;
        for (unsigned i = 0; i < uprobe->n_waiting; i++)
                if (uprobe->waiting[i].pid == pid && util_streq(uprobe->waiting[i].path, path))
                        return 0;
        if (uprobe->n_waiting >= UPROBE_WAITING_MAX)
                return -EAGAIN;
        place->pid = pid;
        strcpy(place->path, path);
        uprobe->n_waiting++;
        return uprobe_find_next(uprobe);
}

int uprobe_cover(Uprobe *uprobe, int pid) {
        return pid <= 0 ? -EINVAL : enqueue(uprobe, pid, "");
}

int uprobe_cover_file(Uprobe *uprobe, const char *path) {
        return path[0] != '/' ? -EINVAL : enqueue(uprobe, 0, path);
}

/* --- Time --- */

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Uprobe *uprobe = userdata;

        (void) source;
        (void) usec;
        for (unsigned i = 0; i < UPROBE_BUILDS_MAX; i++) {
                Build *build = &uprobe->builds[i];

                if (build->state != BUILD_ASKED || build->give_up > now_of(CLOCK_MONOTONIC))
                        continue;
                build_release(build);
                on_failed(uprobe, build, -ETIMEDOUT);
        }
        uprobe_drain(uprobe);
        return 0;
}

void uprobe_arm_timer(Uprobe *uprobe) {
        usec_t next = hits_deadline(&uprobe->hits);

        for (unsigned i = 0; i < UPROBE_BUILDS_MAX; i++)
                if (uprobe->builds[i].state == BUILD_ASKED)
                        next = MIN(next, uprobe->builds[i].give_up);
        if (next == USEC_INFINITY)
                (void) sd_event_source_set_enabled(uprobe->timer, SD_EVENT_OFF);
        else if (sd_event_source_set_time(uprobe->timer, next) >= 0)
                (void) sd_event_source_set_enabled(uprobe->timer, SD_EVENT_ONESHOT);
}

/* --- Birth and end --- */

int uprobe_new(Uprobe **ret, sd_event *event, const Kernfs *kernfs, const char *socket_path,
               const UprobeHandlers *handlers) {
        _cleanup_(uprobe_freep) Uprobe *uprobe = calloc(1, sizeof(Uprobe));
        int r;

        if (!uprobe)
                return -ENOMEM;
        for (unsigned i = 0; i < UPROBE_BUILDS_MAX; i++)
                uprobe->builds[i] = BUILD_INIT;
        uprobe->event = sd_event_ref(event);
        uprobe->kernfs = kernfs;
        uprobe->handlers = *handlers;
        uprobe->build_handlers =
                (BuildHandlers){.userdata = uprobe, .armed = on_armed, .failed = on_failed, .hit = on_hit};
        uprobe->socket_path = strdup(socket_path);
        uprobe->find = calloc(1, sizeof(FindJob));
        if (!uprobe->socket_path || !uprobe->find)
                return -ENOMEM;
        uprobe->find->owner = uprobe;
        uprobe->find->proc_fd = kernfs->proc_fd;
        r = sd_event_add_time(event, &uprobe->timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY, on_timer, uprobe);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(uprobe->timer, "uprobe");
        r = sd_event_source_set_enabled(uprobe->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = worker_new(&uprobe->worker, event);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(uprobe);
        return 0;
}

Uprobe *uprobe_free(Uprobe *uprobe) {
        if (!uprobe)
                return NULL;
        uprobe->n_waiting = 0;
        uprobe->worker = worker_free(uprobe->worker);
        for (unsigned i = 0; i < UPROBE_BUILDS_MAX; i++) {
                uprobe->builds[i].worker = NULL;
                build_release(&uprobe->builds[i]);
        }
        /* A thread that hangs in the kernel keeps its job; we are about to exit. */
        if (!uprobe->finding)
                free(uprobe->find);
        sd_event_source_disable_unref(uprobe->timer);
        sd_event_unref(uprobe->event);
        free(uprobe->socket_path);
        free(uprobe);
        return NULL;
}

Worker *uprobe_worker(const Uprobe *uprobe) {
        return uprobe->worker;
}

unsigned uprobe_n_builds(const Uprobe *uprobe) {
        unsigned n = 0;

        for (unsigned i = 0; i < UPROBE_BUILDS_MAX; i++)
                n += uprobe->builds[i].state == BUILD_ARMED;
        return n;
}

int uprobe_error(const Uprobe *uprobe) {
        return uprobe->error;
}
