/* An incident is read back from the fields of its record, whatever they hold, and shown as JSON and as a block. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl-explain.h"
#include "ctl-incident.h"

static CtlIncident incident;
static CtlSteps steps;
static char shown[64 * 1024];

static void take(const char *field) {
        ctl_incident_field(&incident, field, strlen(field));
}

static void take_all(const char *const *fields) {
        ctl_incident_begin(&incident);
        for (; *fields; fields++)
                take(*fields);
}

#define TAKE(...) take_all((const char *const[]){__VA_ARGS__, NULL})

static const char *const whole[] = {
        "MESSAGE=api.service: MemoryError in python3 (pid 4242) at main.py:12 in load: LimitAS= ...",
        "MESSAGE_ID=ec89e41c2ccc4eb68775bb5ce9f2385f",
        "MEMGUARD_KIND=incident",
        "MEMGUARD_INCIDENT=6920a000-1",
        "MEMGUARD_UNIT=api.service",
        "MEMGUARD_CGROUP=/system.slice/api.service",
        "MEMGUARD_INVOCATION_ID=0123456789abcdef0123456789abcdef",
        "MEMGUARD_VERDICT=memory-error",
        "MEMGUARD_CAUSE=rlimit-as",
        "MEMGUARD_FATE=survived",
        "MEMGUARD_CONFIDENCE=certain",
        "MEMGUARD_PID=4242",
        "MEMGUARD_COMM=python3",
        "MEMGUARD_COUNT=2",
        "MEMGUARD_SITE=main.py:12 in load",
        "MEMGUARD_TIME_USEC=1795266026000000",
        /* The journal hands them out in any order. */
        "MEMGUARD_EVIDENCE=journal 1795266026200000 MemoryError: out of memory",
        "MEMGUARD_EVIDENCE=uprobe 1795266025999000 MemoryError raised in python3",
        "MEMGUARD_BEFORE=anon=45927628 file=48129638 shmem=0 kernel=1 swap=2 current=94057266 cached=3 free=4 "
        "available=5",
        "MEMGUARD_AFTER=anon=3145728 file=48129638",
        "MEMGUARD_RELEASED=Unwinding the error freed 40.8M of anonymous memory.",
        NULL,
};

static void add_step(const char *kind, const char *action, int64_t offset, const char *text) {
        CtlStep *step = &steps.items[steps.n++];
        char field[256];

        ctl_step_begin(step, (uint64_t) ((int64_t) incident.at + offset));
        for (unsigned i = 0; i < 3; i++) {
                static const char *const names[] = {"MEMGUARD_KIND", "MEMGUARD_ACTION", "MESSAGE"};
                const char *const values[] = {kind, action, text};

                (void) snprintf(field, sizeof(field), "%s=%s", names[i], values[i]);
                ctl_step_field(step, field, strlen(field));
        }
}

static void assert_text(const json_t *object, const char *key, const char *expected) {
        assert_string_equal(json_string_value(json_object_get(object, key)) ?: "(null)", expected);
}

static json_int_t number(const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        assert_true(json_is_integer(value));
        return json_integer_value(value);
}

