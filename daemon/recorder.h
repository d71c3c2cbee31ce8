/* The flight recorder: what the daemon was told is always written down, in two files of a bounded size that take turns
 * (flight/current.trace and flight/previous.trace in the state directory), so that what led to an incident can be looked at, and
 * simulated, afterwards. It costs no wakeup: events that come anyway are gathered in memory and written when that is full and
 * when something was done. Writing is the worker's, as a disk may be slow just when memory is short; what comes meanwhile and
 * finds no room is left out, and the file says so. No fsync(): the page cache outlives the daemon. */
#pragma once

#include "flight.h"
#include "worker.h"

#define RECORDER_BUFFER (25 * KIB) /* of each of two: one is filled while the other is written */
#define RECORDER_WRITE_AT (8 * KIB) /* so the rest is touched only where the disk, or the worker, is slow */

typedef struct Recorder Recorder;

/* Goes on with the file that is there. bytes: of each file. 0; -EPERM when somebody else than us owns the directory; what
 * opening a file may fail with. */
int recorder_new(Recorder **ret, int state_dirfd, uint64_t bytes, const FlightBegin *begin);

/* From now on the worker writes (NULL: nobody but ourselves). At the start, where nothing is urgent and all units are told of at
 * once, we do. */
void recorder_set_worker(Recorder *recorder, Worker *worker);

/* Writes what is left, itself: the worker has ended. */
Recorder *recorder_free(Recorder *recorder);

/* An event, as it goes to the engine. */
void recorder_note(Recorder *recorder, const Event *event);

/* An event that is not to be recorded, but counted as missing. */
void recorder_leave_out(Recorder *recorder);

/* After the engine has seen the event, and everything that it asked for is done. urgent: what is held is written soon. The times are
 * one moment by two clocks. */
void recorder_settle(Recorder *recorder, const Engine *engine, bool urgent, usec_t boottime, usec_t realtime);

/* Writes what it holds, at once. -EBUSY: the worker is writing, and goes on with the rest; what writing may fail with. */
int recorder_write(Recorder *recorder);

/* What went wrong last, a negative errno; 0 while all is well. And events that were left out since the start. */
int recorder_error(const Recorder *recorder);
uint64_t recorder_n_lost(const Recorder *recorder);
