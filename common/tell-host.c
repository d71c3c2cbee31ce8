/* Every sentence about the host's guard. */
#include <stdarg.h>
#include <stdio.h>

#include "hostguard.h"

#define DETAIL_MAX 320

static Record *record_new(const Step *step, const Unit *unit, RecordKind kind, const char *rung, const char *result) {
        Record *record = &step_action(step, unit, ACTION_RECORD)->record;

        record->kind = kind;
        record->latency = USEC_INFINITY;
        record->freed = BYTES_INFINITY;
        snprintf(record->rung, sizeof(record->rung), "%s", rung);
        snprintf(record->result, sizeof(record->result), "%s", result);
        snprintf(record->reason, sizeof(record->reason), "host");
        if (unit)
                memcpy(record->invocation, unit->invocation, sizeof(record->invocation));
        return record;
}

static _printf_(2, 3) void say(Record *record, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        vsnprintf(record->text, sizeof(record->text), format, ap);
        va_end(ap);
}

/* "130.2M of 970.1M available" */
static const char *describe_host(const Host *host, char *buf, size_t size) {
        char available[UNITS_TEXT_MAX], total[UNITS_TEXT_MAX];

        snprintf(buf, size, "%s of %s available", units_format_bytes(host->reading.available, available),
                 units_format_bytes(host->reading.total, total));
        return buf;
}

static int describe_stall(const HostRung *rung, Stalled what, char *buf, size_t size) {
        char stall[UNITS_TEXT_MAX], window[UNITS_TEXT_MAX];

        return snprintf(buf, size, "it stalled for memory (%s) for at least %s in %s", stalled_name(what),
                        units_format_duration(rung->stalls[what].stall, stall),
                        units_format_duration(rung->stalls[what].window, window));
}

/* Which of the rung's conditions brought it about. */
static void describe_cause(const Hostguard *guard, unsigned i, usec_t now, char *buf, size_t size) {
        const HostRung *rung = &guard->policy->rungs[i];
        const HostReading *reading = &guard->host.reading;
        char level[UNITS_TEXT_MAX], bytes[UNITS_TEXT_MAX], left[UNITS_TEXT_MAX], falls[UNITS_TEXT_MAX];

        if (reading->available < host_available_level(&guard->host, rung)) {
                snprintf(buf, size, "that is below Available=%s (%s), and it falls by %s/s",
                         units_format_level(&rung->available, level),
                         units_format_bytes(host_available_level(&guard->host, rung), bytes),
                         units_format_bytes(host_falls(&guard->host), falls));
                return;
        }
        if (reading->swap_free < host_swap_level(&guard->host, rung)) {
                snprintf(buf, size, "%s of its swap is free, below SwapFree=%s", units_format_bytes(reading->swap_free, left),
                         units_format_level(&rung->swap_free, level));
                return;
        }
        for (Stalled what = 0; what < _STALLED_MAX; what++)
                if (rung->stalls[what].stall > 0 && meter_holds(&guard->host.meters[i][what], rung->stalls[what].window, now)) {
                        (void) describe_stall(rung, what, buf, size);
                        return;
                }
        snprintf(buf, size, "a later rung's condition holds, and this one comes before it");
}

void tell_host_rung(const Step *step, const Hostguard *guard, const LadderStep *move) {
        const HostRung *rung = hostguard_rung(guard, move->rung);
        Record *record = record_new(step, NULL, RECORD_HOST_RUNG, rung->name,
                                    move->move == MOVE_JUMP ? "emergency" : move->anew ? "again" : "taken");
        char host[96], cause[256];

        describe_cause(guard, (unsigned) move->rung, step->now, cause, sizeof(cause));
        snprintf(record->action, sizeof(record->action), "%s", host_rung_actions(rung));
        say(record, "The host reached rung '%s'%s: it has %s; %s.", rung->name, move->anew ? " again" : "",
            describe_host(&guard->host, host, sizeof(host)), cause);
}

/* "; big.service (262.1M) does not grow; ..." */
static void describe_others(const Choice *choice, char *buf, size_t size) {
        size_t used = 0;

        buf[0] = 0;
        for (unsigned i = 0; i < choice->n_others && used < size; i++) {
                const Candidate *other = &choice->others[i].candidate;
                char bytes[UNITS_TEXT_MAX], why[CANDIDATE_TEXT_MAX];

                used += (size_t) snprintf(buf + used, size - used, "%s%.48s (%s) %s", i > 0 ? "; " : "", other->name,
                                          units_format_bytes(other->size, bytes),
                                          candidate_why_not(other, choice->unit ? &choice->best : NULL, &choice->need, why));
        }
}

