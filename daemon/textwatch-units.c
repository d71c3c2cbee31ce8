/* The units whose lines are wanted, sorted by name. A unit that is wanted no more stays for a while: its last words reach the
 * journal's readers up to a second after its cgroup is gone, and often it is just being restarted. */
#include "textwatch-internal.h"
#include "sorted.h"

static unsigned position(const Textwatch *watch, const char *name, bool *ret_is_there) {
        return sorted_position(watch->units, watch->n_units, name, ret_is_there);
}

WatchedText *textunits_find(Textwatch *watch, const char *name) {
        bool is_there;
        unsigned i = position(watch, name, &is_there);

        return is_there ? watch->units[i] : NULL;
}

int textunits_get(Textwatch *watch, const char *name, WatchedText **ret) {
        bool is_there;
        unsigned i = position(watch, name, &is_there);
        WatchedText *unit;

        if (is_there) {
                *ret = watch->units[i];
                return 0;
        }
        if (watch->n_units >= TEXTWATCH_UNITS_MAX)
                return -ENOSPC;
        unit = calloc(1, sizeof(WatchedText));
        if (!unit)
                return -ENOMEM;
        unit->name = strdup(name);
        if (!unit->name) {
                free(unit);
                return -ENOMEM;
        }
        memmove(watch->units + i + 1, watch->units + i, (watch->n_units - i) * sizeof(WatchedText *));
        watch->units[i] = unit;
        watch->n_units++;
        *ret = unit;
        return 0;
}

void textunits_remove(Textwatch *watch, unsigned i) {
        free(watch->units[i]->name);
        free(watch->units[i]);
        watch->n_units--;
        memmove(watch->units + i, watch->units + i + 1, (watch->n_units - i) * sizeof(WatchedText *));
}

usec_t textunits_next(const Textwatch *watch) {
        usec_t next = USEC_INFINITY;

        for (unsigned i = 0; i < watch->n_units; i++)
                if (watch->units[i]->leaves_at > 0)
                        next = MIN(next, watch->units[i]->leaves_at);
        return next;
}

bool textunits_any_wanted(const Textwatch *watch) {
        for (unsigned i = 0; i < watch->n_units; i++)
                if (watch->units[i]->leaves_at == 0 && !watch->units[i]->has_left)
                        return true;
        return false;
}
