/* Any sequence of events about a few units: each incident is told once and makes sense, every case comes to its end, and the
 * list of actions holds them all. A byte is an event, the bytes behind it are its details. */
#include "inquest.h"
#include "utf8.h"

#define IDS_MAX 4096
#define TICKS_MAX 400
#define EVENTS_MAX 600

static const char policy[] = "[Match]\nUnit=*.service *.scope\n[Policy]\nMode=act\nRestartBudget=3/1min\n"
                             "[Rung tell]\nEvent=memory-error 2/1min\nAction=notify\n"
                             "[Rung restart]\nEvent=oom-kill 3/1min\nAction=restart\n";

static const char *const paths[] = {
        "/system.slice/api.service",
        "/system.slice/system-web.slice/od\xff\xc3.service",
        "/user.slice/user-1000.slice/session-2.scope",
        "/system.slice/api.service/worker", /* inside of a unit */
        "/system.slice",
        "/docker.slice/no-unit",
};
#define UNITS 3

typedef struct Input {
        const uint8_t *at;
        size_t left;
} Input;

typedef struct Court {
        Engine *engine;
        ActionList actions;
        usec_t now;
        char ids[IDS_MAX][INCIDENT_ID_MAX];
        unsigned n_ids;
} Court;

static uint8_t next(Input *input) {
        if (input->left == 0)
                return 0;
        input->left--;
        return *input->at++;
}

static void check(bool holds) {
        if (!holds)
                abort();
}

static void check_text(const char *text, size_t size) {
        char out[4 * RECORD_TEXT_MAX + 1];

        check(memchr(text, 0, size) != NULL);
        check(utf8_escape(text, out, sizeof(out)) >= 0 && util_streq(out, text));
}

static void check_incident(Court *court, const Record *record) {
        const Incident *incident = record->incident;

        check(incident && memchr(incident->id, 0, sizeof(incident->id)) && incident->id[0]);
        for (unsigned i = 0; i < court->n_ids; i++)
                check(!util_streq(court->ids[i], incident->id));
        if (court->n_ids < IDS_MAX)
                memcpy(court->ids[court->n_ids++], incident->id, sizeof(incident->id));
        check(incident->verdict >= 0 && incident->verdict < _VERDICT_MAX && incident->count >= 1);
        check(incident->fate >= 0 && incident->fate < _FATE_MAX);
        check(incident->confidence >= 0 && incident->confidence < _CONFIDENCE_MAX);
        check((incident->cause == CAUSE_NONE) == (incident->verdict != VERDICT_MEMORY_ERROR));
        check(incident->n_evidence <= EVIDENCE_MAX && incident->path[0] == '/');
        check((incident->verdict == VERDICT_USERSPACE_OOM || incident->verdict == VERDICT_RUNTIME_OOM) <=
              (incident->killer[0] != 0));
        for (unsigned i = 0; i < incident->n_evidence; i++)
                check_text(incident->evidence[i].text, sizeof(incident->evidence[i].text));
        check_text(incident->released, sizeof(incident->released));
        check(record->text[0] && memchr(incident->killer, 0, sizeof(incident->killer)));
        check(memchr(incident->limit, 0, sizeof(incident->limit)) && memchr(incident->site, 0, sizeof(incident->site)));
}

static void feed(Court *court, const Event *event) {
        static char line[ACTION_LINE_MAX];

        court->actions.n_items = court->actions.n_dropped = 0;
        (void) engine_step(court->engine, event, &court->actions);
        check(court->actions.n_items <= ACTIONS_MAX && court->actions.n_dropped == 0);
        for (unsigned i = 0; i < court->actions.n_items; i++) {
                const Action *action = &court->actions.items[i];

                check(action_format(action, line) < ACTION_LINE_MAX);
                if (action->kind != ACTION_RECORD || !action->record.incident)
                        continue;
                check_text(action->record.text, sizeof(action->record.text));
                if (action->record.kind == RECORD_INCIDENT)
                        check_incident(court, &action->record);
        }
}

