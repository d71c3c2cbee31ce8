/* Follows /dev/kmsg: kernel OOM kills, refused allocations, and the loss of records. Optional: without it everything else
 * goes on (facts-kernel.md 3 has the lines, their rate limit and their hazards). */
#pragma once

#include <systemd/sd-event.h>

#include "witness.h"

typedef struct Kmsg Kmsg;

/* Before capabilities are dropped: opening takes CAP_SYSLOG where kernel.dmesg_restrict is 1, reading does not. Returns the fd
 * or a negative errno. */
int kmsg_open(const char *path);

/* Takes the fd in any case. Records with a number up to after_seq are skipped: what a daemon before us has seen;
 * UINT64_MAX begins with the next record. */
int kmsg_new(Kmsg **ret, sd_event *event, int fd, uint64_t after_seq, const WitnessHandlers *handlers);
Kmsg *kmsg_free(Kmsg *kmsg);

/* The newest record that was read, for after_seq of the next daemon. */
uint64_t kmsg_seq(const Kmsg *kmsg);
