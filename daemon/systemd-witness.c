/* What PID 1's signals tell of the main processes of services, as witnesses.
 *
 * Every PropertiesChanged of a service carries its whole state, and there are several for each death, the first of them
 * often before PID 1 has made up its mind (Result), or before the process has ended. So what was told last is remembered
 * for each service, and only what differs is told. PID 1 sends the signal of Service and that of Unit as a pair, in this
 * order, and promises so to its clients; the first is held until the second is there, which knows the run's invocation.
 *
 * Limits: what happens while there is no connection is not seen, and when PID 1 is so busy that it joins signals, a death
 * and the next start may come as one: then only FACT_RESTARTING and the new FACT_STARTED tell of it. */
#include <stdio.h>

#include "systemd-internal.h"

#define SERVICE_SUFFIX "_2eservice" /* of the object's path */

typedef enum NewsField {
        NEWS_RESULT,
        NEWS_CODE,
        NEWS_STATUS,
        NEWS_PID,
        NEWS_START,
        NEWS_EXIT,
        NEWS_RESTARTS,
} NewsField;

static const Field fields[] = {
        [NEWS_RESULT] = FIELD(MainState, "Result", "s", result),
        [NEWS_CODE] = FIELD(MainState, "ExecMainCode", "i", code),
        [NEWS_STATUS] = FIELD(MainState, "ExecMainStatus", "i", status),
        [NEWS_PID] = FIELD(MainState, "ExecMainPID", "u", pid),
        [NEWS_START] = FIELD(MainState, "ExecMainStartTimestampMonotonic", "t", start),
        [NEWS_EXIT] = FIELD(MainState, "ExecMainExitTimestampMonotonic", "t", exit),
        [NEWS_RESTARTS] = FIELD(MainState, "NRestarts", "u", n_restarts),
};

usec_t systemd_boottime(const Systemd *systemd, uint64_t monotonic) {
        uint64_t boottime, now;

        if (monotonic == 0 || sd_event_now(systemd->event, CLOCK_BOOTTIME, &boottime) < 0 ||
            sd_event_now(systemd->event, CLOCK_MONOTONIC, &now) < 0)
                return 0;
        return util_sub(boottime, util_sub(now, monotonic));
}

/* What was told of this service, or the place of the one in its set that was heard of longest ago. */
static MainRun *find_run(Systemd *systemd, const char *path, bool *ret_known) {
        uint64_t hash = signal_hash(path);
        MainRun *set = systemd->runs[hash % RUN_SETS], *oldest = set;

        systemd->n_news++;
        for (size_t i = 0; i < RUN_WAYS; i++) {
                if (set[i].used != 0 && set[i].hash == hash) {
                        set[i].used = systemd->n_news;
                        *ret_known = true;
                        return &set[i];
                }
                if (set[i].used < oldest->used)
                        oldest = &set[i];
        }
        *oldest = (MainRun){.hash = hash, .used = systemd->n_news, .state.result = "success"};
        *ret_known = false;
        return oldest;
}

/* A signal that leaves a property out says that it is as before. */
static void complete(MainState *state, unsigned found, const MainState *before) {
        if (!(found & 1u << NEWS_RESULT))
                memcpy(state->result, before->result, sizeof(state->result));
        if (!(found & 1u << NEWS_PID))
                state->pid = before->pid;
        if (!(found & 1u << NEWS_RESTARTS))
                state->n_restarts = before->n_restarts;
        if (!(found & 1u << NEWS_START) && state->pid == before->pid)
                state->start = before->start;
        /* An end goes with its process: the next one does not inherit it. */
        if (state->pid != before->pid || state->start != before->start)
                return;
        if (!(found & 1u << NEWS_CODE))
                state->code = before->code;
        if (!(found & 1u << NEWS_STATUS))
                state->status = before->status;
        if (!(found & 1u << NEWS_EXIT))
                state->exit = before->exit;
}

static bool is_failure(const MainState *state) {
        return state->result[0] && !util_streq(state->result, "success");
}

static bool has_ended(const MainState *state) {
        return state->pid != 0 && (state->exit != 0 || state->code != 0);
}

/* A main process has ended; or what is said of that end was corrected; or the run has failed while its main process lives,
 * or has none. Going back to success is no correction but the next start, or "systemctl reset-failed". */
static bool is_end(const MainState *state, const MainState *before) {
        bool is_same = state->pid == before->pid && state->start == before->start,
             is_other_word = is_failure(state) && !util_streq(state->result, before->result);

        if (!has_ended(state))
                return is_failure(state) && (!is_same || is_other_word);
        return !is_same || is_other_word || state->exit != before->exit || state->code != before->code ||
               state->status != before->status;
}