/* Ticks at one moment come to an end. */
static void tick(Court *court) {
        Event event = {.kind = EVENT_TICK, .time = court->now};

        for (unsigned i = 0; i < TICKS_MAX; i++) {
                feed(court, &event);
                if (engine_next_deadline(court->engine) > court->now)
                        return;
        }
        check(false);
}

static void pick_text(Input *input, char *buf, size_t size, bool is_text) {
        static const char *const texts[] = {"", "oom-kill", "success", "signal", "systemd-oomd", "jvm", "api.service",
                                            "session-2.scope", "/system.slice", "/system.slice/api.service", "a",
                                            "00000000000000000000000000000001", "00000000000000000000000000000002"};
        uint8_t what = next(input);
        size_t n = what == 0xff ? size - 1 : MIN((size_t) (what & 15), size - 1);

        memset(buf, 0, size);
        if (what < 128) {
                memcpy(buf, texts[what % ELEMENTSOF(texts)], MIN(strlen(texts[what % ELEMENTSOF(texts)]), size - 1));
                return;
        }
        for (size_t i = 0; i < n; i++) {
                uint8_t c = next(input);

                buf[i] = (char) (is_text ? ' ' + c % 95 : MAX(c, 1));
        }
}

static uint64_t pick_number(Input *input) {
        uint8_t what = next(input);

        return what == 0xff ? UINT64_MAX : what >= 0xf0 ? (uint64_t) (what & 15) << 36 : what % 8;
}

static usec_t pick_time(Input *input, usec_t now) {
        uint8_t what = next(input);

        return what < 64 ? now : what < 128 ? 0 : what == 0xff ? UINT64_MAX : util_sub(now, (what - 128U) * USEC_PER_SEC / 4);
}

static void pick_look(Input *input, ProcessLook *look) {
        look->start = pick_number(input);
        look->as_limit = pick_number(input);
        look->data_limit = pick_number(input);
        look->maps = look->maps_limit = pick_number(input);
        look->overcommit = pick_number(input);
        look->ram_and_swap = pick_number(input);
}

static void pick_witness(Input *input, const Court *court, Event *event) {
        Witness *witness = &event->witness;
        uint8_t flags = next(input);

        if (flags & 1)
                event->path[0] = 0;
        witness->source = (WitnessKind) (next(input) % _WITNESS_KIND_MAX);
        witness->fact = (Fact) (next(input) % _FACT_MAX);
        witness->weak = flags & 2;
        witness->scope = (Scope) (next(input) % _SCOPE_MAX);
        witness->at = pick_time(input, court->now);
        witness->pid = flags & 4 ? (int) pick_number(input) : next(input);
        witness->code = flags & 8 ? (int) pick_number(input) : next(input) % 4;
        witness->status = next(input);
        if (flags & 16) {
                witness->bytes = pick_number(input);
                pick_text(input, witness->invocation, sizeof(witness->invocation), true);
                pick_text(input, witness->comm, sizeof(witness->comm), false);
                pick_text(input, witness->limit, sizeof(witness->limit), false);
                pick_text(input, witness->site, sizeof(witness->site), true);
        }
        if (flags & 32)
                pick_text(input, witness->unit, sizeof(witness->unit), false);
        if (flags & 64)
                pick_text(input, witness->word, sizeof(witness->word), true);
        pick_text(input, witness->text, sizeof(witness->text), true);
        if (witness->fact == FACT_LOOK)
                pick_look(input, &witness->look);
        /* Who kills or runs has a name: those who speak of it know it. */
        if ((witness->fact == FACT_RUNTIME || witness->fact == FACT_USERSPACE) && witness->word[0] == 0)
                memcpy(witness->word, "x", 2);
}

