/* What PID 1 says by itself: jobs that ended, units that changed, a reload. A daemon-reload floods us with UnitNew and
 * UnitRemoved for every unit; they are not listened to (the cgroup tree is watched by inotify), and what is asked about
 * changed units is coalesced: one look-up a unit at a time, and once more if it changed meanwhile. */
#include <stdio.h>

#include "systemd-internal.h"

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        (void) m;
        (void) error;
        peer_lost(userdata, -ECONNRESET);
        return 0;
}

/* On the system bus PID 1 comes and goes while our connection to the broker stays. */
static int on_owner(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *name, *old_owner, *new_owner, *sender = sd_bus_message_get_sender(m);
        Peer *peer = userdata;

        (void) error;
        if (!sender || !util_streq(sender, "org.freedesktop.DBus") ||
            sd_bus_message_read(m, "sss", &name, &old_owner, &new_owner) < 0)
                return 0;
        if (peer->state == PEER_READY && util_streq(name, SYSTEMD_NAME) && !util_streq(new_owner, peer->owner))
                peer_lost(peer, -ECONNRESET);
        return 0;
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *object, *unit, *result;
        Peer *peer = userdata;
        uint32_t id;

        (void) error;
        if (peer_sent(peer, m) && sd_bus_message_read(m, "uoss", &id, &object, &unit, &result) >= 0)
                job_removed(peer, id, result);
        return 0;
}

static int on_reloading(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Peer *peer = userdata;
        const SystemdHandlers *handlers = &peer->systemd->handlers;
        int begins;

        (void) error;
        if (!peer->is_user && peer_sent(peer, m) && sd_bus_message_read(m, "b", &begins) >= 0 && !begins &&
            handlers->reloaded)
                handlers->reloaded(handlers->userdata);
        return 0;
}

static void lookup_free(Lookup *lookup) {
        Systemd *systemd = lookup->systemd;

        query_cancel(&lookup->query);
        lookup->used = false;
        systemd->n_lookups--;
        if (systemd->n_lookups > 0 || !systemd->overflowed)
                return;
        systemd->overflowed = false;
        if (systemd->handlers.reloaded)
                systemd->handlers.reloaded(systemd->handlers.userdata);
}

static void on_looked_up(Query *query, int error, const char *detail);

static int ask(Lookup *lookup) {
        lookup->again = lookup->outdated = false;
        return query_ask(&lookup->query, &lookup->systemd->peers[0], lookup->unit,
                         1u << PROPERTY_ACTIVE_STATE | 1u << PROPERTY_INVOCATION | 1u << PROPERTY_CONTROL_GROUP,
                         on_looked_up, lookup);
}

/* A unit that is unknown has gone meanwhile: nothing to say. What was not answered is as good as what found no place.
 */
static void on_looked_up(Query *query, int error, const char *detail) {
        Lookup *lookup = query->userdata;
        const SystemdHandlers *handlers = &lookup->systemd->handlers;
        const UnitState *state = &query->state;

        (void) detail;
        if (error == -ETIMEDOUT)
                lookup->systemd->overflowed = true;
        if (error >= 0 && handlers->unit_changed && !lookup->outdated)
                handlers->unit_changed(handlers->userdata, lookup->unit, state->path, state->invocation, state->active);
        if (!lookup->used || (lookup->again && ask(lookup) >= 0))
                return;
        lookup_free(lookup);
}

static void look_up(Systemd *systemd, const char *unit) {
        Lookup *place = NULL;

        for (size_t i = 0; i < LOOKUPS_MAX; i++) {
                Lookup *lookup = &systemd->lookups[i];
                if (lookup->used && util_streq(lookup->unit, unit)) {
                        lookup->again = true;
                        return;
                }
                if (!lookup->used && !place)
                        place = lookup;
        }
        if (!place) {
                systemd->overflowed = true;
                return;
        }
        (void) snprintf(place->unit, sizeof(place->unit), "%s", unit);
        place->systemd = systemd;
        place->used = true;
        systemd->n_lookups++;
        if (ask(place) < 0)
                lookup_free(place);
}

void systemd_cgroup_came(Systemd *systemd, const char *unit) {
        for (size_t i = 0; i < LOOKUPS_MAX; i++) {
                Lookup *lookup = &systemd->lookups[i];
                if (lookup->used && util_streq(lookup->unit, unit))
                        lookup->again = lookup->outdated = true;
        }
}

/* FNV-1a */
uint64_t signal_hash(const char *text) {
        uint64_t hash = 14695981039346656037u;

        for (; *text; text++)
                hash = (hash ^ (uint8_t) *text) * 1099511628211u;
        return hash;
}

