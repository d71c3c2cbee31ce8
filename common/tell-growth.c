/* What is said of leaks: the incident, and what becomes of it. */
#include <stdio.h>

#include "inquest.h"
#include "units.h"
#include "utf8.h"

#define SURE 80 /* percent of confidence in a slope that make a leak likely; below it is possible */

static const char *name_of(const Unit *unit) {
        const char *name = unitname_of_path(unit->path);

        return unitname_type(name) == UNIT_NONE ? unit->path : name;
}

static void add_course(Incident *incident, const Growth *growth, usec_t now) {
        char grown[UNITS_TEXT_MAX], rate[GROWTH_RATE_MAX], lasted[UNITS_TEXT_MAX], text[WITNESS_TEXT_MAX];

        snprintf(text, sizeof(text), "What it holds has grown by %s in %s, in a line: %s, the median of all slopes (%u %% of it is more than noise).",
                 units_format_bytes(growth->grown, grown), units_format_duration(util_sub(now, growth->since), lasted),
                 growth_format_rate(growth->slope, rate), growth->confidence);
        incident_add_evidence(incident, WITNESS_READING, growth->since, text);
}

static void add_make_up(Incident *incident, const Sample *sample, usec_t now) {
        char anon[UNITS_TEXT_MAX], shmem[UNITS_TEXT_MAX], kernel[UNITS_TEXT_MAX], swap[UNITS_TEXT_MAX], cache[UNITS_TEXT_MAX],
                text[WITNESS_TEXT_MAX];

        snprintf(text, sizeof(text), "It is made of %s anonymous memory, %s shared memory, %s of the kernel's and %s in swap; "
                 "its cache of %s, which the kernel can take back, does not count.",
                 units_format_bytes(sample->anon, anon), units_format_bytes(sample->shmem, shmem),
                 units_format_bytes(sample->kernel, kernel), units_format_bytes(sample->swap, swap),
                 units_format_bytes(util_sub(sample->current, sample->working_set), cache));
        incident_add_evidence(incident, WITNESS_READING, now, text);
}

/* What the Python module says of it, where the unit has it. */
static void add_source(const Step *step, Incident *incident, const Unit *unit) {
        const HeapHistory *heap = heap_of(step->engine, unit);
        char text[GROWTH_SOURCE_TEXT_MAX];
        GrowthSource source;

        if (!heap)
                return;
        growth_source_judge(heap, &source);
        if (growth_source_sentence(&source, text)[0])
                incident_add_evidence(incident, WITNESS_MODULE, step->now, text);
}

void tell_leak(const Step *step, const Unit *unit, const Growth *growth) {
        Incident *incident = incident_of_living(step, unit, VERDICT_LEAK, step->now);

        incident->confidence = growth->confidence >= SURE ? CONFIDENCE_LIKELY : CONFIDENCE_POSSIBLE;
        incident->growth = *growth;
        add_course(incident, growth, step->now);
        add_make_up(incident, &unit->sample, step->now);
        add_source(step, incident, unit);
        tell_incident(step, incident);
}

/* before: as it was told last. */
static void say_leak(const Unit *unit, const Growth *growth, GrowthClass before, const char *name, char *buf, size_t size) {
        char rate[GROWTH_RATE_MAX], left[UNITS_TEXT_MAX], limit[UNITS_TEXT_MAX];

        growth_format_rate(growth->slope, rate);
        units_format_duration(growth->time_to_limit, left);
        units_format_bytes(unit->sample.limit, limit);
        if (before == GROWTH_LEAK)
                snprintf(buf, size, "%s leaks, and reaches its limit of %s sooner than was told: at %s in %s.", name, limit,
                         rate, left);
        else
                snprintf(buf, size, "%s leaks again: at %s it reaches its limit of %s in %s.", name, rate, limit, left);
}

void tell_leak_changed(const Step *step, const Unit *unit, const Growth *growth, GrowthClass told) {
        Record *record = &step_action(step, unit, ACTION_RECORD)->record;
        char name[UNIT_NAME_MAX], used[UNITS_TEXT_MAX];

        record->kind = RECORD_GROWTH;
        record->latency = USEC_INFINITY;
        record->freed = BYTES_INFINITY;
        memcpy(record->invocation, unit->invocation, sizeof(record->invocation));
        snprintf(record->result, sizeof(record->result), "%s", growth_class_name(growth->class));
        (void) utf8_escape(name_of(unit), name, sizeof(name));
        if (growth->class == GROWTH_LEAK)
                say_leak(unit, growth, told, name, record->text, sizeof(record->text));
        else
                snprintf(record->text, sizeof(record->text), "%s does not grow as a leak does any more: its working set is %s, and its growth is judged to be: %s.",
                         name, units_format_bytes(unit->sample.working_set, used), growth_class_name(growth->class));
}
