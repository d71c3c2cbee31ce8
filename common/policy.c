/* The words of the policy model, both ways, and its defaults. */
#include "policy.h"

#include <stdio.h>

static const char *const mode_names[] = {
        [MODE_OBSERVE] = "observe",
        [MODE_ACT] = "act",
};
static_assert(ELEMENTSOF(mode_names) == _MODE_MAX, "a mode has no name");

static const char *const preference_names[] = {
        [PREFERENCE_AVOID] = "avoid",
        [PREFERENCE_NORMAL] = "normal",
        [PREFERENCE_SACRIFICE] = "sacrifice",
};
static_assert(ELEMENTSOF(preference_names) == _PREFERENCE_MAX, "a preference has no name");

static const char *const target_names[] = {
        [TARGET_MAIN] = "main",
        [TARGET_ALL] = "all",
        [TARGET_LARGEST] = "largest",
};
static_assert(ELEMENTSOF(target_names) == _TARGET_MAX, "a signal target has no name");

static const char *const counted_names[] = {
        [COUNTED_HIGH] = "high",
        [COUNTED_MAX] = "max",
        [COUNTED_OOM_KILL] = "oom-kill",
        [COUNTED_MEMORY_ERROR] = "memory-error",
        [COUNTED_LIMIT_STALL] = "limit-stall",
};
static_assert(ELEMENTSOF(counted_names) == _COUNTED_MAX, "a counted event has no name");

static const char *const stalled_names[] = {
        [STALLED_SOME] = "some",
        [STALLED_FULL] = "full",
};
static_assert(ELEMENTSOF(stalled_names) == _STALLED_MAX, "a kind of stall has no name");

static const struct {
        const char *name;
        bool disruptive, reversible;
} verbs[] = {
        [VERB_NOTIFY] = {"notify", false, false},    [VERB_SIGNAL] = {"signal", false, false},
        [VERB_RECLAIM] = {"reclaim", false, false},  [VERB_PRESSURE] = {"pressure", false, false},
        [VERB_THROTTLE] = {"throttle", false, true}, [VERB_FREEZE] = {"freeze", false, true},
        [VERB_START] = {"start", false, false},      [VERB_RESTART] = {"restart", true, false},
        [VERB_STOP] = {"stop", true, false},         [VERB_KILL] = {"kill", true, false},
};
static_assert(ELEMENTSOF(verbs) == _VERB_MAX, "a verb is missing");

static const char *name_of(const char *const names[], int n_names, int i) {
        return i >= 0 && i < n_names ? names[i] : "unknown";
}

static int index_of(const char *const names[], int n_names, const char *text) {
        for (int i = 0; i < n_names; i++)
                if (util_streq(names[i], text))
                        return i;
        return -EINVAL;
}

const char *mode_name(Mode mode) {
        return name_of(mode_names, _MODE_MAX, mode);
}

const char *preference_name(Preference preference) {
        return name_of(preference_names, _PREFERENCE_MAX, preference);
}

const char *verb_name(Verb verb) {
        return verb >= 0 && verb < _VERB_MAX ? verbs[verb].name : "unknown";
}

const char *target_name(SignalTarget target) {
        return name_of(target_names, _TARGET_MAX, target);
}

const char *counted_name(Counted counted) {
        return name_of(counted_names, _COUNTED_MAX, counted);
}

const char *stalled_name(Stalled stalled) {
        return name_of(stalled_names, _STALLED_MAX, stalled);
}

Mode mode_parse(const char *text) {
        return index_of(mode_names, _MODE_MAX, text);
}

Preference preference_parse(const char *text) {
        return index_of(preference_names, _PREFERENCE_MAX, text);
}

Verb verb_parse(const char *text) {
        for (Verb i = 0; i < _VERB_MAX; i++)
                if (util_streq(verbs[i].name, text))
                        return i;
        return _VERB_INVALID;
}

SignalTarget target_parse(const char *text) {
        return index_of(target_names, _TARGET_MAX, text);
}

Counted counted_parse(const char *text) {
        return index_of(counted_names, _COUNTED_MAX, text);
}

bool verb_is_disruptive(Verb verb) {
        return verb >= 0 && verb < _VERB_MAX && verbs[verb].disruptive;
}

bool verb_is_reversible(Verb verb) {
        return verb >= 0 && verb < _VERB_MAX && verbs[verb].reversible;
}

const char *action_spec_format(const ActionSpec *spec, char buf[static ACTION_TEXT_MAX]) {
        const char *name = verb_name(spec->verb), *argument = "";
        char text[UNITS_TEXT_MAX];

        switch (spec->verb) {
        case VERB_SIGNAL:
                (void) snprintf(buf, ACTION_TEXT_MAX, "%s %s %s", name, signal_text(spec->signo),
                                target_name(spec->target));
                return buf;
        case VERB_RECLAIM:
                argument = units_format_level(&spec->amount, text);
                break;
        case VERB_THROTTLE:
        case VERB_FREEZE:
                argument = units_format_duration_conf(spec->duration, text);
                break;
        case VERB_START:
                argument = spec->unit;
                break;
        case VERB_NOTIFY:
        case VERB_PRESSURE:
        case VERB_RESTART:
        case VERB_STOP:
        case VERB_KILL:
        case _VERB_MAX:
        case _VERB_INVALID:
                break;
        }
        (void) snprintf(buf, ACTION_TEXT_MAX, "%s%s%s", name, *argument ? " " : "", argument);
        return buf;
}

static const Source built_in = {.file = -1};

void rung_init(Rung *rung, const char *name) {
        *rung = (Rung){
                .settle = 5 * USEC_PER_SEC,
                .usage_source = built_in,
                .time_source = built_in,
                .hold_source = built_in,
                .settle_source = built_in,
                .source = built_in,
        };
        (void) snprintf(rung->name, sizeof(rung->name), "%s", name);
}

void policy_init(Policy *policy) {
        *policy = (Policy){
                .mode = MODE_OBSERVE,
                .preference = PREFERENCE_NORMAL,
                .budget_count = 3,
                .budget_window = 60 * USEC_PER_MINUTE,
                .relax = 10 * USEC_PER_SEC,
                .mode_source = built_in,
                .preference_source = built_in,
                .budget_source = built_in,
                .loan_source = built_in,
                .relax_source = built_in,
                .uprobes = true,
                .journal = true,
                .failures_source = built_in,
                .uprobes_source = built_in,
                .journal_source = built_in,
        };
}

int policy_find_rung(const Policy *policy, const char *name) {
        for (unsigned i = 0; i < policy->n_rungs; i++)
                if (util_streq(policy->rungs[i].name, name))
                        return (int) i;
        return -ENOENT;
}

int policy_add_rung(Policy *policy, const char *name) {
        int i;

        i = policy_find_rung(policy, name);
        if (i >= 0)
                return i;
        if (policy->n_rungs >= POLICY_RUNGS_MAX)
                return -ENOSPC;
        rung_init(&policy->rungs[policy->n_rungs], name);
        return (int) policy->n_rungs++;
}
