/* Where did the memory go? One sentence on what an incident released and by what, because "the available cache grew after my
 * MemoryError" is asked often and answered wrongly: a refused allocation reclaims nothing, what comes back is the program's
 * own memory. */
#pragma once

#include "incident.h"

/* From the readings before and after: freed by unwinding, by an exit, or cache that was reclaimed before. "" where one of them
 * is missing or they say nothing. Returns its length. */
int released_sentence(const Incident *incident, char *buf, size_t size);
