/* Inside the reader of policy files: how a mistake is told. One line each, "file:line: what is wrong; what was
 * expected", with everything foreign in it escaped and shortened. */
#pragma once

#include "conf.h"

/* Whose mistake it would be. With errors NULL nothing is told: a policy that was checked is only merged again. */
typedef struct ConfWhere {
        ConfErrors *errors;
        const char *path;
        Source source;
} ConfWhere;

/* Tells a mistake; -EBADMSG, always. */
#define conf_fail(where, ...) conf_errors_add((where)->errors, (where)->path, (where)->source.line, __VA_ARGS__)

/* The beginning of a foreign text, with dots where it goes on. Returns buf. */
#define CONF_SHOWN_MAX 64
const char *conf_shorten(const char *text, char buf[static CONF_SHOWN_MAX]);

/* " (did you mean NAME?)" for the name that is a slip of the finger away from this word, or "". name_at() returns NULL
 * behind the last one. Returns buf. */
const char *conf_suggest(const char *word, const char *(*name_at)(unsigned i), char buf[static CONF_SHOWN_MAX]);
