#include "ledger.h"

static LedgerPage *find(const Ledger *ledger, const char *path) {
        for (unsigned i = 0; i < ledger->n_pages; i++)
                if (util_streq(ledger->pages[i].path, path))
                        return (LedgerPage *) &ledger->pages[i];
        return NULL;
}

/* Is `path` below (not the same as) `above`? */
static bool is_above(const char *above, const char *path) {
        size_t n = strlen(above);

        return strncmp(path, above, n) == 0 && path[n] == '/';
}

void ledger_done(Ledger *ledger) {
        for (unsigned i = 0; i < ledger->n_pages; i++)
                free(ledger->pages[i].path);
        ledger->n_pages = 0;
}

static LedgerPage *new_page(Ledger *ledger) {
        LedgerPage *oldest = &ledger->pages[0];

        if (ledger->n_pages < LEDGER_PAGES_MAX)
                return &ledger->pages[ledger->n_pages++];
        for (unsigned i = 1; i < ledger->n_pages; i++)
                if (ledger->pages[i].read_at < oldest->read_at)
                        oldest = &ledger->pages[i];
        free(oldest->path);
        return oldest;
}

static int add(Ledger *ledger, const char *path, const LedgerCounts *counts, usec_t now) {
        _cleanup_free_ char *copy = strdup(path);

        if (!copy)
                return -ENOMEM;
        *new_page(ledger) = (LedgerPage){.path = TAKE_PTR(copy), .counts = *counts, .read_at = now};
        return 0;
}

#define CLOCK_SLACK (50 * USEC_PER_MSEC) /* between a kill and what is told of it */

static void forget_old(LedgerPage *page, usec_t now) {
        if (page->owed == 0 || now - MIN(page->owed_at, now) <= LEDGER_OWED_FOR)
                return;
        page->owed = 0;
        page->n_changes = 0;
}

static void change(LedgerPage *page, int32_t n, usec_t at, usec_t now) {
        page->changes[page->n_changes++ % LEDGER_CHANGES_MAX] = (LedgerChange){.at = at, .n = n};
        page->owed += n;
        page->owed_at = now;
}

static bool is_later(const LedgerChange *change, usec_t until) {
        return change->at >= (change->n < 0 ? util_add(until, CLOCK_SLACK) : until);
}

static int64_t owed_until(const LedgerPage *page, usec_t until) {
        int64_t owed = page->owed;

        for (unsigned i = 0; i < MIN(page->n_changes, LEDGER_CHANGES_MAX); i++)
                if (is_later(&page->changes[i], until))
                        owed -= page->changes[i].n;
        return owed;
}

int ledger_read(Ledger *ledger, const char *path, const LedgerCounts *counts, usec_t now) {
        static const LedgerCounts none;
        LedgerPage *page = find(ledger, path);
        const LedgerCounts *before;
        uint64_t kills;

        if (!page)
                return add(ledger, path, counts, now);
        /* A slice that was removed and made anew counts from zero. */
        before = page->counts.inode == counts->inode ? &page->counts : &none;
        kills = util_sub(counts->oom_kill, before->oom_kill);
        forget_old(page, now);
        if (kills > 0)
                change(page, (int32_t) MIN(kills, INT32_MAX), page->read_at, now);
        if (counts->oom > before->oom)
                page->oom_at = MAX(now, 1);
        if (counts->local_oom > before->local_oom)
                page->local_at = MAX(now, 1);
        page->counts = *counts;
        page->read_at = now;
        return 0;
}

void ledger_account(Ledger *ledger, const char *path, uint64_t n, usec_t at, usec_t now) {
        for (unsigned i = 0; i < ledger->n_pages; i++) {
                LedgerPage *page = &ledger->pages[i];

                if (!is_above(page->path, path))
                        continue;
                forget_old(page, now);
                change(page, -(int32_t) MIN(n, INT32_MAX), at, now);
        }
}

unsigned ledger_owed(const Ledger *ledger, const char *path, usec_t until, usec_t now) {
        const LedgerPage *top = NULL;
        int64_t owed;

        for (unsigned i = 0; i < ledger->n_pages; i++) {
                const LedgerPage *page = &ledger->pages[i];

                if (is_above(page->path, path) && (!top || strlen(page->path) < strlen(top->path)))
                        top = page;
        }
        if (!top || now - MIN(top->owed_at, now) > LEDGER_OWED_FOR)
                return 0;
        owed = owed_until(top, until);
        return owed > 0 ? (unsigned) MIN(owed, INT32_MAX) : 0;
}

int ledger_limit(const Ledger *ledger, const char *path, usec_t since, char ret_limit[static CGROUP_PATH_MAX]) {
        const LedgerPage *own = NULL;
        bool inside = false, read = false;

        for (unsigned i = 0; i < ledger->n_pages; i++) {
                const LedgerPage *page = &ledger->pages[i];

                if (!is_above(page->path, path))
                        continue;
                read = true;
                inside |= page->oom_at != 0 && page->oom_at >= since;
                if (page->local_at != 0 && page->local_at >= since && (!own || strlen(page->path) > strlen(own->path)))
                        own = page;
        }
        if (!own && !inside)
                return read ? -ENODATA : -ENOENT;
        ret_limit[0] = 0;
        if (own)
                memcpy(ret_limit, own->path, MIN(strlen(own->path) + 1, CGROUP_PATH_MAX));
        return own ? 1 : 0;
}

bool ledger_knows(const Ledger *ledger, const char *path) {
        return find(ledger, path) != NULL;
}

int ledger_next(const Ledger *ledger, unsigned *iterator, const LedgerPage **ret) {
        if (*iterator >= ledger->n_pages)
                return 0;
        *ret = &ledger->pages[(*iterator)++];
        return 1;
}
