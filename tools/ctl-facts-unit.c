/* A unit as systemd has it, and the slices above it. */
#include <stdio.h>
#include <time.h>

#include "ctl-facts.h"
#include "ctl-pid1.h"

#define SLICES_MAX 16 /* above a unit */

static const CtlField unit_fields[] = {
        CTL_FIELD(UnitFacts, "LoadState", CTL_FIELD_TEXT, load_state),
        CTL_FIELD(UnitFacts, "ActiveState", CTL_FIELD_TEXT, active_state),
        CTL_FIELD(UnitFacts, "StartLimitBurst", CTL_FIELD_U64, start_burst),
        CTL_FIELD(UnitFacts, "StartLimitIntervalUSec", CTL_FIELD_U64, start_interval),
        CTL_FIELD(UnitFacts, "RefuseManualStart", CTL_FIELD_TRI, refuse_start),
        CTL_FIELD(UnitFacts, "RefuseManualStop", CTL_FIELD_TRI, refuse_stop),
        CTL_FIELD(UnitFacts, "ActiveEnterTimestampMonotonic", CTL_FIELD_U64, running), /* converted at the end */
};

static const CtlField group_fields[] = {
        CTL_FIELD(UnitFacts, "ControlGroup", CTL_FIELD_TEXT, path),
        CTL_FIELD(UnitFacts, "MemoryAccounting", CTL_FIELD_TRI, accounting),
        CTL_FIELD(UnitFacts, "Delegate", CTL_FIELD_TRI, delegate),
};

static const CtlField service_fields[] = {
        CTL_FIELD(UnitFacts, "Type", CTL_FIELD_TEXT, type),
        CTL_FIELD(UnitFacts, "Restart", CTL_FIELD_TEXT, restart),
        CTL_FIELD(UnitFacts, "OOMPolicy", CTL_FIELD_TEXT, oom_policy),
        CTL_FIELD(UnitFacts, "KillMode", CTL_FIELD_TEXT, kill_mode),
        CTL_FIELD(UnitFacts, "SendSIGKILL", CTL_FIELD_TRI, send_sigkill),
        CTL_FIELD(UnitFacts, "StandardOutput", CTL_FIELD_TEXT, standard_output),
        CTL_FIELD(UnitFacts, "StandardError", CTL_FIELD_TEXT, standard_error),
        CTL_FIELD(UnitFacts, "TimeoutStopUSec", CTL_FIELD_U64, stop_timeout),
        CTL_FIELD(UnitFacts, "LogRateLimitBurst", CTL_FIELD_U64, log_burst),
        CTL_FIELD(UnitFacts, "LogRateLimitIntervalUSec", CTL_FIELD_U64, log_interval),
        CTL_FIELD(UnitFacts, "LimitAS", CTL_FIELD_U64, limit_as),
        CTL_FIELD(UnitFacts, "LimitDATA", CTL_FIELD_U64, limit_data),
        CTL_FIELD(UnitFacts, "OOMScoreAdjust", CTL_FIELD_I64, oom_score),
};

/* Of the unit and of each slice above it. */
typedef struct Group {
        uint64_t max, high, swap_max;
        char oomd_swap[FACT_WORD_MAX], oomd_pressure[FACT_WORD_MAX], slice[UNIT_NAME_MAX];
} Group;

static const CtlField level_fields[] = {
        CTL_FIELD(Group, "MemoryMax", CTL_FIELD_U64, max),
        CTL_FIELD(Group, "MemoryHigh", CTL_FIELD_U64, high),
        CTL_FIELD(Group, "MemorySwapMax", CTL_FIELD_U64, swap_max),
        CTL_FIELD(Group, "ManagedOOMSwap", CTL_FIELD_TEXT, oomd_swap),
        CTL_FIELD(Group, "ManagedOOMMemoryPressure", CTL_FIELD_TEXT, oomd_pressure),
        CTL_FIELD(Group, "Slice", CTL_FIELD_TEXT, slice),
};

