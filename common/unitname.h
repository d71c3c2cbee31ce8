/* Names of units and cgroups: which unit a cgroup belongs to, which user manager runs it, what must never be acted on.
 * A cgroup path is the one below the cgroup root, "/system.slice/api.service"; it is the key of a unit everywhere, because
 * two users may both run an "api.service". */
#pragma once

#include "util.h"

#define UNIT_NAME_MAX 256    /* systemd's UNIT_NAME_MAX, NUL included */
#define CGROUP_PATH_MAX 1024 /* longer paths are not watched */

typedef enum UnitType {
        UNIT_NONE, /* a cgroup that is no unit of its own */
        UNIT_SERVICE,
        UNIT_SCOPE,
        UNIT_SLICE,
        UNIT_OTHER, /* .mount, .socket, .swap */
        _UNIT_TYPE_MAX,
        _UNIT_TYPE_INVALID = -EINVAL,
} UnitType;

/* True for an absolute path without empty, "." or ".." parts, without control characters, shorter than CGROUP_PATH_MAX. */
bool unitname_path_is_valid(const char *path);

/* The last part of a cgroup path as a unit's name: the escaping "_" that systemd puts before names that could clash with
 * kernel files is taken off (cg_unescape). Returns a pointer into path. For "/" returns "-.slice". */
const char *unitname_of_path(const char *path);

UnitType unitname_type(const char *name);

/* The user whose manager runs this cgroup ("/user.slice/user-1000.slice/user@1000.service/app.slice/x.service" -> 1000).
 * Returns 0 and the uid, or -ENOENT when PID 1 runs it (user@1000.service itself is PID 1's). */
int unitname_user(const char *path, uint32_t *ret_uid);

/* Why a unit must never be acted on, as the end of a sentence ("it is PID 1's own scope"), or NULL when it may be:
 * init.scope, journald, dbus, udevd, logind, user managers, memguard's own units, slices, and the cgroup root. */
const char *unitname_protected(const char *path);

/* Shell glob on a unit's name. Backslashes are no escapes, because they stand in names (FNM_NOESCAPE, as in systemctl). */
bool unitname_matches(const char *glob, const char *name);

/* Glob on a cgroup path: "*" stays within one part, "**" crosses parts. */
bool unitname_path_matches(const char *glob, const char *path);

/* Could something below this directory match the path glob? Says which directories of the cgroup tree are worth watching. */
bool unitname_path_may_lead_to(const char *glob, const char *dir);
