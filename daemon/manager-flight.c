/* The flight recorder's part of the flow of events: what is worth recording, and when it is written. */
#include <stdio.h>

#include "journal.h"
#include "mainconf.h"
#include "manager.h"

static void both_clocks(const Manager *manager, FlightBegin *ret) {
        *ret = (FlightBegin){.boottime = manager_now(manager)};
        (void) sd_event_now(manager->event, CLOCK_REALTIME, &ret->realtime);
        snprintf(ret->boot, sizeof(ret->boot), "%.*s", (int) sizeof(ret->boot) - 1, manager->boot_id);
}

void manager_trace_begin(Manager *manager) {
        char line[FLIGHT_BEGIN_MAX + 1];
        FlightBegin now;
        int n;

        if (manager->trace_fd < 0)
                return;
        both_clocks(manager, &now);
        n = flight_begin_format(&now, line);
        line[n++] = '\n';
        if (write(manager->trace_fd, line, (size_t) n) == n)
                manager->trace_bytes += (uint64_t) n;
}

/* Its lack is no reason not to guard. */
void manager_flight_start(Manager *manager) {
        _cleanup_(conf_errors_done) ConfErrors errors = {};
        DaemonConf conf;
        FlightBegin now;
        int r;

        daemon_conf_init(&conf);
        r = mainconf_load(manager->options.root, &conf, &errors);
        for (unsigned i = 0; i < errors.n_items; i++)
                journal_log(3, "%s", errors.items[i].text);
        if (r < 0 && r != -EBADMSG)
                journal_log(3, "memguardd.conf can't be read (%s); the defaults are in force.", strerrordesc_np(-r));
        if (!conf.flight || manager->state_fd < 0)
                return;
        both_clocks(manager, &now);
        r = recorder_new(&manager->recorder, manager->state_fd, conf.flight_size, &now);
        if (r < 0)
                journal_log(4, "There is no flight recorder: its file can't be opened (%s).", strerrordesc_np(-r));
}

void manager_flight_run(Manager *manager) {
        if (manager->recorder)
                recorder_set_worker(manager->recorder, manager->worker);
}

/* A tick is no news by itself; what it led to is, and a replay needs it before that. */
static void note_tick(Manager *manager) {
        Event event = {.kind = EVENT_TICK, .time = manager->flight_tick};

        if (manager->flight_tick == 0)
                return;
        manager->flight_tick = 0;
        recorder_note(manager->recorder, &event);
}

static void note(Manager *manager, const Event *event) {
        if (manager->flight_tick == event->time)
                note_tick(manager);
        recorder_note(manager->recorder, event);
}

/* The reading before, where it was held back: without it the way from there to this one would look even. */
static void note_reading(Manager *manager, const Event *event) {
        Guarded *guarded = guarded_find(manager, event->path);
        Event before = {.kind = EVENT_SAMPLE};
        UnitView view;
        bool known = engine_get_unit(manager->engine, event->path, &view) == 0;
        FlightWorth worth = FLIGHT_RECORD;

        if (guarded)
                worth = flight_worth(&guarded->flight, known ? &view : NULL, &event->sample, event->time);
        if (worth == FLIGHT_LEAVE_OUT)
                return;
        if (worth == FLIGHT_RECORD_BOTH) {
                memcpy(before.path, event->path, sizeof(before.path));
                before.time = view.sample_time;
                before.sample = *view.sample;
                recorder_note(manager->recorder, &before);
        }
        note(manager, event);
}

void manager_flight_note(Manager *manager, const Event *event) {
        Guarded *guarded;

        if (!manager->recorder)
                return;
        if (event->kind == EVENT_TICK) {
                manager->flight_tick = event->time;
                return;
        }
        if (event->kind == EVENT_SAMPLE) {
                note_reading(manager, event);
                return;
        }
        if (!flight_allows(&manager->flight_claims, event)) {
                recorder_leave_out(manager->recorder);
                return;
        }
        guarded = event->kind == EVENT_START ? guarded_find(manager, event->path) : NULL;
        if (guarded)
                flight_mark(&guarded->flight, &event->start.sample, event->time);
        note(manager, event);
}

static bool is_urgent(const ActionList *actions) {
        for (unsigned i = 0; i < actions->n_items; i++)
                if (actions->items[i].kind == ACTION_DO ||
                    (actions->items[i].kind == ACTION_RECORD && record_priority(actions->items[i].record.kind) <= 4))
                        return true;
        return false;
}

static bool is_more_than_readings(const ActionList *actions) {
        for (unsigned i = 0; i < actions->n_items; i++)
                if (actions->items[i].kind != ACTION_SAMPLE)
                        return true;
        return false;
}

void manager_flight_settle(Manager *manager) {
        const ActionList *actions = &manager->actions;
        uint64_t realtime = 0;

        if (!manager->recorder)
                return;
        (void) sd_event_now(manager->event, CLOCK_REALTIME, &realtime);
        if (is_more_than_readings(actions))
                note_tick(manager);
        recorder_settle(manager->recorder, manager->engine, is_urgent(actions), manager_now(manager), realtime);
}

int manager_flight_write(void *userdata, char *detail) {
        Manager *manager = userdata;
        int r;

        if (!manager->recorder) {
                snprintf(detail, 512, "The flight recorder is off; see Flight= in memguardd.conf, and the journal of memguardd.");
                return -ENOENT;
        }
        r = recorder_write(manager->recorder);
        if (r == -EBUSY)
                return 0; /* it is being written just now */
        if (r < 0)
                snprintf(detail, 512, "The flight recorder can't write its file: %s.", strerrordesc_np(-r));
        return r;
}
