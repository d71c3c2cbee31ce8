/* Aligned columns. Cells may hold anything: they are escaped here. */
#pragma once

#include <stdio.h>

#include "ctl-text.h"

#define CTL_COLUMNS_MAX 12
#define CTL_ROWS_MAX 8192 /* further rows are counted, and said */

typedef struct CtlColumn {
        const char *title;
        bool right;  /* numbers */
        bool shrink; /* may be cut when the terminal is narrow; the middle goes, as names differ at both ends */
} CtlColumn;

typedef struct CtlTable CtlTable;

int ctl_table_new(CtlTable **ret, const CtlColumn *columns, size_t n_columns);
CtlTable *ctl_table_free(CtlTable *table);

static inline void ctl_table_freep(CtlTable **table) {
        (void) ctl_table_free(*table);
}

/* One row: as many cells as there are columns; NULL is empty. */
int ctl_table_add(CtlTable *table, const char *const *cells, CtlColor color);

/* The whole text; width 0 is without bound. Colours only where asked for. */
int ctl_table_format(const CtlTable *table, unsigned width, bool color, char **ret_text);

/* The whole text as this stream wants it. */
int ctl_table_print(const CtlTable *table, FILE *stream);

/* Columns that a text takes on a terminal. */
unsigned ctl_table_text_width(const char *text);
