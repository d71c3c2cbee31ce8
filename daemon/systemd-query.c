/* Asks a service manager about a unit. Each property is a call of its own (GetAll would carry a hundred of them), sent
 * in one go; replies on one connection come in order, so this costs one round trip. */
#include "systemd-internal.h"

/* Where a type of unit keeps its properties, and which it has. */
static const struct {
        const char *suffix, *interface;
        bool has_cgroup, has_result, has_main_pid;
} types[] = {
        {".service", SYSTEMD_NAME ".Service", true, true, true},
        {".scope", SYSTEMD_NAME ".Scope", true, true, false},
        {".slice", SYSTEMD_NAME ".Slice", true, false, false},
        {".socket", SYSTEMD_NAME ".Socket", true, true, false},
        {".mount", SYSTEMD_NAME ".Mount", true, true, false},
        {".swap", SYSTEMD_NAME ".Swap", true, true, false},
};

static const struct {
        const char *name;
        bool of_type; /* on the interface of the unit's type, not on Unit */
} properties_table[] = {
        [PROPERTY_ACTIVE_STATE] = {"ActiveState", false},
        [PROPERTY_INVOCATION] = {"InvocationID", false},
        [PROPERTY_JOB] = {"Job", false},
        [PROPERTY_CONTROL_GROUP] = {"ControlGroup", true},
        [PROPERTY_RESULT] = {"Result", true},
        [PROPERTY_MAIN_PID] = {"MainPID", true},
};
static_assert(ELEMENTSOF(properties_table) == _PROPERTY_MAX, "one line a property");

static int type_of(const char *unit) {
        const char *dot = strrchr(unit, '.');

        for (size_t i = 0; dot && i < ELEMENTSOF(types); i++)
                if (util_streq(types[i].suffix, dot))
                        return (int) i;
        return -ENOENT;
}

bool query_has(const char *unit, Property property) {
        int type = type_of(unit);

        switch (property) {
        case PROPERTY_CONTROL_GROUP:
                return type >= 0 && types[type].has_cgroup;
        case PROPERTY_RESULT:
                return type >= 0 && types[type].has_result;
        case PROPERTY_MAIN_PID:
                return type >= 0 && types[type].has_main_pid;
        case PROPERTY_ACTIVE_STATE:
        case PROPERTY_INVOCATION:
        case PROPERTY_JOB:
                return true;
        case _PROPERTY_MAX:
        case _PROPERTY_INVALID:
                break;
        }
        return false;
}

static int read_text(sd_bus_message *reply, char *buf, size_t size) {
        const char *text;
        int r;

        r = sd_bus_message_read(reply, "v", "s", &text);
        if (r < 0)
                return r;
        if (strlen(text) >= size)
                return -ENAMETOOLONG;
        strcpy(buf, text);
        return 0;
}

static int read_property(sd_bus_message *reply, Property property, UnitState *state) {
        const char *path;

        switch (property) {
        case PROPERTY_ACTIVE_STATE:
                return read_text(reply, state->active, sizeof(state->active));
        case PROPERTY_INVOCATION:
                return property_read_invocation(reply, state->invocation);
        case PROPERTY_JOB:
                return sd_bus_message_read(reply, "v", "(uo)", &state->job, &path);
        case PROPERTY_CONTROL_GROUP:
                return read_text(reply, state->path, sizeof(state->path));
        case PROPERTY_RESULT:
                return read_text(reply, state->result, sizeof(state->result));
        case PROPERTY_MAIN_PID:
                return sd_bus_message_read(reply, "v", "u", &state->main_pid);
        case _PROPERTY_MAX:
        case _PROPERTY_INVALID:
                break;
        }
        return -EINVAL;
}

static int on_property(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Query **ask = userdata;
        Query *query = *ask;
        size_t property = ((size_t) ((char *) ask - (char *) query->asks)) / sizeof(query->asks[0]);
        char detail[DETAIL_MAX] = "";
        int r;

        (void) error;
        if (peer_is_closing(reply))
                return 0;
        query->asks[property].slot = sd_bus_slot_unref(query->asks[property].slot);
        query->n_pending--;
        if (sd_bus_message_is_method_error(reply, NULL))
                r = peer_error(reply, detail);
        else
                r = read_property(reply, (Property) property, &query->state);
        if (r < 0)
                query_cancel(query);
        if (r < 0 || query->n_pending == 0)
                query->answered(query, MIN(r, 0), detail);
        return 0;
}

static int ask_one(Query *query, Peer *peer, const char *object, const char *interface, Property property) {
        const char *where = properties_table[property].of_type ? interface : SYSTEMD_UNIT;
        int r;

        query->asks[property].query = query;
        r = sd_bus_call_method_async(peer->bus, &query->asks[property].slot, SYSTEMD_NAME, object,
                                     "org.freedesktop.DBus.Properties", "Get", on_property,
                                     &query->asks[property].query, "ss", where, properties_table[property].name);
        if (r < 0)
                return r;
        query->n_pending++;
        return 0;
}

int query_ask(Query *query, Peer *peer, const char *unit, unsigned properties, query_answered_t answered,
              void *userdata) {
        _cleanup_free_ char *object = NULL;
        int type = type_of(unit), r;

        query_cancel(query);
        query->state = (UnitState){0};
        query->answered = answered;
        query->userdata = userdata;
        r = sd_bus_path_encode(SYSTEMD_UNIT_PATH, unit, &object);
        for (Property p = 0; r >= 0 && p < _PROPERTY_MAX; p++)
                if ((properties & (1u << p)) && query_has(unit, p))
                        r = ask_one(query, peer, object, type >= 0 ? types[type].interface : NULL, p);
        if (r < 0)
                query_cancel(query);
        return MIN(r, 0);
}

void query_cancel(Query *query) {
        for (Property p = 0; p < _PROPERTY_MAX; p++)
                query->asks[p].slot = sd_bus_slot_unref(query->asks[p].slot);
        query->n_pending = 0;
}
