/* Inside the flight recorder: its two files. */
#pragma once

#include "recorder.h"

/* One write, as the worker needs it: nothing else is its. */
typedef struct RecorderJob {
        Recorder *recorder;
        int dirfd, fd; /* fd: of the file afterwards; borrowed, and a new one after a turn */
        bool turn;     /* a new file first; false once that is done */
        FlightBegin begin;
        size_t n;
        unsigned n_lines;
        uint64_t size; /* of the file afterwards */
        char text[RECORDER_BUFFER]; /* last: its end is rarely touched */
} RecorderJob;

/* All of the text, or nothing of it. Runs on any thread. */
int recorder_job_run(void *job);

int recorder_open_directory(int state_dirfd, int *ret_fd);

/* The file to go on with: 0, or 1 when a new one must be begun. */
int recorder_open_file(int dirfd, uint64_t bytes, int *ret_fd, uint64_t *ret_size);
