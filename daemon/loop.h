/* The event loop, of which no turn is held up for long. */
#pragma once

#include <systemd/sd-event.h>

#include "util.h"

/* What one turn may take, much more than any honest one does; then its blocking call is interrupted, and again and again. */
#define LOOP_TURN_MAX USEC_PER_SEC

/* As sd_event_loop(), for the calling thread. Without a timer to be had it is just that. */
int loop_run(sd_event *event);
