/* The answer of verbs that only do something. */
#pragma once

#include "ctl.h"

/* Prints the sentence, or with --json {"done":true,"text":...}. Returns CTL_DONE. */
CtlExit ctl_said(const Ctl *ctl, const char *format, ...) _printf_(2, 3);
