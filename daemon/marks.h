/* What we have changed in a cgroup, written on the changed file itself (memory.high, memory.max, cgroup.freeze), in its xattr
 * user.memguard, before the change is made. The mark lives and dies with the value, so that whoever comes after a crash (our
 * own next start, or `memguardd --restore` from ExecStopPost=) finds exactly what was left behind and puts it back, and never
 * touches a value that is not ours.
 *
 * On the file and not on the cgroup's directory, because the directory of a delegated cgroup belongs to its user, who could
 * forge a mark there that makes root lift the limit that the operator set; the limit's file stays root's (systemd's
 * cg_set_access() gives away the directory and cgroup.procs and the like only). Whoever can write a mark can write the value.
 *
 * The kernel keeps whole pages; values are rounded down to them here, and so must be what is compared with Marks. */
#pragma once

#include "kernfs.h"

typedef struct Marks {
        bool high, max, freeze;
        /* The file holds ours, or before when we ended between the mark and the write; before = ours at the first change. */
        uint64_t high_ours, high_before, high_operator;
        uint64_t max_ours, max_before, max_operator;
} Marks;

#define MARKS_TEXT_MAX 192 /* room for all three marks with the longest numbers */

/* -ENODATA when there is none; -EINVAL for a text that we did not write (then it is left alone); -ENODEV. */
int marks_read(int dirfd, Marks *ret);

/* "high=1048576/1048576/max max=.../.../... freeze=1" (ours/before/operator's), both ways; pure. Formatting returns the
 * length or -ENOBUFS; parsing takes any subset, each once. */
int marks_format(const Marks *marks, char *buf, size_t size);
int marks_parse(const char *text, Marks *ret);

/* Writes memory.high, memory.max or cgroup.freeze with the mark kept right: the mark first, then the file; when the value is
 * the operator's own, the file first, then the mark. memory.max is never lowered to below memory.current and a small margin
 * (the write itself would OOM-kill): -EBUSY then, and the mark stays. The operator's value is what the caller knows; when the
 * file holds something else that is not ours either (PID 1 was faster), it is left alone: -ESTALE, or 0 when the operator's
 * value was to be put back.
 * A cgroup that somebody else has frozen is not ours to thaw one day: -EALREADY, without a mark. */
int marks_set_high(int dirfd, uint64_t bytes, uint64_t operator_value);
int marks_set_max(int dirfd, uint64_t bytes, uint64_t operator_value);
int marks_set_freeze(int dirfd, bool frozen);

/* Undoes everything that is marked on this cgroup where the files still hold our values; a mark whose value somebody else has
 * replaced is only removed. Returns how many things were undone. A loaned memory.max that can't go back yet (usage above it)
 * stays marked: -EBUSY after having done the rest; other errors likewise. */
int marks_restore(int dirfd);

/* The same for every cgroup of the tree. Calls told(userdata, path, n or negative errno) for those that had marks; it may be
 * NULL. Goes on past errors of single cgroups; returns the first one, or 0. */
int marks_restore_all(const Kernfs *kernfs, void (*told)(void *userdata, const char *path, int result), void *userdata);
