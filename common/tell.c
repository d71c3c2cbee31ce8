/* Every sentence that memguard says about a unit. Numbers carry units; the reader is an operator at three in the morning. */
#include <stdarg.h>
#include <stdio.h>

#include "unit.h"

static Record *record_new(const Step *step, const Unit *unit, RecordKind kind) {
        Action *action = step_action(step, unit, ACTION_RECORD);
        Record *record = &action->record;

        record->kind = kind;
        record->latency = USEC_INFINITY;
        record->freed = BYTES_INFINITY;
        memcpy(record->invocation, unit->invocation, sizeof(record->invocation));
        if (unit->policy && unit->ladder.rung >= 0 && (unsigned) unit->ladder.rung < unit->policy->n_rungs)
                memcpy(record->rung, unit->policy->rungs[unit->ladder.rung].name, sizeof(record->rung));
        return record;
}

/* A cgroup that is no unit has only its path to tell it from others. */
static const char *name_of(const Unit *unit) {
        const char *name = unitname_of_path(unit->path);

        return unitname_type(name) == UNIT_NONE ? unit->path : name;
}

static _printf_(2, 3) void say(Record *record, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        vsnprintf(record->text, sizeof(record->text), format, ap);
        va_end(ap);
}

static void set_word(char *dest, size_t size, const char *word) {
        snprintf(dest, size, "%s", word);
}

#define SET(record, field, word) set_word((record)->field, sizeof((record)->field), word)

static void set_action(Record *record, const ActionSpec *spec) {
        char text[ACTION_TEXT_MAX];

        SET(record, action, action_spec_format(spec, text));
}

/* "136.2M, 90 % of its limit of 150M" */
static const char *describe_usage(const Sample *sample, char *buf, size_t size) {
        char used[UNITS_TEXT_MAX], limit[UNITS_TEXT_MAX];

        units_format_bytes(sample->working_set, used);
        if (sample->limit == BYTES_INFINITY || sample->limit == 0)
                snprintf(buf, size, "%s", used);
        else
                snprintf(buf, size, "%s, %u %% of its limit of %s", used,
                         (unsigned) ((__uint128_t) sample->working_set * 100 / sample->limit),
                         units_format_bytes(sample->limit, limit));
        return buf;
}

/* The limit is left out: at the beginning of a run systemd has often not written it yet. */
void tell_armed(const Step *step, const Unit *unit) {
        Record *record = record_new(step, unit, RECORD_ARMED);
        static const char *const how[] = {
                [WATCH_NONE] = "its events and its pressure",
                [WATCH_WIRE] = "a wire at the next level",
                [WATCH_TIMER] = "timer",
        };
        static_assert(ELEMENTSOF(how) == _WATCH_MAX, "a watch has no words");

        SET(record, result, watch_name(unit->watch));
        say(record, "%s is guarded, watched by %s.", name_of(unit), how[unit->watch]);
}

void tell_cache(const Step *step, const Unit *unit) {
        Record *record = record_new(step, unit, RECORD_CACHE);
        char used[96], cache[UNITS_TEXT_MAX];

        SET(record, reason, "cache");
        say(record,
            "Only cache (%s) keeps %s at its wire, while its working set is %s. The wire is taken away and the unit is read "
            "by timer until the cache has gone.",
            units_format_bytes(util_sub(unit->sample.current, unit->sample.working_set), cache), name_of(unit),
            describe_usage(&unit->sample, used, sizeof(used)));
}

void tell_rearmed(const Step *step, const Unit *unit) {
        Record *record = record_new(step, unit, RECORD_REARMED);
        char theirs[UNITS_TEXT_MAX], wire[UNITS_TEXT_MAX];

        if (unit->placed != BYTES_INFINITY)
                say(record, "MemoryHigh= of %s was set to %s by somebody else; the wire is back at %s below it.",
                    name_of(unit), units_format_bytes(unit->operator_high, theirs),
                    units_format_bytes(unit->placed, wire));
        else
                say(record, "MemoryHigh= of %s was set to %s by somebody else, and is respected.", name_of(unit),
                    units_format_bytes(unit->operator_high, theirs));
}

