/* What an entry tells us. Three kinds of speakers: PID 1 and journald about a unit, userspace killers about their victims, and
 * the units themselves. Who speaks is decided by the journal's own fields alone. */
#include <stdio.h>

#include "helper-journal.h"

/* A service that logs more than this is read no further for a while: nobody may make us burn the CPU that he saves by not
 * crashing. A traceback is a few dozen lines. */
#define LINES_RATE 300
#define LINES_BURST 3000
#define FINDINGS_RATE 5
#define FINDINGS_BURST 50
#define MUTED_TIME USEC_PER_MINUTE

static void say(Listener *listener, const char *path, const Witness *witness) {
        if (client_witness(listener->client, path, witness) >= 0)
                listener->has_spoken = true;
}

static void mute(Listener *listener, Followed *unit) {
        Talk talk = {.kind = TALK_MUTED};

        if (unit->muted_until > 0)
                return;
        unit->muted_until = helper_now(CLOCK_BOOTTIME) + MUTED_TIME;
        listener->has_muted = true;
        (void) snprintf(talk.unit, sizeof(talk.unit), "%s", unit->name);
        (void) client_say(listener->client, &talk);
}

/* Where the journal can't tell, the unit's name is all there is. */
static const char *path_of(const Entry *entry) {
        return entry->cgroup[0] && unitname_path_is_valid(entry->cgroup) ? entry->cgroup : "";
}

static bool is_new(Place *seen, const Entry *entry) {
        if (!journalplace_is_after(&entry->place, seen))
                return false;
        *seen = entry->place;
        return true;
}

/* What systemd said of a unit; of one that is not followed, only what the daemon was not there to hear. */
static void pass_on(Listener *listener, const Entry *entry, Witness *witness) {
        Followed *unit = unittable_find(&listener->units, witness->unit);

        if (!unit && entry->place.realtime >= listener->strangers_until)
                return;
        if (!is_new(unit ? &unit->said : &listener->strangers_seen, entry))
                return;
        witness->at = entry->at;
        say(listener, "", witness);
}

static void hear_systemd(Listener *listener, const Entry *entry) {
        const Pid1Record record = {
                .message_id = entry->message_id,
                .message = entry->message,
                .unit = entry->about,
                .invocation = entry->about_invocation,
                .exit_code = entry->exit_code,
                .exit_status = entry->exit_status,
        };
        Witness witness;

        if (pid1text_read(&record, &witness) > 0)
                pass_on(listener, entry, &witness);
}

static void hear_journald(Listener *listener, const Entry *entry) {
        Witness witness;

        if (pid1text_suppressed(entry->message_id, entry->message, entry->about_object, &witness) > 0)
                pass_on(listener, entry, &witness);
}

static void hear_killer(Listener *listener, Killer killer, const Entry *entry) {
        char path[CGROUP_PATH_MAX];
        Witness witness;

        if (!is_new(&listener->killers_seen, entry))
                return;
        if (killertext_feed(&listener->killers[killer], killer, entry->message, &witness, path) > 0) {
                witness.at = entry->at;
                say(listener, path, &witness);
        }
}

void listener_read_back(Listener *listener, Followed *unit, const Entry *entry) {
        if (is_new(&unit->seen, entry))
                findings_feed(listener->findings, path_of(entry), entry);
}

/* The bucket goes by the time of the entries: what is read late was not written fast. */
static void hear_unit(Listener *listener, Followed *unit, const Entry *entry) {
        if (unit->muted_until > 0 || !is_new(&unit->seen, entry))
                return;
        if (bucket_take(&unit->lines, LINES_RATE, LINES_BURST, entry->place.realtime))
                findings_feed(listener->findings, path_of(entry), entry);
        else
                mute(listener, unit);
}

void listener_hear(Listener *listener, const Entry *entry) {
        Killer killer = killertext_of(entry->unit);
        Followed *unit;

        if (entry->pid == 1)
                hear_systemd(listener, entry);
        if (util_streq(entry->transport, "driver"))
                hear_journald(listener, entry);
        if (killer != _KILLER_INVALID)
                hear_killer(listener, killer, entry);
        unit = entry->unit[0] ? unittable_find(&listener->units, entry->unit) : NULL;
        if (unit)
                hear_unit(listener, unit, entry);
}

void listener_found(Listener *listener, const char *path, const Witness *witness) {
        Followed *unit = unittable_find(&listener->units, witness->unit);
        Witness copy = *witness;

        /* Its stream may outlive our interest. */
        if (!unit)
                return;
        if (!bucket_take(&unit->findings, FINDINGS_RATE, FINDINGS_BURST, witness->at)) {
                mute(listener, unit);
                return;
        }
        /* One of the two names it. */
        if (path[0])
                copy.unit[0] = 0;
        say(listener, path, &copy);
}