static void tell(Systemd *systemd, const char *unit, Witness witness) {
        const SystemdHandlers *handlers = &systemd->handlers;

        witness.source = WITNESS_SYSTEMD;
        (void) snprintf(witness.unit, sizeof(witness.unit), "%s", unit);
        if (handlers->saw)
                handlers->saw(handlers->userdata, "", &witness);
}

/* A start that is refused for coming too often leaves all else as it was: that process had ended well, and has been told. */
static bool is_refused_start(const MainState *state, const MainState *before) {
        return util_streq(state->result, "start-limit-hit") && has_ended(before) && state->pid == before->pid &&
               state->start == before->start;
}

static void tell_end(Systemd *systemd, const char *unit, const MainState *state, const MainState *before,
                     Witness witness) {
        witness.fact = FACT_ENDED;
        (void) snprintf(witness.word, sizeof(witness.word), "%s", state->result);
        if (is_refused_start(state, before))
                witness.pid = 0;
        else if (has_ended(state)) {
                witness.code = state->code;
                witness.status = state->status;
                witness.at = systemd_boottime(systemd, state->exit);
        }
        tell(systemd, unit, witness);
}

static void tell_news(Systemd *systemd, const char *unit, const MainState *state, const MainRun *before, bool is_known,
                      const UnitChange *change) {
        Witness base = {.pid = state->pid <= INT32_MAX ? (int) state->pid : 0}, witness;
        bool is_same = state->pid == before->state.pid && state->start == before->state.start;

        if (change)
                (void) snprintf(base.invocation, sizeof(base.invocation), "%s", change->invocation);
        if (base.pid != 0 && !has_ended(state) && !is_same) {
                witness = base;
                witness.fact = FACT_STARTED;
                witness.at = systemd_boottime(systemd, state->start);
                tell(systemd, unit, witness);
        }
        if (is_end(state, &before->state))
                tell_end(systemd, unit, state, &before->state, base);
        if ((is_known && state->n_restarts > before->state.n_restarts) ||
            (change && change->is_restarting && !before->is_restarting)) {
                witness = base;
                witness.fact = FACT_RESTARTING;
                witness.pid = 0;
                witness.code = (int) MIN(state->n_restarts, (uint32_t) INT32_MAX);
                tell(systemd, unit, witness);
        }
}

static bool is_nothing_new(const MainState *state, const MainRun *run, bool is_restarting) {
        return state->pid == run->state.pid && state->start == run->state.start && state->exit == run->state.exit &&
               state->code == run->state.code && state->status == run->state.status &&
               state->n_restarts == run->state.n_restarts && util_streq(state->result, run->state.result) &&
               is_restarting == run->is_restarting;
}

void witness_release(Systemd *systemd, const UnitChange *change) {
        _cleanup_free_ char *unit = NULL;
        MainState state = systemd->held;
        MainRun *run, before;
        bool is_known, is_restarting;

        if (!systemd->held_path[0])
                return;
        run = find_run(systemd, systemd->held_path, &is_known);
        before = *run;
        is_restarting = change ? change->is_restarting : before.is_restarting;
        complete(&state, systemd->held_found, &before.state);
        if ((is_known && is_nothing_new(&state, run, is_restarting)) ||
            sd_bus_path_decode(systemd->held_path, SYSTEMD_UNIT_PATH, &unit) <= 0 || strlen(unit) >= UNIT_NAME_MAX) {
                systemd->held_path[0] = 0;
                return;
        }
        systemd->held_path[0] = 0;
        run->state = state;
        run->is_restarting = is_restarting;
        tell_news(systemd, unit, &state, &before, is_known, change);
}

void witness_hold(Systemd *systemd, sd_bus_message *m) {
        const char *path = sd_bus_message_get_path(m);
        size_t n = path ? strlen(path) : 0, n_suffix = strlen(SERVICE_SUFFIX);
        MainState state = {0};
        unsigned found;

        witness_release(systemd, NULL);
        if (n < n_suffix || n >= sizeof(systemd->held_path) || !util_streq(path + n - n_suffix, SERVICE_SUFFIX))
                return;
        if (property_read_all(m, fields, ELEMENTSOF(fields), &state, &found) < 0 || found == 0)
                return;
        systemd->held = state;
        systemd->held_found = found;
        memcpy(systemd->held_path, path, n + 1);
}

bool witness_holds(const Systemd *systemd, const char *path) {
        return path && util_streq(path, systemd->held_path);
}
