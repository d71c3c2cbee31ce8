/* A policy file from its text to its settings. They are tried on a policy of their own first, which finds every mistake
 * that the file alone can have. */
#include "policyfile.h"

#include <stdio.h>

#include "conf-read.h"

#define NO_RUNG (-1)

/* Makes settings one after another on a policy; knows whose rung they are. */
typedef struct Merge {
        ConfTarget target;
        int rung; /* NO_RUNG: the rung found no room, and its settings are left out */
} Merge;

typedef struct Builder {
        PolicyFile *file;
        Merge merge;
        Policy trial;
        Policy spare; /* takes the settings of rungs that can't be, only to check them */
        ConfWhere where;
        ConfSection section;
        bool in_spare;
        bool match_refused;                   /* a glob was, so that the lack of one is no further mistake */
        unsigned section_lines[_SECTION_MAX]; /* of [Match] and [Policy]; 0 = not seen */
        unsigned key_lines[CONF_KEYS_MAX];    /* of the keys seen in this section */
        char rung[RUNG_NAME_MAX];
} Builder;

static void policy_file_freep(PolicyFile **file) {
        (void) policy_file_free(*file);
}

PolicyFile *policy_file_free(PolicyFile *file) {
        if (!file)
                return NULL;
        for (unsigned i = 0; i < file->n_settings; i++)
                free(file->settings[i].value);
        free(file->settings);
        conf_globs_done(&file->match.units);
        conf_globs_done(&file->match.cgroups);
        free(file->path);
        free(file);
        return NULL;
}

static int begin_rung(Merge *merge, const char *name, const ConfWhere *where) {
        Policy *policy = merge->target.policy;
        int i;

        merge->rung = NO_RUNG;
        i = policy_add_rung(policy, name);
        if (i < 0)
                return conf_fail(where, "[Rung %s] is one too many; expected at most %d rungs in a ladder", name,
                                 POLICY_RUNGS_MAX);
        if (policy->rungs[i].source.file < 0)
                policy->rungs[i].source = where->source;
        merge->rung = i;
        return 0;
}

static int make_setting(Merge *merge, const ConfKey *key, const char *value, const ConfWhere *where) {
        if (!key)
                return begin_rung(merge, value, where);
        if (key->section == SECTION_RUNG) {
                if (merge->rung == NO_RUNG)
                        return 0;
                merge->target.rung = (unsigned) merge->rung;
        }
        return conf_key_apply(key, &merge->target, value, where);
}

/* Keeps a setting for later merges. */
static int keep(Builder *builder, const ConfKey *key, const char *value) {
        PolicyFile *file = builder->file;
        Setting *settings;
        char *copy;

        if (file->n_settings >= POLICY_SETTINGS_MAX) {
                (void) conf_fail(&builder->where, "the file is too long; expected at most %d settings",
                                 POLICY_SETTINGS_MAX);
                return -E2BIG;
        }
        settings = realloc(file->settings, (file->n_settings + 1) * sizeof(*settings));
        if (!settings)
                return -ENOMEM;
        file->settings = settings;
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        settings[file->n_settings++] = (Setting){.key = key, .value = copy, .line = builder->where.source.line};
        return 0;
}

static void enter_spare(Builder *builder) {
        policy_init(&builder->spare);
        (void) policy_add_rung(&builder->spare, "spare");
        builder->in_spare = true;
}

/* A rung's header: new in this file, and kept like a setting. What went wrong was told. */
static int enter_rung(Builder *builder) {
        int i, r;

        i = policy_find_rung(&builder->trial, builder->rung);
        if (i >= 0) {
                enter_spare(builder);
                return conf_fail(&builder->where,
                                 "[Rung %s] was there in line %u already; expected each rung once in a file",
                                 builder->rung, builder->trial.rungs[i].source.line);
        }
        r = make_setting(&builder->merge, NULL, builder->rung, &builder->where);
        if (r < 0) {
                enter_spare(builder);
                return r;
        }
        return keep(builder, NULL, builder->rung);
}

static int enter_once(Builder *builder, const char *text) {
        unsigned *line = &builder->section_lines[builder->section];

        if (*line > 0)
                return conf_fail(&builder->where, "[%s] was there in line %u already; expected it once in a file", text,
                                 *line);
        *line = builder->where.source.line;
        return 0;
}

