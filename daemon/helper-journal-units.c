/* The units that are followed, sorted by name: each entry of the journal is looked up here. */
#include "helper-journal.h"
#include "sorted.h"

static unsigned position(const UnitTable *table, const char *name, bool *ret_is_there) {
        return sorted_position(table->units, table->n, name, ret_is_there);
}

Followed *unittable_find(const UnitTable *table, const char *name) {
        bool is_there;
        unsigned i = position(table, name, &is_there);

        return is_there ? table->units[i] : NULL;
}

static void followed_free(Followed *unit) {
        free(unit->name);
        free(unit);
}

int unittable_add(UnitTable *table, const char *name, const Place *from) {
        bool is_there;
        unsigned i = position(table, name, &is_there);
        Followed *unit;

        if (is_there)
                return -EEXIST;
        if (table->n >= FOLLOWED_MAX)
                return -ENOSPC;
        unit = calloc(1, sizeof(Followed));
        if (!unit)
                return -ENOMEM;
        unit->name = strdup(name);
        if (!unit->name) {
                free(unit);
                return -ENOMEM;
        }
        unit->seen = unit->said = *from;
        memmove(table->units + i + 1, table->units + i, (table->n - i) * sizeof(Followed *));
        table->units[i] = unit;
        table->n++;
        return 0;
}

int unittable_remove(UnitTable *table, const char *name) {
        bool is_there;
        unsigned i = position(table, name, &is_there);

        if (!is_there)
                return -ENOENT;
        followed_free(table->units[i]);
        table->n--;
        memmove(table->units + i, table->units + i + 1, (table->n - i) * sizeof(Followed *));
        return 0;
}

void unittable_clear(UnitTable *table) {
        while (table->n > 0)
                followed_free(table->units[--table->n]);
}
