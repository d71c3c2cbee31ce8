#include "facts.h"

#include <stdio.h>

static const char *const killers[] = {
        [KILLER_SYSTEMD_OOMD] = "systemd-oomd.service",
        [KILLER_EARLYOOM] = "earlyoom.service",
        [KILLER_NOHANG] = "nohang.service",
        [KILLER_OOMD] = "oomd.service",
};
static_assert(ELEMENTSOF(killers) == _KILLER_MAX, "a unit for every killer");

const char *killer_name(Killer killer) {
        return killers[killer];
}

void host_facts_init(HostFacts *host) {
        *host = (HostFacts){
                .memory_total = FACT_UNKNOWN,
                .available = FACT_UNKNOWN,
                .swap_total = FACT_UNKNOWN,
                .swap_free = FACT_UNKNOWN,
                .commit_limit = FACT_UNKNOWN,
                .committed = FACT_UNKNOWN,
                .overcommit_memory = FACT_UNKNOWN,
                .overcommit_ratio = FACT_UNKNOWN,
                .overcommit_kbytes = FACT_UNKNOWN,
                .panic_on_oom = FACT_UNKNOWN,
                .kill_allocating = FACT_UNKNOWN,
                .kernel = FACT_UNKNOWN,
                .systemd = FACT_UNKNOWN,
                .journal_burst = FACT_UNKNOWN,
                .journal_interval = FACT_UNKNOWN,
                .python_builds = FACT_UNKNOWN,
                .policy_mistakes = FACT_UNKNOWN,
                .guard_min = FACT_UNKNOWN,
        };
}

void unit_facts_init(UnitFacts *unit, const char *name) {
        *unit = (UnitFacts){
                .start_burst = FACT_UNKNOWN,
                .start_interval = FACT_UNKNOWN,
                .stop_timeout = FACT_UNKNOWN,
                .log_burst = FACT_UNKNOWN,
                .log_interval = FACT_UNKNOWN,
                .limit_as = FACT_UNKNOWN,
                .limit_data = FACT_UNKNOWN,
                .max = FACT_UNKNOWN,
                .high = FACT_UNKNOWN,
                .swap_max = FACT_UNKNOWN,
                .current = FACT_UNKNOWN,
                .working_set = FACT_UNKNOWN,
                .anon = FACT_UNKNOWN,
                .swap = FACT_UNKNOWN,
                .peak = FACT_UNKNOWN,
                .oom_score = FACT_NO_SCORE,
        };
        (void) snprintf(unit->name, sizeof(unit->name), "%s", name);
}

bool facts_can_swap(const HostFacts *host, const UnitFacts *unit) {
        return fact_known(host->swap_total) && host->swap_total > 0 &&
               (!fact_known(unit->swap_max) || unit->swap_max > 0);
}

uint64_t facts_limit(const HostFacts *host, const UnitFacts *unit) {
        if (!fact_known(unit->max) || unit->max == BYTES_INFINITY)
                return host->memory_total;
        return fact_known(host->memory_total) ? MIN(unit->max, host->memory_total) : unit->max;
}

uint64_t facts_peak(const UnitFacts *unit) {
        uint64_t now = fact_known(unit->working_set) ? unit->working_set : 0;

        if (fact_known(unit->swap) && now > 0)
                now = util_add(now, unit->swap);
        return MAX(now, unit->learned.runs > 0 ? unit->learned.working_set : 0);
}

const char *facts_quote(const char *name, char buf[static UNIT_NAME_MAX + 2]) {
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@:._-";
        const char *quote = name[strspn(name, plain)] ? "'" : "";

        (void) snprintf(buf, UNIT_NAME_MAX + 2, "%s%s%s", quote, name, quote);
        return buf;
}

const char *facts_section(const char *name) {
        switch (unitname_type(name)) {
        case UNIT_SLICE:
                return "[Slice]";
        case UNIT_SCOPE:
                return "[Scope]";
        case UNIT_OTHER:
                return strstr(name, ".socket") ? "[Socket]" : strstr(name, ".mount") ? "[Mount]" : "[Swap]";
        case UNIT_NONE:
        case UNIT_SERVICE:
        case _UNIT_TYPE_MAX:
        case _UNIT_TYPE_INVALID:
                break;
        }
        return "[Service]";
}

bool facts_is_service(const UnitFacts *unit) {
        return unitname_type(unit->name) == UNIT_SERVICE;
}

#define WORKER_LEAST (2 * MIB) /* a smaller one is no worker but a shell, or asleep */
#define LIKE 2                 /* times as large, at most */

static int compare(const void *a, const void *b) {
        const ProcessFacts *x = a, *y = b;
        int r = strcmp(x->comm, y->comm);

        return r != 0 ? r : x->anon < y->anon ? -1 : x->anon > y->anon;
}

/* From processes[i] on: how many have its name and at most LIKE times its size. */
static size_t group(const ProcessFacts *processes, size_t n, size_t i, uint64_t *ret_sum) {
        size_t j;

        *ret_sum = 0;
        for (j = i;
             j < n && util_streq(processes[j].comm, processes[i].comm) && processes[j].anon / LIKE <= processes[i].anon;
             j++)
                *ret_sum = util_add(*ret_sum, processes[j].anon);
        return j - i;
}

void facts_find_workers(ProcessFacts *processes, size_t n, WorkerFacts *ret) {
        uint64_t all = 0, sum;

        *ret = (WorkerFacts){};
        if (n > 0)
                qsort(processes, n, sizeof(*processes), compare);
        for (size_t i = 0; i < n; i++) {
                size_t count = group(processes, n, i, &sum);

                all = util_add(all, processes[i].anon);
                if (processes[i].anon < WORKER_LEAST || count < 2 || sum <= ret->sum)
                        continue;
                ret->n = (unsigned) count;
                ret->sum = sum;
                ret->largest = processes[i + count - 1].anon;
                (void) snprintf(ret->comm, sizeof(ret->comm), "%s", processes[i].comm);
        }
        ret->rest = util_sub(all, ret->sum);
}
