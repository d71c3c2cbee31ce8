/* What the Python module memguard and memguardd say to each other: a datagram a message, its kind on the first line, then a
 * line "key=value" for each field. Whoever runs code in a service can send anything; what is not exactly this is refused,
 * and texts are taken as they may be shown: escaped, and cut at the field's length. */
#pragma once

#include "witness.h"

#define MODULETALK_MAX 2048 /* of a message */
#define MODULETALK_PROTOCOL 1 /* fields are only ever added; a service may run on with an older module */
#define MODULETALK_WORD_MAX 32

typedef enum ModuleTalkKind {
        MODULETALK_HELLO,    /* the first message: protocol python module traced */
        MODULETALK_ERROR,    /* a MemoryError: class site text where caught */
        MODULETALK_BEAT,     /* how it goes: all numbers of ModuleBeat */
        MODULETALK_DONE,     /* the answer to an ask: id freed text; refused where nothing could be done */
        MODULETALK_GREW,     /* before the answer to a snapshot, largest first: id bytes count site */
        MODULETALK_FREE,     /* to the module: id. Give memory back */
        MODULETALK_SNAPSHOT, /* to the module: id begin. Where has Python's memory grown? begin: trace from now on */
        _MODULETALK_KIND_MAX,
        _MODULETALK_KIND_INVALID = -EINVAL,
} ModuleTalkKind;

/* BYTES_INFINITY = unknown, or not counted by this service. */
typedef struct ModuleBeat {
        uint64_t items;  /* done since the start */
        uint64_t queue;  /* waiting */
        uint64_t cache;  /* bytes or items in registered caches, as the service counts them */
        uint64_t blocks; /* objects of up to 512 bytes in Python's own heap */
        uint64_t used, unused; /* bytes of malloc: in use, and free but kept */
        uint64_t anon;   /* bytes of private memory of the process */
        uint64_t traced, peak; /* tracemalloc; unknown where it is off */
} ModuleBeat;

typedef struct ModuleTalk {
        ModuleTalkKind kind;
        uint64_t protocol, id, freed, bytes, count;
        bool traced, caught, refused, begin;
        ModuleBeat beat;
        char python[MODULETALK_WORD_MAX], module[MODULETALK_WORD_MAX];
        char class[MODULETALK_WORD_MAX], where[MODULETALK_WORD_MAX];
        char site[SITE_MAX];
        char text[WITNESS_TEXT_MAX];
} ModuleTalk;

/* Returns the length; texts hold no control characters and are cut where they would be too long together. */
int moduletalk_format(const ModuleTalk *talk, char buf[static MODULETALK_MAX]);

/* size bytes at data, without a NUL. -EINVAL for what is no message: an unknown kind, a key that it does not have or has
 * twice, a number that is none, a byte 0. A missing number of a beat is unknown, any other is 0; a missing text is empty. */
int moduletalk_parse(const char *data, size_t size, ModuleTalk *ret);

const char *moduletalk_kind_name(ModuleTalkKind kind);
