#include "recorder.h"

#include <stdio.h>
#include <sys/mman.h>

#include "fd.h"
#include "journal.h"
#include "recorder-file.h"

#define WRITE_MAX (20 * USEC_PER_SEC) /* of the worker's time; a disk that takes longer is given up for now */
#define RETRY_AFTER USEC_PER_MINUTE   /* of a failure: no room is made within a second as a rule */
#define HEADS_A_TURN 12               /* units that a new file is told of after each event */

struct Recorder {
        Worker *worker;
        int dirfd, fd;
        uint64_t bytes, size;
        RecorderJob *filling, *writing; /* the two take turns; while busy, writing is the worker's */
        bool busy, again, given_back;   /* given_back: writing was not written, but shall be */
        bool due;                       /* a new file is to be begun */
        bool telling;                   /* one was, and its head is not complete */
        bool lost_start;                /* all units are told of again, as one is not known */
        FlightHead head;
        FlightBegin now;
        uint64_t lost, lost_before; /* events; of these not told in the file yet */
        int error;
        usec_t retry_at;
        RecorderJob jobs[2];
};

static void note_lost(Recorder *recorder, unsigned n) {
        recorder->lost += n;
        recorder->lost_before += n;
}

static void note_failure(Recorder *recorder, const RecorderJob *job, int error) {
        note_lost(recorder, job->n_lines);
        recorder->retry_at = util_add(recorder->now.boottime, RETRY_AFTER);
        if (recorder->error == 0)
                journal_log(4, "The flight recorder can't write its file: %s. Nothing else is affected; it is tried again every "
                               "minute, and what can't be written meanwhile is missing in the file.", strerrordesc_np(-error));
}

/* A new file, if one was begun, counts also where the rest failed. */
static void take_back(Recorder *recorder, RecorderJob *job, int r) {
        if (recorder->due && !job->turn) {
                recorder->due = false;
                recorder->telling = true;
                recorder->head = (FlightHead){0};
        }
        recorder->fd = job->fd;
        recorder->size = job->size;
        if (r < 0)
                note_failure(recorder, job, r);
        recorder->error = MIN(r, 0);
        job->n = 0;
        job->n_lines = 0;
        /* While the disk keeps up, one buffer is enough, and the other one's pages stay untouched. */
        if (job != recorder->filling && recorder->filling->n == 0) {
                recorder->writing = recorder->filling;
                recorder->filling = job;
        }
}

static void submit(Recorder *recorder);

static void on_done(void *userdata, int result) {
        RecorderJob *job = userdata;
        Recorder *recorder = job->recorder;

        recorder->busy = false;
        if (result == -ECANCELED) {
                recorder->given_back = true;
                return;
        }
        take_back(recorder, job, result);
        if (recorder->again)
                submit(recorder);
}

static void prepare(Recorder *recorder, RecorderJob *job) {
        recorder->due |= recorder->size + job->n > recorder->bytes;
        job->recorder = recorder;
        job->dirfd = recorder->dirfd;
        job->fd = recorder->fd;
        job->turn = recorder->due;
        job->begin = recorder->now;
        job->begin.goes_on = true;
}

static int write_now(Recorder *recorder, RecorderJob *job) {
        int r;

        if (job->n == 0)
                return 0;
        prepare(recorder, job);
        r = recorder_job_run(job);
        take_back(recorder, job, r);
        return r;
}

static void submit(Recorder *recorder) {
        RecorderJob *job = recorder->filling;

        recorder->again = recorder->busy;
        if (recorder->busy || job->n == 0 || recorder->now.boottime < recorder->retry_at)
                return;
        if (!recorder->worker) {
                (void) write_now(recorder, job);
                return;
        }
        prepare(recorder, job);
        /* Where its ring is full of the guard's own work, that comes first. */
        if (worker_submit(recorder->worker, recorder_job_run, on_done, job, WRITE_MAX) < 0)
                return;
        recorder->filling = recorder->writing;
        recorder->writing = job;
        recorder->busy = true;
}

static bool put(Recorder *recorder, const char *line, size_t n) {
        if (recorder->filling->n + n > RECORDER_WRITE_AT)
                submit(recorder);
        if (recorder->filling->n + n > RECORDER_BUFFER)
                return false;
        memcpy(recorder->filling->text + recorder->filling->n, line, n);
        recorder->filling->n += n;
        recorder->filling->n_lines++;
        return true;
}

/* A function of its own, so that the others need no stack for the longest line there could be. */
static __attribute__((noinline)) bool put_long(Recorder *recorder, const Event *event) {
        char line[EVENT_LINE_MAX + 1];
        int n = event_format(event, line);

        line[n++] = '\n';
        return put(recorder, line, (size_t) n);
}

static bool put_event(Recorder *recorder, const Event *event) {
        RecorderJob *job = recorder->filling;
        int n;

        if (job->n >= RECORDER_WRITE_AT)
                submit(recorder);
        job = recorder->filling;
        if (job->n + EVENT_LINE_MAX + 1 > RECORDER_BUFFER)
                return put_long(recorder, event);
        n = event_format(event, job->text + job->n);
        job->text[job->n + (size_t) n] = '\n';
        job->n += (size_t) n + 1;
        job->n_lines++;
        return true;
}

