/* The private bus API answers root's questions, refuses what is wrong with a sentence, and sends records. */
#include "api-client.h"

/* Skips to a key of an a{sv} at which the message stands, and reads its value; false: it is not there. */
static bool find_key(sd_bus_message *m, const char *key, const char *type, void *ret) {
        const char *name;

        assert_true(sd_bus_message_enter_container(m, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert_true(sd_bus_message_read(m, "s", &name) > 0);
                if (util_streq(name, key)) {
                        assert_true(sd_bus_message_read(m, "v", type, ret) > 0);
                        return true;
                }
                assert_true(sd_bus_message_skip(m, "v") >= 0);
                assert_true(sd_bus_message_exit_container(m) >= 0);
        }
        return false;
}

static void read_key(sd_bus_message *m, const char *key, const char *type, void *ret) {
        if (!find_key(m, key, type, ret))
                fail_msg("there is no key %s", key);
}

static bool has_text(sd_bus_message *m, const char *key) {
        const char *text;

        return find_key(m, key, "s", &text);
}

static const char *get_text(sd_bus_message *m, const char *key) {
        const char *text = NULL;

        assert_true(sd_bus_message_rewind(m, true) >= 0);
        read_key(m, key, "s", &text);
        return text;
}

static uint64_t get_u64(sd_bus_message *m, const char *key) {
        uint64_t value = 0;

        assert_true(sd_bus_message_rewind(m, true) >= 0);
        read_key(m, key, "t", &value);
        return value;
}

static void assert_refused(const char *method, const char *name, const char *words, const char *unit,
                           const char *rung) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus *bus = connect_bus();
        int r;

        r = rung ? CALL(bus, method, &error, NULL, "ss", unit, rung) : CALL(bus, method, &error, NULL, "s", unit);
        assert_true(r < 0);
        assert_string_equal(error.name, name);
        assert_non_null(strstr(error.message, words));
        assert_int_equal(error.message[strlen(error.message) - 1], '.');
        assert_null(strchr(error.message, '\033'));
        sd_bus_error_free(&error);
        sd_bus_close_unref(bus);
}

static void test_daemon(void **state) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "GetDaemon", NULL, &reply, "") >= 0);
        assert_string_equal(get_text(reply, "version"), MEMGUARD_VERSION);
        assert_in_range(get_u64(reply, "uptime_usec"), 89 * USEC_PER_SEC, 200 * USEC_PER_SEC);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_list_has_every_unit_once(void **state) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();
        unsigned n = 0, n_more = 0;

        (void) state;
        assert_true(CALL(bus, "ListUnits", NULL, &reply, "") >= 0);
        assert_true(sd_bus_message_enter_container(reply, 'a', "a{sv}") > 0);
        for (; sd_bus_message_at_end(reply, false) == 0; n++) {
                const char *path = NULL;

                read_key(reply, "path", "s", &path);
                n_more += strstr(path, "/more") != NULL;
                /* Out of the entry and of the dictionary, over what is left of it. */
                assert_true(sd_bus_message_exit_container(reply) >= 0);
                while (sd_bus_message_at_end(reply, false) == 0)
                        assert_true(sd_bus_message_skip(reply, "{sv}") >= 0);
                assert_true(sd_bus_message_exit_container(reply) >= 0);
        }
        assert_int_equal(n, N_MORE + 6);
        assert_int_equal(n_more, N_MORE);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_unit_by_name_and_path(void **state) {
        static const char *const names[] = {"api", "api.service", "/system.slice/api.service"};
        sd_bus *bus = connect_bus();

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                sd_bus_message *reply = NULL;

                assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", names[i]) >= 0);
                assert_string_equal(get_text(reply, "unit"), "api.service");
                assert_string_equal(get_text(reply, "policy"), "/etc/memguard/policy.d/fake.conf");
                assert_string_equal(get_text(reply, "mode"), "act");
                assert_string_equal(get_text(reply, "limit_source"), "/system.slice/api.service");
                assert_int_equal(get_u64(reply, "usage_working_set"), 60 * MIB);
                assert_int_equal(get_u64(reply, "limit_bytes"), 150 * MIB);
                assert_int_equal(get_u64(reply, "pressure_some_usec"), 5000);
                sd_bus_message_unref(reply);
        }
        sd_bus_close_unref(bus);
}

