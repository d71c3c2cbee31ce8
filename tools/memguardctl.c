/* memguardctl: how people and programs talk with memguardd. The table of verbs drives dispatch and help. */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>

#include "ctl-client.h"
#include "ctl-text.h"
#include "ctl.h"

typedef struct Verb {
        const char *name, *arguments;
        int n_min, n_max;
        ctl_verb_t run;
        const char *help;
} Verb;

static const Verb verbs[] = {
        {"status", "[UNIT]", 0, 1, ctl_status, "How things stand, or all about one unit"},
        {"list", "", 0, 0, ctl_list, "Every watched unit"},
        {"policy", "UNIT|--host", 0, 1, ctl_policy, "The policy in force, each value with its file and line"},
        {"check", "[--root=DIR]", 0, 0, ctl_check, "Look for mistakes in the policy files; needs no daemon"},
        {"doctor", "[UNIT]", 0, 1, ctl_doctor, "What is wrong with the host, or a unit, for memory safety; needs no daemon"},
        {"advise", "UNIT", 1, 1, ctl_advise, "What limits and rungs would have fitted a unit; needs no daemon"},
        {"explain", "UNIT|INCIDENT", 1, 1, ctl_explain, "What an incident was; of a unit: the latest; needs no daemon"},
        {"history", "", 0, 0, ctl_history, "The incidents that the journal remembers; needs no daemon"},
        {"simulate", "TRACE", 0, 1, ctl_simulate, "What policies would have done in a recorded trace; needs no daemon"},
        {"flight", "", 0, 0, ctl_flight, "Where the traces are that the daemon always records"},
        {"watch", "", 0, 0, ctl_watch, "Show what the daemon sees and does, as it happens"},
        {"drill", "UNIT RUNG", 2, 2, ctl_drill, "Take a rung now, as if its conditions held"},
        {"instrument", "UNIT", 1, 1, ctl_instrument, "Put the Python module into a service; needs no daemon"},
        {"snapshot", "UNIT", 1, 1, ctl_snapshot, "Ask the Python module of a service where its memory grew"},
        {"pause", "[UNIT]", 0, 1, ctl_pause, "Take no more action on a unit, or on any"},
        {"resume", "[UNIT]", 0, 1, ctl_resume, "Go on after a pause"},
        {"reload", "", 0, 0, ctl_reload, "Read the policy files again"},
};

static void print_help(void) {
        (void) printf("memguardctl [OPTION...] VERB [ARGUMENT...]\n"
                      "Talk with memguardd, which guards the memory of services.\n\nVerbs:\n");
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                char head[64];

                (void) snprintf(head, sizeof(head), "%s %s", verbs[i].name, verbs[i].arguments);
                (void) printf("  %-22s %s\n", head, verbs[i].help);
        }
        (void) printf(
                "\nOptions:\n"
                "  --json                 Answer in JSON; sizes in bytes, times in microseconds\n"
                "  --host                 policy: the rungs of the host's guard\n"
                "  --root=DIR             check, doctor, advise, simulate, flight: look for files below DIR\n"
                "  --policy=FILE          simulate: under this policy, in place of the installed ones; may be repeated\n"
                "  --flight               simulate: what the daemon has recorded, in place of a trace\n"
                "  --replay               simulate: the trace was recorded under these policies; take it as it is\n"
                "  --remove               instrument: take the module out of the service again\n"
                "  --dry                  instrument: only show what would be written\n"
                "  --since=TIME           history: only from then on; \"-1h\", \"today\", \"2026-11-21 10:00\"\n"
                "  --unit=UNIT            history, simulate: only of this unit\n"
                "  --verdict=VERDICT      history: only of this verdict, \"memory-error\" for example\n"
                "  --directory=DIR        history, explain: read the journal files in DIR, not the host's\n"
                "  --socket=PATH          The daemon's socket, instead of %s\n"
                "  -h, --help             This text\n"
                "  --version              The version\n"
                "\nA UNIT is a unit's name (\"api.service\", or \"api\" for short) or a cgroup's path (\"/...\").\n"
                "Exit status: 0 done, 1 refused or found wrong, 2 wrong usage, 3 no daemon.\n",
                CTL_SOCKET);
}

enum {
        OPTION_ROOT = 0x100, /* from here on with a text */
        OPTION_SOCKET,
        OPTION_SINCE,
        OPTION_UNIT,
        OPTION_VERDICT,
        OPTION_DIRECTORY, /* up to here */
        OPTION_JSON,
        OPTION_HOST,
        OPTION_VERSION,
        OPTION_NO_PAGER,
        OPTION_POLICY,
        OPTION_FLIGHT,
        OPTION_REPLAY,
        OPTION_REMOVE,
        OPTION_DRY,
};

