/* What memguardd and memguard-journal say to each other: one line of text a datagram. What the helper saw is a line of
 * event_format() and not of these; everything else either side may say is. Both sides parse with it, and refuse the rest. */
#pragma once

#include "journalplace.h"
#include "unitname.h"

#define JOURNALTALK_MAX (UNIT_NAME_MAX + 64) /* of a line, NUL included; CURSOR_MAX fits too */

typedef enum TalkKind {
        TALK_CURSOR,   /* cursor C: to the helper: go on there. From it: all up to there has been said */
        TALK_FOLLOW,   /* follow UNIT: read its lines, from a little before now on */
        TALK_UNFOLLOW, /* unfollow UNIT */
        TALK_COMMIT,   /* commit: that were all changes, now apply them */
        TALK_READ,     /* read UNIT USEC: read it back to that time (CLOCK_REALTIME), muted or not */
        TALK_MUTED,    /* muted UNIT: it floods the journal, and is not read for a while */
        TALK_READY,    /* ready: the first commit was applied */
        _TALK_KIND_MAX,
        _TALK_KIND_INVALID = -EINVAL,
} TalkKind;

typedef struct Talk {
        TalkKind kind;
        char unit[UNIT_NAME_MAX];
        char cursor[CURSOR_MAX];
        usec_t since;
} Talk;

/* Returns the length. The fields that the kind carries must be valid. */
int journaltalk_format(const Talk *talk, char buf[static JOURNALTALK_MAX]);

/* -EINVAL for everything that journaltalk_format() does not write. */
int journaltalk_parse(const char *line, Talk *ret);
