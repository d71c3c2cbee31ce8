/* The host's guard relieves it by the steps of the one unit that helps, one at a time, and says why it was that unit. */
#include "host-play.h"

#define LOW "[Host low]\nAvailable=15%\nAction=relieve\nSettle=2s\n"
#define LADDER "[Rung ask]\nUsage=60%\nAction=signal SIGUSR1\n[Rung restart]\nUsage=90%\nAction=restart\n"
#define ACT "[Match]\nUnit=*.service\n[Policy]\nMode=act\nRestartBudget=20/1h\n" LADDER LOW

static HostPlay play;

static void begin(const char *policies) {
        host_play_init(&play, policies);
        memset(host_play_n_said, 0, sizeof(host_play_n_said));
        play.rig.watcher = host_play_listen;
}

/* Three quiet services, and a big one that does nothing either. */
static void add_innocents(void) {
        host_play_add(&play, "quiet-a", 20 * MIB, 0);
        host_play_add(&play, "quiet-b", 20 * MIB, 0);
        host_play_add(&play, "quiet-c", 20 * MIB, 0);
        host_play_add(&play, "big", 250 * MIB, 0);
}

static unsigned restarts_of_others(unsigned but) {
        unsigned n = 0;

        for (unsigned i = 0; i < play.rig.n_worlds; i++)
                n += i == but ? 0 : play.n_restarts[i];
        return n;
}

static void a_calm_host_is_read_at_common_multiples_only(void **state) {
        unsigned n = 0;

        (void) state;
        begin(ACT);
        play.others = 0;
        host_play_add(&play, "a", 20 * MIB, 0);
        host_play_run(&play, USEC_PER_MINUTE);
        for (usec_t until = play.rig.now + 10 * USEC_PER_MINUTE, due; (due = engine_next_deadline(play.rig.engine)) < until; n++) {
                assert_true(due % (15 * USEC_PER_SEC) == 0);
                rig_run_until(&play.rig, due);
        }
        assert_in_range(n, 30, 40);
        rig_done(&play.rig);
}

static void without_a_rung_of_the_host_nothing_is_read(void **state) {
        Event event;

        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n[Rung a]\nUsage=90%\nAction=restart\n");
        host_play_add(&play, "a", 20 * MIB, 0);
        rig_wait(&play.rig, 10 * USEC_PER_MINUTE);
        event = rig_host_event(&play.rig);
        assert_int_equal(rig_feed(&play.rig, &event), 1);
        assert_int_equal(play.rig.n_hosts, 0);
        rig_done(&play.rig);
}

static void a_leak_ends_by_restarts_of_the_leaking_unit_alone(void **state) {
        (void) state;
        begin(ACT);
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 25 * MIB);
        host_play_run(&play, 3 * USEC_PER_MINUTE);
        assert_in_range(play.n_restarts[4], 5, 12);
        assert_int_equal(restarts_of_others(4), 0);
        assert_true(play.least > 30 * MIB);
        assert_int_equal(host_play_n_said[RECORD_HOST_NONE], 0);
        (void) play_log(&play.rig);
        assert_true(host_play_until(&play, "[for-host restart", USEC_PER_MINUTE));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "leak.service: rung 'restart' is taken for the host, which has "));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "Chosen because it grew by 2"));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "and a restart frees "));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "big.service (250M) does not grow"));
        rig_done(&play.rig);
}

static void the_steps_are_graduated_and_each_may_settle(void **state) {
        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n" LADDER "[Host low]\nAvailable=30%\nAction=relieve\nSettle=3s\n");
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 25 * MIB);
        (void) play_log(&play.rig);
        assert_true(host_play_until(&play, "spend", USEC_PER_MINUTE));
        assert_non_null(strstr(play.rig.log, "[host low taken] [for-host ask taken] do(signal SIGUSR1 main)"));
        assert_non_null(strstr(play.rig.log, "[host-verified low no-help] [for-host restart taken]"));
        assert_int_equal(play_view(&play.rig).rung, -1);
        /* Its own ladder knows nothing of it. */
        rig_done(&play.rig);
}

