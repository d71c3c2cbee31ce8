/* A stall is told with its limit, its time, what it costs and what to do, in any combination a finished sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "incident.h"
#include "record.h"

static char text[RECORD_TEXT_MAX];

static Incident stalled(StallLimit limit, uint64_t bytes) {
        Incident incident = {
                .path = "/web.slice/api.service",
                .verdict = VERDICT_LIMIT_STALL,
                .fate = FATE_SURVIVED,
                .confidence = CONFIDENCE_CERTAIN,
                .count = 1,
                .limit = "/web.slice/api.service",
                .has_after = true,
                .after = {.current = 45 * MIB},
                .stall = {.limit = limit, .lasted = 12300 * USEC_PER_MSEC, .lost = 97, .hits = 246, .refaults = 2400},
                .stall_bytes = bytes,
        };

        if (limit == STALL_AT_ABOVE_HIGH || limit == STALL_AT_ABOVE_MAX)
                snprintf(incident.limit, sizeof(incident.limit), "/web.slice");
        return incident;
}

static const char *tell(const Incident *incident) {
        int n = incident_sentence(incident, text, sizeof(text));

        assert_int_equal(n, strlen(text));
        return text;
}

static void whose_limit_and_what_to_do(void **state) {
        Incident incident = stalled(STALL_AT_OWN_HIGH, 40 * MIB);

        (void) state;
        assert_string_equal(tell(&incident),
                            "api.service: at a standstill, though alive, at its own MemoryHigh= of 40M: for 97 % of the last "
                            "12 s no process of it could run (hits of the limit: 20 a second); raise MemoryHigh= above "
                            "what it needs (it uses 45M), or restart it, which a rung with Event=limit-stall can do.");
        incident = stalled(STALL_AT_ABOVE_HIGH, GIB);
        assert_non_null(strstr(tell(&incident), "though alive, at the MemoryHigh= of 1G of web.slice above it: for 97 %"));
        incident = stalled(STALL_AT_OWN_MAX, BYTES_INFINITY);
        incident.confidence = CONFIDENCE_POSSIBLE;
        incident.stall.by_disk = true;
        assert_string_equal(tell(&incident),
                            "api.service: possibly at a standstill, though alive, at its own MemoryMax=: for 97 % of the last "
                            "12 s it waited for memory to be read back from the disk (pages: 200 a second); raise "
                            "MemoryMax= above what it needs (it uses 45M), or restart it, which a rung with "
                            "Event=limit-stall can do.");
}

static void every_combination_is_finished(void **state) {
        (void) state;
        for (StallLimit limit = 0; limit < _STALL_LIMIT_MAX; limit++)
                for (unsigned known = 0; known < 4; known++) {
                        Incident incident = stalled(limit, known & 1 ? UINT64_MAX - 1 : BYTES_INFINITY);

                        if (known & 2)
                                incident.stall = (StallReport){.limit = limit, .lasted = USEC_INFINITY, .lost = 100,
                                                               .hits = UINT64_MAX, .refaults = UINT64_MAX};
                        memset(incident.limit + 1, 'x', 200);
                        tell(&incident);
                        assert_int_equal(text[strlen(text) - 1], '.');
                        assert_null(strstr(text, "  "));
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(whose_limit_and_what_to_do),
                cmocka_unit_test(every_combination_is_finished),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
