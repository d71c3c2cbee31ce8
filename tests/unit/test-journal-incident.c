/* Incidents reach the journal with all that is known of them, and nothing in them can forge a field */
#undef NDEBUG
#include "unit/journal-bench.h"

#include "incident.h"

static Incident full_incident(void) {
        static Incident incident;

        incident = (Incident){.id = "5f00-12", .at = 1000 * USEC_PER_SEC, .pid = 42, .comm = "python3",
                              .verdict = VERDICT_MEMORY_ERROR, .cause = CAUSE_RLIMIT_AS, .fate = FATE_SURVIVED,
                              .confidence = CONFIDENCE_CERTAIN, .count = 3, .killer = "jvm", .limit = "/system.slice",
                              .site = "a.py:1 in f", .n_evidence = 2, .has_before = true, .has_after = true,
                              .released = "Unwinding freed it."};

        incident.before.anon = 7;
        incident.after.anon = 5;
        incident.evidence[0] = (Evidence){WITNESS_UPROBE, 1000 * USEC_PER_SEC, "A probe was hit."};
        incident.evidence[1] = (Evidence){WITNESS_JOURNAL, 1001 * USEC_PER_SEC, "MemoryError"};
        return incident;
}

static Record record_of(RecordKind kind, const Incident *incident) {
        Record record = {.kind = kind, .incident = incident, .latency = USEC_INFINITY, .freed = BYTES_INFINITY};

        strcpy(record.invocation, "0123456789abcdef0123456789abcdef");
        strcpy(record.text, "It happened.");
        return record;
}

/* The number behind NAME=, or behind the source of a piece of evidence. */
static uint64_t number_behind(const Bench *bench, const char *name) {
        const char *at = memmem(bench->entry, bench->n, name, strlen(name));

        assert_non_null(at);
        return strtoull(at + strlen(name), NULL, 10);
}

static void test_incident(void **state) {
        Bench *bench = *state;
        Incident incident = full_incident();
        Record record = record_of(RECORD_INCIDENT, &incident);
        char id[80];
        uint64_t at;

        journal_record(&record, "api.service", "/system.slice/api.service", "act");
        assert_true(receive(bench));
        (void) snprintf(id, sizeof(id), "MESSAGE_ID=%s", verdict_message_id(VERDICT_MEMORY_ERROR));
        assert_true(has(bench, id));
        assert_true(has(bench, "PRIORITY=4"));
        assert_true(has(bench, "OBJECT_SYSTEMD_UNIT=api.service"));
        assert_true(has(bench, "MEMGUARD_KIND=incident"));
        assert_true(has(bench, "MEMGUARD_INVOCATION_ID=0123456789abcdef0123456789abcdef"));
        assert_true(has(bench, "MEMGUARD_INCIDENT=5f00-12"));
        assert_true(has(bench, "MEMGUARD_PID=42"));
        assert_true(has(bench, "MEMGUARD_COMM=python3"));
        assert_true(has(bench, "MEMGUARD_VERDICT=memory-error"));
        assert_true(has(bench, "MEMGUARD_CAUSE=rlimit-as"));
        assert_true(has(bench, "MEMGUARD_FATE=survived"));
        assert_true(has(bench, "MEMGUARD_CONFIDENCE=certain"));
        assert_true(has(bench, "MEMGUARD_COUNT=3"));
        assert_true(has(bench, "MEMGUARD_KILLER=jvm"));
        assert_true(has(bench, "MEMGUARD_LIMIT=/system.slice"));
        assert_true(has(bench, "MEMGUARD_SITE=a.py:1 in f"));
        assert_true(has(bench, "MEMGUARD_RELEASED=Unwinding freed it."));
        assert_true(has(bench, "MEMGUARD_BEFORE=anon=7 file=0 shmem=0 kernel=0 swap=0 current=0 cached=0 free=0 available=0"));
        assert_true(has(bench, "MEMGUARD_AFTER=anon=5 file=0 shmem=0 kernel=0 swap=0 current=0 cached=0 free=0 available=0"));
        /* Times are of the wall clock, and one second apart is one second apart. */
        at = number_behind(bench, "MEMGUARD_TIME_USEC=");
        assert_true(at > (uint64_t) 1600000000 * USEC_PER_SEC);
        assert_true(number_behind(bench, "MEMGUARD_EVIDENCE=uprobe ") - at < USEC_PER_SEC / 2);
        assert_true(number_behind(bench, "MEMGUARD_EVIDENCE=journal ") - at > USEC_PER_SEC / 2);
        assert_non_null(memmem(bench->entry, bench->n, " A probe was hit.\n", 18));
        assert_null(memmem(bench->entry, bench->n, "DROPPED", 7));
        incident.n_dropped = 3;
        journal_record(&record, "api.service", "/system.slice/api.service", "act");
        assert_true(receive(bench));
        assert_true(has(bench, "MEMGUARD_EVIDENCE_DROPPED=3"));
}

