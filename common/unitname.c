/* A cgroup's name says which unit it is, and the name is all there is: whoever owns a delegated cgroup may name its
 * children like anybody's unit. So a name can take a cgroup out of our reach (unitname_protected), never put one into
 * it, and the user of a path is read from the outside in. */
#include "unitname.h"

#include "kerneltext.h"

#include <fnmatch.h>

static const struct {
        const char *suffix;
        UnitType type;
} suffixes[] = {
        {".service", UNIT_SERVICE}, {".scope", UNIT_SCOPE},  {".slice", UNIT_SLICE},
        {".mount", UNIT_OTHER},     {".socket", UNIT_OTHER}, {".swap", UNIT_OTHER},
};

/* Services the host can't lose for a moment, with all their instances (systemd-journald@NAMESPACE.service). */
static const struct {
        const char *name, *reason;
} protected_services[] = {
        {"systemd-journald", "it belongs to the journal"},     {"dbus", "it belongs to the message bus"},
        {"dbus-broker", "it belongs to the message bus"},      {"systemd-udevd", "it belongs to the device manager"},
        {"systemd-logind", "it belongs to the login manager"}, {"memguardd", "it belongs to memguard itself"},
        {"memguard-uprobe", "it belongs to memguard itself"},  {"memguard-journal", "it belongs to memguard itself"},
};

bool unitname_path_is_valid(const char *path) {
        size_t size = strnlen(path, CGROUP_PATH_MAX);

        if (path[0] != '/' || size == CGROUP_PATH_MAX)
                return false;
        for (size_t i = 0; i < size; i++)
                if ((unsigned char) path[i] < 0x20 || path[i] == 0x7f)
                        return false;
        if (size == 1)
                return true;
        for (const char *part = path; *part == '/'; part += strcspn(part, "/")) {
                size_t n = strcspn(++part, "/");
                if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
                        return false;
        }
        return true;
}

/* cg_unescape(): systemd puts one "_" before a name that begins with "_", "." or a controller's name. */
static const char *unescape(const char *part) {
        return part[0] == '_' ? part + 1 : part;
}

const char *unitname_of_path(const char *path) {
        const char *slash = strrchr(path, '/');

        if (util_streq(path, "/"))
                return "-.slice";
        return unescape(slash ? slash + 1 : path);
}

/* The type of the n characters at name, which is UNIT_NONE too for what systemd takes for no unit's name. */
static UnitType type_of(const char *name, size_t n) {
        if (n >= UNIT_NAME_MAX || name[0] == '@')
                return UNIT_NONE;
        for (size_t i = 0; i < n; i++)
                if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@", name[i]))
                        return UNIT_NONE;
        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                size_t length = strlen(suffixes[i].suffix);
                if (n > length && memcmp(name + n - length, suffixes[i].suffix, length) == 0)
                        return suffixes[i].type;
        }
        return UNIT_NONE;
}

UnitType unitname_type(const char *name) {
        return type_of(name, strnlen(name, UNIT_NAME_MAX));
}

static bool is_user_service(const char *name, size_t n) {
        return type_of(name, n) == UNIT_SERVICE && n > strlen("user@.service") &&
               memcmp(name, "user@", strlen("user@")) == 0;
}

/* The uid of "user@UID.service" in the n characters at name, or -ENOENT for any other name. */
static int user_manager(const char *name, size_t n, uint32_t *ret_uid) {
        char digits[11] = "";
        uint64_t uid;

        if (!is_user_service(name, n))
                return -ENOENT;
        n -= strlen("user@.service");
        name += strlen("user@");
        if (n >= sizeof(digits) || (n > 1 && name[0] == '0'))
                return -ENOENT;
        memcpy(digits, name, n);
        /* (uid_t) -1 means "no user". */
        if (kerneltext_u64(digits, &uid) < 0 || uid >= UINT32_MAX)
                return -ENOENT;
        *ret_uid = (uint32_t) uid;
        return 0;
}

/* Only slices may stand above a user's manager: a "user@0.service" further down is some delegated cgroup's fancy. */
int unitname_user(const char *path, uint32_t *ret_uid) {
        for (const char *part = path; *part == '/';) {
                const char *name = unescape(++part);

                part += strcspn(part, "/");
                size_t n = (size_t) (part - name);
                if (type_of(name, n) == UNIT_SLICE)
                        continue;
                return *part == '/' ? user_manager(name, n, ret_uid) : -ENOENT;
        }
        return -ENOENT;
}

