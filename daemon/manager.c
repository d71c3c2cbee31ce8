/* The flow of events: queue -> engine -> actions, until the queue is empty. The queue makes it flat: an action that is
 * answered at once (a reading, a verb that fails) does not call the engine from within itself. */
#include "manager.h"

usec_t manager_now(const Manager *manager) {
        usec_t now = 0;

        (void) sd_event_now(manager->event, CLOCK_BOOTTIME, &now);
        return now;
}

/* The flight of events as text, for replay. At the bound it ends: the beginning is what explains the rest. */
static void trace(Manager *manager, const Event *event) {
        char line[EVENT_LINE_MAX + 1];
        int n;

        if (manager->trace_fd < 0 || manager->trace_bytes >= MANAGER_TRACE_BYTES_MAX)
                return;
        n = event_format(event, line);
        line[n++] = '\n';
        if (write(manager->trace_fd, line, (size_t) n) == n)
                manager->trace_bytes += (uint64_t) n;
}

/* A round of many readings takes many ticks. sd-event sends even a time that has passed through a timerfd, for which the loop
 * may fall asleep each time; where a deferred source is enabled it polls without sleeping. The ticks themselves are the
 * timer's, which takes its turn behind whatever came before it: of one priority, a deferred source would always be the first,
 * and nobody else be heard until the round is over. */
static void arm_timer(Manager *manager) {
        usec_t deadline = engine_next_deadline(manager->engine);
        bool overdue = deadline <= manager_now(manager);

        (void) sd_event_source_set_enabled(manager->overdue, overdue ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
        if (deadline == USEC_INFINITY) {
                (void) sd_event_source_set_enabled(manager->timer, SD_EVENT_OFF);
                return;
        }
        (void) sd_event_source_set_time(manager->timer, deadline);
        (void) sd_event_source_set_enabled(manager->timer, SD_EVENT_ONESHOT);
}

/* What is done comes before what is said: a service at its wire must not wait for the journal. */
static void step(Manager *manager, const Event *event) {
        const ActionList *actions = &manager->actions;

        manager->actions.n_items = 0;
        trace(manager, event);
        manager_flight_note(manager, event);
        (void) engine_step(manager->engine, event, &manager->actions);
        for (unsigned i = 0; i < actions->n_items; i++)
                if (actions->items[i].kind != ACTION_RECORD)
                        manager_carry_out(manager, &actions->items[i]);
        for (unsigned i = 0; i < actions->n_items; i++)
                if (actions->items[i].kind == ACTION_RECORD)
                        manager_carry_out(manager, &actions->items[i]);
        manager_flight_settle(manager);
}

unsigned manager_queue_room(const Manager *manager) {
        return (manager->queue_head + MANAGER_QUEUE - manager->queue_tail - 1) % MANAGER_QUEUE;
}

void manager_feed(Manager *manager, const Event *event) {
        unsigned next = (manager->queue_tail + 1) % MANAGER_QUEUE;

        if (manager->stopping)
                return;
        /* Only readings can come so many; one that is lost is asked for again. */
        if (next == manager->queue_head) {
                manager->n_dropped_events++;
                return;
        }
        manager->queue[manager->queue_tail] = *event;
        manager->queue_tail = next;
        if (manager->draining)
                return;
        manager->draining = true;
        while (manager->queue_head != manager->queue_tail) {
                Event first = manager->queue[manager->queue_head];

                manager->queue_head = (manager->queue_head + 1) % MANAGER_QUEUE;
                step(manager, &first);
        }
        manager->queue_head = manager->queue_tail = 0;
        manager->draining = false;
        manager_save_peaks_in_time(manager);
        arm_timer(manager);
}

static int on_overdue(sd_event_source *source, void *userdata) {
        Manager *manager = userdata;
        Event event = {.kind = EVENT_TICK, .time = manager_now(manager)};

        (void) source;
        manager_feed(manager, &event);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) usec;
        return on_overdue(source, userdata);
}

int manager_add_timers(Manager *manager) {
        int r;

        r = sd_event_add_time(manager->event, &manager->timer, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, on_timer, manager);
        if (r < 0)
                return r;
        (void) sd_event_source_set_enabled(manager->timer, SD_EVENT_OFF);
        r = sd_event_add_defer(manager->event, &manager->overdue, on_overdue, manager);
        if (r >= 0)
                r = sd_event_source_set_priority(manager->overdue, SD_EVENT_PRIORITY_IDLE);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(manager->overdue, SD_EVENT_OFF);
}
