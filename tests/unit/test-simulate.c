/* A trace under other policies: what would have been done and when, what is left out, and what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "incident.h"
#include "simulate.h"

#define API "/system.slice/api.service"
#define WEB "/system.slice/web.service"
#define SEC USEC_PER_SEC
#define T0 (1000 * SEC)
#define LIMIT (150 * MIB)
#define TEXT_MAX (512 * 1024)

static const char observe[] = "[Match]\nUnit=*.service\n";
static const char act[] = "[Match]\nUnit=api.service\n[Policy]\nMode=act\nRestartBudget=1/1h\n"
                          "[Rung ask]\nUsage=60%\nAction=signal SIGUSR1\nSettle=2s\n"
                          "[Rung restart]\nUsage=90%\nAction=restart\n";

typedef struct Bench {
        char text[TEXT_MAX]; /* the trace */
        size_t n;
        char log[16384]; /* "9.100 rung ask taken; ..." */
        size_t n_log;
        SimulateItem last; /* the last item of a kind that is no action */
        SimulateTotals api;
        usec_t apart;      /* of the last rung */
        SimulateProblem problem;
        bool cut;
        unsigned n_strangers;
        usec_t gap;
        const char *second; /* a further trace, played after the first */
} Bench;

static Bench bench;

static _printf_(1, 2) void note(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        bench.n_log += (size_t) vsnprintf(bench.log + bench.n_log, sizeof(bench.log) - bench.n_log, format, ap);
        va_end(ap);
        assert_true(bench.n_log < sizeof(bench.log));
}

static void note_record(const SimulateItem *item) {
        const Record *record = &item->action->record;

        if (record->kind == RECORD_INCIDENT)
                note(" incident %s", verdict_name(record->incident->verdict));
        else
                note(" %s", record_kind_word(record->kind));
        if (record->rung[0])
                note(" %s", record->rung);
        if (record->kind != RECORD_INCIDENT && record->result[0])
                note(" %s", record->result);
        if (record->reason[0])
                note(" %s", record->reason);
        if (record->kind == RECORD_RUNG)
                bench.apart = item->apart;
}

static void tell(void *userdata, const SimulateItem *item) {
        char spec[ACTION_TEXT_MAX];

        assert_ptr_equal(userdata, &bench);
        if (item->kind == SIMULATE_BEGIN)
                return;
        if (item->kind == SIMULATE_ACTION && item->action->kind != ACTION_DO &&
            (item->action->kind != ACTION_RECORD || item->action->record.kind == RECORD_ARMED))
                return;
        note("%s%llu.%03llu", bench.n_log > 0 ? "; " : "", (unsigned long long) (item->since / SEC),
             (unsigned long long) (item->since / 1000 % 1000));
        if (util_streq(item->path, WEB))
                note(" web");
        if (item->kind != SIMULATE_ACTION) {
                bench.last = *item;
                note(" %s", simulate_kind_name(item->kind));
        } else if (item->action->kind == ACTION_DO)
                note(" do(%s)", action_spec_format(&item->action->spec, spec));
        else
                note_record(item);
        if (item->mark != MARK_NONE)
                note(" [%s]", simulate_mark_name(item->mark));
}

static void read_totals(const Simulation *simulation) {
        SimulateTotals totals;
        unsigned iterator = 0;

        while (simulate_next_unit(simulation, &iterator, &totals) > 0)
                if (util_streq(totals.path, API))
                        bench.api = totals;
        bench.api.path = NULL; /* goes with the simulation */
}

static int simulate(const char *policy, bool replay) {
        SimulateOptions options = {.replay = replay, .userdata = &bench, .tell = tell, .gap = bench.gap};
        ConfErrors errors = {0};
        Simulation *simulation;
        PolicySet *set;
        int r;

        bench.n_log = 0;
        bench.log[0] = 0;
        assert_int_equal(policy_set_new(&set), 0);
        assert_int_equal(policy_set_add(set, "policy", policy, strlen(policy), &errors), 0);
        assert_int_equal(simulate_new(&simulation, set, &options), 0);
        r = simulate_text(simulation, bench.text, bench.n, &bench.problem);
        if (r == 0 && bench.second)
                r = simulate_text(simulation, bench.second, strlen(bench.second), &bench.problem);
        read_totals(simulation);
        bench.cut = simulate_was_cut(simulation);
        bench.n_strangers = simulate_n_strangers(simulation);
        assert_int_equal(simulate_n_dropped(simulation), 0);
        simulate_free(simulation);
        policy_set_free(set);
        return r;
}

