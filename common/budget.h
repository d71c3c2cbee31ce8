/* Restart budgets: at most `count` disruptive actions in any `window`. The times of past ones survive the daemon. */
#pragma once

#include "util.h"

#define BUDGET_TIMES_MAX 32 /* RestartBudget= counts above this are refused by conf.c */

typedef struct Budget {
        usec_t times[BUDGET_TIMES_MAX]; /* oldest first */
        unsigned n_times;
} Budget;

/* Is one more allowed now? Times in the future (a trace or a state file from elsewhere) count as spent. */
bool budget_allows(const Budget *budget, uint32_t count, usec_t window, usec_t now);

/* How many are spent within the window that ends now. */
unsigned budget_spent(const Budget *budget, usec_t window, usec_t now);

/* When the next one will be allowed; now when it is already. */
usec_t budget_next(const Budget *budget, uint32_t count, usec_t window, usec_t now);

/* Notes one. At the bound the oldest is forgotten, which conf.c's bound on the count makes harmless. */
void budget_spend(Budget *budget, usec_t now);

/* One line "PATH TIME TIME ..." of the state file, both ways. Formatting returns the length or -ENOBUFS. Parsing takes a
 * line without newline; -EINVAL. ret_path needs CGROUP_PATH_MAX bytes. */
int budget_format(const Budget *budget, const char *path, char *buf, size_t size);
int budget_parse(const char *line, char *ret_path, Budget *ret);