static const struct option options[] = {
        {"json", no_argument, NULL, OPTION_JSON},
        {"host", no_argument, NULL, OPTION_HOST},
        {"root", required_argument, NULL, OPTION_ROOT},
        {"socket", required_argument, NULL, OPTION_SOCKET},
        {"since", required_argument, NULL, OPTION_SINCE},
        {"unit", required_argument, NULL, OPTION_UNIT},
        {"verdict", required_argument, NULL, OPTION_VERDICT},
        {"directory", required_argument, NULL, OPTION_DIRECTORY},
        {"policy", required_argument, NULL, OPTION_POLICY},
        {"flight", no_argument, NULL, OPTION_FLIGHT},
        {"replay", no_argument, NULL, OPTION_REPLAY},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"remove", no_argument, NULL, OPTION_REMOVE},
        {"dry", no_argument, NULL, OPTION_DRY},
        {"no-pager", no_argument, NULL, OPTION_NO_PAGER}, /* there is none; scripts that say so are right */
        {},
};

static int add_policy(Ctl *ctl, const char *path) {
        if (ctl->n_policies >= CTL_POLICIES_MAX) {
                ctl_text_complain("At most %d policy files can be given.", CTL_POLICIES_MAX);
                return -E2BIG;
        }
        ctl->policies[ctl->n_policies++] = path;
        return 0;
}

/* Returns 0 to go on, 1 when everything asked for was printed, -EINVAL on a mistake (said by getopt). */
static int parse_options(Ctl *ctl, int argc, char **argv) {
        const char **const texts[] = {&ctl->root, &ctl->socket,  &ctl->since,
                                      &ctl->unit, &ctl->verdict, &ctl->directory};
        int c;

        static_assert(ELEMENTSOF(texts) == OPTION_DIRECTORY - OPTION_ROOT + 1, "an option has no place for its text");
        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case OPTION_ROOT ... OPTION_DIRECTORY:
                        *texts[c - OPTION_ROOT] = optarg;
                        break;
                case OPTION_JSON:
                        ctl->json = true;
                        break;
                case OPTION_HOST:
                        ctl->host = true;
                        break;
                case OPTION_NO_PAGER:
                        break;
                case OPTION_POLICY:
                        if (add_policy(ctl, optarg) < 0)
                                return -EINVAL;
                        break;
                case OPTION_FLIGHT:
                        ctl->flight = true;
                        break;
                case OPTION_REPLAY:
                        ctl->replay = true;
                        break;
                case OPTION_REMOVE:
                        ctl->remove = true;
                        break;
                case OPTION_DRY:
                        ctl->dry = true;
                        break;
                case OPTION_VERSION:
                        (void) puts("memguardctl " MEMGUARD_VERSION);
                        return 1;
                case 'h':
                        print_help();
                        return 1;
                default:
                        return -EINVAL;
                }
        return 0;
}

static const Verb *find_verb(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (util_streq(verbs[i].name, name))
                        return &verbs[i];
        return NULL;
}

static CtlExit run_verb(Ctl *ctl, int n_arguments, char **arguments) {
        const char *name = arguments[0] ?: "status";
        const Verb *verb = find_verb(name);
        int n = MAX(n_arguments - 1, 0);

        if (!verb) {
                ctl_text_complain("There is no verb \"%s\". Those there are: memguardctl --help", name);
                return CTL_USAGE;
        }
        if (n < verb->n_min || n > verb->n_max) {
                ctl_text_complain("Usage: memguardctl %s%s%s", verb->name, verb->arguments[0] ? " " : "",
                                  verb->arguments);
                return CTL_USAGE;
        }
        return verb->run(ctl, arguments[0] ? arguments + 1 : arguments);
}

int main(int argc, char **argv) {
        Ctl ctl = {.socket = CTL_SOCKET, .root = "/"};
        CtlExit status = CTL_DONE;
        int r;

        (void) setlocale(LC_ALL, "");
        r = parse_options(&ctl, argc, argv);
        if (r < 0)
                return CTL_USAGE;
        if (r == 0)
                status = run_verb(&ctl, argc - optind, argv + optind);

        ctl_client_close(&ctl);
        if (fflush(stdout) != 0 && status == CTL_DONE) {
                ctl_text_complain("The answer can't be written: %s.", strerror(errno));
                return CTL_REFUSED;
        }
        return (int) status;
}
