/* Takes lines of fixed words, numbers and names apart, from either end: a name may hold any of the fixed words, so it is
 * what is left over between them. Texts are NUL-terminated and are changed by cutting. All leave text and output alone when what
 * they look for is not there. */
#pragma once

#include "util.h"

/* Moves *text behind what it begins with. Numbers are digits alone; a pid is above 0. */
bool cut_head_word(char **text, const char *word);
bool cut_head_u64(char **text, uint64_t *ret);
bool cut_head_pid(char **text, int *ret);

/* Cuts off what text ends in. */
bool cut_tail_word(char *text, const char *word);
bool cut_tail_u64(char *text, uint64_t *ret);
bool cut_tail_pid(char *text, int *ret);

/* The last occurrence of word, or NULL. */
char *cut_last_of(char *text, const char *word);
