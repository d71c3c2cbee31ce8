/* The parts of memguard-journal, the helper that reads the journal for memguardd (textwatch.h says why it is a process of its
 * own). One client, one journal, one event loop; what goes wrong ends the process, and the daemon's next try starts a new one
 * at the cursor. */
#pragma once

#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "bucket.h"
#include "journaltalk.h"
#include "killertext.h"
#include "pid1text.h"
#include "witness.h"

static inline usec_t helper_now(clockid_t clock) {
        struct timespec ts;

        (void) clock_gettime(clock, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

/* --- helper-journal-client.c: the daemon at the other end of the socket --- */

typedef struct Client Client;

typedef struct ClientHandlers {
        void *userdata;
        void (*told)(void *userdata, const Talk *talk);
        void (*drained)(void *userdata); /* what had to wait has been sent */
} ClientHandlers;

/* Takes the fd in any case. When the daemon goes away, or says what it can't mean, the event loop ends. */
int client_new(Client **ret, sd_event *event, int fd, const ClientHandlers *handlers);
Client *client_free(Client *client);

/* What the socket does not take waits here. -ENOBUFS at the bound: ask client_is_full() before there is more to say. */
int client_say(Client *client, const Talk *talk);
int client_witness(Client *client, const char *path, const Witness *witness);
bool client_is_full(const Client *client);

/* --- helper-journal-units.c: whom we follow --- */

#define FOLLOWED_MAX 2048 /* TEXTWATCH_UNITS_MAX */

typedef struct Followed {
        char *name;
        Place seen; /* its last own line that was read; only time and no number: nothing before that is wanted */
        Place said; /* likewise, of what systemd said of it */
        Bucket lines, findings;
        usec_t muted_until; /* CLOCK_BOOTTIME; 0 = it is read */
        bool is_new;        /* the matches do not have it yet, and it begins at seen */
} Followed;

typedef struct UnitTable {
        Followed *units[FOLLOWED_MAX]; /* by name */
        unsigned n;
} UnitTable;

Followed *unittable_find(const UnitTable *table, const char *name);
/* -EEXIST, -ENOSPC, -ENOMEM. */
int unittable_add(UnitTable *table, const char *name, const Place *from);
int unittable_remove(UnitTable *table, const char *name); /* -ENOENT */
void unittable_clear(UnitTable *table);

/* --- helper-journal-entry.c: one entry --- */

#define MESSAGE_MAX (48 * 1024) /* journald's LineMax= */

typedef struct Entry {
        Place place;
        usec_t at; /* CLOCK_BOOTTIME */
        int pid;
        size_t n_message, n_exception;
        char unit[UNIT_NAME_MAX], cgroup[CGROUP_PATH_MAX], invocation[INVOCATION_MAX], comm[64], pid_text[16], transport[16];
        char message_id[INVOCATION_MAX], about[UNIT_NAME_MAX], about_invocation[INVOCATION_MAX], about_object[UNIT_NAME_MAX];
        char exit_code[16], exit_status[16], exception_info[256];
        char message[MESSAGE_MAX + 1], exception[MESSAGE_MAX + 1]; /* NUL-terminated, and may hold others */
} Entry;

int entry_place(sd_journal *journal, Place *ret, char ret_cursor[static CURSOR_MAX]);
/* -ESTALE for an entry of another boot. */
int entry_read(sd_journal *journal, Entry *ret);

/* --- helper-journal-findings.c: what services print, stream by stream --- */

typedef struct Findings Findings;

int findings_new(Findings **ret, sd_event *event, const WitnessHandlers *handlers);
Findings *findings_free(Findings *findings);

/* One entry of a followed unit. What it tells may be told a moment later, when the next line has made it clear. */
void findings_feed(Findings *findings, const char *path, const Entry *entry);
bool findings_is_pending(const Findings *findings);

/* --- helper-journal-listener.c: what an entry tells us, and what of that is said on --- */

typedef struct Listener {
        UnitTable units;
        KillerState killers[_KILLER_MAX];
        Place killers_seen;
        /* While the daemon was away a unit may have ended that it does not follow now. Up to this moment (CLOCK_REALTIME) what
         * systemd said of any unit is passed on. */
        usec_t strangers_until;
        Place strangers_seen;
        Findings *findings;
        Client *client;
        bool has_spoken; /* a witness was sent; the reader clears it */
        bool has_muted;  /* a unit that floods the journal need not be matched any more; likewise */
} Listener;

/* One entry as the journal has it, in its order. What was heard before is known by its place. */
void listener_hear(Listener *listener, const Entry *entry);

/* An entry of this unit, out of its turn. */
void listener_read_back(Listener *listener, Followed *unit, const Entry *entry);

/* What a unit's own lines told. */
void listener_found(Listener *listener, const char *path, const Witness *witness);

/* --- helper-journal-reader.c: the journal, from where to where --- */

typedef struct Reader Reader;

/* Takes the fd of the client in any case. directory: NULL for the host's journal. */
int reader_new(Reader **ret, sd_event *event, const char *directory, int client_fd);
Reader *reader_free(Reader *reader);

/* --- helper-journal-open.c --- */

int journal_open(sd_journal **ret, const char *directory);
/* What this unit wrote; a further one is added to the last. */
int journal_match_unit(sd_journal *journal, const char *unit);
/* What PID 1, journald and userspace killers wrote; to begin with. */
int journal_match_others(sd_journal *journal);

/* --- helper-journal-back.c --- */

/* The newest lines of a unit since then (CLOCK_REALTIME), a bounded number, that were not read yet. entry is scratch. */
int journal_read_back(const char *directory, Listener *listener, Followed *unit, usec_t since, Entry *entry);