static void test_unit_is_read_afresh(void **state) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "Reload", NULL, NULL, "") >= 0); /* from now on units use 120 MiB */
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", "api") >= 0);
        assert_int_equal(get_u64(reply, "usage_working_set"), 120 * MIB);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_hostile_name_is_escaped_and_found_again(void **state) {
        static const char shown[] = "/system.slice/caf\\xe9\\xc2\\x9b31m\\xe2\\x80\\xae.service";
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", shown) >= 0);
        assert_string_equal(get_text(reply, "path"), shown);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_refusals(void **state) {
        char long_name[3000];

        (void) state;
        memset(long_name, 'x', sizeof(long_name) - 1);
        long_name[sizeof(long_name) - 1] = 0;

        assert_refused("GetUnit", "org.memguard1.Error.NoSuchUnit", "nothing.service is not watched", "nothing", NULL);
        assert_refused("GetUnit", "org.memguard1.Error.NoSuchUnit", "is not watched", "/nothing", NULL);
        assert_refused("GetUnit", "org.memguard1.Error.NoSuchUnit", "is not watched", "\033[31m", NULL);
        assert_refused("GetUnit", "org.memguard1.Error.NoSuchUnit", "is not watched", long_name, NULL);
        assert_refused("GetUnit", "org.memguard1.Error.InvalidArgument", "empty", "", NULL);
        assert_refused("GetPolicy", "org.memguard1.Error.AmbiguousUnit", "user@1001.service/app.slice/same.service",
                       "same", NULL);
        assert_refused("Drill", "org.memguard1.Error.NoSuchRung", "ask, brake, restart", "api", "panic");
        assert_refused("Drill", "org.memguard1.Error.NoSuchRung", "\\x1b[31m", "api", "\033[31m");
        assert_refused("Pause", "org.memguard1.Error.Refused", "can't be paused today\\x1b", "stubborn", NULL);
        assert_refused("Pause", "org.memguard1.Error.NoSuchUnit", "is not watched", "nothing", NULL);
}

static void test_policy_rows_in_order(void **state) {
        static const char *const rows[][4] = {
                {"Policy", "Mode", "act", "/etc/memguard/policy.d/fake.conf:4"},
                {"Policy", "RestartBudget", "3/1h", "/etc/memguard/policy.d/fake.conf:5"},
                {"Policy", "Preference", "normal", "built-in"},
                {"Policy", "Loan", "0", "built-in"},
                {"Policy", "Relax", "10s", "built-in"},
                {"Policy", "ReportFailures", "no", "built-in"},
                {"Policy", "Uprobes", "yes", "built-in"},
                {"Policy", "Journal", "yes", "built-in"},
                {"Rung ask", "Usage", "75%", "/etc/memguard/policy.d/fake.conf:7"},
                {"Rung ask", "Hold", "0s", "built-in"},
                {"Rung ask", "Action", "signal SIGUSR1 main", "/etc/memguard/policy.d/fake.conf:8"},
                {"Rung ask", "Action", "reclaim 10%", "/etc/memguard/policy.d/fake.conf:9"},
                {"Rung ask", "Settle", "5s", "built-in"},
                {"Rung brake", "PressureSome", "300ms/1s", "/etc/memguard/policy.d/fake.conf:11"},
                {"Rung brake", "Hold", "0s", "built-in"},
                {"Rung brake", "Action", "throttle 10s", "/etc/memguard/policy.d/fake.conf:12"},
                {"Rung brake", "Settle", "5s", "built-in"},
                {"Rung restart", "Usage", "90%", "/etc/memguard/policy.d/fake.conf:14"},
                {"Rung restart", "Event", "oom-kill 2/10min", "/etc/memguard/policy.d/fake.conf:15"},
                {"Rung restart", "Hold", "0s", "built-in"},
                {"Rung restart", "Action", "restart", "/etc/memguard/policy.d/fake.conf:16"},
                {"Rung restart", "Settle", "5s", "built-in"},
        };
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "GetPolicy", NULL, &reply, "s", "api") >= 0);
        assert_true(sd_bus_message_enter_container(reply, 'a', "a{sv}") > 0);
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                static const char *const keys[] = {"section", "key", "value", "source"};

                assert_true(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
                for (size_t j = 0; j < 4; j++) {
                        const char *key = NULL, *value = NULL;

                        assert_true(sd_bus_message_read(reply, "{sv}", &key, "s", &value) > 0);
                        assert_string_equal(key, keys[j]);
                        assert_string_equal(value, rows[i][j]);
                }
                while (sd_bus_message_at_end(reply, false) == 0)
                        assert_true(sd_bus_message_skip(reply, "{sv}") >= 0);
                assert_true(sd_bus_message_exit_container(reply) >= 0);
        }
        assert_true(sd_bus_message_at_end(reply, false) > 0);
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_pause_and_drill_reach_the_engine(void **state) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();
        int paused = 0;

        (void) state;
        assert_true(CALL(bus, "Pause", NULL, NULL, "s", "more7") >= 0);
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", "more7") >= 0);
        read_key(reply, "paused", "b", &paused);
        assert_true(paused);
        reply = sd_bus_message_unref(reply);

        assert_true(CALL(bus, "Resume", NULL, NULL, "s", "more7") >= 0);
        assert_true(CALL(bus, "Drill", NULL, NULL, "ss", "more7", "brake") >= 0);
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", "more7") >= 0);
        assert_string_equal(get_text(reply, "rung"), "brake");
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static void test_the_last_incident_of_a_unit_is_kept(void **state) {
        sd_bus_message *reply = NULL;
        sd_bus *bus = connect_bus();

        (void) state;
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", "more6") >= 0);
        assert_false(has_text(reply, "last_id"));
        reply = sd_bus_message_unref(reply);
        assert_true(CALL(bus, "Pause", NULL, NULL, "s", "more6") >= 0);
        assert_true(CALL(bus, "Resume", NULL, NULL, "s", "more6") >= 0);
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", "more6") >= 0);
        assert_string_equal(get_text(reply, "last_id"), "abc-2");
        assert_string_equal(get_text(reply, "last_verdict"), "exit-137");
        assert_string_equal(get_text(reply, "last_fate"), "exited");
        assert_string_equal(get_text(reply, "last_confidence"), "likely");
        assert_int_equal(get_u64(reply, "last_time"), UINT64_C(1800000000000000));
        reply = sd_bus_message_unref(reply);
        assert_true(CALL(bus, "GetUnit", NULL, &reply, "s", "more7") >= 0);
        assert_false(has_text(reply, "last_id"));
        sd_bus_message_unref(reply);
        sd_bus_close_unref(bus);
}

