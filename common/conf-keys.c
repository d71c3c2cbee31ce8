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
        [SECTION_HOST] = "Host",
};
static_assert(ELEMENTSOF(section_names) == _SECTION_MAX, "a section has no name");

/* As messages show it. */
static const char *const section_headers[] = {
        [SECTION_MATCH] = "[Match]",
        [SECTION_POLICY] = "[Policy]",
        [SECTION_RUNG] = "[Rung NAME]",
        [SECTION_HOST] = "[Host NAME]",
};
static_assert(ELEMENTSOF(section_headers) == _SECTION_MAX, "a section has no header");

#define IN(type, field) .offset = offsetof(type, field), .size = sizeof(((type *) 0)->field)
#define FROM(type, field) .source = offsetof(type, field)

static const ConfKey keys[] = {
        {SECTION_MATCH, "Unit", conf_parse_units, .list = true,
         .expected = "names or globs of units, such as web@*.service"},
        {SECTION_MATCH, "Cgroup", conf_parse_cgroups, .list = true,
         .expected = "globs of cgroup paths, such as /kubepods.slice/**"},
        {SECTION_POLICY, "Mode", conf_parse_mode, IN(Policy, mode), FROM(Policy, mode_source),
         .expected = "observe or act"},
        {SECTION_POLICY, "RestartBudget", conf_parse_budget, .offset = offsetof(Policy, budget_count),
         .size = offsetof(Policy, budget_window) + sizeof(usec_t) - offsetof(Policy, budget_count),
         FROM(Policy, budget_source), .expected = "COUNT/TIME with a count from 0 to 32, such as 3/1h"},
        {SECTION_POLICY, "Preference", conf_parse_preference, IN(Policy, preference), FROM(Policy, preference_source),
         .expected = "avoid, normal or sacrifice"},
        {SECTION_POLICY, "Loan", conf_parse_bytes, IN(Policy, loan), FROM(Policy, loan_source), .least = PAGE_BYTES,
         .expected = "a size from 4K, such as 64M, or 0 for none"},
        {SECTION_POLICY, "Relax", conf_parse_duration, IN(Policy, relax), FROM(Policy, relax_source),
         .least = USEC_PER_SEC, .most = 60 * USEC_PER_MINUTE, .expected = "a duration from 1s to 1h, such as 10s"},
        {SECTION_POLICY, "ReportFailures", conf_parse_bool, IN(Policy, report_failures), FROM(Policy, failures_source),
         .expected = "yes or no"},
        {SECTION_POLICY, "Uprobes", conf_parse_bool, IN(Policy, uprobes), FROM(Policy, uprobes_source),
         .expected = "yes or no"},
        {SECTION_POLICY, "Journal", conf_parse_bool, IN(Policy, journal), FROM(Policy, journal_source),
         .expected = "yes or no"},
        {SECTION_RUNG, "Usage", conf_parse_usage, IN(Rung, usage), FROM(Rung, usage_source),
         .expected = "a share of the limit up to 95%, such as 75%, or a size from 1M, such as 512M"},
        {SECTION_RUNG, "TimeToLimit", conf_parse_duration, IN(Rung, time_to_limit), FROM(Rung, time_source),
         .least = USEC_PER_MINUTE, .most = 7 * 24 * 60 * USEC_PER_MINUTE,
         .expected = "a duration from 1min to 7d, such as 10min"},
        {SECTION_RUNG, "PressureSome", conf_parse_pressure, .kind = STALLED_SOME,
         .expected = "STALL/WINDOW with a window from 500ms to 10s and a stall from 1ms up to it, such as 300ms/1s"},
        {SECTION_RUNG, "PressureFull", conf_parse_pressure, .kind = STALLED_FULL,
         .expected = "STALL/WINDOW with a window from 500ms to 10s and a stall from 1ms up to it, such as 300ms/1s"},
        {SECTION_RUNG, "Event", conf_parse_event, .list = true,
         .expected = "high, max, oom-kill, memory-error or limit-stall and COUNT/TIME with a count from 1, such as oom-kill 1/10min"},
        {SECTION_RUNG, "Action", conf_parse_action, .list = true},
        {SECTION_RUNG, "Hold", conf_parse_duration, IN(Rung, hold), FROM(Rung, hold_source),
         .most = 10 * USEC_PER_MINUTE, .expected = "a duration from 0 to 10min, such as 30s"},
        {SECTION_RUNG, "Settle", conf_parse_duration, IN(Rung, settle), FROM(Rung, settle_source),
         .least = 100 * USEC_PER_MSEC, .most = 10 * USEC_PER_MINUTE,
         .expected = "a duration from 100ms to 10min, such as 5s"},
        {SECTION_HOST, "Available", conf_parse_host_level, IN(HostRung, available), FROM(HostRung, available_source),
         .expected = "a share of the host's memory up to 75%, such as 15%, or a size from 1M, such as 256M"},
        {SECTION_HOST, "SwapFree", conf_parse_host_level, IN(HostRung, swap_free), FROM(HostRung, swap_free_source),
         .expected = "a share of the host's swap up to 75%, such as 10%, or a size from 1M, such as 256M"},
        {SECTION_HOST, "PressureSome", conf_parse_host_stall, IN(HostRung, stalls[STALLED_SOME]),
         .expected = "STALL/WINDOW with a window from 500ms to 10s and a stall from 1ms up to it, such as 300ms/1s"},
        {SECTION_HOST, "PressureFull", conf_parse_host_stall, IN(HostRung, stalls[STALLED_FULL]),
         .expected = "STALL/WINDOW with a window from 500ms to 10s and a stall from 1ms up to it, such as 100ms/1s"},
        {SECTION_HOST, "Hold", conf_parse_duration, IN(HostRung, hold), FROM(HostRung, hold_source),
         .most = 10 * USEC_PER_MINUTE, .expected = "a duration from 0 to 10min, such as 30s"},
        {SECTION_HOST, "Settle", conf_parse_duration, IN(HostRung, settle), FROM(HostRung, settle_source),
         .least = 100 * USEC_PER_MSEC, .most = 10 * USEC_PER_MINUTE,
         .expected = "a duration from 100ms to 10min, such as 5s"},
        {SECTION_HOST, "Action", conf_parse_host_action, .list = true, .expected = "relieve or notify"},
};
static_assert(ELEMENTSOF(keys) <= CONF_KEYS_MAX, "CONF_KEYS_MAX is too small");
static_assert(BUDGET_TIMES_MAX == 32, "RestartBudget= says 32");


