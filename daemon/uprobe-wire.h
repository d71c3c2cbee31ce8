/* What memguardd and memguard-uprobe say to each other over the socket: one request a datagram, with the ELF file's fd;
 * one or more replies with the events' fds. Both are of one package, so there is one version; another one is refused.
 */
#pragma once

#include "util.h"

#define UPROBE_MAGIC 0x3155474dU /* "MGU1" */
#define UPROBE_OFFSETS_MAX 3
#define UPROBE_REPLY_FDS_MAX 252 /* the kernel takes 253; divisible by 1, 2 and 3 */
#define UPROBE_CPUS_MAX 1024     /* more are not probed: -E2BIG */

typedef struct UprobeRequest {
        uint32_t magic;
        uint32_t n_offsets;
        uint64_t offsets[UPROBE_OFFSETS_MAX]; /* in the file */
} UprobeRequest;

/* n_offsets fds for each CPU that is online, in the order of the offsets; a CPU's are never divided between two
 * replies. The events are disabled. */
typedef struct UprobeReply {
        uint32_t magic;
        int32_t error; /* 0, or a negative errno: nothing is probed, and what came before is void */
        uint32_t n_fds;
        uint32_t more; /* another reply follows */
} UprobeReply;
