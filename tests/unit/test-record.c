/* Every kind of record has a word, a priority, an id of its own, and an entry in the journal's catalog. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "incident.h"
#include "record.h"

#define ID_LENGTH 32
#define N_IDS (_RECORD_KIND_MAX - 1 + _VERDICT_MAX) /* an incident has one for each verdict */

/* What the catalog says about one id. */
typedef struct Entry {
        char id[ID_LENGTH + 1];
        bool subject, defined_by, support, blank;
        unsigned body_lines;
} Entry;

typedef struct Catalog {
        Entry entries[2 * N_IDS];
        unsigned n_entries;
} Catalog;

/* All of them: of the kinds of record but the incident's, then of the verdicts. */
static const char *nth_id(unsigned n) {
        if (n < RECORD_INCIDENT)
                return record_message_id((RecordKind) n);
        if (n < _RECORD_KIND_MAX - 1)
                return record_message_id((RecordKind) (n + 1));
        return verdict_message_id((Verdict) (n - (_RECORD_KIND_MAX - 1)));
}

static void read_line(Catalog *catalog, const char *line) {
        if (strncmp(line, "-- ", 3) == 0) {
                assert_in_range(catalog->n_entries, 0, ELEMENTSOF(catalog->entries) - 1);
                assert_int_equal(strspn(line + 3, "0123456789abcdef"), ID_LENGTH);
                assert_int_equal(strlen(line + 3), ID_LENGTH);
                strcpy(catalog->entries[catalog->n_entries++].id, line + 3);
                return;
        }
        if (catalog->n_entries == 0) { /* the comment at the top */
                assert_true(line[0] == '#' || line[0] == '\0');
                return;
        }
        Entry *entry = &catalog->entries[catalog->n_entries - 1];
        if (entry->blank)
                entry->body_lines += line[0] != '\0';
        else if (line[0] == '\0')
                entry->blank = true;
        else if (strncmp(line, "Subject: ", 9) == 0)
                entry->subject = line[9] != '\0';
        else if (util_streq(line, "Defined-By: memguard"))
                entry->defined_by = true;
        else if (strncmp(line, "Support: ", 9) == 0)
                entry->support = line[9] != '\0';
        else
                fail_msg("%s: no header: \"%s\"", entry->id, line);
}

/* Every record of a unit has its name; these kinds are written about the daemon too, or by it where a unit is unknown.
 */
static bool may_lack_unit(const char *id) {
        static const RecordKind kinds[] = {RECORD_FAILED,  RECORD_UNDONE, RECORD_PAUSED,
                                           RECORD_RESUMED, RECORD_DAEMON, RECORD_POLICY,
                                           RECORD_HOST_RUNG, RECORD_HOST_NONE, RECORD_HOST_VERIFIED,
                                           RECORD_HOST_RELAXED, RECORD_HOST_IDLE};

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (util_streq(id, record_message_id(kinds[i])))
                        return true;
        return false;
}

static bool has_field(const char *id, RecordKind kind) {
        if (kind < 0)
                return !may_lack_unit(id);
        if (kind != RECORD_INCIDENT)
                return util_streq(id, record_message_id(kind));
        for (Verdict verdict = 0; verdict < _VERDICT_MAX; verdict++)
                if (util_streq(id, verdict_message_id(verdict)))
                        return true;
        return false;
}

/* journalctl puts a field's value where "@FIELD@" stands, and the bare name where the record lacks it. */
static void check_fields(const char *id, const char *line) {
        static const struct {
                const char *text;
                RecordKind kind; /* the only one that has it; _RECORD_KIND_INVALID: all that have a unit; INCIDENT: all
                                    verdicts */
        } fields[] = {
                {"@MEMGUARD_UNIT@", _RECORD_KIND_INVALID}, {"@MEMGUARD_RUNG@", RECORD_RUNG},
                {"@MEMGUARD_RUNG@", RECORD_VERIFIED},      {"@MEMGUARD_RESULT@", RECORD_VERIFIED},
                {"@MEMGUARD_ACTION@", RECORD_ACTION},      {"@MEMGUARD_FATE@", RECORD_INCIDENT},
                {"@MEMGUARD_RUNG@", RECORD_HOST_RUNG},     {"@MEMGUARD_RUNG@", RECORD_HOST_STEP},
                {"@MEMGUARD_RUNG@", RECORD_HOST_NONE},     {"@MEMGUARD_RUNG@", RECORD_HOST_VERIFIED},
                {"@MEMGUARD_RUNG@", RECORD_HOST_RELAXED},  {"@MEMGUARD_RUNG@", RECORD_HOST_IDLE},
                {"@MEMGUARD_RESULT@", RECORD_HOST_VERIFIED},
                {"@MEMGUARD_RESULT@", RECORD_GROWTH},
        };
        const char *at = line;

        while ((at = strchr(at, '@'))) {
                size_t n = 0;
                for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                        if (has_field(id, fields[i].kind) && strncmp(at, fields[i].text, strlen(fields[i].text)) == 0)
                                n = strlen(fields[i].text);
                }
                if (n == 0)
                        fail_msg("%s: no field that every record of this kind has: \"%s\"", id, at);
                at += n;
        }
}

