/* See worker.h. One ring of jobs and three counters that only rise: submitted >= begun >= ended >= reaped. The main
 * thread moves the first and the last, the worker the two between; all under one lock that is never held over a job.
 *
 * The signal that interrupts a job must hit that job's blocking call and no other. So it is blocked in the worker but
 * for the time of the job; the main thread sends it under the lock, only while the very job runs; one that came too
 * late is taken off before the next job begins; and as it may also come too early (just before the call blocks), it is
 * sent again until the job ends. */
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>

#include "fd.h"
#include "worker.h"

#define WORKER_SIGNAL SIGRTMIN
#define STACK_BYTES                                                                                                    \
        (256 * KIB) /* jobs are single calls; the default of 8 MiB would be locked address space for nothing */

/* Between one interruption and the next: short at first, as the first may have come too early; then doubled, as a job
 * that does not end is in an uninterruptible sleep. */
#define REPEAT_MIN (10 * USEC_PER_MSEC)
#define REPEAT_MAX (5 * USEC_PER_SEC)

/* How long worker_free() goes on interrupting a job that is past its limit, before it leaves the thread behind. */
#define PATIENCE (1 * USEC_PER_SEC)

typedef struct Job {
        worker_run_t run;
        worker_done_t done;
        void *job;
        usec_t limit;
        int result;
} Job;

struct Worker {
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t more;
        bool stopping, interrupted;
        unsigned submitted, begun, ended, reaped;
        Job jobs[WORKER_JOBS_MAX];
        int eventfd;
        sd_event *event;
        sd_event_source *ended_source, *timer;
        usec_t repeat;
};

static void on_signal(int signo) {
        (void) signo; /* being delivered is all it is for */
}

/* Process-wide, but only ever sent to the worker. Without SA_RESTART, so that the blocking call returns EINTR. */
static int install_handler(void) {
        struct sigaction action = {.sa_handler = on_signal};

        (void) sigemptyset(&action.sa_mask);
        return sigaction(WORKER_SIGNAL, &action, NULL) < 0 ? -errno : 0;
}

static sigset_t signal_alone(void) {
        sigset_t set;

        (void) sigemptyset(&set);
        (void) sigaddset(&set, WORKER_SIGNAL);
        return set;
}

static Job *job_at(Worker *worker, unsigned number) {
        return &worker->jobs[number % WORKER_JOBS_MAX];
}

/* Takes the next job; NULL when the worker is to end. */
static Job *begin(Worker *worker) {
        sigset_t set = signal_alone();
        Job *job = NULL;

        (void) pthread_mutex_lock(&worker->lock);
        while (!worker->stopping && worker->begun == worker->submitted)
                (void) pthread_cond_wait(&worker->more, &worker->lock);
        if (!worker->stopping) {
                while (sigtimedwait(&set, NULL, &(struct timespec){}) > 0)
                        ;
                worker->interrupted = false;
                job = job_at(worker, worker->begun++);
        }
        (void) pthread_mutex_unlock(&worker->lock);
        return job;
}

static void end(Worker *worker, Job *job, int result) {
        (void) pthread_mutex_lock(&worker->lock);
        job->result = result == -EINTR && worker->interrupted ? -ETIMEDOUT : result;
        worker->ended++;
        (void) pthread_mutex_unlock(&worker->lock);
        (void) eventfd_write(worker->eventfd, 1);
}

static void *work(void *userdata) {
        sigset_t set = signal_alone();
        Worker *worker = userdata;
        Job *job;
        int result;

        while ((job = begin(worker))) {
                (void) pthread_sigmask(SIG_UNBLOCK, &set, NULL);
                result = job->run(job->job);
                (void) pthread_sigmask(SIG_BLOCK, &set, NULL);
                end(worker, job, result);
        }
        return NULL;
}

/* The timer is always for the first job that is not reaped: the ones before it have ended. Its time counts from when
 * the main thread learned that it is its turn, so it is rather given a little more. */
static int arm_timer(Worker *worker, usec_t relative) {
        int r = sd_event_source_set_time_relative(worker->timer, relative);

        return r < 0 ? r : sd_event_source_set_enabled(worker->timer, SD_EVENT_ONESHOT);
}

static int arm_limit(Worker *worker, usec_t limit) {
        worker->repeat = REPEAT_MIN;
        return arm_timer(worker, limit);
}

static void interrupt(Worker *worker) {
        (void) pthread_mutex_lock(&worker->lock);
        if (worker->begun != worker->ended && worker->ended == worker->reaped) {
                worker->interrupted = true;
                (void) pthread_kill(worker->thread, WORKER_SIGNAL);
        }
        (void) pthread_mutex_unlock(&worker->lock);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Worker *worker = userdata;
        usec_t repeat = worker->repeat;

        (void) source;
        (void) usec;
        interrupt(worker);
        worker->repeat = MIN(repeat * 2, REPEAT_MAX);
        return arm_timer(worker, repeat);
}

static unsigned read_ended(Worker *worker) {
        unsigned ended;

        (void) pthread_mutex_lock(&worker->lock);
        ended = worker->ended;
        (void) pthread_mutex_unlock(&worker->lock);
        return ended;
}

