/* Policy files: INI text -> a set of parsed settings -> the policy in force for a unit.
 *
 * Built on libinih with our own line reader, because Debian's build of it gives no line numbers, cuts long lines silently
 * and reads indented lines as continuations. Opening files is the shell's work (daemon/conffiles.c); text comes in here. */
#pragma once

#include "hostpolicy.h"
#include "util.h"

#define CONF_FILES_MAX 256
#define CONF_FILE_BYTES_MAX (64 * KIB) /* a larger file is refused whole */
#define CONF_LINE_MAX 1024             /* a longer line is an error */
#define CONF_ERRORS_MAX 100            /* further errors are counted only */

/* One mistake: "file:line: what is wrong, what was expected". line is 0 when it is about the whole file. */
typedef struct ConfError {
        char *text; /* owned, escaped: safe for a terminal */
} ConfError;

typedef struct ConfErrors {
        ConfError items[CONF_ERRORS_MAX];
        unsigned n_items;
        unsigned n_dropped;
} ConfErrors;

typedef struct PolicySet PolicySet;

void conf_errors_done(ConfErrors *errors);
int conf_errors_add(ConfErrors *errors, const char *file, unsigned line, const char *format, ...) _printf_(4, 5);

int policy_set_new(PolicySet **ret);
PolicySet *policy_set_free(PolicySet *set);

/* Parses one file's text and adds it to the set. Files apply in the order in which they are added; the caller sorts them.
 * path is what errors and sources name. text need not be NUL-terminated and may hold anything.
 * Returns 0; -EBADMSG when the file had errors (all of them are in errors, and nothing of the file is in the set);
 * -E2BIG, -ENOMEM. */
int policy_set_add(PolicySet *set, const char *path, const char *text, size_t size, ConfErrors *errors);

/* Errors that only show when files meet (a rung without action or condition after merging, too many rungs, events or
 * pressure lines, usage levels that fall from one rung to the next). Adds to errors, returns 0 or -EBADMSG. */
int policy_set_check(PolicySet *set, ConfErrors *errors);

/* The policy in force for a unit, merged from all files whose [Match] fits; the set owns it, and units with the same
 * matching files share it. *ret_policy is NULL when no file matches. Allocates at the first call for a combination. */
int policy_set_resolve(PolicySet *set, const char *name, const char *path, const Policy **ret_policy);

/* What all files' [Host] sections say together, merged in the order of the files; it is the set's. */
const HostPolicy *policy_set_host(const PolicySet *set);

/* The path of file number i ("built-in" for -1), and how many files there are. */
const char *policy_set_file(const PolicySet *set, int i);
int policy_set_n_files(const PolicySet *set);

/* Could a cgroup below this directory match one of the Cgroup= globs? */
bool policy_set_may_match_below(const PolicySet *set, const char *dir);
