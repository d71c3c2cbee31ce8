/* See hits.h. */
#include "hits.h"

static usec_t distance(usec_t a, usec_t b) {
        return a > b ? a - b : b - a;
}

/* --- Processes: what is told of them, and when --- */

static HitPid *find_pid(Hits *hits, uint32_t pid) {
        HitPid *spare = NULL;

        for (unsigned i = 0; i < HITS_PIDS_MAX; i++) {
                HitPid *one = &hits->pids[i];

                if (one->pid == pid)
                        return one;
                if (one->count == 0 && (!spare || (spare->pid != 0 && (one->pid == 0 || one->last < spare->last))))
                        spare = one;
        }
        if (spare)
                *spare = (HitPid){.pid = pid};
        return spare;
}

static void count(Hits *hits, const HitThread *thread, usec_t time, unsigned n, bool refused) {
        HitPid *pid = find_pid(hits, thread->pid);

        if (!pid) {
                hits->n_lost += n;
                return;
        }
        if (pid->count == 0)
                pid->time = time;
        pid->count += n;
        pid->refused |= refused;
        pid->sure |= refused || !(thread->young || thread->late);
        pid->cgroup = thread->cgroup;
}

static usec_t pid_due(const HitPid *pid) {
        if (pid->count == 0)
                return USEC_INFINITY;
        return pid->told ? util_add(pid->last, HITS_QUIET) : 0;
}

/* --- Threads: which hits are one error, and which are none --- */

/* So many hits of tp_new in a row: how many of them are errors and not starts? */
static unsigned errors_in(unsigned n) {
        unsigned rest = n % HITS_BURST;

        if (n > HITS_BURST * HITS_BURSTS_MAX + HITS_BURST_SLACK || n < HITS_BURST - HITS_BURST_SLACK)
                return n;
        return rest <= HITS_BURST_SLACK || rest >= HITS_BURST - HITS_BURST_SLACK ? 0 : rest;
}

/* Until when to wait for more hits of tp_new. */
static usec_t thread_due(const HitThread *thread) {
        bool slow = thread->young && thread->n_new < HITS_BURST - HITS_BURST_SLACK;

        if (thread->n_new == 0)
                return USEC_INFINITY;
        if (thread->n_new > HITS_BURST * HITS_BURSTS_MAX + HITS_BURST_SLACK)
                return 0;
        return MIN(util_add(thread->last, slow ? HITS_YOUNG_WAIT : HITS_WAIT),
                   util_add(thread->first, thread->young ? HITS_YOUNG_TIME : HITS_BURST_TIME));
}

static void note_burst(HitThread *thread) {
        thread->started = true;
        thread->n_burst = thread->n_new;
        thread->burst_end = thread->last;
}

/* A burst has 14 to 18 hits: the last ones may still come. */
static bool may_be_late(HitThread *thread, const Hit *hit) {
        return thread->n_burst > 0 && thread->n_burst++ < HITS_BURST + HITS_BURST_SLACK &&
               hit->time <= util_add(thread->burst_end, HITS_BURST_LATE);
}

/* The waiting is over: whole bursts are starts of interpreters, what is left over are errors. */
static void settle(Hits *hits, HitThread *thread) {
        unsigned n = errors_in(thread->n_new);

        if (n < thread->n_new)
                note_burst(thread);
        thread->n_new = 0;
        if (n == 0)
                return;
        count(hits, thread, thread->first, (unsigned) MIN(n, 1 + (thread->last - thread->first) / HITS_SAME), false);
        thread->raised = thread->last;
        thread->counted = true;
        thread->open = false;
}

static HitThread *look_up(const Hits *hits, const Hit *hit) {
        for (unsigned i = 0; i < HITS_THREADS_MAX; i++)
                if (hits->threads[i].tid == hit->tid && hits->threads[i].pid == hit->pid)
                        return (HitThread *) &hits->threads[i];
        return NULL;
}

/* The one to give up for another: an unused one, or that with the oldest error; one that waits only when all do. */
static usec_t worth(const HitThread *thread) {
        if (thread->tid == 0)
                return 0;
        return thread->n_new == 0 ? thread->raised : util_add(thread->first, USEC_INFINITY / 2);
}

