/* The sentence of an incident, for an operator at three in the morning: who, what, by whose limit, and what became of
 * it. One row a verdict. Names come from outside, so the whole is escaped once more at the end, and a long one is cut.
 */
#include "incident.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "units.h"
#include "utf8.h"

#define SENTENCE_MAX 1024 /* before it is escaped; what is longer is cut */
#define NAME_SHOWN 96     /* bytes of a name or a place that a sentence shows */

typedef struct Text {
        size_t n;
        char buf[SENTENCE_MAX];
} Text;

static _printf_(2, 3) void add(Text *text, const char *format, ...) {
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(text->buf + text->n, sizeof(text->buf) - text->n, format, ap);
        va_end(ap);
        text->n = MIN(text->n + (size_t) MAX(n, 0), sizeof(text->buf) - 1);
}

/* The end of a path or a place says more than its beginning. */
static void add_name(Text *text, const char *name) {
        char shown[4 * CGROUP_PATH_MAX];
        const char *start = shown;

        (void) utf8_escape(name, shown, sizeof(shown));
        if (strlen(shown) > NAME_SHOWN) {
                start = shown + strlen(shown) - NAME_SHOWN;
                while ((*start & 0xc0) == 0x80)
                        start++; /* not within a character */
        }
        add(text, "%s%s", start == shown ? "" : "...", start);
}

/* A cgroup that is no unit has only its path to tell it from others. */
static const char *unit_of(const char *path) {
        const char *name = unitname_of_path(path);

        return unitname_type(name) == UNIT_NONE ? path : name;
}

static void add_bytes(Text *text, uint64_t bytes) {
        char buf[UNITS_TEXT_MAX];

        add(text, "%s", units_format_bytes(bytes, buf));
}

/* "python3 (pid 4242)", as far as it is known. */
static void add_process(Text *text, const Incident *incident) {
        if (incident->comm[0])
                add_name(text, incident->comm);
        if (incident->comm[0] && incident->pid > 0)
                add(text, " (pid %d)", incident->pid);
        else if (incident->pid > 0)
                add(text, "pid %d", incident->pid);
        else if (!incident->comm[0])
                add(text, "a process");
}

static bool is_named(const Incident *incident) {
        return incident->comm[0] || incident->pid > 0;
}

/* The same of several: "python3 (pid 4242) and 2 other processes". */
static void add_processes(Text *text, const Incident *incident) {
        unsigned others = incident->count > 1 ? incident->count - 1 : 0;

        if (others > 0 && !is_named(incident)) {
                add(text, "%u processes", incident->count);
                return;
        }
        add_process(text, incident);
        if (others > 0)
                add(text, " and %u other process%s", others, others > 1 ? "es" : "");
}

static void add_site(Text *text, const Incident *incident) {
        if (!incident->site[0])
                return;
        add(text, incident->count > 1 ? ", the first at " : " at ");
        add_name(text, incident->site);
}

static void say_memory_error(Text *text, const Incident *incident) {
        static const char *const why[] = {
                [CAUSE_NONE] = "no limit is known that refused the memory",
                [CAUSE_RLIMIT_AS] = "LimitAS= (RLIMIT_AS) refused the memory",
                [CAUSE_RLIMIT_DATA] = "LimitDATA= (RLIMIT_DATA) refused the memory",
                [CAUSE_OVERCOMMIT] = "the host's commit limit (vm.overcommit_memory=2) refused the memory",
                [CAUSE_MAP_COUNT] = "the process had as many mappings as vm.max_map_count allows",
                [CAUSE_REQUEST_SIZE] = "it asked at once for more than the memory and swap of the host",
                [CAUSE_UNKNOWN] = "no limit is known that refused the memory",
        };
        static_assert(ELEMENTSOF(why) == _CAUSE_MAX, "a cause has no words");
        Cause cause = incident->cause >= 0 && incident->cause < _CAUSE_MAX ? incident->cause : CAUSE_UNKNOWN;

        if (incident->count > 1)
                add(text, "%u MemoryErrors in ", incident->count);
        else
                add(text, "%sMemoryError in ", incident->confidence == CONFIDENCE_CERTAIN ? "" : "a ");
        add_process(text, incident);
        add_site(text, incident);
        add(text, ": %s", why[cause]);
}

