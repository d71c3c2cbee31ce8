/* Any text in the journal: what is taken as a witness names a unit or a cgroup that could be one, and is safe to show; what the
 * daemon and its helper take from each other reads back from what is written for it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "journaltalk.h"
#include "killertext.h"
#include "pid1text.h"
#include "utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
        if (!good)
                abort();
}

static void require_shown(const char *text) {
        uint32_t c;
        int n;

        for (; *text; text += n) {
                n = utf8_next(text, &c);
                require(n > 0 && utf8_is_printable(c));
        }
}

static void require_witness(const Witness *witness) {
        require_shown(witness->text);
        require_shown(witness->comm);
        require(witness->pid >= 0 && witness->status >= 0);
        require(!witness->unit[0] || unitname_type(witness->unit) != UNIT_NONE);
}

static void read_talk(const char *line) {
        char buf[JOURNALTALK_MAX];
        Talk talk, again;

        if (journaltalk_parse(line, &talk) < 0)
                return;
        require((size_t) journaltalk_format(&talk, buf) == strlen(buf));
        require(journaltalk_parse(buf, &again) == 0);
        require(again.kind == talk.kind && again.since == talk.since && util_streq(again.unit, talk.unit));
}

/* Lines, as a stream of each killer, and as the fields of a record one after another. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static KillerState killers[_KILLER_MAX];
        _cleanup_free_ char *text = calloc(1, size + 1);
        const char *fields[6] = {"", "", "", "", "", ""};
        char path[CGROUP_PATH_MAX], *rest = text, *line;
        Witness witness;
        size_t n = 0;
        Place place;

        memset(killers, 0, sizeof(killers));
        memcpy(text, data, size);
        while ((line = strsep(&rest, "\n"))) {
                read_talk(line);
                (void) journalplace_parse(line, &place);
                for (Killer killer = 0; killer < _KILLER_MAX; killer++)
                        if (killertext_feed(&killers[killer], killer, line, &witness, path) > 0) {
                                require_witness(&witness);
                                require(!path[0] || unitname_path_is_valid(path));
                        }
                fields[n++ % ELEMENTSOF(fields)] = line;
        }
        if (pid1text_read(&(Pid1Record){fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]}, &witness) > 0)
                require_witness(&witness);
        if (pid1text_suppressed(fields[0], fields[1], fields[2], &witness) > 0)
                require_witness(&witness);
        return 0;
}
