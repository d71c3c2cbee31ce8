/* Inside the reader of policy files: which sections and keys there are, and what each does to a policy. */
#pragma once

#include "conf-errors.h"
#include "hostpolicy.h"

#define CONF_FILE_GLOBS_MAX 256 /* Unit= and Cgroup= globs of one file; all files together: CONF_GLOBS_MAX */

typedef enum ConfSection {
        SECTION_MATCH,
        SECTION_POLICY,
        SECTION_RUNG,
        SECTION_HOST,
        _SECTION_MAX,
        _SECTION_INVALID = -EINVAL,
} ConfSection;

typedef struct ConfGlobs {
        char **items; /* owned */
        unsigned n_items;
} ConfGlobs;

/* A file is for every unit that any one of these names. */
typedef struct ConfMatch {
        ConfGlobs units, cgroups;
} ConfMatch;

/* What a setting changes. Only the part of its own section need be there. */
typedef struct ConfTarget {
        ConfMatch *match;
        Policy *policy;
        unsigned rung;
        HostPolicy *host;
        unsigned host_rung;
} ConfTarget;

typedef struct ConfKey ConfKey;
struct ConfKey {
        ConfSection section;
        const char *name;
        /* 0; -EBADMSG when it told what is wrong; -EINVAL and -ERANGE are told by the caller; -ENOMEM. */
        int (*parse)(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
        size_t offset, size;  /* the field in ConfMatch, Policy, Rung or HostRung; size 0: parse() itself takes an empty value */
        size_t source;        /* offset of the field's Source; 0 for lists, whose items have their own */
        uint64_t least, most; /* durations; of bytes only the least above 0 */
        int kind;             /* Stalled, for the two pressure keys */
        bool list;            /* may be given more than once */
        const char *expected;
};

#define CONF_KEYS_MAX 32

/* Has this section a name of its own, as each rung has? */
static inline bool conf_section_is_named(ConfSection section) {
        return section == SECTION_RUNG || section == SECTION_HOST;
}

/* What a section's header says. Returns 0 (ret_rung is "" but for a named one); 1 when it is a rung without a proper
 * name (told; its keys can be checked all the same); -EBADMSG when it is no section of ours (told). */
int conf_section_parse(const char *text, const ConfWhere *where, ConfSection *ret, char ret_rung[static RUNG_NAME_MAX]);

/* The key of that name in this section. -EBADMSG (told). ret_number is below CONF_KEYS_MAX. */
int conf_key_find(ConfSection section, const char *name, const ConfWhere *where, const ConfKey **ret,
                  unsigned *ret_number);

/* Makes a setting. An empty value gives a field its default back and empties a list. 0, -EBADMSG (told), -ENOMEM. */
int conf_key_apply(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);

/* The field that a key means in this target. */
void *conf_key_field(const ConfKey *key, const ConfTarget *target);

void conf_globs_done(ConfGlobs *globs);

/* conf-values.c */
int conf_parse_units(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_cgroups(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_bool(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_mode(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_preference(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_budget(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_bytes(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_duration(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_usage(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_pressure(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_event(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);

/* conf-host.c */
int conf_parse_host_level(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_host_stall(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
int conf_parse_host_action(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);

/* conf-action.c */
int conf_parse_action(const ConfKey *key, const ConfTarget *target, const char *value, const ConfWhere *where);
