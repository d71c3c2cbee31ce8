#include "ctl-table.h"

#include "utf8.h"

#define GAP 2        /* blanks between columns */
#define SHRUNK_MIN 9 /* a name cut shorter says nothing */

typedef struct Row {
        char *cells[CTL_COLUMNS_MAX]; /* escaped */
        CtlColor color;
} Row;

struct CtlTable {
        CtlColumn columns[CTL_COLUMNS_MAX];
        size_t n_columns;
        Row *rows;
        size_t n_rows, n_allocated, n_dropped;
};

int ctl_table_new(CtlTable **ret, const CtlColumn *columns, size_t n_columns) {
        CtlTable *table;

        if (n_columns == 0 || n_columns > CTL_COLUMNS_MAX)
                return -EINVAL;
        table = calloc(1, sizeof(*table));
        if (!table)
                return -ENOMEM;
        memcpy(table->columns, columns, n_columns * sizeof(*columns));
        table->n_columns = n_columns;
        *ret = table;
        return 0;
}

CtlTable *ctl_table_free(CtlTable *table) {
        if (!table)
                return NULL;
        for (size_t i = 0; i < table->n_rows; i++)
                for (size_t j = 0; j < table->n_columns; j++)
                        free(table->rows[i].cells[j]);
        free(table->rows);
        free(table);
        return NULL;
}

int ctl_table_add(CtlTable *table, const char *const *cells, CtlColor color) {
        Row *rows, *row;

        if (table->n_rows >= CTL_ROWS_MAX) {
                table->n_dropped++;
                return 0;
        }
        if (table->n_rows == table->n_allocated) {
                size_t n = MAX(2 * table->n_allocated, (size_t) 16);

                rows = reallocarray(table->rows, n, sizeof(*rows));
                if (!rows)
                        return -ENOMEM;
                table->rows = rows;
                table->n_allocated = n;
        }
        row = &table->rows[table->n_rows++];
        *row = (Row){.color = color};

        for (size_t i = 0; i < table->n_columns; i++) {
                char shown[CTL_TEXT_MAX];

                (void) utf8_escape(cells[i] ?: "", shown, sizeof(shown));
                row->cells[i] = strdup(shown);
                if (!row->cells[i])
                        return -ENOMEM;
        }
        return 0;
}

unsigned ctl_table_text_width(const char *text) {
        unsigned width = 0;
        uint32_t c;
        int n;

        for (; *text; text += n) {
                n = utf8_next(text, &c);
                if (n < 0) { /* does not happen to an escaped text */
                        n = 1;
                        c = '?';
                }
                width += utf8_width(c);
        }
        return width;
}

static const char *cell_text(const Row *row, size_t column) {
        return row->cells[column] ?: ""; /* a row that memory ran out for */
}

static void natural_widths(const CtlTable *table, unsigned widths[static CTL_COLUMNS_MAX]) {
        for (size_t i = 0; i < table->n_columns; i++) {
                widths[i] = ctl_table_text_width(table->columns[i].title);
                for (size_t j = 0; j < table->n_rows; j++)
                        widths[i] = MAX(widths[i], ctl_table_text_width(cell_text(&table->rows[j], i)));
        }
}

/* Takes what is too much from the widest column that may shrink, column by column of the terminal. */
static void fit_widths(const CtlTable *table, unsigned width, unsigned widths[static CTL_COLUMNS_MAX]) {
        unsigned total = (unsigned) (table->n_columns - 1) * GAP;

        for (size_t i = 0; i < table->n_columns; i++)
                total += widths[i];
        for (; total > width; total--) {
                size_t widest = table->n_columns;

                for (size_t i = 0; i < table->n_columns; i++)
                        if (table->columns[i].shrink && widths[i] > SHRUNK_MIN &&
                            (widest == table->n_columns || widths[i] > widths[widest]))
                                widest = i;
                if (widest == table->n_columns)
                        return;
                widths[widest]--;
        }
}

/* The longest piece from the start that fits. */
static size_t head_bytes(const char *text, unsigned width) {
        const char *p = text;
        unsigned used = 0;
        uint32_t c;
        int n;

        while (*p) {
                n = utf8_next(p, &c);
                if (n <= 0 || used + utf8_width(c) > width)
                        break;
                used += utf8_width(c);
                p += n;
        }
        return (size_t) (p - text);
}

/* The start of the longest piece at the end that fits. */
static const char *tail_start(const char *text, unsigned width) {
        uint32_t c;
        int n;

        while (ctl_table_text_width(text) > width) {
                n = utf8_next(text, &c);
                if (n <= 0)
                        break;
                text += n;
        }
        /* What is left may begin with marks of the character that went. */
        while ((n = utf8_next(text, &c)) > 0 && utf8_width(c) == 0)
                text += n;
        return text;
}

static void put_cut(FILE *f, const char *text, unsigned width, unsigned *ret_used) {
        unsigned left = (width - 3) / 2, right = width - 3 - left;
        size_t head = head_bytes(text, left);
        const char *tail = tail_start(text, right);
        char *start = strndupa(text, head);

        (void) fprintf(f, "%s...%s", start, tail);
        *ret_used = ctl_table_text_width(start) + 3 + ctl_table_text_width(tail);
}

static void put_blanks(FILE *f, unsigned n) {
        (void) fprintf(f, "%*s", (int) n, "");
}

static void put_cell(FILE *f, const CtlColumn *column, const char *text, unsigned width, bool last) {
        unsigned used = ctl_table_text_width(text);

        if (used > width)
                put_cut(f, text, width, &used);
        else if (column->right) {
                put_blanks(f, width - used);
                (void) fputs(text, f);
                used = width;
        } else
                (void) fputs(text, f);
        if (!last)
                put_blanks(f, width - used + GAP);
}

static void put_row(const CtlTable *table, FILE *f, const Row *row, const unsigned *widths, bool color) {
        size_t n = table->n_columns;

        color = color && row->color != COLOR_PLAIN;
        if (color)
                (void) fputs(ctl_text_sequence(row->color), f);
        while (n > 0 && cell_text(row, n - 1)[0] == 0)
                n--; /* no blanks at the end of a line */
        for (size_t i = 0; i < n; i++)
                put_cell(f, &table->columns[i], cell_text(row, i), widths[i], i + 1 == n);
        (void) fprintf(f, "%s\n", color ? ctl_text_sequence(COLOR_PLAIN) : "");
}

int ctl_table_format(const CtlTable *table, unsigned width, bool color, char **ret_text) {
        unsigned widths[CTL_COLUMNS_MAX] = {};
        Row titles = {.color = COLOR_BOLD};
        char *text = NULL;
        size_t size = 0;
        FILE *f;

        natural_widths(table, widths);
        if (width > 0)
                fit_widths(table, width, widths);

        f = open_memstream(&text, &size);
        if (!f)
                return -ENOMEM;
        for (size_t i = 0; i < table->n_columns; i++)
                titles.cells[i] = (char *) table->columns[i].title;
        put_row(table, f, &titles, widths, color);
        for (size_t i = 0; i < table->n_rows; i++)
                put_row(table, f, &table->rows[i], widths, color);
        if (table->n_dropped > 0)
                (void) fprintf(f, "%zu further rows are not shown.\n", table->n_dropped);
        if (fclose(f) != 0) {
                free(text);
                return -ENOMEM;
        }
        *ret_text = text;
        return 0;
}

int ctl_table_print(const CtlTable *table, FILE *stream) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = ctl_table_format(table, ctl_text_width(stream), ctl_text_has_color(stream), &text);
        if (r < 0)
                return r;
        ctl_text_print(stream, "%s", text);
        return 0;
}