static void say_lost(Recorder *recorder) {
        char text[96];
        int n;

        if (recorder->lost_before == 0)
                return;
        n = snprintf(text, sizeof(text), "# %llu events are missing here: they could not be written, or were too many.\n",
                     (unsigned long long) recorder->lost_before);
        if (put(recorder, text, (size_t) n))
                recorder->lost_before = 0;
}

void recorder_note(Recorder *recorder, const Event *event) {
        say_lost(recorder);
        if (recorder->lost_before == 0 && put_event(recorder, event))
                return;
        note_lost(recorder, 1);
        recorder->lost_start |= event->kind == EVENT_START;
}

void recorder_leave_out(Recorder *recorder) {
        note_lost(recorder, 1);
}

/* So many at a time that no event waits for it. An event of a unit whose start the file does not hold yet is of no use to it, nor
 * needed: the start comes with the state that followed. Half of a file is for what happens. */
static void tell_heads(Recorder *recorder, const Engine *engine) {
        static const char rest[] = "# Of the other units only what happens from here on is told: there are too many for this file.\n";
        Event event;

        for (unsigned i = 0; recorder->telling && i < HEADS_A_TURN; i++) {
                FlightHead before = recorder->head;

                if (recorder->size + recorder->filling->n > recorder->bytes / 2)
                        recorder->telling = !put(recorder, rest, sizeof(rest) - 1);
                else if (flight_next_head(engine, &recorder->head, recorder->now.boottime, &event) <= 0)
                        recorder->telling = false;
                else if (!put_event(recorder, &event)) {
                        recorder->head = before;
                        return;
                }
        }
}

static bool all_calm(const Engine *engine) {
        unsigned iterator = 0;
        UnitView view;

        while (engine_next_unit(engine, &iterator, &view) > 0)
                if (view.state != LADDER_CALM)
                        return false;
        return true;
}

void recorder_settle(Recorder *recorder, const Engine *engine, bool urgent, usec_t boottime, usec_t realtime) {
        recorder->now.boottime = boottime;
        recorder->now.realtime = realtime;
        if (recorder->lost_start && recorder->lost_before == 0) {
                recorder->lost_start = false;
                recorder->telling = true;
                recorder->head = (FlightHead){0};
        }
        tell_heads(recorder, engine);
        /* A file that begins while all is calm tells the same story as one that goes on. */
        if (!recorder->due && recorder->size >= recorder->bytes - recorder->bytes / 8)
                recorder->due = all_calm(engine);
        if (urgent)
                submit(recorder);
}

int recorder_write(Recorder *recorder) {
        recorder->again = recorder->busy;
        return recorder->busy ? -EBUSY : write_now(recorder, recorder->filling);
}

int recorder_error(const Recorder *recorder) {
        return recorder->error;
}

uint64_t recorder_n_lost(const Recorder *recorder) {
        return recorder->lost;
}

static int open_first(Recorder *recorder, const FlightBegin *begin) {
        RecorderJob *job = recorder->filling;
        char line[FLIGHT_BEGIN_MAX + 1];
        int r, n;

        r = recorder_open_file(recorder->dirfd, recorder->bytes, &recorder->fd, &recorder->size);
        if (r < 0)
                return r;
        if (r == 0) {
                n = flight_begin_format(begin, line);
                line[n++] = '\n';
                return put(recorder, line, (size_t) n) ? 0 : -ENOSPC;
        }
        job->dirfd = recorder->dirfd;
        job->fd = -1;
        job->turn = true;
        job->begin = *begin;
        r = recorder_job_run(job);
        if (r < 0)
                return r;
        recorder->fd = job->fd;
        recorder->size = job->size;
        return 0;
}

static void release(Recorder *recorder) {
        fd_closep(&recorder->fd);
        fd_closep(&recorder->dirfd);
        (void) munmap(recorder, sizeof(*recorder));
}

static void releasep(Recorder **recorder) {
        if (*recorder)
                release(*recorder);
}

void recorder_set_worker(Recorder *recorder, Worker *worker) {
        recorder->worker = worker;
}

int recorder_new(Recorder **ret, int state_dirfd, uint64_t bytes, const FlightBegin *begin) {
        _cleanup_(releasep) Recorder *recorder = NULL;
        void *memory;
        int r;

        /* Pages of its own: what of the buffers is not used is not touched. */
        memory = mmap(NULL, sizeof(*recorder), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
                return -errno;
        recorder = memory;
        recorder->dirfd = recorder->fd = -1;
        recorder->bytes = bytes;
        recorder->now = *begin;
        recorder->filling = &recorder->jobs[0];
        recorder->writing = &recorder->jobs[1];
        r = recorder_open_directory(state_dirfd, &recorder->dirfd);
        if (r < 0)
                return r;
        r = open_first(recorder, begin);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(recorder);
        return 0;
}

Recorder *recorder_free(Recorder *recorder) {
        if (!recorder)
                return NULL;
        recorder->worker = NULL;
        if (recorder->busy)
                return NULL; /* the worker hangs in a write of ours, whose memory must outlive it; we are about to exit */
        if (recorder->given_back)
                (void) write_now(recorder, recorder->writing);
        (void) write_now(recorder, recorder->filling);
        release(recorder);
        return NULL;
}
