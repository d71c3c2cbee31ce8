/* What one daemon saw is found by the next one: it tells what happened in between, and nothing twice */
#include "temproot.h"

#include "fd.h"
#include "incident.h"
#include "pastfile.h"

#define API "/system.slice/api.service"
#define SEC USEC_PER_SEC
#define T0 (1000 * SEC)

static const char policy[] = "[Match]\nUnit=*.service\n";

typedef struct Bench {
        TempRoot root;
        int dirfd;
        PolicySet *set;
        char told[2048]; /* "VERDICT INVOCATION'S-FIRST-LETTER xCOUNT", a line an incident */
} Bench;

static int set_up(void **state) {
        Bench *bench = calloc(1, sizeof(*bench));
        ConfErrors errors = {0};

        temproot_open(&bench->root);
        temproot_mkdir(&bench->root, "run");
        bench->dirfd = open(temproot_path(&bench->root, "run"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(bench->dirfd >= 0);
        assert_int_equal(policy_set_new(&bench->set), 0);
        assert_int_equal(policy_set_add(bench->set, "f", policy, strlen(policy), &errors), 0);
        *state = bench;
        return 0;
}

static int tear_down(void **state) {
        Bench *bench = *state;

        fd_closep(&bench->dirfd);
        policy_set_free(bench->set);
        temproot_close(&bench->root);
        free(bench);
        return 0;
}

static Engine *daemon_new(const Bench *bench) {
        Engine *engine;

        assert_int_equal(engine_new(&engine), 0);
        assert_int_equal(engine_set_policies(engine, bench->set, T0), 0);
        return engine;
}

static void feed(Bench *bench, Engine *engine, const Event *event) {
        static ActionList actions;

        actions.n_items = actions.n_dropped = 0;
        assert_true(engine_step(engine, event, &actions) >= 0);
        for (unsigned i = 0; i < actions.n_items; i++) {
                const Incident *incident = actions.items[i].record.incident;
                size_t n = strlen(bench->told);

                if (actions.items[i].kind == ACTION_RECORD && actions.items[i].record.kind == RECORD_INCIDENT)
                        (void) snprintf(bench->told + n, sizeof(bench->told) - n, "%s %c x%u\n",
                                        verdict_name(incident->verdict),
                                        incident->invocation[0] ? incident->invocation[0] : '-', incident->count);
        }
}

static void pass(Bench *bench, Engine *engine, usec_t until) {
        while (engine_next_deadline(engine) <= until) {
                Event tick = {.kind = EVENT_TICK, .time = engine_next_deadline(engine)};

                feed(bench, engine, &tick);
        }
}

static void find_running(Bench *bench, Engine *engine, char id, uint64_t kills, usec_t at) {
        Event event = {.kind = EVENT_START, .time = at, .path = API};

        memset(event.start.invocation, id, INVOCATION_MAX - 1);
        event.start.operator_high = BYTES_INFINITY;
        event.start.sample = (Sample){.current = MIB, .working_set = MIB, .anon = MIB, .limit = GIB, .own_max = GIB,
                                      .high = BYTES_INFINITY, .ev_oom_kill = kills, .ev_oom = kills};
        feed(bench, engine, &event);
}

static void read_slice(Bench *bench, Engine *engine, uint64_t kills, usec_t at) {
        Event event = {.kind = EVENT_LEDGER, .time = at, .path = "/system.slice"};

        event.ledger.inode = 7;
        event.ledger.oom = event.ledger.oom_kill = kills;
        feed(bench, engine, &event);
}

/* The first daemon: finds run a with two kills of long ago, and writes down what it saw. */
static void first_daemon(Bench *bench, const PastPlaces *places) {
        Engine *engine = daemon_new(bench);

        find_running(bench, engine, 'a', 2, T0);
        read_slice(bench, engine, 20, T0);
        pass(bench, engine, T0 + 10 * SEC);
        assert_int_equal(pastfile_save(engine, bench->dirfd, places), 0);
        engine_free(engine);
        assert_string_equal(bench->told, "");
}

/* The second one, as the manager does it. */
static Engine *second_daemon(Bench *bench, char id, uint64_t kills, uint64_t slice) {
        PastPlaces places;
        Engine *engine = daemon_new(bench);

        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), 0);
        find_running(bench, engine, id, kills, T0 + 100 * SEC);
        read_slice(bench, engine, slice, T0 + 100 * SEC);
        engine_forget_past(engine);
        pass(bench, engine, T0 + 200 * SEC);
        return engine;
}