static void test_json(void **state) {
        const json_t *evidence, *before, *after, *actions;
        json_t *all;

        (void) state;
        take_all(whole);
        assert_int_equal(ctl_incident_end(&incident, 1), 0);
        steps.n = 0;
        add_step("rung", "", -2000000, "reached rung ask");
        add_step("action", "reclaim 10%", -1000000, "reclaim freed 4M.");
        ctl_step_field(&steps.items[1], "MEMGUARD_LATENCY_USEC=12000", 27);
        all = ctl_incident_json(&incident, &steps);
        assert_non_null(all);

        assert_text(all, "id", "6920a000-1");
        assert_int_equal(number(all, "time"), 1795266026000000);
        assert_text(all, "unit", "api.service");
        assert_text(all, "path", "/system.slice/api.service");
        assert_text(all, "invocation_id", "0123456789abcdef0123456789abcdef");
        assert_int_equal(number(all, "pid"), 4242);
        assert_text(all, "comm", "python3");
        assert_text(all, "verdict", "memory-error");
        assert_text(all, "cause", "rlimit-as");
        assert_text(all, "fate", "survived");
        assert_text(all, "confidence", "certain");
        assert_int_equal(number(all, "count"), 2);
        assert_text(all, "site", "main.py:12 in load");
        assert_true(json_is_null(json_object_get(all, "killer")));
        assert_true(json_is_null(json_object_get(all, "limit")));

        evidence = json_object_get(all, "evidence");
        assert_int_equal(json_array_size(evidence), 2);
        assert_text(json_array_get(evidence, 0), "source", "uprobe");
        assert_int_equal(number(json_array_get(evidence, 0), "time"), 1795266025999000);
        assert_text(json_array_get(evidence, 1), "text", "MemoryError: out of memory");

        before = json_object_get(json_object_get(all, "memory"), "before");
        after = json_object_get(json_object_get(all, "memory"), "after");
        assert_int_equal(number(before, "anon"), 45927628);
        assert_int_equal(number(before, "available"), 5);
        assert_int_equal(number(after, "anon"), 3145728);
        assert_true(json_is_null(json_object_get(after, "swap")));

        actions = json_object_get(all, "actions");
        assert_int_equal(json_array_size(actions), 1);
        assert_text(json_array_get(actions, 0), "action", "reclaim 10%");
        assert_int_equal(number(json_array_get(actions, 0), "latency_usec"), 12000);
        json_decref(all);
}

/* The names that the daemon writes are those that are read. */
static void test_memory_comes_back(void **state) {
        const Sample sample = {.anon = 1,
                               .file = 2,
                               .shmem = 3,
                               .kernel = 4,
                               .swap = 5,
                               .current = 6,
                               .host_cached = 7,
                               .host_free = 8,
                               .available = 9};
        char text[INCIDENT_MEMORY_MAX], field[INCIDENT_MEMORY_MAX + 32];

        (void) state;
        (void) incident_memory(&sample, text);
        (void) snprintf(field, sizeof(field), "MEMGUARD_AFTER=%s", text);
        TAKE(field);
        assert_true(incident.after.known);
        assert_false(incident.before.known);
        for (CtlMemoryKind kind = 0; kind < _MEMORY_KIND_MAX; kind++)
                assert_int_equal(incident.after.bytes[kind], kind + 1);
}

static void test_little_is_enough(void **state) {
        json_t *all;

        (void) state;
        TAKE("MEMGUARD_UNIT=api.service");
        assert_int_equal(ctl_incident_end(&incident, 7), -EBADMSG);
        TAKE("MEMGUARD_VERDICT=of-a-later-version", "MEMGUARD_PID=0");
        assert_int_equal(ctl_incident_end(&incident, 7), 0);
        assert_int_equal(incident.at, 7);
        steps.n = 0;
        all = ctl_incident_json(&incident, &steps);
        assert_non_null(all);
        assert_text(all, "verdict", "of-a-later-version");
        assert_true(json_is_null(json_object_get(all, "pid")));
        assert_true(json_is_null(json_object_get(all, "unit")));
        assert_true(json_is_null(json_object_get(json_object_get(all, "memory"), "before")));
        json_decref(all);
}

