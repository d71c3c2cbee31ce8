/* The worker runs blocking calls in order, ends those that outlive their time, and hurts no other. */
#include "temproot.h"

#include <sys/eventfd.h>
#include <time.h>

#include "fd.h"
#include "worker.h"

typedef struct Task {
        usec_t sleep;
        bool ran;
        int answer, result, order;
        unsigned done;
        Worker *then; /* submit once more from done() */
} Task;

static sd_event *event;
static Worker *worker;
static int order;

static int open_worker(void **state) {
        (void) state;
        order = 0;
        assert_true(sd_event_new(&event) >= 0);
        return worker_new(&worker, event);
}

static int close_worker(void **state) {
        (void) state;
        worker = worker_free(worker);
        event = sd_event_unref(event);
        return 0;
}

static int run(void *job) {
        Task *task = job;
        struct timespec time = {.tv_sec = (time_t) (task->sleep / USEC_PER_SEC),
                                .tv_nsec = (long) (task->sleep % USEC_PER_SEC) * 1000};

        task->ran = true;
        if (task->sleep > 0 && nanosleep(&time, NULL) < 0)
                return -errno;
        return task->answer;
}

static void done(void *job, int result) {
        Task *task = job;

        task->result = result;
        task->done++;
        task->order = ++order;
        if (task->then) {
                Worker *again = task->then;

                task->then = NULL;
                assert_int_equal(worker_submit(again, run, done, task, USEC_PER_SEC), 0);
        }
}

static usec_t now(void) {
        struct timespec time;

        (void) clock_gettime(CLOCK_MONOTONIC, &time);
        return (usec_t) time.tv_sec * USEC_PER_SEC + (usec_t) time.tv_nsec / 1000;
}

/* Turns the loop until so many answers have come; fails after 20 s. */
static void run_until(int count) {
        usec_t last = now() + 20 * USEC_PER_SEC;

        while (order < count) {
                assert_true(now() < last);
                assert_true(sd_event_run(event, 100 * USEC_PER_MSEC) >= 0);
        }
}

static void test_answers_come_in_order(void **state) {
        Task tasks[WORKER_JOBS_MAX] = {};

        (void) state;
        for (int i = 0; i < WORKER_JOBS_MAX; i++) {
                tasks[i].answer = -i;
                assert_int_equal(worker_submit(worker, run, done, &tasks[i], USEC_PER_SEC), 0);
        }
        run_until(WORKER_JOBS_MAX);
        for (int i = 0; i < WORKER_JOBS_MAX; i++) {
                assert_int_equal(tasks[i].result, -i);
                assert_int_equal(tasks[i].order, i + 1);
                assert_int_equal(tasks[i].done, 1);
        }
}

static void test_beyond_the_bound_is_refused(void **state) {
        Task tasks[WORKER_JOBS_MAX] = {{.sleep = 50 * USEC_PER_MSEC}}, more = {};

        (void) state;
        for (int i = 0; i < WORKER_JOBS_MAX; i++)
                assert_int_equal(worker_submit(worker, run, done, &tasks[i], USEC_PER_SEC), 0);
        assert_int_equal(worker_submit(worker, run, done, &more, USEC_PER_SEC), -EAGAIN);
        run_until(WORKER_JOBS_MAX);
        assert_false(more.ran);
        assert_int_equal(worker_submit(worker, run, done, &more, USEC_PER_SEC), 0);
        run_until(WORKER_JOBS_MAX + 1);
        assert_true(more.ran);
}

static void test_a_job_beyond_its_time_is_ended_and_the_next_one_is_not(void **state) {
        Task slow = {.sleep = 60 * USEC_PER_SEC}, next = {.sleep = 600 * USEC_PER_MSEC, .answer = -7};
        usec_t begun = now();

        (void) state;
        assert_int_equal(worker_submit(worker, run, done, &slow, USEC_PER_SEC), 0);
        /* Its limit is longer than its sleep (by enough for a busy machine), but shorter than both together: it counts from
         * its own beginning. */
        assert_int_equal(worker_submit(worker, run, done, &next, 1500 * USEC_PER_MSEC), 0);
        run_until(2);
        assert_int_equal(slow.result, -ETIMEDOUT);
        assert_int_equal(next.result, -7);
        assert_true(now() - begun >= 1600 * USEC_PER_MSEC);
        assert_true(now() - begun < 20 * USEC_PER_SEC);
}