static sd_bus_message *next_signal(sd_bus *bus, uint64_t patience) {
        sd_bus_message *m = NULL;
        int r;

        for (;;) {
                r = sd_bus_process(bus, &m);
                assert_true(r >= 0);
                if (m && sd_bus_message_is_signal(m, "org.memguard1.Manager", "Record") > 0)
                        return m;
                m = sd_bus_message_unref(m);
                if (r == 0 && sd_bus_wait(bus, patience) <= 0)
                        return NULL;
        }
}

static void test_records_go_to_those_who_watch(void **state) {
        sd_bus *watcher = connect_bus(), *other = connect_bus();
        sd_bus_message *m;

        (void) state;
        assert_true(CALL(watcher, "Watch", NULL, NULL, "") >= 0);
        assert_true(CALL(other, "Pause", NULL, NULL, "s", "more8") >= 0);

        m = next_signal(watcher, 5 * USEC_PER_SEC);
        assert_non_null(m);
        assert_string_equal(get_text(m, "unit"), "more8.service");
        assert_string_equal(get_text(m, "text"), "It is paused.\\x1b[2J");
        assert_string_equal(get_text(m, "kind"), "action");
        assert_int_equal(get_u64(m, "latency_usec"), 1500);
        assert_int_equal(get_u64(m, "time"), UINT64_C(1800000000000000));
        sd_bus_message_unref(m);
        assert_null(next_signal(other, 100 * USEC_PER_MSEC));
        sd_bus_close_unref(watcher);
        sd_bus_close_unref(other);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_daemon),
                cmocka_unit_test(test_list_has_every_unit_once),
                cmocka_unit_test(test_unit_by_name_and_path),
                cmocka_unit_test(test_unit_is_read_afresh),
                cmocka_unit_test(test_hostile_name_is_escaped_and_found_again),
                cmocka_unit_test(test_refusals),
                cmocka_unit_test(test_policy_rows_in_order),
                cmocka_unit_test(test_pause_and_drill_reach_the_engine),
                cmocka_unit_test(test_the_last_incident_of_a_unit_is_kept),
                cmocka_unit_test(test_records_go_to_those_who_watch),
        };

        return cmocka_run_group_tests(tests, start, stop);
}
