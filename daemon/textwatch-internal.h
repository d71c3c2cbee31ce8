/* The two halves of textwatch: the connection and what comes over it, and the units that are wanted. */
#pragma once

#include "bucket.h"
#include "journaltalk.h"
#include "textwatch.h"

typedef struct WatchedText {
        char *name;
        bool is_told;     /* the helper follows it, as far as we know */
        bool has_left;    /* to be forgotten as soon as the helper has been told */
        usec_t leaves_at; /* when it will have left; 0 = it is wanted, or has left */
        usec_t read_from; /* CLOCK_REALTIME: to be read back from there; 0 = no */
} WatchedText;

struct Textwatch {
        sd_event *event;
        sd_event_source *timer, *io;
        WitnessHandlers handlers;
        char path[108];
        int fd; /* -1 = there is no connection */
        bool is_ready, is_changed;
        usec_t flush_at, try_at, backoff; /* USEC_INFINITY = never */
        Bucket lines;
        char cursor[CURSOR_MAX];
        WatchedText *units[TEXTWATCH_UNITS_MAX]; /* by name */
        unsigned n_units;
};

/* --- textwatch-line.c --- */

/* A line of the helper, which may be anybody's by now: 0, or -EINVAL for what it may not say; *ret_path and *ret only hold what
 * this kind of witness can know. */
int textline_witness(const char *line, usec_t now, char ret_path[static CGROUP_PATH_MAX], Witness *ret);

/* --- textwatch-units.c --- */

WatchedText *textunits_find(Textwatch *watch, const char *name);
/* Also when it is there already. -ENOSPC, -ENOMEM. */
int textunits_get(Textwatch *watch, const char *name, WatchedText **ret);
void textunits_remove(Textwatch *watch, unsigned i);
/* When the next one leaves, or USEC_INFINITY. */
usec_t textunits_next(const Textwatch *watch);
bool textunits_any_wanted(const Textwatch *watch);
