/* See journal.h. The journal's native protocol, spoken directly (systemd.io/JOURNAL_NATIVE_PROTOCOL):
 * sd_journal_sendv() waits without a bound for a journald that is stuck, which in a shortage of memory it may well be,
 * and it says nothing when there is no journal at all.
 *
 * A record that the journal did not take goes to stderr as one line, and one that stderr can't take either is counted,
 * and the count is told with the next record that arrives. */
#include <endian.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "incident.h"
#include "journal.h"
#include "units.h"
#include "utf8.h"

#define ENTRY_MAX 16384 /* far below the 200 KiB above which journald wants a file instead of a datagram */
#define WAIT_USEC 5000 /* for room in journald's queue; once it had none, we don't wait until it has again */

static struct {
        char path[108];
        int fd;
        bool is_stuck;
        unsigned n_lost;
} journal = {.path = "/run/systemd/journal/socket", .fd = -1};

typedef struct Entry {
        size_t n;
        char buf[ENTRY_MAX];
} Entry;

void journal_set_socket(const char *path) {
        (void) snprintf(journal.path, sizeof(journal.path), "%s", path);
}

static void put(Entry *entry, const void *bytes, size_t n) {
        memcpy(entry->buf + entry->n, bytes, n);
        entry->n += n;
}

/* NAME=value, or with a length where the value holds a newline. What doesn't fit (nothing does that) is left out whole.
 */
static void field(Entry *entry, const char *name, const char *value) {
        size_t n_name = strlen(name), n = strlen(value);
        uint64_t length = htole64(n);

        if (n == 0 || entry->n + n_name + n + sizeof(length) + 3 > sizeof(entry->buf))
                return;
        put(entry, name, n_name);
        if (strchr(value, '\n')) {
                put(entry, "\n", 1);
                put(entry, &length, sizeof(length));
        } else
                put(entry, "=", 1);
        put(entry, value, n);
        put(entry, "\n", 1);
}

static void number(Entry *entry, const char *name, uint64_t value, uint64_t meaningless) {
        char text[24];

        if (value == meaningless)
                return;
        (void) snprintf(text, sizeof(text), "%llu", (unsigned long long) value);
        field(entry, name, text);
}

static int open_socket(void) {
        struct timeval wait = {.tv_usec = WAIT_USEC};

        if (journal.fd >= 0)
                return 0;
        journal.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (journal.fd < 0)
                return -errno;
        return setsockopt(journal.fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0 ? -errno : 0;
}

/* Not connected, so that a journald that was started anew needs nothing from us. */
static int send_entry(const Entry *entry) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        int r;

        r = open_socket();
        if (r < 0)
                return r;
        memcpy(address.sun_path, journal.path, sizeof(address.sun_path));
        if (sendto(journal.fd, entry->buf, entry->n, MSG_NOSIGNAL | (journal.is_stuck ? MSG_DONTWAIT : 0),
                   (struct sockaddr *) &address, sizeof(address)) < 0) {
                journal.is_stuck = true;
                return -errno;
        }
        journal.is_stuck = false;
        return 0;
}

/* stderr is a pipe to the same journald as a rule, so it must not be waited for either. */
static void send_text(int priority, const char *unit, const char *text) {
        struct pollfd stream = {.fd = STDERR_FILENO, .events = POLLOUT};
        char safe[1024], line[1536];
        int n;

        (void) utf8_escape(text, safe, sizeof(safe));
        n = snprintf(line, sizeof(line), "<%d>%s%s%s\n", priority, unit ? unit : "", unit ? ": " : "", safe);
        n = MIN(n, (int) sizeof(line) - 1);
        if (poll(&stream, 1, 0) != 1 || !(stream.revents & POLLOUT) || write(STDERR_FILENO, line, (size_t) n) != n)
                journal.n_lost++;
}

static void begin(Entry *entry, int priority, const char *text) {
        entry->n = 0;
        field(entry, "MESSAGE", text);
        number(entry, "PRIORITY", (uint64_t) priority, UINT64_MAX);
        field(entry, "SYSLOG_IDENTIFIER", "memguardd");
}

static void tell_lost(void) {
        char text[128];
        Entry entry;

        if (journal.n_lost == 0)
                return;
        (void) snprintf(text, sizeof(text), "%u records could be written neither to the journal nor to stderr.",
                        journal.n_lost);
        begin(&entry, 4, text);
        if (send_entry(&entry) >= 0)
                journal.n_lost = 0;
}

static void send_or_print(const Entry *entry, int priority, const char *unit, const char *text) {
        if (send_entry(entry) < 0)
                send_text(priority, unit, text);
        else
                tell_lost();
}

