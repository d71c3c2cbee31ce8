/* What the doctor and the adviser are told of a host and of a unit: plain data, gathered by tools/ctl-facts*.c. What
 * nobody could look at is unknown, and nothing is found wrong with that. Texts are empty where unknown; they come from
 * systemd and from the kernel, and whoever shows them escapes them. */
#pragma once

#include "peaks.h"
#include "policy.h"

#define FACT_UNKNOWN (UINT64_MAX - 1) /* of numbers; UINT64_MAX is "infinity", as systemd and the kernel have it */
#define FACT_NO_SCORE INT64_MIN
#define FACT_WORD_MAX 64
#define FACTS_HISTORY_DAYS 7 /* older incidents may be of another limit */

typedef enum Tri {
        TRI_UNKNOWN,
        TRI_NO,
        TRI_YES,
        _TRI_MAX,
        _TRI_INVALID = -EINVAL,
} Tri;

/* Programs that kill for memory beside us. */
typedef enum Killer {
        KILLER_SYSTEMD_OOMD,
        KILLER_EARLYOOM,
        KILLER_NOHANG,
        KILLER_OOMD,
        _KILLER_MAX,
        _KILLER_INVALID = -EINVAL,
} Killer;

typedef struct HostFacts {
        uint64_t memory_total, available, swap_total, swap_free, commit_limit, committed; /* bytes */
        uint64_t overcommit_memory, overcommit_ratio, overcommit_kbytes, panic_on_oom, kill_allocating;
        uint64_t kernel; /* 1000 * major + minor */
        uint64_t systemd;
        Tri unified, memory_controller, psi, uprobes;
        char lockdown[FACT_WORD_MAX]; /* of the kernel: "none", "integrity", "confidentiality" */
        Tri killers[_KILLER_MAX];     /* is it running? */
        Tri journal_persistent;
        uint64_t journal_burst, journal_interval; /* messages in usec, of one service; 0 = no limit */
        Tri daemon;                               /* does it run? Unknown: it did not let us ask */
        Tri paused, dry_run, systemd_connected, kernel_log, journal_reader;
        uint64_t python_builds;
        char python_error[128];
        uint64_t policy_mistakes;
        uint64_t guard_min;      /* memguardd.service: MemoryMin= */
        int64_t guard_oom_score; /* and OOMScoreAdjust=; valid with guard_min */
} HostFacts;

/* Processes of like size, as far as a unit has such. */
typedef struct WorkerFacts {
        char comm[FACT_WORD_MAX];
        unsigned n;       /* 0 = no such group: fewer than two processes of like size */
        uint64_t largest; /* anonymous memory of the largest one; what it shares counts in parts */
        uint64_t sum;     /* of the group */
        uint64_t rest;    /* of the unit's other processes */
} WorkerFacts;

typedef struct ProcessFacts {
        char comm[16];
        uint64_t anon; /* bytes, with what is swapped out */
} ProcessFacts;

typedef struct UnitFacts {
        char name[UNIT_NAME_MAX], path[CGROUP_PATH_MAX]; /* path is empty while it does not run */
        char load_state[FACT_WORD_MAX], active_state[FACT_WORD_MAX];
        char type[FACT_WORD_MAX], restart[FACT_WORD_MAX], oom_policy[FACT_WORD_MAX], kill_mode[FACT_WORD_MAX];
        char standard_output[FACT_WORD_MAX], standard_error[FACT_WORD_MAX];
        uint64_t start_burst, start_interval; /* usec; 0 = no limit */
        uint64_t stop_timeout;                /* usec */
        uint64_t log_burst, log_interval;
        uint64_t limit_as, limit_data; /* bytes */
        int64_t oom_score;             /* FACT_NO_SCORE = unknown */
        Tri accounting, delegate, send_sigkill, refuse_start, refuse_stop;
        uint64_t max, high, swap_max; /* the least of its own and of the slices above it */
        char max_source[UNIT_NAME_MAX], high_source[UNIT_NAME_MAX];
        char oomd_source[UNIT_NAME_MAX]; /* the unit or slice that systemd-oomd is to kill in; empty = none */
        const char *protected_why;       /* NULL = memguard may act on it */
        uint64_t running;                /* usec since it became active; 0 = it does not run */
        uint64_t current, working_set, anon, swap, peak; /* now; peak is memory.peak of this run, with cache */
        WorkerFacts workers;
        Peaks learned;                                        /* runs 0 = nothing */
        char peak_at[FACT_WORD_MAX], first_at[FACT_WORD_MAX]; /* when its peak was, and the first reading, for people */
        bool has_policies;                                    /* could the policy files be read? Then: */
        const Policy *policy;                                 /* NULL = none matches */
        char policy_file[256];                                /* that its mode is written in, or "built-in" */
        bool has_history;                                     /* could the journal be read? Then: */
        char history_since[FACT_WORD_MAX];                    /* for people */
        unsigned kills_unit, kills_above,
                memory_errors;      /* incidents of the last days; of the unit's limit, of one above or the host */
        char growth[FACT_WORD_MAX]; /* the class, as the daemon says it; empty = not told */
        uint64_t growth_slope;      /* bytes a second; with a growth */
} UnitFacts;

void host_facts_init(HostFacts *host);
void unit_facts_init(UnitFacts *unit, const char *name);

const char *killer_name(Killer killer); /* its unit, "earlyoom.service" */

static inline bool fact_known(uint64_t value) {
        return value != FACT_UNKNOWN;
}

/* Can what the unit has in memory be swapped out? Unknown counts as no. */
bool facts_can_swap(const HostFacts *host, const UnitFacts *unit);

/* The memory there is for the unit: its limit, or the host's. FACT_UNKNOWN. */
uint64_t facts_limit(const HostFacts *host, const UnitFacts *unit);

/* The highest working set that is known of it, what was swapped out included; 0 = none. */
uint64_t facts_peak(const UnitFacts *unit);

/* Among processes those of one name and of like size that have most; sorts them. */
void facts_find_workers(ProcessFacts *processes, size_t n, WorkerFacts *ret);

/* A unit's name as a word of a shell: quoted where that is needed. Returns buf. */
const char *facts_quote(const char *name, char buf[static UNIT_NAME_MAX + 2]);

/* "[Service]": where a drop-in for the unit has its memory settings. */
const char *facts_section(const char *name);

/* Is it a service? Only those have Restart=, OOMPolicy= and the like. */
bool facts_is_service(const UnitFacts *unit);
