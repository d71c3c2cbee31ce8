/* Asks PID 1 for what a verdict on a service needs to know. A property that this systemd doesn't have stays empty; that a
 * unit is not there, or that nobody answers, is an error. */
#include "systemd-internal.h"

static const Field fields[] = {
        FIELD(ServiceFacts, "LimitAS", "t", as_limit),
        FIELD(ServiceFacts, "LimitASSoft", "t", as_limit_soft),
        FIELD(ServiceFacts, "LimitDATA", "t", data_limit),
        FIELD(ServiceFacts, "LimitDATASoft", "t", data_limit_soft),
        FIELD(ServiceFacts, "OOMPolicy", "s", oom_policy),
        FIELD(ServiceFacts, "Restart", "s", restart),
        FIELD(ServiceFacts, "StandardOutput", "s", standard_output),
        FIELD(ServiceFacts, "StandardError", "s", standard_error),
        FIELD(ServiceFacts, "LogNamespace", "s", log_namespace),
        FIELD(ServiceFacts, "MainPID", "u", main_pid),
        FIELD(ServiceFacts, "NRestarts", "u", n_restarts),
        FIELD(ServiceFacts, "Result", "s", result),
        FIELD(ServiceFacts, "ExecMainCode", "i", code),
        FIELD(ServiceFacts, "ExecMainStatus", "i", status),
        FIELD(ServiceFacts, "ExecMainPID", "u", pid),
        FIELD(ServiceFacts, "ExecMainExitTimestampMonotonic", "t", ended), /* converted at the end */
};
static_assert(ELEMENTSOF(fields) == FACTS_FIELDS, "one ask a field");

static void cancel(Facts *facts) {
        for (size_t i = 0; i < FACTS_FIELDS; i++)
                facts->asks[i].slot = sd_bus_slot_unref(facts->asks[i].slot);
        facts->n_pending = 0;
        facts->used = false;
}

/* The place is free before done() is called, which may want it for the next one. */
static void finish(Facts *facts, int error) {
        ServiceFacts told = facts->facts;
        systemd_facts_t done = facts->done;
        void *userdata = facts->userdata;

        told.ended = systemd_boottime(facts->systemd, told.ended);
        cancel(facts);
        done(userdata, error, error < 0 ? NULL : &told);
}

static int on_fact(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Facts **ask = userdata, *facts = *ask;
        size_t field = ((size_t) ((char *) ask - (char *) facts->asks)) / sizeof(facts->asks[0]);
        char detail[DETAIL_MAX];
        int r;

        (void) error;
        if (peer_is_closing(reply))
                return 0;
        facts->asks[field].slot = sd_bus_slot_unref(facts->asks[field].slot);
        facts->n_pending--;
        if (!sd_bus_message_is_method_error(reply, NULL))
                r = property_read(reply, &fields[field], &facts->facts);
        else if (sd_bus_message_is_method_error(reply, SD_BUS_ERROR_UNKNOWN_PROPERTY))
                r = 0;
        else
                r = peer_error(reply, detail);
        if (r < 0 || facts->n_pending == 0)
                finish(facts, MIN(r, 0));
        return 0;
}

static int ask(Facts *facts, sd_bus *bus, const char *unit) {
        _cleanup_free_ char *object = NULL;
        int r;

        r = sd_bus_path_encode(SYSTEMD_UNIT_PATH, unit, &object);
        for (size_t i = 0; r >= 0 && i < FACTS_FIELDS; i++) {
                facts->asks[i].facts = facts;
                r = sd_bus_call_method_async(bus, &facts->asks[i].slot, SYSTEMD_NAME, object,
                                             "org.freedesktop.DBus.Properties", "Get", on_fact, &facts->asks[i].facts,
                                             "ss", SYSTEMD_SERVICE, fields[i].name);
                if (r >= 0)
                        facts->n_pending++;
        }
        return MIN(r, 0);
}

static Facts *find_place(Systemd *systemd) {
        for (size_t i = 0; i < FACTS_MAX; i++)
                if (!systemd->facts[i].used)
                        return &systemd->facts[i];
        return NULL;
}

int systemd_service_facts(Systemd *systemd, const char *unit, systemd_facts_t done, void *userdata) {
        const Peer *pid1 = &systemd->peers[0];
        const char *dot = strrchr(unit, '.');
        Facts *facts = find_place(systemd);
        int r;

        if (systemd->closing)
                return -ESHUTDOWN;
        if (!systemd_unit_is_valid(unit) || !dot || !util_streq(dot, ".service"))
                return -EINVAL;
        if (pid1->state != PEER_READY)
                return -ENOTCONN;
        if (!facts)
                return -EBUSY;
        *facts = (Facts){.systemd = systemd, .used = true, .done = done, .userdata = userdata};
        r = ask(facts, pid1->bus, unit);
        if (r < 0)
                cancel(facts);
        return r;
}

void facts_peer_lost(Systemd *systemd, int error) {
        for (size_t i = 0; i < FACTS_MAX; i++)
                if (systemd->facts[i].used)
                        finish(&systemd->facts[i], error);
}
