/* The words of traces. People keep traces: a key that has been written is never given another meaning. */
#include "event-fields.h"

#define FIELD(key, type, member) {key, type, offsetof(Event, member), sizeof(((Event *) 0)->member)}
#define SAMPLE_FIELDS(s)                                                                                               \
        FIELD("current", FIELD_U64, s.current), FIELD("ws", FIELD_U64, s.working_set),                                 \
                FIELD("anon", FIELD_U64, s.anon), FIELD("file", FIELD_U64, s.file),                                    \
                FIELD("shmem", FIELD_U64, s.shmem), FIELD("kernel", FIELD_U64, s.kernel),                              \
                FIELD("swap", FIELD_U64, s.swap), FIELD("limit", FIELD_U64, s.limit),                                  \
                FIELD("own_max", FIELD_U64, s.own_max), FIELD("high_now", FIELD_U64, s.high),                          \
                FIELD("available", FIELD_U64, s.available), FIELD("swap_free", FIELD_U64, s.swap_free),                \
                FIELD("host_free", FIELD_U64, s.host_free), FIELD("host_cached", FIELD_U64, s.host_cached),            \
                FIELD("stolen", FIELD_U64, s.stolen),                                                                  \
                FIELD("n_high", FIELD_U64, s.ev_high), FIELD("n_max", FIELD_U64, s.ev_max),                            \
                FIELD("n_oom", FIELD_U64, s.ev_oom), FIELD("n_oom_kill", FIELD_U64, s.ev_oom_kill)

static const Field start_fields[] = {
        FIELD("invocation", FIELD_TEXT, start.invocation),
        FIELD("fresh", FIELD_BOOL, start.fresh),
        FIELD("operator_high", FIELD_U64, start.operator_high),
        SAMPLE_FIELDS(start.sample),
};
static const Field named_fields[] = {FIELD("invocation", FIELD_TEXT, named.invocation)};
static const Field sample_fields[] = {SAMPLE_FIELDS(sample)};
static const Field pressure_fields[] = {
        FIELD("some", FIELD_U64, pressure.some_total),
        FIELD("full", FIELD_U64, pressure.full_total),
};
static const Field high_fields[] = {FIELD("bytes", FIELD_U64, high.bytes)};
static const Field done_fields[] = {
        FIELD("id", FIELD_U32, done.id),           FIELD("result", FIELD_INT, done.result),
        FIELD("freed", FIELD_U64, done.freed),     FIELD("latency", FIELD_U64, done.latency),
        FIELD("detail", FIELD_TEXT, done.detail),
};
static const Field drill_fields[] = {FIELD("rung", FIELD_TEXT, drill.rung)};
static const Field witness_fields[] = {
        FIELD("source", FIELD_SOURCE, witness.source),
        FIELD("fact", FIELD_FACT, witness.fact),
        FIELD("at", FIELD_U64, witness.at),
        FIELD("pid", FIELD_INT, witness.pid),
        FIELD("code", FIELD_INT, witness.code),
        FIELD("status", FIELD_INT, witness.status),
        FIELD("weak", FIELD_BOOL, witness.weak),
        FIELD("scope", FIELD_SCOPE, witness.scope),
        FIELD("bytes", FIELD_U64, witness.bytes),
        FIELD("invocation", FIELD_TEXT, witness.invocation),
        FIELD("unit", FIELD_TEXT, witness.unit),
        FIELD("comm", FIELD_TEXT, witness.comm),
        FIELD("word", FIELD_TEXT, witness.word),
        FIELD("limit", FIELD_TEXT, witness.limit),
        FIELD("site", FIELD_TEXT, witness.site),
        FIELD("text", FIELD_TEXT, witness.text),
        FIELD("start", FIELD_U64, witness.look.start),
        FIELD("as", FIELD_U64, witness.look.as_limit),
        FIELD("data", FIELD_U64, witness.look.data_limit),
        FIELD("vm_size", FIELD_U64, witness.look.vm_size),
        FIELD("vm_peak", FIELD_U64, witness.look.vm_peak),
        FIELD("vm_data", FIELD_U64, witness.look.vm_data),
        FIELD("maps", FIELD_U64, witness.look.maps),
        FIELD("maps_limit", FIELD_U64, witness.look.maps_limit),
        FIELD("overcommit", FIELD_U64, witness.look.overcommit),
        FIELD("commit_limit", FIELD_U64, witness.look.commit_limit),
        FIELD("committed", FIELD_U64, witness.look.committed),
        FIELD("ram_and_swap", FIELD_U64, witness.look.ram_and_swap),
};
static const Field ledger_fields[] = {
        FIELD("inode", FIELD_U64, ledger.inode),
        FIELD("oom", FIELD_U64, ledger.oom),
        FIELD("oom_kill", FIELD_U64, ledger.oom_kill),
        FIELD("oom_group_kill", FIELD_U64, ledger.oom_group_kill),
        FIELD("local_oom", FIELD_U64, ledger.local_oom),
};
static const Field strain_fields[] = {
        FIELD("full", FIELD_U64, strain.full),
        FIELD("io_full", FIELD_U64, strain.io_full),
        FIELD("user", FIELD_U64, strain.user),
        FIELD("refaults", FIELD_U64, strain.refaults),
        FIELD("swapins", FIELD_U64, strain.swapins),
        FIELD("faults", FIELD_U64, strain.faults),
        FIELD("above", FIELD_TEXT, strain.above),
        FIELD("above_high", FIELD_U64, strain.above_high),
        FIELD("above_max", FIELD_U64, strain.above_max),
        FIELD("above_n_high", FIELD_U64, strain.above_n_high),
        FIELD("above_n_max", FIELD_U64, strain.above_n_max),
};

