/* One entry of the journal as a struct. Fields with a leading underscore are the journal's own, and only by them it is decided
 * who speaks; all the others may hold anything. A field that is longer than it can rightly be is taken for missing, and only
 * what people read is cut. */
#include "helper-journal.h"

#define FIELD(name, member) {name, sizeof(name) - 1, offsetof(Entry, member), sizeof(((Entry *) 0)->member)}

int entry_place(sd_journal *journal, Place *ret, char ret_cursor[static CURSOR_MAX]) {
        _cleanup_free_ char *cursor = NULL;
        int r;

        r = sd_journal_get_cursor(journal, &cursor);
        if (r < 0)
                return r;
        if (!journalplace_is_cursor(cursor))
                return -EBADMSG;
        strcpy(ret_cursor, cursor);
        if (journalplace_parse(cursor, ret) >= 0)
                return 0;
        *ret = (Place){};
        return sd_journal_get_realtime_usec(journal, &ret->realtime);
}

static int read_time(sd_journal *journal, usec_t *ret) {
        usec_t monotonic, now = helper_now(CLOCK_BOOTTIME), asleep = util_sub(now, helper_now(CLOCK_MONOTONIC));
        sd_id128_t boot, ours;
        int r;

        r = sd_journal_get_monotonic_usec(journal, &monotonic, &boot);
        if (r < 0)
                return r;
        r = sd_id128_get_boot(&ours);
        if (r < 0)
                return r;
        if (!sd_id128_equal(boot, ours))
                return -ESTALE;
        *ret = MIN(monotonic + asleep, now);
        return 0;
}

/* Text that people read: cut, and its length kept, as it may hold NULs. */
static bool read_text(const char *data, size_t n, const char *name, char *buf, size_t *ret_length) {
        size_t n_name = strlen(name);

        if (n < n_name || memcmp(data, name, n_name) != 0)
                return false;
        *ret_length = MIN(n - n_name, (size_t) MESSAGE_MAX);
        memcpy(buf, data + n_name, *ret_length);
        buf[*ret_length] = 0;
        return true;
}

static void read_field(const char *data, size_t n, Entry *entry) {
        static const struct {
                const char *name;
                size_t n_name, offset, size;
        } fields[] = {
                FIELD("_SYSTEMD_UNIT=", unit),      FIELD("_SYSTEMD_CGROUP=", cgroup),
                FIELD("_PID=", pid_text),           FIELD("_SYSTEMD_INVOCATION_ID=", invocation),
                FIELD("_COMM=", comm),              FIELD("_TRANSPORT=", transport),
                FIELD("MESSAGE_ID=", message_id),   FIELD("UNIT=", about),
                FIELD("EXIT_CODE=", exit_code),     FIELD("INVOCATION_ID=", about_invocation),
                FIELD("EXIT_STATUS=", exit_status), FIELD("OBJECT_SYSTEMD_UNIT=", about_object),
                FIELD("EXCEPTION_INFO=", exception_info),
        };

        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                size_t n_name = fields[i].n_name;
                char *at = (char *) entry + fields[i].offset;

                if (n < n_name || memcmp(data, fields[i].name, n_name) != 0)
                        continue;
                if (n - n_name < fields[i].size && !memchr(data, 0, n)) {
                        memcpy(at, data + n_name, n - n_name);
                        at[n - n_name] = 0;
                }
                return;
        }
}

static void clear(Entry *entry) {
        memset(entry, 0, offsetof(Entry, message));
        entry->message[0] = entry->exception[0] = 0;
}

int entry_read(sd_journal *journal, Entry *ret) {
        const void *data;
        size_t n;
        char *end;
        long pid;
        int r;

        clear(ret);
        r = read_time(journal, &ret->at);
        if (r < 0)
                return r;
        SD_JOURNAL_FOREACH_DATA(journal, data, n) {
                if (!read_text(data, n, "MESSAGE=", ret->message, &ret->n_message) &&
                    !read_text(data, n, "EXCEPTION_TEXT=", ret->exception, &ret->n_exception))
                        read_field(data, n, ret);
        }
        pid = strtol(ret->pid_text, &end, 10);
        ret->pid = *end == 0 && pid > 0 && pid <= INT32_MAX ? (int) pid : 0;
        return 0;
}