/* Which of the rung's conditions brought it about. */
static void describe_cause(const Step *step, const Unit *unit, int rung, char *buf, size_t size) {
        const Policy *policy = unit->policy;
        Growth growth = unit_growth(unit, step->now);
        char used[96], a[UNITS_TEXT_MAX], b[UNITS_TEXT_MAX], rate[GROWTH_RATE_MAX];

        for (unsigned i = 0; i < policy->n_events; i++) {
                const EventCondition *event = &policy->events[i];

                if (event->rung == (unsigned) rung &&
                    counter_sum(&unit->counters[i], event->window, step->now) >= MAX(event->count, 1)) {
                        /* Two are judged, not the kernel's own counts. */
                        snprintf(buf, size, "%s%s at least %u time%s in %s",
                                 event->what >= COUNTED_MEMORY_ERROR ? "there was a " : "memory.events counted ",
                                 counted_name(event->what), event->count, event->count == 1 ? "" : "s",
                                 units_format_duration(event->window, a));
                        return;
                }
        }
        for (unsigned i = 0; i < policy->n_pressures; i++) {
                const PressureCondition *pressure = &policy->pressures[i];

                if (pressure->rung == (unsigned) rung && meter_holds(&unit->meters[i], pressure->window, step->now)) {
                        snprintf(buf, size, "it stalled for memory (%s) for at least %s in %s", stalled_name(pressure->what),
                                 units_format_duration(pressure->stall, a),
                                 units_format_duration(pressure->window, b));
                        return;
                }
        }
        if (policy->rungs[rung].time_to_limit > 0 && growth.class == GROWTH_LEAK &&
            growth.time_to_limit <= policy->rungs[rung].time_to_limit) {
                snprintf(buf, size, "it leaks %s and reaches its limit in %s; its working set is %s",
                         growth_format_rate(growth.slope, rate), units_format_duration(growth.time_to_limit, a),
                         describe_usage(&unit->sample, used, sizeof(used)));
                return;
        }
        snprintf(buf, size, "its working set is %s", describe_usage(&unit->sample, used, sizeof(used)));
}

/* Whether this rung itself is reached, rather than a later one that is climbed to step by step. */
static bool holds_itself(const Unit *unit, int rung, usec_t now) {
        return judge_conditions(unit, now).firing & (1U << rung);
}

static void describe_jump(const Unit *unit, const LadderStep *move, char *buf, size_t size) {
        const Policy *policy = unit->policy;
        int n = 0;

        buf[0] = 0;
        if (move->move != MOVE_JUMP)
                return;
        if (move->verify_skipped)
                n = snprintf(buf, size, " Emergency: the verify of rung '%s' was skipped.", policy->rungs[move->from].name);
        if (move->rung > move->from + 1)
                snprintf(buf + n, size - (size_t) n, " Emergency: %d rung%s before it %s left out.",
                         move->rung - move->from - 1, move->rung - move->from > 2 ? "s" : "",
                         move->rung - move->from > 2 ? "were" : "was");
}

void tell_rung(const Step *step, const Unit *unit, const LadderStep *move, bool drill) {
        Record *record = record_new(step, unit, RECORD_RUNG);
        char cause[256], jump[160];
        const char *rung = unit->policy->rungs[move->rung].name;

        describe_jump(unit, move, jump, sizeof(jump));
        SET(record, result, move->move == MOVE_JUMP ? "emergency" : move->anew ? "again" : "taken");
        SET(record, rung, rung);
        if (drill) {
                SET(record, reason, "drill");
                say(record, "%s: rung '%s' is taken as a drill.", name_of(unit), rung);
                return;
        }
        if (holds_itself(unit, move->rung, step->now))
                describe_cause(step, unit, move->rung, cause, sizeof(cause));
        else
                snprintf(cause, sizeof(cause), "a later rung's condition holds, and this one comes before it");
        say(record, "%s reached rung '%s'%s: %s.%s", name_of(unit), rung, move->anew ? " again" : "", cause, jump);
}

void tell_verified(const Step *step, const Unit *unit) {
        Record *record = record_new(step, unit, RECORD_VERIFIED);
        const char *rung = unit->policy->rungs[unit->ladder.rung].name;
        uint64_t fell = util_sub(unit->taken_at, unit->sample.working_set);
        /* A later rung's condition counts too: this one was to prevent it. */
        bool holds = judge_conditions(unit, step->now).firing >> unit->ladder.rung;
        char used[96], bytes[UNITS_TEXT_MAX], settle[UNITS_TEXT_MAX];

        describe_usage(&unit->sample, used, sizeof(used));
        units_format_duration(unit->policy->rungs[unit->ladder.rung].settle, settle);
        record->freed = fell;
        SET(record, result, holds ? "no-help" : "helped");
        if (!holds)
                say(record, "Rung '%s' helped %s: after %s its working set is %s (%s less).", rung, name_of(unit), settle,
                    used, units_format_bytes(fell, bytes));
        else
                say(record, "Rung '%s' did not help %s enough: after %s its working set is %s (%s less).", rung,
                    name_of(unit), settle, used, units_format_bytes(fell, bytes));
}

void tell_relaxed(const Step *step, const Unit *unit, const LadderStep *move) {
        Record *record = record_new(step, unit, RECORD_RELAXED);
        char used[96], calm[UNITS_TEXT_MAX];
        const char *from = unit->policy->rungs[move->from].name;

        describe_usage(&unit->sample, used, sizeof(used));
        units_format_duration(unit->policy->relax, calm);
        SET(record, rung, from);
        SET(record, result, move->rung < 0 ? "calm" : "lower");
        say(record, "%s left rung '%s': its conditions have been clear for %s; its working set is %s.", name_of(unit), from,
            calm, used);
}

