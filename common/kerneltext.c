/* Keyed files are read by tables. A line counts only when its newline is there: a text that was cut short must end in
 * -ENODATA, since "oom_kill 1" may be the beginning of "oom_kill 17". */
#include "kerneltext.h"

typedef struct Span {
        const char *p;
        size_t n;
} Span;

/* A key, and where in the output struct its number goes. */
typedef struct Key {
        const char *name;
        size_t offset;
        bool required;
} Key;

static const Key events_keys[] = {
        {"low", offsetof(MemoryEvents, low), false},
        {"high", offsetof(MemoryEvents, high), true},
        {"max", offsetof(MemoryEvents, max), true},
        {"oom", offsetof(MemoryEvents, oom), true},
        {"oom_kill", offsetof(MemoryEvents, oom_kill), true},
        {"oom_group_kill", offsetof(MemoryEvents, oom_group_kill), false},
};

/* What memory.stat says, and of what we make one figure. */
typedef struct StatText {
        MemoryStat stat;
        uint64_t pgsteal_kswapd, pgsteal_direct;
} StatText;

/* "kernel" came with 5.18; without slab_reclaimable the working set is judged too large, which errs on the alert side. */
static const Key stat_keys[] = {
        {"anon", offsetof(StatText, stat.anon), true},
        {"file", offsetof(StatText, stat.file), true},
        {"shmem", offsetof(StatText, stat.shmem), false},
        {"kernel", offsetof(StatText, stat.kernel), false},
        {"inactive_file", offsetof(StatText, stat.inactive_file), true},
        {"active_file", offsetof(StatText, stat.active_file), true},
        {"slab_reclaimable", offsetof(StatText, stat.slab_reclaimable), false},
        {"pgsteal", offsetof(StatText, stat.pgsteal), false},
        {"pgsteal_kswapd", offsetof(StatText, pgsteal_kswapd), false},
        {"pgsteal_direct", offsetof(StatText, pgsteal_direct), false},
};

static const Key meminfo_keys[] = {
        {"MemTotal", offsetof(MemInfo, total), true},
        {"MemAvailable", offsetof(MemInfo, available), true},
        {"SwapTotal", offsetof(MemInfo, swap_total), false},
        {"SwapFree", offsetof(MemInfo, swap_free), false},
        {"MemFree", offsetof(MemInfo, free), false},
        {"Cached", offsetof(MemInfo, cached), false},
        {"CommitLimit", offsetof(MemInfo, commit_limit), false},
        {"Committed_AS", offsetof(MemInfo, committed), false},
};

/* Takes the next line off the text, without its newline. False when no whole line is left. */
static bool next_line(const char **text, Span *ret) {
        const char *end = strchr(*text, '\n');

        if (!end)
                return false;
        *ret = (Span){*text, (size_t) (end - *text)};
        *text = end + 1;
        return true;
}

static bool span_is(Span span, const char *word) {
        return span.n == strlen(word) && memcmp(span.p, word, span.n) == 0;
}

static bool span_skip(Span *span, const char *prefix) {
        size_t n = strlen(prefix);

        if (span->n < n || memcmp(span->p, prefix, n) != 0)
                return false;
        *span = (Span){span->p + n, span->n - n};
        return true;
}

/* Takes off what stands before the separator, and the separator; everything where there is none. */
static Span span_cut(Span *span, char separator) {
        const char *end = memchr(span->p, separator, span->n);
        Span head = {span->p, end ? (size_t) (end - span->p) : span->n};
        size_t used = head.n + (end ? 1 : 0);

        *span = (Span){span->p + used, span->n - used};
        return head;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static Span span_trim(Span span) {
        for (; span.n > 0 && is_blank(span.p[0]); span.p++)
                span.n--;
        while (span.n > 0 && is_blank(span.p[span.n - 1]))
                span.n--;
        return span;
}

/* Digits only: no sign, no blank, no base. */
static int span_u64(Span span, uint64_t *ret) {
        uint64_t value = 0;

        if (span.n == 0)
                return -EINVAL;
        for (size_t i = 0; i < span.n; i++)
                if (span.p[i] < '0' || span.p[i] > '9')
                        return -EINVAL;
        for (size_t i = 0; i < span.n; i++)
                if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, span.p[i] - '0', &value))
                        return -ERANGE;
        *ret = value;
        return 0;
}

int kerneltext_u64(const char *text, uint64_t *ret) {
        Span span = {text, strlen(text)};

        if (span.n > 0 && span.p[span.n - 1] == '\n')
                span.n--;
        span = span_trim(span);
        if (span_is(span, "max")) {
                *ret = BYTES_INFINITY;
                return 0;
        }
        return span_u64(span, ret);
}

/* The value behind "key ". */
static int plain_value(Span span, uint64_t *ret) {
        return span_u64(span_trim(span), ret) < 0 ? -EINVAL : 0;
}

/* The value behind "Key:", "   24684084 kB", in bytes. */
static int kib_value(Span span, uint64_t *ret) {
        uint64_t kib;

        span = span_trim(span);
        Span number = span_cut(&span, ' ');
        if (!span_is(span_trim(span), "kB") || span_u64(number, &kib) < 0 || kib > UINT64_MAX / KIB)
                return -EINVAL;
        *ret = kib * KIB;
        return 0;
}

