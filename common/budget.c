/* A sorted list of the last few times. The state file's line escapes blanks in the path as "%20": a cgroup may be
 * called
 * "/a 5", and its budget must not be read as that of "/a". */
#include "budget.h"

#include "kerneltext.h"
#include "unitname.h"
#include "units.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_spent(usec_t time, usec_t window, usec_t now) {
        return time > now || now - time < window;
}

unsigned budget_spent(const Budget *budget, usec_t window, usec_t now) {
        unsigned n = 0;

        for (unsigned i = 0; i < budget->n_times; i++)
                n += is_spent(budget->times[i], window, now);
        return n;
}

bool budget_allows(const Budget *budget, uint32_t count, usec_t window, usec_t now) {
        return budget_spent(budget, window, now) < count;
}

usec_t budget_next(const Budget *budget, uint32_t count, usec_t window, usec_t now) {
        if (budget_allows(budget, count, window, now))
                return now;
        if (count == 0)
                return USEC_INFINITY;
        /* Spent now are at least the last `count` times; one more is allowed when the first of those runs out. */
        return util_add(budget->times[budget->n_times - count], window);
}

void budget_spend(Budget *budget, usec_t now) {
        unsigned i;

        if (budget->n_times == BUDGET_TIMES_MAX)
                memmove(budget->times, budget->times + 1, --budget->n_times * sizeof(budget->times[0]));
        /* Into its place, and not just behind: the times of a trace or of a state file may lie in the future. */
        for (i = budget->n_times++; i > 0 && budget->times[i - 1] > now; i--)
                budget->times[i] = budget->times[i - 1];
        budget->times[i] = now;
}

/* Writes the path with " " and "%" escaped; returns the length or -ENOBUFS. */
static int escape_path(const char *path, char *buf, size_t size) {
        size_t n = 0;

        for (; *path != '\0'; path++) {
                bool escape = *path == ' ' || *path == '%';
                if (size - n <= (escape ? 3 : 1))
                        return -ENOBUFS;
                if (escape)
                        memcpy(buf + n, *path == ' ' ? "%20" : "%25", 3);
                else
                        buf[n] = *path;
                n += escape ? 3 : 1;
        }
        buf[n] = '\0';
        return (int) n;
}

int budget_format(const Budget *budget, const char *path, char *buf, size_t size) {
        int n;

        if (size == 0)
                return -ENOBUFS;
        n = escape_path(path, buf, size);
        for (unsigned i = 0; n >= 0 && i < budget->n_times; i++) {
                int k = snprintf(buf + n, size - (size_t) n, " %" PRIu64, budget->times[i]);
                n = (size_t) k < size - (size_t) n ? n + k : -ENOBUFS;
        }
        return n;
}

/* Undoes escape_path() on the n characters at text. Nothing that escape_path() doesn't write is taken. */
static int unescape_path(const char *text, size_t n, char ret_path[static CGROUP_PATH_MAX]) {
        const char *end = text + n;
        size_t length = 0;

        while (text < end) {
                char c = *text;
                if (c == '%' && strncmp(text, "%20", 3) != 0 && strncmp(text, "%25", 3) != 0)
                        return -EINVAL;
                if (c == '%')
                        c = text[2] == '0' ? ' ' : '%';
                text += *text == '%' ? 3 : 1;
                if (length == CGROUP_PATH_MAX - 1)
                        return -EINVAL;
                ret_path[length++] = c;
        }
        ret_path[length] = '\0';
        return unitname_path_is_valid(ret_path) ? 0 : -EINVAL;
}

/* One time of n characters: digits only, and a time that can come. */
static int parse_time(const char *text, size_t n, usec_t *ret) {
        char digits[UNITS_TEXT_MAX];
        usec_t time;

        if (n >= sizeof(digits) || strspn(text, "0123456789") != n)
                return -EINVAL;
        memcpy(digits, text, n);
        digits[n] = '\0';
        if (kerneltext_u64(digits, &time) < 0 || time == USEC_INFINITY)
                return -EINVAL;
        *ret = time;
        return 0;
}

int budget_parse(const char *line, char *ret_path, Budget *ret) {
        char path[CGROUP_PATH_MAX];
        Budget budget = {0};
        size_t n = strcspn(line, " ");
        int r;

        r = unescape_path(line, n, path);
        if (r < 0)
                return r;
        for (line += n; *line == ' '; line += n) {
                usec_t time;

                n = strcspn(++line, " ");
                r = parse_time(line, n, &time);
                if (r < 0)
                        return r;
                if (budget.n_times == BUDGET_TIMES_MAX ||
                    (budget.n_times > 0 && time < budget.times[budget.n_times - 1]))
                        return -EINVAL;
                budget.times[budget.n_times++] = time;
        }
        strcpy(ret_path, path);
        *ret = budget;
        return 0;
}