static int set_up(void **state) {
        (void) state;
        memset(&bench, 0, sizeof(bench));
        return 0;
}

static _printf_(1, 2) void line(const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        bench.n += (size_t) vsnprintf(bench.text + bench.n, TEXT_MAX - bench.n, format, ap);
        va_end(ap);
        assert_true(bench.n < TEXT_MAX - 1);
        bench.text[bench.n++] = '\n';
        bench.text[bench.n] = 0;
}

static void add(const Event *event) {
        char text[EVENT_LINE_MAX];

        event_format(event, text);
        line("%s", text);
}

static Event event_of(EventKind kind, const char *path, usec_t after) {
        Event event = {.kind = kind, .time = T0 + after};

        snprintf(event.path, sizeof(event.path), "%s", path);
        return event;
}

static Sample sample_of(uint64_t ws, uint64_t cache) {
        return (Sample){.current = ws + cache, .working_set = ws, .anon = ws, .file = cache, .limit = LIMIT,
                        .own_max = LIMIT, .high = BYTES_INFINITY, .available = 4 * GIB};
}

static void add_start(const char *path, usec_t after, unsigned run, bool fresh, uint64_t ws) {
        Event event = event_of(EVENT_START, path, after);

        snprintf(event.start.invocation, sizeof(event.start.invocation), "%032x", run);
        event.start.fresh = fresh;
        event.start.operator_high = BYTES_INFINITY;
        event.start.sample = sample_of(ws, 0);
        add(&event);
}

static void add_reading(const char *path, usec_t after, uint64_t ws, uint64_t cache) {
        Event event = event_of(EVENT_SAMPLE, path, after);

        event.sample = sample_of(ws, cache);
        add(&event);
}

static void add_kill(const char *path, usec_t after) {
        Event event = event_of(EVENT_WITNESS, path, after);

        event.witness = (Witness){.source = WITNESS_KERNEL, .fact = FACT_OOM_KILL, .at = T0 + after, .pid = 812,
                                  .scope = SCOPE_CGROUP};
        snprintf(event.witness.comm, sizeof(event.witness.comm), "python3");
        snprintf(event.witness.limit, sizeof(event.witness.limit), "%s", path);
        add(&event);
}

/* 40 MiB at the start, then 1 MiB/s, read every 10 s; killed at its limit at 110 s; started again a second later. */
static void add_leak(const char *path) {
        Event stop = event_of(EVENT_STOP, path, 110 * SEC + 100000);

        add_start(path, 0, 1, true, 40 * MIB);
        for (unsigned i = 1; i <= 10; i++)
                add_reading(path, i * 10 * SEC, (40 + i * 10) * MIB, 0);
        add_kill(path, 110 * SEC);
        add(&stop);
        add_start(path, 111 * SEC, 2, true, 10 * MIB);
        add_reading(path, 130 * SEC, 12 * MIB, 0);
}

/* 60 % of 150 MiB is 90 MiB, reached after 50 s; 90 % is 135 MiB, after 95 s: between two readings, at the wire. */
static void test_acts_before_the_recorded_kill(void **state) {
        (void) state;
        add_leak(API);
        assert_int_equal(simulate(act, false), 0);
        assert_string_equal(bench.log,
                            "50.000 rung ask taken; 50.000 do(signal SIGUSR1 main); 50.005 action ask done [answered]; "
                            "52.000 rung ask no-help [unmoved]; 89.131 incident leak; 95.009 rung restart taken; 95.009 do(restart); 95.009 parted; "
                            "96.009 action restart done [answered]; 110.000 history; 110.100 history; 111.000 joined");
        assert_int_equal(bench.apart, 10 * SEC);
        assert_int_equal(bench.api.rungs, 2);
        assert_int_equal(bench.api.disruptions, 1);
        assert_int_equal(bench.api.actions, 1);
        assert_int_equal(bench.api.withheld, 0);
        assert_int_equal(bench.api.incidents, 1);
        assert_int_equal(bench.api.kills, 1);
        assert_int_equal(bench.api.left_out, 1);
        assert_int_equal(bench.api.first_disruption / 1000, 95009);
        assert_int_equal(bench.api.first_kill, 110 * SEC);
        assert_int_equal((bench.api.lead + 500) / 1000, 14990);
}

