/* The two tables of verbs: the real ones, and the dry run's, which only say what would have been done. */
#include <stdio.h>

#include "act-internal.h"

const ActTable act_real = {
        .verbs =
                {
                        [VERB_NOTIFY] = act_notify,
                        [VERB_SIGNAL] = act_signal,
                        [VERB_RECLAIM] = act_reclaim,
                        [VERB_PRESSURE] = act_pressure,
                        [VERB_THROTTLE] = act_throttle,
                        [VERB_FREEZE] = act_freeze,
                        [VERB_START] = act_start,
                        [VERB_RESTART] = act_restart,
                        [VERB_STOP] = act_stop,
                        [VERB_KILL] = act_kill,
                },
};

const ActTable act_dry = {
        .verbs =
                {
                        [VERB_NOTIFY] = act_note,
                        [VERB_SIGNAL] = act_note,
                        [VERB_RECLAIM] = act_note,
                        [VERB_PRESSURE] = act_note,
                        [VERB_THROTTLE] = act_note,
                        [VERB_FREEZE] = act_note,
                        [VERB_START] = act_note,
                        [VERB_RESTART] = act_note,
                        [VERB_STOP] = act_note,
                        [VERB_KILL] = act_note,
                },
};
static_assert(_VERB_MAX == 10, "both tables name every verb");

ACT_VERB(act_note) {
        char text[ACTION_TEXT_MAX], detail[ACT_DETAIL_MAX];

        (void) context;
        (void) snprintf(detail, sizeof(detail), "dry run: would have done %.100s",
                        action_spec_format(request->spec, text));
        return act_answer(done, userdata, DONE_PLAYED, detail);
}

/* The record of the rung is the notice. */
ACT_VERB(act_notify) {
        (void) context;
        (void) request;
        return act_answer(done, userdata, 0, "");
}
