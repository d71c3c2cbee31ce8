/* What a service says through the Python module is a message, or refused whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "moduletalk.h"

static int parse(const char *text, ModuleTalk *ret) {
        memset(ret, 0xaa, sizeof(*ret));
        return moduletalk_parse(text, strlen(text), ret);
}

static void messages_carry_what_their_kind_has(void **state) {
        ModuleTalk talk;

        (void) state;
        assert_int_equal(parse("hello\nprotocol=1\npython=3.11.2\nmodule=1.0\ntraced=1", &talk), 0);
        assert_int_equal(talk.kind, MODULETALK_HELLO);
        assert_string_equal(talk.python, "3.11.2");
        assert_true(talk.traced);
        assert_int_equal(parse("beat\nitems=5\nanon=1048576", &talk), 0);
        assert_int_equal(talk.beat.items, 5);
        assert_int_equal(talk.beat.anon, MIB);
        assert_true(talk.beat.queue == BYTES_INFINITY && talk.beat.used == BYTES_INFINITY);
        assert_int_equal(parse("error\nclass=MemoryError\nsite=/srv/a=b.py:3 in f\ntext=\ncaught=0", &talk), 0);
        assert_string_equal(talk.site, "/srv/a=b.py:3 in f");
        assert_string_equal(talk.text, "");
        assert_int_equal(parse("done\nid=7\nfreed=18446744073709551614", &talk), 0);
        assert_int_equal(talk.freed, UINT64_MAX - 1);
        assert_int_equal(parse("beat", &talk), 0);
}

static void what_is_no_message_is_refused(void **state) {
        static const char *const bad[] = {
                "", "\n", "hi", "beat\n", "beat\nitems", "beat\nitems=", "beat\nitems=-1", "beat\nitems= 1", "beat\nitems=1 ",
                "beat\nitems=0x1", "beat\nitems=18446744073709551615", "beat\nitems=99999999999999999999", "beat\nitems=1\nitems=1",
                "beat\nsite=x", "beat\nid=1", "error\ncaught=2", "error\ncaught=", "hello\nprotocol=one", "beat\r\nitems=1",
                "BEAT", "beat items=1",
        };
        char large[MODULETALK_MAX + 1];
        ModuleTalk talk;

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (parse(bad[i], &talk) != -EINVAL)
                        fail_msg("taken: '%s'", bad[i]);
        assert_int_equal(moduletalk_parse("beat\0\nitems=1", 13, &talk), -EINVAL);
        memset(large, 'x', sizeof(large));
        memcpy(large, "error\ntext=", 11);
        assert_int_equal(moduletalk_parse(large, MODULETALK_MAX, &talk), -EINVAL);
        assert_int_equal(moduletalk_parse(large, MODULETALK_MAX - 1, &talk), 0);
        assert_int_equal(strlen(talk.text), sizeof(talk.text) - 1);
}

static void texts_can_be_shown(void **state) {
        ModuleTalk talk;

        (void) state;
        assert_int_equal(parse("error\ntext=a\033[2J\xff \xe2\x80\xae\tb", &talk), 0);
        assert_string_equal(talk.text, "a\\x1b[2J\\xff \\xe2\\x80\\xae\\x09b");
}

static void what_is_written_reads_back(void **state) {
        ModuleTalk talk = {.kind = MODULETALK_GREW, .id = 3, .bytes = 40 * MIB, .count = 7, .site = "a.py:1"}, again;
        char buf[MODULETALK_MAX];

        int n = moduletalk_format(&talk, buf);

        (void) state;
        assert_int_equal(n, strlen(buf));
        assert_string_equal(buf, "grew\nid=3\nbytes=41943040\ncount=7\nsite=a.py:1");
        assert_int_equal(parse(buf, &again), 0);
        assert_int_equal(again.bytes, talk.bytes);
        talk = (ModuleTalk){.kind = MODULETALK_FREE, .id = 12};
        (void) moduletalk_format(&talk, buf);
        assert_string_equal(buf, "free\nid=12");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(messages_carry_what_their_kind_has),
                cmocka_unit_test(what_is_no_message_is_refused),
                cmocka_unit_test(texts_can_be_shown),
                cmocka_unit_test(what_is_written_reads_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