static void with_the_time_running_out_gentle_rungs_are_left_out(void **state) {
        (void) state;
        begin(ACT);
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 60 * MIB);
        (void) play_log(&play.rig);
        assert_true(host_play_until(&play, "spend", USEC_PER_MINUTE));
        assert_non_null(strstr(play.rig.log, "[for-host restart emergency]"));
        assert_null(strstr(play.rig.log, "signal"));
        assert_true(play.least > 40 * MIB);
        rig_done(&play.rig);
}

static void begin_with_avoided_leak(void) {
        static const char avoid[] = "[Match]\nUnit=leak.service\n[Policy]\nPreference=avoid\n";
        ConfErrors errors = {0};

        begin(ACT);
        assert_int_equal(policy_set_add(play.rig.set, "zz", avoid, strlen(avoid), &errors), 0);
        engine_set_policies(play.rig.engine, play.rig.set, play.rig.now);
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 25 * MIB);
        assert_true(host_play_until(&play, "do(", USEC_PER_MINUTE));
}

static void an_avoided_leaker_goes_last_and_goes_all_the_same(void **state) {
        (void) state;
        begin_with_avoided_leak();
        /* The big one is asked first, which costs nothing. */
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "big.service: rung 'ask' is taken for the host"));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "leak.service ("));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "has Preference=avoid"));
        host_play_run(&play, 2 * USEC_PER_MINUTE);
        assert_in_range(play.n_restarts[4], 2, 9);
        assert_int_equal(restarts_of_others(4), 0);
        assert_true(play.least > 30 * MIB);
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "Chosen, though it has Preference=avoid, because"));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "big.service (250M)"));
        rig_done(&play.rig);
}

/* Whenever it does so while the host is short: two huge pages are 4 MiB. */
static void who_jumps_once_is_not_ended_for_it(void **state) {
        (void) state;
        for (usec_t wait = 0; wait < 3 * USEC_PER_SEC; wait += 100 * USEC_PER_MSEC) {
                begin_with_avoided_leak();
                host_play_run(&play, wait);
                play.rig.worlds[0].ws += 4 * MIB;
                host_play_run(&play, 20 * USEC_PER_SEC);
                assert_int_equal(restarts_of_others(4), 0);
                assert_true(play.n_restarts[4] > 0 && play.least > 30 * MIB);
                rig_done(&play.rig);
        }
}

/* A service is started while the host is short, by whomever, and takes what it takes. */
static void who_has_just_begun_is_not_ended_for_what_it_begins_with(void **state) {
        (void) state;
        for (usec_t wait = 0; wait < 3 * USEC_PER_SEC; wait += 100 * USEC_PER_MSEC) {
                Event stop;

                begin_with_avoided_leak();
                host_play_run(&play, wait);
                stop = play_event(&play.rig.worlds[1], EVENT_STOP);
                rig_feed(&play.rig, &stop);
                play.rig.worlds[1].ws = 0;
                assert_int_equal(play_start_of(&play.rig, &play.rig.worlds[1], /* fresh= */ true), 0);
                play.rate[1] = 12 * MIB;
                host_play_run(&play, 2 * USEC_PER_SEC);
                play.rate[1] = 0;
                host_play_run(&play, 20 * USEC_PER_SEC);
                assert_int_equal(restarts_of_others(4), 0);
                assert_true(play.n_restarts[4] > 0 && play.least > 20 * MIB);
                rig_done(&play.rig);
        }
}

static void a_unit_that_may_not_be_acted_on_is_no_candidate_and_that_is_said_once(void **state) {
        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=observe\n" LADDER LOW);
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 25 * MIB);
        host_play_run(&play, 30 * USEC_PER_SEC);
        assert_int_equal(host_play_n_said[RECORD_HOST_STEP], 0);
        assert_int_equal(host_play_n_said[RECORD_HOST_NONE], 1);
        assert_int_equal(restarts_of_others(9), 0);
        assert_non_null(strstr(host_play_said[RECORD_HOST_NONE], "no unit could relieve it: of those watched 5 only observe."));
        rig_done(&play.rig);
}

