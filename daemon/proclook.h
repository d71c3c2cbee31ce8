/* A look at a process while it lives: what it may use, what it uses, and the host's rules. Costs a few reads of /proc, which
 * take the kernel microseconds; only counting maps takes longer (10 ms for 65000). A /proc that hides processes of others
 * (hidepid=) shows them as gone to whoever lacks CAP_SYS_PTRACE. */
#pragma once

#include "kernfs.h"
#include "witness.h"

/* Fills a FACT_LOOK. A process that is gone, or a zombie (though threads of it may go on without their leader), is code 1, and
 * what could be read before it went is filled in: a zombie still has its name and start. The host's figures always are.
 * count_maps=false leaves maps 0. -EINVAL for a pid that can be none; other errors when /proc itself can't be read. */
int proclook_read(const Kernfs *kernfs, int pid, bool count_maps, Witness *ret);

/* The cgroup it is in. -ESRCH when it is gone; -ENODATA and -EINVAL as proctext_cgroup(). */
int proclook_cgroup(const Kernfs *kernfs, int pid, char ret_path[static CGROUP_PATH_MAX]);

/* 1: it is gone, a zombie, or another process of the same pid (start differs; 0 = any). 0: it lives. */
int proclook_gone(const Kernfs *kernfs, int pid, uint64_t start);