static void pick_sample(Input *input, Sample *sample) {
        uint8_t what = next(input);

        *sample = (Sample){.current = what * MIB, .working_set = what * MIB, .anon = what * MIB, .limit = 256 * MIB,
                           .own_max = 256 * MIB, .high = BYTES_INFINITY, .ev_oom_kill = next(input) % 8,
                           .ev_oom = next(input) % 8};
        if (what == 0xff)
                memset(sample, 0xff, sizeof(*sample));
}

static void pick_details(Input *input, const Court *court, Event *event) {
        if (event->kind == EVENT_START) {
                event->start.fresh = next(input) & 1;
                event->start.operator_high = BYTES_INFINITY;
                pick_text(input, event->start.invocation, sizeof(event->start.invocation), true);
                pick_sample(input, &event->start.sample);
        } else if (event->kind == EVENT_SAMPLE)
                pick_sample(input, &event->sample);
        else if (event->kind == EVENT_NAMED)
                pick_text(input, event->named.invocation, sizeof(event->named.invocation), true);
        else if (event->kind == EVENT_WITNESS)
                pick_witness(input, court, event);
        else if (event->kind == EVENT_LEDGER) {
                event->ledger.inode = next(input) % 3;
                event->ledger.oom = pick_number(input);
                event->ledger.oom_kill = pick_number(input);
                event->ledger.local_oom = pick_number(input);
        } else if (event->kind == EVENT_STRAIN) {
                event->strain.full = pick_number(input);
                event->strain.user = pick_number(input);
                event->strain.above_n_high = pick_number(input);
                pick_text(input, event->strain.above, sizeof(event->strain.above), true);
        }
}

static void step(Court *court, Input *input) {
        static const EventKind kinds[] = {EVENT_WITNESS, EVENT_WITNESS, EVENT_WITNESS, EVENT_WITNESS, EVENT_START, EVENT_STOP,
                                          EVENT_SAMPLE,  EVENT_NAMED,   EVENT_LEDGER,  EVENT_TICK,    EVENT_TICK,
                                          EVENT_STRAIN};
        uint8_t first = next(input), path = next(input);
        Event event = {.kind = kinds[first % ELEMENTSOF(kinds)]};
        bool is_unit = event.kind != EVENT_WITNESS && event.kind != EVENT_LEDGER;
        const char *at = paths[path % (is_unit ? UNITS : ELEMENTSOF(paths))];

        /* Mostly within one moment; sometimes seconds, and once in a while hours. */
        if (path >= 128)
                court->now += path >= 250 ? 7200 * USEC_PER_SEC : (path - 128U) * 50 * USEC_PER_MSEC;
        if (event.kind == EVENT_TICK) {
                tick(court);
                return;
        }
        event.time = court->now;
        memcpy(event.path, at, strlen(at) + 1);
        pick_details(input, court, &event);
        feed(court, &event);
}

/* With time every case is closed. */
static void check_end(Court *court) {
        for (unsigned i = 0; i < TICKS_MAX && inquest_deadline(court->engine->inquest) != USEC_INFINITY; i++) {
                court->now = MAX(court->now, inquest_deadline(court->engine->inquest));
                tick(court);
        }
        check(inquest_deadline(court->engine->inquest) == USEC_INFINITY);
        for (unsigned i = 0; i < CASES_MAX; i++)
                check(!court->engine->inquest->cases[i].open);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static Court court;
        ConfErrors errors = {0};
        Input input = {data, size};
        PolicySet *set;

        court.n_ids = 0;
        court.now = 1000 * USEC_PER_SEC;
        if (policy_set_new(&set) < 0 || engine_new(&court.engine) < 0 ||
            policy_set_add(set, "fuzz.conf", policy, sizeof(policy) - 1, &errors) < 0 ||
            engine_set_policies(court.engine, set, 0) < 0)
                abort();
        for (unsigned i = 0; i < EVENTS_MAX && input.left > 0; i++)
                step(&court, &input);
        check_end(&court);
        engine_free(court.engine);
        policy_set_free(set);
        return 0;
}