static void a_spent_budget_ends_it_with_an_alert(void **state) {
        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\nRestartBudget=1/1h\n[Rung restart]\nUsage=90%\nAction=restart\n" LOW);
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 25 * MIB);
        host_play_run(&play, USEC_PER_MINUTE);
        assert_int_equal(play.n_restarts[4], 1);
        assert_int_equal(restarts_of_others(4), 0);
        assert_int_equal(host_play_n_said[RECORD_HOST_NONE], 1);
        assert_non_null(strstr(host_play_said[RECORD_HOST_NONE], "has its next steps withheld"));
        rig_done(&play.rig);
}

static void what_nobody_watches_is_no_reason_to_end_innocents(void **state) {
        (void) state;
        begin(ACT);
        add_innocents();
        play.others_rate = 25 * MIB;
        host_play_run(&play, 30 * USEC_PER_SEC);
        for (unsigned i = 0; i < play.rig.n_worlds; i++)
                assert_int_equal(play.n_restarts[i], 0);
        assert_int_equal(host_play_n_said[RECORD_HOST_NONE], 1);
        rig_done(&play.rig);
}

static void a_slow_leak_is_found_by_what_it_has_grown_by(void **state) {
        (void) state;
        begin(ACT);
        add_innocents();
        host_play_add(&play, "slow", 8 * MIB, MIB / 4);
        host_play_run(&play, 30 * USEC_PER_MINUTE);
        assert_in_range(play.n_restarts[4], 1, 2);
        assert_int_equal(restarts_of_others(4), 0);
        rig_done(&play.rig);
}

/* As after an upgrade of memguard: what it leaked before that nobody has seen. */
static void who_leaked_before_it_was_seen_is_the_last_resort(void **state) {
        (void) state;
        begin(ACT);
        host_play_add(&play, "big", 250 * MIB, 0);
        host_play_add(&play, "old", 545 * MIB, MIB / 4);
        assert_true(host_play_until(&play, "[host-none", USEC_PER_MINUTE));
        assert_non_null(strstr(host_play_said[RECORD_HOST_NONE], "of those watched 2 may have grown before the host was guarded"));
        assert_non_null(strstr(host_play_said[RECORD_HOST_NONE], "M) ran before the host was guarded: what it began with is not "
                                                                 "known"));
        assert_null(strstr(host_play_said[RECORD_HOST_NONE], "does not grow"));
        host_play_run(&play, 2 * USEC_PER_MINUTE);
        assert_int_equal(play.n_restarts[1], 1);
        assert_int_equal(restarts_of_others(1), 0);
        assert_in_range(play.least, 25 * MIB, 35 * MIB); /* not before the reserve is reached */
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "(it ran before the host was guarded), and nothing else would "
                                                                 "help"));
        rig_done(&play.rig);
}

static void what_was_seen_from_its_beginning_does_not_count_as_unknown(void **state) {
        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n[Rung restart]\nUsage=90%\nAction=restart\n" LOW);
        host_play_add(&play, "big", 250 * MIB, 0);
        host_play_add(&play, "old", 400 * MIB, 0);
        play.rig.worlds[1].present = false;
        {
                Event stop = play_event(&play.rig.worlds[1], EVENT_STOP);

                assert_int_equal(rig_feed(&play.rig, &stop), 0);
        }
        assert_int_equal(play_start_of(&play.rig, &play.rig.worlds[1], /* fresh= */ true), 0);
        play.others_rate = 5 * MIB;
        host_play_run(&play, 30 * USEC_PER_SEC);
        assert_non_null(strstr(host_play_said[RECORD_HOST_NONE], "old.service (400M) does not grow, so that a restart would be"));
        assert_non_null(strstr(host_play_said[RECORD_HOST_NONE], "big.service (250M) ran before the host was guarded"));
        rig_done(&play.rig);
}

static void one_at_a_time_while_a_restart_hangs_and_there_is_time(void **state) {
        (void) state;
        begin(ACT);
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 4 * MIB);
        host_play_add(&play, "other", 8 * MIB, 2 * MIB);
        play.stuck = ~0U;
        assert_true(host_play_until(&play, "do(restart)", 3 * USEC_PER_MINUTE));
        (void) play_log(&play.rig);
        host_play_run(&play, 10 * USEC_PER_SEC);
        assert_null(strstr(play_log(&play.rig), "do("));
        rig_done(&play.rig);
}