/* What was sighted has no verdict yet. */
static void test_sighted(void **state) {
        Bench *bench = *state;
        Incident incident = full_incident();
        Record record = record_of(RECORD_SIGHTED, &incident);
        char id[80];

        journal_record(&record, "api.service", "/system.slice/api.service", "observe");
        assert_true(receive(bench));
        (void) snprintf(id, sizeof(id), "MESSAGE_ID=%s", record_message_id(RECORD_SIGHTED));
        assert_true(has(bench, id));
        assert_true(has(bench, "PRIORITY=6"));
        assert_true(has(bench, "MEMGUARD_KIND=state"));
        assert_true(has(bench, "MEMGUARD_INCIDENT=5f00-12"));
        assert_true(has(bench, "MEMGUARD_PID=42"));
        assert_true(has(bench, "MEMGUARD_COMM=python3"));
        assert_null(memmem(bench->entry, bench->n, "VERDICT", 7));
        assert_null(memmem(bench->entry, bench->n, "CAUSE", 5));
        assert_null(memmem(bench->entry, bench->n, "EVIDENCE", 8));
        /* What is not known is left out. */
        incident = (Incident){.id = "5f00-13"};
        journal_record(&record, "api.service", "/system.slice/api.service", "observe");
        assert_true(receive(bench));
        assert_null(memmem(bench->entry, bench->n, "MEMGUARD_PID", 12));
        assert_null(memmem(bench->entry, bench->n, "=\n", 2));
}

/* Reads the entry as journald does. Returns how often a field stands in it, and -1 for what is no entry. */
static int count_fields(const Bench *bench, const char *name) {
        size_t at = 0;
        int n = 0;

        while (at < bench->n) {
                const char *start = bench->entry + at, *end = memchr(start, '\n', bench->n - at);
                const char *equals = end ? memchr(start, '=', (size_t) (end - start)) : NULL;
                size_t n_name = (size_t) ((equals ? equals : end) - start);
                uint64_t length;

                if (!end || n_name == 0 || strspn(start, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != n_name)
                        return -1;
                n += n_name == strlen(name) && memcmp(start, name, n_name) == 0;
                at = (size_t) (end - bench->entry) + 1;
                if (equals)
                        continue;
                if (at + sizeof(length) > bench->n)
                        return -1;
                memcpy(&length, bench->entry + at, sizeof(length));
                at += sizeof(length) + length + 1;
                if (at > bench->n || bench->entry[at - 1] != '\n')
                        return -1;
        }
        return n;
}

static void fill(char *buf, size_t size, const char *with) {
        for (size_t i = 0; i + 1 < size; i++)
                buf[i] = with[i % strlen(with)];
        buf[size - 1] = 0;
}

/* Everything as long as it can be, and full of newlines, equal signs and bytes that are no text. */
static void test_hostile_incident(void **state) {
        static const char *const fills[] = {"\n", "=", "\xff", "A", "\nMEMGUARD_VERDICT=killed\n"};
        char path[CGROUP_PATH_MAX], unit[UNIT_NAME_MAX];
        Bench *bench = *state;

        for (unsigned i = 0; i < ELEMENTSOF(fills); i++) {
                Incident incident = full_incident();
                Record record = record_of(RECORD_INCIDENT, &incident);

                fill(path, sizeof(path), fills[i]);
                fill(unit, sizeof(unit), fills[i]);
                fill(record.text, sizeof(record.text), fills[i]);
                fill(record.result, sizeof(record.result), fills[i]);
                fill(incident.id, sizeof(incident.id), fills[i]);
                fill(incident.comm, sizeof(incident.comm), fills[i]);
                fill(incident.killer, sizeof(incident.killer), fills[i]);
                fill(incident.limit, sizeof(incident.limit), fills[i]);
                fill(incident.site, sizeof(incident.site), fills[i]);
                fill(incident.released, sizeof(incident.released), fills[i]);
                incident.n_evidence = EVIDENCE_MAX;
                for (unsigned k = 0; k < EVIDENCE_MAX; k++) {
                        fill(incident.evidence[k].text, sizeof(incident.evidence[k].text), fills[i]);
                        incident.evidence[k].at = UINT64_MAX;
                }
                memset(&incident.before, 0xff, sizeof(incident.before));
                memset(&incident.after, 0xff, sizeof(incident.after));
                journal_record(&record, unit, path, "observe");
                assert_true(receive(bench));
                assert_int_equal(count_fields(bench, "MEMGUARD_VERDICT"), 1);
                assert_int_equal(count_fields(bench, "MEMGUARD_EVIDENCE"), EVIDENCE_MAX);
                assert_int_equal(count_fields(bench, "MEMGUARD_LIMIT"), 1);
                assert_int_equal(count_fields(bench, "MEMGUARD_RELEASED"), 1);
                /* The last one that is put: nothing was left out for want of room. */
                assert_int_equal(count_fields(bench, "MEMGUARD_AFTER"), 1);
                assert_int_equal(count_fields(bench, "PRIORITY"), 1);
        }
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
        const struct CMUnitTest tests[] = {
                T(test_incident),
                T(test_sighted),
                T(test_hostile_incident),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