static void say_oom_unit(Text *text, const Incident *incident) {
        bool below = incident->limit[0] && !util_streq(incident->limit, incident->path);

        add(text, "the kernel killed ");
        add_processes(text, incident);
        if (below) {
                add(text, " because the limit of ");
                add_name(text, incident->limit);
                add(text, ", inside the unit, was reached");
                return;
        }
        add(text, " because the unit's own limit");
        if (incident->has_before && incident->before.own_max > 0 && incident->before.own_max != BYTES_INFINITY) {
                add(text, " of ");
                add_bytes(text, incident->before.own_max);
        }
        add(text, " was reached");
}

/* Was it this unit that filled what it shares with others? */
static void add_share(Text *text, const Incident *incident) {
        if (!incident->has_before)
                return;
        add(text, " (this unit used ");
        add_bytes(text, incident->before.current);
        add(text, " of it)");
}

static void say_oom_ancestor(Text *text, const Incident *incident) {
        add(text, "the kernel killed ");
        add_processes(text, incident);
        add(text, " because the limit of ");
        if (incident->limit[0]) {
                add_name(text, incident->limit);
                add(text, ", above the unit,");
        } else
                add(text, "a cgroup above the unit");
        add(text, " was reached");
        add_share(text, incident);
}

static void say_oom_host(Text *text, const Incident *incident) {
        add(text, "the kernel killed ");
        add_processes(text, incident);
        add(text, " because the host ran out of memory");
        add_share(text, incident);
}

static void say_userspace(Text *text, const Incident *incident) {
        if (incident->killer[0])
                add_name(text, incident->killer);
        else
                add(text, "a userspace OOM killer");
        add(text, " killed ");
        add_processes(text, incident);
        add(text, " to free memory, before the kernel had to");
}

static void say_memguard(Text *text, const Incident *incident) {
        add(text, "memguard itself ended ");
        add_processes(text, incident);
        add(text, ", as the unit's policy asks");
}

/* Only who is certain may say what did not happen. */
static void say_killed(Text *text, const Incident *incident) {
        add_processes(text, incident);
        add(text, incident->count > 1 ? " were" : " was");
        add(text,
            incident->confidence == CONFIDENCE_CERTAIN
                    ? " killed with SIGKILL, and memory had no part in it: no limit was hit and the kernel's OOM "
                      "killer did nothing"
                    : " killed with SIGKILL, and memory seems to have had no part in it: no limit is known to have "
                      "been hit");
}

static void say_exit_137(Text *text, const Incident *incident) {
        add_processes(text, incident);
        add(text, incident->confidence == CONFIDENCE_CERTAIN
                          ? " exited with status 137, which looks like a kill, but nothing was killed"
                          : " exited with status 137, which looks like a kill, but no kill is known");
}

static void say_runtime(Text *text, const Incident *incident) {
        if (incident->count > 1)
                add(text, "%u out-of-memory errors of ", incident->count);
        else
                add(text, "an out-of-memory error of ");
        if (incident->killer[0]) {
                add(text, "the ");
                add_name(text, incident->killer);
                add(text, " runtime in ");
        } else
                add(text, "its runtime in ");
        add_process(text, incident);
        add_site(text, incident);
}

static void say_limit_stall(Text *text, const Incident *incident) {
        char sentence[512];

        (void) stall_sentence(incident, sentence, sizeof(sentence));
        add(text, "%s", sentence);
}

static void add_duration(Text *text, usec_t usec) {
        char buf[UNITS_TEXT_MAX];

        add(text, "%s", units_format_duration(usec, buf));
}

static void say_leak(Text *text, const Incident *incident) {
        const Growth *growth = &incident->growth;
        char rate[GROWTH_RATE_MAX];

        add(text, "a leak: in ");
        add_duration(text, util_sub(incident->at, growth->since));
        add(text, " its working set has grown by ");
        add_bytes(text, growth->grown);
        add(text, " to ");
        add_bytes(text, incident->after.working_set);
        add(text, ", %s; at this rate it reaches its limit of ", growth_format_rate(growth->slope, rate));
        add_bytes(text, incident->after.limit);
        add(text, " in ");
        add_duration(text, growth->time_to_limit);
}