static void a_restart_that_hangs_is_given_up_when_the_time_runs_out(void **state) {
        (void) state;
        begin(ACT);
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 15 * MIB);
        host_play_add(&play, "other", 8 * MIB, 10 * MIB);
        play.stuck = 1 << 4;
        assert_true(host_play_until(&play, "[for-host restart", USEC_PER_MINUTE));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "leak.service: rung 'restart'"));
        (void) play_log(&play.rig);
        assert_true(host_play_until(&play, "[host-verified low no-help]", 10 * USEC_PER_SEC));
        assert_non_null(strstr(host_play_said[RECORD_HOST_VERIFIED], "The restart of leak.service, which was begun for the "
                                                                     "host's rung 'low', has not "
                                                                     "ended after "));
        host_play_run(&play, 2 * USEC_PER_SEC);
        assert_int_equal(play.n_restarts[5], 1);
        assert_int_equal(restarts_of_others(5), 0);
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "other.service: rung 'restart' is taken for the host"));
        rig_done(&play.rig);
}

/* Whatever else its rungs offer: a freeze would hold up the very end that is waited for. */
static void what_hangs_is_left_alone(void **state) {
        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n[Rung restart]\nUsage=80%\nAction=restart\n"
              "[Rung halt]\nUsage=90%\nAction=freeze 1min\n" LOW);
        host_play_add(&play, "leak", 8 * MIB, 25 * MIB);
        play.stuck = 1;
        assert_true(host_play_until(&play, "[for-host restart", 2 * USEC_PER_MINUTE));
        (void) play_log(&play.rig);
        host_play_run(&play, 10 * USEC_PER_SEC);
        assert_null(strstr(play_log(&play.rig), "do("));
        assert_non_null(strstr(host_play_said[RECORD_HOST_NONE], "of those watched 1 is being ended already"));
        rig_done(&play.rig);
}

/* slow.service sits in its stop timeout by its own rung; that is no reason to let the host die. */
static void what_hangs_by_its_own_rung_does_not_hold_the_guard_up(void **state) {
        World *slow;

        (void) state;
        begin(ACT);
        add_innocents();
        slow = host_play_add(&play, "slow", 60 * MIB, 0);
        host_play_add(&play, "leak", 8 * MIB, 25 * MIB);
        play.stuck = 1 << 4;
        slow->max = slow->operator_max = 100 * MIB;
        slow->ws = 95 * MIB;
        assert_true(host_play_until(&play, "do(restart)", USEC_PER_MINUTE));
        assert_int_equal(host_play_n_said[RECORD_HOST_RUNG], 0);
        host_play_run(&play, USEC_PER_MINUTE);
        assert_in_range(play.n_restarts[5], 1, 4);
        assert_int_equal(restarts_of_others(5), 0);
        assert_true(play.least > 30 * MIB);
        assert_int_equal(host_play_n_said[RECORD_HOST_NONE], 0);
        rig_done(&play.rig);
}

/* It frees its memory in a moment: nobody else is bothered meanwhile. */
static void check_its_own_rung_is_enough(uint64_t rate, uint64_t max, uint64_t grows_beside, usec_t after) {
        World *leak;

        begin(ACT);
        add_innocents();
        leak = host_play_add(&play, "leak", 8 * MIB, rate);
        leak->max = leak->operator_max = max; /* its last rung is reached a moment before the host's */
        if (grows_beside > 0)
                host_play_add(&play, "grows", 150 * MIB, grows_beside);
        assert_true(host_play_until(&play, "[host low taken]", USEC_PER_MINUTE));
        host_play_run(&play, after);
        assert_int_equal(play.n_restarts[4], 1);
        assert_int_equal(host_play_n_said[RECORD_HOST_STEP], 0);
        rig_done(&play.rig);
}

