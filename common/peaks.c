/* The path is the last thing of a line, as it may hold blanks; it has no newline (unitname_path_is_valid()). */
#include "peaks.h"

#include <inttypes.h>
#include <stdio.h>

#include "kerneltext.h"

#define PATH_KEY "path="
#define RUN_KEY "run="

static const struct {
        const char *key;
        size_t offset;
} numbers[] = {
        {"ws", offsetof(Peaks, working_set)}, {"anon", offsetof(Peaks, anon)},   {"current", offsetof(Peaks, current)},
        {"start", offsetof(Peaks, start)},    {"last", offsetof(Peaks, last)},   {"swapped", offsetof(Peaks, swapped)},
        {"runs", offsetof(Peaks, runs)},      {"total", offsetof(Peaks, total)}, {"longest", offsetof(Peaks, longest)},
        {"began", offsetof(Peaks, began)},    {"first", offsetof(Peaks, first)}, {"seen", offsetof(Peaks, seen)},
        {"at", offsetof(Peaks, at)},
};

/* Pages as 11 bits and 5 bits of shift; greater is greater in this form too. */
#define ROUGH_BITS 11
#define ROUGH_SHIFT_MAX 31

static uint16_t to_rough(uint64_t bytes) {
        uint64_t pages = bytes / PAGE_BYTES + (bytes % PAGE_BYTES > 0);
        unsigned shift = 0;

        for (; pages >> ROUGH_BITS; shift++)
                pages = (pages + 1) / 2;
        return shift > ROUGH_SHIFT_MAX ? UINT16_MAX : (uint16_t) (shift << ROUGH_BITS | pages);
}

uint64_t run_peaks_bytes(uint16_t rough) {
        return (uint64_t) (rough & ((1U << ROUGH_BITS) - 1)) * PAGE_BYTES << (rough >> ROUGH_BITS);
}

static uint32_t to_seconds(usec_t now) {
        return (uint32_t) MIN(MAX(now / USEC_PER_SEC, 1), UINT32_MAX);
}

void run_peaks_begin(RunPeaks *run, bool fresh) {
        *run = (RunPeaks){.fresh = fresh};
}

void run_peaks_note(RunPeaks *run, const Sample *sample, usec_t now) {
        uint32_t at = to_seconds(now);
        uint16_t used = to_rough(util_add(sample->working_set, sample->swap));

        if (run->began == 0)
                run->began = at;
        if (used > run->working_set) {
                run->working_set = used;
                run->peak_after = MIN(util_sub(at, run->began), (1U << 30) - 1);
        }
        run->anon = MAX(run->anon, to_rough(util_add(sample->anon, sample->swap)));
        run->current = MAX(run->current, to_rough(util_add(sample->current, sample->swap)));
        if (run->fresh && run->start == 0 && util_sub(at, run->began) >= PEAKS_START_AFTER / USEC_PER_SEC)
                run->start = used;
        if (sample->swap > 0)
                run->swapped = 1;
}

/* Is it the run that was merged last? One without an id can only be told by what was merged of it by this daemon. */
static bool is_newest(const Peaks *peaks, const RunPeaks *run, const char *invocation, usec_t saved) {
        if (peaks->runs == 0)
                return false;
        return invocation[0] ? util_streq(peaks->invocation, invocation) : run->began < saved / USEC_PER_SEC;
}

static void begin_run(Peaks *peaks, const char *invocation, uint64_t began) {
        (void) snprintf(peaks->invocation, sizeof(peaks->invocation), "%s", invocation);
        peaks->runs++;
        peaks->began = began;
        peaks->last = 0;
}

void peaks_merge(Peaks *peaks, const RunPeaks *run, const char *invocation, usec_t saved, const PeaksTime *now) {
        uint64_t at = to_seconds(now->boottime), counted = MAX(run->began, saved / USEC_PER_SEC);
        uint64_t used = run_peaks_bytes(run->working_set), began = util_sub(now->realtime, util_sub(at, run->began));

        if (run->began == 0)
                return;
        if (!is_newest(peaks, run, invocation, saved))
                begin_run(peaks, invocation, began);
        if (used > peaks->working_set) {
                peaks->working_set = used;
                peaks->at = began + run->peak_after;
        }
        peaks->last = MAX(peaks->last, used);
        peaks->anon = MAX(peaks->anon, run_peaks_bytes(run->anon));
        peaks->current = MAX(peaks->current, run_peaks_bytes(run->current));
        if (run->start > 0)
                peaks->start = run_peaks_bytes(run->start);
        peaks->swapped |= run->swapped;
        peaks->first = peaks->first == 0 ? began : MIN(peaks->first, began);
        peaks->seen = MAX(peaks->seen, now->realtime);
        peaks->total += util_sub(at, counted);
        peaks->longest = MAX(peaks->longest, util_sub(now->realtime, peaks->began));
}

int peaks_format(const Peaks *peaks, char buf[static PEAKS_LINE_MAX]) {
        int n = 0;

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                n += snprintf(buf + n, PEAKS_LINE_MAX - (size_t) n, "%s=%" PRIu64 " ", numbers[i].key,
                              *(const uint64_t *) ((const char *) peaks + numbers[i].offset));
        n += snprintf(buf + n, PEAKS_LINE_MAX - (size_t) n, RUN_KEY "%s " PATH_KEY "%s", peaks->invocation,
                      peaks->path);
        return n;
}

static int parse_number(const char *word, size_t n, Peaks *peaks) {
        char digits[24];
        uint64_t value;

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                size_t key = strlen(numbers[i].key);

                if (n <= key + 1 || strncmp(word, numbers[i].key, key) != 0 || word[key] != '=')
                        continue;
                n -= key + 1;
                if (n >= sizeof(digits) || strspn(word + key + 1, "0123456789") != n)
                        return -EINVAL;
                memcpy(digits, word + key + 1, n);
                digits[n] = 0;
                if (kerneltext_u64(digits, &value) < 0 || value > PEAKS_NUMBER_MAX)
                        return -EINVAL;
                *(uint64_t *) ((char *) peaks + numbers[i].offset) = value;
                return 0;
        }
        return -EINVAL;
}

static int parse_word(const char *word, size_t n, Peaks *peaks) {
        const char *id = word + strlen(RUN_KEY);
        size_t length = n - MIN(n, strlen(RUN_KEY));

        if (strncmp(word, RUN_KEY, strlen(RUN_KEY)) != 0)
                return parse_number(word, n, peaks);
        if (length != 0 && (length != INVOCATION_MAX - 1 || strspn(id, "0123456789abcdef") != length))
                return -EINVAL;
        memcpy(peaks->invocation, id, length);
        return 0;
}

int peaks_parse(const char *line, Peaks *ret) {
        Peaks peaks = {};
        int r;

        while (strncmp(line, PATH_KEY, strlen(PATH_KEY)) != 0) {
                size_t n = strcspn(line, " ");

                r = line[n] == ' ' ? parse_word(line, n, &peaks) : -EINVAL;
                if (r < 0)
                        return r;
                line += n + 1;
        }
        line += strlen(PATH_KEY);
        if (strlen(line) >= sizeof(peaks.path) || !unitname_path_is_valid(line) || peaks.runs == 0)
                return -EINVAL;
        strcpy(peaks.path, line);
        *ret = peaks;
        return 0;
}
