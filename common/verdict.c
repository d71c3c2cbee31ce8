/* The judge: the evidence of one case as a verdict. One table, in the order of what outweighs what: a witness that cannot
 * mean anything else comes before one that can. `certain` is said of the former only; the unit's own words alone, which
 * whoever can write to its stderr can forge, never reach more than `possible`, and what its Python module says, which takes
 * code in that very process to forge, no more than `likely`. */
#include <stdio.h>

#include "inquest.h"

#define SIGNAL_KILL 9
#define CODE_EXITED 1
#define CODE_KILLED 2
#define STATUS_137 137

static bool ended_by(const Case *c, int code, int status) {
        return c->end.code == code && c->end.status == status;
}

static bool is_kill(const Case *c) {
        return c->class == CASE_KILL;
}

static bool kernel_killed(const Case *c) {
        return is_kill(c) && (c->named > 0 || c->counted > 0 || case_has(c, FACT_OOM_SAID));
}

static bool kernel_owes(const Case *c) {
        return is_kill(c) && c->claimed > 0;
}

/* A userspace killer logs its victim's command line and folders too, and a line break in there makes a line of the victim's own
 * that names anybody: what it says is certain only where a run ended, and doubtful of a process that lives. */
static bool userspace_claimed(const Case *c) {
        return is_kill(c) && case_has(c, FACT_USERSPACE);
}

static bool userspace_killed(const Case *c) {
        return userspace_claimed(c) && c->end.code != 0;
}

static bool userspace_said(const Case *c) {
        return userspace_claimed(c) && (c->gone || c->look.start == 0);
}

/* The mark may be its user's own doing: it counts where something was killed, as far as is known. */
static bool is_marked(const Case *c) {
        return c->xattr && (c->end.code == 0 || ended_by(c, CODE_KILLED, SIGNAL_KILL));
}

/* Whatever PID 1 calls an OOM kill that the kernel did not count: it says the same of systemd-oomd's. */
static bool oomd_killed(const Case *c) {
        return c->class != CASE_ERROR && (is_marked(c) || util_streq(c->end.result, "oom-kill"));
}

static bool we_did(const Case *c) {
        return c->class != CASE_ERROR && c->end.code != 0 && is_our_doing(&c->disruption, c->end.at);
}

static bool was_killed(const Case *c) {
        return c->class != CASE_ERROR && ended_by(c, CODE_KILLED, SIGNAL_KILL);
}

/* By whom is known, too. Of a bare SIGKILL there is a doubt left: a userspace OOM killer that nobody heard. */
static bool was_killed_by_manager(const Case *c) {
        return was_killed(c) && (util_streq(c->end.result, "timeout") || util_streq(c->end.result, "watchdog") ||
                                 case_has(c, FACT_CLIENT_KILL));
}

static bool was_no_memory(const Case *c) {
        Confidence any = CONFIDENCE_CERTAIN;

        /* Below an eval() a bare MemoryError is the parser's (before Python 3.12 it says no more) where nothing that could have
         * refused memory shows. */
        return c->class == CASE_ERROR &&
               (case_has(c, FACT_NOT_MEMORY) || (c->maybe_parser && !c->kernel_blind && cause_judge(c, &any) == CAUSE_UNKNOWN));
}

static bool was_raised(const Case *c) {
        return c->class == CASE_ERROR && case_has(c, FACT_RAISED);
}

static bool was_backed(const Case *c) {
        return c->class == CASE_ERROR && c->strong && (case_has(c, FACT_REFUSED) || case_has(c, FACT_DATA_LIMIT) || c->maybe_start);
}

static bool was_reported(const Case *c) {
        return c->class == CASE_ERROR && c->reported;
}

static bool was_printed(const Case *c) {
        return c->class == CASE_ERROR && c->strong;
}

static bool was_other_runtime(const Case *c) {
        return c->class == CASE_ERROR && case_has(c, FACT_RUNTIME);
}

/* A shell passes it on where its child was killed with SIGKILL, and of whoever kills without a word nobody hears. */
static bool exited_137(const Case *c) {
        return ended_by(c, CODE_EXITED, STATUS_137);
}

static bool failed(const Case *c) {
        return c->end.code != 0 && !util_streq(c->end.result, "success");
}