static void what_ends_by_its_own_rung_is_given_its_moment(void **state) {
        (void) state;
        check_its_own_rung_is_enough(10 * MIB, 430 * MIB, 0, 10 * USEC_PER_SEC);
}

/* Also where less is left than a goodbye takes: nobody else is ended for what comes free in a moment. */
static void so_it_is_in_a_hurry(void **state) {
        (void) state;
        check_its_own_rung_is_enough(60 * MIB, 280 * MIB, 2 * MIB, USEC_PER_SEC);
}

/* A rung that only tells has taken nothing that could have helped. */
static void what_another_rung_took_is_not_verified_as_this_ones(void **state) {
        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n" LADDER "[Host low]\nAvailable=30%\nAction=relieve\n"
              "[Host last]\nAvailable=22%\nAction=notify\n");
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 60 * MIB);
        (void) play_log(&play.rig);
        assert_true(host_play_until(&play, "[for-host ask taken]", USEC_PER_MINUTE));
        assert_true(host_play_until(&play, "[host last emergency]", 2 * USEC_PER_SEC));
        assert_int_equal(host_play_n_said[RECORD_HOST_VERIFIED], 0);
        host_play_run(&play, 10 * USEC_PER_SEC);
        assert_int_equal(host_play_n_said[RECORD_HOST_VERIFIED], 0);
        rig_done(&play.rig);
}

static void what_was_taken_before_a_reload_is_not_verified_after_it(void **state) {
        PolicySet *old;

        (void) state;
        begin(ACT);
        add_innocents();
        host_play_add(&play, "leak", 8 * MIB, 10 * MIB);
        (void) play_log(&play.rig);
        assert_true(host_play_until(&play, "[for-host ask taken]", USEC_PER_MINUTE));
        old = play.rig.set;
        play.rig.set = rig_policies("[Match]\nUnit=*.service\n[Policy]\nMode=act\n" LADDER
                                    "[Host warn]\nAvailable=50%\nAction=notify\n");
        engine_set_policies(play.rig.engine, play.rig.set, play.rig.now);
        policy_set_free(old);
        host_play_run(&play, 10 * USEC_PER_SEC);
        assert_non_null(strstr(host_play_said[RECORD_HOST_RUNG], "The host reached rung 'warn'"));
        assert_int_equal(host_play_n_said[RECORD_HOST_VERIFIED], 0);
        rig_done(&play.rig);
}

static void a_pause_stops_it_and_a_resume_goes_on(void **state) {
        Event pause = {.kind = EVENT_PAUSE}, resume = {.kind = EVENT_RESUME};

        (void) state;
        begin(ACT);
        host_play_add(&play, "leak", 8 * MIB, 10 * MIB);
        rig_feed(&play.rig, &pause);
        (void) play_log(&play.rig);
        host_play_run(&play, 72 * USEC_PER_SEC);
        assert_null(strstr(play_log(&play.rig), "do("));
        assert_non_null(strstr(host_play_said[RECORD_HOST_NONE], "1 is paused"));
        rig_feed(&play.rig, &resume);
        host_play_run(&play, 10 * USEC_PER_SEC);
        assert_non_null(strstr(play_log(&play.rig), "do(restart)"));
        rig_done(&play.rig);
}

static void swap_that_is_not_there_is_no_condition(void **state) {
        Event event;

        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n" LADDER "[Host low]\nSwapFree=20%\nAction=relieve\n");
        host_play_add(&play, "leak", 8 * MIB, 30 * MIB);
        host_play_run(&play, 35 * USEC_PER_SEC);
        assert_int_equal(host_play_n_said[RECORD_HOST_RUNG], 0);
        assert_int_equal(host_play_n_said[RECORD_HOST_IDLE], 1);
        assert_string_equal(host_play_said[RECORD_HOST_IDLE],
                            "SwapFree= of [Host low] can never hold here, because the host has no swap. Give the rung an "
                            "Available= that this host can reach.");
        /* Numbers that can't be, as of a container: no reading at all. */
        event = rig_host_event(&play.rig);
        event.host.swap_free = UINT64_MAX - 5;
        assert_int_equal(rig_feed(&play.rig, &event), -EINVAL);
        rig_done(&play.rig);
}

