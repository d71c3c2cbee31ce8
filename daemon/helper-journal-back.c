/* Reads back what a muted unit wrote: another witness has spoken, and the text that goes with it stands somewhere near the end
 * of a flood. By a journal of its own, so that the way ahead keeps its place. */
#include "helper-journal.h"

#define ENTRIES_MAX 400
#define BYTES_MAX (256 * KIB)

static void journal_closep(sd_journal **journal) {
        if (*journal)
                sd_journal_close(*journal);
}

/* Goes back as far as is wanted and allowed. Returns how many entries, of which the journal is then at the first. */
static int go_back(sd_journal *journal, const Followed *unit, usec_t since) {
        char cursor[CURSOR_MAX];
        size_t bytes = 0, n;
        const void *data;
        Place place;
        int i, r;

        r = sd_journal_seek_tail(journal);
        if (r < 0)
                return r;
        for (i = 0; i < ENTRIES_MAX && bytes < BYTES_MAX; i++) {
                r = sd_journal_previous(journal);
                if (r < 0)
                        return r;
                if (r == 0)
                        return i;
                r = entry_place(journal, &place, cursor);
                if (r < 0)
                        return r;
                if (place.realtime < since || !journalplace_is_after(&place, &unit->seen)) {
                        r = sd_journal_next(journal);
                        return r < 0 ? r : i;
                }
                if (sd_journal_get_data(journal, "MESSAGE", &data, &n) >= 0)
                        bytes += n;
        }
        return i;
}

int journal_read_back(const char *directory, Listener *listener, Followed *unit, usec_t since, Entry *entry) {
        _cleanup_(journal_closep) sd_journal *journal = NULL;
        char cursor[CURSOR_MAX];
        int n, r;

        r = journal_open(&journal, directory);
        if (r < 0)
                return r;
        r = journal_match_unit(journal, unit->name);
        if (r < 0)
                return r;
        n = go_back(journal, unit, since);
        if (n <= 0)
                return n;
        for (int i = 0; i < n; i++) {
                r = entry_read(journal, entry);
                if (r >= 0)
                        r = entry_place(journal, &entry->place, cursor);
                if (r >= 0)
                        listener_read_back(listener, unit, entry);
                r = sd_journal_next(journal);
                if (r <= 0)
                        return r;
        }
        return 0;
}