static const struct {
        bool (*holds)(const Case *c);
        Verdict verdict; /* of the three kernel ones the scope decides */
        Confidence confidence;
} rules[] = {
        {kernel_killed, VERDICT_KERNEL_OOM_UNIT, CONFIDENCE_CERTAIN},
        {userspace_killed, VERDICT_USERSPACE_OOM, CONFIDENCE_CERTAIN},
        {userspace_said, VERDICT_USERSPACE_OOM, CONFIDENCE_LIKELY},
        {kernel_owes, VERDICT_KERNEL_OOM_UNIT, CONFIDENCE_LIKELY},
        {oomd_killed, VERDICT_USERSPACE_OOM, CONFIDENCE_LIKELY},
        {userspace_claimed, VERDICT_USERSPACE_OOM, CONFIDENCE_POSSIBLE},
        {we_did, VERDICT_MEMGUARD, CONFIDENCE_CERTAIN},
        {was_killed_by_manager, VERDICT_KILLED, CONFIDENCE_CERTAIN},
        {was_killed, VERDICT_KILLED, CONFIDENCE_LIKELY},
        {was_no_memory, VERDICT_FAILURE, CONFIDENCE_LIKELY},
        {was_raised, VERDICT_MEMORY_ERROR, CONFIDENCE_CERTAIN},
        {was_backed, VERDICT_MEMORY_ERROR, CONFIDENCE_LIKELY},
        {was_reported, VERDICT_MEMORY_ERROR, CONFIDENCE_LIKELY},
        {was_printed, VERDICT_MEMORY_ERROR, CONFIDENCE_POSSIBLE},
        {was_other_runtime, VERDICT_RUNTIME_OOM, CONFIDENCE_POSSIBLE},
        {exited_137, VERDICT_EXIT_137, CONFIDENCE_LIKELY},
        {failed, VERDICT_FAILURE, CONFIDENCE_LIKELY},
};

static bool is_inside(const char *path, const char *dir) {
        size_t n = strlen(dir);

        return strncmp(path, dir, n) == 0 && (path[n] == 0 || path[n] == '/');
}

/* By whose limit: the kernel's own line where there is one, otherwise the counters of the parents. Where neither says it,
 * the likeliest is told as such. */
static Verdict by_whose_limit(const Inquest *inquest, Case *c) {
        Incident *incident = &c->incident;
        int r;

        if (c->scope == SCOPE_HOST)
                return VERDICT_KERNEL_OOM_HOST;
        if (incident->limit[0] == 0) {
                r = ledger_limit(&inquest->ledger, incident->path, util_sub(incident->at, USEC_PER_SEC), incident->limit);
                if (r < 0 && !c->own_oom && (r == -ENOENT || c->scope == SCOPE_CGROUP))
                        incident->confidence = MIN(incident->confidence, CONFIDENCE_LIKELY);
                if (r < 0 && c->scope == SCOPE_UNKNOWN && !c->own_oom)
                        return VERDICT_KERNEL_OOM_HOST;
        }
        if (incident->limit[0] == 0)
                memcpy(incident->limit, incident->path, sizeof(incident->limit));
        return is_inside(incident->limit, incident->path) ? VERDICT_KERNEL_OOM_UNIT : VERDICT_KERNEL_OOM_ANCESTOR;
}

/* What became of the unit. A kill of a worker under OOMPolicy=stop takes the unit down: PID 1 says oom-kill of its end. */
static Fate fate_of(const Case *c) {
        bool taken_down = c->class == CASE_KILL && util_streq(c->end.result, "oom-kill");

        if (c->end.code != 0 || c->run_ended) {
                if (c->restarted)
                        return FATE_RESTARTED;
                if (c->end.code == 0)
                        return c->class == CASE_KILL ? FATE_KILLED : FATE_EXITED;
                return c->end.code == CODE_EXITED && !taken_down ? FATE_EXITED : FATE_KILLED;
        }
        if (c->class == CASE_KILL || c->gone)
                return FATE_WORKER_DIED;
        return FATE_SURVIVED;
}

/* A MemoryError that was followed by a kill of the same run was survived: the kill has a case of its own. */
static bool end_is_anothers(const Inquest *inquest, const Case *c) {
        if (c->class != CASE_ERROR || !ended_by(c, CODE_KILLED, SIGNAL_KILL))
                return false;
        for (unsigned i = 0; i < CASES_MAX; i++)
                if (inquest->cases[i].open && inquest->cases[i].run == c->run && inquest->cases[i].class == CASE_KILL)
                        return true;
        for (unsigned i = 0; i < TOMBSTONES_MAX; i++)
                if (inquest->tombstones[i].run == c->run && inquest->tombstones[i].class == CASE_KILL)
                        return true;
        return false;
}

static bool kernel_is_blind(const Inquest *inquest, const Case *c) {
        return inquest->kernel_blind_until > c->opened;
}

void verdict_judge(const Inquest *inquest, Case *c) {
        Incident *incident = &c->incident;

        c->kernel_blind = kernel_is_blind(inquest, c);
        incident->verdict = _VERDICT_INVALID;
        incident->cause = CAUSE_NONE;
        for (size_t i = 0; i < ELEMENTSOF(rules); i++) {
                if (!rules[i].holds(c))
                        continue;
                incident->verdict = rules[i].verdict;
                incident->confidence = rules[i].confidence;
                break;
        }
        incident->fate = end_is_anothers(inquest, c) ? FATE_SURVIVED : fate_of(c);
        incident->count = MAX(incident->count, 1);
        if (incident->verdict == VERDICT_KERNEL_OOM_UNIT) {
                incident->verdict = by_whose_limit(inquest, c);
                incident->count = MAX(c->named > 0 ? c->named : c->counted, 1);
        }
        if (incident->verdict == VERDICT_MEMORY_ERROR)
                incident->cause = cause_judge(c, &incident->confidence);
        if (incident->verdict == VERDICT_USERSPACE_OOM && incident->killer[0] == 0)
                snprintf(incident->killer, sizeof(incident->killer), "systemd-oomd");
}
