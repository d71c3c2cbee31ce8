/* Prints what PID 1's signals tell of services, one event line a witness, until it is ended: for looking at a real systemd.
 * Usage: watch-systemd [UNIT]: only this service's, and what systemd_service_facts() says of it after each end. */
#include <stdio.h>

#include "event.h"
#include "systemd.h"

typedef struct Watch {
        Systemd *systemd;
        sd_event *event;
        const char *unit;
} Watch;

static void answered(void *userdata, int error, const ServiceFacts *facts) {
        (void) userdata;
        if (error < 0)
                printf("# facts: %s\n", strerror(-error));
        else
                printf("# facts: result=%s pid=%u code=%d status=%d ended=%llu main_pid=%u n_restarts=%u oom_policy=%s "
                       "restart=%s stdout=%s stderr=%s namespace=%s as=%llu/%llu data=%llu/%llu\n",
                       facts->result, facts->pid, facts->code, facts->status, (unsigned long long) facts->ended,
                       facts->main_pid, facts->n_restarts, facts->oom_policy, facts->restart, facts->standard_output,
                       facts->standard_error, facts->log_namespace, (unsigned long long) facts->as_limit_soft,
                       (unsigned long long) facts->as_limit, (unsigned long long) facts->data_limit_soft,
                       (unsigned long long) facts->data_limit);
}

static void saw(void *userdata, const char *path, const Witness *witness) {
        static char line[EVENT_LINE_MAX];
        static Event event;
        Watch *watch = userdata;

        if (watch->unit && !util_streq(watch->unit, witness->unit))
                return;
        event = (Event){.kind = EVENT_WITNESS, .witness = *witness};
        (void) sd_event_now(watch->event, CLOCK_BOOTTIME, &event.time);
        (void) snprintf(event.path, sizeof(event.path), "%s", path);
        if (event_format(&event, line) >= 0)
                (void) puts(line);
        if (watch->unit && witness->fact == FACT_ENDED)
                (void) systemd_service_facts(watch->systemd, watch->unit, answered, watch);
}

static void reloaded(void *userdata) {
        (void) userdata;
        (void) puts("# reloaded");
}

static void connection(void *userdata, bool connected, int error) {
        (void) userdata;
        printf("# %s\n", connected ? "connected" : strerror(-error));
}

int main(int argc, char **argv) {
        Watch watch = {.unit = argc > 1 ? argv[1] : NULL};
        SystemdHandlers handlers = {&watch, NULL, reloaded, connection, saw};
        int r;

        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        r = sd_event_new(&watch.event);
        if (r >= 0)
                r = systemd_new(&watch.systemd, watch.event, "/run", &handlers);
        if (r >= 0)
                r = sd_event_loop(watch.event);
        systemd_free(watch.systemd);
        sd_event_unref(watch.event);
        return r < 0;
}
