/* The journal, from where to where.
 *
 * sd-journal loses its place when its matches change. Reading then goes on by time, from a little before the moment up to which
 * all was read, or from where a new unit is wanted; what is met a second time is known by its place and left out, unit by
 * unit. Never sd_journal_seek_tail() for the way ahead:
 * with no match in the journal yet, it shows only the last entry of what comes then. */
#include <stdio.h>
#include <unistd.h>

#include "helper-journal.h"

#define ENTRIES_PER_WAKE 200
#define BACK (2 * USEC_PER_SEC)           /* further back than an entry takes to arrive, and a wish to reach us */
#define CATCH_UP_MAX (15 * USEC_PER_MINUTE) /* no older than this is what a cursor brings */
#define CURSOR_EVERY (60 * USEC_PER_SEC)  /* it is told with findings, and otherwise so often at most */

struct Reader {
        sd_event *event;
        sd_event_source *io, *work, *unmute;
        sd_journal *journal;
        const char *directory;
        Listener listener;
        Place start;  /* where the cursor of the daemon points, for the units of its first commit */
        char cursor[CURSOR_MAX], told_cursor[CURSOR_MAX];
        usec_t told_at;
        usec_t complete_until; /* CLOCK_REALTIME: all that was matched was read up to then */
        bool is_dirty;         /* units came or went since the last commit */
        bool is_due;           /* the matches must be made anew */
        bool is_open;          /* the first commit was applied */
        Entry entry;
};

static int fail(Reader *reader, const char *doing, int error) {
        fprintf(stderr, "The journal could not be read (%s: %s); the next client tries again.\n", doing, strerror(-error));
        (void) sd_event_exit(reader->event, 1);
        return 0;
}

static int go_on(Reader *reader) {
        return sd_event_source_set_enabled(reader->work, SD_EVENT_ON);
}

static int set_matches(Reader *reader) {
        const UnitTable *units = &reader->listener.units;
        int r;

        sd_journal_flush_matches(reader->journal);
        r = journal_match_others(reader->journal);
        for (unsigned i = 0; r >= 0 && i < units->n; i++)
                if (units->units[i]->muted_until == 0)
                        r = journal_match_unit(reader->journal, units->units[i]->name);
        return r;
}

static usec_t where_to_go_on(const Reader *reader) {
        const UnitTable *units = &reader->listener.units;
        usec_t from = util_sub(reader->complete_until, BACK);

        for (unsigned i = 0; i < units->n; i++) {
                const Followed *unit = units->units[i];

                if (unit->muted_until == 0 && unit->is_new)
                        from = MIN(from, unit->seen.realtime);
        }
        return from;
}

static int arm_unmute(Reader *reader) {
        const UnitTable *units = &reader->listener.units;
        usec_t next = USEC_INFINITY;
        int r;

        for (unsigned i = 0; i < units->n; i++)
                if (units->units[i]->muted_until > 0)
                        next = MIN(next, units->units[i]->muted_until);
        if (next == USEC_INFINITY)
                return sd_event_source_set_enabled(reader->unmute, SD_EVENT_OFF);
        r = sd_event_source_set_time(reader->unmute, next);
        return r < 0 ? r : sd_event_source_set_enabled(reader->unmute, SD_EVENT_ONESHOT);
}

static int apply(Reader *reader) {
        UnitTable *units = &reader->listener.units;
        usec_t from = where_to_go_on(reader);
        int r;

        r = set_matches(reader);
        if (r < 0)
                return r;
        r = sd_journal_seek_realtime_usec(reader->journal, from);
        if (r < 0)
                return r;
        for (unsigned i = 0; i < units->n; i++)
                if (units->units[i]->muted_until == 0)
                        units->units[i]->is_new = false;
        reader->is_due = reader->listener.has_muted = false;
        if (!reader->is_open)
                (void) client_say(reader->listener.client, &(Talk){.kind = TALK_READY});
        reader->is_open = true;
        return arm_unmute(reader);
}

