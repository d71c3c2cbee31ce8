/* A court for the judge of incidents: one watched service, witnesses that speak when the test says so, and what was told
 * in the end. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "engine.h"
#include "incident.h"

#define API "/system.slice/api.service"
#define SEC USEC_PER_SEC
#define MS USEC_PER_MSEC

static const char court_policy[] = "[Match]\nUnit=*.service\n[Policy]\nMode=act\n[Rung a]\nEvent=memory-error 2/10min\nAction=notify\n"
                                   "[Rung b]\nEvent=oom-kill 3/10min\nAction=notify\n"
                                   "[Rung c]\nEvent=oom-kill 99/10min\nAction=restart\n";

/* What was told, a line an incident: "VERDICT CAUSE FATE CONFIDENCE PID xCOUNT". */
typedef struct Court {
        Engine *engine;
        PolicySet *set;
        ActionList actions;
        usec_t now;
        char told[8192];
        unsigned n_sighted, n_rungs, n_crowded;
        unsigned n_evidence; /* of the incident that was told last */
} Court;

static inline void note(Court *court, const Action *action) {
        size_t n = strlen(court->told);
        const Incident *i = action->record.incident;

        court->n_sighted += action->kind == ACTION_RECORD && action->record.kind == RECORD_SIGHTED;
        court->n_crowded += action->kind == ACTION_RECORD && action->record.kind == RECORD_CROWDED;
        court->n_rungs += action->kind == ACTION_RECORD && action->record.kind == RECORD_RUNG;
        if (action->kind != ACTION_RECORD || action->record.kind != RECORD_INCIDENT)
                return;
        assert_true(action->record.text[0]);
        court->n_evidence = i->n_evidence;
        snprintf(court->told + n, sizeof(court->told) - n, "%s %s %s %s %d x%u\n", verdict_name(i->verdict),
                 i->cause == CAUSE_NONE ? "-" : cause_name(i->cause), fate_name(i->fate),
                 confidence_name(i->confidence), i->pid, i->count);
}

static inline void feed(Court *court, const Event *event) {
        court->actions.n_items = 0;
        assert_true(engine_step(court->engine, event, &court->actions) >= 0);
        for (unsigned i = 0; i < court->actions.n_items; i++)
                note(court, &court->actions.items[i]);
}

/* Time goes on, and everything that is due by then happens. */
static inline void pass(Court *court, usec_t usec) {
        usec_t until = court->now + usec;

        while (engine_next_deadline(court->engine) <= until) {
                Event tick = {.kind = EVENT_TICK, .time = MAX(engine_next_deadline(court->engine), court->now)};

                court->now = tick.time;
                feed(court, &tick);
                /* Readings are answered with what was there. */
                for (unsigned i = 0; i < court->actions.n_items; i++)
                        if (court->actions.items[i].kind == ACTION_SAMPLE) {
                                UnitView view;
                                Event sample = {.kind = EVENT_SAMPLE, .time = court->now};

                                if (engine_get_unit(court->engine, court->actions.items[i].path, &view) < 0)
                                        continue;
                                memcpy(sample.path, court->actions.items[i].path, sizeof(sample.path));
                                sample.sample = *view.sample;
                                feed(court, &sample);
                        }
        }
        court->now = until;
}

static inline Event about(const Court *court, EventKind kind, const char *path) {
        Event event;

        memset(&event, 0, sizeof(event));
        event.kind = kind;
        event.time = court->now;
        snprintf(event.path, sizeof(event.path), "%s", path);
        return event;
}

static inline Sample sample(uint64_t kills, uint64_t ooms) {
        return (Sample){.current = 50 * MIB, .working_set = 40 * MIB, .anon = 40 * MIB, .limit = 150 * MIB,
                        .own_max = 150 * MIB, .high = BYTES_INFINITY, .ev_oom_kill = kills, .ev_oom = ooms};
}

static inline void start(Court *court, const char *path, bool fresh) {
        Event event = about(court, EVENT_START, path);

        event.start.fresh = fresh;
        if (!fresh)
                memset(event.start.invocation, 'b', INVOCATION_MAX - 1);
        event.start.operator_high = BYTES_INFINITY;
        event.start.sample = sample(0, 0);
        feed(court, &event);
}

static inline void stop(Court *court, const char *path) {
        Event event = about(court, EVENT_STOP, path);

        feed(court, &event);
}

static inline void ledger(Court *court, const char *path, uint64_t oom, uint64_t kills, uint64_t local) {
        Event event = about(court, EVENT_LEDGER, path);

        event.ledger.inode = 7;
        event.ledger.oom = oom;
        event.ledger.oom_kill = kills;
        event.ledger.local_oom = local;
        feed(court, &event);
}

static inline void counts(Court *court, const char *path, uint64_t kills, uint64_t ooms) {
        Event event = about(court, EVENT_SAMPLE, path);

        event.sample = sample(kills, ooms);
        feed(court, &event);
}

static inline void witness(Court *court, const char *path, Witness witness) {
        Event event = about(court, EVENT_WITNESS, path);

        event.witness = witness;
        if (event.witness.at == 0)
                event.witness.at = court->now;
        if (event.witness.text[0] == 0)
                snprintf(event.witness.text, sizeof(event.witness.text), "%s", fact_name(witness.fact));
        feed(court, &event);
}

#define SAW(f, ...) ((Witness){.fact = f, __VA_ARGS__})

static inline void ended(Court *court, int pid, const char *result, int code, int status) {
        Witness w = {.source = WITNESS_SYSTEMD, .fact = FACT_ENDED, .unit = "api.service", .pid = pid, .code = code,
                     .status = status};

        snprintf(w.word, sizeof(w.word), "%s", result);
        witness(court, "", w);
}

static inline void look(Court *court, int pid, bool gone, uint64_t as_limit, uint64_t data_limit) {
        Witness w = {.source = WITNESS_PROC, .fact = FACT_LOOK, .pid = pid, .code = gone};

        w.look = (ProcessLook){.start = 5, .as_limit = as_limit, .data_limit = data_limit, .vm_size = 70 * MIB,
                               .vm_data = 30 * MIB, .ram_and_swap = GIB};
        witness(court, API, w);
}

static inline Witness kill_line(int pid, const char *limit) {
        Witness w = {.source = WITNESS_KERNEL, .fact = FACT_OOM_KILL, .pid = pid,
                     .scope = limit ? SCOPE_CGROUP : SCOPE_HOST, .comm = "python3"};

        snprintf(w.limit, sizeof(w.limit), "%s", limit ? limit : "");
        return w;
}

static inline void court_open(Court *court) {
        ConfErrors errors = {0};

        memset(court, 0, sizeof(*court));
        court->now = 1000 * SEC;
        assert_int_equal(engine_new(&court->engine), 0);
        assert_int_equal(policy_set_new(&court->set), 0);
        assert_int_equal(policy_set_add(court->set, "f", court_policy, strlen(court_policy), &errors), 0);
        assert_int_equal(engine_set_policies(court->engine, court->set, court->now), 0);
        start(court, API, true);
        ledger(court, "/system.slice", 10, 20, 0);
        pass(court, 10 * SEC);
}

static inline void court_close(Court *court, const char *told) {
        pass(court, 60 * SEC);
        assert_string_equal(court->told, told);
        assert_int_equal(court->actions.n_dropped, 0);
        engine_free(court->engine);
        policy_set_free(court->set);
}
