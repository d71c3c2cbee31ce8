/* The labelled set of growth is told apart: 95 % right, never a leak where there is none, forecasts within 20 %. */
#undef NDEBUG
#include <assert.h>
#include <glob.h>

#include "engine.h"
#include "growth/rows.h"

/* Without arguments: every trace is fed to the engine; the confusion table and the errors of the forecasts are printed.
 * `--seed N` makes other traces of the same kinds, `--verbose` shows each, `--show NAME` one in full, `--write DIR`
 * writes those that are made as files that memguardctl simulate and tests/replay take. */

#define READINGS_MAX 60000
#define WAY_FROM 3  /* a third of the way: from here on a forecast is owed */
#define WAY_UNTIL 0.95
#define FORECAST_ERROR 0.20 /* of the time that is left */
#define FORECAST_LEAST 0.05 /* of the whole way: close to the limit the noise alone decides when it is reached */
#define RIGHT_LEAST 95 /* percent */

typedef struct Reading {
        double t, ws, limit, forecast; /* forecast < 0: none */
        GrowthClass class;
        unsigned run;
} Reading;

typedef struct Trace {
        char name[64];
        GrowthClass class, found;
        double leaks_from; /* since its run's start; < 0: it is no leak */
        Engine *engine;
        Reading readings[READINGS_MAX];
        unsigned n_readings, n_runs;
        double run_began;
        bool called_leak;
        unsigned n_owed, n_missing, n_wrong;
        double worst, called_at;
        FILE *file;
} Trace;

typedef struct Totals {
        unsigned n, n_right, n_false_leaks, n_leaks, n_forecasts_wrong, n_traces;
        unsigned confusion[_GROWTH_CLASS_MAX][_GROWTH_CLASS_MAX];
        double errors[256];
        unsigned n_errors;
} Totals;

static bool verbose;
static const char *show, *write_to;

static GrowthClass class_of(const char *name) {
        for (GrowthClass class = 0; class < _GROWTH_CLASS_MAX; class++)
                if (util_streq(growth_class_name(class), name))
                        return class;
        fprintf(stderr, "%s is no class of growth.\n", name);
        abort();
}

static void tell(const Event *event, void *userdata) {
        static ActionList actions;
        Trace *trace = userdata;
        const Sample *sample = event->kind == EVENT_START ? &event->start.sample : &event->sample;
        Reading *reading = &trace->readings[trace->n_readings];
        char line[EVENT_LINE_MAX];
        UnitView view;

        if (trace->file) {
                event_format(event, line);
                fprintf(trace->file, "%s\n", line);
        }
        actions.n_items = actions.n_dropped = 0;
        assert(engine_step(trace->engine, event, &actions) >= 0);
        if (event->kind == EVENT_START) {
                trace->n_runs++;
                trace->run_began = (double) event->time / 1e6;
        }
        /* A leak that was recorded ends with a kill: that is when it reached its limit. */
        if (event->kind == EVENT_STOP && trace->class == GROWTH_LEAK && trace->n_readings > 0) {
                *reading = reading[-1];
                reading->t = (double) event->time / 1e6;
                reading->ws = reading->limit;
                trace->n_readings++;
        }
        if ((event->kind != EVENT_START && event->kind != EVENT_SAMPLE) || engine_get_unit(trace->engine, event->path, &view) < 0)
                return;
        assert(trace->n_readings < READINGS_MAX);
        *reading = (Reading){
                .t = (double) event->time / 1e6,
                .ws = (double) sample->working_set,
                .limit = (double) sample->limit,
                .forecast = view.growth.forecasts ? (double) view.growth.time_to_limit / 1e6 : -1,
                .class = view.growth.class,
                .run = trace->n_runs,
        };
        if (view.growth.class == GROWTH_LEAK && !trace->called_leak) {
                trace->called_leak = true;
                trace->called_at = reading->t;
        }
        trace->found = view.growth.class;
        trace->n_readings++;
        if (show && util_streq(show, trace->name))
                printf("%10.0f ws %7.1f limit %7.1f %-8s slope %8.2f/h since %8.0f forecast %8.0f\n", reading->t - trace->run_began,
                       reading->ws / (double) MIB, reading->limit / (double) MIB, growth_class_name(reading->class),
                       (double) view.growth.slope * 3600 / (double) MIB,
                       view.growth.since ? (double) view.growth.since / 1e6 - trace->run_began : 0, reading->forecast);
}

