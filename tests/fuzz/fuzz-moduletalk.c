/* Anything that a service sends: a message or refused; what is taken is safe to show, and reads back from what is
 * written for it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "growth-source.h"
#include "moduletalk.h"
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

/* Beats of any numbers in any order: never a crash, always a sentence. */
static void feed_history(HeapHistory *history, const ModuleTalk *talk, usec_t *now) {
        GrowthSource judged;

        *now += talk->beat.items % (10 * USEC_PER_MINUTE);
        heap_note(history, (int) (talk->beat.queue % 12), *now, &talk->beat);
        growth_source_judge(history, &judged);
        require(judged.kind >= 0 && judged.kind < _GROWTH_SOURCE_MAX);
        require_shown(growth_source_sentence(&judged, (char[GROWTH_SOURCE_TEXT_MAX]){0}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *at = (const char *) data, *end = at + size;
        char buf[MODULETALK_MAX], written[MODULETALK_MAX];
        HeapHistory history = {0};
        ModuleTalk talk, again;
        usec_t now = 1;

        /* Messages with a 0 between. */
        for (const char *stop; at <= end && at; at = stop ? stop + 1 : NULL) {
                size_t n;

                stop = at < end ? memchr(at, 0, (size_t) (end - at)) : NULL;
                n = (size_t) ((stop ? stop : end) - at);
                if (moduletalk_parse(at, n, &talk) < 0)
                        continue;
                require_shown(talk.site);
                require_shown(talk.text);
                require_shown(talk.class);
                require_shown(talk.where);
                require_shown(talk.python);
                require_shown(talk.module);
                n = (size_t) moduletalk_format(&talk, buf);
                require(n < MODULETALK_MAX && moduletalk_parse(buf, n, &again) == 0);
                (void) moduletalk_format(&again, written);
                require(util_streq(buf, written));
                if (talk.kind == MODULETALK_BEAT)
                        feed_history(&history, &talk, &now);
        }
        return 0;
}
