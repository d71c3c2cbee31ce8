/* What the next daemon needs to know of what this one saw, in /run/memguard/seen: lines of events (common/event.h) for the
 * engine, the kernel log's number and the journal's cursor. In /run, because the kernel's counters begin anew at a boot too. */
#pragma once

#include "engine.h"

#define PASTFILE_BYTES_MAX (16 * MIB) /* a larger file is not ours */
#define CURSOR_MAX 512

typedef struct PastPlaces {
        uint64_t kmsg_seq; /* UINT64_MAX = unknown */
        char cursor[CURSOR_MAX]; /* empty = unknown */
} PastPlaces;

/* -ENOENT when there is none; lines that are damaged are left out. */
int pastfile_load(Engine *engine, int run_fd, PastPlaces *ret);
int pastfile_save(const Engine *engine, int run_fd, const PastPlaces *places);
