/* memguardctl watch: records as they come, until a signal or the end of the daemon. */
#include <signal.h>
#include <systemd/sd-event.h>

#include "ctl-client.h"
#include "ctl-json.h"
#include "ctl-show.h"
#include "ctl-text.h"

/* A bus that is disconnected has left its event loop, so the loop can't be had from it. */
typedef struct Watching {
        Ctl *ctl;
        sd_event *event;
} Watching;

static int on_record(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        _cleanup_(json_decrefp) json_t *record = NULL;
        const Watching *watching = userdata;
        int r;

        (void) error;
        r = ctl_json_read(m, &record);
        if (r < 0)
                return r;
        if (watching->ctl->json)
                (void) ctl_json_print(record, /* pretty= */ false);
        else
                ctl_show_record(record, /* with_unit= */ true);

        /* Whoever reads us through a pipe wants each line at once; and when nobody can read any more, we are done. */
        if (fflush(stdout) != 0) {
                ctl_text_complain("The records can't be written: %s.", strerror(errno));
                return sd_event_exit(watching->event, CTL_REFUSED);
        }
        return 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const Watching *watching = userdata;

        (void) m;
        (void) error;
        ctl_text_complain(
                "memguardd closed the connection: it was stopped, or this program did not read fast enough. See: "
                "systemctl status memguardd");
        return sd_event_exit(watching->event, CTL_NO_DAEMON);
}

static int add_signals(sd_event *event) {
        sigset_t set;
        int r;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, SIGINT);
        (void) sigaddset(&set, SIGTERM);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        /* Without a handler a signal ends the loop with the userdata, which is 0. */
        r = sd_event_add_signal(event, NULL, SIGINT, NULL, NULL);
        if (r < 0)
                return r;
        return sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL);
}

/* Everything is in place before the daemon is asked, so that no record is missed. */
static int prepare(Watching *watching) {
        sd_bus *bus = watching->ctl->bus;
        int r;

        r = add_signals(watching->event);
        if (r < 0)
                return r;
        r = sd_bus_match_signal(bus, NULL, NULL, "/org/memguard1", "org.memguard1.Manager", "Record", on_record,
                                watching);
        if (r < 0)
                return r;
        return sd_bus_match_signal(bus, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                                   "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, watching);
}

CtlExit ctl_watch(Ctl *ctl, char **arguments) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        Watching watching = {.ctl = ctl};
        CtlExit status;
        int r;

        (void) arguments;
        status = ctl_client_open(ctl);
        if (status != CTL_DONE)
                return status;
        r = sd_event_default(&event);
        watching.event = event;
        if (r >= 0)
                r = prepare(&watching);
        if (r < 0)
                return ctl_client_complain(r, NULL);

        status = ctl_client_call(ctl, "Watch", NULL, NULL);
        if (status != CTL_DONE)
                return status;
        r = sd_bus_attach_event(ctl->bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_event_loop(event);
        return r < 0 ? ctl_client_complain(r, NULL) : (CtlExit) r;
}
