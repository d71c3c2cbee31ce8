/* Opens a journal and says what is wanted of it. All local files, not SD_JOURNAL_SYSTEM: a service with User=alice writes into
 * alice's file. */
#include <stdio.h>

#include "helper-journal.h"

int journal_open(sd_journal **ret, const char *directory) {
        sd_journal *journal;
        int r;

        if (directory)
                r = sd_journal_open_directory(&journal, directory, 0);
        else
                r = sd_journal_open(&journal, SD_JOURNAL_LOCAL_ONLY);
        if (r < 0)
                return r;
        r = sd_journal_set_data_threshold(journal, MESSAGE_MAX + 64);
        if (r < 0) {
                sd_journal_close(journal);
                return r;
        }
        *ret = journal;
        return 0;
}

int journal_match_unit(sd_journal *journal, const char *unit) {
        char match[UNIT_NAME_MAX + 32];

        (void) snprintf(match, sizeof(match), "_SYSTEMD_UNIT=%s", unit);
        return sd_journal_add_match(journal, match, 0);
}

int journal_match_others(sd_journal *journal) {
        int r;

        /* PID 1's request lines have no message id, so it is all of PID 1; it logs little. */
        r = sd_journal_add_match(journal, "_PID=1", 0);
        if (r < 0)
                return r;
        r = sd_journal_add_disjunction(journal);
        if (r < 0)
                return r;
        r = sd_journal_add_match(journal, "_TRANSPORT=driver", 0);
        if (r < 0)
                return r;
        r = sd_journal_add_disjunction(journal);
        if (r < 0)
                return r;
        for (size_t i = 0; killertext_unit(i); i++) {
                r = journal_match_unit(journal, killertext_unit(i));
                if (r < 0)
                        return r;
        }
        return 0;
}
