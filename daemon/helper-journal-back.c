/* Reads back what a muted unit wrote: another witness has spoken, and the text that goes with it stands somewhere in a flood:
 * right behind the time that he named, or at the end, when it was the end of the unit too. By a journal of its own, so that the
 * way ahead keeps its place. */
#include "helper-journal.h"

#define ENTRIES_MAX 200 /* in either place */
#define BYTES_MAX (128 * KIB)

static void journal_closep(sd_journal **journal) {
        if (*journal)
                sd_journal_close(*journal);
}

/* From the journal's present entry on, so many or until the text is too much. */
static int read_on(sd_journal *journal, Listener *listener, Followed *unit, int n, Entry *entry) {
        char cursor[CURSOR_MAX];
        size_t bytes = 0;
        int r = 1;

        for (int i = 0; r > 0 && i < n && bytes < BYTES_MAX; i++) {
                r = entry_read(journal, entry);
                if (r >= 0)
                        r = entry_place(journal, &entry->place, cursor);
                if (r >= 0) {
                        bytes += entry->n_message;
                        listener_read_back(listener, unit, entry);
                }
                r = sd_journal_next(journal);
        }
        return r;
}

static int read_from(sd_journal *journal, Listener *listener, Followed *unit, usec_t since, Entry *entry) {
        int r;

        r = sd_journal_seek_realtime_usec(journal, MAX(since, unit->seen.realtime));
        if (r < 0)
                return r;
        r = sd_journal_next(journal);
        return r <= 0 ? r : read_on(journal, listener, unit, ENTRIES_MAX, entry);
}

/* Goes back from the end, as far as it was not read and is allowed. Returns how many entries, of which the journal is then at
 * the first. */
static int go_back(sd_journal *journal, const Followed *unit, usec_t since) {
        char cursor[CURSOR_MAX];
        Place place;
        int i, r;

        r = sd_journal_seek_tail(journal);
        if (r < 0)
                return r;
        for (i = 0; i < ENTRIES_MAX; i++) {
                r = sd_journal_previous(journal);
                if (r <= 0)
                        return r < 0 ? r : i;
                r = entry_place(journal, &place, cursor);
                if (r < 0)
                        return r;
                if (place.realtime < since || !journalplace_is_after(&place, &unit->seen)) {
                        r = sd_journal_next(journal);
                        return r < 0 ? r : i;
                }
        }
        return i;
}

int journal_read_back(const char *directory, Listener *listener, Followed *unit, usec_t since, Entry *entry) {
        _cleanup_(journal_closep) sd_journal *journal = NULL;
        int r;

        r = journal_open(&journal, directory);
        if (r < 0)
                return r;
        r = journal_match_unit(journal, unit->name);
        if (r < 0)
                return r;
        r = read_from(journal, listener, unit, since, entry);
        if (r < 0)
                return r;
        r = go_back(journal, unit, since);
        return r <= 0 ? r : read_on(journal, listener, unit, r, entry);
}