static void test_malformed_fields_are_passed_over(void **state) {
        static const char *const malformed[] = {
                "MEMGUARD_PID",
                "MEMGUARD_PID=",
                "MEMGUARD_PID=-1",
                "MEMGUARD_PID= 1",
                "MEMGUARD_PID=18446744073709551616",
                "MEMGUARD_PID=1x",
                "MEMGUARD_PIDS=4",
                "=",
                "",
                "MEMGUARD_TIME_USEC=now",
                "MEMGUARD_EVIDENCE=",
                "MEMGUARD_EVIDENCE=kernel",
                "MEMGUARD_EVIDENCE=kernel 12",
                "MEMGUARD_EVIDENCE=kernel x text",
                "MEMGUARD_EVIDENCE= 1",
                "MEMGUARD_BEFORE=",
                "MEMGUARD_BEFORE=anon",
                "MEMGUARD_BEFORE=anon=",
                "MEMGUARD_BEFORE=anon=-5 file=1k =3  ",
                "MEMGUARD_BEFORE=anonymous=5",
                "MEMGUARD_BEFORE= ",
        };

        (void) state;
        ctl_incident_begin(&incident);
        for (size_t i = 0; i < ELEMENTSOF(malformed); i++)
                take(malformed[i]);
        assert_int_equal(incident.pid, UINT64_MAX);
        assert_int_equal(incident.at, CTL_TIME_NONE);
        assert_int_equal(incident.n_evidence, 0);
        assert_false(incident.before.known);
        take("MEMGUARD_VERDICT=killed");
        assert_int_equal(ctl_incident_end(&incident, 0), 0);
}

/* Values come with a length and no NUL at their end, and may be of any size. */
static void test_values_end_where_they_end(void **state) {
        char long_field[3000] = "MEMGUARD_UNIT=";

        (void) state;
        ctl_incident_begin(&incident);
        ctl_incident_field(&incident, "MEMGUARD_PID=42424242", strlen("MEMGUARD_PID=4242"));
        ctl_incident_field(&incident, "MEMGUARD_COMM=python3-more", strlen("MEMGUARD_COMM=python3"));
        ctl_incident_field(&incident, "MEMGUARD_EVIDENCE=kernel 12 ab", strlen("MEMGUARD_EVIDENCE=kernel 12 a"));
        ctl_incident_field(&incident, "MEMGUARD_EVIDENCE=kernel 12 b", strlen("MEMGUARD_EVIDENCE=kernel 12"));
        ctl_incident_field(&incident, "MEMGUARD_AFTER=anon=123", strlen("MEMGUARD_AFTER=anon=12"));
        assert_int_equal(incident.pid, 4242);
        assert_string_equal(incident.comm, "python3");
        assert_int_equal(incident.n_evidence, 1);
        assert_string_equal(incident.evidence[0].text, "a");
        assert_int_equal(incident.after.bytes[MEMORY_ANON], 12);

        memset(long_field + strlen(long_field), 'x', sizeof(long_field) - strlen("MEMGUARD_UNIT="));
        ctl_incident_field(&incident, long_field, sizeof(long_field));
        assert_int_equal(strlen(incident.unit), sizeof(incident.unit) - 1);
        assert_string_equal(incident.path, "");

        for (unsigned i = 0; i < 3 * EVIDENCE_MAX; i++)
                take("MEMGUARD_EVIDENCE=events 5 more");
        assert_int_equal(incident.n_evidence, EVIDENCE_MAX);
        assert_string_equal(incident.verdict, "");
}

static const char *show(const char *advice) {
        char name[] = "/tmp/test-ctl-incident-XXXXXX";
        int fd = mkostemp(name, O_CLOEXEC), old = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
        ssize_t n;

        assert_true(fd >= 0 && old >= 0);
        assert_int_equal(unlink(name), 0);
        (void) fflush(stdout);
        assert_true(dup2(fd, STDOUT_FILENO) >= 0);
        ctl_explain_show(&incident, &steps, advice);
        ctl_explain_further(&incident, 3, false, incident.at);
        (void) fflush(stdout);
        assert_true(dup2(old, STDOUT_FILENO) >= 0);
        n = pread(fd, shown, sizeof(shown) - 1, 0);
        assert_true(n > 0);
        shown[n] = 0;
        (void) close(fd);
        (void) close(old);
        return shown;
}

static void assert_shown(const char *text) {
        if (!strstr(shown, text))
                fail_msg("\"%s\" is not in:\n%s", text, shown);
}

