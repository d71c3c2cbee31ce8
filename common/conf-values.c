/* The values of policy files but for Action=: text -> the policy's fields. */
#include "conf-keys.h"

#include <stdio.h>

#include "budget.h"

#define BLANKS " \t"
#define USAGE_PERCENT_MAX                                                                                              \
        9500                /* hundredths; a service needs memory to stop cleanly, and the rest is what it has then */
#define USAGE_BYTES_MIN MIB /* no service is that small: "75" was meant as "75%" */
#define WINDOW_MIN (500 * USEC_PER_MSEC) /* the kernel's bounds on a PSI trigger's window: psi_trigger_create() */
#define WINDOW_MAX (10 * USEC_PER_SEC)
#define STALL_MIN USEC_PER_MSEC

void conf_globs_done(ConfGlobs *globs) {
        for (unsigned i = 0; i < globs->n_items; i++)
                free(globs->items[i]);
        free(globs->items);
        *globs = (ConfGlobs){0};
}

static int globs_add(ConfGlobs *globs, const char *text, size_t length, const ConfWhere *where) {
        char **items, *glob;

        if (globs->n_items >= CONF_FILE_GLOBS_MAX)
                return conf_fail(where, "[Match] names too much; expected at most %d globs of a kind in one file",
                                 CONF_FILE_GLOBS_MAX);
        items = realloc(globs->items, (globs->n_items + 1) * sizeof(*items));
        if (!items)
                return -ENOMEM;
        globs->items = items;
        glob = strndup(text, length);
        if (!glob)
                return -ENOMEM;
        items[globs->n_items++] = glob;
        return 0;
}

/* What systemd takes in a name, and what a glob adds. Most of all this finds lists with commas. */
#define UNIT_GLOB_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@*?[]!^"

static int check_unit(const char *glob, const ConfWhere *where) {
        bool literal = !strpbrk(glob, "*?[");
        char shown[CONF_SHOWN_MAX];

        (void) conf_shorten(glob, shown);
        if (strchr(glob, '/'))
                return conf_fail(where, "Unit=%s is a path; expected a unit's name (Cgroup= takes paths)", shown);
        if (strlen(glob) >= UNIT_NAME_MAX)
                return conf_fail(where, "Unit=%s is too long; expected at most %d bytes", shown, UNIT_NAME_MAX - 1);
        if (glob[strspn(glob, UNIT_GLOB_LETTERS)] != 0)
                return conf_fail(where, "Unit=%s can't be a unit; expected names or globs with blanks between them",
                                 shown);
        if (literal && unitname_type(glob) == UNIT_NONE)
                return conf_fail(where, "Unit=%s can't be a unit; expected a name with its type, such as api.service",
                                 shown);
        if (literal && strstr(glob, "@."))
                return conf_fail(where, "Unit=%s is a template; expected its units, such as web@*.service", shown);
        return 0;
}

static int check_cgroup(const char *glob, const ConfWhere *where) {
        char shown[CONF_SHOWN_MAX];

        if (!unitname_path_is_valid(glob))
                return conf_fail(where,
                                 "Cgroup=%s can't be a cgroup; expected an absolute path, such as /kubepods.slice/**",
                                 conf_shorten(glob, shown));
        return 0;
}

/* Adds all globs of a value; goes on after a wrong one, so that all of them are told. */
static int parse_globs(ConfGlobs *globs, const char *value, const ConfWhere *where,
                       int (*check)(const char *glob, const ConfWhere *where)) {
        char glob[CONF_LINE_MAX + 1];
        int result = 0, r;

        if (*value == 0)
                conf_globs_done(globs);
        while (*value) {
                size_t length = strcspn(value, BLANKS);

                (void) snprintf(glob, sizeof(glob), "%.*s", (int) length, value);
                r = check(glob, where);
                if (r >= 0)
                        r = globs_add(globs, value, length, where);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
                value += length;
                value += strspn(value, BLANKS);
        }
        return result;
}

int conf_parse_units(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        (void) key;
        return parse_globs(&target->match->units, value, where, check_unit);
}

int conf_parse_cgroups(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        (void) key;
        return parse_globs(&target->match->cgroups, value, where, check_cgroup);
}

int conf_parse_mode(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        Mode mode;

        (void) where;
        mode = mode_parse(value);
        if (mode < 0)
                return mode;
        *(Mode *) conf_key_field(key, target) = mode;
        return 0;
}

/* systemd's own words. */
int conf_parse_bool(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        static const struct {
                const char *word;
                bool value;
        } words[] = {{"yes", true}, {"true", true}, {"on", true}, {"1", true},
                     {"no", false}, {"false", false}, {"off", false}, {"0", false}};

        (void) where;
        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (util_streq(words[i].word, value)) {
                        *(bool *) conf_key_field(key, target) = words[i].value;
                        return 0;
                }
        return -EINVAL;
}