/* PID 1 and the journal name a unit, not its cgroup; what they say of a run that would have ended before is not an incident. */
static void test_names_are_left_out_too(void **state) {
        Event event = event_of(EVENT_WITNESS, "", 110 * SEC + 50000);
        char *rest;

        (void) state;
        add_leak(API);
        rest = strdup(strstr(bench.text, "1110100000 stop"));
        bench.n -= strlen(rest);
        event.witness = (Witness){.source = WITNESS_SYSTEMD, .fact = FACT_ENDED, .at = event.time, .pid = 812, .code = 2,
                                  .status = 9, .unit = "api.service", .word = "oom-kill"};
        add(&event);
        event.witness = (Witness){.source = WITNESS_SYSTEMD, .fact = FACT_OOM_SAID, .at = event.time, .unit = "api.service"};
        add(&event);
        line("%.*s", (int) strlen(rest) - 1, rest);
        free(rest);
        assert_int_equal(simulate(act, false), 0);
        assert_int_equal(bench.api.incidents, 1); /* the leak */
        assert_null(strstr(bench.log, "incident kernel"));
        assert_non_null(strstr(bench.log, "110.000 history; 110.050 history; 110.100 history; 111.000 joined"));
        assert_int_equal(simulate(observe, false), 0);
        assert_int_equal(bench.api.incidents, 2);
}

/* The journal lags: what it says of the run that was left out may come when the next one is there. */
static void test_late_words_are_left_out_too(void **state) {
        Event late = event_of(EVENT_WITNESS, "", 111 * SEC + 400000), kernel;

        (void) state;
        add_leak(API);
        bench.n = (size_t) (strstr(bench.text, "1130000000 sample") - bench.text);
        late.witness = (Witness){.source = WITNESS_SYSTEMD, .fact = FACT_OOM_SAID, .at = T0 + 110 * SEC + 20000,
                                 .unit = "api.service", .invocation = "00000000000000000000000000000001"};
        add(&late);
        kernel = event_of(EVENT_WITNESS, API, 111 * SEC + 500000);
        kernel.witness = (Witness){.source = WITNESS_KERNEL, .fact = FACT_OOM_KILL, .at = T0 + 110 * SEC, .pid = 812,
                                   .scope = SCOPE_CGROUP, .limit = API, .comm = "python3"};
        add(&kernel);
        add_reading(API, 140 * SEC, 12 * MIB, 0);
        assert_int_equal(simulate(act, false), 0);
        assert_int_equal(bench.api.incidents, 1);
        /* What the next run had is its own. */
        late.time = kernel.time = T0 + 141 * SEC;
        late.witness.at = kernel.witness.at = T0 + 141 * SEC;
        late.witness.invocation[31] = '2';
        add(&late);
        add(&kernel);
        add_reading(API, 160 * SEC, 12 * MIB, 0);
        assert_int_equal(simulate(act, false), 0);
        assert_int_equal(bench.api.incidents, 2);
}

static void test_says_what_is_left_out(void **state) {
        (void) state;
        add_leak(API);
        bench.n -= strlen(bench.text) - (size_t) (strstr(bench.text, "1111000000 start") - bench.text);
        bench.text[bench.n] = 0;
        assert_int_equal(simulate(act, false), 0);
        assert_non_null(strstr(bench.log, "110.100 history"));
        assert_null(strstr(bench.log, "joined"));
        assert_string_equal(bench.last.text, "its cgroup was removed");
        add_start(API, 120 * SEC, 2, true, 10 * MIB);
        bench.n = (size_t) (strstr(bench.text, "1110000000 witness") - bench.text);
        bench.text[bench.n] = 0;
        assert_int_equal(simulate(act, false), 0);
        assert_int_equal(bench.last.kind, SIMULATE_PARTED);
        assert_int_equal(bench.last.until, USEC_INFINITY);
        assert_int_equal(bench.last.n_left_out, 1);
}

