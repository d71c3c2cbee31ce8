/* Inside the policy set: what set and check share. */
#pragma once

#include "policyfile.h"

#define POLICY_COMBINATIONS_MAX 512 /* of files that match some unit; each costs a Policy (about 12 KiB) */
#define POLICY_GLOBS_MAX 4096       /* over all files: a unit that appears is held against each */

/* A combination of files: bit i = file i. */
typedef struct FileBits {
        uint64_t words[CONF_FILES_MAX / 64];
} FileBits;
static_assert(CONF_FILES_MAX % 64 == 0, "FileBits has no bit for the last files");

typedef struct Combination {
        FileBits files;
        Policy *policy; /* owned; never moves, as units hold on to it */
        char *example;  /* owned: the unit that had it first */
} Combination;

struct PolicySet {
        PolicyFile *files[CONF_FILES_MAX];
        int n_files;
        unsigned n_globs;
        HostPolicy *host; /* owned; merged as files are added; NULL while none speaks of the host */
        Combination combinations[POLICY_COMBINATIONS_MAX];
        unsigned n_combinations;
};

static inline bool file_bits_get(const FileBits *bits, int i) {
        return bits->words[i / 64] & (UINT64_C(1) << (i % 64));
}

/* The files that match a unit; returns how many. */
int policy_set_match(const PolicySet *set, const char *name, const char *path, FileBits *ret);

/* Merges a combination's files. Settings that don't fit together are told in errors (may be NULL) and left out.
 * 0, -EBADMSG, -ENOMEM. */
int policy_set_merge(const PolicySet *set, const FileBits *files, Policy *ret, ConfErrors *errors);

/* policycheck-host.c: the mistakes of [Host] sections that only show when files meet. 0, -EBADMSG, -ENOMEM. */
int policy_set_check_host(const PolicySet *set, ConfErrors *errors);
