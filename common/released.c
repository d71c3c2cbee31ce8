/* See released.h. The readings are some time apart and the unit goes on between them, so small differences are no news;
 * and anonymous memory that went to swap was not freed. */
#include "released.h"

#include <stdio.h>

#include "units.h"

#define LEAST MIB /* less is no news */
#define SHARE 8   /* and so is a change of the cache below this part of what was freed */

typedef struct Change {
        uint64_t freed;  /* anonymous memory that came back */
        uint64_t stolen; /* bytes that reclaim took from the unit */
        bool file_same, file_fell;
        bool process_lives;
} Change;

static uint64_t distance(uint64_t a, uint64_t b) {
        return a > b ? a - b : b - a;
}

static Change compare(const Incident *incident) {
        const Sample *before = &incident->before, *after = &incident->after;
        Change change = {
                .freed = util_sub(util_sub(before->anon, after->anon), util_sub(after->swap, before->swap)),
                .stolen = MIN(util_sub(after->stolen, before->stolen), UINT64_MAX / PAGE_BYTES) * PAGE_BYTES,
                .process_lives = incident->fate == FATE_SURVIVED && (incident->verdict == VERDICT_MEMORY_ERROR ||
                                                                     incident->verdict == VERDICT_RUNTIME_OOM),
        };

        change.file_same = distance(before->file, after->file) <= MAX(LEAST, change.freed / SHARE);
        change.file_fell = util_sub(before->file, after->file) >= LEAST;
        return change;
}

typedef struct Words {
        char freed[UNITS_TEXT_MAX], file_before[UNITS_TEXT_MAX], file_after[UNITS_TEXT_MAX], host[UNITS_TEXT_MAX];
} Words;

static Words words_of(const Incident *incident, const Change *change) {
        Words words;

        (void) units_format_bytes(change->freed, words.freed);
        (void) units_format_bytes(incident->before.file, words.file_before);
        (void) units_format_bytes(incident->after.file, words.file_after);
        (void) units_format_bytes(util_sub(incident->after.available, incident->before.available), words.host);
        return words;
}

static const char *by_what(const Change *change) {
        return change->process_lives ? "unwinding the error" : "the end of the process";
}

/* The cache fell between the two readings, and a refused allocation reclaims nothing: so it fell before. */
static void say_reclaimed(const Change *change, const Words *words, char *buf, size_t size) {
        char then[128] = "";

        if (change->freed >= LEAST)
                (void) snprintf(then, sizeof(then), "; then %s freed %s of anonymous memory", by_what(change),
                                words->freed);
        (void) snprintf(buf, size, "First the kernel reclaimed page cache of the unit to make room (%s -> %s)%s.",
                        words->file_before, words->file_after, then);
}

static void say_unwound(const Incident *incident, const Words *words, char *buf, size_t size) {
        char host[128] = "";

        if (util_sub(incident->after.available, incident->before.available) >= LEAST)
                (void) snprintf(host, sizeof(host), ": the %s more that the host has available are no cache",
                                words->host);
        (void) snprintf(
                buf, size,
                "Unwinding the error freed %s of anonymous memory; the unit's page cache stayed at %s and nothing was "
                "reclaimed%s.",
                words->freed, words->file_after, host);
}

/* The cache of a run that is over goes to the parent when the cgroup is removed; of one that began anew we know
 * nothing. */
static void say_exited(const Incident *incident, const Change *change, const Words *words, char *buf, size_t size) {
        const char *rest = "";
        char cache[128];

        if (incident->fate == FATE_WORKER_DIED && change->file_same && change->stolen < LEAST)
                rest = "; nothing was reclaimed";
        else if ((incident->fate == FATE_EXITED || incident->fate == FATE_KILLED) && incident->after.file >= LEAST) {
                (void) snprintf(cache, sizeof(cache),
                                "; its page cache (%s) stays charged until the unit's cgroup is removed",
                                words->file_after);
                rest = cache;
        }
        (void) snprintf(buf, size, "The end of the process freed %s of anonymous memory%s.", words->freed, rest);
}

int released_sentence(const Incident *incident, char *buf, size_t size) {
        Change change = compare(incident);
        Words words = words_of(incident, &change);

        buf[0] = 0;
        if (!incident->has_before || !incident->has_after)
                return 0;
        if (change.stolen >= LEAST && change.file_fell)
                say_reclaimed(&change, &words, buf, size);
        else if (change.freed < LEAST)
                return 0;
        else if (!change.process_lives)
                say_exited(incident, &change, &words, buf, size);
        else if (change.file_same && change.stolen < LEAST)
                say_unwound(incident, &words, buf, size);
        return (int) strlen(buf);
}