/* The kill happens in the recording: under a policy that does nothing it is an incident, as it was. */
static void test_tells_the_incident_where_it_would_not_act(void **state) {
        (void) state;
        add_leak(API);
        assert_int_equal(simulate(observe, false), 0);
        assert_string_equal(bench.log, "89.483 incident leak; 118.050 incident kernel-oom-unit");
        assert_int_equal(bench.api.incidents, 2);
        assert_int_equal(bench.api.kills, 1);
        assert_int_equal(bench.api.lead, USEC_INFINITY);
}

/* What became of one unit does not touch the other; that has no policy to act by. */
static void test_units_are_apart(void **state) {
        (void) state;
        add_leak(WEB);
        add_start(API, 112 * SEC, 7, true, 10 * MIB);
        assert_int_equal(simulate(act, false), 0);
        assert_string_equal(bench.log, "");
        assert_int_equal(bench.api.left_out, 0);
}

/* The budget of one is spent: the second run of the leak is not saved, and that is said. */
static void test_withholds_with_the_reason(void **state) {
        (void) state;
        add_leak(API);
        for (unsigned i = 1; i <= 10; i++)
                add_reading(API, (130 + i * 10) * SEC, (40 + i * 10) * MIB, 0);
        assert_int_equal(simulate(act, false), 0);
        assert_non_null(strstr(bench.log, "rung restart taken; 225.009 withheld restart withheld budget"));
        assert_int_equal(bench.api.disruptions, 1);
        assert_int_equal(bench.api.withheld, 1);
}

/* What the recorded guard did has ids of its own, which must not end what is simulated. */
static void test_recorded_answers_are_none(void **state) {
        Event done = event_of(EVENT_DONE, API, 50 * SEC + 10 * 1000);

        (void) state;
        done.done.id = 1;
        done.done.result = -EPERM;
        add_start(API, 0, 1, true, 40 * MIB);
        add_reading(API, 50 * SEC, 100 * MIB, 0);
        add(&done);
        assert_int_equal(simulate(act, false), 0);
        assert_non_null(strstr(bench.log, "action ask done [answered]"));
        assert_null(strstr(bench.log, "failed"));
        assert_int_equal(bench.api.answers, 1);
}

/* In a replay they are what they were. */
static void test_replay_takes_all_as_it_is(void **state) {
        Event done = event_of(EVENT_DONE, API, 60 * SEC);

        (void) state;
        add_start(API, 0, 1, true, 40 * MIB);
        add_reading(API, 50 * SEC, 100 * MIB, 0);
        done.done.id = 1;
        done.done.result = -EPERM;
        add(&done);
        assert_int_equal(simulate(act, true), 0);
        assert_string_equal(bench.log, "50.000 rung ask taken; 50.000 do(signal SIGUSR1 main); 60.000 action ask failed");
        assert_int_equal(bench.n_strangers, 0);
        assert_int_equal(simulate(observe, true), 0);
        assert_string_equal(bench.log, "");
        assert_int_equal(bench.n_strangers, 1);
}

/* A wire counts cache too: when only cache hits it, nothing is done. */
static void test_cache_is_no_use(void **state) {
        (void) state;
        add_start(API, 0, 1, true, 40 * MIB);
        add_reading(API, 10 * SEC, 45 * MIB, 60 * MIB);
        add_reading(API, 20 * SEC, 45 * MIB, 100 * MIB);
        add_reading(API, 30 * SEC, 45 * MIB, 60 * MIB);
        assert_int_equal(simulate(act, false), 0);
        assert_int_equal(bench.api.rungs, 0);
        assert_null(strstr(bench.log, "ask"));
}

/* High events that the recorded guard's own wire made are not the operator's. */
static void test_recorded_wires_count_nothing(void **state) {
        static const char policy[] = "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung tell]\nEvent=high 1/1min\nAction=notify\n";
        Event event = event_of(EVENT_SAMPLE, API, 10 * SEC);

        (void) state;
        add_start(API, 0, 1, true, 40 * MIB);
        event.sample = sample_of(50 * MIB, 0);
        event.sample.high = 45 * MIB;
        event.sample.ev_high = 3;
        add(&event);
        assert_int_equal(simulate(policy, false), 0);
        assert_int_equal(bench.api.rungs, 0);
        event.time += 10 * SEC;
        event.sample.high = BYTES_INFINITY;
        add(&event);
        event.time += 10 * SEC;
        event.sample.ev_high = 4;
        add(&event);
        assert_int_equal(simulate(policy, false), 0);
        assert_int_equal(bench.api.rungs, 1);
}

