/* Mistakes that only show when files meet. Which files meet depends on the units, and those are not known here. So
 * every glob stands for one unit that it matches ("web@*.service" for "web@~.service"), and the combination of files
 * that this unit would have is merged and judged. Such units can exist, so nothing is told that could not happen; a
 * combination that only two overlapping globs make ("a*.service" and "*b.service") is judged when a unit has it: with
 * those already resolved. */
#include <stdio.h>

#include "globexample.h"
#include "policyset.h"

#define SERVICE ".service"

typedef enum Fault {
        FAULT_NO_CONDITION,
        FAULT_NO_ACTION,
        FAULT_LEVEL_FALLS,
        FAULT_LEVEL_TWICE,
        _FAULT_MAX,
        _FAULT_INVALID = -EINVAL,
} Fault;

/* What one check works on. A fault is told once, in whichever combination it is met first. */
typedef struct Check {
        const PolicySet *set;
        ConfErrors *errors;
        const char *example; /* a unit that has the combination at hand */
        FileBits seen[POLICY_COMBINATIONS_MAX];
        unsigned n_seen;
        struct {
                Fault fault;
                Source source;
        } told[CONF_ERRORS_MAX];
        unsigned n_told;
        Policy policy;
        bool bad;
} Check;

static bool is_told(Check *check, Fault fault, const Source *source) {
        for (unsigned i = 0; i < check->n_told; i++)
                if (check->told[i].fault == fault && check->told[i].source.file == source->file &&
                    check->told[i].source.line == source->line)
                        return true;
        if (check->n_told < CONF_ERRORS_MAX) {
                check->told[check->n_told].fault = fault;
                check->told[check->n_told++].source = *source;
        }
        return false;
}

#define tell(check, which, source, ...)                                                                                \
        do {                                                                                                           \
                (check)->bad = true;                                                                                   \
                if (!is_told(check, which, source))                                                                    \
                        (void) conf_errors_add((check)->errors, policy_set_file((check)->set, (source)->file),         \
                                               (source)->line, __VA_ARGS__);                                           \
        } while (false)

static bool has_condition(const Policy *policy, unsigned rung) {
        if (policy->rungs[rung].usage.set || policy->rungs[rung].time_to_limit > 0)
                return true;
        for (unsigned i = 0; i < policy->n_events; i++)
                if (policy->events[i].rung == rung)
                        return true;
        for (unsigned i = 0; i < policy->n_pressures; i++)
                if (policy->pressures[i].rung == rung)
                        return true;
        return false;
}

static void check_complete(Check *check, unsigned i) {
        const Rung *rung = &check->policy.rungs[i];

        if (!has_condition(&check->policy, i))
                tell(check, FAULT_NO_CONDITION, &rung->source,
                     "[Rung %s] has no condition for a unit like %s; expected Usage=, TimeToLimit=, PressureSome=, "
                     "PressureFull= or Event=",
                     rung->name, check->example);
        if (rung->n_actions == 0)
                tell(check, FAULT_NO_ACTION, &rung->source,
                     "[Rung %s] has no action for a unit like %s; expected Action=", rung->name, check->example);
}

/* A ladder that is climbed by usage has its levels in order, or the later rung is taken first. Shares and sizes can't
 * be compared, as the limit is not known here. */
static void check_level(Check *check, unsigned i, const Rung *before) {
        const Rung *rung = &check->policy.rungs[i];
        char level[UNITS_TEXT_MAX], other[UNITS_TEXT_MAX];

        if (rung->usage.value > before->usage.value)
                return;
        (void) units_format_level(&rung->usage, level);
        (void) units_format_level(&before->usage, other);
        if (rung->usage.value == before->usage.value)
                tell(check, FAULT_LEVEL_TWICE, &rung->usage_source,
                     "Usage=%s of [Rung %s] is that of [Rung %s] too (%s:%u); expected a higher one for the later rung",
                     level, rung->name, before->name, policy_set_file(check->set, before->usage_source.file),
                     before->usage_source.line);
        else
                tell(check, FAULT_LEVEL_FALLS, &rung->usage_source,
                     "Usage=%s of [Rung %s] is below the %s of [Rung %s], which comes before it (%s:%u); expected "
                     "rising "
                     "levels",
                     level, rung->name, other, before->name, policy_set_file(check->set, before->usage_source.file),
                     before->usage_source.line);
}

