/* See released.h. The readings are some time apart and the unit goes on between them, so small differences are no news; and
 * anonymous memory that went to swap was not freed. */
#include "released.h"

#include <stdio.h>

#include "units.h"

#define LEAST MIB   /* less is no news */
#define SHARE 8     /* and so is a change of the cache below this part of what was freed */

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
                .process_lives = incident->fate == FATE_SURVIVED,
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

/* Reclaim took cache, and what it made room for may have come back since. */
static void say_reclaimed(const Change *change, const Words *words, char *buf, size_t size) {
        int n = snprintf(buf, size,
                         "The kernel first reclaimed page cache of the unit (%s -> %s) to make room for its anonymous memory",
                         words->file_before, words->file_after);

        if (change->freed >= LEAST && (size_t) n < size)
                n += snprintf(buf + n, size - (size_t) n, "; then %s freed %s of that", by_what(change), words->freed);
        if ((size_t) n < size)
                (void) snprintf(buf + n, size - (size_t) n, ".");
}

static void say_unwound(const Incident *incident, const Words *words, char *buf, size_t size) {
        int n = snprintf(buf, size,
                         "Unwinding the error freed %s of anonymous memory; no page cache was reclaimed (it is %s)",
                         words->freed, words->file_after);

        if (util_sub(incident->after.available, incident->before.available) >= LEAST && (size_t) n < size)
                n += snprintf(buf + n, size - (size_t) n,
                              ", so the %s that the host has available since then are free memory and not cache",
                              words->host);
        if ((size_t) n < size)
                (void) snprintf(buf + n, size - (size_t) n, ".");
}

static void say_exited(const Incident *incident, const Words *words, char *buf, size_t size) {
        bool unit_lives = incident->fate == FATE_WORKER_DIED;

        if (incident->after.file >= LEAST && !unit_lives && incident->fate != FATE_RESTARTED)
                (void) snprintf(buf, size,
                                "The end of the process freed %s of anonymous memory; its page cache (%s) stays charged "
                                "to the unit until the unit's cgroup is removed.",
                                words->freed, words->file_after);
        else
                (void) snprintf(buf, size,
                                "The end of the process freed %s of anonymous memory; no page cache was reclaimed for it.",
                                words->freed);
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
                say_exited(incident, &words, buf, size);
        else if (change.file_same && change.stolen < LEAST)
                say_unwound(incident, &words, buf, size);
        return (int) strlen(buf);
}
