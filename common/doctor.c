#include "doctor-internal.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const severities[] = {
        [SEVERITY_NOTE] = "note",
        [SEVERITY_WARN] = "warn",
        [SEVERITY_BAD] = "bad",
};
static_assert(ELEMENTSOF(severities) == _SEVERITY_MAX, "a word for every severity");

const char *severity_name(Severity severity) {
        return severities[severity];
}

void finding_say(Finding *finding, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(finding->text, sizeof(finding->text), format, ap);
        va_end(ap);
}

void finding_remedy(Finding *finding, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(finding->remedy, sizeof(finding->remedy), format, ap);
        va_end(ap);
}

void finding_dropin(Finding *finding, const char *unit, const char *section, const char *line) {
        char word[UNIT_NAME_MAX + 2];

        finding_remedy(finding, "systemctl edit %s\n%s\n%s", facts_quote(unit, word), section, line);
}

static void examine(const DoctorChecks *checks, const HostFacts *host, const UnitFacts *unit, Findings *findings) {
        for (size_t i = 0; i < checks->n; i++) {
                const DoctorCheck *check = &checks->checks[i];
                Finding *finding = &findings->items[findings->n];

                if (findings->n == DOCTOR_FINDINGS_MAX || (check->services_only && !facts_is_service(unit)))
                        continue;
                *finding = (Finding){.id = check->id, .severity = check->severity, .of_unit = unit != NULL};
                findings->n += check->finds(host, unit, finding);
        }
}

/* By severity; among equals the order of the tables stays. */
static void sort(Findings *findings) {
        for (unsigned i = 1; i < findings->n; i++) {
                Finding finding = findings->items[i];
                unsigned j = i;

                for (; j > 0 && findings->items[j - 1].severity < finding.severity; j--)
                        findings->items[j] = findings->items[j - 1];
                findings->items[j] = finding;
        }
}

int doctor_examine(const HostFacts *host, const UnitFacts *unit, Findings *ret) {
        static const DoctorChecks *const of_unit[] = {&doctor_limit_checks, &doctor_life_checks, &doctor_policy_checks};
        static const DoctorChecks *const of_host[] = {&doctor_daemon_checks, &doctor_host_checks};

        ret->n = 0;
        for (size_t i = 0; unit && i < ELEMENTSOF(of_unit); i++)
                examine(of_unit[i], host, unit, ret);
        for (size_t i = 0; i < ELEMENTSOF(of_host); i++)
                examine(of_host[i], host, NULL, ret);
        sort(ret);
        return ret->n > 0 ? (int) ret->items[0].severity : -ENOENT;
}
