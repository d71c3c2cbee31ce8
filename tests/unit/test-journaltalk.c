/* What the daemon and the journal's helper say to each other reads back as it was said, and nothing else is taken. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "journaltalk.h"

static void test_round_trip(void **state) {
        static const char *const lines[] = {
                "cursor s=ab;i=1;t=2",   "follow api.service", "unfollow web@a\\x2db.service", "commit",
                "read api.service 1234", "muted api.service",  "ready",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                char buf[JOURNALTALK_MAX];
                Talk talk;

                assert_int_equal(journaltalk_parse(lines[i], &talk), 0);
                assert_int_equal(talk.kind, i);
                assert_int_equal(journaltalk_format(&talk, buf), strlen(lines[i]));
                assert_string_equal(buf, lines[i]);
        }
}

static void test_longest(void **state) {
        Talk talk = {.kind = TALK_READ, .since = UINT64_MAX}, again;
        char buf[JOURNALTALK_MAX];

        (void) state;
        memset(talk.unit, 'u', UNIT_NAME_MAX - 1);
        strcpy(talk.unit + UNIT_NAME_MAX - 1 - strlen(".service"), ".service");
        assert_true((size_t) journaltalk_format(&talk, buf) == strlen(buf));
        assert_int_equal(journaltalk_parse(buf, &again), 0);
        assert_string_equal(again.unit, talk.unit);
        assert_true(again.since == UINT64_MAX);
}

static void test_what_is_none(void **state) {
        static const char *const lines[] = {
                "",
                " ",
                "commit ",
                " commit",
                "commit now",
                "follow",
                "follow ",
                "follow api",
                "follow api.service ",
                "follow a b.service",
                "follow ../api.service",
                "follow api.service\n",
                "read api.service",
                "read api.service ",
                "read api.service x",
                "read api.service -1",
                "read api.service 1x",
                "read api.service 18446744073709551616",
                "cursor",
                "cursor a b",
                "cursor \033",
                "shout api.service",
                "unfollowunfollowunfollow api.service",
        };
        Talk talk;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(lines); i++)
                if (journaltalk_parse(lines[i], &talk) != -EINVAL)
                        fail_msg("taken: \"%s\"", lines[i]);
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_round_trip),
                cmocka_unit_test(test_longest),
                cmocka_unit_test(test_what_is_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
