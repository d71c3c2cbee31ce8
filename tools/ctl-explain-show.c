/* See ctl-explain.h. All that comes from the journal is escaped here. */
#include "ctl-explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "ctl-show.h"
#include "ctl-text.h"
#include "units.h"
#include "utf8.h"

#define SHOWN_MAX (4 * CGROUP_PATH_MAX) /* the longest field, escaped */
#define CELL 9                          /* columns of a size in the table of memory */

static const char *safe(const char *text, char buf[static SHOWN_MAX]) {
        (void) utf8_escape(text, buf, SHOWN_MAX);
        return buf;
}

static void show_line(const char *name, const char *value) {
        char shown[SHOWN_MAX];

        if (!value[0])
                return;
        ctl_show_label(name);
        ctl_text_print(stdout, "%s\n", safe(value, shown));
}

static uint64_t realtime_now(void) {
        struct timespec now = {};

        (void) clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t) now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / 1000;
}

static void show_when(const CtlIncident *incident) {
        char when[CTL_TIME_MAX], ago[UNITS_TEXT_MAX];
        uint64_t now = realtime_now();

        ctl_show_label("When");
        ctl_text_print(stdout, "%s", ctl_text_time(incident->at, when));
        if (incident->at <= now)
                ctl_text_print(stdout, ", %s ago", units_format_duration(now - incident->at, ago));
        ctl_text_print(stdout, "\n");
}

static void show_user(const CtlIncident *incident) {
        uint32_t uid;

        if (ctl_incident_user(incident, &uid) < 0)
                return;
        ctl_show_label("Run by");
        ctl_text_print(stdout, "the manager of user %" PRIu32 ", who gave it its name; it is no unit of the system\n", uid);
}

static void show_process(const CtlIncident *incident) {
        char shown[SHOWN_MAX];

        if (!incident->comm[0] && incident->pid == UINT64_MAX)
                return;
        ctl_show_label("Process");
        ctl_text_print(stdout, "%s", safe(incident->comm, shown));
        if (incident->pid != UINT64_MAX)
                ctl_text_print(stdout, "%spid %" PRIu64, incident->comm[0] ? ", " : "", incident->pid);
        if (incident->count != UINT64_MAX && incident->count > 1)
                ctl_text_print(stdout, "; %" PRIu64 " in all", incident->count);
        ctl_text_print(stdout, "\n");
}

static void show_verdict(const CtlIncident *incident) {
        char text[SHOWN_MAX];

        (void) snprintf(text, sizeof(text), "%s (%s)%s%s%s%s", incident->verdict,
                        incident->confidence[0] ? incident->confidence : "confidence unknown",
                        incident->cause[0] ? ", cause " : "", incident->cause, incident->fate[0] ? ", fate " : "",
                        incident->fate);
        show_line("Verdict", text);
}

/* Seconds before (-) or after (+) the incident. */
static void show_offset(uint64_t at, uint64_t from) {
        uint64_t apart = at > from ? at - from : from - at;
        char text[48];

        (void) snprintf(text, sizeof(text), "%c%" PRIu64 ".%03u", at < from ? '-' : '+', apart / USEC_PER_SEC,
                        (unsigned) (apart / USEC_PER_MSEC % 1000));
        ctl_text_print(stdout, "%7s s", text);
}

static void show_evidence(const CtlIncident *incident) {
        char source[SHOWN_MAX], text[SHOWN_MAX];

        for (unsigned i = 0; i < incident->n_evidence; i++) {
                const CtlEvidence *evidence = &incident->evidence[i];

                ctl_show_label(i == 0 ? "Evidence" : "");
                show_offset(evidence->at, incident->at);
                ctl_text_print(stdout, " %-8s %s\n", safe(evidence->source, source), safe(evidence->text, text));
        }
        if (incident->n_dropped == 0)
                return;
        ctl_show_label("");
        ctl_text_print(stdout, "%" PRIu64 " further piece%s of evidence came and %s not kept.\n", incident->n_dropped,
                       incident->n_dropped == 1 ? "" : "s", incident->n_dropped == 1 ? "was" : "were");
}