static const char *interface_of(const char *name) {
        static const char *const types[][2] = {
                {".service", "Service"}, {".slice", "Slice"}, {".scope", "Scope"},
                {".socket", "Socket"},   {".mount", "Mount"}, {".swap", "Swap"},
        };
        const char *dot = strrchr(name, '.');

        for (size_t i = 0; dot && i < ELEMENTSOF(types); i++)
                if (util_streq(dot, types[i][0]))
                        return types[i][1];
        return "Service";
}

static void take_least(uint64_t value, const char *name, uint64_t *ret, char ret_source[static UNIT_NAME_MAX]) {
        if (!fact_known(value) || (fact_known(*ret) && value >= *ret && *ret != BYTES_INFINITY))
                return;
        if (fact_known(*ret) && value == BYTES_INFINITY)
                return;
        *ret = value;
        (void) snprintf(ret_source, UNIT_NAME_MAX, "%s", value == BYTES_INFINITY ? "" : name);
}

static void take_group(UnitFacts *unit, const char *name, const Group *group) {
        char ignored[UNIT_NAME_MAX];

        take_least(group->max, name, &unit->max, unit->max_source);
        take_least(group->high, name, &unit->high, unit->high_source);
        take_least(group->swap_max, name, &unit->swap_max, ignored);
        if (unit->oomd_source[0] == 0 &&
            (util_streq(group->oomd_swap, "kill") || util_streq(group->oomd_pressure, "kill")))
                (void) snprintf(unit->oomd_source, sizeof(unit->oomd_source), "%s", name);
}

static int read_groups(sd_bus *bus, UnitFacts *unit) {
        char name[UNIT_NAME_MAX];
        int r = 0;

        (void) snprintf(name, sizeof(name), "%s", unit->name);
        for (unsigned i = 0; r >= 0 && i <= SLICES_MAX && ctl_pid1_name_is_valid(name); i++) {
                Group group = {.max = FACT_UNKNOWN, .high = FACT_UNKNOWN, .swap_max = FACT_UNKNOWN};

                r = ctl_pid1_read(bus, name, interface_of(name), level_fields, ELEMENTSOF(level_fields), &group);
                take_group(unit, name, &group);
                (void) snprintf(name, sizeof(name), "%s", group.slice);
        }
        return MIN(r, 0);
}

static uint64_t since(uint64_t monotonic) {
        struct timespec now;

        if (monotonic == 0 || clock_gettime(CLOCK_MONOTONIC, &now) < 0)
                return 0;
        return MAX(util_sub((uint64_t) now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / 1000, monotonic),
                   (uint64_t) 1);
}

static bool runs(const UnitFacts *unit) {
        return util_streq(unit->active_state, "active") || util_streq(unit->active_state, "reloading") ||
               util_streq(unit->active_state, "activating");
}

int ctl_facts_unit(sd_bus *bus, UnitFacts *unit) {
        const char *interface = interface_of(unit->name);
        int r;

        r = ctl_pid1_read(bus, unit->name, "Unit", unit_fields, ELEMENTSOF(unit_fields), unit);
        if (r < 0)
                return r;
        unit->running = runs(unit) ? since(unit->running) : 0;
        if (!util_streq(unit->load_state, "loaded"))
                return -ENOENT;
        r = ctl_pid1_read(bus, unit->name, interface, group_fields, ELEMENTSOF(group_fields), unit);
        if (r >= 0 && util_streq(interface, "Service"))
                r = ctl_pid1_read(bus, unit->name, interface, service_fields, ELEMENTSOF(service_fields), unit);
        if (r >= 0)
                r = read_groups(bus, unit);
        if (unit->path[0] && unitname_path_is_valid(unit->path))
                unit->protected_why = unitname_protected(unit->path);
        else
                unit->path[0] = 0;
        return MIN(r, 0);
}