static void say_failure(Text *text, const Incident *incident) {
        add_processes(text, incident);
        add(text, incident->confidence == CONFIDENCE_CERTAIN ? " failed, and memory had no part in it"
                                                             : " failed, and memory seems to have had no part in it");
}

/* What became of it: of an error, which need not end anything, and of an end. */
static const char *const error_fates[] = {
        [FATE_SURVIVED] = "the process survived",
        [FATE_WORKER_DIED] = "that process died, and the rest of the unit goes on",
        [FATE_EXITED] = "the main process exited",
        [FATE_KILLED] = "the main process was killed",
        [FATE_RESTARTED] = "the run ended, and systemd restarted it",
};
static_assert(ELEMENTSOF(error_fates) == _FATE_MAX, "a fate has no words");

static const char *const end_fates[] = {
        [FATE_SURVIVED] = "the unit goes on",           [FATE_WORKER_DIED] = "the rest of the unit goes on",
        [FATE_EXITED] = "the main process then exited", [FATE_KILLED] = "that was the end of this run",
        [FATE_RESTARTED] = "systemd restarted it",
};
static_assert(ELEMENTSOF(end_fates) == _FATE_MAX, "a fate has no words");

/* Of an end that the sentence has told already. */
static const char *const told_fates[] = {
        [FATE_SURVIVED] = "the unit goes on",
        [FATE_WORKER_DIED] = "the rest of the unit goes on",
        [FATE_EXITED] = "",
        [FATE_KILLED] = "",
        [FATE_RESTARTED] = "systemd restarted it",
};
static_assert(ELEMENTSOF(told_fates) == _FATE_MAX, "a fate has no words");

/* Of what is told while it lives. */
static const char *const living_fates[_FATE_MAX] = {
        [FATE_SURVIVED] = "", [FATE_WORKER_DIED] = "", [FATE_EXITED] = "", [FATE_KILLED] = "", [FATE_RESTARTED] = "",
};

static const struct {
        void (*say)(Text *text, const Incident *incident);
        const char *const *fates;
} sentences[] = {
        [VERDICT_MEMORY_ERROR] = {say_memory_error, error_fates},
        [VERDICT_KERNEL_OOM_UNIT] = {say_oom_unit, end_fates},
        [VERDICT_KERNEL_OOM_ANCESTOR] = {say_oom_ancestor, end_fates},
        [VERDICT_KERNEL_OOM_HOST] = {say_oom_host, end_fates},
        [VERDICT_USERSPACE_OOM] = {say_userspace, end_fates},
        [VERDICT_MEMGUARD] = {say_memguard, end_fates},
        [VERDICT_KILLED] = {say_killed, end_fates},
        [VERDICT_EXIT_137] = {say_exit_137, told_fates},
        [VERDICT_RUNTIME_OOM] = {say_runtime, error_fates},
        [VERDICT_LIMIT_STALL] = {say_limit_stall, living_fates},
        [VERDICT_LEAK] = {say_leak, living_fates},
        [VERDICT_FAILURE] = {say_failure, told_fates},
};
static_assert(ELEMENTSOF(sentences) == _VERDICT_MAX, "a verdict has no sentence");

static const char *confidence_word(Confidence confidence) {
        static const char *const words[] = {
                [CONFIDENCE_POSSIBLE] = "possibly ",
                [CONFIDENCE_LIKELY] = "probably ",
                [CONFIDENCE_CERTAIN] = "",
        };
        static_assert(ELEMENTSOF(words) == _CONFIDENCE_MAX, "a confidence has no word");

        return confidence >= 0 && confidence < _CONFIDENCE_MAX ? words[confidence] : words[CONFIDENCE_POSSIBLE];
}

int incident_sentence(const Incident *incident, char *buf, size_t size) {
        const char *fate = "";
        Text text = {};

        assert(incident->verdict >= 0 && incident->verdict < _VERDICT_MAX);
        add_name(&text, unit_of(incident->path));
        add(&text, ": %s", confidence_word(incident->confidence));
        sentences[incident->verdict].say(&text, incident);
        if (incident->fate >= 0 && incident->fate < _FATE_MAX)
                fate = sentences[incident->verdict].fates[incident->fate];
        add(&text, "%s%s.", fate[0] ? "; " : "", fate);

        (void) utf8_escape(text.buf, buf, size);
        return (int) strlen(buf);
}
