/* memguardctl doctor: what is wrong with this host, and with a unit, for the safety of memory. Needs no daemon. */
#include "ctl-facts.h"
#include "ctl-json.h"
#include "ctl-text.h"
#include "doctor.h"
#include "utf8.h"

static const CtlColor colors[] = {
        [SEVERITY_NOTE] = COLOR_DIM,
        [SEVERITY_WARN] = COLOR_WARN,
        [SEVERITY_BAD] = COLOR_BAD,
};
static_assert(ELEMENTSOF(colors) == _SEVERITY_MAX, "a colour for every severity");

/* Line by line, as each is escaped by itself. */
static void print_lines(const char *text, const char *before) {
        char line[DOCTOR_TEXT_MAX], shown[4 * DOCTOR_TEXT_MAX];

        while (*text) {
                size_t n = strcspn(text, "\n");

                (void) snprintf(line, sizeof(line), "%.*s", (int) n, text);
                (void) utf8_escape(line, shown, sizeof(shown));
                ctl_text_print(stdout, "%s%s\n", before, shown);
                text += n + (text[n] == '\n');
        }
}

static void print_finding(const Finding *finding) {
        char shown[4 * DOCTOR_TEXT_MAX];

        (void) utf8_escape(finding->text, shown, sizeof(shown));
        ctl_text_print(stdout, "%s%-4s  %s%s: %s\n", ctl_text_color(stdout, colors[finding->severity]),
                       severity_name(finding->severity), finding->id, ctl_text_color(stdout, COLOR_PLAIN), shown);
        print_lines(finding->remedy, "          ");
        ctl_text_print(stdout, "\n");
}

static void print_sum(const Findings *findings, const char *unit) {
        unsigned n[_SEVERITY_MAX] = {};

        for (unsigned i = 0; i < findings->n; i++)
                n[findings->items[i].severity]++;
        if (findings->n == 0)
                ctl_text_print(stdout, "Nothing was found wrong with %s%sthis host.\n", unit ?: "",
                               unit ? " and " : "");
        else
                ctl_text_print(stdout, "Found: %u bad, %u to be warned of, %u worth a note.\n", n[SEVERITY_BAD],
                               n[SEVERITY_WARN], n[SEVERITY_NOTE]);
}

static json_t *remedy_json(const char *text) {
        json_t *lines = json_array();
        char line[DOCTOR_TEXT_MAX];

        while (*text) {
                size_t n = strcspn(text, "\n");

                (void) snprintf(line, sizeof(line), "%.*s", (int) n, text);
                (void) json_array_append_new(lines, ctl_json_string(line));
                text += n + (text[n] == '\n');
        }
        return lines;
}

static int print_json(const Findings *findings, const char *unit) {
        _cleanup_(json_decrefp) json_t *all = NULL;
        json_t *items = json_array();

        for (unsigned i = 0; i < findings->n; i++) {
                const Finding *finding = &findings->items[i];

                (void) json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", finding->id,
                                                              "severity", severity_name(finding->severity), "subject",
                                                              finding->of_unit ? "unit" : "host", "text",
                                                              ctl_json_string(finding->text), "remedy",
                                                              remedy_json(finding->remedy)));
        }
        all = json_pack("{s:o, s:s?, s:o}", "unit", unit ? ctl_json_string(unit) : json_null(), "worst",
                        findings->n > 0 ? severity_name(findings->items[0].severity) : NULL, "findings", items);
        return all ? ctl_json_print(all, /* pretty= */ true) : -ENOMEM;
}

CtlExit ctl_doctor(Ctl *ctl, char **arguments) {
        _cleanup_(ctl_facts_done) CtlFacts facts = {};
        static Findings findings;
        CtlExit status;
        int worst;

        status = ctl_facts_gather(ctl, arguments[0], &facts);
        if (status != CTL_DONE)
                return status;
        worst = doctor_examine(&facts.host, facts.has_unit ? &facts.unit : NULL, &findings);
        if (ctl->json)
                (void) print_json(&findings, facts.has_unit ? facts.unit.name : NULL);
        else {
                for (unsigned i = 0; i < findings.n; i++)
                        print_finding(&findings.items[i]);
                print_sum(&findings, facts.has_unit ? facts.unit.name : NULL);
        }
        return worst == SEVERITY_BAD ? CTL_REFUSED : CTL_DONE;
}