/* Most of its lines of meanwhile stay unread, which muting has said. */
static int on_unmute(sd_event_source *source, uint64_t usec, void *userdata) {
        Place from = journalplace_at(util_sub(helper_now(CLOCK_REALTIME), BACK));
        Reader *reader = userdata;
        UnitTable *units = &reader->listener.units;

        (void) source;
        for (unsigned i = 0; i < units->n; i++) {
                Followed *unit = units->units[i];

                if (unit->muted_until == 0 || unit->muted_until > usec)
                        continue;
                unit->muted_until = 0;
                if (from.realtime > unit->seen.realtime)
                        unit->seen = from;
                unit->is_new = reader->is_due = true;
        }
        return go_on(reader);
}

/* --- Reading --- */

/* So far all has been said, and the next helper may begin here. */
static void tell_cursor(Reader *reader) {
        Talk talk = {.kind = TALK_CURSOR};
        usec_t now = helper_now(CLOCK_BOOTTIME);

        if (findings_is_pending(reader->listener.findings) || util_streq(reader->cursor, reader->told_cursor))
                return;
        if (!reader->listener.has_spoken && now - reader->told_at < CURSOR_EVERY)
                return;
        strcpy(talk.cursor, reader->cursor);
        if (client_say(reader->listener.client, &talk) < 0)
                return;
        strcpy(reader->told_cursor, reader->cursor);
        reader->told_at = now;
        reader->listener.has_spoken = false;
}

/* 1 when there was an entry. */
static int read_one(Reader *reader) {
        Entry *entry = &reader->entry;
        int r;

        r = sd_journal_next(reader->journal);
        if (r <= 0) {
                reader->complete_until = helper_now(CLOCK_REALTIME);
                return r;
        }
        r = entry_read(reader->journal, entry);
        if (r >= 0)
                r = entry_place(reader->journal, &entry->place, reader->cursor);
        if (r >= 0) {
                reader->complete_until = entry->place.realtime;
                listener_hear(&reader->listener, entry);
        }
        /* One that is damaged, or of another boot, is passed over. */
        return r >= 0 || r == -EBADMSG || r == -ESTALE || r == -ENOENT || r == -EADDRNOTAVAIL ? 1 : r;
}

