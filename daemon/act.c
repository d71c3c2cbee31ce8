/* See act.h. Dispatch, and the last line of defence: what must never be acted on is refused here too, whatever asked.
 */
#include "act-internal.h"

static ActPending pendings[ACT_PENDING_MAX];

ActPending *act_pending_new(act_done_t done, void *userdata) {
        for (size_t i = 0; i < ACT_PENDING_MAX; i++)
                if (!pendings[i].used) {
                        pendings[i] = (ActPending){.used = true, .done = done, .userdata = userdata};
                        return &pendings[i];
                }
        return NULL;
}

void act_pending_free(ActPending *pending) {
        pending->used = false;
}

void act_pending_done(void *userdata, int result, const char *detail) {
        ActPending pending = *(ActPending *) userdata;

        act_pending_free(userdata);
        pending.done(pending.userdata, result, 0, detail);
}

int act_answer(act_done_t done, void *userdata, int result, const char *detail) {
        done(userdata, result, 0, detail);
        return 0;
}

/* Does a verb touch the unit itself? A hook runs beside it. */
static bool touches(Verb verb) {
        switch (verb) {
        case VERB_NOTIFY:
        case VERB_START:
                return false;
        case VERB_SIGNAL:
        case VERB_RECLAIM:
        case VERB_PRESSURE:
        case VERB_THROTTLE:
        case VERB_FREEZE:
        case VERB_RESTART:
        case VERB_STOP:
        case VERB_KILL:
                return true;
        case _VERB_MAX:
        case _VERB_INVALID:
                break;
        }
        return true;
}

int act(const ActTable *table, const ActContext *context, const ActRequest *request, act_done_t done, void *userdata) {
        Verb verb = request->spec->verb;
        const char *reason;

        if (verb < 0 || verb >= _VERB_MAX)
                return -EINVAL;
        if (touches(verb)) {
                reason = unitname_protected(request->path);
                if (reason)
                        return act_answer(done, userdata, -EPERM, reason);
                if (request->dirfd < 0)
                        return act_answer(done, userdata, -ENODEV, "its cgroup is gone");
        }
        /* A wall that was to be put up must not come down on a goodbye. */
        if (verb_is_disruptive(verb))
                act_forget(request->path);
        return table->verbs[verb](context, request, done, userdata);
}
