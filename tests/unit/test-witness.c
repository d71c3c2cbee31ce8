/* The names of witnesses are unique, and traces and records read them back */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "event.h"
#include "incident.h"

static bool is_a_word(const char *name) {
        return name[0] && !util_streq(name, "unknown") && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static void check_names(const char *const *names, unsigned n, bool may_be_unknown) {
        for (unsigned i = 0; i < n; i++) {
                assert_true(is_a_word(names[i]) || (may_be_unknown && i == 0));
                for (unsigned k = 0; k < i; k++)
                        assert_string_not_equal(names[i], names[k]);
        }
}

static void every_name_is_a_word_of_its_own(void **state) {
        const char *sources[_WITNESS_KIND_MAX], *facts[_FACT_MAX], *scopes[_SCOPE_MAX], *verdicts[_VERDICT_MAX];

        (void) state;
        for (WitnessKind i = 0; i < _WITNESS_KIND_MAX; i++)
                sources[i] = source_name(i);
        for (Fact i = 0; i < _FACT_MAX; i++)
                facts[i] = fact_name(i);
        for (Scope i = 0; i < _SCOPE_MAX; i++)
                scopes[i] = scope_name(i);
        for (Verdict i = 0; i < _VERDICT_MAX; i++) {
                verdicts[i] = verdict_name(i);
                assert_int_equal(verdict_parse(verdicts[i]), i);
        }
        check_names(sources, ELEMENTSOF(sources), false);
        check_names(facts, ELEMENTSOF(facts), false);
        check_names(scopes, ELEMENTSOF(scopes), true);
        check_names(verdicts, ELEMENTSOF(verdicts), false);
        assert_int_equal(verdict_parse("memory"), _VERDICT_INVALID);
        assert_int_equal(verdict_parse(""), _VERDICT_INVALID);
}

static void what_is_out_of_range_is_unknown(void **state) {
        (void) state;
        assert_string_equal(source_name(_WITNESS_KIND_MAX), "unknown");
        assert_string_equal(source_name(_WITNESS_KIND_INVALID), "unknown");
        assert_string_equal(fact_name(_FACT_MAX), "unknown");
        assert_string_equal(fact_name(_FACT_INVALID), "unknown");
        assert_string_equal(scope_name(_SCOPE_MAX), "unknown");
        assert_string_equal(scope_name(_SCOPE_INVALID), "unknown");
}

static void check_round_trip(const Witness *witness) {
        Event event = {.kind = EVENT_WITNESS, .time = 7, .path = "/a.service"}, back;
        char line[EVENT_LINE_MAX];

        event.witness = *witness;
        assert_true(event_format(&event, line) > 0);
        assert_int_equal(event_parse(line, &back), 0);
        assert_memory_equal(&back, &event, sizeof(event));
}

static void every_word_is_read_back(void **state) {
        (void) state;
        for (WitnessKind source = 0; source < _WITNESS_KIND_MAX; source++)
                for (Fact fact = 0; fact < _FACT_MAX; fact++)
                        for (Scope scope = 0; scope < _SCOPE_MAX; scope++)
                                check_round_trip(&(Witness){.source = source, .fact = fact, .scope = scope});
}

/* Every field, as full as it can be, with bytes that must be escaped. */
static void the_longest_witness_is_read_back(void **state) {
        Witness witness = {.source = WITNESS_PROC, .fact = FACT_LOOK, .at = UINT64_MAX, .pid = INT32_MAX, .code = -INT32_MAX,
                           .status = -1, .weak = true, .scope = SCOPE_HOST, .bytes = UINT64_MAX};

        (void) state;
        memset(witness.invocation, 'f', sizeof(witness.invocation) - 1);
        memset(witness.unit, ' ', sizeof(witness.unit) - 1);
        memset(witness.comm, '\n', sizeof(witness.comm) - 1);
        memset(witness.word, '\\', sizeof(witness.word) - 1);
        memset(witness.limit, 0x7f, sizeof(witness.limit) - 1);
        memset(witness.site, '=', sizeof(witness.site) - 1);
        memset(witness.text, 1, sizeof(witness.text) - 1);
        memset(&witness.look, 0xff, sizeof(witness.look));
        check_round_trip(&witness);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_name_is_a_word_of_its_own),
                cmocka_unit_test(what_is_out_of_range_is_unknown),
                cmocka_unit_test(every_word_is_read_back),
                cmocka_unit_test(the_longest_witness_is_read_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
