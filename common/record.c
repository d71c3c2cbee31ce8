/* The table of what each kind of record is to readers. A MESSAGE_ID is for ever: people's filters and the catalog
 * (systemd/memguard.catalog) hold on to it, so a kind whose meaning changes gets a new one. */
#include "record.h"

#include "incident.h"

/* syslog's numbers, here because <syslog.h> is the shell's. */
enum {
        LEVEL_ERROR = 3,
        LEVEL_WARNING = 4,
        LEVEL_NOTICE = 5,
        LEVEL_INFO = 6,
};

static const struct {
        const char *word, *message_id;
        int priority;
} kinds[] = {
        [RECORD_ARMED] = {"state", "26932cc211074a4893ba981d553be708", LEVEL_INFO},
        [RECORD_CACHE] = {"state", "cd4547d80301467e8bdedb33289bc85a", LEVEL_INFO},
        [RECORD_REARMED] = {"state", "0a93509b77d5417180712fa6d150e5da", LEVEL_INFO},
        [RECORD_RUNG] = {"rung", "87f2e571286f4bbb921044b1fe304c26", LEVEL_WARNING},
        [RECORD_VERIFIED] = {"rung", "e33b98ed8f8a4aebad45986133a57a3f", LEVEL_INFO},
        [RECORD_RELAXED] = {"rung", "1746bc3519234c3e8b04798ec27eae9e", LEVEL_INFO},
        [RECORD_ACTION] = {"action", "1073c88ca9654412b4f1d3f6dadf5a3a", LEVEL_NOTICE},
        [RECORD_FAILED] = {"action", "affc0888bcf44cfc96fb0ac59ba3a052", LEVEL_WARNING},
        [RECORD_UNDONE] = {"action", "9ac53adc29f447aa8213ce260b3f2f36", LEVEL_NOTICE},
        [RECORD_WITHHELD] = {"withheld", "c4c008962e5e4450b0f384c4a811034e", LEVEL_WARNING},
        [RECORD_BUDGET] = {"withheld", "d872802eccca480cbb02f3bf56dbeec0", LEVEL_ERROR},
        [RECORD_PAUSED] = {"state", "78eb2d5fce0b4656ac89c8d75475c27a", LEVEL_INFO},
        [RECORD_RESUMED] = {"state", "352b6331d1fa40c5a38281bee87d6904", LEVEL_INFO},
        [RECORD_DAEMON] = {"state", "31280996a66942439f376d476c380a68", LEVEL_INFO},
        [RECORD_POLICY] = {"state", "70c847e3583a47fca917a7f583be475b", LEVEL_INFO},
        [RECORD_INCIDENT] = {"incident", NULL, LEVEL_WARNING},
        [RECORD_SIGHTED] = {"state", "584f1ba88c584b4ca8c122f4e0936e12", LEVEL_INFO},
        [RECORD_CROWDED] = {"state", "0b6e0f7c2a5d4c1f9d3a7e54b8c6f210", LEVEL_WARNING},
        [RECORD_HOST_RUNG] = {"rung", "bd5dbcd4519f423da51fdb83cc822812", LEVEL_WARNING},
        [RECORD_HOST_STEP] = {"rung", "d38028371e5c4cc688ee0846ab630327", LEVEL_WARNING},
        [RECORD_HOST_NONE] = {"withheld", "7a684642216f4836aad3b2bcd2207caa", LEVEL_ERROR},
        [RECORD_HOST_VERIFIED] = {"rung", "9a398d905a3944d6990f6bcd2667bf3f", LEVEL_INFO},
        [RECORD_HOST_RELAXED] = {"rung", "d4f9775fd2bd4db1829e565b2977bf9f", LEVEL_INFO},
        [RECORD_HOST_IDLE] = {"state", "f15feb95f49345c7971443e28433c6a1", LEVEL_WARNING},
        [RECORD_GROWTH] = {"state", "bfd4a4f5eb1c4445a8d6c2bf9c791ea7", LEVEL_NOTICE},
        [RECORD_STALL_OVER] = {"state", "fb3e5818c8724097b030f2f62d46d584", LEVEL_NOTICE},
};
static_assert(ELEMENTSOF(kinds) == _RECORD_KIND_MAX, "every kind of record has its row");

const char *record_kind_word(RecordKind kind) {
        assert(kind >= 0 && kind < _RECORD_KIND_MAX);
        return kinds[kind].word;
}

const char *record_message_id(RecordKind kind) {
        assert(kind >= 0 && kind < _RECORD_KIND_MAX && kind != RECORD_INCIDENT);
        return kinds[kind].message_id;
}

int record_priority(RecordKind kind) {
        assert(kind >= 0 && kind < _RECORD_KIND_MAX);
        return kinds[kind].priority;
}

const char *record_id(const Record *record) {
        return record->kind == RECORD_INCIDENT ? verdict_message_id(record->incident->verdict)
                                               : record_message_id(record->kind);
}
