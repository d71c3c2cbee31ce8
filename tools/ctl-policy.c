/* memguardctl policy: what is in force for a unit, each value with the line that says so. Without the sources it is a
 * policy file that could be written. */
#include "ctl-client.h"
#include "ctl-json.h"
#include "ctl-text.h"
#include "units.h"

static unsigned assignment_width(const json_t *rows) {
        const json_t *row;
        size_t width = 0, i;

        json_array_foreach(rows, i, row) width =
                MAX(width, strlen(ctl_json_text(row, "key")) + 1 + strlen(ctl_json_text(row, "value")));
        return (unsigned) MIN(width, (size_t) 40);
}

static void print_row(const json_t *row, unsigned width) {
        char assignment[CTL_TEXT_MAX], bytes[UNITS_TEXT_MAX];
        const char *source = ctl_json_text(row, "source");
        bool built_in = util_streq(source, "built-in");

        (void) snprintf(assignment, sizeof(assignment), "%s=%s", ctl_json_text(row, "key"),
                        ctl_json_text(row, "value"));
        ctl_text_print(stdout, "%-*s  %s; %s", (int) width, assignment, ctl_text_color(stdout, COLOR_DIM), source);
        if (!built_in && json_object_get(row, "bytes"))
                ctl_text_print(stdout, " (%s)", units_format_bytes(ctl_json_u64(row, "bytes"), bytes));
        ctl_text_print(stdout, "%s\n", ctl_text_color(stdout, COLOR_PLAIN));
}

static void print_policy(const json_t *rows) {
        unsigned width = assignment_width(rows);
        const char *section = "";
        const json_t *row;
        size_t i;

        json_array_foreach(rows, i, row) {
                if (!util_streq(section, ctl_json_text(row, "section"))) {
                        ctl_text_print(stdout, "%s", i == 0 ? "" : "\n");
                        section = ctl_json_text(row, "section");
                        ctl_text_print(stdout, "%s[%s]%s\n", ctl_text_color(stdout, COLOR_BOLD), section,
                                       ctl_text_color(stdout, COLOR_PLAIN));
                }
                print_row(row, width);
        }
}

/* Without a unit it is the host's. */
CtlExit ctl_policy(Ctl *ctl, char **arguments) {
        _cleanup_(json_decrefp) json_t *rows = NULL;
        CtlExit status;

        if (!arguments[0] && !ctl->host) {
                ctl_text_complain("Usage: memguardctl policy UNIT, or memguardctl policy --host");
                return CTL_USAGE;
        }
        status = arguments[0] ? ctl_client_call(ctl, "GetPolicy", (const char *const[]){arguments[0], NULL}, &rows)
                              : ctl_client_call(ctl, "GetHostPolicy", NULL, &rows);
        if (status != CTL_DONE)
                return status;
        if (ctl->json)
                (void) ctl_json_print(rows, /* pretty= */ true);
        else if (!arguments[0] && json_array_size(rows) == 0)
                ctl_text_print(stdout, "No policy file has a [Host NAME] section, so the host is not guarded. See "
                                       "memguard.policy(5).\n");
        else
                print_policy(rows);
        return CTL_DONE;
}
