/* The way to the daemon. Everything that goes wrong is said here, on stderr, as a sentence. */
#pragma once

#include "ctl.h"

/* Connects if that has not been done. CTL_DONE, CTL_REFUSED (not root) or CTL_NO_DAEMON. */
CtlExit ctl_client_open(Ctl *ctl);
void ctl_client_close(Ctl *ctl);

/* Calls a method with texts as arguments (NULL-terminated, NULL for none). *ret_value is its answer; NULL pointer:
 * there is none, or nobody wants it. */
CtlExit ctl_client_call(Ctl *ctl, const char *method, const char *const *arguments, json_t **ret_value);

/* The same without a word where it fails: a negative errno. For who can go on without the daemon. */
int ctl_client_try(Ctl *ctl, const char *method, const char *const *arguments, json_t **ret_value);

/* Says why a call failed, and which exit status that is. error may be NULL. */
CtlExit ctl_client_complain(int r, const sd_bus_error *error);
