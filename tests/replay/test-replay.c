/* Recorded histories lead to the same decisions, to the byte. */
#undef NDEBUG
#include <assert.h>
#include <glob.h>
#include <stdio.h>

#include "simulate.h"

/* NAME.trace holds events, one a line (and comments with '#'), NAME.conf the policy, NAME.expect what the engine asked
 * for, each line with the time of the event that led to it. With MEMGUARD_UPDATE=1 the expectations are written anew.
 */

#define TEXT_MAX (4 * MIB)
#define SEPARATOR "\n===\n" /* between the policy files of one NAME.conf */

typedef struct Text {
        char bytes[TEXT_MAX];
        size_t n;
} Text;

static void read_text(const char *path, Text *ret) {
        FILE *file = fopen(path, "re");

        if (!file) {
                fprintf(stderr, "%s cannot be read.\n", path);
                abort();
        }
        ret->n = fread(ret->bytes, 1, TEXT_MAX - 1, file);
        assert(ret->n < TEXT_MAX - 1 && !ferror(file));
        ret->bytes[ret->n] = 0;
        fclose(file);
}

/* The file beside the trace that has another ending. */
static const char *beside(const char *trace, const char *ending, char *buf, size_t size) {
        int stem = (int) (strrchr(trace, '.') - trace);

        assert((size_t) snprintf(buf, size, "%.*s.%s", stem, trace, ending) < size);
        return buf;
}

static PolicySet *read_policies(const char *trace) {
        static Text text;
        ConfErrors errors = {0};
        PolicySet *set;
        char path[4096];

        assert(policy_set_new(&set) == 0);
        read_text(beside(trace, "conf", path, sizeof(path)), &text);
        for (char *part = text.bytes, *end; part; part = end) {
                size_t n;

                end = strstr(part, SEPARATOR);
                n = end ? (size_t) (end - part) : strlen(part);
                (void) policy_set_add(set, path, part, n, &errors);
                end = end ? end + strlen(SEPARATOR) : NULL;
        }
        if (errors.n_items > 0 || policy_set_check(set, &errors) < 0) {
                for (unsigned i = 0; i < errors.n_items; i++)
                        fprintf(stderr, "%s\n", errors.items[i].text);
                abort();
        }
        conf_errors_done(&errors);
        return set;
}

static void add_action(void *userdata, const SimulateItem *item) {
        char line[ACTION_LINE_MAX];
        Text *out = userdata;

        if (item->kind != SIMULATE_ACTION)
                return;
        action_format(item->action, line);
        out->n += (size_t) snprintf(out->bytes + out->n, TEXT_MAX - out->n, "%llu %s\n", (unsigned long long) item->time,
                                    line);
        assert(out->n < TEXT_MAX);
}

static void replay(const char *trace, Text *out) {
        static Text text;
        SimulateOptions options = {.replay = true, .userdata = out, .tell = add_action};
        PolicySet *set = read_policies(trace);
        SimulateProblem problem;
        Simulation *simulation;

        out->n = 0;
        out->bytes[0] = 0;
        read_text(trace, &text);
        assert(simulate_new(&simulation, set, &options) == 0);
        if (simulate_text(simulation, text.bytes, text.n, &problem) < 0) {
                fprintf(stderr, "%s:%u: %s\n", trace, problem.line, problem.text);
                abort();
        }
        assert(!simulate_was_cut(simulation) && simulate_n_dropped(simulation) == 0);
        simulate_free(simulation);
        policy_set_free(set);
}

static void write_expectation(const char *path, const Text *out) {
        FILE *file = fopen(path, "we");

        assert(file && fwrite(out->bytes, 1, out->n, file) == out->n && fclose(file) == 0);
        printf("%s is written.\n", path);
}

/* Tells the first line that differs. */
static bool compare(const char *path, const Text *expected, const Text *out) {
        const char *a = expected->bytes, *b = out->bytes;
        unsigned line = 1;

        if (expected->n == out->n && memcmp(a, b, out->n) == 0)
                return true;
        while (strcspn(a, "\n") == strcspn(b, "\n") && strncmp(a, b, strcspn(a, "\n") + 1) == 0) {
                a += strcspn(a, "\n") + 1;
                b += strcspn(b, "\n") + 1;
                line++;
        }
        fprintf(stderr, "%s:%u:\n expected: %.*s\n got:      %.*s\n", path, line, (int) strcspn(a, "\n"), a,
                (int) strcspn(b, "\n"), b);
        return false;
}

static bool check_trace(const char *trace) {
        static Text expected, out;
        char path[4096];

        beside(trace, "expect", path, sizeof(path));
        replay(trace, &out);
        if (getenv("MEMGUARD_UPDATE")) {
                write_expectation(path, &out);
                return true;
        }
        read_text(path, &expected);
        return compare(path, &expected, &out);
}

int main(void) {
        bool good = true;
        glob_t found;

        assert(glob(TEST_DIR "/replay/*.trace", 0, NULL, &found) == 0);
        assert(found.gl_pathc >= 6);
        for (size_t i = 0; i < found.gl_pathc; i++)
                good &= check_trace(found.gl_pathv[i]);
        printf("%zu traces\n", found.gl_pathc);
        globfree(&found);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
