/* The words of incidents, one table each. A MESSAGE_ID is for ever, as those of record.c are: each verdict has its own,
 * so that the catalog can say what to look at next. The sentences are in incident-text.c. */
#include "incident.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
        const char *name, *message_id;
} verdicts[] = {
        [VERDICT_MEMORY_ERROR] = {"memory-error", "ec89e41c2ccc4eb68775bb5ce9f2385f"},
        [VERDICT_KERNEL_OOM_UNIT] = {"kernel-oom-unit", "12a44b9c5a8645d1a59f83f49af2291a"},
        [VERDICT_KERNEL_OOM_ANCESTOR] = {"kernel-oom-ancestor", "b4bcf78c64304361bbf56f739bcedc0b"},
        [VERDICT_KERNEL_OOM_HOST] = {"kernel-oom-host", "2aaf30825da44552a1d1f47b307e1f50"},
        [VERDICT_USERSPACE_OOM] = {"userspace-oom", "55aec545c369409bbfc2cb0e175f243f"},
        [VERDICT_MEMGUARD] = {"memguard", "83a62862c9c24a638733ea18269a033a"},
        [VERDICT_KILLED] = {"killed", "7d9e9902067b420f8fcdbb479eec7f8c"},
        [VERDICT_EXIT_137] = {"exit-137", "33aaa8c2837146ce8f116528ecf95496"},
        [VERDICT_RUNTIME_OOM] = {"runtime-oom", "bf408ef821314300be58350a4f4b183e"},
        [VERDICT_LIMIT_STALL] = {"limit-stall", "5f7c9b0a4e0d4a5c9a0f3a8c1d6e2b47"},
        [VERDICT_LEAK] = {"leak", "c2a9d6e17b3f48a4b5c06f1e9d8a7034"},
        [VERDICT_FAILURE] = {"failure", "7d9af2bc3c7e4b61ad032b76a1ce7487"},
};
static_assert(ELEMENTSOF(verdicts) == _VERDICT_MAX, "a verdict has no row");

static const char *const causes[] = {
        [CAUSE_NONE] = "",
        [CAUSE_RLIMIT_AS] = "rlimit-as",
        [CAUSE_RLIMIT_DATA] = "rlimit-data",
        [CAUSE_OVERCOMMIT] = "overcommit",
        [CAUSE_MAP_COUNT] = "map-count",
        [CAUSE_REQUEST_SIZE] = "request-size",
        [CAUSE_UNKNOWN] = "unknown",
};
static_assert(ELEMENTSOF(causes) == _CAUSE_MAX, "a cause has no name");

static const char *const fates[] = {
        [FATE_SURVIVED] = "survived", [FATE_WORKER_DIED] = "worker-died", [FATE_EXITED] = "exited",
        [FATE_KILLED] = "killed",     [FATE_RESTARTED] = "restarted",
};
static_assert(ELEMENTSOF(fates) == _FATE_MAX, "a fate has no name");

static const char *const confidences[] = {
        [CONFIDENCE_POSSIBLE] = "possible",
        [CONFIDENCE_LIKELY] = "likely",
        [CONFIDENCE_CERTAIN] = "certain",
};
static_assert(ELEMENTSOF(confidences) == _CONFIDENCE_MAX, "a confidence has no name");

const char *verdict_name(Verdict verdict) {
        return verdict >= 0 && verdict < _VERDICT_MAX ? verdicts[verdict].name : "unknown";
}

const char *cause_name(Cause cause) {
        return cause >= 0 && cause < _CAUSE_MAX ? causes[cause] : "unknown";
}

const char *fate_name(Fate fate) {
        return fate >= 0 && fate < _FATE_MAX ? fates[fate] : "unknown";
}

const char *confidence_name(Confidence confidence) {
        return confidence >= 0 && confidence < _CONFIDENCE_MAX ? confidences[confidence] : "unknown";
}

Verdict verdict_parse(const char *text) {
        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++)
                if (util_streq(verdicts[verdict].name, text))
                        return verdict;
        return _VERDICT_INVALID;
}

const char *verdict_message_id(Verdict verdict) {
        assert(verdict >= 0 && verdict < _VERDICT_MAX);
        return verdicts[verdict].message_id;
}

int incident_memory(const Sample *sample, char buf[static INCIDENT_MEMORY_MAX]) {
        const struct {
                const char *name;
                uint64_t bytes;
        } values[] = {
                {"anon", sample->anon},          {"file", sample->file},      {"shmem", sample->shmem},
                {"kernel", sample->kernel},      {"swap", sample->swap},      {"current", sample->current},
                {"cached", sample->host_cached}, {"free", sample->host_free}, {"available", sample->available},
        };
        int n = 0;

        /* The longest is far below the size: 9 names, 9 numbers of at most 20 digits. */
        buf[0] = 0;
        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                n += snprintf(buf + n, INCIDENT_MEMORY_MAX - (size_t) n, "%s%s=%" PRIu64, n > 0 ? " " : "",
                              values[i].name, values[i].bytes);
        return n;
}