/* A pause is the operator's, and holds in every history. */
static void test_a_recorded_pause_holds(void **state) {
        Event pause = event_of(EVENT_PAUSE, API, SEC);

        (void) state;
        add_start(API, 0, 1, true, 40 * MIB);
        add(&pause);
        add_reading(API, 50 * SEC, 140 * MIB, 0);
        assert_int_equal(simulate(act, false), 0);
        assert_int_equal(bench.api.disruptions, 0);
        assert_non_null(strstr(bench.log, "withheld restart withheld paused"));
}

/* A rung by pressure that never fires is no comfort where nobody measured it. */
static void test_says_where_pressure_is_unknown(void **state) {
        static const char policy[] = "[Match]\nUnit=*\n[Policy]\nMode=act\n[Rung x]\nPressureSome=100ms/1s\nAction=notify\n";
        Event event = event_of(EVENT_PRESSURE, API, SEC);

        (void) state;
        add_start(API, 0, 1, true, 40 * MIB);
        assert_int_equal(simulate(policy, false), 0);
        assert_true(bench.api.pressure_unknown);
        assert_int_equal(simulate(act, false), 0);
        assert_false(bench.api.pressure_unknown);
        add(&event);
        event.time += SEC;
        event.pressure.some_total = SEC / 2;
        add(&event);
        assert_int_equal(simulate(policy, false), 0);
        assert_false(bench.api.pressure_unknown);
        assert_int_equal(bench.api.rungs, 1);
}

static void test_long_silences_are_not_played(void **state) {
        (void) state;
        add_start(API, 0, 1, true, 40 * MIB);
        add_reading(API, 100 * 24 * 60 * USEC_PER_MINUTE, 41 * MIB, 0);
        assert_int_equal(simulate(act, false), 0);
        assert_string_equal(bench.log, "3600.000 gap");
        assert_int_equal(bench.last.until, 100 * 24 * 60 * USEC_PER_MINUTE);
}

/* A file of the flight recorder that goes on tells of its units again: the run that was ended stays so. */
static void test_files_that_go_on_are_one(void **state) {
        static char second[TEXT_MAX];
        char *middle;

        (void) state;
        line("#begin boottime=1000000000 realtime=1795255201000000 boot=ab-1 goes_on=0");
        add_leak(API);
        assert_int_equal(simulate(act, false), 0);
        assert_int_equal(bench.last.realtime, UINT64_C(1795255201000000) + 111 * SEC);
        middle = strstr(bench.text, "1110000000 witness");
        assert_non_null(middle);
        strcpy(second, "#begin boottime=1100000000 realtime=1795255301000000 boot=ab-1 goes_on=1\n# for people\n");
        strcat(second, "1100000000 start " API " invocation=00000000000000000000000000000001 operator_high=max current=146800640 "
                       "ws=146800640 limit=157286400 own_max=157286400 high_now=max\n");
        strcat(second, middle);
        *middle = 0;
        bench.n = strlen(bench.text);
        bench.second = second;
        assert_int_equal(simulate(act, false), 0);
        assert_non_null(strstr(bench.log, "95.009 parted; 96.009 action restart done [answered]; 110.000 history; 110.100 history; "
                                          "111.000 joined"));
        /* Of another boot, it does not go on: the engine starts anew, and times with it. */
        memcpy(strstr(second, "boot=ab-1"), "boot=ab-2", 9);
        assert_int_equal(simulate(act, false), 0);
        assert_non_null(strstr(bench.log, "0.000 rung restart emergency; 0.000 do(restart); 0.000 parted"));
}

