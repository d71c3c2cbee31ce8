/* See loop.h. Nothing in a turn is meant to wait. But whoever we are connected with may send descriptors, to a library that
 * takes them or lets the kernel drop them, and the last reference to a TCP socket lingers for as long as its owner has set.
 * Others have no hold on us there: a signal ends the lingering (seen on Linux 6.18). From 6.16 on SO_PASSRIGHTS=0 keeps
 * descriptors out; this is for the kernels before it, and for whatever else waits in a turn without our having thought of it. */
#include "loop.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#define LOOP_SIGNAL (SIGRTMIN + 1) /* the worker has the first one */
#define AGAIN (100 * USEC_PER_MSEC) /* the next call of the same turn may wait as well */

static void on_signal(int signo) {
        (void) signo; /* being delivered is all it is for */
}

static struct timespec timespec_of(usec_t time) {
        return (struct timespec){.tv_sec = (time_t) (time / USEC_PER_SEC), .tv_nsec = (long) (time % USEC_PER_SEC) * 1000};
}

/* Without SA_RESTART, so that the blocking call returns. */
static int new_timer(timer_t *ret) {
        struct sigaction action = {.sa_handler = on_signal};
        struct sigevent to = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = LOOP_SIGNAL};

        to._sigev_un._tid = gettid(); /* older C libraries have no other name for it */
        (void) sigemptyset(&action.sa_mask);
        if (sigaction(LOOP_SIGNAL, &action, NULL) < 0 || timer_create(CLOCK_MONOTONIC, &to, ret) < 0)
                return -errno;
        return 0;
}

static int turn(sd_event *event, timer_t timer) {
        const struct itimerspec limit = {.it_value = timespec_of(LOOP_TURN_MAX), .it_interval = timespec_of(AGAIN)};
        const struct itimerspec none = {};
        int r;

        r = sd_event_prepare(event);
        if (r == 0)
                r = sd_event_wait(event, UINT64_MAX);
        if (r <= 0)
                return r;
        (void) timer_settime(timer, 0, &limit, NULL);
        r = sd_event_dispatch(event);
        (void) timer_settime(timer, 0, &none, NULL);
        return r;
}

int loop_run(sd_event *event) {
        timer_t timer;
        int r, code;

        if (new_timer(&timer) < 0)
                return sd_event_loop(event);
        do
                r = turn(event, timer);
        while (r >= 0 && sd_event_get_state(event) != SD_EVENT_FINISHED);
        (void) timer_delete(timer);
        if (r < 0)
                return r;
        r = sd_event_get_exit_code(event, &code);
        return r < 0 ? r : code;
}
