/* ListUnits(): every unit is read afresh, a few at a time, so that alarms are never kept waiting for a status. */
#include "api-priv.h"

/* A reading that is younger needs no other: several clients that ask at once cost one sweep. */
#define FRESH_USEC USEC_PER_SEC

static void list_drop(Api *api, unsigned i) {
        sd_bus_message_unref(api->lists[i].call);
        sd_bus_message_unref(api->lists[i].reply);
        api->n_lists--;
        memmove(&api->lists[i], &api->lists[i + 1], (api->n_lists - i) * sizeof(api->lists[0]));
        api->lists[api->n_lists] = (ApiList){};
}

void api_list_done(Api *api) {
        while (api->n_lists > 0)
                list_drop(api, api->n_lists - 1);
}

/* A list of two thousand units is 3 MiB. A client has one at a time: it must have read all that it asked for before. */
static bool may_have_list(const Api *api, sd_bus *bus) {
        uint64_t n_queued;

        for (unsigned i = 0; i < api->n_lists; i++)
                if (sd_bus_message_get_bus(api->lists[i].call) == bus)
                        return false;
        return api->n_lists < API_CLIENTS_MAX && sd_bus_get_n_queued_write(bus, &n_queued) >= 0 && n_queued == 0;
}

int api_list_begin(Api *api, sd_bus_message *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        if (!may_have_list(api, sd_bus_message_get_bus(call)))
                return -EBUSY;
        r = sd_bus_message_new_method_return(call, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(api->sweep, SD_EVENT_ON);
        if (r < 0)
                return r;

        api->lists[api->n_lists++] = (ApiList){.call = sd_bus_message_ref(call), .reply = TAKE_PTR(reply)};
        return 0;
}

/* Appends one unit. Reading it is a step of the engine, which ends the view, so it is looked at twice. */
static int put_fresh(Api *api, sd_bus_message *reply, UnitView *view, usec_t now) {
        const ApiHandlers *handlers = &api->handlers;
        char path[CGROUP_PATH_MAX];

        if (util_sub(now, view->sample_time) >= FRESH_USEC) {
                memcpy(path, view->path, strlen(view->path) + 1);
                (void) handlers->refresh(handlers->userdata, path);
                if (engine_get_unit(handlers->engine(handlers->userdata), path, view) < 0)
                        return 0; /* it has ended */
        }
        return api_put_unit(api, reply, view, /* detail= */ false);
}

/* Returns 1 when the list is complete. */
static int list_step(Api *api, ApiList *list) {
        usec_t now;
        int r;

        r = sd_event_now(api->event, CLOCK_BOOTTIME, &now);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < API_SWEEP_STEP; i++) {
                UnitView view;

                if (engine_next_unit(api->handlers.engine(api->handlers.userdata), &list->iterator, &view) <= 0)
                        return 1;
                r = put_fresh(api, list->reply, &view, now);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int list_send(ApiList *list) {
        int r;

        r = sd_bus_message_close_container(list->reply);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, list->reply, NULL);
}

int api_list_dispatch(sd_event_source *source, void *userdata) {
        Api *api = userdata;
        int r;

        if (api->n_lists == 0)
                return sd_event_source_set_enabled(source, SD_EVENT_OFF);

        r = list_step(api, &api->lists[0]);
        if (r == 0)
                return 0;
        if (r > 0)
                r = list_send(&api->lists[0]);
        if (r < 0) /* also when the client has gone meanwhile, where this fails in turn */
                (void) sd_bus_reply_method_errnof(api->lists[0].call, r, "The list of units could not be made: %s.",
                                                  strerror(-r));
        list_drop(api, 0);
        return 0;
}
