/* The kernel's log about memory: one record of /dev/kmsg at a time, as a Witness. Pure text work; the records are hostile:
 * cgroup names and task names stand in them unquoted (facts-kernel.md 3), so paths are taken between fixed words and numbers
 * are read from the right. */
#pragma once

#include "witness.h"

#define KMSG_RECORD_MAX 8192 /* the kernel's own bound on one record (CONSOLE_EXT_LOG_MAX) */

/* The kernel names the cgroup of at most so many kills in so long (oom_rs in mm/oom_kill.c; jiffies are not exact). */
#define OOM_HEADERS_MAX 10
#define OOM_HEADERS_WINDOW (6 * USEC_PER_SEC)

/* An OOM report is several records: the "oom-kill:" line names scope and cgroup, the "Killed process" line follows and may
 * stand alone when the first was rate-limited away. What the first said is kept here until then. Begins as zeroes. */
typedef struct OomText {
        bool has_header, is_cgroup;
        bool by_hand; /* sysrq-f */
        int pid;      /* of the header */
        /* "OOM_MEMCG,task_memcg=PATH,task=COMM", or from the path on for a host-wide kill. Where one name ends and the next
         * begins can't be told before the line that has the task's name alone. */
        char names[2 * CGROUP_PATH_MAX];
        char limit[CGROUP_PATH_MAX]; /* of the last kill, for the rest of its group */
        bool is_group;
        char group[CGROUP_PATH_MAX]; /* all in here are being killed */
        int first_killed;            /* a group kill names its first victim twice */
        Scope scope;                 /* of that kill */
        bool lost;
        usec_t header_at[OOM_HEADERS_MAX];
        unsigned n_headers;
} OomText;

/* The head of a record: "6,1435,120920648,-;text\n KEY=value\n". */
typedef struct KmsgRecord {
        unsigned priority;
        uint64_t seq;
        usec_t at; /* the kernel's own clock; about CLOCK_MONOTONIC */
        bool from_kernel; /* facility 0: anybody with the right to write /dev/kmsg can't forge it */
        const char *text; /* into the record; ends at its newline; still escaped (\xNN) */
        size_t n_text;
} KmsgRecord;

/* -EINVAL for anything that is no record, or not a whole one. */
int kmsg_parse_record(const char *record, size_t n, KmsgRecord *ret);

/* A text of n bytes as it was before /dev/kmsg escaped it, NUL-terminated; ret has room for n + 1. A NUL stays escaped:
 * it can stand in no name. */
void kmsg_unescape(const char *text, size_t n, char *ret);

/* Feeds one record's text. 1: *ret is filled and ret_path (CGROUP_PATH_MAX) is the victim's cgroup ("" when not named); of
 * a group kill's further victims it is the cgroup whose group it is, which the victim's own may lie below;
 * 0: nothing of interest, or only kept for the next record. */
int oomtext_feed(OomText *oom, const KmsgRecord *record, Witness *ret, char ret_path[static CGROUP_PATH_MAX]);

/* Records before the next one were not seen: what was kept is dropped, and for a while no kill is taken for another's. */
void oomtext_lost(OomText *oom);
