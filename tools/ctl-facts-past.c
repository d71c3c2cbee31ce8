/* What was: the file of learned peaks, and the incidents in the journal. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "ctl-archive.h"
#include "ctl-facts.h"
#include "ctl-text.h"
#include "fd.h"
#include "peaksfile.h"

/* "2026-11-21 12:00" */
static void say_when(uint64_t seconds, char ret[static FACT_WORD_MAX]) {
        char text[CTL_TIME_MAX];

        (void) snprintf(ret, FACT_WORD_MAX, "%.16s",
                        ctl_text_time(MIN(seconds, UINT64_MAX / USEC_PER_SEC) * USEC_PER_SEC, text));
}

void ctl_facts_learned(const Ctl *ctl, UnitFacts *unit) {
        _cleanup_close_ int fd = -1;
        char path[512];

        (void) snprintf(path, sizeof(path), "%s/var/lib/memguard", util_streq(ctl->root, "/") ? "" : ctl->root);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || peaksfile_find(fd, unit->path[0] ? unit->path : unit->name, &unit->learned) < 0)
                return;
        say_when(unit->learned.at, unit->peak_at);
        say_when(unit->learned.first, unit->first_at);
}

static int open_journal(const Ctl *ctl, sd_journal **ret) {
        if (ctl->directory)
                return sd_journal_open_directory(ret, ctl->directory, 0);
        if (!util_streq(ctl->root, "/"))
                return -ENOENT;
        return sd_journal_open(ret, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
}

static uint64_t now_usec(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t) now.tv_sec * USEC_PER_SEC;
}

static void count(const CtlIncident *incident, UnitFacts *unit) {
        Verdict verdict = verdict_parse(incident->verdict);

        unit->kills_unit += verdict == VERDICT_KERNEL_OOM_UNIT;
        unit->kills_above += verdict == VERDICT_KERNEL_OOM_ANCESTOR || verdict == VERDICT_KERNEL_OOM_HOST;
        unit->memory_errors += verdict == VERDICT_MEMORY_ERROR;
}

void ctl_facts_history(const Ctl *ctl, UnitFacts *unit) {
        _cleanup_(sd_journal_closep) sd_journal *journal = NULL;
        _cleanup_(ctl_incidents_done) CtlIncidents incidents = {};
        CtlQuery query = {.unit = unit->name,
                          .path = unit->path[0] ? unit->path : NULL,
                          .of_system = true,
                          .since = util_sub(now_usec(), FACTS_HISTORY_DAYS * 24 * 60 * USEC_PER_MINUTE)};
        uint64_t begin, bytes = 0;

        if (open_journal(ctl, &journal) < 0 || sd_journal_get_usage(journal, &bytes) < 0 || bytes == 0 ||
            ctl_archive_read(journal, &query, &incidents) < 0)
                return;
        begin = ctl_archive_begin(journal);
        unit->has_history = true;
        if (begin != UINT64_MAX)
                say_when(begin / USEC_PER_SEC, unit->history_since);
        for (size_t i = 0; i < incidents.n; i++)
                count(&incidents.items[i], unit);
}