/* When the limit of then was reached, within the same run; < 0: never. */
static double true_time(const Trace *trace, unsigned at) {
        const Reading *from = &trace->readings[at];

        for (unsigned i = at; i < trace->n_readings && trace->readings[i].run == from->run; i++) {
                const Reading *now = &trace->readings[i], *before = now - 1;

                if (now->ws < from->limit)
                        continue;
                if (i == at || now->ws <= before->ws)
                        return now->t - from->t;
                return before->t + (now->t - before->t) * (from->limit - before->ws) / (now->ws - before->ws) - from->t;
        }
        return -1;
}

static void judge_forecasts(Trace *trace) {
        const Reading *last = &trace->readings[trace->n_readings - 1];
        double from = trace->run_began + trace->leaks_from, until = last->t;

        assert(last->ws >= last->limit);
        for (unsigned i = 1; i < trace->n_readings; i++) {
                const Reading *reading = &trace->readings[i];
                double truth, error, way, slack = reading->t - trace->readings[i - 1].t;

                if (reading->run != last->run || reading->t < from + (until - from) / WAY_FROM)
                        continue;
                truth = true_time(trace, i);
                way = reading->t + truth - from;
                if (truth < 0 || reading->t > from + way * WAY_UNTIL)
                        continue;
                trace->n_owed++;
                if (reading->forecast < 0) {
                        trace->n_missing++;
                        continue;
                }
                error = fmax(fabs(reading->forecast - truth) - slack, 0) / fmax(truth, way * FORECAST_LEAST / FORECAST_ERROR);
                trace->worst = fmax(trace->worst, error);
                trace->n_wrong += error > FORECAST_ERROR;
        }
}

static void open_engine(Trace *trace, PolicySet **ret_set) {
        static const char policy[] = "[Match]\nUnit=*\n";
        ConfErrors errors = {0};

        assert(policy_set_new(ret_set) == 0);
        assert(policy_set_add(*ret_set, "set.conf", policy, strlen(policy), &errors) == 0);
        assert(engine_new(&trace->engine) == 0);
        assert(engine_set_policies(trace->engine, *ret_set, 0) == 0);
}

static void add_to_totals(const Trace *trace, Totals *totals) {
        bool leak = trace->class == GROWTH_LEAK, right = trace->found == trace->class;
        bool false_leak = trace->called_leak && (trace->class == GROWTH_SAW || trace->class == GROWTH_WARM_UP ||
                                                 trace->class == GROWTH_CACHE || trace->class == GROWTH_STEADY);
        bool late = leak && (trace->n_wrong > 0 || trace->n_missing > 0);

        totals->n++;
        totals->n_right += right;
        totals->n_false_leaks += false_leak;
        totals->n_leaks += leak;
        totals->n_forecasts_wrong += late;
        totals->confusion[trace->class][trace->found]++;
        if (leak && totals->n_errors < ELEMENTSOF(totals->errors))
                totals->errors[totals->n_errors++] = trace->worst;
        if (!verbose && right && !false_leak && !late)
                return;
        printf("%-26s %-8s found %-8s", trace->name, growth_class_name(trace->class), growth_class_name(trace->found));
        if (leak)
                printf(" worst forecast %3.0f %%, %u wrong and %u missing of %u", trace->worst * 100, trace->n_wrong,
                       trace->n_missing, trace->n_owed);
        if (trace->called_leak)
                printf(", called a leak at %.0f s of %.0f s", trace->called_at - trace->readings[0].t,
                       trace->readings[trace->n_readings - 1].t - trace->readings[0].t);
        printf("%s\n", false_leak ? " FALSELY" : "");
}

static void run_made(const Make *make, uint64_t seed, Totals *totals) {
        static Trace trace;
        PolicySet *set;
        char path[4096];

        trace = (Trace){.class = class_of(make->class), .leaks_from = make->leaks_from};
        snprintf(trace.name, sizeof(trace.name), "%s", make->name);
        if (write_to) {
                snprintf(path, sizeof(path), "%s/%s.trace", write_to, make->name);
                trace.file = fopen(path, "we");
                assert(trace.file);
                fprintf(trace.file, "# class=%s from=%.0f\n", make->class, make->leaks_from);
        }
        open_engine(&trace, &set);
        make_trace(make, seed, tell, &trace);
        engine_free(trace.engine);
        policy_set_free(set);
        if (trace.file)
                fclose(trace.file);
        if (trace.class == GROWTH_LEAK)
                judge_forecasts(&trace);
        add_to_totals(&trace, totals);
}