static void show_sizes(const char *name, const CtlMemory *memory, CtlMemoryKind first, CtlMemoryKind last) {
        char bytes[UNITS_TEXT_MAX];

        if (!memory->known)
                return;
        ctl_show_label("");
        ctl_text_print(stdout, "%-6s", name);
        for (CtlMemoryKind kind = first; kind <= last; kind++)
                ctl_text_print(stdout, " %*s", CELL,
                               memory->bytes[kind] == UINT64_MAX ? "-"
                                                                 : units_format_bytes(memory->bytes[kind], bytes));
        ctl_text_print(stdout, "\n");
}

static void show_memory_of(const char *whose, const CtlIncident *incident, CtlMemoryKind first, CtlMemoryKind last) {
        if (!incident->before.known && !incident->after.known)
                return;
        ctl_show_label(whose);
        ctl_text_print(stdout, "%-6s", "");
        for (CtlMemoryKind kind = first; kind <= last; kind++)
                ctl_text_print(stdout, " %*s", CELL, ctl_memory_name(kind));
        ctl_text_print(stdout, "\n");
        show_sizes("before", &incident->before, first, last);
        show_sizes("after", &incident->after, first, last);
}

static void show_steps(const CtlIncident *incident, const CtlSteps *steps) {
        char shown[SHOWN_MAX];

        for (unsigned i = 0; i < steps->n; i++) {
                ctl_show_label(i == 0 ? "memguard" : "");
                show_offset(steps->items[i].at, incident->at);
                ctl_text_print(stdout, " %s\n", safe(steps->items[i].text, shown));
        }
        if (steps->n_dropped > 0) {
                ctl_show_label("");
                ctl_text_print(stdout, "%u further records of that minute are not shown.\n", steps->n_dropped);
        }
        if (steps->n == 0) {
                ctl_show_label("memguard");
                ctl_text_print(stdout, "did nothing to this unit within a minute of it\n");
        }
}

/* The catalog is text of the package, with the unit's name put in by the journal; so line by line, and escaped too. */
static void show_advice(const char *advice) {
        char line[256], shown[SHOWN_MAX];

        ctl_text_print(stdout, "\n");
        while (*advice) {
                size_t n = strcspn(advice, "\n");

                (void) snprintf(line, sizeof(line), "%.*s", (int) MIN(n, sizeof(line) - 1), advice);
                ctl_text_print(stdout, "%s%s\n", line[0] ? "  " : "", safe(line, shown));
                advice += n + (advice[n] == '\n');
        }
}

void ctl_explain_show(const CtlIncident *incident, const CtlSteps *steps, const char *advice) {
        char shown[SHOWN_MAX];

        ctl_text_print(stdout, "%s%s%s\n\n", ctl_text_color(stdout, COLOR_BOLD), safe(incident->text, shown),
                       ctl_text_color(stdout, COLOR_PLAIN));
        show_line("Incident", incident->id);
        show_when(incident);
        show_line("Unit", incident->path[0] ? incident->path : incident->unit);
        show_user(incident);
        show_line("Invocation", incident->invocation);
        show_process(incident);
        show_verdict(incident);
        show_line("Killer", incident->killer);
        show_line("Limit of", incident->limit);
        show_line("At", incident->site);
        show_evidence(incident);
        show_memory_of("Memory", incident, MEMORY_ANON, MEMORY_CURRENT);
        show_memory_of("Host", incident, MEMORY_CACHED, MEMORY_AVAILABLE);
        show_line("Released", incident->released);
        show_steps(incident, steps);
        if (advice)
                show_advice(advice);
        else
                ctl_text_print(stdout,
                               "\nWhat to look at next is in the journal's catalog, which has no entry here; see: "
                               "man memguardd\n");
}

void ctl_explain_further(const CtlIncident *incident, size_t n, bool at_least, uint64_t since) {
        char shown[SHOWN_MAX], when[CTL_TIME_MAX];
        uint32_t uid;
        bool by_name = incident->unit[0] && ctl_incident_user(incident, &uid) < 0;

        ctl_text_print(stdout, "\n%s%zu further incident%s since %s: memguardctl history --unit %s\n",
                       at_least ? "At least " : "", n, n > 1 ? "s" : "", ctl_text_time(since, when),
                       safe(by_name ? incident->unit : incident->path, shown));
}