/* The slot is free again before done() is called, which may submit the next job. */
static void reap(Worker *worker, unsigned up_to) {
        while (worker->reaped != up_to) {
                Job job = *job_at(worker, worker->reaped++);

                job.done(job.job, job.result);
        }
}

static int on_ended(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Worker *worker = userdata;
        unsigned ended;
        eventfd_t n;

        (void) source;
        (void) revents;
        (void) eventfd_read(fd, &n);
        ended = read_ended(worker);
        if (ended == worker->reaped)
                return 0;
        reap(worker, ended);
        if (worker->reaped == worker->submitted)
                return sd_event_source_set_enabled(worker->timer, SD_EVENT_OFF);
        return arm_limit(worker, job_at(worker, worker->reaped)->limit);
}

int worker_submit(Worker *worker, worker_run_t run, worker_done_t done, void *job, usec_t limit) {
        int r;

        if (worker->stopping || worker->submitted - worker->reaped >= WORKER_JOBS_MAX)
                return -EAGAIN;
        if (worker->reaped == worker->submitted) {
                r = arm_limit(worker, limit);
                if (r < 0)
                        return r;
        }
        (void) pthread_mutex_lock(&worker->lock);
        *job_at(worker, worker->submitted++) = (Job){.run = run, .done = done, .job = job, .limit = limit};
        (void) pthread_cond_signal(&worker->more);
        (void) pthread_mutex_unlock(&worker->lock);
        return 0;
}

/* Everything is blocked in the thread from its first instruction on, so that no signal of the daemon's ends up there.
 */
static int start_thread(Worker *worker) {
        pthread_attr_t attributes;
        sigset_t all, before;
        int r;

        r = -pthread_attr_init(&attributes);
        if (r < 0)
                return r;
        (void) pthread_attr_setstacksize(&attributes, STACK_BYTES);
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        r = -pthread_create(&worker->thread, &attributes, work, worker);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void) pthread_attr_destroy(&attributes);
        return r;
}

static void release(Worker *worker) {
        sd_event_source_disable_unref(worker->ended_source);
        sd_event_source_disable_unref(worker->timer);
        sd_event_unref(worker->event);
        fd_closep(&worker->eventfd);
        (void) pthread_cond_destroy(&worker->more);
        (void) pthread_mutex_destroy(&worker->lock);
        free(worker);
}

static void releasep(Worker **worker) {
        if (*worker)
                release(*worker);
}

int worker_new(Worker **ret, sd_event *event) {
        _cleanup_(releasep) Worker *worker = calloc(1, sizeof(Worker));
        int r;

        if (!worker)
                return -ENOMEM;
        (void) pthread_mutex_init(&worker->lock, NULL);
        (void) pthread_cond_init(&worker->more, NULL);
        worker->event = sd_event_ref(event);
        worker->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (worker->eventfd < 0)
                return -errno;
        r = sd_event_add_io(event, &worker->ended_source, worker->eventfd, EPOLLIN, on_ended, worker);
        if (r < 0)
                return r;
        r = sd_event_add_time(event, &worker->timer, CLOCK_BOOTTIME, 0, REPEAT_MIN, on_timer, worker);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(worker->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = install_handler();
        if (r < 0)
                return r;
        r = start_thread(worker);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(worker);
        return 0;
}

static usec_t now_monotonic(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (usec_t) now.tv_sec * USEC_PER_SEC + (usec_t) now.tv_nsec / 1000;
}

static int join(Worker *worker, usec_t until) {
        struct timespec at = {.tv_sec = (time_t) (until / USEC_PER_SEC),
                              .tv_nsec = (long) (until % USEC_PER_SEC) * 1000};

        return -pthread_clockjoin_np(worker->thread, NULL, CLOCK_MONOTONIC, &at);
}

/* What is left of the first job's time, by the timer that is armed for it. */
static usec_t time_left(Worker *worker) {
        usec_t at, now;

        if (sd_event_source_get_time(worker->timer, &at) < 0 || sd_event_now(worker->event, CLOCK_BOOTTIME, &now) < 0)
                return 0;
        return util_sub(at, now);
}

static bool stop_thread(Worker *worker) {
        usec_t until, last;

        (void) pthread_mutex_lock(&worker->lock);
        worker->stopping = true;
        (void) pthread_cond_signal(&worker->more);
        (void) pthread_mutex_unlock(&worker->lock);
        /* No job begins any more; if one runs, it is the first one that is not reaped after this. */
        (void) on_ended(NULL, worker->eventfd, 0, worker);
        until = util_add(now_monotonic(), time_left(worker));
        for (last = util_add(until, PATIENCE); until <= last; until += REPEAT_MIN) {
                if (join(worker, until) == 0)
                        return true;
                interrupt(worker);
        }
        return false;
}

Worker *worker_free(Worker *worker) {
        if (!worker)
                return NULL;
        if (!stop_thread(worker)) {
                /* In an uninterruptible sleep that may last: its memory must outlive it, and we are about to exit. */
                (void) pthread_detach(worker->thread);
                return NULL;
        }
        reap(worker, worker->ended);
        for (unsigned i = worker->reaped; i != worker->submitted; i++)
                job_at(worker, i)->result = -ECANCELED;
        reap(worker, worker->submitted);
        release(worker);
        return NULL;
}