static const char *section_at(unsigned i) {
        return i < _SECTION_MAX ? section_names[i] : NULL;
}

static const char *key_at(unsigned i) {
        return i < ELEMENTSOF(keys) ? keys[i].name : NULL;
}

static int parse_rung_name(const char *section, const char *name, const ConfWhere *where,
                           char ret[static RUNG_NAME_MAX]) {
        char shown[CONF_SHOWN_MAX];

        if (*name == 0)
                (void) conf_fail(where, "[%s] has no name; expected [%s NAME]", section, section);
        else if (name[strspn(name, LETTERS "-_")] != 0 || strlen(name) >= RUNG_NAME_MAX)
                (void) conf_fail(where,
                                 "\"%s\" is no name for a rung; expected at most %d letters, digits, '-' and '_'",
                                 conf_shorten(name, shown), RUNG_NAME_MAX - 1);
        else {
                memcpy(ret, name, strlen(name) + 1);
                return 0;
        }
        ret[0] = 0;
        return 1;
}

static int unknown_section(const char *text, const char *word, const ConfWhere *where) {
        char shown[CONF_SHOWN_MAX], hint[CONF_SHOWN_MAX];

        (void) conf_shorten(text, shown);
        return conf_fail(where,
                         "[%s] is no section that we know%s; expected [Match], [Policy], [Rung NAME] or [Host NAME]",
                         shown, conf_suggest(word, section_at, hint));
}