/* Why the unit of the n characters at name, and all below it, is protected; NULL if it isn't. */
static const char *protected_tree(const char *name, size_t n) {
        size_t base = n - MIN(n, strlen(".service"));
        const char *at = memchr(name, '@', n);

        if (n == strlen("init.scope") && memcmp(name, "init.scope", n) == 0)
                return "it is a service manager's own scope";
        if (type_of(name, n) != UNIT_SERVICE)
                return NULL;
        if (at)
                base = (size_t) (at - name);
        for (size_t i = 0; i < ELEMENTSOF(protected_services); i++)
                if (base == strlen(protected_services[i].name) && memcmp(name, protected_services[i].name, base) == 0)
                        return protected_services[i].reason;
        return NULL;
}

const char *unitname_protected(const char *path) {
        const char *name = path;
        size_t n = 0;

        if (!unitname_path_is_valid(path))
                return "it has no valid cgroup path";
        if (util_streq(path, "/"))
                return "it is the root of all cgroups";
        if (util_streq(path, "/init.scope"))
                return "it is PID 1's own scope";
        for (const char *part = path; *part == '/'; part = name + n) {
                name = unescape(part + 1);
                n = strcspn(name, "/");
                const char *reason = protected_tree(name, n);
                if (reason)
                        return reason;
        }
        if (type_of(name, n) == UNIT_SLICE)
                return "it is a slice, not a service";
        return is_user_service(name, n) ? "it is a user's service manager" : NULL;
}

/* Backslashes are no escapes here, as in systemctl's patterns: they stand in units' names (dev-disk\x2dby.service). */
bool unitname_matches(const char *glob, const char *name) {
        return fnmatch(glob, name, FNM_NOESCAPE) == 0;
}

/* The path matcher below is a set of live positions in the glob, moved on by each character of the path. It takes
 * glob * path steps at most, whatever the glob, and the set that is left after a directory says what could still come.
 */
typedef struct Matcher {
        const char *glob;
        size_t n;
        bool live[CGROUP_PATH_MAX];
} Matcher;

/* Does the token at glob[i] (one character, "?" or "[set]") take c? *ret_length is how long the token is. */
static bool token_takes(const char *token, char c, size_t *ret_length) {
        bool negated = token[1] == '!' || token[1] == '^', found = false;
        const char *p = token + (negated ? 2 : 1), *first = p;

        *ret_length = 1;
        if (token[0] != '[')
                return token[0] == c || (token[0] == '?' && c != '/');
        for (; *p != ']' || p == first; p++) {
                if (*p == '\0' || *p == '/')
                        return c == '['; /* never closed, so an ordinary character */
                bool range = p[1] == '-' && p[2] != ']' && p[2] != '\0' && p[2] != '/';
                if (range ? (unsigned char) *p <= (unsigned char) c && (unsigned char) c <= (unsigned char) p[2]
                          : *p == c)
                        found = true;
                p += range ? 2 : 0;
        }
        *ret_length = (size_t) (p - token) + 1;
        return found != negated && c != '/';
}

/* A position goes live, and with it those behind stars, which may stand for nothing. */
static void matcher_add(Matcher *matcher, size_t i) {
        matcher->live[i] = true;
        while (matcher->glob[i] == '*')
                matcher->live[++i] = true;
}

static bool matcher_init(Matcher *matcher, const char *glob) {
        *matcher = (Matcher){.glob = glob, .n = strnlen(glob, CGROUP_PATH_MAX)};
        if (matcher->n == CGROUP_PATH_MAX)
                return false;
        matcher_add(matcher, 0);
        return true;
}

/* From the end to the start, because every move goes forward: a position that went live is not moved on twice. */
static void matcher_step(Matcher *matcher, char c) {
        const char *glob = matcher->glob;
        size_t length;

        matcher->live[matcher->n] = false;
        for (size_t i = matcher->n; i-- > 0;) {
                if (!matcher->live[i])
                        continue;
                matcher->live[i] = false;
                if (glob[i] == '*') {
                        if (c != '/' || glob[i + 1] == '*')
                                matcher_add(matcher, i);
                        continue;
                }
                if (!token_takes(glob + i, c, &length))
                        continue;
                size_t next = i + length;
                matcher_add(matcher, next);
                /* A whole part "**" may stand for no part at all. */
                for (; c == '/' && strncmp(glob + next, "**/", 3) == 0; next += 3)
                        matcher_add(matcher, next + 3);
        }
}

bool unitname_path_matches(const char *glob, const char *path) {
        Matcher matcher;

        if (!matcher_init(&matcher, glob))
                return false;
        for (; *path != '\0'; path++)
                matcher_step(&matcher, *path);
        return matcher.live[matcher.n];
}

bool unitname_path_may_lead_to(const char *glob, const char *dir) {
        Matcher matcher;

        if (!matcher_init(&matcher, glob))
                return false;
        if (!util_streq(dir, "/"))
                for (; *dir != '\0'; dir++)
                        matcher_step(&matcher, *dir);
        matcher_step(&matcher, '/');
        return memchr(matcher.live, true, matcher.n) != NULL;
}