static int enter_section(Builder *builder, const char *text) {
        int r;

        builder->section = _SECTION_INVALID;
        builder->in_spare = false;
        memset(builder->key_lines, 0, sizeof(builder->key_lines));

        r = conf_section_parse(text, &builder->where, &builder->section, builder->rung);
        if (r < 0)
                return r;
        if (r > 0) {
                enter_spare(builder);
                return -EBADMSG;
        }
        return builder->section == SECTION_RUNG ? enter_rung(builder) : enter_once(builder, text);
}

static int on_section(void *userdata, unsigned line, const char *name) {
        Builder *builder = userdata;

        builder->where.source.line = line;
        return enter_section(builder, name);
}

/* Each key once in a section, but for lists: of two values, the operator meant one, and we don't know which. */
static int note_key(Builder *builder, const ConfKey *key, unsigned number) {
        unsigned *line = &builder->key_lines[number];

        if (*line > 0 && !key->list)
                return conf_fail(&builder->where, "%s= was there in line %u already; expected it once in a section",
                                 key->name, *line);
        if (*line == 0)
                *line = builder->where.source.line;
        return 0;
}

static int try_spare(Builder *builder, const ConfKey *key, const char *value) {
        ConfTarget target = {.policy = &builder->spare};

        return conf_key_apply(key, &target, value, &builder->where);
}

static int on_setting(void *userdata, unsigned line, const char *section, const char *name, const char *value) {
        Builder *builder = userdata;
        const ConfKey *key;
        unsigned number;
        int r, again;

        builder->where.source.line = line;
        if (*section == 0)
                return conf_fail(&builder->where, "%s= stands before any section; expected [Match] first", name);
        if (builder->section < 0)
                return 0;
        r = conf_key_find(builder->section, name, &builder->where, &key, &number);
        if (r < 0)
                return r;

        again = note_key(builder, key, number);
        if (builder->in_spare)
                return try_spare(builder, key, value);
        r = make_setting(&builder->merge, key, value, &builder->where);
        if (key->section == SECTION_MATCH)
                builder->match_refused |= r < 0;
        else if (r >= 0 && again >= 0)
                r = keep(builder, key, value);
        return r < 0 ? r : again;
}

static int check_match(const Builder *builder, ConfErrors *errors) {
        const PolicyFile *file = builder->file;

        if (builder->match_refused || file->match.units.n_items + file->match.cgroups.n_items > 0)
                return 0;
        return conf_errors_add(errors, file->path, builder->section_lines[SECTION_MATCH],
                               "the file is for no unit; expected Unit= or Cgroup= in [Match]");
}

static const ConfHandlers handlers = {.section = on_section, .setting = on_setting};

int policy_file_read(const char *path, const char *text, size_t size, ConfErrors *errors, PolicyFile **ret) {
        _cleanup_(policy_file_freep) PolicyFile *file = NULL;
        _cleanup_free_ Builder *builder = NULL;
        int r, matched;

        file = calloc(1, sizeof(*file));
        builder = calloc(1, sizeof(*builder));
        if (!file || !builder)
                return -ENOMEM;
        file->path = strdup(path);
        if (!file->path)
                return -ENOMEM;

        builder->file = file;
        builder->section = _SECTION_INVALID;
        builder->where = (ConfWhere){.errors = errors, .path = file->path};
        builder->merge = (Merge){.target = {.match = &file->match, .policy = &builder->trial}, .rung = NO_RUNG};
        policy_init(&builder->trial);

        r = conf_read(path, text, size, &handlers, builder, errors);
        if (r < 0 && r != -EBADMSG)
                return r;
        matched = check_match(builder, errors);
        if (r < 0 || matched < 0)
                return -EBADMSG;
        *ret = TAKE_PTR(file);
        return 0;
}

bool policy_file_matches(const PolicyFile *file, const char *name, const char *path) {
        for (unsigned i = 0; i < file->match.units.n_items; i++)
                if (unitname_matches(file->match.units.items[i], name))
                        return true;
        for (unsigned i = 0; i < file->match.cgroups.n_items; i++)
                if (unitname_path_matches(file->match.cgroups.items[i], path))
                        return true;
        return false;
}

int policy_file_merge(const PolicyFile *file, int index, Policy *policy, ConfErrors *errors) {
        Merge merge = {.target = {.policy = policy}, .rung = NO_RUNG};
        int result = 0, r;

        for (unsigned i = 0; i < file->n_settings; i++) {
                const Setting *setting = &file->settings[i];
                ConfWhere where = {
                        .errors = errors,
                        .path = file->path,
                        .source = {.file = index, .line = setting->line},
                };

                r = make_setting(&merge, setting->key, setting->value, &where);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
        }
        return result;
}
