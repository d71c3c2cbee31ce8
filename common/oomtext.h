/* The kernel's log about memory: one record of /dev/kmsg at a time, as a Witness. Pure text work; the records are hostile:
 * cgroup names and task names stand in them unquoted (facts-kernel.md 3), so paths are taken between fixed words and numbers
 * are read from the right. */
#pragma once

#include "witness.h"

#define KMSG_RECORD_MAX 8192 /* the kernel's own bound on one record (CONSOLE_EXT_LOG_MAX) */

/* An OOM report is several records: the "oom-kill:" line names scope and cgroup, the "Killed process" line follows and may
 * stand alone when the first was rate-limited away. What the first said is kept here until then. */
typedef struct OomText {
        bool has_header;
        Scope scope;
        int pid;
        char limit[CGROUP_PATH_MAX], task[CGROUP_PATH_MAX]; /* oom_memcg=, task_memcg= */
        bool is_group;
        int last_killed; /* a group kill names its first victim twice */
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

/* -EINVAL for anything that is no record. */
int kmsg_parse_record(const char *record, size_t n, KmsgRecord *ret);

/* Feeds one record's text. 1: *ret is filled and ret_path (CGROUP_PATH_MAX) is the victim's cgroup ("" when not named);
 * 0: nothing of interest, or only kept for the next record. */
int oomtext_feed(OomText *oom, const KmsgRecord *record, Witness *ret, char ret_path[static CGROUP_PATH_MAX]);