static void test_block(void **state) {
        (void) state;
        take_all(whole);
        assert_int_equal(ctl_incident_end(&incident, 1), 0);
        steps.n = 0;
        add_step("withheld", "restart", -61500000, "restart was withheld.");
        show("Look at the limit.\n\n    systemctl show api.service\n");
        assert_int_equal(strncmp(shown, whole[0] + 8, strlen(whole[0] + 8)), 0);
        assert_shown("\n  Incident: 6920a000-1\n");
        assert_shown("\n      Unit: /system.slice/api.service\n");
        assert_shown("\n   Process: python3, pid 4242; 2 in all\n");
        assert_shown("\n   Verdict: memory-error (certain), cause rlimit-as, fate survived\n");
        assert_shown("\n        At: main.py:12 in load\n");
        assert_shown("\n  Evidence:  -0.001 s uprobe   MemoryError raised in python3\n             +0.200 s journal  ");
        assert_shown("\n            before     43.8M     45.9M        0B        1B        2B     89.7M\n");
        assert_shown("\n            after         3M     45.9M         -         -         -         -\n");
        assert_shown("\n  Released: Unwinding the error freed 40.8M of anonymous memory.\n");
        assert_shown("\n  memguard: -61.500 s restart was withheld.\n");
        assert_shown("\n\n  Look at the limit.\n\n      systemctl show api.service\n");
        assert_shown("\n3 further incidents since ");
        assert_shown(": memguardctl history --unit api.service\n");

        steps.n = 0;
        show(NULL);
        assert_shown("\n  memguard: did nothing to this unit within a minute of it\n");
        assert_null(strstr(shown, "not kept"));
        take("MEMGUARD_EVIDENCE_DROPPED=7");
        show(NULL);
        assert_shown("7 further pieces of evidence came and were not kept.\n");
}

/* Every field of the largest size, of bytes that a terminal would obey. */
static void test_terminal(void **state) {
        static const char *const names[] = {
                "MESSAGE",
                "MEMGUARD_INCIDENT",
                "MEMGUARD_UNIT",
                "MEMGUARD_CGROUP",
                "MEMGUARD_INVOCATION_ID",
                "MEMGUARD_CAUSE",
                "MEMGUARD_FATE",
                "MEMGUARD_COMM",
                "MEMGUARD_KILLER",
                "MEMGUARD_CONFIDENCE",
                "MEMGUARD_SITE",
                "MEMGUARD_LIMIT",
                "MEMGUARD_RELEASED",
                "MEMGUARD_VERDICT",
        };
        static const char bytes[] = "\033\xc2\x9b\xff\n\r\xe2\x80\xae";
        char field[2048];
        json_t *all;

        (void) state;
        ctl_incident_begin(&incident);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                size_t n = (size_t) snprintf(field, sizeof(field), "%s=", names[i]);

                for (; n < sizeof(field); n++)
                        field[n] = bytes[n % (sizeof(bytes) - 1)];
                ctl_incident_field(&incident, field, sizeof(field));
        }
        take("MEMGUARD_EVIDENCE=\033[2J 1 \033[2J");
        take("MEMGUARD_TIME_USEC=18446744073709551614");
        assert_int_equal(ctl_incident_end(&incident, 1), 0);
        steps.n = 0;
        add_step("action", "\033", 0, "\033[2J");
        show("\033[2J\n");
        for (const char *p = shown; *p; p++)
                assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
        all = ctl_incident_json(&incident, &steps);
        assert_non_null(all);
        json_decref(all);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_json),
                cmocka_unit_test(test_memory_comes_back),
                cmocka_unit_test(test_little_is_enough),
                cmocka_unit_test(test_malformed_fields_are_passed_over),
                cmocka_unit_test(test_values_end_where_they_end),
                cmocka_unit_test(test_block),
                cmocka_unit_test(test_terminal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
