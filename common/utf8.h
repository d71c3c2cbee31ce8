/* Text from outside on its way to people and buses: names of cgroups may hold any byte but '/' and NUL, while D-Bus and
 * JSON take valid UTF-8 only and a terminal obeys what it is shown. */
#pragma once

#include "util.h"

/* The character at text: its length in bytes (1 to 4), 0 at the end of the text, or -EINVAL for what is no valid UTF-8
 * (overlong forms, surrogates and noncharacters included, as sd-bus refuses those too). */
int utf8_next(const char *text, uint32_t *ret_char);

/* May a terminal be shown this character? Not C0 and C1 controls, DEL, line separators, and the invisible ones that
 * reorder or hide what stands beside them. */
bool utf8_is_printable(uint32_t c);

/* Copies text with every byte that is not part of a printable character written as \xNN. Backslashes stay as they are:
 * systemd's own names are full of "\x2d", and must be usable as they are shown. Returns the length, or -ENOBUFS when it
 * did not fit (buf then holds what did). */
int utf8_escape(const char *text, char *buf, size_t size);

/* How many columns of a terminal a character takes: 0, 1 or 2. */
unsigned utf8_width(uint32_t c);
