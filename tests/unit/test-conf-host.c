/* [Host NAME] sections are read, merged over all files and checked, and have no say in any unit's policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "conf.h"

#define LOW "[Host low]\nAvailable=15%\nAction=relieve\n"

/* The files "1", "2" and so on, and what is told about them, by the reading and by the check. */
static PolicySet *read_all(const char *const texts[], size_t n_texts, char *ret_told, size_t size) {
        ConfErrors errors = {0};
        PolicySet *set;
        char name[16];

        assert_int_equal(policy_set_new(&set), 0);
        for (size_t i = 0; i < n_texts; i++) {
                (void) snprintf(name, sizeof(name), "%zu", i + 1);
                (void) policy_set_add(set, name, texts[i], strlen(texts[i]), &errors);
        }
        (void) policy_set_check(set, &errors);
        *ret_told = 0;
        for (unsigned i = 0; i < errors.n_items; i++) {
                size_t used = strlen(ret_told);

                (void) snprintf(ret_told + used, size - used, "%s\n", errors.items[i].text);
        }
        conf_errors_done(&errors);
        return set;
}

#define READ(told, ...) read_all((const char *[]){__VA_ARGS__}, ELEMENTSOF(((const char *[]){__VA_ARGS__})), told, sizeof(told))

static void every_value_is_read(void **state) {
        char told[4096];
        PolicySet *set = READ(told, "[Host low]\nAvailable=15%\nSwapFree=64M\nPressureSome=200ms/2s\nPressureFull=100ms/1s\n"
                                    "Hold=1s\nSettle=3s\nAction=notify\nAction=relieve\n[Host last]\nAvailable=7.5%\n"
                                    "Action=relieve\n");
        const HostPolicy *host = policy_set_host(set);
        const HostRung *low = &host->rungs[0];

        (void) state;
        assert_string_equal(told, "");
        assert_int_equal(host->n_rungs, 2);
        assert_string_equal(low->name, "low");
        assert_true(low->available.set && low->available.percent);
        assert_int_equal(low->available.value, 1500);
        assert_int_equal(low->available_source.line, 2);
        assert_true(low->swap_free.set && !low->swap_free.percent);
        assert_int_equal(low->swap_free.value, 64 * MIB);
        assert_int_equal(low->stalls[STALLED_SOME].stall, 200 * USEC_PER_MSEC);
        assert_int_equal(low->stalls[STALLED_SOME].window, 2 * USEC_PER_SEC);
        assert_int_equal(low->stalls[STALLED_FULL].source.line, 5);
        assert_int_equal(low->hold, USEC_PER_SEC);
        assert_int_equal(low->settle, 3 * USEC_PER_SEC);
        assert_true(low->notify && low->relieve);
        assert_int_equal(low->relieve_source.line, 9);
        assert_int_equal(host->rungs[1].settle, 5 * USEC_PER_SEC);
        assert_int_equal(host->rungs[1].settle_source.file, -1);
        assert_int_equal(host->rungs[1].available.value, 750);
        assert_false(host->rungs[1].notify);
        (void) policy_set_free(set);
}

static void the_widest_trigger_catches_every_pressure(void **state) {
        char told[4096];
        PolicySet *set = READ(told, LOW "[Host b]\nPressureSome=200ms/2s\nAction=notify\n[Host c]\nPressureFull=400ms/1s\n"
                                        "Action=notify\n");
        usec_t stall, window;

        (void) state;
        assert_string_equal(told, "");
        assert_int_equal(host_policy_pressure(policy_set_host(set), &stall, &window), 1);
        assert_int_equal(window, USEC_PER_SEC);
        assert_int_equal(stall, 100 * USEC_PER_MSEC);
        (void) policy_set_free(set);
        set = READ(told, LOW);
        assert_int_equal(host_policy_pressure(policy_set_host(set), &stall, &window), 0);
        (void) policy_set_free(set);
}

static void later_files_override_and_empty_values_reset(void **state) {
        char told[4096];
        PolicySet *set = READ(told, LOW "Settle=1s\nPressureSome=1s/2s\n[Host last]\nAvailable=5%\nAction=relieve\n",
                              "[Host low]\nAvailable=20%\nSettle=\nPressureSome=\nAction=\nAction=notify\n");
        const HostRung *low = &policy_set_host(set)->rungs[0];

        (void) state;
        assert_string_equal(told, "");
        assert_int_equal(low->available.value, 2000);
        assert_int_equal(low->available_source.file, 1);
        assert_int_equal(low->source.file, 0);
        assert_int_equal(low->settle, 5 * USEC_PER_SEC);
        assert_int_equal(low->stalls[STALLED_SOME].stall, 0);
        assert_true(low->notify && !low->relieve);
        assert_int_equal(policy_set_host(set)->n_rungs, 2);
        (void) policy_set_free(set);
}