static void places_come_back(void **state) {
        Bench *bench = *state;
        PastPlaces saved = {.kmsg_seq = 0, .cursor = "s=ab;i=1;b=c"}, places = {.kmsg_seq = 5};
        Engine *engine = daemon_new(bench);

        first_daemon(bench, &saved);
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), 0);
        assert_true(places.kmsg_seq == 0);
        assert_string_equal(places.cursor, "s=ab;i=1;b=c");
        saved.kmsg_seq = UINT64_MAX - 1;
        memset(saved.cursor, 'c', sizeof(saved.cursor) - 1);
        assert_int_equal(pastfile_save(engine, bench->dirfd, &saved), 0);
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), 0);
        assert_true(places.kmsg_seq == UINT64_MAX - 1);
        assert_string_equal(places.cursor, saved.cursor);
        /* What is unknown is not written. */
        saved = (PastPlaces){.kmsg_seq = UINT64_MAX};
        assert_int_equal(pastfile_save(engine, bench->dirfd, &saved), 0);
        assert_null(strstr(temproot_read(&bench->root, "run/seen"), "kmsg"));
        assert_null(strstr(temproot_read(&bench->root, "run/seen"), "cursor"));
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), 0);
        assert_true(places.kmsg_seq == UINT64_MAX);
        assert_string_equal(places.cursor, "");
        engine_free(engine);
}

static void the_same_counts_are_no_news(void **state) {
        Bench *bench = *state;
        PastPlaces places = {.kmsg_seq = UINT64_MAX};

        first_daemon(bench, &places);
        engine_free(second_daemon(bench, 'a', 2, 20));
        assert_string_equal(bench->told, "");
        /* The second one's file says the same to a third. */
        first_daemon(bench, &places);
        engine_free(second_daemon(bench, 'a', 2, 20));
        assert_string_equal(bench->told, "");
}

static void a_kill_in_between_is_told(void **state) {
        Bench *bench = *state;
        PastPlaces places = {.kmsg_seq = UINT64_MAX};
        Engine *engine;

        first_daemon(bench, &places);
        engine = second_daemon(bench, 'a', 3, 21);
        assert_string_equal(bench->told, "kernel-oom-unit a x1\n");
        /* And by no third one again. */
        assert_int_equal(pastfile_save(engine, bench->dirfd, &places), 0);
        engine_free(engine);
        engine_free(second_daemon(bench, 'a', 3, 21));
        assert_string_equal(bench->told, "kernel-oom-unit a x1\n");
}

/* Another run is there now; PID 1's journal says later how the one before ended. */
static void a_run_that_ended_in_between_is_told(void **state) {
        Bench *bench = *state;
        PastPlaces places = {.kmsg_seq = UINT64_MAX};
        Event said = {.kind = EVENT_WITNESS, .time = T0 + 201 * SEC};
        Engine *engine;

        first_daemon(bench, &places);
        engine = second_daemon(bench, 'b', 0, 21);
        assert_string_equal(bench->told, "");
        said.witness = (Witness){.source = WITNESS_SYSTEMD, .fact = FACT_OOM_SAID, .at = T0 + 50 * SEC, .unit = "api.service"};
        memset(said.witness.invocation, 'a', INVOCATION_MAX - 1);
        feed(bench, engine, &said);
        pass(bench, engine, T0 + 300 * SEC);
        assert_string_equal(bench->told, "kernel-oom-unit a x1\n");
        engine_free(engine);
}

static void damaged_lines_are_left_out(void **state) {
        static const char damage[] = "kmsg\nkmsg x\ncursor\n\n\n17 named\n17 named relative invocation=aa\n"
                                     "17 ledger /system.slice inode=-1\n17 start " API "\nrubbish \x01\xff\n"
                                     "17 ledger /system.slice inode=7 oom=20 oom_kill=20 oom_group_kill=0 local_oom=0\n"
                                     "17 ledger " API " inode=0 oom=2 oom_kill=2 oom_group_kill=0 local_oom=0\nkmsg 77";
        Bench *bench = *state;
        PastPlaces places;
        Engine *engine = daemon_new(bench);

        temproot_write(&bench->root, "run/seen", damage);
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), 0);
        assert_true(places.kmsg_seq == 77);
        assert_string_equal(places.cursor, "");
        engine_free(engine);
        engine_free(second_daemon(bench, 'a', 3, 21));
        assert_string_equal(bench->told, "kernel-oom-unit a x1\n");
}

