/* What the helper may say. It reads hostile text, so it may have been taken over: it can lie about what services printed, which
 * they could themselves, and about what PID 1 said; it can't speak for the kernel, for a probe, or for us. */
#include <stdio.h>

#include "event.h"
#include "textwatch-internal.h"
#include "utf8.h"

#define SOURCE(kind) (1u << (kind))

static const unsigned may_say[_FACT_MAX] = {
        [FACT_MEMORY_ERROR] = SOURCE(WITNESS_JOURNAL),
        [FACT_NOT_MEMORY] = SOURCE(WITNESS_JOURNAL),
        [FACT_RUNTIME] = SOURCE(WITNESS_JOURNAL),
        [FACT_BLIND] = SOURCE(WITNESS_JOURNAL),
        [FACT_OOM_SAID] = SOURCE(WITNESS_SYSTEMD),
        [FACT_CLIENT_KILL] = SOURCE(WITNESS_SYSTEMD),
        [FACT_ENDED] = SOURCE(WITNESS_SYSTEMD),
        [FACT_USERSPACE] = SOURCE(WITNESS_SYSTEMD) | SOURCE(WITNESS_OOMD),
};

static bool may_be(const Event *event) {
        const Witness *witness = &event->witness;

        if (event->kind != EVENT_WITNESS || (may_say[witness->fact] & SOURCE(witness->source)) == 0)
                return false;
        if (witness->unit[0] && unitname_type(witness->unit) == UNIT_NONE)
                return false;
        /* An OOM killer may name a pid alone. */
        if (!event->path[0] && !witness->unit[0] && (witness->fact != FACT_USERSPACE || witness->pid == 0))
                return false;
        if (witness->invocation[0] && strspn(witness->invocation, "0123456789abcdef") != INVOCATION_MAX - 1)
                return false;
        return witness->pid >= 0 && witness->code >= 0 && witness->status >= 0;
}

int textline_witness(const char *line, usec_t now, char ret_path[static CGROUP_PATH_MAX], Witness *ret) {
        static Event event; /* too large for the stack of a handler within a handler */
        const Witness *said = &event.witness;
        Witness witness;
        int r;

        r = event_parse(line, &event);
        if (r < 0)
                return r;
        if (!may_be(&event))
                return -EINVAL;
        witness = (Witness){
                .source = said->source,
                .fact = said->fact,
                .at = MIN(said->at, now),
                .pid = said->pid,
                .code = said->code,
                .status = said->status,
                .weak = said->weak,
                .bytes = said->bytes,
        };
        memcpy(witness.invocation, said->invocation, sizeof(witness.invocation));
        memcpy(witness.unit, said->unit, sizeof(witness.unit));
        /* Cut where it does not fit. */
        (void) utf8_escape(said->comm, witness.comm, sizeof(witness.comm));
        (void) utf8_escape(said->word, witness.word, sizeof(witness.word));
        (void) utf8_escape(said->site, witness.site, sizeof(witness.site));
        (void) utf8_escape(said->text, witness.text, sizeof(witness.text));
        (void) snprintf(ret_path, CGROUP_PATH_MAX, "%s", event.path);
        *ret = witness;
        return 0;
}