/* Fills the struct at `out` from the first line of each key. Unknown keys are passed over: kernels add some. */
static int read_keys(const char *text, char separator, int (*read_value)(Span, uint64_t *), const Key *keys,
                     size_t n_keys, void *out) {
        uint32_t seen = 0;
        Span line;

        assert(n_keys <= 32);
        while (next_line(&text, &line)) {
                Span name = span_cut(&line, separator);
                for (size_t i = 0; i < n_keys; i++) {
                        if (seen & UINT32_C(1) << i || !span_is(name, keys[i].name))
                                continue;
                        int r = read_value(line, (uint64_t *) (void *) ((char *) out + keys[i].offset));
                        if (r < 0)
                                return r;
                        seen |= UINT32_C(1) << i;
                        break;
                }
        }
        for (size_t i = 0; i < n_keys; i++)
                if (keys[i].required && !(seen & UINT32_C(1) << i))
                        return -ENODATA;
        return 0;
}

int kerneltext_memory_events(const char *text, MemoryEvents *ret) {
        MemoryEvents events = {0};
        int r;

        r = read_keys(text, ' ', plain_value, events_keys, ELEMENTSOF(events_keys), &events);
        if (r < 0)
                return r;
        *ret = events;
        return 0;
}

int kerneltext_memory_stat(const char *text, MemoryStat *ret) {
        StatText all = {0};
        int r;

        r = read_keys(text, ' ', plain_value, stat_keys, ELEMENTSOF(stat_keys), &all);
        if (r < 0)
                return r;
        /* Where pgsteal is there, it is the sum of these and more. */
        all.stat.pgsteal = MAX(all.stat.pgsteal, util_add(all.pgsteal_kswapd, all.pgsteal_direct));
        *ret = all.stat;
        return 0;
}

int kerneltext_meminfo(const char *text, MemInfo *ret) {
        MemInfo info = {0};
        int r;

        r = read_keys(text, ':', kib_value, meminfo_keys, ELEMENTSOF(meminfo_keys), &info);
        if (r < 0)
                return r;
        *ret = info;
        return 0;
}

static int one_value(const char *text, char separator, int (*read_value)(Span, uint64_t *), const char *key,
                     uint64_t *ret) {
        Key keys[] = {{key, 0, true}};
        uint64_t value;
        int r;

        r = read_keys(text, separator, read_value, keys, ELEMENTSOF(keys), &value);
        if (r < 0)
                return r;
        *ret = value;
        return 0;
}

int kerneltext_kib(const char *text, const char *key, uint64_t *ret) {
        return one_value(text, ':', kib_value, key, ret);
}

int kerneltext_keyed(const char *text, const char *key, uint64_t *ret) {
        return one_value(text, ' ', plain_value, key, ret);
}

/* "12.34" as 1234. Digits after the second are cut off. */
static int read_hundredths(Span span, uint32_t *ret) {
        Span whole = span_cut(&span, '.');
        uint64_t before, after;

        if (span_u64(whole, &before) < 0 || before > UINT32_MAX / 100 - 1 || span_u64(span, &after) < 0)
                return -EINVAL;
        uint32_t tenths = (uint32_t) (span.p[0] - '0');
        uint32_t hundredths = span.n > 1 ? (uint32_t) (span.p[1] - '0') : 0;
        *ret = (uint32_t) before * 100 + tenths * 10 + hundredths;
        return 0;
}

/* What follows "some " or "full ": "avg10=0.00 avg60=0.00 avg300=0.00 total=0". */
static int read_stall(Span line, uint64_t *ret_total, uint32_t *ret_avg10) {
        bool has_total = false, has_avg10 = false;
        uint64_t total = 0;
        uint32_t avg10 = 0;

        while (line.n > 0) {
                Span word = span_cut(&line, ' ');
                int r = 0;

                if (!has_total && span_skip(&word, "total=")) {
                        has_total = true;
                        r = span_u64(word, &total);
                } else if (!has_avg10 && span_skip(&word, "avg10=")) {
                        has_avg10 = true;
                        r = read_hundredths(word, &avg10);
                }
                if (r < 0)
                        return -EINVAL;
        }
        if (!has_total)
                return -ENODATA;
        *ret_total = total;
        *ret_avg10 = avg10;
        return 0;
}

int kerneltext_pressure(const char *text, Pressure *ret) {
        Pressure pressure = {0};
        bool has_some = false, has_full = false;
        Span line;

        while (next_line(&text, &line)) {
                int r = 0;

                if (!has_some && span_skip(&line, "some ")) {
                        has_some = true;
                        r = read_stall(line, &pressure.some_total, &pressure.some_avg10);
                } else if (!has_full && span_skip(&line, "full ")) {
                        has_full = true;
                        r = read_stall(line, &pressure.full_total, &pressure.full_avg10);
                }
                if (r < 0)
                        return r;
        }
        if (!has_some)
                return -ENODATA;
        *ret = pressure;
        return 0;
}

uint64_t kerneltext_working_set(uint64_t current, const MemoryStat *stat) {
        return util_sub(current, util_add(util_add(stat->inactive_file, stat->active_file), stat->slab_reclaimable));
}