void tell_hold(const Step *step, const Unit *unit, int rung) {
        Record *record = record_new(step, unit, RECORD_WITHHELD);
        char cause[256], hold[UNITS_TEXT_MAX];

        describe_cause(step, unit, rung, cause, sizeof(cause));
        SET(record, rung, unit->policy->rungs[rung].name);
        SET(record, result, "withheld");
        SET(record, reason, "hold");
        say(record, "%s: rung '%s' waits for its Hold=%s: %s.", name_of(unit), unit->policy->rungs[rung].name,
            units_format_duration_conf(unit->policy->rungs[rung].hold, hold), cause);
}

void tell_withheld(const Step *step, const Unit *unit, const ActionSpec *spec, const Refusal *refusal) {
        bool budget = util_streq(refusal->word, "budget");
        Record *record = record_new(step, unit, budget ? RECORD_BUDGET : RECORD_WITHHELD);
        char used[96];

        set_action(record, spec);
        SET(record, result, "withheld");
        SET(record, reason, refusal->word);
        say(record, "Withheld: %s of %s, because %s. Its working set is %s.", verb_name(spec->verb), name_of(unit),
            refusal->text, describe_usage(&unit->sample, used, sizeof(used)));
}

void tell_action(const Step *step, const Unit *unit, const Pending *pending, const Event *event) {
        bool failed = event->done.result < 0;
        Record *record = record_new(step, unit, failed ? RECORD_FAILED : RECORD_ACTION);
        char took[UNITS_TEXT_MAX], bytes[UNITS_TEXT_MAX];

        memcpy(record->invocation, pending->invocation, sizeof(record->invocation));
        SET(record, rung, pending->rung);
        set_action(record, &pending->spec);
        SET(record, result, failed ? "failed" : "done");
        record->latency = event->done.latency;
        units_format_duration(event->done.latency, took);
        if (failed) {
                say(record, "%s: %s failed after %s: %s.", name_of(unit), record->action, took,
                    event->done.detail[0] ? event->done.detail : strerrordesc_np(-event->done.result));
                return;
        }
        record->freed = event->done.freed;
        if (event->done.freed > 0)
                say(record, "%s: %s was done in %s and freed %s%s%s.", name_of(unit), record->action, took,
                    units_format_bytes(event->done.freed, bytes), event->done.detail[0] ? "; " : "", event->done.detail);
        else
                say(record, "%s: %s was done in %s%s%s.", name_of(unit), record->action, took,
                    event->done.detail[0] ? "; " : "", event->done.detail);
}

static const struct {
        const char *word, *text;
} undoings[] = {
        [UNDOING_EXPIRED] = {"expired", "its time is up"},
        [UNDOING_RELAXED] = {"relaxed", "it is calm again"},
        [UNDOING_PAUSED] = {"paused", "memguard is paused"},
        [UNDOING_REPAID] = {"repaid", "MemoryMax= is the operator's own again"},
        [UNDOING_FOREIGN] = {"foreign", "memory.high was written by somebody else"},
        [UNDOING_ENDED] = {"ended", "its run has ended"},
        [UNDOING_GOODBYE] = {"goodbye", "the service needs to run to end cleanly"},
};
static_assert(ELEMENTSOF(undoings) == _UNDOING_MAX, "an undoing has no words");

void tell_undone(const Step *step, const Unit *unit, const char *what, Undoing why) {
        Record *record = record_new(step, unit, RECORD_UNDONE);

        SET(record, action, what);
        SET(record, result, "undone");
        SET(record, reason, undoings[why].word);
        say(record, "%s: the %s is undone: %s.", name_of(unit), what, undoings[why].text);
}

void tell_loan(const Step *step, const Unit *unit) {
        Record *record = record_new(step, unit, RECORD_ACTION);
        char loan[UNITS_TEXT_MAX], limit[UNITS_TEXT_MAX];

        SET(record, action, "loan");
        SET(record, result, "done");
        record->latency = 0;
        say(record, "%s: MemoryMax=%s is raised by a loan of %s for its goodbye only.", name_of(unit),
            units_format_bytes(unit->operator_max, limit), units_format_bytes(unit->loan, loan));
}

void tell_notify(const Step *step, const Unit *unit, const ActionSpec *spec) {
        Record *record = record_new(step, unit, RECORD_ACTION);
        char used[96];

        set_action(record, spec);
        SET(record, result, "done");
        record->latency = 0;
        say(record, "Notice: the working set of %s is %s.", name_of(unit),
            describe_usage(&unit->sample, used, sizeof(used)));
}

void tell_paused(const Step *step, const Unit *unit, bool paused) {
        Record *record = record_new(step, unit, paused ? RECORD_PAUSED : RECORD_RESUMED);

        say(record, paused ? "%s is paused: it is watched, but nothing is done about it until: memguardctl resume."
                           : "%s is guarded again.",
            name_of(unit));
}

void tell_started_above(const Step *step, const Unit *unit) {
        Record *record = record_new(step, unit, RECORD_WITHHELD);
        char used[96];

        SET(record, result, "withheld");
        SET(record, reason, "fresh-start");
        say(record,
            "The fresh start of %s is above the rung that restarted it: its working set is %s. It is not restarted for that "
            "again until it has been below; give it a higher limit or the rung a higher level.",
            name_of(unit), describe_usage(&unit->sample, used, sizeof(used)));
}