static void check_levels(Check *check) {
        const Rung *before[2] = {NULL, NULL}; /* the last rung with a size, and with a share */

        for (unsigned i = 0; i < check->policy.n_rungs; i++) {
                const Rung *rung = &check->policy.rungs[i];

                if (!rung->usage.set)
                        continue;
                if (before[rung->usage.percent])
                        check_level(check, i, before[rung->usage.percent]);
                before[rung->usage.percent] = rung;
        }
}

static bool is_seen(const Check *check, const FileBits *files) {
        for (unsigned i = 0; i < check->n_seen; i++)
                if (memcmp(&check->seen[i], files, sizeof(*files)) == 0)
                        return true;
        return false;
}

static int check_combination(Check *check, const FileBits *files, const char *example) {
        char shown[CONF_SHOWN_MAX];
        int r;

        if (is_seen(check, files))
                return 0;
        if (check->n_seen >= POLICY_COMBINATIONS_MAX)
                return -ENOSPC;
        check->seen[check->n_seen++] = *files;
        check->example = conf_shorten(example, shown);

        r = policy_set_merge(check->set, files, &check->policy, check->errors);
        if (r == -ENOMEM)
                return r;
        check->bad |= r < 0;
        for (unsigned i = 0; i < check->policy.n_rungs; i++)
                check_complete(check, i);
        check_levels(check);
        return 0;
}

/* Nearly all units are services: files for "web@*" and for "*.service" meet in one. */
static void make_service(const char *glob, char *name) {
        char *end = name + strlen(name);

        if (end - name >= (ptrdiff_t) strlen(SERVICE) && util_streq(end - strlen(SERVICE), SERVICE))
                return;
        (void) strcpy(end, SERVICE);
        if (!unitname_matches(glob, name))
                *end = 0;
}

static int check_unit_glob(Check *check, const char *glob) {
        char name[UNIT_NAME_MAX + sizeof(SERVICE)], path[CGROUP_PATH_MAX];
        FileBits files;

        if (glob_example(glob, name, UNIT_NAME_MAX) < 0 || !unitname_matches(glob, name))
                return 0;
        make_service(glob, name);
        (void) snprintf(path, sizeof(path), "/system.slice/%s", name);
        (void) policy_set_match(check->set, name, path, &files);
        return check_combination(check, &files, name);
}

static int check_cgroup_glob(Check *check, const char *glob) {
        char path[CGROUP_PATH_MAX];
        FileBits files;

        if (glob_example(glob, path, sizeof(path)) < 0 || !unitname_path_matches(glob, path))
                return 0;
        (void) policy_set_match(check->set, unitname_of_path(path), path, &files);
        return check_combination(check, &files, path);
}

static int check_globs(Check *check, const ConfGlobs *globs, int (*one)(Check *check, const char *glob)) {
        int r;

        for (unsigned i = 0; i < globs->n_items; i++) {
                r = one(check, globs->items[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int check_all(Check *check) {
        const PolicySet *set = check->set;
        int r;

        for (int i = 0; i < set->n_files; i++) {
                r = check_globs(check, &set->files[i]->match.units, check_unit_glob);
                if (r >= 0)
                        r = check_globs(check, &set->files[i]->match.cgroups, check_cgroup_glob);
                if (r == -ENOSPC)
                        return conf_errors_add(check->errors, set->files[i]->path, 0,
                                               "the files before this one overlap in %d ways already; expected fewer",
                                               POLICY_COMBINATIONS_MAX);
                if (r < 0)
                        return r;
        }
        for (unsigned i = 0; i < set->n_combinations; i++) {
                r = check_combination(check, &set->combinations[i].files, set->combinations[i].example);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

int policy_set_check(PolicySet *set, ConfErrors *errors) {
        _cleanup_free_ Check *check = NULL;
        int r, host;

        host = policy_set_check_host(set, errors);
        if (host == -ENOMEM)
                return host;
        check = calloc(1, sizeof(*check));
        if (!check)
                return -ENOMEM;
        check->set = set;
        check->errors = errors;
        r = check_all(check);
        if (r < 0)
                return r;
        return check->bad ? -EBADMSG : host;
}