static HitThread *find_thread(Hits *hits, const Hit *hit) {
        HitThread *thread = look_up(hits, hit);

        if (thread)
                return thread;
        thread = &hits->threads[0];
        for (unsigned i = 1; i < HITS_THREADS_MAX; i++)
                if (worth(&hits->threads[i]) < worth(thread))
                        thread = &hits->threads[i];
        if (thread->n_new > 0)
                settle(hits, thread);
        *thread = (HitThread){.pid = hit->pid, .tid = hit->tid};
        return thread;
}

/* Is this hit of the error that was counted last? */
static bool is_same(const HitThread *thread, const Hit *hit) {
        if (!thread->counted)
                return false;
        return distance(hit->time, thread->raised) <= (hit->cpu == thread->cpu ? HITS_SAME : HITS_MOVED) ||
               (hit->kind == PYPROBE_NEW && thread->open && distance(hit->time, thread->raised) <= HITS_LATER);
}

/* Does this hit come so long after a whole burst that it is no part of it? As slow machines have slow bursts, long is
 * also measured by the burst. */
static bool is_after_burst(const HitThread *thread, const Hit *hit) {
        usec_t mean = (thread->last - thread->first) / MAX(thread->n_new, 1U);

        return thread->n_new >= HITS_BURST && errors_in(thread->n_new) == 0 &&
               hit->time > util_add(thread->last, MAX(HITS_BURST_PAUSE, 4 * mean));
}

static void feed_new(HitThread *thread, const Hit *hit, usec_t age) {
        if (is_after_burst(thread, hit)) {
                note_burst(thread);
                thread->n_new = 0;
        }
        if (thread->n_new++ == 0) {
                thread->first = thread->last = hit->time;
                thread->late = may_be_late(thread, hit);
                thread->young = age < HITS_YOUNG && hit->tid == hit->pid && !thread->started;
        }
        thread->last = MAX(thread->last, hit->time);
        thread->cpu = hit->cpu;
}

static void feed_no_memory(Hits *hits, HitThread *thread, const Hit *hit) {
        /* Read from another CPU's ring, or the other way round: still one error. */
        if (thread->n_new == 1 && distance(hit->time, thread->last) <= HITS_SAME)
                thread->n_new = 0;
        count(hits, thread, hit->time, 1, true);
        thread->raised = hit->time;
        thread->cpu = hit->cpu;
        thread->counted = true;
}

bool hits_wants_age(const Hits *hits, const Hit *hit) {
        const HitThread *thread = look_up(hits, hit);

        return hit->kind == PYPROBE_NEW && (!thread || (thread->n_new == 0 && !is_same(thread, hit)));
}

void hits_feed(Hits *hits, const Hit *hit, usec_t age) {
        HitThread *thread;
        bool same;

        if (hit->pid == 0 || hit->tid == 0)
                return;
        thread = find_thread(hits, hit);
        thread->cgroup = hit->cgroup;
        same = is_same(thread, hit);
        if (!same && hit->kind == PYPROBE_NEW)
                feed_new(thread, hit, age);
        else if (!same)
                feed_no_memory(hits, thread, hit);
        if (same || hit->kind != PYPROBE_NEW)
                thread->open = hit->kind != PYPROBE_NEW && hit->pairs;
        if (thread_due(thread) == 0)
                settle(hits, thread);
}

bool hits_take(Hits *hits, usec_t now, Raised *ret) {
        HitPid *next = &hits->pids[0];

        for (unsigned i = 0; i < HITS_THREADS_MAX; i++)
                if (thread_due(&hits->threads[i]) <= now)
                        settle(hits, &hits->threads[i]);
        for (unsigned i = 1; i < HITS_PIDS_MAX; i++)
                if (pid_due(&hits->pids[i]) < pid_due(next))
                        next = &hits->pids[i];
        if (next->count == 0 || pid_due(next) > now)
                return false;
        *ret = (Raised){.time = next->time, .pid = next->pid, .cgroup = next->cgroup, .count = next->count,
                        .made = !next->refused, .young = !next->sure};
        next->refused = next->sure = false;
        next->told = true;
        next->last = now;
        next->count = 0;
        return true;
}

usec_t hits_deadline(const Hits *hits) {
        usec_t deadline = USEC_INFINITY;

        for (unsigned i = 0; i < HITS_THREADS_MAX; i++)
                deadline = MIN(deadline, thread_due(&hits->threads[i]));
        for (unsigned i = 0; i < HITS_PIDS_MAX; i++)
                deadline = MIN(deadline, pid_due(&hits->pids[i]));
        return deadline;
}
