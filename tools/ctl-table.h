/* Aligned columns. Cells may hold anything: they are escaped here. */
#pragma once

#include <stdio.h>

#include "ctl-text.h"

#define TABLE_COLUMNS_MAX 12
#define TABLE_ROWS_MAX 8192 /* further rows are counted, and said */

typedef struct TableColumn {
        const char *title;
        bool right;  /* numbers */
        bool shrink; /* may be cut when the terminal is narrow; the middle goes, as names differ at both ends */
} TableColumn;

typedef struct Table Table;

int table_new(Table **ret, const TableColumn *columns, size_t n_columns);
Table *table_free(Table *table);

static inline void table_freep(Table **table) {
        (void) table_free(*table);
}

/* One row: as many cells as there are columns; NULL is empty. */
int table_add(Table *table, const char *const *cells, CtlColor color);

/* The whole text; width 0 is without bound. Colours only where asked for. */
int table_format(const Table *table, unsigned width, bool color, char **ret_text);

/* The whole text as this stream wants it. */
int table_print(const Table *table, FILE *stream);

/* Columns that a text takes on a terminal. */
unsigned table_text_width(const char *text);