static void expect_problem(const char *text, size_t n, unsigned at, const char *what) {
        bench.n = n;
        memcpy(bench.text, text, n);
        bench.text[n] = 0;
        memset(&bench.problem, 0, sizeof(bench.problem));
        assert_int_equal(simulate(act, false), -EBADMSG);
        assert_int_equal(bench.problem.line, at);
        assert_non_null(strstr(bench.problem.text, what));
}

#define EXPECT_PROBLEM(text, at, what) expect_problem(text, sizeof(text) - 1, at, what)

static void test_mistakes_are_told_by_line(void **state) {
        static char longest[EVENT_LINE_MAX + 100];

        (void) state;
        EXPECT_PROBLEM("# a comment\n\n5 tick -\n5 tack -\n6 tick -\n", 4, "no event");
        EXPECT_PROBLEM("5 tick -\n\0\n", 2, "NUL");
        EXPECT_PROBLEM("5 tick\n", 1, "no event");
        EXPECT_PROBLEM("18446744073709551615 tick -\n", 1, "ahead");
        EXPECT_PROBLEM("5 tick -\n#begin boottime=x\n", 2, "damaged");
        EXPECT_PROBLEM("5 sample " API " current=-1\n6 tick -\n", 1, "no event");
        memset(longest, 'a', sizeof(longest) - 1);
        expect_problem(longest, sizeof(longest) - 1, 1, "at most");
}

static void test_a_cut_file_is_played_up_to_there(void **state) {
        (void) state;
        add_leak(API);
        bench.n -= 30;
        bench.text[bench.n] = 0;
        assert_int_equal(simulate(act, false), 0);
        assert_true(bench.cut);
        assert_int_equal(bench.api.disruptions, 1);
        bench.n = (size_t) snprintf(bench.text, TEXT_MAX, "# nothing\n#begin boott");
        assert_int_equal(simulate(act, false), 0);
        assert_true(bench.cut);
        bench.n = 0;
        assert_int_equal(simulate(act, false), 0);
        assert_false(bench.cut);
        bench.n = (size_t) snprintf(bench.text, TEXT_MAX, "# a comment without an end");
        assert_int_equal(simulate(act, false), 0);
}

/* Readings without a start, ends without a beginning, times that fall: nothing to act on, and nothing to fall over. */
static void test_histories_that_make_no_sense(void **state) {
        Event stop = event_of(EVENT_STOP, API, 0);

        (void) state;
        add_reading(API, 10 * SEC, 149 * MIB, 0);
        add(&stop);
        add_start(API, 0, 1, false, 40 * MIB);
        add_reading(API, 50 * SEC, 50 * MIB, 0);
        add_reading(API, 20 * SEC, 60 * MIB, 0);
        add_reading(API, 50 * SEC, 70 * MIB, 0);
        assert_int_equal(simulate(act, false), 0);
        assert_string_equal(bench.log, "");
        assert_int_equal(simulate(act, true), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup(test_acts_before_the_recorded_kill, set_up),
                cmocka_unit_test_setup(test_names_are_left_out_too, set_up),
                cmocka_unit_test_setup(test_late_words_are_left_out_too, set_up),
                cmocka_unit_test_setup(test_says_what_is_left_out, set_up),
                cmocka_unit_test_setup(test_tells_the_incident_where_it_would_not_act, set_up),
                cmocka_unit_test_setup(test_units_are_apart, set_up),
                cmocka_unit_test_setup(test_withholds_with_the_reason, set_up),
                cmocka_unit_test_setup(test_recorded_answers_are_none, set_up),
                cmocka_unit_test_setup(test_replay_takes_all_as_it_is, set_up),
                cmocka_unit_test_setup(test_cache_is_no_use, set_up),
                cmocka_unit_test_setup(test_recorded_wires_count_nothing, set_up),
                cmocka_unit_test_setup(test_a_recorded_pause_holds, set_up),
                cmocka_unit_test_setup(test_says_where_pressure_is_unknown, set_up),
                cmocka_unit_test_setup(test_long_silences_are_not_played, set_up),
                cmocka_unit_test_setup(test_files_that_go_on_are_one, set_up),
                cmocka_unit_test_setup(test_mistakes_are_told_by_line, set_up),
                cmocka_unit_test_setup(test_a_cut_file_is_played_up_to_there, set_up),
                cmocka_unit_test_setup(test_histories_that_make_no_sense, set_up),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
