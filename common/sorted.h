/* Tables of pointers to structs that are sorted by their key, a `char *` that is each struct's first member. */
#pragma once

#include "util.h"

/* Where the key is, or would be put. */
static inline unsigned sorted_position(const void *table, unsigned n, const char *key, bool *ret_found) {
        char *const *const *items = table;
        unsigned low = 0, high = n;

        *ret_found = false;
        while (low < high) {
                unsigned middle = (low + high) / 2;
                int order = strcmp(*items[middle], key);

                if (order == 0) {
                        *ret_found = true;
                        return middle;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}
