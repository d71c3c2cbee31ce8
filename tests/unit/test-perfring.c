/* Records are taken from a ring wherever they wrap, and what is no record ends the reading without harm. */
#include "temproot.h"

#include "perfring.h"

#define SIZE 256

static uint8_t ring[SIZE];

static uint64_t put(uint64_t head, const void *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                ring[(head + i) % SIZE] = ((const uint8_t *) bytes)[i];
        return head + n;
}

static uint64_t put_record(uint64_t head, uint32_t type, uint16_t size, const void *body, size_t n) {
        struct perf_event_header header = {.type = type, .size = size};

        (void) put(put(head, &header, sizeof(header)), body, n);
        return head + size;
}

static uint64_t put_sample(uint64_t head, uint32_t pid) {
        struct {
                uint64_t id;
                uint32_t pid, tid;
                uint64_t time;
                uint32_t cpu, reserved;
                uint64_t cgroup;
        } body = {7, pid, pid + 1, 12345, 3, 0, 99};

        return put_record(head, PERF_RECORD_SAMPLE, 8 + sizeof(body), &body, sizeof(body));
}

static void test_samples_and_losses_at_every_place(void **state) {
        const uint64_t lost[] = {7, 41};

        (void) state;
        for (uint64_t start = 0; start < 3 * SIZE; start += 8) {
                uint64_t head = put_sample(start, 500), tail = start;
                PerfRecord record;

                head = put_record(head, PERF_RECORD_LOST, 8 + sizeof(lost), lost, sizeof(lost));
                head = put_record(head, 3 /* COMM */, 24, "python3", 8);
                head = put_sample(head, 600);
                assert_int_equal(perfring_next(ring, SIZE, head, &tail, &record), 1);
                assert_int_equal(record.type, PERF_RECORD_SAMPLE);
                assert_int_equal(record.pid, 500);
                assert_int_equal(record.tid, 501);
                assert_int_equal(record.id, 7);
                assert_int_equal(record.time, 12345);
                assert_int_equal(record.cpu, 3);
                assert_int_equal(record.cgroup, 99);
                assert_int_equal(perfring_next(ring, SIZE, head, &tail, &record), 1);
                assert_int_equal(record.type, PERF_RECORD_LOST);
                assert_int_equal(record.lost, 41);
                assert_int_equal(perfring_next(ring, SIZE, head, &tail, &record), 1);
                assert_int_equal(record.type, 3);
                assert_int_equal(perfring_next(ring, SIZE, head, &tail, &record), 1);
                assert_int_equal(record.pid, 600);
                assert_int_equal(perfring_next(ring, SIZE, head, &tail, &record), 0);
                assert_int_equal(tail, head);
        }
}

static void test_head_and_tail_may_wrap_themselves(void **state) {
        uint64_t tail = UINT64_MAX - 15, head = put_sample(tail, 500);
        PerfRecord record;

        (void) state;
        assert_true(head < tail);
        assert_int_equal(perfring_next(ring, SIZE, head, &tail, &record), 1);
        assert_int_equal(record.pid, 500);
        assert_int_equal(perfring_next(ring, SIZE, head, &tail, &record), 0);
}

static void test_what_is_no_record_is_left_behind(void **state) {
        static const struct {
                uint32_t type;
                uint16_t size;
                uint64_t length; /* of what the kernel says that it wrote */
        } cases[] = {
                {PERF_RECORD_SAMPLE, 0, 64},
                {PERF_RECORD_SAMPLE, 7, 64},
                {PERF_RECORD_SAMPLE, 8, 64},
                {PERF_RECORD_SAMPLE, 47, 64},
                {PERF_RECORD_SAMPLE, 65, 64},
                {PERF_RECORD_SAMPLE, UINT16_MAX, 64},
                {PERF_RECORD_SAMPLE, 48, 4},
                {PERF_RECORD_LOST, 16, 64},
                {PERF_RECORD_SAMPLE, 48, SIZE + 1},
                {PERF_RECORD_SAMPLE, 48, 1U << 31},
                {4242, 0, 64},
        };

        (void) state;
        for (unsigned i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t tail = 1000, head = tail + cases[i].length;
                PerfRecord record = {.pid = 77};

                memset(ring, 0, sizeof(ring));
                (void) put_record(tail, cases[i].type, cases[i].size, "", 0);
                assert_int_equal(perfring_next(ring, SIZE, head, &tail, &record), -EBADMSG);
                assert_int_equal(tail, head);
                assert_int_equal(record.pid, 77);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_samples_and_losses_at_every_place),
                cmocka_unit_test(test_head_and_tail_may_wrap_themselves),
                cmocka_unit_test(test_what_is_no_record_is_left_behind),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