static void a_file_may_speak_of_units_and_of_the_host(void **state) {
        static const char both[] = "[Match]\nUnit=a.service\n[Rung low]\nUsage=90%\nAction=restart\n" LOW
                                   "[Policy]\nMode=act\n";
        const Policy *policy;
        char told[4096];
        PolicySet *set = READ(told, both);

        (void) state;
        assert_string_equal(told, "");
        assert_int_equal(policy_set_resolve(set, "a.service", "/a.service", &policy), 0);
        assert_int_equal(policy->n_rungs, 1);
        assert_int_equal(policy->mode, MODE_ACT);
        assert_int_equal(policy->rungs[0].settle, 5 * USEC_PER_SEC);
        assert_int_equal(policy_set_host(set)->n_rungs, 1);
        /* The host's part is for no unit. */
        assert_int_equal(policy_set_resolve(set, "b.service", "/b.service", &policy), 0);
        assert_null(policy);
        (void) policy_set_free(set);
}

static void mistakes_are_told_where_they_are(void **state) {
        static const struct {
                const char *text, *told;
        } cases[] = {
                {"[Host]\nAvailable=10%\nAction=relieve\n", "1:1: [Host] has no name; expected [Host NAME]\n"},
                {LOW "[Host low]\nSwapFree=10%\n",
                 "1:4: [Host low] was there in line 1 already; expected each rung once in a file\n"},
                {"[Host a]\nAvailable=80%\nAction=relieve\n",
                 "1:2: Available=80% is out of range; expected a share of the host's memory up to 75%, such as 15%, or a size "
                 "from 1M, such as 256M\n"},
                {"[Host a]\nAvailable=15\nAction=relieve\n",
                 "1:2: Available=15 is out of range; expected a share of the host's memory up to 75%, such as 15%, or a size "
                 "from 1M, such as 256M\n"},
                {"[Host a]\nAvailable=0%\nAction=relieve\n",
                 "1:2: Available=0% is out of range; expected a share of the host's memory up to 75%, such as 15%, or a size "
                 "from 1M, such as 256M\n"},
                {LOW "Action=restart\n", "1:4: Action=restart is a unit's; expected relieve, which takes the next rung of the "
                                         "unit that helps most, or notify\n"},
                {LOW "Action=help\n", "1:4: Action=help is not understood; expected relieve or notify\n"},
                {LOW "Usage=10%\n", "1:4: Usage= stands in [Host NAME]; expected it in [Rung NAME]\n"},
                {LOW "PressureSome=2s/1s\n",
                 "1:4: PressureSome=2s/1s is not understood; expected STALL/WINDOW with a window from 500ms to 10s and a "
                 "stall from 1ms up to it, such as 300ms/1s\n"},
                {LOW "[Rung x]\nUsage=80%\nAction=notify\n",
                 "1: the file is for no unit; expected Unit= or Cgroup= in [Match]\n"},
                {"[Host a]\nSettle=5s\n", "1:1: [Host a] has no condition; expected Available=, SwapFree=, PressureSome= or "
                                          "PressureFull=\n1:1: [Host a] has no action; expected Action=relieve or "
                                          "Action=notify\n"},
                {LOW "[Host b]\nAvailable=15%\nAction=relieve\n",
                 "1:5: Available=15% of [Host b] is not below the 15% of [Host low], which comes before it (1:2); expected "
                 "falling levels\n"},
        };
        char told[4096];

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                (void) policy_set_free(READ(told, cases[i].text));
                assert_string_equal(told, cases[i].told);
        }
}

static void rungs_of_the_host_are_bounded_over_all_files(void **state) {
        char one[2048] = "", told[4096];
        PolicySet *set;

        (void) state;
        for (unsigned i = 0; i < HOST_RUNGS_MAX; i++) {
                size_t used = strlen(one);

                (void) snprintf(one + used, sizeof(one) - used, "[Host r%u]\nPressureSome=1s/2s\nAction=notify\n", i);
        }
        set = READ(told, one, "[Host more]\nAvailable=5%\nAction=relieve\n");
        assert_string_equal(told, "2:1: [Host more] is one too many; expected at most 8 rungs of the host\n");
        assert_int_equal(policy_set_host(set)->n_rungs, HOST_RUNGS_MAX);
        (void) policy_set_free(set);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_value_is_read),
                cmocka_unit_test(the_widest_trigger_catches_every_pressure),
                cmocka_unit_test(later_files_override_and_empty_values_reset),
                cmocka_unit_test(a_file_may_speak_of_units_and_of_the_host),
                cmocka_unit_test(mistakes_are_told_where_they_are),
                cmocka_unit_test(rungs_of_the_host_are_bounded_over_all_files),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