/* Has the unit changed its state since we last heard of it? A service that sets its status text ten times a second
 * sends as many signals. */
static bool is_news(Systemd *systemd, const char *unit, uint64_t stamp) {
        uint64_t hash = signal_hash(unit);
        Seen *seen = &systemd->seen[hash % SEEN_MAX];

        if (stamp != 0 && seen->hash == hash && seen->stamp == stamp)
                return false;
        *seen = (Seen){.hash = hash, .stamp = stamp};
        return true;
}

/* What the signal of a unit's Unit interface tells: 1 when it carries the state or the invocation of a unit that is up. */
static int read_change(sd_bus_message *m, UnitChange *ret) {
        static const Field fields[] = {
                FIELD(UnitChange, "ActiveState", "s", active),
                FIELD(UnitChange, "SubState", "s", sub),
                FIELD(UnitChange, "InvocationID", "ay", invocation),
                FIELD(UnitChange, "StateChangeTimestampMonotonic", "t", stamp),
        };
        UnitChange change = {0};
        unsigned found;
        int r;

        r = property_read_all(m, fields, ELEMENTSOF(fields), &change, &found);
        if (r < 0)
                return r;
        /* "auto-restart", and from systemd 254 on "auto-restart-queued" */
        change.is_restarting = strncmp(change.sub, "auto-restart", strlen("auto-restart")) == 0;
        *ret = change;
        if (!(found & 1))
                return !!(found & 4);
        return util_streq(change.active, "active") || util_streq(change.active, "activating") ||
               util_streq(change.active, "reloading");
}

static bool is_watched_type(const char *unit) {
        const char *dot = strrchr(unit, '.');

        return dot && strlen(unit) < UNIT_NAME_MAX &&
               (util_streq(dot, ".service") || util_streq(dot, ".scope") || util_streq(dot, ".slice"));
}

static void look_at_change(Systemd *systemd, const char *path, uint64_t stamp) {
        _cleanup_free_ char *unit = NULL;

        if (sd_bus_path_decode(path, SYSTEMD_UNIT_PATH, &unit) > 0 && is_watched_type(unit) &&
            is_news(systemd, unit, stamp))
                look_up(systemd, unit);
}

static int on_properties(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        const char *interface, *path = sd_bus_message_get_path(m);
        UnitChange change;
        Peer *peer = userdata;
        int r;

        (void) error;
        if (peer->is_user || peer->state != PEER_READY || !peer_sent(peer, m) ||
            sd_bus_message_read(m, "s", &interface) < 0)
                return 0;
        if (util_streq(interface, SYSTEMD_SERVICE))
                witness_hold(peer->systemd, m);
        if (!util_streq(interface, SYSTEMD_UNIT))
                return 0;
        r = read_change(m, &change);
        witness_release(peer->systemd, r >= 0 && witness_holds(peer->systemd, path) ? &change : NULL);
        if (r > 0)
                look_at_change(peer->systemd, path, change.stamp);
        return 0;
}

int signal_subscribe(Peer *peer) {
        static const struct {
                const char *sender, *interface, *member;
                sd_bus_message_handler_t handler;
        } matches[] = {
                {NULL, "org.freedesktop.DBus.Local", "Disconnected", on_disconnected},
                {SYSTEMD_NAME, SYSTEMD_MANAGER, "JobRemoved", on_job_removed},
                {SYSTEMD_NAME, SYSTEMD_MANAGER, "Reloading", on_reloading},
                {SYSTEMD_NAME, "org.freedesktop.DBus.Properties", "PropertiesChanged", on_properties},
        };
        int r;

        /* On a private connection messages have no sender, and these are local filters only. */
        for (size_t i = 0; i < ELEMENTSOF(matches); i++) {
                r = sd_bus_match_signal_async(peer->bus, NULL, peer->broker ? matches[i].sender : NULL, NULL,
                                              matches[i].interface, matches[i].member, matches[i].handler, NULL, peer);
                if (r < 0)
                        return r;
        }
        if (!peer->broker)
                return 0;
        return sd_bus_add_match_async(peer->bus, NULL,
                                      "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
                                      "member='NameOwnerChanged',arg0='" SYSTEMD_NAME "'",
                                      on_owner, NULL, peer);
}

void signal_forget_all(Systemd *systemd) {
        for (size_t i = 0; i < LOOKUPS_MAX; i++) {
                if (!systemd->lookups[i].used)
                        continue;
                query_cancel(&systemd->lookups[i].query);
                systemd->lookups[i].used = false;
        }
        systemd->n_lookups = 0;
        systemd->overflowed = false;
}
