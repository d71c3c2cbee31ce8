/* Inside the policy set: one file, checked and ready to be merged. */
#pragma once

#include "conf-keys.h"

#define POLICY_SETTINGS_MAX 512 /* settings and rungs of one file */

/* A setting as it was written; it is read again at each merge, so that there is one reader of values, not two. A rung's
 * header is one too: its key is NULL, its value the rung's name, and what follows is that rung's. */
typedef struct Setting {
        const ConfKey *key;
        char *value; /* owned */
        unsigned line;
        bool host; /* in a [Host] section: of the host guard, and of no unit's policy */
} Setting;

typedef struct PolicyFile {
        char *path; /* owned */
        ConfMatch match;
        Setting *settings; /* owned, in the file's order */
        unsigned n_settings;
} PolicyFile;

PolicyFile *policy_file_free(PolicyFile *file);

/* Reads a file's text. 0, -EBADMSG when there was any mistake (all are in errors), -ENOMEM. */
int policy_file_read(const char *path, const char *text, size_t size, ConfErrors *errors, PolicyFile **ret);

bool policy_file_matches(const PolicyFile *file, const char *name, const char *path);

/* Makes the file's settings, as file number `index`, on top of what earlier files made of the policy. A setting that
 * does not fit with those is told in errors (may be NULL) and left out. 0, -EBADMSG, -ENOMEM. */
int policy_file_merge(const PolicyFile *file, int index, Policy *policy, ConfErrors *errors);

/* Likewise what it says in [Host] sections. */
int policy_file_merge_host(const PolicyFile *file, int index, HostPolicy *host, ConfErrors *errors);
