/* The set of policy files, and the policies that they make together. A combination of files is merged when the first
 * unit shows up that it matches, and then shared: a host has many units and few combinations. */
#include "policyset.h"

int policy_set_new(PolicySet **ret) {
        PolicySet *set;

        set = calloc(1, sizeof(*set));
        if (!set)
                return -ENOMEM;
        *ret = set;
        return 0;
}

PolicySet *policy_set_free(PolicySet *set) {
        if (!set)
                return NULL;
        for (unsigned i = 0; i < set->n_combinations; i++) {
                free(set->combinations[i].policy);
                free(set->combinations[i].example);
        }
        for (int i = 0; i < set->n_files; i++)
                (void) policy_file_free(set->files[i]);
        free(set->host);
        free(set);
        return NULL;
}

/* What would make the set grow beyond its bounds. */
static int refuse_file(const char *path, ConfErrors *errors, const char *what, unsigned long most) {
        (void) conf_errors_add(errors, path, 0, "%s; expected at most %lu", what, most);
        return -E2BIG;
}

/* What does not fit together is told by policy_set_check(). */
static int add_host(PolicySet *set, int file) {
        HostPolicy host = set->host ? *set->host : (HostPolicy){0};

        if (policy_file_merge_host(set->files[file], file, &host, NULL) == -ENOMEM)
                return -ENOMEM;
        if (host.n_rungs == 0)
                return 0;
        if (!set->host)
                set->host = malloc(sizeof(*set->host));
        if (!set->host)
                return -ENOMEM;
        *set->host = host;
        return 0;
}

int policy_set_add(PolicySet *set, const char *path, const char *text, size_t size, ConfErrors *errors) {
        PolicyFile *file;
        unsigned n_globs;
        int r;

        if (size > CONF_FILE_BYTES_MAX)
                return refuse_file(path, errors, "the file has too many bytes", CONF_FILE_BYTES_MAX);
        if (set->n_files >= CONF_FILES_MAX)
                return refuse_file(path, errors, "the file is one too many", CONF_FILES_MAX);
        r = policy_file_read(path, text, size, errors, &file);
        if (r < 0)
                return r;

        n_globs = file->match.units.n_items + file->match.cgroups.n_items;
        if (set->n_globs + n_globs > POLICY_GLOBS_MAX) {
                (void) policy_file_free(file);
                return refuse_file(path, errors, "the globs of all files are too many", POLICY_GLOBS_MAX);
        }
        set->n_globs += n_globs;
        set->files[set->n_files] = file;
        return add_host(set, set->n_files++);
}

const HostPolicy *policy_set_host(const PolicySet *set) {
        static const HostPolicy none;

        return set->host ?: &none;
}

int policy_set_match(const PolicySet *set, const char *name, const char *path, FileBits *ret) {
        FileBits bits = {0};
        int n = 0;

        for (int i = 0; i < set->n_files; i++)
                if (policy_file_matches(set->files[i], name, path)) {
                        bits.words[i / 64] |= UINT64_C(1) << (i % 64);
                        n++;
                }
        *ret = bits;
        return n;
}

int policy_set_merge(const PolicySet *set, const FileBits *files, Policy *ret, ConfErrors *errors) {
        int result = 0, r;

        policy_init(ret);
        for (int i = 0; i < set->n_files; i++) {
                if (!file_bits_get(files, i))
                        continue;
                r = policy_file_merge(set->files[i], i, ret, errors);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = r;
        }
        return result;
}

static const Policy *find_combination(const PolicySet *set, const FileBits *files) {
        for (unsigned i = 0; i < set->n_combinations; i++)
                if (memcmp(&set->combinations[i].files, files, sizeof(*files)) == 0)
                        return set->combinations[i].policy;
        return NULL;
}

static int add_combination(PolicySet *set, const FileBits *files, const char *name, const Policy **ret) {
        _cleanup_free_ Policy *policy = NULL;
        _cleanup_free_ char *example = NULL;

        if (set->n_combinations >= POLICY_COMBINATIONS_MAX)
                return -ENOSPC;
        policy = malloc(sizeof(*policy));
        example = strdup(name);
        if (!policy || !example)
                return -ENOMEM;
        /* What does not fit together was told by policy_set_check(), and a daemon that starts does not stop for it. */
        if (policy_set_merge(set, files, policy, NULL) == -ENOMEM)
                return -ENOMEM;
        *ret = policy;
        set->combinations[set->n_combinations++] = (Combination){
                .files = *files,
                .policy = TAKE_PTR(policy),
                .example = TAKE_PTR(example),
        };
        return 0;
}

int policy_set_resolve(PolicySet *set, const char *name, const char *path, const Policy **ret_policy) {
        const Policy *policy = NULL;
        FileBits files;
        int r;

        if (policy_set_match(set, name, path, &files) > 0) {
                policy = find_combination(set, &files);
                if (!policy) {
                        r = add_combination(set, &files, name, &policy);
                        if (r < 0)
                                return r;
                }
        }
        *ret_policy = policy;
        return 0;
}

const char *policy_set_file(const PolicySet *set, int i) {
        return i >= 0 && i < set->n_files ? set->files[i]->path : "built-in";
}

int policy_set_n_files(const PolicySet *set) {
        return set->n_files;
}

bool policy_set_may_match_below(const PolicySet *set, const char *dir) {
        for (int i = 0; i < set->n_files; i++)
                for (unsigned j = 0; j < set->files[i]->match.cgroups.n_items; j++)
                        if (unitname_path_may_lead_to(set->files[i]->match.cgroups.items[j], dir))
                                return true;
        return false;
}
