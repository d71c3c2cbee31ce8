/* What we have changed in a cgroup, written on the cgroup itself, in the xattr user.memguard, before the change is made.
 * The mark lives and dies with the cgroup, so that whoever comes after a crash (our own next start, or `memguardd --restore`
 * from ExecStopPost=) finds exactly what was left behind and puts it back, and never touches a value that is not ours. */
#pragma once

#include "kernfs.h"

typedef struct Marks {
        bool high, max, freeze;
        uint64_t high_ours, high_operator;
        uint64_t max_ours, max_operator;
} Marks;

/* -ENODATA when there is none; -EINVAL for a text that we did not write (then it is left alone). */
int marks_read(int dirfd, Marks *ret);

/* Writes them, or removes the xattr when there is nothing to remember. */
int marks_write(int dirfd, const Marks *marks);

/* "high=1048576/max max=.../... freeze=1", both ways (pure; for tests). */
int marks_format(const Marks *marks, char *buf, size_t size);
int marks_parse(const char *text, Marks *ret);

/* Writes memory.high, memory.max or cgroup.freeze with the mark kept right: the mark first, then the file; when the value is
 * the operator's own, the file first, then the mark. memory.max is never written below memory.current (the write itself would
 * OOM-kill): -EBUSY then. The operator's value is what the caller knows. */
int marks_set_high(int dirfd, uint64_t bytes, uint64_t operator_value);
int marks_set_max(int dirfd, uint64_t bytes, uint64_t operator_value);
int marks_set_freeze(int dirfd, bool frozen);

/* Undoes everything that is marked on this cgroup where the files still hold our values. Returns how many things were undone.
 * A loaned memory.max that can't go back yet (usage above it) stays marked: -EBUSY after having done the rest. */
int marks_restore(int dirfd);

/* The same for every cgroup of the tree. Calls told(userdata, path, n or negative errno) for those that had marks. */
int marks_restore_all(const Kernfs *kernfs, void (*told)(void *userdata, const char *path, int result), void *userdata);