static const Field host_fields[] = {
        FIELD("total", FIELD_U64, host.total),
        FIELD("available", FIELD_U64, host.available),
        FIELD("free", FIELD_U64, host.free),
        FIELD("cached", FIELD_U64, host.cached),
        FIELD("swap_total", FIELD_U64, host.swap_total),
        FIELD("swap_free", FIELD_U64, host.swap_free),
        FIELD("some", FIELD_U64, host.some_total),
        FIELD("full", FIELD_U64, host.full_total),
};

static const Field beat_fields[] = {
        FIELD("pid", FIELD_INT, beat.pid),           FIELD("items", FIELD_U64, beat.now.items),
        FIELD("queue", FIELD_U64, beat.now.queue),   FIELD("cache", FIELD_U64, beat.now.cache),
        FIELD("blocks", FIELD_U64, beat.now.blocks), FIELD("used", FIELD_U64, beat.now.used),
        FIELD("unused", FIELD_U64, beat.now.unused), FIELD("anon", FIELD_U64, beat.now.anon),
        FIELD("traced", FIELD_U64, beat.now.traced), FIELD("peak", FIELD_U64, beat.now.peak),
};

#define KIND(word, f) {word, f, ELEMENTSOF(f), false}

const EventFields event_fields[_EVENT_KIND_MAX] = {
        [EVENT_TICK] = {"tick", NULL, 0, false},
        [EVENT_START] = {"start", start_fields, ELEMENTSOF(start_fields), .sparse = true},
        [EVENT_NAMED] = KIND("named", named_fields),
        [EVENT_STOP] = {"stop", NULL, 0, false},
        [EVENT_SAMPLE] = {"sample", sample_fields, ELEMENTSOF(sample_fields), .sparse = true},
        [EVENT_PRESSURE] = KIND("pressure", pressure_fields),
        [EVENT_HIGH] = KIND("high", high_fields),
        [EVENT_DONE] = KIND("done", done_fields),
        [EVENT_PAUSE] = {"pause", NULL, 0, false},
        [EVENT_RESUME] = {"resume", NULL, 0, false},
        [EVENT_DRILL] = KIND("drill", drill_fields),
        [EVENT_WITNESS] = {"witness", witness_fields, ELEMENTSOF(witness_fields), .sparse = true},
        [EVENT_LEDGER] = KIND("ledger", ledger_fields),
        [EVENT_HOST] = KIND("host", host_fields),
        [EVENT_STRAIN] = {"strain", strain_fields, ELEMENTSOF(strain_fields), .sparse = true},
        [EVENT_BEAT] = KIND("beat", beat_fields),
};
