/* The cause of a MemoryError is the limit that is proved, and unknown where none is */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "inquest.h"

#define BIT(fact) (1U << FACT_##fact)
#define RAM .ram_and_swap = GIB
#define NO_LIMITS .as_limit = BYTES_INFINITY, .data_limit = BYTES_INFINITY

/* facts-python.md, section 3: what each limit leaves behind. */
static const struct {
        const char *what;
        uint32_t facts;
        uint64_t request;
        ProcessLook look;
        bool blind, made;
        Cause cause;
        Confidence confidence;
} rows[] = {
        {"nothing is known", 0, 0, {0}, false, false, CAUSE_UNKNOWN, CONFIDENCE_CERTAIN},
        {"nothing limits it", 0, 0, {RAM, NO_LIMITS}, false, false, CAUSE_UNKNOWN, CONFIDENCE_CERTAIN},
        {"RLIMIT_AS leaves no line", 0, 0, {RAM, .as_limit = 70 * MIB, .data_limit = BYTES_INFINITY, .vm_size = 69 * MIB},
         false, false, CAUSE_RLIMIT_AS, CONFIDENCE_CERTAIN},
        {"RLIMIT_AS, one request: VmSize is far below", 0, 0, {RAM, .as_limit = 70 * MIB, .data_limit = BYTES_INFINITY,
         .vm_size = 20 * MIB}, false, false, CAUSE_RLIMIT_AS, CONFIDENCE_CERTAIN},
        {"a line may have been lost", 0, 0, {RAM, .as_limit = 70 * MIB, .data_limit = BYTES_INFINITY}, true, false,
         CAUSE_RLIMIT_AS, CONFIDENCE_LIKELY},
        {"an error that the program made", 0, 0, {RAM, .as_limit = 70 * MIB, .data_limit = BYTES_INFINITY}, false, true,
         CAUSE_RLIMIT_AS, CONFIDENCE_LIKELY},
        {"the same without a limit", 0, 0, {RAM, NO_LIMITS}, false, true, CAUSE_UNKNOWN, CONFIDENCE_CERTAIN},
        {"the limits of the unit, without a look", 0, 0, {.as_limit = 70 * MIB, .data_limit = BYTES_INFINITY}, false, false,
         CAUSE_RLIMIT_AS, CONFIDENCE_CERTAIN},
        {"RLIMIT_DATA leaves its line once per boot", BIT(DATA_LIMIT), 0, {RAM, NO_LIMITS}, false, false, CAUSE_RLIMIT_DATA,
         CONFIDENCE_CERTAIN},
        {"the line is proof however blind we are", BIT(DATA_LIMIT), 0, {0}, true, false, CAUSE_RLIMIT_DATA, CONFIDENCE_CERTAIN},
        {"RLIMIT_DATA of a second process: no line", 0, 0, {RAM, .as_limit = BYTES_INFINITY, .data_limit = 50 * MIB,
         .vm_data = 49 * MIB}, false, false, CAUSE_RLIMIT_DATA, CONFIDENCE_CERTAIN},
        {"of two limits the nearer one: address space", 0, 0, {RAM, .as_limit = 70 * MIB, .data_limit = 50 * MIB,
         .vm_size = 69 * MIB, .vm_data = 30 * MIB}, false, false, CAUSE_RLIMIT_AS, CONFIDENCE_CERTAIN},
        {"of two limits the nearer one: data", 0, 0, {RAM, .as_limit = 70 * MIB, .data_limit = 50 * MIB, .vm_size = 50 * MIB,
         .vm_data = 49 * MIB}, false, false, CAUSE_RLIMIT_DATA, CONFIDENCE_CERTAIN},
        {"mode 2 refuses by its own accounts", BIT(REFUSED), 1 * MIB, {RAM, NO_LIMITS, .overcommit = 2}, false, false,
         CAUSE_OVERCOMMIT, CONFIDENCE_CERTAIN},
        {"mode 2, with a finite limit beside it", BIT(REFUSED), 1 * MIB, {RAM, .as_limit = 70 * MIB, .overcommit = 2}, false, false,
         CAUSE_OVERCOMMIT, CONFIDENCE_CERTAIN},
        {"mode 2, but no mode would have granted it", BIT(REFUSED), 10 * GIB, {RAM, NO_LIMITS, .overcommit = 2}, false, false,
         CAUSE_REQUEST_SIZE, CONFIDENCE_CERTAIN},
        {"mode 0 refuses only what is more than the host has", BIT(REFUSED), 10 * GIB, {RAM, NO_LIMITS}, false, false,
         CAUSE_REQUEST_SIZE, CONFIDENCE_CERTAIN},
        {"the same before Linux 6.9, which names no size", BIT(REFUSED), 0, {RAM, NO_LIMITS}, false, false, CAUSE_REQUEST_SIZE,
         CONFIDENCE_CERTAIN},
        {"refused, and nobody looked", BIT(REFUSED), 0, {0}, false, false, CAUSE_UNKNOWN, CONFIDENCE_CERTAIN},
        {"the line comes before what was looked at", BIT(REFUSED) | BIT(DATA_LIMIT), 0, {RAM, .overcommit = 2, .maps = 65530,
         .maps_limit = 65530}, false, false, CAUSE_OVERCOMMIT, CONFIDENCE_CERTAIN},
        {"vm.max_map_count leaves no line", 0, 0, {RAM, NO_LIMITS, .maps = 65487, .maps_limit = 65530}, false, false,
         CAUSE_MAP_COUNT, CONFIDENCE_CERTAIN},
        {"as many areas as leave room", 0, 0, {RAM, NO_LIMITS, .maps = 60000, .maps_limit = 65530}, false, false, CAUSE_UNKNOWN,
         CONFIDENCE_CERTAIN},
        {"areas that were not counted", 0, 0, {RAM, NO_LIMITS, .maps = 0, .maps_limit = 65530}, false, false, CAUSE_UNKNOWN,
         CONFIDENCE_CERTAIN},
        {"areas against no known bound", 0, 0, {RAM, NO_LIMITS, .maps = 65530}, false, false, CAUSE_UNKNOWN, CONFIDENCE_CERTAIN},
        {"areas and a finite limit", 0, 0, {RAM, .as_limit = 70 * GIB, .maps = 65530, .maps_limit = 65530}, false, false,
         CAUSE_MAP_COUNT, CONFIDENCE_CERTAIN},
        {"the text names a size that no host has", 0, 10 * GIB, {RAM, NO_LIMITS}, false, false, CAUSE_REQUEST_SIZE,
         CONFIDENCE_CERTAIN},
        {"the text names a size, and the host is not known", 0, 10 * GIB, {NO_LIMITS}, false, false, CAUSE_UNKNOWN,
         CONFIDENCE_CERTAIN},
        {"such a size under a limit: the limit refused first", 0, 10 * GIB, {RAM, .as_limit = 70 * MIB,
         .data_limit = BYTES_INFINITY}, false, false, CAUSE_RLIMIT_AS, CONFIDENCE_CERTAIN},
};

static void the_cause_is_what_is_proved(void **state) {
        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                Case c = {.facts = rows[i].facts, .request = rows[i].request, .look = rows[i].look, .refused = !rows[i].made,
                          .kernel_blind = rows[i].blind};
                Confidence confidence = CONFIDENCE_CERTAIN;
                Cause cause = cause_judge(&c, &confidence);

                if (cause != rows[i].cause || confidence != rows[i].confidence)
                        fail_msg("%s: %s, %s", rows[i].what, cause_name(cause), confidence_name(confidence));
        }
}

/* Doubt takes confidence away and never adds any. */
static void confidence_only_falls(void **state) {
        Case c = {.look = {.as_limit = MIB, .data_limit = BYTES_INFINITY}};
        Confidence confidence = CONFIDENCE_POSSIBLE;

        (void) state;
        assert_int_equal(cause_judge(&c, &confidence), CAUSE_RLIMIT_AS);
        assert_int_equal(confidence, CONFIDENCE_POSSIBLE);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_cause_is_what_is_proved),
                cmocka_unit_test(confidence_only_falls),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
