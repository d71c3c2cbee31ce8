/* See above.h. The kernel tells of up to a hundred changes a second; after the first one the file is not listened to until the
 * timer, which finds by its counts whether it has changed meanwhile. */
#include "above.h"

#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "fd.h"
#include "sampler.h"
#include "unitname.h"

#define TIMER_ACCURACY (100 * USEC_PER_MSEC)

typedef struct Place {
        char *path; /* owned; NULL = free */
        int wd;     /* -1: it is not listened to until the timer */
        uint64_t hits;
} Place;

struct Above {
        const Kernfs *kernfs;
        AboveHandlers handlers;
        int fd; /* inotify */
        sd_event_source *source, *timer;
        Place places[ABOVE_MAX];
};

static int count_hits(const Above *above, const char *path, uint64_t *ret) {
        _cleanup_close_ int dirfd = -1;
        MemoryEvents all, own;
        int r;

        r = kernfs_open_cgroup(above->kernfs, path, &dirfd);
        if (r < 0)
                return r;
        r = sampler_events(dirfd, &all, &own);
        if (r < 0)
                return r;
        *ret = util_add(own.high, own.max);
        return 0;
}

static void mute(Above *above, Place *place) {
        if (place->wd >= 0)
                (void) inotify_rm_watch(above->fd, place->wd);
        place->wd = -1;
}

/* The kernel tells nothing of a file that goes with its cgroup; asked again, it has another number for the file made anew. */
static int listen_to(Above *above, Place *place) {
        char path[CGROUP_PATH_MAX + 64];
        int wd;

        /* As the tree does it (tree-scan.c): below the hierarchy that was opened at start. */
        (void) snprintf(path, sizeof(path), "/proc/self/fd/%d%s/memory.events.local", above->kernfs->cgroup_fd, place->path);
        wd = inotify_add_watch(above->fd, path, IN_MODIFY | IN_DONT_FOLLOW);
        if (wd < 0)
                return -errno;
        if (wd != place->wd)
                mute(above, place);
        place->wd = wd;
        return 0;
}

static void drop(Above *above, Place *place) {
        mute(above, place);
        free(place->path);
        *place = (Place){.wd = -1};
}

/* A timer that runs already is left alone: many that are hit one after the other would put off the look at the first. */
static void look_later(Above *above) {
        int enabled;

        if (sd_event_source_get_enabled(above->timer, &enabled) >= 0 && enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time_relative(above->timer, ABOVE_EVERY);
        (void) sd_event_source_set_enabled(above->timer, SD_EVENT_ONESHOT);
}

/* Has it been hit since it was last looked at? Then it is told of and muted, and the timer looks again. */
static void look(Above *above, Place *place) {
        uint64_t hits;

        if (count_hits(above, place->path, &hits) < 0) {
                drop(above, place);
                return;
        }
        if (hits == place->hits)
                return;
        place->hits = hits;
        mute(above, place);
        look_later(above);
        above->handlers.hit(above->handlers.userdata, place->path);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Above *above = userdata;

        (void) source, (void) usec;
        for (unsigned i = 0; i < ABOVE_MAX; i++) {
                Place *place = &above->places[i];

                if (!place->path || place->wd >= 0)
                        continue;
                /* Listened to before it is read, so that nothing falls between. */
                if (listen_to(above, place) < 0)
                        drop(above, place);
                else
                        look(above, place);
        }
        return 0;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        _Alignas(struct inotify_event) char buffer[4096];
        Above *above = userdata;
        ssize_t n = read(fd, buffer, sizeof(buffer));

        (void) source, (void) revents;
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        /* Few, and reading one costs less than finding which: also right after an overflow of the queue. */
        for (unsigned i = 0; i < ABOVE_MAX; i++)
                if (above->places[i].path && above->places[i].wd >= 0)
                        look(above, &above->places[i]);
        return 0;
}

static int again(Above *above, Place *place) {
        int before = place->wd, r = 0;

        if (before >= 0)
                r = listen_to(above, place);
        if (r >= 0 && place->wd != before)
                r = count_hits(above, place->path, &place->hits);
        if (r < 0)
                drop(above, place);
        return r;
}

int above_watch(Above *above, const char *path) {
        Place *place = NULL;
        int r;

        if (!unitname_path_is_valid(path))
                return -EINVAL;
        for (unsigned i = ABOVE_MAX; i-- > 0;) {
                if (!above->places[i].path)
                        place = &above->places[i];
                else if (util_streq(above->places[i].path, path))
                        return again(above, &above->places[i]);
        }
        if (!place)
                return -ENOSPC;
        place->path = strdup(path);
        if (!place->path)
                return -ENOMEM;
        r = listen_to(above, place);
        if (r >= 0)
                r = count_hits(above, path, &place->hits);
        if (r < 0)
                drop(above, place);
        return r;
}

void above_forget(Above *above, const char *path) {
        for (unsigned i = 0; i < ABOVE_MAX; i++)
                if (above->places[i].path && util_streq(above->places[i].path, path))
                        drop(above, &above->places[i]);
}

static void above_freep(Above **above) {
        above_free(*above);
}

int above_new(Above **ret, sd_event *event, const Kernfs *kernfs, const AboveHandlers *handlers) {
        _cleanup_(above_freep) Above *above = calloc(1, sizeof(Above));
        int r;

        if (!above)
                return -ENOMEM;
        above->kernfs = kernfs;
        above->handlers = *handlers;
        for (unsigned i = 0; i < ABOVE_MAX; i++)
                above->places[i].wd = -1;
        above->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (above->fd < 0)
                return -errno;
        r = sd_event_add_io(event, &above->source, above->fd, EPOLLIN, on_readable, above);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(above->source, "limits-above");
        r = sd_event_add_time(event, &above->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY, on_timer, above);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(above->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(above);
        return 0;
}

Above *above_free(Above *above) {
        if (!above)
                return NULL;
        for (unsigned i = 0; i < ABOVE_MAX; i++)
                free(above->places[i].path);
        sd_event_source_unref(above->source);
        sd_event_source_disable_unref(above->timer);
        if (above->fd >= 0)
                (void) close(above->fd);
        free(above);
        return NULL;
}
