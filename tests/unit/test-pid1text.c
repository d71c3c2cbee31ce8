/* What PID 1 and journald write about a unit is told apart by message id, and by words where there is none. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pid1text.h"

#define OOM "fe6faa94e7774663a0da52717891d8ef"
#define OOMD "d989611b15e44c9dbf31e3c81256e4ed"
#define EXITED "98e322203f7a4ed290d09fe03c09fe15"
#define SUPPRESSED "a596d6fe7bfa4994828e72309e95d61e"
#define INVOCATION "0123456789abcdef0123456789abcdef"
#define RECORD(id, text, code, status) {id, text, "api.service", INVOCATION, code, status}

static void test_records(void **state) {
        static const struct {
                Pid1Record record;
                Fact fact;
                int code, status, pid;
                const char *word, *comm;
        } cases[] = {
                {RECORD(OOM, "api.service: A process of this unit has been killed by the OOM killer.", "", ""), FACT_OOM_SAID, 0, 0,
                 0, "", ""},
                {RECORD(OOMD, "api.service: systemd-oomd killed 3 process(es) in this unit.", "", ""), FACT_USERSPACE, 0, 0, 0,
                 "systemd-oomd", ""},
                {RECORD(EXITED, "api.service: Main process exited, code=killed, status=9/KILL", "killed", "9"), FACT_ENDED, 2, 9, 0,
                 "", ""},
                {RECORD(EXITED, "api.service: Main process exited, code=exited, status=137/n/a", "exited", "137"), FACT_ENDED, 1,
                 137, 0, "", ""},
                {RECORD(EXITED, "api.service: Main process exited, code=dumped, status=6/ABRT", "dumped", "6"), FACT_ENDED, 3, 6, 0,
                 "", ""},
                {RECORD("", "api.service: Sent signal SIGKILL to main process 409 (sleep) on client request.", "", ""),
                 FACT_CLIENT_KILL, 0, 0, 409, "", "sleep"},
                {RECORD("", "api.service: Sent signal SIGKILL to control process 7 (a) b) on client request.", "", ""),
                 FACT_CLIENT_KILL, 0, 0, 7, "", "a) b"},
                {RECORD("", "api.service: Sending signal SIGKILL to process 410 (python3) on client request.", "", ""),
                 FACT_CLIENT_KILL, 0, 0, 410, "", "python3"},
                {RECORD("", "api.service: Killed unit cgroup with SIGKILL on client request.", "", ""), FACT_CLIENT_KILL, 0, 0, 0,
                 "", ""},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Witness witness = {};

                assert_int_equal(pid1text_read(&cases[i].record, &witness), 1);
                assert_int_equal(witness.source, WITNESS_SYSTEMD);
                assert_int_equal(witness.fact, cases[i].fact);
                assert_int_equal(witness.code, cases[i].code);
                assert_int_equal(witness.status, cases[i].status);
                assert_int_equal(witness.pid, cases[i].pid);
                assert_string_equal(witness.word, cases[i].word);
                assert_string_equal(witness.comm, cases[i].comm);
                assert_string_equal(witness.unit, "api.service");
                assert_string_equal(witness.invocation, INVOCATION);
                assert_string_equal(witness.text, cases[i].record.message);
        }
}

static void test_what_says_nothing(void **state) {
        static const Pid1Record records[] = {
                RECORD("", "api.service: Sent signal SIGTERM to main process 409 (sleep) on client request.", "", ""),
                RECORD("", "api.service: Failed to send signal SIGKILL to main process 409 (sleep) on client request: x", "", ""),
                RECORD("", "api.service: Killing process 409 (sleep) with signal SIGKILL.", "", ""),
                RECORD("", "web.service: Sent signal SIGKILL to main process 409 (sleep) on client request.", "", ""),
                RECORD(EXITED, "api.service: Control process exited, code=killed, status=9/KILL", "killed", "9"),
                RECORD(EXITED, "api.service: Main process exited, code=killed, status=9/KILL", "murdered", "9"),
                RECORD(EXITED, "api.service: Main process exited, code=killed, status=9/KILL", "killed", ""),
                RECORD(EXITED, "api.service: Main process exited, code=killed, status=9/KILL", "killed", "99999"),
                RECORD("39f53479d3a045ac8e11786248231fbf", "Started api.service", "", ""),
                RECORD(OOM OOM, "api.service: A process of this unit has been killed by the OOM killer.", "", ""),
                {OOM, "A process of this unit has been killed by the OOM killer.", "", "", "", ""},
                {OOM, "A process of this unit has been killed by the OOM killer.", "../../etc", "", "", ""},
                {"", "", "", "", "", ""},
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(records); i++) {
                Witness witness;

                if (pid1text_read(&records[i], &witness) != 0)
                        fail_msg("taken: %s", records[i].message);
        }
}

static void test_bounds(void **state) {
        char message[2000] = "api.service: Sent signal SIGKILL to main process 1 (";
        Pid1Record record = RECORD("", message, "", "");
        Witness witness;

        (void) state;
        memset(message + strlen(message), 'x', 1500);
        strcpy(message + 1500, "\xff\033) on client request.");
        record.invocation = "not one";
        assert_int_equal(pid1text_read(&record, &witness), 1);
        assert_string_equal(witness.comm, "");
        assert_string_equal(witness.invocation, "");
        assert_true(strlen(witness.text) < WITNESS_TEXT_MAX);
}

static void test_suppressed(void **state) {
        static const struct {
                const char *message, *unit;
                int found;
        } cases[] = {
                {"Suppressed 4021 messages from api.service", "", 1},
                {"Suppressed 4021 messages from x", "api.service", 1},
                {"Suppressed 4021 messages from /user.slice", "", 0},
                {"Suppressed", "", 0},
        };
        Witness witness;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(pid1text_suppressed(SUPPRESSED, cases[i].message, cases[i].unit, &witness), cases[i].found);
                assert_int_equal(pid1text_suppressed(OOM, cases[i].message, cases[i].unit, &witness), 0);
                if (cases[i].found) {
                        assert_string_equal(witness.unit, "api.service");
                        assert_int_equal(witness.fact, FACT_BLIND);
                        assert_int_equal(witness.source, WITNESS_JOURNAL);
                }
        }
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_records),
                cmocka_unit_test(test_what_says_nothing),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_suppressed),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