void tell_host_step(const Step *step, const Hostguard *guard, const Choice *choice) {
        const Rung *rung = &choice->unit->policy->rungs[choice->rung];
        Record *record = record_new(step, choice->unit, RECORD_HOST_STEP, rung->name,
                                    choice->n_skipped > 0 ? "emergency" : "taken");
        char host[96], why[CANDIDATE_TEXT_MAX], others[DETAIL_MAX];

        describe_others(choice, others, sizeof(others));
        snprintf(record->action, sizeof(record->action), "%s", verb_name(choice->best.verb));
        say(record, "%.64s: rung '%s' is taken for the host, which has %s. Chosen%s because %s%s%s.%s", choice->best.name,
            rung->name, describe_host(&guard->host, host, sizeof(host)),
            choice->best.preference == PREFERENCE_AVOID      ? ", though it has Preference=avoid,"
            : choice->best.preference == PREFERENCE_SACRIFICE ? " by Preference=sacrifice, and"
                                                              : "",
            candidate_why(&choice->best, why), others[0] ? "; " : "", others,
            choice->n_skipped > 0 ? " Gentler rungs would not have helped in time." : "");
}

static void describe_counts(const Choice *choice, char *buf, size_t size) {
        size_t used = 0;

        snprintf(buf, size, "no unit is watched");
        for (Standing standing = STANDING_HELPS + 1; standing < _STANDING_MAX && used < size; standing++)
                if (choice->counts[standing] > 0)
                        used += (size_t) snprintf(buf + used, size - used, "%s%u %s", used > 0 ? ", " : "",
                                                  choice->counts[standing],
                                                  standing_text(standing, choice->counts[standing] != 1));
}

void tell_host_none(const Step *step, const Hostguard *guard, const Choice *choice) {
        Record *record = record_new(step, NULL, RECORD_HOST_NONE, hostguard_rung(guard, guard->ladder.rung)->name, "withheld");
        char host[96], counts[DETAIL_MAX], others[DETAIL_MAX];

        describe_counts(choice, counts, sizeof(counts));
        describe_others(choice, others, sizeof(others));
        snprintf(record->reason, sizeof(record->reason), "no-candidate");
        say(record, "The host has %s, and no unit could relieve it: of those watched %s. The largest: %s.",
            describe_host(&guard->host, host, sizeof(host)), counts, others[0] ? others : "none");
}

void tell_host_busy(const Step *step, const Hostguard *guard, const Unit *busy) {
        Record *record = record_new(step, NULL, RECORD_HOST_NONE, hostguard_rung(guard, guard->ladder.rung)->name, "withheld");
        char host[96];

        snprintf(record->reason, sizeof(record->reason), "busy");
        say(record,
            "The host has %s, but an action on %.64s is under way: it is given time to end before anything else is begun.",
            describe_host(&guard->host, host, sizeof(host)), unitname_of_path(busy->path));
}

void tell_host_hanging(const Step *step, const Hostguard *guard, const Pending *ending) {
        const HostRung *rung = hostguard_rung(guard, guard->ladder.rung);
        Record *record = record_new(step, NULL, RECORD_HOST_VERIFIED, rung->name, "no-help");
        char host[96], took[UNITS_TEXT_MAX];

        say(record,
            "The %s of %.64s, which was begun for the host's rung '%s', has not ended after %s. The host has %s, so "
            "there is no time to wait for it: another unit is looked for.",
            verb_name(ending->spec.verb), unitname_of_path(step->engine->units[ending->unit].path), rung->name,
            units_format_duration(step->now - ending->since, took), describe_host(&guard->host, host, sizeof(host)));
}

void tell_host_verified(const Step *step, const Hostguard *guard, bool holds) {
        const HostRung *rung = hostguard_rung(guard, guard->ladder.rung);
        Record *record = record_new(step, NULL, RECORD_HOST_VERIFIED, rung->name, holds ? "no-help" : "helped");
        uint64_t rose = util_sub(guard->host.reading.available, guard->before);
        char host[96], more[UNITS_TEXT_MAX], took[UNITS_TEXT_MAX];

        record->freed = rose;
        say(record, "What was taken for the host's rung '%s' %s: after %s it has %s (%s more).", rung->name,
            holds ? "did not help enough" : "helped", units_format_duration(step->now - guard->stepped_at, took),
            describe_host(&guard->host, host, sizeof(host)), units_format_bytes(rose, more));
}

void tell_host_relaxed(const Step *step, const Hostguard *guard, const LadderStep *move) {
        const HostRung *rung = hostguard_rung(guard, move->from);
        Record *record = record_new(step, NULL, RECORD_HOST_RELAXED, rung->name, move->rung < 0 ? "calm" : "lower");
        char host[96], calm[UNITS_TEXT_MAX];

        say(record, "The host left rung '%s': its conditions have been clear for %s; it has %s.", rung->name,
            units_format_duration(guard->shape.relax, calm), describe_host(&guard->host, host, sizeof(host)));
}

void tell_host_idle(const Step *step, const Hostguard *guard, const HostRung *rung, const char *condition, const char *why) {
        Record *record = record_new(step, NULL, RECORD_HOST_IDLE, rung->name, "idle");

        say(record, "%s of [Host %s] can never hold here, because %s.%s", condition, rung->name, why,
            rung->available.set && host_available_level(&guard->host, rung) > 0
                    ? ""
                    : " Give the rung an Available= that this host can reach.");
}