static void short_swap_is_a_condition_of_its_own(void **state) {
        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n" LADDER "[Host low]\nSwapFree=20%\nAction=notify\n");
        play.rig.host.swap_total = 500 * MIB;
        play.rig.swap_free = 400 * MIB;
        host_play_add(&play, "a", 8 * MIB, 0);
        host_play_run(&play, 40 * USEC_PER_SEC);
        assert_int_equal(host_play_n_said[RECORD_HOST_RUNG], 0);
        play.rig.swap_free = 90 * MIB;
        host_play_run(&play, 20 * USEC_PER_SEC);
        assert_int_equal(host_play_n_said[RECORD_HOST_RUNG], 1);
        assert_non_null(strstr(host_play_said[RECORD_HOST_RUNG], "90M of its swap is free, below SwapFree=20%"));
        play.rig.swap_free = 400 * MIB;
        host_play_run(&play, USEC_PER_MINUTE);
        assert_int_equal(host_play_n_said[RECORD_HOST_RELAXED], 1);
        rig_done(&play.rig);
}

/* Its working set stands still, as the kernel writes out as much as it takes. */
static void a_leak_that_goes_into_swap_is_seen(void **state) {
        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n[Rung restart]\nUsage=90%\nAction=restart\n"
              "[Host low]\nSwapFree=40%\nAction=relieve\nSettle=2s\n");
        play.rig.host.total = HOST_TOTAL;
        play.rig.host.swap_total = play.rig.swap_free = 500 * MIB;
        add_innocents();
        host_play_add(&play, "leak", 300 * MIB, 0);
        (void) play_log(&play.rig);
        for (unsigned i = 0; i < 40 * 20 && play.n_restarts[4] == 0; i++) {
                play.rig.worlds[4].swapped += MIB;
                play.rig.swap_free -= MIB;
                host_play_run(&play, HOST_STEP);
                if (play.rig.swap_free == 0)
                        break;
        }
        assert_int_equal(play.n_restarts[4], 1);
        assert_int_equal(restarts_of_others(4), 0);
        assert_true(play.rig.swap_free > 100 * MIB);
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "leak.service: rung 'restart'"));
        rig_done(&play.rig);
}

static void pressure_alone_brings_it_about(void **state) {
        Event event;

        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n" LADDER "[Host low]\nPressureFull=200ms/1s\nAction=notify\n");
        host_play_add(&play, "a", 8 * MIB, 0);
        rig_wait(&play.rig, 10 * USEC_PER_MINUTE);
        assert_in_range(play.rig.n_hosts, 0, 2); /* when it began */
        for (unsigned i = 0; i < 4; i++) {
                event = rig_host_event(&play.rig);
                play.rig.host.full_total += 120 * USEC_PER_MSEC;
                rig_feed(&play.rig, &event);
                rig_wait(&play.rig, 250 * USEC_PER_MSEC);
        }
        assert_int_equal(host_play_n_said[RECORD_HOST_RUNG], 1);
        assert_non_null(strstr(host_play_said[RECORD_HOST_RUNG], "it stalled for memory (full) for at least 200 ms in 1 s"));
        rig_wait(&play.rig, USEC_PER_MINUTE);
        assert_int_equal(host_play_n_said[RECORD_HOST_RELAXED], 1);
        rig_done(&play.rig);
}

static void a_freeze_for_the_host_is_undone_with_it(void **state) {
        (void) state;
        begin("[Match]\nUnit=*.service\n[Policy]\nMode=act\n[Rung halt]\nUsage=90%\nAction=freeze 1min\n" LOW);
        host_play_add(&play, "leak", 8 * MIB, 25 * MIB);
        assert_true(host_play_until(&play, "do(freeze", 2 * USEC_PER_MINUTE));
        host_play_run(&play, USEC_PER_SEC);
        assert_true(play.rig.worlds[0].frozen);
        play.others -= 100 * MIB;
        play.rate[0] = 0;
        (void) play_log(&play.rig);
        host_play_run(&play, 20 * USEC_PER_SEC);
        assert_non_null(strstr(play_log(&play.rig), "[host-relaxed low calm] thaw [undone freeze relaxed]"));
        assert_false(play.rig.worlds[0].frozen);
        rig_done(&play.rig);
}

