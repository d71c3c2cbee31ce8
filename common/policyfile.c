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
        HostPolicy trial_host, spare_host; /* likewise */
        ConfWhere where;
        ConfSection section;
        bool in_spare;
        bool match_refused;                   /* a glob was, so that the lack of one is no further mistake */
        unsigned section_lines[_SECTION_MAX]; /* 0 = not seen; of rungs the last one's */
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

static int begin_host_rung(Merge *merge, const char *name, const ConfWhere *where) {
        HostPolicy *host = merge->target.host;
        int i;

        merge->rung = NO_RUNG;
        i = host_policy_add(host, name);
        if (i < 0)
                return conf_fail(where, "[Host %s] is one too many; expected at most %d rungs of the host", name,
                                 HOST_RUNGS_MAX);
        if (host->rungs[i].source.file < 0)
                host->rungs[i].source = where->source;
        merge->rung = i;
        return 0;
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

static int make_setting(Merge *merge, const ConfKey *key, bool host, const char *value, const ConfWhere *where) {
        if (!key)
                return host ? begin_host_rung(merge, value, where) : begin_rung(merge, value, where);
        if (conf_section_is_named(key->section)) {
                if (merge->rung == NO_RUNG)
                        return 0;
                merge->target.rung = merge->target.host_rung = (unsigned) merge->rung;
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
        settings[file->n_settings++] = (Setting){
                .key = key,
                .value = copy,
                .line = builder->where.source.line,
                .host = builder->section == SECTION_HOST,
        };
        return 0;
}

static void enter_spare(Builder *builder) {
        policy_init(&builder->spare);
        (void) policy_add_rung(&builder->spare, "spare");
        (void) host_policy_add(&builder->spare_host, "spare");
        builder->in_spare = true;
}

/* The line in which this rung has begun already, or 0. */
static unsigned rung_line(const Builder *builder) {
        bool host = builder->section == SECTION_HOST;
        int i = host ? host_policy_find(&builder->trial_host, builder->rung)
                     : policy_find_rung(&builder->trial, builder->rung);

        if (i < 0)
                return 0;
        return host ? builder->trial_host.rungs[i].source.line : builder->trial.rungs[i].source.line;
}

/* A rung's header: new in this file, and kept like a setting. What went wrong was told. */
static int enter_rung(Builder *builder) {
        bool host = builder->section == SECTION_HOST;
        unsigned line = rung_line(builder);
        int r;

        if (line > 0) {
                enter_spare(builder);
                return conf_fail(&builder->where,
                                 "[%s %s] was there in line %u already; expected each rung once in a file",
                                 host ? "Host" : "Rung", builder->rung, line);
        }
        r = make_setting(&builder->merge, NULL, host, builder->rung, &builder->where);
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
        if (!conf_section_is_named(builder->section))
                return enter_once(builder, text);
        builder->section_lines[builder->section] = builder->where.source.line;
        if (r > 0) {
                enter_spare(builder);
                return -EBADMSG;
        }
        return enter_rung(builder);
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
        ConfTarget target = {.policy = &builder->spare, .host = &builder->spare_host};

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
        r = make_setting(&builder->merge, key, key->section == SECTION_HOST, value, &builder->where);
        if (key->section == SECTION_MATCH)
                builder->match_refused |= r < 0;
        else if (r >= 0 && again >= 0)
                r = keep(builder, key, value);
        return r < 0 ? r : again;
}

/* What a file says of the host needs no unit. */
static bool is_for_the_host_only(const Builder *builder) {
        const unsigned *lines = builder->section_lines;

        return lines[SECTION_HOST] > 0 && lines[SECTION_MATCH] + lines[SECTION_POLICY] + lines[SECTION_RUNG] == 0;
}

static int check_match(const Builder *builder, ConfErrors *errors) {
        const PolicyFile *file = builder->file;

        if (builder->match_refused || file->match.units.n_items + file->match.cgroups.n_items > 0 ||
            is_for_the_host_only(builder))
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
        builder->merge = (Merge){.target = {.match = &file->match, .policy = &builder->trial, .host = &builder->trial_host},
                                 .rung = NO_RUNG};
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

/* The file's settings for units, or those for the host, in its order. */
static int merge_settings(const PolicyFile *file, int index, Merge *merge, bool host, ConfErrors *errors) {
        int result = 0, r;

        for (unsigned i = 0; i < file->n_settings; i++) {
                const Setting *setting = &file->settings[i];
                ConfWhere where = {
                        .errors = errors,
                        .path = file->path,
                        .source = {.file = index, .line = setting->line},
                };

                if (setting->host != host)
                        continue;
                r = make_setting(merge, setting->key, host, setting->value, &where);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
        }
        return result;
}

int policy_file_merge(const PolicyFile *file, int index, Policy *policy, ConfErrors *errors) {
        Merge merge = {.target = {.policy = policy}, .rung = NO_RUNG};

        return merge_settings(file, index, &merge, /* host= */ false, errors);
}

int policy_file_merge_host(const PolicyFile *file, int index, HostPolicy *host, ConfErrors *errors) {
        Merge merge = {.target = {.host = host}, .rung = NO_RUNG};

        return merge_settings(file, index, &merge, /* host= */ true, errors);
}
