/* Which unit does an operator mean? */
#include <stdio.h>

#include "api-priv.h"
#include "utf8.h"

#define LISTED_MAX 6 /* paths that an error lists */

/* Ours, escaped as we show it: what was copied from our own output must be found again. */
static bool is_shown_as(const char *raw, const char *text) {
        char shown[4 * CGROUP_PATH_MAX];

        if (util_streq(raw, text))
                return true;
        return utf8_escape(raw, shown, sizeof(shown)) >= 0 && util_streq(shown, text);
}

/* "api" -> "api.service", as systemctl does it. */
static int complete_name(const char *text, char ret[static UNIT_NAME_MAX]) {
        const char *suffix = unitname_type(text) == UNIT_NONE ? ".service" : "";
        int n;

        n = snprintf(ret, UNIT_NAME_MAX, "%s%s", text, suffix);
        return n < 0 || n >= UNIT_NAME_MAX ? -EINVAL : 0;
}

typedef struct Found {
        unsigned n;
        char path[CGROUP_PATH_MAX]; /* of the first */
        char listed[1024];          /* of all, as text */
} Found;

static void add_found(Found *found, const char *path) {
        char shown[4 * CGROUP_PATH_MAX];
        size_t used = strlen(found->listed);

        if (found->n++ == 0)
                (void) snprintf(found->path, sizeof(found->path), "%s", path);
        if (found->n > LISTED_MAX || utf8_escape(path, shown, sizeof(shown)) < 0)
                return;
        /* All of it or nothing: a path cut within a character would be no valid text for D-Bus. */
        if (used + strlen(", ") + strlen(shown) < sizeof(found->listed)) {
                (void) strcpy(found->listed + used, used > 0 ? ", " : "");
                (void) strcat(found->listed + used, shown);
        }
}

static void find_all(Engine *engine, const char *text, bool by_path, Found *found) {
        unsigned iterator = 0;
        UnitView view;

        while (engine_next_unit(engine, &iterator, &view) > 0)
                if (is_shown_as(by_path ? view.path : view.name, text))
                        add_found(found, view.path);
}

static int no_such_unit(sd_bus_error *error, const char *name) {
        char shown[4 * UNIT_NAME_MAX];

        (void) utf8_escape(name, shown, sizeof(shown));
        return sd_bus_error_setf(error, API_ERROR("NoSuchUnit"),
                                 "%s is not watched: it does not run, or no policy matches it. "
                                 "\"memguardctl list\" shows what is watched.",
                                 shown);
}

int api_find(Api *api, const char *text, UnitView *ret, sd_bus_error *error) {
        Engine *engine = api->handlers.engine(api->handlers.userdata);
        bool by_path = text[0] == '/';
        char name[UNIT_NAME_MAX], shown[4 * CGROUP_PATH_MAX];
        Found found = {};

        if (text[0] == 0)
                return sd_bus_error_set(error, API_ERROR("InvalidArgument"),
                                        "The unit's name is empty. Give a unit's name, or its cgroup's path.");
        if (by_path)
                find_all(engine, text, by_path, &found);
        else if (complete_name(text, name) >= 0)
                find_all(engine, name, by_path, &found);

        if (found.n == 0)
                return no_such_unit(error, by_path || strlen(text) >= UNIT_NAME_MAX ? text : name);
        if (found.n > 1) {
                (void) utf8_escape(text, shown, sizeof(shown));
                return sd_bus_error_setf(error, API_ERROR("AmbiguousUnit"),
                                         "%s is the name of %u units. Name the one you mean by its path: %s%s.", shown,
                                         found.n, found.listed, found.n > LISTED_MAX ? ", ..." : "");
        }
        return engine_get_unit(engine, found.path, ret);
}
