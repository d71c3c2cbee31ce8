/* The sections and keys of policy files, as tables. */
#include "conf-keys.h"

#include <stdio.h>

#include "budget.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define LATER "is not supported by this version"

static const char *const section_names[] = {
        [SECTION_MATCH] = "Match",
        [SECTION_POLICY] = "Policy",
        [SECTION_RUNG] = "Rung",
};
static_assert(ELEMENTSOF(section_names) == _SECTION_MAX, "a section has no name");

/* As messages show it. */
static const char *const section_headers[] = {
        [SECTION_MATCH] = "[Match]",
        [SECTION_POLICY] = "[Policy]",
        [SECTION_RUNG] = "[Rung NAME]",
};
static_assert(ELEMENTSOF(section_headers) == _SECTION_MAX, "a section has no header");

#define IN(type, field) .offset = offsetof(type, field), .size = sizeof(((type *) 0)->field)
#define FROM(type, field) .source = offsetof(type, field)

static const ConfKey keys[] = {
        {SECTION_MATCH, "Unit", conf_parse_units, .list = true, .expected = "names or globs of units, such as web@*.service"},
        {SECTION_MATCH, "Cgroup", conf_parse_cgroups, .list = true, .expected = "globs of cgroup paths, such as /kubepods.slice/**"},
        {SECTION_POLICY, "Mode", conf_parse_mode, IN(Policy, mode), FROM(Policy, mode_source), .expected = "observe or act"},
        {SECTION_POLICY, "RestartBudget", conf_parse_budget, .offset = offsetof(Policy, budget_count),
         .size = offsetof(Policy, budget_window) + sizeof(usec_t) - offsetof(Policy, budget_count),
         FROM(Policy, budget_source), .expected = "COUNT/TIME with a count from 0 to 32, such as 3/1h"},
        {SECTION_POLICY, "Preference", conf_parse_preference, IN(Policy, preference), FROM(Policy, preference_source),
         .expected = "avoid, normal or sacrifice"},
        {SECTION_POLICY, "Loan", conf_parse_bytes, IN(Policy, loan), FROM(Policy, loan_source),
         .expected = "a size, such as 64M, or 0 for none"},
        {SECTION_POLICY, "Relax", conf_parse_duration, IN(Policy, relax), FROM(Policy, relax_source),
         .least = USEC_PER_SEC, .most = 60 * USEC_PER_MINUTE, .expected = "a duration from 1s to 1h, such as 10s"},
        {SECTION_RUNG, "Usage", conf_parse_usage, IN(Rung, usage), FROM(Rung, usage_source),
         .expected = "a share of the limit up to 95%, such as 75%, or a size, such as 512M"},
        {SECTION_RUNG, "PressureSome", conf_parse_pressure, .kind = STALLED_SOME,
         .expected = "STALL/WINDOW with a window from 500ms to 10s and a stall from 1ms up to it, such as 300ms/1s"},
        {SECTION_RUNG, "PressureFull", conf_parse_pressure, .kind = STALLED_FULL,
         .expected = "STALL/WINDOW with a window from 500ms to 10s and a stall from 1ms up to it, such as 300ms/1s"},
        {SECTION_RUNG, "Event", conf_parse_event, .list = true,
         .expected = "high, max or oom-kill and COUNT/TIME with a count from 1, such as oom-kill 1/10min"},
        {SECTION_RUNG, "Action", conf_parse_action, .list = true},
        {SECTION_RUNG, "Hold", conf_parse_duration, IN(Rung, hold), FROM(Rung, hold_source),
         .most = 10 * USEC_PER_MINUTE, .expected = "a duration from 0 to 10min, such as 30s"},
        {SECTION_RUNG, "Settle", conf_parse_duration, IN(Rung, settle), FROM(Rung, settle_source),
         .least = 100 * USEC_PER_MSEC, .most = 10 * USEC_PER_MINUTE, .expected = "a duration from 100ms to 10min, such as 5s"},
};
static_assert(ELEMENTSOF(keys) <= CONF_KEYS_MAX, "CONF_KEYS_MAX is too small");
static_assert(BUDGET_TIMES_MAX == 32, "RestartBudget= says 32");

/* Words of the design that have no witness yet. To take them and do nothing would be a guard that sleeps. */
static const char *const later_keys[] = {"TimeToLimit", "Uprobes"};
static const char *const later_sections[] = {"Host"};

static bool is_one_of(const char *const words[], size_t n_words, const char *word) {
        for (size_t i = 0; i < n_words; i++)
                if (util_streq(words[i], word))
                        return true;
        return false;
}

static const char *section_at(unsigned i) {
        return i < _SECTION_MAX ? section_headers[i] : NULL;
}

static const char *section_name_at(unsigned i) {
        return i < _SECTION_MAX ? section_names[i] : NULL;
}

static const char *key_at(unsigned i) {
        return i < ELEMENTSOF(keys) ? keys[i].name : NULL;
}

static int parse_rung_name(const char *name, const ConfWhere *where, char ret[static RUNG_NAME_MAX]) {
        char shown[CONF_SHOWN_MAX];

        if (*name == 0)
                (void) conf_fail(where, "[Rung] has no name; expected [Rung NAME]");
        else if (name[strspn(name, LETTERS "-_")] != 0 || strlen(name) >= RUNG_NAME_MAX)
                (void) conf_fail(where, "\"%s\" is no name for a rung; expected at most %d letters, digits, '-' and '_'",
                                 conf_shorten(name, shown), RUNG_NAME_MAX - 1);
        else {
                memcpy(ret, name, strlen(name) + 1);
                return 0;
        }
        ret[0] = 0;
        return 1;
}
