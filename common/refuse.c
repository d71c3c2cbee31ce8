/* May this action be taken now? The refusals are a table in the order in which they are asked: what holds for everything
 * first, what holds for one verb last. A doubt means no action. */
#include <stdio.h>

#include "unit.h"

/* A throttle works by making a service reclaim; below this share of cache, and with no swap, there is nothing to reclaim
 * and it would only stand still (facts-kernel 4: 22 MiB/s of growth fell to 1, PSI full 100 %). */
#define THROTTLE_CACHE_SHARE 20

static bool is_paused(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size) {
        (void) spec;
        snprintf(text, size, "memguard is paused; resume it with: memguardctl resume");
        return step->engine->paused || unit->paused;
}

static bool is_protected(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size) {
        (void) step, (void) spec;
        snprintf(text, size, "%s", unit->protected_why ? unit->protected_why : "");
        return unit->protected_why != NULL;
}

static bool is_observed(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size) {
        (void) step, (void) spec;
        snprintf(text, size, "its policy only observes; with Mode=act it would have been taken now");
        return unit->policy->mode == MODE_OBSERVE;
}

static bool has_no_manager(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size) {
        UnitType type = unitname_type(unitname_of_path(unit->path));

        (void) step;
        if (spec->verb == VERB_RESTART && type == UNIT_SCOPE) {
                snprintf(text, size, "a scope has no command that could start it again");
                return true;
        }
        if ((spec->verb == VERB_RESTART || spec->verb == VERB_STOP) && type == UNIT_NONE) {
                snprintf(text, size, "this cgroup is no unit of systemd, which alone could do it");
                return true;
        }
        return false;
}

static bool cannot_throttle(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size) {
        const Sample *sample = &unit->sample;
        uint64_t cache = util_sub(sample->current, sample->working_set);

        (void) step;
        if (spec->verb != VERB_THROTTLE || sample->swap_free > 0 || cache >= sample->current / THROTTLE_CACHE_SHARE)
                return false;
        snprintf(text, size, "its memory is nearly all anonymous and the host has no swap, so a throttle would only stop it");
        return true;
}

static bool is_busy(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size) {
        (void) step;
        snprintf(text, size, "an earlier action on it is still under way");
        return verb_is_disruptive(spec->verb) && unit->acting_id != 0;
}

static bool has_no_room(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size) {
        unsigned used = 0;

        (void) unit, (void) spec;
        for (unsigned i = 0; i < PENDING_MAX; i++)
                used += pending_is_open(step->engine, &step->engine->pendings[i], step->now);
        snprintf(text, size, "%u actions are under way already", used);
        return used >= PENDING_MAX;
}

static bool started_above(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size) {
        (void) step;
        snprintf(text, size, "its fresh start was above this rung at once, so that another restart would not help; "
                             "give it a higher limit or the rung a higher level");
        return spec->verb == VERB_RESTART && unit->started_above;
}

static bool budget_is_spent(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size) {
        const Policy *policy = unit->policy;
        char window[UNITS_TEXT_MAX], left[UNITS_TEXT_MAX];
        usec_t next;

        if (!verb_is_disruptive(spec->verb))
                return false;
        if (!unit_may_own_budget(step->engine, unit)) {
                snprintf(text, size, "the restarts of %u units are kept account of already", BUDGETS_MAX);
                return true;
        }
        if (budget_allows(unit_budget(step->engine, unit), policy->budget_count, policy->budget_window, step->now))
                return false;
        next = budget_next(unit_budget(step->engine, unit), policy->budget_count, policy->budget_window, step->now);
        snprintf(text, size, "its budget of %u in %s is spent; the next is allowed in %s", policy->budget_count,
                 units_format_duration(policy->budget_window, window),
                 units_format_duration(next == USEC_INFINITY ? USEC_INFINITY : util_sub(next, step->now), left));
        return true;
}

static const struct {
        const char *word;
        bool (*applies)(const Step *step, const Unit *unit, const ActionSpec *spec, char *text, size_t size);
} refusals[] = {
        {"paused", is_paused},
        {"protected", is_protected},
        {"observe", is_observed},
        {"no-manager", has_no_manager},
        {"no-swap", cannot_throttle},
        {"busy", is_busy},
        {"too-many", has_no_room},
        {"fresh-start", started_above},
        {"budget", budget_is_spent},
};

bool refuse(const Step *step, const Unit *unit, const ActionSpec *spec, Refusal *ret) {
        if (spec->verb == VERB_NOTIFY)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(refusals); i++)
                if (refusals[i].applies(step, unit, spec, ret->text, sizeof(ret->text))) {
                        ret->word = refusals[i].word;
                        return true;
                }
        return false;
}