/* "# class=leak from=SECONDS", then events. */
static void run_recorded(const char *path, Totals *totals) {
        static Trace trace;
        static char line[EVENT_LINE_MAX];
        const char *name = strrchr(path, '/') + 1;
        FILE *file = fopen(path, "re");
        char class[32];
        PolicySet *set;
        double from;

        assert(file && fgets(line, sizeof(line), file) && sscanf(line, "# class=%31s from=%lf", class, &from) == 2);
        trace = (Trace){.class = class_of(class), .leaks_from = from};
        snprintf(trace.name, sizeof(trace.name), "%.*s", (int) (strlen(name) - strlen(".trace")), name);
        open_engine(&trace, &set);
        while (fgets(line, sizeof(line), file)) {
                Event event;

                line[strcspn(line, "\n")] = 0;
                if (line[0] == '#')
                        continue;
                assert(event_parse(line, &event) == 0);
                tell(&event, &trace);
        }
        fclose(file);
        engine_free(trace.engine);
        policy_set_free(set);
        if (trace.class == GROWTH_LEAK)
                judge_forecasts(&trace);
        add_to_totals(&trace, totals);
}

static int compare(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

static void print_table(Totals *totals) {
        printf("\n%-10s", "true\\found");
        for (GrowthClass found = 0; found < _GROWTH_CLASS_MAX; found++)
                printf(" %8s", growth_class_name(found));
        printf("\n");
        for (GrowthClass class = GROWTH_STEADY; class < _GROWTH_CLASS_MAX; class++) {
                printf("%-10s", growth_class_name(class));
                for (GrowthClass found = 0; found < _GROWTH_CLASS_MAX; found++)
                        printf(" %8u", totals->confusion[class][found]);
                printf("\n");
        }
        qsort(totals->errors, totals->n_errors, sizeof(totals->errors[0]), compare);
        printf("\n%u traces, %u right (%u %%), %u called a leak that are none.\n", totals->n, totals->n_right,
               totals->n_right * 100 / totals->n, totals->n_false_leaks);
        printf("%u leaks: worst error of a forecast of each, from a third of the way on: median %.0f %%, largest %.0f %%; %u beyond 20 %%.\n",
               totals->n_leaks, totals->errors[totals->n_errors / 2] * 100, totals->errors[totals->n_errors - 1] * 100,
               totals->n_forecasts_wrong);
}

int main(int argc, char **argv) {
        static Totals totals;
        uint64_t seed = 1, seeds = 1;
        glob_t found = {0};

        for (int i = 1; i < argc; i++) {
                if (util_streq(argv[i], "--verbose"))
                        verbose = true;
                else if (util_streq(argv[i], "--seed") && i + 1 < argc)
                        seed = strtoull(argv[++i], NULL, 0);
                else if (util_streq(argv[i], "--seeds") && i + 1 < argc)
                        seeds = strtoull(argv[++i], NULL, 0);
                else if (util_streq(argv[i], "--show") && i + 1 < argc)
                        show = argv[++i];
                else if (util_streq(argv[i], "--write") && i + 1 < argc)
                        write_to = argv[++i];
                else {
                        fprintf(stderr, "usage: test-growth-set [--verbose] [--seed N] [--seeds COUNT] [--show NAME] [--write DIR]\n");
                        return 2;
                }
        }
        for (uint64_t n = 0; n < seeds; n++)
                for (size_t i = 0; i < ELEMENTSOF(make_rows); i++)
                        if (!show || util_streq(show, make_rows[i].name))
                                run_made(&make_rows[i], seed + n, &totals);
        if (glob(TEST_DIR "/growth/recorded/*.trace", 0, NULL, &found) == 0)
                for (size_t i = 0; i < found.gl_pathc; i++)
                        run_recorded(found.gl_pathv[i], &totals);
        globfree(&found);
        print_table(&totals);
        return totals.n_right * 100 >= totals.n * RIGHT_LEAST && totals.n_false_leaks == 0 && totals.n_forecasts_wrong == 0
                       ? EXIT_SUCCESS
                       : EXIT_FAILURE;
}