static int on_work(sd_event_source *source, void *userdata) {
        Reader *reader = userdata;
        int r = 0;

        if (reader->is_due || (reader->is_open && reader->listener.has_muted))
                r = apply(reader);
        if (r < 0)
                return fail(reader, "seeking", r);
        r = reader->is_open;
        for (unsigned i = 0; r > 0 && i < ENTRIES_PER_WAKE && !reader->listener.has_muted; i++) {
                if (client_is_full(reader->listener.client))
                        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
                r = read_one(reader);
        }
        if (r < 0)
                return fail(reader, "reading", r);
        if (r > 0)
                return 0;
        if (reader->is_open)
                tell_cursor(reader);
        return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

static int on_journal(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Reader *reader = userdata;
        int r;

        (void) source;
        (void) fd;
        (void) revents;
        r = sd_journal_process(reader->journal);
        if (r < 0)
                return fail(reader, "waiting", r);
        return r == SD_JOURNAL_NOP ? 0 : go_on(reader);
}

/* --- What the daemon wants --- */

static void set_start(Reader *reader, const char *cursor) {
        usec_t now = helper_now(CLOCK_REALTIME), oldest = util_sub(now, CATCH_UP_MAX);
        Place place;

        if (reader->is_open || journalplace_parse(cursor, &place) < 0 || place.realtime > now)
                return;
        reader->start = place.realtime < oldest ? journalplace_at(oldest) : place;
}

static void commit(Reader *reader) {
        if (!reader->is_open) {
                reader->listener.killers_seen = reader->listener.strangers_seen = reader->start;
                if (reader->start.realtime > 0)
                        reader->listener.strangers_until = helper_now(CLOCK_REALTIME);
                reader->complete_until = util_add(reader->start.realtime, BACK);
                reader->is_dirty = true;
        }
        reader->is_due = reader->is_due || reader->is_dirty;
        reader->is_dirty = false;
}

/* What is not muted is read anyway, but for what was printed before it was followed. */
static void read_back(Reader *reader, const Talk *talk) {
        Followed *unit = unittable_find(&reader->listener.units, talk->unit);
        int r;

        if (unit && unit->muted_until == 0 && !unit->seen.sequence[0] && talk->since < unit->seen.realtime) {
                unit->seen = journalplace_at(talk->since);
                unit->is_new = reader->is_due = true;
        }
        if (!unit || unit->muted_until == 0)
                return;
        r = journal_read_back(reader->directory, &reader->listener, unit, talk->since, &reader->entry);
        if (r < 0)
                fprintf(stderr, "What %s wrote could not be read back: %s.\n", unit->name, strerror(-r));
}

static void on_told(void *userdata, const Talk *talk) {
        Reader *reader = userdata;
        UnitTable *units = &reader->listener.units;
        Place from = reader->start;

        if (reader->is_open)
                from = journalplace_at(util_sub(helper_now(CLOCK_REALTIME), BACK));
        switch (talk->kind) {
        case TALK_CURSOR:
                set_start(reader, talk->cursor);
                break;
        case TALK_FOLLOW:
                reader->is_dirty |= unittable_add(units, talk->unit, &from) >= 0;
                break;
        case TALK_UNFOLLOW:
                reader->is_dirty |= unittable_remove(units, talk->unit) >= 0;
                break;
        case TALK_COMMIT:
                commit(reader);
                break;
        case TALK_READ:
                read_back(reader, talk);
                break;
        case TALK_MUTED:
        case TALK_READY:
        case _TALK_KIND_MAX:
        case _TALK_KIND_INVALID:
                break; /* ours to say */
        }
        (void) go_on(reader);
}

/* It may come late, when the journal is quiet again. */
static void on_found(void *userdata, const char *path, const Witness *witness) {
        Reader *reader = userdata;

        listener_found(&reader->listener, path, witness);
        (void) go_on(reader);
}

static void on_drained(void *userdata) {
        (void) go_on(userdata);
}

static int watch(Reader *reader, sd_event *event) {
        int r;

        r = sd_journal_get_fd(reader->journal);
        if (r < 0)
                return r;
        r = sd_event_add_io(event, &reader->io, r, (uint32_t) sd_journal_get_events(reader->journal), on_journal, reader);
        if (r < 0)
                return r;
        r = sd_event_add_time(event, &reader->unmute, CLOCK_BOOTTIME, 0, USEC_PER_SEC, on_unmute, reader);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(reader->unmute, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_add_defer(event, &reader->work, on_work, reader);
        if (r < 0)
                return r;
        /* Commands and what waits to be sent go first: reading may go on for long. */
        r = sd_event_source_set_priority(reader->work, SD_EVENT_PRIORITY_IDLE);
        return r < 0 ? r : sd_event_source_set_enabled(reader->work, SD_EVENT_OFF);
}

static void reader_freep(Reader **reader) {
        reader_free(*reader);
}

int reader_new(Reader **ret, sd_event *event, const char *directory, int client_fd) {
        _cleanup_(reader_freep) Reader *reader = calloc(1, sizeof(Reader));
        int r;

        if (!reader) {
                (void) close(client_fd);
                return -ENOMEM;
        }
        reader->event = sd_event_ref(event);
        reader->directory = directory;
        reader->start = journalplace_at(util_sub(helper_now(CLOCK_REALTIME), BACK));
        r = client_new(&reader->listener.client, event, client_fd, &(ClientHandlers){reader, on_told, on_drained});
        if (r < 0)
                return r;
        r = findings_new(&reader->listener.findings, event, &(WitnessHandlers){reader, on_found});
        if (r < 0)
                return r;
        r = journal_open(&reader->journal, directory);
        if (r < 0)
                return r;
        r = watch(reader, event);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(reader);
        return 0;
}

Reader *reader_free(Reader *reader) {
        if (!reader)
                return NULL;
        sd_event_source_disable_unref(reader->io);
        sd_event_source_disable_unref(reader->work);
        sd_event_source_disable_unref(reader->unmute);
        if (reader->journal)
                sd_journal_close(reader->journal);
        findings_free(reader->listener.findings);
        client_free(reader->listener.client);
        unittable_clear(&reader->listener.units);
        sd_event_unref(reader->event);
        free(reader);
        return NULL;
}
