/* The words of witnesses, for traces, records and people. */
#include "witness.h"

static const char *const sources[] = {
        [WITNESS_KERNEL] = "kernel", [WITNESS_EVENTS] = "events", [WITNESS_SYSTEMD] = "systemd", [WITNESS_JOURNAL] = "journal",
        [WITNESS_UPROBE] = "uprobe", [WITNESS_PROC] = "proc",     [WITNESS_OOMD] = "oomd",       [WITNESS_GUARD] = "memguard",
        [WITNESS_READING] = "readings", [WITNESS_MODULE] = "module",
};
static_assert(ELEMENTSOF(sources) == _WITNESS_KIND_MAX, "a source has no name");

static const char *const facts[] = {
        [FACT_OOM_KILL] = "oom-kill",       [FACT_REFUSED] = "refused",           [FACT_DATA_LIMIT] = "data-limit",
        [FACT_BLIND] = "blind",             [FACT_OOM_SAID] = "oom-said",         [FACT_ENDED] = "ended",
        [FACT_RESTARTING] = "restarting",   [FACT_CLIENT_KILL] = "client-kill",   [FACT_USERSPACE] = "userspace",
        [FACT_RAISED] = "raised",           [FACT_MEMORY_ERROR] = "memory-error", [FACT_NOT_MEMORY] = "not-memory",
        [FACT_RUNTIME] = "runtime",         [FACT_LOOK] = "look",                 [FACT_STARTED] = "started",
};
static_assert(ELEMENTSOF(facts) == _FACT_MAX, "a fact has no name");

static const char *const scopes[] = {
        [SCOPE_UNKNOWN] = "unknown",
        [SCOPE_CGROUP] = "cgroup",
        [SCOPE_HOST] = "host",
};
static_assert(ELEMENTSOF(scopes) == _SCOPE_MAX, "a scope has no name");

const char *source_name(WitnessKind source) {
        return source >= 0 && source < _WITNESS_KIND_MAX ? sources[source] : "unknown";
}

const char *fact_name(Fact fact) {
        return fact >= 0 && fact < _FACT_MAX ? facts[fact] : "unknown";
}

const char *scope_name(Scope scope) {
        return scope >= 0 && scope < _SCOPE_MAX ? scopes[scope] : "unknown";
}