/* So that `journalctl -u UNIT` shows the record beside the unit's own lines. */
static void name_unit(Entry *entry, const char *unit, const char *path) {
        uint32_t uid;

        if (path && unitname_user(path, &uid) >= 0) {
                field(entry, "OBJECT_SYSTEMD_USER_UNIT", unit);
                number(entry, "OBJECT_UID", uid, UINT64_MAX);
        } else
                field(entry, "OBJECT_SYSTEMD_UNIT", unit);
        field(entry, "MEMGUARD_UNIT", unit);
}

static usec_t clock_now(clockid_t clock) {
        struct timespec now;

        return clock_gettime(clock, &now) < 0 ? 0 : (usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000;
}

/* Times are of CLOCK_BOOTTIME inside; people and programs read wall-clock time. Asked once a record, so that its times keep
 * their distances. */
static usec_t wall_offset(void) {
        return clock_now(CLOCK_REALTIME) - clock_now(CLOCK_BOOTTIME);
}

static void put_evidence(Entry *entry, const Incident *incident, usec_t offset) {
        char line[WITNESS_TEXT_MAX + 64];

        for (unsigned i = 0; i < incident->n_evidence; i++) {
                const Evidence *evidence = &incident->evidence[i];

                (void) snprintf(line, sizeof(line), "%s %llu %s", source_name(evidence->source),
                                (unsigned long long) (evidence->at + offset), evidence->text);
                field(entry, "MEMGUARD_EVIDENCE", line);
        }
        number(entry, "MEMGUARD_EVIDENCE_DROPPED", incident->n_dropped, 0);
}

static void put_verdict(Entry *entry, const Incident *incident, usec_t offset) {
        char memory[INCIDENT_MEMORY_MAX];

        field(entry, "MEMGUARD_VERDICT", verdict_name(incident->verdict));
        field(entry, "MEMGUARD_CAUSE", cause_name(incident->cause));
        field(entry, "MEMGUARD_FATE", fate_name(incident->fate));
        field(entry, "MEMGUARD_CONFIDENCE", confidence_name(incident->confidence));
        number(entry, "MEMGUARD_COUNT", incident->count, UINT64_MAX);
        field(entry, "MEMGUARD_KILLER", incident->killer);
        field(entry, "MEMGUARD_LIMIT", incident->limit);
        field(entry, "MEMGUARD_SITE", incident->site);
        field(entry, "MEMGUARD_RELEASED", incident->released);
        put_evidence(entry, incident, offset);
        if (incident->has_before && incident_memory(&incident->before, memory) > 0)
                field(entry, "MEMGUARD_BEFORE", memory);
        if (incident->has_after && incident_memory(&incident->after, memory) > 0)
                field(entry, "MEMGUARD_AFTER", memory);
}

static void put_incident(Entry *entry, const Record *record) {
        const Incident *incident = record->incident;
        usec_t offset = wall_offset();

        field(entry, "MEMGUARD_INCIDENT", incident->id);
        number(entry, "MEMGUARD_PID", (uint64_t) incident->pid, 0);
        field(entry, "MEMGUARD_COMM", incident->comm);
        number(entry, "MEMGUARD_TIME_USEC", incident->at + offset, UINT64_MAX);
        if (record->kind == RECORD_INCIDENT)
                put_verdict(entry, incident, offset);
}

void journal_record(const Record *record, const char *unit, const char *path, const char *policy_mode) {
        int priority = record_priority(record->kind);
        Entry entry;

        begin(&entry, priority, record->text);
        field(&entry, "MESSAGE_ID", record_id(record));
        if (unit)
                name_unit(&entry, unit, path);
        field(&entry, "MEMGUARD_CGROUP", path ? path : "");
        field(&entry, "MEMGUARD_INVOCATION_ID", record->invocation);
        field(&entry, "MEMGUARD_KIND", record_kind_word(record->kind));
        field(&entry, "MEMGUARD_RUNG", record->rung);
        field(&entry, "MEMGUARD_ACTION", record->action);
        field(&entry, "MEMGUARD_RESULT", record->result);
        field(&entry, "MEMGUARD_REASON", record->reason);
        number(&entry, "MEMGUARD_LATENCY_USEC", record->latency, USEC_INFINITY);
        number(&entry, "MEMGUARD_FREED_BYTES", record->freed, BYTES_INFINITY);
        field(&entry, "MEMGUARD_MODE", policy_mode ? policy_mode : "");
        if (record->incident)
                put_incident(&entry, record);
        send_or_print(&entry, priority, unit, record->text);
}

void journal_log(int priority, const char *format, ...) {
        char text[1024];
        Entry entry;
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        begin(&entry, priority, text);
        send_or_print(&entry, priority, NULL, text);
}