int conf_section_parse(const char *text, const ConfWhere *where, ConfSection *ret,
                       char ret_rung[static RUNG_NAME_MAX]) {
        size_t length = strcspn(text, " \t");
        const char *name = text + length + strspn(text + length, " \t");
        char word[16];

        (void) snprintf(word, sizeof(word), "%.*s", (int) MIN(length, sizeof(word)), text);
        for (ConfSection i = 0; i < _SECTION_MAX; i++) {
                if (!util_streq(section_names[i], word))
                        continue;
                if (!conf_section_is_named(i) && *name)
                        return conf_fail(where, "[%s] takes no name; expected %s", word, section_headers[i]);
                *ret = i;
                ret_rung[0] = 0;
                return conf_section_is_named(i) ? parse_rung_name(section_names[i], name, where, ret_rung) : 0;
        }
        return unknown_section(text, word, where);
}

/* "Mode=, RestartBudget= or Loan=": the keys of a section. */
static const char *list_keys(ConfSection section, char *buf, size_t size) {
        size_t used = 0;

        buf[0] = 0;
        for (size_t i = 0; i < ELEMENTSOF(keys) && used < size; i++)
                if (keys[i].section == section)
                        used += (size_t) snprintf(buf + used, size - used, "%s%s=", used > 0 ? ", " : "", keys[i].name);
        return buf;
}

static int unknown_key(ConfSection section, const char *name, const ConfWhere *where) {
        char shown[CONF_SHOWN_MAX], hint[CONF_SHOWN_MAX], list[256];

        (void) conf_shorten(name, shown);
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (util_streq(keys[i].name, name))
                        return conf_fail(where, "%s= stands in %s; expected it in %s", shown, section_headers[section],
                                         section_headers[keys[i].section]);
        return conf_fail(where, "%s= is no key that we know%s; expected one of %s in %s", shown,
                         conf_suggest(name, key_at, hint), list_keys(section, list, sizeof(list)),
                         section_headers[section]);
}

int conf_key_find(ConfSection section, const char *name, const ConfWhere *where, const ConfKey **ret,
                  unsigned *ret_number) {
        for (unsigned i = 0; i < ELEMENTSOF(keys); i++)
                if (keys[i].section == section && util_streq(keys[i].name, name)) {
                        *ret = &keys[i];
                        *ret_number = i;
                        return 0;
                }
        return unknown_key(section, name, where);
}

static void *base_of(ConfSection section, const ConfTarget *target) {
        switch (section) {
        case SECTION_MATCH:
                return target->match;
        case SECTION_POLICY:
                return target->policy;
        case SECTION_RUNG:
                return &target->policy->rungs[target->rung];
        case SECTION_HOST:
                return &target->host->rungs[target->host_rung];
        case _SECTION_MAX:
        case _SECTION_INVALID:
                break;
        }
        return NULL;
}

void *conf_key_field(const ConfKey *key, const ConfTarget *target) {
        return (char *) base_of(key->section, target) + key->offset;
}

static void reset(const ConfKey *key, const ConfTarget *target) {
        union {
                Policy policy;
                Rung rung;
                HostRung host;
        } defaults;

        if (key->section == SECTION_RUNG)
                rung_init(&defaults.rung, "");
        else if (key->section == SECTION_HOST)
                host_rung_init(&defaults.host, "");
        else
                policy_init(&defaults.policy);
        memcpy(conf_key_field(key, target), (char *) &defaults + key->offset, key->size);
}

int conf_key_apply(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where) {
        char shown[CONF_SHOWN_MAX];
        int r = 0;

        if (*value == 0 && key->size > 0)
                reset(key, target);
        else
                r = key->parse(key, target, value, where);
        if (r == -EINVAL || r == -ERANGE)
                return conf_fail(where, "%s=%s is %s; expected %s", key->name, conf_shorten(value, shown),
                                 r == -ERANGE ? "out of range" : "not understood", key->expected);
        if (r < 0)
                return r;
        if (key->source > 0)
                *(Source *) ((char *) base_of(key->section, target) + key->source) = where->source;
        return 0;
}