static void catalog_has_exactly_our_ids(void **state) {
        Catalog catalog = {0};
        char line[256];
        FILE *f = fopen(TEST_DIR "/../systemd/memguard.catalog", "re");

        (void) state;
        assert_non_null(f);
        while (fgets(line, sizeof(line), f)) {
                size_t n = strlen(line);
                assert_int_equal(line[n - 1], '\n');
                line[n - 1] = '\0';
                read_line(&catalog, line);
                if (catalog.n_entries > 0)
                        check_fields(catalog.entries[catalog.n_entries - 1].id, line);
        }
        fclose(f);
        assert_int_equal(catalog.n_entries, N_IDS);
        for (unsigned n = 0; n < N_IDS; n++) {
                const Entry *entry = NULL;
                for (unsigned i = 0; i < catalog.n_entries; i++)
                        if (util_streq(catalog.entries[i].id, nth_id(n)))
                                entry = &catalog.entries[i];
                if (!entry)
                        fail_msg("id %u, %s, is not in the catalog", n, nth_id(n));
                if (!entry->subject || !entry->defined_by || !entry->support || entry->body_lines < 4)
                        fail_msg("the entry of %s lacks something", entry->id);
        }
}

static void ids_are_unique(void **state) {
        (void) state;
        for (unsigned n = 0; n < N_IDS; n++) {
                const char *id = nth_id(n);
                assert_non_null(id);
                assert_int_equal(strlen(id), ID_LENGTH);
                assert_int_equal(strspn(id, "0123456789abcdef"), ID_LENGTH);
                for (unsigned other = 0; other < n; other++)
                        assert_string_not_equal(id, nth_id(other));
        }
}

static void words_and_priorities(void **state) {
        static const struct {
                const char *word;
                int priority;
        } expected[_RECORD_KIND_MAX] = {
                [RECORD_ARMED] = {"state", 6},       [RECORD_CACHE] = {"state", 6},     [RECORD_REARMED] = {"state", 6},
                [RECORD_RUNG] = {"rung", 4},         [RECORD_VERIFIED] = {"rung", 6},   [RECORD_RELAXED] = {"rung", 6},
                [RECORD_ACTION] = {"action", 5},     [RECORD_FAILED] = {"action", 4},   [RECORD_UNDONE] = {"action", 5},
                [RECORD_WITHHELD] = {"withheld", 4}, [RECORD_BUDGET] = {"withheld", 3}, [RECORD_PAUSED] = {"state", 6},
                [RECORD_RESUMED] = {"state", 6},     [RECORD_DAEMON] = {"state", 6},    [RECORD_POLICY] = {"state", 6},
                [RECORD_INCIDENT] = {"incident", 4}, [RECORD_SIGHTED] = {"state", 6},
                [RECORD_CROWDED] = {"state", 4},
                [RECORD_HOST_RUNG] = {"rung", 4},    [RECORD_HOST_STEP] = {"rung", 4},  [RECORD_HOST_NONE] = {"withheld", 3},
                [RECORD_HOST_VERIFIED] = {"rung", 6}, [RECORD_HOST_RELAXED] = {"rung", 6}, [RECORD_HOST_IDLE] = {"state", 4},
                [RECORD_GROWTH] = {"state", 5},
                [RECORD_STALL_OVER] = {"state", 5},
        };

        (void) state;
        for (RecordKind kind = 0; kind < _RECORD_KIND_MAX; kind++) {
                assert_string_equal(record_kind_word(kind), expected[kind].word);
                assert_int_equal(record_priority(kind), expected[kind].priority);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(ids_are_unique),
                cmocka_unit_test(words_and_priorities),
                cmocka_unit_test(catalog_has_exactly_our_ids),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
