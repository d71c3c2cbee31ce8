/* memguardctl simulate: a recorded trace, or the flight recorder's, under other policies. Needs no daemon. */
#include "ctl-simulate-show.h"

#include <fcntl.h>
#include <unistd.h>

#include "conffiles.h"
#include "ctl-client.h"
#include "ctl-flight.h"
#include "ctl-text.h"
#include "fd.h"

#define TRACE_BYTES_MAX (64 * MIB) /* what memguardd --trace writes at most */
#define FIRST_BYTES (64 * KIB)

typedef struct Bytes {
        char *text; /* owned */
        size_t n, allocated;
} Bytes;

static void bytes_done(Bytes *bytes) {
        free(bytes->text);
}

static inline void policy_set_freep(PolicySet **set) {
        (void) policy_set_free(*set);
}

static inline void simulate_freep(Simulation **simulation) {
        (void) simulate_free(*simulation);
}

/* All of it; -EFBIG for more than `most`. */
static int read_fd(int fd, size_t most, Bytes *bytes) {
        bytes->n = 0;
        for (;;) {
                ssize_t n;

                if (bytes->n == bytes->allocated) {
                        size_t more = MAX(2 * bytes->allocated, (size_t) FIRST_BYTES);
                        char *text = realloc(bytes->text, more);

                        if (!text)
                                return -ENOMEM;
                        bytes->text = text;
                        bytes->allocated = more;
                }
                n = read(fd, bytes->text + bytes->n, bytes->allocated - bytes->n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return 0;
                bytes->n += (size_t) n;
                if (bytes->n > most)
                        return -EFBIG;
        }
}

/* "-" is the standard input. */
static int read_file(const char *path, size_t most, Bytes *bytes) {
        _cleanup_close_ int fd = -1;

        if (util_streq(path, "-"))
                return read_fd(STDIN_FILENO, most, bytes);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        return fd < 0 ? -errno : read_fd(fd, most, bytes);
}

static CtlExit complain_read(const char *path, int r, size_t most) {
        if (r == -EFBIG)
                ctl_text_complain("%s is too large; at most %zu KiB are read.", path, most / 1024);
        else
                ctl_text_complain("%s can't be read: %s.", path, strerror(-r));
        return CTL_REFUSED;
}

static CtlExit complain_mistakes(const ConfErrors *errors) {
        for (unsigned i = 0; i < errors->n_items; i++)
                ctl_text_print(stderr, "%s\n", errors->items[i].text);
        ctl_text_complain("The policies have %u mistakes, so nothing was simulated.", errors->n_items + errors->n_dropped);
        return CTL_REFUSED;
}

static CtlExit load_files(const Ctl *ctl, PolicySet *set, ConfErrors *errors) {
        _cleanup_(bytes_done) Bytes bytes = {};
        bool bad = false;
        int r;

        for (unsigned i = 0; i < ctl->n_policies; i++) {
                r = read_file(ctl->policies[i], CONF_FILE_BYTES_MAX, &bytes);
                if (r < 0)
                        return complain_read(ctl->policies[i], r, CONF_FILE_BYTES_MAX);
                r = policy_set_add(set, ctl->policies[i], bytes.text, bytes.n, errors);
                if (r < 0 && r != -EBADMSG)
                        return complain_read(ctl->policies[i], r, CONF_FILE_BYTES_MAX);
                bad |= r < 0;
        }
        return bad || policy_set_check(set, errors) < 0 ? complain_mistakes(errors) : CTL_DONE;
}

/* The files that were named, or those that the daemon would read. */
static CtlExit load_policies(const Ctl *ctl, PolicySet **ret) {
        _cleanup_(conf_errors_done) ConfErrors errors = {};
        int r;

        if (ctl->n_policies > 0) {
                r = policy_set_new(ret);
                return r < 0 ? complain_read("The policies", r, 0) : load_files(ctl, *ret, &errors);
        }
        r = conffiles_load(ctl->root, ret, &errors);
        if (r < 0 && r != -EBADMSG)
                return complain_read("The policies", r, 0);
        return r < 0 || policy_set_check(*ret, &errors) < 0 ? complain_mistakes(&errors) : CTL_DONE;
}

static CtlExit play(Simulation *simulation, const char *path, const Bytes *bytes) {
        SimulateProblem problem;
        int r;

        r = simulate_text(simulation, bytes->text, bytes->n, &problem);
        if (r == -EBADMSG) {
                (void) fflush(stdout);
                ctl_text_complain("%s:%u: %s.", path, problem.line, problem.text);
                return CTL_REFUSED;
        }
        if (r < 0)
                return complain_read(path, r, 0);
        if (simulate_was_cut(simulation))
                ctl_text_complain("%s: the last line is cut off, and left out.", path);
        return CTL_DONE;
}

static CtlExit play_file(Simulation *simulation, const char *path) {
        _cleanup_(bytes_done) Bytes bytes = {};
        int r;

        r = read_file(path, TRACE_BYTES_MAX, &bytes);
        return r < 0 ? complain_read(path, r, TRACE_BYTES_MAX) : play(simulation, path, &bytes);
}

static CtlExit play_flight(const Ctl *ctl, Simulation *simulation) {
        CtlExit status = CTL_DONE;
        CtlFlight flight;

        ctl_flight_flush(ctl);
        ctl_flight_find(ctl, &flight);
        if (flight.n == 0) {
                ctl_text_complain("There is no flight record in %s. It is written by memguardd, unless memguardd.conf says "
                                  "Flight=no, and can be read by root only.", flight.directory);
                return CTL_REFUSED;
        }
        for (unsigned i = 0; status == CTL_DONE && i < flight.n; i++)
                status = play_file(simulation, flight.files[i].path);
        return status;
}

static CtlExit check_usage(const Ctl *ctl, char **arguments) {
        if (ctl->flight == (arguments[0] != NULL)) {
                ctl_text_complain("Usage: memguardctl simulate [--policy=FILE]... [--unit=UNIT] [--replay] TRACE|--flight");
                return CTL_USAGE;
        }
        return CTL_DONE;
}

static void say_strangers(const Simulation *simulation) {
        unsigned n = simulate_n_strangers(simulation);

        if (n > 0)
                ctl_text_complain("%u recorded answers belong to actions that were not taken here: the trace was recorded under other "
                                  "policies than these. Leave out --replay to see what these would have done.", n);
}

CtlExit ctl_simulate(Ctl *ctl, char **arguments) {
        _cleanup_(policy_set_freep) PolicySet *set = NULL;
        _cleanup_(simulate_freep) Simulation *simulation = NULL;
        CtlSimulation shown = {.ctl = ctl};
        SimulateOptions options = {.replay = ctl->replay, .userdata = &shown, .tell = ctl_simulate_show};
        char unit[UNIT_NAME_MAX];
        CtlExit status;
        int r;

        status = check_usage(ctl, arguments);
        if (status != CTL_DONE)
                return status;
        if (ctl->unit && ctl_query_unit(&shown.query, ctl->unit, unit) < 0) {
                ctl_text_complain("\"%s\" is neither a unit's name nor a cgroup's path.", ctl->unit);
                return CTL_USAGE;
        }
        status = load_policies(ctl, &set);
        if (status != CTL_DONE)
                return status;
        r = simulate_new(&simulation, set, &options);
        if (r < 0)
                return complain_read("The trace", r, 0);
        status = ctl->flight ? play_flight(ctl, simulation) : play_file(simulation, arguments[0]);
        if (status != CTL_DONE)
                return status;
        ctl_simulate_summary(&shown, simulation);
        say_strangers(simulation);
        return shown.failed ? CTL_REFUSED : CTL_DONE;
}