int conf_parse_preference(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        Preference preference;

        (void) where;
        preference = preference_parse(value);
        if (preference < 0)
                return preference;
        *(Preference *) conf_key_field(key, target) = preference;
        return 0;
}

int conf_parse_budget(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        uint32_t count;
        usec_t window;
        int r;

        (void) key;
        (void) where;
        r = units_parse_rate(value, &count, &window);
        if (r < 0)
                return r;
        if (count > BUDGET_TIMES_MAX)
                return -ERANGE;
        target->policy->budget_count = count;
        target->policy->budget_window = window;
        return 0;
}

int conf_parse_bytes(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        uint64_t bytes;
        int r;

        (void) where;
        r = units_parse_bytes(value, &bytes);
        if (r < 0)
                return r;
        if (bytes > 0 && bytes < key->least)
                return -ERANGE;
        *(uint64_t *) conf_key_field(key, target) = bytes;
        return 0;
}

int conf_parse_duration(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        usec_t usec;
        int r;

        (void) where;
        r = units_parse_duration(value, &usec);
        if (r < 0)
                return r;
        if (usec < key->least || usec > key->most)
                return -ERANGE;
        *(usec_t *) conf_key_field(key, target) = usec;
        return 0;
}

int conf_parse_usage(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        char shown[CONF_SHOWN_MAX];
        Level level;
        int r;

        r = units_parse_level(value, &level);
        if (r < 0)
                return r;
        if (level.value < (level.percent ? 1 : USAGE_BYTES_MIN))
                return -ERANGE;
        if (level.percent && level.value > USAGE_PERCENT_MAX)
                return conf_fail(where,
                                 "Usage=%s leaves no reserve; expected at most 95%%, because a service needs memory to "
                                 "stop cleanly",
                                 conf_shorten(value, shown));
        *(Level *) conf_key_field(key, target) = level;
        return 0;
}

/* A rung has at most one condition of each kind of stall. */
static PressureCondition *find_pressure(Policy *policy, unsigned rung, Stalled what) {
        for (unsigned i = 0; i < policy->n_pressures; i++)
                if (policy->pressures[i].rung == rung && policy->pressures[i].what == what)
                        return &policy->pressures[i];
        return NULL;
}

int conf_parse_pressure(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        Policy *policy = target->policy;
        PressureCondition *old = find_pressure(policy, target->rung, key->kind);
        PressureCondition new = {.rung = target->rung, .what = key->kind, .source = where->source};
        int r;

        if (*value == 0) {
                if (old)
                        *old = policy->pressures[--policy->n_pressures];
                return 0;
        }
        r = units_parse_stall(value, &new.stall, &new.window);
        if (r < 0)
                return r;
        if (new.window < WINDOW_MIN || new.window > WINDOW_MAX || new.stall < STALL_MIN)
                return -ERANGE;
        if (!old && policy->n_pressures >= POLICY_PRESSURE_MAX)
                return conf_fail(where, "%s= is one too many; expected at most %d pressure lines over all rungs",
                                 key->name, POLICY_PRESSURE_MAX);
        *(old ?: &policy->pressures[policy->n_pressures++]) = new;
        return 0;
}

static void drop_events(Policy *policy, unsigned rung) {
        unsigned n = 0;

        for (unsigned i = 0; i < policy->n_events; i++)
                if (policy->events[i].rung != rung)
                        policy->events[n++] = policy->events[i];
        policy->n_events = n;
}

static const char *counted_at(unsigned i) {
        return i < _COUNTED_MAX ? counted_name((Counted) i) : NULL;
}

static int unknown_event(const ConfKey *key, const char *kind, const ConfWhere *where) {
        char shown[CONF_SHOWN_MAX], hint[CONF_SHOWN_MAX];

        (void) conf_shorten(kind, shown);
        return conf_fail(where, "Event=%s is no event that we know%s; expected %s", shown,
                         conf_suggest(kind, counted_at, hint), key->expected);
}

int conf_parse_event(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        Policy *policy = target->policy;
        EventCondition event = {.rung = target->rung, .source = where->source};
        size_t length = strcspn(value, BLANKS);
        char kind[CONF_SHOWN_MAX];
        int r;

        if (*value == 0) {
                drop_events(policy, target->rung);
                return 0;
        }
        (void) snprintf(kind, sizeof(kind), "%.*s", (int) length, value);
        event.what = counted_parse(kind);
        if (event.what < 0)
                return unknown_event(key, kind, where);
        r = units_parse_rate(value + length + strspn(value + length, BLANKS), &event.count, &event.window);
        if (r < 0)
                return r;
        if (event.count == 0)
                return -ERANGE;
        if (policy->n_events >= POLICY_EVENTS_MAX)
                return conf_fail(where, "Event= is one too many; expected at most %d over all rungs",
                                 POLICY_EVENTS_MAX);
        policy->events[policy->n_events++] = event;
        return 0;
}