/* The limit and the end of the job meet at the same moment, many times: whoever wins, no other job is hit. */
static void test_a_late_interruption_hits_no_other_job(void **state) {
        (void) state;
        for (unsigned i = 0; i < 60; i++) {
                Task racer = {.sleep = 5 * USEC_PER_MSEC}, next = {.sleep = 8 * USEC_PER_MSEC};
                int before = order;

                assert_int_equal(worker_submit(worker, run, done, &racer, 3 * USEC_PER_MSEC + i * 50), 0);
                assert_int_equal(worker_submit(worker, run, done, &next, 5 * USEC_PER_SEC), 0);
                run_until(before + 2);
                assert_true(racer.result == 0 || racer.result == -ETIMEDOUT);
                assert_int_equal(next.result, 0);
        }
}

static void test_eintr_of_its_own_is_passed_on(void **state) {
        Task task = {.answer = -EINTR};

        (void) state;
        assert_int_equal(worker_submit(worker, run, done, &task, USEC_PER_SEC), 0);
        run_until(1);
        assert_int_equal(task.result, -EINTR);
}

static void test_an_answer_may_lead_to_the_next_job(void **state) {
        Task task = {.then = worker};

        (void) state;
        assert_int_equal(worker_submit(worker, run, done, &task, USEC_PER_SEC), 0);
        run_until(2);
        assert_int_equal(task.done, 2);
}

/* A signal that comes before the call blocks is lost on it; so it must come again. */
static int run_busy_then_block(void *job) {
        usec_t until = now() + 80 * USEC_PER_MSEC;

        while (now() < until)
                ;
        return run(job);
}

static void test_an_interruption_that_came_too_early_is_repeated(void **state) {
        Task task = {.sleep = 60 * USEC_PER_SEC};

        (void) state;
        assert_int_equal(worker_submit(worker, run_busy_then_block, done, &task, 10 * USEC_PER_MSEC), 0);
        run_until(1);
        assert_int_equal(task.result, -ETIMEDOUT);
}

static void test_free_waits_for_the_running_and_cancels_the_others(void **state) {
        Task first = {}, running = {.sleep = 60 * USEC_PER_SEC}, waiting = {};
        usec_t begun = now();

        (void) state;
        assert_int_equal(worker_submit(worker, run, done, &first, USEC_PER_SEC), 0);
        assert_int_equal(worker_submit(worker, run, done, &running, 200 * USEC_PER_MSEC), 0);
        assert_int_equal(worker_submit(worker, run, done, &waiting, USEC_PER_SEC), 0);
        (void) usleep(50 * 1000); /* the first one has ended, unnoticed as the loop did not turn */
        worker = worker_free(worker);
        assert_true(now() - begun < 10 * USEC_PER_SEC);
        assert_int_equal(order, 3);
        assert_int_equal(first.result, 0);
        assert_true(first.ran);
        assert_int_equal(running.result, -ETIMEDOUT);
        assert_int_equal(waiting.result, -ECANCELED);
        assert_false(waiting.ran);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_worker, close_worker)
        const struct CMUnitTest tests[] = {
                TEST(test_answers_come_in_order),
                TEST(test_beyond_the_bound_is_refused),
                TEST(test_a_job_beyond_its_time_is_ended_and_the_next_one_is_not),
                TEST(test_a_late_interruption_hits_no_other_job),
                TEST(test_eintr_of_its_own_is_passed_on),
                TEST(test_an_answer_may_lead_to_the_next_job),
                TEST(test_an_interruption_that_came_too_early_is_repeated),
                TEST(test_free_waits_for_the_running_and_cancels_the_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
