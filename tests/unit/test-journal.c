/* Records reach the journal with all their fields, and the daemon never waits for a journal that does not take them. */
#undef NDEBUG
#include <time.h>

#include "unit/journal-bench.h"

static Record full_record(void) {
        Record record = {.kind = RECORD_ACTION, .latency = 1234, .freed = 5678};

        strcpy(record.invocation, "0123456789abcdef0123456789abcdef");
        strcpy(record.rung, "ask");
        strcpy(record.action, "reclaim 10%");
        strcpy(record.result, "done");
        strcpy(record.reason, "why");
        strcpy(record.text, "It was done.");
        return record;
}

static void test_all_fields(void **state) {
        Bench *bench = *state;
        Record record = full_record();
        char id[80];

        journal_record(&record, "api.service", "/system.slice/api.service", "act");
        assert_true(receive(bench));
        (void) snprintf(id, sizeof(id), "MESSAGE_ID=%s", record_message_id(RECORD_ACTION));
        assert_true(has(bench, id));
        assert_true(has(bench, "MESSAGE=It was done."));
        assert_true(has(bench, "PRIORITY=5"));
        assert_true(has(bench, "SYSLOG_IDENTIFIER=memguardd"));
        assert_true(has(bench, "OBJECT_SYSTEMD_UNIT=api.service"));
        assert_true(has(bench, "MEMGUARD_UNIT=api.service"));
        assert_true(has(bench, "MEMGUARD_CGROUP=/system.slice/api.service"));
        assert_true(has(bench, "MEMGUARD_INVOCATION_ID=0123456789abcdef0123456789abcdef"));
        assert_true(has(bench, "MEMGUARD_KIND=action"));
        assert_true(has(bench, "MEMGUARD_RUNG=ask"));
        assert_true(has(bench, "MEMGUARD_ACTION=reclaim 10%"));
        assert_true(has(bench, "MEMGUARD_RESULT=done"));
        assert_true(has(bench, "MEMGUARD_REASON=why"));
        assert_true(has(bench, "MEMGUARD_LATENCY_USEC=1234"));
        assert_true(has(bench, "MEMGUARD_FREED_BYTES=5678"));
        assert_true(has(bench, "MEMGUARD_MODE=act"));
        assert_string_equal(printed(bench), "");
}

static void test_empty_fields_are_left_out(void **state) {
        Bench *bench = *state;
        Record record = {.kind = RECORD_DAEMON, .latency = USEC_INFINITY, .freed = BYTES_INFINITY, .text = "Ready."};

        journal_record(&record, NULL, NULL, NULL);
        assert_true(receive(bench));
        assert_true(has(bench, "MESSAGE=Ready."));
        assert_null(memmem(bench->entry, bench->n, "UNIT", 4));
        assert_null(memmem(bench->entry, bench->n, "=\n", 2));
        assert_null(memmem(bench->entry, bench->n, "LATENCY", 7));
        assert_null(memmem(bench->entry, bench->n, "FREED", 5));
}

static void test_user_unit(void **state) {
        Bench *bench = *state;
        Record record = full_record();

        journal_record(&record, "x.service", "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service",
                       "act");
        assert_true(receive(bench));
        assert_true(has(bench, "OBJECT_SYSTEMD_USER_UNIT=x.service"));
        assert_true(has(bench, "OBJECT_UID=1000"));
        assert_false(has(bench, "OBJECT_SYSTEMD_UNIT=x.service"));
}

/* A newline in a value must not begin a field of its own. */
static void test_no_forged_fields(void **state) {
        Bench *bench = *state;
        Record record = full_record();
        static const char wanted[] = "MESSAGE\n\x0e\0\0\0\0\0\0\0a\nPRIORITY=0\nb\n";

        strcpy(record.text, "a\nPRIORITY=0\nb");
        journal_record(&record, "api.service", "/system.slice/api.service", "act");
        assert_true(receive(bench));
        assert_non_null(memmem(bench->entry, bench->n, wanted, sizeof(wanted) - 1));
}

static void test_longest_record_fits(void **state) {
        static char path[CGROUP_PATH_MAX], unit[UNIT_NAME_MAX], line[1100];
        Bench *bench = *state;
        Record record = full_record();

        memset(record.text, 't', sizeof(record.text) - 1);
        memset(path, 'p', sizeof(path) - 1);
        memset(unit, 'u', sizeof(unit) - 1);
        path[0] = '/';
        journal_record(&record, unit, path, "observe");
        assert_true(receive(bench));
        (void) snprintf(line, sizeof(line), "MEMGUARD_CGROUP=%s", path);
        assert_true(has(bench, line));
        assert_true(has(bench, "MEMGUARD_MODE=observe"));
}

static void test_no_journal_means_stderr(void **state) {
        Bench *bench = *state;
        Record record = full_record();

        (void) unlink(bench->path);
        strcpy(record.text, "It was \x1b[31mdone.");
        journal_record(&record, "api.service", "/system.slice/api.service", "act");
        assert_string_equal(printed(bench), "<5>api.service: It was \\x1b[31mdone.\n");
        journal_log(4, "Number %d.", 7);
        assert_string_equal(printed(bench), "<4>Number 7.\n");
        /* A journald that comes back needs nothing from us. */
        fd_closep(&bench->fd);
        bench->fd = listen_at(bench->path);
        journal_log(4, "Back.");
        assert_true(receive(bench));
        assert_true(has(bench, "MESSAGE=Back."));
}

static usec_t now(void) {
        struct timespec ts;

        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

/* A stuck journald with a full queue, and a stderr that is as full: nothing waits, and what was lost is told. */
static void test_stuck_journal_is_not_waited_for(void **state) {
        unsigned n_sent = 20000, n_received = 0, n_told = 0, n_printed = 0;
        char lost[100], junk[65536];
        Bench *bench = *state;
        usec_t before = now();
        ssize_t n;

        for (unsigned i = 0; i < n_sent; i++)
                journal_log(6, "A line.");
        /* One wait of 5 ms for each would be 100 s. */
        assert_true(now() - before < 5 * USEC_PER_SEC);
        while (receive(bench))
                n_received++;
        assert_true(n_received > 0 && n_received < n_sent);
        while ((n = read(bench->stderr_read, junk, sizeof(junk))) > 0)
                for (ssize_t i = 0; i < n; i++)
                        n_printed += junk[i] == '\n';
        assert_true(n_received + n_printed < n_sent);
        journal_log(6, "Again.");
        (void) snprintf(lost, sizeof(lost), "MESSAGE=%u records could be written neither to the journal nor to stderr.",
                        n_sent - n_received - n_printed);
        assert_true(receive(bench));
        assert_true(has(bench, "MESSAGE=Again."));
        for (; receive(bench); n_told++)
                assert_true(has(bench, lost));
        assert_int_equal(n_told, 1);
        journal_log(6, "And again.");
        assert_true(receive(bench));
        assert_false(receive(bench));
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(test_all_fields),
                T(test_empty_fields_are_left_out),
                T(test_user_unit),
                T(test_no_forged_fields),
                T(test_longest_record_fits),
                T(test_no_journal_means_stderr),
                T(test_stuck_journal_is_not_waited_for),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
