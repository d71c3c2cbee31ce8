/* In whatever order and however late the witnesses of one end come, it is one incident with one verdict */
#undef NDEBUG
#include <assert.h>
#include <stdio.h>

#include "engine.h"
#include "incident.h"
#include "random.h"

#define API "/system.slice/api.service"
#define STEPS_MAX 8
#define MS USEC_PER_MSEC

static const char policy_text[] = "[Match]\nUnit=*.service\n";

typedef struct Told {
        unsigned n;
        Verdict verdict;
        Fate fate;
        int pid;
} Told;

static void feed(Engine *engine, const Event *event, Told *told) {
        static ActionList actions;

        actions.n_items = 0;
        assert(engine_step(engine, event, &actions) >= 0);
        for (unsigned i = 0; i < actions.n_items; i++) {
                const Record *record = &actions.items[i].record;

                if (actions.items[i].kind != ACTION_RECORD || record->kind != RECORD_INCIDENT)
                        continue;
                told->n++;
                told->verdict = record->incident->verdict;
                told->fate = record->incident->fate;
                told->pid = record->incident->pid;
        }
}

static void pass(Engine *engine, usec_t *now, usec_t usec, Told *told) {
        usec_t until = *now + usec;

        while (engine_next_deadline(engine) <= until) {
                Event tick = {.kind = EVENT_TICK, .time = *now = MAX(engine_next_deadline(engine), *now)};

                feed(engine, &tick, told);
        }
        *now = until;
}

static Event make(EventKind kind, const char *path) {
        Event event = {.kind = kind};

        snprintf(event.path, sizeof(event.path), "%s", path);
        return event;
}

static Event start_event(char id, uint64_t kills) {
        Event event = make(EVENT_START, API);

        event.start.fresh = true;
        event.start.operator_high = BYTES_INFINITY;
        memset(event.start.invocation, id, INVOCATION_MAX - 1);
        event.start.sample = (Sample){.current = MIB, .working_set = MIB, .anon = MIB, .limit = GIB, .own_max = GIB,
                                      .high = BYTES_INFINITY, .ev_oom_kill = kills, .ev_oom = kills};
        return event;
}

static Event ledger_event(uint64_t kills) {
        Event event = make(EVENT_LEDGER, "/system.slice");

        event.ledger.inode = 3;
        event.ledger.oom = event.ledger.oom_kill = kills;
        return event;
}

static Event saw(Fact fact, int pid, usec_t at, char id) {
        Event event = make(EVENT_WITNESS, fact == FACT_OOM_KILL ? API : "");

        event.witness = (Witness){.fact = fact, .pid = pid, .at = at};
        if (fact != FACT_OOM_KILL)
                snprintf(event.witness.unit, sizeof(event.witness.unit), "api.service");
        if (id)
                memset(event.witness.invocation, id, INVOCATION_MAX - 1);
        if (fact == FACT_OOM_KILL) {
                event.witness.scope = SCOPE_CGROUP;
                snprintf(event.witness.limit, sizeof(event.witness.limit), API);
        }
        return event;
}

static Event ended(usec_t at, char id, const char *result) {
        Event event = saw(FACT_ENDED, 42, at, id);

        event.witness.code = 2;
        event.witness.status = 9;
        snprintf(event.witness.word, sizeof(event.witness.word), "%s", result);
        return event;
}

/* The end of run a, seen by a random choice of witnesses, each with a delay of its own; run b begins 100 ms later. */
static void play(void) {
        usec_t now = 1000 * USEC_PER_SEC, t;
        Told told = {0}, before = {0};
        PolicySet *set;
        Engine *engine;
        ConfErrors errors = {0};
        Event events[STEPS_MAX];
        usec_t due[STEPS_MAX];
        unsigned n = 0;

        assert(policy_set_new(&set) == 0 && engine_new(&engine) == 0);
        assert(policy_set_add(set, "f", policy_text, strlen(policy_text), &errors) == 0);
        assert(engine_set_policies(engine, set, now) == 0);
        events[0] = start_event('a', 0);
        events[0].time = now;
        feed(engine, &events[0], &before);
        events[0] = ledger_event(9);
        events[0].time = now;
        feed(engine, &events[0], &before);
        pass(engine, &now, 5 * USEC_PER_SEC, &before);
        assert(before.n == 0);

        t = now;
        /* PID 1 always says that it ended; the counters of the slice are read when the cgroup goes. */
        due[n] = t + random_below(200) * MS, events[n++] = ended(t, random_one_in(2) ? 'a' : 0, random_one_in(2) ? "oom-kill" : "signal");
        due[n] = t + random_below(40) * MS, events[n++] = ledger_event(10);
        due[n] = t + 40 * MS, events[n++] = make(EVENT_STOP, API);
        due[n] = t + 100 * MS, events[n++] = start_event('b', 0);
        if (random_one_in(2))
                due[n] = t + random_below(90) * MS, events[n++] = saw(FACT_OOM_KILL, 42, t, 0);
        if (random_one_in(2))
                due[n] = t + (100 + random_below(2000)) * MS, events[n++] = saw(FACT_OOM_SAID, 0, t, 'a');
        if (random_one_in(3))
                due[n] = t + (100 + random_below(30000)) * MS, events[n++] = saw(FACT_OOM_SAID, 0, t, 'a');
        for (usec_t at = t; at < t + 40 * USEC_PER_SEC; at += MS) {
                for (unsigned i = 0; i < n; i++)
                        if (due[i] == at) {
                                pass(engine, &now, at - now, &told);
                                events[i].time = at;
                                feed(engine, &events[i], &told);
                        }
        }
        pass(engine, &now, 60 * USEC_PER_SEC, &told);
        assert(told.n == 1);
        assert(told.verdict == VERDICT_KERNEL_OOM_UNIT);
        assert(told.fate == FATE_RESTARTED);
        assert(told.pid == 42);
        engine_free(engine);
        policy_set_free(set);
}

int main(void) {
        random_start();
        for (unsigned i = 0; i < 400; i++)
                play();
        return 0;
}