static void what_is_not_ours_is_not_read(void **state) {
        Bench *bench = *state;
        PastPlaces places = {.kmsg_seq = 5};
        Engine *engine = daemon_new(bench);

        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), -ENOENT);
        temproot_write(&bench->root, "run/elsewhere", "kmsg 7\n");
        assert_int_equal(symlinkat("elsewhere", bench->dirfd, "seen"), 0);
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), -ELOOP);
        assert_int_equal(unlinkat(bench->dirfd, "seen", 0), 0);
        assert_int_equal(mkfifoat(bench->dirfd, "seen", 0600), 0); /* and nobody waits for a writer */
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), -EBADF);
        assert_int_equal(unlinkat(bench->dirfd, "seen", 0), 0);
        temproot_mkdir(&bench->root, "run/seen");
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), -EBADF);
        temproot_rmdir(&bench->root, "run/seen");
        temproot_write(&bench->root, "run/seen", "kmsg 7\n");
        assert_int_equal(truncate(temproot_path(&bench->root, "run/seen"), PASTFILE_BYTES_MAX + 1), 0);
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), -EFBIG);
        assert_true(places.kmsg_seq == 5);
        assert_int_equal(truncate(temproot_path(&bench->root, "run/seen"), PASTFILE_BYTES_MAX), 0);
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), 0);
        engine_free(engine);
}

/* What somebody left in the way is put aside; where nothing can be written the file of before stays. */
static void the_file_is_replaced_at_once(void **state) {
        Bench *bench = *state;
        PastPlaces places = {.kmsg_seq = 8}, back;
        Engine *engine = daemon_new(bench);

        temproot_write(&bench->root, "run/precious", "kept\n");
        assert_int_equal(symlinkat("precious", bench->dirfd, "seen.new"), 0);
        assert_int_equal(symlinkat("precious", bench->dirfd, "seen"), 0);
        assert_int_equal(pastfile_save(engine, bench->dirfd, &places), 0);
        assert_string_equal(temproot_read(&bench->root, "run/precious"), "kept\n");
        assert_int_equal(faccessat(bench->dirfd, "seen.new", F_OK, AT_SYMLINK_NOFOLLOW), -1);
        temproot_mkdir(&bench->root, "run/seen.new");
        places.kmsg_seq = 9;
        assert_true(pastfile_save(engine, bench->dirfd, &places) < 0);
        assert_int_equal(pastfile_load(engine, bench->dirfd, &back), 0);
        assert_true(back.kmsg_seq == 8);
        engine_free(engine);
}

/* Paths with blanks and all kinds of bytes, and as many units as there may be. */
static void odd_paths_come_back(void **state) {
        static const char odd[] = "/system.slice/a b\\x2d\xc3\xa9.service";
        Bench *bench = *state;
        PastPlaces places = {.kmsg_seq = UINT64_MAX};
        Engine *engine = daemon_new(bench);
        Event event = {.kind = EVENT_START, .time = T0};

        memcpy(event.path, odd, sizeof(odd));
        memset(event.start.invocation, 'a', INVOCATION_MAX - 1);
        event.start.operator_high = BYTES_INFINITY;
        event.start.sample = (Sample){.limit = GIB, .own_max = GIB, .high = BYTES_INFINITY, .ev_oom_kill = 2};
        feed(bench, engine, &event);
        for (unsigned i = 0; i + 1 < ENGINE_UNITS_MAX; i++) {
                (void) snprintf(event.path, sizeof(event.path), "/system.slice/u%u.service", i);
                feed(bench, engine, &event);
        }
        assert_int_equal(pastfile_save(engine, bench->dirfd, &places), 0);
        engine_free(engine);
        engine = daemon_new(bench);
        assert_int_equal(pastfile_load(engine, bench->dirfd, &places), 0);
        memcpy(event.path, odd, sizeof(odd));
        event.time = T0 + 50 * SEC;
        feed(bench, engine, &event); /* the same counts */
        pass(bench, engine, T0 + 100 * SEC);
        assert_string_equal(bench->told, "");
        engine_free(engine);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(places_come_back),
                T(the_same_counts_are_no_news),
                T(a_kill_in_between_is_told),
                T(a_run_that_ended_in_between_is_told),
                T(damaged_lines_are_left_out),
                T(what_is_not_ours_is_not_read),
                T(the_file_is_replaced_at_once),
                T(odd_paths_come_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
