/* memguardctl advise: what limits and rungs would have fitted a unit, with the evidence, ready to be pasted. Needs no
 * daemon, but what a daemon has learned. */
#include "advice.h"
#include "ctl-facts.h"
#include "ctl-json.h"
#include "ctl-text.h"
#include "utf8.h"

static void print_line(const char *text, const char *before, CtlColor color) {
        char shown[4 * ADVICE_REASON_MAX];

        (void) utf8_escape(text, shown, sizeof(shown));
        ctl_text_print(stdout, "%s%s%s%s\n", ctl_text_color(stdout, color), before, shown,
                       color == COLOR_PLAIN ? "" : ctl_text_color(stdout, COLOR_PLAIN));
}

/* A file's text as it is: ours, but for the unit's name, which holds nothing that a terminal minds. */
static void print_file(const char *path, const char *text) {
        ctl_text_print(stdout, "\n%s%s%s\n", ctl_text_color(stdout, COLOR_BOLD), path,
                       ctl_text_color(stdout, COLOR_PLAIN));
        ctl_text_print(stdout, "%s", text);
}

static void print_setting(const AdviceSetting *setting) {
        char shown[4 * ADVICE_REASON_MAX];

        (void) utf8_escape(setting->reason, shown, sizeof(shown));
        ctl_text_print(stdout, "  %-14s %-9s %s\n", setting->key, setting->value, shown);
}

static void print_advice(const Advice *advice) {
        for (unsigned i = 0; i < advice->n_warnings; i++)
                print_line(advice->warnings[i], "", COLOR_WARN);
        ctl_text_print(stdout, "%sEvidence:\n", advice->n_warnings > 0 ? "\n" : "");
        for (unsigned i = 0; i < advice->n_evidence; i++)
                print_line(advice->evidence[i], "  ", COLOR_PLAIN);
        ctl_text_print(stdout, "\n%s:\n", advice->provisional ? "Provisional advice" : "Advice");
        for (unsigned i = 0; i < advice->n_settings; i++)
                print_setting(&advice->settings[i]);
        print_file(advice->dropin_path, advice->dropin);
        print_file(advice->policy_path, advice->policy);
        ctl_text_print(stdout,
                       "\nAfter writing them: systemctl daemon-reload && memguardctl check && memguardctl reload\n");
}

static json_t *lines_json(const char lines[][ADVICE_REASON_MAX], unsigned n) {
        json_t *all = json_array();

        for (unsigned i = 0; i < n; i++)
                (void) json_array_append_new(all, ctl_json_string(lines[i]));
        return all;
}

static json_t *settings_json(const Advice *advice) {
        json_t *all = json_array();

        for (unsigned i = 0; i < advice->n_settings; i++) {
                const AdviceSetting *setting = &advice->settings[i];

                (void) json_array_append_new(all,
                                             json_pack("{s:s, s:s, s:o}", "key", setting->key, "value", setting->value,
                                                       "reason", ctl_json_string(setting->reason)));
        }
        return all;
}

static int print_json(const UnitFacts *unit, const Advice *advice) {
        _cleanup_(json_decrefp) json_t *all = NULL;

        all = json_pack(
                "{s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:s, s:s}, s:{s:s, s:s}}", "unit",
                unit->name, "provisional", (int) advice->provisional, "wait_usec", ctl_json_number(advice->wait),
                "peak", ctl_json_number(advice->demand), "runs", ctl_json_number(unit->learned.runs), "memory_max",
                ctl_json_number(advice->max), "memory_high", ctl_json_number(advice->high), "workers",
                advice->workers > 0 ? json_integer(advice->workers) : json_null(), "warnings",
                lines_json(advice->warnings, advice->n_warnings), "evidence",
                lines_json(advice->evidence, advice->n_evidence), "settings", settings_json(advice), "growth",
                unit->growth[0] ? ctl_json_string(unit->growth) : json_null(), "dropin", "path", advice->dropin_path,
                "text", advice->dropin, "policy", "path", advice->policy_path, "text", advice->policy);
        return all ? ctl_json_print(all, /* pretty= */ true) : -ENOMEM;
}

CtlExit ctl_advise(Ctl *ctl, char **arguments) {
        _cleanup_(ctl_facts_done) CtlFacts facts = {};
        static Advice advice;
        CtlExit status;

        status = ctl_facts_gather(ctl, arguments[0], &facts);
        if (status != CTL_DONE)
                return status;
        if (advise(&facts.host, &facts.unit, &advice) < 0) {
                ctl_text_complain("%s", advice.warnings[0]);
                return CTL_REFUSED;
        }
        if (ctl->json)
                (void) print_json(&facts.unit, &advice);
        else
                print_advice(&advice);
        return CTL_DONE;
}
