/* See textwatch.h. Nothing is queued: what the helper must still be told is what the units' states say, so it can be told as
 * slowly as it listens, and all over again to a new one. */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "event.h"
#include "fd.h"
#include "textwatch-internal.h"

#define TIMER_ACCURACY (50 * USEC_PER_MSEC)
#define GATHER (300 * USEC_PER_MSEC) /* changes come in packs, and each commit makes the helper seek anew */
#define LINGER (10 * USEC_PER_SEC)   /* of a unit that is wanted no more */
#define BACKOFF_MIN (5 * USEC_PER_SEC)
#define BACKOFF_MAX USEC_PER_MINUTE
#define LINES_PER_WAKE 32
#define LINES_RATE 500 /* far above what the helper lets itself say */
#define LINES_BURST 10000

static usec_t now_of(clockid_t clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

static void arm(Textwatch *watch) {
        usec_t next = MIN(watch->flush_at, textunits_next(watch));

        if (watch->fd < 0)
                next = textunits_any_wanted(watch) ? MIN(watch->try_at, textunits_next(watch)) : textunits_next(watch);
        /* Setting a time fails only for a source that is none. */
        if (next == USEC_INFINITY)
                (void) sd_event_source_set_enabled(watch->timer, SD_EVENT_OFF);
        else {
                (void) sd_event_source_set_time(watch->timer, next);
                (void) sd_event_source_set_enabled(watch->timer, SD_EVENT_ONESHOT);
        }
}

static void disconnect(Textwatch *watch) {
        sd_event_source_disable_unref(TAKE_PTR(watch->io));
        fd_closep(&watch->fd);
        watch->is_ready = false;
        for (unsigned i = watch->n_units; i-- > 0;) {
                watch->units[i]->is_told = false;
                if (watch->units[i]->has_left)
                        textunits_remove(watch, i);
        }
        watch->flush_at = USEC_INFINITY;
        watch->try_at = now_of(CLOCK_BOOTTIME) + watch->backoff;
        watch->backoff = MIN(2 * watch->backoff, BACKOFF_MAX);
        arm(watch);
}

/* --- To the helper --- */

/* 0, -EAGAIN when the helper must read first, or another error: the connection is lost. */
static int tell(Textwatch *watch, const Talk *talk) {
        char line[JOURNALTALK_MAX];
        int n = journaltalk_format(talk, line);

        if (send(watch->fd, line, (size_t) n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
                return 0;
        return errno == EINTR || errno == ENOBUFS ? -EAGAIN : -errno;
}

static int tell_unit(Textwatch *watch, TalkKind kind, const WatchedText *unit) {
        Talk talk = {.kind = kind, .since = unit->read_from};

        strcpy(talk.unit, unit->name);
        return tell(watch, &talk);
}

static int tell_changes(Textwatch *watch) {
        int r;

        for (unsigned i = watch->n_units; i-- > 0;) {
                WatchedText *unit = watch->units[i];

                if (unit->has_left != unit->is_told)
                        continue;
                r = tell_unit(watch, unit->has_left ? TALK_UNFOLLOW : TALK_FOLLOW, unit);
                if (r < 0)
                        return r;
                watch->is_changed = true;
                unit->is_told = true;
                if (unit->has_left)
                        textunits_remove(watch, i);
        }
        if (!watch->is_changed)
                return 0;
        r = tell(watch, &(Talk){.kind = TALK_COMMIT});
        if (r >= 0)
                watch->is_changed = false;
        return r;
}

static int tell_reads(Textwatch *watch) {
        for (unsigned i = 0; i < watch->n_units; i++) {
                WatchedText *unit = watch->units[i];
                int r = unit->read_from > 0 ? tell_unit(watch, TALK_READ, unit) : 0;

                if (r < 0)
                        return r;
                unit->read_from = 0;
        }
        return 0;
}

/* Tells what the helper does not know yet, as far as it listens. */
static void flush(Textwatch *watch) {
        int r;

        watch->flush_at = USEC_INFINITY;
        r = tell_changes(watch);
        if (r >= 0)
                r = tell_reads(watch);
        if (r >= 0 || r == -EAGAIN)
                r = sd_event_source_set_io_events(watch->io, r < 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
        if (r < 0)
                disconnect(watch);
}

/* --- From the helper --- */

static void take_muted(Textwatch *watch, const char *unit) {
        Witness witness = {.source = WITNESS_JOURNAL, .fact = FACT_BLIND, .at = now_of(CLOCK_BOOTTIME)};

        if (!textunits_find(watch, unit))
                return;
        strcpy(witness.unit, unit);
        strcpy(witness.text, "It writes too many lines into the journal to be read for the next minute.");
        watch->handlers.saw(watch->handlers.userdata, "", &witness);
}

static void take_talk(Textwatch *watch, const Talk *talk) {
        if (talk->kind == TALK_CURSOR)
                memcpy(watch->cursor, talk->cursor, sizeof(watch->cursor));
        else if (talk->kind == TALK_MUTED)
                take_muted(watch, talk->unit);
        else if (talk->kind == TALK_READY) {
                watch->is_ready = true;
                watch->backoff = BACKOFF_MIN;
        }
}

/* What is neither is dropped. */
static void take(Textwatch *watch, const char *line) {
        char path[CGROUP_PATH_MAX];
        Witness witness;
        Talk talk;

        if (journaltalk_parse(line, &talk) >= 0)
                take_talk(watch, &talk);
        else if (textline_witness(line, now_of(CLOCK_BOOTTIME), path, &witness) >= 0)
                watch->handlers.saw(watch->handlers.userdata, path, &witness);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        static char line[EVENT_LINE_MAX + 1];
        Textwatch *watch = userdata;
        ssize_t n;

        (void) source;
        if (revents & EPOLLOUT)
                flush(watch);
        for (unsigned i = 0; i < LINES_PER_WAKE && watch->fd >= 0; i++) {
                n = recv(fd, line, sizeof(line), MSG_DONTWAIT | MSG_TRUNC);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return 0;
                if (n <= 0 || !bucket_take(&watch->lines, LINES_RATE, LINES_BURST, now_of(CLOCK_BOOTTIME))) {
                        disconnect(watch);
                        return 0;
                }
                if (n >= (ssize_t) sizeof(line))
                        continue;
                line[n] = 0;
                if (strlen(line) == (size_t) n)
                        take(watch, line);
        }
        return 0;
}

/* --- The connection --- */

static int open_socket(Textwatch *watch, int *ret) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        memcpy(address.sun_path, watch->path, sizeof(address.sun_path));
        /* On AF_UNIX this does not wait: it is done, refused, or EAGAIN for a full backlog. */
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

static int connect_helper(Textwatch *watch) {
        Talk talk = {.kind = TALK_CURSOR};
        int r;

        r = open_socket(watch, &watch->fd);
        if (r < 0)
                return r;
        r = sd_event_add_io(watch->event, &watch->io, watch->fd, EPOLLIN, on_io, watch);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(watch->io, "textwatch");
        watch->is_changed = true;
        if (!watch->cursor[0])
                return 0;
        memcpy(talk.cursor, watch->cursor, sizeof(talk.cursor));
        return tell(watch, &talk);
}

/* The helper is told of those that it knows. */
static void forget_left(Textwatch *watch, usec_t now) {
        for (unsigned i = watch->n_units; i-- > 0;) {
                WatchedText *unit = watch->units[i];

                if (unit->leaves_at == 0 || unit->leaves_at > now)
                        continue;
                if (unit->is_told) {
                        unit->leaves_at = 0;
                        unit->has_left = true;
                        watch->flush_at = now;
                } else
                        textunits_remove(watch, i);
        }
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Textwatch *watch = userdata;
        usec_t now = now_of(CLOCK_BOOTTIME);

        (void) source;
        (void) usec;
        forget_left(watch, now);
        if (watch->fd < 0 && watch->try_at <= now && textunits_any_wanted(watch)) {
                if (connect_helper(watch) < 0)
                        disconnect(watch);
                else
                        watch->flush_at = now;
        }
        if (watch->fd >= 0 && watch->flush_at <= now)
                flush(watch);
        arm(watch);
        return 0;
}

/* --- What the daemon wants --- */

int textwatch_follow(Textwatch *watch, const char *unit) {
        usec_t soon = now_of(CLOCK_BOOTTIME) + GATHER;
        WatchedText *text;
        int r;

        if (unitname_type(unit) == UNIT_NONE)
                return -EINVAL;
        r = textunits_get(watch, unit, &text);
        if (r < 0)
                return r;
        text->leaves_at = 0;
        text->has_left = false;
        if (!text->is_told)
                watch->flush_at = MIN(watch->flush_at, soon);
        if (watch->try_at == 0)
                watch->try_at = soon;
        arm(watch);
        return 0;
}

void textwatch_unfollow(Textwatch *watch, const char *unit) {
        WatchedText *text = textunits_find(watch, unit);

        if (!text || text->leaves_at > 0 || text->has_left)
                return;
        text->leaves_at = now_of(CLOCK_BOOTTIME) + LINGER;
        arm(watch);
}

int textwatch_read_back(Textwatch *watch, const char *unit, usec_t since) {
        WatchedText *text = textunits_find(watch, unit);
        usec_t ago = util_sub(now_of(CLOCK_BOOTTIME), since), from = util_sub(now_of(CLOCK_REALTIME), ago);

        if (!text)
                return -ENOENT;
        if (watch->fd < 0)
                return -ENOTCONN;
        text->read_from = text->read_from > 0 ? MIN(text->read_from, from) : MAX(from, (usec_t) 1);
        watch->flush_at = now_of(CLOCK_BOOTTIME);
        arm(watch);
        return 0;
}

const char *textwatch_cursor(const Textwatch *watch) {
        return watch->cursor;
}

bool textwatch_is_connected(const Textwatch *watch) {
        return watch->is_ready;
}

int textwatch_new(Textwatch **ret, sd_event *event, const char *socket_path, const char *cursor,
                  const WitnessHandlers *handlers) {
        Textwatch *watch;
        int r;

        if (strlen(socket_path) >= sizeof(watch->path))
                return -ENAMETOOLONG;
        watch = calloc(1, sizeof(Textwatch));
        if (!watch)
                return -ENOMEM;
        r = sd_event_add_time(event, &watch->timer, CLOCK_BOOTTIME, 0, TIMER_ACCURACY, on_timer, watch);
        if (r < 0) {
                free(watch);
                return r;
        }
        (void) sd_event_source_set_description(watch->timer, "textwatch");
        watch->event = sd_event_ref(event);
        watch->handlers = *handlers;
        watch->fd = -1;
        watch->flush_at = USEC_INFINITY;
        watch->backoff = BACKOFF_MIN;
        strcpy(watch->path, socket_path);
        if (journalplace_is_cursor(cursor))
                strcpy(watch->cursor, cursor);
        arm(watch);
        *ret = watch;
        return 0;
}

Textwatch *textwatch_free(Textwatch *watch) {
        if (!watch)
                return NULL;
        sd_event_source_disable_unref(watch->io);
        sd_event_source_disable_unref(watch->timer);
        fd_closep(&watch->fd);
        while (watch->n_units > 0)
                textunits_remove(watch, watch->n_units - 1);
        sd_event_unref(watch->event);
        free(watch);
        return NULL;
}