static void sacrifice_goes_first_where_it_helps(void **state) {
        (void) state;
        begin("[Match]\nUnit=leak.service cache.service\n[Policy]\nMode=act\n[Rung stop]\nUsage=90%\nAction=stop\n" LOW);
        {
                static const char more[] = "[Match]\nUnit=cache.service tiny.service\n[Policy]\nMode=act\nPreference=sacrifice\n"
                                           "[Rung stop]\nUsage=90%\nAction=stop\n";
                ConfErrors errors = {0};

                assert_int_equal(policy_set_add(play.rig.set, "zz", more, strlen(more), &errors), 0);
                engine_set_policies(play.rig.engine, play.rig.set, play.rig.now);
        }
        host_play_add(&play, "leak", 8 * MIB, 25 * MIB);
        host_play_add(&play, "cache", 100 * MIB, 0);
        host_play_add(&play, "tiny", 2 * MIB, 0);
        assert_true(host_play_until(&play, "do(stop)", USEC_PER_MINUTE));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "cache.service: rung 'stop'"));
        assert_non_null(strstr(host_play_said[RECORD_HOST_STEP], "Chosen by Preference=sacrifice, and because"));
        host_play_run(&play, 20 * USEC_PER_SEC);
        assert_int_equal(play.n_restarts[0], 1);
        assert_int_equal(play.n_restarts[2], 0);
        rig_done(&play.rig);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_calm_host_is_read_at_common_multiples_only),
                cmocka_unit_test(without_a_rung_of_the_host_nothing_is_read),
                cmocka_unit_test(a_leak_ends_by_restarts_of_the_leaking_unit_alone),
                cmocka_unit_test(the_steps_are_graduated_and_each_may_settle),
                cmocka_unit_test(with_the_time_running_out_gentle_rungs_are_left_out),
                cmocka_unit_test(an_avoided_leaker_goes_last_and_goes_all_the_same),
                cmocka_unit_test(who_jumps_once_is_not_ended_for_it),
                cmocka_unit_test(who_has_just_begun_is_not_ended_for_what_it_begins_with),
                cmocka_unit_test(a_unit_that_may_not_be_acted_on_is_no_candidate_and_that_is_said_once),
                cmocka_unit_test(a_spent_budget_ends_it_with_an_alert),
                cmocka_unit_test(what_nobody_watches_is_no_reason_to_end_innocents),
                cmocka_unit_test(a_slow_leak_is_found_by_what_it_has_grown_by),
                cmocka_unit_test(who_leaked_before_it_was_seen_is_the_last_resort),
                cmocka_unit_test(what_was_seen_from_its_beginning_does_not_count_as_unknown),
                cmocka_unit_test(one_at_a_time_while_a_restart_hangs_and_there_is_time),
                cmocka_unit_test(a_restart_that_hangs_is_given_up_when_the_time_runs_out),
                cmocka_unit_test(what_hangs_is_left_alone),
                cmocka_unit_test(what_hangs_by_its_own_rung_does_not_hold_the_guard_up),
                cmocka_unit_test(what_ends_by_its_own_rung_is_given_its_moment),
                cmocka_unit_test(so_it_is_in_a_hurry),
                cmocka_unit_test(what_another_rung_took_is_not_verified_as_this_ones),
                cmocka_unit_test(what_was_taken_before_a_reload_is_not_verified_after_it),
                cmocka_unit_test(a_pause_stops_it_and_a_resume_goes_on),
                cmocka_unit_test(swap_that_is_not_there_is_no_condition),
                cmocka_unit_test(short_swap_is_a_condition_of_its_own),
                cmocka_unit_test(a_leak_that_goes_into_swap_is_seen),
                cmocka_unit_test(pressure_alone_brings_it_about),
                cmocka_unit_test(a_freeze_for_the_host_is_undone_with_it),
                cmocka_unit_test(sacrifice_goes_first_where_it_helps),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
