/* Action=: "signal SIGUSR1 main" -> an ActionSpec, appended to its rung. */
#include "conf-keys.h"

#include <signal.h>
#include <stdio.h>

#define BLANKS " \t"
#define TAKEN_MIN (100 * USEC_PER_MSEC)

typedef struct Form Form;
struct Form {
        /* The rest behind the verb. -EINVAL, -ERANGE, or -EBADMSG when it told what is wrong. */
        int (*parse)(const Form *form, char *rest, ActionSpec *spec, const ConfWhere *where);
        usec_t most; /* durations */
        const char *expected;
};

static int parse_nothing(const Form *form, char *rest, ActionSpec *spec, const ConfWhere *where) {
        (void) form;
        (void) spec;
        (void) where;
        return *rest ? -EINVAL : 0;
}

/* Neither can be handled by the service, and behind neither stands a budget or a timer. */
static int refuse_signal(int signo, const ConfWhere *where) {
        if (signo == SIGKILL)
                return conf_fail(where, "Action=signal SIGKILL would kill without a budget; expected Action=kill");
        if (signo == SIGSTOP)
                return conf_fail(where, "Action=signal SIGSTOP would stop for ever; expected Action=freeze DURATION");
        return 0;
}

static int parse_signal(const Form *form, char *rest, ActionSpec *spec, const ConfWhere *where) {
        char *target = rest + strcspn(rest, BLANKS);

        (void) form;
        if (*target) {
                *target++ = 0;
                target += strspn(target, BLANKS);
        }
        spec->signo = signal_parse(rest);
        if (spec->signo < 0)
                return spec->signo;
        spec->target = *target ? target_parse(target) : TARGET_MAIN;
        if (spec->target < 0)
                return spec->target;
        return refuse_signal(spec->signo, where);
}

static int parse_amount(const Form *form, char *rest, ActionSpec *spec, const ConfWhere *where) {
        int r;

        (void) form;
        (void) where;
        r = units_parse_level(rest, &spec->amount);
        if (r < 0)
                return r;
        return spec->amount.value < (spec->amount.percent ? 1 : PAGE_BYTES) ? -ERANGE : 0;
}

static int parse_duration(const Form *form, char *rest, ActionSpec *spec, const ConfWhere *where) {
        int r;

        (void) where;
        r = units_parse_duration(rest, &spec->duration);
        if (r < 0)
                return r;
        return spec->duration < TAKEN_MIN || spec->duration > form->most ? -ERANGE : 0;
}

/* A name that systemd can start: of a type that does something when started, and no template without its instance. */
static bool can_start(const char *name) {
        static const char *const types[] = {".service", ".target", ".timer", ".path", ".socket", ".mount"};
        const char *dot = strrchr(name, '.');

        if (!dot || dot == name || dot[-1] == '@' || name[0] == '@' || strlen(name) >= UNIT_NAME_MAX)
                return false;
        if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@")] != 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                if (util_streq(dot, types[i]))
                        return true;
        return false;
}

static int parse_unit(const Form *form, char *rest, ActionSpec *spec, const ConfWhere *where) {
        (void) form;
        (void) where;
        if (!can_start(rest))
                return -EINVAL;
        (void) snprintf(spec->unit, sizeof(spec->unit), "%s", rest);
        return 0;
}

static const Form forms[] = {
        [VERB_NOTIFY] = {parse_nothing, .expected = "notify alone"},
        [VERB_SIGNAL] = {parse_signal, .expected = "signal SIG [main|all|largest], such as signal SIGUSR1"},
        [VERB_RECLAIM] = {parse_amount, .expected = "reclaim SIZE from 4K or reclaim PERCENT, such as reclaim 10%"},
        [VERB_PRESSURE] = {parse_nothing, .expected = "pressure alone"},
        [VERB_THROTTLE] = {parse_duration, 10 * USEC_PER_MINUTE,
                           "throttle DURATION from 100ms to 10min, such as throttle 10s"},
        [VERB_FREEZE] = {parse_duration, USEC_PER_MINUTE, "freeze DURATION from 100ms to 1min, such as freeze 5s"},
        [VERB_START] = {parse_unit, .expected = "start UNIT with the unit's full name, such as start dump@api.service"},
        [VERB_RESTART] = {parse_nothing, .expected = "restart alone"},
        [VERB_STOP] = {parse_nothing, .expected = "stop alone"},
        [VERB_KILL] = {parse_nothing, .expected = "kill alone"},
};
static_assert(ELEMENTSOF(forms) == _VERB_MAX, "a verb has no form");

static const char *verb_at(unsigned i) {
        return i < _VERB_MAX ? verb_name((Verb) i) : NULL;
}

static int unknown_verb(const char *word, const ConfWhere *where) {
        char shown[CONF_SHOWN_MAX], hint[CONF_SHOWN_MAX];

        return conf_fail(where,
                         "Action=%s is no action that we know%s; expected notify, signal, reclaim, pressure, throttle, "
                         "freeze, start, restart, stop or kill",
                         conf_shorten(word, shown), conf_suggest(word, verb_at, hint));
}

static int parse_spec(const char *value, ActionSpec *ret, const ConfWhere *where) {
        ActionSpec spec = {.source = where->source};
        char text[CONF_LINE_MAX + 1], shown[CONF_SHOWN_MAX], *rest;
        int r;

        (void) snprintf(text, sizeof(text), "%s", value);
        rest = text + strcspn(text, BLANKS);
        if (*rest) {
                *rest++ = 0;
                rest += strspn(rest, BLANKS);
        }
        spec.verb = verb_parse(text);
        if (spec.verb < 0)
                return unknown_verb(text, where);
        r = forms[spec.verb].parse(&forms[spec.verb], rest, &spec, where);
        if (r == -EINVAL || r == -ERANGE)
                return conf_fail(where, "Action=%s is %s; expected %s", conf_shorten(value, shown),
                                 r == -ERANGE ? "out of range" : "not understood", forms[spec.verb].expected);
        if (r < 0)
                return r;
        *ret = spec;
        return 0;
}

int conf_parse_action(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        Rung *rung = &target->policy->rungs[target->rung];
        const ActionSpec *last = rung->n_actions > 0 ? &rung->actions[rung->n_actions - 1] : NULL;
        ActionSpec spec = {0};
        int r;

        (void) key;
        if (*value == 0) {
                rung->n_actions = 0;
                return 0;
        }
        r = parse_spec(value, &spec, where);
        if (r < 0)
                return r;
        if (rung->n_actions >= POLICY_ACTIONS_MAX)
                return conf_fail(where, "Action=%s is one too many; expected at most %d in a rung",
                                 verb_name(spec.verb), POLICY_ACTIONS_MAX);
        if (last && verb_is_disruptive(last->verb))
                return conf_fail(
                        where,
                        "Action=%s comes after Action=%s of the same rung; expected that to be the last (an empty "
                        "Action= drops those of earlier files)",
                        verb_name(spec.verb), verb_name(last->verb));
        rung->actions[rung->n_actions++] = spec;
        return 0;
}
